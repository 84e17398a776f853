"""Every command through click's own runner: results, formats, options, messages."""

from __future__ import annotations

import csv
import json
import math
import platform
import re
from importlib import import_module
from pathlib import Path

import click
import pytest

import circuitgrad
from circuitgrad.circuit.units import class_of
from circuitgrad.cli import main as boundary
from circuitgrad.gates.table import GATES, find
from program import CIRCUITS, INPUTS, NEURON, WIRES, document, done, invoke, write

# The JSON contracts


def test_forward_json() -> None:
    found = document("forward", NEURON)
    assert list(found) == ["circuit", "output", "values"]
    assert (found["circuit"], found["output"]) == ("neuron", "s")
    assert list(found["values"]) == WIRES
    assert found["values"]["s"] == 0.8807970779778823


def test_backward_json() -> None:
    found = document("backward", NEURON)
    assert list(found) == ["circuit", "output", "values", "grads"]
    assert list(found["grads"]) == list(found["values"]) == WIRES
    assert found["grads"]["a"] == -0.10499358540350662
    assert found["grads"]["s"] == 1.0


def test_several_outputs_give_the_jacobian() -> None:
    found = document("backward", NEURON, "--output", "s", "--output", "ax")
    assert list(found) == ["circuit", "output", "values", "jacobian"]
    assert found["output"] == list(found["jacobian"]) == ["s", "ax"]
    assert found["jacobian"]["s"] == document("backward", NEURON)["grads"]
    assert {name: found["jacobian"]["ax"][name] for name in INPUTS} == {"a": -1, "b": 0, "c": 0, "x": 1, "y": 0}
    assert document("forward", NEURON, "--output", "s", "--output", "ax")["output"] == ["s", "ax"]


def test_gradients_in_some_inputs_alone(tmp_path: Path) -> None:
    found = document("backward", NEURON, "--wrt", "x,a")
    everything = document("backward", NEURON)
    assert found["grads"] == {name: everything["grads"][name] for name in "ax"}
    assert found["values"] == everything["values"]
    jacobian = document("backward", NEURON, "--wrt", "a", "--output", "s", "--output", "ax")["jacobian"]
    assert jacobian == {"s": {"a": everything["grads"]["a"]}, "ax": {"a": -1}}
    for engine in ("objects", "python", "native"):
        assert document("backward", NEURON, "--wrt", "a", "--wrt", "x", "--engine", engine)["grads"] == found["grads"]
    file = write(tmp_path, "{inputs: {'w[0:2]': [1, 2], x: 3}, gates: {y: 'w[0]*w[1]*x'}}")
    assert document("backward", file, "--wrt", "w")["grads"] == {"w[0]": 6, "w[1]": 3}
    csv_lines = done("backward", file, "--wrt", "w[1]", "--format", "csv", "--all").splitlines()
    assert csv_lines[1:4] == ["w[0],input,1.0,", "w[1],input,2.0,3.0", "x,input,3.0,"]
    assert [line.rpartition(",")[2] for line in csv_lines[4:]] == ["", ""]
    markdown = done("backward", file, "--wrt", "x", "--format", "markdown")
    assert re.search(r"\| x +\| input +\| +3 \| +2 \|", markdown)
    assert re.search(r"\| w\\\[0\] +\| input +\| +1 \| +\|", markdown)


@pytest.mark.parametrize("value", ["max(x > 0, 0)", "x > 0", "not x < 0", "-(x < 0)", "(x > 0)*(x > 1)"])
def test_a_wire_is_printed_as_a_number(tmp_path: Path, value: str) -> None:
    define = {"f": {"operands": ["x"], "value": value, "partials": {"x": value}}}
    file = write(tmp_path, json.dumps({"define": define, "inputs": {"x": 2}, "gates": {"y": "f(x)"}}))
    for engine in ("objects", "python", "native"):
        options = ("--engine", engine)
        for printed in (done("backward", file, "--format", form, *options) for form in ("json", "csv")):
            assert not re.search("(?i)true|false", printed)
        found = document("backward", file, *options)
        assert {type(number) for number in (found["values"]["y"], found["grads"]["x"])} == {float}


def test_optimize_json() -> None:
    found = document("optimize", NEURON, "--steps", "1", "--step-size", "0.01")
    assert list(found)[:7] == ["circuit", "output", "method", "steps", "stopped", "before", "after"]
    assert (found["goal"], found["rows"]) == ("maximize", None)
    assert found["objective"] == {"before": found["before"]["s"], "after": found["after"]["s"]}
    assert (found["output"], found["method"], found["steps"], found["stopped"]) == ("s", "gradient", 1, "steps")
    assert list(found["before"]) == list(found["after"]) == WIRES
    assert found["after"]["s"] == 0.8825501816218984
    hundred = document("optimize", NEURON, "--steps", "100", "--step-size", "0.01")
    assert hundred["after"]["s"] == pytest.approx(0.956520389839293, rel=1e-12)


def test_optimize_methods() -> None:
    multiply = str(CIRCUITS / "multiply.yaml")
    found = document("optimize", multiply, "--method", "random", "--seed", "3")
    (output,) = [found["output"]]
    assert -6 < found["after"][output] <= -5.9501
    assert document("optimize", multiply, "--method", "random", "--seed", "3") == found
    numeric = document("optimize", multiply, "--method", "numeric", "--steps", "1")
    assert numeric["after"][output] == pytest.approx(-5.8706, rel=1e-6)
    assert document("optimize", multiply, "--steps", "1", "--minimize")["after"][output] < -6


def test_gates_json() -> None:
    found = document("gates")
    assert [one["name"] for one in found] == list(GATES)
    (multiply,) = [one for one in found if one["name"] == "mul"]
    assert multiply["partials"] == {"x": "y", "y": "x"}
    assert "multiply" in multiply["aliases"]


@pytest.mark.parametrize("name", [*GATES, "multiply", "arctan2", "leakyrelu"])
def test_one_gate_is_the_same_document(name: str) -> None:
    found = document("gates", name)
    (listed,) = [one for one in document("gates") if name in (one["name"], *one["aliases"])]
    assert found == listed
    assert list(found["partials"]) == list(found["sample"]) == found["operands"]
    assert all(low < high for low, high in found["sample"].values())


def test_numbers_that_json_has_not_are_strings(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1000, y: -1}, gates: {a: exp(x), b: -a, c: log(y), d: a + c}, output: d}")
    found = json.loads(invoke("backward", file, "--format", "json").stdout)
    assert [found["values"][name] for name in "abcd"] == ["inf", "-inf", "nan", "nan"]
    assert found["grads"]["x"] == "inf"


# The other formats

READERS = [("forward", 1), ("backward", 2), ("optimize", 3)]


@pytest.mark.parametrize(("command", "numbers"), READERS)
def test_csv_holds_every_digit(command: str, numbers: int) -> None:
    header, *rows = csv.reader(done(command, NEURON, "--format", "csv", "--quiet").splitlines())
    assert header[:2] == ["wire", "gate"]
    assert [row[0] for row in rows] == WIRES
    assert all(len(row) == 2 + numbers for row in rows)
    assert float(rows[-1][2]) == 0.8807970779778823


@pytest.mark.parametrize(("command", "numbers"), READERS)
def test_markdown_is_a_table(command: str, numbers: int) -> None:
    header, rule, *rows = done(command, NEURON, "--format", "markdown", "--quiet").splitlines()
    assert set(rule) == set("| -:")
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in (header, *rows)]
    assert all(len(row) == 2 + numbers for row in cells)
    assert [row[0] for row in cells] == ["wire", *WIRES]


@pytest.mark.parametrize("name", ["clip", "clamp"])
@pytest.mark.parametrize("form", ["table", "csv", "markdown"])
def test_one_gate_is_shown_in_full(name: str, form: str) -> None:
    row = GATES["clip"]
    shown = done("gates", name, "--format", form)
    if form == "csv":
        (cells,) = csv.DictReader(shown.splitlines())
        assert (cells["gate"], cells["operands"]) == ("clip", "x, low, high")
        partials = [cells[f"derivative {number}"] for number in (1, 2, 3)]
        assert partials == [partial.text for partial in row.partials.values()]
        assert cells["tested"] == "x from -5 to 5; low from -4 to -1; high from 1 to 4"
    unmarked = " ".join(shown.replace("\\", "").split())  # long formulas are folded
    assert all(
        text in unmarked
        for text in (
            row.about,
            row.value.text,
            *(partial.text for partial in row.partials.values()),
            row.convention,
            "clamp",
        )
    )
    assert getattr(circuitgrad, re.findall(r"circuitgrad\.(\w+)", shown)[0]) is class_of(find("clip"))
    assert ("└" in shown) == (form == "table")
    assert shown.startswith("clip(x, low, high): ") == (form == "table")


def test_csv_of_gates_is_one_table() -> None:
    header, *rows = csv.reader(done("gates", "--format", "csv").splitlines())
    assert {len(header)} == {len(row) for row in rows}
    assert [row[0] for row in rows] == list(GATES)
    for row, name in zip(rows, GATES, strict=True):
        assert [*csv.reader(done("gates", name, "--format", "csv").splitlines())] == [header, row]
        cells = dict(zip(header, row, strict=True))
        assert cells["operands"].split(", ") == list(GATES[name].operands)
        assert cells["value"] == GATES[name].value.text


def test_one_gate_without_its_title() -> None:
    quiet = done("gates", "clip", "--quiet")
    assert quiet.split()[0] == "value"
    assert done("gates", "clip").endswith(quiet)


def test_the_table_of_gates_has_every_name() -> None:
    words = set(re.findall(r"\w+", done("gates")))
    assert all({row.name, *row.aliases} <= words for row in GATES.values())


@pytest.mark.parametrize("form", ["table", "csv", "markdown"])
def test_precision(form: str) -> None:
    shown = done("forward", NEURON, "--format", form, "--precision", "3")
    assert "0.881" in shown
    assert "0.8807" not in shown


# Options


def test_set_changes_inputs() -> None:
    found = document("forward", NEURON, "--set", "x=0", "--set", " y = 1e0")
    assert found["values"]["x"] == 0
    assert found["values"]["s"] == pytest.approx(1 / (1 + math.exp(1)), rel=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "write --set NAME=VALUE"),
        ("=1", "write --set NAME=VALUE"),
        ("x=", "is not a number"),
        ("x=two", "'two' is not a number"),
        ("x=017", "ambiguous"),
        ("s=1", "'s' is a gate, not an input"),
        ("z=1", "'z' is not an input"),
    ],
)
def test_set_says_what_is_wrong(text: str, message: str) -> None:
    result = invoke("forward", NEURON, "--set", text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_output_names_any_wire() -> None:
    assert document("backward", NEURON, "--output", "by")["grads"]["b"] == 3
    assert document("optimize", NEURON, "--output", "by", "--steps", "1")["after"]["by"] > 6
    result = invoke("forward", NEURON, "--output", "axpbypcc")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean 'axpbypc'?" in result.stderr


def test_all_shows_the_wires_of_expressions(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 2}, gates: {y: x*x + 1}}")
    assert list(document("forward", file)["values"]) == ["x", "y"]
    assert list(document("forward", file, "--all")["values"]) == ["x", "y.1", "y"]
    assert "add(x*x, 1)" in done("forward", file)
    assert "add(y.1, 1)" in done("forward", file, "--all")


@pytest.mark.parametrize("command", ["forward", "backward", "optimize"])
def test_quiet_prints_the_table_alone(command: str) -> None:
    assert done(command, NEURON).startswith("neuron: The guide's neuron")
    quiet = done(command, NEURON, "--quiet").splitlines()
    assert quiet[0].split()[0] == "wire"
    assert quiet[-1].split()[0] == "s"


def test_standard_input() -> None:
    text = Path(NEURON).read_text(encoding="utf-8")
    assert document("forward", "-", stdin=text)["values"]["s"] == 0.8807970779778823
    assert document("forward", "-", stdin='{"inputs": {"x": 2}, "gates": {"y": "x*x"}}')["values"]["y"] == 4


# Warnings and failures


def test_warnings_go_to_standard_error_alone(tmp_path: Path) -> None:
    file = write(tmp_path, "inputs: {x: -1}\ngates:\n  y: {log: x}\n")
    result = invoke("forward", file, "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["values"]["y"] == "nan"
    assert "warning: 'y' is nan: log(-1.0)" in result.stderr
    assert ":3:" in result.stderr
    assert invoke("forward", file, "-q").stderr == ""


def test_a_gradient_that_is_not_finite_is_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 0}, gates: {y: sqrt(x)}}")
    assert "the gradient becomes inf at 'y'" in invoke("backward", file).stderr


def test_optimize_says_why_it_stopped(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {y: exp(exp(x))}}")
    result = invoke("optimize", file, "--step-size", "1")
    assert result.exit_code == 0
    assert "stopped: the next step would lead to infinity or NaN" in result.stdout
    assert "is inf: exp(" in result.stderr


def test_steps_in_the_wrong_direction_are_a_warning(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {y: x*x}}")
    assert "try a smaller --step-size" in invoke("optimize", file, "--minimize", "--step-size", "5").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forwrd", NEURON], "did you mean 'forward'?"),
        (["forward", NEURON, "--fromat", "json"], "--format"),
        (["forward", NEURON, "--format", "yaml"], "'table', 'json', 'csv', 'markdown'"),
        (["forward", NEURON, "--precision", "0"], "1<=x<=17"),
        (["forward"], "Missing argument 'FILE'"),
        (["gates", "sigmod"], "did you mean 'sigmoid'?"),
        (["gates", "TANH"], "did you mean 'tanh'?"),
        (["gates", "no such gate"], "no gate is called 'no such gate'"),
        (["gates", "plus"], "did you mean 'add'?"),
        (["optimize", NEURON, "--steps", "-1"], "x>=0"),
        (["optimize", NEURON, "--step-size", "nan"], "finite"),
        (["forward", NEURON[:-1]], "did you mean"),
        (["forward", str(CIRCUITS)], "cannot be read"),
        ([], "Usage:"),
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str], message: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_every_problem_of_a_file_is_reported(tmp_path: Path) -> None:
    file = write(tmp_path, "inputs: {x: 1}\ngates:\n  y: {mull: [x, x]}\n  z: {add: [x, q]}\n")
    result = invoke("forward", file)
    assert result.exit_code == 2
    assert f"{file}:3:" in result.stderr
    assert f"{file}:4:" in result.stderr
    assert "did you mean 'mul'?" in result.stderr


def _explode(*_arguments: object, **_options: object) -> None:
    raise ZeroDivisionError("first line\nsecond line \x1b[31m")


def test_a_fault_of_ours_exits_with_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("circuitgrad.cli.forward").command, "callback", _explode)
    result = invoke("forward", NEURON)
    assert (result.exit_code, result.stdout) == (3, "")
    first, platform_line, second = result.stderr.splitlines()
    assert f"circuitgrad {circuitgrad.__version__} has failed: ZeroDivisionError: first line second line" in first
    assert platform.python_version() in platform_line
    assert "\x1b" not in result.stderr
    assert "report" in second
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback_and_keeps_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = invoke("forward", "nowhere.yaml", "--debug")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("Traceback")
    monkeypatch.setattr(import_module("circuitgrad.cli.forward").command, "callback", _explode)
    result = invoke("forward", NEURON, "--debug")
    assert result.exit_code == 3
    assert "in _explode" in result.stderr


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, click.Abort])
def test_an_interruption_exits_with_130(monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]) -> None:
    def interrupt(*_arguments: object, **_options: object) -> None:
        raise interruption

    monkeypatch.setattr(import_module("circuitgrad.cli.forward").command, "callback", interrupt)
    result = invoke("forward", NEURON)
    assert result.exit_code == 130
    assert result.stderr.split() == ["interrupted"]


# Help


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    for name, text in boundary.COMMANDS.items():
        command: click.Command = import_module(f"circuitgrad.cli.{name}").command
        assert command.name == name
        assert command.short_help == text
        assert text in done("--help")


@pytest.mark.parametrize("command", list(boundary.COMMANDS))
def test_every_command_has_help_for_every_option(command: str) -> None:
    shown = done(command, "--help")
    made: click.Command = import_module(f"circuitgrad.cli.{command}").command
    for parameter in made.params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.opts[0] in shown


def test_version() -> None:
    assert re.fullmatch(r"circuitgrad, version \d+\.\d+\.\d+\n", done("--version"))


# Outputs, bounds and expectations of a run


@pytest.mark.parametrize("command", ["forward", "backward", "optimize"])
def test_a_wire_that_is_asked_for_is_shown(command: str) -> None:
    staged = str(CIRCUITS / "cs231n_staged.yaml")
    assert "den.1" in done(command, staged, "--output", "den.1")
    found = document(command, staged, "--output", "den.1")
    assert "den.1" in found.get("values", found.get("after"))
    assert "den.2" not in done(command, staged, "--output", "den.1")


BOUNDED = "inputs: {x: {value: 1, min: 0, max: 2}}\ngates: {y: x*x}"


@pytest.mark.parametrize(("value", "code"), [("2", 0), ("0", 0), ("nan", 0), ("2.1", 2), ("-1", 2), ("inf", 2)])
def test_an_input_is_not_set_beyond_its_bounds(value: str, code: int) -> None:
    result = invoke("forward", "-", "--set", f"x={value}", stdin=BOUNDED)
    assert result.exit_code == code
    assert code == 0 or "is outside its bounds, 0 to 2" in result.stderr


def test_one_output_is_optimised() -> None:
    result = invoke("optimize", NEURON, "--output", "ax", "--output", "by")
    assert result.exit_code == 2
    assert "--output 'by': one output is wanted, and that is 'ax'" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs: {x: {value: 5, max: abc}}\ngates: {y: x}", "the max of 'x' is not a number: 'abc'"),
        ("inputs: {a: 1}\ngates: {y: a.b}", "no wire is called 'a.b'"),
        ("inputs: {a: 1}\ngates: {s: mul(a, 2)}", "inside brackets a formula with a comma needs quotes"),
        ("inputs: {a: 1}\ngates:\n  z: |a|", "an absolute value is written abs(x)"),
    ],
)
def test_one_mistake_gets_one_message_that_helps(text: str, words: str) -> None:
    result = invoke("forward", "-", stdin=text)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_circuit_without_inputs_is_not_optimised() -> None:
    assert "has no inputs" in invoke("optimize", "-", stdin="gates: {y: 1}").stderr


@pytest.mark.parametrize("option", ["--set=w=2", "--output=w"])
def test_a_family_is_named_by_its_members(option: str) -> None:
    result = invoke("forward", "-", option, stdin="inputs: {'w[0:2]': 1}\ngates: {y: 'w[0]'}")
    assert result.exit_code == 2
    assert "'w' is a family: name a member, such as 'w[0]'" in result.stderr


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_forward_shows_right_digits_and_the_gate_that_loses_them(form: str) -> None:
    text = "{inputs: {x: 1.0e-9}, gates: {c: cos(x), f: (1 - c)/x**2}}"
    result = invoke("forward", "-", "--show-digits", "--format", form, stdin=text)
    assert result.exit_code == 0
    assert "warning: digits are lost first at 'f.1': sub(1.0, 1.0) has 0.0 right digits" in result.stderr
    if form == "json":
        assert json.loads(result.stdout)["digits"] == {"x": 17, "c": 17, "f": 0}
    else:
        assert "digits" in result.stdout
    assert "digits" not in invoke("forward", "-", "--format", form, stdin=text).stdout


def test_right_digits_are_those_of_a_single_point(tmp_path: Path) -> None:
    rows = write(tmp_path, "a\n1\n", "rows.csv")
    result = invoke("forward", NEURON, "--show-digits", "--data", rows)
    assert result.exit_code == 2
    assert "--show-digits is for a single point" in result.stderr
    assert invoke("forward", NEURON, "--show-digits").stderr == ""

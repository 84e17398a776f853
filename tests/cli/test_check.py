"""`circuitgrad check` and `circuitgrad hessian`, as a person and as continuous integration run them."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import mpmath
import pytest
import yaml

from program import CIRCUITS, INPUTS, NEURON, WIRES, document, done, invoke, write

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
MULTIPLY = str(CIRCUITS / "multiply.yaml")
STAGED = str(CIRCUITS / "cs231n_staged.yaml")
BLACK_SCHOLES = str(CIRCUITS / "black_scholes.yaml")
BENT = """\
name: bent
inputs: {a: 2, b: 3.5}
define:
  cube:
    operands: [x]
    value: x * x * x
    partials: {x: 3.0000001 * x**2}
gates:
  c: cube(a)
  y: c*b
"""
CORNER = "{inputs: {x: 0, y: 2}, gates: {z: abs(x)*y}}"
with mpmath.workdps(40):
    EXACT = (1 / mpmath.sqrt(mpmath.mpf(10) ** 8 + 1) - 1 / mpmath.sqrt(mpmath.mpf(10) ** 8)) / 2
CANCEL = "{inputs: {x: 1.0e+8}, gates: {y: sqrt(x + 1) - sqrt(x)}}"


# JSON


def test_check_json() -> None:
    found = document("check", NEURON, "--method", "forward", "--h", "1e-4")
    assert list(found)[:7] == ["circuit", "output", "method", "passed", "inputs", "gates", "expect"]
    assert (found["circuit"], found["output"], found["method"], found["passed"]) == ("neuron", "s", "forward", True)
    assert list(found["inputs"]) == INPUTS
    assert {"analytic", "numeric", "abs_error", "rel_error", "verdict"} <= found["inputs"]["a"].keys()
    assert found["inputs"]["a"]["numeric"] == -0.10499758359205913
    assert [one["verdict"] for one in found["gates"].values()] == ["ok"] * 5
    assert found["expect"]["s"]["verdict"] == "ok"
    assert found["file"] == NEURON


def test_check_json_of_several_files_is_an_array() -> None:
    assert [one["circuit"] for one in document("check", NEURON, MULTIPLY)] == ["neuron", "multiply"]
    assert [one["circuit"] for one in document("check", MULTIPLY, "--points", "1", "--only-failed", NEURON)] == [
        "multiply",
        "neuron",
    ]


def test_json_of_a_wrong_gate_says_all(tmp_path: Path) -> None:
    result = invoke("check", write(tmp_path, BENT), "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["gates"]["c"] == {
        "analytic": 12.0000004,
        "numeric": 12.0,
        "abs_error": pytest.approx(4e-7, rel=1e-6),
        "rel_error": pytest.approx(4e-7 / 12, rel=1e-6),
        "digits": pytest.approx(7.477, abs=0.001),
        "tolerance": pytest.approx(1.2e-13, rel=1e-6),
        "verdict": "wrong",
        "operand": "x",
        "rule": 12.0000004,
    }
    assert {name for name, one in found["gates"].items() if one["verdict"] != "ok"} == {"c"}
    assert found["inputs"]["a"]["verdict"] == "wrong"


@pytest.mark.parametrize("expected", ["inf", "nan", "-inf"])
def test_json_of_a_check_has_no_bare_infinity(tmp_path: Path, expected: str) -> None:
    file = write(tmp_path, f"{{inputs: {{x: 0}}, gates: {{y: sqrt(x)}}, expect: {{y: {expected}}}}}")
    result = invoke("check", file, "--format", "json")
    assert result.exit_code == 1

    def refuse(text: str) -> None:
        raise AssertionError(text)

    found = json.loads(result.stdout, parse_constant=refuse)
    assert found["expect"]["y"] == {"value": 0, "expected": expected, "tolerance": 0, "verdict": "wrong"}
    assert found["inputs"]["x"]["analytic"] == "inf"


def test_json_of_several_points() -> None:
    found = document("check", NEURON, "--points", "3", "--seed", "7")
    assert [point["name"] for point in found["points"]] == ["the file's values", "point 1", "point 2", "point 3"]
    assert all(point["passed"] for point in found["points"])
    assert found["points"][0]["values"] == {}
    assert list(found["points"][1]["values"]) == INPUTS
    again = document("check", NEURON, "--points", "3", "--seed", "7")
    assert again == found
    assert document("check", NEURON, "--points", "3", "--seed", "8") != found


def test_json_of_second_derivatives() -> None:
    found = document("check", STAGED, "--order", "2")
    assert list(found["hessian"]) == ["x", "y"]
    assert list(found["hessian"]["x"]) == ["x", "y"]
    assert list(found["hessian"]["y"]) == ["y"]
    assert found["hessian"]["x"]["y"]["verdict"] == "ok"


# Tables


def shown(*arguments: str, code: int = 0, stdin: str | None = None) -> str:
    """Return what a check prints for a person; warnings aside."""
    result = invoke("check", *arguments, stdin=stdin)
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_table_has_all_that_decides() -> None:
    lines = shown(str(CIRCUITS / "gaussian_likelihood.yaml")).splitlines()
    assert re.split(r"  +", lines[2]) == ["wire", "analytic", "reference", "rel. err", "digits", "allowed", "verdict"]
    (worst,) = [line for line in lines if line.endswith("ok *")]
    digits = {line.split("  ")[0]: float(line.split()[-2 - line.endswith("*") - 1]) for line in lines[4:8]}
    assert worst.startswith(min(digits, key=lambda name: digits[name]))
    marked = f"(* the worst: {min(digits.values())} digits)"
    assert lines[-3].replace(f" {marked}", "") == "passed: inputs 3 ok; values 1 ok; gates 7 ok; expected 1 ok"
    assert marked in lines[-3]
    assert lines[-2] == "reference mp: slopes of the value rules to 60 digits"
    assert lines[-1] == "ok: an error of at most rtol = 1e-09 times the number, plus atol = 0"


def test_csv_of_several_checks_is_one_table() -> None:
    rows = list(csv.DictReader(shown(str(CIRCUITS), "--format", "csv").splitlines()))
    assert {row["circuit"] for row in rows} == {file.stem for file in CIRCUITS.glob("*.yaml")}
    assert {row["verdict"] for row in rows} == {"ok"}
    assert all(float(row["rel. err"]) <= float(row["allowed"] or 0) for row in rows)


def test_a_failed_check_exits_with_one(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 2}, gates: {y: x*x}, expect: {y: 5}}")
    printed = shown(file, code=1)
    assert "FAILED" in printed
    assert "expected 1 wrong" in printed
    assert "the value of 'y' is 4 instead of 5" in printed
    both = shown(NEURON, file, code=1)
    assert "1 of 2 circuits passed" in both


def test_a_wrong_gate_is_named_with_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, BENT)
    printed = shown(file, code=1)
    assert f"{file}:9:6: wrong: the partial derivative of gate 'c' (cube) in x is 12.0000004 instead of 12" in printed
    assert "gate c, d/dx" in printed
    failures = shown(file, "--only-failed", code=1)
    assert "gate c, d/dx" in failures
    assert not any(line.startswith("b ") for line in failures.splitlines())
    assert any(line.startswith("b ") for line in printed.splitlines())


def test_a_kink_is_shown_with_both_slopes(tmp_path: Path) -> None:
    file = write(tmp_path, CORNER)
    printed = shown(file)
    assert "kink: the derivative in 'x': slope -2 on the left, 2 on the right; at a tie: 'z.1'" in printed
    assert "kink: the partial derivative of gate 'z.1' (abs) in x: slope -1 on the left, 1 on the right" in printed
    found = document("check", file, "--quiet")["inputs"]["x"]
    assert (found["verdict"], found["left"], found["right"], found["ties"]) == ("kink", -2, 2, ["z.1"])


def test_kinks_whose_conventions_do_not_add_up_are_named() -> None:
    text = "{inputs: {x: 0}, gates: {y: relu(x) - relu(-x)}}"
    printed = shown("-", stdin=text, code=1)
    assert "the derivative in 'x' is 0 instead of 1; at a tie: 'y.1', 'y.3'" in printed


def test_lost_digits_are_counted() -> None:
    printed = shown("-", stdin=CANCEL)
    kept = -mpmath.log10(abs(0.5 / 100000001**0.5 - 0.5 / 1e4 - EXACT) / -EXACT)
    assert f"its rule is right, but doubles have kept {float(kept):.1f} of 16 digits" in printed
    assert f"passed: inputs 1 inaccurate (* the worst: {float(kept):.1f} digits); values 1 inaccurate" in printed


def test_what_is_not_finite_is_traced_to_its_gate() -> None:
    printed = shown("-", stdin="{inputs: {x: 0, y: 1}, gates: {z: y*sqrt(x)}}", code=1)
    assert "nonfinite: the gradient becomes inf at 'z.1': upstream 1.0 times the partial derivative inf" in printed


def test_check_lists_the_gates_on_request() -> None:
    assert "gate ax" not in shown(NEURON)
    printed = shown(NEURON, "--all")
    assert all(f"gate {name}" in printed for name in WIRES[5:])


def test_quiet_prints_the_table_alone() -> None:
    quiet = done("check", NEURON, "--quiet").splitlines()
    assert quiet[0].split()[0] == "wire"
    assert quiet[-1].split()[0] == "expect"
    both = done("check", NEURON, MULTIPLY, "--quiet").splitlines()
    assert [line.split()[0] for line in both] == ["file", "─" * len(both[1]), NEURON, MULTIPLY]


def test_a_point_that_hides_faults_is_a_warning() -> None:
    result = invoke("check", NEURON)
    assert result.stderr == "warning: some faults cannot show where 'a' is 1 (--points 5 checks elsewhere, too)\n"
    done("check", NEURON, "--points", "2")
    done("check", str(CIRCUITS / "gaussian_likelihood.yaml"))
    done("check", NEURON, MULTIPLY)


def test_expected_values_are_those_of_the_file() -> None:
    result = invoke("check", NEURON, "--set", "a=2")
    assert result.exit_code == 0
    assert "with --set they are not verified" in result.stderr
    assert "expect" not in result.stdout


# Where, and what


def test_only_some_inputs(tmp_path: Path) -> None:
    assert list(document("check", NEURON, "--wrt", "y,a")["inputs"]) == ["a", "y"]
    assert list(document("check", NEURON, "--wrt", "b", "--wrt", "c")["inputs"]) == ["b", "c"]
    file = write(tmp_path, "{inputs: {'w[0:2, 0:2]': 0.5, v: 3}, gates: {y: 'v*w[0,1]*w[1,0]*w[0,0]*w[1,1]'}}")
    assert len(document("check", file, "--wrt", "w", "-q")["inputs"]) == 4
    assert list(document("check", file, "--wrt", "v,w[1,0]", "-q")["inputs"]) == ["w[1,0]", "v"]
    for nothing in ("", ","):
        assert "--wrt names no input" in invoke("check", NEURON, "--wrt", nothing).stderr
    result = invoke("check", NEURON, "--wrt", "ax")
    assert result.exit_code == 2
    assert "--wrt: no input is called 'ax'" in result.stderr


def test_rows_of_a_file(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 2, y: 3}, gates: {z: abs(x)*y}}")
    data = write(tmp_path, "y,id,x\n5,a,4\n7,b,0\n", "rows.csv")
    result = invoke("check", file, "--data", data, "--format", "json")
    assert result.exit_code == 0
    assert "which are ignored: 'id'" in result.stderr
    found = json.loads(result.stdout)
    assert [point["values"] for point in found["points"]] == [{}, {"y": 5, "x": 4}, {"y": 7, "x": 0}]
    x = found["inputs"]["x"]
    assert (x["verdict"], x["point"], x["left"], x["right"]) == ("kink", "line 3", -7, 7)
    wrong = invoke("check", file, "--data", write(tmp_path, "x,y\n1,2\n1,two\n", "bad.csv"))
    assert wrong.exit_code == 2
    assert "bad.csv:3:3: error: 'two' is not a number" in wrong.stderr
    both = invoke("check", "-", "--data", "-")
    assert both.exit_code == 2
    assert "cannot both come from standard input" in both.stderr


def test_points_where_nothing_is_finite_are_left_out() -> None:
    result = invoke("check", "-", "--points", "2", stdin="{inputs: {x: {value: 0.5, min: -2, max: -1}}, gates: {y: x}}")
    assert result.exit_code == 2
    text = "{inputs: {x: {value: -1.5, min: -2, max: -1}}, gates: {y: log(x)}}"
    result = invoke("check", "-", "--points", "2", stdin=text)
    assert result.exit_code == 1
    assert "2 of 2 random points are left out" in result.stderr


@pytest.mark.parametrize("method", ["mp", "central", "forward", "ridders", "complex"])
def test_every_method_says_its_name(method: str) -> None:
    assert f"reference {method}: " in shown(NEURON, "--method", method)
    assert document("check", NEURON, "--method", method)["method"] == method


@pytest.mark.slow
def test_auto_says_what_it_takes_and_why() -> None:
    assert "reference mp:" in shown(NEURON)
    assert "reference central: differences to both sides since h is given, h = 1e-05" in shown(NEURON, "--h", "1e-5")
    assert document("check", NEURON, "--h", "1e-5", "-q")["why"] == "h is given"
    assert "why" not in document("check", NEURON, "-q")
    chain = "inputs: {'x[0:200]': 0.5}\ngates:\n  'h[0]': 'sum(x[i] for i in range(200))'\n"
    chain += "  'h[t=1:3000]': 'sin(h[t-1])'\noutput: 'h[2999]'\n"
    printed = shown("-", stdin=chain, code=0)
    assert "reference central: differences to both sides since mp would compute over 1,000,000 gates" in printed


def test_a_gate_without_a_complex_rule_is_named() -> None:
    result = invoke("check", BLACK_SCHOLES, "--method", "complex")
    assert result.exit_code == 2
    assert "'call.1' cannot take the complex step: erfc, which normal_cdf calls, has no complex rule" in result.stderr
    assert "black_scholes.yaml:14:11" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "mp", "--h", "1e-5"], "the method mp takes no h"),
        (["--method", "complex", "--h", "1e-5"], "the method complex takes no h"),
        (["--order", "2", "--method", "ridders"], "no method for second derivatives is called 'ridders'"),
        (["--order", "3"], "--order"),
        (["--points", "-1"], "--points"),
        (["--h", "1e-20"], "h = 1e-20 is too small for 'a' = 1.0"),
        (["--data", "nothing.csv"], "nothing.csv"),
    ],
)
def test_options_that_do_not_fit(arguments: list[str], words: str) -> None:
    result = invoke("check", NEURON, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("option", ["--h", "--rtol", "--atol"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "one"])
def test_tolerances_and_steps_are_finite_numbers(option: str, value: str) -> None:
    result = invoke("check", NEURON, option, value)
    assert result.exit_code == 2
    assert option in result.stderr


# Many files


def folder(tmp_path: Path) -> str:
    """Return a folder with circuits that pass, fail and cannot be read, one of them in a folder below."""
    (tmp_path / "below").mkdir()
    (tmp_path / ".hidden").mkdir()
    write(tmp_path, Path(NEURON).read_text(encoding="utf-8"), "a.yaml")
    write(tmp_path, BENT.replace("name: bent", 'name: "b\\x07"'), "b.yml")
    write(tmp_path, "{inputs: {a: 1}, gates: {ax: {mull: [a, a]}}}", "c.yaml")
    write(tmp_path, CORNER, "below/d,1.YAML")
    write(tmp_path, "no circuit", ".hidden/e.yaml")
    write(tmp_path, "no circuit", "notes.txt")
    return str(tmp_path)


def test_check_takes_folders(tmp_path: Path) -> None:
    count = len(list(CIRCUITS.glob("*.yaml")))
    assert f"{count} of {count} circuits passed" in done("check", str(CIRCUITS))
    result = invoke("check", str(tmp_path))
    assert result.exit_code == 2
    assert "no circuit file in the folder" in result.stderr


def test_a_line_a_file_and_details_of_what_fails(tmp_path: Path) -> None:
    result = invoke("check", folder(tmp_path))
    assert result.exit_code == 2
    assert "c.yaml:1:31: error: no gate is called 'mull'" in result.stderr
    lines = result.stdout.splitlines()
    rows = {Path(line.split()[0]).name: line for line in lines[2:6]}
    assert sorted(rows) == ["a.yaml", "b.yml", "c.yaml", "d,1.YAML"]
    assert rows["a.yaml"].endswith("passed")
    assert rows["b.yml"].endswith("FAILED (2 wrong)")
    assert rows["c.yaml"].endswith("cannot be read")
    assert rows["d,1.YAML"].endswith("passed (2 kink)")
    assert "wrong: the partial derivative of gate 'c' (cube) in x" in result.stdout
    assert "kink:" not in result.stdout
    assert lines[-1] == "2 of 3 circuits passed; 1 cannot be read"
    only = invoke("check", str(tmp_path), "--only-failed").stdout
    assert "a.yaml" not in only
    assert "b.yml" in only


@POSIX
def test_check_passes_over_what_is_no_regular_file(tmp_path: Path) -> None:
    write(tmp_path, CORNER.replace("x: 0", "x: 1"), "good.yaml")
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "nothing.json")
    (tmp_path / "link.yml").symlink_to(tmp_path / "good.yaml")
    (found,) = [json.loads(invoke("check", str(tmp_path), "--format", "json").stdout)]
    assert [Path(document["file"]).name for document in found] == ["good.yaml", "link.yml"]


def test_points_have_a_limit() -> None:
    found = invoke("check", NEURON, "--points", "1000000000")
    assert found.exit_code == 2
    assert "0<=x<=100000" in found.stderr


def test_json_of_a_folder_has_what_cannot_be_read(tmp_path: Path) -> None:
    found = json.loads(invoke("check", folder(tmp_path), "--format", "json").stdout)
    by_name = {Path(one["file"]).name: one for one in found}
    assert {name: one["passed"] for name, one in by_name.items()} == {
        "a.yaml": True, "b.yml": False, "c.yaml": False, "d,1.YAML": True,
    }  # fmt: skip
    assert "no gate is called 'mull'" in by_name["c.yaml"]["error"]


def test_junit(tmp_path: Path) -> None:
    result = invoke("check", folder(tmp_path), "--format", "junit")
    assert result.exit_code == 2
    root = ET.fromstring(result.stdout)
    suites = {Path(suite.get("name", "")).name: suite for suite in root}
    counts = {name: [suite.get(key) for key in ("tests", "failures", "errors")] for name, suite in suites.items()}
    assert counts == {
        "a.yaml": ["8", "0", "0"],  # five inputs, the output, the expected value, the gates together
        "b.yml": ["5", "2", "0"],  # two inputs, the output, the wrong gate, the other
        "c.yaml": ["1", "0", "1"],
        "d,1.YAML": ["5", "0", "0"],
    }
    (failure,) = [case.find("failure") for case in suites["b.yml"] if case.get("name") == "gate c, d/dx"]
    assert failure is not None
    assert failure.get("type") == "wrong"
    assert ":9:6: wrong: the partial derivative of gate 'c'" in (failure.text or "") or "12.0000004" in (
        failure.text or ""
    )


def test_github(tmp_path: Path) -> None:
    result = invoke("check", folder(tmp_path), "--format", "github")
    assert result.exit_code == 2
    commands = [re.fullmatch(r"::(\w+) file=([^,]*),line=(\d+),col=(\d+),title=([^,:]*)::(.*)", line)
                for line in result.stdout.splitlines()]  # fmt: skip
    found = [command.groups() for command in commands if command]
    assert len(found) == len(commands) == 5
    by_file: dict[str, list[Any]] = {}
    for level, file, line, _, title, message in found:
        by_file.setdefault(Path(file).name, []).append((level, int(line), title, message))
    wrong = "the partial derivative of gate 'c' (cube) in x is 12.0000004 instead of 12"
    assert ("error", 9, "circuitgrad check%3A wrong", wrong) in by_file["b.yml"]
    assert by_file["c.yaml"][0][:2] == ("error", 1)
    assert {level for level, *_ in by_file["d%2C1.YAML"]} == {"notice"}
    assert invoke("check", NEURON, "--format", "github").stdout == ""


BROKEN = "{inputs: {x: 1}, gates: {y: sinn(x)}}"
KINK = "{inputs: {x: 0}, gates: {y: abs(x)}}"


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "junit", "github"])
@pytest.mark.parametrize("source", ["file", "stdin", "nowhere"])
def test_a_single_broken_file_is_reported(tmp_path: Path, form: str, source: str) -> None:
    file = {"file": write(tmp_path, BROKEN), "stdin": "-", "nowhere": str(tmp_path / "nowhere.yaml")}[source]
    result = invoke("check", file, "--format", form, stdin=BROKEN)
    message = "there is no file" if source == "nowhere" else "no gate is called 'sinn'"
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.startswith("error: " if source == "nowhere" else ("<stdin>:1:" if file == "-" else file))
    if form == "junit":
        (suite,) = ET.fromstring(result.stdout)
        assert [suite.get(key) for key in ("name", "tests", "failures", "errors")] == [file, "1", "0", "1"]
        assert [message in (error.get("message") or "") for error in suite.iter("error")] == [True]
    elif form == "json":
        found = json.loads(result.stdout)
        assert (found["circuit"], found["file"], found["passed"]) == (None, file, False)
        assert message in found["error"]
    elif form == "github":
        command = rf"::error (?:file=[^\n]*)?title=circuitgrad check%3A unreadable::{message}.*\n"
        assert re.fullmatch(command, result.stdout)
    else:  # a table without rows; a person gets the message alone
        assert len(result.stdout.splitlines()) == {"table": 0, "csv": 1, "markdown": 2}[form]


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "junit", "github"])
def test_only_what_failed_is_listed_in_every_format(tmp_path: Path, form: str) -> None:
    kink, wrong = write(tmp_path, KINK, "kink.yaml"), write(tmp_path, BENT, "bent.yaml")
    for files, code in (([kink], 0), ([kink, wrong], 1), ([wrong], 1)):
        everything = invoke("check", *files, "--format", form)
        result = invoke("check", *files, "--only-failed", "--format", form)
        assert (everything.exit_code, result.exit_code) == (code, code)
        assert everything.stdout.count("wrong") == result.stdout.count("wrong")
        assert not re.search("slope|verdict.*kink|,kink,|kink *[|]", result.stdout)
        if form == "github":
            assert {line.split()[0] for line in result.stdout.splitlines()} <= {"::error"}
            assert bool(result.stdout) == bool(code)
        elif form == "junit":
            suites = ET.fromstring(result.stdout)
            assert [suite.get("name") for suite in suites] == files
            assert [suite.get("tests") for suite in suites] == [suite.get("failures") for suite in suites]


def test_the_hook_of_pre_commit_runs_the_check() -> None:
    (hook,) = yaml.safe_load((CIRCUITS.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"].split()[0] == "circuitgrad"
    assert hook["language"] == "python"
    command, *arguments = hook["entry"].split()[1:]
    assert "2 of 2 circuits passed" in done(command, *arguments, *hook.get("args", []), NEURON, MULTIPLY)
    result = invoke(command, *arguments, "-", stdin="{inputs: {x: 1}, gates: {y: x*x}, expect: {y: 2}}")
    assert result.exit_code == 1


# The Hessian


def test_hessian_json() -> None:
    found = document("hessian", BLACK_SCHOLES, "--wrt", "S,sigma")
    assert list(found) == ["circuit", "output", "value", "grads", "hessian"]
    assert list(found["grads"]) == list(found["hessian"]) == ["S", "sigma"]
    inputs = {"S": 100.0, "K": 100.0, "r": 0.05, "sigma": 0.2, "T": 1.0}
    d1 = (inputs["r"] + inputs["sigma"] ** 2 / 2) / inputs["sigma"]
    density = 0.3989422804014327 * 2.718281828459045 ** (-d1 * d1 / 2)
    gamma = density / (inputs["S"] * inputs["sigma"])
    vanna = -density * (d1 - inputs["sigma"]) / inputs["sigma"]
    vomma = inputs["S"] * density * d1 * (d1 - inputs["sigma"]) / inputs["sigma"]
    assert found["hessian"]["S"]["S"] == pytest.approx(gamma, rel=1e-13)
    assert found["hessian"]["S"]["sigma"] == pytest.approx(vanna, rel=1e-13)
    assert found["hessian"]["sigma"]["S"] == pytest.approx(vanna, rel=1e-13)
    assert found["hessian"]["sigma"]["sigma"] == pytest.approx(vomma, rel=1e-12)


def test_hessian_table() -> None:
    lines = done("hessian", "-", stdin="{inputs: {x: 3, y: 5}, gates: {z: x*x*y}}").splitlines()
    assert [line.split() for line in lines if line and line[0] in "xyw"] == [
        ["wire", "x", "y"],
        ["x", "10", "6"],
        ["y", "6", "0"],
    ]
    rows = list(csv.reader(done("hessian", "-", "-q", "--format", "csv", stdin=CORNER).splitlines()))
    assert rows == [["wire", "x", "y"], ["x", "0.0", "0.0"], ["y", "0.0", "0.0"]]


def test_hessian_wants_one_output() -> None:
    text = "{inputs: {x: 3}, gates: {y: x*x, z: x*x*x}, output: [y, z]}"
    result = invoke("hessian", "-", stdin=text)
    assert result.exit_code == 2
    assert "several outputs: 'y', 'z'" in result.stderr
    assert document("hessian", "-", "--output", "z", stdin=text)["hessian"] == {"x": {"x": 18}}


# Digits

WITHOUT_A_DIGIT = "{inputs: {x: 1.0e-9}, gates: {f: (1 - cos(x))/x**2}}"


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "junit", "github"])
def test_lost_digits_are_a_warning_and_a_fault_where_digits_are_asked_for(form: str) -> None:
    result = invoke("check", "-", "--format", form, stdin=WITHOUT_A_DIGIT)
    assert result.exit_code == 0
    assert "warning: the derivative in 'x' has 0.0 right digits in doubles" in result.stderr
    assert "warning" not in invoke("check", "-", "--format", form, "-q", stdin=WITHOUT_A_DIGIT).stderr
    strict = invoke("check", "-", "--format", form, "--digits", "3", stdin=WITHOUT_A_DIGIT)
    assert strict.exit_code == 1
    assert "warning" not in strict.stderr


def test_digits_that_are_asked_for_show_in_the_formats_for_machines() -> None:
    arguments = ("check", "-", "--digits", "3", "--format")
    found = json.loads(invoke(*arguments, "json", stdin=WITHOUT_A_DIGIT).stdout)
    assert (found["passed"], found["digits"]) == (False, 3)
    assert (found["inputs"]["x"]["verdict"], found["inputs"]["x"]["failed"]) == ("inaccurate", True)
    assert (found["values"]["f"]["analytic"], found["values"]["f"]["numeric"]) == (0, 0.5)
    root = ET.fromstring(invoke(*arguments, "junit", stdin=WITHOUT_A_DIGIT).stdout)
    assert root[0].get("failures") == "2"
    annotations = invoke(*arguments, "github", stdin=WITHOUT_A_DIGIT).stdout.splitlines()
    assert [line.partition(" ")[0] for line in annotations] == ["::error", "::error"]


def test_an_expected_value_that_only_doubles_miss() -> None:
    text = "{inputs: {x: 10864, y: 18817}, gates: {f: 9*x**4 - y**4 + 2*y**2}, expect: {f: 1}}"
    printed = shown("-", code=1, stdin=text)
    assert "inaccurate: the value of 'f': expected 1 is right; doubles give 2" in printed
    assert "expected 1 inaccurate" in printed


def test_what_cannot_be_decided_fails_and_says_what_can_decide_it() -> None:
    printed = shown("-", "--method", "ridders", code=1, stdin=WITHOUT_A_DIGIT)
    assert re.search(r"undecided: the derivative in 'x' is 1e\+09, but the reference is uncertain by .*mp", printed)
    assert "FAILED: inputs 1 undecided; values 1 inaccurate" in printed


@pytest.mark.parametrize("number", ["0", "16", "x"])
def test_a_number_of_digits_that_no_double_has(number: str) -> None:
    assert invoke("check", NEURON, "--digits", number).exit_code == 2

from __future__ import annotations

import codecs
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from circuitgrad import Circuit, load, loads

CIRCUITS = sorted((Path(__file__).parents[2] / "circuits").glob("*.yaml"))
NEURON = """\
name: little
about: two lines
inputs:
  a: 1.5
  x: {value: -2, fixed: true, min: -5, max: 5, about: the first feature}
gates:
  s: {sigmoid: q}
  q: {add: [ax, 0.5]}
  ax: {mul: [a, x]}
output: s
expect: {q: -2.5}
"""


def _shape(circuit: Circuit) -> tuple[Any, ...]:
    rules = [rule.name for rule in circuit.rules]
    return (
        circuit.name, circuit.about, circuit.inputs, circuit.constants, list(circuit.names), rules,
        list(circuit.operands), circuit.outputs, circuit.expect, circuit.optimize, Path(circuit.data or ".").name,
    )  # fmt: skip


def _values(text: str) -> dict[str, float]:
    return loads(text).forward()


def test_every_key_of_a_file_arrives() -> None:
    circuit = loads(NEURON)
    feature = circuit.inputs["x"]
    assert (circuit.name, circuit.about, circuit.outputs, circuit.expect) == (
        "little",
        "two lines",
        ("s",),
        {"q": -2.5},
    )
    assert (feature.value, feature.fixed, feature.min, feature.max) == (-2.0, True, -5.0, 5.0)
    assert feature.about == "the first feature"
    assert circuit.inputs["a"].max == math.inf


def test_gates_stand_in_any_order() -> None:
    assert list(loads(NEURON).names) == ["ax", "q", "s"]
    assert _values(NEURON)["q"] == -2.5


@pytest.mark.parametrize(
    "gate", ["{mul: [a, b]}", "a*b", "{mul: [a, 'b*1']}", "mul(a, b)", "{multiply: [a, b]}", "{mul: ['a', \"b\"]}"]
)
def test_a_product_can_be_written_in_several_ways(gate: str) -> None:
    assert _values(f"inputs: {{a: 3, b: 7}}\ngates:\n  y: {gate}\n")["y"] == 21


def test_one_operand_needs_no_list() -> None:
    for operand in ("x", "[x]", "'x'", "x*1"):
        assert _values(f"inputs: {{x: 3}}\ngates: {{y: {{square: {operand}}}}}")["y"] == 9


def test_a_formula_among_operands_becomes_gates_named_after_the_wire() -> None:
    circuit = loads("inputs: {a: 2, b: 3}\ngates: {y: {add: ['a*b', a + b]}}")
    assert list(circuit.names) == ["y.1", "y.2", "y"]
    assert circuit.forward()["y"] == 11


def test_many_operands_are_folded_from_the_left() -> None:
    circuit = loads("inputs: {a: 1, b: 1.0e+100, c: -1e100, d: 3}\ngates: {x: {add: [b, c, a, d]}}")
    assert list(circuit.names) == ["x.1", "x.2", "x"]
    assert circuit.forward()["x.2"] == 1
    assert circuit.forward()["x"] == 4


def test_the_same_wire_may_be_an_operand_many_times() -> None:
    assert loads("inputs: {a: 3}\ngates: {x: {mul: [a, a, a]}}").backward()["a"] == 27


def test_numbers_are_constants_without_a_gradient() -> None:
    circuit = loads("inputs: {a: 3}\ngates: {x: {mul: [a, 2]}, y: {add: [x, '1_000', .5, 1e-3]}}")
    assert circuit.forward()["y"] == 6 + 1000 + 0.5 + 1e-3
    assert set(circuit.backward()) == {"a", "x", "y", "y.1", "y.2"}


def test_gates_of_constants_are_computed_when_the_file_is_read() -> None:
    circuit = loads("inputs: {a: 3}\ngates: {y: a + 2*3*sin(0)}")
    assert list(circuit.names) == ["y"]
    assert circuit.forward()["y"] == 3


def test_a_constant_that_is_not_finite_keeps_its_gate() -> None:
    assert len(loads("inputs: {a: 3}\ngates: {y: a + log(0)}").rules) == 2


def test_minus_zero_stays_minus_zero() -> None:
    circuit = loads("inputs: {a: -0.0}\ngates: {y: a}")
    assert math.copysign(1, circuit.forward()["y"]) == -1


def test_a_wire_wins_over_a_constant_of_its_name() -> None:
    assert _values("inputs: {e: 2}\ngates: {y: e*pi}")["y"] == 2 * math.pi


def test_the_output_is_the_one_wire_that_feeds_no_other() -> None:
    assert loads("inputs: {a: 1}\ngates: {b: c*a, c: a}").outputs == ("b",)


def test_several_outputs_keep_their_order() -> None:
    circuit = loads("inputs: {a: 2}\ngates: {b: a*a, c: 3*a}\noutput: [c, b, a]")
    assert circuit.outputs == ("c", "b", "a")
    assert {output: gradients["a"] for output, gradients in circuit.jacobian().items()} == {"c": 3, "b": 4, "a": 1}


def test_inputs_may_be_left_out_or_empty() -> None:
    assert _values("gates: {y: 2*3}")["y"] == 6
    assert _values("inputs:\ngates: {y: 2*3}")["y"] == 6


def test_an_anchor_is_repeated_by_its_alias() -> None:
    assert _values("inputs: {a: &one {value: 4, fixed: true}, b: *one}\ngates: {y: a*b}")["y"] == 16


def test_a_quoted_word_of_yaml_is_a_name() -> None:
    assert _values("inputs: {'on': 2, \"no\": 5}\ngates: {y: on*no}")["y"] == 10


@pytest.mark.parametrize(
    "text",
    ["y: >\n    a +\n    b", "y: |\n    a +\n      b", "y: a +\n     b", 'y: "a \\\n    + b"', "y: 'a +\n\n     b'"],
)
def test_a_formula_may_span_lines(text: str) -> None:
    assert _values(f"inputs: {{a: 1, b: 2}}\ngates:\n  {text}\n")["y"] == 3


@pytest.mark.parametrize(
    "change", [str, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\r")]
)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_line_ends_and_byte_order_marks_change_nothing(change: Any, mark: bytes, tmp_path: Path) -> None:
    file = tmp_path / "little.yaml"
    file.write_bytes(mark + change(NEURON).encode())
    assert _shape(load(file)) == _shape(loads(NEURON))
    assert _shape(loads(file.read_text(encoding="utf-8"))) == _shape(loads(NEURON))


def test_a_circuit_is_called_after_its_file(tmp_path: Path) -> None:
    file = tmp_path / "größe.yml"
    file.write_text("gates: {ä: 1}", encoding="utf-8")
    assert load(file).name == "größe"
    assert load(str(file)).forward()["ä"] == 1


def _as_json(file: Path) -> str:
    yaml = pytest.importorskip("yaml")
    document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    if "use" in document:  # relative to the file
        document["use"] = [str(file.parent / name) for name in document["use"]]
    return json.dumps(document, indent="\t")


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
def test_json_gives_the_same_circuit_as_yaml(file: Path, tmp_path: Path) -> None:
    same = tmp_path / f"{file.stem}.JSON"
    same.write_text(_as_json(file).replace('"true"', "true").replace('"false"', "false"), encoding="utf-8")
    assert _shape(load(same)) == _shape(load(file))


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
def test_json_is_yaml(file: Path) -> None:
    assert _shape(loads(_as_json(file).replace("\t", " "), file.stem)) == _shape(load(file))


def test_places_of_wires_are_known_in_yaml_and_json(tmp_path: Path) -> None:
    place = loads(NEURON).locate("ax")
    assert place is not None
    assert NEURON.splitlines()[place.line - 1][place.column - 1 :].startswith("mul")
    file = tmp_path / "x.json"
    file.write_text('{"inputs": {"a": 1},\n "gates": {"b":{"neg":"a"}}}')
    assert str(load(file).locate("b")) == f"{file}:2:17"


def test_standard_input_is_called_minus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"gates: {y: 6*7}")))
    circuit = load("-")
    assert (circuit.name, circuit.forward()["y"]) == ("stdin", 42)


def test_standard_input_of_a_process() -> None:
    code = "import circuitgrad; print(circuitgrad.load('-').forward()['y'])"
    source = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"\xef\xbb\xbf{inputs: {a: 2}, gates: {y: a}}", capture_output=True,
        env=environment, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [b"2.0"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["yaml", "json"])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_of_100_000_gates_runs(suffix: str, *, backwards: bool, tmp_path: Path) -> None:
    count = 100_000
    gates = [(f"g{i}", ("add", [f"g{i - 1}" if i else "a", "a"])) for i in range(count)]
    if backwards:
        gates.reverse()
    file = tmp_path / f"chain.{suffix}"
    if suffix == "json":
        file.write_text(json.dumps({"inputs": {"a": 1}, "gates": {name: dict([gate]) for name, gate in gates}}))
    else:
        lines = [f"  {name}: {{{gate}: [{', '.join(operands)}]}}\n" for name, (gate, operands) in gates]
        file.write_text("inputs: {a: 1}\ngates:\n" + "".join(lines))
    circuit = load(file)
    assert circuit.backward()["a"] == count + 1
    assert circuit.outputs == (f"g{count - 1}",)


def test_many_outputs_take_no_quadratic_time() -> None:
    names = [f"g{i}" for i in range(20_000)]
    circuit = loads("gates: {" + ", ".join(f"{name}: 1" for name in names) + "}\noutput: [" + ", ".join(names) + "]")
    assert len(circuit.outputs) == 20_000

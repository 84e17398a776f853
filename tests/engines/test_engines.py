"""Every engine against the gate objects, to the last bit; and which one is chosen."""

from __future__ import annotations

import csv
import math
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.engines import python
from circuitgrad.engines.choice import ENGINES, choose
from circuitgrad.engines.programs import program
from circuitgrad.engines.python import function_of
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError
from circuitgrad.gates.table import GATES
from program import CIRCUITS, NEURON, done, invoke
from random_circuits import Plan, plans
from special import SPECIAL

if TYPE_CHECKING:
    from circuitgrad.gates.rule import Rule

POINTS = Path(__file__).parents[1] / "known" / "special_points.tsv"
EXACT = [engine for engine in ENGINES if engine != "native"]


def gate_circuit(row: Rule) -> Circuit:
    inputs = [Input(f"x{i}", 1.0) for i in range(row.arity)]
    return Circuit("one", inputs, [], ["out"], [row], [tuple(range(row.arity))], ["out"])


def passes(circuit: Circuit, point: tuple[float, ...]) -> list[str]:
    """Return all values and gradients that the gate objects find, as text, which tells 0 from -0."""
    circuit.assign(dict(zip(circuit.inputs, point, strict=True)))
    values = circuit.forward()
    found = [values[name] for name in circuit]
    for output in circuit.outputs:
        gradient = circuit.backward(output)
        found += [gradient[name] for name in circuit]
    return list(map(repr, found))


def all_of(circuit: Circuit) -> Wanted:
    return Wanted(tuple(circuit), circuit.outputs, tuple(circuit))


@pytest.mark.parametrize("engine", EXACT)
@pytest.mark.parametrize("name", GATES)
def test_every_gate_at_special_points(name: str, engine: str) -> None:
    circuit = gate_circuit(GATES[name])
    run = program(circuit, list(circuit.inputs), all_of(circuit), engine)
    points = product(SPECIAL, repeat=GATES[name].arity)
    for point in islice(points, 0, None, 1 if GATES[name].arity < 3 else 7):
        assert list(map(repr, run(*point))) == passes(circuit, point)


@pytest.mark.parametrize("engine", EXACT)
def test_the_golden_table_of_special_points(engine: str) -> None:
    with POINTS.open(encoding="utf-8") as file:
        for entry in csv.DictReader(file, delimiter="\t"):
            if entry["gate"] not in GATES or "operands" not in entry:
                continue
            operands = tuple(map(float, entry["operands"].split(",")))
            if len(operands) != GATES[entry["gate"]].arity:
                continue
            circuit = gate_circuit(GATES[entry["gate"]])
            run = program(circuit, list(circuit.inputs), all_of(circuit), engine)
            assert list(map(repr, run(*operands))) == passes(circuit, operands)


@pytest.mark.parametrize("engine", EXACT)
@pytest.mark.parametrize("file", sorted(CIRCUITS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_example(file: Path, engine: str) -> None:
    circuit = circuitgrad.load(file)
    start = tuple(circuit.values().values())
    run = program(circuit, list(circuit.inputs), all_of(circuit), engine)
    for factor in (1.0, 0.5, -2.0):
        point = tuple(factor * x for x in start)
        assert list(map(repr, run(*point))) == passes(circuit, point)


@given(plans(), st.data())
def test_generated_circuits_in_some_of_their_inputs(plan: Plan, data: st.DataObject) -> None:
    circuit = plan.circuit()
    names = data.draw(st.lists(st.sampled_from(list(circuit.inputs)), min_size=1, unique=True))
    values = tuple(data.draw(st.lists(st.sampled_from(list(circuit)), min_size=1, unique=True)))
    outputs = tuple(data.draw(st.lists(st.sampled_from(list(circuit)), max_size=3, unique=True)))
    wrt = tuple(data.draw(st.lists(st.sampled_from(list(circuit)), min_size=1, unique=True)))
    point = [data.draw(st.sampled_from([-1.5, 0.0, 0.25, 1.0, 3.0])) for _ in names]
    circuit_values = dict(zip(names, point, strict=True))
    found = {engine: program(circuit, names, Wanted(values, outputs, wrt), engine)(*point) for engine in EXACT}
    circuit.assign(circuit_values)
    forward = circuit.forward()
    expected = [forward[name] for name in values]
    for output in outputs:
        gradient = circuit.backward(output)
        expected += [gradient[name] for name in wrt]
    for one in found.values():
        assert list(map(repr, one)) == list(map(repr, expected))


@pytest.mark.parametrize("engine", EXACT)
def test_definitions_with_hand_written_partials(engine: str) -> None:
    text = """
    define:
      odd(exp, out_, if_):
        value: exp**3 + sin(out_)*if_
        partials: {exp: 3*exp**2 if exp < 5 else out, out_: cos(out_)*if_, if_: sin(out_)}
    inputs: {lambda: 2, b: 0.5, c: 3}
    gates: {d0: "odd(lambda, b, c)", v1: d0*d0 + exp(b), e: -(-1.5)*v1}
    """
    circuit = circuitgrad.loads(text)
    run = program(circuit, list(circuit.inputs), all_of(circuit), engine)
    for point in ((2.0, 0.5, 3.0), (6.0, -1.0, 0.0)):
        assert list(map(repr, run(*point))) == passes(circuit, point)


@pytest.mark.parametrize("engine", EXACT)
def test_an_upstream_gradient_of_0_adds_nothing(engine: str) -> None:
    circuit = circuitgrad.from_expression("0*sqrt(x) + y", x=0, y=1)
    assert list(program(circuit, ["x"], Wanted(("out",), ("out",), ("x",)), engine)(0.0)) == [1.0, 0.0]
    lost = circuitgrad.from_expression("sqrt(x*x)", x=0)
    assert math.isnan(program(lost, ["x"], Wanted((), ("out",), ("x",)), engine)(0.0)[0])


def test_what_does_not_move_is_a_number_in_the_text() -> None:
    circuit = circuitgrad.from_expression("exp(c)*x + log(0*c)", c=2, x=1)
    text = function_of(circuit, ["x"], Wanted(("out",))).text
    assert repr(math.exp(2.0)) in text
    assert "inf" in text
    assert "exp(" not in text


def test_a_planted_fault_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: object) -> python.PythonFunction:
        function = function_of(*arguments)  # type: ignore[arg-type]
        return function._replace(text=function.text.replace("d0 += ", "d0 = "))

    monkeypatch.setattr(python, "function_of", wrong)
    circuit = circuitgrad.from_expression("x*x", x=3)
    run = program(circuit, ["x"], all_of(circuit), "python")
    assert list(map(repr, run(3.0))) != passes(circuit, (3.0,))


def test_the_choice() -> None:
    assert choose(5, 1) == choose(5, 99)
    assert [choose(5, passes).engine for passes in (99, 100)] == ["objects", "python"]
    assert choose(10**6, 1, "python")[:2] == ("python", "it was asked for")
    assert [choose(100, passes).engine for passes in (9_999, 10_000)] == ["python", "native"]
    assert [choose(gates, 10).engine for gates in (29_999, 30_000)] == ["objects", "native"]
    assert [choose(gates, 100).engine for gates in (5, 9_999, 10_000, 20_001)] == [
        "python",
        "python",
        "native",
        "native",
    ]
    assert choose(10**7, 1).engine == "objects"
    with pytest.raises(CircuitError, match="no engine is called 'pyton'"):
        choose(5, 1, "pyton")


ROWS = "a,x\n" + "".join(f"{i / 7},{-i / 9}\n" for i in range(150))


@pytest.mark.parametrize(
    "command",
    [
        ("forward", NEURON, "--all"),
        ("backward", NEURON, "--all"),
        ("backward", str(CIRCUITS / "rosenbrock.yaml"), "--format", "json"),
        ("forward", NEURON, "--data", "-", "--format", "csv"),
        ("backward", NEURON, "--data", "-", "--format", "csv"),
        ("sweep", NEURON, "--over", "a=-5:5:11", "--over", "x=0:1:3", "--grad", "--format", "csv"),
        ("optimize", NEURON, "--format", "json"),
        ("optimize", str(CIRCUITS / "svm.yaml"), "--format", "json"),
    ],
)
def test_commands_print_the_same_with_every_engine(command: tuple[str, ...]) -> None:
    plain = done(*command, stdin=ROWS)
    for engine in EXACT:
        result = invoke(*command, "--engine", engine, "--verbose", stdin=ROWS)
        assert (result.exit_code, result.stdout) == (0, plain)
        assert result.stderr == f"engine {engine}: it was asked for\n"
    wrong = invoke(*command, "--engine", "nativ", stdin=ROWS)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "error: no engine is called 'nativ'" in wrong.stderr


def test_the_choice_is_told() -> None:
    few = invoke("forward", NEURON, "--verbose")
    assert few.stderr == "engine objects: fewer than 100 passes do not pay for preparing them\n"
    many = invoke("sweep", NEURON, "--over", "a=-5:5:101", "--verbose")
    assert many.stderr == "engine python: about 101 passes over 5 gates pay for preparing them\n"


@pytest.mark.parametrize("engine", ENGINES)
def test_outputs_without_anything_to_differentiate_in(engine: str) -> None:
    circuit = circuitgrad.from_expression("x*y", x=1, y=3)
    assert list(program(circuit, ["x"], Wanted(("out",), ("out", "x")), engine)(2.0)) == [6.0]

"""The structure of a circuit and its stateless passes, apart from the units."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

import circuitgrad
from circuitgrad import Circuit, CircuitError
from circuitgrad.circuit.structure import Structure
from circuitgrad.circuit.units import Gate
from circuitgrad.gates.multiprecision import MULTIPRECISION
from random_circuits import plans

if TYPE_CHECKING:
    from random_circuits import Plan

TEXT = "{inputs: {x: 2, y: 3}, gates: {p: x*y, q: exp(p), r: q + x, s: sin(y)}, output: [r, s]}"


def test_a_circuit_is_a_structure_with_units() -> None:
    circuit = circuitgrad.loads(TEXT)
    assert isinstance(circuit, Structure)
    bare = Structure("bare", [*circuit.inputs.values()], (), circuit.names, circuit.rules, circuit.operands)
    values: list[Any] = [2.0, 3.0, *[0.0] * 4]
    bare.compute(values, range(4))
    assert values == circuit.trace({})
    assert bare.gradients(values, "r", range(4)) == [circuit.backward("r")[name] for name in bare]


@given(plans())
def test_stateless_passes_compute_the_same_as_units_and_keep_nothing(plan: Plan) -> None:
    circuit = plan.circuit()
    gradients = circuit.backward()
    before = [(unit.value, unit.grad) for unit in circuit.units]
    values = circuit.trace({})
    slopes = circuit.gradients(values, circuit.single_output(), range(len(circuit.rules)))
    assert [repr(slopes[circuit.slot(name)]) for name in circuit] == [repr(gradients[name]) for name in circuit]
    assert repr([(unit.value, unit.grad) for unit in circuit.units]) == repr(before)


def test_a_jacobian_runs_forward_once(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = circuitgrad.loads(TEXT)
    separate = {output: dict(circuit.backward(output)) for output in circuit.outputs}
    forward, calls = Gate.forward, []

    def counting(gate: Gate, *operands: Any) -> Any:
        calls.append(gate)
        return forward(gate, *operands)

    monkeypatch.setattr(Gate, "forward", counting)
    assert circuitgrad.loads(TEXT).jacobian() == separate
    assert len(calls) == len(circuit.rules)


def test_a_jacobian_of_an_unknown_wire_leaves_the_circuit_alone() -> None:
    circuit = circuitgrad.loads(TEXT)
    circuit.backward("s")
    before = [unit.grad for unit in circuit.units]
    with pytest.raises(CircuitError, match="no wire called 'z'"):
        circuit.jacobian(["r", "z"])
    assert [unit.grad for unit in circuit.units] == before


def test_what_a_file_says_is_given_to_the_constructor() -> None:
    parameters = inspect.signature(Circuit).parameters
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in ("data", "optimize", "locate"))
    circuit = circuitgrad.loads("{inputs: {x: 2}, gates: {y: x*x}, data: rows.csv, optimize: {minimize: y, steps: 7}}")
    assert circuit.data == "rows.csv"
    assert circuit.optimize is not None
    assert (circuit.optimize.goal, circuit.optimize.steps) == ("minimize", 7)
    place = circuit.locate("y")
    assert place is not None
    assert place.column == 30


def test_a_structure_in_another_number_system_is_a_structure_of_its_own() -> None:
    circuit = circuitgrad.loads(TEXT)
    precise = circuit.over(MULTIPRECISION)
    assert precise.gates[0] is not circuit.gates[0]
    assert [float(value) for value in precise.trace({})] == pytest.approx(circuit.trace({}), rel=1e-15)

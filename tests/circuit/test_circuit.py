"""Passes through circuits, against an independent reverse mode."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given

import circuitgrad
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.errors import CircuitError
from circuitgrad.gates.table import find
from random_circuits import Plan, plans

NEURON = "sigmoid(a*x + b*y + c)"
POINT = {"a": 1.0, "b": 2.0, "c": -3.0, "x": -1.0, "y": 3.0}


def neuron() -> Circuit:
    return circuitgrad.from_expression(NEURON, **POINT)


def same(one: dict[str, float], other: dict[str, float]) -> bool:
    """Tell whether numbers are the same to the bit, where NaN is the same as NaN."""
    return [*map(repr, one.items())] == [*map(repr, other.items())]


@given(plans())
def test_values_and_gradients_agree_with_an_independent_reverse_mode(plan: Plan) -> None:
    assume(all(abs(value) < 1e100 for value in plan.values))
    circuit = plan.circuit()
    values, gradients = circuit.forward(), circuit.backward()
    for name, value, (gradient, size) in zip(plan.names, plan.values, plan.gradients, strict=True):
        assert values[name] == pytest.approx(value, rel=1e-12, abs=1e-12)
        assert abs(gradients[name] - gradient) <= 1e-12 * size + 1e-300


@given(plans(gates=("add", "sub", "mul", "neg"), most=8))
def test_polynomials_agree_to_the_last_bit_of_their_values(plan: Plan) -> None:
    assert plan.circuit().forward() == dict(zip(plan.names, plan.values, strict=True))


@given(plans())
def test_twice_backward_gives_the_same(plan: Plan) -> None:
    circuit = plan.circuit()
    first = circuit.backward()
    assert same(circuit.backward(), first)
    assert same(plan.circuit().backward(), first)


@given(plans())
def test_evaluate_leaves_the_circuit_as_it_was(plan: Plan) -> None:
    circuit = plan.circuit()
    gradients = circuit.backward()
    before = {name: circuit[name].value for name in circuit}
    output = circuit.single_output()
    assert repr(circuit.evaluate(output, {})) == repr(before[output])
    moved = circuit.evaluate(output, {"x0": 0.25})
    assert same({name: circuit[name].value for name in circuit}, before)
    assert same({name: circuit[name].grad for name in circuit}, gradients)
    circuit.assign({"x0": 0.25})
    assert repr(circuit.forward()[output]) == repr(moved)


@given(plans())
def test_a_row_of_the_jacobian_is_the_gradient_of_its_output(plan: Plan) -> None:
    circuit = plan.circuit()
    outputs = [plan.names[-1], plan.names[0]]
    jacobian = circuit.jacobian(outputs)
    assert list(jacobian) == list(dict.fromkeys(outputs))
    assert all(same(jacobian[output], circuit.backward(output)) for output in outputs)


def test_the_neuron_of_the_guide_to_the_last_bit() -> None:
    circuit = neuron()
    assert circuit.forward()["out"] == 0.8807970779778823
    gradient = circuit.backward()
    assert gradient["a"] == -0.10499358540350662
    assert gradient["y"] == pytest.approx(0.20998717080701323, rel=1e-15)


def test_fan_out_adds_up() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 3}, gates: {y: x*x + x, z: {add: [y, y]}}}")
    assert circuit.backward()["x"] == 2 * (2 * 3 + 1)


def test_a_wire_beside_the_output_has_gradient_zero() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 3, unused: 1}, gates: {y: x*x, z: x + 1}, output: z}")
    assert circuit.backward() == {"x": 1, "unused": 0, "y": 0, "z": 1}


@pytest.mark.parametrize(
    "text", ["0*sqrt(x)", "0*log(x)", "where(x, sqrt(x), 1)", "max(1, cbrt(x))", "clip(sqrt(x), 1, 2)"]
)
def test_nothing_upstream_contributes_nothing_even_through_an_infinite_slope(text: str) -> None:
    assert circuitgrad.from_expression(text, x=0).backward()["x"] == 0


def test_a_slope_of_zero_is_not_skipped() -> None:
    assert math.isnan(circuitgrad.from_expression("sqrt(x*x)", x=0).backward()["x"])


def test_nan_upstream_is_passed_on() -> None:
    assert math.isnan(circuitgrad.from_expression("sqrt(x*x)*x", x=math.nan).backward()["x"])


def test_overflow_is_a_value() -> None:
    circuit = circuitgrad.from_expression("exp(x)", x=1000)
    assert circuit.forward()["out"] == math.inf
    assert circuit.backward()["x"] == math.inf


@pytest.mark.slow
@pytest.mark.parametrize("step", ["{tanh: w%d}", "{add: [w%d, 0.5]}", "w%d*0.5 + 1"])
def test_a_long_chain_does_not_recurse(step: str) -> None:
    count = 100_000 if step.startswith("{add") else 2000
    gates = "\n".join(f"  w{i + 1}: {step % i}" for i in range(count))
    circuit = circuitgrad.loads(f"inputs:\n  w0: 0.25\ngates:\n{gates}\n")
    gradient = circuit.backward()
    assert len(gradient) >= count + 1
    if step.startswith("{add"):
        assert circuit[f"w{count}"].value == 0.25 + 0.5 * count
        assert gradient["w0"] == 1


def test_an_input_given_another_value_counts_in_the_next_pass() -> None:
    circuit = neuron()
    circuit["x"].value = 0.0
    assert circuit.forward()["out"] == pytest.approx(1 / (1 + math.exp(-3)), rel=1e-15)
    circuit.assign({"x": -1})
    assert circuit.forward()["out"] == 0.8807970779778823
    assert circuit.values() == POINT


def test_wires_of_an_expanded_expression_are_shown_on_request() -> None:
    circuit = neuron()
    assert [name for name, _ in circuit.wires()] == [*POINT, "out"]
    expanded = [name for name, _ in circuit.wires(expanded=True)]
    assert len(expanded) == len(circuit) == 10
    assert all(name in circuit for name in expanded)
    assert list(circuit) == expanded


def test_names_that_are_not_there() -> None:
    circuit = neuron()
    with pytest.raises(CircuitError, match="no wire called 'z'"):
        circuit.backward("z")
    with pytest.raises(CircuitError, match="'out' is a gate, not an input"):
        circuit.assign({"out": 1})
    with pytest.raises(CircuitError, match="'z' is not an input"):
        circuit.evaluate("out", {"z": 1})
    with pytest.raises(CircuitError, match="no wire called"):
        circuit["z"]


def test_a_failed_assignment_changes_nothing() -> None:
    circuit = neuron()
    with pytest.raises(CircuitError):
        circuit.assign({"a": 7, "z": 1})
    assert circuit.values() == POINT


def test_several_outputs_need_a_choice() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 3}, gates: {y: x*x, z: x + 1}, output: [y, z]}")
    with pytest.raises(CircuitError, match="outputs"):
        circuit.backward()
    assert circuit.jacobian()["y"]["x"] == 6
    assert circuit.jacobian()["z"]["x"] == 1


def test_literals_are_no_wires() -> None:
    circuit = Circuit("c", [Input("x", 2.0)], [5.0], ["y"], [find("mul")], [(0, 1)], ["y"])
    assert circuit.backward() == {"x": 5.0, "y": 1.0}
    assert circuit.is_constant(1)
    assert not circuit.is_constant(0)
    assert not circuit.is_constant(2)


def test_an_input_stays_in_its_bounds() -> None:
    leaf = Input("x", 0.0, min=-1, max=2)
    assert [leaf.clip(value) for value in (-3.0, 0.5, 7.0, math.inf)] == [-1, 0.5, 2, 2]
    assert math.isnan(leaf.clip(math.nan))

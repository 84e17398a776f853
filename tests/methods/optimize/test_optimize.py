"""Optimisation: the guide's figures, bounds, fixed inputs, and what stops it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.errors import CircuitError
from circuitgrad.experiment import Experiment, methods
from circuitgrad.methods.optimize import Outcome, algorithm, optimize

if TYPE_CHECKING:
    from circuitgrad.circuit import Circuit

GENERAL = [method for method in methods() if not algorithm(method).squares]
ALL_METHODS = pytest.mark.parametrize("method", GENERAL)


def moved(circuit: Circuit, method: str = "gradient", step_size: float | None = None, **told: Any) -> Outcome:
    """Run an experiment; the step size is for methods that have one of their own choice."""
    if step_size is not None and "step_size" in algorithm(method).uses and method != "newton":
        told["step_size"] = step_size
    return optimize(circuit, Experiment(method=method, **told))


def neuron() -> Circuit:
    return circuitgrad.from_expression("sigmoid(a*x + b*y + c)", a=1, b=2, c=-3, x=-1, y=3)


def multiply() -> Circuit:
    return circuitgrad.from_expression("x*y", x=-2, y=3)


def test_the_steps_of_the_guide_to_the_last_bit() -> None:
    one = moved(neuron(), steps=1, step_size=0.01)
    assert one.before["out"] == 0.8807970779778823
    assert one.after["out"] == 0.8825501816218984
    assert one.after["a"] == pytest.approx(0.998950064145965, rel=1e-13)
    hundred = moved(neuron(), steps=100, step_size=0.01)
    assert hundred.after["out"] == pytest.approx(0.956520389839293, rel=1e-12)
    assert (hundred.steps, hundred.stopped, hundred.culprit) == (100, "steps", None)


@pytest.mark.parametrize("method", ["gradient", "numeric"])
def test_the_multiply_step_of_the_guide(method: str) -> None:
    assert moved(multiply(), method=method, steps=1).after["out"] == pytest.approx(-5.8706, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_random_search_of_the_guide(seed: int) -> None:
    found = moved(multiply(), method="random", steps=100, step_size=0.01, seed=seed)
    assert -6 < found.after["out"] <= -5.9501
    assert abs(found.after["x"] + 2) <= 0.01
    assert abs(found.after["y"] - 3) <= 0.01
    assert moved(multiply(), method="random", steps=100, step_size=0.01, seed=seed).after == found.after
    assert moved(multiply(), method="random", steps=100, step_size=0.01, seed=seed + 1).after != found.after


@ALL_METHODS
def test_the_circuit_is_left_at_what_was_found(method: str) -> None:
    circuit = neuron()
    found = moved(circuit, method=method, steps=7)
    assert circuit.values() == {name: found.after[name] for name in circuit.inputs}
    assert circuit.forward() == found.after
    assert not found.worse


@ALL_METHODS
@given(x=st.floats(-1.5, 1.5), y=st.floats(-1.5, 1.5))
def test_minimising_lowers_what_maximising_raises(method: str, x: float, y: float) -> None:
    def run(goal: str) -> tuple[float, float]:
        circuit = circuitgrad.from_expression("sin(x) + cos(y)*x", x=x, y=y)
        found = moved(circuit, method=method, steps=5, step_size=1e-3, goal=goal)
        return found.before["out"], found.after["out"]

    before, lower = run("minimize")
    again, higher = run("maximize")
    assert before == again
    # Steps whose length is not the gradient's go beyond an optimum that is near.
    slack = 1e-4 if method in ("adam", "rmsprop") else 1e-7
    assert lower <= before + slack
    assert higher >= before - slack


@ALL_METHODS
def test_fixed_inputs_stay_and_bounds_hold(method: str) -> None:
    circuit = circuitgrad.loads(
        "{inputs: {x: {value: 1, max: 1.02}, y: {value: 2, fixed: true}, z: {value: 0, min: 0}}, gates: {p: x*y - z}}"
    )
    found = moved(circuit, method=method, steps=200, step_size=0.1)
    assert found.after["y"] == 2
    assert 1 <= found.after["x"] <= 1.02
    assert found.after["z"] >= 0
    assert found.after["p"] > 2


def test_gradient_steps_end_at_the_bounds() -> None:
    circuit = circuitgrad.loads("{inputs: {x: {value: 1, max: 1.5}}, gates: {p: 3*x}}")
    assert moved(circuit, steps=50, step_size=0.1).after["x"] == 1.5


def test_descent_finds_the_minimum_of_a_parabola() -> None:
    circuit = circuitgrad.from_expression("(x - 3)**2 + (y + 1)**2", x=0, y=0)
    found = moved(circuit, steps=200, step_size=0.1, goal="minimize")
    assert found.after["x"] == pytest.approx(3, abs=1e-9)
    assert found.after["y"] == pytest.approx(-1, abs=1e-9)


def test_only_the_wire_asked_for_counts() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 1}, gates: {up: 2*x, down: -2*x}, output: [up, down]}")
    assert moved(circuit, output="down", steps=1).after["down"] > -2
    with pytest.raises(CircuitError):
        moved(circuit, steps=1)


def test_no_steps_leave_everything() -> None:
    found = moved(neuron(), steps=0)
    assert found.steps == 0
    assert found.before == found.after


def test_a_step_to_infinity_stops_at_the_last_finite_point() -> None:
    circuit = circuitgrad.from_expression("exp(exp(x))", x=1)
    found = moved(circuit, steps=1000, step_size=1.0)
    assert found.stopped == "nonfinite"
    assert found.steps < 1000
    assert all(map(math.isfinite, found.after.values()))
    assert circuit.values()["x"] == found.after["x"]
    assert found.culprit is not None
    assert "is inf: exp(" in found.culprit.message


def test_a_gradient_that_is_not_finite_stops_and_names_the_gate() -> None:
    found = moved(circuitgrad.from_expression("sqrt(x*x)", x=0), steps=5)
    assert (found.stopped, found.steps, found.after["x"]) == ("nonfinite", 0, 0)
    assert found.culprit is not None
    assert "the gradient becomes inf at 'out'" in found.culprit.message


def test_a_step_beyond_the_doubles_is_named() -> None:
    found = moved(circuitgrad.from_expression("1e300*x", x=1), steps=5, step_size=1e300)
    assert found.stopped == "nonfinite"
    assert found.culprit is not None
    assert found.culprit.message == "the step takes 'x' from 1.0 to inf"


def test_steps_that_are_too_long_are_noticed() -> None:
    assert moved(circuitgrad.from_expression("x*x", x=1), steps=3, step_size=5.0, goal="minimize").worse


def test_what_cannot_be_optimised() -> None:
    with pytest.raises(CircuitError, match="nothing to move: every input of 'all' is fixed"):
        moved(circuitgrad.loads("{name: all, inputs: {x: {value: 1, fixed: true}}, gates: {y: 2*x}}"))
    with pytest.raises(CircuitError, match=r"'out' is nan at the start: 'out' is nan: log\(-1\.0\)"):
        moved(circuitgrad.from_expression("log(x)", x=-1))
    with pytest.raises(CircuitError, match=r"'newtn'.*did you mean 'newton'"):
        optimize(neuron(), Experiment(method="newtn"))
    with pytest.raises(CircuitError, match="no wire called 'zz'"):
        moved(neuron(), output="zz")

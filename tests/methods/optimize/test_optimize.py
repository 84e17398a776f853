"""Optimisation: the guide's figures, bounds, fixed inputs, what stops it, and what holds for every method."""

from __future__ import annotations

import math
import sys
from array import array
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import METHODS, Optimization
from circuitgrad.data.table import Rows
from circuitgrad.errors import CircuitError
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.settings import algorithm
from methods.optimize.problems import POINTS, bowl, facts, fitting, line, optimized, table, told

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate

GENERAL = [method for method in METHODS if not algorithm(method).squares]
ALL_METHODS = pytest.mark.parametrize("method", GENERAL)


def moved(circuit: Circuit, method: str = "gradient", step_size: float | None = None, **told: Any) -> Outcome:
    """Run an optimisation; the step size is for methods that have one of their own choice."""
    if step_size is not None and "step_size" in algorithm(method).uses and method != "newton":
        told["step_size"] = step_size
    return optimize(circuit, Optimization(method=method, **told))


def neuron() -> Circuit:
    return circuitgrad.from_expression("sigmoid(a*x + b*y + c)", a=1, b=2, c=-3, x=-1, y=3)


def multiply() -> Circuit:
    return circuitgrad.from_expression("x*y", x=-2, y=3)


def test_the_steps_of_the_guide_to_the_last_bit() -> None:
    outcome = moved(neuron(), steps=1, step_size=0.01)
    assert outcome.before["out"] == 0.8807970779778823
    assert outcome.after["out"] == 0.8825501816218984
    assert outcome.after["a"] == pytest.approx(0.998950064145965, rel=1e-13)
    hundred = moved(neuron(), steps=100, step_size=0.01)
    assert hundred.after["out"] == pytest.approx(0.956520389839293, rel=1e-12)
    assert (hundred.steps, hundred.stopped, hundred.culprit) == (100, "steps", None)


@pytest.mark.parametrize("method", ["gradient", "numeric"])
def test_the_multiply_step_of_the_guide(method: str) -> None:
    assert moved(multiply(), method=method, steps=1).after["out"] == pytest.approx(-5.8706, rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_random_search_of_the_guide(seed: int) -> None:
    outcome = moved(multiply(), method="random", steps=100, step_size=0.01, seed=seed)
    assert -6 < outcome.after["out"] <= -5.9501
    assert abs(outcome.after["x"] + 2) <= 0.01
    assert abs(outcome.after["y"] - 3) <= 0.01
    assert moved(multiply(), method="random", steps=100, step_size=0.01, seed=seed).after == outcome.after
    assert moved(multiply(), method="random", steps=100, step_size=0.01, seed=seed + 1).after != outcome.after


@ALL_METHODS
def test_the_circuit_is_left_at_what_was_found(method: str) -> None:
    circuit = neuron()
    outcome = moved(circuit, method=method, steps=7)
    assert circuit.values() == {name: outcome.after[name] for name in circuit.inputs}
    assert circuit.forward() == outcome.after
    assert not outcome.worse


@ALL_METHODS
@given(x=st.floats(-1.5, 1.5), y=st.floats(-1.5, 1.5))
def test_minimising_lowers_what_maximising_raises(method: str, x: float, y: float) -> None:
    def run(goal: str) -> tuple[float, float]:
        circuit = circuitgrad.from_expression("sin(x) + cos(y)*x", x=x, y=y)
        outcome = moved(circuit, method=method, steps=5, step_size=1e-3, goal=goal)
        return outcome.before["out"], outcome.after["out"]

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
    outcome = moved(circuit, method=method, steps=200, step_size=0.1)
    assert outcome.after["y"] == 2
    assert 1 <= outcome.after["x"] <= 1.02
    assert outcome.after["z"] >= 0
    assert outcome.after["p"] > 2


def test_gradient_steps_end_at_the_bounds() -> None:
    circuit = circuitgrad.loads("{inputs: {x: {value: 1, max: 1.5}}, gates: {p: 3*x}}")
    assert moved(circuit, steps=50, step_size=0.1).after["x"] == 1.5


def test_descent_finds_the_minimum_of_a_parabola() -> None:
    circuit = circuitgrad.from_expression("(x - 3)**2 + (y + 1)**2", x=0, y=0)
    outcome = moved(circuit, steps=200, step_size=0.1, goal="minimize")
    assert outcome.after["x"] == pytest.approx(3, abs=1e-9)
    assert outcome.after["y"] == pytest.approx(-1, abs=1e-9)


def test_only_the_wire_asked_for_counts() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 1}, gates: {up: 2*x, down: -2*x}, output: [up, down]}")
    assert moved(circuit, output="down", steps=1).after["down"] > -2
    with pytest.raises(CircuitError):
        moved(circuit, steps=1)


def test_no_steps_leave_everything() -> None:
    outcome = moved(neuron(), steps=0)
    assert outcome.steps == 0
    assert outcome.before == outcome.after


def test_a_step_to_infinity_stops_at_the_last_finite_point() -> None:
    circuit = circuitgrad.from_expression("exp(exp(x))", x=1)
    outcome = moved(circuit, steps=1000, step_size=1.0)
    assert outcome.stopped == "nonfinite"
    assert outcome.steps < 1000
    assert all(map(math.isfinite, outcome.after.values()))
    assert circuit.values()["x"] == outcome.after["x"]
    assert outcome.culprit is not None
    assert "is inf: exp(" in outcome.culprit.message


def test_a_gradient_that_is_not_finite_stops_and_names_the_gate() -> None:
    outcome = moved(circuitgrad.from_expression("sqrt(x*x)", x=0), steps=5)
    assert (outcome.stopped, outcome.steps, outcome.after["x"]) == ("nonfinite", 0, 0)
    assert outcome.culprit is not None
    assert "the gradient becomes inf at 'out'" in outcome.culprit.message


def test_a_step_beyond_the_doubles_is_named() -> None:
    outcome = moved(circuitgrad.from_expression("1e300*x", x=1), steps=5, step_size=1e300)
    assert outcome.stopped == "nonfinite"
    assert outcome.culprit is not None
    assert outcome.culprit.message == "the step takes 'x' from 1.0 to inf"


def test_steps_that_are_too_long_are_noticed() -> None:
    circuit = circuitgrad.from_expression("x*x", x=1)
    outcome = moved(circuit, steps=3, step_size=5.0, goal="minimize")
    assert outcome.worse
    # x goes to -9, 81, -729: the start is the best.
    assert (outcome.kept, outcome.last, outcome.lost, outcome.steps) == (0, 1.0, 729.0**2, 3)
    assert outcome.after["x"] == circuit["x"].value == 1
    assert [problem.message for problem in outcome.warnings] == [
        "'out' has gone the wrong way, from 1 to 531441: the best point is kept, that of step 0"
    ]


@pytest.mark.parametrize("engine", ["objects", "python", "native"])
@pytest.mark.parametrize("method", ["gradient", "momentum", "nesterov", "adam", "rmsprop", "numeric", "newton"])
def test_the_best_iterate_is_kept_where_the_last_is_worse_than_the_start(method: str, engine: str) -> None:
    """The curve over x falls at first, and then rises: the steps go over the edge."""
    iterates: list[Iterate] = []
    circuit = circuitgrad.from_expression("x**4 - 3*x if x < 1.1 else 50.0*x", x=0)
    settings = Optimization("minimize", method=method, steps=60, step_size=0.45 if method != "newton" else 1.5)
    if method == "newton":
        settings = replace(settings, line_search=False)
    outcome = optimize(circuit, settings, engine=engine, listen=iterates.append)
    best = min(iterates, key=lambda iterate: iterate.objective)
    if outcome.kept is None:
        assert iterates[-1].objective <= iterates[0].objective
        assert outcome.after["x"] == iterates[-1].point[0]
    else:
        assert iterates[-1].objective > iterates[0].objective
        assert (outcome.kept, outcome.last, outcome.after["x"]) == (best.number, best.objective, best.point[0])


def test_a_batch_keeps_the_start_where_the_end_is_worse() -> None:
    circuit = circuitgrad.from_expression("(x - a)**2", a=0, x=0)
    rows = Rows({"x": array("d", [1.0, 2.0, 3.0, 4.0])}, [2, 3, 4, 5], ())
    outcome = optimize(circuit, Optimization("minimize", steps=30, step_size=3.0, batch_size=1), rows)
    assert (outcome.kept, outcome.after["a"], outcome.last) == (0, 0.0, 7.5)
    far = optimize(circuit, Optimization("minimize", steps=30, step_size=0.3, batch_size=1), rows)
    assert far.kept is None  # the last iterate of a run that has got better, though not its best


def test_what_cannot_be_optimised() -> None:
    with pytest.raises(CircuitError, match="nothing to move: every input of 'all' is fixed"):
        moved(circuitgrad.loads("{name: all, inputs: {x: {value: 1, fixed: true}}, gates: {y: 2*x}}"))
    with pytest.raises(CircuitError, match=r"'out' is nan at the start: 'out' is nan: log\(-1\.0\)"):
        moved(circuitgrad.from_expression("log(x)", x=-1))
    with pytest.raises(CircuitError, match=r"'newtn'.*did you mean 'newton'"):
        optimize(neuron(), Optimization(method="newtn"))
    with pytest.raises(CircuitError, match="no wire called 'zz'"):
        moved(neuron(), output="zz")


# What holds for every method.
EVERY = pytest.mark.parametrize("method", METHODS)


def mean_square() -> float:
    """Return the mean of the squares of the line's residuals at the start, by hand: the line is y = x there."""
    pairs = list(zip(POINTS["x"], POINTS["y"], strict=True))
    return sum((y - x) ** 2 for x, y in pairs) / len(pairs)


@EVERY
def test_every_method_fits_a_line(method: str) -> None:
    circuit = line()
    steps = 3000 if method in ("adam", "rmsprop", "random", "hillclimb", "numeric") else 500
    outcome = optimize(circuit, fitting(method, steps=steps, step_size=0.03), table(POINTS))
    assert outcome.first == pytest.approx(mean_square())
    # By the textbook, what is left of the squares is Syy - Sxy**2/Sxx.
    least = (35.8 - 18**2 / 10) / 5
    assert least - 1e-12 <= outcome.last < (outcome.first if method == "random" else 1.05 * least)
    assert (outcome.rows, outcome.moved) == (5, ["slope", "offset"])
    assert not outcome.worse
    assert (outcome.fit is None) == (outcome.goal != "least_squares")
    # The columns leave the inputs that they bind as they were, and are no part of the wires that are reported.
    assert (circuit.values()["x"], circuit.values()["y"]) == (0, 0)
    assert {"slope", "offset"} <= outcome.after.keys()
    assert not {"x", "y", "model", "residual"} & outcome.after.keys()


@EVERY
def test_the_same_run_is_the_same_to_the_last_bit(method: str) -> None:
    wanted = fitting(method, steps=30, step_size=0.02, batch_size=2, seed=3)
    assert facts(optimize(line(), wanted, table(POINTS))) == facts(optimize(line(), wanted, table(POINTS)))


@EVERY
def test_those_who_listen_are_told_every_step(method: str) -> None:
    outcome, steps = optimized(line(), fitting(method, steps=25, step_size=0.02), table(POINTS))
    assert [step.number for step in steps] == list(range(outcome.steps + 1))
    assert [(step.number, step.objective) for step in steps] == list(outcome.curve)
    assert (steps[0].objective, steps[-1].objective) == pytest.approx((outcome.first, outcome.last), rel=1e-12)
    assert list(steps[0].point) == [1, 0]
    assert [outcome.after[name] for name in outcome.moved] == list(steps[-1].point)
    assert all((step.norm is None) != algorithm(method).needs_gradient for step in steps)
    assert steps[-1].norm == pytest.approx(outcome.norm)
    # Every objective is that of its point, by hand.
    for step in steps:
        slope, offset = step.point
        squares = [(y - slope * x - offset) ** 2 for x, y in zip(POINTS["x"], POINTS["y"], strict=True)]
        assert step.objective == pytest.approx(sum(squares) / 5, rel=1e-12)


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
@ALL_METHODS
def test_with_data_the_mean_is_moved(goal: str, method: str) -> None:
    """The mean of sin(a*x) over the rows, for either goal."""
    columns = {"x": [0.3, 0.9, 1.7]}
    circuit = circuitgrad.from_expression("sin(a*x) + b", a=0.5, b=1, x=0)
    wanted = told(method, goal=goal, steps=5, step_size=0.01)
    outcome = optimize(circuit, wanted, table(columns))
    for values, objective in ((outcome.before, outcome.first), (outcome.after, outcome.last)):
        mean = sum(math.sin(values["a"] * x) + values["b"] for x in columns["x"]) / 3
        assert objective == values["out"] == pytest.approx(mean, rel=1e-14)
    assert (outcome.last > outcome.first) == (goal == "maximize")
    assert not outcome.worse


def test_a_circuit_alone_runs_its_own_experiment() -> None:
    text = (
        "{inputs: {x: 1}, gates: {y: (x - 3)**2}, optimize: {minimize: y, method: momentum, steps: 5, momentum: 0.5}}"
    )
    outcome = optimize(circuitgrad.loads(text))
    assert (outcome.goal, outcome.method, outcome.steps, outcome.settings.momentum) == ("minimize", "momentum", 5, 0.5)
    # Other settings replace all of the file's.
    outcome = optimize(circuitgrad.loads(text), Optimization(steps=2))
    assert (outcome.goal, outcome.method, outcome.steps) == ("maximize", "gradient", 2)
    assert optimize(circuitgrad.loads("{inputs: {x: 1}, gates: {y: 3*x}}")).after["x"] == pytest.approx(4)


@pytest.mark.parametrize("method", ["lbfgs", "lm", "trf"])
def test_without_scipy_there_is_one_line(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    circuit = line()
    with pytest.raises(
        CircuitError, match=rf"^error: the method {method} needs SciPy \(pip install 'circuitgrad\[fit\]'"
    ):
        optimize(circuit, fitting(method), table(POINTS))
    assert circuit.values() == line().values()


@EVERY
def test_what_is_refused_leaves_the_circuit_as_it_is(method: str) -> None:
    circuit = circuitgrad.from_expression("log(a*x) - y", a=-1, x=1, y=0)
    goal = "least_squares" if algorithm(method).squares else "minimize"
    with pytest.raises(CircuitError, match="'out' is nan at the start"):
        optimize(circuit, Optimization(goal, method=method), table({"x": [1, 2], "y": [0, 1]}))
    assert circuit.values() == {"a": -1, "x": 1, "y": 0}


@EVERY
def test_present_values_are_where_a_run_begins(method: str) -> None:
    circuit = line()
    circuit.assign({"slope": 2.5, "offset": -1})
    outcome, steps = optimized(circuit, fitting(method, steps=1), table(POINTS))
    assert list(steps[0].point) == [2.5, -1]
    assert (outcome.before["slope"], outcome.before["offset"]) == (2.5, -1)


@pytest.mark.parametrize("method", ["gradient", "hillclimb", "lbfgs", "newton", "random"])
@settings(max_examples=examples(30))
@given(x=st.floats(-2, 2), y=st.floats(-2, 2))
def test_methods_that_look_first_never_get_worse(method: str, x: float, y: float) -> None:
    wanted = told(method, goal="minimize", steps=15, line_search=True, step_size=0.5)
    outcome, steps = optimized(bowl(x, y), wanted)
    objectives = [step.objective for step in steps]
    # Near the end of doubles a search may take a step that is level but for rounding.
    assert all(after <= before * (1 + 1e-14) for before, after in pairwise(objectives))
    assert not outcome.worse or outcome.last == pytest.approx(outcome.first, rel=1e-13)

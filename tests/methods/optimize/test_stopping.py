"""Why a run ends, after how many steps, and at which point."""

from __future__ import annotations

import math
from array import array
from itertools import count
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
from circuitgrad.methods.optimize.run import PROGRESS_STEPS, Outcome
from circuitgrad.methods.optimize.settings import algorithm

if TYPE_CHECKING:
    from circuitgrad.methods.optimize.search import Iterate

GENERAL = [method for method in METHODS if not algorithm(method).squares]
TOLERANT = [method for method in GENERAL if "tolerance" in algorithm(method).uses]
VALLEY = "3 + (1 - a)**2 + 3*(b - a*a)**2"


def run(formula: str, start: dict[str, float], method: str = "gradient", **told: Any) -> tuple[Outcome, list[Iterate]]:
    """Lower a formula, and return the outcome and every step."""
    steps: list[Iterate] = []
    options = {name: told.pop(name) for name in ("interrupted", "rows", "engine") if name in told}
    uses = algorithm(method).uses | {"steps", "time_limit", "goal"}
    optimization = Optimization(**{"goal": "minimize", "method": method, **told})
    assert told.keys() <= uses
    return optimize(circuitgrad.from_expression(formula, **start), optimization, listen=steps.append, **options), steps


def assert_kept(result: Outcome, steps: list[Iterate]) -> None:
    """Require that a run ends at its last accepted step, and says so everywhere."""
    last = steps[-1]
    assert result.steps == last.number == len(steps) - 1
    assert [step.number for step in steps] == list(range(len(steps)))
    assert [result.after[name] for name in result.moved] == list(last.point)
    assert result.circuit.values() == {name: result.after[name] for name in result.circuit.inputs}
    assert (result.first, result.last, result.norm) == (steps[0].objective, last.objective, last.norm)
    assert (result.curve[0], result.curve[-1]) == ((0, result.first), (result.steps, result.last))
    assert all(map(math.isfinite, [result.last, *result.after.values()]))
    assert (result.culprit is None) == (result.stopped != "nonfinite")


@pytest.mark.parametrize("method", GENERAL)
@settings(max_examples=examples(5))
@given(steps=st.integers(1, 12))
def test_steps(method: str, steps: int) -> None:
    outcome, seen = run(VALLEY, {"a": -0.5, "b": 1.5}, method, steps=steps)
    assert outcome.stopped == "steps" or (
        method in ("newton", "lbfgs") and outcome.stopped == "converged" and steps > 6
    )
    assert outcome.steps == steps or outcome.stopped == "converged"
    assert_kept(outcome, seen)


@pytest.mark.parametrize("method", METHODS)
def test_no_steps(method: str) -> None:
    goal = "least_squares" if algorithm(method).squares else "minimize"
    outcome, seen = run("a*a + 2", {"a": -0.5}, method, steps=0, goal=goal)
    assert (outcome.stopped, outcome.steps) == ("steps", 0)
    assert (outcome.before, outcome.first) == (outcome.after, outcome.last)
    assert outcome.curve == [(0, outcome.first)]
    assert_kept(outcome, seen)


@pytest.mark.parametrize("method", TOLERANT)
def test_a_gradient_that_is_small_enough(method: str) -> None:
    # Towards a minimum of 0 the progress stays a large part of what is left.
    told: dict[str, Any] = {"rmsprop": {"step_size": 0.5, "schedule": "1/t"}, "newton": {}, "lbfgs": {}}.get(
        method, {"step_size": 0.05}
    )
    outcome, seen = run("9*a*a + b*b", {"a": -0.5, "b": 1.5}, method, tolerance=1e-3, steps=1000, **told)
    assert outcome.stopped == "gradient"
    assert_kept(outcome, seen)
    norms = [math.inf if step.norm is None else step.norm for step in seen]
    assert norms[-1] <= 1e-3 < min(norms[1:-1], default=1)


@pytest.mark.parametrize("method", [method for method in TOLERANT if method not in ("newton", "lbfgs")])
def test_the_first_ten_steps_that_bring_too_little(method: str) -> None:
    # The slope is never small; the progress is, at once or, where the steps get longer at first, for a while.
    outcome, seen = run("10 + 3*a + 0.1*sin(5*a)", {"a": 0}, method, tolerance=0.05, steps=500, step_size=0.02,
                      schedule="1/t")  # fmt: skip
    assert outcome.stopped == "progress"
    assert_kept(outcome, seen)
    values = [step.objective for step in seen]
    parts = [abs(values[k] - values[k - PROGRESS_STEPS]) / abs(values[k]) for k in range(PROGRESS_STEPS, len(values))]
    assert parts[-1] <= 0.05 < min(parts[:-1], default=1)


def test_progress_that_is_enough_goes_on() -> None:
    # Ten steps of 0.1 against 100 are a hundredth: a tolerance a little below it lets the run go on.
    ends = {}
    for tolerance in (0.0099, 0.0102):
        outcome, _ = run("100 + a", {"a": 0}, step_size=0.1, tolerance=tolerance, steps=15)
        ends[tolerance] = outcome.stopped, outcome.steps
    assert ends == {0.0099: ("steps", 15), 0.0102: ("progress", 10)}


def test_a_tolerance_of_0_ends_where_nothing_moves() -> None:
    outcome, seen = run("a*a", {"a": 0.0}, tolerance=0.0, steps=50)
    assert outcome.stopped == "gradient"
    assert_kept(outcome, seen)
    still, seen = run("a*a + 1e9", {"a": 1e-9}, tolerance=0.0, step_size=1e-3, steps=50)
    assert (still.stopped, still.steps) == ("progress", PROGRESS_STEPS)
    assert_kept(still, seen)


def test_a_start_whose_gradient_is_small_enough_stays() -> None:
    outcome, _ = run("a*a", {"a": 1e-9}, tolerance=1e-6, step_size=10.0, steps=50)
    assert (outcome.stopped, outcome.steps, outcome.after["a"]) == ("gradient", 0, 1e-9)


def test_a_small_gradient_is_named_before_small_progress() -> None:
    outcome, _ = run("100 + a*a", {"a": 1e-3}, tolerance=1e-3, step_size=0.05, steps=50)
    assert (outcome.stopped, outcome.steps) == ("gradient", 7)  # 2e-3 times 0.9**7 is below 1e-3


def test_the_last_step_is_named_before_all_else() -> None:
    outcome, _ = run("a*a", {"a": 1e-9}, tolerance=1.97e-9, steps=1, interrupted=lambda: True, time_limit=1e-9)
    assert (outcome.stopped, outcome.steps) == ("steps", 1)


@pytest.mark.parametrize("method", ["gradient", "numeric", "newton", "lbfgs"])
def test_nowhere_to_go_any_more(method: str) -> None:
    told = {"line_search": True} if method in ("gradient", "numeric") else {}
    outcome, seen = run("(a - 0.7)**2 + 1", {"a": 2.5}, method, steps=1000, **told)
    assert outcome.stopped == "converged"
    assert outcome.steps < 1000
    assert outcome.after["a"] == pytest.approx(0.7, abs=1e-3 if method == "numeric" else 1e-8)
    assert_kept(outcome, seen)


@pytest.mark.parametrize("method", ["gradient", "numeric", "newton", "lbfgs"])
def test_a_bound_is_an_end(method: str) -> None:
    circuit = circuitgrad.loads("{inputs: {a: {value: 1, min: -2, max: 3}}, gates: {y: (a - 9)**2}}")
    told: dict[str, Any] = {"line_search": True} if method in ("gradient", "numeric") else {}
    seen: list[Iterate] = []
    outcome = optimize(circuit, Optimization("minimize", method=method, steps=1000, **told), listen=seen.append)
    assert (outcome.stopped, outcome.after["a"]) == ("converged", 3.0)
    assert outcome.norm in (0.0, None)
    assert_kept(outcome, seen)


@pytest.mark.parametrize("method", ["lm", "trf"])
def test_least_squares_converge(method: str) -> None:
    rows = Rows({"x": array("d", [1, 2, 3, 5]), "y": array("d", [2.7, 7.4, 20, 150])}, range(2, 6), ())
    outcome, _ = run("y - exp(a*x)", {"a": 0.5, "x": 0, "y": 0}, method, goal="least_squares", rows=rows)
    assert outcome.stopped == "converged"
    assert outcome.norm is not None
    assert outcome.norm < 1e-9
    assert outcome.circuit.values()["a"] == outcome.after["a"] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("method", GENERAL)
def test_time(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr("circuitgrad.methods.optimize.run.monotonic", lambda: float(next(ticks)))
    outcome, seen = run(VALLEY, {"a": -0.5, "b": 1.5}, method, steps=1000, time_limit=2.5)
    # The clock strikes once at the start, and once a step.
    if algorithm(method).replays:  # there the clock is looked at in the midst of a step, too
        assert outcome.stopped == "time"
        assert outcome.steps < 3
        return
    assert (outcome.stopped, outcome.steps) == ("time", 3)
    assert_kept(outcome, seen)


@pytest.mark.parametrize("method", METHODS)
def test_time_that_is_over_at_once(method: str) -> None:
    goal = "least_squares" if algorithm(method).squares else "minimize"
    outcome, seen = run("(a - 1)**2 + 1", {"a": 3}, method, goal=goal, time_limit=1e-12)
    assert (outcome.stopped, outcome.steps <= 1) == ("time", True)
    assert_kept(outcome, seen)


@pytest.mark.parametrize("method", GENERAL)
@settings(max_examples=examples(4))
@given(after=st.integers(1, 6))
def test_interruption(method: str, after: int) -> None:
    asked = count(1)
    outcome, seen = run(VALLEY, {"a": -0.5, "b": 1.5}, method, steps=1000, interrupted=lambda: next(asked) >= after)
    assert (outcome.stopped, outcome.steps) == ("interrupted", after)
    assert_kept(outcome, seen)
    # What was done until then is what is done without it.
    uninterrupted, _ = run(VALLEY, {"a": -0.5, "b": 1.5}, method, steps=after)
    assert uninterrupted.after == outcome.after


@pytest.mark.parametrize("engine", ["objects", "python"])
@pytest.mark.parametrize(
    "method", ["gradient", "momentum", "nesterov", "adam", "rmsprop", "numeric", "newton", "lbfgs"]
)
def test_infinity(method: str, engine: str) -> None:
    told: dict[str, Any] = {"step_size": 3.0} if method != "lbfgs" else {}
    if method == "newton":
        told["line_search"] = False
    outcome, seen = run("exp(exp(a))", {"a": 0.5}, method, goal="maximize", steps=1000, engine=engine, **told)
    assert (outcome.stopped, outcome.steps < 1000) == ("nonfinite", True)
    assert_kept(outcome, seen)
    assert outcome.culprit is not None
    assert "inf" in outcome.culprit.message or "nan" in outcome.culprit.message


@pytest.mark.parametrize("method", ["random", "hillclimb"])
def test_tries_that_are_infinite_are_not_taken(method: str) -> None:
    outcome, seen = run("log(a)", {"a": 0.5}, method, steps=50, step_size=5.0, seed=1)
    assert outcome.stopped == "steps"
    assert_kept(outcome, seen)
    up, seen = run("exp(exp(a))", {"a": 5.0}, method, goal="maximize", steps=50, step_size=9.0, seed=1)
    assert up.stopped == "nonfinite"
    assert_kept(up, seen)


def test_a_line_search_steps_back_from_infinity() -> None:
    outcome, seen = run("exp(exp(a)) - 20*a", {"a": -3.0}, line_search=True, step_size=1.0, steps=40)
    assert outcome.stopped in ("steps", "converged")
    assert outcome.last < outcome.first
    assert_kept(outcome, seen)


def test_a_line_search_gets_along_with_steep_slopes() -> None:
    outcome, _ = run("(1e12*a)**2", {"a": 1.0}, line_search=True, steps=40)
    assert outcome.last < outcome.first


def test_a_culprit_is_named_with_its_row() -> None:
    rows = Rows({"x": array("d", [1, 3, 2])}, [2, 4, 5], ())
    outcome, _ = run("exp(a*x)", {"a": 100.0, "x": 0}, goal="maximize", steps=9, step_size=1e-128, rows=rows)
    assert outcome.stopped == "nonfinite"
    assert outcome.culprit is not None
    assert outcome.culprit.message.startswith("'out' is inf: exp(")
    assert outcome.culprit.message.endswith("at line 4 of the data")


def test_the_last_finite_point_is_kept_where_only_the_next_batch_is_lost() -> None:
    rows = Rows({"x": array("d", [1, 1000])}, [2, 3], ())
    outcome, seen = run(
        "exp(a*x)", {"a": 0.5, "x": 0}, goal="maximize", batch_size=1, steps=50, step_size=0.1, rows=rows
    )
    assert outcome.stopped == "nonfinite"
    assert outcome.steps == len(seen) - 1
    assert math.isfinite(outcome.last)


def test_what_is_kept_is_finite_over_all_rows() -> None:
    rows = Rows({"x": array("d", [1, 1000, 1, 1, 1, 1, 1, 1])}, range(2, 10), ())
    ends = set()
    for seed in range(6):
        outcome, _ = run("exp(a*x)", {"a": 0.705, "x": 0}, goal="maximize", batch_size=1, steps=3, step_size=0.1,
                       rows=rows, seed=seed)  # fmt: skip
        ends.add(math.isfinite(outcome.last))
    assert ends == {True}


def test_squares_that_overflow_are_named() -> None:
    outcome, _ = run("1e154*a", {"a": 0.1}, goal="least_squares", step_size=1e-305, steps=50)
    assert outcome.stopped == "nonfinite"
    assert outcome.culprit is not None


def test_a_start_that_is_not_finite_is_refused() -> None:
    with pytest.raises(CircuitError, match=r"the output 'out' is nan at the start: 'out' is nan: log\(-1\.0\)"):
        run("log(a)", {"a": -1})
    rows = Rows({"x": array("d", [1, 0, 0])}, [2, 7, 9], ())
    with pytest.raises(CircuitError, match=r"'out\.1' is inf: recip\(0\.0\), at line 7|is inf: .*, at line 7"):
        run("a/x", {"a": 1, "x": 0}, rows=rows)


def test_a_start_whose_squares_overflow_is_refused_in_other_words() -> None:
    with pytest.raises(CircuitError, match="at the start") as refused:
        run("1e200*a", {"a": 1}, goal="least_squares", steps=3)
    assert "the output 'out' is inf" not in refused.value.problems[0].message


def test_slopes_that_are_infinite_at_the_start_end_trf() -> None:
    outcome, _ = run("sqrt(a) - 1", {"a": 0.0}, "trf", goal="least_squares")
    assert (outcome.stopped, outcome.steps) == ("nonfinite", 0)


def test_slopes_that_are_infinite_at_the_start_end_lm() -> None:
    outcome, _ = run("sqrt(a) - 1", {"a": 0.0}, "lm", goal="least_squares")
    assert (outcome.stopped, outcome.steps) == ("nonfinite", 0)


def test_a_start_out_of_bounds_is_no_traceback() -> None:
    circuit = circuitgrad.loads("{inputs: {a: {value: 0.5, max: 1}}, gates: {y: a - 3}}")
    circuit.assign({"a": 5.0})
    outcome = optimize(circuit, Optimization("least_squares", method="trf"))
    assert outcome.after["a"] <= 1

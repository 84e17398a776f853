"""What every method moves by: batches, schedules, the line search, bounds, costs that are remembered."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import METHODS, SCHEDULES, Optimization
from circuitgrad.data.table import Rows
from circuitgrad.methods.optimize.objective import Objective
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.search import COST_ROUNDING, SUFFICIENT_DECREASE, Iterate, Search
from circuitgrad.methods.optimize.settings import algorithm, settled
from random_circuits import SMOOTH, Plan, plans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.optimize.run import Outcome

WALKS = [method for method in METHODS if "step_size" in algorithm(method).uses]
SEARCHES = [method for method in METHODS if "line_search" in algorithm(method).uses]


def rows_of(count: int) -> Rows:
    return Rows({"x": array("d", [0.3 * i - 1 for i in range(count)])}, range(2, 2 + count), ())


def search_of(circuit: Circuit, rows: Rows | None = None, **told: Any) -> Search:
    """Return a search that accepts every step."""
    wanted = settled(Optimization(**told), circuit, rows)
    assert wanted.output is not None
    assert wanted.method is not None
    objective = Objective(circuit, wanted.output, wanted.goal, rows)
    return Search(objective, wanted, algorithm(wanted.method), lambda _: None)


def optimized(circuit: Circuit, rows: Rows | None = None, **told: Any) -> tuple[Outcome, list[Iterate]]:
    steps: list[Iterate] = []
    return optimize(circuit, Optimization(**told), rows, listen=steps.append), steps


def batches(count: int, size: int, seed: int, epochs: int) -> list[list[list[int]]]:
    """Return the batches of some epochs."""
    circuit = circuitgrad.from_expression("a*x", a=1, x=0)
    search = search_of(circuit, rows_of(count), batch_size=size, seed=seed)
    an_epoch = -(-count // size)
    result = []
    for step in range(an_epoch * epochs):
        search.number = step
        result.append(list(search.batch))
        assert list(search.batch) == result[-1]
    return [result[at : at + an_epoch] for at in range(0, len(result), an_epoch)]


@settings(max_examples=examples(50))
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 2**70))
def test_every_epoch_sees_every_row_once(count: int, size: int, seed: int) -> None:
    for epoch in batches(count, size, seed, 3):
        assert sorted(row for batch in epoch for row in batch) == list(range(count))
        assert all(len(batch) == min(size, count) for batch in epoch[:-1])
        assert len(epoch[-1]) == (count % size or min(size, count))


def test_the_seed_is_the_order() -> None:
    first = batches(30, 7, 5, 3)
    assert first == batches(30, 7, 5, 3)
    assert first != batches(30, 7, 6, 3)
    # Every epoch has its own.
    assert len({str(epoch) for epoch in first}) == 3
    # As many rows as there are, or more, are all of them, as they stand.
    assert batches(4, 4, 5, 2) == batches(4, 9, 6, 2) == [[[0, 1, 2, 3]]] * 2


def test_an_order_does_not_depend_on_the_steps_before() -> None:
    circuit = circuitgrad.from_expression("a*x", a=1, x=0)
    search = search_of(circuit, rows_of(10), batch_size=3, seed=1)
    search.number = 9
    assert list(search.batch) == batches(10, 3, 1, 3)[2][1]


RULES: dict[str, Callable[[int, int], float]] = {
    "constant": lambda k, n: 1.0,
    "cosine": lambda k, n: 0.5 * (1 + math.cos(math.pi * k / n)),
    "1/t": lambda k, n: 1 / (k + 1),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@settings(max_examples=examples(30))
@given(size=st.floats(1e-6, 1e3), steps=st.integers(1, 40))
def test_a_schedule_is_its_formula(schedule: str, size: float, steps: int) -> None:
    # The slope is 1 everywhere, so that a step is as long as the step size.
    result, seen = optimized(circuitgrad.from_expression("x", x=0), schedule=schedule, step_size=size, steps=steps)
    assert result.steps == steps
    at = 0.0
    for step in seen[1:]:
        at += size * RULES[schedule](step.number - 1, steps)
        assert step.point[0] == pytest.approx(at, rel=1e-12)
    others = [rule for name, rule in RULES.items() if name != schedule]
    if steps > 2:
        assert all(seen[-1].point[0] != pytest.approx(size * sum(rule(k, steps) for k in range(steps)), rel=1e-6)
                   for rule in others)  # fmt: skip


def test_a_schedule_narrows_the_box_of_tries() -> None:
    circuit = circuitgrad.from_expression("x", x=0)
    _, seen = optimized(circuit, method="hillclimb", schedule="1/t", step_size=1.0, steps=50, seed=2)
    leaps = [after.point[0] - before.point[0] for before, after in pairwise(seen)]
    assert all(0 <= leap <= 1 / (k + 1) for k, leap in enumerate(leaps))
    assert any(leap > 0 for leap in leaps[25:])


@pytest.mark.parametrize("method", SEARCHES)
@settings(max_examples=examples(60))
@given(plan=plans(tuple(SMOOTH), most=8), squares=st.booleans(), size=st.sampled_from([1e-3, 1.0, 50.0]))
def test_every_step_of_a_line_search_improves_enough(method: str, plan: Plan, squares: bool, size: float) -> None:
    goal = "least_squares" if squares else "minimize"
    circuit, again = plan.circuit(), plan.circuit()
    output, names = plan.names[-1], list(circuit.inputs)
    objective = Objective(again, output, goal)
    assume(all(map(math.isfinite, objective.start)))
    result, seen = optimized(circuit, goal=goal, method=method, line_search=True, step_size=size, steps=8)
    assert result.stopped in ("steps", "converged", "nonfinite")
    for before, after in pairwise(seen):
        start, slope = objective.slopes(before.point, [0])
        end, flatter = objective.slopes(after.point, [0])
        noise = COST_ROUNDING * abs(start)
        assert end <= start + noise
        if method == "numeric":
            assert end <= start  # equal where it goes along no more than the rounding of its differences
            continue
        promised = sum(g * (x - y) for g, x, y in zip(slope, before.point, after.point, strict=True))
        is_armijos = end <= start - SUFFICIENT_DECREASE * promised
        assert is_armijos or (abs(promised) <= noise and math.hypot(*flatter) < math.hypot(*slope))
    assert result.moved == names


def test_a_step_that_is_too_long_would_be_noticed() -> None:
    circuit = circuitgrad.from_expression("x**4", x=1)
    _, free = optimized(circuit, goal="minimize", step_size=1.0, steps=1)
    assert free[1].objective > free[0].objective
    circuit.assign({"x": 1.0})
    _, searched = optimized(circuit, goal="minimize", line_search=True, steps=1)
    # 1 - 4 and 1 - 2 are no better than 1; 1 - 1 is.
    assert [list(step.point) for step in searched] == [[1.0], [0.0]]
    assert free[1].point == [-3.0]


def test_where_rounding_hides_a_fall_the_gradient_decides() -> None:
    # Near its minimum, written so that much cancels, the cost is noise, while the gradient still tells the way.
    rises = 0
    for k in range(1, 60):
        circuit = circuitgrad.from_expression("x*x - 6*x + 10", x=3 + k * 1e-8)
        _, seen = optimized(circuit, goal="minimize", line_search=True, step_size=0.4, steps=6)
        assert len(seen) > 2
        for before, after in pairwise(seen):
            assert before.norm is not None
            assert after.norm is not None
            assert after.norm < before.norm
            assert after.objective <= before.objective * (1 + COST_ROUNDING)
            rises += after.objective > before.objective
    assert rises > 5


def test_a_rise_beyond_noise_is_none_that_rounding_hides() -> None:
    # What the slope, 2e-6, promises is below the noise of 1; but the step ends on the top of a ripple, where it is 0.
    circuit = circuitgrad.from_expression("1 + 1e-12*sin(1e9*x)**2", x=1e-12)
    size = (math.pi / 2 + 1e-3) * 1e-9 / 2e-6
    _, free = optimized(circuit, goal="minimize", step_size=size, steps=1)
    assert free[1].objective > 1 + 50 * COST_ROUNDING
    circuit.assign({"x": 1e-12})
    _, seen = optimized(circuit, goal="minimize", line_search=True, step_size=size, steps=3)
    assert all(step.objective <= 1 + COST_ROUNDING for step in seen)


@pytest.mark.parametrize(("start", "method"), [(0.0, "gradient"), (5.0, "gradient"), (5.0, "newton")])
def test_a_line_search_within_bounds_ends(monkeypatch: pytest.MonkeyPatch, start: float, method: str) -> None:
    """From 0 the slope is infinite, and the bound is no better; 5 is out of bounds, and what is within is worse."""
    computed, tries = Objective.cost, iter(range(5000))

    def cost(self: Objective, point: Sequence[float], batch: Sequence[int]) -> float:
        if next(tries, None) is None:
            raise RecursionError
        return computed(self, point, batch)

    monkeypatch.setattr(Objective, "cost", cost)
    formula = "10*x - sqrt(x)" if start == 0 else "(x - 4)**2"
    circuit = circuitgrad.loads(f"{{inputs: {{x: {{value: 0, min: 0, max: 1}}}}, gates: {{y: '{formula}'}}}}")
    circuit.assign({"x": start})
    result, _ = optimized(circuit, goal="minimize", method=method, line_search=True)
    assert result.stopped in ("nonfinite", "converged")


def bounded(plan: Plan, rooms: Sequence[tuple[float, float]]) -> Circuit:
    """Return a circuit whose inputs have bounds: so far below and above their values."""
    text = plan.text
    for i, (value, (below, above)) in enumerate(zip(plan.inputs, rooms, strict=True)):
        spelled = f"{{value: {value!r}, min: {value - below!r}, max: {value + above!r}}}"
        text = text.replace(f"  x{i}: {value!r}\n", f"  x{i}: {spelled}\n", 1)
    return circuitgrad.loads(text)


room = st.sampled_from([(0.0, 0.5), (0.5, 0.0), (0.1, 0.1), (math.inf, 0.01), (0.25, math.inf), (math.inf, math.inf)])


@pytest.mark.parametrize("method", [*WALKS, "lbfgs"])
@settings(max_examples=examples(25))
@given(data=st.data(), plan=plans(tuple(SMOOTH), most=6))
def test_bounds_hold_and_count_for_the_norm(method: str, data: st.DataObject, plan: Plan) -> None:
    rooms = data.draw(st.lists(room, min_size=len(plan.inputs), max_size=len(plan.inputs)))
    circuit, again = bounded(plan, rooms), bounded(plan, rooms)
    told: dict[str, Any] = {"step_size": 0.3} if "step_size" in algorithm(method).uses else {}
    goal = data.draw(st.sampled_from(["minimize", "maximize"]))
    objective = Objective(again, plan.names[-1], goal)
    _, seen = optimized(circuit, goal=goal, method=method, steps=6, **told)
    limits = [(leaf.min, leaf.max) for leaf in circuit.inputs.values()]
    for step in seen:
        assert all(low <= x <= high for x, (low, high) in zip(step.point, limits, strict=True))
        if step.norm is None:
            continue
        slopes = objective.slopes(step.point, [0])[1]
        left = [
            g
            for g, x, (low, high) in zip(slopes, step.point, limits, strict=True)
            if (x > low if g > 0 else x < high)  # there is somewhere to go
        ]
        assert step.norm == pytest.approx(math.hypot(*left), rel=1e-12)


def test_a_norm_of_what_is_held_back_is_0() -> None:
    circuit = circuitgrad.loads("{inputs: {x: {value: 0, max: 1}, y: {value: 2, min: 2}}, gates: {z: 3*x - 4*y}}")
    result, seen = optimized(circuit, step_size=0.5, steps=3)
    assert [step.norm for step in seen] == [3.0, 0.0, 0.0, 0.0]
    assert [list(step.point) for step in seen[1:]] == [[1.0, 2.0]] * 3
    # The other way both are free: at the bound the slope leads back.
    circuit.assign({"x": 1.0})
    _, back = optimized(circuit, goal="minimize", step_size=0.5, steps=1)
    assert back[0].norm == 5.0
    assert result.norm == 0.0


class Counting(Objective):
    """Counts at which points, and on which rows, it is asked for a cost or for slopes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.costs: Counter[tuple[float, ...]] = Counter()
        self.pulls: Counter[tuple[float, ...]] = Counter()

    def cost(self, point: Sequence[float], batch: Sequence[int]) -> float:
        self.costs[(*point, *batch)] += 1
        return super().cost(point, batch)

    def slopes(self, point: Sequence[float], batch: Sequence[int]) -> tuple[float, list[float]]:
        self.pulls[(*point, *batch)] += 1
        return super().slopes(point, batch)


def counted(monkeypatch: pytest.MonkeyPatch, **told: Any) -> Counting:
    """Run an optimisation over two rows, and return what it has asked for."""
    circuit = circuitgrad.from_expression("(a - x)**2 + (b - a*a)**2", a=-0.5, b=1.5, x=0)
    kept: list[Counting] = []

    def make(*args: Any) -> Counting:
        kept.append(Counting(*args))
        return kept[-1]

    monkeypatch.setattr("circuitgrad.methods.optimize.optimize.Objective", make)
    optimize(circuit, Optimization("minimize", **told), rows_of(2))
    return kept[0]


REPORTED = 4
"""So many costs over all rows the report asks for: two at the start, two at the end."""
WITH_SLOPES = [method for method in METHODS if algorithm(method).needs_gradient and not algorithm(method).squares]


@pytest.mark.parametrize("method", WITH_SLOPES)
def test_slopes_are_computed_once_a_point(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    seen = counted(monkeypatch, method=method, steps=12)
    assert len(seen.pulls) >= 6
    assert set(seen.pulls.values()) == {1}
    # The cost comes with them; without them it is computed for the tries of a line search alone.
    if method != "newton":
        assert sum(seen.costs.values()) == REPORTED


@pytest.mark.parametrize("method", ["gradient", "newton"])
def test_a_line_search_computes_the_cost_of_a_try_once(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    seen = counted(monkeypatch, method=method, line_search=True, steps=4)
    assert set(seen.pulls.values()) == {1}
    assert sum(count - 1 for count in seen.costs.values()) <= REPORTED
    assert sum(seen.costs.values()) >= REPORTED + 4


def test_a_point_that_stays_is_another_cost_on_other_rows() -> None:
    circuit = circuitgrad.loads("{inputs: {a: {value: 1, max: 1}, x: {value: 0, fixed: true}}, gates: {y: a*x}}")
    rows = Rows({"x": array("d", [1, 2, 5])}, [2, 3, 4], ())
    _, seen = optimized(circuit, rows, batch_size=1, steps=6, seed=4)
    assert all(list(step.point) == [1.0] for step in seen)
    order = [batch[0] for epoch in batches(3, 1, 4, 3) for batch in epoch]
    assert [step.objective for step in seen] == [[1.0, 2.0, 5.0][row] for row in order[:7]]


def test_batches_are_costs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = counted(monkeypatch, method="gradient", steps=12, batch_size=1)
    assert set(seen.pulls.values()) == {1}
    assert {point[-1] for point in seen.pulls} == {0, 1}
    assert sum(seen.pulls.values()) == 13  # a point is looked at by the rows of the step that leaves it


@pytest.mark.parametrize("method", ["random", "hillclimb"])
def test_a_try_costs_one_cost(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    seen = counted(monkeypatch, method=method, steps=30)
    assert not seen.pulls
    assert sum(seen.costs.values()) == 30 + 1 + REPORTED


@pytest.mark.parametrize("searching", [False, True])
def test_numeric_slopes_compute_no_cost_twice(monkeypatch: pytest.MonkeyPatch, searching: bool) -> None:
    seen = counted(monkeypatch, method="numeric", steps=5, line_search=searching)
    assert sum(count - 1 for count in seen.costs.values()) <= REPORTED

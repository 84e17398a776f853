"""The objective surface around the path of a run: its values, and the place of the grid."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from circuitgrad import loads
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.table import Rows
from circuitgrad.methods.optimize import surface
from circuitgrad.methods.optimize.optimize import optimize

if TYPE_CHECKING:
    from circuitgrad import Circuit
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate

BOWL = "{inputs: {a: 3, b: {value: -2, min: -2.1, max: 5}}, gates: {cost: (a - 1)**2 + 10*(b + a)**2}}"
LINE = "{inputs: {b: 2, x: {value: 9, fixed: true}, y: {value: 9, fixed: true}}, gates: {r: y - b*x}}"
ROWS = Rows({"x": array("d", [1, 2]), "y": array("d", [3, 5])}, [2, 3], ())


def run(circuit: Circuit, rows: Rows | None = None, goal: str = "minimize", **settings: object) -> Outcome:
    return optimize(circuit, Optimization(goal, **{"steps": 20, "step_size": 0.01, **settings}), rows)  # type: ignore[arg-type]


def test_a_grid_over_two_inputs() -> None:
    circuit = loads(BOWL)
    outcome = run(circuit)
    after = circuit.values()
    result = surface.objective_surface(outcome)
    assert result is not None
    assert circuit.values() == after
    assert result.names == ["a", "b"]
    xs, ys = result.axes
    assert (len(xs), len(ys)) == (len(result.values[0]), len(result.values)) == (61, 61)
    for x, column in ((xs[0], 0), (xs[30], 30), (xs[60], 60)):
        for y, row in ((ys[0], 0), (ys[17], 17), (ys[60], 60)):
            assert result.values[row][column] == pytest.approx((x - 1) ** 2 + 10 * (y + x) ** 2, rel=1e-12)
    assert all(low < high for axis in result.axes for low, high in pairwise(axis))
    for axis, i in ((xs, 0), (ys, 1)):
        way = [place[i] for place in outcome.path]
        assert axis[0] <= min(way) <= max(way) <= axis[-1]
    assert ys[0] == -2.1


@pytest.mark.parametrize("goal", ["minimize", "maximize", "least_squares"])
def test_over_rows(goal: str) -> None:
    outcome = run(loads(LINE), ROWS, goal, method="gradient")
    result = surface.objective_surface(outcome, ROWS)
    assert result is not None
    ((xs,), (values,)) = result.axes, result.values
    residuals = [[3 - b * 1, 5 - b * 2] for b in xs]
    means = [sum(r * r if goal == "least_squares" else r for r in pair) / 2 for pair in residuals]
    assert result.names == ["b"]
    assert values == pytest.approx(means, rel=1e-12)


def test_the_way_is_that_of_the_steps() -> None:
    steps: list[Iterate] = []
    outcome = optimize(loads(BOWL), Optimization("minimize", steps=7, step_size=0.01), listen=steps.append)
    assert [list(place) for place in outcome.path] == [list(step.point) for step in steps]
    assert len(outcome.path) == len(outcome.curve) == 8
    many = run(loads(BOWL), steps=2500, step_size=1e-5)
    assert len(many.path) == len(many.curve) < 1001
    assert list(many.path[-1]) == [many.after["a"], many.after["b"]]


def test_more_inputs_have_no_surface() -> None:
    outcome = run(loads("{inputs: {a: 1, b: 2, c: 3}, gates: {s: a*b*c}}"))
    assert surface.objective_surface(outcome) is None
    assert set(map(len, outcome.path)) == {0}


def test_much_work_makes_it_coarse_and_then_leaves_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run(loads(BOWL))
    sides = []
    for work in (1e9, 30_000, 5_000, 100):
        monkeypatch.setattr(surface, "MOST_GATE_RUNS", dict.fromkeys(("objects", "python", "native"), work))
        result = surface.objective_surface(outcome)
        sides.append(result and len(result.axes[0]))
    assert sides[0] == 61
    assert 61 > (sides[1] or 0) > (sides[2] or 0) >= surface.FEWEST_AXIS_VALUES
    assert sides[3] is None


@pytest.mark.parametrize("value", [0.0, 5.0, -1e9, 1e308, 1e-300])
def test_a_run_that_has_not_moved_has_surroundings(value: float) -> None:
    outcome = run(loads(f"{{inputs: {{x: {value!r}, y: 1}}, gates: {{s: x/2 + y}}}}"), steps=0)
    result = surface.objective_surface(outcome)
    assert result is not None
    assert all(low < high for axis in result.axes for low, high in pairwise(axis))
    assert min(result.axes[0]) < value < max(result.axes[0])

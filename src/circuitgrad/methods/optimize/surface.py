"""The objective surface around the path of a run: a grid over the one or two inputs that could move."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.choice import choose
from circuitgrad.methods.optimize.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.structure import Input
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.run import Outcome

MOST_GATE_RUNS = {"objects": 2_000_000, "python": 20_000_000, "native": 400_000_000}
"""The gates that an engine computes for a surface at most, which takes it a second or two."""
ROW_OVERHEAD = 10
"""The overhead of a row, in gates."""
MOST_AXIS_VALUES = {1: 201, 2: 61}
"""The values on each axis at most, per number of inputs."""
FEWEST_AXIS_VALUES = 9
"""With fewer values on an axis, a surface shows nothing."""
WINDOW_MARGIN = 0.3
"""The margin around the path at either end, as a share of its extent."""
LEAST_RELATIVE_MARGIN = 0.1
"""The margin is at least this share of the input's size."""


class ObjectiveSurface(NamedTuple):
    """An objective over a grid.

    Attributes:
        names: the inputs, one or two.
        axes: per input its values, the smallest first.
        values: per value of the second input the objective at every value of the first; with one input, a single list.
    """

    names: Sequence[str]
    axes: Sequence[Sequence[float]]
    values: Sequence[Sequence[float]]


def objective_surface(outcome: Outcome, rows: Rows | None = None) -> ObjectiveSurface | None:
    """Return the objective around the path of a run, over all rows; the circuit stays as it is.

    The result is None where more inputs could move, and where the rows are too many. The resolution of the grid depends
    on the work, not on the time that it takes, so that every run has the same grid.

    Args:
        outcome: the result of the run.
        rows: the rows of data of the run.

    >>> from circuitgrad import loads
    >>> from circuitgrad.circuit.optimization import Optimization
    >>> from circuitgrad.methods.optimize.optimize import optimize
    >>> circuit = loads("{inputs: {x: {value: 1, min: 0}}, gates: {y: x*x}}")
    >>> surface = objective_surface(optimize(circuit, Optimization("minimize", steps=3, step_size=0.25)))
    >>> surface.names, surface.axes[0][0], len(surface.axes[0]), surface.values[0][0]
    (['x'], 0.0, 201, 0.0)
    """
    names, circuit = list(outcome.moved), outcome.circuit
    dimensions = len(names)
    if dimensions not in MOST_AXIS_VALUES:
        return None
    most = MOST_AXIS_VALUES[dimensions]
    count = len(rows) if rows else 1
    choice = choose(len(circuit.rules), most**dimensions * count)
    points = MOST_GATE_RUNS[choice.engine] / ((len(circuit.rules) + ROW_OVERHEAD) * count)
    size = min(most, int(points ** (1 / dimensions)))
    if size < FEWEST_AXIS_VALUES:
        return None
    objective = Objective(
        circuit, outcome.output, outcome.goal, rows, choice.engine, size**dimensions * count, outcome.factors
    )
    axes = [_axis(circuit.inputs[name], [point[i] for point in outcome.path], size) for i, name in enumerate(names)]
    grid = [[[x, y] for x in axes[0]] for y in axes[1]] if dimensions > 1 else [[[x] for x in axes[0]]]
    all_rows = range(count)
    values = [[objective.shown(objective.cost(point, all_rows)) for point in line] for line in grid]
    return ObjectiveSurface(names, axes, values)


def _axis(leaf: Input, path: Sequence[float], count: int) -> list[float]:
    """Return evenly spaced values around those on the path, within the bounds of their input."""
    low, high = min(path), max(path)
    margin = max(WINDOW_MARGIN * (high - low), LEAST_RELATIVE_MARGIN * max(abs(low), abs(high)) or 1.0)
    start, end = leaf.clip(low - margin), leaf.clip(high + margin)
    if not isfinite(end - start):
        start, end = low, high
    return [start + (end - start) * (i / (count - 1)) for i in range(count)]

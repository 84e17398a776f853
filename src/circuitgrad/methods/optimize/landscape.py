"""The objective around the way of a run: over a grid of the one input or the two that could move."""

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

MOST_WORK = {"objects": 2_000_000, "python": 20_000_000, "native": 400_000_000}
"""So many gates an engine computes at most, which takes it a second or two."""
AROUND = 10
"""What is around the gates of a row costs as much as so many of them."""
SIDES = {1: 201, 2: 61}
"""The values of each input, per number of inputs."""
LEAST = 9
"""With fewer values there is nothing to see."""
MARGIN = 0.3
"""Such a part of the way's extent is shown around it, at either end."""
FLATTEST = 0.1
"""An input that has moved less than such a part of its size is shown over so much."""


class Landscape(NamedTuple):
    """An objective over a grid.

    Attributes:
        names: the inputs, one or two.
        axes: per input its values, the smallest first.
        rows: per value of the second input the objective at every value of the first; with one input, one row.
    """

    names: Sequence[str]
    axes: Sequence[Sequence[float]]
    rows: Sequence[Sequence[float]]


def landscape(outcome: Outcome, rows: Rows | None = None) -> Landscape | None:
    """Return the objective around the way of a run, over all rows; the circuit stays as it is.

    It is None where more inputs could move, and where the rows are too many: how fine the grid is depends on the work,
    not on the time that it takes, so that it is the same every time.

    Args:
        outcome: what the run did.
        rows: the rows of data that it was over.

    >>> from circuitgrad import loads
    >>> from circuitgrad.circuit.optimization import Optimization
    >>> from circuitgrad.methods.optimize.optimize import optimize
    >>> circuit = loads("{inputs: {x: {value: 1, min: 0}}, gates: {y: x*x}}")
    >>> found = landscape(optimize(circuit, Optimization("minimize", steps=3, step_size=0.25)))
    >>> found.names, found.axes[0][0], len(found.axes[0]), found.rows[0][0]
    (['x'], 0.0, 201, 0.0)
    """
    names, circuit = list(outcome.moved), outcome.circuit
    if len(names) not in SIDES:
        return None
    count = len(rows) if rows else 1
    choice = choose(len(circuit.rules), SIDES[len(names)] ** len(names) * count)
    points = MOST_WORK[choice.engine] / ((len(circuit.rules) + AROUND) * count)
    side = min(SIDES[len(names)], int(points ** (1 / len(names))))
    if side < LEAST:
        return None
    objective = Objective(circuit, outcome.output, outcome.goal, rows, choice.engine, side ** len(names) * count)
    axes = [_axis(circuit.inputs[name], [place[i] for place in outcome.path], side) for i, name in enumerate(names)]
    grid = [[[x, y] for x in axes[0]] for y in axes[1]] if len(axes) > 1 else [[[x] for x in axes[0]]]
    every = range(count)
    return Landscape(names, axes, [[objective.shown(objective.cost(point, every)) for point in row] for row in grid])


def _axis(leaf: Input, way: Sequence[float], count: int) -> list[float]:
    """Return values evenly apart around those on the way, within the bounds of their input."""
    low, high = min(way), max(way)
    margin = max(MARGIN * (high - low), FLATTEST * max(abs(low), abs(high)) or 1.0)
    start, end = leaf.clip(low - margin), leaf.clip(high + margin)
    if not isfinite(end - start):
        start, end = low, high
    return [start + (end - start) * (i / (count - 1)) for i in range(count)]

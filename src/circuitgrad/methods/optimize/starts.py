"""Many starts: the same run from several points, of which the best is kept."""

from __future__ import annotations

from math import exp, isfinite
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit

SAME_MINIMUM = 1e-6
"""Objectives that differ by less, relatively, are those of one minimum."""


class Minimum(NamedTuple):
    """An objective that runs have ended at, and how many have."""

    objective: float
    times: int


class End(NamedTuple):
    """The end of a run.

    Attributes:
        objective: the objective.
        cost: the same as a number to lower.
        is_last: whether no other run is wanted, because this one was interrupted.
    """

    objective: float
    cost: float
    is_last: bool


class Starts(NamedTuple):
    """The ends of many runs.

    Attributes:
        tried: the number of starts.
        best: the start that led to the best end.
        minima: the ends, the best first.
        failed: the number of starts where the objective was not finite.
    """

    tried: int
    best: Sequence[float]
    minima: Sequence[Minimum]
    failed: int


def points_to_start_from(circuit: Circuit, names: Sequence[str], count: int, seed: int) -> list[list[float]]:
    """Return starting points: the inputs' own values, then random ones.

    Between two bounds they are uniform. Other inputs are multiplied by the exponential of a normal number, or get a
    normal number where they are 0, and are moved within their bounds.

    Args:
        circuit: the circuit.
        names: the inputs that may move.
        count: the number of points.
        seed: the seed of the random numbers.

    >>> from circuitgrad import from_expression
    >>> [first, second] = points_to_start_from(from_expression("x + y", x=2, y=-1), ["x", "y"], 2, 0)
    >>> first, second[0] > 0, second[1] < 0
    ([2.0, -1.0], True, True)
    """
    random = Random(f"starts {seed}")  # noqa: S311 - nothing secret
    values = circuit.values()

    def moved(name: str) -> float:
        leaf, value = circuit.inputs[name], values[name]
        if isfinite(leaf.min) and isfinite(leaf.max):
            return random.uniform(leaf.min, leaf.max)
        normal = random.gauss(0, 1)
        return min(max(value * exp(normal) if value else normal, leaf.min), leaf.max)

    return [[values[name] for name in names], *([moved(name) for name in names] for _ in range(count - 1))]


def try_starts(points: Sequence[Sequence[float]], run: Callable[[Sequence[float]], End]) -> Starts:
    """Return the ends of the runs from some points.

    Args:
        points: the points.
        run: makes a run from a point.

    Raises:
        CircuitError: the objective is finite at none of the points.
    """
    ends: list[tuple[End, Sequence[float]]] = []
    failure: CircuitError | None = None
    tried = 0
    for point in points:
        tried += 1
        try:
            end = run(point)
        except CircuitError as error:
            failure = failure or error
            continue
        ends.append((end, point))
        if end.is_last:
            break
    if not ends:
        assert failure is not None  # noqa: S101
        raise failure
    ends.sort(key=lambda entry: entry[0].cost)
    minima: list[Minimum] = []
    for (objective, _, _), _ in ends:
        if minima and abs(objective - minima[-1].objective) <= SAME_MINIMUM * abs(minima[-1].objective):
            minima[-1] = minima[-1]._replace(times=minima[-1].times + 1)
        else:
            minima.append(Minimum(objective, 1))
    return Starts(tried, ends[0][1], minima, tried - len(ends))

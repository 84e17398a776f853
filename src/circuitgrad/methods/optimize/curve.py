"""The objective per step of a run, and the path of the inputs, in a bounded number of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Point = tuple[float, ...]
    CurveState = tuple[int, Sequence[int], Sequence[float], Sequence[Point], tuple[int, float, Point]]

MOST_CURVE_POINTS = 1000


class Curve:
    """The objective at evenly spaced steps: once there are too many, every second step is dropped.

    >>> curve = Curve()
    >>> for step in range(1500):
    ...     curve.add(step, 1.0, (0.5,))
    >>> len(curve.points()), curve.points()[1], curve.points()[-1]
    (751, (2, 1.0), (1499, 1.0))
    >>> len(curve.path()), curve.path()[0]
    (751, (0.5,))
    """

    def __init__(self) -> None:
        self._stride = 1
        self._steps: list[int] = []
        self._objectives: list[float] = []
        self._path: list[Point] = []
        self._last: tuple[int, float, Point] = (0, 0.0, ())

    @classmethod
    def resumed(cls, state: CurveState) -> Curve:
        """Return the curve that goes on from a state.

        >>> curve = Curve()
        >>> curve.add(0, 1.5)
        >>> Curve.resumed(curve.state).points()
        [(0, 1.5)]
        """
        curve = cls()
        stride, steps, objectives, path, (step, objective, point) = state
        curve._stride, curve._steps, curve._objectives = (
            int(stride),
            list(map(int, steps)),
            list(map(float, objectives)),
        )
        curve._path = [tuple(map(float, place)) for place in path]
        curve._last = int(step), float(objective), tuple(map(float, point))
        return curve

    @property
    def state(self) -> CurveState:
        """The state that a curve needs to go on."""
        return self._stride, list(self._steps), list(self._objectives), list(self._path), self._last

    def add(self, step: int, objective: float, point: Point = ()) -> None:
        """Add the objective at a step, and the inputs' values there where the path is wanted."""
        self._last = (step, objective, point)
        if step % self._stride:
            return
        self._steps.append(step)
        self._objectives.append(objective)
        self._path.append(point)
        if len(self._steps) > MOST_CURVE_POINTS:
            self._stride *= 2
            kept = [i for i, step in enumerate(self._steps) if step % self._stride == 0]
            self._steps = [self._steps[i] for i in kept]
            self._objectives = [self._objectives[i] for i in kept]
            self._path = [self._path[i] for i in kept]

    def points(self) -> list[tuple[int, float]]:
        """Return the kept steps and the last step, each with its objective."""
        points = list(zip(self._steps, self._objectives, strict=True))
        return points if self._keeps_last else [*points, self._last[:2]]

    def path(self) -> list[Point]:
        """Return the inputs' values at these steps."""
        return list(self._path) if self._keeps_last else [*self._path, self._last[2]]

    @property
    def _keeps_last(self) -> bool:
        """Whether the last step is among the kept steps."""
        return bool(self._steps) and (self._steps[-1], self._objectives[-1]) == self._last[:2]

"""The course of an objective over a run, in at most so many points."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    State = tuple[int, Sequence[int], Sequence[float], tuple[int, float]]

MOST = 1000


class Curve:
    """The objective at steps evenly apart: once there are too many, every second one is left out.

    >>> curve = Curve()
    >>> for step in range(1500):
    ...     curve.add(step, 1.0)
    >>> len(curve.points()), curve.points()[1], curve.points()[-1]
    (751, (2, 1.0), (1499, 1.0))
    """

    def __init__(self) -> None:
        self.stride = 1
        self.steps: list[int] = []
        self.values: list[float] = []
        self._last = (0, 0.0)

    @classmethod
    def resumed(cls, state: State) -> Curve:
        """Return the curve that goes on where one of that state has ended.

        >>> curve = Curve()
        >>> curve.add(0, 1.5)
        >>> Curve.resumed(curve.state).points()
        [(0, 1.5)]
        """
        found = cls()
        stride, steps, values, last = state
        found.stride, found.steps, found.values = int(stride), list(map(int, steps)), list(map(float, values))
        found._last = int(last[0]), float(last[1])
        return found

    @property
    def state(self) -> State:
        """What a curve needs to go on."""
        return self.stride, list(self.steps), list(self.values), self._last

    def add(self, step: int, value: float) -> None:
        """Add the objective at a step."""
        self._last = (step, value)
        if step % self.stride:
            return
        self.steps.append(step)
        self.values.append(value)
        if len(self.steps) > MOST:
            self.stride *= 2
            kept = [i for i, one in enumerate(self.steps) if one % self.stride == 0]
            self.steps = [self.steps[i] for i in kept]
            self.values = [self.values[i] for i in kept]

    def points(self) -> list[tuple[int, float]]:
        """Return the steps with their objective, the last one too."""
        found = list(zip(self.steps, self.values, strict=True))
        return found if found and found[-1] == self._last else [*found, self._last]

"""The course of an objective over a run, and the way of the inputs, in at most so many points."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Place = tuple[float, ...]
    State = tuple[int, Sequence[int], Sequence[float], Sequence[Place], tuple[int, float, Place]]

MOST = 1000


class Curve:
    """The objective at steps evenly apart: once there are too many, every second one is left out.

    >>> curve = Curve()
    >>> for step in range(1500):
    ...     curve.add(step, 1.0, (0.5,))
    >>> len(curve.points()), curve.points()[1], curve.points()[-1]
    (751, (2, 1.0), (1499, 1.0))
    >>> len(curve.path()), curve.path()[0]
    (751, (0.5,))
    """

    def __init__(self) -> None:
        self.stride = 1
        self.steps: list[int] = []
        self.values: list[float] = []
        self.places: list[Place] = []
        self._last: tuple[int, float, Place] = (0, 0.0, ())

    @classmethod
    def resumed(cls, state: State) -> Curve:
        """Return the curve that goes on where one of that state has ended.

        >>> curve = Curve()
        >>> curve.add(0, 1.5)
        >>> Curve.resumed(curve.state).points()
        [(0, 1.5)]
        """
        found = cls()
        stride, steps, values, places, (step, value, place) = state
        found.stride, found.steps, found.values = int(stride), list(map(int, steps)), list(map(float, values))
        found.places = [tuple(map(float, one)) for one in places]
        found._last = int(step), float(value), tuple(map(float, place))
        return found

    @property
    def state(self) -> State:
        """What a curve needs to go on."""
        return self.stride, list(self.steps), list(self.values), list(self.places), self._last

    def add(self, step: int, value: float, place: Place = ()) -> None:
        """Add the objective at a step, and where the inputs are there, if that is wanted."""
        self._last = (step, value, place)
        if step % self.stride:
            return
        self.steps.append(step)
        self.values.append(value)
        self.places.append(place)
        if len(self.steps) > MOST:
            self.stride *= 2
            kept = [i for i, one in enumerate(self.steps) if one % self.stride == 0]
            self.steps = [self.steps[i] for i in kept]
            self.values = [self.values[i] for i in kept]
            self.places = [self.places[i] for i in kept]

    def points(self) -> list[tuple[int, float]]:
        """Return the steps with their objective, the last one too."""
        found = list(zip(self.steps, self.values, strict=True))
        return found if self._ends else [*found, self._last[:2]]

    def path(self) -> list[Place]:
        """Return where the inputs are at these steps."""
        return list(self.places) if self._ends else [*self.places, self._last[2]]

    @property
    def _ends(self) -> bool:
        """Whether the last step is one of those that are kept."""
        return bool(self.steps) and (self.steps[-1], self.values[-1]) == self._last[:2]

"""What every method works with: the cost of a point, its derivatives, and the way to the next point."""

from __future__ import annotations

from array import array
from math import cos, hypot, isfinite, pi
from operator import mul
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from circuitgrad.errors import Problem, quote
from circuitgrad.methods.numeric import default_step, forward_difference
from circuitgrad.methods.optimize.checkpoint import Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.engines.native.optimizer_loop import Iterates
    from circuitgrad.methods.optimize.objective import Objective

    Point = list[float]

ENOUGH = 1e-4
"""A step is long enough where it brings such a share of what the slope promises."""
NOISE = 1e-14
"""Such a part of a cost is rounding."""
MOST_KNOWN = 4
"""The costs of so many points are remembered."""


class Stop(Exception):  # noqa: N818 - an end, not an error
    """Ends a run; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Step(NamedTuple):
    """One accepted step.

    Attributes:
        number: its number, from 1; 0 is the start.
        objective: what is raised or lowered, at the point that it leads to.
        norm: the norm of the gradient there, without what bounds hold back; None for a method that needs none.
        point: the values of the inputs that may move.
    """

    number: int
    objective: float
    norm: float | None
    point: Sequence[float]


class Algorithm(NamedTuple):
    """A method of optimisation; each is a file that defines `ALGORITHM`.

    Attributes:
        about: what it does, in a few words.
        run: moves a search from point to point, by `Search.step` or `Search.accept`, until one of them raises `Stop`.
        uses: the settings that mean something to it, beside `steps` and `time_limit`.
        defaults: the settings that it starts from instead of the usual ones.
        needs_gradient: whether it asks for derivatives at every point.
        noun: what one of its steps is called.
        squares: whether it is for least squares alone.
        replays: whether it keeps its memory to itself, so that a run is resumed by telling it the same costs again.
        walks: whether machine code can make many of its steps at once.
    """

    about: str
    run: Callable[[Search], None]
    uses: frozenset[str]
    defaults: Mapping[str, Any] = {}
    needs_gradient: bool = True
    noun: str = "step"
    squares: bool = False
    replays: bool = False
    walks: bool = False


FIRST_ORDER = frozenset({"step_size", "schedule", "batch_size", "seed", "tolerance"})
"""The settings of a method that goes along gradients."""


class Search:
    """A walk over an objective.

    Args:
        objective: what is lowered.
        experiment: the settings, none of which is left open.
        algorithm: the method.
        accepted: is told every accepted step, and raises `Stop` where it was the last.
        followed: is told many accepted steps at once, and returns how many of them count, and why no more do.

    Attributes:
        point: where the walk has come to: the values of the inputs that may move.
        number: how many steps it has done.
        memory: what the method has carried along so far, by name.
        random: the random numbers of the run.
        low: the least values of the inputs.
        high: the largest.
        culprit: where infinity or NaN arose, when that has ended the run.
        tape: what the method was told, where it keeps its memory to itself.
        check: ends the run where it has no more time.
        rest: is called between many steps at once and the next ones.
    """

    check: Callable[[], None]
    rest: Callable[[], None]

    def __init__(
        self,
        objective: Objective,
        experiment: Optimization,
        algorithm: Algorithm,
        accepted: Callable[[Step], None],
        followed: Callable[[Iterates], tuple[int, str | None]] = lambda course: (len(course), None),
    ) -> None:
        self.objective, self.experiment, self.algorithm = objective, experiment, algorithm
        self.point = list(objective.start)
        self.number = 0
        self.memory: dict[str, Any] = {}
        self.random = Random(str(experiment.seed))  # noqa: S311 - nothing secret
        leaves = [objective.circuit.inputs[name] for name in objective.names]
        self.low, self.high = [leaf.min for leaf in leaves], [leaf.max for leaf in leaves]
        self.culprit: Problem | None = None
        self.tape = Tape()
        self.check = self.rest = lambda: None
        self._accepted, self._followed = accepted, followed
        self._known: dict[bytes, tuple[float, Point | None]] = {}
        self._residuals: tuple[bytes, list[float]] = (b"", [])
        self._jacobian: tuple[bytes, list[Point]] = (b"", [])
        self._shuffled: tuple[int, list[int]] = (-1, [])

    @property
    def batch(self) -> Sequence[int]:
        """The rows that the next step looks at: all, or the next ones in an order shuffled anew every time around."""
        count, size = self.objective.count, self.experiment.batch_size
        if size is None:
            return range(count)
        epoch, at = divmod(self.number, -(-count // size))
        if self._shuffled[0] != epoch:
            order = list(range(count))
            Random(f"{self.experiment.seed} {epoch}").shuffle(order)  # noqa: S311 - nothing secret
            self._shuffled = (epoch, order)
        return self._shuffled[1][at * size : (at + 1) * size]

    def cost(self, point: Point) -> float:
        """Return the cost at a point, on the rows of the step."""
        key = self._key(point)
        if key in self._known:
            self._known[key] = self._known.pop(key)  # what was asked for last is forgotten last
        elif self.algorithm.needs_gradient:
            self.gradient(point)
        else:
            self._learn(key, self.objective.cost(point, self.batch), None)
        return self._known[key][0]

    def gradient(self, point: Point) -> Point:
        """Return the derivatives of the cost at a point, on the rows of the step."""
        key = self._key(point)
        found = self._known.get(key, (0.0, None))[1]
        if found is None:
            batch = self.batch
            cost, *found = self._answer("slopes", point, lambda: self._flat(point, batch))
            self._learn(key, cost, found)
        return found

    def _flat(self, point: Point, batch: Sequence[int]) -> list[float]:
        cost, slopes = self.objective.slopes(point, batch)
        return [cost, *slopes]

    def residuals(self, point: Point) -> list[float]:
        """Return the residuals of least squares at a point, one a row."""
        key = self._key(point)
        if key != self._residuals[0]:
            self._residuals = key, self._answer("residuals", point, lambda: self.objective.residuals(point))
        return self._residuals[1]

    def jacobian(self, point: Point) -> list[Point]:
        """Return the derivatives of the residuals at a point, row by row; learn the cost and its gradient there."""
        residuals = self.residuals(point)
        key = self._key(point)
        if key != self._jacobian[0]:
            flat = self._answer("jacobian", point, lambda: [x for row in self.objective.jacobian(point) for x in row])
            width = len(point)
            rows = [flat[at : at + width] for at in range(0, len(flat), width)]
            self._jacobian = key, rows
            count = len(residuals)
            pulls = [2 * sum(map(mul, residuals, column)) / count for column in zip(*rows, strict=True)]
            self._learn(key, sum(r * r for r in residuals) / count, pulls)
        return self._jacobian[1]

    def _key(self, point: Point) -> bytes:
        """Return what tells a point from others, 0 from -0 too, on the rows of the step."""
        return array("d", point if self.experiment.batch_size is None else [*point, self.number]).tobytes()

    def _learn(self, key: bytes, cost: float, gradient: Point | None) -> None:
        while len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[key] = cost, gradient

    def _answer(self, kind: str, point: Point, compute: Callable[[], list[float]]) -> list[float]:
        """Return what is computed, or what a run that is resumed has computed at the same place in its course."""
        if not self.algorithm.replays:
            return compute()
        self.check()
        told = self.tape.told(kind, point)
        return self.tape.keep(kind, point, compute()) if told is None else told

    def numeric_gradient(self, point: Point) -> Point:
        """Return the derivatives of the cost at a point by the guide's forward differences."""
        batch, moved, here = self.batch, list(point), self.cost(point)
        found = []
        for i, x in enumerate(point):
            h = default_step("forward", x)
            moved[i] = x + h
            found.append(forward_difference(self.objective.cost(moved, batch), here, h))
            moved[i] = x
        return found

    @property
    def step_size(self) -> float:
        """The factor of the next step, as the schedule has it."""
        return self._size_of(self.number)

    def step_sizes(self, count: int) -> array[float]:
        """Return the factors of so many steps to come."""
        return array("d", map(self._size_of, range(self.number, self.number + count)))

    def _size_of(self, number: int) -> float:
        """Return the factor of the step behind so many."""
        size, schedule = self.experiment.step_size, self.experiment.schedule
        assert size is not None  # noqa: S101
        if schedule == "cosine":
            steps = self.experiment.steps or 1
            return size * (1 + cos(pi * min(number, steps) / steps)) / 2
        return size / (number + 1) if schedule == "1/t" else size

    def clipped(self, point: Sequence[float]) -> Point:
        """Return a point moved into the bounds of the inputs."""
        return [min(max(x, low), high) for x, low, high in zip(point, self.low, self.high, strict=True)]

    def along(self, point: Point, direction: Sequence[float], size: float) -> Point:
        """Return the point so far against a direction, within the bounds."""
        return self.clipped([x - size * d for x, d in zip(point, direction, strict=True)])

    def step(self, point: Point, direction: Sequence[float], **memory: Any) -> Point:
        """Go one step against a direction and return the point that it leads to.

        With a line search the step is halved until the cost falls by a share of what the slope promises (Armijo's
        condition; Nocedal and Wright, "Numerical Optimization", 2nd ed., 2006, algorithm 3.1).

        Raises:
            Stop: the run is over.
        """
        size = self.step_size
        moved = self.along(point, direction, size)
        if self.experiment.line_search and all(map(isfinite, moved)):
            while not self._improves(point, moved, direction):
                self.check()
                size /= 2
                moved = self.along(point, direction, size)
                # At 0 the size cannot become smaller, though an infinite slope may make a step of it.
                if moved == point or size == 0:
                    self.stop("converged")
        return self.accept(moved, **memory)

    def _improves(self, point: Point, moved: Point, direction: Sequence[float]) -> bool:
        """Tell whether a step lowers the cost enough or, where rounding hides that, the gradient.

        As in Hager and Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search",
        2005, section 4.
        """
        # A method without a gradient goes along its own estimate of it.
        slope = self.gradient(point) if self.algorithm.needs_gradient else direction
        promised = sum(g * (x - y) for g, x, y in zip(slope, point, moved, strict=True))
        cost = self.cost(point)
        found = self.objective.cost(moved, self.batch) if self.algorithm.needs_gradient else self.cost(moved)
        noise = NOISE * abs(cost)
        if self.algorithm.needs_gradient and abs(promised) <= noise:
            return found <= cost + noise and hypot(*self.gradient(moved)) < hypot(*slope)
        return found <= cost - ENOUGH * promised and moved != point

    def attempt(self, centre: Point, best: Point) -> Point:
        """Try a random point of the box around a centre, whose half-width is the step size; return the better one.

        Tries are uniform, and cut to the inputs' bounds.

        Raises:
            Stop: the run is over.
        """
        tried = self.along(centre, [1 - self.random.random() * 2 for _ in centre], self.step_size)
        return self.accept(tried if self.cost(tried) < self.cost(best) else best)

    def accept(self, point: Point, **memory: Any) -> Point:
        """Make a point the one that the walk has come to, and return it.

        Args:
            point: the point.
            memory: what the method needs to go on from there, by name: numbers and lists of numbers.

        Raises:
            Stop: the run is over, or the cost at the point is infinite or NaN; then it is not accepted.
        """
        before = self.number
        self.number += 1
        if not (all(map(isfinite, point)) and isfinite(self.cost(point))):
            self.number = before
            self.lose(point)
        self.point, self.memory = point, memory
        self._accepted(self.seen())
        return point

    def follow(self, course: Iterates, again: Callable[[int], Iterates]) -> Point:
        """Make all steps of a course, and return the point that they lead to.

        Args:
            course: the steps, all of them to finite costs.
            again: computes the first so many of them once more, where not all are made.

        Raises:
            Stop: the run is over.
        """
        count, reason = self._followed(course)
        if count < len(course):
            course = again(count)
        self.number += count
        self.point, self.memory = course.point(count - 1), course.memory
        self._learn(self._key(self.point), course.costs[-1], course.slopes_at(count - 1))
        if reason:
            self.stop(reason)
        self.rest()
        return self.point

    def lose(self, point: Point) -> NoReturn:
        """End the run before a point where something is infinite or NaN.

        Raises:
            Stop: always.
        """
        self.culprit = self._blamed(point)
        self.stop("nonfinite")

    def seen(self) -> Step:
        """Return the step that has led to the present point."""
        norm = self.norm(self.point, self.gradient(self.point)) if self.algorithm.needs_gradient else None
        return Step(self.number, self.objective.shown(self.cost(self.point)), norm, self.point)

    def norm(self, point: Sequence[float], gradient: Sequence[float]) -> float:
        """Return the norm of a gradient, without what bounds hold back."""
        return hypot(*(gradient[i] for i in self.loose(point, gradient)))

    def loose(self, point: Sequence[float], direction: Sequence[float]) -> list[int]:
        """Return the positions of the inputs that no bound keeps from going against a direction."""
        ends = zip(point, direction, self.low, self.high, strict=True)
        return [i for i, (x, d, low, high) in enumerate(ends) if not ((x <= low and d > 0) or (x >= high and d < 0))]

    def stop(self, reason: str) -> NoReturn:
        """End the run.

        Raises:
            Stop: always.
        """
        raise Stop(reason)

    def _blamed(self, point: Point) -> Problem | None:
        """Return where the first infinity or NaN arose in the step to a point."""
        lost = [i for i, x in enumerate(point) if not isfinite(x)]
        if not lost:
            return self.objective.culprit(point, range(self.objective.count))
        name, i = self.objective.names[lost[0]], lost[0]
        overflow = Problem(f"the step takes {quote(name)} from {self.point[i]} to {point[i]}")
        return self.objective.culprit(self.point, range(self.objective.count)) or overflow

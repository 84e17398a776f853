"""The common tools of the methods: the cost of a point, its derivatives, and the step to the next iterate."""

from __future__ import annotations

from array import array
from math import cos, hypot, isfinite, pi
from operator import mul
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from circuitgrad.errors import Problem, quote
from circuitgrad.methods.numeric import default_step, forward_difference
from circuitgrad.methods.optimize.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.engines.native.optimizer_loop import Iterates
    from circuitgrad.methods.optimize.objective import Objective

    Point = list[float]

SUFFICIENT_DECREASE = 1e-4
"""A line search accepts a step that lowers the cost by this share of the decrease that the slope promises."""
COST_ROUNDING = 1e-14
"""The rounding error of a cost, relative to the cost."""
MOST_KNOWN_COSTS = 4
"""The costs of this many points are remembered."""


class Stop(Exception):  # noqa: N818 - an end, not an error
    """Ends a run, for a reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Iterate(NamedTuple):
    """The start, or the point that an accepted step leads to.

    Attributes:
        number: the number of steps so far; 0 at the start.
        objective: the objective at the point.
        norm: the norm of the gradient there, without the components that bounds hold back; None for a method that needs
            no gradient.
        point: the values of the inputs that may move.
    """

    number: int
    objective: float
    norm: float | None
    point: Sequence[float]


class Algorithm(NamedTuple):
    """A method of optimisation; each is a file that defines `ALGORITHM`.

    Attributes:
        about: the method in a few words.
        run: moves a search from point to point, by `Search.step` or `Search.accept`, until one of them raises `Stop`.
        uses: the settings that mean something to it, beside `steps` and `time_limit`.
        defaults: its own defaults of settings.
        needs_gradient: whether it asks for derivatives at every point.
        noun: the word for one of its steps.
        squares: whether it is for least squares alone.
        replays: whether it hides its state, so that a run is resumed by giving it the same answers again.
        is_compiled: whether machine code can make many of its steps at once.
    """

    about: str
    run: Callable[[Search], None]
    uses: frozenset[str]
    defaults: Mapping[str, Any] = {}
    needs_gradient: bool = True
    noun: str = "step"
    squares: bool = False
    replays: bool = False
    is_compiled: bool = False


FIRST_ORDER = frozenset({"step_size", "schedule", "batch_size", "seed", "tolerance"})
"""The settings of a first-order method."""


class Search:
    """The present iterate of a run, and the ways to the next.

    Args:
        objective: the objective.
        settings: the settings, complete; see `settings.settled`.
        algorithm: the method.
        accepted: called with every iterate; raises `Stop` after the last.
        followed: called with many steps at once; returns the number of those that count, and the reason where the run
            ends after them.

    Attributes:
        point: the present iterate: the values of the inputs that may move.
        number: the number of steps so far.
        memory: the state of the method, by name.
        random: the random numbers of the run.
        low: the lower bounds of the inputs.
        high: their upper bounds.
        culprit: the place where infinity or NaN arose, when that has ended the run.
        replay: the answers to a method that hides its state.
        check: raises `Stop` where the time is over.
        rest: called after many steps at once.
    """

    check: Callable[[], None]
    rest: Callable[[], None]

    def __init__(
        self,
        objective: Objective,
        settings: Optimization,
        algorithm: Algorithm,
        accepted: Callable[[Iterate], None],
        followed: Callable[[Iterates], tuple[int, str | None]] = lambda iterates: (len(iterates), None),
    ) -> None:
        self.objective, self.settings, self.algorithm = objective, settings, algorithm
        self.point = list(objective.start)
        self.number = 0
        self.memory: dict[str, Any] = {}
        self.random = Random(str(settings.seed))  # noqa: S311 - nothing secret
        leaves = [objective.circuit.inputs[name] for name in objective.names]
        self.low, self.high = [leaf.min for leaf in leaves], [leaf.max for leaf in leaves]
        self.culprit: Problem | None = None
        self.replay = Replay()
        self.check = self.rest = lambda: None
        self._accepted, self._followed = accepted, followed
        self._known: dict[bytes, tuple[float, Point | None]] = {}
        self._residuals: tuple[bytes, list[float]] = (b"", [])
        self._jacobian: tuple[bytes, list[Point]] = (b"", [])
        self._shuffled: tuple[int, list[int]] = (-1, [])

    @property
    def batch(self) -> Sequence[int]:
        """The rows of the next step: all rows, or the next batch in an order that is shuffled anew every epoch."""
        count, size = self.objective.count, self.settings.batch_size
        if size is None:
            return range(count)
        epoch, batch = divmod(self.number, -(-count // size))
        if self._shuffled[0] != epoch:
            order = list(range(count))
            Random(f"{self.settings.seed} {epoch}").shuffle(order)  # noqa: S311 - nothing secret
            self._shuffled = (epoch, order)
        return self._shuffled[1][batch * size : (batch + 1) * size]

    def cost(self, point: Point) -> float:
        """Return the cost at a point, on the rows of the step."""
        key = self._key(point)
        if key in self._known:
            self._known[key] = self._known.pop(key)  # the cost that is used last is forgotten last
        elif self.algorithm.needs_gradient:
            self.gradient(point)
        else:
            self._learn(key, self.objective.cost(point, self.batch), None)
        return self._known[key][0]

    def gradient(self, point: Point) -> Point:
        """Return the derivatives of the cost at a point, on the rows of the step."""
        key = self._key(point)
        gradient = self._known.get(key, (0.0, None))[1]
        if gradient is None:
            cost, *gradient = self._answer("slopes", point, lambda: self._cost_and_gradient(point))
            self._learn(key, cost, gradient)
        return gradient

    def _cost_and_gradient(self, point: Point) -> list[float]:
        cost, gradient = self.objective.slopes(point, self.batch)
        return [cost, *gradient]

    def residuals(self, point: Point) -> list[float]:
        """Return the residuals of least squares at a point, one per row."""
        key = self._key(point)
        if key != self._residuals[0]:
            self._residuals = key, self._answer("residuals", point, lambda: self.objective.residuals(point))
        return self._residuals[1]

    def jacobian(self, point: Point) -> list[Point]:
        """Return the Jacobian of the residuals at a point, row by row; remember the cost and its gradient there."""
        residuals = self.residuals(point)
        key = self._key(point)
        if key != self._jacobian[0]:
            flat = self._answer("jacobian", point, lambda: [x for row in self.objective.jacobian(point) for x in row])
            width = len(point)
            rows = [flat[start : start + width] for start in range(0, len(flat), width)]
            self._jacobian = key, rows
            count = len(residuals)
            gradient = [2 * sum(map(mul, residuals, column)) / count for column in zip(*rows, strict=True)]
            self._learn(key, sum(r * r for r in residuals) / count, gradient)
        return self._jacobian[1]

    def _key(self, point: Point) -> bytes:
        """Return the key of a point, which tells 0 from -0, on the rows of the step."""
        return array("d", point if self.settings.batch_size is None else [*point, self.number]).tobytes()

    def _learn(self, key: bytes, cost: float, gradient: Point | None) -> None:
        while len(self._known) >= MOST_KNOWN_COSTS:
            del self._known[next(iter(self._known))]
        self._known[key] = cost, gradient

    def _answer(self, question: str, point: Point, compute: Callable[[], list[float]]) -> list[float]:
        """Return the result of a computation, or the same result from the checkpoint that a run is resumed from."""
        if not self.algorithm.replays:
            return compute()
        self.check()
        return self.replay.answer(question, point, compute)

    def numeric_gradient(self, point: Point) -> Point:
        """Return the derivatives of the cost at a point by the guide's forward differences."""
        batch, moved, cost = self.batch, list(point), self.cost(point)
        slopes = []
        for i, x in enumerate(point):
            h = default_step("forward", x)
            moved[i] = x + h
            slopes.append(forward_difference(self.objective.cost(moved, batch), cost, h))
            moved[i] = x
        return slopes

    @property
    def step_size(self) -> float:
        """The learning rate of the next step, after the schedule."""
        return self._size_of(self.number)

    def step_sizes(self, count: int) -> array[float]:
        """Return the learning rates of the next `count` steps."""
        return array("d", map(self._size_of, range(self.number, self.number + count)))

    def _size_of(self, number: int) -> float:
        """Return the learning rate of the step after `number` steps."""
        size, schedule = self.settings.step_size, self.settings.schedule
        assert size is not None  # noqa: S101
        if schedule == "cosine":
            steps = self.settings.steps or 1
            return size * (1 + cos(pi * min(number, steps) / steps)) / 2
        return size / (number + 1) if schedule == "1/t" else size

    def clipped(self, point: Sequence[float]) -> Point:
        """Return a point moved into the bounds of the inputs."""
        return [min(max(x, low), high) for x, low, high in zip(point, self.low, self.high, strict=True)]

    def along(self, point: Point, direction: Sequence[float], size: float) -> Point:
        """Return the point at a multiple `size` against a direction, within the bounds."""
        return self.clipped([x - size * d for x, d in zip(point, direction, strict=True)])

    def step(self, point: Point, direction: Sequence[float], **memory: Any) -> Point:
        """Go a step against a direction and return the point that it leads to.

        With a line search the step is halved until the cost falls by a share of the decrease that the slope promises
        (Armijo's condition; Nocedal and Wright, "Numerical Optimization", 2nd ed., 2006, algorithm 3.1).

        Raises:
            Stop: the run is over.
        """
        size = self.step_size
        moved = self.along(point, direction, size)
        if self.settings.line_search and all(map(isfinite, moved)):
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

        See Hager and Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search",
        2005, section 4.
        """
        # A method without a gradient goes along its own estimate of the gradient.
        slope = self.gradient(point) if self.algorithm.needs_gradient else direction
        promised = sum(g * (x - y) for g, x, y in zip(slope, point, moved, strict=True))
        cost = self.cost(point)
        moved_cost = self.objective.cost(moved, self.batch) if self.algorithm.needs_gradient else self.cost(moved)
        rounding = COST_ROUNDING * abs(cost)
        if self.algorithm.needs_gradient and abs(promised) <= rounding:
            return moved_cost <= cost + rounding and hypot(*self.gradient(moved)) < hypot(*slope)
        return moved_cost <= cost - SUFFICIENT_DECREASE * promised and moved != point

    def accept(self, point: Point, **memory: Any) -> Point:
        """Make a point the present iterate, and return it.

        Args:
            point: the point.
            memory: the state of the method, by name: numbers and lists of numbers.

        Raises:
            Stop: the run is over, or the cost at the point is infinite or NaN; then it is not accepted.
        """
        before = self.number
        self.number += 1
        if not (all(map(isfinite, point)) and isfinite(self.cost(point))):
            self.number = before
            self.lose(point)
        self.point, self.memory = point, memory
        self._accepted(self.iterate())
        return point

    def follow(self, iterates: Iterates, again: Callable[[int], Iterates]) -> Point:
        """Record iterates, and return the point that they lead to.

        Args:
            iterates: the iterates, all with finite costs.
            again: computes the first of them once more, where not all count.

        Raises:
            Stop: the run is over.
        """
        count, reason = self._followed(iterates)
        if count < len(iterates):
            iterates = again(count)
        self.number += count
        self.point, self.memory = iterates.point(count - 1), iterates.memory
        self._learn(self._key(self.point), iterates.costs[-1], iterates.slopes_at(count - 1))
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

    def iterate(self) -> Iterate:
        """Return the present iterate."""
        norm = self.norm(self.point, self.gradient(self.point)) if self.algorithm.needs_gradient else None
        return Iterate(self.number, self.objective.shown(self.cost(self.point)), norm, self.point)

    def norm(self, point: Sequence[float], gradient: Sequence[float]) -> float:
        """Return the norm of a gradient, without the components that bounds hold back."""
        return hypot(*(gradient[i] for i in self.loose(point, gradient)))

    def loose(self, point: Sequence[float], direction: Sequence[float]) -> list[int]:
        """Return the positions of the inputs that no bound keeps from going against a direction."""
        inputs = zip(point, direction, self.low, self.high, strict=True)
        return [i for i, (x, d, low, high) in enumerate(inputs) if not ((x <= low and d > 0) or (x >= high and d < 0))]

    def stop(self, reason: str) -> NoReturn:
        """End the run.

        Raises:
            Stop: always.
        """
        raise Stop(reason)

    def _blamed(self, point: Point) -> Problem | None:
        """Return the place where the first infinity or NaN arose in the step to a point."""
        i = next((i for i, x in enumerate(point) if not isfinite(x)), None)
        if i is None:
            return self.objective.culprit(point, range(self.objective.count))
        name = self.objective.names[i]
        overflow = Problem(f"the step takes {quote(name)} from {self.point[i]} to {point[i]}")
        return self.objective.culprit(self.point, range(self.objective.count)) or overflow

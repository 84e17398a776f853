"""A run of a method: its record, its checkpoints, and the reasons for its end."""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import inf, isfinite
from time import monotonic
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.optimize.checkpoint import Checkpoint
from circuitgrad.methods.optimize.curve import Curve
from circuitgrad.methods.optimize.replay import Replay
from circuitgrad.methods.optimize.search import Iterate, Search, Stop
from circuitgrad.methods.optimize.settings import algorithm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.engines.choice import Choice
    from circuitgrad.engines.native.optimizer_loop import Iterates
    from circuitgrad.errors import Problem
    from circuitgrad.methods.optimize.fit import Fit
    from circuitgrad.methods.optimize.objective import Objective
    from circuitgrad.methods.optimize.search import Algorithm
    from circuitgrad.methods.optimize.starts import Starts

PROGRESS_STEPS = 10
"""The steps whose progress together is compared with the tolerance."""
MOST_LAST_POINTS = 100
"""The last points that are remembered."""
WORSE_BY_ROUNDING = 1e-12
"""An objective that is worse by this part of it, or by less, is as good."""
CHECKPOINT_SECONDS = 30.0
"""The seconds between two checkpoints."""
MOST_PATH_INPUTS = 2
"""The path is recorded, to be plotted, where at most this many inputs move."""
IDENTITY = (
    "method", "goal", "output", "step_size", "schedule", "momentum", "line_search", "batch_size", "seed",
)  # fmt: skip
"""The settings on which the iterates of a run depend: a checkpoint cannot be resumed with others."""


@dataclass(frozen=True)
class Outcome:
    """The result of an optimisation.

    Attributes:
        circuit: the circuit; its inputs have the values of the last iterate, or of the one that is kept.
        settings: the settings, complete; see `settings.settled`.
        output: the wire that was raised or lowered, or the residual.
        rows: the number of rows of data; None without data.
        steps: the number of steps.
        stopped: the reason for the end: `steps`, `gradient` or `progress` (the tolerance), `converged`, `time`,
            `interrupted`, or `nonfinite` when the next step would have left the finite numbers.
        moved: the inputs that could move.
        before: the values of all wires at the start; with data, of the wires that no column reaches.
        after: the same at the end.
        first: the objective at the start.
        last: the objective at the end: that of the last iterate, or of the best one where the last is worse than the
            start.
        norm: the norm of the gradient at the end; None for a method without gradients, and for batches.
        curve: the objective per step, as pairs of step and objective.
        path: the values of the inputs that could move, at these steps; empty points where too many inputs move.
        choice: the engine that was used, and the reason.
        culprit: the place where the first infinity or NaN arose, when that ended the run.
        fit: the statistics of least squares.
        kept: the number of the iterate that is kept in place of the last, because the last is worse than the start.
        lost: the objective of the last iterate, where another is kept.
        factors: the factor of the residual in every row; None for 1.
        starts: the ends of the runs from many starts; this is the best of them.
        warnings: what makes the result doubtful; see `cautions`.
    """

    circuit: Circuit
    settings: Optimization
    output: str
    rows: int | None
    steps: int
    stopped: str
    moved: Sequence[str]
    before: Mapping[str, float]
    after: Mapping[str, float]
    first: float
    last: float
    norm: float | None
    curve: Sequence[tuple[int, float]]
    path: Sequence[Sequence[float]]
    choice: Choice
    culprit: Problem | None = None
    fit: Fit | None = None
    kept: int | None = None
    lost: float | None = None
    factors: Sequence[float] | None = None
    starts: Starts | None = None
    warnings: Sequence[Problem] = ()

    @property
    def goal(self) -> str:
        """The goal."""
        return self.settings.goal

    @property
    def method(self) -> str:
        """The method's name."""
        return str(self.settings.method)

    @property
    def noun(self) -> str:
        """The word for a step of the method."""
        return algorithm(self.method).noun

    @property
    def worse(self) -> bool:
        """Whether the objective has moved against the goal, so that the best point is kept in place of the last."""
        return self.kept is not None


class OptimizationRun:
    """A run of a method; the arguments are those of `optimize`, worked out."""

    def __init__(
        self,
        objective: Objective,
        settings: Optimization,
        choice: Choice,
        method: Algorithm,
        listen: Callable[[Iterate], None],
        save: Callable[[Checkpoint], None] | None,
        interrupted: Callable[[], bool],
        every: int | None = 1,
    ) -> None:
        self.objective, self.settings, self.choice, self.algorithm = objective, settings, choice, method
        self.curve = Curve()
        self.search = Search(objective, settings, method, self._accepted, self._followed)
        self._listen, self._save, self._interrupted, self._every = listen, save, interrupted, every
        self._recent: deque[float] = deque(maxlen=PROGRESS_STEPS + 1)  # objectives
        self._best: tuple[float, int, Sequence[float]] | None = None  # cost over all rows, number, point
        self._last_points: deque[tuple[int, Sequence[float]]] = deque(maxlen=MOST_LAST_POINTS)
        self._began = self._saved = monotonic()

    def outcome(self, resume: Checkpoint | None) -> Outcome:
        """Run the method from the start, or from a checkpoint on, and return the result."""
        objective, search = self.objective, self.search
        if resume is not None:
            resume.refuse_other(self._identity())
            objective.start = list(resume.start)
            search.point = list(resume.start)
        start = objective.start
        before = self._wires(start)
        first = self._objective_at(start)
        if not isfinite(first):
            raise self._lost_at_start(first)
        self._resume(resume)
        stopped = self._stopped()
        last = self._objective_at(search.point)
        if not isfinite(last):
            stopped, last = "nonfinite", self._step_back()
        kept, lost = None, None
        if self._is_worse(last, first):
            lost = last
            cost, kept, best = self._best or (objective.shown(first), 0, start)
            last, search.point = objective.shown(cost), list(best)
        objective.circuit.assign(dict(zip(objective.names, search.point, strict=True)))
        objective.circuit.run()
        return Outcome(
            objective.circuit,
            self.settings,
            objective.output,
            objective.count if objective.rows else None,
            search.number,
            stopped,
            objective.names,
            before,
            self._wires(search.point),
            first,
            last,
            search.iterate().norm if self.settings.batch_size is None else None,
            self.curve.points(),
            self.curve.path(),
            self.choice,
            search.culprit,
            self._fit(),
            kept,
            lost,
            objective.factors,
        )

    def _is_worse(self, last: float, first: float) -> bool:
        """Tell whether the last objective is worse than the first by more than rounding.

        SciPy's methods never end at a worse point, but for the last bits, which they give up for a smaller gradient.
        """
        rise = self.objective.shown(last) - self.objective.shown(first)
        return rise > WORSE_BY_ROUNDING * abs(first) and not self.algorithm.replays

    def _stopped(self) -> str:
        """Run the method, and return the reason for its end."""
        # A run that is resumed may be at its end already, and a start may be the end.
        reason = self._end_reason(self.search.iterate())
        if reason is None:
            self.search.check, self.search.rest = self._check, lambda: self._save_sometimes(monotonic())
            try:
                self.algorithm.run(self.search)
            except Stop as stop:
                reason = stop.reason
            finally:
                self.search.check = self.search.rest = lambda: None
        assert reason is not None  # noqa: S101 - a method ends by Stop alone
        if self._save:
            self._save(self._checkpoint())
        return reason

    def _accepted(self, iterate: Iterate) -> None:
        """Record an iterate.

        Raises:
            Stop: it is the last.
        """
        self._record(iterate)
        self._last_points.append((iterate.number, iterate.point))
        now = monotonic()
        self._save_sometimes(now)
        if reason := self._reason(iterate, now):
            self.search.stop(reason)

    def _followed(self, iterates: Iterates) -> tuple[int, str | None]:
        """Record many steps at once.

        Returns:
            The number of steps that count, and the reason where the run ends after them.
        """
        search, objective, has_tolerance = self.search, self.objective, self.settings.tolerance is not None
        last, has_path = len(iterates) - 1, len(objective.names) <= MOST_PATH_INPUTS
        best_index: int | None = None
        best = self._best[0] if self._best else inf
        for i, cost in enumerate(iterates.costs):
            if cost < best:
                best, best_index = cost, i
            number, value = search.number + 1 + i, objective.shown(cost)
            self.curve.add(number, value, tuple(iterates.point(i)) if has_path else ())
            self._recent.append(value)
            is_heard = i == last or (self._every is not None and number % self._every == 0)
            if not (is_heard or has_tolerance or last - i < MOST_LAST_POINTS):
                continue
            iterate = Iterate(number, value, search.norm(point := iterates.point(i), iterates.slopes_at(i)), point)
            self._last_points.append((number, point))
            if is_heard:
                self._listen(iterate)
            if reason := self._end_reason(iterate):
                self._followed_best(iterates, best_index)
                return i + 1, reason
        self._followed_best(iterates, best_index)
        return len(iterates), self._reason(iterate, monotonic())

    def _followed_best(self, iterates: Iterates, index: int | None) -> None:
        """Keep the best of many iterates, where it is better than all before them."""
        if index is not None:
            self._best = iterates.costs[index], self.search.number + 1 + index, tuple(iterates.point(index))

    def _save_sometimes(self, now: float) -> None:
        if self._save and now - self._saved >= CHECKPOINT_SECONDS:
            self._saved = now
            self._save(self._checkpoint())

    def _record(self, iterate: Iterate) -> None:
        point = tuple(iterate.point) if len(iterate.point) <= MOST_PATH_INPUTS else ()
        self.curve.add(iterate.number, iterate.objective, point)
        self._recent.append(iterate.objective)
        cost = self.objective.shown(iterate.objective)
        if self.settings.batch_size is None and (self._best is None or cost < self._best[0]):
            self._best = cost, iterate.number, tuple(iterate.point)
        self._listen(iterate)

    def _reason(self, iterate: Iterate, now: float) -> str | None:
        """Return the reason to end after an iterate, or None."""
        if (reason := self._end_reason(iterate)) is not None:
            return reason
        if self._interrupted():
            return "interrupted"
        return "time" if self._is_over(now) else None

    def _is_over(self, now: float) -> bool:
        limit = self.settings.time_limit
        return limit is not None and now - self._began >= limit

    def _end_reason(self, iterate: Iterate) -> str | None:
        """Return the reason to end that lies in an iterate itself, or None."""
        settings, recent = self.settings, self._recent
        if iterate.number >= (settings.steps or 0):
            return "steps"
        if settings.tolerance is not None:
            if iterate.norm is not None and iterate.norm <= settings.tolerance:
                return "gradient"
            limit = settings.tolerance * abs(iterate.objective)
            if len(recent) > PROGRESS_STEPS and abs(recent[-1] - recent[0]) <= limit:
                return "progress"
        return None

    def _step_back(self) -> float:
        """Go back to the last point where the objective is finite over all rows, and return the objective there."""
        search = self.search
        search.culprit = self.objective.culprit(search.point, range(self.objective.count))
        for number, point in [(0, self.objective.start), *self._last_points][::-1]:
            if isfinite(objective := self._objective_at(point)):
                search.number, search.point = number, list(point)
                return objective
        return self._objective_at(search.point)

    def _check(self) -> None:
        """End the run where the time is over, also in the midst of a step."""
        if self._is_over(monotonic()):
            self.search.stop("time")

    def _objective_at(self, point: Sequence[float]) -> float:
        """Return the objective at a point, over all rows."""
        objective = self.objective
        return objective.shown(objective.cost(point, range(objective.count)))

    def _wires(self, point: Sequence[float]) -> dict[str, float]:
        """Return the values of all wires at a point; with data, of the wires that no column reaches, and the mean."""
        objective, circuit = self.objective, self.objective.circuit
        values = circuit.trace(dict(zip(objective.names, point, strict=True)))
        columns = objective.rows.columns if objective.rows else {}
        by_row = {circuit.first_gate + gate for gate in circuit.downstream(*columns)}
        wires = circuit.wires(expanded=True)
        constant = {name: values[slot] for name, slot in wires if name not in columns and slot not in by_row}
        if objective.squares or not columns:
            return constant
        return {**constant, objective.output: self._objective_at(point)}

    def _lost_at_start(self, value: float) -> CircuitError:
        problem = self.objective.culprit(self.objective.start, range(self.objective.count))
        name = quote(self.objective.output)
        subject = f"the objective of {name}" if self.objective.squares or self.objective.rows else f"the output {name}"
        reason = f": {problem.message}" if problem else ""
        return CircuitError.of(f"{subject} is {value} at the start{reason}", problem.place if problem else None)

    def _fit(self) -> Fit | None:
        if not self.objective.squares:
            return None
        from circuitgrad.methods.optimize.fit import fit

        settings = self.settings
        has_sigma, is_absolute = settings.sigma is not None, bool(settings.absolute_sigma)
        return fit(self.objective, self.search.point, has_sigma=has_sigma, is_absolute=is_absolute)

    def _identity(self) -> dict[str, Any]:
        """Return the identity of the run, on which its iterates depend, except its starting point."""
        settings = {name: getattr(self.settings, name) for name in IDENTITY}
        if self.settings.schedule == "cosine":
            settings["steps"] = self.settings.steps
        return {**self._digests, **settings}

    @cached_property
    def _digests(self) -> dict[str, str]:
        objective, circuit = self.objective, self.objective.circuit
        fixed = {name: value for name, value in circuit.values().items() if name not in objective.names}
        leaves = [(leaf.name, leaf.min, leaf.max) for leaf in circuit.inputs.values()]
        rules = [
            (rule.name, rule.value.text, {operand: partial.text for operand, partial in rule.partials.items()})
            for rule in circuit.rules
        ]
        parts = (objective.names, leaves, fixed, circuit.constants, circuit.names, [*circuit.operands], rules)
        data = sha256()
        for name, column in objective.rows.columns.items() if objective.rows else ():
            data.update(name.encode())
            data.update(column)
        if objective.factors is not None:
            data.update(array("d", objective.factors))
        return {"circuit": sha256(repr(parts).encode()).hexdigest(), "data": data.hexdigest()}

    def _checkpoint(self) -> Checkpoint:
        search, curve = self.search, self.curve
        return Checkpoint(
            self._identity(),
            self.objective.start,
            search.number,
            search.point,
            search.memory,
            search.random.getstate()[1],
            curve.state,
            list(self._recent),
            list(search.replay.answers),
            self._best,
        )

    def _resume(self, checkpoint: Checkpoint | None) -> None:
        """Begin, or go on from a checkpoint; a method that hides its state begins again, and is given its answers."""
        search = self.search
        search.replay = Replay(checkpoint.tape if checkpoint else (), recording=self._save is not None)
        steps = self.settings.steps or 0
        if checkpoint is not None and checkpoint.number > steps:
            raise CircuitError.of(f"the checkpoint has come to step {checkpoint.number:,}, beyond the {steps:,} wanted")
        if checkpoint is None or self.algorithm.replays:
            self._record(search.iterate())
            return
        search.point, search.number = list(checkpoint.point), checkpoint.number
        search.memory = dict(checkpoint.memory)
        search.random.setstate((3, tuple(checkpoint.random), None))
        self.curve = Curve.resumed(checkpoint.curve)
        self._recent.extend(checkpoint.recent)
        if checkpoint.best is not None:
            cost, number, point = checkpoint.best
            self._best = cost, number, tuple(point)

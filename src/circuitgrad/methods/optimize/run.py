"""One run of a method: what is kept of it, and when it ends."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.optimize.checkpoint import Checkpoint, Tape
from circuitgrad.methods.optimize.curve import Curve
from circuitgrad.methods.optimize.search import Search, Step, Stop
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

PROGRESS = 10
"""The progress of so many steps together is held against the tolerance."""
MOST_KEPT = 100
"""So many of the last points are remembered."""
SAVED_EVERY = 30.0
"""A checkpoint is written after so many seconds."""
MOST_DRAWN = 2
"""Of so many inputs, the way is kept, to be drawn."""
COURSE = (
    "method", "goal", "output", "step_size", "schedule", "momentum", "line_search", "batch_size", "seed",
)  # fmt: skip
"""What the course of a run depends on: with another of these, a checkpoint cannot be resumed."""


@dataclass(frozen=True)
class Outcome:
    """What an optimisation did.

    Attributes:
        circuit: the circuit; its inputs have the values that were found.
        experiment: what was wanted, with nothing left open.
        output: the wire that was raised or lowered, or the residual.
        rows: how many rows of data the objective is the mean of; None without data.
        steps: how many steps were done.
        stopped: why it ended: `steps`, `gradient` or `progress` (the tolerance), `converged`, `time`, `interrupted`, or
            `nonfinite` when the next step would have left the finite numbers.
        moved: the inputs that could move.
        before: the values of all wires at the start; with data, of what the data leave alone.
        after: the same at the end.
        first: the objective at the start.
        last: the objective at the end.
        norm: the norm of the gradient at the end; None for a method without one, and where a step saw a part of the
            rows only.
        curve: the objective's course, as steps and values.
        path: the inputs that could move, at these steps; of more than `MOST_DRAWN`, nothing.
        choice: the engine that was used, and why.
        culprit: where the first infinity or NaN arose, when that stopped it.
        fit: what least squares tell of the parameters.
    """

    circuit: Circuit
    experiment: Optimization
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

    @property
    def goal(self) -> str:
        """What was aimed at."""
        return self.experiment.goal

    @property
    def method(self) -> str:
        """The method's name."""
        return str(self.experiment.method)

    @property
    def noun(self) -> str:
        """What a step of the method is called."""
        return algorithm(self.method).noun

    @property
    def worse(self) -> bool:
        """Whether the objective has moved against what was wanted."""
        return self.last < self.first if self.goal == "maximize" else self.last > self.first


class Run:
    """One run of a method: what is kept of it, and when it ends."""

    def __init__(
        self,
        objective: Objective,
        experiment: Optimization,
        choice: Choice,
        method: Algorithm,
        listen: Callable[[Step], None],
        save: Callable[[Checkpoint], None] | None,
        interrupted: Callable[[], bool],
        every: int | None = 1,
    ) -> None:
        self.objective, self.experiment, self.choice, self.algorithm = objective, experiment, choice, method
        self.curve = Curve()
        self.search = Search(objective, experiment, method, self._accepted, self._followed)
        self._listen, self._save, self._interrupted, self._every = listen, save, interrupted, every
        self._recent: deque[float] = deque(maxlen=PROGRESS + 1)
        self._kept: deque[tuple[int, Sequence[float]]] = deque(maxlen=MOST_KEPT)
        self._began = self._saved = monotonic()

    def outcome(self, resume: Checkpoint | None) -> Outcome:
        """Run the method from the start, or from a checkpoint on, and return what it did."""
        objective, search = self.objective, self.search
        if resume is not None:
            resume.refuse_other(self._course())
            objective.start = list(resume.start)
            search.point = list(resume.start)
        start = objective.start
        before = self._wires(start)
        first = self._whole(start)
        if not isfinite(first):
            raise self._lost_at_start(first)
        self._resume(resume)
        stopped = self._stopped()
        last = self._whole(search.point)
        if not isfinite(last):
            stopped, last = "nonfinite", self._step_back()
        objective.circuit.assign(dict(zip(objective.names, search.point, strict=True)))
        objective.circuit.run()
        return Outcome(
            objective.circuit,
            self.experiment,
            objective.output,
            objective.count if objective.rows else None,
            search.number,
            stopped,
            objective.names,
            before,
            self._wires(search.point),
            first,
            last,
            search.seen().norm if self.experiment.batch_size is None else None,
            self.curve.points(),
            self.curve.path(),
            self.choice,
            search.culprit,
            self._fit(),
        )

    def _stopped(self) -> str:
        """Run the method, and return why it ended."""
        # A run that is resumed may have come to its end, and one that begins may begin there.
        reason = self._ended(self.search.seen())
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

    def _accepted(self, step: Step) -> None:
        self._draw(step.number, step.objective, step.point)
        self._recent.append(step.objective)
        self._kept.append((step.number, step.point))
        self._listen(step)
        now = monotonic()
        self._save_sometimes(now)
        if reason := self._reason(step, now):
            self.search.stop(reason)

    def _followed(self, course: Iterates) -> tuple[int, str | None]:
        """Take note of many steps at once, and return how many of them count, and why no more do."""
        search, objective, tolerant = self.search, self.objective, self.experiment.tolerance is not None
        last, is_drawn = len(course) - 1, len(objective.names) <= MOST_DRAWN
        for i, cost in enumerate(course.costs):
            number, found = search.number + 1 + i, objective.shown(cost)
            self.curve.add(number, found, tuple(course.point(i)) if is_drawn else ())
            self._recent.append(found)
            is_told = i == last or (self._every is not None and number % self._every == 0)
            if not (is_told or tolerant or last - i < MOST_KEPT):
                continue
            step = Step(number, found, search.norm(point := course.point(i), course.slopes_at(i)), point)
            self._kept.append((number, point))
            if is_told:
                self._listen(step)
            if reason := self._ended(step):
                return i + 1, reason
        return len(course), self._reason(step, monotonic())

    def _save_sometimes(self, now: float) -> None:
        if self._save and now - self._saved >= SAVED_EVERY:
            self._saved = now
            self._save(self._checkpoint())

    def _draw(self, number: int, objective: float, point: Sequence[float]) -> None:
        self.curve.add(number, objective, tuple(point) if len(point) <= MOST_DRAWN else ())

    def _reason(self, step: Step, now: float) -> str | None:
        """Return why a step was the last one, or None where it was not."""
        if (reason := self._ended(step)) is not None:
            return reason
        if self._interrupted():
            return "interrupted"
        return "time" if self._is_over(now) else None

    def _is_over(self, now: float) -> bool:
        limit = self.experiment.time_limit
        return limit is not None and now - self._began >= limit

    def _ended(self, step: Step) -> str | None:
        """Return why there is nothing to be done after a step, or None where there is."""
        wanted = self.experiment
        if step.number >= (wanted.steps or 0):
            return "steps"
        if wanted.tolerance is not None:
            if step.norm is not None and step.norm <= wanted.tolerance:
                return "gradient"
            if len(self._recent) > PROGRESS and abs(self._recent[-1] - self._recent[0]) <= wanted.tolerance * abs(
                step.objective
            ):
                return "progress"
        return None

    def _step_back(self) -> float:
        """Go back to the last point where the objective is finite over all rows, and return it."""
        search = self.search
        search.culprit = self.objective.culprit(search.point, range(self.objective.count))
        for number, point in [(0, self.objective.start), *self._kept][::-1]:
            if isfinite(found := self._whole(point)):
                search.number, search.point = number, list(point)
                return found
        return self._whole(search.point)

    def _check(self) -> None:
        """End the run where the time is over, also in the midst of a step."""
        if self._is_over(monotonic()):
            self.search.stop("time")

    def _whole(self, point: Sequence[float]) -> float:
        """Return the objective at a point, over all rows."""
        objective = self.objective
        return objective.shown(objective.cost(point, range(objective.count)))

    def _wires(self, point: Sequence[float]) -> dict[str, float]:
        """Return the values of all wires at a point; with data, of those that they leave alone, and the mean."""
        objective, circuit = self.objective, self.objective.circuit
        values = circuit.trace(dict(zip(objective.names, point, strict=True)))
        columns = objective.rows.columns if objective.rows else {}
        by_row = {circuit.first_gate + gate for gate in circuit.downstream(*columns)}
        wires = circuit.wires(expanded=True)
        found = {name: values[slot] for name, slot in wires if name not in columns and slot not in by_row}
        return found if objective.squares or not columns else {**found, objective.output: self._whole(point)}

    def _lost_at_start(self, found: float) -> CircuitError:
        problem = self.objective.culprit(self.objective.start, range(self.objective.count))
        name = quote(self.objective.output)
        what = f"the objective of {name}" if self.objective.squares or self.objective.rows else f"the output {name}"
        reason = f": {problem.message}" if problem else ""
        return CircuitError.of(f"{what} is {found} at the start{reason}", problem.place if problem else None)

    def _fit(self) -> Fit | None:
        if not self.objective.squares:
            return None
        from circuitgrad.methods.optimize.fit import fit

        return fit(self.objective, self.search.point)

    def _course(self) -> dict[str, Any]:
        """Return what the course of the run depends on; where it has begun is its own business."""
        course = {name: getattr(self.experiment, name) for name in COURSE}
        if self.experiment.schedule == "cosine":
            course["steps"] = self.experiment.steps
        return {**self._digests, **course}

    @cached_property
    def _digests(self) -> dict[str, str]:
        objective, circuit = self.objective, self.objective.circuit
        still = {name: value for name, value in circuit.values().items() if name not in objective.names}
        leaves = [(leaf.name, leaf.min, leaf.max) for leaf in circuit.inputs.values()]
        rules = [
            (rule.name, rule.value.text, {operand: partial.text for operand, partial in rule.partials.items()})
            for rule in circuit.rules
        ]
        parts = (objective.names, leaves, still, circuit.constants, circuit.names, [*circuit.operands], rules)
        data = sha256()
        for name, column in objective.rows.columns.items() if objective.rows else ():
            data.update(name.encode())
            data.update(column)
        return {"circuit": sha256(repr(parts).encode()).hexdigest(), "data": data.hexdigest()}

    def _checkpoint(self) -> Checkpoint:
        search, curve = self.search, self.curve
        return Checkpoint(
            self._course(),
            self.objective.start,
            search.number,
            search.point,
            search.memory,
            search.random.getstate()[1],
            curve.state,
            list(self._recent),
            list(search.tape.entries),
        )

    def _resume(self, checkpoint: Checkpoint | None) -> None:
        """Begin, or go on where a checkpoint has ended; a method that keeps its memory to itself is told all again."""
        search = self.search
        search.tape = Tape(checkpoint.tape if checkpoint else (), recording=self._save is not None)
        steps = self.experiment.steps or 0
        if checkpoint is not None and checkpoint.number > steps:
            raise CircuitError.of(f"the checkpoint has come to step {checkpoint.number:,}, beyond the {steps:,} wanted")
        if checkpoint is None or self.algorithm.replays:
            step = search.seen()
            self._draw(step.number, step.objective, step.point)
            self._recent.append(step.objective)
            self._listen(step)
            return
        search.point, search.number = list(checkpoint.point), checkpoint.number
        search.memory = dict(checkpoint.memory)
        search.random.setstate((3, tuple(checkpoint.random), None))
        self.curve = Curve.resumed(checkpoint.curve)
        self._recent.extend(checkpoint.recent)

"""A work: contestants answer, those that agree are timed in turns, and every round gives a ratio."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.workers import LIMIT, ContestantError, LateError, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.workers import Contestant

AGREED = 1e-9
"""How far a number may be from the reference, as a part of it."""
SMALL = 1e-6
"""A number below such a part of the largest is compared as if it were that large: cancellation leaves it few digits."""


@dataclass(frozen=True)
class Work:
    """What is done side by side.

    Attributes:
        name: what it is called on the command line.
        title: what the page calls it.
        section: the page's section that it stands in.
        contestants: who does it.
        against: whose time the others' is divided by: the first of these that did it.
        reference: who gives the numbers that all have to agree in, or None where there are none.
        units: how many of a unit the work is, and what the unit is called.
        series: works of one series come in order of size; who is too late for one is not asked for the next.
        is_quick: whether `--quick` does it, too.
    """

    name: str
    title: str
    section: str
    contestants: Sequence[Contestant]
    against: Sequence[str]
    reference: Contestant | None = None
    units: tuple[float, str] = (1, "")
    series: str = ""
    is_quick: bool = False


@dataclass
class Outcome:
    """How a contestant did.

    Attributes:
        failed: why it is not timed, or is no longer.
        late: the seconds that were not enough for it to answer; 0 where they were.
        prepared: the seconds until it had answered first.
        memory: the bytes that it holds.
        seconds: the seconds of one run, round by round.
    """

    failed: str = ""
    late: float = 0.0
    prepared: float = math.nan
    memory: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds) if self.seconds else math.nan


class Ratio(NamedTuple):
    """The median of the ratios of all rounds, and their quartiles."""

    low: float
    middle: float
    high: float


@dataclass
class Result:
    """How a work went.

    Attributes:
        against: whose time the others' is divided by; empty where none of these did it.
        outcomes: how each contestant did, by its label.
    """

    against: str
    outcomes: dict[str, Outcome]

    def ratio(self, over: str, under: str | None = None) -> Ratio | None:
        """Return the ratio of the times of two contestants, or None where one of them has no times.

        >>> Result("a", {"a": Outcome(seconds=[1, 2, 1]), "b": Outcome(seconds=[2, 2, 4])}).ratio("b")
        Ratio(low=1.0, middle=2.0, high=4.0)
        """
        pair = [
            self.outcomes.get(label, Outcome()).seconds for label in (over, self.against if under is None else under)
        ]
        ratios = [one / other for one, other in zip(*pair, strict=False)]
        return quartiles(ratios) if ratios else None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Result:
        """Return it from JSON."""
        return cls(found["against"], {label: Outcome(**one) for label, one in found["outcomes"].items()})


def quartiles(numbers: Sequence[float]) -> Ratio:
    """Return the quartiles of some numbers, at least one.

    >>> quartiles([3.0])
    Ratio(low=3.0, middle=3.0, high=3.0)
    """
    return Ratio(*(statistics.quantiles(numbers, n=4) if len(numbers) > 1 else [numbers[0]] * 3))


class Effort(NamedTuple):
    """How long everything may take.

    Attributes:
        rounds: how many rounds there are at most.
        batch: the seconds that a contestant runs in a round, at least.
        limit: the seconds that it may take to prepare, or for a round.
        patience: the seconds after which it takes part in no further round; three it is given anyway.
    """

    rounds: int = 15
    batch: float = 0.1
    limit: float = LIMIT
    patience: float = 20.0


def disagreement(found: Sequence[float], reference: Sequence[float]) -> str:
    """Return what is wrong with an answer, or nothing.

    >>> disagreement([1.0, 2.0], [1.0, 2.0 + 1e-12]), disagreement([1.0], [1.1])
    ('', 'disagrees: 1.0 instead of 1.1 (number 1 of 1)')
    """
    if len(found) != len(reference):
        return f"disagrees: {len(found)} numbers instead of {len(reference)}"
    least = SMALL * max(map(abs, reference), default=0.0)
    for place, (number, right) in enumerate(zip(found, reference, strict=True), 1):
        if not abs(number - right) <= AGREED * max(abs(right), least):
            return f"disagrees: {number!r} instead of {right!r} (number {place} of {len(reference)})"
    return ""


def run(
    work: Work, effort: Effort, smaller: Result | None = None, tell: Callable[[str], None] = lambda _: None
) -> Result:
    """Do a work side by side.

    Args:
        work: the work.
        effort: how long it may take.
        smaller: how the work before in its series went.
        tell: is told how it goes.
    """
    outcomes = {one.label: Outcome() for one in work.contestants}
    workers: dict[str, Worker] = {}
    try:
        reference = None
        if work.reference:
            try:
                reference = _answered(work.reference, 3 * effort.limit)
            except ContestantError as error:
                why = f"the reference failed: {error}"
                return Result("", {label: Outcome(failed=why) for label in outcomes})
        for one in work.contestants:
            outcome = outcomes[one.label]
            if smaller and (late := smaller.outcomes.get(one.label, Outcome()).late):
                outcome.failed, outcome.late = f"over {late:g} s for a smaller one", late
                continue
            workers[one.label] = worker = Worker(one, effort.limit)
            try:
                answer, outcome.prepared, outcome.memory = worker.ready()
                outcome.failed = "" if reference is None else disagreement(answer, reference)
            except ContestantError as error:
                outcome.failed = str(error)
                outcome.late = effort.limit if isinstance(error, LateError) else 0.0
            if outcome.failed:
                workers.pop(one.label).close()
                tell(f"{work.name}: {one.label}: {outcome.failed}")
        _race(workers, outcomes, effort, work, tell)
    finally:
        for worker in workers.values():
            worker.close()
    timed = [label for label in work.against if outcomes.get(label, Outcome()).seconds]
    return Result(timed[0] if timed else "", outcomes)


def _answered(contestant: Contestant, limit: float) -> list[float]:
    worker = Worker(contestant, limit)
    try:
        return worker.ready().answer
    finally:
        worker.close()


def _race(
    workers: dict[str, Worker], outcomes: dict[str, Outcome], effort: Effort, work: Work, tell: Callable[[str], None]
) -> None:
    """Time the contestants in turns, in every other round the other way round; those that fail leave."""
    times, spent = dict.fromkeys(workers, 0), dict.fromkeys(workers, 0.0)

    def leave(label: str, why: str) -> None:
        outcomes[label].failed = why
        workers.pop(label).close()
        tell(f"{work.name}: {label}: {why}")

    for label, worker in list(workers.items()):
        try:
            times[label] = _calibrated(worker, effort.batch)
        except ContestantError as error:  # noqa: PERF203 - each may fail
            leave(label, str(error))
    for number in range(effort.rounds):
        for label in list(workers)[:: -1 if number % 2 else 1]:
            if number >= 3 and spent[label] > effort.patience:
                continue
            try:
                seconds = workers[label].run(times[label])
            except ContestantError as error:
                leave(label, str(error))
                continue
            spent[label] += seconds
            outcomes[label].seconds.append(seconds / times[label])


def _calibrated(worker: Worker, batch: float) -> int:
    """Return how many runs take so many seconds, a power of two, as pyperf has it."""
    times = 1
    while (seconds := worker.run(times)) < batch:
        times *= max(2, 1 << int(math.log2(batch / max(seconds, 1e-7))))
    return times

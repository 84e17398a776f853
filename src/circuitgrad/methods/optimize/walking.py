"""Methods that step against a direction which follows from the gradient and what they carry along, input by input."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Collection

    from circuitgrad.engines.native.optimizer_loop import Iterates, OptimizerLoop
    from circuitgrad.engines.update import Memory, Update
    from circuitgrad.methods.optimize.search import Search

FEW = 1
"""So many steps are made at once in the beginning, by machine code; then twice as many, and so on."""
LONG = 0.05
"""Seconds after which a run looks at the clock, and whether it is interrupted."""
MOST = 2_000_000
"""So many numbers of points are kept at once."""


def walking(about: str, update: Update, uses: Collection[str] = ()) -> Algorithm:
    """Return the method of an update.

    Args:
        about: what it does, in a few words.
        update: how a point moves.
        uses: the settings that mean something to it, beside those of every method that goes along gradients.
    """
    return Algorithm(about, partial(_walk, update), FIRST_ORDER.union(uses), walks=True)


def _walk(update: Update, search: Search) -> None:
    experiment, point = search.experiment, search.point
    momentum = experiment.momentum or 0.0
    memory = {**update.start(len(point)), **search.memory}
    many = None
    if experiment.batch_size is None and not experiment.line_search:
        many = search.objective.walk(update, search.low, search.high, momentum)
    if many is not None:
        _run(many, search, memory)
        point, memory = search.point, {**memory, **search.memory}
    while True:
        direction, memory = update.move(search.gradient(point), memory, momentum=momentum, count=search.number + 1)
        point = search.step(point, direction, **memory)


def _run(walk: OptimizerLoop, search: Search, memory: Memory) -> None:
    """Make steps by machine code, as far as they lead to finite costs."""
    wanted = FEW
    while True:
        count = min(wanted, (search.experiment.steps or 0) - search.number, MOST // len(search.point) + 1)
        start, sizes = monotonic(), search.step_sizes(count)
        steps = partial(walk, list(search.point), search.gradient(search.point), memory, search.number)
        course = steps(sizes)
        if len(course):
            search.follow(course, partial(_first, steps, sizes))
            memory = course.memory
        if len(course) < count:
            return
        if monotonic() - start < LONG:
            wanted *= 2


def _first(steps: Callable[[array[float]], Iterates], sizes: array[float], count: int) -> Iterates:
    """Return the first so many steps of a course."""
    return steps(sizes[:count])

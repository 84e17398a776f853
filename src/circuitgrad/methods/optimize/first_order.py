"""First-order methods: their direction follows, input by input, from the gradient and a state that they keep."""

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

FIRST_STEPS_AT_ONCE = 1
"""The steps that machine code makes at once in the beginning; their number doubles from call to call."""
MOST_SECONDS_AT_ONCE = 0.05
"""Steps at once may take this long, and their number doubles no more: a run looks at the clock between them."""
MOST_NUMBERS_AT_ONCE = 2_000_000
"""The coordinates of points that steps at once may fill."""


def first_order(about: str, update: Update, uses: Collection[str] = ()) -> Algorithm:
    """Return the method of an update.

    Args:
        about: the method in a few words.
        update: the formulas by which a point moves.
        uses: the settings that mean something to it, beside those of every first-order method.
    """
    return Algorithm(about, partial(_run, update), FIRST_ORDER.union(uses), is_compiled=True)


def _run(update: Update, search: Search) -> None:
    settings, point = search.settings, search.point
    momentum = settings.momentum or 0.0
    memory = {**update.start(len(point)), **search.memory}
    loop = None
    if settings.batch_size is None and not settings.line_search:
        loop = search.objective.compiled_loop(update, search.low, search.high, momentum)
    if loop is not None:
        _run_compiled(loop, search, memory)
        point, memory = search.point, {**memory, **search.memory}
    while True:
        direction, memory = update.move(search.gradient(point), memory, momentum=momentum, count=search.number + 1)
        point = search.step(point, direction, **memory)


def _run_compiled(loop: OptimizerLoop, search: Search, memory: Memory) -> None:
    """Make steps by machine code, as far as they lead to finite costs."""
    at_once = FIRST_STEPS_AT_ONCE
    while True:
        left = (search.settings.steps or 0) - search.number
        count = min(at_once, left, MOST_NUMBERS_AT_ONCE // len(search.point) + 1)
        start, step_sizes = monotonic(), search.step_sizes(count)
        steps = partial(loop, list(search.point), search.gradient(search.point), memory, search.number)
        iterates = steps(step_sizes)
        if len(iterates):
            search.follow(iterates, partial(_first_steps, steps, step_sizes))
            memory = iterates.memory
        if len(iterates) < count:
            return
        if monotonic() - start < MOST_SECONDS_AT_ONCE:
            at_once *= 2


def _first_steps(steps: Callable[[array[float]], Iterates], step_sizes: array[float], count: int) -> Iterates:
    """Return the first `count` iterates."""
    return steps(step_sizes[:count])

"""The guide's random local search."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circuitgrad.methods.optimize.search import Search


def random(search: Search) -> Iterator[dict[str, float]]:
    """Yield the best point so far after each try.

    A try is drawn uniformly from the box around the starting point whose half-width is the step size (Karpathy,
    "Hacker's guide to Neural Networks", chapter 1, strategy 1), cut to the inputs' bounds.
    """
    generator = Random(search.seed)  # noqa: S311 - nothing secret
    best, best_value = search.start, search.value(search.start)
    while True:
        tried = search.moved(search.start, {name: generator.random() * 2 - 1 for name in search.start})
        value = search.value(tried)
        if search.sign * value > search.sign * best_value:
            best, best_value = tried, value
        yield best

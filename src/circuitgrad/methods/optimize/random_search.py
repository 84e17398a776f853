"""Random methods: each step tries a random point of a box, and keeps the better point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.methods.optimize.search import Algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.methods.optimize.search import Point, Search


def random_search(about: str, centre: Callable[[Search, Point], Point]) -> Algorithm:
    """Return a random method.

    Args:
        about: the method in a few words.
        centre: returns the centre of the box, from the search and the best point so far.
    """

    def run(search: Search) -> None:
        best = search.point
        while True:
            best = attempt(search, centre(search, best), best)

    uses = frozenset({"step_size", "schedule", "seed"})
    return Algorithm(about, run, uses, needs_gradient=False, noun="try")


def attempt(search: Search, centre: Point, best: Point) -> Point:
    """Try a random point of a box, and return the better of it and the best point so far.

    The half-width of the box is the step size. Tries are uniform, and cut to the inputs' bounds.

    Raises:
        Stop: the run is over.
    """
    direction = [1 - search.random.random() * 2 for _ in centre]
    tried = search.along(centre, direction, search.step_size)
    return search.accept(tried if search.cost(tried) < search.cost(best) else best)

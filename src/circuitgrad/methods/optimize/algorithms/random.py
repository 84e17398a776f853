"""The guide's random local search."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search


def run(search: Search) -> None:
    """Try points of the box around the start whose half-width is the step size, and keep the best.

    Tries are uniform, and cut to the inputs' bounds (Karpathy, "Hacker's guide to Neural Networks", chapter 1,
    strategy 1).
    """
    start, best = search.objective.start, search.point
    while True:
        tried = search.along(start, [1 - search.random.random() * 2 for _ in start], search.step_size)
        best = search.accept(tried if search.cost(tried) < search.cost(best) else best)


ALGORITHM = Algorithm(
    "the best of random points around the start, as in the guide",
    run,
    frozenset({"step_size", "schedule", "seed"}),
    needs_gradient=False,
)

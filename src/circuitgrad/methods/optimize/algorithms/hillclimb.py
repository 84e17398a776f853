"""Random local search that moves on from the best point so far."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search


def run(search: Search) -> None:
    """Try points of a box around the best so far, whose half-width is the step size, and go to what is better."""
    best = search.point
    while True:
        tried = search.along(best, [1 - search.random.random() * 2 for _ in best], search.step_size)
        best = search.accept(tried if search.cost(tried) < search.cost(best) else best)


ALGORITHM = Algorithm(
    "random moves from the best point so far",
    run,
    frozenset({"step_size", "schedule", "seed"}),
    needs_gradient=False,
)

"""The guide's random local search."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search


def run(search: Search) -> None:
    """Try points around the start, and keep the best (Karpathy, "Hacker's guide to Neural Networks", strategy 1)."""
    best = search.point
    while True:
        best = search.attempt(search.objective.start, best)


ALGORITHM = Algorithm(
    "the best of random points around the start, as in the guide",
    run,
    frozenset({"step_size", "schedule", "seed"}),
    needs_gradient=False,
    noun="try",
)

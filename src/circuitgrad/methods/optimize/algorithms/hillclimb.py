"""Random local search that moves on from the best point so far."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search


def run(search: Search) -> None:
    """Try points around the best so far, and go to what is better."""
    best = search.point
    while True:
        best = search.attempt(best, best)


ALGORITHM = Algorithm(
    "random moves from the best point so far",
    run,
    frozenset({"step_size", "schedule", "seed"}),
    needs_gradient=False,
    noun="try",
)

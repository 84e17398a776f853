"""The guide's step along the numerical gradient."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm, Search


def run(search: Search) -> None:
    """Go along forward differences (Karpathy, "Hacker's guide to Neural Networks", chapter 1, strategy 2)."""
    point = search.point
    while True:
        point = search.step(point, search.numeric_gradient(point))


ALGORITHM = Algorithm(
    "steps along the numerical gradient, as in the guide",
    run,
    FIRST_ORDER - {"tolerance"} | {"line_search"},
    needs_gradient=False,
)

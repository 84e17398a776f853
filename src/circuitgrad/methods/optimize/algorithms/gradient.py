"""The gradient step of the guide: every input moves by the step size times its derivative."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm, Search


def run(search: Search) -> None:
    """Go along the gradient (Karpathy, "Hacker's guide to Neural Networks", chapter 1, strategy 3)."""
    point = search.point
    while True:
        point = search.step(point, search.gradient(point))


ALGORITHM = Algorithm("steps along the gradient, as in the guide", run, FIRST_ORDER | {"line_search"})

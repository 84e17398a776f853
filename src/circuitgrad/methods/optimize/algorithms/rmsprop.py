"""Steps along the gradient, each part of it in units of its own recent size."""

from __future__ import annotations

from math import sqrt

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm, Search

DECAY = 0.99
EPSILON = 1e-8


def run(search: Search) -> None:
    """Divide each derivative by the root of a running mean of its squares (Hinton, Coursera lecture 6e, 2012).

    The constants, and the place of epsilon outside the root, are PyTorch's.
    """
    point = search.point
    squares = search.memory.get("squares", [0.0] * len(point))
    while True:
        gradient = search.gradient(point)
        squares = [DECAY * s + (1 - DECAY) * g * g for s, g in zip(squares, gradient, strict=True)]
        direction = [g / (sqrt(s) + EPSILON) for g, s in zip(gradient, squares, strict=True)]
        point = search.step(point, direction, squares=squares)


ALGORITHM = Algorithm("steps of the gradient over its recent size", run, FIRST_ORDER)

"""Adam: momentum, in units of the gradient's own recent size."""

from __future__ import annotations

from math import sqrt

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm, Search

DECAY = 0.9
SLOWER = 0.999
EPSILON = 1e-8


def run(search: Search) -> None:
    """Go along the running mean of the gradient over the root of that of its squares, both without their bias to 0.

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1, with its constants.
    """
    point = search.point
    means = search.memory.get("means", [0.0] * len(point))
    squares = search.memory.get("squares", [0.0] * len(point))
    while True:
        gradient = search.gradient(point)
        means = [DECAY * m + (1 - DECAY) * g for m, g in zip(means, gradient, strict=True)]
        squares = [SLOWER * s + (1 - SLOWER) * g * g for s, g in zip(squares, gradient, strict=True)]
        count = search.number + 1
        whole, whole_squares = 1 - DECAY**count, 1 - SLOWER**count
        direction = [m / whole / (sqrt(s / whole_squares) + EPSILON) for m, s in zip(means, squares, strict=True)]
        point = search.step(point, direction, means=means, squares=squares)


ALGORITHM = Algorithm("running means of the gradient over its size", run, FIRST_ORDER)

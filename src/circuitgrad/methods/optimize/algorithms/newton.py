"""Newton's method with the exact Hessian."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING

from circuitgrad.methods.optimize.search import Algorithm, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

FLATTEST = 1e-12
"""Curvatures below such a share of the largest count as this share."""
TINY = 1e-40
"""Entries below such a share of the largest do not count: their squares would vanish in the midst of the work."""
SMALLEST = 1e-290
"""A Hessian without a larger entry is as good as none: the step goes along the gradient."""


def run(search: Search) -> None:
    """Go to the minimum of the parabola that has the cost's slopes and curvatures, in the inputs that no bound holds.

    Where it is curved downwards the size of the curvature counts, so that the step still leads down (Dauphin et al.,
    "Identifying and attacking the saddle point problem in high-dimensional non-convex optimization", 2014).
    """
    point = search.point
    while True:
        point = search.step(point, _within_bounds(search, point))


def _within_bounds(search: Search, point: list[float]) -> list[float]:
    """Return Newton's direction among the inputs that neither it nor the gradient leads out of their bounds."""
    hessian, gradient = search.objective.hessian(point), search.gradient(point)
    loose = search.loose(point, gradient)
    while True:
        inner = direction([[hessian[i][j] for j in loose] for i in loose], [gradient[i] for i in loose])
        found = [0.0] * len(point)
        for i, one in zip(loose, inner, strict=True):
            found[i] = one
        left = [i for i in loose if i in search.loose(point, found)]
        if left == loose:
            return found
        loose = left


def direction(hessian: Sequence[Sequence[float]], gradient: Sequence[float]) -> Sequence[float]:
    """Return the gradient over the size of the curvature, along each principal axis of the Hessian.

    >>> direction([[2.0, 0.0], [0.0, -4.0]], [2.0, 4.0])
    [1.0, 1.0]
    """
    from mpmath import fp

    largest = max((abs(one) for row in hessian for one in row), default=0.0)
    if not all(isfinite(one) for row in hessian for one in row):
        return [nan] * len(gradient)
    if largest < SMALLEST:
        return gradient
    scaled = [[one / largest if abs(one) > TINY * largest else 0.0 for one in row] for row in hessian]
    curvatures, axes = fp.eigsy(fp.matrix(scaled))
    flattest = FLATTEST * max(map(abs, curvatures))
    indices = range(len(gradient))
    found = [0.0] * len(gradient)
    for k in indices:
        slope = sum(axes[i, k] * gradient[i] for i in indices)
        factor = slope / largest / max(abs(curvatures[k]), flattest)
        found = [one + factor * axes[i, k] for i, one in enumerate(found)]
    return found


ALGORITHM = Algorithm(
    "Newton's method with the exact Hessian",
    run,
    frozenset({"step_size", "schedule", "line_search", "tolerance"}),
    {"step_size": 1.0, "line_search": True},
)

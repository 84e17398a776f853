"""Newton's method with the exact Hessian."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING

from circuitgrad.methods.optimize.search import Algorithm, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_CURVATURE = 1e-12
"""Curvatures below this share of the largest count as this share."""
LEAST_ENTRY = 1e-40
"""Entries below this share of the largest count as 0: their squares would underflow."""
LEAST_HESSIAN = 1e-290
"""A Hessian without a larger entry counts as 0: the step goes along the gradient."""


def run(search: Search) -> None:
    """Go to the minimum of the parabola that has the cost's slopes and curvatures, in the inputs that no bound holds.

    Where the parabola is curved downwards, the size of the curvature counts, so that the step still leads down (Dauphin
    et al., "Identifying and attacking the saddle point problem in high-dimensional non-convex optimization", 2014).
    """
    point = search.point
    while True:
        point = search.step(point, _within_bounds(search, point))


def _within_bounds(search: Search, point: list[float]) -> list[float]:
    """Return Newton's direction among the inputs that neither it nor the gradient leads out of their bounds."""
    hessian, gradient = search.objective.hessian(point), search.gradient(point)
    loose = search.loose(point, gradient)
    while True:
        step = [0.0] * len(point)
        loose_step = direction([[hessian[i][j] for j in loose] for i in loose], [gradient[i] for i in loose])
        for i, component in zip(loose, loose_step, strict=True):
            step[i] = component
        still_loose = [i for i in loose if i in search.loose(point, step)]
        if still_loose == loose:
            return step
        loose = still_loose


def direction(hessian: Sequence[Sequence[float]], gradient: Sequence[float]) -> Sequence[float]:
    """Return the gradient over the size of the curvature, along each principal axis of the Hessian.

    >>> direction([[2.0, 0.0], [0.0, -4.0]], [2.0, 4.0])
    [1.0, 1.0]
    """
    from mpmath import fp

    entries = [entry for row in hessian for entry in row]
    largest = max(map(abs, entries), default=0.0)
    if not all(map(isfinite, entries)):
        return [nan] * len(gradient)
    if largest < LEAST_HESSIAN:
        return gradient
    scaled = [[entry / largest if abs(entry) > LEAST_ENTRY * largest else 0.0 for entry in row] for row in hessian]
    curvatures, axes = fp.eigsy(fp.matrix(scaled))
    least_curvature = LEAST_CURVATURE * max(map(abs, curvatures))
    indices = range(len(gradient))
    total = [0.0] * len(gradient)
    for k in indices:
        slope = sum(axes[i, k] * gradient[i] for i in indices)
        factor = slope / largest / max(abs(curvatures[k]), least_curvature)
        total = [component + factor * axes[i, k] for i, component in enumerate(total)]
    return total


ALGORITHM = Algorithm(
    "Newton's method with the exact Hessian",
    run,
    frozenset({"step_size", "schedule", "line_search", "tolerance"}),
    {"step_size": 1.0, "line_search": True},
)

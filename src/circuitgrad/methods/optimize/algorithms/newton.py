"""Newton's method with the exact Hessian."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.methods.optimize.search import Algorithm, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

FLATTEST = 1e-12
"""Curvatures below such a share of the largest count as this share."""


def run(search: Search) -> None:
    """Go to the minimum of the parabola that has the cost's slopes and curvatures.

    Where it is curved downwards the size of the curvature counts, so that the step still leads down (Dauphin et al.,
    "Identifying and attacking the saddle point problem in high-dimensional non-convex optimization", 2014).
    """
    point = search.point
    while True:
        point = search.step(point, direction(search.objective.hessian(point), search.gradient(point)))


def direction(hessian: Sequence[Sequence[float]], gradient: Sequence[float]) -> Sequence[float]:
    """Return the gradient over the size of the curvature, along each principal axis of the Hessian.

    >>> direction([[2.0, 0.0], [0.0, -4.0]], [2.0, 4.0])
    [1.0, 1.0]
    """
    from mpmath import fp

    if not all(map(_is_finite, hessian)):
        return [float("nan")] * len(gradient)
    curvatures, axes = fp.eigsy(fp.matrix([list(row) for row in hessian]))
    size, indices = len(gradient), range(len(gradient))
    largest = max(map(abs, curvatures), default=0.0)
    if largest == 0.0:
        return gradient
    found = [0.0] * size
    for k in indices:
        slope = sum(axes[i, k] * gradient[i] for i in indices)
        factor = slope / max(abs(curvatures[k]), FLATTEST * largest)
        found = [one + factor * axes[i, k] for i, one in enumerate(found)]
    return found


def _is_finite(row: Sequence[float]) -> bool:
    from math import isfinite

    return all(map(isfinite, row))


ALGORITHM = Algorithm(
    "Newton's method with the exact Hessian",
    run,
    frozenset({"step_size", "schedule", "line_search", "tolerance"}),
    {"step_size": 1.0, "line_search": True},
)

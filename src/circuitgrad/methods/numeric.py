"""Finite differences of a function of one variable: the guide's numerical gradient, and central differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuitgrad.gates.doubles import MACHINE_EPSILON, cbrt, div, sqrt

if TYPE_CHECKING:
    from collections.abc import Callable

CUBE_ROOT_OF_EPSILON = cbrt(MACHINE_EPSILON)
GUIDE_STEP = 1e-4
"""The step of the forward difference in Karpathy, "Hacker's guide to Neural Networks", chapter 1."""


@dataclass(frozen=True)
class Slopes:
    """Finite differences of a function of one variable at one point.

    Attributes:
        slope: the slope by the method that is asked for.
        left: the slope from x - h to x.
        right: the slope from x to x + h.
    """

    slope: float
    left: float
    right: float


def default_step(method: str, x: float) -> float:
    """Return the step of a finite difference at x.

    The forward difference takes the guide's step, 1e-4. Rounding would swallow it at a large x, where sqrt(eps) * |x|
    takes its place. The central difference balances truncation and rounding with cbrt(eps) * max(1, |x|).

    Source: Press et al., "Numerical Recipes", 3rd ed., section 5.7.

    >>> default_step("forward", 3.0)
    0.0001
    """
    if method == "forward":
        return max(GUIDE_STEP, sqrt(MACHINE_EPSILON) * abs(x))
    return CUBE_ROOT_OF_EPSILON * max(1.0, abs(x))


def slopes(function: Callable[[float], float], x: float, method: str, h: float) -> Slopes:
    """Return the finite differences of `function` at x.

    The forward difference is the guide's, (f(x + h) - f(x))/h. The central difference, (f(x + h) - f(x - h))/2h, is
    divided by the distance of the rounded points.

    Args:
        function: the function.
        x: the point.
        method: `forward` or `central`.
        h: the step, positive.

    >>> slopes(lambda y: -2.0 * y, 3.0, "forward", 1e-4).slope
    -2.0000000000042206
    """
    above, here, below = function(x + h), function(x), function(x - h)
    right = forward_difference(above, here, h)
    left = (here - below) / h
    if method == "forward":
        return Slopes(right, left, right)
    return Slopes(div(above - below, (x + h) - (x - h)), left, right)


def forward_difference(above: float, here: float, h: float) -> float:
    """Return the guide's slope of a function, from its values at x + h and at x.

    >>> forward_difference(9.0, 4.0, 1.0)
    5.0
    """
    return (above - here) / h

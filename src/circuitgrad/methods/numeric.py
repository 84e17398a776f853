"""Numeric derivatives of a circuit, by finite differences of its output."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuitgrad.gates.doubles import cbrt, div, sqrt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit

EPSILON = sys.float_info.epsilon
CUBE_ROOT = cbrt(EPSILON)
GUIDE_STEP = 1e-4


@dataclass(frozen=True)
class Slopes:
    """Finite differences of a function of one variable at one point.

    Attributes:
        method: the slope that the method asks for.
        left: the slope from x - h to x.
        right: the slope from x to x + h.
    """

    method: float
    left: float
    right: float


def default_step(method: str, x: float) -> float:
    """Return the step of a finite difference at x.

    The forward difference has the guide's, 1e-4, but for large x, where rounding would swallow it, sqrt(eps) * |x|. The
    central one balances truncation and rounding with cbrt(eps) * max(1, |x|) (Press et al., "Numerical Recipes", 3rd
    ed., section 5.7).

    >>> default_step("forward", 3.0)
    0.0001
    """
    if method == "forward":
        return max(GUIDE_STEP, sqrt(EPSILON) * abs(x))
    return CUBE_ROOT * max(1.0, abs(x))


def slopes(function: Callable[[float], float], x: float, method: str, h: float) -> Slopes:
    """Return the finite differences of `function` at x.

    The forward difference is the guide's, (f(x + h) - f(x))/h. The central difference, (f(x + h) - f(x - h))/2h, is
    divided by the step that rounding left of it.

    Args:
        function: the function.
        x: the point.
        method: `forward` or `central`.
        h: the step, positive.

    >>> slopes(lambda y: -2.0 * y, 3.0, "forward", 1e-4).method
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


def partial_function(circuit: Circuit, output: str, name: str) -> Callable[[float], float]:
    """Return the output as a function of one input, the others held at their present values."""
    return lambda value: circuit.evaluate(output, {name: value})


def numeric_gradient(
    circuit: Circuit, output: str, names: Sequence[str], method: str = "central", h: float | None = None
) -> dict[str, float]:
    """Return the numeric derivative of `output` with respect to each input in `names`.

    Raises:
        CircuitError: there is no such output or input.

    >>> from circuitgrad import from_expression
    >>> numeric_gradient(from_expression("x*y", x=-2, y=3), "out", ["x", "y"], "forward", 1e-4)
    {'x': 3.00000000000189, 'y': -2.0000000000042206}
    """
    gradient = {}
    for name in names:
        x = circuit[name].value
        step = default_step(method, x) if h is None else h
        gradient[name] = slopes(partial_function(circuit, output, name), x, method, step).method
    return gradient

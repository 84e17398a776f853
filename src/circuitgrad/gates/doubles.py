"""IEEE 754 arithmetic on doubles that never raises: what Python's `math` turns into exceptions are values here.

These are the primitives in which the gate table is written. Each takes and returns floats. Where C's function of the
same name (C17, annex F) has a value, so has this one: `log(0)` is `-inf`, `sqrt(-1)` is `nan`, `exp(1000)` is `inf`.

>>> exp(1000.0), log(0.0), sqrt(-1.0), div(1.0, 0.0), pow(0.0, -1.0)
(inf, -inf, nan, inf, inf)
"""

from __future__ import annotations

import math
import sys
from math import asinh, atan, atan2, copysign, erf, erfc, hypot, inf, isfinite, nan, tanh
from typing import TYPE_CHECKING

from circuitgrad.formulas.steps import CONSTANTS
from circuitgrad.gates.arithmetic import Arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DOUBLES", "MACHINE_EPSILON", "PRIMITIVES", "UNIT_ROUNDOFF"]

MACHINE_EPSILON = sys.float_info.epsilon
"""The distance from 1 to the next double."""


def div(x: float, y: float) -> float:
    """Return x / y; a quotient by zero is infinite, 0 / 0 is NaN."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else copysign(inf, x) * copysign(1.0, y)


def pow(x: float, y: float) -> float:  # noqa: A001 - the gate's own name is the point
    """Return x to the power y as C's pow does: never complex, infinite where it overflows or divides by zero."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0 and is_odd(y) else inf
    except ValueError:
        if x != 0:
            return nan
        return copysign(inf, x) if is_odd(y) else inf


def is_odd(x: float) -> bool:
    """Tell whether x is an odd whole number; `x % 2` alone rounds -0.9999999999999999 to 1.

    >>> is_odd(-3.0), is_odd(-0.9999999999999999), is_odd(-inf)
    (True, False, False)
    """
    return x % 1 == 0 and x % 2 == 1


def mod(x: float, y: float) -> float:
    """Return the remainder of x / y that has the sign of y; NaN for y = 0 and for infinite x."""
    return x % y if y != 0 and isfinite(x) else nan


def cbrt(x: float) -> float:
    """Return the real cube root."""
    if x == 0 or not isfinite(x):
        return x
    root = copysign(math.pow(abs(x), 1 / 3), x)
    # One step of Newton's method takes the rounding of 1/3 away.
    return root - (root - x / root / root) / 3


def floor(x: float) -> float:
    """Return the largest whole number that is not above x."""
    return copysign(float(math.floor(x)), x) if isfinite(x) else x


def _overflowing(function: Callable[[float], float], *, odd: bool) -> Callable[[float], float]:
    """Return `function` with an infinity where it overflows: the operand's if it is odd, otherwise the positive one."""

    def total(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return copysign(inf, x) if odd else inf

    return total


def _above(function: Callable[[float], float], low: float, at_low: float) -> Callable[[float], float]:
    """Return `function` with the value `at_low` at the lower end of its domain and NaN below."""

    def total(x: float) -> float:
        return function(x) if x > low else at_low if x == low else nan

    return total


def _between(function: Callable[[float], float]) -> Callable[[float], float]:
    """Return `function`, whose domain is from -1 to 1, with NaN outside."""

    def total(x: float) -> float:
        return function(x) if -1 <= x <= 1 else nan

    return total


def _periodic(function: Callable[[float], float]) -> Callable[[float], float]:
    """Return `function` with NaN at the infinities."""

    def total(x: float) -> float:
        return function(x) if isfinite(x) else nan

    return total


def sqrt(x: float) -> float:
    """Return the square root; NaN below 0."""
    return math.sqrt(x) if x >= 0 else nan


def atanh(x: float) -> float:
    """Return the inverse hyperbolic tangent; infinite at -1 and 1, NaN outside."""
    return copysign(inf, x) if abs(x) == 1 else math.atanh(x) if -1 < x < 1 else nan


abs = math.fabs  # noqa: A001
exp = _overflowing(math.exp, odd=False)
expm1 = _overflowing(math.expm1, odd=False)
cosh = _overflowing(math.cosh, odd=False)
sinh = _overflowing(math.sinh, odd=True)
log = _above(math.log, 0.0, -inf)
log2 = _above(math.log2, 0.0, -inf)
log10 = _above(math.log10, 0.0, -inf)
log1p = _above(math.log1p, -1.0, -inf)
acosh = _above(math.acosh, 1.0, 0.0)
asin = _between(math.asin)
acos = _between(math.acos)
sin = _periodic(math.sin)
cos = _periodic(math.cos)
tan = _periodic(math.tan)

PRIMITIVES: dict[str, Callable[..., float]] = {
    "abs": abs,
    "acos": acos,
    "acosh": acosh,
    "asin": asin,
    "asinh": asinh,
    "atan": atan,
    "atan2": atan2,
    "atanh": atanh,
    "cbrt": cbrt,
    "cos": cos,
    "cosh": cosh,
    "div": div,
    "erf": erf,
    "erfc": erfc,
    "exp": exp,
    "expm1": expm1,
    "floor": floor,
    "hypot": hypot,
    "log": log,
    "log10": log10,
    "log1p": log1p,
    "log2": log2,
    "mod": mod,
    "pow": pow,
    "sin": sin,
    "sinh": sinh,
    "sqrt": sqrt,
    "tan": tan,
    "tanh": tanh,
}
"""What every arithmetic provides, by the name that the gate table uses."""

UNIT_ROUNDOFF = MACHINE_EPSILON / 2
"""The largest relative error of a rounded result."""

DOUBLES = Arithmetic("doubles", float, PRIMITIVES, CONSTANTS)
"""IEEE 754 doubles."""

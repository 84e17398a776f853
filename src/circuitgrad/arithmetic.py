"""IEEE 754 arithmetic on doubles that never raises: what Python's `math` turns into exceptions are values here.

These are the primitives in which the gate table is written. Each takes and returns floats. Where C's function of the
same name (C17, annex F) has a value, so has this one: `log(0)` is `-inf`, `sqrt(-1)` is `nan`, `exp(1000)` is `inf`.

>>> exp(1000.0), log(0.0), sqrt(-1.0), div(1.0, 0.0), pow(0.0, -1.0)
(inf, -inf, nan, inf, inf)
"""

from __future__ import annotations

import math
from math import inf, nan, tanh

__all__ = ["abs", "cos", "div", "exp", "inf", "log", "log1p", "nan", "pow", "sin", "sqrt", "tanh"]

abs = math.fabs  # noqa: A001 - the gate's own name is the point


def div(x: float, y: float) -> float:
    """Return x / y; a quotient by zero is infinite, 0 / 0 is NaN."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


def pow(x: float, y: float) -> float:  # noqa: A001
    """Return x to the power y as C's pow does: never complex, infinite where it overflows or divides by zero."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0 and y % 2 == 1 else inf
    except ValueError:
        if x != 0:
            return nan
        return math.copysign(inf, x) if y % 2 == 1 else inf


def exp(x: float) -> float:
    """Return e to the power x; infinite where it overflows."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def log(x: float) -> float:
    """Return the natural logarithm; -inf at 0, NaN below."""
    if x > 0:
        return math.log(x)
    return -inf if x == 0 else nan


def log1p(x: float) -> float:
    """Return log(1 + x) without losing a small x; -inf at -1, NaN below."""
    if x > -1:
        return math.log1p(x)
    return -inf if x == -1 else nan


def sqrt(x: float) -> float:
    """Return the square root; NaN below 0."""
    return math.sqrt(x) if x >= 0 else nan


def sin(x: float) -> float:
    """Return the sine of x radians; NaN at the infinities."""
    return math.sin(x) if math.isfinite(x) else nan


def cos(x: float) -> float:
    """Return the cosine of x radians; NaN at the infinities."""
    return math.cos(x) if math.isfinite(x) else nan

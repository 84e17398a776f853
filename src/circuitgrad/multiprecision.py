"""The primitives of `arithmetic` at any precision, with mpmath, for proving what doubles compute.

Each takes and returns `mpf` numbers (or what mpmath converts to one) at mpmath's current working precision, and has
the special values that its namesake in `arithmetic` has.

>>> import mpmath
>>> with mpmath.workdps(30):
...     print(exp(mpmath.mpf(1)), sqrt(-1), log(0))
2.71828182845904523536028747135 nan -inf
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import inf, mpf, nan

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["abs", "cos", "div", "exp", "inf", "log", "log1p", "nan", "pow", "sin", "sqrt", "tanh"]


def _total(function: Callable[..., Any], low: float = -inf, at_low: Any = nan) -> Callable[[Any], Any]:
    """Return `function` with `at_low` at the edge of its domain and NaN below it."""

    def total(x: Any) -> Any:
        x = mpf(x)
        return at_low if x == low else function(x) if x > low else nan

    return total


def _periodic(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return `function` with NaN at the infinities."""

    def periodic(x: Any) -> Any:
        return function(x) if mpmath.isfinite(x) else nan

    return periodic


abs = mpmath.fabs  # noqa: A001 - the gate's own name is the point
exp = mpmath.exp
tanh = mpmath.tanh
log = _total(mpmath.log, 0, -inf)
log1p = _total(mpmath.log1p, -1, -inf)
sqrt = _total(mpmath.sqrt, 0, mpf(0))
sin = _periodic(mpmath.sin)
cos = _periodic(mpmath.cos)


def div(x: Any, y: Any) -> Any:
    """Return x / y; a quotient by zero is infinite, 0 / 0 is NaN (there is one zero here, a positive one)."""
    x, y = mpf(x), mpf(y)
    if y != 0:
        return x / y
    return x * inf if x != 0 else nan


def pow(x: Any, y: Any) -> Any:  # noqa: A001
    """Return x to the power y, with C's special values."""
    x, y = mpf(x), mpf(y)
    if y == 0 or x == 1:
        return mpf(1)
    if x == 0:
        return y if y != y else mpf(0) if y > 0 else mpf(inf)
    if x > 0 or mpmath.isint(y):
        return mpmath.power(x, y)
    return nan

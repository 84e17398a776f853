"""The primitives of `doubles` at any precision, with mpmath, for proving what doubles compute.

Each takes and returns `mpf` numbers (or what mpmath converts to one) at mpmath's current working precision, and has
the special values that its namesake in `doubles` has, but for the sign of zero: mpmath has one zero.

>>> import mpmath
>>> with mpmath.workdps(30):
...     print(PRIMITIVES["exp"](1), PRIMITIVES["sqrt"](-1), PRIMITIVES["log"](0))
2.71828182845904523536028747135 nan -inf
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import inf, mpf, nan
from mpmath.libmp import mpf_pi, mpf_shift

from circuitgrad.gates.arithmetic import Arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable

TAU = mpmath.mp.constant(lambda precision, rounding: mpf_shift(mpf_pi(precision, rounding), 1), "tau")
"""2*pi, at any working precision, as `mpmath.pi` is; a product would be rounded once."""
CONSTANTS = {"pi": mpmath.pi, "e": mpmath.e, "tau": TAU, "inf": inf, "nan": nan}
LARGEST_EXPONENT = 10**6
"""The largest exponent of e that is computed. Beyond it a number counts as infinite, or as 0: its digits would take all
memory, and no double is so large by far."""


MOST_ANGLE_BITS = 5000
"""The logarithm to base 2 of the largest angle."""


def _above(function: Callable[..., Any], low: Any, at_low: Any) -> Callable[[Any], Any]:
    """Return `function` with the value `at_low` at the lower end of its domain and NaN below."""

    def total(x: Any) -> Any:
        x = mpf(x)
        return function(x) if x > low else at_low if x == low else nan

    return total


def _between(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return `function`, whose domain is from -1 to 1, with NaN outside."""
    return lambda x: function(mpf(x)) if -1 <= x <= 1 else nan


def _periodic(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return `function` with NaN at the infinities, and where so many digits of pi would be needed as no double has."""

    def total(x: Any) -> Any:
        x = mpf(x)
        return function(x) if mpmath.isfinite(x) and (not x or mpmath.mag(x) < MOST_ANGLE_BITS) else nan

    return total


def _finite(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return `function`, whose value at an infinity or NaN is the operand."""
    return lambda x: function(mpf(x)) if mpmath.isfinite(x) else mpf(x)


def _div(x: Any, y: Any) -> Any:
    x, y = mpf(x), mpf(y)
    if y != 0:
        return x / y
    return x * inf if x != 0 else nan


def _pow(x: Any, y: Any) -> Any:
    x, y = mpf(x), mpf(y)
    if y == 0 or x == 1:
        return mpf(1)
    if x == 0:
        return y if y != y else mpf(0) if y > 0 else mpf(inf)
    if x < 0 and not mpmath.isint(y):
        return nan
    exponent = y * mpmath.log(abs(x)) if mpmath.isfinite(x) and mpmath.isfinite(y) else 0
    if abs(exponent) > LARGEST_EXPONENT:
        huge = inf if exponent > 0 else mpf(0)
        return -huge if x < 0 and y % 2 else huge
    return mpmath.power(x, y)


def _bounded(function: Callable[..., Any], below: Any, above: Any) -> Callable[[Any], Any]:
    """Return a function of the exponential's kind, with its limits where the exponent is too large to compute."""

    def total(x: Any) -> Any:
        return above if x > LARGEST_EXPONENT else below if x < -LARGEST_EXPONENT else function(x)

    return total


def _mod(x: Any, y: Any) -> Any:
    x, y = mpf(x), mpf(y)
    if y == 0 or not mpmath.isfinite(x):
        return nan
    if mpmath.isinf(y):
        return x if x * y >= 0 or x == 0 else y
    return x - y * mpmath.floor(x / y)


def _cbrt(x: Any) -> Any:
    return mpmath.sign(x) * mpmath.cbrt(abs(x))


def _erfc(x: Any) -> Any:
    # Beyond any double that is not 0 or 2, and where mpmath would square x as a double.
    return mpf(0) if x > 1e100 else mpf(2) if x < -1e100 else mpmath.erfc(x)


def _atanh(x: Any) -> Any:
    return x * inf if abs(x) == 1 else mpmath.atanh(x)


PRIMITIVES: dict[str, Callable[..., Any]] = {
    "abs": mpmath.fabs,
    "acos": _between(mpmath.acos),
    "acosh": _above(mpmath.acosh, 1, mpf(0)),
    "asin": _between(mpmath.asin),
    "asinh": _finite(mpmath.asinh),
    "atan": mpmath.atan,
    "atan2": mpmath.atan2,
    "atanh": _between(_atanh),
    "cbrt": _finite(_cbrt),
    "cos": _periodic(mpmath.cos),
    "cosh": _bounded(mpmath.cosh, inf, inf),
    "div": _div,
    "erf": mpmath.erf,
    "erfc": _erfc,
    "exp": _bounded(mpmath.exp, mpf(0), inf),
    "expm1": _bounded(mpmath.expm1, mpf(-1), inf),
    "floor": _finite(mpmath.floor),
    "hypot": mpmath.hypot,
    "log": _above(mpmath.log, 0, -inf),
    "log10": _above(mpmath.log10, 0, -inf),
    "log1p": _above(mpmath.log1p, -1, -inf),
    "log2": _above(lambda x: mpmath.log(x, 2), 0, -inf),
    "mod": _mod,
    "pow": _pow,
    "sin": _periodic(mpmath.sin),
    "sinh": _finite(_bounded(mpmath.sinh, -inf, inf)),
    "sqrt": _above(mpmath.sqrt, 0, mpf(0)),
    "tan": _periodic(mpmath.tan),
    "tanh": _bounded(mpmath.tanh, mpf(-1), mpf(1)),
}
"""What every arithmetic provides, by the name that the gate table uses."""

MULTIPRECISION = Arithmetic("multiprecision", mpf, PRIMITIVES, CONSTANTS)
"""mpmath's numbers, at its working precision."""

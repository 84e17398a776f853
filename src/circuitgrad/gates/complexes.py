"""Complex numbers for the complex step: the imaginary part of f(x + ih) is h times the derivative, and nothing cancels.

Each primitive continues its namesake in `doubles` into the complex plane beside the real line, has NaN where that
has, and takes the branch that the real part takes (Squire and Trapp, "Using complex variables to estimate derivatives
of real functions", SIAM Review 40, 1998; Martins, Sturdza and Alonso, "The complex-step derivative approximation", ACM
TOMS 29, 2003). `WITHOUT_CONTINUATION` names the primitives that have no rule here.

>>> COMPLEXES.primitives["exp"](Complex(0, 1e-100)).imag
1e-100
"""

from __future__ import annotations

import cmath
import math
from math import inf, nan
from typing import TYPE_CHECKING, Any

from circuitgrad.formulas.steps import CONSTANTS
from circuitgrad.gates.arithmetic import Arithmetic

if TYPE_CHECKING:
    from collections.abc import Callable


class Complex(complex):
    """A complex number that compares by its real part."""

    __slots__ = ()

    def __neg__(self) -> Complex:
        return Complex(super().__neg__())

    def __add__(self, other: Any) -> Complex:
        return Complex(super().__add__(other))

    def __sub__(self, other: Any) -> Complex:
        return Complex(super().__sub__(other))

    def __rsub__(self, other: Any) -> Complex:
        return Complex(super().__rsub__(other))

    def __mul__(self, other: Any) -> Complex:
        return Complex(super().__mul__(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def __lt__(self, other: Any) -> bool:
        return self.real < real_part(other)

    def __le__(self, other: Any) -> bool:
        return self.real <= real_part(other)

    def __gt__(self, other: Any) -> bool:
        return self.real > real_part(other)

    def __ge__(self, other: Any) -> bool:
        return self.real >= real_part(other)

    def __eq__(self, other: object) -> bool:
        return self.real == real_part(other)

    def __ne__(self, other: object) -> bool:
        return self.real != real_part(other)

    __hash__ = complex.__hash__


def real_part(number: Any) -> float:
    """Return the real part of a number, complex or not."""
    return float(number.real)


def _from(low: float, function: Callable[[complex], complex], high: float = inf) -> Callable[[Any], Complex]:
    """Return a function with NaN where the real part is outside its domain, or where it overflows."""

    def total(z: Any) -> Complex:
        try:
            return Complex(function(complex(z))) if low <= real_part(z) <= high else Complex(nan, nan)
        except (OverflowError, ValueError):
            return Complex(nan, nan)

    return total


def _log1p(z: complex) -> complex:
    if not -0.5 < z.real < 1:
        return cmath.log(1 + z)
    # log|1 + z| from |1 + z|^2 - 1 = x*(2 + x) + y*y, which keeps the digits of a small z.
    return complex(math.log1p(z.real * (2 + z.real) + z.imag * z.imag) / 2, math.atan2(z.imag, 1 + z.real))


def _expm1(z: complex) -> complex:
    real = math.expm1(z.real) * math.cos(z.imag) - 2 * math.sin(z.imag / 2) ** 2
    return complex(real, math.exp(z.real) * math.sin(z.imag))


def _abs(z: complex) -> complex:
    return -z if z.real < 0 else z


def _div(x: Any, y: Any) -> Complex:
    try:
        return Complex(complex(x) / complex(y))
    except ZeroDivisionError:
        return Complex(nan, nan)


def _pow(x: Any, y: Any) -> Complex:
    x, y = complex(x), complex(y)
    whole = y.imag == 0 and y.real % 1 == 0
    if x == 0:
        return Complex(float(y.real == 0) if y.real >= 0 else nan)
    if x.real < 0 and not whole:
        return Complex(nan, nan)
    try:
        # About the negative axis the angle would lose the imaginary part beside pi.
        size = cmath.exp(y * cmath.log(_abs(x)))
    except OverflowError:
        return Complex(nan, nan)
    return Complex(-size if x.real < 0 and y.real % 2 == 1 else size)


def _cbrt(z: complex) -> complex:
    if z == 0:
        return z
    root = cmath.exp(cmath.log(_abs(z)) / 3)
    return -root if z.real < 0 else root


def _hypot(x: Any, y: Any) -> Complex:
    # Scaled by a power of two near the larger operand, so that no square leaves the range of doubles.
    largest = max(abs(real_part(x)), abs(real_part(y)))
    exponent = max(-1000, min(math.frexp(largest)[1], 1000)) if largest < inf else 0
    x, y = (complex(z) * math.ldexp(1.0, -exponent) for z in (x, y))
    return Complex(cmath.sqrt(x * x + y * y) * math.ldexp(1.0, exponent))


PRIMITIVES: dict[str, Callable[..., Complex]] = {
    "abs": _from(-inf, _abs),
    "acos": _from(-1, cmath.acos, 1),
    "acosh": _from(1, cmath.acosh),
    "asin": _from(-1, cmath.asin, 1),
    "asinh": _from(-inf, cmath.asinh),
    "atan": _from(-inf, cmath.atan),
    "atanh": _from(-1, cmath.atanh, 1),
    "cbrt": _from(-inf, _cbrt),
    "cos": _from(-inf, cmath.cos),
    "cosh": _from(-inf, cmath.cosh),
    "div": _div,
    "exp": _from(-inf, cmath.exp),
    "expm1": _from(-inf, _expm1),
    "floor": _from(-inf, lambda z: complex(math.floor(z.real))),
    "hypot": _hypot,
    "log": _from(0, cmath.log),
    "log10": _from(0, cmath.log10),
    "log1p": _from(-1, _log1p),
    "log2": _from(0, lambda z: cmath.log(z) / math.log(2)),
    "pow": _pow,
    "sin": _from(-inf, cmath.sin),
    "sinh": _from(-inf, cmath.sinh),
    "sqrt": _from(0, cmath.sqrt),
    "tan": _from(-inf, cmath.tan),
    "tanh": _from(-inf, cmath.tanh),
}

WITHOUT_CONTINUATION = frozenset({"atan2", "erf", "erfc", "mod"})
"""The primitives for which there is no rule here: the complex step refuses circuits that call them."""

COMPLEXES = Arithmetic("complex numbers", Complex, PRIMITIVES, CONSTANTS)
"""Complex doubles, for the complex step."""

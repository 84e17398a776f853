"""Formulas of exp, log, sin, cos, tanh, erf and erfc for several doubles at once.

Arguments are reduced with fused multiply-adds (Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 2018,
chapter 10). `gates.coefficients` tells where the polynomials are from.

Every function here takes a writer and the name of the argument, and returns the names of its results.
"""

from __future__ import annotations

from math import inf, nan, pi
from math import log as ln
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.native.llvm.notation import bits
from circuitgrad.gates.coefficients import (
    COS,
    ERF_FAR,
    ERF_FARTHER,
    ERF_MIDDLE,
    ERF_NEAR,
    ERF_ONE,
    EXP,
    HALF_PI,
    LN2_HIGH,
    LN2_LOW,
    LOG,
    SIN,
    TANH,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.engines.native.llvm.vector_writer import VectorWriter

MAGIC = 6755399441055744.0
"""1.5 * 2**52: added to a number, it leaves the nearest whole number in the last bits."""
NORMAL = 2.2250738585072014e-308
"""The smallest double that has all its digits."""


def exp(w: VectorWriter, x: str, rest: str | None = None) -> str:
    """Write e to the x, or to the x + rest as if the sum had more digits than a double, where it is a normal number."""
    mantissa, turned = _exp_of_rest(w, x, rest)
    return w.as_doubles(w.integers("add", w.as_integers(mantissa), w.integers("shl", turned, 52)))


def exp_anywhere(w: VectorWriter, x: str, rest: str | None = None) -> str:
    """Write what `exp` does, of any number."""
    x = w.choose(w.doubles("fcmp ogt", x, 710.0), 710.0, x)
    x = w.choose(w.doubles("fcmp olt", x, -746.0), -746.0, x)
    result, turned = _exp_of_rest(w, x, rest)
    power = w.integers("sub", turned, bits(MAGIC))
    half = w.integers("ashr", power, 1)
    for part in (half, w.integers("sub", power, half)):  # 2**k alone may be out of range
        result = w.doubles("fmul", result, w.as_doubles(w.integers("shl", w.integers("add", part, 1023), 52)))
    return result


def _exp_of_rest(w: VectorWriter, x: str, rest: str | None) -> tuple[str, str]:
    """Write exp(x + rest) without the power of two in it, and a number that has the exponent in its last bits."""
    turned = w.fma(w.doubles("fadd", x, rest) if rest else x, 1 / ln(2), MAGIC)
    k = w.doubles("fsub", turned, MAGIC)
    r = w.fma(k, -LN2_LOW, w.fma(k, -LN2_HIGH, x))
    r = w.doubles("fadd", r, rest) if rest else r
    mantissa = w.doubles("fadd", w.fma(w.doubles("fmul", r, r), w.polynomial(r, EXP), r), 1.0)
    return mantissa, w.as_integers(turned)


def log(w: VectorWriter, x: str) -> str:
    """Write the natural logarithm of normal numbers."""
    return _log_of_scaled(w, w.as_integers(x), 0.0)


def log_anywhere(w: VectorWriter, x: str) -> str:
    """Write the natural logarithm of any number."""
    is_tiny = w.doubles("fcmp olt", x, NORMAL)
    scaled = w.as_integers(w.choose(is_tiny, w.doubles("fmul", x, 2.0**54), x))
    logarithm = _log_of_scaled(w, scaled, w.choose(is_tiny, 54.0, 0.0))
    logarithm = w.choose(w.doubles("fcmp oeq", x, inf), inf, logarithm)
    logarithm = w.choose(w.doubles("fcmp oeq", x, 0.0), -inf, logarithm)
    return w.choose(w.doubles("fcmp oge", x, 0.0), logarithm, nan)


def _log_of_scaled(w: VectorWriter, scaled: str, scale: str | float) -> str:
    """Write the logarithm of a normal number, given by its bits, over a power of two."""
    power = w.integers("ashr", w.integers("sub", scaled, bits(0.5**0.5)), 52)
    m = w.as_doubles(w.integers("sub", scaled, w.integers("shl", power, 52)))
    k = w.doubles("fsub", w.as_doubles(w.integers("add", power, bits(MAGIC))), MAGIC)
    k = w.doubles("fsub", k, scale) if scale else k
    f = w.doubles("fsub", m, 1.0)
    s = w.doubles("fdiv", f, w.doubles("fadd", f, 2.0))
    z = w.doubles("fmul", s, s)
    z2 = w.doubles("fmul", z, z)
    even = w.doubles("fmul", z2, w.polynomial(z2, LOG[1::2]))
    rest = w.fma(z, w.polynomial(z2, LOG[0::2]), even)
    half = w.doubles("fmul", w.doubles("fmul", f, 0.5), f)
    low = w.fma(s, w.doubles("fadd", half, rest), w.doubles("fmul", k, LN2_LOW))
    return w.doubles("fsub", w.doubles("fmul", k, LN2_HIGH), w.doubles("fsub", w.doubles("fsub", half, low), f))


def _reduced(w: VectorWriter, x: str) -> tuple[str, str, str]:
    """Write the number of quarters of a turn that x is next to, and the sine and the cosine of the rest."""
    whole = w.fma(x, 2 / pi, MAGIC)
    n = w.doubles("fsub", whole, MAGIC)
    r = x
    for part in HALF_PI:
        r = w.fma(n, -part, r)
    z = w.doubles("fmul", r, r)
    sine = w.fma(w.doubles("fmul", z, r), w.polynomial(z, SIN), r)
    sine = w.choose(w.doubles("fcmp oeq", x, 0.0), x, sine)  # the sums would make 0 of -0
    half = w.doubles("fmul", z, 0.5)
    near = w.doubles("fsub", 1.0, half)
    lost = w.doubles("fsub", w.doubles("fsub", 1.0, near), half)
    cosine = w.doubles("fadd", near, w.fma(w.doubles("fmul", z, z), w.polynomial(z, COS), lost))
    return w.as_integers(whole), sine, cosine


def _turned(w: VectorWriter, whole: str, sine: str, cosine: str, quarter: int) -> str:
    """Write the sine of so many quarters of a turn more."""
    quadrant = w.integers("add", whole, quarter)
    odd = w.integers("icmp ne", w.integers("and", quadrant, 1), 0)
    sign = w.integers("shl", w.integers("lshr", quadrant, 1), 63)
    return w.as_doubles(w.integers("xor", w.as_integers(w.choose(odd, cosine, sine)), sign))


def sin(w: VectorWriter, x: str) -> str:
    """Write the sine of numbers up to 1e6."""
    return _turned(w, *_reduced(w, x), 0)


def cos(w: VectorWriter, x: str) -> str:
    """Write the cosine of numbers up to 1e6."""
    return _turned(w, *_reduced(w, x), 1)


def sin_cos(w: VectorWriter, x: str) -> tuple[str, str]:
    """Write the sine and the cosine of numbers up to 1e6."""
    parts = _reduced(w, x)
    return _turned(w, *parts, 0), _turned(w, *parts, 1)


def tanh(w: VectorWriter, x: str) -> str:
    """Write the hyperbolic tangent where exp(-2*abs(x)) is a normal number."""
    return tanh_exp(w, x)[0]


def tanh_exp(w: VectorWriter, x: str) -> tuple[str, str]:
    """Write the hyperbolic tangent and exp(-2*abs(x)) where the latter is a normal number."""
    size, z = w.absolute(x), w.doubles("fmul", x, x)
    power = exp(w, w.doubles("fmul", -2.0, size))
    is_near = w.doubles("fcmp olt", size, 0.625)
    above, below = TANH
    top = w.choose(is_near, w.polynomial(z, above), power)
    bottom = w.choose(is_near, w.polynomial(z, below), w.doubles("fadd", power, 1.0))
    ratio = w.doubles("fdiv", top, bottom)
    size_or_result = w.choose(is_near, w.fma(w.doubles("fmul", x, z), ratio, x), w.fma(ratio, -2.0, 1.0))
    return _with_sign(w, size_or_result, x), power


def sign(w: VectorWriter, x: str) -> str:
    """Write what tanh(x) and erf(x) are where x is far from 0: 1 or -1; or NaN."""
    return w.choose(w.doubles("fcmp uno", x, x), x, _with_sign(w, w.operand(1.0), x))


def _with_sign(w: VectorWriter, size: str, x: str) -> str:
    """Write a number that is not negative, or has already the sign of x, with that sign."""
    return w.as_doubles(w.integers("or", w.as_integers(size), w.integers("and", w.as_integers(x), bits(-0.0))))


class _Erf(NamedTuple):
    """What erf and erfc of a number are made of.

    Attributes:
        size: its absolute value.
        is_near: whether that is so small that erf is the number and a multiple of it.
        is_middle: whether it is at most somewhat larger.
        ratio: this multiple; in the middle, what is added to erf(1).
        far: beyond, erfc of the absolute value.
    """

    size: str
    is_near: str
    is_middle: str
    ratio: str
    far: str


def _erf_parts(w: VectorWriter, x: str, power_of: Callable[[VectorWriter, str, str], str]) -> _Erf:
    size = w.absolute(x)
    is_near, is_middle = w.doubles("fcmp olt", size, 0.84375), w.doubles("fcmp olt", size, 1.25)
    small = w.choose(w.doubles("fcmp ogt", size, 28.0), 28.0, size)
    s = w.doubles("fdiv", 1.0, w.doubles("fmul", small, small))
    z, above_one, is_far = w.doubles("fmul", x, x), w.doubles("fsub", size, 1.0), w.doubles("fcmp olt", size, 1 / 0.35)

    def chosen(near: Sequence[float], middle: Sequence[float], far: Sequence[float], farther: Sequence[float]) -> str:
        beyond = w.choose(is_far, w.polynomial(s, far), w.polynomial(s, farther))
        return w.choose(is_near, w.polynomial(z, near), w.choose(is_middle, w.polynomial(above_one, middle), beyond))

    above, below = (chosen(*four) for four in zip(ERF_NEAR, ERF_MIDDLE, ERF_FAR, ERF_FARTHER, strict=True))
    ratio = w.doubles("fdiv", above, below)
    # The square of a number of few bits is exact.
    few = w.as_doubles(w.integers("and", w.as_integers(small), -(2**32)))
    rest = w.fma(w.doubles("fsub", few, small), w.doubles("fadd", few, small), ratio)
    power = power_of(w, w.doubles("fsub", -0.5625, w.doubles("fmul", few, few)), rest)
    return _Erf(size, is_near, is_middle, ratio, w.doubles("fdiv", power, small))


def erf(w: VectorWriter, x: str) -> str:
    """Write the error function of numbers up to 26.5."""
    of = _erf_parts(w, x, exp)
    beyond = w.choose(of.is_middle, w.doubles("fadd", ERF_ONE, of.ratio), w.doubles("fsub", 1.0, of.far))
    return w.choose(of.is_near, w.fma(x, of.ratio, x), _with_sign(w, beyond, x))


def erfc(w: VectorWriter, x: str) -> str:
    """Write the complementary error function of numbers up to 26.5."""
    return _erfc(w, x, exp)


def erfc_anywhere(w: VectorWriter, x: str) -> str:
    """Write the complementary error function of any number."""
    return _erfc(w, x, exp_anywhere)


def _erfc(w: VectorWriter, x: str, power_of: Callable[[VectorWriter, str, str], str]) -> str:
    of = _erf_parts(w, x, power_of)
    is_negative = w.doubles("fcmp olt", x, 0.0)
    low = w.doubles("fsub", 1.0, w.fma(x, of.ratio, x))
    high = w.fma(w.doubles("fneg", x), of.ratio, w.doubles("fsub", 1.0, x))
    near = w.choose(w.doubles("fcmp olt", x, 0.25), low, high)
    above = w.doubles("fadd", 1.0, w.doubles("fadd", ERF_ONE, of.ratio))
    middle = w.choose(is_negative, above, w.doubles("fsub", 1 - ERF_ONE, of.ratio))
    far = w.choose(is_negative, w.doubles("fsub", 2.0, of.far), of.far)
    return w.choose(of.is_near, near, w.choose(of.is_middle, middle, far))

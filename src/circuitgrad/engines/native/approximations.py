"""Formulas of exp, log, sin, cos, tanh, erf and erfc for several doubles at once.

Arguments are reduced with fused multiply-adds (Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 2018,
chapter 10). The polynomials of log, sin, cos and erf are those of Sun's fdlibm (1993), that of tanh is Cephes'
(Moshier, "Methods and Programs for Mathematical Functions", 1989); that of exp was made by Remez' algorithm (Muller,
"Elementary Functions", 3rd ed., 2016, section 3.5).

Every function here takes a writer and the name of the argument, and returns the names of its results.
"""

from __future__ import annotations

from math import inf, nan, pi
from math import log as ln
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.native.writing import bits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.engines.native.writing import Writer

MAGIC = 6755399441055744.0
"""1.5 * 2**52: added to a number, it leaves the nearest whole number in the last bits."""
NORMAL = 2.2250738585072014e-308
"""The smallest double that has all its digits."""

EXP = (
    0.5, 0.16666666666666433, 0.04166666666660395, 0.008333333333500045, 0.0013888888926800798, 0.00019841269466212057,
    2.480150867606822e-05, 2.75576408607006e-06, 2.7625189726572324e-07, 2.4978385949227543e-08,
)  # fmt: skip
"""1 + r + r**2 times this polynomial of r is exp(r), but for 2**-57 of it, as far as r reaches: half of log(2)."""
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
SIN = (
    -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
    2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10,
)  # fmt: skip
COS = (
    4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
    -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11,
)  # fmt: skip
HALF_PI = (pi / 2, 6.12323399573676603587e-17, -1.4973849048591833e-33)
TANH = (
    (-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1),
    (4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1.0),
)
ERF_ONE = 8.45062911510467529297e-01
"""erf(1), in few bits."""
ERF_NEAR = (
    (1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
     -5.77027029648944159157e-03, -2.37630166566501626084e-05),
    (1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
     1.32494738004321644526e-04, -3.96022827877536812320e-06),
)  # fmt: skip
ERF_MIDDLE = (
    (-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
     3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
     -2.16637559486879084300e-03),
    (1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
     1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02),
)  # fmt: skip
ERF_FAR = (
    (-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01,
     -6.23753324503260060396e+01, -1.62396669462573470355e+02, -1.84605092906711035994e+02,
     -8.12874355063065934246e+01, -9.81432934416914548592e+00),
    (1.0, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02,
     6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02,
     6.57024977031928170135e+00, -6.04244152148580987438e-02),
)  # fmt: skip
ERF_FARTHER = (
    (-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01,
     -1.60636384855821916062e+02, -6.37566443368389627722e+02, -1.02509513161107724954e+03,
     -4.83519191608651397019e+02),
    (1.0, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03,
     3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02,
     -2.24409524465858183362e+01),
)  # fmt: skip


def exp(w: Writer, x: str, rest: str | None = None) -> str:
    """Write e to the x, or to the x + rest as if the sum had more digits than a double, where it is a normal number."""
    found, turned = _exp_of_rest(w, x, rest)
    return w.as_real(w.do_whole("add", w.as_whole(found), w.do_whole("shl", turned, 52)))


def exp_anywhere(w: Writer, x: str, rest: str | None = None) -> str:
    """Write what `exp` does, of any number."""
    x = w.choose(w.do("fcmp ogt", x, 710.0), 710.0, x)
    x = w.choose(w.do("fcmp olt", x, -746.0), -746.0, x)
    found, turned = _exp_of_rest(w, x, rest)
    power = w.do_whole("sub", turned, bits(MAGIC))
    half = w.do_whole("ashr", power, 1)
    for part in (half, w.do_whole("sub", power, half)):  # 2**k alone may be out of range
        found = w.do("fmul", found, w.as_real(w.do_whole("shl", w.do_whole("add", part, 1023), 52)))
    return found


def _exp_of_rest(w: Writer, x: str, rest: str | None) -> tuple[str, str]:
    """Write exp(x + rest) without the power of two in it, and a number that has the exponent in its last bits."""
    turned = w.fma(w.do("fadd", x, rest) if rest else x, 1 / ln(2), MAGIC)
    k = w.do("fsub", turned, MAGIC)
    r = w.fma(k, -LN2_LOW, w.fma(k, -LN2_HIGH, x))
    r = w.do("fadd", r, rest) if rest else r
    found = w.do("fadd", w.fma(w.do("fmul", r, r), w.polynomial(r, EXP), r), 1.0)
    return found, w.as_whole(turned)


def log(w: Writer, x: str) -> str:
    """Write the natural logarithm of normal numbers."""
    return _log_of_scaled(w, w.as_whole(x), 0.0)


def log_anywhere(w: Writer, x: str) -> str:
    """Write the natural logarithm of any number."""
    is_tiny = w.do("fcmp olt", x, NORMAL)
    scaled = w.as_whole(w.choose(is_tiny, w.do("fmul", x, 2.0**54), x))
    found = _log_of_scaled(w, scaled, w.choose(is_tiny, 54.0, 0.0))
    found = w.choose(w.do("fcmp oeq", x, inf), inf, found)
    found = w.choose(w.do("fcmp oeq", x, 0.0), -inf, found)
    return w.choose(w.do("fcmp oge", x, 0.0), found, nan)


def _log_of_scaled(w: Writer, scaled: str, scale: str | float) -> str:
    """Write the logarithm of a normal number, given by its bits, over a power of two."""
    power = w.do_whole("ashr", w.do_whole("sub", scaled, bits(0.5**0.5)), 52)
    m = w.as_real(w.do_whole("sub", scaled, w.do_whole("shl", power, 52)))
    k = w.do("fsub", w.as_real(w.do_whole("add", power, bits(MAGIC))), MAGIC)
    k = w.do("fsub", k, scale) if scale else k
    f = w.do("fsub", m, 1.0)
    s = w.do("fdiv", f, w.do("fadd", f, 2.0))
    z = w.do("fmul", s, s)
    z2 = w.do("fmul", z, z)
    even = w.do("fmul", z2, w.polynomial(z2, LOG[1::2]))
    rest = w.fma(z, w.polynomial(z2, LOG[0::2]), even)
    half = w.do("fmul", w.do("fmul", f, 0.5), f)
    low = w.fma(s, w.do("fadd", half, rest), w.do("fmul", k, LN2_LOW))
    return w.do("fsub", w.do("fmul", k, LN2_HIGH), w.do("fsub", w.do("fsub", half, low), f))


def _reduced(w: Writer, x: str) -> tuple[str, str, str]:
    """Write the number of quarters of a turn that x is next to, and the sine and the cosine of the rest."""
    whole = w.fma(x, 2 / pi, MAGIC)
    n = w.do("fsub", whole, MAGIC)
    r = x
    for part in HALF_PI:
        r = w.fma(n, -part, r)
    z = w.do("fmul", r, r)
    sine = w.fma(w.do("fmul", z, r), w.polynomial(z, SIN), r)
    sine = w.choose(w.do("fcmp oeq", x, 0.0), x, sine)  # the sums would make 0 of -0
    half = w.do("fmul", z, 0.5)
    near = w.do("fsub", 1.0, half)
    lost = w.do("fsub", w.do("fsub", 1.0, near), half)
    cosine = w.do("fadd", near, w.fma(w.do("fmul", z, z), w.polynomial(z, COS), lost))
    return w.as_whole(whole), sine, cosine


def _turned(w: Writer, whole: str, sine: str, cosine: str, quarter: int) -> str:
    """Write the sine of so many quarters of a turn more."""
    quadrant = w.do_whole("add", whole, quarter)
    odd = w.do_whole("icmp ne", w.do_whole("and", quadrant, 1), 0)
    sign = w.do_whole("shl", w.do_whole("lshr", quadrant, 1), 63)
    return w.as_real(w.do_whole("xor", w.as_whole(w.choose(odd, cosine, sine)), sign))


def sin(w: Writer, x: str) -> str:
    """Write the sine of numbers up to 1e6."""
    return _turned(w, *_reduced(w, x), 0)


def cos(w: Writer, x: str) -> str:
    """Write the cosine of numbers up to 1e6."""
    return _turned(w, *_reduced(w, x), 1)


def sin_cos(w: Writer, x: str) -> tuple[str, str]:
    """Write the sine and the cosine of numbers up to 1e6."""
    parts = _reduced(w, x)
    return _turned(w, *parts, 0), _turned(w, *parts, 1)


def tanh(w: Writer, x: str) -> str:
    """Write the hyperbolic tangent where exp(-2*abs(x)) is a normal number."""
    return tanh_exp(w, x)[0]


def tanh_exp(w: Writer, x: str) -> tuple[str, str]:
    """Write the hyperbolic tangent and exp(-2*abs(x)) where the latter is a normal number."""
    size, z = w.absolute(x), w.do("fmul", x, x)
    power = exp(w, w.do("fmul", -2.0, size))
    is_near = w.do("fcmp olt", size, 0.625)
    above, below = TANH
    top = w.choose(is_near, w.polynomial(z, above), power)
    bottom = w.choose(is_near, w.polynomial(z, below), w.do("fadd", power, 1.0))
    ratio = w.do("fdiv", top, bottom)
    found = w.choose(is_near, w.fma(w.do("fmul", x, z), ratio, x), w.fma(ratio, -2.0, 1.0))
    return _with_sign(w, found, x), power


def sign(w: Writer, x: str) -> str:
    """Write what tanh(x) and erf(x) are where x is far from 0: 1 or -1; or NaN."""
    return w.choose(w.do("fcmp uno", x, x), x, _with_sign(w, w.same(1.0), x))


def _with_sign(w: Writer, size: str, x: str) -> str:
    """Write a number that is not negative, or has already the sign of x, with that sign."""
    return w.as_real(w.do_whole("or", w.as_whole(size), w.do_whole("and", w.as_whole(x), bits(-0.0))))


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


def _erf_parts(w: Writer, x: str, power_of: Callable[[Writer, str, str], str]) -> _Erf:
    size = w.absolute(x)
    is_near, is_middle = w.do("fcmp olt", size, 0.84375), w.do("fcmp olt", size, 1.25)
    small = w.choose(w.do("fcmp ogt", size, 28.0), 28.0, size)
    s = w.do("fdiv", 1.0, w.do("fmul", small, small))
    z, above_one, is_far = w.do("fmul", x, x), w.do("fsub", size, 1.0), w.do("fcmp olt", size, 1 / 0.35)

    def chosen(near: Sequence[float], middle: Sequence[float], far: Sequence[float], farther: Sequence[float]) -> str:
        beyond = w.choose(is_far, w.polynomial(s, far), w.polynomial(s, farther))
        return w.choose(is_near, w.polynomial(z, near), w.choose(is_middle, w.polynomial(above_one, middle), beyond))

    above, below = (chosen(*four) for four in zip(ERF_NEAR, ERF_MIDDLE, ERF_FAR, ERF_FARTHER, strict=True))
    ratio = w.do("fdiv", above, below)
    # The square of a number of few bits is exact.
    few = w.as_real(w.do_whole("and", w.as_whole(small), -(2**32)))
    rest = w.fma(w.do("fsub", few, small), w.do("fadd", few, small), ratio)
    power = power_of(w, w.do("fsub", -0.5625, w.do("fmul", few, few)), rest)
    return _Erf(size, is_near, is_middle, ratio, w.do("fdiv", power, small))


def erf(w: Writer, x: str) -> str:
    """Write the error function of numbers up to 26.5."""
    of = _erf_parts(w, x, exp)
    found = w.choose(of.is_middle, w.do("fadd", ERF_ONE, of.ratio), w.do("fsub", 1.0, of.far))
    return w.choose(of.is_near, w.fma(x, of.ratio, x), _with_sign(w, found, x))


def erfc(w: Writer, x: str) -> str:
    """Write the complementary error function of numbers up to 26.5."""
    return _erfc(w, x, exp)


def erfc_anywhere(w: Writer, x: str) -> str:
    """Write the complementary error function of any number."""
    return _erfc(w, x, exp_anywhere)


def _erfc(w: Writer, x: str, power_of: Callable[[Writer, str, str], str]) -> str:
    of = _erf_parts(w, x, power_of)
    is_negative = w.do("fcmp olt", x, 0.0)
    low = w.do("fsub", 1.0, w.fma(x, of.ratio, x))
    high = w.fma(w.do("fneg", x), of.ratio, w.do("fsub", 1.0, x))
    near = w.choose(w.do("fcmp olt", x, 0.25), low, high)
    above = w.do("fadd", 1.0, w.do("fadd", ERF_ONE, of.ratio))
    middle = w.choose(is_negative, above, w.do("fsub", 1 - ERF_ONE, of.ratio))
    far = w.choose(is_negative, w.do("fsub", 2.0, of.far), of.far)
    return w.choose(of.is_near, near, w.choose(of.is_middle, middle, far))

"""exp, log, sin, cos, tanh, erf and erfc of several doubles at once, as functions in LLVM's language.

Others are C's, one by one. Errors stay under two units in the last place over the whole range of doubles, and special
values are those of C17, annex F. Arguments are reduced with fused multiply-adds (Muller et al., "Handbook of
Floating-Point Arithmetic", 2nd ed., 2018, chapter 10); the polynomials of log, sin, cos and erf are those of Sun's
fdlibm (1993), that of tanh is Cephes' (Moshier, "Methods and Programs for Mathematical Functions", 1989), and that of
exp is Taylor's.
"""

from __future__ import annotations

import struct
from math import factorial, inf, log, nan, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LANES = 8
"""So many doubles are computed at once."""
MAGIC = 6755399441055744.0
"""1.5 * 2**52: added to a number, it leaves the nearest whole number in the last bits."""
FAR = 1e6
"""Beyond this, sin and cos are C's."""

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
TANH = ((-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3),
        (1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3))  # fmt: skip

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


def hexadecimal(value: float) -> str:
    """Return a double as LLVM writes it, to the bit.

    >>> hexadecimal(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def bits(value: float) -> int:
    """Return the bits of a double as a whole number."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


class Writer:
    """Writes the body of a function on vectors."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.real, self.whole, self.flag = (f"<{lanes} x {kind}>" for kind in ("double", "i64", "i1"))
        self.lines: list[str] = []

    def line(self, text: str) -> str:
        """Write an instruction, and return the name of its result."""
        name = f"%t{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def same(self, value: float) -> str:
        """Return a vector that has a number in every place; a whole number makes one of whole numbers."""
        one = f"i64 {value}" if isinstance(value, int) else f"double {hexadecimal(value)}"
        return f"<{', '.join([one] * self.lanes)}>"

    def _operand(self, value: str | float) -> str:
        return value if isinstance(value, str) else self.same(value)

    def do(self, operation: str, *operands: str | float) -> str:
        """Write an operation on doubles."""
        return self.line(f"{operation} {self.real} {', '.join(map(self._operand, operands))}")

    def do_whole(self, operation: str, *operands: str | int) -> str:
        """Write an operation on whole numbers."""
        return self.line(f"{operation} {self.whole} {', '.join(map(self._operand, operands))}")

    def fma(self, a: str | float, b: str | float, c: str | float) -> str:
        """Write a*b + c, rounded once."""
        operands = ", ".join(f"{self.real} {self._operand(one)}" for one in (a, b, c))
        return self.line(f"call {self.real} @llvm.fma.v{self.lanes}f64({operands})")

    def absolute(self, x: str) -> str:
        """Write |x|."""
        return self.line(f"call {self.real} @llvm.fabs.v{self.lanes}f64({self.real} {x})")

    def choose(self, test: str, x: str | float, y: str | float) -> str:
        """Write x where the test holds, and y elsewhere."""
        operands = f"{self.real} {self._operand(x)}, {self.real} {self._operand(y)}"
        return self.line(f"select {self.flag} {test}, {operands}")

    def as_whole(self, x: str) -> str:
        """Write the bits of doubles as whole numbers."""
        return self.line(f"bitcast {self.real} {x} to {self.whole}")

    def as_real(self, x: str) -> str:
        """Write the doubles that have these bits."""
        return self.line(f"bitcast {self.whole} {x} to {self.real}")

    def polynomial(self, z: str, coefficients: Sequence[float]) -> str:
        """Write c0 + c1*z + c2*z**2 + ..., by Horner's rule."""
        found: str | float = coefficients[-1]
        for one in reversed(coefficients[:-1]):
            found = self.fma(found, z, one)
        return self._operand(found)


def _exp(w: Writer, x: str, rest: str | None = None) -> str:
    """Write exp(x), or exp(x + rest) as if the sum had more digits than a double."""
    x = w.choose(w.do("fcmp ogt", x, 710.0), 710.0, x)
    x = w.choose(w.do("fcmp olt", x, -746.0), -746.0, x)
    turned = w.fma(w.do("fadd", x, rest) if rest else x, 1 / log(2), MAGIC)
    k = w.do("fsub", turned, MAGIC)
    r = w.fma(k, -LN2_LOW, w.fma(k, -LN2_HIGH, x))
    r = w.do("fadd", r, rest) if rest else r
    tail = w.polynomial(r, [1 / factorial(i) for i in range(2, 14)])
    p = w.do("fadd", w.fma(w.do("fmul", r, r), tail, r), 1.0)
    power = w.do_whole("sub", w.as_whole(turned), bits(MAGIC))
    half = w.do_whole("ashr", power, 1)
    for part in (half, w.do_whole("sub", power, half)):  # 2**k alone may be out of range
        p = w.do("fmul", p, w.as_real(w.do_whole("shl", w.do_whole("add", part, 1023), 52)))
    return p


def _log(w: Writer, x: str) -> str:
    tiny = w.do("fcmp olt", x, 2.2250738585072014e-308)
    scaled = w.as_whole(w.choose(tiny, w.do("fmul", x, 2.0**54), x))
    power = w.do_whole("ashr", w.do_whole("sub", scaled, bits(0.5**0.5)), 52)
    m = w.as_real(w.do_whole("sub", scaled, w.do_whole("shl", power, 52)))
    k = w.do("fsub", w.as_real(w.do_whole("add", power, bits(MAGIC))), MAGIC)
    k = w.do("fsub", k, w.choose(tiny, 54.0, 0.0))
    f = w.do("fsub", m, 1.0)
    s = w.do("fdiv", f, w.do("fadd", f, 2.0))
    z = w.do("fmul", s, s)
    z2 = w.do("fmul", z, z)
    even = w.do("fmul", z2, w.polynomial(z2, LOG[1::2]))
    rest = w.fma(z, w.polynomial(z2, LOG[0::2]), even)
    half = w.do("fmul", w.do("fmul", f, 0.5), f)
    low = w.fma(s, w.do("fadd", half, rest), w.do("fmul", k, LN2_LOW))
    found = w.do("fsub", w.do("fmul", k, LN2_HIGH), w.do("fsub", w.do("fsub", half, low), f))
    found = w.choose(w.do("fcmp oeq", x, inf), inf, found)
    found = w.choose(w.do("fcmp oeq", x, 0.0), -inf, found)
    return w.choose(w.do("fcmp uge", x, 0.0), w.do("fadd", found, w.choose(w.do("fcmp uno", x, x), nan, 0.0)), nan)


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


def _sin(w: Writer, x: str) -> str:
    return _turned(w, *_reduced(w, x), 0)


def _cos(w: Writer, x: str) -> str:
    return _turned(w, *_reduced(w, x), 1)


def _tanh(w: Writer, x: str) -> str:
    z = w.do("fmul", x, x)
    above, below = TANH
    top = w.polynomial(z, above[::-1])
    bottom = w.polynomial(z, [*below[::-1], 1.0])
    near = w.fma(w.do("fmul", x, z), w.do("fdiv", top, bottom), x)
    size = w.absolute(x)
    power = _exp(w, w.do("fadd", size, size))
    far = w.do("fsub", 1.0, w.do("fdiv", 2.0, w.do("fadd", power, 1.0)))
    found = w.choose(w.do("fcmp olt", size, 0.625), near, far)
    signed = w.as_real(w.do_whole("or", w.as_whole(found), w.do_whole("and", w.as_whole(x), bits(-0.0))))
    return w.choose(w.do("fcmp uno", x, x), x, signed)


def _ratio(w: Writer, x: str, polynomials: tuple[Sequence[float], Sequence[float]]) -> str:
    above, below = polynomials
    return w.do("fdiv", w.polynomial(x, above), w.polynomial(x, below))


def _erf_parts(w: Writer, x: str) -> tuple[str, str, str, str]:
    """Write |x|, what x is multiplied by near 0 to be added to x, what is added to erf(1) near 1, and erfc(|x|)."""
    size = w.absolute(x)
    near = _ratio(w, w.do("fmul", x, x), ERF_NEAR)
    middle = _ratio(w, w.do("fsub", size, 1.0), ERF_MIDDLE)
    size = w.choose(w.do("fcmp ogt", size, 28.0), 28.0, size)
    s = w.do("fdiv", 1.0, w.do("fmul", size, size))
    ratio = w.choose(w.do("fcmp olt", size, 1 / 0.35), _ratio(w, s, ERF_FAR), _ratio(w, s, ERF_FARTHER))
    # The square of a number of few bits is exact.
    few = w.as_real(w.do_whole("and", w.as_whole(size), -(2**32)))
    rest = w.fma(w.do("fsub", few, size), w.do("fadd", few, size), ratio)
    power = _exp(w, w.do("fsub", -0.5625, w.do("fmul", few, few)), rest)
    return size, near, middle, w.do("fdiv", power, size)


def _erf(w: Writer, x: str) -> str:
    size, near, middle, far = _erf_parts(w, x)
    found = w.choose(w.do("fcmp olt", size, 1.25), w.do("fadd", ERF_ONE, middle), w.do("fsub", 1.0, far))
    signed = w.as_real(w.do_whole("or", w.as_whole(found), w.do_whole("and", w.as_whole(x), bits(-0.0))))
    return w.choose(w.do("fcmp olt", size, 0.84375), w.fma(x, near, x), signed)


def _erfc(w: Writer, x: str) -> str:
    size, near, middle, far = _erf_parts(w, x)
    is_negative = w.do("fcmp olt", x, 0.0)
    low = w.do("fsub", 1.0, w.fma(x, near, x))
    high = w.fma(w.do("fneg", x), near, w.do("fsub", 1.0, x))
    near = w.choose(w.do("fcmp olt", x, 0.25), low, high)
    above = w.do("fadd", 1.0, w.do("fadd", ERF_ONE, middle))
    middle = w.choose(is_negative, above, w.do("fsub", 1 - ERF_ONE, middle))
    far = w.choose(is_negative, w.do("fsub", 2.0, far), far)
    found = w.choose(w.do("fcmp olt", size, 1.25), middle, far)
    return w.choose(w.do("fcmp olt", size, 0.84375), near, w.choose(w.do("fcmp uno", x, x), x, found))


VECTORS: dict[str, tuple[Callable[[Writer, str], str], float]] = {
    "exp": (_exp, inf),
    "log": (_log, inf),
    "sin": (_sin, FAR),
    "cos": (_cos, FAR),
    "tanh": (_tanh, inf),
    "erf": (_erf, inf),
    "erfc": (_erfc, inf),
}
"""What writes a function, and beyond which size of its argument C's own is taken instead."""
BOTH = "sincos"
"""What the function is called that computes sines and cosines of the same numbers: most of the work is the same."""


def name_of(function: str) -> str:
    """Return what the function on vectors is called."""
    return f"cg_{function}"


def vector(function: str, lanes: int) -> str:
    """Return the text of a function on vectors.

    >>> vector("exp", 8).splitlines()[0]
    'define <8 x double> @cg_exp(<8 x double> %x) noinline nounwind {'
    """
    writer = Writer(lanes)
    real, flag = writer.real, writer.flag
    write, far = VECTORS[function]
    result = write(writer, "%x")
    head = [f"define {real} @{name_of(function)}({real} %x) noinline nounwind {{"]
    tail = [f"  ret {real} {result}", "}"]
    if far == inf:
        return "\n".join([*head, *writer.lines, *tail, ""])
    near = writer.do("fcmp ole", writer.absolute("%x"), far)
    jump = [
        f"  %all = call i1 @llvm.vector.reduce.and.v{lanes}i1({flag} {near})",
        "  br i1 %all, label %near, label %far",
        "far:",  # a number's result does not depend on what stands beside it
        f"  %c = call {real} @{name_of(function)}_apart({real} %x)",
        f"  %mixed = select {flag} {near}, {real} {result}, {real} %c",
        f"  ret {real} %mixed",
        "near:",
    ]
    return "\n".join([*head, *writer.lines, *jump, *tail, "", apart(function, lanes, 1, "_apart")])


def sine_and_cosine(lanes: int) -> str:
    """Return the text of the function that computes both of the same numbers, as those of each do.

    >>> sine_and_cosine(8).splitlines()[0]
    'define {<8 x double>, <8 x double>} @cg_sincos(<8 x double> %x) noinline nounwind {'
    """
    w = Writer(lanes)
    both = f"{{{w.real}, {w.real}}}"
    parts = _reduced(w, "%x")
    found = [_turned(w, *parts, quarter) for quarter in (0, 1)]
    near = w.do("fcmp ole", w.absolute("%x"), FAR)
    lines = [
        f"define {both} @{name_of(BOTH)}({w.real} %x) noinline nounwind {{",
        *w.lines,
        f"  %all = call i1 @llvm.vector.reduce.and.v{lanes}i1({w.flag} {near})",
        "  br i1 %all, label %near, label %far",
        "far:",
        f"  %sine = call {w.real} @{name_of('sin')}({w.real} %x)",
        f"  %cosine = call {w.real} @{name_of('cos')}({w.real} %x)",
    ]
    for label, (one, other) in (("", ("%sine", "%cosine")), ("near", found)):
        lines += [f"{label}:"] if label else []
        lines += [
            f"  %p{label} = insertvalue {both} undef, {w.real} {one}, 0",
            f"  %q{label} = insertvalue {both} %p{label}, {w.real} {other}, 1",
            f"  ret {both} %q{label}",
        ]
    return "\n".join([*lines, "}", ""])


def apart(function: str, lanes: int, arity: int = 1, suffix: str = "") -> str:
    """Return the text of a function on vectors that calls C's for every place."""
    real = f"<{lanes} x double>"
    parameters = ", ".join(f"{real} %x{i}" for i in range(arity))
    lines = [f"define {real} @{name_of(function)}{suffix}({parameters}) noinline nounwind {{"]
    found = "undef"
    for lane in range(lanes):
        lines += [f"  %a{lane}_{i} = extractelement {real} %x{i}, i32 {lane}" for i in range(arity)]
        operands = ", ".join(f"double %a{lane}_{i}" for i in range(arity))
        lines.append(f"  %y{lane} = call double @{function}({operands})")
        lines.append(f"  %v{lane} = insertelement {real} {found}, double %y{lane}, i32 {lane}")
        found = f"%v{lane}"
    return "\n".join([*lines, f"  ret {real} {found}", "}", ""])

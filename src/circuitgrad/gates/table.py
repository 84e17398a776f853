"""THE table of gates. A gate is one row, and everything that computes, checks, prints or exports it comes from there.

Formulas are in the language of circuit files (see `formulas.reader`). In a row

- an operand is called by its name in the partials, `out` is the gate's own value;
- another gate may be called; a gate whose value is itself (`exp(x)`) is a primitive (see `gates.primitives`);
- a comparison with NaN is false, so a last `else` says what becomes of NaN.

The forms are chosen to keep their digits over the whole range of doubles (Higham, "Accuracy and Stability of Numerical
Algorithms", 2nd ed., 2002, chapter 1; C17, annex F, for special values). At a kink every row follows one rule: the
subgradient of least norm, taken jointly over its operands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.formulas.steps import FOLDS
from circuitgrad.gates.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence


GATES: dict[str, Rule] = {}
"""Every gate by its name, in the order of the table."""

NAMES: dict[str, Rule] = {}
"""Every gate by its name and by each alias."""

SYNONYMS = {
    "plus": "add", "minus": "sub", "times": "mul", "sgn": "sign", "signum": "sign", "fabs": "abs", "fmax": "max",
    "fmin": "min", "fmod": "mod", "sqr": "square", **FOLDS,
}  # fmt: skip
"""What people call gates that have another name here."""

_GAMMA = "the gamma function is no gate: a series for it can be a definition, under 'define'"
_WORDS = "conditions are formulas: a and b, a or b, not a"
_WRITTEN = {
    "ceil": "written -floor(-x)", "round": "written floor(x + 0.5)", "exp2": "written 2**x", "exp10": "written 10**x",
    "logit": "written log(x) - log1p(-x)", "cot": "written 1/tan(x)", "sec": "written 1/cos(x)",
    "csc": "written 1/sin(x)", "isnan": "written x != x", "lgamma": _GAMMA, "gammaln": _GAMMA, "gamma": _GAMMA,
    "factorial": _GAMMA, "and": _WORDS, "or": _WORDS, "not": _WORDS, "logical_and": _WORDS, "logical_or": _WORDS,
    "logical_not": _WORDS,
}  # fmt: skip
"""Functions that are no gates, and how they are written."""


def gate(
    name: str,
    value: str,
    about: str,
    *,
    aliases: Sequence[str] = (),
    sample: Sequence[tuple[float, float]] = (),
    convention: str = "",
    kinks: Sequence[tuple[str, str]] = (),
    folds: bool = False,
    **partials: str,
) -> Rule:
    """Add a rule to the table and return it. See `Rule` for the arguments; the partials are given by operand.

    Raises:
        CircuitError: a gate of that name or alias stands in the table already.
    """
    sample = sample or ((-5.0, 5.0),) * len(partials)
    rule = Rule(name, value, partials, about, aliases, sample, convention, kinks=kinks, folds=folds)
    names = (name, *aliases)
    for taken in filter(NAMES.__contains__, names):
        raise CircuitError.of(f"there is a gate called {quote(taken)} already")
    NAMES.update(dict.fromkeys(names, rule))
    GATES[name] = rule
    return rule


def find(name: str) -> Rule:
    """Return the rule of the gate called `name`.

    Raises:
        CircuitError: there is none.

    >>> find("multiply").value.text
    'x*y'
    """
    rule = NAMES.get(name)
    if rule is None:
        message, hint = unknown_gate(name)
        raise CircuitError.of(message, hint=hint)
    return rule


def is_built_in(rule: Rule) -> bool:
    """Tell whether a rule is the table's, not a definition's of the same name."""
    return rule is GATES.get(rule.name)


def unknown_gate(
    name: str,
    others: Iterable[str] = (),
    *,
    wires: Container[str] = (),
    near: Callable[[str, Iterable[str]], str | None] = did_you_mean,
) -> tuple[str, str | None]:
    """Return the message that no gate has this name, and a hint.

    Args:
        name: the name.
        others: the gates beside those of the table: a file's definitions.
        wires: the wires that the name may mean, in a formula.
        near: returns the hint that names the candidate nearest to a word.

    >>> unknown_gate("plus"), unknown_gate("neuronn", ["neuron"])[1]
    (("no gate is called 'plus'", "did you mean 'add'?"), "did you mean 'neuron'?")
    >>> unknown_gate("math.exp")[1], unknown_gate("ceil")[1]
    ("did you mean 'exp'?", 'written -floor(-x)')
    >>> unknown_gate("a", wires=["a"])[1]
    "'a' is a wire; a product is written with *"
    """
    last = name.rpartition(".")[2]  # of math.exp
    meant = SYNONYMS.get(last) or (last if last in NAMES and last != name else None)
    if meant is not None:
        hint: str | None = f"did you mean {quote(meant)}?"
    else:
        hint = _WRITTEN.get(last) or near(name, [*NAMES, *others])
    if name in wires:
        hint = f"{quote(name)} is a wire; a product is written with *"
    return f"no gate is called {quote(name)}", hint


WIDE = (-1e6, 1e6)

# fmt: off

# Arithmetic

gate("identity", "x", "the operand itself", x="1")
gate("add", "x + y", "sum", x="1", y="1", folds=True, sample=(WIDE, WIDE))
gate("sub", "x - y", "difference", x="1", y="-1", aliases=("subtract",), sample=(WIDE, WIDE))
gate("mul", "x*y", "product", x="y", y="x", aliases=("multiply",), folds=True, sample=(WIDE, WIDE))
gate("div", "x/y", "quotient", x="1/y", y="-out/y", aliases=("divide",), sample=(WIDE, WIDE),
     convention="x/0 is infinite, 0/0 NaN")
gate("neg", "-x", "the operand with its sign changed", x="-1", aliases=("negative",), sample=(WIDE,))
gate("reciprocal", "1/x", "one over x", x="-out*out", sample=(WIDE,), convention="infinite at 0, with slope -inf")
gate("square", "x*x", "second power", x="2*x", sample=(WIDE,))
gate("sqrt", "sqrt(x)", "square root", x="0.5/abs(out)", sample=((0.0, 1e6),), convention="slope inf at 0; NaN below")
gate("cbrt", "cbrt(x)", "cube root", x="1/(3*square(out))", sample=(WIDE,), convention="slope inf at 0")
gate("pow", "x**y", "x to the power y",
     # out/x keeps the digits that y - 1 may lose, where neither out nor out*y leaves the range of doubles; y - 1 is
     # not odd from 2**53 on. The roots are 0 where they count: their slopes are the second derivatives beside x = 0,
     # which are 1/x at y = 0 and log(x) for 0 < y <= 1.
     x="(y*out/x if abs(x) > 0 else 0 + cbrt(y)) if y == 0 "
       "else (y*(out/x) if abs(out/x) < inf else y*out/x) if min(abs(out), abs(1/(out*y))) > 1e-300 "
       "else x**(y - 1) + sqrt(1 - y) if x == 0 and 0 < y <= 1 "
       "else -y*out if x < 0 and 9007199254740992 < abs(y) < inf else y*x**(y - 1) if out == out else nan",
     y="y if y != y else (-out if y < 0 else 0 - sqrt(x) if 0 < y <= 1 else 0*out) if x == 0 "
       "else (inf if y >= 0 else 0) if x == inf else out*log(x)",
     aliases=("power",), sample=((1e-3, 1e3), (-20.0, 20.0)),
     convention="0**0 is 1 with slopes 0, 0; for x < 0 the slope in y is NaN, and so is the value unless y is whole")
gate("hypot", "hypot(x, y)", "square root of x*x + y*y",
     # The factors keep a sum of squares in the range of doubles: 0.5, and 2**600 for numbers with few digits.
     x="0 if out == 0 else x/out if 1e-290 < out < inf else 0.5*x/hypot(0.5*x, 0.5*y) if out > 1 "
       "else 4.149515568880993e180*x/hypot(4.149515568880993e180*x, 4.149515568880993e180*y)",
     y="0 if out == 0 else y/out if 1e-290 < out < inf else 0.5*y/hypot(0.5*x, 0.5*y) if out > 1 "
       "else 4.149515568880993e180*y/hypot(4.149515568880993e180*x, 4.149515568880993e180*y)",
     sample=(WIDE, WIDE), convention="slopes 0, 0 at the origin", kinks=[("sign(hypot(x, y))", "hypot(x, y)")])

# Exponentials and logarithms

gate("exp", "exp(x)", "exponential", x="out", sample=((-700.0, 700.0),))
gate("expm1", "expm1(x)", "exp(x) - 1, exact for small x", x="exp(x)", sample=((-700.0, 700.0),))
gate("log", "log(x)", "natural logarithm", x="1/abs(x) if x >= 0 else nan", aliases=("ln",), sample=((0.0, 1e6),),
     convention="-inf with slope inf at 0; NaN below")
gate("log1p", "log1p(x)", "log(1 + x), exact for small x", x="1/abs(1 + x) if x >= -1 else nan", sample=((-1.0, 1e6),),
     convention="-inf with slope inf at -1; NaN below")
gate("log2", "log2(x)", "logarithm to base 2", x="1/(abs(x)*log(2)) if x >= 0 else nan", sample=((0.0, 1e6),),
     convention="-inf with slope inf at 0; NaN below")
gate("log10", "log10(x)", "logarithm to base 10", x="1/(abs(x)*log(10)) if x >= 0 else nan", sample=((0.0, 1e6),),
     convention="-inf with slope inf at 0; NaN below")
gate("logsumexp", "x + log(2) if x == y else max(x, y) + log1p(exp(-abs(x - y)))", "log(exp(x) + exp(y))",
     x="sigmoid(x - y)", y="sigmoid(y - x)", aliases=("logaddexp",), folds=True, sample=((-800.0, 800.0),) * 2,
     convention="slopes NaN where x and y are the same infinity; what x - y is rounded by costs the smaller slope up "
                "to abs(x - y) ulp; where the value crosses 0, its terms cancel")

# Of more than two operands, a fold would lose the digits of the slopes: these rules, of no gate that a file can name,
# compute f + log(exp(x - f) + exp(y - f) + ...). The shift f is constant beside its jumps, which are at no double: what
# is summed does not move with it, and the slopes are the softmax. A constant margin says that it has no ties.
SHIFT = Rule("shift", "floor(x + 0.3183098861837907)", {"x": "0 if x == x else nan"}, "a whole number near x",
             kinks=[("floor(x + 0.3183098861837907)", "1")])
# The factor beside exp puts back what x - shift is rounded by (Knuth, "The Art of Computer Programming", 4.2.2).
SHIFTED_EXP = Rule("shifted_exp",
                   "exp(x - shift)*(1 + ((x - (x - shift - (x - shift - x))) - (shift + (x - shift - x)))) "
                   "if x - shift > -800 else exp(x - shift) if x - shift == x - shift "
                   "else 1 if x + shift == x + shift else nan",
                   {"x": "out", "shift": "-out"}, "exp(x - shift), 1 where both are the same infinity")
SHIFTED_LOG = Rule("shifted_log", "shift + log(x)",
                   {"shift": "1", "x": "1/x if shift - shift == shift - shift else 1/x if x == 1 else nan"},
                   "shift + log(x)")

# Parts and choices

gate("abs", "abs(x)", "absolute value", x="sign(x)", aliases=("absolute",), convention="slope 0 at 0",
     kinks=[("sign(x)", "x")])
gate("sign", "1 if x > 0 else -1 if x < 0 else x", "-1, 0 or 1", x="0 if x == x else nan", convention="slope 0 at 0")
gate("step", "1 if x > 0 else 0 if x < 0 else 0.5 if x == 0 else nan", "0 below 0, 1 above", x="0 if x == x else nan",
     aliases=("heaviside",), convention="1/2 at 0; slope 0 everywhere")
gate("floor", "floor(x)", "largest whole number not above x", x="0 if x == x else nan", convention="slope 0 everywhere",
     kinks=[("floor(x)", "x - floor(x)")])
gate("mod", "mod(x, y)", "remainder of x/y with the sign of y", x="1 if out == out else nan", y="(out - x)/y",
     aliases=("remainder",), convention="NaN for y = 0; at a jump the slopes are those to its right",
     kinks=[("floor(x/y)", "x/y - floor(x/y)")])
gate("max", "x if x >= y else x if x != x else y", "the larger operand",
     x="1 if x > y else 0 if x < y else 0.5 if x == y else nan",
     y="0 if x > y else 1 if x < y else 0.5 if x == y else nan",
     aliases=("maximum",), folds=True, convention="slopes 1/2, 1/2 at a tie")
gate("min", "x if x <= y else x if x != x else y", "the smaller operand",
     x="1 if x < y else 0 if x > y else 0.5 if x == y else nan",
     y="0 if x < y else 1 if x > y else 0.5 if x == y else nan",
     aliases=("minimum",), folds=True, convention="slopes 1/2, 1/2 at a tie")
gate("clip", "min(max(x, low), high)", "x moved into the range from low to high",
     x="out if out != out else 0 if x < low else 0 if x > high else (0 if low == high else 0.5) if x == low "
       "else 0.5 if x == high else 1",
     low="out if out != out else 0 if low > high else 0 if x > low else (0 if low == high else 0.5) if x == low "
         "else 0.5 if low == high else 1",
     high="out if out != out else 1 if max(x, low) > high else 0 if max(x, low) < high else 0.5",
     aliases=("clamp",), sample=((-5.0, 5.0), (-4.0, -1.0), (1.0, 4.0)),
     convention="at a bound the slope is shared equally; where both bounds meet, by these")
gate("where", "y if test == 0 else x if test == test else nan", "y where test is 0, x elsewhere",
     test="0 if test == test else nan", x="0 if test == 0 else 1 if test == test else nan",
     y="1 if test == 0 else 0 if test == test else nan", convention="slope 0 in test and in what is not chosen",
     kinks=[("test == 0", "test")])


def _comparison(name: str, below: int, tie: int, above: int, *, about: str, aliases: Sequence[str]) -> None:
    """Add the rule of a comparison, given its result where x is below y, equal to it, and above it."""
    gate(name, f"{below} if x < y else {tie} if x == y else {above} if x > y else nan", about,
         x="0 if out == out else nan", y="0 if out == out else nan", aliases=aliases, convention="slope 0 everywhere",
         kinks=[("sign(x - y)", "x - y")])


_comparison("lt", 1, 0, 0, about="1 if x < y, else 0", aliases=("less",))
_comparison("le", 1, 1, 0, about="1 if x <= y, else 0", aliases=("less_equal", "lessorequal"))
_comparison("gt", 0, 0, 1, about="1 if x > y, else 0", aliases=("greater",))
_comparison("ge", 0, 1, 1, about="1 if x >= y, else 0", aliases=("greater_equal", "greaterorequal"))
_comparison("eq", 0, 1, 0, about="1 if x == y, else 0", aliases=("equal",))
_comparison("ne", 1, 0, 1, about="1 if x != y, else 0", aliases=("not_equal",))

# Activations

gate("relu", "x if x > 0 else 0 if x <= 0 else nan", "the positive part", x="1 if x > 0 else 0 if x <= 0 else nan",
     convention="slope 0 at 0")
gate("leaky_relu", "x if x > 0 else 0.01*x", "x, a hundredth of it below 0",
     x="1 if x > 0 else 0.01 if x <= 0 else nan", aliases=("leakyrelu",), convention="slope 0.01 at 0")
gate("elu", "x if x > 0 else expm1(x)", "exponential linear unit", x="1 if x > 0 else exp(x)",
     sample=((-700.0, 700.0),))
gate("sigmoid", "1/(1 + exp(-x)) if x >= 0 else exp(x)/(1 + exp(x))", "logistic function",
     # From 4 on, 1 - out loses digits; up to there it keeps the figures of the Hacker's guide to the bit.
     x="out*(1 - out) if x <= 4 else out*sigmoid(-x)", aliases=("logistic",), sample=((-700.0, 700.0),),
     convention="up to 4 the slope keeps the guide's figures to the bit: 1 - out costs it up to 44 ulp at 4; near 0 "
                "the second derivative cancels: right to 2e-16, not to all digits")
# The bounds on x in gelu and silu lie where the factor beside them is 0 or 1: they keep inf*0 away.
# Below -708, sigmoid(x) is exp(x) with few digits, or 0.
gate("silu", "max(x, -1000)*sigmoid(x) if x > -708 else max(x, -1000)*exp(x/2)*exp(x/2)", "x*sigmoid(x)",
     x="sigmoid(x)*(1 + clip(x, -1000, 1000)*sigmoid(-x)) if x > -708 else (1 + max(x, -1000))*exp(x/2)*exp(x/2)",
     aliases=("swish",), sample=((-700.0, 700.0),),
     convention="where the slope crosses 0, at -1.2785, its terms cancel: right to 1e-16, not to all digits")
gate("gelu", "max(x, -40)*normal_cdf(x)", "x*normal_cdf(x)", x="normal_cdf(x) + clip(x, -40, 40)*normal_pdf(x)",
     sample=((-37.0, 37.0),),
     convention="where the slope crosses 0, at -0.7518, its terms cancel: right to 2e-16, not to all digits")
gate("softplus", "max(x, 0) + log1p(exp(-abs(x)))", "log(1 + exp(x))", x="sigmoid(x)", sample=((-700.0, 1000.0),))
gate("log_sigmoid", "min(x, 0) - log1p(exp(-abs(x)))", "log(sigmoid(x))", x="sigmoid(-x)", aliases=("logsigmoid",),
     sample=((-1000.0, 700.0),))
gate("softsign", "x/(1 + abs(x)) if abs(x) < inf else sign(x)", "x/(1 + abs(x))", x="1/square(1 + abs(x))",
     sample=(WIDE,))
gate("tanh", "tanh(x)", "hyperbolic tangent", x="4*exp(-2*abs(x))/square(1 + exp(-2*abs(x)))",
     sample=((-350.0, 350.0),), convention="near 0 the second derivative cancels: right to 2e-15, not to all digits")

# The normal distribution. exp(-x*x) is taken apart at a multiple of 1/256, whose square is exact (Cody, "Rational
# Chebyshev approximations for the error function", Mathematics of Computation 23, 1969).

gate("gaussian",
     "0 if abs(x) >= 28 else exp(-square(floor(256*x)/256))*exp((floor(256*x)/256 - x)*(floor(256*x)/256 + x))",
     "exp(-x*x)", x="-2*clip(x, -28, 28)*out", sample=((-26.0, 26.0),))
gate("normal_pdf",
     "0 if abs(x) >= 40 else exp(-square(floor(256*x)/256)/2)*exp((floor(256*x)/256 - x)*(floor(256*x)/256 + x)/2)"
     "/sqrt(2*pi)",
     "density of the normal distribution", x="-clip(x, -40, 40)*out", sample=((-37.0, 37.0),))
# Below -1 the factor beside erfc takes away what the rounding of x/sqrt(2) costs.
gate("normal_cdf",
     "erfc(-x/sqrt(2))/2 if x > -1 else 0 if x <= -40 else erfc(-x/sqrt(2))/2"
     "*exp(square(floor(-256*x/sqrt(2))/256) - square(floor(256*x)/256)/2"
     " + (-x/sqrt(2) - floor(-256*x/sqrt(2))/256)*(-x/sqrt(2) + floor(-256*x/sqrt(2))/256)"
     " + (floor(256*x)/256 - x)*(floor(256*x)/256 + x)/2)",
     "normal distribution function", x="normal_pdf(x)", aliases=("ndtr",), sample=((-37.0, 37.0),))
# Far below, an asymptotic series of 1/x**2 (Abramowitz and Stegun, 26.2.12), and its derivative.
gate("log_normal_cdf",
     "log1p(-normal_cdf(-x)) if x > 0 else log(normal_cdf(x)) if x > -37.2 else -square(x)/2 - log(-x) - log(2*pi)/2 + "
     "log1p(-square(1/x)*(1 - square(1/x)*(3 - square(1/x)*(15 - square(1/x)*(105 - 945*square(1/x))))))",
     "log(normal_cdf(x)), exact in both tails",
     x="normal_pdf(x)/normal_cdf(x) if x > -37.2 else -x - 1/x + 2/x"
       "*square(1/x)*(1 - square(1/x)*(6 - square(1/x)*(45 - square(1/x)*(420 - 4725*square(1/x)))))"
       "/(1 - square(1/x)*(1 - square(1/x)*(3 - square(1/x)*(15 - square(1/x)*(105 - 945*square(1/x))))))",
     aliases=("log_ndtr",), sample=((-37.0, 37.0),))
gate("erf", "erf(x)", "error function", x="2/sqrt(pi)*gaussian(x)", sample=((-26.0, 26.0),))
gate("erfc", "erfc(x)", "1 - erf(x), exact where it is small", x="-2/sqrt(pi)*gaussian(x)", sample=((-26.0, 26.0),))

# Trigonometry, in radians

gate("sin", "sin(x)", "sine", x="cos(x)", sample=(WIDE,), convention="NaN at the infinities")
gate("cos", "cos(x)", "cosine", x="-sin(x)", sample=(WIDE,), convention="NaN at the infinities")
gate("tan", "tan(x)", "tangent", x="1 + out*out", sample=(WIDE,), convention="NaN at the infinities")
gate("asin", "asin(x)", "inverse sine", x="1/sqrt((1 - x)*(1 + x))", aliases=("arcsin",), sample=((-1.0, 1.0),),
     convention="slope inf at -1 and 1; NaN outside")
gate("acos", "acos(x)", "inverse cosine", x="-1/sqrt((1 - x)*(1 + x))", aliases=("arccos",), sample=((-1.0, 1.0),),
     convention="slope -inf at -1 and 1; NaN outside")
gate("atan", "atan(x)", "inverse tangent", x="1/(1 + x*x)", aliases=("arctan",), sample=(WIDE,))
gate("atan2", "atan2(y, x)", "angle of the point (x, y)", y="x/hypot(x, y)/hypot(x, y)", x="-y/hypot(x, y)/hypot(x, y)",
     aliases=("arctan2",), sample=(WIDE, WIDE), convention="slopes NaN at the origin",
     # The angle jumps where the point crosses the negative half of the axis.
     kinks=[("sign(y) if x < 0 else 1", "y if x < 0 else 1")])
gate("sinh", "sinh(x)", "hyperbolic sine", x="cosh(x)", sample=((-700.0, 700.0),))
gate("cosh", "cosh(x)", "hyperbolic cosine", x="sinh(x)", sample=((-700.0, 700.0),))
gate("asinh", "asinh(x)", "inverse hyperbolic sine", x="1/hypot(1, x)", aliases=("arcsinh",), sample=(WIDE,))
gate("acosh", "acosh(x)", "inverse hyperbolic cosine", x="1/(sqrt(x - 1)*sqrt(x + 1))", aliases=("arccosh",),
     sample=((1.0, 1e6),), convention="slope inf at 1; NaN below")
gate("atanh", "atanh(x)", "inverse hyperbolic tangent", x="1/((1 - x)*(1 + x)) if abs(x) <= 1 else nan",
     aliases=("arctanh",), sample=((-1.0, 1.0),), convention="infinite with slope inf at -1 and 1; NaN outside")

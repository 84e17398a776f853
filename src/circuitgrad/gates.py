"""THE table of gates. A gate is one row, and everything that computes, checks, prints or exports it comes from there.

Formulas are in the language of circuit files (see `expression`). In a row

- an operand is called by its name in the partials, `out` is the gate's own value;
- another gate may be called; a gate whose value is itself (`exp(x)`) is a primitive that each arithmetic provides;
- a comparison with NaN is false, so a last `else` says what becomes of NaN.

Stable forms and special points are those of Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 2002
(chapters 1, 2 and 27), of C17's annex F, and of Mächler, "Accurately computing log(1 - exp(-|a|))", 2012. At a kink every row
follows one rule: the subgradient of least norm, taken jointly over its operands.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.expression import Expression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, eq=False)
class Row:
    """A gate: its names, its value rule, its partial derivatives, and what to know of them.

    Attributes:
        name: the gate's name in circuit files.
        value: the value as a formula of the operands.
        partials: per operand, in their order, the partial derivative as a formula of the operands and `out`.
        about: a few words of help.
        aliases: further names, those of NumPy and ONNX.
        sample: per operand, the closed range in which the row is tested and drawn.
        convention: what holds at kinks, ties and the edges of the domain; empty for a gate without any.
        folds: whether more than two operands may be given, and are folded into the row from the left.
    """

    name: str
    value: str
    partials: Mapping[str, str]
    about: str = ""
    aliases: Sequence[str] = ()
    sample: Sequence[tuple[float, float]] = ()
    convention: str = ""
    folds: bool = False

    @property
    def operands(self) -> tuple[str, ...]:
        """The operands' names, in order."""
        return tuple(self.partials)

    @property
    def arity(self) -> int:
        """How many operands the row takes."""
        return len(self.partials)

    @cached_property
    def value_expression(self) -> Expression:
        """The value rule, read."""
        return Expression(self.value)

    @cached_property
    def partial_expressions(self) -> tuple[Expression, ...]:
        """The partial derivatives, read, in the order of the operands."""
        return tuple(Expression(partial) for partial in self.partials.values())


GATES: dict[str, Row] = {}
"""Every gate by its name, in the order of the table."""

NAMES: dict[str, Row] = {}
"""Every gate by its name and by each alias."""


def gate(
    name: str,
    value: str,
    about: str,
    *,
    aliases: Sequence[str] = (),
    sample: Sequence[tuple[float, float]] = (),
    convention: str = "",
    folds: bool = False,
    **partials: str,
) -> Row:
    """Add a row to the table and return it. See `Row` for the arguments; the partials are given by operand.

    Raises:
        CircuitError: a gate of that name or alias stands in the table already.
    """
    row = Row(name, value, partials, about, aliases, sample or ((-5.0, 5.0),) * len(partials), convention, folds)
    for key in (name, *aliases):
        if key in NAMES:
            raise CircuitError.of(f"there is a gate called {quote(key)} already")
        NAMES[key] = row
    GATES[name] = row
    return row


def find(name: str) -> Row:
    """Return the row of the gate called `name`.

    Raises:
        CircuitError: there is none.

    >>> find("multiply").value
    'x*y'
    """
    row = NAMES.get(name)
    if row is None:
        raise CircuitError.of(f"no gate is called {quote(name)}", hint=did_you_mean(name, NAMES))
    return row


WIDE = (-1e6, 1e6)

# Arithmetic

gate("identity", "x", "the operand itself", x="1")
gate("add", "x + y", "sum", x="1", y="1", sample=(WIDE, WIDE), folds=True)
gate("sub", "x - y", "difference", x="1", y="-1", aliases=("subtract",), sample=(WIDE, WIDE))
gate("mul", "x*y", "product", x="y", y="x", aliases=("multiply",), sample=(WIDE, WIDE), folds=True)
gate("div", "x/y", "quotient", x="1/y", y="-out/y", aliases=("divide",), sample=(WIDE, WIDE),
     convention="x/0 is infinite, 0/0 NaN")  # fmt: skip
gate("neg", "-x", "the operand with its sign changed", x="-1", aliases=("negative",), sample=(WIDE,))
gate("square", "x*x", "second power", x="2*x", sample=(WIDE,))
gate("sqrt", "sqrt(x)", "square root", x="0.5/abs(out)", sample=((0.0, 1e6),),
     convention="slope inf at 0; NaN below")  # fmt: skip
gate(
    "pow",
    "x**y",
    "x to the power y",
    # out/x keeps the digits that y - 1 may lose, where neither it nor out*y leaves the range of doubles.
    x="0 if y == 0 else y*(out/x) if min(abs(out), abs(1/(out*y))) > 1e-300 else y*x**(y - 1)",
    y="y if y != y else (-out if y < 0 else 0*out) if x == 0 else (inf if y >= 0 else 0) if x == inf else out*log(x)",
    aliases=("power",),
    sample=((1e-3, 1e3), (-20.0, 20.0)),
    convention="0**0 is 1 with slopes 0, 0; for x < 0 the slope in y is NaN, and so is the value unless y is whole",
)

# Exponentials and logarithms

gate("exp", "exp(x)", "exponential", x="out", sample=((-700.0, 700.0),))
gate("log", "log(x)", "natural logarithm", x="1/abs(x) if x >= 0 else nan", sample=((0.0, 1e6),), aliases=("ln",),
     convention="-inf with slope inf at 0; NaN below")  # fmt: skip
gate("log1p", "log1p(x)", "log(1 + x), exact for small x", x="1/abs(1 + x) if x >= -1 else nan",
     sample=((-1.0, 1e6),), convention="-inf with slope inf at -1; NaN below")  # fmt: skip

# Parts and choices

gate("abs", "abs(x)", "absolute value", x="sign(x)", aliases=("absolute",), convention="slope 0 at 0")
gate("sign", "1 if x > 0 else -1 if x < 0 else x", "-1, 0 or 1", x="0 if x == x else nan", convention="slope 0 at 0")
gate(
    "max",
    "x if x >= y else x if x != x else y",
    "the larger operand",
    x="1 if x > y else 0 if x < y else 0.5 if x == y else nan",
    y="0 if x > y else 1 if x < y else 0.5 if x == y else nan",
    aliases=("maximum",),
    folds=True,
    convention="slopes 1/2, 1/2 at a tie",
)
gate(
    "min",
    "x if x <= y else x if x != x else y",
    "the smaller operand",
    x="1 if x < y else 0 if x > y else 0.5 if x == y else nan",
    y="0 if x < y else 1 if x > y else 0.5 if x == y else nan",
    aliases=("minimum",),
    folds=True,
    convention="slopes 1/2, 1/2 at a tie",
)

# Activations

gate("relu", "x if x > 0 else 0 if x <= 0 else x", "the positive part", x="1 if x > 0 else 0 if x <= 0 else nan",
     convention="slope 0 at 0")  # fmt: skip
gate(
    "sigmoid",
    "1/(1 + exp(-x)) if x >= 0 else exp(x)/(1 + exp(x))",
    "logistic function",
    # From 4 on, 1 - out loses digits; up to there it keeps the figures of the Hacker's guide to the bit.
    x="out*(1 - out) if x <= 4 else out*sigmoid(-x)",
    aliases=("logistic",),
    sample=((-745.0, 745.0),),
)
gate("tanh", "tanh(x)", "hyperbolic tangent", x="4*exp(-2*abs(x))/square(1 + exp(-2*abs(x)))", sample=((-350.0, 350.0),))
gate("softplus", "max(x, 0) + log1p(exp(-abs(x)))", "log(1 + exp(x))", x="sigmoid(x)", sample=((-700.0, 1000.0),))

# Trigonometry, in radians

gate("sin", "sin(x)", "sine", x="cos(x)", sample=(WIDE,), convention="NaN at the infinities")
gate("cos", "cos(x)", "cosine", x="-sin(x)", sample=(WIDE,), convention="NaN at the infinities")

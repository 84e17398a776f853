"""What each language spells differently: one printer of formulas, and one small table per language."""

from __future__ import annotations

import keyword
import math
import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.formulas.steps import (
    ATOM,
    COMPARISON,
    FOLDS,
    INFIX,
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Call,
    Loop,
    Member,
    Name,
    Number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step

CONDITIONAL = 0

_FOLDS = {gate: word for word, gate in FOLDS.items()}
_PLACE = re.compile("#([1-3])")

_Text: TypeAlias = "list[str | _Text]"
"""A text in parts, so that a long formula is joined once instead of once a term."""

_Written: TypeAlias = "tuple[_Text, int]"
"""A text and the level of precedence of its outermost operator."""


class Dialect(NamedTuple):
    """How one language writes a formula.

    Attributes:
        number: writes a literal.
        name: writes an operand's name.
        infix: per gate that is an operator there, its sign with the spaces around it and its level of precedence.
            A gate that is missing is called: `div(x, y)`.
        truth: what makes a condition of a number; nothing where a number is one.
        ternary: whether a conditional is written `test ? body : orelse`.
        templates: per gate that is neither an operator nor a call there, its text, in which `#1` is the first operand,
            with the level of the whole and the loosest level that the first operand has without parentheses.
        function: writes the name of a gate that is called.
        parentheses: the opening and the closing one.
        comma: what stands between the operands of a call.
    """

    number: Callable[[float], str]
    name: Callable[[str], str]
    infix: Mapping[str, tuple[str, int]]
    truth: str = ""
    ternary: bool = False
    templates: Mapping[str, tuple[str, int, int]] = {}
    function: Callable[[str], str] = str
    parentheses: tuple[str, str] = ("(", ")")
    comma: str = ", "

    def write(self, steps: Iterable[Step]) -> str:
        """Return the formula of `steps`, in postfix order, in this language, with no parenthesis that it does not need.

        >>> from circuitgrad.formulas.reader import read_formula
        >>> FORMULA.write(read_formula("(a*x + (b*y)) / (2 - -c)"))
        '(a*x + b*y)/(2 - -c)'
        >>> PYTHON.write(read_formula("x**2 if x > 0 else 1/x"))
        'pow(x, 2.0) if x > 0.0 else div(1.0, x)'
        """
        stack: list[_Written] = []
        for step in steps:
            if isinstance(step, Number):
                stack.append(self._literal(step.value))
            elif isinstance(step, Name):
                stack.append(([self.name(step.name)], ATOM))
            elif isinstance(step, Member):
                subscripts = ", ".join(map(self.write, step.subscripts))
                stack.append(([f"{self.name(step.name)}[{subscripts}]"], ATOM))
            elif isinstance(step, Loop):
                clauses = [
                    f" for {clause.name} in range({', '.join(map(self.write, clause.bounds))})"
                    for clause in step.clauses
                ]
                stack.append(([_FOLDS.get(step.gate, step.gate), "(", self.write(step.body), *clauses, ")"], ATOM))
            else:
                first = len(stack) - step.arity
                stack[first:] = [self._call(step, stack[first:])]
        ((text, level),) = stack
        # Where a number is no condition, a condition is no number, either.
        return f"({_joined(text)}) + 0.0" if self.truth and level == COMPARISON else _joined(text)

    def _literal(self, value: float) -> _Written:
        return [self.number(value)], UNARY if math.copysign(1.0, value) < 0 else ATOM

    def _call(self, step: Call, written: list[_Written]) -> _Written:
        if step.gate in self.templates:
            template, level, lowest = self.templates[step.gate]
            parts = _PLACE.split(template)
            parts[1::2] = [
                self._enclose(written[0], lowest) if i == "1" else written[int(i) - 1][0] for i in parts[1::2]
            ]
            return parts, level
        if step.gate == "where" and step.arity == 3:
            test, body, orelse = written
            asked = "" if test[1] == COMPARISON else self.truth
            condition: _Text = [self._enclose(test, SUM if asked else COMPARISON), asked]
            chosen, other = self._enclose(body, COMPARISON), self._enclose(orelse, CONDITIONAL)
            if self.ternary:
                return [condition, " ? ", chosen, " : ", other], CONDITIONAL
            return [chosen, " if ", condition, " else ", other], CONDITIONAL
        if step.gate == "neg" and step.arity == 1:
            return ["-", self._enclose(written[0], UNARY)], UNARY
        if step.gate in self.infix and step.arity == 2:
            sign, level = self.infix[step.gate]
            # All operators group from the left, but a power from the right, and a comparison not at all.
            left, right = {POWER: (ATOM, UNARY), COMPARISON: (level + 1, level + 1)}.get(level, (level, level + 1))
            return [self._enclose(written[0], left), sign, self._enclose(written[1], right)], level
        opening, closing = self.parentheses
        call: _Text = [self.function(step.gate), opening]
        for index, (text, _) in enumerate(written):
            call += [self.comma, text] if index else [text]
        return [*call, closing], ATOM

    def _enclose(self, written: _Written, lowest: int) -> _Text:
        """Return the text, in parentheses when it binds more loosely than `lowest`."""
        text, level = written
        opening, closing = self.parentheses
        return text if level >= lowest else [opening, text, closing]


def _joined(text: _Text) -> str:
    """Join a text's parts from left to right, without recursion and each of them once."""
    parts: list[str] = []
    stack: list[str | _Text] = [text]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            parts.append(part)
        else:
            stack.extend(reversed(part))
    return "".join(parts)


def short_number(value: float) -> str:
    """Return the shortest text that reads back as `value`, without the `.0` of a whole number.

    >>> short_number(2.0), short_number(0.1), short_number(1e300)
    ('2', '0.1', '1e+300')
    """
    text = repr(value)
    return text.removesuffix(".0")


def _javascript_number(value: float) -> str:
    """Return a literal; infinity and what is no number are names there.

    >>> _javascript_number(2.0), _javascript_number(float("-inf"))
    ('2', '-Infinity')
    """
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN" if value != value else short_number(value))


def _python_name(name: str) -> str:
    """Return a name that is no keyword; names that differ stay different."""
    return name + "_" if keyword.iskeyword(name.rstrip("_")) else name


def _spaced(tight: Collection[str], leave_out: Collection[str] = ()) -> dict[str, tuple[str, int]]:
    """Return the operators of the formula language; those in `tight` get no spaces around them."""
    return {
        gate: (sign if sign in tight else f" {sign} ", level)
        for sign, (gate, level) in INFIX.items()
        if gate not in leave_out
    }


FORMULA = Dialect(number=short_number, name=str, infix=_spaced(tight=("*", "/", "**")))
"""The language of circuit files itself."""

PYTHON = Dialect(number=repr, name=_python_name, infix=_spaced(tight=(), leave_out=("div", "pow")), truth=" != 0.0")
"""Python whose names are those of an arithmetic: `/` and `**` are calls, for Python's raise. A number is no condition:
one that carries a derivative may be true though its value is 0."""

DEEPEST_EXPRESSION = 50
"""Python's parser and compiler recurse into expressions: they refuse those of some hundred levels, or crash."""


def python_statements(steps: Sequence[Step], temporary_prefix: str) -> tuple[list[str], str]:
    """Return a formula as Python: the lines that compute its deepest parts, and the expression of the result.

    A part that reaches `DEEPEST_EXPRESSION` levels becomes a temporary variable. Both branches of a conditional are
    computed where they hold one, which is harmless as gates never raise.

    Args:
        steps: the formula, in postfix order.
        temporary_prefix: how the names of temporaries begin; a number follows.

    >>> python_statements([Name("x", 0), Name("y", 0), Call("add", 2, 0)], "t")
    ([], 'x + y')
    >>> python_statements([Name("x", 0), *[Name("x", 0), Call("add", 2, 0)] * 60], "t")[1]
    't0 + x + x + x + x + x + x + x + x + x + x'
    """
    if len(steps) < DEEPEST_EXPRESSION:
        return [], PYTHON.write(steps)
    lines: list[str] = []
    rest: list[Step] = []
    stack: list[tuple[int, int]] = []
    for step in steps:
        start, depth = len(rest), 0  # where the steps of a result begin in the rest, and how deep they are nested
        if isinstance(step, Call) and step.arity:
            operands = stack[-step.arity :]
            del stack[-step.arity :]
            start, depth = operands[0][0], 1 + max(depth for _, depth in operands)
        rest.append(step)
        if depth >= DEEPEST_EXPRESSION:
            name = f"{temporary_prefix}{len(lines)}"
            lines.append(f"{name} = {PYTHON.write(rest[start:])}")
            rest[start:] = [Name(name, 0)]
            depth = 0
        stack.append((start, depth))
    return lines, PYTHON.write(rest)


JAVASCRIPT = Dialect(
    number=_javascript_number,
    name=str,
    infix=_spaced(tight=(), leave_out=("pow",)),
    truth=" != 0",
    ternary=True,
    # Two minus signs in a row would be a decrement.
    templates={"neg": ("-#1", UNARY, ATOM)},
)
"""JavaScript, for operands whose names are its names. Its `**` is not C's pow, so a power is called."""

GREEK = frozenset([
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega",
])  # fmt: skip
"""The names that LaTeX has a letter for."""


def latex_number(text: str) -> str:
    r"""Return a number as LaTeX.

    >>> print(latex_number("-2.5"), latex_number("1e-07"), latex_number("-inf"))
    -2.5 10^{-7} -\infty
    """
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    if digits in ("inf", "nan"):
        return sign + {"inf": r"\infty", "nan": r"\text{NaN}"}[digits]
    mantissa, _, exponent = digits.partition("e")
    if not exponent:
        return text
    power = f"10^{{{int(exponent)}}}"
    return sign + (power if mantissa == "1" else rf"{mantissa} \times {power}")


def latex_name(name: str) -> str:
    r"""Return a wire's name as LaTeX: what follows an underscore, and a member's subscripts, are subscripts there.

    Nothing in it is taken for Markdown: there is no backslash before a punctuation mark.

    >>> print(latex_name("a"), latex_name("sigma_max"), latex_name("h[3].2"), latex_name("w[0,1]"))
    a \sigma_{\mathit{max}} h_{3}.2 w_{0,1}
    """
    return ".".join(_latex_part(part) for part in name.split("."))


def _latex_part(part: str) -> str:
    word, _, member = part.removesuffix("]").partition("[")
    first, *rest = [_latex_word(one) for one in word.split("_") if one] or [r"\sqcup"]
    below = [*rest, *([member] if member else [])]
    return f"{first}_{{{','.join(below)}}}" if below else first


def _latex_word(word: str) -> str:
    if word in GREEK:
        return f"\\{word}"
    if word.isdecimal() or (len(word) == 1 and (word.isascii() or "\u0391" <= word <= "\u03c9")):  # Alpha to omega
        return word
    return rf"\mathit{{{word}}}" if word.isascii() else rf"\text{{{word}}}"


def _latex_function(gate: str) -> str:
    if gate in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "max", "min"):
        return f"\\{gate}"
    return rf"\operatorname{{{gate}}}".replace("_", "-")


def _latex_sign(sign: str) -> str:
    known = {"*": r"\cdot", "<": r"\lt", "<=": r"\le", ">": r"\gt", ">=": r"\ge", "==": "=", "!=": r"\ne"}
    return f" {known.get(sign, sign)} "


LATEX = Dialect(
    number=lambda value: latex_number(short_number(value)),
    name=lambda name: latex_number(name) if name in ("inf", "nan") else latex_name(name),
    infix={gate: (_latex_sign(sign), level) for sign, (gate, level) in INFIX.items()},
    templates={
        "div": (r"\frac{#1}{#2}", ATOM, CONDITIONAL),
        "reciprocal": (r"\frac{1}{#1}", ATOM, CONDITIONAL),
        "pow": ("{#1}^{#2}", POWER, ATOM),
        "square": ("{#1}^{2}", POWER, ATOM),
        "exp": ("e^{#1}", POWER, CONDITIONAL),
        "sqrt": (r"\sqrt{#1}", ATOM, CONDITIONAL),
        "cbrt": (r"\sqrt[3]{#1}", ATOM, CONDITIONAL),
        "abs": (r"\left\lvert #1 \right\rvert", ATOM, CONDITIONAL),
        "floor": (r"\left\lfloor #1 \right\rfloor", ATOM, CONDITIONAL),
        "where": (r"\begin{cases} #2 & \text{if } #1 \cr #3 & \text{otherwise} \end{cases}", ATOM, CONDITIONAL),
    },
    function=_latex_function,
)
"""Mathematics, as LaTeX itself, MathJax (GitHub) and KaTeX set it; nothing in it is taken for Markdown."""


def _mathml_number(value: float) -> str:
    """Return a number in MathML.

    >>> _mathml_number(-2.5), _mathml_number(1e-7)
    ('<mo>−</mo><mn>2.5</mn>', '<msup><mn>10</mn><mn>−7</mn></msup>')
    """
    mantissa, _, exponent = short_number(abs(value)).partition("e")
    named = {"inf": "∞", "nan": "NaN"}
    digits = f"<mn>{named.get(mantissa, mantissa)}</mn>"
    if exponent:
        power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>".replace("-", "−")
        digits = power if mantissa == "1" else f"{digits}<mo>·</mo>{power}"
    return f"<mo>−</mo>{digits}" if math.copysign(1.0, value) < 0 else digits


def _mathml_name(name: str) -> str:
    letters = {"pi": "π", "tau": "τ", "inf": "∞", "nan": "NaN"}
    return f"<mi>{letters.get(name, name)}</mi>"


def _mathml_sign(sign: str) -> str:
    known = {"*": "·", "-": "−", "<": "&lt;", "<=": "≤", ">": "&gt;", ">=": "≥", "==": "=", "!=": "≠"}
    return f"<mo>{known.get(sign, sign)}</mo>"


MATHML = Dialect(
    number=_mathml_number,
    name=_mathml_name,
    infix={gate: (_mathml_sign(sign), level) for sign, (gate, level) in INFIX.items()},
    templates={
        "neg": ("<mo>−</mo>#1", UNARY, PRODUCT),
        "div": ("<mfrac><mrow>#1</mrow><mrow>#2</mrow></mfrac>", POWER, CONDITIONAL),
        "reciprocal": ("<mfrac><mn>1</mn><mrow>#1</mrow></mfrac>", POWER, CONDITIONAL),
        "pow": ("<msup><mrow>#1</mrow><mrow>#2</mrow></msup>", POWER, ATOM),
        "square": ("<msup><mrow>#1</mrow><mn>2</mn></msup>", POWER, ATOM),
        "exp": ("<msup><mi>e</mi><mrow>#1</mrow></msup>", POWER, CONDITIONAL),
        "sqrt": ("<msqrt>#1</msqrt>", ATOM, CONDITIONAL),
        "cbrt": ("<mroot><mrow>#1</mrow><mn>3</mn></mroot>", ATOM, CONDITIONAL),
        "abs": ("<mrow><mo>|</mo>#1<mo>|</mo></mrow>", ATOM, CONDITIONAL),
        "floor": ("<mrow><mo>⌊</mo>#1<mo>⌋</mo></mrow>", ATOM, CONDITIONAL),
        "where": ("#2<mtext>\u00a0if\u00a0</mtext>#1<mtext>\u00a0else\u00a0</mtext>#3", CONDITIONAL, COMPARISON),
    },
    function=lambda gate: f"<mi>{gate}</mi><mo>&#x2061;</mo>",
    parentheses=("<mrow><mo>(</mo>", "<mo>)</mo></mrow>"),
    comma="<mo>,</mo>",
)
"""Mathematics in presentation MathML, as browsers show it; without the element around it."""

"""What each language spells differently: one printer of formulas, and one small table per language."""

from __future__ import annotations

import keyword
import math
import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.formulas.steps import (
    AND,
    ATOM,
    COMPARISON,
    FOLDS,
    INFIX,
    NOT,
    OR,
    POWER,
    SUM,
    UNARY,
    Call,
    FamilyCall,
    Member,
    Name,
    Number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from circuitgrad.formulas.steps import Step

CONDITIONAL = 0

DEEPEST_TEXT = 40
"""How many calls and operators are written inside one another before a temporary variable is used: Python's own limits
are 100 levels of its parser's, and 200 parentheses."""

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
        words: how `and`, `or` and `not` are written; nothing where they are written as the choices that they are.
        ternary: whether a conditional is written `test ? body : orelse`.
        templates: per gate that is neither an operator nor a call there, its text, in which `#1` is the first operand,
            with the level of the whole and the loosest level that the first operand has without parentheses.
        functions: per primitive that is called, its name there.
        function: writes the name of any other gate that is called.
        parentheses: the opening and the closing one.
        comma: what stands between the operands of a call.
    """

    number: Callable[[float], str]
    name: Callable[[str], str]
    infix: Mapping[str, tuple[str, int]]
    truth: str = ""
    words: tuple[str, str, str] | None = None
    ternary: bool = False
    templates: Mapping[str, tuple[str, int, int]] = {}
    functions: Mapping[str, str] = {}
    function: Callable[[str], str] = str
    parentheses: tuple[str, str] = ("(", ")")
    comma: str = ", "

    def write(self, steps: Iterable[Step], assign: Callable[[str], str] | None = None) -> str:
        """Return the formula of `steps`, in postfix order, in this language, with no parenthesis that it does not need.

        Args:
            steps: the formula.
            assign: assigns the text of an inner formula to a temporary variable and returns its name: compilers refuse
                formulas that are nested too deeply. Without it a formula is written in one piece.

        >>> from circuitgrad.formulas.reader import read_formula
        >>> FORMULA.write(read_formula("(a*x + (b*y)) / (2 - -c)"))
        '(a*x + b*y)/(2 - -c)'
        >>> PYTHON.write(read_formula("x**2 if x > 0 else 1/x"))
        'pow(x, 2.0) if x > 0.0 else div(1.0, x)'
        """
        stack: list[_Written] = []
        depths: list[int] = []
        for step in steps:
            if isinstance(step, Call):
                first = len(stack) - step.arity
                written, depth = self._call(step, stack[first:]), 1 + max(depths[first:], default=0)
                if assign is not None and depth > DEEPEST_TEXT:
                    written, depth = ([assign(self._finished(written))], ATOM), 0
                stack[first:], depths[first:] = [written], [depth]
                continue
            depths.append(0)
            if isinstance(step, Number):
                stack.append(self._literal(step.value))
            elif isinstance(step, Name):
                stack.append(([self.name(step.name)], ATOM))
            elif isinstance(step, Member):
                subscripts = ", ".join(map(self.write, step.subscripts))
                stack.append(([f"{self.name(step.name)}[{subscripts}]"], ATOM))
            elif isinstance(step, FamilyCall):
                raise TypeError("a call that takes families is written nowhere")
            else:
                clauses = [
                    f" for {clause.name} in range({', '.join(map(self.write, clause.bounds))})"
                    for clause in step.clauses
                ]
                stack.append(([_FOLDS.get(step.gate, step.gate), "(", self.write(step.body), *clauses, ")"], ATOM))
        (written,) = stack
        return self._finished(written)

    @property
    def gates(self) -> frozenset[str]:
        """The gates that the language has a spelling of its own for."""
        return frozenset({*self.infix, *self.templates, *self.functions})

    def _finished(self, written: _Written) -> str:
        return _joined(self._as_number(written)[0])

    def _as_number(self, written: _Written) -> _Written:
        """Return what is a number: where a number is no condition, a condition is no number, either."""
        text, level = written
        return (["(", text, ") + 0.0"], SUM) if self.truth and level == COMPARISON else written

    def _literal(self, value: float) -> _Written:
        return [self.number(value)], UNARY if math.copysign(1.0, value) < 0 else ATOM

    def _call(self, step: Call, written: list[_Written]) -> _Written:
        chooses = step.gate == "where" and step.arity == 3
        if self.words is not None and chooses and (condition := self._in_words(self.words, *written)) is not None:
            return condition
        first = int(chooses)  # the test of a choice is no number
        written = [*written[:first], *map(self._as_number, written[first:])]
        if step.gate in self.templates:
            template, level, lowest = self.templates[step.gate]
            parts = _PLACE.split(template)
            parts[1::2] = [
                self._enclose(written[0], lowest) if i == "1" else written[int(i) - 1][0] for i in parts[1::2]
            ]
            return parts, level
        if chooses:
            test, body, orelse = written
            asked = "" if test[1] == COMPARISON else self.truth
            question: _Text = [self._enclose(test, SUM if asked else OR), asked]
            chosen, other = self._enclose(body, OR), self._enclose(orelse, CONDITIONAL)
            if self.ternary:
                return [question, " ? ", chosen, " : ", other], CONDITIONAL
            return [chosen, " if ", question, " else ", other], CONDITIONAL
        if step.gate == "neg" and step.arity == 1:
            return ["-", self._enclose(written[0], UNARY)], UNARY
        if step.gate in self.infix and step.arity == 2:
            sign, level = self.infix[step.gate]
            # All operators group from the left, but a power from the right, and a comparison not at all.
            left, right = {POWER: (ATOM, UNARY), COMPARISON: (level + 1, level + 1)}.get(level, (level, level + 1))
            return [self._enclose(written[0], left), sign, self._enclose(written[1], right)], level
        opening, closing = self.parentheses
        call: _Text = [self.functions.get(step.gate) or self.function(step.gate), opening]
        for index, (text, _) in enumerate(written):
            call += [self.comma, text] if index else [text]
        return [*call, closing], ATOM

    def _in_words(
        self, words: tuple[str, str, str], test: _Written, body: _Written, orelse: _Written
    ) -> _Written | None:
        """Return a choice that is what the reader makes of `and`, `or` or `not`; None for another one."""
        both, either, opposite = words
        zero, one = [self.number(0.0)], [self.number(1.0)]
        if orelse[0] == zero and OR <= body[1] <= COMPARISON:
            return [self._enclose(test, AND), both, self._enclose(body, NOT)], AND
        if body[0] == one and OR <= orelse[1] <= COMPARISON:
            return [self._enclose(test, OR), either, self._enclose(orelse, AND)], OR
        if body[0] == zero and orelse[0] == one:
            return [opposite, self._enclose(test, NOT)], NOT
        return None

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


FORMULA = Dialect(number=short_number, name=str, infix=_spaced(tight=("*", "/", "**")), words=(" and ", " or ", "not "))
"""The language of circuit files itself."""

PYTHON = Dialect(number=repr, name=_python_name, infix=_spaced(tight=(), leave_out=("div", "pow")), truth=" != 0.0")
"""Python whose names are those of an arithmetic: `/` and `**` are calls, for Python's raise. A number is no condition:
one that carries a derivative may be true though its value is 0."""

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

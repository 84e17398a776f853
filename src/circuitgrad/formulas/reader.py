"""Formulas: the one reader of the small expression language, used for circuit files and for the gate table alike.

A formula is kept in postfix order, operands before the gate that takes them: exactly the order in which a circuit
computes it. Reading, expanding and printing are therefore loops, and a sum of 100,000 terms needs no recursion.
Only nesting (parentheses, calls, powers, conditionals, loops) recurses, up to `DEEPEST_NESTING`.

The grammar is a subset of Python's, with Python's precedence::

    formula     = either ["if" either "else" formula]
    either      = both {"or" both}
    both        = condition {"and" condition}
    condition   = "not" condition | sum {("<" | "<=" | ">" | ">=" | "==" | "!=") sum}
    sum         = term {("+" | "-") term}
    term        = factor {("*" | "/") factor}
    factor      = ("-" | "+") factor | power
    power       = atom ["**" factor]
    atom        = NUMBER | NAME | NAME "[" formula {"," formula} "]" | call | "(" formula ")"
    call        = NAME "(" formula {"," formula} ")" | NAME "(" formula clause {clause} ")"
    clause      = "for" NAME "in" "range" "(" formula ["," formula ["," formula]] ")"

An operand of a definition that takes a family is `NAME` or `NAME "[" span {"," span} "]"`, where a span is a formula or
`[formula] ":" [formula]`.

Conditions become choices, which every engine knows: `a and b` is `(b != 0) if a else 0`, `a or b` is
`1 if a else (b != 0)` and `not a` is `0 if a else 1`, where `!= 0` is left out behind what is a condition already. A
chain `a < b < c` is `a < b and b < c`.

It is read by precedence climbing (Pratt, "Top down operator precedence", 1973; Norvell's form) rather than by
Python's own parser, whose limits and messages differ from version to version: 3.11 and 3.12 refuse a sum of 3,000
terms, 3.10 crashes at 300,000.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, Source, quote
from circuitgrad.formulas.names import is_name, normalise
from circuitgrad.formulas.numerals import read_number
from circuitgrad.formulas.steps import (
    COMPARISON,
    COMPARISONS,
    FOLDS,
    INFIX,
    POWER,
    RESERVED,
    SUM,
    UNARY,
    Call,
    Clause,
    FamilyCall,
    Loop,
    Member,
    Name,
    Number,
    Slice,
    Span,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEEPEST_NESTING = 100

LONGEST_FORMULA = 1_000_000

# Python's \w leaves out combining marks, without which names in many scripts cannot be written: take every character
# beyond ASCII first, and cut the name off afterwards where it ends. The class is written by what it lacks in ASCII:
# re takes long to compile long ranges.
_WORD = r"[^\x00-/:-@\[-^`{-\x7f]"

_NAME = rf"(?![0-9]){_WORD}+(?:\.{_WORD}+)*"

NAME_IN_ASCII = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*"

NUMBER = r"(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"

_SIGN = r"\*\*|[<>=!]=|[-+*/<>(),[\]]"

_TOKEN = re.compile(rf"\s*(?:(?P<number>{NUMBER})|(?P<name>{_NAME})|(?P<sign>{_SIGN})|(?P<bad>\S))")

_AFTER_FAMILY = re.compile(r"\s*([,)\[]|$)")
"""What stands behind the name of a family that is an operand; behind other names stands an operator."""

_SLICE = re.compile(r"\[\s*([0-9]{1,9})\s*:\s*([0-9]{1,9})\s*\]")

MOST_CLAUSES = 10

LONGEST_SUBSCRIPT = 100
"""How many numbers, indices and gates a subscript or a bound of a range may have: a loop computes it every turn."""

_CONDITIONAL = "a conditional is written: x if condition else y"

_LOOP = "a loop is written: sum(x[i] for i in range(3))"

MOST_REPEATED = LONGEST_FORMULA
"""How many steps chains of comparisons may repeat: nested in one another they repeat what is inside them ever again."""

_INSTEAD = {
    "^": "a power is written **",
    "%": "a remainder is written mod(x, y)",
    "=": "a comparison is written ==",
    "&": "for both of two conditions write: a and b",
    "|": "an absolute value is written abs(x), and either of two conditions: a or b",
    "!": "not equal is written !=, and the opposite of a condition: not a",
    "?": _CONDITIONAL,
    "[": "a list of operands belongs to the explicit form, {gate: [a, b]}",
    "for": "a loop belongs into sum, prod, min or max: sum(x[i] for i in range(3))",
    "{": "the explicit form, {gate: [a, b]}, is not part of a formula",
    "·": "a product is written *",
    "⋅": "a product is written *",
    "×": "a product is written *",
    "÷": "a quotient is written /",
    "−": "this is the Unicode minus sign; use the hyphen of the keyboard, -",
    "–": "this is a dash; use the hyphen of the keyboard, -",
    "≤": "written <=",
    "≥": "written >=",
    "≠": "written !=",
    "∞": "written inf",
    "√": "a square root is written sqrt(x)",
    "²": "a square is written x**2",
    "³": "a cube is written x**3",
    "/": "a quotient rounded down is written floor(x/y)",
    ":": "a formula has no colons",
    ".": "infinity is written inf, and what is no number nan",
    "not": "within a sum, a product or a comparison it needs parentheses: (not a)",
}


class ExpressionError(CircuitError):
    """A text that is no formula. Beside the problem it keeps its offset in the text, for a reader to relocate."""

    def __init__(self, text: str, message: str, at: int, width: int = 1, hint: str | None = None) -> None:
        single = CircuitError.of(message, Source("<expression>", text).place(at, width), hint)
        super().__init__(single.problems)
        self.message, self.at, self.width, self.hint = message, at, width, hint


NO_FAMILIES: Mapping[str, Sequence[bool]] = MappingProxyType({})


def read_formula(text: str, families: Mapping[str, Sequence[bool]] = NO_FAMILIES) -> tuple[Step, ...]:
    """Return the steps of a formula, in postfix order.

    Args:
        text: the formula.
        families: per definition that takes families, whether it does so in the place of each operand.

    Raises:
        ExpressionError: the text is no formula.

    >>> [tuple(step)[0] for step in read_formula("a*x + 1")]
    ['a', 'x', 'mul', 1.0, 'add']
    >>> (call,) = read_formula("dot(a, w[3, 0:4])", {"dot": (True, True)})
    >>> [(operand.name, len(operand.subscripts)) for operand in call.operands]
    [('a', 0), ('w', 2)]
    """
    return tuple(_Reader(text, families).read())


def read_slice(text: str, families: Mapping[str, Sequence[bool]] = NO_FAMILIES) -> Slice | tuple[Step, ...]:
    """Return a family that is an operand, or the steps of the formula that stands in its place.

    Args:
        text: the operand.
        families: as `read_formula` takes them.

    Raises:
        ExpressionError: the text is neither.

    >>> read_slice("w[3, 0:4]").name, read_slice("w + 1")[0].name
    ('w', 'w')
    """
    reader = _Reader(text, families)
    if (operand := reader.family()) is None:
        return tuple(reader.read())
    reader.end()
    return operand


class _Reader:
    """Precedence climbing over the tokens; results go straight to `steps` in postfix order."""

    def __init__(self, text: str, families: Mapping[str, Sequence[bool]]) -> None:
        if len(text) > LONGEST_FORMULA:
            raise ExpressionError(text[:80], f"a formula of over {LONGEST_FORMULA:,} characters", 0)
        self.text = text
        self.families = families
        self.next = 0
        self.steps: list[Step] = []
        self.depth = 0
        self.repeated = 0
        self.advance()

    def read(self) -> list[Step]:
        if self.kind == "end":
            raise ExpressionError(self.text, "an empty formula", 0)
        self.formula()
        self.end()
        return self.steps

    def end(self) -> None:
        if self.kind != "end":
            raise self.unexpected("an operator")

    def advance(self) -> None:
        """Take the next token: its kind, its text and its offset."""
        match = _TOKEN.match(self.text, self.next)
        if match is None:
            self.kind, self.word, self.at = "end", "", len(self.text.rstrip())
            return
        self.kind = str(match.lastgroup)
        self.word = match[self.kind]
        self.at = match.start(self.kind)
        self.next = match.end()
        if self.kind == "name" and not self.word.isascii():
            name = _beginning(self.word)
            self.kind, self.word = ("name", name) if name else ("bad", self.word[0])
            self.next = self.at + len(self.word)

    # What reads a part of a formula tells whether the part is a condition: 1 or 0 as it is.

    def formula(self) -> bool:
        """Read a whole formula: a condition or a sum, and the conditional that may follow it."""
        start = len(self.steps)
        truth = self.either()
        if self.word == "if" and self.kind == "name":
            at, middle = self.at, len(self.steps)
            self.advance()
            self.either()
            # The condition is computed first, as the first operand of `where`.
            self.steps[start:] = self.steps[middle:] + self.steps[start:middle]
            if self.word != "else":
                raise self.unexpected("'else'", _CONDITIONAL)
            self.advance()
            self.enter()
            self.formula()
            self.depth -= 1
            self.steps.append(Call("where", 3, at))
            return False
        return truth

    def either(self) -> bool:
        """Read what `or` joins."""
        truth = self.both()
        while self.word == "or" and self.kind == "name":
            at = self.at
            self.advance()
            self.steps.append(self.unwritten(1.0))
            self.as_condition(self.both(), at)
            self.steps.append(Call("where", 3, at))
            truth = True
        return truth

    def both(self) -> bool:
        """Read what `and` joins."""
        truth = self.condition()
        while self.word == "and" and self.kind == "name":
            at = self.at
            self.advance()
            self.as_condition(self.condition(), at)
            self.steps += self.unwritten(0.0), Call("where", 3, at)
            truth = True
        return truth

    def condition(self) -> bool:
        """Read a sum, a comparison, a chain of comparisons, or one of these with `not` before it."""
        at = self.at
        if self.word == "not" and self.kind == "name":
            self.advance()
            self.enter()
            self.condition()
            self.depth -= 1
            self.steps += self.unwritten(0.0), self.unwritten(1.0), Call("where", 3, at)
            return True
        truth = self.climb(SUM)
        compared: slice | None = None
        while (infix := INFIX.get(self.word)) is not None and infix[1] == COMPARISON:
            at, width = self.at, len(self.word)
            if compared is not None:
                self.repeat(compared, at, width)
            self.advance()
            first = len(self.steps)
            self.climb(SUM)
            last = slice(first, len(self.steps))
            self.steps.append(Call(infix[0], 2, at))
            if compared is not None:
                self.steps += self.unwritten(0.0), Call("where", 3, at)
            compared, truth = last, True
        return truth

    def repeat(self, operand: slice, at: int, width: int) -> None:
        """Repeat the operand that both a comparison and the next one of a chain have; it becomes one wire again."""
        steps = self.steps[operand]
        self.repeated += len(steps)
        if self.repeated > MOST_REPEATED:
            message = f"chains of comparisons that repeat more than {MOST_REPEATED:,} parts"
            raise ExpressionError(self.text, message, at, width, "give the inner part a gate of its own")
        self.steps += steps

    def as_condition(self, truth: bool, at: int) -> None:
        """Compare what was read last with 0, unless it is a condition already."""
        if not truth:
            self.steps += self.unwritten(0.0), Call("ne", 2, at)

    def unwritten(self, value: float) -> Number:
        """Return a number that is not in the text; it is said to stand at its end."""
        return Number(value, len(self.text))

    def climb(self, lowest: int) -> bool:
        """Read operands joined by operators that bind at least as tightly as `lowest`."""
        truth = self.operand()
        while (infix := INFIX.get(self.word)) is not None and infix[1] >= lowest:
            gate, level = infix
            at, truth = self.at, False
            self.advance()
            if level == POWER:
                self.enter()
                self.climb(UNARY)
                self.depth -= 1
            else:
                self.climb(level + 1)
            self.steps.append(Call(gate, 2, at))
        return truth

    def operand(self) -> bool:
        """Read a number, a name, a call, a formula in parentheses, or one of these with a sign before it."""
        word, at = self.word, self.at
        if self.kind == "number":
            self.steps.append(Number(self.number(), at))
            self.advance()
        elif self.kind == "name" and word not in RESERVED:
            self.advance()
            if self.word == "(":
                self.advance()
                return self.call(normalise(word), at)
            if self.word == "[":
                self.member(normalise(word), at)
            else:
                self.steps.append(Name(normalise(word), at))
        elif word == "(":
            self.advance()
            self.enter()
            truth = self.formula()
            self.close()
            return truth
        elif word in ("-", "+"):
            self.advance()
            self.enter()
            start = len(self.steps)
            self.climb(UNARY)
            self.depth -= 1
            if word == "-":
                self.negate(start, at)
        else:
            raise self.unexpected("a number, a name or '('")
        return False

    def negate(self, start: int, at: int) -> None:
        """Negate what was read since `start`: a literal becomes a negative literal, anything else gets a gate."""
        first = self.steps[start]
        if len(self.steps) == start + 1 and isinstance(first, Number):
            self.steps[start] = Number(-first.value, at)
        else:
            self.steps.append(Call("neg", 1, at))

    def call(self, name: str, at: int) -> bool:
        """Read the operands of a call, up to its closing parenthesis; or what a loop computes, and its clauses."""
        if name in self.families:
            self.family_call(name, at)
            return False
        self.enter()
        name = FOLDS.get(name, name)
        start, arity = len(self.steps), 0
        while self.word != ")" or arity:
            self.formula()
            arity += 1
            if self.word != ",":
                break
            self.advance()
        clauses = self.clauses() if arity == 1 else ()
        self.close()
        if clauses:
            self.steps[start:] = [Loop(name, tuple(self.steps[start:]), clauses, at)]
        elif name == "neg" and arity == 1:
            self.negate(start, at)
        else:
            self.steps.append(Call(name, arity, at))
        return name in COMPARISONS and arity == 2 and not clauses

    def family_call(self, name: str, at: int) -> None:
        """Read the operands of a definition that takes families, up to the closing parenthesis."""
        self.enter()
        families, steps, operands = self.families[name], self.steps, list[Slice | tuple[Step, ...]]()
        while self.word != ")" or operands:
            family = self.family() if len(operands) < len(families) and families[len(operands)] else None
            if family is None:
                self.steps = []
                self.formula()
            operands.append(tuple(self.steps) if family is None else family)
            if self.word != ",":
                break
            self.advance()
        self.steps = steps
        self.close()
        self.steps.append(FamilyCall(name, tuple(operands), at))

    def family(self) -> Slice | None:
        """Read a family or a slice of it; return None, and read nothing, where neither stands here."""
        name, at = self.word, self.at
        behind = _AFTER_FAMILY.match(self.text, self.next)
        if self.kind != "name" or name in RESERVED or behind is None:
            return None
        opened = behind[1] == "["
        # Subscripts have no brackets in them. Without a colon they are those of one member, which begins a formula.
        if opened and ":" not in self.text[behind.end() : self.text.find("]", behind.end())]:
            return None
        self.advance()
        spans: list[tuple[Step, ...] | Span] = []
        end = at + len(name)
        if opened:
            self.advance()
            self.enter()
            spans = self.spans()
            end = self.at + 1
            self.expect("]", "a slice has two ends and no step" if self.word == ":" else None)
            self.depth -= 1
            if self.word not in (",", ")", ""):
                raise self.unexpected("')'", "a family that is an operand stands alone")
        return Slice(normalise(name), tuple(spans), at, end - at)

    def spans(self) -> list[tuple[Step, ...] | Span]:
        """Read the subscripts of a slice, with commas between them."""
        spans: list[tuple[Step, ...] | Span] = []
        while True:
            low = self.bound()
            if self.word == ":":
                self.advance()
                spans.append(Span(low, self.bound()))
            elif low:
                spans.append(low)
            else:
                raise self.unexpected("a number, a name or '('")
            if self.word != ",":
                return spans
            self.advance()

    def bound(self) -> tuple[Step, ...]:
        """Read a subscript or an end of a slice; return nothing where it is left out."""
        return self.separate() if self.word not in (":", ",", "]") else ()

    def clauses(self) -> tuple[Clause, ...]:
        """Read `for i in range(...)`, as often as it stands here."""
        clauses = []
        while self.word == "for" and self.kind == "name":
            self.advance()
            index, at = self.word, self.at
            if self.kind != "name" or index in RESERVED or "." in index:
                raise self.unexpected("the name of an index", _LOOP)
            self.advance()
            self.expect("in", _LOOP)
            self.expect("range", _LOOP)
            self.expect("(", _LOOP)
            self.enter()
            bounds = self.separated()
            self.close()
            if len(bounds) > 3:
                raise ExpressionError(self.text, "range takes 1 to 3 numbers", at, len(index), _LOOP)
            clauses.append(Clause(normalise(index), bounds, at))
            if len(clauses) > MOST_CLAUSES:
                raise ExpressionError(self.text, f"a loop with more than {MOST_CLAUSES} indices", at, len(index))
        return tuple(clauses)

    def member(self, name: str, at: int) -> None:
        """Read the subscripts behind a family's name."""
        opened = self.next - 1
        self.advance()
        self.enter()
        subscripts = self.separated()
        if self.word == ":":
            low, high = ends.groups() if (ends := _SLICE.match(self.text, opened)) else ("0", "9")
            bounds = high if int(low) == 0 else f"{low}, {high}"
            every = f"for all of them: sum({name}[i] for i in range({bounds}))"
            raise self.unexpected("']'", f"an operand is one member: {name}[{low}]; {every}")
        self.expect("]")
        self.depth -= 1
        self.steps.append(Member(name, subscripts, at))

    def separated(self) -> tuple[tuple[Step, ...], ...]:
        """Read formulas with commas between them, apart from the steps so far."""
        formulas = [self.separate()]
        while self.word == ",":
            self.advance()
            formulas.append(self.separate())
        return tuple(formulas)

    def separate(self) -> tuple[Step, ...]:
        """Read a subscript or a bound of a range, apart from the steps so far."""
        steps, at, self.steps = self.steps, self.at, []
        self.formula()
        if len(self.steps) > LONGEST_SUBSCRIPT:
            raise ExpressionError(self.text, f"a subscript or range of more than {LONGEST_SUBSCRIPT} parts", at)
        formula, self.steps = tuple(self.steps), steps
        return formula

    def expect(self, word: str, hint: str | None = None) -> None:
        """Take the next token, which has to be this word."""
        if self.word != word:
            raise self.unexpected(quote(word), hint)
        self.advance()

    def close(self) -> None:
        if self.word != ")":
            raise self.unexpected("')'")
        self.advance()
        self.depth -= 1

    def enter(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise ExpressionError(
                self.text,
                f"nested deeper than {DEEPEST_NESTING} levels",
                self.at,
                max(1, len(self.word)),
                "give the inner part a gate of its own",
            )

    def number(self) -> float:
        try:
            value = read_number(self.word)
        except ValueError as error:
            raise ExpressionError(self.text, str(error), self.at, len(self.word)) from None
        if value is None:
            raise ExpressionError(self.text, f"{quote(self.word)} is not a number", self.at, len(self.word))
        return value

    def unexpected(self, wanted: str, hint: str | None = None) -> ExpressionError:
        """Return the error that says what stands here and what was wanted."""
        present = "the formula ends" if self.kind == "end" else f"found {_shown(self.word)}"
        if hint is None:
            hint = _INSTEAD.get(self.word)
        if hint is None and wanted == "an operator":
            hint = self.misplaced()
        return ExpressionError(self.text, f"expected {wanted}, but {present}", self.at, max(1, len(self.word)), hint)

    def misplaced(self) -> str | None:
        """Return what may be meant by two operands, or a bracket, where an operator belongs."""
        if self.word == ")":
            return "there is a ')' too many, or a '(' is missing"
        if self.kind == "name" and self.text[self.at - 1] == "0" and self.word[0] in "xobXOB":
            return "numbers are decimal"
        return "a product is written with *" if self.kind == "name" or self.word == "(" else None


def _beginning(text: str) -> str:
    """Return the name at the beginning of `text`: all before the first character that no name has in its place."""
    for index, character in enumerate(text):
        if not (is_name(f"_{character}") if index else is_name(character)) and character != ".":
            return text[:index].rstrip(".")
    return text


def _shown(token: str) -> str:
    return quote(token) if token.isprintable() else f"the invisible character U+{ord(token[0]):04X}"

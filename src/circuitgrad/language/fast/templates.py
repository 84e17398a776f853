"""Templates of formulas: the formulas of large circuits often differ in names and numbers alone.

One regular expression takes these formulas apart; the reader of formulas has found out what their tokens mean when it
read the first of them. There is no second grammar here. A template is made from what `read_formula` returns. A text
whose template is not known, or whose names are not all wires, is for `read_formula`.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from itertools import accumulate
from math import copysign
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from circuitgrad.formulas.numerals import read_number
from circuitgrad.formulas.reader import NAME_IN_ASCII, NUMBER
from circuitgrad.formulas.steps import RESERVED, FamilyCall, Loop, Member, folded
from circuitgrad.gates.table import NAMES
from circuitgrad.language.wires import UNKNOWN_SLOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.formulas.steps import Call, Name, Number, Step
    from circuitgrad.gates.rule import Rule

LONGEST_TEMPLATE = 200
"""How many characters a formula has that is worth a template."""
MOST_TEMPLATES = 1000
FEWEST_FORMULAS = 16
"""How many formulas are read before the first gets a template: smaller files would gain less than that takes."""

# A name before a bracket is a gate's or a family's, and stays in the template, as do reserved words and operators.
# Neither a name nor a number begins or ends within a word.
_WORD = rf"(?a)(?<![\w.])({NUMBER}|(?!(?:{'|'.join(sorted(RESERVED))})(?![\w.])){NAME_IN_ASCII})(?![\w.(\[]|\s+[(\[])"


class Leaf(NamedTuple):
    """An operand in the text: the number of its part, and the sign of a number; names have the sign 0."""

    part: int
    sign: float


class Operation(NamedTuple):
    """A gate: its rule, what picks its operands from leaves and results so far, and where its operator stands."""

    rule: Rule
    pick: Callable[[list[int]], tuple[int, ...]]
    part: int
    offset: int


class Template(NamedTuple):
    """What formulas compute that differ in names and numbers alone: gates, in order, of wires and numbers.

    Attributes:
        leaves: what stands in the text.
        operations: the gates.
    """

    leaves: tuple[Leaf, ...]
    operations: tuple[Operation, ...]


Instance: TypeAlias = "tuple[tuple[Operation, ...], list[int], list[int]]"
"""A formula that has a template: its gates, the numbers of its leaves, and where the parts of its text start."""


class Templates:
    """The templates of the formulas that have been read.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> templates = Templates()
    >>> for _ in range(FEWEST_FORMULAS):
    ...     templates.learn("-2*a + b", read_formula("-2*a + b"))
    >>> operations, operands, starts = templates.find("-1.5*v1 + v1", {"v1": 7}, lambda value: round(10*value))
    >>> operands, [(rule.name, starts[part] + offset) for rule, _, part, offset in operations]
    ([-15, 7, 7], [('mul', 4), ('add', 8)])
    """

    def __init__(self) -> None:
        self._templates: dict[tuple[str, ...], list[Template]] = {}
        self._count = 0
        self._formulas = 0

    def find(self, text: str, wires: Mapping[str, int], constant: Callable[[float], int]) -> Instance | None:
        """Return what a formula computes; None if its template is not known, or a name is no wire's.

        Args:
            text: the formula.
            wires: the numbers of the wires that it may use.
            constant: returns the number of a constant.

        Returns:
            the gates; the numbers of the leaves, to which the caller adds those of the gates' outputs in turn; and
            where the parts of the text start.
        """
        if len(text) > LONGEST_TEMPLATE or not self._templates:
            return None
        parts = self._split(text)
        for leaves, operations in self._templates.get(tuple(parts[::2]), ()):
            numbers = []
            for part, sign in leaves:
                if not sign:
                    number = wires.get(parts[part], UNKNOWN_SLOT)
                    if number < 0:
                        break
                elif (value := _value(parts[part])) is not None:
                    number = constant(sign * value)
                else:
                    break
                numbers.append(number)
            else:
                return operations, numbers, list(accumulate(map(len, parts), initial=0))
        return None

    @cached_property
    def _split(self) -> Callable[[str], list[str | Any]]:
        """Takes a text apart: the words stand at odd indices, the text between them at even ones."""
        return re.compile(_WORD).split

    def learn(self, text: str, steps: Sequence[Step]) -> None:
        """Remember the template of a formula, if it is made of nothing but names, numbers and gates that fit.

        Args:
            text: the formula.
            steps: its steps, from `read_formula`.
        """
        self._formulas += 1
        if self._formulas < FEWEST_FORMULAS or self._count >= MOST_TEMPLATES:
            return
        if len(text) > LONGEST_TEMPLATE or not text.isascii():
            return
        parts = self._split(text)
        template = _template(parts, steps)
        alike = self._templates.setdefault(tuple(parts[::2]), [])
        # The text between the words, and which of them are numbers, says all.
        if template is not None and all(template.leaves != known.leaves for known in alike):
            self._count += 1
            alike.append(template)


@lru_cache(MOST_TEMPLATES)
def _value(word: str) -> float | None:
    """Return the number that a word is; None for a name, and inf and nan are names here."""
    try:
        return read_number(word) if word[0] <= "9" else None
    except ValueError:
        return None


class _NoTemplateError(Exception):
    """A formula that has no template."""


def _template(parts: list[str], steps: Sequence[Step]) -> Template | None:
    """Return the template of a formula; None if it has none."""
    starts = list(accumulate(map(len, parts), initial=0))
    words = {start: part for part, start in enumerate(starts[:-1]) if part % 2}
    leaves: list[Leaf] = []
    calls: list[tuple[Rule, list[int], int]] = []

    def leaf(part: int, sign: float) -> int:
        leaves.append(Leaf(part, sign))
        return len(leaves) - 1

    def number(step: Number) -> int:
        # A sign may be before it.
        part = next((part for start, part in words.items() if start >= step.at), 0)
        if not part or _value(parts[part]) != abs(step.value):
            raise _NoTemplateError
        return leaf(part, copysign(1.0, step.value))

    def name(step: Name) -> int:
        if step.at not in words:
            raise _NoTemplateError
        return leaf(words[step.at], 0.0)

    def call(step: Call, operands: list[int]) -> int:
        rule = NAMES.get(step.gate)
        # A gate of numbers becomes a number where it stands; constants are kept in the order of the steps.
        if rule is None or rule.arity != step.arity or all(index >= 0 and leaves[index].sign for index in operands):
            raise _NoTemplateError
        calls.append((rule, operands, step.at))
        return -len(calls)  # leaves are counted from 0 up, results from -1 down

    if any(isinstance(step, (Member, Loop, FamilyCall)) for step in steps):
        return None
    try:
        folded(steps, number, name, call)
    except _NoTemplateError:
        return None
    operations = []
    for rule, operands, at in calls:
        between = max(part for part in range(0, len(parts), 2) if starts[part] <= at)
        indices = [index if index >= 0 else len(leaves) - 1 - index for index in operands]
        operations.append(Operation(rule, _picker(indices), between, at - starts[between]))
    return Template(tuple(leaves), tuple(operations))


def _picker(indices: list[int]) -> Callable[[list[int]], tuple[int, ...]]:
    """Return the function that picks the items of some indices.

    >>> _picker([2])("abc"), _picker([2, 0])("abc")
    (('c',), ('c', 'a'))
    """
    if len(indices) > 1:
        return itemgetter(*indices)
    [index] = indices
    return lambda numbers: (numbers[index],)

"""Whole numbers: subscripts, ranges, and how much a loop will make of its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from circuitgrad.errors import quote
from circuitgrad.formulas.steps import Call, FamilyCall, Loop, Member, Name, Slice, folded
from circuitgrad.gates.compiled import value_function
from circuitgrad.gates.table import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from circuitgrad.formulas.steps import Clause, Step
    from circuitgrad.gates.rule import Rule

Indices: TypeAlias = "dict[str, int]"

LARGEST_WHOLE_NUMBER = 2**53
"""Beyond this a double does not hold every whole number."""


class NotWholeError(ValueError):
    """A formula that does not come to a whole number; `step` is the step at fault, when that is known."""

    def __init__(self, message: str, step: Step | None, hint: str | None = None) -> None:
        super().__init__(message)
        self.step, self.hint = step, hint


def whole_number(steps: Sequence[Step], indices: Mapping[str, int]) -> int:
    """Return the whole number that a formula of numbers and indices comes to.

    Raises:
        NotWholeError: it is none, or names a wire.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> whole_number(read_formula("2*i + 1"), {"i": 3})
    7
    """
    if len(steps) == 1 and isinstance(steps[0], Name) and steps[0].name in indices:
        return indices[steps[0].name]

    def index(step: Name) -> float:
        if step.name not in indices:
            message = f"a subscript or range is made of numbers and indices: {quote(step.name)} is neither"
            raise NotWholeError(message, step)
        return float(indices[step.name])

    try:
        value = folded(steps, lambda step: step.value, index, _call)
    except TypeError:
        step = next(step for step in steps if isinstance(step, (Member, Loop, FamilyCall)))
        if isinstance(step, FamilyCall):
            raise NotWholeError(f"{quote(step.gate)} cannot stand in a subscript or range", step) from None
        raise NotWholeError("a loop or a member cannot stand in a subscript or range", step) from None
    if not (abs(value) <= LARGEST_WHOLE_NUMBER and value == int(value)):
        hint = "floor(x) rounds down" if abs(value) <= LARGEST_WHOLE_NUMBER else None
        # A conditional has its test first in the steps, but not in the text.
        first = min(steps, key=lambda step: step.at)
        raise NotWholeError(f"a whole number is wanted here, not {value!r}", first, hint)
    return int(value)


def sizes_hint(sizes: Mapping[str, int]) -> str | None:
    """Return a hint that names the sizes of a definition's operands.

    >>> sizes_hint({"n": 3, "m": 2})
    'the sizes are n, m'
    """
    return f"the size{'s are' if len(sizes) > 1 else ' is'} {', '.join(sizes)}" if sizes else None


def _call(step: Call, operands: list[float]) -> float:
    """Return the value of a call in a subscript; gates that fold take more operands than their rule."""
    rule = NAMES.get(step.gate)
    if rule is None or (rule.arity != step.arity and not rule.folds) or step.arity < rule.arity:
        raise NotWholeError(f"{quote(step.gate)} cannot stand in a subscript or range", step)
    function = value_function(rule)
    value: float = function(*operands[: rule.arity])
    for operand in operands[rule.arity :]:
        value = function(value, operand)
    return value


def span(clause: Clause, indices: Mapping[str, int]) -> range:
    """Return the values that an index runs through.

    Raises:
        NotWholeError: a bound is not a whole number, or the step is 0.
    """
    bounds = [whole_number(steps, indices) for steps in clause.bounds]
    if len(bounds) == 3 and bounds[2] == 0:
        raise NotWholeError("the step of a range cannot be 0", min(clause.bounds[2], key=lambda step: step.at))
    return range(*bounds)


def iterations(clauses: Sequence[Clause], indices: Indices, turn: Callable[[], None]) -> Iterator[None]:
    """Run the indices of a loop through all their values, in place, the last one fastest.

    Args:
        clauses: the loop's clauses.
        indices: the values of the indices around it, and while it runs of its own.
        turn: is called for every value of every index; it may put an end to it by raising.

    Raises:
        NotWholeError: a bound is not a whole number.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> (loop,), indices = read_formula("sum(1 for i in range(3) for j in range(i))"), {}
    >>> [dict(indices) for _ in iterations(loop.clauses, indices, lambda: None)]
    [{'i': 1, 'j': 0}, {'i': 2, 'j': 0}, {'i': 2, 'j': 1}]
    """
    if not clauses:
        yield
        return
    clause, *inner = clauses
    before = indices.get(clause.name)
    for value in span(clause, indices):
        turn()
        indices[clause.name] = value
        yield from iterations(inner, indices, turn)
    if before is not None:
        indices[clause.name] = before
    else:
        indices.pop(clause.name, None)


class Weighed(Protocol):
    """A definition, as far as the weight of its calls goes."""

    weight: int
    rule: Rule | None


def weight(steps: Sequence[Step], indices: Mapping[str, int], definitions: Mapping[str, Weighed]) -> int:
    """Return how many gates a formula makes at least, or how many turns its loops take, without making them.

    A loop whose range depends on an index that is not known yet counts once.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> weight(read_formula("sum(x*i for i in range(10**12))"), {}, {})
    1999999999999
    """
    total = 0
    for step in steps:
        if isinstance(step, Call):
            definition = definitions.get(step.gate)
            total += 1 if definition is None or definition.rule is not None else definition.weight
        elif isinstance(step, Loop):
            count = 1
            for clause in step.clauses:
                try:
                    values = span(clause, indices)
                except NotWholeError:
                    continue
                count *= max(1, -(-(values.stop - values.start) // values.step))
            total += max(0, count * (1 + weight(step.body, indices, definitions)) - 1)
        elif isinstance(step, FamilyCall):
            formulas = (operand for operand in step.operands if not isinstance(operand, Slice))
            total += 1 + sum(weight(formula, indices, definitions) for formula in formulas)
    return total

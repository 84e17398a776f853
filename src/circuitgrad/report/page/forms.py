"""The forms of a formula: where it chooses at its top, each choice alone, with the conditions under which it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.formulas.steps import Call, Number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.formulas.steps import Step

Steps: TypeAlias = "Sequence[Step]"

MOST_FORMS = 16
"""A formula with more counts as one."""


class Condition(NamedTuple):
    """What has to hold, or not to hold, for a form of a formula.

    Attributes:
        test: the formula of the test.
        holds: whether it has to hold.
    """

    test: Steps
    holds: bool


class Form(NamedTuple):
    """A formula without a choice at its top.

    Attributes:
        formula: its steps.
        at: where they begin among the steps of the whole formula.
        conditions: the conditions under which it holds, from the outermost on.
    """

    formula: Steps
    at: int = 0
    conditions: tuple[Condition, ...] = ()


def forms(steps: Steps) -> list[Form]:
    """Return the forms that a formula takes, in the order of its text; one alone where it is no conditional.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> from circuitgrad.formulas.reader import read_formula
    >>> [FORMULA.write(form.formula) for form in forms(read_formula("1 if x > 0 else 0 if x < 0 else nan"))]
    ['1', '0', 'nan']
    """
    starts = _starts(steps)
    found: list[Form] = []
    waiting: list[tuple[int, tuple[Condition, ...]]] = [(len(steps) - 1, ())]
    while waiting:
        last, conditions = waiting.pop()
        step = steps[last]
        if not (isinstance(step, Call) and step.gate == "where" and step.arity == 3):
            found.append(Form(steps[starts[last] : last + 1], starts[last], conditions))
            continue
        orelse = last - 1
        body = starts[orelse] - 1
        test = starts[body] - 1
        asked = steps[starts[test] : test + 1]
        waiting += [
            (orelse, (*conditions, Condition(asked, holds=False))),
            (body, (*conditions, Condition(asked, holds=True))),
        ]
        if len(found) + len(waiting) > MOST_FORMS:
            return [Form(steps)]
    return found


def choice(steps: Steps) -> list[Step]:
    """Return the formula of the number of the form that a formula takes.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> from circuitgrad.formulas.reader import read_formula
    >>> FORMULA.write(choice(read_formula("x*y if x > 0 else 1/y if x < 0 else nan")))
    '0 if x > 0 else 1 if x < 0 else 2'
    """
    written: list[Step] = list(steps)
    places = sorted(((form.at, len(form.formula), number) for number, form in enumerate(forms(steps))), reverse=True)
    for at, length, number in places:
        written[at : at + length] = [Number(number, 0)]
    return written


def _starts(steps: Steps) -> list[int]:
    """Return per step where the first of the steps stands that compute it and its operands."""
    starts: list[int] = []
    stack: list[int] = []
    for index, step in enumerate(steps):
        start = index
        if isinstance(step, Call) and step.arity:
            start = stack[-step.arity]
            del stack[-step.arity :]
        stack.append(start)
        starts.append(start)
    return starts

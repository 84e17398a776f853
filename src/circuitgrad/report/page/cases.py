"""The cases of a piecewise formula: each choice at its top alone, with the conditions under which it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.formulas.steps import Call, Number, folded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.formulas.steps import Step

Steps: TypeAlias = "Sequence[Step]"

MOST_CASES = 16
"""A formula with more cases counts as one case."""


class Condition(NamedTuple):
    """A condition of a case.

    Attributes:
        test: the formula of the test.
        holds: whether it has to hold, or not to hold.
    """

    test: Steps
    holds: bool


class Case(NamedTuple):
    """A formula without a choice at its top.

    Attributes:
        formula: its steps.
        at: where they begin among the steps of the whole formula.
        conditions: the conditions under which it holds, from the outermost on.
    """

    formula: Steps
    at: int = 0
    conditions: tuple[Condition, ...] = ()


def cases_of(steps: Steps) -> list[Case]:
    """Return the cases of a formula, in the order of its text; a single case where it is no conditional.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> from circuitgrad.formulas.reader import read_formula
    >>> [FORMULA.write(case.formula) for case in cases_of(read_formula("1 if x > 0 else 0 if x < 0 else nan"))]
    ['1', '0', 'nan']
    """
    starts = _starts(steps)
    cases: list[Case] = []
    waiting: list[tuple[int, tuple[Condition, ...]]] = [(len(steps) - 1, ())]
    while waiting:
        last, conditions = waiting.pop()
        step = steps[last]
        if not (isinstance(step, Call) and step.gate == "where" and step.arity == 3):
            cases.append(Case(steps[starts[last] : last + 1], starts[last], conditions))
            continue
        orelse = last - 1
        body = starts[orelse] - 1
        test = starts[body] - 1
        test_steps = steps[starts[test] : test + 1]
        waiting += [
            (orelse, (*conditions, Condition(test_steps, holds=False))),
            (body, (*conditions, Condition(test_steps, holds=True))),
        ]
        if len(cases) + len(waiting) > MOST_CASES:
            return [Case(steps)]
    return cases


def case_number(steps: Steps) -> list[Step]:
    """Return the formula of the number of the case that a formula takes.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> from circuitgrad.formulas.reader import read_formula
    >>> FORMULA.write(case_number(read_formula("x*y if x > 0 else 1/y if x < 0 else nan")))
    '0 if x > 0 else 1 if x < 0 else 2'
    """
    numbered: list[Step] = list(steps)
    places = sorted(((case.at, len(case.formula), number) for number, case in enumerate(cases_of(steps))), reverse=True)
    for at, length, number in places:
        numbered[at : at + length] = [Number(number, 0)]
    return numbered


def _starts(steps: Steps) -> list[int]:
    """Return, per step, the index of the first of the steps that compute it."""
    starts: list[int] = []

    def noted(start: int) -> int:
        starts.append(start)
        return start

    folded(
        steps,
        lambda _: noted(len(starts)),
        lambda _: noted(len(starts)),
        lambda _, operands: noted(operands[0] if operands else len(starts)),
    )
    return starts

"""Formulas of the gate table in MathML, with places for the operands.

An operand, and the gate's own value, is an empty `<mi data-place="0">`, which the page fills with a wire's name or its
value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.formulas.mathml import MATHML
from circuitgrad.formulas.steps import Call, Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.report.page.cases import Condition, Steps

LONGEST_WRITTEN = 120
"""A formula of more steps is not written out."""
OPPOSITE = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}


def markup(steps: Steps, places: Mapping[str, str]) -> str:
    """Return a formula in presentation MathML, without the element around it.

    Args:
        steps: the formula.
        places: the marks of the places of operands, by their names; other names are constants.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> markup(read_formula("sqrt(x)"), {"x": "0"})
    '<msqrt><mi data-place="0"></mi></msqrt>'
    """
    if len(steps) > LONGEST_WRITTEN:
        return f"<mtext>a formula of {len(steps):,} steps</mtext>"

    def name(operand: str) -> str:
        place = places.get(operand)
        return MATHML.name(operand) if place is None else f'<mi data-place="{place}"></mi>'

    return MATHML._replace(name=name).write(steps)


def conditions_markup(conditions: Sequence[Condition], places: Mapping[str, str]) -> str:
    """Return the conditions of a case in MathML, or nothing.

    Conditions that have not to hold are left out where others have to. Tests for NaN, `x == x`, are left out.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> from circuitgrad.report.page.cases import Condition
    >>> conditions_markup([Condition(read_formula("x > 0"), holds=False)], {})
    '<mi>x</mi><mo>≤</mo><mn>0</mn>'
    """
    shown = [condition for condition in conditions if not _asks_for_nan(condition.test)]
    holding = [condition for condition in shown if condition.holds]
    texts = [markup(_comparison(condition), places) for condition in holding or shown]
    return "<mo>,</mo>".join(dict.fromkeys(texts))


def _asks_for_nan(test: Steps) -> bool:
    operands, last = [step._replace(at=0) for step in test[:-1]], test[-1]
    middle = len(operands) // 2
    return isinstance(last, Call) and last.gate in OPPOSITE and operands[:middle] == operands[middle:]


def _comparison(condition: Condition) -> Steps:
    """Return a condition as a comparison that holds."""
    *operands, last = condition.test
    if not isinstance(last, Call) or last.gate not in OPPOSITE:
        return [*condition.test, Number(0.0, 0), Call("ne" if condition.holds else "eq", 2, 0)]
    return condition.test if condition.holds else [*operands, last._replace(gate=OPPOSITE[last.gate])]

"""Formulas of the gate table in mathematical notation, as MathML, with places for the operands.

An operand, and the gate's own value, is an empty `<mi data-place="0">`, which the page fills with a wire's name or its
value.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, TypeAlias

from circuitgrad.dialects import FORMULA, short_number
from circuitgrad.expression import ATOM, COMPARISON, POWER, PRODUCT, SUM, UNARY, Call, Name, Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.report.page.forms import Condition, Steps

LONGEST = 120
"""A formula of more steps is named instead of written out."""

CONDITIONAL = 0

_Written: TypeAlias = "tuple[str, int]"

_CONSTANTS = {"pi": "π", "tau": "τ", "e": "e", "inf": "∞", "nan": "NaN"}

_INFIX = {
    "add": ("+", SUM),
    "sub": ("−", SUM),
    "mul": ("·", PRODUCT),
    "lt": ("&lt;", COMPARISON),
    "le": ("≤", COMPARISON),
    "gt": ("&gt;", COMPARISON),
    "ge": ("≥", COMPARISON),
    "eq": ("=", COMPARISON),
    "ne": ("≠", COMPARISON),
}
"""The operators between two operands, with their levels of precedence."""

_OPPOSITE = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}

_ENCLOSED = {"abs": ("|", "|"), "floor": ("⌊", "⌋")}


def markup(steps: Steps, places: Mapping[str, str]) -> str:
    """Return a formula in presentation MathML, without the element around it.

    Args:
        steps: the formula.
        places: what marks the places of operands, by their names; other names are constants.

    >>> from circuitgrad.expression import Expression
    >>> markup(Expression("1/x").steps, {"x": "0"})
    '<mfrac><mn>1</mn><mi data-place="0"></mi></mfrac>'
    """
    if len(steps) > LONGEST:
        return f"<mtext>a formula of {len(steps):,} steps</mtext>"
    stack: list[_Written] = []
    for step in steps:
        if isinstance(step, Number):
            stack.append(_number(step.value))
        elif isinstance(step, Name):
            place = places.get(step.name)
            known = _CONSTANTS.get(step.name, step.name)
            stack.append((f'<mi data-place="{place}"></mi>' if place else f"<mi>{escape(known)}</mi>", ATOM))
        elif isinstance(step, Call):
            first = len(stack) - step.arity
            stack[first:] = [_call(step.gate, stack[first:])]
        else:  # a row has neither loops nor members of families
            stack.append((f"<mtext>{escape(FORMULA.write([step]))}</mtext>", ATOM))
    ((text, _),) = stack
    return text


def conditions_markup(conditions: Sequence[Condition], places: Mapping[str, str]) -> str:
    """Return the conditions of a form in MathML, without what follows from the last that holds.

    >>> from circuitgrad.expression import Expression
    >>> from circuitgrad.report.page.forms import Condition
    >>> conditions_markup([Condition(Expression("x > 0").steps, holds=False)], {})
    '<mi>x</mi><mo>≤</mo><mn>0</mn>'
    """
    holding = [condition for condition in conditions if condition.holds]
    texts = [_condition(condition, places) for condition in holding or conditions]
    return "<mo>,</mo><mspace width='0.4em'/>".join(dict.fromkeys(texts))


def _condition(condition: Condition, places: Mapping[str, str]) -> str:
    *operands, last = condition.test
    compares = isinstance(last, Call) and last.gate in _OPPOSITE
    if not compares:
        sign = "≠" if condition.holds else "="
        return f"{markup(condition.test, places)}<mo>{sign}</mo><mn>0</mn>"
    if condition.holds or not isinstance(last, Call):
        return _inside(markup(condition.test, places))
    return _inside(markup([*operands, last._replace(gate=_OPPOSITE[last.gate])], places))


def _inside(text: str) -> str:
    return text.removeprefix("<mrow>").removesuffix("</mrow>")


def _number(value: float) -> _Written:
    text, _, power = short_number(abs(value)).partition("e")
    digits = f"<mn>{'∞' if text == 'inf' else 'NaN' if text == 'nan' else text}</mn>"
    if power:
        digits = f"<mrow>{digits}<mo>·</mo><msup><mn>10</mn><mn>{int(power)}</mn></msup></mrow>".replace(
            "<mn>1</mn><mo>·</mo>", ""
        ).replace("<mn>-", "<mn>−")
    if value < 0:
        return f"<mrow><mo>−</mo>{digits}</mrow>", UNARY
    return digits, PRODUCT if power else ATOM


def _call(gate: str, operands: Sequence[_Written]) -> _Written:
    texts = [text for text, _ in operands]
    if gate in _INFIX and len(operands) == 2:
        sign, level = _INFIX[gate]
        left = _enclose(operands[0], level + (level == COMPARISON))
        right = _enclose(operands[1], level + 1)
        return f"<mrow>{left}<mo>{sign}</mo>{right}</mrow>", level
    if gate == "div":
        return f"<mfrac>{texts[0]}{texts[1]}</mfrac>", POWER
    if gate == "neg":
        return f"<mrow><mo>−</mo>{_enclose(operands[0], PRODUCT)}</mrow>", UNARY
    if gate == "pow":
        return f"<msup>{_enclose(operands[0], ATOM)}{texts[1]}</msup>", POWER
    if gate == "square":
        return f"<msup>{_enclose(operands[0], ATOM)}<mn>2</mn></msup>", POWER
    if gate == "reciprocal":
        return f"<mfrac><mn>1</mn>{texts[0]}</mfrac>", POWER
    if gate == "exp":
        return f"<msup><mi>e</mi>{texts[0]}</msup>", POWER
    if gate == "sqrt":
        return f"<msqrt>{texts[0]}</msqrt>", ATOM
    if gate == "cbrt":
        return f"<mroot>{texts[0]}<mn>3</mn></mroot>", ATOM
    if gate in _ENCLOSED:
        opening, closing = _ENCLOSED[gate]
        return f"<mrow><mo>{opening}</mo>{texts[0]}<mo>{closing}</mo></mrow>", ATOM
    if gate == "where" and len(operands) == 3:
        test, body, orelse = texts
        return f"<mrow>{body}<mtext> if </mtext>{test}<mtext> else </mtext>{orelse}</mrow>", CONDITIONAL
    listed = "<mo>,</mo>".join(texts)
    return f"<mrow><mi>{escape(gate)}</mi><mo>&#x2061;</mo>{_parenthesised(listed)}</mrow>", ATOM


def _enclose(written: _Written, lowest: int) -> str:
    """Return the markup, in parentheses when it binds more loosely than `lowest`."""
    text, level = written
    return text if level >= lowest else _parenthesised(text)


def _parenthesised(text: str) -> str:
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

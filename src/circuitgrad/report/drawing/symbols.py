"""The text in a gate of a drawing: its sign, or its name, with the constants among its operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.report.number_text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.gates.rule import Rule

INFIX_SIGNS = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "pow": "^",
    "lt": "<",
    "le": "≤",
    "gt": ">",
    "ge": "≥",
    "eq": "=",
    "ne": "≠",
}
"""The signs that stand between two operands."""
OTHER_SIGNS = {
    "identity": "=",
    "neg": "−x",
    "reciprocal": "1/x",
    "square": "x²",
    "sqrt": "√",
    "cbrt": "∛",
    "abs": "|x|",
    "sigmoid": "σ",
}
"""The signs of other gates; a gate without a sign is called by its name."""
WIRE_SIGN = "·"
"""Stands for a wire among constants."""


def symbol(rule: Rule, constants: Sequence[float | None], digits: int) -> str:
    """Return the text in a gate.

    Args:
        rule: the gate's rule of the table.
        constants: per operand, its value where it is a literal number, else None.
        digits: how many significant digits a literal number has.

    >>> from circuitgrad.gates.table import find
    >>> symbol(find("mul"), [None, None], 4), symbol(find("mul"), [2.0, None], 4), symbol(find("sub"), [None, 1.0], 4)
    ('×', '2 ×', '− 1')
    >>> symbol(find("tanh"), [None], 4), symbol(find("max"), [None, 0.0], 4), symbol(find("identity"), [3.0], 4)
    ('tanh', 'max(·, 0)', '3')
    """
    texts = [None if number is None else rounded(number, digits) for number in constants]
    if not any(texts):
        return INFIX_SIGNS.get(rule.name) or OTHER_SIGNS.get(rule.name) or rule.name
    if rule.name in INFIX_SIGNS:
        return " ".join(filter(None, [texts[0], INFIX_SIGNS[rule.name], *texts[1:]]))
    if rule.name == "identity":
        return texts[0] or ""
    return f"{rule.name}({', '.join(WIRE_SIGN if text is None else text for text in texts)})"

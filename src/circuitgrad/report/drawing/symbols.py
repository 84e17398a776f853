"""What stands in a gate of a drawing: its sign, or its name, with the constants among its operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.report.number_text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.gates.rule import Rule

BETWEEN = {
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
ALONE = {
    "identity": "=",
    "neg": "−x",
    "reciprocal": "1/x",
    "square": "x²",
    "sqrt": "√",
    "cbrt": "∛",
    "abs": "|x|",
    "sigmoid": "σ",
}
"""The signs of other gates; a gate without any is called by its name."""
PLACE = "·"
"""Stands for the wire among constants."""


def symbol(rule: Rule, constants: Sequence[float | None], digits: int) -> str:
    """Return what stands in a gate.

    Args:
        rule: the gate's rule of the table.
        constants: per operand, its value where it is a literal number, else None.
        digits: how many significant digits such a number has.

    >>> from circuitgrad.gates.table import find
    >>> symbol(find("mul"), [None, None], 4), symbol(find("mul"), [2.0, None], 4), symbol(find("sub"), [None, 1.0], 4)
    ('×', '2 ×', '− 1')
    >>> symbol(find("tanh"), [None], 4), symbol(find("max"), [None, 0.0], 4), symbol(find("identity"), [3.0], 4)
    ('tanh', 'max(·, 0)', '3')
    """
    texts = [None if number is None else rounded(number, digits) for number in constants]
    if not any(texts):
        return BETWEEN.get(rule.name) or ALONE.get(rule.name) or rule.name
    if rule.name in BETWEEN:
        return " ".join(filter(None, [texts[0], BETWEEN[rule.name], *texts[1:]]))
    if rule.name == "identity":
        return texts[0] or ""
    return f"{rule.name}({', '.join(PLACE if text is None else text for text in texts)})"

"""Formulas in presentation MathML, as browsers show them."""

from __future__ import annotations

import math

from circuitgrad.formulas.dialects import CONDITIONAL, Dialect, short_number
from circuitgrad.formulas.steps import ATOM, COMPARISON, INFIX, POWER, PRODUCT, UNARY


def _mathml_number(value: float) -> str:
    """Return a number in MathML.

    >>> _mathml_number(-2.5), _mathml_number(1e-7)
    ('<mo>−</mo><mn>2.5</mn>', '<msup><mn>10</mn><mn>−7</mn></msup>')
    """
    mantissa, _, exponent = short_number(abs(value)).partition("e")
    named = {"inf": "∞", "nan": "NaN"}
    digits = f"<mn>{named.get(mantissa, mantissa)}</mn>"
    if exponent:
        power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>".replace("-", "−")
        digits = power if mantissa == "1" else f"{digits}<mo>·</mo>{power}"
    return f"<mo>−</mo>{digits}" if math.copysign(1.0, value) < 0 else digits


def _mathml_name(name: str) -> str:
    letters = {"pi": "π", "tau": "τ", "inf": "∞", "nan": "NaN"}
    return f"<mi>{letters.get(name, name)}</mi>"


def _mathml_sign(sign: str) -> str:
    known = {"*": "·", "-": "−", "<": "&lt;", "<=": "≤", ">": "&gt;", ">=": "≥", "==": "=", "!=": "≠"}
    return f"<mo>{known.get(sign, sign)}</mo>"


def _mathml_function(gate: str) -> str:
    return f"<mi>{gate}</mi><mo>&#x2061;</mo>"


_NAMED_FUNCTIONS = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "erf", "erfc", "expm1", "hypot", "log",
    "log10", "log1p", "log2", "mod", "sin", "sinh", "tan", "tanh",
)  # fmt: skip
"""The primitives that are set by their names, with an invisible sign of application behind."""

MATHML = Dialect(
    number=_mathml_number,
    name=_mathml_name,
    infix={gate: (_mathml_sign(sign), level) for sign, (gate, level) in INFIX.items()},
    words=("<mo>∧</mo>", "<mo>∨</mo>", "<mo>¬</mo>"),
    templates={
        "neg": ("<mo>−</mo>#1", UNARY, PRODUCT),
        "div": ("<mfrac><mrow>#1</mrow><mrow>#2</mrow></mfrac>", POWER, CONDITIONAL),
        "reciprocal": ("<mfrac><mn>1</mn><mrow>#1</mrow></mfrac>", POWER, CONDITIONAL),
        "pow": ("<msup><mrow>#1</mrow><mrow>#2</mrow></msup>", POWER, ATOM),
        "square": ("<msup><mrow>#1</mrow><mn>2</mn></msup>", POWER, ATOM),
        "exp": ("<msup><mi>e</mi><mrow>#1</mrow></msup>", POWER, CONDITIONAL),
        "sqrt": ("<msqrt>#1</msqrt>", ATOM, CONDITIONAL),
        "cbrt": ("<mroot><mrow>#1</mrow><mn>3</mn></mroot>", ATOM, CONDITIONAL),
        "abs": ("<mrow><mo>|</mo>#1<mo>|</mo></mrow>", ATOM, CONDITIONAL),
        "floor": ("<mrow><mo>⌊</mo>#1<mo>⌋</mo></mrow>", ATOM, CONDITIONAL),
        "where": ("#2<mtext>\u00a0if\u00a0</mtext>#1<mtext>\u00a0else\u00a0</mtext>#3", CONDITIONAL, COMPARISON),
    },
    functions={gate: _mathml_function(gate) for gate in _NAMED_FUNCTIONS},
    function=_mathml_function,
    parentheses=("<mrow><mo>(</mo>", "<mo>)</mo></mrow>"),
    comma="<mo>,</mo>",
)
"""Mathematics in presentation MathML, as browsers show it; without the element around it."""

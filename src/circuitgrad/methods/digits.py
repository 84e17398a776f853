"""Right decimal digits: how many a number has, and the gate at which a circuit loses them."""

from __future__ import annotations

from math import isnan, log10, nan
from typing import TYPE_CHECKING

from circuitgrad.errors import Problem, quote
from circuitgrad.methods.nonfinite import call_text

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from circuitgrad.circuit.circuit import Circuit

DIGITS_OF_DOUBLE = 17.0
"""The most decimal digits that a double needs: two equal numbers agree to all of them."""
NOTABLE_LOSS = 2.0
"""A gate that has so many digits fewer than its operands has lost them."""


def right_digits(relative_error: float) -> float:
    """Return the number of right decimal digits that a relative error leaves, 0 to 17; NaN for NaN.

    >>> right_digits(1e-3), right_digits(0.0), right_digits(2.0), right_digits(nan)
    (3.0, 17.0, 0.0, nan)
    """
    if isnan(relative_error):
        return nan
    return min(DIGITS_OF_DOUBLE, max(0.0, -log10(relative_error))) if relative_error else DIGITS_OF_DOUBLE


def first_loss(circuit: Circuit, digits: Mapping[str, float], unused: Container[str] = ()) -> Problem | None:
    """Return a note on the first gate, in topological order, with far fewer right digits than its operands; or None.

    Args:
        circuit: the circuit, after a forward pass.
        digits: the right digits by wire, as `digits_of_wires` gives them.
        unused: gates that only feed branches which are not taken; they are passed over.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("(a + b) - a", a=1e20, b=1)
    >>> first_loss(circuit, {"a": 17, "b": 17, "out.1": 17, "out": 0}).message
    "digits are lost first at 'out': sub(1e+20, 1e+20) has 0.0 right digits, its operands have 17.0"
    """
    digits_by_slot = [DIGITS_OF_DOUBLE] * circuit.first_gate
    for name in circuit.inputs:
        digits_by_slot[circuit.slot(name)] = digits[name]
    for index, (name, operands) in enumerate(zip(circuit.names, circuit.operands, strict=True)):
        digits_by_slot.append(digits[name])
        before = min((digits_by_slot[slot] for slot in operands), default=DIGITS_OF_DOUBLE)
        if digits[name] < before - NOTABLE_LOSS and name not in unused:
            call = f"{call_text(circuit, index)} has {digits[name]:.1f} right digits, its operands have {before:.1f}"
            return Problem(f"digits are lost first at {quote(name)}: {call}", circuit.locate(name))
    return None

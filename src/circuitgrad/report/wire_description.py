"""The gate that computes a wire, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.formulas.dialects import FORMULA

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

LONGEST_SHOWN_FORMULA = 200
"""How many gates of a formula are written out; deeper operands are named by their wires."""


def describe(circuit: Circuit, slot: int, *, expanded: bool = False) -> str:
    """Return how a wire comes to its value: `input`, `fixed input`, or a gate with its operands.

    Args:
        circuit: the circuit.
        slot: the wire's slot.
        expanded: name an operand that comes from an expanded expression instead of writing its formula.

    >>> from circuitgrad import loads
    >>> circuit = loads("{inputs: {a: 1, x: {value: 2, fixed: true}}, gates: {s: 'sigmoid(a*x + 1)'}}")
    >>> [describe(circuit, slot) for _, slot in circuit.wires()]
    ['input', 'fixed input', 'sigmoid(a*x + 1)']
    >>> describe(circuit, circuit.slot("s"), expanded=True)
    'sigmoid(s.2)'
    """
    if slot < len(circuit.input_names):
        return "fixed input" if circuit.inputs[circuit.input_names[slot]].fixed else "input"
    index = slot - circuit.first_gate

    def descends(name: str) -> bool:
        return "." in name and not expanded

    name, operands = (circuit.rules[index].name, circuit.operands[index]) if expanded else circuit.call(index)
    written = [FORMULA.write(circuit.formula(operand, descends, LONGEST_SHOWN_FORMULA)) for operand in operands]
    return f"{name}({', '.join(written)})"

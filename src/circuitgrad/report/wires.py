"""What computes a wire, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.dialects import FORMULA
from circuitgrad.expression import Call, Name, Number

if TYPE_CHECKING:
    from circuitgrad.circuit import Circuit
    from circuitgrad.expression import Step

LONGEST = 200
"""How many gates of one formula are written out; what lies deeper is named by its wire."""


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
    written = [FORMULA.write(_formula(circuit, operand, expanded=expanded)) for operand in circuit.operands[index]]
    return f"{circuit.rows[index].name}({', '.join(written)})"


def _formula(circuit: Circuit, slot: int, *, expanded: bool) -> list[Step]:
    """Return the formula of a slot, down to inputs, constants and gates that have names of their own."""
    backwards: list[Step] = []
    work = [slot]
    names = circuit.input_names
    while work:
        current = work.pop()
        if current < len(names):
            backwards.append(Name(names[current], 0))
        elif circuit.is_constant(current):
            backwards.append(Number(circuit.constants[current - len(names)], 0))
        else:
            index = current - circuit.first_gate
            name = circuit.names[index]
            if "." not in name or expanded or len(backwards) > LONGEST:
                backwards.append(Name(name, 0))
            else:
                operands = circuit.operands[index]
                backwards.append(Call(circuit.rows[index].name, len(operands), 0))
                work.extend(operands)
    return backwards[::-1]

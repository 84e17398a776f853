"""Which gates count at a point: not those that only feed branches of conditionals that are not taken there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.gates.kinks import carrying_positions, has_branches, names_used

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.rule import Rule


def used_positions(rule: Rule, values: Sequence[float]) -> list[int]:
    """Return the positions of the operands that a gate's value depends on at a point.

    All count, but in a conditional only the test and the branch that is taken.

    Args:
        rule: the gate's rule.
        values: the values of its operands.

    >>> from circuitgrad.gates.table import find
    >>> used_positions(find("where"), (0.0, 2.0, 3.0)), used_positions(find("mul"), (0.0, 2.0))
    ([0, 2], [0, 1])
    """
    if not has_branches(rule):
        return list(range(rule.arity))
    names = names_used(rule.value.steps, dict(zip(rule.operands, values, strict=True)))
    return [position for position, operand in enumerate(rule.operands) if operand in names]


def unused_gates(circuit: Circuit, outputs: Iterable[str]) -> set[str]:
    """Return the gates all of whose paths to outputs lead through branches that are not taken in the last pass.

    Gates that reach no output at all are not among them.

    Args:
        circuit: the circuit, after a pass.
        outputs: the outputs.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("sqrt(x) if x > 0 else exp(x)", x=-1)
    >>> [circuit.rules[circuit.slot(name) - circuit.first_gate].name for name in unused_gates(circuit, ["out"])]
    ['sqrt']
    """
    units, first = circuit.units, circuit.first_gate
    targets = [circuit.slot(output) for output in outputs]
    reaching, used = set(targets), set(targets)
    for index in reversed(range(len(circuit.rules))):
        if first + index not in reaching:
            continue
        slots = circuit.operands[index]
        reaching.update(slots)
        if first + index in used:
            positions = used_positions(circuit.rules[index], [units[slot].value for slot in slots])
            used.update(slots[position] for position in positions)
    return {circuit.names[slot - first] for slot in reaching - used if slot >= first}


def carrying_slots(circuit: Circuit, output: str) -> set[int]:
    """Return the slots that move an output in the last pass: not those in conditions and in branches not taken.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("sqrt(x) if x > 0 else y", x=-1, y=2)
    >>> _ = circuit.forward()
    >>> carrying_slots(circuit, "out") == {circuit.slot("out"), circuit.slot("y")}
    True
    """
    units, first = circuit.units, circuit.first_gate
    carrying = {circuit.slot(output)}
    for index in reversed(range(len(circuit.rules))):
        if first + index in carrying:
            slots = circuit.operands[index]
            positions = carrying_positions(circuit.rules[index], [units[slot].value for slot in slots])
            carrying.update(slots[position] for position in positions)
    return carrying


def varying_slots(circuit: Circuit, output: str, names: Iterable[str] | None = None) -> set[int]:
    """Return the slots through which wires move an output in the last pass, with these wires' own.

    Args:
        circuit: the circuit, after a pass.
        output: the output.
        names: the wires; all inputs when left out.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*y", x=-1, y=2)
    >>> _ = circuit.forward()
    >>> varying_slots(circuit, "out", ["x"]) == {circuit.slot("out"), circuit.slot("x")}
    True
    """
    starts = {circuit.slot(name) for name in (circuit.inputs if names is None else names)}
    reached = {circuit.first_gate + index for index in circuit.reached(starts)}
    return carrying_slots(circuit, output) & (starts | reached)

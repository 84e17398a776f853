"""Where an infinity or NaN came from: the first gate that made it."""

from __future__ import annotations

from math import isfinite, isinf
from typing import TYPE_CHECKING

from circuitgrad.errors import Problem, quote

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit


def nonfinite_value(circuit: Circuit, among: Container[int] | None = None) -> Problem | None:
    """Return a note on the first gate whose value is infinite or NaN in the last pass, or None.

    Args:
        circuit: the circuit, after a pass.
        among: the gates that count; all when left out.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("1 + log(x)", x=-1)
    >>> _ = circuit.forward()
    >>> nonfinite_value(circuit).message
    "'out.1' is nan: log(-1.0)"
    """
    units = circuit.units
    for index, rule in enumerate(circuit.rules):
        value = units[circuit.first_gate + index].value
        if not isfinite(value) and (among is None or index in among):
            operands = ", ".join(repr(units[slot].value) for slot in circuit.operands[index])
            name = circuit.names[index]
            return Problem(f"{quote(name)} is {value}: {rule.name}({operands})", circuit.locate(name))
    return None


def nonfinite_gradient(circuit: Circuit) -> Problem | None:
    """Return a note on the first gate, from the output backwards, that made a gradient infinite or NaN, or None.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("sqrt(x*x)", x=0)
    >>> _ = circuit.backward()
    >>> nonfinite_gradient(circuit).message
    "the gradient becomes inf at 'out': upstream 1.0 times the partial derivative inf of sqrt(0.0) in x"
    """
    units = circuit.units
    for index in reversed(range(len(circuit.rules))):
        upstream = units[circuit.first_gate + index].grad
        operands = [units[slot] for slot in circuit.operands[index]]
        if upstream == 0 or not isfinite(upstream) or all(isfinite(unit.grad) for unit in operands):
            continue
        rule, gate, name = circuit.rules[index], circuit.gates[index], circuit.names[index]
        values = [unit.value for unit in operands]
        partials = gate.partials()
        for operand, slot, partial in zip(rule.operands, circuit.operands[index], partials, strict=True):
            if circuit.is_constant(slot) or isfinite(partial * upstream):
                continue
            return Problem(
                f"the gradient becomes {partial * upstream} at {quote(name)}: upstream {upstream} times the partial "
                f"derivative {partial} of {rule.name}({', '.join(map(repr, values))}) in {operand}",
                circuit.locate(name),
            )
    return None


def silenced_slope(circuit: Circuit, output: str, wrt: Iterable[str] | None = None) -> Problem | None:
    """Return a note on the first gate, from the output backwards, whose gradient 0 met an infinite slope, or None.

    There a backward pass adds nothing, although the true derivative may be any number. What conditionals shut off is no
    such gate: its zero is right.

    Args:
        circuit: the circuit, after `backward(output)`.
        output: the wire that was differentiated.
        wrt: the wires whose derivatives count; all inputs when left out.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("sqrt(x)**2", x=0)
    >>> _ = circuit.backward()
    >>> silenced_slope(circuit, "out").message
    "the gradient 0 of 'out.1' meets the infinite slope of sqrt(0.0) in x, and adds nothing"
    >>> circuit = from_expression("sqrt(x) if x > 0 else 0", x=0)
    >>> _ = circuit.backward()
    >>> silenced_slope(circuit, "out")
    """
    units, first = circuit.units, circuit.first_gate
    silent = [
        index
        for index in range(len(circuit.rules))
        if units[first + index].grad == 0 and any(map(isinf, circuit.gates[index].partials()))
    ]
    if not silent:
        return None
    from circuitgrad.methods.used_gates import carrying_slots

    starts = {circuit.slot(name) for name in (circuit.inputs if wrt is None else wrt)}
    moving = starts.union(first + index for index in circuit.reached(starts))
    carrying = carrying_slots(circuit, output)
    for index in reversed(silent):
        slots, rule, name = circuit.operands[index], circuit.rules[index], circuit.names[index]
        if first + index not in carrying:
            continue
        for operand, slot, partial in zip(rule.operands, slots, circuit.gates[index].partials(), strict=True):
            if isinf(partial) and slot in carrying and slot in moving:
                values = ", ".join(repr(units[slot].value) for slot in slots)
                return Problem(
                    f"the gradient 0 of {quote(name)} meets the infinite slope of {rule.name}({values}) in {operand}, "
                    "and adds nothing",
                    circuit.locate(name),
                    "derivatives through it may be wrong: circuitgrad check tells",
                )
    return None


def first_silenced(
    circuit: Circuit, output: str, wrt: Sequence[str], points: Iterable[Mapping[str, float]]
) -> Problem | None:
    """Return what `silenced_slope` says at the first of some points where it says anything, or None.

    Args:
        circuit: the circuit, whose inputs keep their values.
        output: the wire that is differentiated.
        wrt: the wires whose derivatives count.
        points: values of inputs.
    """
    present = circuit.values()
    try:
        for point in points:
            circuit.assign(point)
            circuit.run()
            circuit.pull_back(circuit.slot(output))
            if problem := silenced_slope(circuit, output, wrt):
                return problem
    finally:
        circuit.assign(present)
        circuit.run()
    return None


def first_nonfinite(circuit: Circuit, outputs: Iterable[str], among: Container[int] | None = None) -> Problem | None:
    """Return a note on the first infinite or NaN value at the inputs' present values, or else gradient, or None.

    Args:
        circuit: the circuit; its units hold the last pass in the end.
        outputs: the wires that are differentiated, one after another.
        among: the gates whose values count; all when left out.

    >>> from circuitgrad import from_expression
    >>> first_nonfinite(from_expression("sqrt(x*x)", x=0), ["out"]).message
    "the gradient becomes inf at 'out': upstream 1.0 times the partial derivative inf of sqrt(0.0) in x"
    """
    circuit.run()
    problem = nonfinite_value(circuit, among)
    for output in outputs:
        if problem is not None:
            break
        circuit.differentiate(output)
        problem = nonfinite_gradient(circuit)
    return problem

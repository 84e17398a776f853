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
    for index in range(len(circuit.rules)):
        value = units[circuit.first_gate + index].value
        if not isfinite(value) and (among is None or index in among):
            name = circuit.names[index]
            return Problem(f"{quote(name)} is {value}: {call_text(circuit, index)}", circuit.locate(name))
    return None


def call_text(circuit: Circuit, gate: int) -> str:
    """Return the call of a gate with the values of its operands in the last pass.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x/y", x=3, y=2)
    >>> _ = circuit.forward()
    >>> call_text(circuit, 0)
    'div(3.0, 2.0)'
    """
    values = (repr(circuit.units[slot].value) for slot in circuit.operands[gate])
    return f"{circuit.rules[gate].name}({', '.join(values)})"


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
        for operand, slot, partial in zip(rule.operands, circuit.operands[index], gate.partials(), strict=True):
            if circuit.is_constant(slot) or isfinite(partial * upstream):
                continue
            return Problem(
                f"the gradient becomes {partial * upstream} at {quote(name)}: upstream {upstream} times the partial "
                f"derivative {partial} of {call_text(circuit, index)} in {operand}",
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
    silent = {}
    for index, gate in enumerate(circuit.gates):
        if units[first + index].grad == 0 and any(map(isinf, partials := gate.partials())):
            silent[index] = partials
    if not silent:
        return None
    from circuitgrad.methods.used_gates import varying_slots

    varying = varying_slots(circuit, output, wrt)
    for index, partials in reversed(silent.items()):
        name = circuit.names[index]
        if first + index not in varying:
            continue
        operands = circuit.rules[index].operands
        for operand, slot, partial in zip(operands, circuit.operands[index], partials, strict=True):
            if isinf(partial) and slot in varying:
                return Problem(
                    f"the gradient 0 of {quote(name)} meets the infinite slope of {call_text(circuit, index)} in "
                    f"{operand}, and adds nothing",
                    circuit.locate(name),
                    "derivatives through it may be wrong: circuitgrad check tells",
                )
    return None


def first_silenced(
    circuit: Circuit, output: str, wrt: Sequence[str], points: Iterable[Mapping[str, float]]
) -> tuple[int, Problem] | None:
    """Return the place of the first of some points where `silenced_slope` says anything, and what; or None.

    Args:
        circuit: the circuit, whose inputs keep their values.
        output: the wire that is differentiated.
        wrt: the wires whose derivatives count.
        points: values of inputs.
    """
    present = circuit.values()
    try:
        for place, point in enumerate(points):
            circuit.assign(point)
            circuit.run()
            circuit.pull_back(circuit.slot(output))
            if problem := silenced_slope(circuit, output, wrt):
                return place, problem
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

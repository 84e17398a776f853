"""Where an infinity or NaN came from: the first gate that made it."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import Problem, quote

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

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
        circuit.backward(output)
        problem = nonfinite_gradient(circuit)
    return problem

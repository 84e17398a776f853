"""Every wire's gradient against the sum over its consumers: the chain rule, wire by wire.

Each sum takes the consumers' gradients as the backward pass left them, so that a fault shows only where it is made.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.methods.check.verdicts import WRONG, Comparison, literal_slack

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit


class ConsumerSums(NamedTuple):
    """The gradients of a backward pass compared with the sums over consumers.

    Attributes:
        wrong: the wires whose gradient is not the sum.
        sizes: per slot, the sum over all paths to the output of the product of the partial derivatives' sizes.
        silent: the gates with an infinite or NaN partial derivative, and a gradient of 0.
    """

    wrong: Mapping[str, Comparison]
    sizes: list[float]
    silent: Sequence[str]

    def slack(self, slot: int) -> float:
        """Return the error of a slot's gradient that literal numbers in rules may cause."""
        return literal_slack(self.sizes[slot])


def check_sums(circuit: Circuit, output: str, excused: Container[str], unused: Container[str] = ()) -> ConsumerSums:
    """Compare the gradients of the last backward pass with the sums over their consumers.

    Args:
        circuit: the circuit, after `backward(output)`.
        output: the wire that was differentiated.
        excused: gates that are known to add wrong terms; their operands are not reported.
        unused: gates that only feed branches which are not taken.

    >>> from circuitgrad import load
    >>> circuit = load("circuits/neuron.yaml")
    >>> _ = circuit.backward("s")
    >>> circuit["q"].grad = 0.5
    Traceback (most recent call last):
    circuitgrad.errors.CircuitError: error: the circuit 'neuron' has no wire called 'q'
    >>> circuit["by"].grad = 0.5
    >>> sorted(check_sums(circuit, "s", ()).wrong)
    ['b', 'by', 'y']
    """
    units = circuit.units
    sums, sizes, terms, counts = ([0.0] * len(units) for _ in range(4))
    unclear: set[int] = set()
    silent: list[str] = []
    target = circuit.slot(output)
    sums[target] = sizes[target] = terms[target] = 1.0
    for index in reversed(range(len(circuit.rules))):
        slot = circuit.first_gate + index
        upstream = units[slot].grad
        gate, operands = circuit.gates[index], circuit.operands[index]
        if circuit.names[index] in excused:
            unclear.update(operands)
        if not upstream and circuit.names[index] in unused:
            continue
        partials = gate.partials()
        if not upstream:
            silent += [circuit.names[index]] * any(not isfinite(partial) for partial in partials)
            continue
        for operand, partial in zip(operands, partials, strict=True):
            term = partial * upstream
            sums[operand] += term
            terms[operand] += abs(term)
            sizes[operand] += abs(partial) * sizes[slot]
            counts[operand] += 1
    wrong = {}
    for name, slot in circuit.wires(expanded=True):
        grad, expected = units[slot].grad, sums[slot]
        allowed = 2 * counts[slot] * MACHINE_EPSILON * terms[slot]
        same = grad == expected or (grad != grad and expected != expected)
        if not (same or abs(grad - expected) <= allowed or slot in unclear):
            consumers = [circuit.names[index] for index, operands in enumerate(circuit.operands) if slot in operands]
            reason = f"its consumers add up to {expected:g}: {', '.join(consumers[:5])}"
            wrong[name] = Comparison(grad, expected, allowed, WRONG, reason=reason)
    return ConsumerSums(wrong, sizes, silent)

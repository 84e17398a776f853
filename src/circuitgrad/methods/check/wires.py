"""Every wire's gradient against what its consumers add to it: the chain rule, wire by wire.

Each sum takes the consumers' gradients as the backward pass has left them, so that a fault shows where it is made and
nowhere else.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.methods.check.verdicts import WRONG, Comparison
from circuitgrad.methods.numeric import EPSILON

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit


class Sums(NamedTuple):
    """What the sums over all consumers tell.

    Attributes:
        wrong: the wires whose gradient is not the sum.
        silent: the gates whose partial derivative is infinite or NaN, and whose gradient is 0.
        sizes: per slot, the sum over all paths to the output of the product of the partial derivatives' sizes.
    """

    wrong: Mapping[str, Comparison]
    sizes: list[float]
    silent: Sequence[str]

    def slack(self, slot: int) -> float:
        """Return how far the literal numbers of the rules, which are doubles, may have moved a slot's gradient."""
        slack = 4 * EPSILON * self.sizes[slot]
        return slack if isfinite(slack) else 0.0


def check_sums(circuit: Circuit, output: str, excused: Container[str]) -> Sums:
    """Compare the gradients of the last backward pass with the sums over their consumers.

    Args:
        circuit: the circuit, after `backward(output)`.
        output: the wire that was differentiated.
        excused: gates that are known to add something else; what they feed on is not accused.

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
        found, expected = units[slot].grad, sums[slot]
        allowed = 2 * counts[slot] * EPSILON * terms[slot]
        both = found == expected or (found != found and expected != expected)
        if not (both or abs(found - expected) <= allowed or slot in unclear):
            consumers = [circuit.names[index] for index, operands in enumerate(circuit.operands) if slot in operands]
            reason = f"its consumers add up to {expected:g}: {', '.join(consumers[:5])}"
            wrong[name] = Comparison(found, expected, allowed, WRONG, reason=reason)
    return Sums(wrong, sizes, silent)

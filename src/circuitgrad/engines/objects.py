"""The passes of the gate objects, one gate after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Program, Wanted


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted; see `engines.programs.program`."""
    values = circuit.trace({})
    leaves = [circuit.slot(name) for name in names]
    slots = [circuit.slot(name) for name in wanted.values]
    wrt = [circuit.slot(name) for name in wanted.wrt]
    targets = [circuit.slot(name) for name in wanted.outputs]
    moved = circuit.downstream(*names)
    needed = circuit.upstream([*slots, *targets])
    gates = [gate for gate in moved if gate in needed]
    reached = circuit.reached(wrt)
    backward = [
        (output, [gate for gate in reached if gate in above])
        for output, target in zip(wanted.outputs, targets, strict=True)
        for above in (circuit.upstream([target]),)
    ]

    def run(*numbers: float) -> list[float]:
        for slot, number in zip(leaves, numbers, strict=True):
            values[slot] = number
        circuit.compute(values, gates)
        results = [values[slot] for slot in slots]
        for output, passed in backward:
            grads = circuit.gradients(values, output, passed)
            results += [grads[slot] for slot in wrt]
        return results

    return run

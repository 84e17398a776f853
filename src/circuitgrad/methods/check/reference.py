"""A circuit's exact derivatives: its value rules differenced, and its own backward pass, both in multiprecision."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

import mpmath

from circuitgrad.branches import state_rule
from circuitgrad.methods.check.exact import DIGITS, MOST_DIGITS, UNDEFINED, Exact, Sample, exact_slopes
from circuitgrad.multiprecision import MULTIPRECISION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit import Circuit

SPARE = 10
"""Circuits that lose no more digits than this inside need no more of them."""


class Reference:
    """A circuit in multiprecision at the inputs' present values.

    Args:
        circuit: the circuit.
        outputs: the wires to differentiate.
    """

    def __init__(self, circuit: Circuit, outputs: Sequence[str]) -> None:
        self.circuit = circuit
        self.outputs = outputs
        self._twin = circuit.over(MULTIPRECISION)
        self._slots = [circuit.slot(output) for output in outputs]
        self._traces: dict[int, list[Any]] = {}
        self._needed = circuit.upstream(self._slots)

    def _run(self, digits: int) -> list[tuple[dict[str, Any], Any]]:
        """Return, per output, its gradient by the rules, and what the last digits of all wires do to it.

        The latter is as in `rounding`: the sum over the wires of |value * gradient|, in units of the rounding unit.
        """
        passes = []
        with mpmath.workdps(digits):
            for output in self.outputs:
                gradient = self._twin.backward(output)
                effects = [abs(unit.value * unit.grad) for unit in self._twin.units]
                passes.append((gradient, sum(effect for effect in effects if mpmath.isfinite(effect))))
        return passes

    @cached_property
    def _passes(self) -> tuple[list[tuple[dict[str, Any], Any]], int]:
        """The passes, at so many more digits than usual as the circuit loses inside."""
        passes = self._run(DIGITS)
        lost = [
            mpmath.mag(size) - max(0, mpmath.mag(self._twin[output].value))
            for output, (_, size) in zip(self.outputs, passes, strict=True)
            if size and mpmath.isfinite(self._twin[output].value)
        ]
        spare = min(MOST_DIGITS, max([0, *lost]) * 30103 // 100_000)
        return (self._run(DIGITS + spare), spare) if spare > SPARE else (passes, 0)

    def rule(self, output: int, name: str) -> Any:
        """Return the derivative of an output, by its position, in a wire: what the rules give without rounding."""
        return self._passes[0][output][0][name]

    def slopes(self, name: str) -> list[tuple[Exact, tuple[str, ...]]]:
        """Return the exact slopes of every output in one input, with the gates whose ties the input crosses."""
        x = self.circuit[name].value
        if not isfinite(x):
            return [(UNDEFINED, ())] * len(self.outputs)
        rows, operands = self.circuit.rows, self.circuit.operands
        gates = [index for index in self.circuit.downstream(name) if index in self._needed]
        branching = [index for index in gates if state_rule(rows[index], MULTIPRECISION)]
        states = [(state_rule(rows[index], MULTIPRECISION), operands[index]) for index in branching]

        def sample(x: Any) -> Sample:
            values = self._twin.retrace(self._trace(), name, x, gates)
            found = [rule(*[values[slot] for slot in slots]) for rule, slots in states if rule]
            return Sample([values[slot] for slot in self._slots], found)

        rules = [self.rule(position, name) for position in range(len(self.outputs))]
        passes, spare = self._passes
        exacts = exact_slopes(sample, x, rules, [size for _, size in passes], spare)
        names = self.circuit.names
        return [(exact, tuple(names[branching[position]] for position in exact.ties)) for exact in exacts]

    def _trace(self) -> list[Any]:
        """Return the values of all slots at the working precision."""
        digits = mpmath.mp.dps
        if digits not in self._traces:
            self._traces[digits] = self._twin.trace({})
        return self._traces[digits]

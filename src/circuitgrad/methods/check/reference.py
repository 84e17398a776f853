"""A circuit's exact derivatives: its value rules differenced, and its own backward pass, both in multiprecision."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import mpf

from circuitgrad.gates.kinks import branch_function
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.check.exact import STEPS, UNDEFINED, Exact, Sample, converged, decimals, exact_slopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
INNER = 120
"""The step of a derivative that is differentiated once more, as a negative power of 10, relative to the point or 1."""
INNER_STEPS = (20, 40, 80)
"""The steps along which it is."""


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
        self._sizes: list[Any] = []
        self._cones: dict[str, list[int]] = {}

    def _run(self, digits: int) -> list[Any]:
        """Return the gradients of all outputs in all wires, by the rules, and their values."""
        numbers: list[Any] = []
        with mpmath.workdps(digits):
            self._sizes = []
            for output in self.outputs:
                numbers += self._twin.backward(output).values()
                numbers.append(self._twin[output].value)
                # As in `rounding`: by how much the output may move, in units of the rounding unit.
                effects = [abs(unit.value * unit.grad) for unit in self._twin.units]
                self._sizes.append(sum(effect for effect in effects if mpmath.isfinite(effect)))
        return numbers

    @cached_property
    def _passes(self) -> tuple[list[tuple[dict[str, Any], Any]], int]:
        """Per output, its gradient by the rules and its size; and how many digits more than usual they need."""
        numbers, spare = converged(self._run)
        width = len(numbers) // len(self.outputs)
        gradients = [
            dict(zip(self._twin, numbers[start : start + width - 1], strict=True))
            for start in range(0, len(numbers), width)
        ]
        return list(zip(gradients, self._sizes, strict=True)), spare

    @property
    def spare(self) -> int:
        """How many digits more than usual the circuit needs since it loses them inside."""
        return self._passes[1]

    def rule(self, output: int, name: str) -> Any:
        """Return the derivative of an output, by its position, in a wire: what the rules give without rounding."""
        return self._passes[0][output][0][name]

    def slopes(self, name: str) -> list[tuple[Exact, tuple[str, ...]]]:
        """Return the exact slopes of every output in one input, with the gates whose ties the input crosses."""

        def functions(values: Sequence[Any]) -> list[Any]:
            return [values[slot] for slot in self._slots]

        passes, _ = self._passes
        rules = [gradient[name] for gradient, _ in passes]
        return self._along(name, functions, rules, [size for _, size in passes])

    def second_slopes(
        self, name: str, others: Sequence[str], rules: Sequence[Any]
    ) -> list[tuple[Exact, tuple[str, ...]]]:
        """Return the exact slopes, in one input, of the first output's derivatives in others.

        These are differences, too, of so short a step that it is nothing beside the one along the input.

        Args:
            name: the input along which the slopes are.
            others: the inputs in which the output is differentiated before.
            rules: what the second derivatives are by the rules.
        """
        if not all(isfinite(self.circuit[one].value) for one in (name, *others)):
            finite = [other for other in others if isfinite(self.circuit[other].value)]
            known = dict(zip(others, rules, strict=True))
            found: dict[str, tuple[Exact, tuple[str, ...]]] = dict.fromkeys(others, (UNDEFINED, ()))
            if finite and isfinite(self.circuit[name].value):
                slopes = self.second_slopes(name, finite, [known[other] for other in finite])
                found.update(zip(finite, slopes, strict=True))
            return list(found.values())
        (slot, *_), ((_, size), *_) = self._slots, self._passes[0]
        inner = [(other, self.circuit.slot(other), self._reached(other)) for other in others]
        sizes = [abs(mpf(self.circuit[other].value)) for other in (name, *others)]
        shifts = [min(one or 1, 1) * mpf(10) ** -INNER for one in sizes[1:]]
        # Beside a large number, the digits of a short step begin late.
        late = decimals(mpmath.mag(max(*sizes, mpf(1))))
        spare = decimals(mpmath.mag(max(*sizes, mpf(1))) - mpmath.mag(min(shifts)))
        steps = [*INNER_STEPS, INNER_STEPS[-1] + late] if late else INNER_STEPS

        def functions(values: Sequence[Any]) -> list[Any]:
            found = []
            for (other, at, gates), shift in zip(inner, shifts, strict=True):
                above = self._twin.retrace(values, other, values[at] + shift, gates)
                below = self._twin.retrace(values, other, values[at] - shift, gates)
                found.append((above[slot] - below[slot]) / (2 * shift))
            return found

        scales = [size / ((sizes[0] or 1) * (one or 1)) for one in sizes[1:]]
        return self._along(name, functions, rules, [size / shift for shift in shifts], spare, steps, shifts, scales)

    def _along(
        self,
        name: str,
        functions: Callable[[Sequence[Any]], list[Any]],
        rules: Sequence[Any],
        sizes: Sequence[Any],
        spare: int = 0,
        steps: Sequence[int] = STEPS,
        blurs: Sequence[Any] | None = None,
        scales: Sequence[Any] | None = None,
    ) -> list[tuple[Exact, tuple[str, ...]]]:
        """Return the exact slopes, along one input, of functions of the values of all slots."""
        x = self.circuit[name].value
        if not isfinite(x):
            return [(UNDEFINED, ())] * len(rules)
        rows, operands, names = self.circuit.rules, self.circuit.operands, self.circuit.names
        gates = self._reached(name)
        branching = [index for index in gates if branch_function(rows[index], MULTIPRECISION)]
        states = [(branch_function(rows[index], MULTIPRECISION), operands[index]) for index in branching]

        def sample(x: Any) -> Sample:
            values = self._twin.retrace(self._trace(), name, x, gates)
            found = [rule(*[values[slot] for slot in slots]) for rule, slots in states if rule]
            return Sample(functions(values), found)

        exacts = exact_slopes(sample, x, rules, sizes, spare + self.spare, steps, blurs, scales)
        return [(exact, tuple(names[branching[position]] for position in exact.ties)) for exact in exacts]

    def leads(self, name: str, gate: str) -> bool:
        """Tell whether an input reaches an output through a gate."""
        return self.circuit.slot(gate) - self.circuit.first_gate in self._reached(name)

    def _reached(self, name: str) -> list[int]:
        """Return the gates between an input and the outputs."""
        if name not in self._cones:
            self._cones[name] = [index for index in self.circuit.downstream(name) if index in self._needed]
        return self._cones[name]

    def _trace(self) -> list[Any]:
        """Return the values of all slots at the working precision."""
        digits = mpmath.mp.dps
        if digits not in self._traces:
            self._traces[digits] = self._twin.trace({})
        return self._traces[digits]

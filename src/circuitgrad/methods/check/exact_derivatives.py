"""A circuit's exact derivatives in multiprecision: differences of its value rules, and its own backward pass."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import mpf

from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.check.exact_slopes import (
    STEP_EXPONENTS,
    UNDEFINED,
    ExactSlope,
    FunctionSample,
    decimals,
    exact_slopes,
)
from circuitgrad.methods.check.gate_branches import GateBranches
from circuitgrad.methods.exact_values import Converged, converged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit

INNER_STEP_EXPONENT = 120
"""The step of the inner of two differences, as a negative power of 10, relative to the smaller of the point and 1."""
OUTER_STEP_EXPONENTS = (20, 40, 80)
"""The steps of the outer difference, as negative powers of 10, relative to the point."""
FALL = mpf("0.999")
"""A one-sided slope that falls by more than this when its step is halved falls to 0, as that of `x**1.5` at 0."""


class ExactDerivatives:
    """The derivatives of a circuit in multiprecision at the inputs' present values.

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
        self._gates_between: dict[str, list[int]] = {}

    def _run(self, digits: int) -> list[Any]:
        """Return the gradients of all outputs in all wires, by the rules, and the outputs' values."""
        numbers: list[Any] = []
        with mpmath.workdps(digits):
            self._sizes = []
            self._twin.run()
            for output in self.outputs:
                numbers += self._twin.differentiate(output).values()
                numbers.append(self._twin[output].value)
                # The rounding error of the output in units of the rounding unit, as in `rounding`.
                effects = [abs(unit.value * unit.grad) for unit in self._twin.units]
                self._sizes.append(sum(effect for effect in effects if mpmath.isfinite(effect)))
        return numbers

    @cached_property
    def _converged(self) -> Converged:
        return converged(self._run)

    @cached_property
    def _passes(self) -> list[tuple[dict[str, Any], Any]]:
        """Per output, its gradient by the rules and its size."""
        numbers = self._converged.numbers
        width = len(numbers) // len(self.outputs)
        gradients = [
            dict(zip(self._twin, numbers[start : start + width - 1], strict=True))
            for start in range(0, len(numbers), width)
        ]
        return list(zip(gradients, self._sizes, strict=True))

    @property
    def spare(self) -> int:
        """The number of digits that the circuit loses inside, to be added to the usual ones."""
        return self._converged.spare

    @property
    def settled(self) -> bool:
        """Whether the digits suffice: whether twice as many change neither values nor gradients."""
        return self._converged.settled

    def by_rules(self, output: int, name: str) -> Any:
        """Return the derivative of an output, given by its position, in a wire: by the rules, without rounding."""
        return self._passes[output][0][name]

    def slopes(self, name: str) -> list[tuple[ExactSlope, tuple[str, ...]]]:
        """Return the exact slopes of every output in one input, with the gates whose ties the input crosses."""

        def functions(values: Sequence[Any]) -> list[Any]:
            return [values[slot] for slot in self._slots]

        rules = [gradient[name] for gradient, _ in self._passes]
        return self._along(name, functions, rules, [size for _, size in self._passes])

    def second_slopes(
        self, name: str, partners: Sequence[str], rules: Sequence[Any]
    ) -> list[tuple[ExactSlope, tuple[str, ...]]]:
        """Return the exact slopes, in one input, of the first output's derivatives in partner inputs.

        The derivatives are differences, too, with a step that is negligible beside the one along the input. Where the
        output has a value on one side only, as at the end of a domain, they are one-sided.

        Args:
            name: the input of the second differentiation.
            partners: the inputs of the first differentiation.
            rules: the second derivatives by the rules.
        """
        if not all(isfinite(self.circuit[wire].value) for wire in (name, *partners)):
            finite = [partner for partner in partners if isfinite(self.circuit[partner].value)]
            rule_of = dict(zip(partners, rules, strict=True))
            slope_of: dict[str, tuple[ExactSlope, tuple[str, ...]]] = dict.fromkeys(partners, (UNDEFINED, ()))
            if finite and isfinite(self.circuit[name].value):
                slopes = self.second_slopes(name, finite, [rule_of[partner] for partner in finite])
                slope_of.update(zip(finite, slopes, strict=True))
            return list(slope_of.values())
        (output, *_), ((_, output_size), *_) = self._slots, self._passes
        inner = [(partner, self.circuit.slot(partner), self._between(partner)) for partner in partners]
        size, *partner_sizes = (abs(mpf(self.circuit[wire].value)) for wire in (name, *partners))
        shifts = [min(partner_size or 1, 1) * mpf(10) ** -INNER_STEP_EXPONENT for partner_size in partner_sizes]
        # Beside a large number, the digits of a short step begin late.
        magnitude = mpmath.mag(max(size, *partner_sizes, mpf(1)))
        late = decimals(magnitude)
        spare = decimals(magnitude - mpmath.mag(min(shifts)))
        steps = [*OUTER_STEP_EXPONENTS, OUTER_STEP_EXPONENTS[-1] + late] if late else OUTER_STEP_EXPONENTS

        def functions(values: Sequence[Any]) -> list[Any]:
            derivatives = []
            for (partner, slot, gates), shift in zip(inner, shifts, strict=True):
                differences = []
                for step in (shift, shift / 2):
                    above = self._twin.retrace(values, partner, values[slot] + step, gates)
                    below = self._twin.retrace(values, partner, values[slot] - step, gates)
                    differences.append(_difference(below[output], values[output], above[output], step))
                    if below[output] == below[output] and above[output] == above[output]:
                        break
                derivatives.append(_limit(*differences))
            return derivatives

        scales = [output_size / ((size or 1) * (partner_size or 1)) for partner_size in partner_sizes]
        return self._along(
            name, functions, rules, [output_size / shift for shift in shifts], spare, steps, shifts, scales
        )

    def _along(
        self,
        name: str,
        functions: Callable[[Sequence[Any]], list[Any]],
        rules: Sequence[Any],
        sizes: Sequence[Any],
        spare: int = 0,
        steps: Sequence[int] = STEP_EXPONENTS,
        blurs: Sequence[Any] | None = None,
        scales: Sequence[Any] | None = None,
    ) -> list[tuple[ExactSlope, tuple[str, ...]]]:
        """Return the exact slopes, along one input, of functions of the values of all slots."""
        x = self.circuit[name].value
        if not isfinite(x):
            return [(UNDEFINED, ())] * len(rules)
        gates = self._between(name)
        branches = GateBranches(self.circuit, gates, MULTIPRECISION)

        def sample(x: Any) -> FunctionSample:
            values = self._twin.retrace(self._trace(), name, x, gates)
            return FunctionSample(functions(values), branches.at(values))

        exacts = exact_slopes(sample, x, rules, sizes, spare + self.spare, steps, blurs, scales)
        return [(exact, tuple(branches.names[position] for position in exact.ties)) for exact in exacts]

    def reaches(self, name: str, gate: str) -> bool:
        """Tell whether an input reaches an output through a gate."""
        return self.circuit.slot(gate) - self.circuit.first_gate in self._between(name)

    def _between(self, name: str) -> list[int]:
        """Return the gates between an input and the outputs."""
        if name not in self._gates_between:
            self._gates_between[name] = [index for index in self.circuit.downstream(name) if index in self._needed]
        return self._gates_between[name]

    def _trace(self) -> list[Any]:
        """Return the values of all slots at the working precision."""
        digits = mpmath.mp.dps
        if digits not in self._traces:
            self._traces[digits] = self._twin.trace({})
        return self._traces[digits]


def _difference(below: Any, here: Any, above: Any, step: Any) -> Any:
    """Return the slope of a function from its values a step apart: one-sided where one of the two is NaN."""
    if below == below and above == above:
        return (above - below) / (2 * step)
    apart = above - here if below != below else here - below
    # The two errors of a central difference cancel; here, what is rounding alone would count as a slope.
    is_rounding = abs(apart) <= mpf(10) ** (3 - mpmath.mp.dps) * abs(here)
    return mpf(0) if is_rounding else apart / step


def _limit(coarser: Any, finer: Any = None) -> Any:
    """Return a slope from those with a step and, where they are one-sided, with half of it: 0 where they fall to it."""
    return mpf(0) if finer is not None and abs(finer) <= FALL * abs(coarser) else coarser

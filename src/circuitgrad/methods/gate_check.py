"""Every gate's partial derivatives, alone, against the exact slope of its value rule at the operands that it meets.

The value rule is evaluated with mpmath at 80 digits and differenced with a step of 1e-30 relative, which leaves some 50
digits: whatever disagrees beyond the rounding of doubles is a wrong rule. So a wrong gradient is traced to its gate.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.methods.verdicts import INACCURATE, KINK, NONFINITE, OK, WRONG, Comparison, worst

if TYPE_CHECKING:
    from collections.abc import Container

    from circuitgrad.circuit import Circuit
    from circuitgrad.gates import Row

DIGITS = 80
MOST_DIGITS = 1000
STEP = 1e-30
RTOL = 1e-12
SMALLEST = 5e-324
CURVATURE = 1e-15
"""How far apart the slopes on both sides of a point may be by curvature alone, where the slope itself is 0."""
JUMP = 1e-10
"""A value that changes by more than this, absolutely and relatively, over so small a step jumps."""


class Reference(NamedTuple):
    """The exact slopes of a value rule in one operand, and what the partial's formula gives at the same precision.

    `doubt` is how far the slope may be off: by the curvature of the function, and by the last digits of its values.
    """

    slope: float
    left: float
    right: float
    partial: float
    doubt: float
    agree: bool
    kink: bool
    jump: bool


def check_gates(circuit: Circuit, reached: Container[str]) -> dict[str, Comparison]:
    """Return the worst of every gate's partial derivatives beside the exact ones, at the values of the last pass.

    Args:
        circuit: the circuit, after a forward pass.
        reached: the wires whose gradient is not 0; only there does an infinite partial derivative do harm.

    >>> from circuitgrad import load
    >>> circuit = load("circuits/neuron.yaml")
    >>> _ = circuit.forward()
    >>> check_gates(circuit, reached=["s"])["s"].verdict
    'ok'
    """
    units = circuit.units
    verdicts: dict[str, Comparison] = {}
    still: set[int] = set()  # the wires that no small step of the inputs moves, such as a comparison away from a tie
    for index, (name, row, slots, gate) in enumerate(
        zip(circuit.names, circuit.rows, circuit.operands, circuit.gates, strict=True)
    ):
        values = tuple(units[slot].value for slot in slots)
        partials = gate.partials_rule(*values, gate.out.value)
        varying = [position for position, slot in enumerate(slots) if not circuit.is_constant(slot)]
        found = [
            _judge(row, values, position, partials[position], harmful=name in reached, still=slots[position] in still)
            for position in varying
        ]
        verdicts[name] = worst(found) if found else Comparison(0.0, 0.0, 0.0, OK)
        if all(slots[position] in still or _flat(row, values, position) for position in varying):
            still.add(circuit.first_gate + index)
    return verdicts


def _flat(row: Row, values: tuple[float, ...], position: int) -> bool:
    """Tell whether a small step of one operand leaves the value as it is."""
    if not all(map(isfinite, values)):
        return False
    exact = reference(row, values, position)
    return exact.left == exact.right == 0


def _judge(
    row: Row, values: tuple[float, ...], position: int, partial: float, *, harmful: bool, still: bool
) -> Comparison:
    operand = row.operands[position]
    if not (all(map(isfinite, values)) and isfinite(partial)):
        return Comparison(partial, float("nan"), 0.0, NONFINITE if harmful else OK, operand=operand)
    exact = reference(row, values, position)
    if exact.kink:
        low, high = sorted((exact.left, exact.right))
        tolerance = RTOL * max(abs(low), abs(high))
        within = exact.jump or low - tolerance <= partial <= high + tolerance
        verdict = (OK if still else KINK) if within else WRONG
        return Comparison(partial, exact.slope, tolerance, verdict, exact.left, exact.right, operand)
    if not isfinite(exact.slope):
        # No double holds this slope, so a finite partial derivative cannot be right.
        return Comparison(partial, exact.slope, 0.0, NONFINITE, operand=operand)
    tolerance = RTOL * max(abs(partial), abs(exact.slope)) + exact.doubt + SMALLEST
    if abs(partial - exact.slope) <= tolerance:
        return Comparison(partial, exact.slope, tolerance, OK, operand=operand)
    return Comparison(partial, exact.slope, tolerance, INACCURATE if exact.agree else WRONG, operand=operand)


@lru_cache(maxsize=100_000)
def reference(row: Row, values: tuple[float, ...], position: int) -> Reference:
    """Return the exact slopes of a row's value rule in the operand at `position`."""
    import mpmath

    from circuitgrad import multiprecision
    from circuitgrad.rules import partials_rule, value_rule

    with mpmath.workdps(DIGITS):
        point = [mpmath.mpf(value) for value in values]
        width = abs(point[position]) or mpmath.mpf(1)
        out = value_rule(row, multiprecision)(*point)
        partial = mpmath.mpf(partials_rule(row, multiprecision)(*point, out)[position])
        # Where the value hardly moves (erf in its tails), so many more digits are needed to see it move.
        still = abs(out) / abs(partial * width) if partial and out else 1
        digits = DIGITS + min(MOST_DIGITS, max(0, int(mpmath.log10(still)) if mpmath.isfinite(still) else 0))
    with mpmath.workdps(digits):
        step = mpmath.mpf(STEP) * width

        def value(shift: Any) -> Any:
            moved = [*point[:position], point[position] + shift, *point[position + 1 :]]
            return value_rule(row, multiprecision)(*moved)

        below, here, above = value(-step), value(0), value(step)
        left, right = (here - below) / step, (above - here) / step
        slope = (above - below) / (2 * step)
        finer = (value(step / 2) - value(-step / 2)) / step
        rounding = mpmath.mpf(10) ** (3 - digits) * max(abs(above), abs(below)) / step
        doubt = 2 * abs(slope - finer) + rounding
        partial = mpmath.mpf(partials_rule(row, multiprecision)(*point, here)[position])
        jump = abs(above - below) > JUMP * max(1, abs(above), abs(below))
        return Reference(
            slope=float(slope),
            left=float(left),
            right=float(right),
            partial=float(partial),
            doubt=float(doubt) if mpmath.isfinite(doubt) else 0.0,
            agree=bool(abs(partial - slope) <= RTOL * max(abs(partial), abs(slope)) + doubt),
            kink=bool(jump or abs(right - left) > max(CURVATURE, RTOL * max(abs(left), abs(right)))),
            jump=bool(jump),
        )

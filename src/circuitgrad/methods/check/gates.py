"""Every gate alone: its partial derivatives against the exact slope of its value rule, and what its backward pass adds.

A gate is tried at the operands that it meets in the circuit, so that a wrong gradient is traced to where it is made.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.circuit.units import Unit
from circuitgrad.methods.check.verdicts import KINK, NONFINITE, OK, WRONG, Comparison, Tolerance, judge, worst
from circuitgrad.methods.numeric import EPSILON

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.units import Gate
    from circuitgrad.gates.rule import Rule
    from circuitgrad.language.nodes import Listener
    from circuitgrad.methods.check.exact import Exact

OFTEN = 64
LARGE = 1e300
"""No gradient that something is added to for a trial is larger, so that the sum stays finite."""


class Reference(NamedTuple):
    """The exact slopes of a rule's value in one operand, and what the partial's formula gives without rounding."""

    exact: Exact
    by_rule: Any


def check_gates(
    circuit: Circuit, reached: Container[str], tolerance: Tolerance, listen: Listener | None = None
) -> dict[str, Comparison]:
    """Return the worst that there is to say of every gate, at the values of the last passes.

    Args:
        circuit: the circuit, after a forward and a backward pass.
        reached: the wires whose gradient is not 0; only there does an infinite partial derivative do harm.
        tolerance: how far a partial derivative may be off.
        listen: is told how far the work has come.

    >>> from circuitgrad import load
    >>> circuit = load("circuits/neuron.yaml")
    >>> _ = circuit.backward()
    >>> check_gates(circuit, ["s"], Tolerance(1e-9, 1e-14))["s"].verdict
    'ok'
    """
    units = circuit.units
    verdicts: dict[str, Comparison] = {}
    still: set[int] = set()  # the wires that no small step of the inputs moves, such as a comparison away from a tie
    for index, (name, rule, slots, gate) in enumerate(
        zip(circuit.names, circuit.rules, circuit.operands, circuit.gates, strict=True)
    ):
        values = tuple(units[slot].value for slot in slots)
        partials = gate.partials()
        varying = [position for position, slot in enumerate(slots) if not circuit.is_constant(slot)]
        found = [
            _judge(
                rule, values, position, partials[position], tolerance,
                harmful=name in reached, still=slots[position] in still,
            )
            for position in varying
        ]  # fmt: skip
        found += _additions(gate, partials, varying)
        verdicts[name] = worst(found) if found else Comparison(0.0, 0.0, 0.0, OK)
        if all(slots[position] in still or _flat(rule, values, position) for position in varying):
            still.add(circuit.first_gate + index)
        if listen is not None and index % OFTEN == 0:
            listen("gates checked", index, len(circuit.names))
    return verdicts


def _flat(rule: Rule, values: tuple[float, ...], position: int) -> bool:
    """Tell whether a small step of one operand leaves the value as it is."""
    if not all(map(isfinite, values)):
        return False
    exact, _ = reference(rule, values, position)
    return bool(exact.left == exact.right == 0)


def _judge(
    rule: Rule,
    values: tuple[float, ...],
    position: int,
    partial: float,
    tolerance: Tolerance,
    *,
    harmful: bool,
    still: bool,
) -> Comparison:
    operand = rule.operands[position]
    if not (all(map(isfinite, values)) and isfinite(partial)):
        return Comparison(partial, nan, 0.0, NONFINITE if harmful else OK, operand=operand)
    exact, by_rule = reference(rule, values, position)
    found = judge(partial, by_rule, exact, tolerance)._replace(operand=operand)
    formula = _formula(rule, values, position)
    if not abs(partial - formula) <= 8 * EPSILON * abs(formula):
        reason = f"its partial derivative is {partial!r}, but its formula gives {formula!r}"
        return found._replace(verdict=WRONG, reason=reason)
    return found._replace(verdict=OK) if found.verdict == KINK and still else found


def _formula(rule: Rule, values: tuple[float, ...], position: int) -> float:
    """Return what the formula of a partial derivative gives in doubles."""
    from circuitgrad.gates.compiled import partials_function, value_function

    partial: float = partials_function(rule)(*values, value_function(rule)(*values))[position]
    return partial


def _additions(gate: Gate, partials: Sequence[float], varying: list[int]) -> list[Comparison]:
    """Return what is wrong with what a gate adds to its operands' gradients, upstream gradient times partial.

    It runs backward by itself, on units whose gradients are not 0 beforehand; an operand that it takes twice is one
    unit, as in the circuit.
    """
    operands, out = gate.operands, gate.out
    upstream = out.grad if out.grad and isfinite(out.grad) else 1.0
    added = [partial * upstream for partial in partials]
    if not all(map(isfinite, added)):
        return []
    before = min(max(map(abs, added)) or 1.0, LARGE)
    alone = {id(unit): Unit(unit.value, before) for unit in operands}
    gate.operands, gate.out = tuple(alone[id(unit)] for unit in operands), Unit(out.value, upstream)
    try:
        gate.backward()
        after = [unit.grad for unit in gate.operands]
    finally:
        gate.operands, gate.out = operands, out
    wrong = []
    for position in varying:
        unit = operands[position]
        terms = [term for other, term in zip(operands, added, strict=True) if other is unit]
        expected = before + sum(terms)
        allowed = 2 * len(terms) * EPSILON * (before + sum(map(abs, terms)))
        if isfinite(expected) and not abs(after[position] - expected) <= allowed:
            reason = f"its backward pass takes {before:g} to {after[position]:g} instead of {expected:g}"
            wrong.append(
                Comparison(
                    after[position], expected, allowed, WRONG, operand=gate.rule.operands[position], reason=reason
                )
            )
    return wrong


@lru_cache(maxsize=100_000)
def reference(rule: Rule, values: tuple[float, ...], position: int) -> Reference:
    """Return the exact slopes of a rule's value in the operand at `position`, and its partial derivative's formula.

    >>> from circuitgrad.gates.table import find
    >>> exact, by_rule = reference(find("mul"), (3.0, 0.5), 1)
    >>> float(exact.slope), float(by_rule)
    (3.0, 3.0)
    """
    import mpmath

    from circuitgrad.gates.compiled import partials_function, value_function
    from circuitgrad.gates.kinks import branch_function
    from circuitgrad.gates.multiprecision import MULTIPRECISION
    from circuitgrad.methods.check.exact import Sample, converged, exact_slopes

    value, state = value_function(rule, MULTIPRECISION), branch_function(rule, MULTIPRECISION)
    point = [mpmath.mpf(number) for number in values]

    def run(digits: int) -> list[Any]:
        """Return the value and the partial derivatives by their rules."""
        with mpmath.workdps(digits):
            out = value(*point)
            return [mpmath.mpf(number) for number in (out, *partials_function(rule, MULTIPRECISION)(*point, out))]

    (out, *partials), spare = converged(run)
    effects = [out, *(x * partial for x, partial in zip(point, partials, strict=True))]
    size = sum(abs(effect) for effect in effects if mpmath.isfinite(effect))
    by_rule = partials[position]

    def sample(x: Any) -> Sample:
        moved = [*point[:position], x, *point[position + 1 :]]
        return Sample([value(*moved)], [state(*moved)] if state else [])

    [exact] = exact_slopes(sample, values[position], [by_rule], [size], spare)
    return Reference(exact, by_rule)

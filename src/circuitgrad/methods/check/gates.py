"""Checking every gate alone: its partial derivatives against the slopes of its value rule, and its backward pass.

A gate is checked at its operands in the circuit, so that a wrong gradient is traced to the gate that makes it.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.circuit.units import Unit
from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.gates.rule import once_a_rule
from circuitgrad.methods.check.verdicts import KINK, NONFINITE, OK, UNUSED, WRONG, Comparison, Tolerance, judge, worst
from circuitgrad.methods.used_gates import used_positions

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from functools import _lru_cache_wrapper

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.units import Gate
    from circuitgrad.gates.rule import Rule
    from circuitgrad.language.nodes import Listener
    from circuitgrad.methods.check.exact_slopes import ExactSlope

GATES_PER_REPORT = 64
"""How many gates are checked between two reports of the progress."""
LARGEST_GRADIENT_BEFORE = 1e300
"""The largest gradient to which a backward pass adds in a check, so that the sum stays finite."""
REFERENCES_KEPT = 10_000
"""How many exact slopes of a rule are kept: a circuit's gates often meet the same operands again."""
POINTS_KEPT = 16
"""How many points of a rule are kept for the references in its operands, which follow one another."""


class PartialReference(NamedTuple):
    """The exact slopes of a rule's value in one operand, and its partial derivative's formula without rounding."""

    exact: ExactSlope
    by_rule: Any


def check_gates(
    circuit: Circuit,
    reached: Container[str],
    tolerance: Tolerance,
    listen: Listener | None = None,
    *,
    unused: Container[str] = (),
) -> dict[str, Comparison]:
    """Return the worst comparison of every gate at the values of the last passes.

    Args:
        circuit: the circuit, after a forward and a backward pass.
        reached: the wires whose gradient is not 0; only there an infinite partial derivative is a fault.
        tolerance: the tolerance of a partial derivative.
        listen: called with the progress.
        unused: the gates that only feed branches which are not taken; they are not judged.

    >>> from circuitgrad import load
    >>> circuit = load("circuits/neuron.yaml")
    >>> _ = circuit.backward()
    >>> check_gates(circuit, ["s"], Tolerance(1e-9, 1e-14))["s"].verdict
    'ok'
    """
    units = circuit.units
    verdicts: dict[str, Comparison] = {}
    literal: set[int] = set()  # the slots of gates of constants alone, such as -inf
    still: set[int] = set()  # the slots that no small step of the inputs moves, such as a comparison away from a tie
    for index, (name, rule, slots, gate) in enumerate(
        zip(circuit.names, circuit.rules, circuit.operands, circuit.gates, strict=True)
    ):
        if listen is not None and index % GATES_PER_REPORT == 0:
            listen("gates checked", index, len(circuit.names))
        if name in unused:
            verdicts[name] = Comparison(0.0, 0.0, 0.0, UNUSED)
            continue
        values = _values_that_count(rule, tuple(units[slot].value for slot in slots))
        partials = gate.partials()
        varying = [
            position
            for position, slot in enumerate(slots)
            if not circuit.is_constant(slot) and (slot not in literal or isfinite(values[position]))
        ]
        if all(circuit.is_constant(slot) or slot in literal for slot in slots):
            literal.add(circuit.first_gate + index)
        # A constant may be infinite, as in mod(x, inf), where the value is not.
        finite = all(isfinite(values[position]) for position in varying) and (
            all(map(isfinite, values)) or isfinite(units[circuit.first_gate + index].value)
        )
        comparisons = [
            _judge(
                rule, values, position, partials[position], tolerance,
                finite=finite, harmful=name in reached, still=slots[position] in still,
            )
            for position in varying
        ]  # fmt: skip
        comparisons += _wrong_additions(gate, partials, varying)
        verdicts[name] = worst(comparisons) if comparisons else Comparison(0.0, 0.0, 0.0, OK)
        if all(slots[position] in still or _flat(rule, values, position) for position in varying):
            still.add(circuit.first_gate + index)
    return verdicts


def _values_that_count(rule: Rule, values: tuple[float, ...]) -> tuple[float, ...]:
    """Return the values of a gate's operands, with 0 for what is not finite in a branch that is not taken."""
    if all(map(isfinite, values)):
        return values
    used = used_positions(rule, values)
    return tuple(value if position in used or isfinite(value) else 0.0 for position, value in enumerate(values))


def _flat(rule: Rule, values: tuple[float, ...], position: int) -> bool:
    """Tell whether a small step of one operand leaves the value as it is."""
    if not all(map(isfinite, values)):
        return False
    exact, _ = partial_reference(rule, values, position)
    return bool(exact.left == exact.right == 0)


def _judge(
    rule: Rule,
    values: tuple[float, ...],
    position: int,
    partial: float,
    tolerance: Tolerance,
    *,
    finite: bool,
    harmful: bool,
    still: bool,
) -> Comparison:
    """Compare a partial derivative with the exact slope and with its own formula."""
    operand = rule.operands[position]
    if not (finite and isfinite(partial)):
        return Comparison(partial, nan, 0.0, NONFINITE if harmful else OK, operand=operand)
    exact, by_rule = partial_reference(rule, values, position)
    comparison = judge(partial, by_rule, exact, tolerance)._replace(operand=operand)
    formula = _formula(rule, values, position)
    if not abs(partial - formula) <= 8 * MACHINE_EPSILON * abs(formula):
        reason = f"its partial derivative is {partial!r}, but its formula gives {formula!r}"
        return comparison._replace(verdict=WRONG, reason=reason)
    return comparison._replace(verdict=OK) if comparison.verdict == KINK and still else comparison


def _formula(rule: Rule, values: tuple[float, ...], position: int) -> float:
    """Return the value of a partial derivative's formula in doubles."""
    from circuitgrad.gates.compiled import partials_function, value_function

    partial: float = partials_function(rule)(*values, value_function(rule)(*values))[position]
    return partial


def _wrong_additions(gate: Gate, partials: Sequence[float], varying: list[int]) -> list[Comparison]:
    """Return the operands to whose gradients a gate adds something else than upstream gradient times partial.

    The gate runs backward alone, on units whose gradients are not 0 beforehand. An operand that it takes twice is the
    same unit, as in the circuit.
    """
    operands, out = gate.operands, gate.out
    upstream = out.grad if out.grad and isfinite(out.grad) else 1.0
    added = [partial * upstream for partial in partials]
    if not all(map(isfinite, added)):
        return []
    before = min(max(map(abs, added)) or 1.0, LARGEST_GRADIENT_BEFORE)
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
        terms = [term for operand, term in zip(operands, added, strict=True) if operand is unit]
        expected = before + sum(terms)
        allowed = 2 * len(terms) * MACHINE_EPSILON * (before + sum(map(abs, terms)))
        if isfinite(expected) and not abs(after[position] - expected) <= allowed:
            reason = f"its backward pass takes {before:g} to {after[position]:g} instead of {expected:g}"
            wrong.append(
                Comparison(
                    after[position], expected, allowed, WRONG, operand=gate.rule.operands[position], reason=reason
                )
            )
    return wrong


def partial_reference(
    rule: Rule, values: tuple[float, ...], position: int, steps: tuple[int, ...] | None = None
) -> PartialReference:
    """Return the exact slopes of a rule's value in the operand at `position`, and its partial derivative by formula.

    Args:
        rule: the rule.
        values: the values of the operands.
        position: the operand.
        steps: the steps of the differences, as negative powers of 10; those of `exact_slopes` when left out.

    >>> from circuitgrad.gates.table import find
    >>> exact, by_rule = partial_reference(find("mul"), (3.0, 0.5), 1)
    >>> float(exact.slope), float(by_rule)
    (3.0, 3.0)
    """
    return references(rule, steps)(values, position)


@once_a_rule
def references(rule: Rule, steps: tuple[int, ...] | None = None) -> _lru_cache_wrapper[PartialReference]:
    """Return a rule's `partial_reference`, which keeps the latest results as long as there is the rule."""
    import mpmath

    from circuitgrad.gates.compiled import partials_function, value_function
    from circuitgrad.gates.kinks import branch_function
    from circuitgrad.gates.multiprecision import MULTIPRECISION
    from circuitgrad.methods.check.exact_slopes import STEP_EXPONENTS, FunctionSample, exact_slopes
    from circuitgrad.methods.exact_values import converged

    value, branch_of = value_function(rule, MULTIPRECISION), branch_function(rule, MULTIPRECISION)

    @lru_cache(POINTS_KEPT)
    def at(values: tuple[float, ...]) -> tuple[list[Any], list[Any], int]:
        """Return the operands, the value and the partial derivatives by the rules, and the digits to spare."""
        point = [mpmath.mpf(number) for number in values]

        def run(digits: int) -> list[Any]:
            """Return the value and the partial derivatives by the rules."""
            with mpmath.workdps(digits):
                out = value(*point)
                return [mpmath.mpf(number) for number in (out, *partials_function(rule, MULTIPRECISION)(*point, out))]

        numbers, spare, _ = converged(run)
        return point, numbers, spare

    @lru_cache(REFERENCES_KEPT)
    def reference(values: tuple[float, ...], position: int) -> PartialReference:
        point, (out, *partials), spare = at(values)
        effects = [out, *(x * partial for x, partial in zip(point, partials, strict=True))]
        size = sum(abs(effect) for effect in effects if mpmath.isfinite(effect))
        by_rule = partials[position]

        def sample(x: Any) -> FunctionSample:
            moved = [*point[:position], x, *point[position + 1 :]]
            return FunctionSample([value(*moved)], [branch_of(*moved)] if branch_of else [])

        [exact] = exact_slopes(sample, values[position], [by_rule], [size], spare, steps or STEP_EXPONENTS)
        return PartialReference(exact, by_rule)

    return reference

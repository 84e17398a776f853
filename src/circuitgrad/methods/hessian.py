"""Second derivatives: the backward pass on dual numbers, forward over reverse."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import Problem, quote
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.duals import Dual, duals, tangent_of
from circuitgrad.gates.kinks import branch_function
from circuitgrad.methods.nonfinite import call_text
from circuitgrad.methods.used_gates import varying_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule


KINK_STEP = 1e-7
"""The step, relative to the operand or 1, across which a slope changes at a kink, but hardly anywhere else."""
KINK_CHANGE = 1e-3
"""The change of a slope across a kink, at least."""
ASYMMETRY = 1e-3
"""The relative difference of two mixed derivatives that no rounding explains."""


def hessian(
    circuit: Circuit, output: str, names: Sequence[str] | None = None, arithmetic: Arithmetic = DOUBLES
) -> dict[str, dict[str, Any]]:
    """Return the second derivatives of an output in pairs of inputs, at the inputs' present values.

    The matrix is symmetric: a mixed derivative is the mean of the two that the passes along either input give. They
    differ by rounding, and where the rules have no second derivative; see `singular_gate`.

    Args:
        circuit: the circuit, which stays as it is.
        output: the wire to differentiate.
        names: the inputs; all when left out.
        arithmetic: the numbers to compute with.

    Raises:
        CircuitError: there is no such wire or input.

    >>> from circuitgrad import from_expression
    >>> hessian(from_expression("x*x*y", x=3, y=5), "out")
    {'x': {'x': 10.0, 'y': 6.0}, 'y': {'x': 6.0, 'y': 0.0}}
    """
    rows = tangent_rows(circuit, output, names, arithmetic)
    return {
        first: {second: mean_of(number, rows[second][first]) for second, number in row.items()}
        for first, row in rows.items()
    }


def mean_of(first: Any, second: Any) -> Any:
    """Return the mean of two numbers; the bits of equal ones stay."""
    return first if first == second else first / 2 + second / 2


def tangent_rows(
    circuit: Circuit, output: str, names: Sequence[str] | None = None, arithmetic: Arithmetic = DOUBLES
) -> dict[str, dict[str, Any]]:
    """Return, per input, the derivatives along it of the derivatives in all inputs: each mixed one twice.

    One backward pass over dual numbers gives the row of an input along which the tangent points.

    Source: Griewank and Walther, "Evaluating Derivatives", 2nd ed., 2008, section 5.1: forward over reverse.

    Args:
        circuit: the circuit, which stays as it is.
        output: the wire to differentiate.
        names: the inputs; all when left out.
        arithmetic: the numbers to compute with.

    Raises:
        CircuitError: there is no such wire or input.

    >>> from circuitgrad import from_expression
    >>> tangent_rows(from_expression("x**y", x=0, y=1), "out")
    {'x': {'x': 0.0, 'y': -inf}, 'y': {'x': -inf, 'y': 0.0}}
    """
    twin = circuit.over(duals(arithmetic))
    chosen = list(circuit.inputs) if names is None else list(names)
    twin.assign({name: circuit[name].value for name in chosen})  # which refuses what is no input
    rows = {}
    for name in chosen:
        unit: Any = twin[name]
        value = unit.value.value
        unit.value = Dual(value, arithmetic.number(1.0))
        gradient = twin.backward(output)
        rows[name] = {second: tangent_of(gradient[second]) for second in chosen}
        unit.value = Dual(value)
    return rows


def singular_gate(circuit: Circuit, output: str, names: Sequence[str] | None = None) -> Problem | None:
    """Return a note on the first gate, from the output backwards, without second derivatives at its operands, or None.

    There the Hessian follows the conventions of the rules, and may be wrong. Conditions, and what they shut off, need
    none.

    Args:
        circuit: the circuit, after a pass.
        output: the wire that was differentiated.
        names: the inputs whose derivatives count; all when left out.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("hypot(x, y)**2", x=0, y=0)
    >>> _ = circuit.forward()
    >>> singular_gate(circuit, "out").message
    "'out.1' has no finite second derivatives at hypot(0.0, 0.0)"
    """
    units, first = circuit.units, circuit.first_gate
    varying = varying_slots(circuit, output, names)
    for index in reversed(range(len(circuit.rules))):
        if first + index not in varying:
            continue
        slots, rule, name = circuit.operands[index], circuit.rules[index], circuit.names[index]
        values = [units[slot].value for slot in slots]
        moving = [position for position, slot in enumerate(slots) if slot in varying]
        if all(map(isfinite, values)) and not _is_smooth(rule, values, moving):
            return Problem(
                f"{quote(name)} has no finite second derivatives at {call_text(circuit, index)}",
                circuit.locate(name),
                "those of the output may be wrong: circuitgrad check --order 2 tells",
            )
    return None


def _is_smooth(rule: Rule, values: Sequence[float], moving: Sequence[int]) -> bool:
    """Tell whether a gate has second derivatives in some operands: finite, symmetric, and at no kink."""
    partials = partials_function(rule, duals())
    value = value_function(rule, duals())
    rows = []
    for position in moving:
        point = [Dual(number, float(place == position)) for place, number in enumerate(values)]
        slopes = partials(*point, value(*point))
        rows.append([float(tangent_of(slopes[other])) for other in moving])
    for first, row in enumerate(rows):
        for second, number in enumerate(row):
            other = rows[second][first]
            if not isfinite(number) or abs(number - other) > ASYMMETRY * max(abs(number), abs(other)):
                return False
    branch_of = branch_function(rule)
    return branch_of is None or not branch_of(*values).tied or not _turns(rule, values, moving)


def _turns(rule: Rule, values: Sequence[float], moving: Sequence[int]) -> bool:
    """Tell whether a slope of a gate changes across its operands' values."""
    partials, value = partials_function(rule), value_function(rule)
    for position in moving:
        step = KINK_STEP * max(1.0, abs(values[position]))
        beside = []
        for moved in (values[position] - step, values[position] + step):
            point = [*values[:position], moved, *values[position + 1 :]]
            beside.append(partials(*point, value(*point)))
        if any(not abs(beside[0][other] - beside[1][other]) <= KINK_CHANGE for other in moving):
            return True
    return False

"""The values of wires in multiprecision, with as many digits as they need, and the digits that doubles keep."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath
from mpmath import mpf

from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.digits import right_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit

WORKING_DIGITS = 60
MOST_WORKING_DIGITS = 1000
CONVERGED_ERROR = mpf("1e-25")
"""The relative change, with twice the digits, below which a number has converged."""
VANISHING_RATIO = mpf("1e-30")
"""A number that shrinks by this with twice the digits is rounding alone."""
NEGLIGIBLE = mpf("1e-330")
"""A value below this is 0 for every double."""


class Converged(NamedTuple):
    """Numbers that were computed with more and more digits.

    Attributes:
        numbers: the numbers.
        spare: the digits beyond `WORKING_DIGITS` that they need.
        settled: whether twice as many digits change none of them.
    """

    numbers: list[Any]
    spare: int
    settled: bool


def converged(run: Callable[[int], list[Any]]) -> Converged:
    """Return numbers with enough digits that twice as many change nothing.

    A number that is rounding alone becomes 0. The search ends at some 2,000 digits.

    Args:
        run: computes the numbers with a number of digits.

    >>> def run(digits):
    ...     with mpmath.workdps(digits):
    ...         return [1 - mpmath.tanh(80) ** 2, mpmath.sqrt(3) ** 2 - 3]
    >>> (small, zero), spare, settled = converged(run)
    >>> mpmath.nstr(small, 5), zero == 0, spare, settled
    ('1.303e-69', True, 60, True)
    """
    digits, settled = WORKING_DIGITS, False
    numbers = run(digits)
    while digits < MOST_WORKING_DIGITS and not settled:
        finer = run(2 * digits)
        pairs = list(zip(numbers, finer, strict=True))
        numbers = [mpf(0) if abs(fine) <= VANISHING_RATIO * abs(number) else fine for number, fine in pairs]
        settled = all(_same(number, fine) for number, fine in pairs)
        digits *= 1 if settled else 2
    return Converged(numbers, digits - WORKING_DIGITS, settled)


def _same(number: Any, finer: Any) -> bool:
    """Tell whether a number has not changed with more digits, or is about to vanish."""
    if not (mpmath.isfinite(number) and mpmath.isfinite(finer)):
        return True
    return bool(abs(number - finer) <= CONVERGED_ERROR * abs(finer) or abs(finer) <= VANISHING_RATIO * abs(number))


def exact_values(circuit: Circuit, names: Sequence[str]) -> dict[str, Any]:
    """Return the values of wires at the inputs' present values, without rounding, as mpmath's numbers.

    Digits are added until the bound on the rounding error is negligible. What 2,000 digits do not settle is NaN.

    Args:
        circuit: the circuit, which stays as it is.
        names: the wires.

    Raises:
        CircuitError: there is no such wire.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("1 - cos(x)", x=1e-9)
    >>> mpmath.nstr(exact_values(circuit, ["out"])["out"], 5), circuit.forward()["out"]
    ('5.0e-19', 0.0)
    """
    twin = circuit.over(MULTIPRECISION)
    slots = [circuit.slot(name) for name in names]
    gates = sorted(circuit.upstream(slots))
    exact: dict[str, Any] = {}
    digits = WORKING_DIGITS
    while len(exact) < len(names) and digits <= 2 * MOST_WORKING_DIGITS:
        with mpmath.workdps(digits):
            values = twin.trace({})
            bounds = _rounding_bounds(twin, values, gates)
            for name, slot in zip(names, slots, strict=True):
                value, bound = mpf(values[slot]), bounds[slot]
                if not mpmath.isfinite(value) or bound <= CONVERGED_ERROR * abs(value):
                    exact.setdefault(name, value)
                elif abs(value) + bound <= NEGLIGIBLE:
                    exact.setdefault(name, mpf(0))
        digits *= 2
    return {name: exact.get(name, mpf(nan)) for name in names}


def _rounding_bounds(twin: Circuit, values: Sequence[Any], gates: Sequence[int]) -> list[Any]:
    """Return, per slot, the bound on its value's rounding error at the working precision: a running error analysis.

    A gate rounds its value, and passes its operands' errors on by its partial derivatives.

    Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 2002, section 3.3.

    Args:
        twin: the circuit in multiprecision.
        values: the values of all slots.
        gates: the gates that count, in topological order.
    """
    unit = mpf(10) ** (1 - mpmath.mp.dps)
    bounds = [mpf(0)] * len(values)
    for index in gates:
        rule, slots, slot = twin.rules[index], twin.operands[index], twin.first_gate + index
        if not mpmath.isfinite(values[slot]):
            continue
        bounds[slot] = abs(values[slot]) * unit
        moved = [position for position, operand in enumerate(slots) if bounds[operand]]
        if not moved:
            continue
        operands = [values[operand] for operand in slots]
        partials = partials_function(rule, MULTIPRECISION)(*operands, values[slot])
        for position in moved:
            bound = bounds[slots[position]]
            if mpmath.isfinite(partials[position]):
                bounds[slot] += abs(partials[position]) * bound
            else:  # as at the root of a root, where an error of e becomes sqrt(e)
                value = value_function(rule, MULTIPRECISION)
                for shift in (bound, -bound):
                    shifted = value(*operands[:position], operands[position] + shift, *operands[position + 1 :])
                    if mpmath.isfinite(shifted):
                        bounds[slot] += abs(shifted - values[slot])
    return bounds


def digits_of_wires(circuit: Circuit, values: Mapping[str, float]) -> dict[str, float]:
    """Return the right digits of every wire's value, 0 to 17; NaN where they cannot be told.

    Args:
        circuit: the circuit, with the inputs' values in question.
        values: the values of all wires in doubles.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("1 - cos(x)", x=1e-9)
    >>> digits_of_wires(circuit, circuit.forward())
    {'x': 17.0, 'out.1': 17.0, 'out': 0.0}
    """
    exact = exact_values(circuit, list(circuit))
    return {name: right_digits(relative_error(values[name], exact[name])) for name in circuit}


def relative_error(value: float, exact: Any) -> float:
    """Return the error of a double in units of the larger of it and the exact value; NaN where one is not finite.

    >>> relative_error(2.0, mpf(1)), relative_error(0.0, mpf(0)), relative_error(float("inf"), mpf(1))
    (0.5, 0.0, nan)
    """
    if value == exact:
        return 0.0
    if not (isfinite(value) and mpmath.isfinite(exact)):
        return nan
    return float(abs(value - exact) / max(abs(mpf(value)), abs(exact)))

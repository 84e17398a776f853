"""Numeric derivatives with an uncertainty: the complex step, and Ridders' extrapolation of central differences."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.check.finite_differences import SMOOTH_DOUBT, relative_doubt, rounding
from circuitgrad.methods.check.verdicts import SMALLEST_DOUBLE
from circuitgrad.methods.numeric import slopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.check.finite_differences import AlongInput

RIDDERS_DIVISOR = 1.4
MOST_ORDERS = 10
WORSENING = 2.0
"""An extrapolation ends when its highest order differs from the one before by this times the best uncertainty."""
FIRST_STEP = 0.1
"""The first step, relative to the larger of the point and 1: functions often bend noticeably within it."""
MOST_FIRST_STEPS = 60
SUFFICIENT_DOUBT_IN_DOUBLES = 1e-9
"""An estimate with less relative uncertainty needs no shorter first step."""


class SlopeEstimate(NamedTuple):
    """A numeric derivative and its uncertainty."""

    slope: float
    uncertainty: float

    @property
    def doubt(self) -> tuple[float, float]:
        """The sort key of uncertain slopes; see `relative_doubt`."""
        return relative_doubt(self.slope, self.uncertainty) if self.uncertainty else (0.0, 0.0)


def ridders(along: AlongInput, grads: Sequence[float], h: float | None = None) -> SlopeEstimate:
    """Return the derivative in an input by Ridders' method: central differences extrapolated to a step of 0.

    The first step is shortened until the output is finite within it, and further until the extrapolation's estimate of
    its own error is small.

    Args:
        along: the output as a function of the input.
        grads: the gradients of all slots, from which the rounding of the output follows.
        h: the first step; a tenth of the input, or of 1, when left out.

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4, 1982; Press et
    al., "Numerical Recipes", 3rd ed., section 5.7.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.check.finite_differences import AlongInput
    >>> estimate = ridders(AlongInput(from_expression("exp(x)", x=1), "out", "x"), [0.0, 0.0])
    >>> abs(estimate.slope - 2.718281828459045) < 1e-10
    True
    """
    x = along.x
    step = FIRST_STEP * max(abs(x), 1.0) if h is None else h
    best, best_doubt = SlopeEstimate(along.value(x) * 0.0, inf), (True, (1.0, inf))
    for _ in range(1 if h is not None else MOST_FIRST_STEPS):
        if x + step == x:
            break
        around = x - step, x + step
        if all(isfinite(along.value(point)) for point in around):
            noise = 2 * max(rounding(along.trace(point), grads) for point in around)
            estimate = _extrapolated(along.value, x, step, noise)
            changes_branch = along.changes_branch(*around)
            if changes_branch:
                # Across a corner the extrapolation does not see its error, but the one-sided slopes differ.
                sides = slopes(along.value, x, "central", step / RIDDERS_DIVISOR ** (MOST_ORDERS - 1))
                estimate = estimate._replace(uncertainty=estimate.uncertainty + abs(sides.right - sides.left))
            doubt = estimate.doubt[0] > SMOOTH_DOUBT and changes_branch, estimate.doubt
            if doubt < best_doubt:
                best, best_doubt = estimate, doubt
            if best_doubt[1][0] <= SUFFICIENT_DOUBT_IN_DOUBLES:
                break
        step /= 4
    return best


def _extrapolated(function: Callable[[float], float], x: float, step: float, noise: float) -> SlopeEstimate:
    """Return the most certain extrapolation of central differences with shorter and shorter steps (Neville's scheme).

    Args:
        function: the function.
        x: the point.
        step: the first step.
        noise: the rounding error of the function's values.
    """
    best = SlopeEstimate(inf, inf)
    above: list[float] = []
    for _ in range(MOST_ORDERS):
        orders = [(function(x + step) - function(x - step)) / ((x + step) - (x - step))]
        factor = 1.0
        for order, coarser in enumerate(above):
            factor *= RIDDERS_DIVISOR * RIDDERS_DIVISOR
            orders.append((orders[order] * factor - coarser) / (factor - 1))
            error = max(abs(orders[-1] - orders[-2]), abs(orders[-1] - coarser)) + noise / step
            if error <= best.uncertainty:
                best = SlopeEstimate(orders[-1], error)
        if above and abs(orders[-1] - above[-1]) >= WORSENING * best.uncertainty:
            break
        above = orders
        step /= RIDDERS_DIVISOR
        if x + step == x:
            break
    return best


def require_complex_rules(circuit: Circuit, outputs: Sequence[str]) -> None:
    """Require that every gate that the outputs depend on can take the complex step.

    Raises:
        CircuitError: a gate calls a primitive that has no complex rule.

    >>> from circuitgrad import from_expression
    >>> require_complex_rules(from_expression("erf(x)", x=1), ["out"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    circuitgrad.errors.CircuitError: ... error: 'out' cannot take the complex step: erf has no complex rule
    ...
    """
    from circuitgrad.gates.compiled import primitives_of
    from circuitgrad.gates.complexes import WITHOUT_CONTINUATION

    for index in sorted(circuit.upstream([circuit.slot(output) for output in outputs])):
        missing = sorted(primitives_of(circuit.rules[index]) & WITHOUT_CONTINUATION)
        if missing:
            name, gate = circuit.names[index], circuit.rules[index].name
            calls = "" if missing[0] == gate else f", which {gate} calls,"
            raise CircuitError.of(
                f"{quote(name)} cannot take the complex step: {missing[0]}{calls} has no complex rule",
                circuit.locate(name),
                "use another method, such as mp or central",
            )


def complex_slopes(circuit: Circuit, outputs: Sequence[str], name: str, largest: float = 1.0) -> list[SlopeEstimate]:
    """Return the derivative of every output in one input by the complex step: Im f(x + ih)/h.

    Args:
        circuit: the circuit.
        outputs: the outputs.
        name: the input.
        largest: the absolute value of the largest gradient of a wire, which magnifies an underflow there.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998.

    >>> from circuitgrad import from_expression
    >>> complex_slopes(from_expression("sin(x)", x=0.0), ["out"], "x")[0].slope
    1.0
    """
    from circuitgrad.gates.complexes import COMPLEXES, Complex

    twin = circuit.over(COMPLEXES)
    base, gates = twin.trace({}), circuit.downstream(name)
    x = circuit[name].value
    # Its square is lost beside x, which makes the result exact to rounding.
    size = abs(x) or 1.0
    h = max(1e-20 * size, min(1e-300, 1e-8 * size), 4 * SMALLEST_DOUBLE)
    slopes_by_step = []
    # The steps differ by no power of two, so that the rounding within the gates shows in the change.
    for step in (h, h / 3, h / 7):
        values = twin.retrace(base, name, Complex(x, step), gates)
        slopes_by_step.append([values[circuit.slot(output)].imag / step for output in outputs])
    # Gradients magnify an underflow in the wires.
    lost = 4 * SMALLEST_DOUBLE * max(1.0, size, largest) / h
    return [
        SlopeEstimate(column[-1], 4 * (max(column) - min(column)) + lost)
        for column in zip(*slopes_by_step, strict=True)
    ]

"""Two more numeric derivatives: the complex step, and Ridders' extrapolation of central differences."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.check.differences import relative_doubt, rounding
from circuitgrad.methods.check.verdicts import SMALLEST
from circuitgrad.methods.numeric import slopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.check.differences import Line

SHRINK = 1.4
ROWS = 10
WORSENED = 2.0
"""An extrapolation ends when its highest order is worse than the one before by this."""
FIRST = 0.1
"""The first step, relative to the point or to 1: as far as the function bends noticeably."""
TRIES = 60
SMOOTHED = 1e-2
"""Where gates take another branch within the step, an estimate that is this sure has seen no corner all the same."""
GOOD = 1e-9
"""An estimate with less relative uncertainty needs no shorter first step."""


class Estimate(NamedTuple):
    """A numeric derivative, and how far it may be off."""

    slope: float
    uncertainty: float

    @property
    def doubt(self) -> tuple[float, float]:
        """How uncertain the slope is in units of itself, and then as it is: the less, the better."""
        return relative_doubt(self.slope, self.uncertainty) if self.uncertainty else (0.0, 0.0)


def ridders(line: Line, grads: Sequence[float], h: float | None = None) -> Estimate:
    """Return the derivative along a line by Ridders' method: central differences extrapolated to a step of 0.

    The first step is shortened until all is finite within it, and further until the extrapolation's own estimate of
    its error is small.

    Args:
        line: the circuit along one input.
        grads: the gradients of all slots, which tell what rounding does to the output.
        h: the first step; a tenth of the input, or of 1, when left out.

    Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4, 1982; Press et
    al., "Numerical Recipes", 3rd ed., section 5.7.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.check.differences import Line
    >>> found = ridders(Line(from_expression("exp(x)", x=1), "out", "x"), [0.0, 0.0])
    >>> abs(found.slope - 2.718281828459045) < 1e-10
    True
    """
    x = line.x
    step = FIRST * max(abs(x), 1.0) if h is None else h
    best, best_doubt = Estimate(line.value(x) * 0.0, inf), (True, (1.0, inf))
    for _ in range(1 if h is not None else TRIES):
        if x + step == x:
            break
        around = x - step, x + step
        if all(isfinite(line.value(point)) for point in around):
            noise = 2 * max(rounding(line.trace(point), grads) for point in around)
            found = _extrapolated(line.value, x, step, noise)
            if line.branches(*around):
                # Across a corner the extrapolation knows nothing of its error, but the slopes on both sides do.
                sides = slopes(line.value, x, "central", step / SHRINK ** (ROWS - 1))
                found = found._replace(uncertainty=found.uncertainty + abs(sides.right - sides.left))
            doubt = found.doubt[0] > SMOOTHED and line.branches(*around), found.doubt
            if doubt < best_doubt:
                best, best_doubt = found, doubt
            if best_doubt[1][0] <= GOOD:
                break
        step /= 4
    return best


def _extrapolated(function: Callable[[float], float], x: float, step: float, noise: float) -> Estimate:
    """Extrapolate central differences of shorter and shorter steps (Neville's scheme) to the most certain one.

    Args:
        function: the function.
        x: the point.
        step: the first step.
        noise: what rounding may do to the function's values.
    """
    best = Estimate(inf, inf)
    above: list[float] = []
    for _ in range(ROWS):
        row = [(function(x + step) - function(x - step)) / ((x + step) - (x - step))]
        factor = 1.0
        for order, coarser in enumerate(above):
            factor *= SHRINK * SHRINK
            row.append((row[order] * factor - coarser) / (factor - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - coarser)) + noise / step
            if error <= best.uncertainty:
                best = Estimate(row[-1], error)
        if above and abs(row[-1] - above[-1]) >= WORSENED * best.uncertainty:
            break
        above = row
        step /= SHRINK
        if x + step == x:
            break
    return best


def require_complex_rules(circuit: Circuit, outputs: Sequence[str]) -> None:
    """Require that every gate that the outputs depend on can take the complex step.

    Raises:
        CircuitError: one cannot, for a primitive that it calls has no complex rule.

    >>> from circuitgrad import from_expression
    >>> require_complex_rules(from_expression("erf(x)", x=1), ["out"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    circuitgrad.errors.CircuitError: ... error: 'out' cannot take the complex step: erf has no complex rule
    ...
    """
    from circuitgrad.gates.compiled import primitives_of
    from circuitgrad.gates.complexes import COMPLEXES

    for index in sorted(circuit.upstream([circuit.slot(output) for output in outputs])):
        missing = sorted(primitives_of(circuit.rules[index]) - COMPLEXES.primitives.keys())
        if missing:
            name, gate = circuit.names[index], circuit.rules[index].name
            calls = "" if missing[0] == gate else f", which {gate} calls,"
            raise CircuitError.of(
                f"{quote(name)} cannot take the complex step: {missing[0]}{calls} has no complex rule",
                circuit.locate(name),
                "use another method, such as mp or central",
            )


def complex_slopes(circuit: Circuit, outputs: Sequence[str], name: str, largest: float = 1.0) -> list[Estimate]:
    """Return the derivative of every output in one input by the complex step: Im f(x + ih)/h.

    Args:
        circuit: the circuit.
        outputs: the outputs.
        name: the input.
        largest: the size of the largest gradient of a wire, by which what underflows there is magnified.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998.

    >>> from circuitgrad import from_expression
    >>> complex_slopes(from_expression("sin(x)", x=0.0), ["out"], "x")[0].slope
    1.0
    """
    from circuitgrad.gates.complexes import COMPLEXES, Complex

    twin = circuit.over(COMPLEXES)
    base, gates = twin.trace({}), circuit.downstream(name)
    x = circuit[name].value
    # So small that its square is lost beside x, which is what makes the result exact to rounding.
    size = abs(x) or 1.0
    h = max(1e-20 * size, min(1e-300, 1e-8 * size), 4 * SMALLEST)
    found = []
    # They differ by no power of two, so that the rounding within the gates, too, shows in the change.
    for step in (h, h / 3, h / 7):
        values = twin.retrace(base, name, Complex(x, step), gates)
        found.append([values[circuit.slot(output)].imag / step for output in outputs])
    # What underflows on the way is magnified by the gradients behind it.
    lost = 4 * SMALLEST * max(1.0, size, largest) / h
    return [Estimate(slopes[-1], 4 * (max(slopes) - min(slopes)) + lost) for slopes in zip(*found, strict=True)]

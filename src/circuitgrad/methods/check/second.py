"""Second derivatives on trial: forward over reverse against second differences of the values."""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import isfinite
from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import mpf

from circuitgrad.branches import state_rule
from circuitgrad.methods.check.exact import AGREED, Exact, one_side
from circuitgrad.methods.check.verdicts import NONFINITE, Comparison, Tolerance, judge, settle, worst
from circuitgrad.methods.hessian import hessian
from circuitgrad.methods.numeric import EPSILON
from circuitgrad.multiprecision import MULTIPRECISION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.language.nodes import Listener

DIGITS = 140
"""A second difference with a step of 1e-20 loses 40 digits, and what cancels in the circuit comes on top."""
STEP = mpf("1e-20")
FOURTH_ROOT = EPSILON**0.25


def check_hessian(
    circuit: Circuit, output: str, names: Sequence[str], tolerance: Tolerance, listen: Listener | None = None
) -> dict[str, Comparison]:
    """Compare every second derivative of an output with second differences of its values in multiprecision.

    Args:
        circuit: the circuit.
        output: the wire that is differentiated.
        names: the inputs whose pairs are checked.
        tolerance: how far a derivative may be off.
        listen: is told how far the work has come.

    Returns:
        Per pair `a, b` of inputs the worse of both mixed derivatives.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*x*y", x=3, y=5)
    >>> {pair: one.numeric for pair, one in check_hessian(circuit, "out", ["x", "y"], Tolerance(1e-9, 1e-14)).items()}
    {'x, x': 10.0, 'x, y': 6.0, 'y, y': 0.0}
    """
    analytic = hessian(circuit, output, names)
    with mpmath.workdps(DIGITS):
        rules = hessian(circuit, output, names, MULTIPRECISION)
        differences = _Seconds(circuit, output)
        found = {}
        pairs = list(combinations_with_replacement(names, 2))
        for count, (one, other) in enumerate(pairs):
            if listen is not None:
                listen("second derivatives checked", count, len(pairs))
            ends = {(one, other), (other, one)}
            if not all(isfinite(circuit[name].value) for name in (one, other)):
                found[f"{one}, {other}"] = worst(
                    [Comparison(analytic[a][b], mpmath.nan, 0.0, NONFINITE) for a, b in ends]
                )
                continue
            exact, ties = differences.exact(one, other, rules[one][other])
            judged = [judge(float(analytic[a][b]), rules[a][b], exact, tolerance) for a, b in ends]
            found[f"{one}, {other}"] = worst(judged)._replace(ties=ties)
        return found


class _Seconds:
    """Second differences of an output in pairs of inputs."""

    def __init__(self, circuit: Circuit, output: str) -> None:
        self._circuit = circuit
        self._twin = circuit.over(MULTIPRECISION)
        self._slot = circuit.slot(output)
        self._base = self._twin.trace({})
        needed = circuit.upstream([self._slot])
        self._gates = {
            name: [index for index in circuit.downstream(name) if index in needed] for name in circuit.inputs
        }

    def exact(self, one: str, other: str, expected: Any) -> tuple[Exact, tuple[str, ...]]:
        """Return the second derivative in two inputs, and the gates whose ties they cross."""
        if set(self._gates[one]).isdisjoint(self._gates[other]):
            return Exact(mpf(0), mpf(0), mpf(0), mpf(0)), ()
        ties = tuple(dict.fromkeys((*self._ties(one), *self._ties(other))))
        h, k = ((abs(self._base[self._circuit.slot(name)]) or mpf(1)) * STEP for name in (one, other))
        if ties:
            noise = self._noise(h * k / 4)
            sides = [
                one_side(
                    self._quarter(one, other, s * h, t * k), self._quarter(one, other, s * h / 2, t * k / 2), noise
                )
                for s in (1, -1)
                for t in (1, -1)
            ]
            quarters, doubts, _ = zip(*sides, strict=True)
            low, high, doubt = min(quarters), max(quarters), sum(doubts)
            return Exact(sum(quarters) / 4, low, high, doubt, kink=bool(high - low > doubt)), ties
        slope = self._central(one, other, h, k)
        doubt = mpf(0)
        if not abs(slope - expected) <= AGREED * abs(slope):
            doubt = 2 * abs(slope - self._central(one, other, h / 2, k / 2))
        return Exact(slope, slope, slope, doubt + self._noise(h * k)), ties

    def _noise(self, area: Any) -> Any:
        largest = max((abs(value) for value in self._base if mpmath.isfinite(value)), default=mpf(0))
        return mpf(10) ** (3 - DIGITS) * largest / area

    def _ties(self, name: str) -> list[str]:
        """Return the gates at a tie that an input crosses."""
        x = self._base[self._circuit.slot(name)]
        step = (abs(x) or mpf(1)) * STEP
        rows, operands = self._circuit.rows, self._circuit.operands
        around = [self._twin.retrace(self._base, name, x + side * step, self._gates[name]) for side in (-1, 1)]
        found = []
        for index in self._gates[name]:
            rule = state_rule(rows[index], MULTIPRECISION)
            if rule is None:
                continue
            here, below, above = (rule(*[values[slot] for slot in operands[index]]) for values in (self._base, *around))
            if here.tied and (here.differs(below) or here.differs(above)):
                found.append(self._circuit.names[index])
        return found

    def _value(self, one: str, other: str, h: Any, k: Any) -> Any:
        """Return the output with both inputs moved; one that is both is moved by the sum."""
        values = self._base
        for name, step in ((one, h), (other, k)):
            if step:
                at = values[self._circuit.slot(name)] + step
                values = self._twin.retrace(values, name, at, self._gates[name])
        return values[self._slot]

    def _central(self, one: str, other: str, h: Any, k: Any) -> Any:
        corners = (s * t * self._value(one, other, s * h, t * k) for s in (1, -1) for t in (1, -1))
        return sum(corners) / (4 * h * k)

    def _quarter(self, one: str, other: str, h: Any, k: Any) -> Any:
        """Return the second difference to one side in each input."""
        both = self._value(one, other, h, k)
        return (both - self._value(one, other, h, 0) - self._value(one, other, 0, k) + self._base[self._slot]) / (h * k)


def check_hessian_in_doubles(
    circuit: Circuit, output: str, names: Sequence[str], rtol: float, atol: float
) -> dict[str, Comparison]:
    """Compare every second derivative with central differences of the gradient.

    They are uncertain by their change when the step is halved, and by the rounding of the gradients.

    >>> from circuitgrad import from_expression
    >>> found = check_hessian_in_doubles(from_expression("x*x*y", x=3, y=5), "out", ["x", "y"], 1e-5, 0.0)
    >>> {one.verdict for one in found.values()}
    {'ok'}
    """
    analytic = hessian(circuit, output, names)
    own = circuit.values()
    rows: dict[str, tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float]]] = {}
    for name in names:
        step = FOURTH_ROOT * max(1.0, abs(own[name]))
        noise = {other: 8 * EPSILON * abs(slope) / step for other, slope in circuit.backward(output).items()}
        rows[name] = _slope(circuit, output, name, step), _slope(circuit, output, name, step / 2), noise
    circuit.assign(own)
    circuit.backward(output)
    found = {}
    for one, other in combinations_with_replacement(names, 2):
        whole, half, lost = [column[other] for column in rows[one]]
        uncertainty = 4 * abs(whole - half) + lost
        ends = {(one, other), (other, one)}
        judged = [settle(analytic[a][b], half, uncertainty, rtol, atol) for a, b in ends]
        found[f"{one}, {other}"] = worst(judged)
    return found


def _slope(circuit: Circuit, output: str, name: str, step: float) -> dict[str, float]:
    """Return the central difference of the gradient in one input."""
    x = circuit.values()[name]
    gradients = []
    for at in (x + step, x - step):
        circuit.assign({name: at})
        gradients.append(circuit.backward(output))
    circuit.assign({name: x})
    above, below = gradients
    return {other: (above[other] - below[other]) / (2 * step) for other in circuit.inputs}

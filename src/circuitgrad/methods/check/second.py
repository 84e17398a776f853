"""Second derivatives on trial: forward over reverse against second differences of the values."""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import isfinite
from typing import TYPE_CHECKING, Any

import mpmath

from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.check.exact import converged
from circuitgrad.methods.check.reference import Reference
from circuitgrad.methods.check.verdicts import Comparison, Tolerance, judge, settle, worst
from circuitgrad.methods.hessian import hessian
from circuitgrad.methods.numeric import EPSILON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.language.nodes import Listener

FOURTH_ROOT = EPSILON**0.25


def check_hessian(
    circuit: Circuit, output: str, names: Sequence[str], tolerance: Tolerance, listen: Listener | None = None
) -> dict[str, Comparison]:
    """Compare every second derivative of an output with the slope of a slope of its value, in multiprecision.

    Args:
        circuit: the circuit.
        output: the wire that is differentiated.
        names: the inputs whose pairs are checked.
        tolerance: how far a derivative may be off, absolutely in units of the largest second derivative.
        listen: is told how far the work has come.

    Returns:
        Per pair `a, b` of inputs the worse of both mixed derivatives.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*x*y", x=3, y=5)
    >>> {pair: one.numeric for pair, one in check_hessian(circuit, "out", ["x", "y"], Tolerance(1e-9, 1e-14)).items()}
    {'x, x': 10.0, 'x, y': 6.0, 'y, y': 0.0}
    """
    analytic = hessian(circuit, output, names)
    tolerance = tolerance.scaled(_largest(analytic))
    reference = Reference(circuit, [output])

    def run(digits: int) -> list[Any]:
        with mpmath.workdps(digits):
            rows = hessian(circuit, output, names, MULTIPRECISION).values()
            return [mpmath.mpf(number) for row in rows for number in row.values()]

    numbers = iter(converged(run)[0])
    rules = {one: {other: next(numbers) for other in names} for one in names}
    sizes = {name: max(map(abs, row.values())) for name, row in rules.items()}
    kinked = [name for name in names if reference.slopes(name)[0][0].kink]
    # Along an input at a kink both sides are seen; the derivative in it has but one value.
    order = [*kinked, *(name for name in names if name not in kinked)]
    found: dict[frozenset[str], Comparison] = {}
    for count, one in enumerate(order):
        others = order[count:]
        exacts = reference.second_slopes(one, others, [rules[one][other] for other in others])
        for other, (exact, ties) in zip(others, exacts, strict=True):
            # The literal numbers in a rule are doubles.
            slack = 4 * EPSILON * float(max(sizes[one], sizes[other]))
            judged = [
                judge(float(analytic[a][b]), rules[a][b], exact, tolerance, slack=slack if isfinite(slack) else 0.0)
                for a, b in dict.fromkeys([(one, other), (other, one)])
            ]
            found[frozenset((one, other))] = worst(judged)._replace(ties=ties)
        if listen is not None:
            listen("inputs differentiated", count, len(order))
    return {f"{a}, {b}": found[frozenset((a, b))] for a, b in combinations_with_replacement(names, 2)}


def check_hessian_in_doubles(
    circuit: Circuit, output: str, names: Sequence[str], tolerance: Tolerance, listen: Listener | None = None
) -> dict[str, Comparison]:
    """Compare every second derivative with central differences of the gradient.

    They are uncertain by their change when the step is halved, and by the rounding of the gradients. Arguments and
    result are those of `check_hessian`.

    >>> from circuitgrad import from_expression
    >>> found = check_hessian_in_doubles(from_expression("x*x*y", x=3, y=5), "out", ["x", "y"], Tolerance(1e-5, 0.0))
    >>> {one.verdict for one in found.values()}
    {'ok'}
    """
    analytic = hessian(circuit, output, names)
    tolerance = tolerance.scaled(_largest(analytic))
    own = circuit.values()
    rows: dict[str, tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float]]] = {}
    for count, name in enumerate(names):
        step = FOURTH_ROOT * max(1.0, abs(own[name]))
        noises = {other: 8 * EPSILON * abs(slope) / step for other, slope in circuit.backward(output).items()}
        rows[name] = _slope(circuit, output, name, step), _slope(circuit, output, name, step / 2), noises
        if listen is not None:
            listen("inputs differentiated", count, len(names))
    circuit.backward(output)
    found = {}
    for one, other in combinations_with_replacement(names, 2):
        whole, half, noise = [column[other] for column in rows[one]]
        uncertainty = 4 * abs(whole - half) + noise
        judged = [
            settle(analytic[a][b], half, uncertainty, tolerance.rtol, tolerance.atol)
            for a, b in dict.fromkeys([(one, other), (other, one)])
        ]
        found[f"{one}, {other}"] = worst(judged)
    return found


def _largest(found: Mapping[str, Mapping[str, float]]) -> float:
    """Return the size of the largest of all second derivatives that are finite."""
    return max((abs(number) for row in found.values() for number in row.values() if isfinite(number)), default=0.0)


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

"""Checking second derivatives: forward over reverse against differences of derivatives."""

from __future__ import annotations

from functools import cache, partial
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import mpmath

from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.check.exact_derivatives import ExactDerivatives
from circuitgrad.methods.check.verdicts import (
    Comparison,
    Tolerance,
    judge,
    literal_slack,
    settle,
    unsettled,
    worst,
)
from circuitgrad.methods.exact_values import converged
from circuitgrad.methods.hessian import tangent_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.language.nodes import Listener

FOURTH_ROOT_OF_EPSILON = MACHINE_EPSILON**0.25


def check_hessian(
    circuit: Circuit, output: str, names: Sequence[str], tolerance: Tolerance, listen: Listener | None = None
) -> dict[str, Comparison]:
    """Compare every second derivative of an output with second differences of its value, in multiprecision.

    Args:
        circuit: the circuit.
        output: the wire that is differentiated.
        names: the inputs whose pairs are checked.
        tolerance: the tolerance.
        listen: called with the progress.

    Returns:
        Per pair `a, b` of inputs, the worse comparison of the two mixed derivatives.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*x*y", x=3, y=5)
    >>> comparisons = check_hessian(circuit, "out", ["x", "y"], Tolerance(1e-9, 1e-14))
    >>> {pair: comparison.numeric for pair, comparison in comparisons.items()}
    {'x, x': 10.0, 'x, y': 6.0, 'y, y': 0.0}
    """
    analytic = tangent_rows(circuit, output, names)
    derivatives = ExactDerivatives(circuit, [output])
    rules = _by_rules(circuit, output, names)
    if rules is None:
        return {f"{a}, {b}": unsettled(analytic[a][b]) for a, b in combinations_with_replacement(names, 2)}
    sizes = {name: max(map(abs, row.values())) for name, row in rules.items()}
    kinked = [name for name in names if derivatives.slopes(name)[0][0].kink]
    # Differences along an input at a kink see both sides; the derivative in that input has only one value there.
    order = [*kinked, *(name for name in names if name not in kinked)]
    comparisons: dict[frozenset[str], Comparison] = {}
    for count, first in enumerate(order):
        partners = order[count:]
        exacts = derivatives.second_slopes(first, partners, [rules[first][second] for second in partners])
        for second, (exact, ties) in zip(partners, exacts, strict=True):
            slack = literal_slack(float(max(sizes[first], sizes[second])))
            judged = [
                judge(float(analytic[a][b]), rules[a][b], exact, tolerance, slack=slack)
                for a, b in dict.fromkeys([(first, second), (second, first)])
            ]
            comparisons[frozenset((first, second))] = worst(judged)._replace(ties=ties)
        if listen is not None:
            listen("inputs differentiated", count, len(order))
    return {f"{a}, {b}": comparisons[frozenset((a, b))] for a, b in combinations_with_replacement(names, 2)}


def _by_rules(circuit: Circuit, output: str, names: Sequence[str]) -> dict[str, dict[str, Any]] | None:
    """Return the second derivatives by the rules, without rounding; None where no number of digits settles them."""

    def run(digits: int) -> list[Any]:
        with mpmath.workdps(digits):
            rows = tangent_rows(circuit, output, names, MULTIPRECISION).values()
            return [mpmath.mpf(number) for row in rows for number in row.values()]

    numbers, _, settled = converged(run)
    remaining = iter(numbers)
    return {first: {second: next(remaining) for second in names} for first in names} if settled else None


def check_hessian_in_doubles(
    circuit: Circuit, output: str, names: Sequence[str], tolerance: Tolerance, listen: Listener | None = None
) -> dict[str, Comparison]:
    """Compare every second derivative with central differences of the gradient.

    Their uncertainty is their change when the step is halved, plus the rounding of the gradients. The arguments and
    the result are those of `check_hessian`.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*x*y", x=3, y=5)
    >>> comparisons = check_hessian_in_doubles(circuit, "out", ["x", "y"], Tolerance(1e-5, 0.0))
    >>> {comparison.verdict for comparison in comparisons.values()}
    {'ok'}
    """
    analytic = tangent_rows(circuit, output, names)
    values = circuit.values()
    rows: dict[str, tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float]]] = {}
    for count, name in enumerate(names):
        step = FOURTH_ROOT_OF_EPSILON * max(1.0, abs(values[name]))
        noises = {wire: 8 * MACHINE_EPSILON * abs(slope) / step for wire, slope in circuit.backward(output).items()}
        rows[name] = _slope(circuit, output, name, step), _slope(circuit, output, name, step / 2), noises
        if listen is not None:
            listen("inputs differentiated", count, len(names))
    circuit.backward(output)
    comparisons = {}
    by_rules = cache(lambda: _by_rules(circuit, output, names))

    def is_zero(a: str, b: str) -> bool:
        rules = by_rules()
        return rules is not None and bool(rules[a][b] == 0)

    for first, second in combinations_with_replacement(names, 2):
        coarser, finer, noise = [row[second] for row in rows[first]]
        uncertainty = 4 * abs(coarser - finer) + noise
        judged = [
            settle(analytic[a][b], finer, uncertainty, tolerance.rtol, tolerance.atol, partial(is_zero, a, b))
            for a, b in dict.fromkeys([(first, second), (second, first)])
        ]
        comparisons[f"{first}, {second}"] = worst(judged)
    return comparisons


def _slope(circuit: Circuit, output: str, name: str, step: float) -> dict[str, float]:
    """Return the central difference of the gradient in one input."""
    x = circuit.values()[name]
    gradients = []
    for at in (x + step, x - step):
        circuit.assign({name: at})
        gradients.append(circuit.backward(output))
    circuit.assign({name: x})
    above, below = gradients
    return {second: (above[second] - below[second]) / (2 * step) for second in circuit.inputs}

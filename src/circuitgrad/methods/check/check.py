"""Checking a circuit: every derivative against a reference, every gate alone, every sum over consumers."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.methods.check.branches_taken import BranchesTaken
from circuitgrad.methods.check.finite_differences import require_steps
from circuitgrad.methods.check.input_points import InputPoint
from circuitgrad.methods.check.point_check import GATE_RTOL, PointChecker
from circuitgrad.methods.check.result import Check
from circuitgrad.methods.check.trials import try_definitions
from circuitgrad.methods.check.verdicts import INACCURATE, OK, UNUSED, WRONG, Comparison, Tolerance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.language.nodes import Listener

RULES_RTOL = 1e-14
"""The relative tolerance of a derivative rule without rounding: the literal numbers in it are doubles."""
DEFAULT_RTOL = {"mp": 1e-9, "complex": 1e-10, "ridders": 1e-7, "central": 1e-6, "forward": 1e-3}
"""The relative tolerance between analytic and numeric derivative, by method, the strictest first."""
SECOND_RTOL = {"mp": 1e-9, "central": 1e-5}
"""The same for second derivatives."""
METHODS_WITH_STEP = ("central", "forward", "ridders")
"""The methods that take a step."""
EXPECT_RTOL = 1e-9
ATOL_OF_ZERO = 1e-12
"""How far a value may be from an expected 0, which has no size of its own to be judged by."""
MOST_EVALUATIONS = 1_000_000
"""The most evaluations of gates in multiprecision, some ten seconds' worth, before `auto` prefers doubles."""
EVALUATIONS_PER_GATE = 8
"""The evaluations of a gate that checking it alone costs."""
EVALUATIONS_PER_INPUT = 3
"""The evaluations, of every gate that an input reaches, that checking the derivative in it costs."""
EVALUATIONS_PER_PAIR = 6
"""The evaluations, of every gate that one of two inputs reaches, that checking their second derivative costs."""


def check(
    circuit: Circuit,
    outputs: Sequence[str] | None = None,
    *,
    wrt: Sequence[str] | None = None,
    method: str = "auto",
    h: float | None = None,
    rtol: float | None = None,
    atol: float = 0.0,
    digits: int | None = None,
    order: int = 1,
    points: Sequence[InputPoint] = (),
    listen: Listener | None = None,
) -> Check:
    """Check a circuit's derivatives, and its `expect:` block at the inputs' present values.

    With the method `mp` the reference is the slope of the value rules at 60 digits or more. A backward pass at 60
    digits has to agree with it to 1e-14: otherwise a derivative is `wrong`. The backward pass in doubles has to agree
    to `rtol`: otherwise a derivative is `inaccurate`. So is the value of an output that the value at 60 digits does
    not confirm to `rtol`.

    With every method, each gate is checked alone, and each wire's gradient is compared with the sum over its
    consumers. This traces a fault to the gate that makes it. Definitions with hand-written partial derivatives are
    tried alone, too: on every side of their conditions, whether the circuit gets there or not.

    Args:
        circuit: the circuit, which stays as it is.
        outputs: the outputs to differentiate; the circuit's own when left out.
        wrt: the inputs whose derivatives are checked; all when left out.
        method: `mp`, `central`, `forward`, `complex` or `ridders`; `auto` takes `mp` where the work allows.
        h: the step of a difference; the method's own when left out.
        rtol: the relative tolerance, of the rules, too; the method's own when left out (see `DEFAULT_RTOL`).
        atol: an absolute tolerance of values and derivatives.
        digits: the right digits that every value and derivative must have whose error is above `atol`; none when left
            out.
        order: 1 for first derivatives, 2 for the Hessian.
        points: further points to check at.
        listen: called with the progress.

    Raises:
        CircuitError: there is no such method, output or input; an input is so large that h does not move it; or the
            method does not support a gate.

    >>> from circuitgrad import load
    >>> result = check(load("circuits/neuron.yaml"))
    >>> result.passed, result.method
    (True, 'mp')
    """
    chosen = circuit.outputs if outputs is None else tuple(outputs)
    names = list(circuit.inputs) if wrt is None else list(wrt)
    default_rtol = SECOND_RTOL if order == 2 else DEFAULT_RTOL
    if method != "auto" and method not in default_rtol:
        hint = did_you_mean(method, default_rtol) or f"one of {', '.join(default_rtol)}"
        what = "second derivatives" if order == 2 and method in DEFAULT_RTOL else "derivatives"
        raise CircuitError.of(f"no method for {what} is called {quote(method)}", hint=hint)
    method, why = _choose(circuit, chosen, names, method, h, order, 1 + len(points))
    if h is not None:
        if method not in METHODS_WITH_STEP or order == 2:
            what = "a check of second derivatives" if order == 2 else f"the method {method}"
            raise CircuitError.of(
                f"{what} takes no h", hint=f"{', '.join(METHODS_WITH_STEP)} do, for first derivatives"
            )
        require_steps(circuit.values(), h)
    if method == "complex":
        from circuitgrad.methods.check.slope_estimates import require_complex_rules

        require_complex_rules(circuit, chosen)
    rules = RULES_RTOL if rtol is None else rtol
    tolerance = Tolerance(default_rtol[method] if rtol is None else rtol, rules, atol)
    value_rtol = DEFAULT_RTOL["mp"] if rtol is None else rtol
    checker = PointChecker(circuit, chosen, names, method, h, tolerance, value_rtol, digits, order)
    file_values = circuit.values()
    expect = _compare_expected(circuit, value_rtol, atol)
    point_checks = []
    branches = BranchesTaken(circuit, chosen)
    try:
        for count, point in enumerate([InputPoint("the file's values", {}), *points]):
            circuit.assign({**file_values, **point.values})
            point_checks.append(checker.at(point, listen))
            branches.note({name for name, gate in point_checks[-1].gates.items() if gate.verdict == UNUSED})
            if listen is not None:
                listen("points checked", count + 1, 1 + len(points))
    finally:
        circuit.assign(file_values)
        circuit.forward()
    guilty = {name for checked in point_checks for name, gate in checked.gates.items() if gate.verdict == WRONG}
    trials = try_definitions(circuit, Tolerance(max(rules, GATE_RTOL), rules), guilty)
    return Check(
        circuit, chosen, method, why, h, tolerance.rtol, atol, digits, order, point_checks, expect,
        trials=trials, never_taken=branches.never(),
    )  # fmt: skip


def _choose(
    circuit: Circuit,
    outputs: Sequence[str],
    names: Sequence[str],
    method: str,
    h: float | None,
    order: int,
    points: int,
) -> tuple[str, str]:
    """Return the method for `auto`, and the reason if it is not the strictest."""
    if method != "auto":
        return method, ""
    if h is not None:
        return "central", "h is given"
    needed = circuit.upstream([circuit.slot(output) for output in outputs])
    evaluations = EVALUATIONS_PER_GATE * len(circuit.rules)
    per_gate = EVALUATIONS_PER_INPUT if order == 1 else EVALUATIONS_PER_PAIR * (len(names) + 1)
    for name in names:
        evaluations += per_gate * len(needed.intersection(circuit.downstream(name)))
        if evaluations * points > MOST_EVALUATIONS:
            return "central", f"mp would compute over {MOST_EVALUATIONS:,} gates"
    return "mp", ""


def _compare_expected(circuit: Circuit, rtol: float, atol: float) -> dict[str, Comparison]:
    """Compare the wires of the `expect:` block with the expected values, at the inputs' present values.

    Where only doubles miss the expected value, the comparison says so.
    """
    values = circuit.forward()
    comparisons = {
        name: compare_expected(values[name], expected, rtol, atol) for name, expected in circuit.expect.items()
    }
    missed = [name for name, comparison in comparisons.items() if comparison.failed]
    if missed:
        from circuitgrad.methods.exact_values import exact_values

        for name, exact in exact_values(circuit, missed).items():
            expected = circuit.expect[name]
            if not compare_expected(float(exact), expected, rtol, atol).failed:
                comparisons[name] = comparisons[name]._replace(verdict=INACCURATE, falls_short=True)
    return comparisons


def compare_expected(value: float, expected: float, rtol: float = EXPECT_RTOL, atol: float = 0.0) -> Comparison:
    """Compare a value with the expected one; an infinity or NaN has to be met exactly.

    Args:
        value: the value.
        expected: the expected value.
        rtol: the relative tolerance.
        atol: the absolute tolerance; of an expected 0 at least `ATOL_OF_ZERO`.

    >>> compare_expected(1.0, 1.0 + 1e-10).failed, compare_expected(1.0, 2.0).failed
    (False, True)
    """
    if not isfinite(expected):
        met = value == expected or (value != value and expected != expected)
        return Comparison(value, expected, 0.0, OK if met else WRONG)
    tolerance = rtol * abs(expected) + (atol if expected else max(atol, ATOL_OF_ZERO))
    return Comparison(value, expected, tolerance, OK if abs(value - expected) <= tolerance else WRONG)

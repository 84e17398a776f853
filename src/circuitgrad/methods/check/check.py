"""A circuit's derivatives on trial: every input against a reference, every gate alone, every sum over consumers."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.methods.check.differences import require_steps
from circuitgrad.methods.check.outcome import Check, PointCheck
from circuitgrad.methods.check.points import Point
from circuitgrad.methods.check.trial import Examination
from circuitgrad.methods.check.verdicts import OK, WRONG, Comparison, Tolerance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.language.nodes import Listener

__all__ = ["Check", "PointCheck", "check", "compare_expected"]

RULES_RTOL = 1e-14
"""How far a rule may be from the slope of its value where nothing is rounded: the literal numbers in it are doubles."""
DEFAULT_RTOL = {"mp": 1e-9, "complex": 1e-10, "ridders": 1e-7, "central": 1e-6, "forward": 1e-3}
"""The methods, the strictest first, and how far the analytic derivative may be from the numeric one, relatively."""
SECOND_RTOL = {"mp": 1e-9, "central": 1e-5}
"""The methods for second derivatives."""
STEPPED = ("central", "forward", "ridders")
"""The methods that take a step."""
DEFAULT_ATOL = 1e-15
EXPECT_RTOL = 1e-9
EXPECT_ATOL = 1e-12
MOST_WORK = 1_000_000
"""So many gates are computed in multiprecision, some ten seconds' worth, before `auto` prefers doubles."""
GATE_WORK = 8
"""How many evaluations of a gate its own trial costs."""
INPUT_WORK = 3
"""How many evaluations an input costs of every gate that it reaches."""
PAIR_WORK = 6
"""How many a pair of inputs costs of every gate that either of them reaches."""


def check(
    circuit: Circuit,
    outputs: Sequence[str] | None = None,
    *,
    wrt: Sequence[str] | None = None,
    method: str = "auto",
    h: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    order: int = 1,
    points: Sequence[Point] = (),
    listen: Listener | None = None,
) -> Check:
    """Check a circuit's derivatives, and its `expect:` block at the inputs' present values.

    With the method `mp` the reference is the slope of the value rules at 60 digits or more. The rules, run backward at
    60 digits, have to agree with it to 1e-14: otherwise a derivative is `wrong`. What doubles compute has to agree to
    `rtol`: otherwise it is `inaccurate`.

    Whatever the method, every gate is tried alone, and every wire's gradient is held against the sum over its
    consumers, so that a fault is traced to the gate that makes it.

    Args:
        circuit: the circuit, which stays as it is.
        outputs: the outputs to differentiate; the circuit's own when left out.
        wrt: the inputs whose derivatives are checked; all when left out.
        method: `mp`, `central`, `forward`, `complex` or `ridders`; `auto` takes `mp` where the work allows.
        h: the step of a difference; the method's own when left out.
        rtol: the relative tolerance, of the rules, too; the method's own when left out (see `DEFAULT_RTOL`).
        atol: an absolute tolerance, in units of an output's largest gradient, of the rules, too; when left out, 1e-15
            and none for the rules.
        order: 1 for first derivatives, 2 for the Hessian.
        points: further points to check at.
        listen: is told how far the work has come.

    Raises:
        CircuitError: there is no such method, output or input; an input is so large that h does not move it; or the
            method is no match for a gate.

    >>> from circuitgrad import load
    >>> found = check(load("circuits/neuron.yaml"))
    >>> found.passed, found.method
    (True, 'mp')
    """
    chosen = circuit.outputs if outputs is None else tuple(outputs)
    names = list(circuit.inputs) if wrt is None else list(wrt)
    known = SECOND_RTOL if order == 2 else DEFAULT_RTOL
    if method != "auto" and method not in known:
        hint = did_you_mean(method, known) or f"one of {', '.join(known)}"
        what = "second derivatives" if order == 2 and method in DEFAULT_RTOL else "derivatives"
        raise CircuitError.of(f"no method for {what} is called {quote(method)}", hint=hint)
    method, why = _choose(circuit, chosen, names, method, h, order, 1 + len(points))
    if h is not None:
        if method not in STEPPED or order == 2:
            what = "a check of second derivatives" if order == 2 else f"the method {method}"
            raise CircuitError.of(f"{what} takes no h", hint=f"{', '.join(STEPPED)} do, for first derivatives")
        require_steps(circuit.values(), h)
    if method == "complex":
        from circuitgrad.methods.check.estimates import require_complex_rules

        require_complex_rules(circuit, chosen)
    rules = RULES_RTOL if rtol is None else rtol
    tolerance = Tolerance(
        known[method] if rtol is None else rtol, rules, DEFAULT_ATOL if atol is None else atol, atol or 0.0
    )
    trial = Examination(circuit, chosen, names, method, h, tolerance, order)
    own = circuit.values()
    values = circuit.forward()
    expect = {name: compare_expected(values[name], wanted) for name, wanted in circuit.expect.items()}
    found = []
    try:
        for count, point in enumerate([Point("the file's values", {}), *points]):
            circuit.assign({**own, **point.values})
            found.append(trial.at(point, listen))
            if listen is not None:
                listen("points checked", count + 1, 1 + len(points))
    finally:
        circuit.assign(own)
        circuit.forward()
    return Check(circuit, chosen, method, why, h, tolerance.rtol, tolerance.atol, order, found, expect)


def _choose(
    circuit: Circuit,
    outputs: Sequence[str],
    names: Sequence[str],
    method: str,
    h: float | None,
    order: int,
    points: int,
) -> tuple[str, str]:
    """Return the method for `auto`, and why it is not the strictest."""
    if method != "auto":
        return method, ""
    if h is not None:
        return "central", "h is given"
    needed = circuit.upstream([circuit.slot(output) for output in outputs])
    work = GATE_WORK * len(circuit.rules)
    each = INPUT_WORK if order == 1 else PAIR_WORK * (len(names) + 1)
    for name in names:
        work += each * len(needed.intersection(circuit.downstream(name)))
        if work * points > MOST_WORK:
            return "central", f"mp would compute over {MOST_WORK:,} gates"
    return "mp", ""


def compare_expected(value: float, wanted: float) -> Comparison:
    """Compare a value with the expected one; of infinities and NaN nothing but themselves will do.

    >>> compare_expected(1.0, 1.0 + 1e-10).failed, compare_expected(1.0, 2.0).failed
    (False, True)
    """
    if not isfinite(wanted):
        met = value == wanted or (value != value and wanted != wanted)
        return Comparison(value, wanted, 0.0, OK if met else WRONG)
    tolerance = EXPECT_RTOL * abs(wanted) + EXPECT_ATOL
    return Comparison(value, wanted, tolerance, OK if abs(value - wanted) <= tolerance else WRONG)

"""A circuit's derivatives on trial: every input against a reference, every gate alone, every sum over consumers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, Problem, did_you_mean, quote
from circuitgrad.methods.check.differences import Line, Trial, require_steps
from circuitgrad.methods.check.gates import check_gates
from circuitgrad.methods.check.points import Point
from circuitgrad.methods.check.verdicts import OK, WRONG, Comparison, Tolerance, judge, worst
from circuitgrad.methods.check.wires import check_sums
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.language.nodes import Listener
    from circuitgrad.methods.check.wires import Sums

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
GATE_RTOL = 1e-12
"""How far a single gate's partial derivative may be off in doubles."""
GATE_WORK = 8
"""How many evaluations of a gate its own trial costs."""
INPUT_WORK = 3
"""How many evaluations an input costs of every gate that it reaches."""
PAIR_WORK = 6
"""How many a pair of inputs costs of every gate that either of them reaches."""


@dataclass(frozen=True)
class PointCheck:
    """What was found at one point.

    Attributes:
        point: the point.
        inputs: per output, per input (per pair of inputs for second derivatives), its derivative beside the reference.
        gates: per gate, the worst that there is to say of it.
        wires: the wires whose gradient is not the sum over their consumers.
        culprits: where infinity or NaN came from.
    """

    point: Point
    inputs: Mapping[str, Mapping[str, Comparison]]
    gates: Mapping[str, Comparison]
    wires: Mapping[str, Comparison]
    culprits: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong or not finite."""
        groups = [*self.inputs.values(), self.gates, self.wires]
        return not any(one.failed for group in groups for one in group.values())


@dataclass(frozen=True)
class Check:
    """The outcome for one circuit.

    Attributes:
        circuit: the circuit.
        outputs: the outputs whose gradients were checked.
        method: where the reference comes from.
        why: why it is not the method that was asked for; empty where it is.
        h: the step asked for, or None for the method's own.
        rtol: the relative tolerance.
        atol: the absolute tolerance, in units of an output's largest gradient.
        order: 1 for first derivatives, 2 for second ones.
        points: what was found, per point; the circuit's own first.
        expect: per wire of the `expect:` block, its value beside the expected one.
    """

    circuit: Circuit
    outputs: tuple[str, ...]
    method: str
    why: str
    h: float | None
    rtol: float
    atol: float
    order: int
    points: Sequence[PointCheck]
    expect: Mapping[str, Comparison]

    def _worst(self, found: Sequence[Mapping[str, Comparison]]) -> dict[str, Comparison]:
        """Return the worst comparison of each name, given those of every point."""
        if len(found) == 1:
            return dict(found[0])
        named = [
            {name: one._replace(point=checked.point.name) for name, one in group.items()}
            for checked, group in zip(self.points, found, strict=True)
        ]
        names = dict.fromkeys(name for group in named for name in group)
        return {name: worst([group[name] for group in named if name in group]) for name in names}

    @cached_property
    def inputs(self) -> dict[str, dict[str, Comparison]]:
        """Per output, per input, the worst comparison of all points."""
        return {output: self._worst([point.inputs[output] for point in self.points]) for output in self.outputs}

    @cached_property
    def gates(self) -> dict[str, Comparison]:
        """Per gate, the worst of all points."""
        return self._worst([point.gates for point in self.points])

    @cached_property
    def wires(self) -> dict[str, Comparison]:
        """The wires whose gradient is not the sum over their consumers at some point."""
        return self._worst([point.wires for point in self.points])

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong or not finite, and every expected value is met."""
        return all(point.passed for point in self.points) and not any(one.failed for one in self.expect.values())


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
    trial = _Method(circuit, chosen, names, method, h, tolerance, order)
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
    work = GATE_WORK * len(circuit.rows)
    each = INPUT_WORK if order == 1 else PAIR_WORK * (len(names) + 1)
    for name in names:
        work += each * len(needed.intersection(circuit.downstream(name)))
        if work * points > MOST_WORK:
            return "central", f"mp would compute over {MOST_WORK:,} gates"
    return "mp", ""


@dataclass(frozen=True)
class _Method:
    """How the derivatives of a circuit are tried."""

    circuit: Circuit
    outputs: Sequence[str]
    names: Sequence[str]
    method: str
    h: float | None
    tolerance: Tolerance
    order: int

    def at(self, point: Point, listen: Listener | None) -> PointCheck:
        """Try everything at the inputs' present values."""
        circuit = self.circuit
        circuit.forward()
        culprits = [nonfinite_value(circuit)]
        gradients: dict[str, dict[str, float]] = {}
        reached: set[str] = set()
        for output in self.outputs:
            gradients[output] = circuit.backward(output)
            culprits.append(nonfinite_gradient(circuit))
            reached.update(name for name, grad in gradients[output].items() if grad != 0)
        rules = self.tolerance.rules
        gates = check_gates(circuit, reached, Tolerance(max(rules, GATE_RTOL), rules), listen)
        excused = {name for name, one in gates.items() if one.reason}
        sums: dict[str, Sums] = {}
        grads: dict[str, list[float]] = {}
        for output in self.outputs:
            circuit.backward(output)
            sums[output] = check_sums(circuit, output, excused)
            grads[output] = [unit.grad for unit in circuit.units]
        several = len(self.outputs) > 1
        wires = {
            f"d{output}/d{name}" if several else name: one
            for output in self.outputs
            for name, one in sums[output].wrong.items()
        }
        faithful = not wires and not any(one.verdict == WRONG for one in gates.values())
        inputs = self._inputs(gradients, grads, sums, listen, faithful=faithful)
        return PointCheck(point, inputs, gates, wires, tuple(one for one in culprits if one is not None))

    def _scaled(self, gradient: Mapping[str, float]) -> Tolerance:
        """Return the tolerance with the largest gradient of the inputs for a unit."""
        sizes = [abs(gradient[name]) for name in self.circuit.inputs if isfinite(gradient[name])]
        return self.tolerance.scaled(max(sizes, default=0.0))

    def _inputs(
        self,
        gradients: Mapping[str, Mapping[str, float]],
        grads: Mapping[str, Sequence[float]],
        sums: Mapping[str, Sums],
        listen: Listener | None,
        *,
        faithful: bool,
    ) -> dict[str, dict[str, Comparison]]:
        """Compare the derivatives of all outputs in all chosen inputs."""
        if self.order == 2:
            return self._second(listen)
        if self.method == "mp":
            return self._exact(gradients, sums, listen, faithful=faithful)
        found: dict[str, dict[str, Comparison]] = {}
        for output in self.outputs:
            method = self.method if self.method == "forward" else "central"
            tolerance = self._scaled(gradients[output])
            trial = Trial(self.circuit, output, grads[output], method, self.h, tolerance.rtol, tolerance.atol)
            found[output] = {}
            for count, name in enumerate(self.names):
                slack = sums[output].slack(self.circuit.slot(name))
                found[output][name] = self._numeric(trial, name, gradients[output][name], slack)
                if listen is not None:
                    listen("inputs checked", count, len(self.names))
        return found

    def _numeric(self, trial: Trial, name: str, analytic: float, slack: float) -> Comparison:
        """Compare one derivative with a numeric one in doubles."""
        if self.method in ("central", "forward"):
            return trial.judge(name, analytic)
        from circuitgrad.methods.check.estimates import complex_slopes, ridders

        line = Line(self.circuit, trial.output, name)
        if line.ties:
            # Neither method has a side: where there are two, differences tell them apart.
            return trial.judge(name, analytic)
        if self.method == "complex":
            largest = max((abs(grad) for grad in trial.grads if isfinite(grad)), default=1.0)
            (estimate,) = complex_slopes(self.circuit, [trial.output], name, largest)
        else:
            estimate = ridders(line, trial.grads, self.h)
        return trial.settle(analytic, estimate.slope, estimate.uncertainty + slack)

    def _exact(
        self,
        gradients: Mapping[str, Mapping[str, float]],
        sums: Mapping[str, Sums],
        listen: Listener | None,
        *,
        faithful: bool,
    ) -> dict[str, dict[str, Comparison]]:
        from circuitgrad.methods.check.reference import Reference

        reference = Reference(self.circuit, self.outputs)
        found: dict[str, dict[str, Comparison]] = {output: {} for output in self.outputs}
        scaled = {output: self._scaled(gradients[output]) for output in self.outputs}
        for count, name in enumerate(self.names):
            for position, (exact, ties) in enumerate(reference.slopes(name)):
                output = self.outputs[position]
                one = judge(
                    gradients[output][name],
                    reference.rule(position, name),
                    exact,
                    scaled[output],
                    slack=sums[output].slack(self.circuit.slot(name)),
                    faithful=faithful,
                )
                silent = [gate for gate in sums[output].silent if one.verdict == WRONG and reference.leads(name, gate)]
                found[output][name] = one._replace(ties=ties, reason=_silenced(one, silent))
            if listen is not None:
                listen("inputs checked", count, len(self.names))
        return found

    def _second(self, listen: Listener | None) -> dict[str, dict[str, Comparison]]:
        from circuitgrad.methods.check.second import check_hessian, check_hessian_in_doubles

        found = {}
        for output in self.outputs:
            tried = check_hessian if self.method == "mp" else check_hessian_in_doubles
            found[output] = tried(self.circuit, output, self.names, self.tolerance, listen)
        return found


def _silenced(one: Comparison, silent: Sequence[str]) -> str:
    """Return what is wrong where an infinite partial derivative meets a gradient of 0, which counts as 0."""
    if not silent:
        return ""
    return (
        f"it is {one.analytic:g} instead of {one.numeric:g}, for the gradient 0 of {quote(silent[0])} meets its "
        "infinite partial derivative, which counts for nothing"
    )


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

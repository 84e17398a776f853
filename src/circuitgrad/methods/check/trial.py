"""A circuit's derivatives on trial at one point."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import quote
from circuitgrad.methods.check.differences import Line, Trial
from circuitgrad.methods.check.gates import check_gates
from circuitgrad.methods.check.outcome import PointCheck
from circuitgrad.methods.check.verdicts import WRONG, Comparison, Tolerance, judge
from circuitgrad.methods.check.wires import Sums, check_sums
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.language.nodes import Listener
    from circuitgrad.methods.check.points import Point

GATE_RTOL = 1e-12
"""How far a single gate's partial derivative may be off in doubles."""


class _Pass(NamedTuple):
    """What a backward pass from one output has left: the gradients by name and by slot, and their sums."""

    gradient: Mapping[str, float]
    grads: Sequence[float]
    sums: Sums


@dataclass(frozen=True)
class Examination:
    """How the derivatives of a circuit are tried at a point.

    Attributes:
        circuit: the circuit.
        outputs: the outputs to differentiate.
        names: the inputs whose derivatives are tried.
        method: where the reference comes from; none is `auto`.
        h: the step of a difference, or None.
        tolerance: how far a derivative may be off, absolutely in units of an output's largest gradient.
        order: 1 for first derivatives, 2 for second ones.
    """

    circuit: Circuit
    outputs: Sequence[str]
    names: Sequence[str]
    method: str
    h: float | None
    tolerance: Tolerance
    order: int

    def at(self, point: Point, listen: Listener | None) -> PointCheck:
        """Try everything at the inputs' present values, which are those of a point."""
        circuit = self.circuit
        circuit.forward()
        culprits = [nonfinite_value(circuit)]
        reached: set[str] = set()
        for output in self.outputs:
            reached.update(name for name, grad in circuit.backward(output).items() if grad != 0)
            culprits.append(nonfinite_gradient(circuit))
        rules = self.tolerance.rules
        gates = check_gates(circuit, reached, Tolerance(max(rules, GATE_RTOL), rules), listen)
        excused = {name for name, one in gates.items() if one.reason}
        passes: dict[str, _Pass] = {}
        for output in self.outputs:
            gradient = circuit.backward(output)
            grads = [unit.grad for unit in circuit.units]
            passes[output] = _Pass(gradient, grads, check_sums(circuit, output, excused))
        wires = {
            f"d{output}/d{name}" if len(passes) > 1 else name: one
            for output, found in passes.items()
            for name, one in found.sums.wrong.items()
        }
        faithful = not wires and not any(one.verdict == WRONG for one in gates.values())
        inputs = self._inputs(passes, listen, faithful=faithful)
        return PointCheck(point, inputs, gates, wires, tuple(one for one in culprits if one is not None))

    def _inputs(
        self, passes: Mapping[str, _Pass], listen: Listener | None, *, faithful: bool
    ) -> dict[str, dict[str, Comparison]]:
        """Compare the derivatives of all outputs in all chosen inputs."""
        if self.order == 2:
            return self._second(listen)
        if self.method == "mp":
            return self._exact(passes, listen, faithful=faithful)
        return {output: self._numeric(output, found, listen) for output, found in passes.items()}

    def _scaled(self, gradient: Mapping[str, float]) -> Tolerance:
        """Return the tolerance with the largest gradient of the inputs for a unit."""
        sizes = [abs(gradient[name]) for name in self.circuit.inputs if isfinite(gradient[name])]
        return self.tolerance.scaled(max(sizes, default=0.0))

    def _exact(
        self, passes: Mapping[str, _Pass], listen: Listener | None, *, faithful: bool
    ) -> dict[str, dict[str, Comparison]]:
        """Compare with the slopes of the value rules, and with the rules without rounding."""
        from circuitgrad.methods.check.reference import Reference

        reference = Reference(self.circuit, self.outputs)
        found: dict[str, dict[str, Comparison]] = {output: {} for output in self.outputs}
        tolerances = {output: self._scaled(one.gradient) for output, one in passes.items()}
        for count, name in enumerate(self.names):
            for position, (exact, ties) in enumerate(reference.slopes(name)):
                output = self.outputs[position]
                gradient, _, sums = passes[output]
                one = judge(
                    gradient[name],
                    reference.rule(position, name),
                    exact,
                    tolerances[output],
                    slack=sums.slack(self.circuit.slot(name)),
                    faithful=faithful,
                )
                silent = [gate for gate in sums.silent if one.verdict == WRONG and reference.leads(name, gate)]
                found[output][name] = one._replace(ties=ties, reason=one.reason or _silenced(one, silent))
            if listen is not None:
                listen("inputs checked", count, len(self.names))
        return found

    def _numeric(self, output: str, found: _Pass, listen: Listener | None) -> dict[str, Comparison]:
        """Compare the derivatives of one output with numeric ones in doubles."""
        tolerance = self._scaled(found.gradient)
        method = self.method if self.method == "forward" else "central"
        trial = Trial(self.circuit, output, found.grads, method, self.h, tolerance.rtol, tolerance.atol)
        judged = {}
        for count, name in enumerate(self.names):
            slack = found.sums.slack(self.circuit.slot(name))
            judged[name] = self._estimated(trial, name, found.gradient[name], slack)
            if listen is not None:
                listen("inputs checked", count, len(self.names))
        return judged

    def _estimated(self, trial: Trial, name: str, analytic: float, slack: float) -> Comparison:
        """Compare one derivative with differences, or with a better estimate."""
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
        judged = trial.settle(analytic, estimate.slope, estimate.uncertainty + slack)
        # An extrapolation across branches may be surer of itself than it should: differences have the last word.
        return trial.judge(name, analytic) if judged.failed and self.method == "ridders" else judged

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

"""Checking a circuit's derivatives at one point."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.errors import quote
from circuitgrad.formulas.names import derivative_title
from circuitgrad.methods.check.consumer_sums import ConsumerSums, check_sums
from circuitgrad.methods.check.finite_differences import AlongInput, DifferenceCheck
from circuitgrad.methods.check.gates import check_gates
from circuitgrad.methods.check.result import PointCheck
from circuitgrad.methods.check.verdicts import (
    NONFINITE,
    OK,
    UNDECIDED,
    WRONG,
    Comparison,
    Tolerance,
    judge,
    judge_value,
    unsettled,
)
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value
from circuitgrad.methods.used_gates import unused_gates

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.language.nodes import Listener
    from circuitgrad.methods.check.input_points import InputPoint

GATE_RTOL = 1e-12
"""The relative tolerance of a single gate's partial derivative in doubles."""


class _BackwardPass(NamedTuple):
    """The gradients of a backward pass by name and by slot, and their sums over consumers."""

    gradient: Mapping[str, float]
    grads: Sequence[float]
    sums: ConsumerSums


@dataclass(frozen=True)
class PointChecker:
    """Checks the derivatives of a circuit at one point.

    Attributes:
        circuit: the circuit.
        outputs: the outputs to differentiate.
        names: the inputs whose derivatives are checked.
        method: the method of the reference, other than `auto`.
        h: the step of a difference, or None.
        tolerance: the tolerance of derivatives.
        value_rtol: the relative tolerance of the outputs' values.
        digits: the right digits that values and derivatives must have, or None.
        order: 1 for first derivatives, 2 for second ones.
    """

    circuit: Circuit
    outputs: Sequence[str]
    names: Sequence[str]
    method: str
    h: float | None
    tolerance: Tolerance
    value_rtol: float
    digits: int | None
    order: int

    def at(self, point: InputPoint, listen: Listener | None) -> PointCheck:
        """Return the comparisons at the inputs' present values, which are those of the point."""
        circuit = self.circuit
        circuit.run()
        unused = unused_gates(circuit, self.outputs)
        culprits = [nonfinite_value(circuit, {index for index, name in enumerate(circuit.names) if name not in unused})]
        reached: set[str] = set()
        for output in self.outputs:
            reached.update(name for name, grad in circuit.differentiate(output).items() if grad != 0)
            culprits.append(nonfinite_gradient(circuit))
        rules = self.tolerance.rules
        gates = check_gates(circuit, reached, Tolerance(max(rules, GATE_RTOL), rules), listen, unused=unused)
        excused = {name for name, comparison in gates.items() if comparison.reason}
        passes: dict[str, _BackwardPass] = {}
        for output in self.outputs:
            gradient = circuit.differentiate(output)
            grads = [unit.grad for unit in circuit.units]
            passes[output] = _BackwardPass(gradient, grads, check_sums(circuit, output, excused, unused))
        wires = {
            derivative_title(output, name) if len(passes) > 1 else name: comparison
            for output, backward_pass in passes.items()
            for name, comparison in backward_pass.sums.wrong.items()
        }
        faithful = not wires and not any(comparison.verdict == WRONG for comparison in gates.values())
        inputs = {
            output: {name: self._held(_tied(comparison, unused)) for name, comparison in comparisons.items()}
            for output, comparisons in self._inputs(passes, listen, faithful=faithful).items()
        }
        values = {output: self._held(comparison) for output, comparison in self._values().items()}
        notes = tuple(problem for problem in culprits if problem is not None)
        return PointCheck(point, inputs, values, gates, wires, notes)

    def _held(self, comparison: Comparison) -> Comparison:
        """Return a comparison held to the digits that are asked for."""
        return comparison if self.digits is None else comparison.held_to(self.digits, self.tolerance.atol)

    def _values(self) -> dict[str, Comparison]:
        """Compare the outputs' values with those in multiprecision."""
        from circuitgrad.methods.exact_values import exact_values

        exact = exact_values(self.circuit, self.outputs)
        return {
            output: judge_value(self.circuit[output].value, exact[output], self.value_rtol, self.tolerance.atol)
            for output in self.outputs
        }

    def _inputs(
        self, passes: Mapping[str, _BackwardPass], listen: Listener | None, *, faithful: bool
    ) -> dict[str, dict[str, Comparison]]:
        """Compare the derivatives of all outputs in all chosen inputs."""
        if self.order == 2:
            return self._second(listen)
        if self.method == "mp":
            return self._exact(passes, listen, faithful=faithful)
        return {output: self._numeric(output, backward_pass, listen) for output, backward_pass in passes.items()}

    def _exact(
        self, passes: Mapping[str, _BackwardPass], listen: Listener | None, *, faithful: bool
    ) -> dict[str, dict[str, Comparison]]:
        """Compare with the slopes of the value rules, and with the derivative rules without rounding."""
        from circuitgrad.methods.check.exact_derivatives import ExactDerivatives

        derivatives = ExactDerivatives(self.circuit, self.outputs)
        if not derivatives.settled:
            return {
                output: {name: unsettled(backward_pass.gradient[name]) for name in self.names}
                for output, backward_pass in passes.items()
            }
        comparisons: dict[str, dict[str, Comparison]] = {output: {} for output in self.outputs}
        for count, name in enumerate(self.names):
            for position, (exact, ties) in enumerate(derivatives.slopes(name)):
                output = self.outputs[position]
                gradient, _, sums = passes[output]
                comparison = judge(
                    gradient[name],
                    derivatives.by_rules(position, name),
                    exact,
                    self.tolerance,
                    slack=sums.slack(self.circuit.slot(name)),
                    faithful=faithful,
                )
                wrong = comparison.verdict == WRONG
                silent = [gate for gate in sums.silent if wrong and derivatives.reaches(name, gate)]
                reason = comparison.reason or _silenced(comparison, silent)
                comparisons[output][name] = comparison._replace(ties=ties, reason=reason)
            if listen is not None:
                listen("inputs checked", count, len(self.names))
        return comparisons

    def _numeric(self, output: str, backward_pass: _BackwardPass, listen: Listener | None) -> dict[str, Comparison]:
        """Compare the derivatives of one output with numeric ones in doubles."""
        from circuitgrad.methods.check.exact_derivatives import ExactDerivatives

        derivatives = ExactDerivatives(self.circuit, [output])
        method = self.method if self.method == "forward" else "central"
        differences = DifferenceCheck(
            self.circuit, output, backward_pass.grads, lambda name: derivatives.by_rules(0, name) == 0, method,
            self.h, self.tolerance.rtol, self.tolerance.atol,
        )  # fmt: skip
        comparisons = {}
        for count, name in enumerate(self.names):
            slack = backward_pass.sums.slack(self.circuit.slot(name))
            comparisons[name] = self._estimated(differences, name, backward_pass.gradient[name], slack)
            if listen is not None:
                listen("inputs checked", count, len(self.names))
        if self.method != "complex":
            return comparisons
        return {name: _confirmed(comparison, derivatives.by_rules(0, name)) for name, comparison in comparisons.items()}

    def _estimated(self, differences: DifferenceCheck, name: str, analytic: float, slack: float) -> Comparison:
        """Compare one derivative with differences, or with a better estimate."""
        if self.method in ("central", "forward"):
            return differences.judge(name, analytic)
        from circuitgrad.methods.check.slope_estimates import complex_slopes, ridders

        along = AlongInput(self.circuit, differences.output, name)
        if along.ties:
            # Neither method sees sides; at a tie there are two, and differences tell them apart.
            return differences.judge(name, analytic)
        if self.method == "complex":
            largest = max((abs(grad) for grad in differences.grads if isfinite(grad)), default=1.0)
            (estimate,) = complex_slopes(self.circuit, [differences.output], name, largest)
        else:
            estimate = ridders(along, differences.grads, self.h)
        comparison = differences.settle(name, analytic, estimate.slope, estimate.uncertainty + slack)
        # An extrapolation across branches may understate its uncertainty: differences have the last word.
        again = comparison.verdict in (WRONG, NONFINITE) and self.method == "ridders"
        return differences.judge(name, analytic) if again else comparison

    def _second(self, listen: Listener | None) -> dict[str, dict[str, Comparison]]:
        from circuitgrad.methods.check.second_derivatives import check_hessian, check_hessian_in_doubles

        compare = check_hessian if self.method == "mp" else check_hessian_in_doubles
        return {output: compare(self.circuit, output, self.names, self.tolerance, listen) for output in self.outputs}


def _tied(comparison: Comparison, unused: Container[str]) -> Comparison:
    """Return a comparison whose ties are those of gates that count."""
    return comparison._replace(ties=tuple(gate for gate in comparison.ties if gate not in unused))


def _confirmed(comparison: Comparison, by_rule: Any) -> Comparison:
    """Return a comparison with the complex step, which is `ok` only if the rule without rounding agrees.

    The complex step cancels where the backward pass does, so that both may have the same wrong digits.
    """
    exact = float(by_rule)
    if comparison.verdict != OK or not isfinite(exact) or abs(comparison.analytic - exact) <= comparison.tolerance:
        return comparison
    return comparison._replace(verdict=UNDECIDED, reason="the complex step loses the same digits")


def _silenced(comparison: Comparison, silent: Sequence[str]) -> str:
    """Return why a derivative is wrong where a gradient of 0 meets an infinite partial derivative."""
    if not silent:
        return ""
    return (
        f"it is {comparison.analytic:g} instead of {comparison.numeric:g}, "
        f"for the gradient 0 of {quote(silent[0])} meets its infinite partial derivative, which counts for nothing"
    )

"""A circuit's derivatives on trial: every input against finite differences, every gate against its own value rule."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.methods.numeric import EPSILON, default_step, partial_function, slopes
from circuitgrad.methods.verdicts import KINK, NONFINITE, OK, WRONG, Comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.methods.numeric import Slopes

DEFAULT_RTOL = {"central": 1e-6, "forward": 1e-3}
EXPECT_RTOL = 1e-9
EXPECT_ATOL = 1e-12
JUMP = 1e-3
"""How far apart, relative to the larger, the slopes on both sides must be to look like a kink."""

SHRINK = 8.0
SHRINKS = 12


@dataclass(frozen=True)
class Check:
    """The outcome for one circuit.

    Attributes:
        circuit: the circuit.
        outputs: the outputs whose gradients were checked.
        method: the finite difference used.
        h: the step asked for, or None for the method's own.
        rtol: the relative tolerance.
        inputs: per output, per input, its derivative beside the numeric one.
        gates: per gate, the worst of its partial derivatives beside the exact one.
        expect: per wire of the `expect:` block, its value beside the expected one.
    """

    circuit: Circuit
    outputs: tuple[str, ...]
    method: str
    h: float | None
    rtol: float
    inputs: Mapping[str, Mapping[str, Comparison]]
    gates: Mapping[str, Comparison]
    expect: Mapping[str, Comparison]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong or not finite, and every expected value is met."""
        groups = [*self.inputs.values(), self.gates, self.expect]
        return not any(one.failed for group in groups for one in group.values())


def check(
    circuit: Circuit,
    outputs: Sequence[str] | None = None,
    *,
    method: str = "central",
    h: float | None = None,
    rtol: float | None = None,
    atol: float = 0.0,
) -> Check:
    """Check a circuit's gradients and its `expect:` block at the inputs' present values.

    An input's derivative is accepted when it is no further from the numeric one than the tolerance: rtol times the
    larger of the two, plus atol, plus what the numeric one itself is uncertain by: the rounding of its differences
    (see `rounding`), and twice its change when the step is halved.

    Args:
        circuit: the circuit.
        outputs: the outputs to differentiate; the circuit's own when left out.
        method: `central` or `forward`.
        h: the step of the finite difference; the method's own when left out.
        rtol: the relative tolerance; 1e-6 for central, 1e-3 for forward differences when left out.
        atol: an absolute tolerance.

    >>> from circuitgrad import load
    >>> check(load("circuits/neuron.yaml")).passed
    True
    """
    from circuitgrad.methods.gate_check import check_gates

    chosen = circuit.outputs if outputs is None else tuple(outputs)
    tolerance = DEFAULT_RTOL[method] if rtol is None else rtol
    values = circuit.forward()
    inputs: dict[str, dict[str, Comparison]] = {}
    reached: set[str] = set()
    for output in chosen:
        gradient = circuit.backward(output)
        reached.update(name for name, grad in gradient.items() if grad != 0)
        trial = _Trial(method, h, tolerance, atol, rounding(circuit))
        inputs[output] = {
            name: trial.judge(partial_function(circuit, output, name), value, gradient[name])
            for name, value in circuit.values().items()
        }
    circuit.forward()
    expect = {name: _expected(values[name], wanted) for name, wanted in circuit.expect.items()}
    return Check(circuit, chosen, method, h, tolerance, inputs, check_gates(circuit, reached), expect)


def rounding(circuit: Circuit) -> float:
    """Return how far rounding may have moved the output, after a backward pass: eps times the sum of |value * gradient|.

    Every gate's result is off by up to half an ulp, and its gradient tells what that does to the output (Linnainmaa,
    "Taylor expansion of the accumulated rounding error", BIT 16, 1976).
    """
    effects = (abs(unit.value * unit.grad) for unit in circuit.units)
    return EPSILON * sum(effect for effect in effects if isfinite(effect))


@dataclass(frozen=True)
class _Trial:
    """How derivatives are compared with finite differences."""

    method: str
    h: float | None
    rtol: float
    atol: float
    rounding: float

    def judge(self, function: Callable[[float], float], x: float, analytic: float) -> Comparison:
        """Compare the analytic derivative of a function at x with the finite differences there."""
        found, finer, step = self.differences(function, x)
        if not (isfinite(analytic) and isfinite(found.method)):
            return Comparison(analytic, found.method, 0.0, NONFINITE)
        noise = 2 * self.rounding / step
        tolerance = self.tolerance(analytic, found.method) + noise + 2 * abs(found.method - finer.method)
        if _is_kink(found, finer, 2 * noise):
            # Curvature moves the slopes of the longer step further: the finer ones are the truer.
            low, high = sorted((finer.left, finer.right))
            allowed = self.tolerance(low, high) + 2 * noise
            verdict = KINK if low - allowed <= analytic <= high + allowed else WRONG
            return Comparison(analytic, found.method, tolerance, verdict, finer.left, finer.right)
        return Comparison(analytic, found.method, tolerance, OK if abs(analytic - found.method) <= tolerance else WRONG)

    def tolerance(self, one: float, other: float) -> float:
        """Return how far apart two derivatives may be, were both exact."""
        return self.rtol * max(abs(one), abs(other)) + self.atol

    def differences(self, function: Callable[[float], float], x: float) -> tuple[Slopes, Slopes, float]:
        """Return the slopes with a step, with half of it, and the step, shortened to stay in the domain if it is ours."""
        step = default_step(self.method, x) if self.h is None else self.h
        found = slopes(function, x, self.method, step)
        for _ in range(SHRINKS if self.h is None else 0):
            if isfinite(found.method):
                break
            step /= SHRINK
            found = slopes(function, x, self.method, step)
        return found, slopes(function, x, self.method, step / 2), step


def _is_kink(found: Slopes, finer: Slopes, noise: float) -> bool:
    """Tell a corner from curvature: the gap between the slopes on both sides stays when the step is halved."""
    gap, finer_gap = abs(found.right - found.left), abs(finer.right - finer.left)
    return gap > JUMP * max(abs(found.left), abs(found.right)) + 2 * noise and finer_gap > 0.75 * gap


def _expected(value: float, wanted: float) -> Comparison:
    if value != value and wanted != wanted:
        return Comparison(value, wanted, 0.0, OK)
    tolerance = EXPECT_RTOL * abs(wanted) + EXPECT_ATOL
    met = value == wanted or abs(value - wanted) <= tolerance
    return Comparison(value, wanted, tolerance, OK if met else WRONG)

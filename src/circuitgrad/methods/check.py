"""A circuit's derivatives on trial: every input against finite differences, every gate against its own value rule."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, ulp
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.numeric import CUBE_ROOT, EPSILON, Slopes, default_step, partial_function, slopes
from circuitgrad.methods.verdicts import KINK, NONFINITE, OK, WRONG, Comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from circuitgrad.circuit import Circuit

DEFAULT_RTOL = {"central": 1e-6, "forward": 1e-3}
EXPECT_RTOL = 1e-9
EXPECT_ATOL = 1e-12
CORNER = 1e-3
"""How far apart, relative to the larger, the slopes on both sides must be to look like a kink."""

SHRINK = 8.0
SHRINKS = 12
SHRINKS_OF_SMALL = 4
SMALL = 1e-6
"""The size of an input below which steps in proportion to it are tried, too."""
SMOOTHED = 1e-2
"""A difference whose relative doubt is less speaks against a corner that longer steps see."""
TELLING = 1e-6
"""A difference of a shorter step is taken at once when its relative doubt is less."""
SETTLED = 1e-3
"""A difference that changes by less than this, relatively, when its step is halved needs no shorter step."""

TRUNCATION = 4.0
"""The error of a difference in units of its change when the step is halved: 2 where it falls with the step, 3.4 where
it falls with the step's square root, as for x**1.5 at 0."""


@dataclass(frozen=True)
class Check:
    """The outcome for one circuit.

    Attributes:
        circuit: the circuit.
        outputs: the outputs whose gradients were checked.
        method: the finite difference used.
        h: the step asked for, or None for the method's own.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
        inputs: per output, per input, its derivative beside the numeric one.
        gates: per gate, the worst of its partial derivatives beside the exact one.
        expect: per wire of the `expect:` block, its value beside the expected one.
    """

    circuit: Circuit
    outputs: tuple[str, ...]
    method: str
    h: float | None
    rtol: float
    atol: float
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
    (see `rounding`), and some times its change when the step is halved. A step that is not asked for is shortened
    until this change is small.

    Args:
        circuit: the circuit.
        outputs: the outputs to differentiate; the circuit's own when left out.
        method: `central` or `forward`.
        h: the step of the finite difference; the method's own when left out.
        rtol: the relative tolerance; 1e-6 for central, 1e-3 for forward differences when left out.
        atol: an absolute tolerance.

    Raises:
        CircuitError: there is no such method or output, or an input is so large that h does not move it.

    >>> from circuitgrad import load
    >>> check(load("circuits/neuron.yaml")).passed
    True
    """
    from circuitgrad.methods.gate_check import check_gates

    if method not in DEFAULT_RTOL:
        raise CircuitError.of(f"no finite difference is called {quote(method)}", hint="central or forward")
    if h is not None:
        _require_steps(circuit.values(), h)
    chosen = circuit.outputs if outputs is None else tuple(outputs)
    tolerance = DEFAULT_RTOL[method] if rtol is None else rtol
    values = circuit.forward()
    inputs: dict[str, dict[str, Comparison]] = {}
    reached: set[str] = set()
    for output in chosen:
        gradient = circuit.backward(output)
        reached.update(name for name, grad in gradient.items() if grad != 0)
        grads = [unit.grad for unit in circuit.units]
        trial = _Trial(circuit, output, grads, method, h, tolerance, atol)
        inputs[output] = {name: trial.judge(name, gradient[name]) for name in circuit.inputs}
    expect = {name: _expected(values[name], wanted) for name, wanted in circuit.expect.items()}
    return Check(circuit, chosen, method, h, tolerance, atol, inputs, check_gates(circuit, reached), expect)


def _require_steps(inputs: Mapping[str, float], h: float) -> None:
    """Require that h, and half of it, move every input that is finite.

    Raises:
        CircuitError: one stays where it is.
    """
    if not (isfinite(h) and h > 0):
        raise CircuitError.of(f"h = {h!r} is no step", hint="a small positive number, such as 1e-4")
    for name, x in inputs.items():
        if isfinite(x) and (x + h / 2 == x or x - h / 2 == x):
            raise CircuitError.of(
                f"h = {h!r} is too small for {quote(name)} = {x!r}: half of it is lost in rounding",
                hint=f"use at least {4 * ulp(x):.1g}",
            )


def rounding(values: Sequence[float], grads: Sequence[float]) -> float:
    """Return how far rounding may have moved the output, given all wires' values and gradients.

    That is eps times the sum of |value * gradient|: every gate's result is off by up to half an ulp, and its gradient
    tells what that does to the output (Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16, 1976).

    >>> rounding([3.0, 2.0, 6.0], [2.0, 3.0, 1.0]) / EPSILON
    18.0
    """
    effects = (abs(value * grad) for value, grad in zip(values, grads, strict=True))
    return EPSILON * sum(effect for effect in effects if isfinite(effect))


class _Differences(NamedTuple):
    """Finite differences with some step and with half of it.

    Attributes:
        found: the slopes with the step.
        finer: those with half of it.
        noise: what rounding may have added to a slope of the step.
        step: the step.
    """

    found: Slopes
    finer: Slopes
    noise: float
    step: float

    @property
    def change(self) -> float:
        """How far the slope moves when the step is halved."""
        return abs(self.found.method - self.finer.method)

    @property
    def uncertainty(self) -> float:
        """How far the slope may be from the derivative."""
        uncertainty = self.noise + TRUNCATION * self.change
        return uncertainty if isfinite(self.found.method) and isfinite(uncertainty) else inf

    @property
    def doubt(self) -> tuple[float, float]:
        """How uncertain the slope is in units of itself, and then as it is: the less, the better."""
        whole = abs(self.found.method) + self.uncertainty
        return (self.uncertainty / whole if 0 < whole < inf else 1.0), self.uncertainty

    @property
    def settled(self) -> bool:
        """Whether the slope hardly changes any more when the step is halved, or no more than rounding makes it."""
        return TRUNCATION * self.change <= max(SETTLED * abs(self.found.method), self.noise)

    @property
    def corner(self) -> bool:
        """Whether the function has a corner: the slopes on both sides stay apart when the step is halved."""
        gap, finer_gap = abs(self.found.right - self.found.left), abs(self.finer.right - self.finer.left)
        steepest = max(abs(self.found.left), abs(self.found.right))
        return gap > CORNER * steepest + 4 * self.noise and finer_gap > 0.75 * gap


@dataclass(frozen=True)
class _Trial:
    """How the derivatives of one output are compared with finite differences."""

    circuit: Circuit
    output: str
    grads: Sequence[float]
    method: str
    h: float | None
    rtol: float
    atol: float

    def judge(self, name: str, analytic: float) -> Comparison:
        """Compare the analytic derivative in one input with the finite differences there."""
        differences = self.differences(name, analytic)
        found, finer, noise, _ = differences
        if not (isfinite(analytic) and isfinite(differences.uncertainty)):
            return Comparison(analytic, found.method, 0.0, NONFINITE)
        tolerance = self.tolerance(analytic, found.method) + differences.uncertainty
        if self.jumps(name, differences):
            return Comparison(analytic, found.method, tolerance, KINK, finer.left, finer.right)
        if differences.corner:
            # Curvature moves the slopes of the longer step further: the finer ones are the truer.
            low, high = sorted((finer.left, finer.right))
            allowed = self.tolerance(low, high) + 4 * noise + 2 * self._curvature(differences)
            verdict = KINK if low - allowed <= analytic <= high + allowed else WRONG
            return Comparison(analytic, found.method, allowed, verdict, finer.left, finer.right)
        return Comparison(analytic, found.method, tolerance, OK if abs(analytic - found.method) <= tolerance else WRONG)

    def tolerance(self, one: float, other: float) -> float:
        """Return how far apart two derivatives may be, were both exact."""
        return self.rtol * max(abs(one), abs(other)) + self.atol

    def jumps(self, name: str, differences: _Differences) -> bool:
        """Tell whether the function jumps, or stands upright: the slope grows each time the step is halved."""
        found, finer, noise, step = differences
        if not _grows(found.method, finer.method) or differences.change <= 2 * noise:
            return False
        return _grows(finer.method, self._slopes(name, step / 4).method)

    def differences(self, name: str, analytic: float) -> _Differences:
        """Return the least uncertain differences: of the step asked for, or of shorter and shorter ones.

        Where the function ends at the input's value, the slope on the one side is taken.
        """
        best = self._best(name, analytic, lambda found: found)
        if best.uncertainty == inf:
            for side in (_right, _left):
                onesided = self._best(name, analytic, side)
                if onesided.uncertainty < inf:
                    return onesided
        return best

    def _best(self, name: str, analytic: float, side: Callable[[Slopes], Slopes]) -> _Differences:
        """Return the differences with the least doubt.

        The search ends early where they have settled, at no corner, on the analytic derivative: what disagrees may be
        the differences' fault, of a step across a pole, a corner nearby or many waves, and shorter ones are tried.
        """
        tried: list[_Differences] = []
        for step in self._steps(self.circuit.values()[name]):
            one = self._measured(name, step, side)
            tried.append(one)
            allowed = self.tolerance(analytic, one.found.method) + one.uncertainty
            telling = one.settled and not one.corner and (len(tried) == 1 or one.doubt[0] < TELLING)
            if telling and abs(analytic - one.found.method) <= allowed:
                return one
        # What a shorter step smooths out is no corner at the point itself.
        smooth = [one for one in tried if not one.corner and one.doubt[0] < SMOOTHED]
        return min(smooth or tried, key=lambda one: one.doubt)

    def _steps(self, x: float) -> Iterator[float]:
        """Yield the step asked for, or shorter and shorter ones, also those that suit a very small x."""
        if self.h is not None:
            yield self.h
            return
        step = default_step(self.method, x)
        yield step
        for _ in range(SHRINKS):
            step /= SHRINK
            if x + step / 2 == x:
                return
            yield step
        step = CUBE_ROOT * abs(x)
        for _ in range(SHRINKS_OF_SMALL if abs(x) < SMALL else 0):
            if x + step / 2 == x:
                return
            yield step
            step /= SHRINK

    def _measured(self, name: str, step: float, side: Callable[[Slopes], Slopes]) -> _Differences:
        x = self.circuit.values()[name]
        around = [self.circuit.trace({name: value}) for value in (x - step, x + step)]
        noise = 2 * max(rounding(values, self.grads) for values in around) / step
        return _Differences(side(self._slopes(name, step)), side(self._slopes(name, step / 2)), noise, step)

    def _slopes(self, name: str, step: float) -> Slopes:
        function = partial_function(self.circuit, self.output, name)
        return slopes(function, self.circuit.values()[name], self.method, step)

    @staticmethod
    def _curvature(differences: _Differences) -> float:
        """Return how far the one-sided slopes move when the step is halved."""
        found, finer, *_ = differences
        return max(abs(found.left - finer.left), abs(found.right - finer.right))


def _grows(slope: float, finer: float) -> bool:
    """Tell whether a slope grows as at a jump (twofold), or by a root (1.4 for the second), when the step is halved.

    Where the slope is small by chance, it may grow so once, but not twice.
    """
    return slope != 0 and 1.3 <= finer / slope <= 2.1


def _right(found: Slopes) -> Slopes:
    return Slopes(found.right, found.right, found.right)


def _left(found: Slopes) -> Slopes:
    return Slopes(found.left, found.left, found.left)


def _expected(value: float, wanted: float) -> Comparison:
    """Compare a value with the expected one; of infinities and NaN nothing but themselves will do."""
    if not isfinite(wanted):
        met = value == wanted or (value != value and wanted != wanted)
        return Comparison(value, wanted, 0.0, OK if met else WRONG)
    tolerance = EXPECT_RTOL * abs(wanted) + EXPECT_ATOL
    return Comparison(value, wanted, tolerance, OK if abs(value - wanted) <= tolerance else WRONG)

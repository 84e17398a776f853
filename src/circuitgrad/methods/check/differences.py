"""A circuit's derivatives against finite differences in doubles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, ulp
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, quote
from circuitgrad.gates.kinks import branch_function
from circuitgrad.methods.check.verdicts import KINK, NONFINITE, WRONG, Comparison, settle
from circuitgrad.methods.numeric import CUBE_ROOT, EPSILON, Slopes, default_step, slopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.kinks import Branch

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


def require_steps(inputs: Mapping[str, float], h: float) -> None:
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


def relative_doubt(slope: float, uncertainty: float) -> tuple[float, float]:
    """Return how uncertain a slope is in units of itself, 0 to 1, and then as it is: the less, the better."""
    whole = abs(slope) + uncertainty
    return (uncertainty / whole if 0 < whole < inf else 1.0), uncertainty


class Line:
    """A circuit along one of its inputs, the others held at their present values.

    Attributes:
        x: the input's present value.
        ties: the gates on the way that sit at a tie.
    """

    def __init__(self, circuit: Circuit, output: str, name: str) -> None:
        self._circuit = circuit
        self._name = name
        self._slot = circuit.slot(output)
        self._values = circuit.trace({})
        self.x: float = self._values[circuit.slot(name)]
        needed = circuit.upstream([self._slot])
        self._gates = [index for index in circuit.downstream(name) if index in needed]
        states = [(index, rule) for index in self._gates if (rule := branch_function(circuit.rules[index]))]
        self._state_rules = [(circuit.operands[index], rule) for index, rule in states]
        tied = zip(states, self.states(self._values), strict=True)
        self.ties = tuple(circuit.names[index] for (index, _), state in tied if state.tied)

    def trace(self, x: float) -> list[float]:
        """Return the values of all slots at another point."""
        return self._circuit.retrace(self._values, self._name, x, self._gates)

    def states(self, values: Sequence[float]) -> list[Branch]:
        """Return the states of the gates that have branches."""
        return [rule(*[values[slot] for slot in slots]) for slots, rule in self._state_rules]

    def value(self, x: float) -> float:
        """Return the output at another point."""
        return self.trace(x)[self._slot]

    def branches(self, *points: float) -> bool:
        """Tell whether a gate takes another branch at one of some points than it does here."""
        here = self.states(self._values)
        return any(
            one.differs(other)
            for point in points
            for one, other in zip(here, self.states(self.trace(point)), strict=True)
        )


class _Differences(NamedTuple):
    """Finite differences with some step and with half of it.

    Attributes:
        found: the slopes with the step.
        finer: those with half of it.
        noise: what rounding may have added to a slope of the step.
        step: the step.
        branches: whether a gate takes another branch within the step.
    """

    found: Slopes
    finer: Slopes
    noise: float
    step: float
    branches: bool

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
        return relative_doubt(self.found.method, self.uncertainty)

    @property
    def settled(self) -> bool:
        """Whether the slope hardly changes any more when the step is halved, or no more than rounding makes it."""
        return TRUNCATION * self.change <= max(SETTLED * abs(self.found.method), self.noise)

    @property
    def corner(self) -> bool:
        """Whether a gate branches, and the slopes on both sides stay apart when the step is halved."""
        gap, finer_gap = abs(self.found.right - self.found.left), abs(self.finer.right - self.finer.left)
        steepest = max(abs(self.found.left), abs(self.found.right))
        return self.branches and gap > CORNER * steepest + 4 * self.noise and finer_gap > 0.75 * gap

    @property
    def curvature(self) -> float:
        """How far the one-sided slopes move when the step is halved."""
        return max(abs(self.found.left - self.finer.left), abs(self.found.right - self.finer.right))


@dataclass(frozen=True)
class Trial:
    """How the derivatives of one output are compared with finite differences.

    An input's derivative is accepted when it is no further from the numeric one than the tolerance: rtol times the
    larger of the two, plus atol, plus what the numeric one itself is uncertain by: the rounding of its differences
    (see `rounding`), and some times its change when the step is halved. A step that is not asked for is shortened
    until this change is small.

    Attributes:
        circuit: the circuit.
        output: the output.
        grads: the gradients of all slots.
        method: `central` or `forward`.
        h: the step that is asked for, or None.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
    """

    circuit: Circuit
    output: str
    grads: Sequence[float]
    method: str
    h: float | None
    rtol: float
    atol: float

    def judge(self, name: str, analytic: float) -> Comparison:
        """Compare the analytic derivative in one input with the finite differences there."""
        return _Judgement(self, Line(self.circuit, self.output, name), analytic).verdict()

    def tolerance(self, one: float, other: float) -> float:
        """Return how far apart two derivatives may be, were both exact."""
        return self.rtol * max(abs(one), abs(other)) + self.atol

    def settle(self, analytic: float, slope: float, uncertainty: float) -> Comparison:
        """Compare a derivative with a numeric one that is uncertain by so much."""
        return settle(analytic, slope, uncertainty, self.rtol, self.atol)


@dataclass(frozen=True)
class _Judgement:
    """One derivative on trial."""

    trial: Trial
    line: Line
    analytic: float

    def verdict(self) -> Comparison:
        analytic, differences = self.analytic, self.differences
        found, finer = differences.found, differences.finer
        if not (isfinite(analytic) and isfinite(differences.uncertainty)):
            return Comparison(analytic, found.method, 0.0, NONFINITE)
        if differences.branches and self.jumps:
            tolerance = self.trial.tolerance(analytic, found.method) + differences.uncertainty
            return Comparison(analytic, found.method, tolerance, KINK, finer.left, finer.right, ties=self.line.ties)
        if differences.corner:
            # Curvature moves the slopes of the longer step further: the finer ones are the truer.
            low, high = sorted((finer.left, finer.right))
            allowed = self.trial.tolerance(low, high) + 4 * differences.noise + 2 * differences.curvature
            verdict = KINK if low - allowed <= analytic <= high + allowed else WRONG
            return Comparison(analytic, found.method, allowed, verdict, finer.left, finer.right, ties=self.line.ties)
        judged = self.trial.settle(analytic, found.method, differences.uncertainty)
        return judged._replace(ties=self.line.ties)

    @property
    def jumps(self) -> bool:
        """Whether the function jumps: the slope grows each time the step is halved."""
        found, finer, noise, step, _ = self.differences
        if not _grows(found.method, finer.method) or self.differences.change <= 2 * noise:
            return False
        return _grows(finer.method, self._slopes(step / 4).method)

    @cached_property
    def differences(self) -> _Differences:
        """The least uncertain differences: of the step asked for, or of shorter and shorter ones.

        Where the function ends at the input's value, the slope on the one side is taken.
        """
        best = self._best(lambda found: found)
        if best.uncertainty == inf:
            for side in (_right, _left):
                onesided = self._best(side)
                if onesided.uncertainty < inf:
                    return onesided
        return best

    def _best(self, side: Callable[[Slopes], Slopes]) -> _Differences:
        """Return the differences with the least doubt.

        The search ends early where they have settled, at no corner, on the analytic derivative: what disagrees may be
        the differences' fault, of a step across a pole, a corner nearby or many waves, and shorter ones are tried.
        """
        tried: list[_Differences] = []
        for step in self._steps():
            one = self._measured(step, side)
            tried.append(one)
            allowed = self.trial.tolerance(self.analytic, one.found.method) + one.uncertainty
            telling = one.settled and not one.corner and (len(tried) == 1 or one.doubt[0] < TELLING)
            if telling and abs(self.analytic - one.found.method) <= allowed:
                return one
        # What a shorter step smooths out is no corner at the point itself.
        smooth = [one for one in tried if not one.corner and one.doubt[0] < SMOOTHED]
        return min(smooth or tried, key=lambda one: one.doubt)

    def _steps(self) -> Iterator[float]:
        """Yield the step asked for, or shorter and shorter ones, also those that suit a very small x."""
        if self.trial.h is not None:
            yield self.trial.h
            return
        x = self.line.x
        step = default_step(self.trial.method, x)
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

    def _measured(self, step: float, side: Callable[[Slopes], Slopes]) -> _Differences:
        around = self.line.x - step, self.line.x + step
        noise = 2 * max(rounding(self.line.trace(x), self.trial.grads) for x in around) / step
        branches = self.line.branches(*around)
        return _Differences(side(self._slopes(step)), side(self._slopes(step / 2)), noise, step, branches)

    def _slopes(self, step: float) -> Slopes:
        return slopes(self.line.value, self.line.x, self.trial.method, step)


def _grows(slope: float, finer: float) -> bool:
    """Tell whether a slope grows as at a jump (twofold), or by a root (1.4 for the second), when the step is halved.

    Where the slope is small by chance, it may grow so once, but not twice.
    """
    return slope != 0 and 1.3 <= finer / slope <= 2.1


def _right(found: Slopes) -> Slopes:
    return Slopes(found.right, found.right, found.right)


def _left(found: Slopes) -> Slopes:
    return Slopes(found.left, found.left, found.left)

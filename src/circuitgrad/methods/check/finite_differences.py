"""Checking a circuit's derivatives against finite differences in doubles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, ulp
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, quote
from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.methods.check.gate_branches import GateBranches
from circuitgrad.methods.check.verdicts import KINK, NONFINITE, WRONG, Comparison, settle
from circuitgrad.methods.numeric import CUBE_ROOT_OF_EPSILON, Slopes, default_step, slopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit

CORNER_GAP = 1e-3
"""The relative gap between the one-sided slopes from which on they look like a kink."""
STEP_DIVISOR = 8.0
SHORTER_STEPS = 12
STEPS_OF_SMALL_INPUT = 4
SMALL_INPUT = 1e-6
"""Below this size of an input, steps in proportion to it are tried, too."""
SMOOTH_DOUBT = 1e-2
"""An estimate with less relative doubt has seen no corner, even where gates take another branch within the step."""
CONFIRMING_DOUBT = 1e-6
"""A difference of a shorter step with less relative doubt ends the search if it confirms the derivative."""
SETTLED_CHANGE = 1e-3
"""A difference that changes by less than this, relatively, when its step is halved needs no shorter step."""
TRUNCATION_FACTOR = 4.0
"""The error of a difference in units of its change when the step is halved: 2 where it falls with the step, 3.4 where
it falls with the step's square root, as for x**1.5 at 0."""


def require_steps(inputs: Mapping[str, float], h: float) -> None:
    """Require that h and h/2 move every finite input.

    Raises:
        CircuitError: rounding swallows the step beside an input.
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
    """Return the rounding error of the output, given the values and gradients of all wires.

    It is eps times the sum of |value * gradient|: every gate's result is off by up to half an ulp, and its gradient
    is the effect of that on the output.

    Source: Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16, 1976.

    >>> rounding([3.0, 2.0, 6.0], [2.0, 3.0, 1.0]) / MACHINE_EPSILON
    18.0
    """
    effects = (abs(value * grad) for value, grad in zip(values, grads, strict=True))
    return MACHINE_EPSILON * sum(effect for effect in effects if isfinite(effect))


def relative_doubt(slope: float, uncertainty: float) -> tuple[float, float]:
    """Return a sort key of uncertain slopes: the relative uncertainty, 0 to 1, then the absolute one."""
    bound = abs(slope) + uncertainty
    return (uncertainty / bound if 0 < bound < inf else 1.0), uncertainty


class AlongInput:
    """An output as a function of one input, with the other inputs at their present values.

    Attributes:
        x: the input's present value.
        ties: the gates between input and output that sit at a tie.
    """

    def __init__(self, circuit: Circuit, output: str, name: str) -> None:
        self._circuit = circuit
        self._name = name
        self._slot = circuit.slot(output)
        self._values = circuit.trace({})
        self.x: float = self._values[circuit.slot(name)]
        needed = circuit.upstream([self._slot])
        self._gates = [index for index in circuit.downstream(name) if index in needed]
        self._branches = GateBranches(circuit, self._gates)
        self._branches_at_x = self._branches.at(self._values)
        named_branches = zip(self._branches.names, self._branches_at_x, strict=True)
        self.ties = tuple(gate for gate, branch in named_branches if branch.tied)

    def trace(self, x: float) -> list[float]:
        """Return the values of all slots at another value of the input."""
        return self._circuit.retrace(self._values, self._name, x, self._gates)

    def value(self, x: float) -> float:
        """Return the output at another value of the input."""
        return self.trace(x)[self._slot]

    def changes_branch(self, *points: float) -> bool:
        """Tell whether a gate takes another branch at one of these points than it does at x."""
        return any(
            here.differs(there)
            for point in points
            for here, there in zip(self._branches_at_x, self._branches.at(self.trace(point)), strict=True)
        )


class _StepPair(NamedTuple):
    """Finite differences with a step and with half of it.

    Attributes:
        coarser: the slopes with the step.
        finer: the slopes with half the step.
        noise: the rounding error of a slope with the step.
        step: the step.
        changes_branch: whether a gate takes another branch within the step.
    """

    coarser: Slopes
    finer: Slopes
    noise: float
    step: float
    changes_branch: bool

    @property
    def change(self) -> float:
        """The change of the slope when the step is halved."""
        return abs(self.coarser.slope - self.finer.slope)

    @property
    def uncertainty(self) -> float:
        """The bound on the error of the slope."""
        uncertainty = self.noise + TRUNCATION_FACTOR * self.change
        return uncertainty if isfinite(self.coarser.slope) and isfinite(uncertainty) else inf

    @property
    def doubt(self) -> tuple[float, float]:
        """The sort key of uncertain slopes; see `relative_doubt`."""
        return relative_doubt(self.coarser.slope, self.uncertainty)

    @property
    def settled(self) -> bool:
        """Whether the slope hardly changes when the step is halved, or no more than by rounding."""
        return TRUNCATION_FACTOR * self.change <= max(SETTLED_CHANGE * abs(self.coarser.slope), self.noise)

    @property
    def corner(self) -> bool:
        """Whether a gate changes its branch, and the one-sided slopes stay apart when the step is halved."""
        gap, finer_gap = abs(self.coarser.right - self.coarser.left), abs(self.finer.right - self.finer.left)
        steepest = max(abs(self.coarser.left), abs(self.coarser.right))
        return self.changes_branch and gap > CORNER_GAP * steepest + 4 * self.noise and finer_gap > 0.75 * gap

    @property
    def curvature(self) -> float:
        """The change of the one-sided slopes when the step is halved."""
        return max(abs(self.coarser.left - self.finer.left), abs(self.coarser.right - self.finer.right))


@dataclass(frozen=True)
class DifferenceCheck:
    """Compares the derivatives of one output with finite differences.

    The tolerance is rtol times the larger of the analytic and the numeric derivative, plus atol, plus the uncertainty
    of the numeric one. That is the rounding of its differences (see `rounding`) and `TRUNCATION_FACTOR` times its
    change when the step is halved. Where no step is given, it is shortened until this change is small.

    Attributes:
        circuit: the circuit.
        output: the output.
        grads: the gradients of all slots.
        is_zero: tells whether the derivative in an input is 0 without rounding, too.
        method: `central` or `forward`.
        h: the given step, or None.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
    """

    circuit: Circuit
    output: str
    grads: Sequence[float]
    is_zero: Callable[[str], bool]
    method: str
    h: float | None
    rtol: float
    atol: float

    def judge(self, name: str, analytic: float) -> Comparison:
        """Compare the analytic derivative in one input with finite differences."""
        return _InputCheck(self, name, AlongInput(self.circuit, self.output, name), analytic).judge()

    def tolerance(self, analytic: float, numeric: float) -> float:
        """Return the allowed distance of two derivatives, uncertainty apart."""
        return self.rtol * max(abs(analytic), abs(numeric)) + self.atol

    def settle(self, name: str, analytic: float, slope: float, uncertainty: float) -> Comparison:
        """Compare a derivative in one input with a numeric one and its uncertainty."""
        return settle(analytic, slope, uncertainty, self.rtol, self.atol, lambda: self.is_zero(name))


@dataclass(frozen=True)
class _InputCheck:
    """Compares one derivative with finite differences."""

    check: DifferenceCheck
    name: str
    along: AlongInput
    analytic: float

    def judge(self) -> Comparison:
        analytic, pair, ties = self.analytic, self.differences, self.along.ties
        numeric, finer = pair.coarser.slope, pair.finer
        if not (isfinite(analytic) and isfinite(pair.uncertainty)):
            return Comparison(analytic, numeric, 0.0, NONFINITE)
        if pair.changes_branch and self.jumps:
            tolerance = self.check.tolerance(analytic, numeric) + pair.uncertainty
            return Comparison(analytic, numeric, tolerance, KINK, finer.left, finer.right, ties=ties)
        if pair.corner:
            # Curvature moves the slopes of the longer step further: the finer slopes are more accurate.
            low, high = sorted((finer.left, finer.right))
            allowed = self.check.tolerance(low, high) + 4 * pair.noise + 2 * pair.curvature
            verdict = KINK if low - allowed <= analytic <= high + allowed else WRONG
            return Comparison(analytic, numeric, allowed, verdict, finer.left, finer.right, ties=ties)
        return self.check.settle(self.name, analytic, numeric, pair.uncertainty)._replace(ties=ties)

    @property
    def jumps(self) -> bool:
        """Whether the function jumps: the slope grows each time the step is halved."""
        pair = self.differences
        if not _grows(pair.coarser.slope, pair.finer.slope) or pair.change <= 2 * pair.noise:
            return False
        return _grows(pair.finer.slope, self._slopes(pair.step / 4).slope)

    @cached_property
    def differences(self) -> _StepPair:
        """The least uncertain differences, with the given step or with shorter and shorter steps.

        Where the function ends at the input's value, they are one-sided.
        """
        best = self._best(lambda slopes: slopes)
        if best.uncertainty == inf:
            for side in (_right, _left):
                onesided = self._best(side)
                if onesided.uncertainty < inf:
                    return onesided
        return best

    def _best(self, side: Callable[[Slopes], Slopes]) -> _StepPair:
        """Return the differences with the least doubt.

        The search ends early at settled differences, apart from a corner, that confirm the analytic derivative.
        Otherwise a shorter step is tried, because the step may span a pole, a nearby corner or many waves.
        """
        pairs: list[_StepPair] = []
        for step in self._steps():
            pair = self._measured(step, side)
            pairs.append(pair)
            allowed = self.check.tolerance(self.analytic, pair.coarser.slope) + pair.uncertainty
            conclusive = pair.settled and not pair.corner and (len(pairs) == 1 or pair.doubt[0] < CONFIRMING_DOUBT)
            if conclusive and abs(self.analytic - pair.coarser.slope) <= allowed:
                return pair
        # A corner that a shorter step smooths out is not at the point itself.
        smooth = [pair for pair in pairs if not pair.corner and pair.doubt[0] < SMOOTH_DOUBT]
        return min(smooth or pairs, key=lambda pair: pair.doubt)

    def _steps(self) -> Iterator[float]:
        """Yield the given step, or shorter and shorter steps, also in proportion to a very small x."""
        if self.check.h is not None:
            yield self.check.h
            return
        x = self.along.x
        step = default_step(self.check.method, x)
        yield step
        for _ in range(SHORTER_STEPS):
            step /= STEP_DIVISOR
            if x + step / 2 == x:
                return
            yield step
        step = CUBE_ROOT_OF_EPSILON * abs(x)
        for _ in range(STEPS_OF_SMALL_INPUT if abs(x) < SMALL_INPUT else 0):
            if x + step / 2 == x:
                return
            yield step
            step /= STEP_DIVISOR

    def _measured(self, step: float, side: Callable[[Slopes], Slopes]) -> _StepPair:
        around = self.along.x - step, self.along.x + step
        noise = 2 * max(rounding(self.along.trace(x), self.check.grads) for x in around) / step
        changes_branch = self.along.changes_branch(*around)
        return _StepPair(side(self._slopes(step)), side(self._slopes(step / 2)), noise, step, changes_branch)

    def _slopes(self, step: float) -> Slopes:
        return slopes(self.along.value, self.along.x, self.check.method, step)


def _grows(slope: float, finer: float) -> bool:
    """Tell whether a slope grows as at a jump (twofold) or at a square root (1.4) when the step is halved.

    A slope that is small by chance may do so once, but not twice.
    """
    return slope != 0 and 1.3 <= finer / slope <= 2.1


def _right(slopes: Slopes) -> Slopes:
    return Slopes(slopes.right, slopes.right, slopes.right)


def _left(slopes: Slopes) -> Slopes:
    return Slopes(slopes.left, slopes.left, slopes.left)

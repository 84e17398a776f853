"""Slopes of functions to tens of digits: central and one-sided differences of their values in multiprecision.

With a relative step of 1e-20 and 60 digits or more, a difference has some 40 correct digits of a smooth function's
slope, enough to check a formula. A step is shortened where the function bends more than that, or where a gate changes
its branch within it without a tie at the point itself. Digits are added where rounding costs many. A difference that
remains between the one-sided slopes is then a corner of the function, not an artefact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath
from mpmath import mpf

from circuitgrad.methods.exact_values import MOST_WORKING_DIGITS, WORKING_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.gates.kinks import Branch

KEPT_DIGITS = 25
"""The digits of a slope that rounding must leave."""
STEP_EXPONENTS = (20, 40, 80, 400, 1000)
"""The steps to try, as negative powers of 10, relative to the point."""
SMOOTH_GAP = mpf("1e-12")
"""The largest relative gap between the one-sided slopes, by curvature, with which a difference is taken at once."""
CONFIRMED_ERROR = mpf("1e-14")
"""The largest relative distance to the expected slope with which a difference is taken at once."""
SUFFICIENT_DOUBT = mpf("1e-18")
"""A difference with less doubt, relative to itself or to the slope that the function's size suggests, is accurate."""
VERTICAL_GROWTH = mpf("1.05")
"""A slope that grows by more than this when its step is halved is infinite, as at a root."""
JUMP_GROWTH = mpf("1.99")
"""The growth at a jump."""
LEAST_SLOPE_EXPONENT = 60
"""Where no slope is expected, slopes down to this negative power of 10 are found."""
SAME_LAW = mpf("1e-3")
"""The relative distance of the laws by which a slope changes with its step, at this step and a far longer one."""
FAST_FALL = mpf("1e-3")
"""A slope that falls by this with a far shorter step, and ever faster, falls to 0, as `x*log(x)` does."""


class FunctionSample(NamedTuple):
    """The values of functions of one variable at one point.

    Attributes:
        values: the value per function.
        branches: the branches of the gates with kinks in the functions, in a fixed order.
    """

    values: Sequence[Any]
    branches: Sequence[Branch]


class ExactSlope(NamedTuple):
    """The slope of a function at a point, and the slopes to its sides, as mpmath's numbers.

    Attributes:
        slope: the slope; infinite at a vertical tangent, NaN where it is not defined.
        left: the slope on the left; infinite at a jump.
        right: the slope on the right.
        doubt: the bound on the error of the slope, and of each one-sided slope.
        kink: whether the slopes on both sides differ, or the function jumps.
        jump: whether the function jumps.
        ties: the positions of the branches that sit at a tie and change there.
        beside: the slopes just beside the point: `left` and `right`, or at a jump those of the function's two parts.
        resolved: whether the steps were short enough to decide.
    """

    slope: Any
    left: Any
    right: Any
    doubt: Any
    kink: bool = False
    jump: bool = False
    ties: tuple[int, ...] = ()
    beside: tuple[Any, Any] = (0, 0)
    resolved: bool = True


UNDEFINED = ExactSlope(mpmath.nan, mpmath.nan, mpmath.nan, mpmath.inf)
"""The slope where a function has no value."""


class _StepSlopes(NamedTuple):
    """The slopes of all functions with one step, and the branches at its ends."""

    central: list[Any]
    left: list[Any]
    right: list[Any]
    branches: tuple[Sequence[Branch], Sequence[Branch]]


class _Side(NamedTuple):
    """The slope on one side of the point.

    Attributes:
        slope: the slope; NaN where there is none.
        doubt: the bound on its error.
        ratio: the factor by which it changes when its step is halved.
        beside: at a jump, the slope of the function's part on this side.
        sure: whether no shorter step is needed.
        resolved: whether the slope counts if no shorter step is left.
    """

    slope: Any
    doubt: Any
    ratio: Any
    beside: Any
    sure: bool
    resolved: bool


def exact_slopes(
    sample: Callable[[Any], FunctionSample],
    x: float,
    expected: Sequence[Any],
    sizes: Sequence[Any],
    spare: int = 0,
    steps: Sequence[int] = STEP_EXPONENTS,
    blurs: Sequence[Any] | None = None,
    scales: Sequence[Any] | None = None,
) -> list[ExactSlope]:
    """Return the slopes of functions of one variable at x.

    Args:
        sample: computes the functions at a point, at mpmath's working precision.
        x: the point, finite.
        expected: the expected slope per function; a difference that confirms it is not refined.
        sizes: per function, the rounding error of its value, in units of the working precision's rounding unit.
        spare: the number of digits that the functions lose inside.
        steps: the steps to try, as negative powers of 10, relative to x, the longest first.
        blurs: per function, the distance over which it is smoothed; none when left out.
        scales: per function, the slope that its size suggests; its size over that of x when left out.

    >>> [exact] = exact_slopes(lambda x: FunctionSample([x**3], []), 2.0, [12.0], [24.0])
    >>> float(exact.slope), float(exact.doubt) < 1e-20, exact.kink
    (12.0, True, False)
    """
    slopes: dict[int, ExactSlope] = {}
    longer: dict[int, tuple[_Side, _Side]] = {}
    width = abs(mpf(x)) or mpf(1)
    for exponent in steps:
        waiting = [index for index in range(len(expected)) if index not in slopes]
        if not waiting:
            break
        digits = spare + max(_digits(expected[index], sizes[index], width, exponent) for index in waiting)
        with mpmath.workdps(digits):
            point, step = mpf(x), width * mpf(10) ** -exponent
            here = sample(point)
            slopes.update((index, UNDEFINED) for index in waiting if not mpmath.isfinite(here.values[index]))
            coarser = _step_slopes(sample, point, here, step)
            noise = [mpf(10) ** (2 - digits) * size / step for size in sizes]
            if exponent == steps[0] and not _straddled(here, coarser, coarser):
                at_once = {index: _at_once(coarser, index, expected, noise) for index in waiting}
                slopes.update((index, slope) for index, slope in at_once.items() if slope)
            waiting = [index for index in waiting if index not in slopes]
            if not waiting:
                break
            finer = _step_slopes(sample, point, here, step / 2)
            ties = _ties(here, finer)
            straddled = _straddled(here, coarser, finer)
            for index in waiting:
                scale = scales[index] if scales else sizes[index] / width
                blur = 10 * blurs[index] / step if blurs else mpf(0)
                sides = _sides(
                    coarser,
                    finer,
                    index,
                    expected[index],
                    noise[index],
                    scale,
                    blur,
                    longer.get(index),
                    tied=bool(ties),
                )
                longer[index] = sides
                if exponent == steps[-1] or (all(side.sure for side in sides) and not straddled):
                    # Behind a jump, other gates change permanently, however short the step.
                    resolved = all(side.resolved for side in sides) and not _unsettled(coarser, finer)
                    slope = _concluded(coarser, finer, index, noise[index], sides, ties)
                    slopes[index] = slope._replace(resolved=resolved)
    return [slopes[index] for index in range(len(expected))]


def _digits(expected: Any, size: Any, width: Any, exponent: int) -> int:
    """Return the working digits that leave `KEPT_DIGITS` in a difference with this step."""
    lost = 0
    if size and mpmath.isfinite(expected) and mpmath.isfinite(size):
        lost = decimals(mpmath.mag(size) - mpmath.mag(width) - (mpmath.mag(expected) if expected else 0))
        lost = max(0, lost if expected else lost + LEAST_SLOPE_EXPONENT)
    return max(WORKING_DIGITS + exponent - STEP_EXPONENTS[0], KEPT_DIGITS + exponent + min(lost, MOST_WORKING_DIGITS))


def decimals(bits: int) -> int:
    """Return the number of decimal digits that correspond to binary digits."""
    return int(bits * 30103 // 100_000)


def _step_slopes(sample: Callable[[Any], FunctionSample], point: Any, here: FunctionSample, step: Any) -> _StepSlopes:
    above, below = sample(point + step), sample(point - step)
    triples = list(zip(below.values, here.values, above.values, strict=True))
    return _StepSlopes(
        [(high - low) / (2 * step) for low, _, high in triples],
        [(middle - low) / step for low, middle, _ in triples],
        [(high - middle) / step for _, middle, high in triples],
        (below.branches, above.branches),
    )


def _ties(here: FunctionSample, step_slopes: _StepSlopes) -> tuple[int, ...]:
    """Return the positions of the branches that sit at a tie and change beside it."""
    return tuple(
        position
        for position, branch in enumerate(here.branches)
        if branch.tied and any(ends[position].differs(branch) for ends in step_slopes.branches)
    )


def _straddled(here: FunctionSample, coarser: _StepSlopes, finer: _StepSlopes) -> bool:
    """Tell whether a branch changes within the step, other than at a tie at the point itself."""
    return _unsettled(coarser, finer) or any(
        not branch.tied and ends[position].differs(branch)
        for ends in coarser.branches
        for position, branch in enumerate(here.branches)
    )


def _unsettled(coarser: _StepSlopes, finer: _StepSlopes) -> bool:
    """Tell whether a branch changes between half the step and its end."""
    return any(
        far.differs(near)
        for far_branches, near_branches in zip(coarser.branches, finer.branches, strict=True)
        for far, near in zip(far_branches, near_branches, strict=True)
    )


def _at_once(step_slopes: _StepSlopes, index: int, expected: Sequence[Any], noise: Sequence[Any]) -> ExactSlope | None:
    """Return a smooth slope that confirms the expected one, or None where half the step has to be tried."""
    slope, left, right = step_slopes.central[index], step_slopes.left[index], step_slopes.right[index]
    # NaN fails every comparison.
    if mpmath.isfinite(slope) and abs(right - left) <= SMOOTH_GAP * abs(slope):
        doubt = noise[index] + SMOOTH_GAP * abs(right - left)
        nothing = not slope and noise[index] <= mpf(10) ** -LEAST_SLOPE_EXPONENT
        accurate = nothing or doubt <= CONFIRMED_ERROR * abs(slope)
        if accurate and abs(slope - expected[index]) <= CONFIRMED_ERROR * abs(slope) + doubt:
            return ExactSlope(slope, left, right, doubt, beside=(left, right))
    return None


def _sides(
    coarser: _StepSlopes,
    finer: _StepSlopes,
    index: int,
    expected: Any,
    noise: Any,
    scale: Any,
    blur: Any,
    longer: tuple[_Side, _Side] | None,
    *,
    tied: bool,
) -> tuple[_Side, _Side]:
    """Return the slopes on both sides of a function, from those with a step and with half of it."""
    before = longer or (None, None)
    left, right = finer.left[index], finer.right[index]
    # In a smoothed function, the slope on each side takes up a little of the slope on the opposite side.
    noises = [noise + blur * abs(opposite) if mpmath.isfinite(opposite) else noise for opposite in (right, left)]
    scale = max([scale, *(abs(slope) for slope in (left, right) if mpmath.isfinite(slope))])
    return (
        _side(coarser.left[index], left, expected, noises[0], scale, before[0], tied=tied),
        _side(coarser.right[index], right, expected, noises[1], scale, before[1], tied=tied),
    )


def _side(
    coarser: Any, finer: Any, expected: Any, noise: Any, scale: Any, longer: _Side | None, *, tied: bool
) -> _Side:
    """Return the slope on one side, from those with a step and with half of it.

    Args:
        coarser: the slope with the step.
        finer: the slope with half of it.
        expected: the expected slope.
        noise: the rounding error of the slope.
        scale: the slope that the function's size suggests.
        longer: the slope with a far longer step, or None.
        tied: whether a gate sits at a tie.
    """
    if not (mpmath.isfinite(coarser) and mpmath.isfinite(finer)):
        # A far shorter step may still have a value.
        again = longer is not None and mpmath.isnan(longer.slope)
        return _Side(mpmath.nan, mpf(0), mpf(0), mpf(0), sure=again, resolved=again)
    ratio = finer / coarser if coarser else mpf(1)
    doubt = 4 * abs(coarser - finer) + noise
    beside = 2 * coarser - finer
    vertical = mpmath.sign(finer) * mpmath.inf
    lawful = longer is not None and abs((1 - ratio) - (1 - longer.ratio)) <= SAME_LAW * abs(1 - ratio)
    if abs(finer) > 4 * noise and abs(ratio) > VERTICAL_GROWTH:
        # Without a tie, the function may be merely steep: the shortest step decides.
        jump = abs(ratio) > JUMP_GROWTH
        return _Side(vertical, mpf(0), ratio, beside, sure=bool(tied and jump and lawful), resolved=lawful)
    rise = finer - coarser
    if longer is not None and longer.ratio and abs(rise) > 4 * noise:
        before = longer.beside - longer.beside / longer.ratio
        if rise * finer > 0 and abs(rise - before) <= SAME_LAW * abs(rise):
            # Each halving of the step adds the same: the slope grows with the logarithm of the step.
            return _Side(vertical, mpf(0), ratio, finer, sure=False, resolved=True)
    falls = longer is not None and ratio <= longer.ratio < 1 and abs(finer) <= FAST_FALL * abs(longer.slope)
    if (falls or (lawful and ratio < 1)) and doubt > 2 * noise:
        # The slope falls with a power of the step, or ever faster: its limit is 0.
        return _Side(mpf(0), mpf(0), ratio, mpf(0), sure=not expected, resolved=True)
    # The doubt of a slope of 0 is relative to the scale.
    small = doubt <= SUFFICIENT_DOUBT * scale
    as_expected = small and abs(finer - expected) <= doubt
    again = small and tied and longer is not None and abs(finer - longer.slope) <= longer.doubt
    sure = bool(as_expected or again or doubt <= SUFFICIENT_DOUBT * abs(finer))
    return _Side(finer, doubt, ratio, finer, sure, resolved=bool(sure or small))


def _concluded(
    coarser: _StepSlopes, finer: _StepSlopes, index: int, noise: Any, sides: tuple[_Side, _Side], ties: tuple[int, ...]
) -> ExactSlope:
    """Return the slope that follows from those on both sides."""
    left, right = sides
    if mpmath.isnan(left.slope) and mpmath.isnan(right.slope):
        return UNDEFINED._replace(ties=ties)
    if mpmath.isnan(left.slope) or mpmath.isnan(right.slope):  # the function ends here
        side = right if mpmath.isnan(left.slope) else left
        slope = _settled(side.slope, side.doubt)
        return ExactSlope(slope, slope, slope, side.doubt, ties=ties, beside=(slope, slope))
    if mpmath.isinf(left.slope) or mpmath.isinf(right.slope):
        jump = any(mpmath.isinf(side.slope) and abs(side.ratio) > JUMP_GROWTH for side in sides)
        slope = left.slope if left.slope == right.slope else mpmath.nan
        doubt = max(side.doubt for side in sides)
        beside = (left.beside, right.beside) if jump else (left.slope, right.slope)
        return ExactSlope(slope, left.slope, right.slope, doubt, bool(jump or slope != slope), jump, ties, beside)
    doubt = left.doubt + right.doubt
    if abs(right.slope - left.slope) > doubt:
        ends = _settled(left.slope, left.doubt), _settled(right.slope, right.doubt)
        return ExactSlope((left.slope + right.slope) / 2, *ends, doubt, kink=True, ties=ties, beside=ends)
    slope = (left.slope + right.slope) / 2
    if left.slope == finer.left[index] and right.slope == finer.right[index]:
        # The central difference is more accurate than the two one-sided ones.
        slope = finer.central[index]
        doubt = min(doubt, 4 * abs(coarser.central[index] - slope) + noise)
    slope = _settled(slope, doubt)
    return ExactSlope(slope, slope, slope, doubt, ties=ties, beside=(slope, slope))


def _settled(slope: Any, doubt: Any) -> Any:
    """Return a slope, or 0 where its doubt includes 0."""
    return mpf(0) if abs(slope) <= doubt else slope

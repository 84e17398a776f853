"""Slopes of functions to tens of digits: central and one-sided differences of their values in multiprecision.

With a step of 1e-20 relative and 60 digits or more, a difference has some 40 correct digits of a smooth function's
slope, so that it can sit in judgement over formulas. A step is shortened where the function bends more than that, or
where a branch changes within it that has no tie at the point itself; digits are added where much is lost in rounding.
So what is left between the slopes on both sides is a corner of the function, and no artefact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath
from mpmath import mpf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.branches import State

DIGITS = 60
MOST_DIGITS = 1000
KEPT = 25
"""How many digits of a slope rounding must leave."""
STEPS = (20, 40, 80, 400)
"""The steps to try, as negative powers of 10, relative to the point."""
SMOOTH = mpf("1e-12")
"""How far the slopes on both sides may be apart, relatively, by curvature, when the difference is taken at once."""
AGREED = mpf("1e-14")
"""How near a difference must come to what it is expected to be, relatively, to be taken at once."""
UPRIGHT = mpf("1.05")
"""A slope that grows by more than this when its step is halved grows without end: by a root of the function."""
JUMP = mpf("1.99")
"""And by this at a jump."""
TELLING = mpf("1e-18")
"""A difference is good enough when its relative doubt is less."""
CONFIRMED = mpf("1e-6")
"""Where no state explains a corner, far shorter steps have to see its slopes, too, as near as this."""


class Sample(NamedTuple):
    """Functions of one variable at one point.

    Attributes:
        values: their values.
        states: the states of the gates in them that have branches, in a fixed order.
    """

    values: Sequence[Any]
    states: Sequence[State]


class Exact(NamedTuple):
    """The slopes of a function at a point, as mpmath's numbers.

    Attributes:
        slope: the slope; infinite where the function stands upright, NaN where it is not defined.
        left: the slope on the left.
        right: the slope on the right.
        doubt: how far the slope may be off.
        kink: whether the slopes on both sides differ, or the function jumps.
        jump: whether the function jumps.
        ties: the positions of those states that sit at a tie and change there.
        growth: by what the slopes on both sides grow when the step is halved, where they grow without end; else 0.
    """

    slope: Any
    left: Any
    right: Any
    doubt: Any
    kink: bool = False
    jump: bool = False
    ties: tuple[int, ...] = ()
    growth: tuple[Any, Any] = (0, 0)

    def confirms(self, other: Exact) -> bool:
        """Tell whether another step, far longer, has found the same two slopes."""
        return all(
            one == longer or abs(one - longer) <= CONFIRMED * abs(one)
            for one, longer in zip(
                (self.left, self.right, *self.growth), (other.left, other.right, *other.growth), strict=True
            )
        )


class _Differences(NamedTuple):
    """The slopes of all functions with one step, and what changed within it."""

    central: list[Any]
    left: list[Any]
    right: list[Any]
    ties: tuple[int, ...]
    straddles: bool


UNDEFINED = Exact(mpmath.nan, mpmath.nan, mpmath.nan, mpmath.inf)
"""What there is where a function has no value."""


def exact_slopes(
    sample: Callable[[Any], Sample], x: float, expected: Sequence[Any], sizes: Sequence[Any], spare: int = 0
) -> list[Exact]:
    """Return the slopes of functions of one variable at x.

    Args:
        sample: computes the functions at a point, at mpmath's working precision.
        x: the point, finite.
        expected: what the slopes are believed to be; a difference that confirms it is not refined.
        sizes: per function, by how much its value may move, in units of the working precision's rounding unit.
        spare: how many digits the functions lose inside.

    >>> [exact] = exact_slopes(lambda x: Sample([x**3], []), 2.0, [12.0], [24.0])
    >>> float(exact.slope), float(exact.doubt) < 1e-20, exact.kink
    (12.0, True, False)
    """
    found: dict[int, Exact] = {}
    longer: dict[int, Exact] = {}
    waiting = list(range(len(expected)))
    width = abs(mpf(x)) or mpf(1)
    for exponent in STEPS:
        digits = spare + max(_digits(expected[index], sizes[index], width, exponent) for index in waiting)
        with mpmath.workdps(digits):
            point, step = mpf(x), width * mpf(10) ** -exponent
            here = sample(point)
            for index in waiting:
                if not mpmath.isfinite(here.values[index]):
                    found[index] = UNDEFINED
            whole = _differences(sample, point, here, step)
            noise = [mpf(10) ** (2 - digits) * size / step for size in sizes]
            if exponent == STEPS[0]:
                found.update((index, one) for index in waiting if (one := _at_once(whole, index, expected, noise)))
            waiting = [index for index in waiting if index not in found]
            if not waiting:
                break
            half = _differences(sample, point, here, step / 2)
            for index in waiting:
                one = _refined(whole, half, index, noise[index])
                if one.kink or mpmath.isinf(one.slope):
                    sure = bool(one.ties) or (index in longer and one.confirms(longer[index]))
                else:
                    small = one.doubt <= TELLING * sizes[index] / width
                    as_expected = small and abs(one.slope - expected[index]) <= one.doubt
                    sure = as_expected or one.doubt <= TELLING * abs(one.slope)
                if sure and not half.straddles:
                    found[index] = one
                longer[index] = one
            waiting = [index for index in waiting if index not in found]
            if not waiting:
                break
    return [found.get(index) or longer[index] for index in range(len(expected))]


def _digits(expected: Any, size: Any, width: Any, exponent: int) -> int:
    """Return how many digits keep `KEPT` of them in a difference with this step."""
    lost = 0
    if expected and size and mpmath.isfinite(expected) and mpmath.isfinite(size):
        lost = max(0, (mpmath.mag(size) - mpmath.mag(expected) - mpmath.mag(width)) * 30103 // 100_000)
    return max(DIGITS + exponent - STEPS[0], KEPT + exponent + min(lost, MOST_DIGITS))


def _differences(sample: Callable[[Any], Sample], point: Any, here: Sample, step: Any) -> _Differences:
    above, below = sample(point + step), sample(point - step)
    changed = [
        position
        for position, state in enumerate(here.states)
        if above.states[position].differs(state) or below.states[position].differs(state)
    ]
    ties = tuple(position for position in changed if here.states[position].tied)
    triples = list(zip(below.values, here.values, above.values, strict=True))
    return _Differences(
        [(high - low) / (2 * step) for low, _, high in triples],
        [(middle - low) / step for low, middle, _ in triples],
        [(high - middle) / step for _, middle, high in triples],
        ties,
        len(ties) < len(changed),
    )


def _at_once(found: _Differences, index: int, expected: Sequence[Any], noise: Sequence[Any]) -> Exact | None:
    """Return a slope that needs no second look: smooth, and what it is expected to be."""
    slope, left, right = found.central[index], found.left[index], found.right[index]
    # NaN fails every comparison, and is looked at again.
    if abs(right - left) <= SMOOTH * abs(slope) and not found.straddles:
        doubt = noise[index] + SMOOTH * abs(right - left)
        if abs(slope - expected[index]) <= AGREED * abs(slope) + doubt:
            return Exact(slope, left, right, doubt, ties=found.ties)
    return None


def _refined(whole: _Differences, half: _Differences, index: int, noise: Any) -> Exact:
    """Return the slopes of the shorter step, with the doubt that the change since the longer one raises."""
    left, left_doubt, left_growth = one_side(whole.left[index], half.left[index], noise)
    right, right_doubt, right_growth = one_side(whole.right[index], half.right[index], noise)
    ties = half.ties
    if mpmath.isnan(left) or mpmath.isnan(right):  # the function ends here
        slope, doubt = (right, right_doubt) if mpmath.isnan(left) else (left, left_doubt)
        return Exact(slope, slope, slope, doubt, ties=ties)
    if left_growth or right_growth:
        jump = max(left_growth, right_growth) >= JUMP
        slope = left if left == right else mpmath.nan
        growth = left_growth, right_growth
        return Exact(slope, left, right, mpf(0), bool(jump or left != right), bool(jump), ties, growth)
    slope = half.central[index]
    doubt = 2 * abs(whole.central[index] - slope) + noise
    kink = bool(abs(right - left) > left_doubt + right_doubt)
    return Exact(_settled(slope, doubt), left, right, doubt, kink, ties=ties)


def one_side(coarser: Any, finer: Any, noise: Any) -> tuple[Any, Any, Any]:
    """Return a slope on one side, its doubt, and by what it grows where it grows without end: by a root, or at a jump.

    Args:
        coarser: the slope with some step.
        finer: the slope with half of it.
        noise: what rounding may have added to it.
    """
    if abs(finer) > max(UPRIGHT * abs(coarser), 4 * noise) and coarser:
        return mpmath.sign(finer) * mpmath.inf, mpf(0), abs(finer / coarser)
    doubt = 4 * abs(coarser - finer) + noise
    return _settled(finer, doubt), doubt, mpf(0)


def _settled(slope: Any, doubt: Any) -> Any:
    """Return a slope, but 0 where it cannot be told from it."""
    return mpf(0) if abs(slope) <= doubt else slope

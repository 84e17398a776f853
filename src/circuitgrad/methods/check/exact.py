"""Slopes of functions to tens of digits: central and one-sided differences of their values in multiprecision.

With a step of 1e-20 relative and 60 digits or more, a difference has some 40 correct digits of a smooth function's
slope, so that it can sit in judgement over formulas. A step is shortened where the function bends more than that, or
where a gate changes its branch within it without being at a tie at the point itself; digits are added where much is
lost in rounding. So what is left between the slopes on both sides is a corner of the function, and no artefact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath
from mpmath import mpf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.gates.kinks import Branch

DIGITS = 60
MOST_DIGITS = 1000
KEPT = 25
"""How many digits of a slope rounding must leave."""
STEPS = (20, 40, 80, 400, 1000)
"""The steps to try, as negative powers of 10, relative to the point."""
SMOOTH = mpf("1e-12")
"""How far the slopes on both sides may be apart, relatively, by curvature, when the difference is taken at once."""
AGREED = mpf("1e-14")
"""How near a difference must come to what it is expected to be, relatively, to be taken at once."""
TELLING = mpf("1e-18")
"""A difference is good enough when its doubt is less, in units of itself or of what the function's size lets expect."""
UPRIGHT = mpf("1.05")
"""A slope that grows by more than this when its step is halved grows without end: by a root of the function."""
JUMP = mpf("1.99")
"""And by this at a jump."""
LEAST = 60
"""Where no slope is expected, one is looked for down to this negative power of 10."""
SAME = mpf("1e-25")
"""How near, relatively, a number has to come to itself with twice as many digits."""
GONE = mpf("1e-30")
"""A number that shrinks by this when it gets twice as many digits is nothing but rounding."""
CONFIRMED = mpf("1e-3")
"""How near the law by which a slope grows or shrinks with its step has to be to that at far longer steps."""


class Sample(NamedTuple):
    """Functions of one variable at one point.

    Attributes:
        values: their values.
        states: the states of the gates in them that have branches, in a fixed order.
    """

    values: Sequence[Any]
    states: Sequence[Branch]


class Exact(NamedTuple):
    """The slopes of a function at a point, as mpmath's numbers.

    Attributes:
        slope: the slope; infinite where the function stands upright, NaN where it is not defined.
        left: the slope on the left; infinite at a jump.
        right: the slope on the right.
        doubt: how far the slope, or one on a side, may be off.
        kink: whether the slopes on both sides differ, or the function jumps.
        jump: whether the function jumps.
        ties: the positions of those states that sit at a tie and change there.
        beside: the slopes just beside the point: `left` and `right`, but at a jump those of the function's two parts.
        resolved: whether the steps were short enough to tell.
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


UNDEFINED = Exact(mpmath.nan, mpmath.nan, mpmath.nan, mpmath.inf)
"""What there is where a function has no value."""


class _Differences(NamedTuple):
    """The slopes of all functions with one step, and the states at its ends."""

    central: list[Any]
    left: list[Any]
    right: list[Any]
    states: tuple[Sequence[Branch], Sequence[Branch]]


class _Side(NamedTuple):
    """The slope on one side of the point.

    Attributes:
        slope: the slope; NaN where there is none.
        doubt: how far it may be off.
        ratio: by what it changes when its step is halved.
        beside: at a jump, the slope of the function's part on this side.
        sure: whether shorter steps need not be tried.
        resolved: whether it counts where there are none.
    """

    slope: Any
    doubt: Any
    ratio: Any
    beside: Any
    sure: bool
    resolved: bool


def exact_slopes(
    sample: Callable[[Any], Sample],
    x: float,
    expected: Sequence[Any],
    sizes: Sequence[Any],
    spare: int = 0,
    steps: Sequence[int] = STEPS,
    blurs: Sequence[Any] | None = None,
    scales: Sequence[Any] | None = None,
) -> list[Exact]:
    """Return the slopes of functions of one variable at x.

    Args:
        sample: computes the functions at a point, at mpmath's working precision.
        x: the point, finite.
        expected: what the slopes are believed to be; a difference that confirms it is not refined.
        sizes: per function, by how much its value may move, in units of the working precision's rounding unit.
        spare: how many digits the functions lose inside.
        steps: the steps to try, as negative powers of 10, relative to x, the longest first.
        blurs: per function, over which distance it is smoothed out; none when left out.
        scales: per function, the slope that its size lets expect; its size over that of x when left out.

    >>> [exact] = exact_slopes(lambda x: Sample([x**3], []), 2.0, [12.0], [24.0])
    >>> float(exact.slope), float(exact.doubt) < 1e-20, exact.kink
    (12.0, True, False)
    """
    found: dict[int, Exact] = {}
    longer: dict[int, tuple[_Side, _Side]] = {}
    width = abs(mpf(x)) or mpf(1)
    for exponent in steps:
        waiting = [index for index in range(len(expected)) if index not in found]
        if not waiting:
            break
        digits = spare + max(_digits(expected[index], sizes[index], width, exponent) for index in waiting)
        with mpmath.workdps(digits):
            point, step = mpf(x), width * mpf(10) ** -exponent
            here = sample(point)
            found.update((index, UNDEFINED) for index in waiting if not mpmath.isfinite(here.values[index]))
            whole = _differences(sample, point, here, step)
            noise = [mpf(10) ** (2 - digits) * size / step for size in sizes]
            if exponent == steps[0] and not _straddled(here, whole, whole):
                found.update((index, one) for index in waiting if (one := _at_once(whole, index, expected, noise)))
            waiting = [index for index in waiting if index not in found]
            if not waiting:
                break
            half = _differences(sample, point, here, step / 2)
            ties = _ties(here, half)
            straddled = _straddled(here, whole, half)
            for index in waiting:
                scale = scales[index] if scales else sizes[index] / width
                blur = 10 * blurs[index] / step if blurs else mpf(0)
                sides = _sides(
                    whole, half, index, expected[index], noise[index], scale, blur, longer.get(index), tied=bool(ties)
                )
                longer[index] = sides
                if exponent == steps[-1] or (all(side.sure for side in sides) and not straddled):
                    # Behind a jump, other gates change for good, however short the step.
                    resolved = all(side.resolved for side in sides) and not _unsettled(whole, half)
                    one = _concluded(whole, half, index, noise[index], sides, ties)
                    found[index] = one._replace(resolved=resolved)
    return [found[index] for index in range(len(expected))]


def _digits(expected: Any, size: Any, width: Any, exponent: int) -> int:
    """Return how many digits keep `KEPT` of them in a difference with this step."""
    lost = 0
    if size and mpmath.isfinite(expected) and mpmath.isfinite(size):
        lost = decimals(mpmath.mag(size) - mpmath.mag(width) - (mpmath.mag(expected) if expected else 0))
        lost = max(0, lost if expected else lost + LEAST)
    return max(DIGITS + exponent - STEPS[0], KEPT + exponent + min(lost, MOST_DIGITS))


def decimals(bits: int) -> int:
    """Return how many decimal digits so many binary ones are."""
    return int(bits * 30103 // 100_000)


def converged(run: Callable[[int], list[Any]]) -> tuple[list[Any], int]:
    """Return numbers with so many digits that twice as many make no difference, and how many more than usual they need.

    What only rounding has left of a number becomes 0.

    Args:
        run: computes the numbers with so many digits.

    >>> def run(digits):
    ...     with mpmath.workdps(digits):
    ...         return [1 - mpmath.tanh(80) ** 2, mpmath.sqrt(3) ** 2 - 3]
    >>> (one, other), spare = converged(run)
    >>> mpmath.nstr(one, 5), other == 0, spare
    ('1.303e-69', True, 60)
    """
    digits = DIGITS
    numbers = run(digits)
    while digits < MOST_DIGITS:
        finer = run(2 * digits)
        pairs = list(zip(numbers, finer, strict=True))
        numbers = [mpf(0) if abs(fine) <= GONE * abs(number) else fine for number, fine in pairs]
        if all(_same(number, fine) for number, fine in pairs):
            break
        digits *= 2
    return numbers, digits - DIGITS


def _same(number: Any, finer: Any) -> bool:
    """Tell whether a number has not changed with more digits, or is about to vanish."""
    if not (mpmath.isfinite(number) and mpmath.isfinite(finer)):
        return True
    return bool(abs(number - finer) <= SAME * abs(finer) or abs(finer) <= GONE * abs(number))


def _differences(sample: Callable[[Any], Sample], point: Any, here: Sample, step: Any) -> _Differences:
    above, below = sample(point + step), sample(point - step)
    triples = list(zip(below.values, here.values, above.values, strict=True))
    return _Differences(
        [(high - low) / (2 * step) for low, _, high in triples],
        [(middle - low) / step for low, middle, _ in triples],
        [(high - middle) / step for _, middle, high in triples],
        (below.states, above.states),
    )


def _ties(here: Sample, found: _Differences) -> tuple[int, ...]:
    """Return the positions of the states that sit at a tie and change beside it."""
    return tuple(
        position
        for position, state in enumerate(here.states)
        if state.tied and any(states[position].differs(state) for states in found.states)
    )


def _straddled(here: Sample, whole: _Differences, half: _Differences) -> bool:
    """Tell whether a state changes within the step, elsewhere than at a tie at the point itself."""
    return _unsettled(whole, half) or any(
        not state.tied and ends[position].differs(state)
        for ends in whole.states
        for position, state in enumerate(here.states)
    )


def _unsettled(whole: _Differences, half: _Differences) -> bool:
    """Tell whether a state changes between the half of the step and its end."""
    return any(
        one.differs(other)
        for far, near in zip(whole.states, half.states, strict=True)
        for one, other in zip(far, near, strict=True)
    )


def _at_once(found: _Differences, index: int, expected: Sequence[Any], noise: Sequence[Any]) -> Exact | None:
    """Return a slope that needs no second look: smooth, and what it is expected to be."""
    slope, left, right = found.central[index], found.left[index], found.right[index]
    # NaN fails every comparison, and is looked at again.
    if mpmath.isfinite(slope) and abs(right - left) <= SMOOTH * abs(slope):
        doubt = noise[index] + SMOOTH * abs(right - left)
        telling = doubt <= AGREED * abs(slope) or (not slope and noise[index] <= mpf(10) ** -LEAST)
        if telling and abs(slope - expected[index]) <= AGREED * abs(slope) + doubt:
            return Exact(slope, left, right, doubt, beside=(left, right))
    return None


def _sides(
    whole: _Differences,
    half: _Differences,
    index: int,
    expected: Any,
    noise: Any,
    scale: Any,
    blur: Any,
    longer: tuple[_Side, _Side] | None,
    *,
    tied: bool,
) -> tuple[_Side, _Side]:
    before = longer or (None, None)
    left, right = half.left[index], half.right[index]
    # What is smoothed out lets each side see a little of the other.
    noises = [noise + blur * abs(other) if mpmath.isfinite(other) else noise for other in (right, left)]
    scale = max([scale, *(abs(slope) for slope in (left, right) if mpmath.isfinite(slope))])
    return (
        _side(whole.left[index], left, expected, noises[0], scale, before[0], tied=tied),
        _side(whole.right[index], right, expected, noises[1], scale, before[1], tied=tied),
    )


def _side(
    coarser: Any, finer: Any, expected: Any, noise: Any, scale: Any, longer: _Side | None, *, tied: bool
) -> _Side:
    """Return the slope on one side, from those with some step and with half of it.

    Args:
        coarser: the slope with the step.
        finer: the slope with half of it.
        expected: what it is believed to be.
        noise: what rounding may have added to it.
        scale: the slope that the function's size lets expect.
        longer: what a far longer step has found, or None.
        tied: whether a gate sits at a tie.
    """
    if not (mpmath.isfinite(coarser) and mpmath.isfinite(finer)):
        # A far shorter step may still have a value.
        again = longer is not None and mpmath.isnan(longer.slope)
        return _Side(mpmath.nan, mpf(0), mpf(0), mpf(0), sure=again, resolved=again)
    ratio = finer / coarser if coarser else mpf(1)
    doubt = 4 * abs(coarser - finer) + noise
    beside = 2 * coarser - finer
    lawful = longer is not None and abs((1 - ratio) - (1 - longer.ratio)) <= CONFIRMED * abs(1 - ratio)
    if abs(finer) > 4 * noise and abs(ratio) > UPRIGHT:
        # What stands upright without a tie may be just steep: the shortest step tells.
        jump = abs(ratio) > JUMP
        upright = mpmath.sign(finer) * mpmath.inf
        return _Side(upright, mpf(0), ratio, beside, sure=bool(tied and jump and lawful), resolved=lawful)
    if lawful and ratio < 1 and doubt > 2 * noise:
        # The slope falls with a power of the step, so there is nothing in the end.
        return _Side(mpf(0), mpf(0), ratio, mpf(0), sure=not expected, resolved=True)
    # Where the slope is nothing, what it could be tells.
    small = doubt <= TELLING * scale
    as_expected = small and abs(finer - expected) <= doubt
    again = small and tied and longer is not None and abs(finer - longer.slope) <= longer.doubt
    sure = bool(as_expected or again or doubt <= TELLING * abs(finer))
    return _Side(finer, doubt, ratio, finer, sure, resolved=bool(sure or small))


def _concluded(
    whole: _Differences, half: _Differences, index: int, noise: Any, sides: tuple[_Side, _Side], ties: tuple[int, ...]
) -> Exact:
    """Return the slopes that the two sides make up."""
    left, right = sides
    if mpmath.isnan(left.slope) and mpmath.isnan(right.slope):
        return UNDEFINED._replace(ties=ties)
    if mpmath.isnan(left.slope) or mpmath.isnan(right.slope):  # the function ends here
        one = right if mpmath.isnan(left.slope) else left
        slope = _settled(one.slope, one.doubt)
        return Exact(slope, slope, slope, one.doubt, ties=ties, beside=(slope, slope))
    if mpmath.isinf(left.slope) or mpmath.isinf(right.slope):
        jump = any(mpmath.isinf(side.slope) and abs(side.ratio) > JUMP for side in sides)
        slope = left.slope if left.slope == right.slope else mpmath.nan
        doubt = max(side.doubt for side in sides)
        beside = (left.beside, right.beside) if jump else (left.slope, right.slope)
        return Exact(slope, left.slope, right.slope, doubt, bool(jump or slope != slope), jump, ties, beside)
    doubt = left.doubt + right.doubt
    if abs(right.slope - left.slope) > doubt:
        ends = _settled(left.slope, left.doubt), _settled(right.slope, right.doubt)
        return Exact((left.slope + right.slope) / 2, *ends, doubt, kink=True, ties=ties, beside=ends)
    slope = (left.slope + right.slope) / 2
    if left.slope == half.left[index] and right.slope == half.right[index]:
        # Of two differences to the sides, the central one is better.
        slope = half.central[index]
        doubt = min(doubt, 4 * abs(whole.central[index] - slope) + noise)
    slope = _settled(slope, doubt)
    return Exact(slope, slope, slope, doubt, ties=ties, beside=(slope, slope))


def _settled(slope: Any, doubt: Any) -> Any:
    """Return a slope, but 0 where it cannot be told from it."""
    return mpf(0) if abs(slope) <= doubt else slope

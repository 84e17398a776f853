"""A gate's value and its partial derivatives, drawn along its first operand."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, TypeAlias

from circuitgrad.formulas.names import derivative_title
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.report.curve import limits, number
from circuitgrad.report.panels import HEIGHT, layout, panels
from circuitgrad.report.terminal import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.gates.rule import Rule

    Function: TypeAlias = Callable[[float], float]
    Point: TypeAlias = tuple[float, float]

FARTHEST = 5.0
"""A gate is drawn from minus this to this, as far as it is defined there."""
HELD = (2.0, 1.0)
"""The values of the second and the third operand, moved into their ranges; they differ, so that `where` chooses."""
POINTS_PER_COLUMN = 8
"""How many points are computed for a column of a plot."""


def gate_plot(rule: Rule) -> str:
    """Return plots of the gate's value and of each partial derivative, fitted to the terminal.

    Above them stand the values of the other operands, if there are any.
    """
    _, columns = layout(1 + rule.arity)
    xs = _spread(*window(rule), POINTS_PER_COLUMN * columns, held(rule))
    curves = {title: curve(function, xs) for title, function in functions(rule).items()}
    return _caption(rule) + panels(curves, ["green", *["red"] * rule.arity], rule.operands[0])


def _caption(rule: Rule) -> str:
    constants = ", ".join(
        f"{name} = {number(value)}" for name, value in zip(rule.operands[1:], held(rule), strict=True)
    )
    return f"{fold(f'along {rule.operands[0]}, with {constants}')}\n" if constants else ""


def window(rule: Rule) -> tuple[float, float]:
    """Return where the first operand starts and ends in a plot: around 0, within the range in which the rule is tested.

    >>> from circuitgrad.gates.table import find
    >>> window(find("tanh")), window(find("sqrt")), window(find("asin"))
    ((-5.0, 5.0), (0.0, 5.0), (-1.0, 1.0))
    """
    low, high = rule.sample[0] if rule.sample else (-FARTHEST, FARTHEST)
    if low >= FARTHEST or high <= -FARTHEST:
        return low, high
    # A range that keeps a little away from 0 is drawn from 0.
    return round(max(low, -FARTHEST), 1), round(min(high, FARTHEST), 1)


def held(rule: Rule) -> list[float]:
    """Return the values of the operands after the first: numbers from the ranges in which they are tested.

    >>> from circuitgrad.gates.table import find
    >>> held(find("tanh")), held(find("pow")), held(find("clip"))
    ([], [2.0], [-1.0, 1.0])
    """
    ranges = rule.sample[1:] or [(-inf, inf)] * (rule.arity - 1)
    return [min(max(HELD[i % len(HELD)], low), high) for i, (low, high) in enumerate(ranges)]


def functions(rule: Rule) -> Mapping[str, Function]:
    """Return the functions of the first operand that are drawn, by title.

    >>> from circuitgrad.gates.table import find
    >>> {title: function(3.0) for title, function in functions(find("mul")).items()}
    {'value': 6.0, 'd/dx': 2.0, 'd/dy': 3.0}
    """
    constants = held(rule)
    compute: Callable[..., float] = value_function(rule)
    differentiate: Callable[..., tuple[float, ...]] = partials_function(rule)

    def value(x: float) -> float:
        return compute(x, *constants)

    def slope(position: int, x: float) -> float:
        return differentiate(x, *constants, value(x))[position]

    slopes = {derivative_title("", operand): partial(slope, position) for position, operand in enumerate(rule.operands)}
    return {"value": value, **slopes}


def _spread(low: float, high: float, count: int, kinks: Sequence[float]) -> list[float]:
    """Return evenly spaced numbers from low to high, and likely kinks: 0 and the values of the other operands."""
    even = [low + (high - low) * i / count for i in range(count + 1)]
    return sorted({*even, *(x for x in (0.0, *kinks) if low <= x <= high)})


def curve(function: Function, xs: Sequence[float]) -> list[Point]:
    """Return the points of a function at rising xs, with a gap wherever it jumps.

    >>> curve(lambda x: x // 1, [0.0, 0.5, 1.0])
    [(0.0, 0.0), (0.5, 0.0), (1.0, nan), (1.0, 1.0)]
    """
    points = [(x, function(x)) for x in xs]
    low, high = limits([y for _, y in points])
    drawn = points[:1]
    for before, after in pairwise(points):
        # A jump of less than a dot or so cannot be seen; an infinity is a gap anyway.
        if (high - low) / (4 * HEIGHT) < abs(after[1] - before[1]) < inf and _jumps(function, before, after):
            drawn.append((after[0], nan))
        drawn.append(after)
    return drawn


def _jumps(function: Function, before: Point, after: Point) -> bool:
    """Tell whether a function jumps between two points: halving the distance does not bring its values together."""
    least = abs(after[1] - before[1]) / 2
    while before[0] < (x := (before[0] + after[0]) / 2) < after[0]:
        middle = x, function(x)
        if not isfinite(middle[1]):
            return True
        if abs(middle[1] - before[1]) > abs(after[1] - middle[1]):
            after = middle
        else:
            before = middle
        if abs(after[1] - before[1]) < least:
            return False
    return True

"""How far every gate's value and slopes are from the truth, in units of the last place, in every engine.

Run `python benchmarks/ulps.py [--points N]`. It prints a Markdown table. With `--write docs/gates.md` it writes the
page of the gates instead. It takes a minute.

A third of the points are evenly spread over the range in which the gate table tests the gate, a third are of all sizes
in it, a third are near the ends and near numbers in its formulas. The truth is the gate's rule in multiprecision,
which the tests hold against independent formulas. Extreme points are measured apart.
"""

from __future__ import annotations

import argparse
import random
from array import array
from math import inf, isfinite, ulp
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mpmath import mp, mpf

import circuitgrad
from circuitgrad.engines.programs import over_columns
from circuitgrad.engines.wanted import Wanted
from circuitgrad.formulas.steps import Number
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.table import GATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.gates.rule import Rule

ENGINES = ("objects", "python", "native")
POINTS = 3000
DIGITS = 60
"""The digits of the truth inside the tested ranges."""
EXTREME_DIGITS = 700
"""Those at extreme points, whose quotients and sums may need as many."""
EXTREME_SIZES = (
    5e-324, 1e-320, 1e-310, 2.3e-308, 1e-300, 1e-200, 1e-160, 1e-100, 1e-16, 1e-8, 1e-5, 0.5, 1.0, 2.0, 3.0, 4.0, 10.0,
    27.0, 40.0, 700.0, 708.5, 720.0, 740.0, 744.0, 745.0, 746.0, 1000.0, 1e5, 1e10, 1e16, 1e100, 1e160, 1e200, 1e300,
    1.7e308,
)  # fmt: skip
EXTREMES = (0.0, *EXTREME_SIZES, *(-size for size in EXTREME_SIZES))
TINY = 1e-12
EXTREME_PAIRS = 1000
"""The number of extreme points of gates with several operands."""

Point = tuple[float, ...]


class Worst(NamedTuple):
    """The largest error of a number that a gate gives.

    Attributes:
        error: the error in ulp of the right double; infinite where only one of the two is finite.
        point: the operands there.
        found: what the engine gives.
        right: the double nearest to the truth.
    """

    error: float = 0.0
    point: Point = ()
    found: float = 0.0
    right: float = 0.0


def is_tested(rule: Rule, point: Point) -> bool:
    """Tell whether a point is in the range in which the gate table tests a gate."""
    return all(low <= x <= high for x, (low, high) in zip(point, rule.sample, strict=True))


def points(rule: Rule, count: int) -> list[Point]:
    """Return points of a rule's tested range: evenly spread, of all sizes, near special points. More begin the same.

    >>> points(GATES["exp"], 3) == points(GATES["exp"], 5)[:3]
    True
    """
    chance = random.Random(rule.name)
    formulas = (rule.value, *rule.partials.values())
    numbers = {step.value for formula in formulas for step in formula.steps if isinstance(step, Number)}
    special = sorted({sign * number for number in numbers for sign in (-1, 1) if 1e-9 < number < 1e9})

    def drawn(low: float, high: float, kind: int) -> float:
        sign, small = chance.choice((-1, 1)), 10.0 ** -chance.uniform(0, 12)
        anywhere = chance.uniform(low, high)
        of_any_size = sign * small * max(abs(low), abs(high))
        beside = chance.choice([low, high, *special]) * (1 + sign * small)
        chosen = (anywhere, of_any_size, beside)[kind]
        return chosen if low <= chosen <= high else anywhere

    return [tuple(drawn(low, high, number % 3) for low, high in rule.sample) for number in range(count)]


def extreme_points(rule: Rule) -> list[Point]:
    """Return points of all sizes that doubles have, of either sign: outside a rule's tested range, or tiny."""
    drawn: list[Point] = [(x,) for x in EXTREMES]
    if rule.arity > 1:
        chance = random.Random(rule.name)
        drawn = [
            tuple(chance.choice(EXTREMES) * chance.choice((1.0, chance.uniform(0.5, 1))) for _ in rule.operands)
            for _ in range(EXTREME_PAIRS)
        ]
    return [point for point in drawn if not is_tested(rule, point) or any(0 < abs(x) < TINY for x in point)]


def truth(rule: Rule, at: Sequence[Point], digits: int) -> list[list[Any]]:
    """Return, per point, a gate's value and its slopes in multiprecision."""
    value, partials = value_function(rule, MULTIPRECISION), partials_function(rule, MULTIPRECISION)
    found = []
    with mp.workdps(digits):
        for point in at:
            operands = [mpf(x) for x in point]
            out = value(*operands)
            found.append([mpf(out), *(mpf(partial) for partial in partials(*operands, out))])
    return found


def computed(rule: Rule, at: Sequence[Point], engine: str) -> list[list[float]]:
    """Return, per point, a gate's value and its slopes as an engine computes them."""
    names = [f"x{number}" for number in range(rule.arity)]  # an operand may be called as a constant
    circuit = circuitgrad.from_expression(f"{rule.name}({', '.join(names)})", **dict.fromkeys(names, 1.0))
    wanted = Wanted(("out",), ("out",), tuple(names))
    columns = over_columns(circuit, names, wanted, engine)([array("d", column) for column in zip(*at, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def error(found: float, exact: Any) -> float:
    """Return how far a double is from a number, in units of the last place of the double nearest to it."""
    nearest = float(exact)
    if nearest == found or (nearest != nearest and found != found):
        return 0.0
    return float(abs(mpf(found) - exact) / ulp(nearest)) if isfinite(nearest) and isfinite(found) else inf


def measured(
    rule: Rule, at: Sequence[Point], digits: int = DIGITS, engines: Sequence[str] = ENGINES
) -> dict[str, list[Worst]]:
    """Return, per engine, the largest error of a gate's value and of each slope.

    >>> [worst.error for worst in measured(GATES["add"], [(1.0, 2.0)], engines=["python"])["python"]]
    [0.0, 0.0, 0.0]
    """
    exact = truth(rule, at, digits)
    found = {}
    for engine in engines:
        worst = [Worst()] * (1 + rule.arity)
        with mp.workdps(digits):
            for point, numbers, rights in zip(at, computed(rule, at, engine), exact, strict=True):
                for place, (number, right) in enumerate(zip(numbers, rights, strict=True)):
                    if (far := error(number, right)) > worst[place].error:
                        worst[place] = Worst(far, point, number, float(right))
        found[engine] = worst
    return found


def table(count: int) -> str:
    """Return the largest errors of all gates as a Markdown table."""
    lines = [f"| gate | of | {' | '.join(ENGINES)} | at |", "|---" * (3 + len(ENGINES)) + "|"]
    for rule in GATES.values():
        found = measured(rule, points(rule, count))
        for place, name in enumerate(("value", *(f"d/d{operand}" for operand in rule.operands))):
            errors = [found[engine][place] for engine in ENGINES]
            numbers = " | ".join(f"{worst.error:.2f}" for worst in errors)
            lines.append(f"| `{rule.name}` | {name} | {numbers} | {', '.join(map(repr, max(errors).point))} |")
    return "\n".join(lines)


def main() -> None:
    """Print the errors, or write the page of the gates."""
    parser = argparse.ArgumentParser(description="Measure every gate's largest errors, in ulp.")
    parser.add_argument("--points", type=int, default=POINTS, help=f"points a gate (default: {POINTS})")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the gates")
    given = parser.parse_args()
    if given.write is None:
        print(table(given.points))
        return
    from gates_page import measured_page

    given.write.write_text(measured_page(given.points), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Trials of hand-written partial derivatives: each definition alone, on every side of its conditions.

A circuit shows a definition at the operands that it meets there. A trial looks for others, within the operands' domain:
points on both sides of every condition of the value and of the partial derivatives, and the boundaries themselves. At
each the partial derivatives are compared with the slopes of the value, both at 60 digits, as in `check.gates`. What
doubles lose is no concern of a trial, nor is what is not finite.

The points are the same in every run.
"""

from __future__ import annotations

from itertools import chain, islice, product
from math import inf, isfinite, isinf, log10
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.formula import Formula
from circuitgrad.formulas.steps import Number
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.kinks import taken
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import SHIFT, SHIFTED_EXP, SHIFTED_LOG, is_built_in
from circuitgrad.methods.check.conditions import (
    asks_for_infinity,
    conditions_of,
    first_alike,
    full_text,
    standing_function,
)
from circuitgrad.methods.check.gates import partial_reference
from circuitgrad.methods.check.ranges import hull, wire_ranges
from circuitgrad.methods.check.verdicts import NONFINITE, OK, WRONG, Comparison, Tolerance, judge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Place
    from circuitgrad.methods.check.conditions import Condition, Standing
    from circuitgrad.methods.check.ranges import Interval

Point = tuple[float, ...]

PLAIN_POINTS = 40
"""How many points are drawn at moderate distances."""
FAR_POINTS = 40
"""How many points are drawn at distances of all sizes."""
LADDER_EXPONENTS = (-20, 41)
"""The powers of 2 that each operand takes in turn."""
MOST_LADDERS = 4
"""How many operands take them."""
MOST_SPECIAL_POINTS = 150
"""The most points with special numbers: 0, 1, the formulas' own, operands that are equal."""
MOST_SPECIAL_NUMBERS = 30
MOST_MEETINGS = 3
"""How many of the points at which the circuit uses a definition are tried."""
PLAIN_EXPONENT, FAR_EXPONENT = 1.0, 12.0
"""The largest exponents of 10 of the numbers drawn."""
POINTS_A_SIDE = 2
"""How many points are judged on a side."""
POINTS_ANYWHERE = 3
"""How many points are judged, whatever the conditions."""
MOST_ATTEMPTS = 8
"""A side is given up after this number of points without finite slopes."""
MOST_STARTS = 4
"""How many points a search for a side starts from."""
SEARCH_STEPS = 60
MOST_LOOKS = 3000
"""At how many points the search looks for one definition."""
MOST_HALVINGS = 120
"""How often a segment between two sides is halved."""
MOST_WORK = 60_000
"""The most steps of formulas, times operands, that all judged points of a definition may take at 60 digits."""
NEGLIGIBLE_ERROR = 1e-6
"""Up to this relative error, a branch may be an approximation of another one that its partial derivative belongs to."""
MOST_BRANCHES = 8
TRIAL_STEPS = (20, 40, 80)
"""The steps of differences, as negative powers of 10: shorter ones than these would take long."""


class Trial(NamedTuple):
    """The outcome of a trial.

    Attributes:
        name: the definition's name.
        comparison: the first wrong partial derivative, with the point; `ok` where there is none.
        points: how many points were judged.
        unreached: the sides of conditions on which no point was found, as formulas.
        place: where the partial derivative is written, or None.
    """

    name: str
    comparison: Comparison
    points: int
    unreached: tuple[str, ...]
    place: Place | None = None


class Range(NamedTuple):
    """What an operand may be: within bounds, or one of some constants."""

    low: float = -inf
    high: float = inf
    constants: tuple[float, ...] = ()

    def has(self, number: float) -> bool:
        """Tell whether a number is possible here."""
        return number in self.constants if self.constants else self.low <= number <= self.high and isfinite(number)

    def drawn(self, random: Random, exponent: float) -> float:
        """Return a random number of few digits, of a size up to a power of 10 where the bounds allow."""
        if self.constants:
            return random.choice(self.constants)
        if isfinite(self.high - self.low) and log10(self.high - self.low or 1.0) <= exponent:
            return self.near(random.uniform(self.low, self.high))
        size = 10 ** random.uniform(-exponent, exponent)
        number = size if random.random() < 0.5 else -size
        if not self.low <= number <= self.high:
            start, sign = (self.low, 1.0) if abs(self.low) <= abs(self.high) else (self.high, -1.0)
            number = start + sign * size
        return self.near(number)

    def near(self, number: float) -> float:
        """Return a number of few digits near another one, within the bounds."""
        short = float(f"{number:.3g}")
        if self.low <= short <= self.high and abs(short - number) <= (self.high - self.low) / 50:
            return short
        return min(max(number, self.low), self.high)


def try_definitions(circuit: Circuit, tolerance: Tolerance, excused: Collection[str] = ()) -> list[Trial]:
    """Try the definitions with hand-written partial derivatives that a circuit uses, each once.

    Args:
        circuit: the circuit, after a pass.
        tolerance: the tolerance of a partial derivative.
        excused: gates that are known to be wrong; their definitions are not tried.

    >>> from circuitgrad import loads
    >>> define = "f: {operands: [x], value: 'x if x > 0 else 0.1*x', partials: {x: 1 if x > 0 else 0.01}}"
    >>> circuit = loads(f"{{define: {{{define}}}, inputs: {{x: 2}}, gates: {{y: f(x)}}}}")
    >>> [trial] = try_definitions(circuit, Tolerance(1e-9, 1e-14))
    >>> trial.comparison.verdict, trial.comparison.point, trial.comparison.numeric
    ('wrong', 'x = -4.88', 0.1)
    """
    gates: dict[Rule, list[int]] = {}
    for index, rule in enumerate(circuit.rules):
        if not is_built_in(rule) and rule not in (SHIFT, SHIFTED_EXP, SHIFTED_LOG):
            gates.setdefault(rule, []).append(index)
    wires = wire_ranges(circuit) if gates else []
    return [
        _Search(rule, *_met(circuit, indices, wires)).outcome(tolerance)
        for rule, indices in gates.items()
        if not any(circuit.names[index] in excused for index in indices)
    ]


def _met(circuit: Circuit, gates: Sequence[int], wires: Sequence[Interval]) -> tuple[list[Range], list[Point]]:
    """Return the ranges of a definition's operands, and some of the points at which gates use it."""
    ranges = []
    for slots in zip(*(circuit.operands[index] for index in gates), strict=True):
        constant = all(map(circuit.is_constant, slots))
        constants = sorted({circuit.units[slot].value for slot in slots}) if constant else ()
        ranges.append(Range(*hull(wires[slot] for slot in slots), tuple(constants)))
    points = dict.fromkeys(tuple(circuit.units[slot].value for slot in circuit.operands[index]) for index in gates)
    return ranges, list(points)[:MOST_MEETINGS]


class _Search:
    """The search for points of one rule, and what was found at them.

    Args:
        rule: the rule.
        ranges: per operand, what it may be.
        met: points of the circuit.
    """

    def __init__(self, rule: Rule, ranges: Sequence[Range], met: Sequence[Point]) -> None:
        self.rule = rule
        self.ranges = ranges
        self.varying = [position for position, range_ in enumerate(ranges) if not range_.constants]
        found = conditions_of([rule.value.steps, *rule.partial_steps])
        self.too_long = found is None
        self.conditions: list[Condition] = found or []
        self.conditions_of_value = len(conditions_of([rule.value.steps]) or ())
        self.standing = standing_function(rule, self.conditions)
        self.random = Random(0)  # noqa: S311 -- points of a check are no secret
        self.pool: dict[Point, Standing] = {}
        self.judged: dict[Point, bool] = {}
        self.looks = 0
        length = len(rule.value.steps) + sum(map(len, rule.partial_steps))
        self.most_judged = max(1, MOST_WORK // (length * len(self.varying) or 1))
        for point in chain(self._plain(met), self._special(met), self._far()):
            self.add(point)

    # Points

    def add(self, point: Point) -> None:
        """Keep a point if it is in the domain."""
        standing = self._look(point)
        if standing is not None:
            self.pool.setdefault(point, standing)

    def _look(self, point: Point) -> Standing | None:
        """Return where a point stands; None outside of the domain, and when enough points were looked at."""
        if self.looks == MOST_LOOKS or not all(map(Range.has, self.ranges, point)):
            return None
        self.looks += 1
        return self.standing(point)

    def _draw(self, exponent: float) -> Point:
        return tuple(range_.drawn(self.random, exponent) for range_ in self.ranges)

    def _plain(self, met: Sequence[Point]) -> Iterator[Point]:
        """Yield points like those that the circuit meets, and of moderate size."""
        for _ in range(PLAIN_POINTS):
            yield self._draw(PLAIN_EXPONENT)
        for point in met:
            yield point
            for _ in range(PLAIN_POINTS // 4):
                factors = [self.random.uniform(0.5, 1.5) for _ in point]
                yield tuple(
                    range_.near(number * factor) if not range_.constants and isfinite(number) else number
                    for range_, number, factor in zip(self.ranges, point, factors, strict=True)
                )

    def _special(self, met: Sequence[Point]) -> Iterator[Point]:
        """Yield points of special numbers, alone, together and among others."""
        steps = chain(self.rule.value.steps, *self.rule.partial_steps)
        literals = dict.fromkeys(step.value for step in steps if isinstance(step, Number) and isfinite(step.value))
        near = (each for one in literals for each in (-one, one + 0.5, one - 0.5, one / 2, 0.5 - one, -one / 2))
        bounds = [bound for range_ in self.ranges for bound in range_[:2] if isfinite(bound)]
        numbers = list(dict.fromkeys([0.0, 1.0, -1.0, *bounds, *literals, *near]))[:MOST_SPECIAL_NUMBERS]
        choices = [range_.constants or numbers for range_ in self.ranges]
        arity = len(self.ranges)
        if len(numbers) ** arity <= MOST_SPECIAL_POINTS:
            yield from product(*choices)
        else:
            for _ in range(MOST_SPECIAL_POINTS // 2):
                yield tuple(map(self.random.choice, choices))
        for number in numbers:
            for position in self.varying[: MOST_SPECIAL_POINTS // len(numbers)]:
                for point in (*met[:1], self._draw(PLAIN_EXPONENT)):
                    yield (*point[:position], number, *point[position + 1 :])
        if arity > 1:
            for _ in range(PLAIN_POINTS // 4):
                first, *others = self._draw(PLAIN_EXPONENT)
                yield tuple(
                    range_.constants[0] if range_.constants else self.random.choice((first, -first, other))
                    for range_, other in zip(self.ranges, (first, *others), strict=True)
                )

    def _far(self) -> Iterator[Point]:
        for _ in range(FAR_POINTS):
            yield self._draw(self.random.uniform(PLAIN_EXPONENT, FAR_EXPONENT))
        # A window between two magnitudes, as that of exp(x) > 1e100, is not met by chance.
        for position in self.varying[:MOST_LADDERS]:
            base = self._draw(PLAIN_EXPONENT)
            for exponent in range(*LADDER_EXPONENTS):
                for sign in (1.0, -1.0):
                    yield (*base[:position], sign * 2.0**exponent, *base[position + 1 :])

    def on_side(self, position: int, side: bool) -> list[Point]:
        """Return the points on a side of a condition; where there are none off boundaries, after a search for one."""
        points = self._off_boundary(position, side)
        if all(self.pool[point].ties for point in points[:1]):
            self._approach(position, side)
            points = self._off_boundary(position, side)
        return points

    def _off_boundary(self, position: int, side: bool) -> list[Point]:
        points = [point for point, standing in self.pool.items() if standing.sides[position] is side]
        return sorted(points, key=lambda point: len(self.pool[point].ties))

    def _approach(self, position: int, side: bool) -> None:
        """Walk towards the boundaries of a condition, until a point on a side, off boundaries, is found."""
        condition = self.conditions[position]
        for part in (*condition.parts, position):
            if not self.conditions[part].margin:
                continue
            reaching = [
                point
                for point, standing in self.pool.items()
                if standing.sides[position] is not None and isfinite(standing.margins[part])
            ]
            for start in sorted(reaching, key=lambda point: self.pool[point].margins[part])[:MOST_STARTS]:
                if self._walk(start, position, side, part):
                    return

    def _walk(self, start: Point, position: int, side: bool, part: int) -> bool:
        """Walk from a point to where a margin is smaller, and tell whether a side of a condition was met."""
        point, width, margin = start, 1.0, self.pool[start].margins[part]
        for count in range(SEARCH_STEPS * len(self.varying)):
            place = self.varying[count % len(self.varying)]
            stride = width * (abs(point[place]) or 1.0) * self.random.uniform(-1, 1)
            moved = (*point[:place], point[place] + stride, *point[place + 1 :])
            standing = self._look(moved)
            if standing is not None and standing.sides[position] is side and not standing.ties:
                self.pool[moved] = standing
                return True
            if standing is not None and standing.sides[position] is not None and standing.margins[part] < margin:
                point, width, margin = moved, min(2 * width, 4.0), standing.margins[part]
            else:
                width *= 0.8 ** (1 / len(self.varying))
        return False

    def at_boundary(self, position: int) -> list[Point]:
        """Return points exactly at the boundary of a condition, those at no other boundary first."""
        points = [point for point, standing in self.pool.items() if position in standing.ties]
        if not points:
            both = [self._off_boundary(position, side)[:MOST_STARTS] for side in (False, True)]
            for low, high in product(*both):
                between = self._between(position, low, high)
                if between is not None:
                    points.append(between)
                    break
        return sorted(points, key=lambda point: len(self.pool[point].ties))

    def _between(self, position: int, low: Point, high: Point) -> Point | None:
        """Return a point at the boundary of a condition that is like `low` but for one operand, or None."""
        for place in self.varying:
            start, end = low[place], high[place]
            for _ in range(MOST_HALVINGS):
                middle = 0.0 if start * end < 0 else start / 2 + end / 2
                if middle in (start, end):
                    break
                moved = (*low[:place], middle, *low[place + 1 :])
                standing = self._look(moved)
                if standing is None or standing.sides[position] is None:
                    break
                if position in standing.ties:
                    self.pool[moved] = standing
                    return moved
                if standing.sides[position] is self.pool[low].sides[position]:
                    start = middle
                else:
                    end = middle
        return None

    # Verdicts

    def outcome(self, tolerance: Tolerance) -> Trial:
        """Judge the rule at a few points anywhere, on every side of its conditions, and at their boundaries."""
        unreached: dict[tuple[int, bool], str] = {}
        wrong = self._first_wrong(self.pool, POINTS_ANYWHERE, tolerance)
        alike = first_alike(self.conditions)
        positions = sorted(set(alike))
        targets = [
            (position, side)
            for position in reversed(positions)  # the outer conditionals first
            for side in (True, False)
            if side in self.conditions[position].sides
        ]
        for position, side in targets:
            if wrong is None:
                points = self.on_side(position, side)
                wrong = self._first_wrong(points, POINTS_A_SIDE, tolerance)
                if not any(self.judged.get(point) for point in points):
                    unreached[position, side] = full_text(self.conditions, position, side)
        for position in positions:
            if wrong is None and self.conditions[position].margin:
                wrong = self._first_wrong(self.at_boundary(position), POINTS_A_SIDE, tolerance)
        names = [
            text
            for (position, _), text in unreached.items()
            if self.conditions[position].named
            and not asks_for_infinity(self.conditions, position)
            and not any((alike[outer], led) in unreached for outer, led in self.conditions[position].path)
        ]
        if self.too_long:
            names.append("some conditions hold: they are too long for a search")
        place = self.rule.locate(wrong.operand or self.rule.operands[0]) if wrong else None
        comparison = wrong or Comparison(0.0, 0.0, 0.0, OK)
        return Trial(self.rule.name, comparison, sum(self.judged.values()), tuple(dict.fromkeys(names)), place)

    def _first_wrong(self, points: Iterable[Point], most: int, tolerance: Tolerance) -> Comparison | None:
        """Judge the rule at the first few points that have finite slopes; return what is wrong, or None."""
        count = 0
        for point in islice(points, MOST_ATTEMPTS):
            if count == most:
                break
            if point not in self.judged:
                if len(self.judged) >= self.most_judged:
                    break
                self.judged[point], wrong = self._judged(point, tolerance)
                if wrong is not None:
                    return wrong
            count += self.judged[point]
        return None

    def _judged(self, point: Point, tolerance: Tolerance) -> tuple[bool, Comparison | None]:
        """Tell whether a point has finite slopes and partial derivatives, and return what is wrong there."""
        finite = True
        for position in self.varying:
            comparison = _compared(self.rule, point, position, tolerance)
            if comparison is None or (comparison.verdict == WRONG and self._conventions_meet(point)):
                finite = False
            elif comparison.verdict == WRONG and not self._approximates(point, position, comparison, tolerance):
                return True, comparison._replace(point=_listed(self.rule.operands, point))
        return finite, None

    def _conventions_meet(self, point: Point) -> bool:
        """Tell whether a point is at several kinks at once: there, conventions need not add up to a slope."""
        tied = [position for position, margin in enumerate(self.pool[point].margins) if not margin]
        boundaries = {self.conditions[position].boundary for position in tied}
        kinks = {self.conditions[position].level for position in tied if position < self.conditions_of_value}
        return len(boundaries) > 1 or len(kinks) > 1

    def _approximates(self, point: Point, position: int, comparison: Comparison, tolerance: Tolerance) -> bool:
        """Tell whether an error is that of a branch which approximates another one, to which all else belongs.

        The value `x if x > 20 else log1p(exp(x))` has sigmoid(x) for its derivative in one branch, and nearly in the
        other.
        """
        if not comparison.rel_error <= NEGLIGIBLE_ERROR:
            return False
        rule, operand = self.rule, self.rule.operands[position]
        derivative = rule.partials[operand]
        others = [(value, derivative) for value in self._branches(rule.value)]
        others += [(rule.value, branch) for branch in self._branches(derivative)]
        for value, branch in others:
            alone = Rule(rule.name, value, {**rule.partials, operand: branch})
            other = _compared(alone, point, position, tolerance)
            if other is not None and other.verdict != WRONG:
                return True
        return False

    def _branches(self, formula: Formula) -> list[Formula]:
        """Return the branches that a formula takes at the points judged, as formulas without conditionals."""
        branches: dict[str, Formula] = {}
        for point in self.judged:
            values = dict(zip((*self.rule.operands, "out"), (*point, value_function(self.rule)(*point)), strict=True))
            branch = Formula.of_steps(taken(formula.steps, values))
            branches.setdefault(branch.text, branch)
        return list(branches.values())[:MOST_BRANCHES]


def _compared(rule: Rule, point: Point, position: int, tolerance: Tolerance) -> Comparison | None:
    """Compare a partial derivative with the slope of the value, both at 60 digits; None where they are not finite."""
    exact, by_rule = partial_reference(rule, point, position, TRIAL_STEPS)
    partial = float(by_rule)
    in_doubles = partials_function(rule)(*point, value_function(rule)(*point))[position]
    if not (isfinite(partial) and isfinite(in_doubles)):
        return None
    if isinf(exact.left) and isinf(exact.right):
        # At a vertical tangent, and where a value stands alone at a pole or in a gap, any number is a convention.
        return Comparison(partial, partial, 0.0, OK)
    comparison = judge(partial, by_rule, exact, tolerance)
    return None if comparison.verdict == NONFINITE else comparison._replace(operand=rule.operands[position])


def _listed(names: Sequence[str], point: Point) -> str:
    """Return a point as text, with as many digits as its numbers need."""
    texts = [short if float(short := f"{number:g}") == number else repr(number) for number in point]
    return ", ".join(f"{name} = {text}" for name, text in zip(names, texts, strict=True))

"""The conditions of formulas: where a rule's value and partial derivatives choose, and on which sides a point is.

A condition counts at a point only if the formula gets there: `y > 0` in `(a if y > 0 else b) if x > 0 else c` has two
sides where x > 0 and none elsewhere. So every branch is told apart, however deep it is nested.
"""

from __future__ import annotations

from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.steps import COMPARISONS, Call, Name, Number
from circuitgrad.gates.compiled import compiled_tuple, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.kinks import kinks_of_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule

MOST_CONDITION_STEPS = 20_000
"""The most steps that the conditions of a rule may have together."""

OPPOSITES = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}
"""Per comparison, the one that holds where it does not, NaN aside."""


class Condition(NamedTuple):
    """A condition of a formula: the test of a conditional, a comparison, or the kink of a gate such as `abs`.

    Attributes:
        level: positive on one side, 0 or negative on the other; a test is true or false.
        margin: 0 exactly at the boundary; empty for a test, whose comparisons are conditions of their own.
        path: the conditionals that lead here, as positions among all conditions, each with the side it has to be on.
        parts: the positions of the conditions that a test is made of.
        sides: the sides that are worth a search.
        named: whether a side that is not reached is named.
    """

    level: tuple[Step, ...]
    margin: tuple[Step, ...] = ()
    path: tuple[tuple[int, bool], ...] = ()
    parts: tuple[int, ...] = ()
    sides: frozenset[bool] = frozenset((False, True))
    named: bool = True

    @property
    def boundary(self) -> tuple[Step, ...]:
        """What is 0 at the boundary, without regard to its sign: the same for `x > 0`, `0 < x` and `abs(x)`."""
        steps, zero = self.margin, Number(0.0, 0)
        while len(steps) > 1 and isinstance(call := steps[-1], Call):
            if call.gate in ("neg", "abs"):
                steps = steps[:-1]
            elif call.gate == "sub" and steps[-2] == zero:
                steps = steps[:-2]
            elif call.gate == "sub" and steps[0] == zero and _is_whole(steps[1:-1]):
                steps = steps[1:-1]
            else:
                break
        return steps


class Standing(NamedTuple):
    """Where a point stands.

    Attributes:
        sides: per condition, the side that it is on; None where the formula does not get to it.
        margins: per condition, the distance from its boundary; infinite for what has none.
        ties: the conditions at whose boundary the point is.
    """

    sides: tuple[bool | None, ...]
    margins: tuple[float, ...]
    ties: frozenset[int]


def _is_whole(steps: Sequence[Step]) -> bool:
    """Tell whether steps in postfix order are those of one formula."""
    depth = 0
    for step in steps:
        depth += 1 - (step.arity if isinstance(step, Call) else 0)
        if depth < 1:
            return False
    return depth == 1


def conditions_of(formulas: Iterable[Sequence[Step]]) -> list[Condition] | None:
    """Return the conditions of formulas, the inner ones first; None where they are too long to be told apart.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> [side_text(condition, True) for condition in conditions_of([read_formula("a if x > 0 and y > 0 else abs(b)")])
    ...  if condition.named]
    ['x > 0 and y > 0']
    """
    conditions: list[Condition] = []
    length = 0
    for steps in formulas:
        stack: list[tuple[tuple[Step, ...], tuple[int, ...]]] = []
        for step in steps:
            if not isinstance(step, Call):
                stack.append(((step._replace(at=0),), ()))
                continue
            first = len(stack) - step.arity
            operands = [part for part, _ in stack[first:]]
            inside = [positions for _, positions in stack[first:]]
            own = range(len(conditions), len(conditions))
            if step.gate == "where":
                own = range(len(conditions), len(conditions) + 1)
                _lead(conditions, inside, own[0])
                conditions.append(Condition(operands[0], parts=inside[0], sides=_sides_of(operands)))
            else:
                own = range(len(conditions), len(conditions) + len(kinks := kinks_of_call(step.gate, operands)))
                for kink in kinks:
                    compares = step.gate in COMPARISONS
                    level = (*chain.from_iterable(operands), step._replace(at=0)) if compares else kink.level
                    conditions.append(Condition(level, kink.margin, named=compares))
            length += sum(len(conditions[position].level) + len(conditions[position].margin) for position in own)
            stack[first:] = [((*chain.from_iterable(operands), step._replace(at=0)), (*chain(*inside), *own))]
            length += len(stack[-1][1])
            if length > MOST_CONDITION_STEPS:
                return None
    return conditions


def _lead(conditions: list[Condition], inside: Sequence[Sequence[int]], conditional: int) -> None:
    """Note that a conditional leads to the conditions in its branches, and asks those in its test."""
    for position in inside[0]:
        conditions[position] = conditions[position]._replace(named=False)
    for positions, side in zip(inside[1:], (True, False), strict=True):
        for position in positions:
            condition = conditions[position]
            conditions[position] = condition._replace(path=(*condition.path, (conditional, side)))


def _sides_of(operands: Sequence[tuple[Step, ...]]) -> frozenset[bool]:
    """Return the sides of a conditional that are worth a search: not where it is NaN, nor where x differs from x."""
    test, *branches = operands
    if _compares_with_itself(test):
        return frozenset()
    nothing = (Name("nan", 0),)
    return frozenset(side for side, branch in zip((True, False), branches, strict=True) if branch != nothing)


def _compares_with_itself(test: Sequence[Step]) -> bool:
    """Tell whether a test is `x == x` or the like, which asks for NaN."""
    half = len(test) // 2
    last = test[-1]
    return isinstance(last, Call) and last.gate in COMPARISONS and test[:half] == test[half:-1]


def side_text(condition: Condition, side: bool) -> str:
    """Return what holds on a side of a condition, as a formula.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> [side_text(Condition(read_formula(text)), False) for text in ("x*x < 0", "x < 0 or y < 0", "x")]
    ['x*x >= 0', 'not (x < 0 or y < 0)', 'not x']
    """
    steps, last = condition.level, condition.level[-1]
    if not side and isinstance(last, Call) and last.gate in OPPOSITES:
        steps = (*steps[:-1], last._replace(gate=OPPOSITES[last.gate]))
    elif not side:
        steps = (*steps, Number(0.0, 0), Number(1.0, 0), Call("where", 3, 0))
    return FORMULA.write(steps)


def full_text(conditions: Sequence[Condition], position: int, side: bool) -> str:
    """Return what holds on a side of a condition, with the branches that lead there.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> conditions = conditions_of([read_formula("(a if y > 0 else b) if x > 0 else c")])
    >>> [full_text(conditions, position, False) for position, one in enumerate(conditions) if one.named]
    ['y <= 0 where x > 0', 'x <= 0']
    """
    condition = conditions[position]
    led = " and ".join(side_text(conditions[outer], wanted) for outer, wanted in reversed(condition.path))
    return f"{side_text(condition, side)}{led and ' where '}{led}"


def asks_for_infinity(conditions: Sequence[Condition], position: int) -> bool:
    """Tell whether a condition, or one that leads to it, compares with infinity, as no finite operand needs."""
    positions = [position, *(outer for outer, _ in conditions[position].path)]
    return any(Name("inf", 0) in conditions[one].level for one in positions)


def first_alike(conditions: Sequence[Condition]) -> list[int]:
    """Return, per condition, the position of the first one like it: a partial derivative repeats those of the value.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> formulas = [read_formula(text) for text in ("x if x > 0 else 2*x", "1 if x > 0 else 2")]
    >>> first_alike(conditions_of(formulas))
    [0, 1, 0, 1]
    """
    keys: list[int] = [0] * len(conditions)
    for position in reversed(range(len(conditions))):  # the outer ones first
        level, margin, path, _, sides, _ = conditions[position]
        led = [(keys[outer], side) for outer, side in path[:1]]
        keys[position] = hash((level, margin, sides, *led))
    known: dict[int, int] = {}
    return [known.setdefault(key, position) for position, key in enumerate(keys)]


def standing_function(rule: Rule, conditions: Sequence[Condition]) -> Callable[[Sequence[float]], Standing | None]:
    """Return the function of the operands that tells where a point stands, or None outside of the value's domain.

    >>> from circuitgrad.gates.rule import Rule
    >>> rule = Rule("f", "x if x > 1 else 0", {"x": "1 if x > 1 else 0"})
    >>> standing_function(rule, conditions_of([rule.value.steps]))([3.0])
    Standing(sides=(True, True), margins=(2.0, inf), ties=frozenset())
    """
    value = value_function(rule)
    margined = [position for position, condition in enumerate(conditions) if condition.margin]
    levels = [condition.level for condition in conditions]
    margins = [conditions[position].margin for position in margined]
    numbers = compiled_tuple((*rule.operands, "out"), [*levels, *margins], DOUBLES)
    # An outer conditional stands behind the conditions in its branches.
    order = sorted(range(len(conditions)), reverse=True)
    tests = [not condition.margin for condition in conditions]

    def standing(point: Sequence[float]) -> Standing | None:
        out = value(*point)
        if not isfinite(out):
            return None
        found = numbers(*point, out)
        sides: list[bool | None] = [None] * len(levels)
        distances = [float("inf")] * len(levels)
        for position in order:
            level = found[position]
            if level == level and all(sides[outer] is side for outer, side in conditions[position].path):
                sides[position] = bool(level) if tests[position] else level > 0
        for position, distance in zip(margined, found[len(levels) :], strict=True):
            distances[position] = abs(float(distance))
        ties = frozenset(place for place in margined if not distances[place] and sides[place] is not None)
        return Standing(tuple(sides), tuple(distances), ties)

    return standing

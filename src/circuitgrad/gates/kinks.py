"""Where a gate's value is not smooth: on which branch a point is, and whether it sits exactly at a kink.

All of it follows from the rule's formula: its comparisons, its conditions, and the primitives whose rows name kinks.
Each kink has a level, which differs between its sides, and a margin, which is 0 exactly at the kink.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from circuitgrad.formulas.steps import COMPARISONS, Call, Name, Number, folded, substituted
from circuitgrad.gates.compiled import compiled_sharing, compiled_tuple, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.rule import once_a_rule
from circuitgrad.gates.table import find, is_built_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule

Result = TypeVar("Result")

MOST_KINK_STEPS = 1_000_000
"""The most steps that all kinks of a rule may have together; a longer rule of a file counts as smooth."""
MOST_CARRYING_STEPS = 100_000
"""The most steps of a formula that tells whether an operand moves a rule's value; beyond, all operands count."""

FLAT = COMPARISONS | {"floor", "sign", "step"}
"""The gates whose values are constant on both sides of their kinks."""


class KinkSteps(NamedTuple):
    """A kink of a rule, in the names of its operands: what its level and its margin are, in postfix order."""

    level: tuple[Step, ...]
    margin: tuple[Step, ...]


class Branch(NamedTuple):
    """The branch of a gate's value at a point.

    Attributes:
        levels: per kink, its level.
        margins: per kink, the distance of the point from it; 0 at the kink.
    """

    levels: tuple[Any, ...]
    margins: tuple[Any, ...]

    @property
    def tied(self) -> bool:
        """Whether the point sits exactly at a kink."""
        return any(margin == 0 for margin in self.margins)

    def differs(self, other: Branch) -> bool:
        """Tell whether another point is on another branch; NaN is one branch."""
        return any(
            here != there and not (here != here and there != there)
            for here, there in zip(self.levels, other.levels, strict=True)
        )


def _unplaced(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return steps without their places in a text, so that equal formulas are equal."""
    return tuple(step._replace(at=0) for step in steps)


@once_a_rule
def kinks_of(rule: Rule) -> tuple[KinkSteps, ...]:
    """Return the kinks of a rule's value, in the operands' names.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> [FORMULA.write(kink.margin) for kink in kinks_of(find("clip"))]
    ['x - low', 'max(x, low) - high']
    """
    if rule.kinks:
        return tuple(KinkSteps(_unplaced(kink.level.steps), _unplaced(kink.margin.steps)) for kink in rule.kinks)
    kinks: dict[KinkSteps, None] = {}
    length = 0
    stack: list[tuple[Step, ...]] = []
    conditions: list[bool] = []
    for step in _unplaced(rule.value.steps):
        if not isinstance(step, Call):
            stack.append((step,))
            conditions.append(isinstance(step, Number) and step.value in (0, 1))
            continue
        first = len(stack) - step.arity
        operands = stack[first:]
        asks = step.gate == "where" and conditions[first]
        conditions[first:] = [step.gate in COMPARISONS or (step.gate == "where" and all(conditions[first + 1 :]))]
        if step.gate != rule.name and not asks:  # the kinks of a condition stand for those of what it chooses
            for kink in kinks_of_call(step.gate, operands):
                kinks[kink] = None
                length += len(kink.level) + len(kink.margin)
        stack[first:] = [(*chain.from_iterable(operands), step)]
        length += len(stack[-1])
        if length > MOST_KINK_STEPS:
            return ()
    return tuple(kinks)


def kinks_of_call(gate: str, operands: Sequence[tuple[Step, ...]]) -> list[KinkSteps]:
    """Return the kinks of one call, in the caller's names."""
    called = find(gate)
    if gate in COMPARISONS and operands[0] == operands[1]:
        return []  # x != x asks for NaN
    places = dict(zip(called.operands, operands, strict=True))
    return [KinkSteps(substituted(kink.level, places), substituted(kink.margin, places)) for kink in kinks_of(called)]


@once_a_rule
def branch_function(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> Callable[..., Branch] | None:
    """Return the function of the operands that tells the branch of a gate's value, or None for a smooth gate.

    >>> branch_function(find("relu"))(-2.0)
    Branch(levels=(-1.0,), margins=(-2.0,))
    """
    kinks = kinks_of(rule)
    if not kinks:
        return None
    numbers = compiled_sharing(
        rule.operands, [*(kink.level for kink in kinks), *(kink.margin for kink in kinks)], arithmetic
    )
    count = len(kinks)

    def branch(*operands: Any) -> Branch:
        levels_and_margins = numbers(*operands)
        return Branch(levels_and_margins[:count], levels_and_margins[count:])

    return branch


def taken(steps: Sequence[Step], values: Mapping[str, float]) -> list[Step]:
    """Return a formula without its conditions: of every conditional, the branch that it takes at a point.

    Args:
        steps: the formula, in postfix order.
        values: the values of the names in it; constants need none.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> from circuitgrad.formulas.reader import read_formula
    >>> steps = read_formula("out*(1 - out) if x <= 4 else out*sigmoid(-x)")
    >>> FORMULA.write(taken(steps, {"x": 2, "out": 0.88})), FORMULA.write(taken(steps, {"x": 5, "out": 0.99}))
    ('out*(1 - out)', 'out*sigmoid(-x)')
    """

    def leaf(step: Name | Number) -> tuple[Step, ...]:
        return (step,)

    def call(step: Call, parts: list[tuple[Step, ...]], numbers: Sequence[float]) -> tuple[Step, ...]:
        return parts[_branch_taken(numbers)] if step.gate == "where" else (*chain.from_iterable(parts), step)

    left: tuple[Step, ...] = _folded_at(steps, values, leaf, call)
    return list(left)


def _folded_at(
    steps: Sequence[Step],
    values: Mapping[str, float],
    leaf: Callable[[Name | Number], Result],
    call: Callable[[Call, list[Result], Sequence[float]], Result],
) -> Result:
    """Return what a formula comes to, from its leaves up, where every call knows the values of its operands.

    Args:
        steps: the formula, in postfix order.
        values: the values of the names in it; constants need none.
        leaf: returns what a number or a name comes to.
        call: returns what a call comes to, from what its operands have come to and from their values.
    """
    known = {**DOUBLES.constants, **values}

    def evaluated(step: Call, operands: list[tuple[Result, float]]) -> tuple[Result, float]:
        numbers = [value for _, value in operands]
        value = numbers[_branch_taken(numbers)] if step.gate == "where" else _call_value(step.gate, numbers)
        return call(step, [part for part, _ in operands], numbers), value

    result, _ = folded(
        steps, lambda step: (leaf(step), step.value), lambda step: (leaf(step), known[step.name]), evaluated
    )
    return result


def _branch_taken(operands: Sequence[float]) -> int:
    """Return the position of the operand of a conditional that is its value."""
    return 1 if operands[0] else 2


def _call_value(gate: str, operands: Sequence[float]) -> float:
    """Return the value of a call in a formula, in doubles."""
    value: float = value_function(find(gate))(*operands)
    if value != value and gate in COMPARISONS:
        return float(gate == "ne")  # in the table's formulas, NaN is neither equal nor in any order
    return value


def names_used(steps: Sequence[Step], values: Mapping[str, float]) -> frozenset[str]:
    """Return the names that a formula's value depends on at a point: those of conditions and of branches taken.

    Args:
        steps: the formula, in postfix order.
        values: the values of the names in it; constants need none.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> sorted(names_used(read_formula("log(x) if c > 0 else y"), {"c": 1, "x": 2, "y": 3}))
    ['c', 'x']
    """

    def leaf(step: Name | Number) -> frozenset[str]:
        return frozenset([step.name] if isinstance(step, Name) else [])

    def call(step: Call, parts: list[frozenset[str]], numbers: Sequence[float]) -> frozenset[str]:
        used = (parts[0], parts[_branch_taken(numbers)]) if step.gate == "where" else parts
        return frozenset().union(*used)

    return _folded_at(steps, values, leaf, call)


def carrying_positions(rule: Rule, values: Sequence[float]) -> list[int]:
    """Return the positions of the operands through which a gate's value moves with them at a point.

    Conditions move nothing, nor do branches that are not taken. At a tie, a gate of the table takes all its branches;
    a conditional takes the one that it chooses.

    Args:
        rule: the gate's rule.
        values: the values of its operands.

    >>> [carrying_positions(find(name), (-1.0, 2.0)[:find(name).arity]) for name in ("mul", "max", "relu", "floor")]
    [[0, 1], [1], [], []]
    """
    return [position for position, carries in enumerate(_carrying_function(rule)(*values)) if carries]


@once_a_rule
def _carrying_function(rule: Rule) -> Callable[..., tuple[float, ...]]:
    return compiled_tuple(rule.operands, carrying_formulas(rule), DOUBLES)


ALWAYS: tuple[Step, ...] = (Number(1.0, 0),)
"""The formula that is true everywhere."""
NEVER: tuple[Step, ...] = (Number(0.0, 0),)
"""The formula that is true nowhere."""


@once_a_rule
def carrying_formulas(rule: Rule) -> tuple[tuple[Step, ...], ...]:
    """Return, per operand of a gate, the formula that is true where the gate's value moves with it.

    See `carrying_positions`. A rule of very many steps counts as carrying all its operands.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> [FORMULA.write(steps) for name in ("mul", "where") for steps in carrying_formulas(find(name))]
    ['1', '1', '0', '0 if test == 0 else test == test', 'test == 0']
    """
    tied = NEVER
    if is_built_in(rule) and rule.name != "where":
        if rule.name in FLAT:
            return (NEVER,) * rule.arity
        if not kinks_of(rule):
            return (ALWAYS,) * rule.arity
        for kink in kinks_of(rule):
            tied = _either(tied, (*kink.margin, Number(0.0, 0), Call("eq", 2, 0)))
    called = {step.gate for step in rule.value.steps if isinstance(step, Call)} - {rule.name}
    if "where" not in called and all(set(carrying_formulas(find(gate))) == {ALWAYS} for gate in called):
        used = {step.name for step in rule.value.steps if isinstance(step, Name)}
        return tuple(ALWAYS if operand in used else NEVER for operand in rule.operands)
    length = 0

    def leaf(step: Name | Number) -> _Carrier:
        return _Carrier((step,), {step.name: ALWAYS} if isinstance(step, Name) else {})

    def call(step: Call, operands: list[_Carrier]) -> _Carrier:
        nonlocal length
        if length > MOST_CARRYING_STEPS:
            return _Carrier((), {})
        steps = (*chain.from_iterable(operand.steps for operand in operands), step)
        names = dict.fromkeys(chain.from_iterable(operand.carrying for operand in operands))
        carrying = {name: _through(rule, step, operands, name) for name in names}
        length = max(length, len(steps), *map(len, carrying.values()))
        return _Carrier(steps, carrying)

    carrying = folded(_unplaced(rule.value.steps), leaf, leaf, call).carrying
    if length > MOST_CARRYING_STEPS:
        return (ALWAYS,) * rule.arity
    return tuple(_either(tied, carrying.get(operand, NEVER)) for operand in rule.operands)


class _Carrier(NamedTuple):
    """A part of a formula, and per name in it the formula that is true where the part moves with it."""

    steps: tuple[Step, ...]
    carrying: dict[str, tuple[Step, ...]]


def _through(rule: Rule, step: Call, operands: Sequence[_Carrier], name: str) -> tuple[Step, ...]:
    """Return the formula that is true where a call in a rule's value moves with a name."""
    carrying = [operand.carrying.get(name, NEVER) for operand in operands]
    if step.gate == "where":
        return _choice(operands[0].steps, carrying[1], carrying[2])
    if step.gate == rule.name:
        through: Sequence[tuple[Step, ...]] = [ALWAYS] * step.arity
    else:
        called = find(step.gate)
        places = {operand: part.steps for operand, part in zip(called.operands, operands, strict=True)}
        through = [substituted(steps, places) for steps in carrying_formulas(called)]
    moves = NEVER
    for inside, outside in zip(carrying, through, strict=True):
        moves = _either(moves, _choice(outside, inside, NEVER))
    return moves


def _choice(test: tuple[Step, ...], body: tuple[Step, ...], orelse: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the formula that is `body` where the test is true, and `orelse` elsewhere."""
    if body == orelse or test == ALWAYS:
        return body
    if test == NEVER:
        return orelse
    return test if (body, orelse) == (ALWAYS, NEVER) else (*test, *body, *orelse, Call("where", 3, 0))


def _either(first: tuple[Step, ...], second: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the formula that is true where one of two formulas is."""
    return second if first == NEVER else first if second == NEVER else _choice(first, ALWAYS, second)


@once_a_rule
def has_branches(rule: Rule) -> bool:
    """Tell whether a gate is a conditional: `where`, or a file's own gate with one in its value.

    >>> has_branches(find("where")), has_branches(find("max"))
    (True, False)
    """
    if is_built_in(rule) and rule.name != "where":
        return False
    return any(isinstance(step, Call) and step.gate == "where" for step in rule.value.steps)

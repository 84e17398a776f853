"""Where a gate's value rule takes another branch: what tells its state, and whether it sits at a tie.

All of it follows from the rule's formula: its comparisons, its conditions, and the primitives that are not smooth.
Each makes a switch, with a level, which changes when the rule takes another branch, and a margin, which is 0 exactly
at the tie between two of them.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import Call, Name, Number
from circuitgrad.gates.compiled import compiled, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.table import find

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule

MOST_STEPS = 1_000_000
"""How long all switches of a rule may be together; a longer one, which a file has defined, counts as without any."""

COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


class Switch(NamedTuple):
    """What decides a branch, as formulas in postfix order."""

    level: tuple[Step, ...]
    margin: tuple[Step, ...]


class State(NamedTuple):
    """The switches of a gate at a point.

    Attributes:
        levels: per switch, on which branch it is.
        margins: per switch, how far it is from the tie; 0 at the tie.
    """

    levels: tuple[Any, ...]
    margins: tuple[Any, ...]

    @property
    def tied(self) -> bool:
        """Whether a switch sits at its tie."""
        return any(margin == 0 for margin in self.margins)

    def differs(self, other: State) -> bool:
        """Tell whether another point is on another branch; NaN is one branch."""
        return any(
            one != another and not (one != one and another != another)
            for one, another in zip(self.levels, other.levels, strict=True)
        )


def _switch(level: str, margin: str) -> Switch:
    return Switch(_unplaced(read_formula(level)), _unplaced(read_formula(margin)))


def _unplaced(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return steps without their places in a text, so that equal formulas are equal."""
    return tuple(step._replace(at=0) for step in steps)


@cache
def _kinks() -> dict[str, Switch]:
    """Return the switches of what is not smooth in itself, per gate, in the operands' names of its rule."""
    difference = _switch("sign(x - y)", "x - y")
    return {
        **dict.fromkeys(COMPARISONS, difference),
        "abs": _switch("sign(x)", "x"),
        "floor": _switch("floor(x)", "x - floor(x)"),
        "mod": _switch("floor(x/y)", "x/y - floor(x/y)"),
        "hypot": _switch("sign(hypot(x, y))", "hypot(x, y)"),
        # The angle jumps where the point crosses the negative half of the axis.
        "atan2": _switch("sign(y) if x < 0 else 1", "y if x < 0 else 1"),
        "where": _switch("test == 0", "test"),
    }


@cache
def switches(rule: Rule) -> tuple[Switch, ...]:
    """Return the switches of a rule's value, in the operands' names.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> [FORMULA.write(switch.margin) for switch in switches(find("clip"))]
    ['x - low', 'max(x, low) - high']
    """
    own = _kinks().get(rule.name) if rule.name in _kinks() and rule is find(rule.name) else None
    if own is not None:
        return (own,)
    found: dict[Switch, None] = {}
    length = 0
    stack: list[tuple[Step, ...]] = []
    for step in _unplaced(rule.value.steps):
        if not isinstance(step, Call):
            stack.append((step,))
            continue
        first = len(stack) - step.arity
        operands = stack[first:]
        if step.gate != rule.name:
            for switch in _of_call(step.gate, operands):
                found[switch] = None
                length += len(switch.level) + len(switch.margin)
        stack[first:] = [(*chain.from_iterable(operands), step)]
        length += len(stack[-1])
        if length > MOST_STEPS:
            return ()
    return tuple(found)


def _of_call(gate: str, operands: Sequence[tuple[Step, ...]]) -> list[Switch]:
    """Return the switches of one call, in the caller's names; a condition that is a comparison is told by that."""
    called = find(gate)
    if gate == "where":
        test = operands[0][-1]
        if isinstance(test, Call) and test.gate in COMPARISONS:
            return []
    if gate in COMPARISONS and operands[0] == operands[1]:
        return []  # x != x asks for NaN
    given = dict(zip(called.operands, operands, strict=True))
    return [
        Switch(_substituted(switch.level, given), _substituted(switch.margin, given)) for switch in switches(called)
    ]


def _substituted(steps: Sequence[Step], given: dict[str, tuple[Step, ...]]) -> tuple[Step, ...]:
    return tuple(
        chain.from_iterable(given.get(step.name, (step,)) if isinstance(step, Name) else (step,) for step in steps)
    )


@cache
def state_rule(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> Callable[..., State] | None:
    """Return the function of the operands that computes a gate's state, or None for a gate without branches.

    >>> state_rule(find("relu"))(-2.0)
    State(levels=(-1.0,), margins=(-2.0,))
    """
    found = switches(rule)
    if not found:
        return None
    formulas = [*(switch.level for switch in found), *(switch.margin for switch in found)]
    numbers = compiled(rule.operands, formulas, f"({'{}, ' * len(formulas)})", arithmetic)
    count = len(found)

    def state(*operands: Any) -> State:
        both = numbers(*operands)
        return State(both[:count], both[count:])

    return state


def taken(steps: Sequence[Step], values: Mapping[str, float]) -> list[Step]:
    """Return a formula without its conditions: of every conditional, the branch that it takes at a point.

    Args:
        steps: the formula, in postfix order.
        values: the values of the names in it; constants need none.

    >>> from circuitgrad.formulas.dialects import FORMULA
    >>> steps = read_formula("out*(1 - out) if x <= 4 else out*sigmoid(-x)")
    >>> FORMULA.write(taken(steps, {"x": 2, "out": 0.88})), FORMULA.write(taken(steps, {"x": 5, "out": 0.99}))
    ('out*(1 - out)', 'out*sigmoid(-x)')
    """
    known = {**DOUBLES.constants, **values}
    kept = [True] * len(steps)
    stack: list[tuple[int, float]] = []
    for i, step in enumerate(steps):
        if isinstance(step, Number):
            stack.append((i, step.value))
        elif isinstance(step, Name):
            stack.append((i, known[step.name]))
        elif isinstance(step, Call):
            first = len(stack) - step.arity
            operands = stack[first:]
            start = operands[0][0]
            if step.gate == "where":
                (_, test), body, orelse = operands
                begin, end = (body[0], orelse[0]) if test else (orelse[0], i)
                kept[start:begin] = [False] * (begin - start)
                kept[end : i + 1] = [False] * (i + 1 - end)
                stack[first:] = [(start, (body if test else orelse)[1])]
            else:
                value = value_function(find(step.gate))(*[value for _, value in operands])
                if value != value and step.gate in COMPARISONS:
                    value = float(step.gate == "ne")  # in the table's formulas, NaN is neither equal nor in any order
                stack[first:] = [(start, value)]
    return [step for step, keep in zip(steps, kept, strict=True) if keep]

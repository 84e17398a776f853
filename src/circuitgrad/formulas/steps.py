"""What a formula consists of: steps in postfix order, operands before the gate that takes them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Result = TypeVar("Result")

CONSTANTS = {
    "pi": 3.141592653589793,
    "tau": 6.283185307179586,
    "e": 2.718281828459045,
    "inf": float("inf"),
    "nan": float("nan"),
}

RESERVED = frozenset({"if", "else", "for", "in", "and", "or", "not"})

OR, AND, NOT, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(1, 10)

INFIX = {
    "<": ("lt", COMPARISON),
    "<=": ("le", COMPARISON),
    ">": ("gt", COMPARISON),
    ">=": ("ge", COMPARISON),
    "==": ("eq", COMPARISON),
    "!=": ("ne", COMPARISON),
    "+": ("add", SUM),
    "-": ("sub", SUM),
    "*": ("mul", PRODUCT),
    "/": ("div", PRODUCT),
    "**": ("pow", POWER),
}

COMPARISONS = frozenset(gate for gate, level in INFIX.values() if level == COMPARISON)
"""The gates whose value is 1 or 0 as two numbers compare."""

FOLDS = {"sum": "add", "prod": "mul"}
"""What Python calls the folds of two gates."""


class Number(NamedTuple):
    """A literal number; `at` is the offset of its text."""

    value: float
    at: int


class Name(NamedTuple):
    """A wire's (or an operand's, or a constant's) name."""

    name: str
    at: int


class Call(NamedTuple):
    """A gate applied to the `arity` results before it; operators are calls of the gate that they mean."""

    gate: str
    arity: int
    at: int


class Member(NamedTuple):
    """A member of a family: its name, and per subscript the steps that compute it."""

    name: str
    subscripts: tuple[tuple[Step, ...], ...]
    at: int


class Clause(NamedTuple):
    """One `for` of a loop: the index's name, and the steps of each argument of its `range`."""

    name: str
    bounds: tuple[tuple[Step, ...], ...]
    at: int


class Loop(NamedTuple):
    """A gate folded from the left over what `body` is for each value of the indices; the last clause runs fastest."""

    gate: str
    body: tuple[Step, ...]
    clauses: tuple[Clause, ...]
    at: int


class Span(NamedTuple):
    """The subscripts of a slice from `low` up to but not including `high`; an end that is left out has no steps."""

    low: tuple[Step, ...]
    high: tuple[Step, ...]


class Slice(NamedTuple):
    """A family as an operand: its name and, where it is not taken whole, a formula or a span per subscript.

    `width` is the length of its text.
    """

    name: str
    subscripts: tuple[tuple[Step, ...] | Span, ...]
    at: int
    width: int


class FamilyCall(NamedTuple):
    """A definition that takes families, applied to its operands: each is a slice, or the steps of a formula."""

    gate: str
    operands: tuple[Slice | tuple[Step, ...], ...]
    at: int


Step: TypeAlias = "Number | Name | Call | Member | Loop | FamilyCall"


def substituted(steps: Iterable[Step], places: Mapping[str, Sequence[Step]]) -> tuple[Step, ...]:
    """Return a formula in which other formulas stand in the place of names.

    Args:
        steps: the formula, in postfix order.
        places: per name, the steps that replace it; other names stay.

    >>> twice = (Name("a", 0), Number(2.0, 0), Call("mul", 2, 0))
    >>> [tuple(step)[0] for step in substituted((Name("x", 0), Call("exp", 1, 0)), {"x": twice})]
    ['a', 2.0, 'mul', 'exp']
    """
    return tuple(
        chain.from_iterable(places.get(step.name, (step,)) if isinstance(step, Name) else (step,) for step in steps)
    )


def folded(
    steps: Iterable[Step],
    number: Callable[[Number], Result],
    name: Callable[[Name], Result],
    call: Callable[[Call, list[Result]], Result],
) -> Result:
    """Return what a formula comes to, from its leaves up and without recursion.

    Args:
        steps: the formula, in postfix order.
        number: returns what a literal number comes to.
        name: returns what a name comes to.
        call: returns what a call comes to, from what its operands have come to.

    Raises:
        TypeError: there is a member of a family or a loop in the formula.

    >>> steps = (Name("x", 0), Number(2.0, 0), Call("mul", 2, 0))
    >>> folded(steps, lambda number: number.value, lambda name: 3.0, lambda call, operands: operands[0] * operands[1])
    6.0
    """
    stack: list[Result] = []
    for step in steps:
        if isinstance(step, Call):
            first = len(stack) - step.arity
            stack[first:] = [call(step, stack[first:])]
        elif isinstance(step, Name):
            stack.append(name(step))
        elif isinstance(step, Number):
            stack.append(number(step))
        else:
            raise TypeError(f"{type(step).__name__} in a formula without families and loops")
    (result,) = stack
    return result

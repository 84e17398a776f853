"""What a formula consists of: steps in postfix order, operands before the gate that takes them."""

from __future__ import annotations

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

COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(1, 7)

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


Step: TypeAlias = "Number | Name | Call | Member | Loop"


def substituted(steps: Iterable[Step], places: Mapping[str, Sequence[Step]]) -> tuple[Step, ...]:
    """Return a formula in which other formulas stand in the place of names.

    >>> x, y = Name("x", 0), Name("y", 0)
    >>> [tuple(step)[0] for step in substituted([x, y, Call("add", 2, 0)], {"x": [Number(2.0, 0)]})]
    [2.0, 'y', 'add']
    """
    result: list[Step] = []
    for step in steps:
        place = places.get(step.name) if isinstance(step, Name) else None
        if place is None:
            result.append(step)
        else:
            result += place
    return tuple(result)


def folded(
    steps: Iterable[Step],
    number: Callable[[Number], Result],
    name: Callable[[Name], Result],
    call: Callable[[Call, list[Result]], Result],
) -> Result:
    """Return what a formula comes to, computed from the leaves up, without recursion.

    Args:
        steps: the formula, in postfix order.
        number: computes the result of a literal number.
        name: computes the result of a name.
        call: computes the result of a call from the results of its operands.

    Raises:
        TypeError: the formula has members of families, or loops.

    >>> product = [Number(2.0, 0), Name("x", 0), Call("mul", 2, 0)]
    >>> folded(product, lambda step: step.value, lambda step: 3.0, lambda step, operands: operands[0] * operands[1])
    6.0
    """
    stack: list[Result] = []
    for step in steps:
        if isinstance(step, Number):
            stack.append(number(step))
        elif isinstance(step, Name):
            stack.append(name(step))
        elif isinstance(step, Call):
            first = len(stack) - step.arity
            stack[first:] = [call(step, stack[first:])]
        else:
            raise TypeError(f"{step} is no number, name or call")
    (result,) = stack
    return result

"""What a formula consists of: steps in postfix order, operands before the gate that takes them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

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

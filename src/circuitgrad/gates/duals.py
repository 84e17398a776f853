"""Dual numbers: a value together with its derivative in one direction, the tangent.

Arithmetic on them is forward mode (Wengert, "A simple automatic derivative evaluation program", CACM 7, 1964). Their
rules are not written anywhere: they follow from the gate table, whose partial derivatives they call. A backward pass
over dual numbers is forward over reverse: the gradient, and in its tangents the Hessian times the direction (Griewank
and Walther, "Evaluating Derivatives", 2nd ed., 2008, section 5.1).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from circuitgrad.gates.arithmetic import Arithmetic
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.table import GATES, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.gates.rule import Rule


class Dual:
    """A number with its tangent. It compares by its value, and is false only where both are 0.

    Args:
        value: the number, of any arithmetic.
        tangent: its derivative in the direction of differentiation.
    """

    __hash__ = None  # type: ignore[assignment] # what equals by its value alone has no use as a key
    __slots__ = ("tangent", "value")

    def __init__(self, value: Any, tangent: Any = 0.0) -> None:
        self.value = value
        self.tangent = tangent

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangent!r})"

    def __bool__(self) -> bool:
        return bool(self.value) or bool(self.tangent)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < value_of(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= value_of(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > value_of(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= value_of(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == value_of(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.value != value_of(other))

    def __neg__(self) -> Dual:
        return _operation("neg")(self)

    def __add__(self, other: Any) -> Dual:
        return _operation("add")(self, other)

    def __radd__(self, other: Any) -> Dual:
        return _operation("add")(other, self)

    def __sub__(self, other: Any) -> Dual:
        return _operation("sub")(self, other)

    def __rsub__(self, other: Any) -> Dual:
        return _operation("sub")(other, self)

    def __mul__(self, other: Any) -> Dual:
        return _operation("mul")(self, other)

    def __rmul__(self, other: Any) -> Dual:
        return _operation("mul")(other, self)


def value_of(number: Any) -> Any:
    """Return the value of a number, dual or not."""
    return number.value if isinstance(number, Dual) else number


def tangent_of(number: Any) -> Any:
    """Return the tangent of a number, which is 0 for one that is not dual."""
    return number.tangent if isinstance(number, Dual) else 0.0


@cache
def duals(arithmetic: Arithmetic = DOUBLES) -> Arithmetic:
    """Return the arithmetic of dual numbers over another one.

    >>> sine = duals().primitives["sin"]
    >>> sine(Dual(0.0, 2.0))
    Dual(0.0, 2.0)
    """
    return Arithmetic(
        f"duals over {arithmetic.name}",
        lambda x: Dual(arithmetic.number(x)),
        # Every gate, so that a formula that calls one follows the conventions of its rule.
        {name: _lifted(rule, arithmetic) for name, rule in GATES.items()},
        arithmetic.constants,
    )


@cache
def _operation(name: str) -> Callable[..., Dual]:
    """Return a gate that is an operator of Python, whose rules are the same text in every arithmetic."""
    return _lifted(find(name), DOUBLES)


def _lifted(rule: Rule, arithmetic: Arithmetic) -> Callable[..., Dual]:
    """Return a rule's value for dual numbers: its tangent is the sum of the operands' times the partials."""
    value, partials = value_function(rule, arithmetic), partials_function(rule, arithmetic)

    def lifted(*operands: Any) -> Dual:
        point = [value_of(operand) for operand in operands]
        out = value(*point)
        tangent: Any = 0.0
        # As in a backward pass, what does not move adds nothing, even through an infinite slope.
        for partial, moved in zip(partials(*point, out), map(tangent_of, operands), strict=True):
            if moved:
                tangent += partial * moved
        return Dual(out, tangent)

    return lifted

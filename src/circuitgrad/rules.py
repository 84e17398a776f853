"""A row's formulas as Python functions, in doubles or at any precision.

The same printed text serves both: only the names in it (`exp`, `div`) mean another arithmetic.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from circuitgrad import arithmetic as doubles
from circuitgrad.dialects import PYTHON
from circuitgrad.expression import Call
from circuitgrad.gates import GATES, find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from circuitgrad.expression import Expression
    from circuitgrad.gates import Row


@cache
def value_rule(row: Row, arithmetic: ModuleType = doubles) -> Callable[..., Any]:
    """Return the function of the operands that computes the row's value.

    >>> value_rule(find("sigmoid"))(2.0)
    0.8807970779778823
    """
    if row is GATES.get(row.name) and row.name in arithmetic.PRIMITIVES:
        primitive: Callable[..., Any] = arithmetic.PRIMITIVES[row.name]
        return primitive
    (value,) = _print([row.value_expression])
    return _compile(row.operands, value, [row.value_expression], arithmetic)


@cache
def partials_rule(row: Row, arithmetic: ModuleType = doubles) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the operands and the value `out` that computes the tuple of partial derivatives.

    >>> partials_rule(find("mul"))(-2.0, 3.0, -6.0)
    (3.0, -2.0)
    """
    partials = _print(row.partial_expressions)
    return _compile((*row.operands, "out"), f"({', '.join(partials)},)", row.partial_expressions, arithmetic)


def _print(expressions: Sequence[Expression]) -> list[str]:
    return [PYTHON.write(expression.steps) for expression in expressions]


def _compile(
    parameters: Sequence[str], body: str, expressions: Sequence[Expression], arithmetic: ModuleType
) -> Callable[..., Any]:
    """Compile a printed formula; beside its parameters it knows the constants and the gates that it calls."""
    namespace: dict[str, Any] = {"__builtins__": {}, **arithmetic.CONSTANTS}
    for expression in expressions:
        for step in expression.steps:
            if isinstance(step, Call) and step.gate not in PYTHON.infix and step.gate not in ("neg", "where"):
                namespace[step.gate] = arithmetic.PRIMITIVES.get(step.gate) or value_rule(find(step.gate), arithmetic)
    source = f"lambda {', '.join(map(PYTHON.name, parameters))}: {body}"
    # What is evaluated was printed from parsed steps: numbers, names and calls of gates, nothing else.
    function: Callable[..., Any] = eval(source, namespace)  # noqa: S307
    return function

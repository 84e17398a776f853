"""A row's formulas as Python functions, in doubles or at any precision.

The same printed text serves both: only the names in it (`exp`, `div`) mean another arithmetic.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from circuitgrad import arithmetic as doubles
from circuitgrad.dialects import PYTHON
from circuitgrad.expression import Call
from circuitgrad.gates import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from circuitgrad.expression import Expression
    from circuitgrad.gates import Row


@cache
def value_rule(row: Row, arithmetic: ModuleType = doubles) -> Callable[..., Any]:
    """Return the function of the operands that computes the row's value.

    >>> value_rule(find("sigmoid"))(2.0)
    0.8807970779778823
    """
    if row.name in _primitives(arithmetic) and row is find(row.name):
        primitive: Callable[..., Any] = getattr(arithmetic, row.name)
        return primitive
    return _compile(row.operands, PYTHON.write(row.value_expression.steps, row.operands), [row.value_expression], arithmetic)


@cache
def partials_rule(row: Row, arithmetic: ModuleType = doubles) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the operands and the value `out` that computes the tuple of partial derivatives.

    >>> partials_rule(find("mul"))(-2.0, 3.0, -6.0)
    (3.0, -2.0)
    """
    parameters = (*row.operands, "out")
    partials = [PYTHON.write(partial.steps, parameters) for partial in row.partial_expressions]
    return _compile(parameters, f"({', '.join(partials)},)", row.partial_expressions, arithmetic)


def _primitives(arithmetic: ModuleType) -> frozenset[str]:
    return frozenset(arithmetic.__all__)


def _compile(
    parameters: Iterable[str], body: str, expressions: Iterable[Expression], arithmetic: ModuleType
) -> Callable[..., Any]:
    """Compile a printed formula; the gates that it calls are its only names beside the parameters."""
    namespace: dict[str, Any] = {"__builtins__": {}, "inf": doubles.inf, "nan": doubles.nan}
    for expression in expressions:
        for step in expression.steps:
            if isinstance(step, Call):
                namespace[step.gate] = _callee(step.gate, arithmetic)
    source = f"lambda {', '.join(map(PYTHON.name, parameters))}: {body}"
    # What is evaluated was printed from parsed steps: numbers, operands and calls of gates, nothing else.
    function: Callable[..., Any] = eval(source, namespace)  # noqa: S307
    return function


def _callee(name: str, arithmetic: ModuleType) -> Any:
    if name in _primitives(arithmetic):
        return getattr(arithmetic, name)
    return None if name in PYTHON.infix or name in ("neg", "where") else value_rule(find(name), arithmetic)

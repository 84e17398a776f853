"""A row's formulas as Python functions, in doubles or another arithmetic.

The same printed text serves all: only the names in it (`exp`, `div`) mean another arithmetic's.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from circuitgrad.arithmetic import DOUBLES
from circuitgrad.dialects import PYTHON
from circuitgrad.expression import Call, Name
from circuitgrad.gates import GATES, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from circuitgrad.arithmetic import Arithmetic
    from circuitgrad.expression import Step
    from circuitgrad.gates import Row


@cache
def value_rule(row: Row, arithmetic: Arithmetic = DOUBLES) -> Callable[..., Any]:
    """Return the function of the operands that computes the row's value.

    >>> value_rule(find("sigmoid"))(2.0)
    0.8807970779778823
    """
    if row is GATES.get(row.name) and row.name in arithmetic.primitives:
        primitive: Callable[..., Any] = arithmetic.primitives[row.name]
        return primitive
    return compiled(row.operands, [row.value_expression.steps], "{}", arithmetic)


@cache
def partials_rule(row: Row, arithmetic: Arithmetic = DOUBLES) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the operands and the value `out` that computes the tuple of partial derivatives.

    >>> partials_rule(find("mul"))(-2.0, 3.0, -6.0)
    (3.0, -2.0)
    """
    partials = [expression.steps for expression in row.partial_expressions]
    return compiled((*row.operands, "out"), partials, f"({'{}, ' * len(partials)})", arithmetic)


@cache
def primitives_of(row: Row) -> frozenset[str]:
    """Return the primitives that a row's value rule calls, itself or through other gates.

    >>> sorted(primitives_of(find("normal_cdf")))
    ['div', 'erfc', 'sqrt']
    """
    found: set[str] = set()
    for step in row.value_expression.steps:
        if not isinstance(step, Call):
            continue
        if step.gate in DOUBLES.primitives:
            found.add(step.gate)
        elif step.gate not in PYTHON.infix and step.gate not in ("neg", "where"):
            found.update(primitives_of(find(step.gate)))
    return frozenset(found)


def calls_in(steps: Iterable[Step]) -> set[str]:
    """Return the gates that the text of formulas calls by name; others are operators there."""
    return {step.gate for step in steps if isinstance(step, Call)} - PYTHON.infix.keys() - {"neg", "where"}


def called(gates: Iterable[str], arithmetic: Arithmetic) -> dict[str, Callable[..., Any]]:
    """Return the functions that gates are in an arithmetic, by name."""
    return {gate: arithmetic.primitives.get(gate) or value_rule(find(gate), arithmetic) for gate in gates}


def compiled(
    parameters: Sequence[str], formulas: Sequence[Sequence[Step]], form: str, arithmetic: Arithmetic
) -> Callable[..., Any]:
    """Return the function of the parameters that computes formulas, put together in a form.

    Beside its parameters it knows the constants, and the gates that the formulas call.
    """
    rules = called(calls_in(step for steps in formulas for step in steps), arithmetic)
    # A file's own gate may call an operand as a gate is called; a parameter of that name would hide the gate.
    names = {name: f"{name}_operand" if name in rules else name for name in parameters}
    texts = [PYTHON.write(_renamed(steps, names)) for steps in formulas]
    source = f"lambda {', '.join(map(PYTHON.name, names.values()))}: {form.format(*texts)}"
    # What is evaluated was printed from parsed steps: numbers, names and calls of gates, nothing else.
    function: Callable[..., Any] = eval(source, {"__builtins__": {}, **arithmetic.constants, **rules})  # noqa: S307
    return function


def _renamed(steps: Sequence[Step], names: Mapping[str, str]) -> list[Step]:
    return [step._replace(name=names.get(step.name, step.name)) if isinstance(step, Name) else step for step in steps]

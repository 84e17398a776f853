"""A rule's formulas as Python functions, in doubles or another arithmetic.

The same printed text serves all: only the names in it (`exp`, `div`) mean another arithmetic's.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from circuitgrad.formulas.dialects import PYTHON
from circuitgrad.formulas.steps import Call, Name
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.table import GATES, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule


@cache
def value_function(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> Callable[..., Any]:
    """Return the function of the operands that computes the rule's value.

    >>> value_function(find("sigmoid"))(2.0)
    0.8807970779778823
    """
    if rule is GATES.get(rule.name) and rule.name in arithmetic.primitives:
        primitive: Callable[..., Any] = arithmetic.primitives[rule.name]
        return primitive
    return compiled(rule.operands, [rule.value.steps], "{}", arithmetic)


@cache
def partials_function(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the operands and the value `out` that computes the tuple of partial derivatives.

    >>> partials_function(find("mul"))(-2.0, 3.0, -6.0)
    (3.0, -2.0)
    """
    partials = rule.partial_steps
    return compiled((*rule.operands, "out"), partials, f"({'{}, ' * len(partials)})", arithmetic)


@cache
def primitives_of(rule: Rule) -> frozenset[str]:
    """Return the primitives that a rule's value calls, itself or through other gates.

    >>> sorted(primitives_of(find("normal_cdf")))
    ['div', 'erfc', 'sqrt']
    """
    found: set[str] = set()
    for step in rule.value.steps:
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
    return {gate: arithmetic.primitives.get(gate) or value_function(find(gate), arithmetic) for gate in gates}


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

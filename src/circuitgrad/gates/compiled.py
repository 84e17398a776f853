"""A rule's formulas as Python functions, in doubles or another number system.

The same printed text serves all of them: only the names in it (`exp`, `div`) mean another system's functions.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from circuitgrad.formulas.dialects import PYTHON
from circuitgrad.formulas.steps import Call, Name, folded, substituted
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.primitives import PRIMITIVES
from circuitgrad.gates.rule import once_a_rule
from circuitgrad.gates.table import find, is_built_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule

OPERATORS = PYTHON.infix.keys() | {"neg", "where"}
"""The gates that a printed formula writes as operators of Python; it calls all others by their names."""


@once_a_rule
def value_function(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> Callable[..., Any]:
    """Return the function of the operands that computes a rule's value.

    >>> value_function(find("sigmoid"))(2.0)
    0.8807970779778823
    """
    if is_built_in(rule) and rule.name in arithmetic.primitives:
        primitive: Callable[..., Any] = arithmetic.primitives[rule.name]
        return primitive
    return compiled(rule.operands, rule.value.steps, arithmetic)


@once_a_rule
def partials_function(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the operands and the value `out` that computes the tuple of partial derivatives.

    >>> partials_function(find("mul"))(-2.0, 3.0, -6.0)
    (3.0, -2.0)
    """
    return compiled_tuple((*rule.operands, "out"), rule.partial_steps, arithmetic)


@once_a_rule
def primitives_of(rule: Rule) -> frozenset[str]:
    """Return the primitives that a rule's value calls, itself or through other gates.

    >>> sorted(primitives_of(find("normal_cdf")))
    ['div', 'erfc', 'exp', 'floor', 'sqrt']
    """
    primitives: set[str] = set()
    for step in rule.value.steps:
        if not isinstance(step, Call):
            continue
        if step.gate in PRIMITIVES:
            primitives.add(step.gate)
        elif step.gate not in OPERATORS:
            primitives.update(primitives_of(find(step.gate)))
    return frozenset(primitives)


def calls_in(steps: Iterable[Step]) -> set[str]:
    """Return the gates that printed formulas call by name; others are operators there."""
    return {step.gate for step in steps if isinstance(step, Call)} - OPERATORS


def called(gates: Iterable[str], arithmetic: Arithmetic) -> dict[str, Callable[..., Any]]:
    """Return the functions that gates are in a number system, by name.

    Raises:
        NotImplementedError: one of them is a primitive that the number system does not provide.
    """
    return {gate: arithmetic.primitives.get(gate) or _computed(gate, arithmetic) for gate in gates}


def _computed(gate: str, arithmetic: Arithmetic) -> Callable[..., Any]:
    if gate in PRIMITIVES:
        raise NotImplementedError(f"{arithmetic.name} provide no primitive {gate!r}")
    return value_function(find(gate), arithmetic)


def compiled(parameters: Sequence[str], steps: Sequence[Step], arithmetic: Arithmetic) -> Callable[..., Any]:
    """Return the function that computes a formula.

    Args:
        parameters: the names that are the function's parameters; other names are constants.
        steps: the formula, in postfix order.
        arithmetic: the number system, which has the constants and the functions that the formula calls.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> compiled(["x", "y"], read_formula("x*y + 1"), DOUBLES)(2.0, 3.0)
    7.0
    """
    return _compiled(parameters, [steps], "{}", arithmetic)


def compiled_tuple(
    parameters: Sequence[str], formulas: Sequence[Sequence[Step]], arithmetic: Arithmetic
) -> Callable[..., tuple[Any, ...]]:
    """Return the function that computes formulas, as a tuple; see `compiled`."""
    return _compiled(parameters, formulas, f"({'{}, ' * len(formulas)})", arithmetic)


def compiled_sharing(
    parameters: Sequence[str], formulas: Sequence[Sequence[Step]], arithmetic: Arithmetic
) -> Callable[..., tuple[Any, ...]]:
    """Return the function that computes formulas, as a tuple, and what they have in common once.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> compiled_sharing(["x"], [read_formula("sin(x)*2"), read_formula("sin(x) + x")], DOUBLES)(0.0)
    (0.0, 0.0)
    """
    numbers: dict[tuple[str | float, ...], int] = {}
    nodes: list[tuple[Step, list[int]]] = []
    uses: Counter[int] = Counter()

    def number(step: Step, key: tuple[str | float, ...], operands: list[int]) -> int:
        found = numbers.setdefault(key, len(nodes))
        if found == len(nodes):
            nodes.append((step, operands))
            uses.update(operands)
        return found

    results = [
        folded(
            steps,
            lambda step: number(step, ("", repr(step.value)), []),
            lambda step: number(step, ("name", step.name), []),
            lambda step, operands: number(step, ("call", step.gate, *operands), operands),
        )
        for steps in formulas
    ]
    uses.update(results)
    written: list[list[Step]] = []
    parts: list[list[Step]] = []
    for index, (step, operands) in enumerate(nodes):
        first, *others = [written[operand] for operand in operands] or [[]]
        # What is used once stands where it is used; what is not has the name of a part, which is copied.
        steps = first if operands and uses[operands[0]] == 1 else [*first]
        for other in others:
            steps += other
        steps.append(step)
        if operands and uses[index] > 1:
            parts.append(steps)
            steps = [Name(_part(len(parts) - 1), 0)]
        written.append(steps)
    finished = [written[result] for result in results]
    return _compiled(parameters, finished, f"({'{}, ' * len(formulas)})", arithmetic, parts)


def _part(index: int) -> str:
    """Return the name of a part of formulas, which no operand has."""
    return f"#{index}"


def _compiled(
    parameters: Sequence[str],
    formulas: Sequence[Sequence[Step]],
    result: str,
    arithmetic: Arithmetic,
    parts: Sequence[Sequence[Step]] = (),
) -> Callable[..., Any]:
    functions = called(calls_in(step for steps in (*parts, *formulas) for step in steps), arithmetic)
    space: dict[str, Any] = {"__builtins__": {}, **arithmetic.constants, **functions}
    # Operands may be called anything, also as a gate, a constant or a word of Python.
    variables = {name: _free(f"x{number}", space) for number, name in enumerate(parameters, 1)}
    places: dict[str, Sequence[Step]] = {name: [Name(variable, 0)] for name, variable in variables.items()}
    lines: list[str] = []

    def assign(text: str) -> str:
        temporary = _free(f"t{len(lines)}", space)
        lines.append(f"    {temporary} = {text}")
        return temporary

    for index, part in enumerate(parts):
        text = PYTHON.write(substituted(part, places), assign)
        places[_part(index)] = [Name(assign(text), 0)]
    texts = [PYTHON.write(substituted(steps, places), assign) for steps in formulas]
    source = [f"def function({', '.join(variables.values())}):", *lines, f"    return {result.format(*texts)}"]
    # What is run was printed from parsed steps: numbers, names and calls of gates, nothing else.
    exec("\n".join(source), space)  # noqa: S102
    function: Callable[..., Any] = space["function"]
    return function


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name like this one that no gate and no constant has."""
    while name in taken:
        name += "_"
    return name

"""Rules of the gate table in JavaScript, and the files of the page beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.formulas.dialects import JAVASCRIPT
from circuitgrad.formulas.steps import CONSTANTS, Name, substituted
from circuitgrad.gates import coefficients
from circuitgrad.gates.compiled import calls_in
from circuitgrad.gates.kinks import carrying_formulas
from circuitgrad.gates.primitives import PRIMITIVES
from circuitgrad.gates.table import find
from circuitgrad.report.page.cases import case_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule

HERE = Path(__file__).parent
COEFFICIENTS = ("ERF_ONE", "ERF_NEAR", "ERF_MIDDLE", "ERF_FAR", "ERF_FARTHER")
"""The tables of coefficients that `arithmetic.js` uses."""


def page_file(name: str) -> str:
    """Return the text of one of the page's files."""
    return (HERE / name).read_text(encoding="utf-8")


def rules_text(rules: Sequence[Rule]) -> str:
    """Return the statement `const rules = …`: per rule, in order, `{value, partials, cases, carries}`, functions.

    `value` takes the operands. `partials` takes the operands and then the gate's value, and returns an array. `cases`
    takes the same and returns the number of the case that the value takes, then those of the partials. `carries` takes
    the operands and tells for each whether the value moves with it. Only names of the table stand in the text; a file's
    own gates and their operands have none.

    Args:
        rules: the rules.

    >>> print(rules_text([find("relu")]).rpartition("return ")[2])
    [{
      value: (x1) => x1 > 0 ? x1 : x1 <= 0 ? 0 : nan,
      partials: (x1, out) => [x1 > 0 ? 1 : x1 <= 0 ? 0 : nan],
      cases: (x1, out) => [x1 > 0 ? 0 : x1 <= 0 ? 1 : 2, x1 > 0 ? 0 : x1 <= 0 ? 1 : 2],
      carries: (x1) => [x1 - 0 == 0 ? 1 : (x1 > 0) + 0.0],
    }];
    })();
    """
    functions: dict[str, str] = {}
    texts = ", ".join(_rule(rule, functions) for rule in rules)
    lines = ["const rules = (() => {", *arithmetic_lines(), *functions.values(), f"return [{texts}];", "})();"]
    return "\n".join(lines)


def arithmetic_lines() -> list[str]:
    """Return the statements that define the constants of formulas and the primitives of the gate table."""
    constants = (f"{name} = {JAVASCRIPT.number(value)}" for name, value in CONSTANTS.items())
    return [
        f"const {', '.join(constants)};",
        *(f"const {name} = {_array(getattr(coefficients, name))};" for name in COEFFICIENTS),
        page_file("arithmetic.js"),
        f"const {{ {', '.join(PRIMITIVES)} }} = primitives;",
    ]


def _array(numbers: float | Sequence[float] | Sequence[Sequence[float]]) -> str:
    """Return a number, or nested tuples of numbers, in JavaScript."""
    return JAVASCRIPT.number(numbers) if isinstance(numbers, float) else f"[{', '.join(map(_array, numbers))}]"


def _rule(rule: Rule, functions: dict[str, str]) -> str:
    """Return the functions of a rule, after adding the functions that they call to `functions`."""
    value, *partials = formulas = [_renamed(rule, steps) for steps in (rule.value.steps, *rule.partial_steps)]
    numbers = [case_number(steps) for steps in formulas]
    carries = [_renamed(rule, steps) for steps in carrying_formulas(rule)]
    for steps in (*formulas, *carries):
        _add_called(steps, functions)
    operands = ", ".join(_places(rule).values())
    lines = [
        f"  value: {_arrow(operands, '{}', [value])},",
        f"  partials: {_arrow(f'{operands}, out', '[{}]', partials)},",
        f"  cases: {_arrow(f'{operands}, out', '[{}]', numbers)},",
        f"  carries: {_arrow(operands, '[{}]', carries)},",
    ]
    return "\n".join(["{", *lines, "}"])


def _places(rule: Rule) -> dict[str, str]:
    """Return the names of a rule's operands in JavaScript: by their places, for names may be anything."""
    return {name: f"x{place}" for place, name in enumerate(rule.operands, 1)}


def _renamed(rule: Rule, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return a formula of a rule with the names of its operands in JavaScript."""
    return substituted(steps, {name: [Name(place, 0)] for name, place in _places(rule).items()})


def _add_called(steps: Sequence[Step], functions: dict[str, str]) -> None:
    """Add the functions of the gates that a formula calls, by name, each after those that it calls itself."""
    for gate in sorted(calls_in(steps) - PRIMITIVES.keys() - functions.keys()):
        rule = find(gate)
        value = _renamed(rule, rule.value.steps)
        functions[gate] = ""  # a gate that calls itself is called only where the table is wrong
        _add_called(value, functions)
        functions[gate] = f"const {gate} = {_arrow(', '.join(_places(rule).values()), '{}', [value])};"


def _arrow(parameters: str, form: str, formulas: Sequence[Sequence[Step]]) -> str:
    """Return a function in JavaScript.

    Args:
        parameters: its parameters.
        form: the form of its result, with `{}` for the formulas.
        formulas: the formulas.
    """
    temporaries: list[str] = []

    def assign(text: str) -> str:
        temporaries.append(text)
        return f"t{len(temporaries)}"

    texts = [JAVASCRIPT.write(steps, assign) for steps in formulas]
    result = form.format(", ".join(texts))
    if not temporaries:
        return f"({parameters}) => {result}"
    statements = "".join(f"const t{number} = {text}; " for number, text in enumerate(temporaries, 1))
    return f"({parameters}) => {{ {statements}return {result}; }}"

"""The gate table in JavaScript: the rules of the rules that a circuit uses, and the files of the page beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.formulas.dialects import JAVASCRIPT
from circuitgrad.formulas.steps import Name
from circuitgrad.gates.compiled import calls_in
from circuitgrad.gates.doubles import PRIMITIVES
from circuitgrad.gates.table import find
from circuitgrad.report.page.forms import choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule

HERE = Path(__file__).parent


def part(name: str) -> str:
    """Return the text of one of the page's files."""
    return (HERE / name).read_text(encoding="utf-8")


def rules_text(rules: Sequence[Rule]) -> str:
    """Return the statement `const rules = …`: per rule, in order, `{value, partials, forms}`, functions.

    `value` takes the operands; `partials` takes the operands and then the gate's value, and returns an array, and so
    does `forms`: which of its forms the value takes, and which ones the partials do. Only names of the table stand in
    the text; a file's own gates and their operands have none.

    Args:
        rules: the rules.

    >>> print(rules_text([find("relu")]).rpartition("return ")[2])
    [{
      value: (x1) => x1 > 0 ? x1 : x1 <= 0 ? 0 : nan,
      partials: (x1, out) => [x1 > 0 ? 1 : x1 <= 0 ? 0 : nan],
      forms: (x1, out) => [x1 > 0 ? 0 : x1 <= 0 ? 1 : 2, x1 > 0 ? 0 : x1 <= 0 ? 1 : 2],
    }];
    })();
    """
    functions: dict[str, str] = {}
    made = ", ".join(_rule(rule, functions) for rule in rules)
    return "\n".join(
        ["const rules = (() => {", part("arithmetic.js"), *functions.values(), f"return [{made}];", "})();"]
    )


def _rule(rule: Rule, functions: dict[str, str]) -> str:
    """Return the functions of a rule, after adding what they call to `functions`."""
    names = _places(rule)
    operands = ", ".join(names.values())
    rules = [rule.value.steps, *rule.partial_steps]
    value, *partials = [_written(steps, names, functions) for steps in rules]
    taken = [_written(choice(steps), names, functions) for steps in rules]
    lines = [
        f"  value: ({operands}) => {value},",
        f"  partials: ({operands}, out) => [{', '.join(partials)}],",
        f"  forms: ({operands}, out) => [{', '.join(taken)}],",
    ]
    return "\n".join(["{", *lines, "}"])


def _places(rule: Rule) -> dict[str, str]:
    """Return what a rule's operands are called in JavaScript: by their places, for names may be anything."""
    return {name: f"x{place}" for place, name in enumerate(rule.operands, 1)}


def _written(steps: Iterable[Step], names: Mapping[str, str], functions: dict[str, str]) -> str:
    renamed = [
        step._replace(name=names.get(step.name, step.name)) if isinstance(step, Name) else step for step in steps
    ]
    for gate in sorted(calls_in(renamed) - PRIMITIVES.keys() - functions.keys()):
        rule = find(gate)
        functions[gate] = ""  # a gate that calls itself is called only where the table is wrong
        value = _written(rule.value.steps, _places(rule), functions)
        functions[gate] = f"const {gate} = ({', '.join(_places(rule).values())}) => {value};"
    return JAVASCRIPT.write(renamed)

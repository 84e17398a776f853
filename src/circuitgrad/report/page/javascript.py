"""The gate table in JavaScript: the rules of the rows that a circuit uses, and the files of the page beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.arithmetic import PRIMITIVES
from circuitgrad.dialects import JAVASCRIPT
from circuitgrad.expression import Name
from circuitgrad.gates import find
from circuitgrad.report.page.forms import choice
from circuitgrad.rules import calls_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.expression import Step
    from circuitgrad.gates import Row

HERE = Path(__file__).parent


def part(name: str) -> str:
    """Return the text of one of the page's files."""
    return (HERE / name).read_text(encoding="utf-8")


def rules_text(rows: Sequence[Row]) -> str:
    """Return the statement `const rules = …`: per row, in order, `{value, partials, forms}`, functions.

    `value` takes the operands; `partials` takes the operands and then the gate's value, and returns an array, and so
    does `forms`: which of its forms the value takes, and which ones the partials do. Only names of the table stand in
    the text; a file's own gates and their operands have none.

    Args:
        rows: the rows.

    >>> print(rules_text([find("relu")]).rpartition("return ")[2])
    [{
      value: (x1) => x1 > 0 ? x1 : x1 <= 0 ? 0 : nan,
      partials: (x1, out) => [x1 > 0 ? 1 : x1 <= 0 ? 0 : nan],
      forms: (x1, out) => [x1 > 0 ? 0 : x1 <= 0 ? 1 : 2, x1 > 0 ? 0 : x1 <= 0 ? 1 : 2],
    }];
    })();
    """
    functions: dict[str, str] = {}
    made = ", ".join(_rule(row, functions) for row in rows)
    return "\n".join(
        ["const rules = (() => {", part("arithmetic.js"), *functions.values(), f"return [{made}];", "})();"]
    )


def _rule(row: Row, functions: dict[str, str]) -> str:
    """Return the functions of a row, after adding what they call to `functions`."""
    names = _places(row)
    operands = ", ".join(names.values())
    rules = [row.value_expression.steps, *(expression.steps for expression in row.partial_expressions)]
    value, *partials = [_written(steps, names, functions) for steps in rules]
    taken = [_written(choice(steps), names, functions) for steps in rules]
    lines = [
        f"  value: ({operands}) => {value},",
        f"  partials: ({operands}, out) => [{', '.join(partials)}],",
        f"  forms: ({operands}, out) => [{', '.join(taken)}],",
    ]
    return "\n".join(["{", *lines, "}"])


def _places(row: Row) -> dict[str, str]:
    """Return what a row's operands are called in JavaScript: by their places, for names may be anything."""
    return {name: f"x{place}" for place, name in enumerate(row.operands, 1)}


def _written(steps: Iterable[Step], names: Mapping[str, str], functions: dict[str, str]) -> str:
    renamed = [
        step._replace(name=names.get(step.name, step.name)) if isinstance(step, Name) else step for step in steps
    ]
    for gate in sorted(calls_in(renamed) - PRIMITIVES.keys() - functions.keys()):
        row = find(gate)
        functions[gate] = ""  # a gate that calls itself is called only where the table is wrong
        value = _written(row.value_expression.steps, _places(row), functions)
        functions[gate] = f"const {gate} = ({', '.join(_places(row).values())}) => {value};"
    return JAVASCRIPT.write(renamed)

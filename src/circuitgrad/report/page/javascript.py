"""The gate table in JavaScript: the rules of the rows that a circuit uses, and the files of the page beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.arithmetic import PRIMITIVES
from circuitgrad.dialects import JAVASCRIPT
from circuitgrad.expression import Name
from circuitgrad.gates import find
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
    """Return the statement `const rules = …`: per row, in order, `{value, partials}`, two functions.

    `value` takes the operands, `partials` the operands and then the gate's value, and returns an array. Only names of
    the table stand in the text; a file's own gates and their operands have none.

    Args:
        rows: the rows.

    >>> print(rules_text([find("mul")])[-86:])
    return [
      {value: (x1, x2) => x1 * x2, partials: (x1, x2, out) => [x2, x1]},
    ];
    })();
    """
    functions: dict[str, str] = {}
    lines = [f"  {_rule(row, functions)}," for row in rows]
    return "\n".join(["const rules = (() => {", part("arithmetic.js"), *functions.values(), "return [", *lines, "];\n})();"])


def _rule(row: Row, functions: dict[str, str]) -> str:
    """Return the two functions of a row, after adding what they call to the functions."""
    names = _places(row)
    operands = ", ".join(names.values())
    partials = [_written(expression.steps, names, functions) for expression in row.partial_expressions]
    value = _value(row, functions)
    return f"{{value: ({operands}) => {value}, partials: ({operands}, out) => [{', '.join(partials)}]}}"


def _value(row: Row, functions: dict[str, str]) -> str:
    return _written(row.value_expression.steps, _places(row), functions)


def _places(row: Row) -> dict[str, str]:
    """Return what a row's operands are called in JavaScript: by their places, for names may be anything."""
    return {name: f"x{place}" for place, name in enumerate(row.operands, 1)}


def _written(steps: Iterable[Step], names: Mapping[str, str], functions: dict[str, str]) -> str:
    renamed = [step._replace(name=names.get(step.name, step.name)) if isinstance(step, Name) else step for step in steps]
    for gate in sorted(calls_in(renamed) - PRIMITIVES.keys() - functions.keys()):
        row = find(gate)
        functions[gate] = ""  # a gate that calls itself is called only where the table is wrong
        functions[gate] = f"const {gate} = ({', '.join(_places(row).values())}) => {_value(row, functions)};"
    return JAVASCRIPT.write(renamed)

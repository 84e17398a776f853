"""Gates as tables and as JSON documents: all of them, or a single gate in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.formulas.names import derivative_title
from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.gates.rule import Rule


MOST_OPERANDS = 3
"""No gate of the table has more."""


def signature(rule: Rule) -> str:
    """Return the gate as it is called.

    >>> from circuitgrad.gates.table import find
    >>> signature(find("multiply"))
    'mul(x, y)'
    """
    return f"{rule.name}({', '.join(rule.operands)})"


def gates_table(rules: Sequence[Rule]) -> Table:
    """Return the table of gates: for each a few words, its further names, its formulas and its conventions."""
    table = Table([Column("gate", style="cyan"), Column(""), Column("formula", wrap=True)], noun="lines")
    for rule in rules:
        lines = [("about", rule.about), *_names(rule), *_formulas(rule)]
        table.rows.extend([signature(rule) if i == 0 else "", *line] for i, line in enumerate(lines))
    return table


def gate_table(rule: Rule, *, titled: bool) -> Table:
    """Return everything that is known of a gate.

    Args:
        rule: the gate.
        titled: whether to repeat the heading's texts, and to give titles to the columns.
    """
    table = Table(
        [Column("gate", "cyan"), Column(signature(rule), wrap=True)]
        if titled
        else [Column("", "cyan"), Column("", wrap=True)]
    )
    lines = [*([("about", rule.about), *_names(rule)] if titled else []), *_formulas(rule), *_details(rule)]
    table.rows.extend(lines)
    return table


def gates_csv(rules: Sequence[Rule]) -> Table:
    """Return everything that is known of gates as one table, a row for each.

    >>> from circuitgrad.gates.table import find
    >>> gates_csv([find("mul")]).rows[0][:8]
    ['mul', 'x, y', 'multiply', 'product', 'x*y', 'y', 'x', '']
    """
    partials = [f"derivative {number + 1}" for number in range(MOST_OPERANDS)]
    details = ["note", "takes", "class", "tested"]
    table = Table([Column(title) for title in ("gate", "operands", "also", "about", "value", *partials, *details)])
    for rule in rules:
        known = dict([*_names(rule), *_formulas(rule), *_details(rule)])
        formulas = [rule.partials[name].text if name in rule.partials else "" for name in rule.operands]
        formulas += [""] * (MOST_OPERANDS - len(formulas))
        texts = [rule.name, ", ".join(rule.operands), known.get("also", ""), rule.about, rule.value.text, *formulas]
        table.rows.append([*texts, *(known.get(key, "") for key in details)])
    return table


def gate_title(rule: Rule) -> str:
    """Return the heading of a gate: its call, a few words, and its further names.

    >>> from circuitgrad.gates.table import find
    >>> print(gate_title(find("mul")))
    mul(x, y): product
    also multiply
    """
    return "\n".join([f"{signature(rule)}: {rule.about}", *(f"{key} {names}" for key, names in _names(rule))])


def _names(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.aliases:
        yield "also", ", ".join(rule.aliases)


def _formulas(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "value", rule.value.text
    for operand, partial in rule.partials.items():
        yield derivative_title("", operand), partial.text
    if rule.convention:
        yield "note", rule.convention


def _details(rule: Rule) -> Iterator[tuple[str, str]]:
    from circuitgrad.circuit.units import class_of

    if rule.folds:
        yield "takes", "two or more operands, folded from the left"
    yield "class", f"circuitgrad.{class_of(rule).__name__}"
    ranges: dict[tuple[float, float], list[str]] = {}
    for operand, ends in zip(rule.operands, rule.sample, strict=False):
        ranges.setdefault(ends, []).append(operand)
    if ranges:
        yield "tested", "; ".join(_range(operands, *ends) for ends, operands in ranges.items())


def _range(operands: Sequence[str], low: float, high: float) -> str:
    return f"{', '.join(operands)} from {low:,.9g} to {high:,.9g}"


def gates_json(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return the table of gates as a document."""
    return [gate_json(rule) for rule in rules]


def gate_json(rule: Rule) -> dict[str, Any]:
    """Return a gate as a document."""
    return {
        "name": rule.name,
        "operands": list(rule.operands),
        "aliases": list(rule.aliases),
        "about": rule.about,
        "value": rule.value.text,
        "partials": {operand: partial.text for operand, partial in rule.partials.items()},
        "convention": rule.convention,
        "folds": rule.folds,
        "sample": {operand: list(ends) for operand, ends in zip(rule.operands, rule.sample, strict=False)},
    }

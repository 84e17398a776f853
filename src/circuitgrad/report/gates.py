"""Gates as tables and as JSON documents: all of them, or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.gates import Row


def signature(row: Row) -> str:
    """Return the gate as it is called.

    >>> from circuitgrad.gates import find
    >>> signature(find("multiply"))
    'mul(x, y)'
    """
    return f"{row.name}({', '.join(row.operands)})"


def gates_table(rows: Sequence[Row]) -> Table:
    """Return the table of gates: for each what it is, its further names, its formulas and its conventions."""
    table = Table([Column("gate", style="cyan"), Column(""), Column("formula", wrap=True)], noun="lines")
    for row in rows:
        lines = [("about", row.about), *_names(row), *_formulas(row)]
        table.rows.extend([signature(row) if i == 0 else "", *line] for i, line in enumerate(lines))
    return table


def gate_table(row: Row, *, titled: bool) -> Table:
    """Return everything that is known of one gate.

    Args:
        row: the gate.
        titled: whether to say also what its heading says, and to give titles to the columns.
    """
    table = Table(
        [Column("gate", "cyan"), Column(signature(row), wrap=True)]
        if titled
        else [Column("", "cyan"), Column("", wrap=True)]
    )
    lines = [*([("about", row.about), *_names(row)] if titled else []), *_formulas(row), *_details(row)]
    table.rows.extend(lines)
    return table


def gate_title(row: Row) -> str:
    """Return the heading of one gate: how it is called, what it is, and its further names.

    >>> from circuitgrad.gates import find
    >>> print(gate_title(find("mul")))
    mul(x, y): product
    also multiply
    """
    return "\n".join([f"{signature(row)}: {row.about}", *(f"{key} {names}" for key, names in _names(row))])


def _names(row: Row) -> Iterator[tuple[str, str]]:
    if row.aliases:
        yield "also", ", ".join(row.aliases)


def _formulas(row: Row) -> Iterator[tuple[str, str]]:
    yield "value", row.value
    for operand, partial in row.partials.items():
        yield f"d/d{operand}", partial
    if row.convention:
        yield "note", row.convention


def _details(row: Row) -> Iterator[tuple[str, str]]:
    from circuitgrad.units import class_of

    if row.folds:
        yield "takes", "two or more operands, folded from the left"
    yield "class", f"circuitgrad.{class_of(row).__name__}"
    ranges: dict[tuple[float, float], list[str]] = {}
    for operand, ends in zip(row.operands, row.sample, strict=False):
        ranges.setdefault(ends, []).append(operand)
    if ranges:
        yield "tested", "; ".join(_range(operands, *ends) for ends, operands in ranges.items())


def _range(operands: Sequence[str], low: float, high: float) -> str:
    return f"{', '.join(operands)} from {low:,.9g} to {high:,.9g}"


def gates_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the table of gates as a document."""
    return [gate_json(row) for row in rows]


def gate_json(row: Row) -> dict[str, Any]:
    """Return one gate as a document."""
    return {
        "name": row.name,
        "operands": list(row.operands),
        "aliases": list(row.aliases),
        "about": row.about,
        "value": row.value,
        "partials": dict(row.partials),
        "convention": row.convention,
        "folds": row.folds,
        "sample": {operand: list(ends) for operand, ends in zip(row.operands, row.sample, strict=False)},
    }

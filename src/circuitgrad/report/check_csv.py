"""The results of `check` for machines: one table with the same columns for every call, one kind of cell in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.report.check import check_lines, check_table
from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.check.result import Check
    from circuitgrad.report.check import CheckLine

FIRST_TITLES = ("circuit", "output", "kind", "wire", "operand")
"""What a line is about; the numbers follow."""
KINDS = {"wire": "sum"}
"""What a kind of line is called, where it is called otherwise: what the consumers of a wire add to its gradient."""


def check_csv(checks: Sequence[Check], *, everything: bool = False, only_failed: bool = False) -> Table:
    """Return the lines of `check_table`, what each is about taken apart.

    Args:
        checks: the checks.
        everything: list also the gates that are in order.
        only_failed: list nothing but failures.
    """
    table = check_table(checks, slopes=True, everything=everything, only_failed=only_failed)
    titles = [column.title for column in table.columns]
    columns = {column.title: column for column in table.columns}
    numbers = [title for title in titles if title not in (*FIRST_TITLES, "at")]
    numbers.insert(numbers.index("verdict"), "at")
    machine = Table([columns.get(title) or Column(title) for title in (*FIRST_TITLES, *numbers)])
    subjects = [
        [check.circuit.name, *_subject(check, line)]
        for check in checks
        for line in check_lines(check, everything=everything, only_failed=only_failed)
    ]
    for subject, row in zip(subjects, table.rows, strict=True):
        cells = dict(zip(titles, row, strict=True))
        machine.rows.append([*subject, *(cells.get(title) for title in numbers)])
    return machine


def _subject(check: Check, line: CheckLine) -> tuple[str, str, str, str]:
    """Return what a line is about: the output, the kind, the wire, and the operand or the second input."""
    kind = KINDS.get(line.kind, line.kind)
    if line.kind in ("gate", "definition", "value", "expect"):
        return "", kind, line.wire, line.comparison.operand
    output, name = check.outputs[0], line.name.removeprefix("sum ")
    if len(check.outputs) > 1:  # the name is that of a derivative
        output, _, name = name.removeprefix("d").partition("/d")
    return output, kind, line.wire, name.partition(", ")[2]

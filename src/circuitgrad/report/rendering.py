"""Tables as text in every format: for a terminal, a spreadsheet or a Markdown page."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from circuitgrad.errors import columns as columns_of
from circuitgrad.errors import visible
from circuitgrad.report.number_text import DEFAULT_DIGITS, exact, rounded
from circuitgrad.report.tables import ROWS_PER_PIECE, SHOWN_ENDS, shown_positions
from circuitgrad.report.terminal_table import draw_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from circuitgrad.report.tables import Cell, Column, Row, Table

FORMATS = ("table", "json", "csv", "markdown")

# Characters that are markup in Markdown; an underscore within a word is not.
_MARKUP = re.compile(r"[\\`*<\[|~]|(?<![^\W_])_|_(?![^\W_])")


def render(table: Table, form: str, digits: int | None = None, *, everything: bool = False) -> Iterator[str]:
    """Yield a table in pieces of text.

    Args:
        table: the table.
        form: `table`, `csv` or `markdown`.
        digits: significant digits of numbers; 6 when left out, but every digit in CSV.
        everything: show every row of a long table; CSV and Markdown always do.

    >>> from circuitgrad.report.tables import Column, Table
    >>> table = Table([Column("wire"), Column("value", number=True)], [["x", 0.5]])
    >>> print(*render(table, "csv"), sep="", end="")
    wire,value
    x,0.5
    """
    if form == "csv":
        return render_csv(table.columns, table.rows, digits)
    if form == "markdown":
        return MarkdownWriter(table.columns, digits).write(table.rows)
    return _drawn(table, digits, everything=everything)


def _drawn(table: Table, digits: int | None, *, everything: bool) -> Iterator[str]:
    count = len(table.rows)
    positions: Sequence[int] = range(count) if everything else shown_positions(count)
    left_out = table.missing + count - len(positions)
    return draw_table(
        table.columns,
        [_texts(table.columns, table.rows[position], digits) for position in positions],
        [position in table.marked for position in positions],
        {SHOWN_ENDS: f"… {left_out:,} more {table.noun}; --all shows them"} if left_out else {},
    )


def _texts(columns: Sequence[Column], row: Row, digits: int | None) -> list[str]:
    """Return a row's cells as a person reads them."""
    wanted = DEFAULT_DIGITS if digits is None else digits
    return [
        visible(cell or "") if cell is None or isinstance(cell, str) else rounded(cell, column.digits or wanted)
        for cell, column in zip(row, columns, strict=True)
    ]


class MarkdownWriter:
    """Writes rows as one Markdown table: the titles before the first rows, whose widths later rows keep.

    Args:
        columns: the columns.
        digits: significant digits of numbers; 6 when left out.
    """

    def __init__(self, columns: Sequence[Column], digits: int | None = None) -> None:
        self._columns = columns
        self._digits = digits
        self._widths: list[int] = []

    def write(self, rows: Iterable[Row]) -> Iterator[str]:
        """Yield the lines of some rows."""
        titles = self._escaped([visible(column.title) for column in self._columns])
        cells = [self._escaped(_texts(self._columns, row, self._digits)) for row in rows]
        lines = []
        if not self._widths:
            self._widths = [max(3, *map(columns_of, texts)) for texts in zip(titles, *cells, strict=True)]
            dashes = [
                "-" * (width - 1) + (":" if column.number else "-")
                for width, column in zip(self._widths, self._columns, strict=True)
            ]
            lines = [self._justified(titles), dashes]
        for line in [*lines, *map(self._justified, cells)]:
            yield f"| {' | '.join(line)} |\n"

    @staticmethod
    def _escaped(texts: Iterable[str]) -> list[str]:
        return [_MARKUP.sub(r"\\\g<0>", text) for text in texts]

    def _justified(self, texts: Sequence[str]) -> list[str]:
        cells = zip(self._columns, texts, self._widths, strict=True)
        return [column.justified(text, width - columns_of(text)) for column, text, width in cells]


def render_csv(
    columns: Sequence[Column], rows: Iterable[Row], digits: int | None = None, *, head: bool = True
) -> Iterator[str]:
    """Yield rows as CSV in pieces of text, so that the rows need not all be there at once.

    Args:
        columns: the columns.
        rows: the rows.
        digits: significant digits of numbers; every digit when left out.
        head: whether the columns' titles come first.

    >>> from circuitgrad.report.tables import Column
    >>> print(*render_csv([Column("a"), Column("s")], [(0.5, 1.0)]), sep="", end="")
    a,s
    0.5,1.0
    """
    import csv
    import io

    def text_of(cell: Cell) -> str:
        if cell is None or isinstance(cell, str):
            return visible(cell or "")
        return exact(cell) if digits is None else rounded(cell, digits)

    rest = iter(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(visible(column.title) for column in columns)
    while piece := list(islice(rest, ROWS_PER_PIECE)):
        writer.writerows(map(text_of, row) for row in piece)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()

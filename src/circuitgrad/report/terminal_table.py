"""Tables on a terminal, drawn by rich where they need colours or cuts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from circuitgrad.report.tables import ROWS_PER_PIECE
from circuitgrad.report.terminal import WIDEST_TEXT, colourful, rich_text, terminal_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.report.tables import Column

GAPS = (3, 2)
"""Blanks between columns, and where only fewer let the table fit."""
NARROWEST_COLUMN = 7
"""No column of texts is cut to less."""
WIDEST_COLUMN = 60
"""Where nothing needs to fit, texts are cut to this all the same: CSV has all of them."""


def draw_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], marked: Sequence[bool], notes: dict[int, str]
) -> Iterator[str]:
    """Yield a table in pieces of text, its columns fitted to the terminal.

    Where it is narrow, the columns move together; then texts give way, the widest first; numbers are never cut. Where
    even that does not fit, every cell gets a line of its own.

    Args:
        columns: the columns; where none has a title, no line is drawn for the titles.
        rows: their cells as text.
        marked: per row, whether it stands out.
        notes: lines that stand between the rows, each before the row of that position.
    """
    titled = [[column.title for column in columns], *rows]
    widths = [max(_width(texts[i]) for texts in titled) for i in range(len(columns))]
    limit = terminal_width()
    gap = GAPS[limit is not None and _total(widths, GAPS[0]) > limit]
    if limit is None:
        fitted: list[int] | None = [
            width if column.number else min(width, WIDEST_TEXT if column.wrap else WIDEST_COLUMN)
            for width, column in zip(widths, columns, strict=True)
        ]
    else:
        fitted = _fitted(widths, columns, limit, gap)
    starts = sorted({0, *notes, *range(0, len(rows), ROWS_PER_PIECE)} if rows else {0})
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        yield f"{notes[start]}\n" if start in notes else ""
        if fitted is None:
            yield from (_record(columns, rows[i], blank=i > 0, limit=limit or 0) for i in range(start, end))
        else:
            head = start == 0 and any(titled[0])
            yield _grid(columns, fitted, rows[start:end], marked[start:end], gap, head=head)


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes by rich's table of characters, as rich may draw the table."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(widths: Sequence[int], columns: Sequence[Column], limit: int, gap: int) -> list[int] | None:
    """Return widths of columns that fit a terminal of `limit` columns; None where they cannot."""
    fitted = list(widths)
    texts = [i for i, column in enumerate(columns) if not column.number]
    for _ in range(_total(widths, gap) - limit):
        widest = max(texts, key=fitted.__getitem__, default=None)
        if widest is None or fitted[widest] <= NARROWEST_COLUMN:
            return None
        fitted[widest] -= 1
    return fitted


def _total(widths: Sequence[int], gap: int) -> int:
    """Return the width of a table whose columns have these widths, with so many blanks between them."""
    return sum(widths) + gap * (len(widths) - 1)


def _grid(
    columns: Sequence[Column],
    widths: Sequence[int],
    rows: Sequence[Sequence[str]],
    marked: Sequence[bool],
    gap: int,
    *,
    head: bool,
) -> str:
    """Return rows under one another, the columns' titles above them where a head is wanted."""
    texts = [[column.title for column in columns], *rows] if head else rows
    if not colourful() and all(map(partial(_fit, widths), texts)):
        return _padded(columns, widths, texts, gap, head=head)
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    padding = (0, 1) if gap == GAPS[0] else (0, 1, 0, 0)
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=head, header_style="bold", padding=padding
    )
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.title),
            style=column.style,
            justify="right" if column.number else "left",
            width=width,
            no_wrap=not column.wrap,
            overflow="fold" if column.wrap else "ellipsis",
        )
    for row, stands_out in zip(rows, marked, strict=True):
        table.add_row(*map(Text, row), style="bold" if stands_out else "")
    return rich_text(table, _total(widths, gap))


def _fit(widths: Sequence[int], row: Sequence[str]) -> bool:
    return all(text == text.strip() and _width(text) <= width for text, width in zip(row, widths, strict=True))


def _padded(
    columns: Sequence[Column], widths: Sequence[int], rows: Sequence[Sequence[str]], gap: int, *, head: bool
) -> str:
    """Return rows that need neither colours nor cuts as rich draws them: to import it takes as long as all the rest."""
    lines = []
    for row in rows:
        cells = zip(columns, row, widths, strict=True)
        line = (" " * gap).join(column.justified(text, width - _width(text)) for column, text, width in cells)
        lines.append(f"{line.rstrip()}\n")
    if head:
        lines.insert(1, "─" * _total(widths, gap) + "\n")
    return "".join(lines)


def _record(columns: Sequence[Column], row: Sequence[str], *, blank: bool, limit: int) -> str:
    """Return a row as lines, at least one per cell."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for column, cell in zip(columns, row, strict=True):
        table.add_row(Text(column.title), Text(cell, column.style))
    beside = max(cell_len(column.title) for column in columns) + 2
    numbers = [cell_len(cell) for column, cell in zip(columns, row, strict=True) if column.number]
    return "\n" * blank + rich_text(table, beside + max(limit - beside, NARROWEST_COLUMN, *numbers))

"""What standard output can show, and tables on it, drawn by rich."""

from __future__ import annotations

import os
import sys
from functools import cache, partial
from typing import TYPE_CHECKING

from circuitgrad.errors import columns as columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType

    from circuitgrad.report.tables import Column

GAP = 3
"""Blanks between columns."""
NARROWEST = 7
"""No column of texts is cut to less."""
WIDEST = 60
"""Where nothing needs to fit, texts are cut to this all the same: CSV has all of them."""
PAGE = 100
"""And texts that are folded are folded to this."""
PIECE = 1000
"""So many rows are drawn at a time."""


def terminal_width() -> int | None:
    """Return the width of what standard output is shown on, or None where nothing needs to fit: in a pipe or a file.

    The environment variable COLUMNS decides where it is set.
    """
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    try:
        # A terminal that does not know its size says 0.
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None


def colourful() -> bool:
    """Tell whether standard output takes colours: a terminal does, NO_COLOR forbids, FORCE_COLOR demands."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def encodable(text: str) -> bool:
    """Tell whether standard output can encode `text`."""
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def printable(text: str) -> str:
    """Return `text` in characters that standard output can encode: a rule and an ellipsis have plain forms."""
    if encodable(text):
        return text
    plain = text.replace("─", "-").replace("…", "~")
    return plain.encode(_encoding(), "backslashreplace").decode(_encoding())


def fold(text: str) -> str:
    """Return lines of text, broken between words so that they fit the terminal."""
    limit = terminal_width()
    if limit is None or all(columns_of(line) <= limit for line in text.splitlines()):
        return f"{text}\n"
    from rich.text import Text

    return _drawn(Text(text), limit)


def draw(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], marked: Sequence[bool], notes: dict[int, str]
) -> Iterator[str]:
    """Yield a table in pieces of text, its columns fitted to the terminal.

    Texts give way where it is narrow, the widest first; numbers are never cut. Where even that does not fit, every
    cell gets a line of its own.

    Args:
        columns: the columns; where none has a title, no line is drawn for the titles.
        rows: their cells as text.
        marked: per row, whether it stands out.
        notes: lines that stand between the rows, each before the row of that position.
    """
    titled = [[column.title for column in columns], *rows]
    widths = [max(_width(row[i]) for row in titled) for i in range(len(columns))]
    limit = terminal_width()
    if limit is None:
        fitted: list[int] | None = [
            width if column.number else min(width, PAGE if column.wrap else WIDEST)
            for width, column in zip(widths, columns, strict=True)
        ]
    else:
        fitted = _fitted(widths, columns, limit)
    starts = sorted({0, *notes, *range(0, len(rows), PIECE)} if rows else {0})
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        yield f"{notes[start]}\n" if start in notes else ""
        if fitted is None:
            yield from (_record(columns, rows[i], blank=i > 0, limit=limit or 0) for i in range(start, end))
        else:
            yield _grid(columns, fitted, rows[start:end], marked[start:end], head=start == 0 and any(titled[0]))


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes in rich's eyes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(widths: Sequence[int], columns: Sequence[Column], limit: int) -> list[int] | None:
    """Return the widths of columns that fit in so many columns of a terminal; None where they cannot."""
    fitted = list(widths)
    texts = [i for i, column in enumerate(columns) if not column.number]
    for _ in range(sum(widths) + GAP * (len(widths) - 1) - limit):
        widest = max(texts, key=fitted.__getitem__, default=None)
        if widest is None or fitted[widest] <= NARROWEST:
            return None
        fitted[widest] -= 1
    return fitted


def _grid(
    columns: Sequence[Column],
    widths: Sequence[int],
    rows: Sequence[Sequence[str]],
    marked: Sequence[bool],
    *,
    head: bool,
) -> str:
    """Return rows under one another, the columns' titles above them where a head is wanted."""
    texts = [[column.title for column in columns], *rows] if head else rows
    if not colourful() and all(map(partial(_fit, widths), texts)):
        return _padded(columns, widths, texts, head=head)
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=head, header_style="bold")
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
    return _drawn(table, sum(widths) + GAP * (len(widths) - 1))


def _fit(widths: Sequence[int], row: Sequence[str]) -> bool:
    return all(text == text.strip() and _width(text) <= width for text, width in zip(row, widths, strict=True))


def _padded(columns: Sequence[Column], widths: Sequence[int], rows: Sequence[Sequence[str]], *, head: bool) -> str:
    """Return rows that need neither colours nor cuts as rich draws them: to import it takes as long as all the rest."""
    lines = []
    for row in rows:
        blanks = [" " * (width - _width(text)) for text, width in zip(row, widths, strict=True)]
        cells = zip(columns, row, blanks, strict=True)
        line = (" " * GAP).join(blank + text if column.number else text + blank for column, text, blank in cells)
        lines.append(f"{line.rstrip()}\n")
    if head:
        lines.insert(1, "─" * (sum(widths) + GAP * (len(widths) - 1)) + "\n")
    return "".join(lines)


def _record(columns: Sequence[Column], row: Sequence[str], *, blank: bool, limit: int) -> str:
    """Return one row as lines, one a cell or more."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for column, cell in zip(columns, row, strict=True):
        table.add_row(Text(column.title), Text(cell, column.style))
    beside = max(cell_len(column.title) for column in columns) + 2
    numbers = [cell_len(cell) for column, cell in zip(columns, row, strict=True) if column.number]
    return "\n" * blank + _drawn(table, beside + max(limit - beside, NARROWEST, *numbers))


def beside(blocks: Sequence[Sequence[str]], styles: Sequence[str], gap: int) -> str:
    """Return blocks of lines side by side, with so many blanks between them.

    Each has its own colour, for its first line and for what is drawn in Braille.
    """
    from rich.table import Table
    from rich.text import Text

    widths = [max(map(columns_of, block)) for block in blocks]
    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    cells = []
    for block, style, width in zip(blocks, styles, widths, strict=True):
        cell = Text("\n".join(block))
        cell.highlight_regex(r"\A.*|[\u2801-\u28ff]+", style)
        cells.append(cell)
        table.add_column(width=width, no_wrap=True)
    table.add_row(*cells)
    return _drawn(table, sum(widths) + gap * len(widths))


def painted(lines: Sequence[Sequence[tuple[str, str]]]) -> str:
    """Return lines of text, each made of pieces with their colours."""
    from rich.text import Text

    return _drawn(Text("\n").join(Text.assemble(*line) for line in lines), max(terminal_width() or 0, PAGE))


def _drawn(renderable: RenderableType, width: int) -> str:
    """Return what rich makes of something, without blanks at the ends of its lines."""
    console = _console(colourful())
    with console.capture() as capture:
        console.print(renderable, width=width)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


@cache
def _console(colours: bool) -> Console:
    from rich.console import Console

    return Console(
        width=10**6,  # each table brings its own
        color_system="256" if colours else None,
        force_terminal=colours,
        no_color=not colours,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )

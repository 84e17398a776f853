"""Tables, for a terminal, a pipe, a spreadsheet or a Markdown page."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.report.numbers import DEFAULT_DIGITS, exact, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = ("table", "json", "csv", "markdown")
LONGEST = 500
"""A table with more rows than this shows its beginning and its end, unless all of it is asked for."""
ENDS = 20
WIDEST = 100_000
"""The width of a pipe: nothing wraps and nothing is cut there."""


@dataclass(frozen=True)
class Column:
    """A column: its title, its colour on a terminal, and whether it may be cut or wrapped when the terminal is narrow."""

    title: str
    style: str = ""
    cut: bool = False
    wrap: bool = False


@dataclass
class Table:
    """Rows of texts and numbers under columns.

    Attributes:
        columns: the columns.
        rows: the cells; a number is a float and is rounded where a person reads it, None is an empty cell.
        marked: the positions of rows that stand out.
        noun: what a row is, for counting those that are left out.
    """

    columns: Sequence[Column]
    rows: list[Sequence[str | float | None]] = field(default_factory=list)
    marked: set[int] = field(default_factory=set)
    noun: str = "wires"

    def render(self, form: str, digits: int | None = None, *, everything: bool = False) -> str:
        """Return the table as text.

        Args:
            form: `table`, `csv` or `markdown`.
            digits: significant digits of numbers; 6 when left out, but every digit in CSV.
            everything: show every row however many there are; CSV and Markdown always do.
        """
        if form == "csv":
            return self._csv(digits)
        if form == "markdown":
            return _aligned(self._texts(digits, range(len(self.rows))), self._numeric(), " | ", "| ", " |", rule=True)
        if len(self.rows) <= LONGEST:
            return self._rich(digits)
        # Above some hundred rows rich takes seconds, and colours help nobody.
        shown = range(len(self.rows))
        if everything:
            return _aligned(self._texts(digits, shown), self._numeric(), "   ", "  ", "")
        head = _aligned(self._texts(digits, [*shown[:ENDS], *shown[-ENDS:]]), self._numeric(), "   ", "  ", "").splitlines()
        head.insert(ENDS + 1, f"  … {len(self.rows) - 2 * ENDS:,} more {self.noun}; --all shows them")
        return "\n".join(head) + "\n"

    def _texts(self, digits: int | None, positions: Sequence[int]) -> list[list[str]]:
        """Return the titles and the chosen rows as texts."""
        titles = [column.title for column in self.columns]
        return [titles, *([_text(cell, digits) for cell in self.rows[position]] for position in positions)]

    def _numeric(self) -> list[bool]:
        """Tell which columns hold numbers, and stand flush right."""
        return [any(isinstance(row[i], float) for row in self.rows[:LONGEST]) for i in range(len(self.columns))]

    def _csv(self, digits: int | None) -> str:
        import csv

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(column.title for column in self.columns)
        for row in self.rows:
            writer.writerow(
                "" if cell is None else cell if isinstance(cell, str) else exact(cell) if digits is None else rounded(cell, digits)
                for cell in row
            )
        return text.getvalue()

    def _rich(self, digits: int | None) -> str:
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
        for column, numeric in zip(self.columns, self._numeric(), strict=True):
            table.add_column(
                column.title,
                style=column.style,
                justify="right" if numeric else "left",
                no_wrap=not column.wrap,
                overflow="fold" if column.wrap else "ellipsis",
                min_width=None if column.cut or column.wrap else max((len(t) for t in self._column(column, digits)), default=0),
            )
        for position, texts in enumerate(self._texts(digits, range(len(self.rows)))[1:]):
            table.add_row(*map(Text, texts), style="bold" if position in self.marked else None)
        terminal = sys.stdout.isatty()
        buffer = io.StringIO()
        console = Console(
            file=buffer,
            force_terminal=terminal,
            width=None if terminal or "COLUMNS" in os.environ else WIDEST,
            legacy_windows=False,
        )
        console.print(table)
        lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
        return "\n".join(lines) + "\n"

    def _column(self, column: Column, digits: int | None) -> list[str]:
        index = list(self.columns).index(column)
        return [_text(row[index], digits) for row in self.rows]


def _text(cell: str | float | None, digits: int | None) -> str:
    if cell is None:
        return ""
    return visible(cell) if isinstance(cell, str) else rounded(cell, DEFAULT_DIGITS if digits is None else digits)


def _aligned(
    rows: list[list[str]], right: list[bool], between: str, before: str, after: str, *, rule: bool = False
) -> str:
    """Return rows of texts in columns of even width; `rule` puts Markdown's line under the first."""
    if rule:
        rows = [[text.replace("|", "\\|") for text in row] for row in rows]
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    lines = [
        before
        + between.join(
            text.rjust(width) if flush else text.ljust(width) for text, width, flush in zip(row, widths, right, strict=True)
        )
        + after
        for row in rows
    ]
    if rule:
        dashes = ["-" * (width - 1) + (":" if flush else "-") for width, flush in zip(widths, right, strict=True)]
        lines.insert(1, before + between.join(dashes) + after)
    return "\n".join(line.rstrip() for line in lines) + "\n"

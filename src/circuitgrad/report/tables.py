"""Tables, for a terminal, a pipe, a spreadsheet or a Markdown page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.report.numbers import DEFAULT_DIGITS, exact, rounded
from circuitgrad.report.text import colourful, cut, fold, styled, terminal_width, width

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS = ("table", "json", "csv", "markdown")
LONGEST = 500
"""A table with more rows than this shows its beginning and its end, unless all of it is asked for."""
ENDS = 20
GAP = 3
"""Blanks between columns."""
NARROWEST = 7
"""No column of texts is cut to less."""

# What Markdown would take for markup; an underscore within a word is none.
_MARKUP = re.compile(r"[\\`*<\[|~]|(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: what stands above it.
        style: its colour on a terminal.
        number: whether it holds numbers, which stand flush right and are never cut.
        wrap: whether its texts are folded where they do not fit, instead of cut.
        digits: how many digits its numbers have where a person reads them; None follows the table.
    """

    title: str
    style: str = ""
    number: bool = False
    wrap: bool = False
    digits: int | None = None


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

        >>> print(Table([Column("wire"), Column("value", number=True)], [["x", 0.5]]).render("csv"), end="")
        wire,value
        x,0.5
        """
        if form == "csv":
            return self._csv(digits)
        if form == "markdown":
            return self._markdown(digits)
        return self._plain(digits, everything=everything)

    def _csv(self, digits: int | None) -> str:
        import csv
        import io

        def cell(value: str | float | None) -> str:
            if value is None or isinstance(value, str):
                return visible(value or "")
            return exact(value) if digits is None else rounded(value, digits)

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(visible(column.title) for column in self.columns)
        writer.writerows(map(cell, row) for row in self.rows)
        return text.getvalue()

    def _markdown(self, digits: int | None) -> str:
        texts = [self._titles(), *(self._texts(row, digits) for row in self.rows)]
        texts = [[_MARKUP.sub(r"\\\g<0>", text) for text in row] for row in texts]
        widths = [max(GAP, *map(width, column)) for column in zip(*texts, strict=True)]
        rule = [
            "-" * (columns - 1) + (":" if column.number else "-")
            for columns, column in zip(widths, self.columns, strict=True)
        ]
        rows = [self._justified(row, widths) for row in texts]
        return "".join(f"| {' | '.join(row)} |\n" for row in [rows[0], rule, *rows[1:]])

    def _plain(self, digits: int | None, *, everything: bool) -> str:
        positions = range(len(self.rows))
        left_out = 0 if everything or len(positions) <= LONGEST else len(positions) - 2 * ENDS
        shown = [*positions[:ENDS], *positions[-ENDS:]] if left_out else list(positions)
        titles = self._titles()
        texts = [self._texts(self.rows[position], digits) for position in shown]
        widths = self._fitted([max(map(width, column)) for column in zip(titles, *texts, strict=True)])
        colours = colourful()
        styles = [column.style if colours else "" for column in self.columns]
        bold = "bold" if colours else ""
        if widths is None:
            blocks = self._records(titles, texts, styles)
            between = "\n"
        else:
            lines = [self._lines(row, widths) for row in texts]
            blocks = [
                "".join(_joined(line, styles, bold if position in self.marked else "") for line in row)
                for row, position in zip(lines, shown, strict=True)
            ]
            between = ""
        if left_out:
            blocks.insert(ENDS, f"… {left_out:,} more {self.noun}; --all shows them\n")
        if widths is not None:
            rule = "─" * (sum(widths) + GAP * (len(widths) - 1))
            heads = (_joined(line, [bold] * len(titles), "") for line in self._lines(titles, widths))
            blocks.insert(0, f"{''.join(heads)}{rule}\n")
        return between.join(blocks)

    def _titles(self) -> list[str]:
        return [visible(column.title) for column in self.columns]

    def _texts(self, row: Sequence[str | float | None], digits: int | None) -> list[str]:
        wanted = DEFAULT_DIGITS if digits is None else digits
        return [
            visible(cell or "") if cell is None or isinstance(cell, str) else rounded(cell, column.digits or wanted)
            for cell, column in zip(row, self.columns, strict=True)
        ]

    def _fitted(self, widths: list[int]) -> list[int] | None:
        """Return the widths of the columns in a terminal: texts give way, the widest first; None where they cannot."""
        limit = terminal_width()
        if limit is None:
            return widths
        texts = [i for i, column in enumerate(self.columns) if not column.number]
        excess = sum(widths) + GAP * (len(widths) - 1) - limit
        for _ in range(max(0, excess)):
            widest = max(texts, key=widths.__getitem__)
            if widths[widest] <= NARROWEST:
                return None
            widths[widest] -= 1
        return widths

    def _lines(self, row: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
        """Return the lines of one row, justified; there is more than one where a column is folded."""
        cells = [
            fold(text, columns) or [""] if column.wrap else [cut(text, columns)]
            for text, columns, column in zip(row, widths, self.columns, strict=True)
        ]
        height = max(map(len, cells))
        return [self._justified([cell[i] if i < len(cell) else "" for cell in cells], widths) for i in range(height)]

    def _justified(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        blanks = [" " * (columns - width(text)) for text, columns in zip(row, widths, strict=True)]
        return [
            blank + text if column.number else text + blank
            for text, blank, column in zip(row, blanks, self.columns, strict=True)
        ]

    def _records(self, titles: Sequence[str], texts: Sequence[Sequence[str]], styles: Sequence[str]) -> list[str]:
        """Return a block of lines per row, one a cell: for a terminal too narrow for columns."""
        limit = terminal_width() or 0
        indent = max(map(width, titles)) + 2
        blocks = []
        for row in texts:
            lines = []
            for title, text, style, column in zip(titles, row, styles, self.columns, strict=True):
                shown = text if column.number else cut(text, max(NARROWEST, limit - indent))
                lines.append(f"{title}{' ' * (indent - width(title))}{styled(shown, style)}".rstrip() + "\n")
            blocks.append("".join(lines))
        return blocks


def _joined(cells: Sequence[str], styles: Sequence[str], weight: str) -> str:
    """Return one line of a table, without blanks at its end."""
    last = max((i for i, cell in enumerate(cells) if cell.strip()), default=-1)
    kept = [cell.rstrip() if i == last else cell for i, cell in enumerate(cells[: last + 1])]
    return (" " * GAP).join(styled(cell, weight, style) for cell, style in zip(kept, styles, strict=False)) + "\n"

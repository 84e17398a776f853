"""Tables, for a terminal, a pipe, a spreadsheet or a Markdown page."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import columns, visible
from circuitgrad.report.numbers import DEFAULT_DIGITS, exact, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FORMATS = ("table", "json", "csv", "markdown")
LONGEST = 500
"""A table with more rows than this shows its beginning and its end, unless all of it is asked for."""
ENDS = 20
PIECE = 1000
"""So many rows of CSV are written at a time."""

# What Markdown would take for markup; an underscore within a word is none.
_MARKUP = re.compile(r"[\\`*<\[|~]|(?<![^\W_])_|_(?![^\W_])")


class Column(NamedTuple):
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


class Table:
    """Rows of texts and numbers under columns.

    Attributes:
        columns: the columns.
        rows: the cells; a number is a float and is rounded where a person reads it, None is an empty cell.
        marked: the positions of rows that stand out.
        noun: what a row is, for counting those that are left out.
        missing: so many rows after the first `ENDS` are left out already.
    """

    def __init__(
        self, columns: Sequence[Column], rows: Iterable[Sequence[str | float | None]] = (), noun: str = "wires"
    ) -> None:
        self.columns = columns
        self.rows = list(rows)
        self.marked: set[int] = set()
        self.noun = noun
        self.missing = 0
        self._widths: list[int] = []

    def render(
        self, form: str, digits: int | None = None, *, everything: bool = False, head: bool = True
    ) -> Iterator[str]:
        """Yield the table in pieces of text.

        Args:
            form: `table`, `csv` or `markdown`.
            digits: significant digits of numbers; 6 when left out, but every digit in CSV.
            everything: show every row however many there are; CSV and Markdown always do.
            head: whether the columns' titles come first; where rows go on below earlier ones in CSV or Markdown, they
                do not, and the columns are as wide as they were.

        >>> print(*Table([Column("wire"), Column("value", number=True)], [["x", 0.5]]).render("csv"), sep="", end="")
        wire,value
        x,0.5
        """
        if form == "csv":
            return render_csv(self.columns, self.rows, digits, head=head)
        if form == "markdown":
            return self._markdown(digits, head=head)
        return self._drawn(digits, everything=everything)

    def _markdown(self, digits: int | None, *, head: bool) -> Iterator[str]:
        titles = [visible(column.title) for column in self.columns]
        texts = [titles, *(self._texts(row, digits) for row in self.rows)]
        texts = [[_MARKUP.sub(r"\\\g<0>", text) for text in row] for row in texts]
        if head:
            self._widths = [max(3, *map(columns, column)) for column in zip(*texts, strict=True)]
        rule = [
            "-" * (width - 1) + (":" if column.number else "-")
            for width, column in zip(self._widths, self.columns, strict=True)
        ]
        rows = [self._justified(row, self._widths) for row in texts]
        for row in [rows[0], rule, *rows[1:]] if head else rows[1:]:
            yield f"| {' | '.join(row)} |\n"

    def _justified(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        blanks = [" " * (width - columns(text)) for text, width in zip(row, widths, strict=True)]
        return [
            blank + text if column.number else text + blank
            for text, blank, column in zip(row, blanks, self.columns, strict=True)
        ]

    def _drawn(self, digits: int | None, *, everything: bool) -> Iterator[str]:
        from circuitgrad.report.terminal import draw

        positions = range(len(self.rows))
        left_out = self.missing
        shown: Sequence[int] = positions
        if not everything and len(positions) > LONGEST:
            left_out += len(positions) - 2 * ENDS
            shown = [*positions[:ENDS], *positions[-ENDS:]]
        return draw(
            self.columns,
            [self._texts(self.rows[position], digits) for position in shown],
            [position in self.marked for position in shown],
            {ENDS: f"… {left_out:,} more {self.noun}; --all shows them"} if left_out else {},
        )

    def _texts(self, row: Sequence[str | float | None], digits: int | None) -> list[str]:
        wanted = DEFAULT_DIGITS if digits is None else digits
        return [
            visible(cell or "") if cell is None or isinstance(cell, str) else rounded(cell, column.digits or wanted)
            for cell, column in zip(row, self.columns, strict=True)
        ]


def render_csv(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str | float | None]],
    digits: int | None = None,
    *,
    head: bool = True,
) -> Iterator[str]:
    """Yield rows as CSV in pieces of text, so that they need not all be there at once.

    Args:
        columns: the columns.
        rows: the cells; see `Table`.
        digits: significant digits of numbers; every digit when left out.
        head: whether the columns' titles come first.

    >>> print(*render_csv([Column("a"), Column("s")], [(0.5, 1.0)]), sep="", end="")
    a,s
    0.5,1.0
    """
    import csv
    import io

    def cell(value: str | float | None) -> str:
        if value is None or isinstance(value, str):
            return visible(value or "")
        return exact(value) if digits is None else rounded(value, digits)

    rest = iter(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head:
        writer.writerow(visible(column.title) for column in columns)
    while piece := list(islice(rest, PIECE)):
        writer.writerows(map(cell, row) for row in piece)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()

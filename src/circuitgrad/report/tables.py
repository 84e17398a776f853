"""Tables as data: rows of texts and numbers under columns, and the rows that a long table shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Cell: TypeAlias = str | float | None
    """A text, a number, or nothing; a number is rounded where a person reads it."""
    Row: TypeAlias = Sequence[Cell]

LONGEST_TABLE = 500
"""A table with more rows shows its first and last ones, unless all of it is asked for."""
SHOWN_ENDS = 20
"""How many rows a long table shows at either end."""
ROWS_PER_PIECE = 1000
"""How many rows are turned into text at a time."""


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: the text above it.
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

    def justified(self, text: str, blanks: int) -> str:
        """Return a cell of the column: a text with blanks behind it, or before it where the column holds numbers."""
        return " " * blanks + text if self.number else text + " " * blanks


class Table:
    """Rows of texts and numbers under columns.

    Attributes:
        columns: the columns.
        rows: the rows, each with a cell per column.
        marked: the positions of rows that stand out.
        noun: the word for a row, for counting those that are left out.
        missing: how many rows after the first `SHOWN_ENDS` are left out already.
    """

    def __init__(self, columns: Sequence[Column], rows: Iterable[Row] = (), noun: str = "wires") -> None:
        self.columns = columns
        self.rows = list(rows)
        self.marked: set[int] = set()
        self.noun = noun
        self.missing = 0


def shown_positions(count: int) -> Sequence[int]:
    """Return the positions of the rows that a table shows: all of them, or the ends of a long table.

    >>> shown_positions(3), len(shown_positions(1000))
    (range(0, 3), 40)
    """
    positions = range(count)
    return positions if count <= LONGEST_TABLE else [*positions[:SHOWN_ENDS], *positions[-SHOWN_ENDS:]]

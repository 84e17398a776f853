"""Gaps in rows: cells that say that a number is missing."""

from __future__ import annotations

from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from circuitgrad.formulas.numerals import read_number

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions

    Item = TypeVar("Item")


GAPS = frozenset(["", "na", "n/a", "nan", "null", "none", "-"])
"""What stands for a missing number, but for capital letters."""
MISSING_HINT = "--missing skip leaves out rows with gaps"


class Gaps:
    """What counts as a gap, what is done about it, and how many there were.

    Args:
        options: how the rows are read.

    Attributes:
        policy: `error`, `skip` or `nan`.
        numbers: the numbers that stand for a gap.

    >>> from circuitgrad.circuit.rows_options import RowsOptions
    >>> gaps = Gaps(RowsOptions(missing="skip", missing_value=("-999", "x")))
    >>> gaps.is_gap(" n/a "), gaps.is_gap("X"), gaps.is_gap("1"), gaps.numbers
    (True, True, False, (-999.0,))
    """

    def __init__(self, options: RowsOptions) -> None:
        self.policy = options.missing or "error"
        self._words = {*GAPS, *(text.strip().casefold() for text in options.missing_value)}
        numbers: list[float] = []
        for text in options.missing_value:
            with suppress(ValueError):
                number = read_number(text)
                if number is not None and isfinite(number):
                    numbers.append(number)
        self.numbers = tuple(numbers)
        self._count = 0
        self._first = 0

    def is_gap(self, cell: str) -> bool:
        """Tell whether a cell stands for a gap by its text."""
        return cell.strip().casefold() in self._words

    def are_in(self, columns: Iterable[array[float]]) -> bool:
        """Tell whether columns have numbers that stand for a gap."""
        return bool(self.numbers) and any(number in column for column in columns for number in self.numbers)

    def note(self, line: int) -> None:
        """Count a row with gaps.

        Args:
            line: the number of the row.
        """
        self._first = self._first or line
        self._count += 1

    def message(self, name: str, counted: str) -> str | None:
        """Return a note on the rows with gaps, or None where there were none.

        Args:
            name: the file's name.
            counted: the word for what the numbers of the rows count, such as `line`.
        """
        if not self._count:
            return None
        one = self._count == 1
        first = f"{'' if one else 'the first '}at {counted} {self._first}"
        if self.policy == "nan":
            return f"{name}: {'1 row has a gap' if one else f'{self._count:,} rows have gaps'}, taken as nan, {first}"
        rows = "1 row with a gap is" if one else f"{self._count:,} rows with gaps are"
        return f"{name}: {rows} left out, {first}"


def without(items: Sequence[Item], places: set[int]) -> list[Item]:
    """Return items but for those at some places.

    >>> without(["a", "b", "c"], {1})
    ['a', 'c']
    """
    return [item for place, item in enumerate(items) if place not in places]

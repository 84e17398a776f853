"""Rows of data: columns that bind the inputs of the same name, whatever the file is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import did_you_mean, quote
from circuitgrad.formulas.names import normalise

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.errors import Place

MOST_NAMED = 5
"""So many inputs are named in a hint."""


MOST_COMPARED = 10
"""So many columns are compared with the inputs for a hint."""


STRANGERS = "no column has the name of an input"


class Rows:
    """The rows of a data file that inputs take their values from, at least one; iterating gives each as a dict.

    Attributes:
        columns: the values of every input that the file has a column of, in the order of the columns.
        lines: per row the number of the line, from 1, at which it begins.
        ignored: the names, as written, of the columns that are no input's.
        header: where the header is, in a text.

    >>> rows = Rows({"a": array("d", [1, 3]), "b": array("d", [2, 4])}, [2, 3], ())
    >>> rows.names, len(rows), list(rows)
    (('a', 'b'), 2, [{'a': 1.0, 'b': 2.0}, {'a': 3.0, 'b': 4.0}])
    """

    __slots__ = ("columns", "header", "ignored", "lines")

    def __init__(
        self,
        columns: dict[str, array[float]],
        lines: Sequence[int],
        ignored: tuple[str, ...],
        header: Place | None = None,
    ) -> None:
        self.columns = columns
        self.lines = lines
        self.ignored = ignored
        self.header = header

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that the file has a column of."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(self.lines)

    def cut(self, size: int) -> Iterator[Rows]:
        """Yield the rows in blocks of so many or, the last, fewer.

        >>> [rows.columns for rows in Rows({"a": array("d", [1, 2, 3])}, [2, 3, 4], ()).cut(2)]
        [{'a': array('d', [1.0, 2.0])}, {'a': array('d', [3.0])}]
        """
        if len(self) <= size:
            yield self
            return
        for start in range(0, len(self), size):
            end = start + size
            columns = {name: column[start:end] for name, column in self.columns.items()}
            yield Rows(columns, self.lines[start:end], self.ignored, self.header)

    def __iter__(self) -> Iterator[dict[str, float]]:
        names = self.names
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(names, values, strict=True))


class Binding(NamedTuple):
    """Which columns of a table bind which inputs.

    Attributes:
        names: the inputs that there is a column of, in the order of the columns.
        positions: where these columns are, from 0.
        ignored: the names, as written, of the columns that are no input's.
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    ignored: tuple[str, ...]

    @classmethod
    def of(cls, header: Sequence[str], inputs: Collection[str]) -> Binding:
        """Return the binding of the columns of a header."""
        known = frozenset(inputs)
        names = [normalise(cell.strip()) for cell in header]
        bound = tuple(position for position, name in enumerate(names) if name in known)
        ignored = tuple(cell.strip() for cell, name in zip(header, names, strict=True) if name not in known)
        return cls(tuple(names[position] for position in bound), bound, ignored)

    def twice(self) -> Iterator[tuple[int, str]]:
        """Yield every column whose input has an earlier one: its position, and what is wrong."""
        first: dict[str, int] = {}
        for position, name in zip(self.positions, self.names, strict=True):
            if first.setdefault(name, position) != position:
                yield position, f"a second column for the input {quote(name)}"


def strangers(header: Sequence[str], inputs: Collection[str]) -> str:
    """Return a hint for a header without an input's name.

    >>> strangers(["lenght"], ["width", "length"]), strangers(["p", "q"], ["a", "b"])
    ("did you mean 'length'?", 'the inputs are a, b')
    """
    if not inputs:
        return "the circuit has no inputs"
    names = (normalise(cell.strip()) for cell in header[:MOST_COMPARED])
    near = next(filter(None, (did_you_mean(name, inputs) for name in names if name)), None)
    more = ", ..." if len(inputs) > MOST_NAMED else ""
    return near or f"the inputs are {', '.join(islice(inputs, MOST_NAMED))}{more}"

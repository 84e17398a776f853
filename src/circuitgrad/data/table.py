"""Rows of data: columns that bind the inputs of the same name, in any format of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Sequence

    from circuitgrad.errors import Place, Problem

CHUNK_ROWS = 1000
"""The rows of a chunk, unless the format's fast path reads larger ones."""


class Rows:
    """Rows of a data file that give inputs their values, at least one; iterating gives each as a dict.

    Attributes:
        columns: the values of every input that the file has a column of, in the order of the columns.
        lines: per row the number of the line, from 1, at which it begins.
        ignored: the names, as written, of the columns that belong to no input.
        header: the place of the header, in a text that has it.
        source: the file's name, where there are several files.
        kept: the cells of the columns that are carried through.

    >>> from array import array
    >>> rows = Rows({"a": array("d", [1, 3]), "b": array("d", [2, 4])}, [2, 3], ())
    >>> rows.names, len(rows), list(rows)
    (('a', 'b'), 2, [{'a': 1.0, 'b': 2.0}, {'a': 3.0, 'b': 4.0}])
    """

    __slots__ = ("columns", "header", "ignored", "kept", "lines", "source")

    def __init__(
        self,
        columns: dict[str, array[float]],
        lines: Sequence[int],
        ignored: tuple[str, ...],
        header: Place | None = None,
        source: str = "",
        kept: Sequence[Sequence[Any]] = (),
    ) -> None:
        self.columns = columns
        self.lines = lines
        self.ignored = ignored
        self.header = header
        self.source = source
        self.kept = kept

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that the file has a column of."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(self.lines)

    def cut(self, size: int) -> Iterator[Rows]:
        """Yield the rows in chunks of `size` rows; the last chunk may have fewer.

        >>> from array import array
        >>> [rows.columns for rows in Rows({"a": array("d", [1, 2, 3])}, [2, 3, 4], ()).cut(2)]
        [{'a': array('d', [1.0, 2.0])}, {'a': array('d', [3.0])}]
        """
        if len(self) <= size:
            yield self
            return
        for start in range(0, len(self), size):
            end = start + size
            columns = {name: column[start:end] for name, column in self.columns.items()}
            kept = [cells[start:end] for cells in self.kept]
            yield Rows(columns, self.lines[start:end], self.ignored, self.header, self.source, kept)

    def __iter__(self) -> Iterator[dict[str, float]]:
        names = self.names
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(names, values, strict=True))


class CountsGaps(Protocol):
    """Counts the rows with gaps of one file or of several."""

    def message(self, name: str, counted: str, /) -> str | None:
        """Return a note on the rows with gaps of a file, or None where there were none."""


class Chunks(NamedTuple):
    """The rows of a data file, in chunks of the same columns.

    Attributes:
        name: the file's name, for messages.
        counted: the unit that `Rows.lines` counts: `line` of a text, or `row`.
        names: the inputs that the file has a column of, in the order of the columns.
        ignored: the names of the columns that belong to no input.
        expected: the approximate number of rows; 0 where it is unknown before they are read.
        chunks: the rows; they are read as they are asked for, and a fault is raised when it is reached.
        notes: what was found in the file and nobody has said.
        gaps: what is done about gaps, and how many there were so far.
        warnings: columns that nearly have the name of an input.
        kept: the names of the columns that are carried through.
        kept_types: their types in pyarrow; none where they are texts.
        may_be_prose: whether the header may be a line of a text without rows: words between blanks, or a comment.
    """

    name: str
    counted: str
    names: tuple[str, ...]
    ignored: tuple[str, ...]
    expected: int
    chunks: Iterator[Rows]
    notes: Sequence[str] = ()
    may_be_prose: bool = False
    gaps: CountsGaps | None = None
    warnings: Sequence[Problem] = ()
    kept: Sequence[str] = ()
    kept_types: Sequence[Any] = ()

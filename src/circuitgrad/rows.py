"""Rows of data: CSV texts with a header, whose columns bind the inputs of the same name."""

from __future__ import annotations

import csv
import io
import re
from array import array
from itertools import islice
from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, quote
from circuitgrad.expression import normalise
from circuitgrad.language.nodes import Problems, Scalar
from circuitgrad.numerals import read_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from circuitgrad.errors import Source

MOST_NAMED = 5
"""So many inputs are named in a hint."""
MOST_COMPARED = 10
"""So many columns are compared with the inputs for a hint."""
MOST_SUBSCRIPTS = 10
"""A name without quotes is looked for in so many cells."""

_CELL = re.compile(r' *("[^"]*(?:""[^"]*)*"|[^,\r\n]*),?')
# What float() and read_number read alike, unless it is too large; read_number decides about everything else.
_USUAL = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)? *")


class Rows:
    """The rows of a data file that inputs take their values from, at least one; iterating gives each as a dict.

    Attributes:
        columns: the values of every input that the file has a column of, in the order of the columns.
        lines: per row the number of the line, from 1, at which it begins.
        ignored: the names, as written, of the columns that are no input's.

    >>> rows = Rows({"a": array("d", [1, 3]), "b": array("d", [2, 4])}, [2, 3], ())
    >>> rows.names, len(rows), list(rows)
    (('a', 'b'), 2, [{'a': 1.0, 'b': 2.0}, {'a': 3.0, 'b': 4.0}])
    """

    __slots__ = ("columns", "ignored", "lines")

    def __init__(self, columns: dict[str, array[float]], lines: Sequence[int], ignored: tuple[str, ...]) -> None:
        self.columns = columns
        self.lines = lines
        self.ignored = ignored

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that the file has a column of."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[dict[str, float]]:
        names = self.names
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(names, values, strict=True))


def read_rows(data: Source, inputs: Collection[str]) -> Rows:
    r"""Return the rows of a CSV text with a header, whose columns bind the inputs of the same name.

    Blanks around names and numbers, and lines of blanks alone, do not matter. A column that is no input's is not read.

    Args:
        data: the CSV text, as `language.read_text` returns that of a file.
        inputs: the names of the circuit's inputs.

    Raises:
        CircuitError: no column is an input's, two are the same one's, rows differ in length, a cell of an input is not
            a finite number, or there are no rows; with the places of all that is wrong.

    >>> from circuitgrad.errors import Source
    >>> rows = read_rows(Source("d.csv", 'day, x, "w[0, 1]"\nMon, 1, 2\n\nTue, 3, 4\n'), ["w[0,1]", "x", "y"])
    >>> list(rows), rows.lines, rows.ignored
    ([{'x': 1.0, 'w[0,1]': 2.0}, {'x': 3.0, 'w[0,1]': 4.0}], [2, 4], ('day',))
    """
    table = Table(data)
    known = frozenset(inputs)
    _refuse_bare_commas(table, known)
    names = [normalise(cell.strip()) for cell in table.header.cells]
    bound = [position for position, name in enumerate(names) if name in known]
    if not bound:
        _refuse_strangers(table, names, inputs)
    first: dict[str, int] = {}
    for position in bound:
        if first.setdefault(names[position], position) != position:
            table.refuse(table.header, position, f"a second column for the input {quote(names[position])}")
    lines, columns = table.numbers(table.rows, bound)
    ignored = tuple(cell.strip() for cell, name in zip(table.header.cells, names, strict=True) if name not in known)
    return Rows({names[position]: column for position, column in zip(bound, columns, strict=True)}, lines, ignored)


def _refuse_bare_commas(table: Table, inputs: Collection[str]) -> None:
    """Refuse a header in which the name of a member, such as w[0,1], is not in quotes and so falls apart.

    Raises:
        CircuitError: it has such a name; every row would seem too short.
    """
    cells = table.header.cells
    for position, cell in enumerate(cells):
        if "[" not in cell or "]" in cell:
            continue
        after = range(position, min(position + MOST_SUBSCRIPTS, len(cells)))
        last = next((other for other in after if "]" in cells[other]), position)
        name = normalise(",".join(cells[position : last + 1]).strip())
        if name in inputs:
            table.refuse(table.header, position, f"{quote(name)} has a comma", f'in quotes it is one column: "{name}"')
    table.problems.stop()


def _refuse_strangers(table: Table, names: Sequence[str], inputs: Collection[str]) -> None:
    """Refuse a header without an input's name.

    Raises:
        CircuitError: always.
    """
    near = (table.problems.near(name, inputs) for name in names[:MOST_COMPARED] if name)
    hint = next(filter(None, near), None)
    if not inputs:
        hint = "the circuit has no inputs"
    elif table.is_apart:
        hint = "commas separate the columns"
    elif hint is None:
        more = ", ..." if len(inputs) > MOST_NAMED else ""
        hint = f"the inputs are {', '.join(islice(inputs, MOST_NAMED))}{more}"
    table.refuse_row(table.header, "no column has the name of an input", hint)
    table.problems.stop()


class Row(NamedTuple):
    """A row as it stands in a CSV text.

    Attributes:
        at: the offset at which it begins.
        line: the number of the line at which it begins, from 1.
        cells: its cells, without their quotes.
    """

    at: int
    line: int
    cells: list[str]


class Table:
    r"""A CSV text with a header: its rows, and what is wrong with them. Lines of blanks alone are none.

    Attributes:
        problems: what is wrong with the text.
        header: the first row.
        rows: the rows below, read one by one; a text that is not CSV ends them, and is a problem.

    Raises:
        CircuitError: there is no header.

    >>> from circuitgrad.errors import Source
    >>> table = Table(Source("d.csv", "x, y\n1, 2\n"))
    >>> table.header.cells, list(table.rows)
    (['x', 'y'], [Row(at=5, line=2, cells=['1', '2'])])
    """

    def __init__(self, data: Source) -> None:
        self.problems = Problems(data)
        self.rows = self._read()
        self._spans: tuple[int, list[tuple[int, int]]] = (-1, [])
        header = next(self.rows, None)
        if header is None:
            self.problems.stop()
            hint = "it begins with the columns' names"
            raise CircuitError.of(f"there is nothing in {quote(data.name)}", data.place(0), hint)
        self.header = header

    @property
    def is_apart(self) -> bool:
        """Whether something else than commas seems to separate the columns."""
        cells = self.header.cells
        return len(cells) == 1 and (";" in cells[0] or "\t" in cells[0])

    def numbers(
        self, rows: Iterable[Row], positions: Sequence[int], unfit: str = "is not a finite number"
    ) -> tuple[list[int], list[array[float]]]:
        """Return per row the line at which it begins, and per position the numbers in that column.

        Args:
            rows: the rows below the header.
            positions: the columns to read, from 0.
            unfit: what is wrong with a number that is NaN or infinite.

        Raises:
            CircuitError: there are no rows, they differ in length from the header, or a cell is not a finite number;
                with all the problems of the table.
        """
        lines: list[int] = []
        columns = [array("d") for _ in positions]
        pairs = list(zip(positions, columns, strict=True))
        width = len(self.header.cells)
        is_usual = _USUAL.fullmatch
        for row in rows:
            cells = row.cells
            lines.append(row.line)
            if len(cells) != width:
                self.refuse_row(row, f"{len(cells)} cells in this row, {width} in the header")
                continue
            for position, column in pairs:
                cell = cells[position]
                if is_usual(cell) and -inf < (value := float(cell)) < inf:
                    column.append(value)
                else:
                    self._add_unusual(row, position, column, unfit)
        if not lines and not self.problems.found:
            self.refuse_row(self.header, f"there are no rows in {quote(self.problems.source.name)}")
        self.problems.stop()
        return lines, columns

    def refuse(self, row: Row, position: int, message: str, hint: str | None = None) -> None:
        """Note a problem at a cell.

        Raises:
            CircuitError: so much is wrong that going on is of no use.
        """
        self._note(*self._cells(row)[position], message, hint)

    def refuse_row(self, row: Row, message: str, hint: str | None = None) -> None:
        """Note a problem of a whole row.

        Raises:
            CircuitError: so much is wrong that going on is of no use.
        """
        spans = self._cells(row)
        self._note(spans[0][0], spans[-1][1], message, hint)

    def _note(self, start: int, end: int, message: str, hint: str | None) -> None:
        self.problems.add(Scalar(self.problems.source.text[start:end], start), message, hint)

    def _cells(self, row: Row) -> list[tuple[int, int]]:
        """Return where each cell of a row begins and ends, with its quotes."""
        if self._spans[0] != row.at:
            matches = islice(_CELL.finditer(self.problems.source.text, row.at), len(row.cells))
            self._spans = (row.at, [match.span(1) for match in matches])
        return self._spans[1]

    def _add_unusual(self, row: Row, position: int, column: array[float], unfit: str) -> None:
        """Add to a column the number in a cell that is not as plain as most, or note that it is none."""
        try:
            column.append(_finite(row.cells[position], unfit))
        except ValueError as error:
            name = self.header.cells[position].strip()
            self.refuse(row, position, str(error), f"in the column {quote(name)}")

    def _read(self) -> Iterator[Row]:
        """Yield every row that is not blank, the header too."""
        text = self.problems.source.text
        file = io.StringIO(text, newline="")
        reader = csv.reader(file, strict=True, skipinitialspace=True)
        at, line = 0, 1
        try:
            for cells in reader:
                end = file.tell()
                if len(cells) > 1 or text[at:end].strip():
                    yield Row(at, line, cells)
                at, line = end, reader.line_num + 1
        except csv.Error as error:
            hint = "a quotation mark inside quotes is written twice"
            if "expected after" not in str(error):
                hint = "is a quotation mark not closed?"  # all that follows is one cell, which ends or grows too long
            self._note(at, at, f"not CSV: {error}", hint)


def _finite(cell: str, unfit: str) -> float:
    """Return the finite number in a cell.

    Raises:
        ValueError: there is none.

    >>> _finite("1_000", "is not finite")
    1000.0
    """
    if not cell.strip():
        raise ValueError("an empty cell")
    value = read_number(cell)
    if value is None:
        raise ValueError(f"{quote(cell)} is not a number")
    if not isfinite(value):
        raise ValueError(f"{quote(cell)} {unfit}")
    return value

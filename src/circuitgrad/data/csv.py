"""Rows of data: CSV texts with a header, whose columns bind the inputs of the same name."""

from __future__ import annotations

import csv
import io
import re
from array import array
from itertools import islice
from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.data.table import MOST_COMPARED, STRANGERS, Binding, Rows, strangers
from circuitgrad.errors import CircuitError, Problems, did_you_mean, quote
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.numerals import read_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.errors import Place, Source

AT_ONCE = 1000
"""So many rows are read at a time where they are plain."""
MOST_SUBSCRIPTS = 10
"""A name without quotes is looked for in so many cells."""

_CELL = re.compile(r' *("[^"]*(?:""[^"]*)*"|[^,\r\n]*),?')
# What float() and read_number read alike, unless it is too large; read_number decides about everything else.
_USUAL = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)? *")

# Of numbers that float() reads, the whole ones that begin with a zero, which read_number refuses.
_ZEROS = re.compile(r"(?:^|,)\s*[-+]?0[0-9]+\s*(?:,|$)")


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
    return table.bound(bind(table, inputs))


def bind(table: Table, inputs: Collection[str], *, wanted: Collection[str] = ()) -> Binding:
    """Return which columns of a table bind which inputs.

    A second column of an input is noted among the problems of the table, and a column that is no input's but
    nearly has the name of a wanted one that has no column.

    Raises:
        CircuitError: no column is an input's.
    """
    _refuse_bare_commas(table, frozenset(inputs))
    binding = Binding.of(table.header.cells, inputs)
    if not binding.names:
        hint = "commas separate the columns" if table.is_apart and inputs else strangers(table.header.cells, inputs)
        table.refuse_row(table.header, STRANGERS, hint)
        table.problems.stop()
    for position, message in binding.twice():
        table.refuse(table.header, position, message)
    if wanted and len(binding.ignored) <= MOST_COMPARED:
        unbound = [name for name in wanted if name not in binding.names]
        for position, cell in enumerate(table.header.cells):
            name = normalise(cell.strip())
            if name not in inputs and (near := did_you_mean(name, unbound)):
                table.refuse(table.header, position, f"no input is called {quote(name)}", near)
    return binding


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

    Args:
        data: the text.
        header: the first row of all, where the text is a later part; such a part may have no rows.

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

    def __init__(self, data: Source, header: Row | None = None) -> None:
        self.problems = Problems(data)
        self.rows = self._read()
        self._spans: tuple[int, list[tuple[int, int]]] = (-1, [])
        self._is_whole = header is None
        self._below = None if self._is_whole else (0, data.line)  # where the rows begin: the offset, and the line
        header = header or next(self.rows, None)
        if header is None:
            self.problems.stop()
            hint = "it begins with the columns' names"
            raise CircuitError.of(f"there is nothing in {quote(data.name)}", data.place(0), hint)
        self.header = header

    @property
    def place(self) -> Place | None:
        """Where the header is, in a text that has it."""
        if not self._is_whole:
            return None
        spans = self._cells(self.header)
        return self.problems.source.place(spans[0][0], spans[-1][1] - spans[0][0])

    @property
    def is_apart(self) -> bool:
        """Whether something else than commas seems to separate the columns."""
        cells = self.header.cells
        return len(cells) == 1 and (";" in cells[0] or "\t" in cells[0])

    def bound(self, binding: Binding) -> Rows:
        """Return the rows below the header, as far as they bind inputs.

        Raises:
            CircuitError: rows differ in length, a cell of an input is not a finite number, or there are no rows.
        """
        lines, columns = self.numbers(binding.positions)
        return Rows(dict(zip(binding.names, columns, strict=True)), lines, binding.ignored, self.place)

    def numbers(
        self, positions: Sequence[int], unfit: str = "is not a finite number"
    ) -> tuple[Sequence[int], list[array[float]]]:
        """Return per row below the header the line at which it begins, and per position the numbers in that column.

        Args:
            positions: the columns to read, from 0.
            unfit: what is wrong with a number that is NaN or infinite.

        Raises:
            CircuitError: there are no rows, they differ in length from the header, or a cell is not a finite number;
                with all the problems of the table.
        """
        if not self.problems.entries and self._below is not None:
            at, line = self._below
            if columns := self._plain_numbers(positions, at):
                return range(line, line + len(columns[0])), columns
        return self._numbers(positions, unfit)

    def _plain_numbers(self, positions: Sequence[int], at: int) -> list[array[float]] | None:
        """Return the numbers in columns, where every line is a row and `float` reads their cells as `read_number` does.

        Otherwise, and where there are no rows, nothing is returned: this is the quick way, the other one knows places.
        """
        text, width = self.problems.source.text, len(self.header.cells)
        if text.find('"', at) >= 0:
            return None
        file = io.StringIO(text, newline="")
        file.seek(at)
        reader = csv.reader(file, strict=True, skipinitialspace=True)
        columns = [array("d") for _ in positions]
        try:
            while rows := list(islice(reader, AT_ONCE)):
                cells = list(zip(*rows, strict=True))
                if len(cells) != width:
                    return None
                for position, column in zip(positions, columns, strict=True):
                    if (numbers := _plain(cells[position])) is None:
                        return None
                    column.extend(numbers)
        except (csv.Error, ValueError):  # rows of several lengths
            return None
        return columns if columns and columns[0] else None

    def _numbers(self, positions: Sequence[int], unfit: str) -> tuple[list[int], list[array[float]]]:
        """Return what `numbers` does, cell by cell."""
        lines: list[int] = []
        columns = [array("d") for _ in positions]
        pairs = list(zip(positions, columns, strict=True))
        width = len(self.header.cells)
        is_usual = _USUAL.fullmatch
        for row in self.rows:
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
        if self._is_whole and not lines and not self.problems.entries:
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
        self.problems.add_span(start, end, message, hint)

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
        text, first = self.problems.source.text, self.problems.source.line
        file = io.StringIO(text, newline="")
        reader = csv.reader(file, strict=True, skipinitialspace=True)
        at, line = 0, first
        try:
            for cells in reader:
                end = file.tell()
                if len(cells) > 1 or text[at:end].strip():
                    self._below = self._below or (end, reader.line_num + first)
                    yield Row(at, line, cells)
                at, line = end, reader.line_num + first
        except csv.Error as error:
            hint = "a quotation mark inside quotes is written twice"
            if "expected after" not in str(error):
                hint = "is a quotation mark not closed?"  # all that follows is one cell, which ends or grows too long
            self._note(at, at, f"not CSV: {error}", hint)


def _plain(cells: Sequence[str]) -> array[float] | None:
    """Return the finite numbers in cells, or None where `float` does not read them as `read_number` does.

    Raises:
        ValueError: `float` reads none in a cell.

    >>> _plain(["1", ".5"]), _plain(["1", "017"]), _plain(["1_000"])
    (array('d', [1.0, 0.5]), None, None)
    """
    joined = ",".join(cells)
    if not joined.isascii() or "_" in joined:
        return None
    numbers = array("d", map(float, cells))
    # Where every cell has a point, which no number has two of, there are no whole numbers that begin with a zero.
    if joined.count(".") < len(cells) and _ZEROS.search(joined):
        return None
    # A sum that is not finite says that a number may not be; it is not more than a hint.
    return numbers if isfinite(sum(numbers)) else None


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

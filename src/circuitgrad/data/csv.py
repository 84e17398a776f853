"""CSV texts with a header, whose columns bind the inputs of the same name."""

from __future__ import annotations

import csv
import io
import re
from array import array
from itertools import islice
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.data.binding import (
    MOST_COMPARED_COLUMNS,
    NO_INPUT_COLUMN,
    Binding,
    input_names_hint,
    missing_column,
    refuse_unknown_inputs,
)
from circuitgrad.data.dialect import BLANKS, PLAIN, CountedLines, CsvRow, Dialect, cell_pattern, records
from circuitgrad.data.gaps import MISSING_HINT, Gaps
from circuitgrad.data.layout import find_layout
from circuitgrad.data.table import CHUNK_ROWS, Rows
from circuitgrad.errors import CircuitError, Problem, Problems, did_you_mean, quote
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.numerals import read_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.data.layout import Layout
    from circuitgrad.errors import Place, Source

MOST_SUBSCRIPT_CELLS = 10
"""The closing bracket of a name without quotes is looked for in at most this many cells."""

LONGEST_NUMBER = 131_072
"""The longest cell of an input, in characters; a cell that no input reads may be longer."""
LONGEST_CELL = 1 << 24
"""The longest cell that the module csv takes: a quotation mark that is not closed must not take a whole file."""

# Numbers that float() and read_number read alike, unless they are too large; read_number decides about all others.
_USUAL_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)? *")
_DIGITS = re.compile(r" *[-+]?[0-9]+ *")
# Whole numbers that begin with a zero, which read_number refuses: YAML 1.1 reads them to base 8.
_LEADING_ZERO = re.compile(r"[-+]?0(?:_?[0-9])+")


def read_rows(data: Source, inputs: Collection[str], options: RowsOptions = FOUND) -> Rows:
    r"""Return the rows of a CSV text with a header, whose columns bind the inputs of the same name.

    Blanks around names and numbers do not matter, and a blank line or a comment is no row. A column that belongs to no
    input is not read.

    Args:
        data: the CSV text, as `files.read_text` returns that of a file.
        inputs: the names of the circuit's inputs.
        options: how it is read.

    Raises:
        CircuitError: no column is an input's, two are the same input's, rows differ in length, a cell of an input is
            not a finite number, or there are no rows; with the places of all faults.

    >>> from circuitgrad.errors import Source
    >>> rows = read_rows(Source("d.csv", 'day, x, "w[0, 1]"\nMon, 1, 2\n\nTue, 3, 4\n'), ["w[0,1]", "x", "y"])
    >>> list(rows), rows.lines, rows.ignored
    ([{'x': 1.0, 'w[0,1]': 2.0}, {'x': 3.0, 'w[0,1]': 4.0}], [2, 4], ('day',))
    """
    allow_long_cells()
    table = CsvTable.begun(data, find_layout(data.text, inputs, options), Gaps(options))
    return table.bound(bind(table, inputs, options=options))


def allow_long_cells() -> None:
    """Let the module csv take cells up to `LONGEST_CELL`; it refuses those beyond 131,072 characters by itself."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))


def bind(
    table: CsvTable,
    inputs: Collection[str],
    *,
    wanted: Collection[str] = (),
    fixed: Collection[str] = (),
    options: RowsOptions = FOUND,
) -> Binding:
    """Return the binding of a table's columns.

    Three faults are noted among the problems of the table: a second column of an input, and a column that belongs to no
    input but nearly has the name of a wanted input without a column, or that of a fixed one but for capital letters,
    blanks, `_` and `-`.

    Args:
        table: the table.
        inputs: the names of the circuit's inputs.
        wanted: the inputs that should have a column.
        fixed: the inputs that would keep their values unnoticed.
        options: which columns bind which inputs.

    Raises:
        CircuitError: no column is an input's, a fixed input has none but nearly, or an option names no input or column.
    """
    refuse_unknown_inputs(inputs, options)
    _refuse_bare_commas(table, frozenset(inputs))
    header = table.header
    binding = Binding.of(header.cells, inputs, options)
    if missing := missing_column(binding, header.cells):
        table.note_row(header, *missing)
        table.problems.stop()
    if not binding.names:
        table.note_row(header, NO_INPUT_COLUMN, input_names_hint(header.cells, inputs))
        table.problems.stop()
    for position, message, hint in binding.duplicates():
        table.note(header, position, message, hint)
    refused: set[int] = set()
    if wanted and len(binding.ignored) <= MOST_COMPARED_COLUMNS:
        unbound = [name for name in wanted if name not in binding.names]
        for position, cell in enumerate(header.cells):
            name = normalise(cell.strip())
            if name not in inputs and (near := did_you_mean(name, unbound)):
                table.note(header, position, f"no input is called {quote(name)}", near)
                refused.add(position)
    for position, message, hint, is_wrong in binding.near_messages(header.cells, fixed):
        if is_wrong and position not in refused:
            table.note(header, position, message, hint)
            table.problems.stop()
    return binding


def _refuse_bare_commas(table: CsvTable, inputs: Collection[str]) -> None:
    """Refuse a header in which the name of a member, such as w[0,1], is not in quotes and so falls apart.

    Raises:
        CircuitError: it has a name in this form; every row would seem too short.
    """
    cells = table.header.cells
    for position, cell in enumerate(cells):
        if "[" not in cell or "]" in cell:
            continue
        after = range(position, min(position + MOST_SUBSCRIPT_CELLS, len(cells)))
        last = next((end for end in after if "]" in cells[end]), position)
        name = normalise(",".join(cells[position : last + 1]).strip())
        if name in inputs:
            table.note(table.header, position, f"{quote(name)} has a comma", f'in quotes it is one column: "{name}"')
    table.problems.stop()


class CsvTable:
    r"""A CSV text with a header: its rows, and its problems. A blank line is no row.

    Args:
        data: the text.
        header: the header of the whole text, where it is known; it need not be in this part.
        dialect: how the text is divided.
        below: the offset and the line of the rows, where the header is known and in this part.
        gaps: what is done about gaps.
        keep: the positions of the columns that are carried through.

    Attributes:
        kept: the cells of these columns, once the numbers have been read.
        problems: the problems of the text.
        header: the first row.
        rows: the rows below, read as they are asked for; a fault of the CSV ends them, and is a problem.

    Raises:
        CircuitError: there is no header.

    >>> from circuitgrad.errors import Source
    >>> table = CsvTable(Source("d.csv", "x, y\n1, 2\n"))
    >>> table.header.cells, list(table.rows)
    (['x', 'y'], [CsvRow(offset=5, line=2, cells=['1', '2'])])
    """

    def __init__(
        self,
        data: Source,
        header: CsvRow | None = None,
        dialect: Dialect = PLAIN,
        below: tuple[int, int] | None = None,
        gaps: Gaps | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        self.keep = keep
        self.kept: list[list[str]] = []
        self.gaps = gaps or Gaps(FOUND)
        self.problems = Problems(data)
        self.dialect = dialect
        self.rows = self._read(*(below or (0, data.line)))
        self._spans: tuple[int, list[tuple[int, int]]] = (-1, [])
        self._has_header = header is None or below is not None
        # Where the rows below the header begin: the offset, and the line.
        self._below = below if header is None or below else (0, data.line)
        header = header or next(self.rows, None)
        if header is None:
            self.problems.stop()
            hint = "it begins with the columns' names"
            raise CircuitError.of(f"there is nothing in {quote(data.name)}", data.place(0), hint)
        self.header = header

    @classmethod
    def begun(cls, data: Source, layout: Layout, gaps: Gaps) -> CsvTable:
        """Return the table of a text, or of its first part, with a layout that has been found in it."""
        return cls(data, layout.header, layout.dialect, layout.below if layout.header else None, gaps)

    @property
    def place(self) -> Place | None:
        """The place of the header, in a text that has it."""
        if not self._has_header:
            return None
        spans = self._cell_spans(self.header)
        return self.problems.source.place(spans[0][0], spans[-1][1] - spans[0][0])

    def bound(self, binding: Binding, *, may_be_empty: bool = False) -> Rows:
        """Return the rows below the header, as far as they bind inputs; there may be none in a later part.

        Args:
            binding: which columns bind which inputs.
            may_be_empty: whether there may be none below the header, too.

        Raises:
            CircuitError: rows differ in length, a cell of an input is not a finite number, or there are no rows.
        """
        lines, columns = self.numbers(binding.positions)
        if self._has_header and not lines and not may_be_empty:
            self.refuse_no_rows()
        return Rows(dict(zip(binding.names, columns, strict=True)), lines, binding.ignored, self.place, kept=self.kept)

    def numbers(self, positions: Sequence[int]) -> tuple[Sequence[int], list[array[float]]]:
        """Return the rows' first lines and, per position, the numbers in that column.

        Args:
            positions: the columns to read, from 0.

        Raises:
            CircuitError: rows differ in length from the header, or a cell is not a finite number; with all the problems
                of the table.
        """
        if not self.problems.entries and self._below is not None:
            offset, line = self._below
            if columns := self._numbers_by_column(positions, offset):
                return range(line, line + len(columns[0])), columns
        return self._numbers_by_cell(positions)

    def _numbers_by_column(self, positions: Sequence[int], offset: int) -> list[array[float]] | None:
        """Return the numbers in columns below an offset, on the fast path, which knows no places.

        The result is None where that path could differ from `_numbers_by_cell`: where a line is no row, or `float`
        does not read a cell as `read_number` does. It is None for no rows, too.
        """
        text, width = self.problems.source.text, len(self.header.cells)
        if text.find('"', offset) >= 0:
            return None
        file = io.StringIO(text, newline="")
        file.seek(offset)
        separator, decimal = self.dialect.separator, self.dialect.decimal
        reader: Iterator[list[str]] = (
            map(str.split, file)
            if separator == BLANKS
            else csv.reader(file, delimiter=separator, strict=True, skipinitialspace=True)
        )
        columns = [array("d") for _ in positions]
        self.kept = [[] for _ in self.keep]
        try:
            while rows := list(islice(reader, CHUNK_ROWS)):
                cells = list(zip(*rows, strict=True))
                if len(cells) != width:
                    return None
                for position, column in zip(positions, columns, strict=True):
                    if (numbers := _fast_numbers(cells[position], decimal)) is None:
                        return None
                    column.extend(numbers)
                for position, kept in zip(self.keep, self.kept, strict=True):
                    kept.extend(cells[position])
        except (csv.Error, ValueError):  # rows of several lengths
            return None
        return columns if columns and columns[0] and not self.gaps.are_in(columns) else None

    def _numbers_by_cell(self, positions: Sequence[int]) -> tuple[list[int], list[array[float]]]:
        """Return the result of `numbers`, read cell by cell, which notes the place of every fault."""
        lines: list[int] = []
        columns = [array("d") for _ in positions]
        pairs = list(zip(positions, columns, strict=True))
        self.kept = [[] for _ in self.keep]
        kept_pairs = list(zip(self.keep, self.kept, strict=True))
        width = len(self.header.cells)
        is_usual, numbers = _USUAL_NUMBER.fullmatch, self.gaps.numbers
        pointed = None if self.dialect.decimal == "." else self.dialect.pointed
        for row in self.rows:
            cells = row.cells
            lines.append(row.line)
            if len(cells) != width:
                hint = None
                if self.dialect.separator == "," and len(cells) == 2 * width and all(map(_DIGITS.fullmatch, cells)):
                    hint = "--decimal , needs another separator than the comma"
                self.note_row(row, f"{len(cells)} cells in this row, {width} in the header", hint)
                continue
            has_gap = False
            for position, kept in kept_pairs:
                kept.append(cells[position])
            for position, column in pairs:
                cell = cells[position] if pointed is None else pointed(cells[position]) or ""
                if len(cell) <= LONGEST_NUMBER and is_usual(cell) and -inf < (value := float(cell)) < inf:
                    column.append(value)
                    if value in numbers:
                        has_gap = self._replace_gap(row, position, column) or has_gap
                else:
                    has_gap = self._add_unusual(row, position, column) or has_gap
            if has_gap:
                self.gaps.note(row.line)
                if self.gaps.policy == "skip":
                    lines.pop()
                    for column in columns:
                        del column[len(lines) :]
                    for kept in self.kept:
                        del kept[len(lines) :]
        self.problems.stop()
        return lines, columns

    def refuse_no_rows(self) -> None:
        """Refuse a text without rows.

        Raises:
            CircuitError: always.
        """
        self.note_row(self.header, f"there are no rows in {quote(self.problems.source.name)}")
        self.problems.stop()

    def warnings(self, binding: Binding, fixed: Collection[str]) -> list[Problem]:
        """Return warnings about the columns that nearly have the name of an input that is not fixed."""
        spans = self._cell_spans(self.header) if binding.near else []
        return [
            Problem(
                message, self.problems.source.place(spans[position][0], spans[position][1] - spans[position][0]), hint
            )
            for position, message, hint, is_wrong in binding.near_messages(self.header.cells, fixed)
            if not is_wrong
        ]

    def note(self, row: CsvRow, position: int, message: str, hint: str | None = None) -> None:
        """Note a problem at a cell.

        Raises:
            CircuitError: there are too many problems to go on.
        """
        self.problems.add_span(*self._cell_spans(row)[position], message, hint)

    def note_row(self, row: CsvRow, message: str, hint: str | None = None) -> None:
        """Note a problem of a whole row.

        Raises:
            CircuitError: there are too many problems to go on.
        """
        spans = self._cell_spans(row)
        self.problems.add_span(spans[0][0], spans[-1][1], message, hint)

    def _cell_spans(self, row: CsvRow) -> list[tuple[int, int]]:
        """Return the start and the end of each cell of a row, with its quotes."""
        if self._spans[0] != row.offset:
            pattern = cell_pattern(self.dialect.separator)
            matches = islice(pattern.finditer(self.problems.source.text, row.offset), len(row.cells))
            self._spans = (row.offset, [match.span(1) for match in matches])
        return self._spans[1]

    def _add_unusual(self, row: CsvRow, position: int, column: array[float]) -> bool:
        """Add the number in an unusual cell to a column, or note that the cell holds none; tell whether it is a gap."""
        cell = row.cells[position]
        is_gap = self.gaps.is_gap(cell)
        if is_gap and self.gaps.policy != "error":
            column.append(nan)
            return True
        try:
            column.append(_finite(cell, self.dialect))
        except ValueError as error:
            hints = [MISSING_HINT] if is_gap else _comma_hint(cell, self.dialect)
            self._note_cell(row, position, str(error), hints)
        else:
            if column[-1] in self.gaps.numbers:
                return self._replace_gap(row, position, column)
        return False

    def _replace_gap(self, row: CsvRow, position: int, column: array[float]) -> bool:
        """Replace the last number of a column, which stands for a gap, or note it; tell whether the row has a gap."""
        if self.gaps.policy == "error":
            self._note_cell(row, position, f"{quote(row.cells[position])} stands for a gap", [MISSING_HINT])
            return False
        column[-1] = nan
        return True

    def _note_cell(self, row: CsvRow, position: int, message: str, hints: list[str]) -> None:
        name = self.header.cells[position].strip()
        self.note(row, position, message, "; ".join([f"in the column {quote(name)}", *hints]))

    def _read(self, offset: int, line: int) -> Iterator[CsvRow]:
        """Yield every row below an offset that is not blank, the header too.

        Args:
            offset: the offset at which to begin.
            line: the number of the line there.
        """
        text = self.problems.source.text
        lines = CountedLines(text, offset, line)
        try:
            for cells in records(lines, self.dialect):
                if len(cells) > 1 or (cells and text[offset : lines.end].strip()):
                    self._below = self._below or (lines.end, lines.number)
                    yield CsvRow(offset, line, cells)
                offset, line = lines.end, lines.number
        except csv.Error as error:
            hint = "a quotation mark inside quotes is written twice"
            if "expected after" not in str(error):
                hint = "is a quotation mark not closed?"  # all that follows is one cell, which ends or grows too long
            self.problems.add_span(offset, offset, f"not CSV: {error}", hint)


def _fast_numbers(cells: Sequence[str], decimal: str = ".") -> array[float] | None:
    """Return the finite numbers in cells, or None where `float` may not read them as `read_number` does.

    Raises:
        ValueError: `float` reads none in a cell.

    >>> _fast_numbers(["1", ".5"]), _fast_numbers(["1,5", "017"], ","), _fast_numbers(["1_000"])
    (array('d', [1.0, 0.5]), array('d', [1.5, 17.0]), None)
    """
    joined = "\n".join(cells)
    if len(joined) > LONGEST_NUMBER and max(map(len, cells)) > LONGEST_NUMBER:
        return None
    if not joined.isascii() or "_" in joined:
        return None
    if decimal != ".":
        if "." in joined:
            return None
        cells = joined.replace(decimal, ".").split("\n")
    numbers = array("d", map(float, cells))
    # Where the sum is not finite, a number may not be.
    return numbers if isfinite(sum(numbers)) else None


def _comma_hint(cell: str, dialect: Dialect) -> list[str]:
    """Return a hint at the decimal mark for a cell that is no number, where it has a comma or a point."""
    if dialect.decimal == ".":
        return ["--decimal , if the comma is the decimal mark"] if "," in cell else []
    return ["the comma is the decimal mark; --decimal . if the point is"] if "." in cell else []


def _finite(cell: str, dialect: Dialect = PLAIN) -> float:
    """Return the finite number in a cell.

    Raises:
        ValueError: there is none.

    >>> _finite("1_000")
    1000.0
    """
    if len(cell) > LONGEST_NUMBER:
        raise ValueError(f"a cell of {len(cell):,} characters, where a number has at most {LONGEST_NUMBER:,}")
    if not cell.strip():
        raise ValueError("an empty cell")
    pointed = dialect.pointed(cell)
    if pointed is not None and _LEADING_ZERO.fullmatch(pointed.strip()):
        value: float | None = float(pointed)
    else:
        value = None if pointed is None else read_number(pointed)
    if value is None:
        raise ValueError(f"{quote(cell)} is not a number")
    if not isfinite(value):
        raise ValueError(f"{quote(cell)} is not a finite number")
    return value

"""The layout of a text with rows, found in its first lines: separator, header, decimal mark."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.rows_options import DECIMALS, SEPARATORS
from circuitgrad.data.binding import Binding
from circuitgrad.data.dialect import BLANKS, COMMENT, CountedLines, CsvRow, Dialect, records
from circuitgrad.data.gaps import GAPS
from circuitgrad.data.table import CHUNK_ROWS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions

_WITH_COMMA = re.compile(r"[-+]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][-+]?[0-9]+)?")
_MAY_BE_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?")


class Layout(NamedTuple):
    """The layout of a text.

    Attributes:
        dialect: how it is divided, and its numbers are written.
        header: the header; None where no header has the name of an input.
        below: the offset and the number of the line below the header.
        has_found_decimal: whether the decimal comma was found in the numbers, and nobody has said it.
        is_commented: whether the header is a comment.
    """

    dialect: Dialect
    header: CsvRow | None = None
    below: tuple[int, int] = (0, 1)
    has_found_decimal: bool = False
    is_commented: bool = False

    @property
    def may_be_prose(self) -> bool:
        """Whether the header may be a line of a text without rows: words between blanks, or a comment."""
        return self.dialect.separator == BLANKS or self.is_commented


def find_layout(head: str, inputs: Collection[str], options: RowsOptions) -> Layout:
    r"""Return the layout of a text.

    The separator is the first of comma, semicolon, tab, bar and blanks by which the header has the name of an input.
    The header is the first line that is no comment, or a comment above the rows whose words name inputs.

    Args:
        head: the first lines.
        inputs: the names of the circuit's inputs.
        options: what is known of the layout.

    >>> from circuitgrad.circuit.rows_options import RowsOptions
    >>> find_layout("x;y\n1,5;2\n", ["x", "y"], RowsOptions()).dialect
    Dialect(separator=';', decimal=',', width=0)
    >>> find_layout("# t x\n1 2\n", ["x", "y"], RowsOptions()).header
    CsvRow(offset=2, line=1, cells=['t', 'x'])
    """
    separators = [options.separator] if options.separator else [*SEPARATORS.values()]
    comments, start, line = _comments(head)
    for separator in separators:
        record = _first_record(head, start, line, separator)
        is_separated = separator == separators[0] or (record is not None and len(record[0].cells) > 1)
        if record is not None and is_separated and Binding.of(record[0].cells, inputs, options).names:
            return _completed(head, *record, separator, inputs, options)
    for at, comment_line, text in reversed(comments):
        offset = at + text.index(COMMENT)
        words = text[text.index(COMMENT) + 1 :]
        for separator in separators:
            cells = _header_cells(words, separator)
            binding = Binding.of(cells, inputs, options)
            rows = [separator, *(other for other in separators if other != separator)] if binding.names else []
            for row_separator in rows:
                record = _first_record(head, start, line, row_separator)
                if record is not None and _are_numbers(record[0].cells, len(cells), binding.positions):
                    blanks = 1 + len(words) - len(words.lstrip()) if cells[0] else 1
                    header = CsvRow(offset + blanks, comment_line, cells)
                    found = _completed(head, header, (start, line), row_separator, inputs, options)
                    return found._replace(is_commented=True)
    return Layout(Dialect(separators[0], options.decimal or DECIMALS["point"]))


def _header_cells(words: str, separator: str) -> list[str]:
    """Return the cells of a header in a comment."""
    if separator == BLANKS:
        return words.split()
    try:
        return next(records([words.strip("\r\n")], Dialect(separator)), [])
    except csv.Error:
        return []


def _are_numbers(cells: Sequence[str], width: int, positions: Sequence[int]) -> bool:
    """Tell whether cells may be a row: as many as in the header, with numbers or gaps in the columns of inputs."""
    if len(cells) != width:
        return False
    found = [cells[position].strip() for position in positions]
    return all(_NUMBER.fullmatch(cell) is not None or cell.casefold() in GAPS for cell in found)


def _comments(head: str) -> tuple[list[tuple[int, int, str]], int, int]:
    """Return the comments at the beginning, with their offsets and lines, and where the text goes on below them."""
    comments: list[tuple[int, int, str]] = []
    offset = 0
    for number, line in enumerate(io.StringIO(head, newline=""), 1):
        text = line.strip()
        if text and text[0] != COMMENT:
            return comments, offset, number
        if text:
            comments.append((offset, number, line))
        offset += len(line)
    return comments, offset, head.count("\n") + 1


def _first_record(head: str, start: int, line: int, separator: str) -> tuple[CsvRow, tuple[int, int]] | None:
    """Return the first record below an offset, and where the text goes on below it; None where there is none."""
    lines = CountedLines(head, start, line)
    try:
        cells = next(records(lines, Dialect(separator)), None)
    except csv.Error:
        return None
    return (CsvRow(start, line, cells), (lines.end, lines.number)) if cells else None


def _completed(
    head: str,
    header: CsvRow,
    below: tuple[int, int],
    separator: str,
    inputs: Collection[str],
    options: RowsOptions,
) -> Layout:
    """Return the layout of a text whose header is known."""
    positions = Binding.of(header.cells, inputs, options).positions
    dialect = Dialect(separator, options.decimal or DECIMALS["point"], 0 if 0 in positions else len(header.cells))
    if options.decimal is None and _has_decimal_commas(head, below[0], dialect, positions):
        return Layout(dialect._replace(decimal=DECIMALS["comma"]), header, below, has_found_decimal=True)
    return Layout(dialect, header, below)


def _has_decimal_commas(head: str, below: int, dialect: Dialect, positions: Sequence[int]) -> bool:
    """Tell whether the numbers have decimal commas beyond doubt: none has a point, and not all may part thousands."""
    if head.find('"' if dialect.separator == "," else ",", below) < 0:
        return False
    file = io.StringIO(head, newline="")
    file.seek(below)
    is_sure = False
    try:
        for cells in islice(records(file, dialect), CHUNK_ROWS):
            for position in positions:
                cell = cells[position].strip() if position < len(cells) else ""
                if "," in cell:
                    if not _WITH_COMMA.fullmatch(cell):
                        return False
                    is_sure = is_sure or not _MAY_BE_THOUSANDS.fullmatch(cell)
                elif "." in cell and _NUMBER.fullmatch(cell):
                    return False
    except csv.Error:
        pass  # the end of the first lines may be inside quotation marks
    return is_sure

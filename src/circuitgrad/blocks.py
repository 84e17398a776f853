"""Rows of data in blocks, so that no file is too long: CSV as it comes, or Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.language import STANDARD_INPUT, STDIN_NAME, decode, open_file
from circuitgrad.rows import Rows, Table, bind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from circuitgrad.errors import Source
    from circuitgrad.rows import Binding, Row

BLOCK = 1000
"""So many rows are read at a time."""
_MAGIC = b"PAR1"
_BYTES = "latin-1"
"""A character a byte: quotes, commas and line ends are where they are in UTF-8."""
_MARK = codecs.BOM_UTF8.decode(_BYTES)


class Blocks(NamedTuple):
    """The rows of a data file, in blocks of the same columns.

    Attributes:
        name: what the file is called.
        counted: what the numbers in `Rows.lines` count: lines of a text, or rows.
        names: the inputs that there is a column of, in the order of the columns.
        ignored: the names of the columns that are no input's.
        blocks: the rows; reading goes on as they are asked for, and what is wrong is raised when it is come to.
    """

    name: str
    counted: str
    names: tuple[str, ...]
    ignored: tuple[str, ...]
    blocks: Iterator[Rows]


def read_all(path: str, inputs: Collection[str], wanted: Collection[str]) -> tuple[Blocks, Rows]:
    """Return the rows of a file, all at once, and what is known of the file.

    Args:
        path: the file.
        inputs: the names of the circuit's inputs.
        wanted: those of which a column of nearly that name is an error, where they have none.

    Raises:
        CircuitError: as of `open_rows`, and what is wrong with the rows.
    """
    with open_rows(path, inputs, wanted=wanted) as data:
        first = next(data.blocks)
        lines = list(first.lines)
        for rows in data.blocks:
            lines += rows.lines
            for name, column in rows.columns.items():
                first.columns[name].extend(column)
    return data, Rows(first.columns, lines, first.ignored, first.header)


@contextmanager
def open_rows(
    path: str, inputs: Collection[str], *, size: int = BLOCK, wanted: Collection[str] = ()
) -> Iterator[Blocks]:
    """Give the rows of a file whose columns bind the inputs of the same name; `-` is standard input.

    Args:
        path: a CSV file as `rows.read_rows` takes it, or a Parquet file.
        inputs: the names of the circuit's inputs.
        size: how many rows a block has, at least 2.
        wanted: the inputs of which a CSV column of nearly that name is an error, where they have none.

    Raises:
        CircuitError: the file cannot be read, no column is an input's, or two are the same one's.
    """
    if path == STANDARD_INPUT:
        with io.BufferedReader(sys.stdin.buffer) as file:  # type: ignore[type-var]
            yield _opened(file, STDIN_NAME, inputs, size, wanted=wanted)
        return
    with open_file(path) as file:
        yield _opened(file, path, inputs, size, wanted=wanted)


def _opened(
    file: io.BufferedReader[Any], name: str, inputs: Collection[str], size: int, *, wanted: Collection[str]
) -> Blocks:
    if file.peek(len(_MAGIC)).startswith(_MAGIC) or name.lower().endswith(".parquet"):
        from circuitgrad import parquet

        names, ignored, rows = parquet.read(file, name, inputs, size)
        return Blocks(name, "row", names, ignored, rows)
    parts = cut(file, name, size)
    table = Table(next(parts))
    binding = bind(table, inputs, wanted=wanted)
    return Blocks(name, "line", binding.names, binding.ignored, _read(table, parts, binding))


def _read(table: Table, parts: Iterator[Source], binding: Binding) -> Iterator[Rows]:
    header: Row = table.header
    yield binding.rows(table)
    for part in parts:
        yield binding.rows(Table(part, header))


def cut(file: BinaryIO, name: str, size: int) -> Iterator[Source]:
    r"""Yield a CSV text in parts of so many rows, at least one part.

    What is not CSV ends the part that it is in: whoever reads that part finds the same.

    Args:
        file: the text's bytes.
        name: what it is called.
        size: how many rows that are not blank a part has, but the last; the header is one.

    Raises:
        CircuitError: a part is no text in UTF-8.

    >>> file = io.BytesIO(b'x,note\n1,"a\nb"\n2,c\n3,d\n')
    >>> [(part.line, part.text) for part in cut(file, "d.csv", 2)]
    [(1, 'x,note\n1,"a\nb"\n'), (4, '2,c\n3,d\n')]
    """
    held: list[str] = []
    is_blank = True

    def lines() -> Iterator[str]:
        nonlocal is_blank
        for line in _lines(file):
            held.append(line)
            is_blank = is_blank and line.isspace()
            yield line if before else line.removeprefix(_MARK)

    line, before, rows = 1, 0, 0
    reader = csv.reader(lines(), strict=True, skipinitialspace=True)
    is_over = False
    while not is_over:
        try:
            is_over = next(reader, None) is None
        except csv.Error:
            is_over = True
        rows += not is_blank
        is_blank = True
        if rows < size and not is_over:
            continue
        if rows or not before:
            data = "".join(held).encode(_BYTES)
            yield decode(data, name, line, before)
            before += len(data)
        line += len(held)
        held.clear()
        rows = 0


def _lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of a file with their ends, a character a byte."""
    with io.TextIOWrapper(file, _BYTES, newline="") as text:
        yield from text

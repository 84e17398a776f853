"""Rows of data in blocks, so that no file is too long: CSV as it comes, or Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import os
import select
import stat
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.data import arrow_csv
from circuitgrad.data.arrow import is_installed
from circuitgrad.data.csv import Table, bind
from circuitgrad.data.table import Rows
from circuitgrad.errors import Source
from circuitgrad.files import STANDARD_INPUT, STDIN_NAME, decode, open_file

if TYPE_CHECKING:
    from array import array
    from collections.abc import Collection, Iterator

    from circuitgrad.data.table import Binding

BLOCK = 1000
"""So many rows are read at a time, where they are few or not plain."""
AHEAD = 1 << 22
"""So many bytes are looked at at once for plain rows; where as many are there, importing pyarrow pays: 0.1 to 0.2 s."""
PATIENCE = 0.1
"""What comes slowly is not waited for so many seconds, once it is a block."""
_PIECE = 1 << 18
_MOST = 1 << 26
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
        expected: about how many rows there are; 0 where that is not known before they are read.
        blocks: the rows; reading goes on as they are asked for, and what is wrong is raised when it is come to.
    """

    name: str
    counted: str
    names: tuple[str, ...]
    ignored: tuple[str, ...]
    expected: int
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
        size: how many rows a block has, at least 2; where many are plain, some multiple of that.
        wanted: the inputs of which a CSV column of nearly that name is an error, where they have none.

    Raises:
        CircuitError: the file cannot be read, no column is an input's, or two are the same one's.
    """
    if path == STANDARD_INPUT:
        stdin = sys.stdin.buffer
        # A buffer around a buffer would wait until it is full.
        with stdin if isinstance(stdin, io.BufferedReader) else io.BufferedReader(stdin) as file:  # type: ignore[type-var]
            yield _opened(file, STDIN_NAME, inputs, size, wanted=wanted)
        return
    with open_file(path) as file:
        yield _opened(file, path, inputs, size, wanted=wanted)


def _opened(
    file: io.BufferedReader[Any], name: str, inputs: Collection[str], size: int, *, wanted: Collection[str]
) -> Blocks:
    if file.peek(len(_MAGIC)).startswith(_MAGIC) or name.lower().endswith(".parquet"):
        from circuitgrad.data import parquet

        names, ignored, count, rows = parquet.read(file, name, inputs, size)
        return Blocks(name, "row", names, ignored, count, rows)
    text = Text(file, name, size)
    first = text.part()
    assert first is not None  # noqa: S101
    table = Table(first)
    binding = bind(table, inputs, wanted=wanted)
    return Blocks(name, "line", binding.names, binding.ignored, text.expected(), _read(table, text, binding))


def _read(table: Table, text: Text, binding: Binding) -> Iterator[Rows]:
    header = table.header
    is_long = False

    def ahead() -> tuple[bytes, int, list[array[float]] | None]:
        """Return the lines that come next, how many they are, and their numbers where they are many and plain."""
        nonlocal is_long
        lines, count = text.ahead()
        is_long = is_long or (len(lines) >= AHEAD // 2 and is_installed())
        if not (is_long and count):
            return lines, count, None
        return lines, count, arrow_csv.numbers(lines, count, len(header.cells), binding.positions)

    yield table.bound(binding)
    with ThreadPoolExecutor(1) as beside:
        lines, count, columns = ahead()
        while count:
            if columns is not None:
                rows = Rows(
                    dict(zip(binding.names, columns, strict=True)),
                    range(text.line, text.line + count),
                    binding.ignored,
                )
                text.skip(lines, count)
                # A pipe might have to be waited for, even by a program that has been told to end.
                coming = beside.submit(ahead) if text.length else None
                yield rows
                lines, count, columns = coming.result() if coming else ahead()
                continue
            end = text.at + len(lines)
            while text.at < end and (part := text.part()):
                yield Table(part, header).bound(binding)
            lines, count, columns = ahead()
    while part := text.part():
        yield Table(part, header).bound(binding)


class Text:
    r"""A CSV text, taken from a file in parts.

    Args:
        file: the text's bytes.
        name: what it is called.
        size: how many rows that are not blank a part has, but the last; the header is one.

    Attributes:
        line: the number of the line at which the next part begins.
        at: how many bytes are before it.
        length: how many bytes the file has; 0 where that is not known, as of a pipe.

    >>> text = Text(io.BytesIO(b'x,note\n1,"a\nb"\n2,c\n3,d\n'), "d.csv", 2)
    >>> [(part.line, part.text) for part in iter(text.part, None)]
    [(1, 'x,note\n1,"a\nb"\n'), (4, '2,c\n3,d\n')]
    """

    def __init__(self, file: io.BufferedIOBase, name: str, size: int) -> None:
        self.line = 1
        self.at = 0
        self._file, self._name, self._size = file, name, size
        self.length = _length(file)
        self._lines: deque[str] = deque()
        self._begun = ""  # a line whose end is not read yet
        self._bytes = b""  # read, and not divided into lines yet
        self._is_begun = self._is_over = False

    def part(self) -> Source | None:
        """Return the next part, or None at the end; the first one may be empty.

        What is not CSV ends the part that it is in: whoever reads that part finds the same.

        Raises:
            CircuitError: the part is no text in UTF-8.
        """
        while len(self._lines) < self._size and self._divide():
            pass
        lines = [self._lines.popleft() for _ in range(min(self._size, len(self._lines)))]
        joined = "".join(lines)
        if '"' in joined or any(map(str.isspace, lines)):
            self._lines.extendleft(reversed(lines))
            lines = self._rows()
            joined = "".join(lines)
        if not lines and self._is_begun:
            return None
        self._is_begun = True
        data, line, before = joined.encode(_BYTES), self.line, self.at
        self.line += len(lines)
        self.at += len(data)
        if data.translate(None, arrow_csv.PRINTABLE):
            return decode(data, self._name, line, before)
        return Source(self._name, joined, line)

    def expected(self) -> int:
        """Return about how many rows there are, going by the parts so far; 0 where the file's length is not known."""
        rows = self._size * self.length // max(1, self.at)
        return rows if rows > self._size else 0

    def ahead(self) -> tuple[bytes, int]:
        """Return whole lines that come next, and how many line feeds end them: as many as may be looked at at once.

        But at the end, they are a multiple of the size of a part. They are still to come, as parts or with `skip`.
        There are none at the end of the file, and where line feeds are few.
        """
        pieces = ["".join([*self._lines, self._begun]).encode(_BYTES), self._bytes]
        self._lines.clear()
        self._begun = ""
        length, lines = sum(map(len, pieces)), sum(piece.count(b"\n") for piece in pieces)
        until = monotonic() + PATIENCE
        while lines < self._size or (length < AHEAD and self._has_more(until)):
            if length >= _MOST or not (more := self._more(max(_PIECE, AHEAD - length))):
                break
            pieces.append(more)
            length += len(more)
            lines += more.count(b"\n")
        self._bytes = b"".join(pieces)
        if self._is_over:
            return self._bytes, lines + bool(self._bytes and not self._bytes.endswith(b"\n"))
        end = length
        for _ in range(lines % self._size + 1):
            end = self._bytes.rfind(b"\n", 0, end)
        return self._bytes[: end + 1], (lines - lines % self._size if end >= 0 else 0)

    def skip(self, lines: bytes, count: int) -> None:
        """Go on below lines that `ahead` has returned."""
        self._bytes = self._bytes[len(lines) :]
        self.at += len(lines)
        self.line += count

    def _has_more(self, until: float) -> bool:
        """Tell whether there is more to read, or will be before a time of `monotonic`, as far as the system knows."""
        if self.length:
            return True
        try:
            return bool(select.select([self._file], [], [], max(0.0, until - monotonic()))[0])
        except OSError:  # Windows only knows it of sockets
            return False

    def _more(self, size: int) -> bytes:
        """Read so many bytes or fewer; none at the end of the file."""
        # At a terminal there may be more behind an end.
        more = b"" if self._is_over else self._file.read1(size)
        self._is_over = not more
        return more

    def _divide(self) -> bool:
        """Divide more of the text into lines, a character a byte, and tell whether there was more."""
        more = self._bytes[:_PIECE] or self._more(_PIECE)
        self._bytes = self._bytes[_PIECE:]
        lines = io.StringIO(self._begun + more.decode(_BYTES), newline="").readlines()
        # A line feed may follow a carriage return.
        self._begun = lines.pop() if more and lines and not lines[-1].endswith("\n") else ""
        self._lines.extend(lines)
        return bool(more or lines)

    def _rows(self) -> list[str]:
        """Take the lines of a part, some of whose rows may be blank, or have several lines."""
        taken: list[str] = []
        is_blank = True

        def lines() -> Iterator[str]:
            nonlocal is_blank
            while self._lines or self._divide():
                if not self._lines:
                    continue
                line = self._lines.popleft()
                taken.append(line)
                is_blank = is_blank and line.isspace()
                yield line if self.at else line.removeprefix(_MARK)

        reader = csv.reader(lines(), strict=True, skipinitialspace=True)
        rows = 0
        while rows < self._size:
            try:
                is_over = next(reader, None) is None
            except csv.Error:
                is_over = True
            rows += not is_blank
            is_blank = True
            if is_over:
                break
        return taken if rows or not self.at else []


def _length(file: io.BufferedIOBase) -> int:
    """Return how many bytes a file has; 0 where that is not known, as of a pipe."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0

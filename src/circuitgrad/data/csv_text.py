"""The text of a CSV file, taken in parts of a given number of rows, or in whole lines for a fast path."""

from __future__ import annotations

import codecs
import csv
import io
import os
import select
import stat
from collections import deque
from itertools import takewhile
from time import monotonic
from typing import TYPE_CHECKING

from circuitgrad.data.arrow_csv import PRINTABLE
from circuitgrad.data.dialect import COMMENT, PLAIN, records
from circuitgrad.errors import LONGEST_LINE, CircuitError, Source
from circuitgrad.files import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKAHEAD_BYTES = 1 << 22
"""The bytes to look ahead for the fast path. From half as many on, importing pyarrow pays: 0.1 to 0.2 s."""
PIPE_PATIENCE = 0.1
"""The seconds to wait for more from a pipe once there are rows for a chunk."""
MOST_LINE_BYTES = 1 << 24
"""The longest line that is read, and about the longest row of several lines."""
_READ_BYTES = 1 << 18
_MOST_LOOKAHEAD_BYTES = 1 << 26
_ONE_BYTE_ENCODING = "latin-1"
"""A character per byte: quotes, commas and line ends are at the same places as in UTF-8."""
_BYTE_ORDER_MARK = codecs.BOM_UTF8.decode(_ONE_BYTE_ENCODING)


class CsvText:
    r"""A CSV text, taken from a file in parts.

    Args:
        file: the text's bytes.
        name: the text's name.
        size: the rows of a part that are not blank; the header counts, and the last part may have fewer.

    Attributes:
        dialect: how the lines are divided into rows.
        line: the number of the line at which the next part begins.
        offset: the number of bytes before it.
        length: the length of the file in bytes; 0 where it is unknown, as of a pipe.

    >>> text = CsvText(io.BytesIO(b'x,note\n1,"a\nb"\n2,c\n3,d\n'), "d.csv", 2)
    >>> [(part.line, part.text) for part in iter(text.next_part, None)]
    [(1, 'x,note\n1,"a\nb"\n'), (4, '2,c\n3,d\n')]
    """

    def __init__(self, file: io.BufferedIOBase, name: str, size: int) -> None:
        self.dialect = PLAIN
        self.line = 1
        self.offset = 0
        self._leading = 0
        self._file, self._name, self._size = file, name, size
        self.length = _length(file)
        self._lines: deque[str] = deque()
        self._open_line: list[str] = []  # the pieces of a line whose end is not read yet
        self._undivided = b""  # bytes that are read, and not divided into lines yet
        self._is_begun = self._is_over = False

    def next_part(self) -> Source | None:
        """Return the next part, or None at the end; the first part may be empty.

        A fault of the CSV ends its part: the reader of the part finds the same fault.

        Raises:
            CircuitError: the part is no text in UTF-8, or has a line that is too long.
        """
        size = self._size + self._leading
        self._leading = 0
        while len(self._lines) < size and self._divide():
            pass
        lines = [self._lines.popleft() for _ in range(min(size, len(self._lines)))]
        joined = "".join(lines)
        if '"' in joined or any(map(str.isspace, lines)):
            self._lines.extendleft(reversed(lines))
            lines = self._take_rows(size)
            joined = "".join(lines)
        if not lines and self._is_begun:
            return None
        self._is_begun = True
        data, line, before = joined.encode(_ONE_BYTE_ENCODING), self.line, self.offset
        self.line += len(lines)
        self.offset += len(data)
        if data.translate(None, PRINTABLE):
            return decode(data, self._name, line, before, "save the file as UTF-8, or say --encoding cp1252")
        return Source(self._name, joined, line)

    def head(self) -> str:
        """Return the first lines, those of the first part and some more: comments at the beginning do not count.

        Raises:
            CircuitError: a line is too long.
        """
        while True:
            beginning = takewhile(_is_blank_or_comment, self._lines)
            self._leading = sum(1 for _ in beginning)
            if len(self._lines) >= self._size + self._leading or not self._divide():
                break
        text = "".join(self._lines).encode(_ONE_BYTE_ENCODING).decode("utf-8", "replace")
        return text.removeprefix("\ufeff")

    def expected_rows(self) -> int:
        """Return the number of rows to expect from the parts so far; 0 where the file's length is unknown."""
        rows = self._size * self.length // max(1, self.offset)
        return rows if rows > self._size else 0

    def look_ahead(self) -> tuple[bytes, int]:
        """Return whole lines that come next, about `LOOKAHEAD_BYTES` of them, and their number.

        Their number is a multiple of the size of a part, except at the end of the file. The lines are still to come,
        as parts or with `skip`. The result is empty at the end of the file, and where lines are very long.
        """
        pieces = ["".join([*self._lines, *self._open_line]).encode(_ONE_BYTE_ENCODING), self._undivided]
        self._lines.clear()
        self._open_line.clear()
        length, lines = sum(map(len, pieces)), sum(piece.count(b"\n") for piece in pieces)
        until = monotonic() + PIPE_PATIENCE
        while lines < self._size or (length < LOOKAHEAD_BYTES and self._has_more(until)):
            if length >= _MOST_LOOKAHEAD_BYTES or not (more := self._read(max(_READ_BYTES, LOOKAHEAD_BYTES - length))):
                break
            pieces.append(more)
            length += len(more)
            lines += more.count(b"\n")
        self._undivided = b"".join(pieces)
        if self._is_over:
            return self._undivided, lines + bool(self._undivided and not self._undivided.endswith(b"\n"))
        end = length
        for _ in range(lines % self._size + 1):
            end = self._undivided.rfind(b"\n", 0, end)
        return self._undivided[: end + 1], (lines - lines % self._size if end >= 0 else 0)

    def skip(self, lines: bytes, count: int) -> None:
        """Go on below lines that `look_ahead` has returned."""
        self._undivided = self._undivided[len(lines) :]
        self.offset += len(lines)
        self.line += count

    def _has_more(self, until: float) -> bool:
        """Tell whether there is more to read, or will be before a time of `monotonic`, as far as the system knows."""
        if self.length:
            return True
        try:
            return bool(select.select([self._file], [], [], max(0.0, until - monotonic()))[0])
        except OSError:  # Windows only knows it of sockets
            return False

    def _read(self, size: int) -> bytes:
        """Return the next bytes of the file, `size` or fewer; none at its end."""
        # At a terminal there may be more behind an end.
        more = b"" if self._is_over else self._file.read1(size)
        self._is_over = not more
        return more

    def _divide(self) -> bool:
        """Divide more of the text into lines, a character a byte, and tell whether there was more.

        Raises:
            CircuitError: a line is too long.
        """
        more = self._undivided[:_READ_BYTES] or self._read(_READ_BYTES)
        self._undivided = self._undivided[_READ_BYTES:]
        self._open_line.append(more.decode(_ONE_BYTE_ENCODING))
        if more and b"\n" not in more and b"\r" not in more and not self._open_line[0].endswith("\r"):
            if sum(map(len, self._open_line)) > MOST_LINE_BYTES:
                self._refuse_long_line()
            return True  # joining the pieces each time would take quadratic time
        lines = io.StringIO("".join(self._open_line), newline="").readlines()
        # A line feed may follow a carriage return.
        self._open_line = [lines.pop()] if more and lines and not lines[-1].endswith("\n") else []
        self._lines.extend(lines)
        return bool(more or lines)

    def _refuse_long_line(self) -> None:
        """Refuse the open line.

        Raises:
            CircuitError: it is too long.
        """
        begin = "".join(self._open_line)[:LONGEST_LINE].encode(_ONE_BYTE_ENCODING).decode("utf-8", "replace")
        place = Source(self._name, begin, self.line + len(self._lines)).place(0)
        raise CircuitError.of(f"this line is longer than {MOST_LINE_BYTES >> 20} MB", place, "is it a file of rows?")

    def _take_rows(self, size: int) -> list[str]:
        """Take the lines of a part of a size, some of whose rows may be blank, or have several lines."""
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
                yield line if self.offset else line.removeprefix(_BYTE_ORDER_MARK)

        reader = records(lines(), self.dialect)
        rows = 0
        while rows < size:
            try:
                is_over = next(reader, None) is None
            except csv.Error:
                is_over = True
            rows += not is_blank
            is_blank = True
            if is_over:
                break
        return taken if rows or not self.offset else []


def _is_blank_or_comment(line: str) -> bool:
    begin = line.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1]
    return not begin or begin == COMMENT


def _length(file: io.BufferedIOBase) -> int:
    """Return the length of a file in bytes; 0 where it is unknown, as of a pipe."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0

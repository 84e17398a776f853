"""The dialects of texts with rows, and the division of lines into records of cells."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.rows_options import SEPARATORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLANKS = SEPARATORS["blanks"]
COMMENT = "#"

_QUOTED = r'"[^"]*(?:""[^"]*)*"'
_BLANK_SEPARATED = re.compile(rf"{_QUOTED}\S*|\S+")
_REST_OF_QUOTED = re.compile(r'[^"]*(?:""[^"]*)*"')


class Dialect(NamedTuple):
    """How a text is divided into cells and its numbers are written.

    Attributes:
        separator: what separates the columns; a blank stands for any number of blanks and tabs.
        decimal: the decimal mark.
        width: the number of columns, where the first column is no input's and may begin with the sign of a comment:
            then a line with that many cells is a row. Otherwise 0.
    """

    separator: str = ","
    decimal: str = "."
    width: int = 0

    def is_comment(self, line: str) -> bool:
        """Tell whether a line, outside of quotation marks, is a comment.

        >>> Dialect().is_comment("# a, b"), Dialect(width=2).is_comment("#1, b"), Dialect(width=2).is_comment("# a")
        (True, False, True)
        """
        if line.lstrip()[:1] != COMMENT:
            return False
        return not self.width or len(self._cells(line)) != self.width

    def _cells(self, line: str) -> list[str]:
        """Return the cells of a line."""
        if self.separator == BLANKS:
            return line.split()
        try:
            return next(csv.reader([line], delimiter=self.separator, skipinitialspace=True))
        except (csv.Error, StopIteration):
            return []

    def pointed(self, cell: str) -> str | None:
        """Return the text of a number with a decimal point, or None where it has a point already.

        >>> Dialect(decimal=",").pointed("1,5"), Dialect(decimal=",").pointed("1.234,5")
        ('1.5', None)
        """
        if self.decimal == ".":
            return cell
        return None if "." in cell else cell.replace(self.decimal, ".")


PLAIN = Dialect()


class CsvRow(NamedTuple):
    """A row as it stands in a CSV text.

    Attributes:
        offset: the offset at which it begins.
        line: the number of the line at which it begins, from 1.
        cells: its cells, without their quotes.
    """

    offset: int
    line: int
    cells: list[str]


@cache
def cell_pattern(separator: str) -> re.Pattern[str]:
    """Return the pattern of a cell with what separates it from the next; its group 1 is the cell with its quotes."""
    if separator == BLANKS:
        return re.compile(rf"[ \t]*({_QUOTED}|[^ \t\r\n]*)[ \t]*")
    mark, blanks = re.escape(separator), _blanks(separator)
    return re.compile(rf" *({_QUOTED}(?={blanks}*(?:{mark}|[\r\n]|\Z))|[^{mark}\r\n]*){blanks}*{mark}?")


def _blanks(separator: str) -> str:
    """Return the class of the characters that may stand between a quotation mark and a separator."""
    return "[ ]" if separator == "\t" else r"[ \t]"


class CountedLines:
    r"""The lines of a text below an offset, to go through once, and how far that has come.

    Args:
        text: the text.
        offset: the offset at which to begin.
        line: the number of the line there.

    Attributes:
        end: the offset behind the lines that were taken.
        number: the number of the line there.

    >>> lines = CountedLines("x\n1\n2\n", 2, 2)
    >>> next(iter(lines)), lines.end, lines.number
    ('1\n', 4, 3)
    """

    def __init__(self, text: str, offset: int, line: int) -> None:
        self._file = io.StringIO(text, newline="")
        self._file.seek(offset)
        self.end, self.number = offset, line

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.end += len(line)
            self.number += 1
            yield line


def records(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    r"""Yield the cells of every record of some lines; a comment is an empty record, as an empty line is.

    The lines of a record have been taken from `lines` when it is yielded, and no others.

    Raises:
        csv.Error: a quotation mark is not closed, or something follows the closing mark of a cell.

    >>> list(records(['x; y\n', '# no row\n', '"1" ;"2\n', '3"\n'], Dialect(";")))
    [['x', 'y'], [], ['1', '2\n3']]
    >>> list(records([' x  "y z"\n', '1 \t2 \n'], Dialect(" ")))
    [['x', 'y z'], ['1', '2']]
    """
    is_inside = False  # a record of which a line has been taken
    separator = dialect.separator

    def prepared() -> Iterator[str]:
        nonlocal is_inside
        for read in lines:
            line = read
            if not is_inside and COMMENT in line and dialect.is_comment(line):
                yield "\n"
                continue
            if separator == BLANKS:
                if not is_inside:
                    line = "\t".join(_BLANK_SEPARATED.findall(line) if '"' in line else line.split()) + "\n"
            elif '" ' in line or '"\t' in line:
                line = _without_blanks_after_quotes(line, separator, is_inside=is_inside)
            is_inside = True
            yield line

    delimiter = "\t" if separator == BLANKS else separator
    for cells in csv.reader(prepared(), delimiter=delimiter, strict=True, skipinitialspace=True):
        yield cells
        is_inside = False


def _without_blanks_after_quotes(line: str, separator: str, *, is_inside: bool) -> str:
    """Return a line without the blanks between the closing quotation mark of a cell and the end of the cell.

    Args:
        line: the line.
        separator: the separator.
        is_inside: whether the line begins inside quotation marks.
    """
    mark, blanks = re.escape(separator), _blanks(separator)
    end = rf"{blanks}+(?=[{mark}\r\n]|\Z)"
    begin = ""
    if is_inside:
        rest = _REST_OF_QUOTED.match(line)
        if rest is None:
            return line
        begin, line = rest[0], re.sub(rf"\A{end}", "", line[rest.end() :])
    return begin + re.sub(rf"( *{_QUOTED}){end}|( *{_QUOTED}|[^{mark}]+)", lambda found: found[1] or found[2], line)

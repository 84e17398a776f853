"""The fast path of long CSV files: pyarrow reads the rows that it understands as `csv.CsvTable` does.

It needs a fortieth of the time. Rows of any other kind are refused here and left to `csv.CsvTable`.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

from circuitgrad.data.arrow import from_arrow
from circuitgrad.data.csv import LONGEST_NUMBER
from circuitgrad.data.dialect import BLANKS, PLAIN
from circuitgrad.errors import CircuitError
from circuitgrad.files import decode

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from circuitgrad.data.dialect import Dialect

PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
"""The ASCII characters that may stand in a data file."""
THREAD_BYTES = 1 << 20
"""The bytes that each of pyarrow's threads takes at a time."""


def read_columns(
    text: bytes, rows: int, width: int, positions: Sequence[int], dialect: Dialect = PLAIN
) -> list[array[float]] | None:
    r"""Return the numbers in columns of a CSV text, or None where pyarrow might read a row differently.

    The result is that of `csv.CsvTable.numbers` for a text whose every line is a row. pyarrow must be installed.

    Args:
        text: whole lines, without a header.
        rows: the number of lines.
        width: the number of columns.
        positions: the columns to read, from 0.
        dialect: how the text is divided.

    >>> import pytest
    >>> _ = pytest.importorskip("pyarrow")
    >>> read_columns(b"1,a,2.5\n-3,b,4e1\n", 2, 3, [0, 2])
    [array('d', [1.0, -3.0]), array('d', [2.5, 40.0])]
    >>> print(read_columns(b'1,"a",2\n', 1, 3, [0, 2]), read_columns(b"1,a,017\n", 1, 3, [0, 2]))
    None [array('d', [1.0]), array('d', [17.0])]
    """
    import pyarrow as pa
    from pyarrow import compute as pc

    if dialect.separator == dialect.decimal:
        return None
    if dialect.separator == BLANKS:
        text = _separated_by_one_blank(text)
    if not _is_readable(text, dialect.separator.encode(), are_all_numbers=len(positions) == width):
        return None
    table = _read(text, rows, width, positions, dialect, pa.float64())
    if table is None:
        return None
    if any(column.null_count or not pc.all(pc.is_finite(column)).as_py() for column in table.columns):
        return None
    return [from_arrow(column.chunks) for column in table.columns]


def read_texts(
    text: bytes, rows: int, width: int, positions: Sequence[int], dialect: Dialect = PLAIN
) -> list[list[str]] | None:
    r"""Return the cells in columns of a CSV text that `read_columns` has read, or None where they might differ.

    The arguments are those of `read_columns`.

    >>> import pytest
    >>> _ = pytest.importorskip("pyarrow")
    >>> read_texts(b"1, a,2.5\n-3,b ,4e1\n", 2, 3, [1, 2])
    [['a', 'b '], ['2.5', '4e1']]
    """
    import pyarrow as pa
    from pyarrow import compute as pc

    if dialect.separator == BLANKS:
        text = _separated_by_one_blank(text)
    table = _read(text, rows, width, positions, dialect, pa.string())
    if table is None:
        return None
    return [pc.utf8_ltrim(table.column(str(position)), " ").to_pylist() for position in positions]


def _read(text: bytes, rows: int, width: int, positions: Sequence[int], dialect: Dialect, kind: Any) -> Any:
    """Return columns of one type, or None where pyarrow does not read them, or not as rows of lines."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    names = list(map(str, range(width)))
    wanted = [names[position] for position in positions]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(column_names=names, block_size=THREAD_BYTES),
            parse_options=pa_csv.ParseOptions(delimiter=dialect.separator, quote_char=False, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, kind),
                include_columns=wanted,
                null_values=[],
                decimal_point=dialect.decimal,
            ),
        )
    except pa.ArrowException:
        return None
    return table if table.num_rows == rows else None  # for pyarrow, a carriage return alone ends a line, too


def _is_readable(text: bytes, separator: bytes, *, are_all_numbers: bool) -> bool:
    """Tell whether every line of a text is a row, and every character may stand in a data file."""
    if b'"' in text or text.startswith(BOM_UTF8):  # pyarrow takes a byte order mark away, wherever the text is from
        return False
    half = LONGEST_NUMBER // 2
    for start in range(0, len(text) - half, half):
        if text.find(separator, start, start + half) < 0 and text.find(b"\n", start, start + half) < 0:
            return False  # a cell may be longer than a number may be
    if not are_all_numbers and text.translate(None, PRINTABLE):
        try:
            decode(text, "", before=1)
        except CircuitError:
            return False
    return True


def _separated_by_one_blank(text: bytes) -> bytes:
    r"""Return a text with one blank for any number of blanks and tabs, and none at the ends of lines.

    >>> _separated_by_one_blank(b" 1 \t2\r\n3  4 \n")
    b'1 2\r\n3 4\n'
    """
    text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text.replace(b"\n ", b"\n").replace(b" \n", b"\n").replace(b" \r", b"\r").strip(b" ")

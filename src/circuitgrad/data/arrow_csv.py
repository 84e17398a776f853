"""The fast path of long CSV files: pyarrow reads the rows that it understands as `csv.CsvTable` does.

It needs a fortieth of the time. Rows of any other kind are refused here and left to `csv.CsvTable`.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from circuitgrad.data.arrow import from_arrow
from circuitgrad.data.csv import LONGEST_NUMBER
from circuitgrad.errors import CircuitError
from circuitgrad.files import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
"""The ASCII characters that may stand in a data file."""
THREAD_BYTES = 1 << 20
"""The bytes that each of pyarrow's threads takes at a time."""
# Whole numbers that begin with a zero, which pyarrow reads and `numerals.read_number` refuses.
_LEADING_ZERO = r"(?:^|[,\r\n\t ])[-+]?0[0-9]+[\t ]*(?:[,\r\n]|$)"


def read_columns(text: bytes, rows: int, width: int, positions: Sequence[int]) -> list[array[float]] | None:
    r"""Return the numbers in columns of a CSV text, or None where pyarrow might read a row differently.

    The result is that of `csv.CsvTable.numbers` for a text whose every line is a row. pyarrow must be installed.

    Args:
        text: whole lines, without a header.
        rows: the number of lines.
        width: the number of columns.
        positions: the columns to read, from 0.

    >>> import pytest
    >>> _ = pytest.importorskip("pyarrow")
    >>> read_columns(b"1,a,2.5\n-3,b,4e1\n", 2, 3, [0, 2])
    [array('d', [1.0, -3.0]), array('d', [2.5, 40.0])]
    >>> print(read_columns(b'1,"a",2\n', 1, 3, [0, 2]), read_columns(b"1,a,017\n", 1, 3, [0, 2]))
    None None
    """
    import pyarrow as pa
    from pyarrow import compute as pc
    from pyarrow import csv as pa_csv

    reads_all = len(positions) == width
    if not _is_readable(text, are_all_numbers=reads_all):
        return None
    names = list(map(str, range(width)))
    wanted = [names[position] for position in positions]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(column_names=names, block_size=THREAD_BYTES),
            parse_options=pa_csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.float64()), include_columns=wanted, null_values=[]
            ),
        )
    except pa.ArrowException:
        return None
    if table.num_rows != rows:
        return None  # for pyarrow, a carriage return alone ends a line, too
    if any(column.null_count or not pc.all(pc.is_finite(column)).as_py() for column in table.columns):
        return None
    # No cell has two points: with as many points as cells, no number is written without a point.
    if (
        any(pc.any(pc.equal(pc.floor(column), column)).as_py() for column in table.columns)
        and not (reads_all and text.count(b".") == rows * width)
        and _matches(_LEADING_ZERO, text)
    ):
        return None
    return [from_arrow(column.chunks) for column in table.columns]


def _is_readable(text: bytes, *, are_all_numbers: bool) -> bool:
    """Tell whether every line of a text is a row, and every character may stand in a data file."""
    if b'"' in text:
        return False
    half = LONGEST_NUMBER // 2
    for start in range(0, len(text) - half, half):
        if text.find(b",", start, start + half) < 0 and text.find(b"\n", start, start + half) < 0:
            return False  # a cell may be longer than a number may be
    if not are_all_numbers and text.translate(None, PRINTABLE):
        try:
            decode(text, "", before=1)
        except CircuitError:
            return False
    return True


def _matches(pattern: str, text: bytes) -> bool:
    """Tell whether a regular expression matches somewhere in a text; the module re needs four times as long."""
    import pyarrow as pa
    from pyarrow import compute as pc

    offsets = pa.py_buffer(array("q", [0, len(text)]))
    texts = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(text)])
    return bool(pc.match_substring_regex(texts, pattern)[0].as_py())

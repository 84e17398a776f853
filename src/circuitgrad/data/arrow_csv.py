"""Plain CSV, read by pyarrow in a fortieth of the time: what it takes with the meaning of `rows`, and nothing else."""

from __future__ import annotations

import csv
from array import array
from typing import TYPE_CHECKING

from circuitgrad.data.arrow import doubles
from circuitgrad.errors import CircuitError
from circuitgrad.files import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
"""The ASCII characters that may stand in a data file."""
PIECE = 1 << 20
"""pyarrow's threads take so many bytes each."""
# Whole numbers that begin with a zero, which pyarrow reads and `numerals.read_number` refuses.
_ZEROS = r"(?:^|[,\r\n\t ])[-+]?0[0-9]+[\t ]*(?:[,\r\n]|$)"


def numbers(text: bytes, rows: int, width: int, positions: Sequence[int]) -> list[array[float]] | None:
    r"""Return the numbers in columns of a CSV text, or None where anything in it is not plain.

    Whatever is returned is what `rows.Table.numbers` returns of a text whose every line is a row. pyarrow must be
    installed.

    Args:
        text: whole lines, without a header.
        rows: how many lines there are.
        width: how many columns there are.
        positions: those to read, from 0.

    >>> import pytest
    >>> _ = pytest.importorskip("pyarrow")
    >>> numbers(b"1,a,2.5\n-3,b,4e1\n", 2, 3, [0, 2])
    [array('d', [1.0, -3.0]), array('d', [2.5, 40.0])]
    >>> print(numbers(b'1,"a",2\n', 1, 3, [0, 2]), numbers(b"1,a,017\n", 1, 3, [0, 2]))
    None None
    """
    import pyarrow as pa
    from pyarrow import compute as pc
    from pyarrow import csv as arrow_csv

    is_whole = len(positions) == width
    if not _is_readable(text, are_all_numbers=is_whole):
        return None
    names = list(map(str, range(width)))
    wanted = [names[position] for position in positions]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=PIECE),
            parse_options=arrow_csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.float64()), include_columns=wanted, null_values=[]
            ),
        )
    except pa.ArrowException:
        return None
    if table.num_rows != rows:
        return None  # a carriage return alone ends a line, too
    if any(column.null_count or not pc.all(pc.is_finite(column)).as_py() for column in table.columns):
        return None
    # Whether a cell may be a whole number without a point; no cell has two points.
    if (
        any(pc.any(pc.equal(pc.floor(column), column)).as_py() for column in table.columns)
        and not (is_whole and text.count(b".") == rows * width)
        and _matches(_ZEROS, text)
    ):
        return None
    return [doubles(column.chunks) for column in table.columns]


def _is_readable(text: bytes, *, are_all_numbers: bool) -> bool:
    """Tell whether every line of a text is a row, and every character one that may stand in a data file."""
    if b'"' in text:
        return False
    half = csv.field_size_limit() // 2
    for start in range(0, len(text) - half, half):
        if text.find(b",", start, start + half) < 0 and text.find(b"\n", start, start + half) < 0:
            return False  # a cell may be longer than the module csv takes
    if not are_all_numbers and text.translate(None, PRINTABLE):
        try:
            decode(text, "", before=1)
        except CircuitError:
            return False
    return True


def _matches(pattern: str, text: bytes) -> bool:
    """Tell whether there is a match of a regular expression in a text; Python's own need four times as long."""
    import pyarrow as pa
    from pyarrow import compute as pc

    ends = pa.py_buffer(array("q", [0, len(text)]))
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(text)])
    return bool(pc.match_substring_regex(whole, pattern)[0].as_py())

"""Columns of doubles as the lines of a CSV text, every number in its shortest digits, as `repr` writes it.

Where pyarrow is installed, it finds the digits in a fifth of the time. They are the same: of the shortest decimals that
read back as a double, both write the nearest. But pyarrow leaves out the point of whole numbers, and its exponents
begin elsewhere.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from circuitgrad.data.arrow import is_imported, is_installed, to_arrow
from circuitgrad.report.number_text import exact

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

NUMBERS_PER_IMPORT = 250_000
"""How many numbers are written without pyarrow in the time that importing it takes."""
FEWEST_FOR_ARROW = 1000
"""Fewer numbers at a time are written as fast without pyarrow."""


class CsvLines:
    r"""Writes rows as lines of CSV, and takes pyarrow once it pays and if it is installed.

    >>> from array import array
    >>> CsvLines()([array("d", [0.1, 1e-5]), array("d", [2, float("nan")])])
    '0.1,2.0\n1e-05,nan\n'
    """

    def __init__(self) -> None:
        self._count = 0
        self._write: Callable[[Sequence[array[float]]], str] | None = None

    def __call__(self, columns: Sequence[array[float]]) -> str:
        """Return the lines of the rows of some columns, at least one."""
        count = len(columns) * len(columns[0])
        if self._write is None and (is_imported() or self._count + count >= NUMBERS_PER_IMPORT):
            self._write = by_arrow if is_installed() else by_repr
        self._count += count
        write = self._write if self._write is not None and count >= FEWEST_FOR_ARROW else by_repr
        return write(columns)


def by_repr(columns: Sequence[array[float]]) -> str:
    """Return rows as lines of CSV, written by `repr`."""
    texts = [map(exact, column) for column in columns]
    lines = [*texts[0]] if len(texts) == 1 else [*map(",".join, zip(*texts, strict=True))]
    lines.append("")
    return "\n".join(lines)


def by_arrow(columns: Sequence[array[float]]) -> str:
    """Return the same lines as `by_repr`, written by pyarrow."""
    import pyarrow as pa
    from pyarrow import csv

    table = pa.Table.from_arrays([_texts(column) for column in columns], list(map(str, range(len(columns)))))
    file = io.BytesIO()
    csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))
    return file.getvalue().decode("ascii")


def _texts(column: array[float]) -> Any:
    """Return a pyarrow array of the shortest digits of every number."""
    import pyarrow as pa
    from pyarrow import compute as pc

    numbers = to_arrow(column)
    texts = pc.cast(numbers, pa.string())
    size = pc.abs(numbers)
    is_small = pc.less(size, 1e9)
    is_whole = pc.equal(pc.floor(numbers), numbers)
    # 0.5 and 1e+20; pyarrow has exponents below 1e-6 and from 1e10 on, Python below 1e-4 and from 1e16 on.
    is_alike = pc.or_(
        pc.and_(pc.and_not(is_small, is_whole), pc.greater_equal(size, 1e-4)),
        pc.or_(pc.greater_equal(size, 1e16), pc.and_(pc.less(size, 1e-9), pc.greater(size, 0))),
    )
    if pc.all(is_alike).as_py():
        return texts
    is_point_missing = pc.and_(is_small, is_whole)
    if pc.any(is_point_missing).as_py():
        texts = pc.if_else(is_point_missing, pc.binary_join_element_wise(texts, "0", "."), texts)
    is_unlike = pc.invert(pc.or_(is_alike, is_point_missing))
    unlike = pc.filter(numbers, is_unlike).to_pylist()
    return pc.replace_with_mask(texts, is_unlike, pa.array(map(exact, unlike), pa.string())) if unlike else texts

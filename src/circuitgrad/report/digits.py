"""Columns of doubles as the lines of a CSV text, every number in its shortest digits, as `repr` writes it.

Where pyarrow is there, it finds the digits in a fifth of the time. They are the same, since of the shortest decimals
that read back as a double one is nearest to it; but pyarrow leaves out the point of whole numbers, and has exponents
where Python has none and the other way round.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from circuitgrad.data.arrow import is_imported, is_installed, to_arrow
from circuitgrad.report.numbers import exact

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

PAYS = 250_000
"""So many numbers are written in the time in which pyarrow is imported."""
FEW = 1000
"""Fewer numbers at a time are as soon written without pyarrow."""


class Lines:
    r"""Writes rows as lines of CSV, and takes pyarrow once it pays and if it is installed.

    >>> from array import array
    >>> Lines()([array("d", [0.1, 1e-5]), array("d", [2, float("nan")])])
    '0.1,2.0\n1e-05,nan\n'
    """

    def __init__(self) -> None:
        self._count = 0
        self._write: Callable[[Sequence[array[float]]], str] | None = None

    def __call__(self, columns: Sequence[array[float]]) -> str:
        """Return the lines of the rows of some columns, at least one."""
        count = len(columns) * len(columns[0])
        if self._write is None and (is_imported() or self._count + count >= PAYS):
            self._write = with_arrow if is_installed() else by_hand
        self._count += count
        write = self._write if self._write is not None and count >= FEW else by_hand
        return write(columns)


def by_hand(columns: Sequence[array[float]]) -> str:
    """Return rows as lines of CSV."""
    texts = [map(exact, column) for column in columns]
    lines = [*texts[0]] if len(texts) == 1 else [*map(",".join, zip(*texts, strict=True))]
    lines.append("")
    return "\n".join(lines)


def with_arrow(columns: Sequence[array[float]]) -> str:
    """Return the same as `by_hand`, by pyarrow."""
    import pyarrow as pa
    from pyarrow import csv

    table = pa.Table.from_arrays([_texts(column) for column in columns], list(map(str, range(len(columns)))))
    file = io.BytesIO()
    csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))
    return file.getvalue().decode("ascii")


def _texts(column: array[float]) -> Any:
    """Return an array of pyarrow's of the shortest digits of every number."""
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
    is_other = pc.invert(pc.or_(is_alike, is_point_missing))
    others = pc.filter(numbers, is_other).to_pylist()
    return pc.replace_with_mask(texts, is_other, pa.array(map(exact, others), pa.string())) if others else texts

"""Columns of doubles, as machine code takes them."""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

from circuitgrad.engines.native.functions import LANES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from circuitgrad.engines import Program

    Columns = Sequence[array[float]]
    Kernel = Callable[..., None]

DOUBLE = 8
"""Bytes."""
KERNEL = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
"""What a kernel takes: pointers to the inputs' columns, pointers to the results' columns, the number of rows."""


def pointers(columns: Iterable[array[float]], before: Sequence[int] = ()) -> ctypes.Array[ctypes.c_void_p]:
    """Return an array of where columns begin, behind other addresses; the columns must live as long as it is used.

    >>> column = array("d", [1.5])
    >>> ctypes.c_double.from_address(pointers([column])[0]).value
    1.5
    """
    found = [*before, *(column.buffer_info()[0] for column in columns)]
    return (ctypes.c_void_p * len(found))(*found)


def each(numbers: ctypes.Array[ctypes.c_double]) -> list[int]:
    """Return where each of some numbers is."""
    first = ctypes.addressof(numbers)
    return [first + DOUBLE * k for k in range(len(numbers))]


def zeros(count: int) -> array[float]:
    """Return a column of zeros.

    >>> zeros(2)
    array('d', [0.0, 0.0])
    """
    return array("d", bytes(DOUBLE * count))


def padded(column: array[float], lanes: int) -> array[float]:
    """Return a column that is as long as the next multiple of the lanes; the last number fills it up.

    >>> padded(array("d", [1, 2, 3]), 2)
    array('d', [1.0, 2.0, 3.0, 3.0])
    """
    return column + array("d", [column[-1]] * (-len(column) % lanes))


def points(kernel: Kernel, count: int, results: int) -> Program:
    """Return what runs a kernel at single points, for one thread at a time; see `engines.program`.

    Args:
        kernel: the kernel, which computes one row at a time.
        count: how many inputs it takes.
        results: how many results it has.
    """
    given, found = (ctypes.c_double * count)(), (ctypes.c_double * results)()
    sources, targets = pointers((), each(given)), pointers((), each(found))

    def run(*numbers: float) -> list[float]:
        given[:] = numbers  # type: ignore[call-overload] # any sequence will do
        kernel(sources, targets, 1)
        computed: list[float] = found[:]
        return computed

    return run


def blocks(kernel: Kernel, results: int) -> Callable[[Columns], list[array[float]]]:
    """Return what runs a kernel over columns; see `engines.over_columns`.

    Args:
        kernel: the kernel, which computes `LANES` rows at a time.
        results: how many results it has.
    """

    def compute(given: Columns) -> list[array[float]]:
        rows = len(given[0])
        found = [zeros(rows) for _ in range(results)]
        whole = rows - rows % LANES
        if whole:
            kernel(pointers(given), pointers(found), whole)
        if rest := rows - whole:
            first = [padded(one[whole:], LANES) for one in given]
            last = [zeros(LANES) for _ in found]
            kernel(pointers(first), pointers(last), LANES)
            for one, end in zip(found, last, strict=True):
                one[whole:] = end[:rest]
        return found

    return compute

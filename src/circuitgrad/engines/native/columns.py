"""Columns of doubles, as machine code takes them."""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Columns = Sequence[array[float]]
    Pointers = ctypes.Array[ctypes.c_void_p]

DOUBLE_SIZE = 8
"""Bytes."""


def pointers(columns: Iterable[array[float]], before: Sequence[int] = ()) -> Pointers:
    """Return an array of where columns begin, behind other addresses; the columns must live as long as it is used.

    >>> column = array("d", [1.5])
    >>> ctypes.c_double.from_address(pointers([column])[0]).value
    1.5
    """
    addresses = [*before, *(column.buffer_info()[0] for column in columns)]
    return (ctypes.c_void_p * len(addresses))(*addresses)


def addresses(numbers: ctypes.Array[ctypes.c_double]) -> list[int]:
    """Return the address of each number of an array."""
    first = ctypes.addressof(numbers)
    return [first + DOUBLE_SIZE * k for k in range(len(numbers))]


def zeros(count: int) -> array[float]:
    """Return a column of zeros.

    >>> zeros(2)
    array('d', [0.0, 0.0])
    """
    return array("d", [0.0]) * count


def doubles(columns: Iterable[Iterable[float]]) -> list[array[float]]:
    """Return columns as machine code can read them: as arrays of doubles, which are copied from anything else.

    Raises:
        ValueError: the columns are not of one length.

    >>> doubles([array("d", [1]), [2]])
    [array('d', [1.0]), array('d', [2.0])]
    """
    arrays = [
        column if isinstance(column, array) and column.typecode == "d" else array("d", column) for column in columns
    ]
    lengths = sorted(set(map(len, arrays)))
    if len(lengths) > 1:
        raise ValueError(f"the columns have {lengths[0]} to {lengths[-1]} rows, not all the same")
    return arrays


def padded(column: array[float], lanes: int) -> array[float]:
    """Return a copy of a column that is as long as the next multiple of the lanes; the last number fills it up.

    >>> padded(array("d", [1, 2, 3]), 2)
    array('d', [1.0, 2.0, 3.0, 3.0])
    """
    return column + array("d", [column[-1]] * (-len(column) % lanes))

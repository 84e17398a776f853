"""Columns of doubles and pyarrow's arrays, which the extra `data` brings."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Iterable

DOUBLE = 8
"""Bytes."""


def pyarrow(what: str) -> Any:
    """Return pyarrow.

    Args:
        what: what needs it.

    Raises:
        CircuitError: it is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise CircuitError.lacks(f"{what} need pyarrow", "data") from None
    return pa


def is_installed() -> bool:
    """Tell whether pyarrow can be imported, without importing it."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def is_imported() -> bool:
    """Tell whether pyarrow is imported already."""
    return sys.modules.get("pyarrow") is not None


def of_doubles(column: array[float]) -> Any:
    """Return an array of pyarrow's with the same numbers in the same memory."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(column)])


def doubles(arrays: Iterable[Any]) -> array[float]:
    """Return the numbers of arrays of pyarrow's, of doubles and without empty cells, one after another.

    >>> import pytest
    >>> pa = pytest.importorskip("pyarrow")
    >>> doubles([pa.array([1.0, 2.0]), pa.array([3.0, 4.0])[1:]])
    array('d', [1.0, 2.0, 4.0])
    """
    numbers = array("d")
    for one in arrays:
        start = DOUBLE * one.offset
        numbers.frombytes(memoryview(one.buffers()[1])[start : start + DOUBLE * len(one)])
    return numbers

"""Columns of doubles as arrays of pyarrow and back; pyarrow comes with the extra `data`."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Iterable

DOUBLE_BYTES = 8


def require_pyarrow(feature: str) -> Any:
    """Return the module pyarrow.

    Args:
        feature: the things that need it, in the plural, for the message.

    Raises:
        CircuitError: it is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        raise CircuitError.lacks(f"{feature} need pyarrow", "data") from None
    return pa


def is_installed() -> bool:
    """Tell whether pyarrow can be imported, without importing it."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def is_imported() -> bool:
    """Tell whether pyarrow is imported already."""
    return sys.modules.get("pyarrow") is not None


def to_arrow(column: array[float]) -> Any:
    """Return a column as an array of pyarrow that shares its memory."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(column)])


def from_arrow(arrays: Iterable[Any]) -> array[float]:
    """Return the numbers of pyarrow's arrays as one column.

    Args:
        arrays: arrays of doubles without empty cells.

    >>> import pytest
    >>> pa = pytest.importorskip("pyarrow")
    >>> from_arrow([pa.array([1.0, 2.0]), pa.array([3.0, 4.0])[1:]])
    array('d', [1.0, 2.0, 4.0])
    """
    column = array("d")
    for numbers in arrays:
        start = DOUBLE_BYTES * numbers.offset
        column.frombytes(memoryview(numbers.buffers()[1])[start : start + DOUBLE_BYTES * len(numbers)])
    return column

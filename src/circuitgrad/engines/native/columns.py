"""Columns of doubles, as machine code takes them."""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

from circuitgrad.engines.native.caller import caller, can_call
from circuitgrad.engines.native.functions import LANES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.engines.native.machine import Code
    from circuitgrad.engines.native.tape import Tape
    from circuitgrad.engines.wanted import Compute, Program

    Columns = Sequence[array[float]]
    Pointers = ctypes.Array[ctypes.c_void_p]

DOUBLE = 8
"""Bytes."""


class Kernel:
    """A function of machine code that computes rows.

    It takes a tape, pointers to the inputs' columns, pointers to the results' columns, and the number of rows.

    Args:
        code: the code.
        name: the function's name.
        tape: the tape; straight-line code has none.

    Attributes:
        address: where the function is.
        tape: where the tape is.
    """

    def __init__(self, code: Code, name: str, tape: Tape | None = None) -> None:
        kinds = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        self.tape = tape.address if tape else None
        self.address = code.address(name)
        self._kept = code, tape
        self._call = ctypes.CFUNCTYPE(None, *kinds)(self.address)

    def __call__(self, sources: Pointers, targets: Pointers, rows: int) -> None:
        """Compute rows."""
        self._call(self.tape, sources, targets, rows)


def pointers(columns: Iterable[array[float]], before: Sequence[int] = ()) -> Pointers:
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
    return array("d", [0.0]) * count


def doubles(columns: Iterable[Iterable[float]]) -> list[array[float]]:
    """Return columns as machine code can read them: as arrays of doubles, which are copied from anything else.

    Raises:
        ValueError: the columns are not of one length.

    >>> doubles([array("d", [1]), [2]])
    [array('d', [1.0]), array('d', [2.0])]
    """
    found = [one if isinstance(one, array) and one.typecode == "d" else array("d", one) for one in columns]
    lengths = sorted(set(map(len, found)))
    if len(lengths) > 1:
        raise ValueError(f"the columns have {lengths[0]} to {lengths[-1]} rows, not all the same")
    return found


def padded(column: array[float], lanes: int) -> array[float]:
    """Return a copy of a column that is as long as the next multiple of the lanes; the last number fills it up.

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
    if can_call():
        return caller(kernel, sources, targets, given, found)

    def run(*numbers: float) -> tuple[float, ...]:
        given[:] = numbers  # type: ignore[call-overload] # any sequence will do
        kernel(sources, targets, 1)
        return tuple(found[:])

    return run


def blocks(kernel: Kernel, count: int, results: int) -> Compute:
    """Return what runs a kernel over columns, for one thread at a time; see `engines.over_columns`.

    Args:
        kernel: the kernel, which computes `LANES` rows at a time.
        count: how many columns it takes.
        results: how many results it has.
    """

    def compute(given: Columns, into: Sequence[array[float]] | None = None) -> Sequence[array[float]]:
        given = doubles(given)
        if len(given) != count:
            raise ValueError(f"there are {len(given)} columns, where {count} are taken")
        rows = len(given[0])
        found = [zeros(rows) for _ in range(results)] if into is None else into
        if into is not None and [(one.typecode, len(one)) for one in into] != [("d", rows)] * results:
            raise ValueError(f"{results} columns of {rows} doubles are wanted for the results")
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

"""Kernels: compiled code over rows, and what runs it over columns."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from circuitgrad.engines.native.columns import doubles, padded, pointers, zeros
from circuitgrad.engines.native.llvm.notation import LANES

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from circuitgrad.engines.native.columns import Columns, Pointers
    from circuitgrad.engines.native.llvm.code import Code
    from circuitgrad.engines.wanted import Compute

HEAD = "(ptr %tape, ptr %in, ptr %out, i64 %n)"
"""The parameters of a kernel, in LLVM's language."""


class Kernel:
    """Compiled code over rows.

    It takes a tape, pointers to the inputs' columns, pointers to the results' columns, and the number of rows.

    Args:
        code: the code.
        name: the function's name.
        tape: the tape, as a structure of ctypes; straight-line code has none.
        keep: what has to live as long as the kernel.

    Attributes:
        address: where the function is.
        tape: where the tape is.
    """

    def __init__(self, code: Code, name: str, tape: ctypes.Structure | None = None, keep: object = None) -> None:
        kinds = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        self.tape = None if tape is None else ctypes.addressof(tape)
        self.address = code.address(name)
        self._keep = code, tape, keep
        self._call = ctypes.CFUNCTYPE(None, *kinds)(self.address)

    def __call__(self, sources: Pointers, targets: Pointers, rows: int) -> None:
        """Compute rows."""
        self._call(self.tape, sources, targets, rows)


def over_rows(kernel: Kernel, count: int, results: int) -> Compute:
    """Return what runs a kernel over columns, for one thread at a time; see `engines.programs.over_columns`.

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
        columns = [zeros(rows) for _ in range(results)] if into is None else into
        if into is not None and [(column.typecode, len(column)) for column in into] != [("d", rows)] * results:
            raise ValueError(f"{results} columns of {rows} doubles are wanted for the results")
        full = rows - rows % LANES
        if full:
            kernel(pointers(given), pointers(columns), full)
        if rest := rows - full:
            last_given = [padded(column[full:], LANES) for column in given]
            last = [zeros(LANES) for _ in columns]
            kernel(pointers(last_given), pointers(last), LANES)
            for column, end in zip(columns, last, strict=True):
                column[full:] = end[:rest]
        return columns

    return compute

"""Structures of ctypes, as machine code reads them: through a pointer, by the names of their fields."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from circuitgrad.engines.native.llvm.builder import Builder

LLVM_TYPES = {ctypes.c_void_p: "ptr", ctypes.c_int64: "i64", ctypes.c_double: "double"}


def loaded(builder: Builder, structure: type[ctypes.Structure], pointer: str, *names: str) -> dict[str, str]:
    """Write loads of fields of a structure, and return the names of their values by those of the fields.

    Args:
        builder: the function that is written.
        structure: the structure, whose fields are pointers, whole numbers and doubles of 8 bytes.
        pointer: where it is.
        names: the fields; all when left out.

    >>> from circuitgrad.engines.native.llvm.builder import Builder
    >>> class Pair(ctypes.Structure):
    ...     _fields_ = (("numbers", ctypes.c_void_p), ("count", ctypes.c_int64))
    >>> builder = Builder("f(ptr %pair)")
    >>> loaded(builder, Pair, "%pair", "count")
    {'count': '%t2'}
    >>> builder.lines
    ['  %t1 = getelementptr i64, ptr %pair, i64 1', '  %t2 = load i64, ptr %t1']
    """
    kinds = {name: kind for name, kind, *_ in structure._fields_}
    return {
        name: builder.load(
            LLVM_TYPES[kinds[name]], pointer, str(getattr(structure, name).offset // ctypes.sizeof(kinds[name]))
        )
        for name in names or kinds
    }

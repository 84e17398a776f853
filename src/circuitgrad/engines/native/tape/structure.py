"""What a tape consists of, as its machine code sees it: pointers and whole numbers."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from circuitgrad.engines.native.llvm.structures import loaded

if TYPE_CHECKING:
    from circuitgrad.engines.native.llvm.builder import Builder


class TapeStructure(ctypes.Structure):
    """A tape. Slots are numbered as in a circuit, but gates stand in the order in which they are computed.

    Attributes:
        gates: the number of gates.
        first: the slot of the first gate.
        slots: the number of slots.
        kinds: per gate, the number of its rule (bytes).
        operands: per operand position, the slots of all gates' operands (32 bits each).
        values: the value of every slot.
        grads: the derivative of the output in every slot.
        runs: the number of runs.
        run_kinds: per run, which of the functions computes it (bytes).
        run_ends: per run, the gate behind its last one (32 bits).
        wide: 1 where no gate of a run depends on another one of it.
        bound: the slots whose values are given.
        bound_count: their number.
        wanted: the slots whose values are wanted.
        wanted_count: their number.
        targets: the slots that are differentiated.
        targets_count: their number.
        wrt: the slots in which they are differentiated.
        wrt_count: their number.
        held: how many of the given slots have one value for all rows, where sums over rows are wanted.
        squares: 1 where the squares of the wanted values are summed.
        totals: the sums so far, several of each.
    """

    _fields_ = (
        *((name, ctypes.c_int64) for name in (
            "gates", "first", "slots", "runs", "wide", "bound_count", "wanted_count", "targets_count", "wrt_count",
            "held", "squares",
        )),
        *((name, ctypes.c_void_p) for name in (
            "kinds", "operands", "values", "grads", "run_kinds", "run_ends", "bound", "wanted", "targets", "wrt",
            "totals",
        )),
    )  # fmt: skip


def fields(builder: Builder, *names: str) -> list[str]:
    """Return the values of some parts of the tape, which is the function's parameter `%tape`."""
    return list(loaded(builder, TapeStructure, "%tape", *names).values())

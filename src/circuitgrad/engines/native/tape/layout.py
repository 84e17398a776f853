"""What a tape consists of, as its machine code sees it: a row of pointers and whole numbers."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from circuitgrad.engines.native.building import Builder


class Layout(ctypes.Structure):
    """A tape. Slots are numbered as in a circuit, but gates stand in the order in which they are computed.

    Attributes:
        gates: the number of gates.
        first: the slot of the first gate.
        slots: the number of slots.
        kinds: per gate, which of the rows it is of (bytes).
        operands: per operand position, the slots of all gates' operands (32 bits each).
        values: the value of every slot.
        grads: the derivative of the output in every slot.
        runs: the number of runs.
        run_kinds: per run, which of the kernels computes it (bytes).
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
        held: so many of the given slots have one value for all rows, where sums over rows are wanted.
        squares: 1 where the squares of the wanted values are summed.
        totals: the sums so far, several of each.
        flat: all gates' operands, gate after gate, in the circuit's order (32 bits).
        rows: per gate, in the circuit's order, which of the rows it is of (bytes).
        levels: per gate, its level: one above that of its highest operand (32 bits).
        counts: as many numbers as there are gates, and one more, all 0 (32 bits).
        places: per gate, in the circuit's order, where it stands on the tape (32 bits).
    """

    _fields_ = tuple(
        (name, ctypes.c_int64)
        for name in (
            "gates", "first", "slots", "kinds", "operands", "values", "grads", "runs", "run_kinds", "run_ends", "wide",
            "bound", "bound_count", "wanted", "wanted_count", "targets", "targets_count", "wrt", "wrt_count",
            "held", "squares", "totals", "flat", "rows", "levels", "counts", "places",
        )
    )  # fmt: skip


NUMBERS = frozenset({"gates", "first", "slots", "runs", "wide", "held", "squares"})
FIELDS = [name for name, *_ in Layout._fields_]


def fields(builder: Builder, *names: str) -> list[str]:
    """Return the values of some parts of the tape, which is the function's parameter `%tape`."""
    return [
        builder.load("i64" if name in NUMBERS or name.endswith("_count") else "ptr", "%tape", str(FIELDS.index(name)))
        for name in names
    ]

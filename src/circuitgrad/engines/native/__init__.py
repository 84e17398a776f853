"""The passes as machine code, made from the gate table by LLVM: at single points, and over rows, several at once.

Small circuits become straight-line code, where every wire is a register; large ones a tape, which code made of the gate
table's rows runs over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native import straight, tape
from circuitgrad.engines.native.sums import Sums
from circuitgrad.engines.native.walk import Course, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.engines import Compute, Program, Wanted

__all__ = ["Course", "Sums", "Walk", "columns", "program"]

PASSES = 10_000
"""Straight-line code pays from so many passes on."""
ROWS = 300_000
"""From so many rows on, where several are computed at once."""


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted, passes: int | None = None) -> Program:
    """Return what computes what is wanted at a point, about so many times; see `engines.program`."""
    if _is_straight(circuit, passes, PASSES):
        return straight.program(circuit, names, wanted)
    return tape.program(circuit, names, wanted)


def columns(circuit: Circuit, names: Sequence[str], wanted: Wanted, rows: int | None = None) -> Compute:
    """Return what computes what is wanted of about so many rows; see `engines.over_columns`."""
    if _is_straight(circuit, rows, ROWS):
        return straight.columns(circuit, names, wanted)
    return tape.columns(circuit, names, wanted)


def _is_straight(circuit: Circuit, passes: int | None, many: int) -> bool:
    """Tell whether straight-line code is the better one for about so many passes, or for as many as pay for it."""
    pays = len(circuit.rows) <= straight.MOST and (passes is None or passes >= many)
    return pays or not tape.fits(circuit)

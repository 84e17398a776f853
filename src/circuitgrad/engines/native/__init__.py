"""The passes as machine code, made from the gate table by LLVM: at single points, and over rows, several at once.

Small circuits become straight-line code, where every wire is a register; large ones a tape, which code made of the gate
table's rows runs over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native import straight, tape
from circuitgrad.engines.native.forms import is_straight
from circuitgrad.engines.native.sums import Sums
from circuitgrad.engines.native.walk import Course, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Compute, Program, Wanted

__all__ = ["Course", "Sums", "Walk", "columns", "program"]


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted, passes: int | None = None) -> Program:
    """Return what computes what is wanted at a point, about so many times; see `engines.program`."""
    if is_straight(circuit, passes, at_once=False):
        return straight.program(circuit, names, wanted)
    return tape.program(circuit, names, wanted)


def columns(circuit: Circuit, names: Sequence[str], wanted: Wanted, rows: int | None = None) -> Compute:
    """Return what computes what is wanted of about so many rows; see `engines.over_columns`."""
    if is_straight(circuit, rows, at_once=True):
        return straight.columns(circuit, names, wanted)
    return tape.columns(circuit, names, wanted)

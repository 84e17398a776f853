"""Programs of a circuit as machine code: straight-line code for small circuits, a tape for large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.straight import straight
from circuitgrad.engines.native.straight_or_tape import is_straight
from circuitgrad.engines.native.tape import tape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Compute, Program, Wanted


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted, passes: int | None = None) -> Program:
    """Return what computes what is wanted at a point, about so many times; see `engines.programs.program`."""
    if is_straight(circuit, passes, at_once=False):
        return straight.program(circuit, names, wanted)
    return tape.program(circuit, names, wanted)


def over_columns(circuit: Circuit, names: Sequence[str], wanted: Wanted, rows: int | None = None) -> Compute:
    """Return what computes what is wanted of about so many rows; see `engines.programs.over_columns`."""
    if is_straight(circuit, rows, at_once=True):
        return straight.over_columns(circuit, names, wanted)
    return tape.over_columns(circuit, names, wanted)

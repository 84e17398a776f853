"""The choice between straight-line code and a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.straight.straight import MOST_STRAIGHT_GATES
from circuitgrad.engines.native.tape.tape import fits

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

ALWAYS_STRAIGHT_GATES = 100
"""Straight-line code for so few gates is made sooner than what runs a tape."""
REPAYING_PASSES = 10_000
"""For more, up to `MOST_STRAIGHT_GATES`, it pays from so many passes on."""
REPAYING_ROWS = 300_000
"""From so many rows on, where several are computed at once."""


def is_straight(circuit: Circuit, passes: int | None, *, at_once: bool) -> bool:
    """Tell whether straight-line code serves better than a tape.

    Args:
        circuit: the circuit.
        passes: about how many passes there will be, over rows too; many where that is not known.
        at_once: whether several rows are computed at once.

    >>> from circuitgrad import from_expression
    >>> is_straight(from_expression("2*x", x=1), 1, at_once=True)
    True
    """
    gates = len(circuit.rules)
    is_repaid = passes is None or passes >= (REPAYING_ROWS if at_once else REPAYING_PASSES)
    return gates <= ALWAYS_STRAIGHT_GATES or (gates <= MOST_STRAIGHT_GATES and is_repaid) or not fits(circuit)

"""Which of its two forms machine code takes: straight-line code, or a tape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native import straight, tape

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

FEW = 100
"""Straight-line code for up to so many gates is made sooner than what runs a tape."""
PASSES = 10_000
"""For more, up to `straight.MOST`, it pays from so many passes on."""
ROWS = 300_000
"""From so many rows on, where several are computed at once."""


def is_straight(circuit: Circuit, passes: int | None, *, at_once: bool) -> bool:
    """Tell whether straight-line code is the better form.

    Args:
        circuit: the circuit.
        passes: about how many passes there will be, over rows too; many where that is not known.
        at_once: whether several rows are computed at once.

    >>> from circuitgrad import from_expression
    >>> is_straight(from_expression("2*x", x=1), 1, at_once=True)
    True
    """
    gates = len(circuit.rules)
    is_repaid = passes is None or passes >= (ROWS if at_once else PASSES)
    return gates <= FEW or (gates <= straight.MOST and is_repaid) or not tape.fits(circuit)

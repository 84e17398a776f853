"""Sums by machine code of either form, whatever the size of the circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from circuitgrad.engines.native import sums
from circuitgrad.engines.native.sums import RowSums

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

FORMS = ("straight", "tape")


def summing(form: str, circuit: Circuit, held: list[str], **options: Any) -> RowSums:
    """Return what sums up the output `out`, as straight-line code or as a tape."""
    with patch.object(sums, "is_straight", return_value=form == "straight"):
        return RowSums(circuit, held, "out", **options)

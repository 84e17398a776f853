"""The passes as one Python function, made from the gate table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.engines.source import FUNCTION, source_of
from circuitgrad.gates.compiled import called
from circuitgrad.gates.doubles import DOUBLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Program, Wanted


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted; see `engines.program`."""
    source = source_of(circuit, names, wanted)
    space: dict[str, Any] = {"__builtins__": {}, **DOUBLES.constants, **called(source.calls, DOUBLES)}
    # What is run was printed from parsed steps: numbers, names and calls of gates, nothing else.
    exec(compile(source.text, f"<passes of {circuit.name}>", "exec"), space)  # noqa: S102
    made: Program = space[FUNCTION]
    return made

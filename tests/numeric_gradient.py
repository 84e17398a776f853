"""Numeric gradients of circuits, to compare exact ones with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.methods.numeric import default_step, slopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad import Circuit


def numeric_gradient(
    circuit: Circuit, output: str, names: Sequence[str], method: str = "central", h: float | None = None
) -> dict[str, float]:
    """Return the finite differences of an output in each input in `names`, the others held at their present values."""
    gradient = {}
    for name in names:
        x = circuit[name].value
        step = default_step(method, x) if h is None else h
        gradient[name] = slopes(_along(circuit, output, name), x, method, step).slope
    return gradient


def _along(circuit: Circuit, output: str, name: str) -> Callable[[float], float]:
    return lambda value: circuit.evaluate(output, {name: value})

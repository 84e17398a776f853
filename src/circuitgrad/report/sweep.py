"""A sweep as a table and as a JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.report.number_text import for_json
from circuitgrad.report.results import outputs_json
from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.sweep import Sweep


def sweep_columns(sweep: Sweep) -> list[Column]:
    """Return the columns of a sweep: the inputs that move, the outputs, the gradients."""
    axes = [Column(axis.name, number=True) for axis in sweep.axes]
    return axes + [Column(series.title, "red" if series.wrt else "green", number=True) for series in sweep.series]


def sweep_table(sweep: Sweep) -> Table:
    """Return every point of a sweep."""
    return Table(sweep_columns(sweep), sweep, noun="points")


def sweep_json(circuit: Circuit, sweep: Sweep, outputs: Sequence[str]) -> dict[str, Any]:
    """Return the document of `sweep`: per series a number for every point, the last input moving first."""
    numbers = [[for_json(value) for value in column] for column in sweep.columns()[len(sweep.axes) :]]
    results = dict(zip(sweep.series, numbers, strict=True))
    document: dict[str, Any] = {
        "circuit": circuit.name,
        "output": outputs_json(outputs),
        "over": {axis.name: list(axis.values) for axis in sweep.axes},
        "rows": {series.output: column for series, column in results.items() if series.wrt is None},
    }
    grads: dict[str, dict[str, Any]] = {}
    for series, column in results.items():
        if series.wrt is not None:
            grads.setdefault(series.output, {})[series.wrt] = column
    return {**document, "grads": grads} if grads else document

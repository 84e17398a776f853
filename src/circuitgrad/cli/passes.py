"""What `forward` and `backward` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.cli import options
from circuitgrad.methods.nonfinite import nonfinite_value
from circuitgrad.report.results import pass_json, pass_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit import Circuit


def report_pass(
    circuit: Circuit,
    gradients: Mapping[str, Mapping[str, float]],
    outputs: Sequence[str],
    form: str,
    precision: int | None,
    *,
    everything: bool,
    quiet: bool,
) -> None:
    """Print every wire's value, and its gradients if there are any."""
    values = circuit.forward()
    options.warn(nonfinite_value(circuit), quiet=quiet)
    if form == "json":
        options.emit_json(pass_json(circuit, values, gradients, outputs, expanded=everything))
        return
    table = pass_table(circuit, values, gradients, outputs, expanded=everything)
    options.emit_table(options.title(circuit), table, form, precision, everything=everything, quiet=quiet)

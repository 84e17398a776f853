"""`circuitgrad hessian`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import option_values, options, printing

if TYPE_CHECKING:
    from circuitgrad.cli.reading import CircuitReader


@click.command("hessian", short_help="Compute the second derivatives of the output in the inputs.")
@options.file
@options.wrt
@options.single_output_reader
@options.form
@options.precision
@options.quiet
@options.debug
def command(
    file: str,
    wrt: tuple[str, ...],
    reader: CircuitReader,
    form: str,
    precision: int | None,
    quiet: bool,
) -> None:
    """Compute the second derivatives of the output in every pair of inputs.

    They are the backward pass, differentiated forward; `circuitgrad check --order 2` proves them.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.methods.hessian import hessian, singular_gate
    from circuitgrad.methods.nonfinite import silenced_slope
    from circuitgrad.report.results import hessian_json, hessian_table

    circuit, output = reader.load_single(file, quiet=quiet)
    gradient = circuit.backward(output)
    printing.warn_nonfinite(circuit, quiet=quiet)
    names = option_values.chosen_inputs(circuit, wrt)
    printing.warn(silenced_slope(circuit, output, names) or singular_gate(circuit, output, names), quiet=quiet)
    second = hessian(circuit, output, names)
    if form == "json":
        printing.emit_json(hessian_json(circuit, output, gradient, second))
        return
    heading = f"{printing.title(circuit)}\nsecond derivatives of {output}"
    printing.emit_table(heading, hessian_table(second), form, precision, everything=True, quiet=quiet)

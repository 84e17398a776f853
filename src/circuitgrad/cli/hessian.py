"""`circuitgrad hessian`."""

from __future__ import annotations

import click

from circuitgrad.cli import options


@click.command("hessian", short_help="Compute the second derivatives of the output in the inputs.")
@options.file
@options.wrt
@options.assignments
@options.reading
@options.output
@options.form
@options.precision
@options.quiet
@options.debug
def command(
    file: str,
    wrt: tuple[str, ...],
    assignments: dict[str, float],
    outputs: tuple[str, ...],
    form: str,
    precision: int | None,
    quiet: bool,
) -> None:
    """Compute the second derivatives of the output in every pair of inputs.

    They are the backward pass, differentiated forward; `circuitgrad check --order 2` proves them.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.methods.hessian import hessian
    from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value
    from circuitgrad.report.results import hessian_json, hessian_table

    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    output = chosen[0] if len(chosen) == 1 else circuit.single_output()
    gradient = circuit.backward(output)
    options.warn(nonfinite_value(circuit), quiet=quiet)
    options.warn(nonfinite_gradient(circuit), quiet=quiet)
    second = hessian(circuit, output, options.chosen_inputs(circuit, wrt))
    if form == "json":
        options.emit_json(hessian_json(circuit, output, gradient, second))
        return
    heading = f"{options.title(circuit)}\nsecond derivatives of {output}"
    options.emit_table(heading, hessian_table(second), form, precision, everything=True, quiet=quiet)

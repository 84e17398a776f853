"""`circuitgrad forward`."""

from __future__ import annotations

import click

from circuitgrad.cli import options


@click.command("forward", short_help="Compute every wire's value.")
@options.file
@options.assignments
@options.reading
@options.outputs
@options.data
@options.output_file
@options.form
@options.precision
@options.everything
@options.engines
@options.quiet
@options.debug
def command(
    file: str,
    assignments: dict[str, float],
    outputs: tuple[str, ...],
    data: str | None,
    output_file: str | None,
    form: str,
    precision: int | None,
    everything: bool,
    engine: str | None,
    verbose: bool,
    quiet: bool,
) -> None:
    """Compute every wire's value.

    With --data: the output for every row, in the order of the rows. CSV and Markdown come as they are computed; --all
    adds the other wires. Bounds (min, max) do not hold for data.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    if data is not None:
        from circuitgrad.cli.rows import Printing, report_rows

        printing = Printing(form, precision, everything, quiet, output_file, engine, verbose)
        options.refuse_shared_stdin(data, [file])
        circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
        report_rows(circuit, data, assignments, chosen, None, printing)
        return
    from circuitgrad.cli.passes import again, report_pass

    options.refuse_without_data(output_file=output_file)
    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    values, gradients = again(circuit, (), engine, verbose=verbose) or (circuit.forward(), {})
    report_pass(circuit, values, gradients, chosen, form, precision, everything=everything, quiet=quiet)

"""`circuitgrad backward`."""

from __future__ import annotations

import click

from circuitgrad.cli import options


@click.command("backward", short_help="Compute every wire's value and gradient.")
@options.file
@options.assignments
@options.reading
@options.outputs
@options.wrt
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
    wrt: tuple[str, ...],
    data: str | None,
    output_file: str | None,
    form: str,
    precision: int | None,
    everything: bool,
    engine: str | None,
    verbose: bool,
    quiet: bool,
) -> None:
    """Compute every wire's value, and the derivative of the output with respect to it.

    Several outputs give the Jacobian.

    With --data: the output and its derivatives in the inputs for every row, in the order of the rows. CSV and Markdown
    come as they are computed; --all adds the other wires. Bounds (min, max) do not hold for data.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    if data is not None:
        from circuitgrad.cli.rows import Printing, report_rows

        printing = Printing(form, precision, everything, quiet, output_file, engine, verbose)
        options.refuse_shared_stdin(data, [file])
        circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
        report_rows(circuit, data, assignments, chosen, wrt, printing)
        return
    from circuitgrad.cli.passes import again, report_pass
    from circuitgrad.methods.nonfinite import nonfinite_gradient

    options.refuse_without_data(wrt=wrt, output_file=output_file)
    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    values, gradients = circuit.forward(), {}
    for output in chosen:
        gradients[output] = circuit.backward(output)
        options.warn(nonfinite_gradient(circuit), quiet=quiet)
    values, gradients = again(circuit, chosen, engine, verbose=verbose) or (values, gradients)
    report_pass(circuit, values, gradients, chosen, form, precision, everything=everything, quiet=quiet)

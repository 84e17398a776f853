"""`circuitgrad backward`."""

from __future__ import annotations

import click

from circuitgrad.cli import options


@click.command("backward", short_help="Compute every wire's value and gradient.")
@options.file
@options.assignments
@options.reading
@options.outputs
@options.form
@options.precision
@options.everything
@options.quiet
@options.debug
def command(
    file: str,
    assignments: dict[str, float],
    outputs: tuple[str, ...],
    form: str,
    precision: int | None,
    everything: bool,
    quiet: bool,
) -> None:
    """Compute every wire's value, and the derivative of the output with respect to it.

    Several outputs give the Jacobian. FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.cli.passes import report_pass
    from circuitgrad.methods.nonfinite import nonfinite_gradient

    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    gradients = {}
    for output in chosen:
        gradients[output] = circuit.backward(output)
        options.warn(nonfinite_gradient(circuit), quiet=quiet)
    report_pass(circuit, gradients, chosen, form, precision, everything=everything, quiet=quiet)

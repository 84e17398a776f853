"""`circuitgrad forward`."""

from __future__ import annotations

import click

from circuitgrad.cli import options


@click.command("forward", short_help="Compute every wire's value.")
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
    """Compute every wire's value.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.cli.passes import report_pass

    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    report_pass(circuit, {}, chosen, form, precision, everything=everything, quiet=quiet)

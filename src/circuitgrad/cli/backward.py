"""`circuitgrad backward`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options
from circuitgrad.cli.passes import report_passes

if TYPE_CHECKING:
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.cli.options import PassOptions
    from circuitgrad.cli.reading import CircuitReader


@click.command("backward", short_help="Compute every wire's value and gradient.")
@options.file
@options.reader
@options.wrt
@options.pass_options
@options.rows
def command(
    file: str, reader: CircuitReader, wrt: tuple[str, ...], given: PassOptions, rows_options: RowsOptions
) -> None:
    """Compute every wire's value, and the derivative of the output with respect to it.

    Several outputs give the Jacobian. --wrt shows the derivatives in some inputs alone.

    With --data: the output and its derivatives in the inputs for every row, in the order of the rows. CSV and Markdown
    come as they are computed; --all adds the other wires. Bounds (min, max) do not hold for data.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    report_passes(file, reader, given, rows_options, wrt)

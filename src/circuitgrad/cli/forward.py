"""`circuitgrad forward`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options
from circuitgrad.cli.passes import report_passes

if TYPE_CHECKING:
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.cli.options import PassOptions
    from circuitgrad.cli.reading import CircuitReader


@click.command("forward", short_help="Compute every wire's value.")
@options.file
@options.reader
@click.option(
    "--show-digits",
    is_flag=True,
    help="Show how many digits of each value are right, against 60 digits, and name the gate that loses them first.",
)
@options.pass_options
@options.rows
def command(file: str, reader: CircuitReader, given: PassOptions, rows_options: RowsOptions, show_digits: bool) -> None:
    """Compute every wire's value.

    With --data: the output for every row, in the order of the rows. CSV and Markdown come as they are computed; --all
    adds the other wires. Bounds (min, max) do not hold for data.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    report_passes(file, reader, given, rows_options, wrt=None, show_digits=show_digits)

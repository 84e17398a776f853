"""`circuitgrad gates`."""

from __future__ import annotations

import click

from circuitgrad.cli import options


@click.command("gates", short_help="List the gates with their formulas and derivatives.")
@options.form()
@options.quiet
@options.debug
def command(form: str, quiet: bool) -> None:
    """List the gates with their formulas and derivatives, all in the language of circuit files.

    In a derivative, out is the gate's own value.
    """
    from circuitgrad.gates import GATES
    from circuitgrad.report.results import gates_json, gates_table

    rows = list(GATES.values())
    if form == "json":
        options.emit_json(gates_json(rows))
    else:
        options.emit_table(f"{len(rows)} gates", gates_table(rows), form, None, quiet=quiet)

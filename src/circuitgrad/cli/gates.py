"""`circuitgrad gates`."""

from __future__ import annotations

import click

from circuitgrad.cli import options, printing


@click.command("gates", short_help="List the gates and their derivatives, or show one in full.")
@click.argument("name", metavar="[NAME]", required=False)
@options.form
@options.quiet
@options.debug
def command(name: str | None, form: str, quiet: bool) -> None:
    """List the gates with their formulas and derivatives, all in the language of circuit files.

    In a derivative, out is the gate's own value.

    NAME, a gate's name or one of its other names, shows that gate in full: its formulas, its conventions, the range in
    which it is tested, and plots of its value and its derivatives.
    """
    if name is None:
        _list(form, quiet=quiet)
    else:
        _show(name, form, quiet=quiet)


def _list(form: str, *, quiet: bool) -> None:
    from circuitgrad.gates.table import GATES
    from circuitgrad.report.gates import gates_csv, gates_json, gates_table

    rules = list(GATES.values())
    if form == "json":
        printing.emit_json(gates_json(rules))
    else:
        table = gates_csv(rules) if form == "csv" else gates_table(rules)
        printing.emit_table(f"{len(rules)} gates", table, form, None, quiet=quiet)


def _show(name: str, form: str, *, quiet: bool) -> None:
    from circuitgrad.gates.table import find
    from circuitgrad.report.gates import gate_json, gate_table, gate_title, gates_csv

    rule = find(name)
    if form == "json":
        printing.emit_json(gate_json(rule))
        return
    table = gates_csv([rule]) if form == "csv" else gate_table(rule, titled=form != "table")
    printing.emit_table(gate_title(rule), table, form, None, quiet=quiet)
    if form == "table":
        from circuitgrad.report.gate_plot import gate_plot

        printing.emit(f"\n{gate_plot(rule)}")

"""`circuitgrad schema`."""

from __future__ import annotations

import click

from circuitgrad.cli import options, printing


@click.command("schema", short_help="Print the JSON Schema of circuit files, for editors.")
@options.debug
def command() -> None:
    """Print the JSON Schema (draft 7) of circuit files, with which editors complete and check them.

    Save it beside the circuits, and begin a circuit file with the line

      # yaml-language-server: $schema=circuit.schema.json
    """
    from circuitgrad.gates.table import NAMES
    from circuitgrad.language.format import schema

    printing.emit_json(schema({name: rule.about for name, rule in NAMES.items()}))

"""`circuitgrad explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import option_values, options, printing

if TYPE_CHECKING:
    from circuitgrad.cli.reading import CircuitReader

PATHS_OF_ALL_INPUTS = 30
"""About how many paths all inputs have together, unless `--paths` says otherwise."""
MOST_PATHS_OF_INPUT = 10
MOST_INPUTS_WITH_PATHS = 20
"""The inputs that get paths where none are chosen."""


@click.command("explain", short_help="Show the chain rule in numbers, path by path and gate by gate.")
@options.file
@options.wrt
@click.option(
    "--paths",
    "most",
    metavar="N",
    type=click.IntRange(1, 1000),
    help="How many paths an input has at most, the largest products first; the others are counted and summed.  "
    f"[default: {MOST_PATHS_OF_INPUT}, and fewer for more than {PATHS_OF_ALL_INPUTS // MOST_PATHS_OF_INPUT} inputs]",
)
@options.single_output_reader
@options.form_among(["table", "json", "markdown"], "How to print the results; markdown has LaTeX.")
@options.precision
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show the paths of all inputs, with the wires of expanded expressions, and all of a long table.",
)
@options.quiet
@options.debug
def command(
    file: str,
    wrt: tuple[str, ...],
    most: int | None,
    reader: CircuitReader,
    form: str,
    precision: int | None,
    everything: bool,
    quiet: bool,
) -> None:
    """Show the chain rule in numbers.

    The derivative of the output in an input is a sum over the paths between them, of the products of the local
    derivatives on a path. Below the paths stands how a backward pass arrives at the same, gate by gate: every gate adds
    upstream times local derivative to the gradient of its operand.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.methods.explain import explain
    from circuitgrad.report.explain import explain_json, gates_table, notes, paths_table

    circuit, output = reader.load_single(file, quiet=quiet)
    names = option_values.chosen_inputs(circuit, wrt)
    inputs = len(names) if wrt or everything else MOST_INPUTS_WITH_PATHS
    default = max(1, min(MOST_PATHS_OF_INPUT, PATHS_OF_ALL_INPUTS // max(1, min(inputs, len(names)))))
    explained = explain(circuit, output, names, most=most or default, inputs=inputs)
    printing.warn_nonfinite(circuit, quiet=quiet)
    if form == "json":
        printing.emit_json(explain_json(explained))
    elif form == "markdown":
        from circuitgrad.report.derivation import markdown

        for piece in markdown(explained, precision, everything=everything):
            printing.emit(piece)
    else:
        paths = paths_table(explained, precision, everything=everything)
        printing.emit_table(printing.title(circuit), paths, form, precision, everything=everything, quiet=quiet)
        if lines := notes(explained):
            printing.emit_notes("\n".join(lines), quiet=quiet)
        gates = gates_table(explained, everything=everything)
        if gates.rows:
            printing.emit("\n")
            printing.emit_table(
                "the backward pass, gate by gate", gates, form, precision, everything=everything, quiet=quiet
            )

"""`circuitgrad explain`."""

from __future__ import annotations

import click

from circuitgrad.cli import options

TOGETHER = 30
"""Unless another number is wanted, all inputs have about so many paths together."""
MOST = 10
MOST_INPUTS = 20
"""Where no inputs are chosen, so many of them get paths."""


@click.command("explain", short_help="Show the chain rule in numbers, path by path and gate by gate.")
@options.file
@options.wrt
@click.option(
    "--paths",
    "most",
    metavar="N",
    type=click.IntRange(1, 1000),
    help="How many paths an input has at most, the largest products first; the others are counted and summed.  "
    f"[default: {MOST}, and fewer for more than {TOGETHER // MOST} inputs]",
)
@options.assignments
@options.reading
@options.output
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
    assignments: dict[str, float],
    outputs: tuple[str, ...],
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
    from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value
    from circuitgrad.report.explain import explain_json, gates_table, notes, paths_table

    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    output = chosen[0] if len(chosen) == 1 else circuit.single_output()
    names = options.chosen_inputs(circuit, wrt)
    inputs = len(names) if wrt or everything else MOST_INPUTS
    fitting = max(1, min(MOST, TOGETHER // max(1, min(inputs, len(names)))))
    explained = explain(circuit, output, names, most=most or fitting, inputs=inputs)
    options.warn(nonfinite_value(circuit), quiet=quiet)
    options.warn(nonfinite_gradient(circuit), quiet=quiet)
    if form == "json":
        options.emit_json(explain_json(explained))
    elif form == "markdown":
        from circuitgrad.report.derivation import markdown

        for piece in markdown(explained, precision, everything=everything):
            options.emit(piece)
    else:
        paths = paths_table(explained, precision, everything=everything)
        options.emit_table(options.title(circuit), paths, form, precision, everything=everything, quiet=quiet)
        if said := notes(explained):
            options.emit_notes("\n".join(said), quiet=quiet)
        gates = gates_table(explained, everything=everything)
        if gates.rows:
            options.emit("\n")
            options.emit_table(
                "the backward pass, gate by gate", gates, form, precision, everything=everything, quiet=quiet
            )

"""`circuitgrad check`."""

from __future__ import annotations

import click

from circuitgrad.cli import options
from circuitgrad.errors import Problem


@click.command("check", short_help="Check the gradient against a numeric one, and the expected values.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--method",
    type=click.Choice(["central", "forward"]),
    default="central",
    show_default=True,
    help="The finite difference: central, or the guide's forward difference.",
)
@click.option(
    "--h",
    metavar="H",
    type=options.Number(0, min_open=True),
    help="The step of the finite difference.  [default: 1e-4 for forward; the cube root of the rounding unit, "
    "scaled to the input, for central]",
)
@click.option(
    "--rtol",
    metavar="R",
    type=options.Number(0),
    help="The relative tolerance.  [default: 1e-6 for central, 1e-3 for forward]",
)
@click.option(
    "--atol", metavar="A", type=options.Number(0), default=0.0, show_default=True, help="An absolute tolerance."
)
@options.assignments
@options.reading
@options.outputs
@options.form
@options.precision
@click.option(
    "--all", "everything", is_flag=True, help="List also the gates that are in order, and all of a long table."
)
@options.quiet
@options.debug
def command(
    files: tuple[str, ...],
    method: str,
    h: float | None,
    rtol: float | None,
    atol: float,
    assignments: dict[str, float],
    outputs: tuple[str, ...],
    form: str,
    precision: int | None,
    everything: bool,
    quiet: bool,
) -> int:
    """Check the derivatives of circuits, and the values that their files expect.

    Every input's derivative is held against a finite difference, every gate's partial derivatives against exact slopes
    of its value rule. Exits with 1 if anything is wrong.

    FILE is a circuit in YAML or JSON, or a folder of them; - reads standard input.
    """
    from circuitgrad.methods.check import check
    from circuitgrad.report.results import check_json, check_notes, check_table

    circuits = [options.load_circuit(file, assignments, outputs, quiet=quiet) for file in options.circuit_files(files)]
    if assignments and any(circuit.expect for circuit, _ in circuits):
        options.warn(
            Problem("the expected values are those of the file: with --set they are not verified"), quiet=quiet
        )
        for circuit, _ in circuits:
            circuit.expect.clear()
    checks = [check(circuit, chosen, method=method, h=h, rtol=rtol, atol=atol) for circuit, chosen in circuits]
    if form == "json":
        documents = [check_json(one) for one in checks]
        options.emit_json(documents if len(documents) > 1 else documents[0])
    elif form == "table" and not (quiet and len(checks) > 1):
        for position, one in enumerate(checks):
            if position:
                options.emit("\n")
            table = check_table([one], slopes=False, everything=everything)
            options.emit_table(options.title(one.circuit), table, form, precision, everything=everything, quiet=quiet)
            options.emit_notes(check_notes(one, everything=everything), quiet=quiet)
        if len(checks) > 1:
            failed = [one.circuit.name for one in checks if not one.passed]
            options.emit_notes(
                f"{len(checks) - len(failed)} of {len(checks)} circuits passed"
                + (f"; failed: {', '.join(failed)}" if failed else ""),
                quiet=quiet,
            )
    else:
        options.emit_table("", check_table(checks, slopes=True, everything=everything), form, precision, quiet=quiet)
    return 0 if all(one.passed for one in checks) else 1

"""`circuitgrad check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options

if TYPE_CHECKING:
    from circuitgrad.methods.check import Check


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
    type=click.FloatRange(0, min_open=True),
    help="The step of the finite difference.  [default: 1e-4 for forward; the cube root of the rounding unit, "
    "scaled to the input, for central]",
)
@click.option(
    "--rtol",
    metavar="R",
    type=click.FloatRange(0),
    help="The relative tolerance.  [default: 1e-6 for central, 1e-3 for forward]",
)
@click.option("--atol", metavar="A", type=click.FloatRange(0), default=0.0, show_default=True, help="An absolute tolerance.")
@options.assignments
@options.outputs
@options.form()
@options.precision
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
    quiet: bool,
) -> int:
    """Check every input's derivative against a numeric one, every gate's partial derivatives against its value rule,
    and the values in the file's expect block. Exits with 1 if anything is wrong.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.methods.check import check
    from circuitgrad.report.results import check_json, check_table

    circuits = [options.load_circuit(file, assignments, outputs) for file in files]
    checks = [check(circuit, chosen, method=method, h=h, rtol=rtol, atol=atol) for circuit, chosen in circuits]
    if form == "json":
        documents = [check_json(one) for one in checks]
        options.emit_json(documents if len(documents) > 1 else documents[0])
    else:
        for position, one in enumerate(checks):
            if position and form != "csv":
                options.emit("\n")
            options.emit_table(options.title(one.circuit), check_table(one), form, precision, quiet=quiet)
            if form == "table" and not quiet:
                options.emit(f"\n{summary(one)}\n")
    return 0 if all(one.passed for one in checks) else 1


def summary(check: Check) -> str:
    """Return the line under a check's table: the verdict, how it was reached, and what was counted."""
    step = "" if check.h is None else f", h = {check.h:g}"
    gates = sum(one.verdict == "ok" for one in check.gates.values())
    return (
        f"{'passed' if check.passed else 'FAILED'}: {check.method} differences{step}, rtol = {check.rtol:g}; "
        f"{gates} of {len(check.gates)} gates ok against exact slopes"
    )

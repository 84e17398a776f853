"""`circuitgrad check`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options
from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, Problem
from circuitgrad.report.rendering import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Source
    from circuitgrad.methods.check.outcome import Check
    from circuitgrad.methods.check.points import Point

METHODS = ["auto", "mp", "central", "forward", "complex", "ridders"]


@click.command("check", short_help="Prove the gradient, gate by gate, and the expected values.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="auto",
    show_default=True,
    help="The reference: mp, the slopes of the value rules to 60 digits; central or forward (the guide's) differences; "
    "complex, the complex step; ridders, extrapolated differences. auto takes mp where the work allows.",
)
@click.option(
    "--h",
    metavar="H",
    type=options.Number(0, min_open=True),
    help="The step of central and forward differences, or ridders' first one.  [default: the method's own, scaled to "
    "the input]",
)
@click.option(
    "--rtol",
    metavar="R",
    type=options.Number(0),
    help="The relative tolerance.  [default: 1e-9 for mp, and 1e-14 for its rules; 1e-10 complex; 1e-7 ridders; 1e-6 "
    "central; 1e-3 forward]",
)
@click.option(
    "--atol",
    metavar="A",
    type=options.Number(0),
    help="An absolute tolerance, in units of the largest gradient.  [default: 1e-15, and none for the rules of mp]",
)
@click.option(
    "--order",
    metavar="1|2",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="2 checks the second derivatives instead of the first.",
)
@options.wrt
@click.option(
    "--points",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Check at N points more, drawn between min and max, or within half of an input's value around it.",
)
@click.option("--seed", metavar="S", type=int, default=0, show_default=True, help="What random points start from.")
@click.option("--data", metavar="CSV", help="Check at every row, too; columns are named after inputs. - reads stdin.")
@click.option("--only-failed", is_flag=True, help="List nothing but what failed.")
@options.assignments
@options.reading
@options.outputs
@options.form_among(
    [*FORMATS, "junit", "github"], "How to print the results; junit and github are for continuous integration."
)
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
    atol: float | None,
    order: int,
    wrt: tuple[str, ...],
    points: int,
    seed: int,
    data: str | None,
    only_failed: bool,
    assignments: dict[str, float],
    outputs: tuple[str, ...],
    form: str,
    precision: int | None,
    everything: bool,
    quiet: bool,
) -> int:
    """Prove the derivatives of circuits, and the values that their files expect.

    Every input's derivative is held against a reference, every gate's partial derivatives against the slopes of its
    value rule, and every wire's gradient against the sum over its consumers. What is wrong is named, with its place.
    Exits with 1 if anything is.

    FILE is a circuit in YAML or JSON, or a folder of them; - reads standard input.
    """
    from circuitgrad.methods.check.check import check
    from circuitgrad.methods.check.points import hidden_faults

    paths, several = options.circuit_files(files)
    rows = None if data is None else options.read_data(data, paths)

    def checked(path: str) -> Check:
        circuit, chosen = options.load_circuit(path, assignments, outputs, quiet=quiet)
        if assignments and circuit.expect:
            said = f"{circuit.name}: the expected values are those of the file: with --set they are not verified"
            options.warn(Problem(said), quiet=quiet)
            circuit.expect.clear()
        elsewhere = _points(circuit, points, seed, rows, quiet=quiet)
        if not (several or elsewhere) and form == "table" and (why := hidden_faults(circuit.values())):
            hint = "--points 5 checks elsewhere, too"
            options.warn(Problem(f"some faults cannot show where {why}", hint=hint), quiet=quiet)
        names = options.chosen_inputs(circuit, wrt)
        with closing(Meter(quiet=quiet)) as meter:
            return check(
                circuit, chosen, wrt=names, method=method, h=h, rtol=rtol, atol=atol, order=order, points=elsewhere,
                listen=meter,
            )  # fmt: skip

    # One file that cannot be read is no reason to leave the others unchecked.
    checks = [(path, _caught(checked, path) if several else checked(path)) for path in paths]
    _report(checks, form, precision, several=several, everything=everything, only_failed=only_failed, quiet=quiet)
    if any(isinstance(found, CircuitError) for _, found in checks):
        return 2
    return 0 if all(found.passed for _, found in checks if not isinstance(found, CircuitError)) else 1


def _caught(checked: Callable[[str], Check], path: str) -> Check | CircuitError:
    try:
        return checked(path)
    except CircuitError as error:
        return error


def _points(circuit: Circuit, count: int, seed: int, data: Source | None, *, quiet: bool) -> list[Point]:
    """Return the points beside the file's own: the rows of a file, and random ones."""
    from circuitgrad.methods.check.points import Point, drawn_points

    points = []
    if data is not None:
        rows = options.bind_rows(data, circuit, quiet=quiet)
        points += [Point(f"line {line}", row) for line, row in zip(rows.lines, rows, strict=True)]
    drawn = drawn_points(circuit, count, seed)
    if len(drawn) < count:
        missing = f"{count - len(drawn)} of {count} random points"
        options.warn(Problem(f"{missing} are left out: no values were found where every output is finite"), quiet=quiet)
    return [*points, *drawn]


def _report(
    checks: Sequence[tuple[str, Check | CircuitError]],
    form: str,
    precision: int | None,
    *,
    several: bool,
    everything: bool,
    only_failed: bool,
    quiet: bool,
) -> None:
    from circuitgrad.report.check import check_json, check_table, error_json

    read = [(file, found) for file, found in checks if not isinstance(found, CircuitError)]
    if form in ("junit", "github"):
        from circuitgrad.report import ci

        options.emit(ci.junit(checks) if form == "junit" else ci.github(checks))
        return
    if form == "json":
        documents = [
            error_json(file, str(found))
            if isinstance(found, CircuitError)
            else check_json(found, file, only_failed=only_failed)
            for file, found in checks
        ]
        options.emit_json(documents if several else documents[0])
        return
    for _, found in checks:
        if isinstance(found, CircuitError):
            click.echo(str(found), err=True)
    if form != "table":
        found_all = [found for _, found in read]
        table = check_table(found_all, slopes=True, everything=everything, only_failed=only_failed)
        options.emit_table("", table, form, precision, quiet=quiet)
    elif several:
        _summarise(checks, precision, everything=everything, only_failed=only_failed, quiet=quiet)
    else:
        _detail(read[0][1], precision, everything=everything, only_failed=only_failed, quiet=quiet)


def _summarise(
    checks: Sequence[tuple[str, Check | CircuitError]],
    precision: int | None,
    *,
    everything: bool,
    only_failed: bool,
    quiet: bool,
) -> None:
    """Print a line for every file, and in detail what failed."""
    from circuitgrad.report.check import summary_table, tally

    found = [(file, None if isinstance(one, CircuitError) else one) for file, one in checks]
    options.emit_table("", summary_table(found, only_failed=only_failed), "table", precision, quiet=True)
    for _, one in found:
        if one is not None and (everything or not one.passed):
            options.emit("\n")
            _detail(one, precision, everything=everything, only_failed=not everything, quiet=quiet)
    options.emit_notes(tally(found), quiet=quiet)


def _detail(check: Check, precision: int | None, *, everything: bool, only_failed: bool, quiet: bool) -> None:
    """Print all of one check."""
    from circuitgrad.report.check import check_notes, check_table

    table = check_table([check], slopes=False, everything=everything, only_failed=only_failed)
    if table.rows:
        heading = options.title(check.circuit)
        options.emit_table(heading, table, "table", precision, everything=everything, quiet=quiet)
    notes = check_notes(check, everything=everything, only_failed=only_failed)
    options.emit_notes(notes, quiet=quiet, apart=bool(table.rows))

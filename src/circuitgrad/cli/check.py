"""`circuitgrad check`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from circuitgrad.cli import option_values, options, printing, reading, streams
from circuitgrad.cli.progress import Meter
from circuitgrad.cli.usage import CHECK_FAILED, DONE, WRONG_USAGE
from circuitgrad.errors import CircuitError, Problem
from circuitgrad.report.rendering import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.cli.reading import CircuitReader, DataFiles
    from circuitgrad.methods.check.input_points import InputPoint
    from circuitgrad.methods.check.result import Check

MOST_POINTS = 100_000
"""The largest `--points`."""
CHECK_METHODS = ["auto", "mp", "central", "forward", "complex", "ridders"]


@click.command("check", short_help="Prove the gradient, gate by gate, and the expected values.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--method",
    type=click.Choice(CHECK_METHODS),
    default="auto",
    show_default=True,
    help="The reference: mp, the slopes of the value rules to 60 digits; central or forward (the guide's) differences; "
    "complex, the complex step; ridders, extrapolated differences. auto takes mp where the work allows.",
)
@click.option(
    "--h",
    metavar="H",
    type=option_values.FiniteNumber(0, min_open=True),
    help="The step of central and forward differences, or ridders' first one.  [default: the method's own, scaled to "
    "the input]",
)
@click.option(
    "--rtol",
    metavar="R",
    type=option_values.FiniteNumber(0),
    help="The relative tolerance.  [default: 1e-9 for mp, and 1e-14 for its rules; 1e-10 complex; 1e-7 ridders; 1e-6 "
    "central; 1e-3 forward]",
)
@click.option(
    "--atol",
    metavar="A",
    type=option_values.FiniteNumber(0),
    default=0.0,
    show_default=True,
    help="An absolute tolerance of values and derivatives.",
)
@click.option(
    "--digits",
    metavar="N",
    type=click.IntRange(1, 15),
    help="Fail on every value and derivative with fewer than N right digits and an error above --atol.",
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
    type=click.IntRange(0, MOST_POINTS),
    default=0,
    help=f"Check at N points more, up to {MOST_POINTS:,}, drawn between min and max, or within half of an input's "
    "value around it.",
)
@click.option("--seed", metavar="S", type=int, default=0, show_default=True, help="What random points start from.")
@options.data("Check at every row of a data file, too; columns are named after inputs. - reads stdin.")
@options.rows
@click.option("--only-failed", is_flag=True, help="List nothing but what failed.")
@options.reader
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
    atol: float,
    digits: int | None,
    order: int,
    wrt: tuple[str, ...],
    points: int,
    seed: int,
    data: tuple[str, ...],
    rows_options: RowsOptions,
    only_failed: bool,
    reader: CircuitReader,
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
    from circuitgrad.methods.check.input_points import hidden_faults
    from circuitgrad.report.check_notes import accuracy_warning

    paths, several = reading.circuit_files(files)
    if not data:
        option_values.refuse_without_data(**rows_options.given())
    option_values.refuse_nan(rows_options, "no derivative can be proved there")
    rows = None if not data else reading.DataFiles.named(data, paths, rows_options)

    def checked(path: str) -> Check:
        circuit, chosen = reader.load(path, quiet=quiet)
        if reader.assignments and circuit.expect:
            message = f"{circuit.name}: the expected values are those of the file: with --set they are not verified"
            printing.warn(Problem(message), quiet=quiet)
            circuit.expect.clear()
        elsewhere = _points(circuit, points, seed, rows, quiet=quiet)
        if not (several or elsewhere) and form == "table" and (why := hidden_faults(circuit.values())):
            hint = "--points 5 checks elsewhere, too"
            printing.warn(Problem(f"some faults cannot show where {why}", hint=hint), quiet=quiet)
        names = option_values.chosen_inputs(circuit, wrt)
        with closing(Meter(quiet=quiet)) as meter:
            return check(
                circuit, chosen, wrt=names, method=method, h=h, rtol=rtol, atol=atol, digits=digits, order=order,
                points=elsewhere, listen=meter,
            )  # fmt: skip

    # One file that cannot be read is no reason to leave the others unchecked, or a program without a report.
    is_kept = several or form != "table"
    results = [(path, _caught(checked, path) if is_kept else checked(path)) for path in paths]
    _report(results, form, precision, several=several, everything=everything, only_failed=only_failed, quiet=quiet)
    for _, result in results:
        if not isinstance(result, CircuitError):
            printing.warn(accuracy_warning(result), quiet=quiet)
    if any(isinstance(result, CircuitError) for _, result in results):
        return WRONG_USAGE
    return DONE if all(result.passed for _, result in results if not isinstance(result, CircuitError)) else CHECK_FAILED


def _caught(checked: Callable[[str], Check], path: str) -> Check | CircuitError:
    try:
        return checked(path)
    except CircuitError as error:
        return error


def _points(circuit: Circuit, count: int, seed: int, data: DataFiles | None, *, quiet: bool) -> list[InputPoint]:
    """Return further points than the file's own: the rows of a data file, and random points."""
    from circuitgrad.methods.check.input_points import InputPoint, drawn_points

    points = []
    if data is not None:
        points += [InputPoint(name, row) for name, row in data.points(circuit, quiet=quiet)]
    drawn = drawn_points(circuit, count, seed)
    if len(drawn) < count:
        missing = f"{count - len(drawn)} of {count} random points"
        printing.warn(
            Problem(f"{missing} are left out: no values were found where every output is finite"), quiet=quiet
        )
    return [*points, *drawn]


def _report(
    results: Sequence[tuple[str, Check | CircuitError]],
    form: str,
    precision: int | None,
    *,
    several: bool,
    everything: bool,
    only_failed: bool,
    quiet: bool,
) -> None:
    from circuitgrad.report.check import check_table
    from circuitgrad.report.check_json import check_json, error_json

    checks = [result for _, result in results if not isinstance(result, CircuitError)]
    for _, result in results:
        if isinstance(result, CircuitError):
            streams.tell(str(result))
    if form in ("junit", "github"):
        from circuitgrad.report import ci

        if form == "junit":
            printing.emit(ci.junit(results, only_failed=only_failed))
        else:
            streams.put(ci.github(results, only_failed=only_failed), workflow_commands=True)
        return
    if form == "json":
        documents = [
            error_json(file, str(result))
            if isinstance(result, CircuitError)
            else check_json(result, file, only_failed=only_failed)
            for file, result in results
        ]
        printing.emit_json(documents if several else documents[0])
        return
    if form == "csv":
        from circuitgrad.report.check_csv import check_csv

        table = check_csv(checks, everything=everything, only_failed=only_failed)
        printing.emit_table("", table, form, precision, quiet=quiet)
    elif form != "table":
        table = check_table(checks, slopes=True, everything=everything, only_failed=only_failed)
        printing.emit_table("", table, form, precision, quiet=quiet)
    elif several:
        _summarise(results, precision, everything=everything, only_failed=only_failed, quiet=quiet)
    else:
        _detail(checks[0], precision, everything=everything, only_failed=only_failed, quiet=quiet)


def _summarise(
    results: Sequence[tuple[str, Check | CircuitError]],
    precision: int | None,
    *,
    everything: bool,
    only_failed: bool,
    quiet: bool,
) -> None:
    """Print a line for every file, and the details of failed checks."""
    from circuitgrad.report.check import summary_table, tally

    checks = [(file, None if isinstance(result, CircuitError) else result) for file, result in results]
    printing.emit_table("", summary_table(checks, only_failed=only_failed), "table", precision, quiet=True)
    for _, check in checks:
        if check is not None and (everything or not check.passed):
            printing.emit("\n")
            _detail(check, precision, everything=everything, only_failed=not everything, quiet=quiet)
    printing.emit_notes(tally(checks), quiet=quiet)


def _detail(check: Check, precision: int | None, *, everything: bool, only_failed: bool, quiet: bool) -> None:
    """Print the details of a check."""
    from circuitgrad.report.check import check_table
    from circuitgrad.report.check_notes import check_notes

    table = check_table([check], slopes=False, everything=everything, only_failed=only_failed)
    if table.rows:
        heading = printing.title(check.circuit)
        printing.emit_table(heading, table, "table", precision, everything=everything, quiet=quiet)
    notes = check_notes(check, everything=everything, only_failed=only_failed)
    printing.emit_notes(notes, quiet=quiet, apart=bool(table.rows))

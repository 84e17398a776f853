"""`circuitgrad optimize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from circuitgrad.cli import option_values, options, plotting, printing, streams
from circuitgrad.cli.optimization_options import OptimizeCommand, chosen_optimization, optimization_options
from circuitgrad.cli.optimization_run import RunRecords, run_optimization
from circuitgrad.cli.saving import saving
from circuitgrad.cli.usage import DONE, INTERRUPTED
from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.cli.reading import CircuitReader
    from circuitgrad.cli.saving import SavingOptions
    from circuitgrad.data.table import Rows
    from circuitgrad.errors import Problem
    from circuitgrad.methods.optimize.run import Outcome


@click.command("optimize", cls=OptimizeCommand, short_help="Move the inputs towards a goal: raise, lower, fit.")
@options.file
@optimization_options
@options.data(
    "Take the mean over the rows of a data file: CSV, other text, Parquet or Arrow; columns are named after inputs. - "
    "reads stdin.  [default: the file's own data]"
)
@options.rows
@click.option(
    "--correlations",
    is_flag=True,
    help="Show the correlations of the estimates of least squares; with --format csv, these alone.",
)
@click.option(
    "--confidence",
    metavar="X",
    type=option_values.FiniteNumber(0, 1, min_open=True, max_open=True),
    help="Show intervals of the estimates at this confidence, p values, AIC and BIC.  [default: 0.95, in JSON]",
)
@click.option(
    "--profile", is_flag=True, help="Show intervals by the profile of the likelihood, too, as R's confint of nls."
)
@plotting.plot(
    "Draw the objective's course, too; into FILE, an .svg or a .png, where one is named: there, where one input moves "
    "or two do, with the way through the landscape of the objective."
)
@click.option("--trace", metavar="FILE", help="Write the steps to a file, .csv or .jsonl.")
@click.option("--trace-every", metavar="K", type=click.IntRange(1), help="Write every K-th step.  [default: every one]")
@click.option(
    "--checkpoint", metavar="FILE", help="Keep the state of the run in a file, every half minute and at the end."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint as if the run had never ended.")
@saving
@options.single_output_reader
@options.form
@options.precision
@options.everything
@options.engines
@options.quiet
@options.debug
def command(
    file: str,
    data: tuple[str, ...],
    rows_options: RowsOptions,
    correlations: bool,
    confidence: float | None,
    profile: bool,
    plot: str | None,
    trace: str | None,
    trace_every: int | None,
    checkpoint: str | None,
    resume: bool,
    saving: SavingOptions,
    reader: CircuitReader,
    form: str,
    precision: int | None,
    everything: bool,
    engine: str | None,
    verbose: bool,
    quiet: bool,
    **settings: Any,
) -> int:
    """Move the inputs so that the output rises, falls, or fits data, and show what has become of them.

    Inputs marked fixed stay, and so do those that the data have a column of; min and max are respected. What no option
    says is as the file's optimize block says it. Ctrl-C ends a run after its present step.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    records = RunRecords(trace, trace_every or 1, checkpoint, resume, quiet)
    plotting.refuse_picture(plot, form)
    if trace_every is not None and trace is None:
        raise CircuitError.of("--trace-every without --trace FILE")
    saver = saving.begin(file, reader, form)
    if saver.prints and plot == plotting.TERMINAL:
        raise CircuitError.of("-o - and --plot both print: name a file with one of them")
    files = [("the circuit", file), ("the copy", saver.target), ("the picture", plot)]
    records.refuse_conflicts(files)
    circuit, outputs = reader.load(file, quiet=quiet, data=saver.data)
    from circuitgrad.methods.optimize.objective import free_inputs
    from circuitgrad.methods.optimize.profile import profile_intervals
    from circuitgrad.methods.optimize.settings import settled
    from circuitgrad.methods.optimize.weights import weight_names, weighted_rows
    from circuitgrad.report.optimize import DEFAULT_CONFIDENCE

    paths = _data_files(circuit, data)
    records.refuse_conflicts([*files, *(("the data", path) for path in paths)])
    chosen = chosen_optimization(circuit, settings, outputs if reader.outputs else ())
    also = weight_names(chosen)
    rows, source = _rows(circuit, file, paths, rows_options, also, by_circuit=not data, quiet=quiet)
    rows, factors = weighted_rows(chosen, circuit, rows)
    if rows is not None and source is not None:
        printing.warn_overridden(reader.assignments, rows.names, source, quiet=quiet)
    optimization = settled(chosen, circuit, rows)
    if resume and (moved := [name for name in reader.assignments if name in free_inputs(circuit, rows)]):
        raise CircuitError.of(f"--set {moved[0]} and --resume: the run began where its checkpoint says")
    if correlations and optimization.goal != "least_squares":
        raise CircuitError.of("--correlations go with least squares")
    if confidence is not None and optimization.goal != "least_squares":
        raise CircuitError.of("--confidence goes with least squares")
    if profile:
        if optimization.goal != "least_squares":
            raise CircuitError.of("--profile goes with least squares")
        confidence = confidence or DEFAULT_CONFIDENCE
    outcome = run_optimization(circuit, optimization, rows, records, engine, factors)
    printing.tell_engine(outcome.choice, verbose=verbose, quiet=quiet)
    _warn(outcome, rows, engine, quiet=quiet)
    with saver.saved(circuit, circuit.values(), quiet=quiet):
        if not saver.prints:
            profiles = None if confidence is None or not profile else profile_intervals(outcome, rows, confidence)
            shown = ReportOptions(form, precision, everything, correlations, confidence, profiles, quiet)
            _report(outcome, source, shown)
        if plot is not None:
            _draw(outcome, rows, plot, quiet=quiet)
    return INTERRUPTED if outcome.stopped == "interrupted" else DONE


def _data_files(circuit: Circuit, data: tuple[str, ...]) -> list[str]:
    """Return the files that `--data` names, or else the one of the circuit's file, if there is one."""
    if not data:
        return [] if circuit.data is None else [circuit.data]
    from circuitgrad.data.several import data_files

    return data_files(data)


def _rows(
    circuit: Circuit,
    file: str,
    paths: list[str],
    options: RowsOptions,
    also: Sequence[str],
    *,
    by_circuit: bool,
    quiet: bool,
) -> tuple[Rows | None, str | None]:
    """Return the rows of the data files that an option or the circuit's file names, and their name.

    Raises:
        CircuitError: they cannot be used.
    """
    if not paths:
        option_values.refuse_without_data(**options.given())
        return None, None
    from circuitgrad.data.chunks import joined
    from circuitgrad.data.several import open_files

    if by_circuit:
        options = options.over(circuit.rows_options)
    option_values.refuse_nan(options, "the objective would be nan")

    option_values.refuse_shared_stdin(paths, [file])
    fixed, names = circuit.fixed_inputs(), [*circuit.inputs, *also]
    with open_files(paths, names, wanted=fixed, by_circuit=by_circuit, options=options, fixed=fixed) as source:
        rows = joined(source)
    printing.tell_of_reading(source, quiet=quiet)
    printing.tell_of_gaps(source, quiet=quiet)
    return rows, source.name


def _warn(outcome: Outcome, rows: Rows | None, engine: str | None, *, quiet: bool) -> None:
    printing.warn(outcome.culprit, quiet=quiet)
    printing.warn(_silenced(outcome, rows, engine), quiet=quiet)
    for problem in outcome.warnings:
        printing.warn(problem, quiet=quiet)


def _silenced(outcome: Outcome, rows: Rows | None, engine: str | None) -> Problem | None:
    """Return a note on an infinite slope that a gradient of 0 met at the start or, also over rows, at the end."""
    from circuitgrad.methods.nonfinite import first_silenced
    from circuitgrad.methods.optimize.settings import algorithm

    method = outcome.settings.method
    if method is None or not algorithm(method).needs_gradient:
        return None
    if rows is not None:
        from circuitgrad.methods.silenced_rows import first_silenced_row

        return first_silenced_row(outcome.circuit, outcome.output, outcome.moved, rows, engine)
    inputs = outcome.circuit.inputs
    ends = [{name: end[name] for name in inputs if name in end} for end in (outcome.before, outcome.after)]
    silenced = first_silenced(outcome.circuit, outcome.output, outcome.moved, ends)
    return silenced[1] if silenced else None


class ReportOptions(NamedTuple):
    """How results are shown; see the options of the same names."""

    form: str
    precision: int | None
    everything: bool
    correlations: bool
    confidence: float | None
    profiles: Mapping[str, tuple[float, float]] | None
    quiet: bool


def _report(outcome: Outcome, source: str | None, options: ReportOptions) -> None:
    from circuitgrad.report.optimize import correlation_table, heading, notes, outcome_json, outcome_table

    form, precision, everything, correlations, confidence, profiles, quiet = options
    if form == "json":
        printing.emit_json(outcome_json(outcome, expanded=everything, confidence=confidence, profiles=profiles))
        return
    if correlations and outcome.fit and form == "csv":  # one table a command line
        table = correlation_table(outcome.fit)
    else:
        table = outcome_table(outcome, expanded=everything, confidence=confidence, profiles=profiles)
    title = f"{printing.title(outcome.circuit)}\n{heading(outcome, source)}"
    printing.emit_table(title, table, form, precision, everything=everything, quiet=quiet)
    if correlations and outcome.fit and form != "csv":
        printing.emit("\n")
        printing.emit_table("", correlation_table(outcome.fit), form, precision, everything=everything, quiet=True)
    if form == "table":
        printing.emit_notes(notes(outcome, precision, confidence), quiet=quiet)
    elif not quiet:
        streams.tell(notes(outcome, precision, confidence))


def _draw(outcome: Outcome, rows: Rows | None, plot: str, *, quiet: bool) -> None:
    if plot == plotting.TERMINAL:
        from circuitgrad.report.objective_plot import objective_plot

        printing.emit(f"\n{objective_plot(outcome)}")
        return
    from circuitgrad.methods.optimize.surface import MOST_AXIS_VALUES, objective_surface
    from circuitgrad.report.objective_surface import surface_picture
    from circuitgrad.report.picture import objective_picture

    title = printing.title(outcome.circuit)
    surface = objective_surface(outcome, rows)
    if surface is None:
        note = plotting.write_picture(plot, lambda form: objective_picture(outcome, title, form))
        moved = len(outcome.moved)
        why = "it would take too long" if moved in MOST_AXIS_VALUES else f"{moved} inputs move"
        note += f", without a landscape: {why}"
    else:
        note = plotting.write_picture(plot, lambda form: surface_picture(outcome, surface, title, form))
    if not quiet:
        streams.tell(note)

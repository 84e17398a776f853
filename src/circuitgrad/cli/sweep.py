"""`circuitgrad sweep`."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click

from circuitgrad.cli import option_values, options, plotting, printing
from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.cli.reading import CircuitReader
    from circuitgrad.methods.sweep import Sweep, SweepAxis

MOST_PANELS = 12
OVER_FORM = "NAME=FROM:TO:COUNT, or values as in NAME=1,2,5"


@click.command("sweep", short_help="Compute the output over a range of an input, or a grid.")
@options.file
@click.option(
    "--over",
    "overs",
    metavar="NAME=FROM:TO:COUNT",
    multiple=True,
    required=True,
    help="Move an input from FROM to TO in COUNT values, both ends included; with :log behind, even in the "
    "logarithm; or through the values of a list, NAME=1,2,5. Repeat it for a grid.",
)
@click.option("--grad", is_flag=True, help="Compute the gradient in these inputs, too.")
@options.wrt_among("with --grad, those of --over")
@plotting.plot(
    "Draw curves over one input, heat maps over two, in place of the table; into FILE, an .svg or a .png, where "
    "one is named."
)
@options.reader
@options.form
@options.precision
@click.option("--all", "everything", is_flag=True, help="Show all of a long table.")
@options.engines
@options.quiet
@options.debug
def command(
    file: str,
    overs: tuple[str, ...],
    grad: bool,
    wrt: tuple[str, ...],
    plot: str | None,
    reader: CircuitReader,
    form: str,
    precision: int | None,
    everything: bool,
    engine: str | None,
    verbose: bool,
    quiet: bool,
) -> None:
    """Compute the output over a range of one input, or over a grid of several.

    circuitgrad sweep circuits/neuron.yaml --over a=-5:5:101 --plot

    The other inputs keep their values. In a grid, the last input moves first. --wrt implies --grad.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    from circuitgrad.methods.sweep import Sweep

    axes = read_axes(overs)
    _refuse_picture(plot, form, axes)
    circuit, chosen = reader.load(file, quiet=quiet)
    for axis in axes:
        _refuse_axis(circuit, axis, reader.assignments)
    names = option_values.chosen_inputs(circuit, wrt) if wrt else [axis.name for axis in axes if grad]
    # Rows that stream to a terminal show by themselves how far they are.
    silent = quiet or (form == "csv" and sys.stdout.isatty())
    with closing(Meter(quiet=silent)) as meter:
        sweep = Sweep(circuit, axes, chosen, names, meter, engine)
        printing.tell_engine(sweep.choice, verbose=verbose, quiet=quiet)
        if plot is not None:
            _refuse_panels(sweep)
            _draw(circuit, sweep, plot, form, quiet=quiet)
        if plot is None or form != "table":
            _report(circuit, sweep, chosen, form, precision, everything=everything, quiet=quiet)
    printing.warn(sweep.culprit(), quiet=quiet)


def read_axes(texts: Sequence[str]) -> list[SweepAxis]:
    """Return the axes of a repeated `--over`.

    Raises:
        CircuitError: a text is no axis, or an input moves twice.

    >>> [list(axis.values) for axis in read_axes(["a=0:1:3", "b=1,5"])]
    [[0.0, 0.5, 1.0], [1.0, 5.0]]
    """
    axes: dict[str, SweepAxis] = {}
    for text in texts:
        axis = _axis(text)
        if axis.name in axes:
            raise CircuitError.of(f"--over {quote(text)}: {quote(axis.name)} moves already")
        axes[axis.name] = axis
    return list(axes.values())


def _axis(text: str) -> SweepAxis:
    from circuitgrad.methods.sweep import SweepAxis, spaced

    name, rest = option_values.named_text("--over", text, OVER_FORM)
    parts = [part.strip() for part in rest.split(":")]
    if len(parts) == 1:
        return SweepAxis(name, _listed(text, rest))
    log = len(parts) == 4 and parts[3].lower() == "log"
    if len(parts) != 3 and not log:
        raise CircuitError.of(f"--over {quote(text)}", hint=f"write --over {OVER_FORM}")
    start, end, count = (_finite(text, part) for part in parts[:3])
    if count < 1 or count != int(count):
        raise CircuitError.of(f"--over {quote(text)}: {quote(parts[2])} is not a count", hint="a whole number from 1")
    with option_values.blamed_on(f"--over {quote(text)}"):
        return SweepAxis(name, spaced(start, end, int(count), log=log), log)


def _listed(text: str, rest: str) -> list[float]:
    values = [_finite(text, part) for part in rest.split(",")]
    if len(set(values)) < len(values):
        twice = next(value for i, value in enumerate(values) if value in values[:i])
        raise CircuitError.of(f"--over {quote(text)}: {twice:g} stands there twice")
    return values


def _finite(text: str, part: str) -> float:
    from math import isfinite

    value = option_values.number_in("--over", text, part)
    if not isfinite(value):
        raise CircuitError.of(f"--over {quote(text)}: {quote(part)} is not finite")
    return value


def _refuse_axis(circuit: Circuit, axis: SweepAxis, assignments: Mapping[str, float]) -> None:
    """Refuse an axis that is no input's, one of an input that is set, and values outside its bounds.

    Raises:
        CircuitError: it is.
    """
    with option_values.blamed_on("--over"):
        circuit.input_slot(axis.name)  # which refuses what is no input
    if axis.name in assignments:
        raise CircuitError.of(f"{quote(axis.name)} cannot both have one value by --set and move by --over")
    for value in (min(axis.values), max(axis.values)):
        option_values.refuse_outside("--over", circuit.inputs[axis.name], value)


def _refuse_picture(plot: str | None, form: str, axes: Sequence[SweepAxis]) -> None:
    """Refuse a picture that cannot be drawn, before anything is computed.

    Raises:
        CircuitError: it cannot.
    """
    plotting.refuse_picture(plot, form)
    if plot is not None and len(axes) > 2:
        raise CircuitError.of(f"a picture over {len(axes)} inputs", hint="one gives curves, two give heat maps")


def _refuse_panels(sweep: Sweep) -> None:
    if len(sweep.series) > MOST_PANELS:
        hint = "choose with --output and --wrt"
        raise CircuitError.of(f"{len(sweep.series)} pictures are too many, up to {MOST_PANELS} are drawn", hint=hint)


def _draw(circuit: Circuit, sweep: Sweep, plot: str, form: str, *, quiet: bool) -> None:
    if plot == plotting.TERMINAL:
        from circuitgrad.report.sweep_plot import sweep_plot
        from circuitgrad.report.terminal import fold

        heading = "" if quiet else f"{fold(printing.title(circuit))}\n"
        printing.emit(heading + sweep_plot(sweep))
        return
    from circuitgrad.report.picture import sweep_picture

    note = plotting.write_picture(plot, lambda form: sweep_picture(sweep, printing.title(circuit), form))
    if form == "table" and not quiet:
        printing.emit(f"{note}\n")


def _report(
    circuit: Circuit,
    sweep: Sweep,
    outputs: Sequence[str],
    form: str,
    precision: int | None,
    *,
    everything: bool,
    quiet: bool,
) -> None:
    from circuitgrad.report.rendering import render_csv
    from circuitgrad.report.sweep import sweep_columns, sweep_json, sweep_table

    if form == "json":
        printing.emit_json(sweep_json(circuit, sweep, outputs))
    elif form == "csv":
        for piece in render_csv(sweep_columns(sweep), sweep, precision):
            printing.emit(piece)
    else:
        table = sweep_table(sweep)
        printing.emit_table(printing.title(circuit), table, form, precision, everything=everything, quiet=quiet)

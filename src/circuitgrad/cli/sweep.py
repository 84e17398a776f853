"""`circuitgrad sweep`."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options, plotting
from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.sweep import Axis, Sweep

MOST_PANELS = 12
FORM = "NAME=FROM:TO:COUNT, or values as in NAME=1,2,5"


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
@options.assignments
@options.reading
@options.outputs
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
    assignments: dict[str, float],
    outputs: tuple[str, ...],
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
    circuit, chosen = options.load_circuit(file, assignments, outputs, quiet=quiet)
    for axis in axes:
        _refuse_axis(circuit, axis, assignments)
    names = options.chosen_inputs(circuit, wrt) if wrt else [axis.name for axis in axes if grad]
    # Rows that stream to a terminal show by themselves how far they are.
    silent = quiet or (form == "csv" and sys.stdout.isatty())
    with closing(Meter(quiet=silent)) as meter:
        sweep = Sweep(circuit, axes, chosen, names, meter, engine)
        options.tell_engine(sweep.choice, verbose=verbose, quiet=quiet)
        if plot is not None:
            _refuse_panels(sweep)
            _draw(circuit, sweep, plot, form, quiet=quiet)
        if plot is None or form != "table":
            _report(circuit, sweep, chosen, form, precision, everything=everything, quiet=quiet)
    options.warn(sweep.culprit(), quiet=quiet)


def read_axes(texts: Sequence[str]) -> list[Axis]:
    """Return what `--over` says, an axis for every time.

    Raises:
        CircuitError: a text says nothing, or an input moves twice.

    >>> [list(axis.values) for axis in read_axes(["a=0:1:3", "b=1,5"])]
    [[0.0, 0.5, 1.0], [1.0, 5.0]]
    """
    axes: dict[str, Axis] = {}
    for text in texts:
        axis = _axis(text)
        if axis.name in axes:
            raise CircuitError.of(f"--over {quote(text)}: {quote(axis.name)} moves already")
        axes[axis.name] = axis
    return list(axes.values())


def _axis(text: str) -> Axis:
    from circuitgrad.methods.sweep import Axis, spaced

    name, rest = options.named_text("--over", text, FORM)
    parts = [part.strip() for part in rest.split(":")]
    if len(parts) == 1:
        return Axis(name, _listed(text, rest))
    log = len(parts) == 4 and parts[3].lower() == "log"
    if len(parts) != 3 and not log:
        raise CircuitError.of(f"--over {quote(text)}", hint=f"write --over {FORM}")
    start, end, count = (_finite(text, part) for part in parts[:3])
    if count < 1 or count != int(count):
        raise CircuitError.of(f"--over {quote(text)}: {quote(parts[2])} is not a count", hint="a whole number from 1")
    try:
        return Axis(name, spaced(start, end, int(count), log=log), log)
    except CircuitError as error:
        (problem,) = error.problems
        raise CircuitError.of(f"--over {quote(text)}: {problem.message}", hint=problem.hint) from None


def _listed(text: str, rest: str) -> list[float]:
    values = [_finite(text, part) for part in rest.split(",")]
    if len(set(values)) < len(values):
        twice = next(value for i, value in enumerate(values) if value in values[:i])
        raise CircuitError.of(f"--over {quote(text)}: {twice:g} stands there twice")
    return values


def _finite(text: str, part: str) -> float:
    from math import isfinite

    value = options.number_in("--over", text, part)
    if not isfinite(value):
        raise CircuitError.of(f"--over {quote(text)}: {quote(part)} is not finite")
    return value


def _refuse_axis(circuit: Circuit, axis: Axis, assignments: dict[str, float]) -> None:
    """Refuse an axis that is no input's, one of an input that is set, and values outside its bounds.

    Raises:
        CircuitError: it is.
    """
    from circuitgrad.circuit.structure import near_wire

    leaf = circuit.inputs.get(axis.name)
    if leaf is None:
        known = "is a gate, not an input" if axis.name in circuit else "is not an input"
        raise CircuitError.of(f"--over: {quote(axis.name)} {known}", hint=near_wire(axis.name, circuit.inputs))
    if axis.name in assignments:
        raise CircuitError.of(f"{quote(axis.name)} cannot both have one value by --set and move by --over")
    for value in (min(axis.values), max(axis.values)):
        options.refuse_outside("--over", leaf, value)


def _refuse_picture(plot: str | None, form: str, axes: Sequence[Axis]) -> None:
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

        heading = "" if quiet else f"{fold(options.title(circuit))}\n"
        options.emit(heading + sweep_plot(sweep))
        return
    from circuitgrad.report.picture import sweep_picture

    note = plotting.write_picture(plot, lambda form: sweep_picture(sweep, options.title(circuit), form))
    if form == "table" and not quiet:
        options.emit(f"{note}\n")


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
        options.emit_json(sweep_json(circuit, sweep, outputs))
    elif form == "csv":
        for piece in render_csv(sweep_columns(sweep), sweep, precision):
            options.emit(piece)
    else:
        table = sweep_table(sweep)
        options.emit_table(options.title(circuit), table, form, precision, everything=everything, quiet=quiet)

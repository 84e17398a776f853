"""Pictures in files, drawn by Matplotlib: sweeps as curves or heat maps, and the objective per step of a run."""

from __future__ import annotations

import io
import warnings
from math import isfinite
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError, visible
from circuitgrad.report.curve import limits
from circuitgrad.report.objective_plot import is_steep, objective_title
from circuitgrad.report.sweep_plot import rising

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.sweep import Sweep, SweepSeries

GREY = "#7d7d7d"
"""A grey that is read on white and on black."""
SERIES_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Told apart by the colour-blind (Okabe and Ito, "Color Universal Design", 2008)."""
UNKNOWN_COLOUR = "#b0b0b0"
"""The ground of a map, seen where a value is not finite."""
DASHES = ("-", "--", "-.", ":")
STYLE = {
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.labelcolor": GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": GREY,
    "figure.facecolor": "none",
    "grid.alpha": 0.25,
    "grid.color": GREY,
    "lines.linewidth": 2,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "circuitgrad",
    "text.color": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}


def require() -> None:
    """Look for Matplotlib.

    Raises:
        CircuitError: it is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise CircuitError.lacks("--plot FILE needs Matplotlib", "plot") from None


def sweep_picture(sweep: Sweep, title: str, form: str) -> bytes:
    """Return a picture of a sweep over one input or two.

    Args:
        sweep: the sweep.
        title: the text above it.
        form: `svg` or `png`.
    """
    columns = sweep.columns()

    def draw(figure: Any) -> None:
        panels = _curves if len(sweep.axes) == 1 else _heat_maps
        panels(figure, sweep, dict(zip(sweep.series, columns[len(sweep.axes) :], strict=True)))

    return picture(title, form, draw)


def objective_picture(outcome: Outcome, title: str, form: str) -> bytes:
    """Return a picture of the objective per step of a run.

    Args:
        outcome: the result of the run.
        title: the text above it.
        form: `svg` or `png`.
    """

    def draw(figure: Any) -> None:
        figure.set_size_inches(6.4, 3.8)
        draw_objective(figure.subplots(), outcome)

    return picture(title, form, draw)


def draw_objective(panel: Any, outcome: Outcome) -> None:
    """Draw the objective per step into a panel."""
    steps, values = zip(*outcome.curve, strict=True)
    panel.plot(steps, list(map(finite, values)), color=SERIES_COLOURS[0], marker="o" if len(steps) == 1 else "")
    if is_steep(outcome):
        panel.set_yscale("log")
    panel.grid(visible=True)
    panel.set_xlabel("step")
    panel.set_ylabel(objective_title(outcome), parse_math=False)


def picture(title: str, form: str, draw: Callable[[Any], None]) -> bytes:
    """Return a figure that `draw` has drawn into, below its title."""
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font has is drawn as a box
        figure = Figure(layout="constrained")
        figure.suptitle(title, parse_math=False, fontsize="medium")
        draw(figure)
        file = io.BytesIO()
        figure.savefig(file, format=form, dpi=200, metadata={"Date": None} if form == "svg" else None)
    return file.getvalue()


def _curves(figure: Any, sweep: Sweep, series: dict[SweepSeries, Sequence[float]]) -> None:
    """Draw the outputs in one panel, and in another one below it the gradients."""
    (axis,) = sweep.axes
    outputs = [result for result in series if result.wrt is None]
    gradients = [result for result in series if result.wrt is not None]
    drawn = [results for results in (outputs, gradients) if results]
    figure.set_size_inches(6.4, 1 + 2.8 * len(drawn))
    panels = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    marker = "o" if len(axis.values) == 1 else ""
    for panel, results in zip(panels, drawn, strict=True):
        for i, result in enumerate(results):
            points = sorted(zip(axis.values, map(finite, series[result]), strict=True))
            panel.plot(
                *zip(*points, strict=True),
                color=SERIES_COLOURS[i % len(SERIES_COLOURS)],
                linestyle=DASHES[i % len(DASHES)],
                marker=marker,
                label=visible(result.title),
            )
        panel.set_ylim(*padded(limits([y for result in results for y in series[result]])))
        panel.grid(visible=True)
        if len(results) == 1:
            panel.set_ylabel(visible(results[0].title), parse_math=False)
        else:
            for text in panel.legend(frameon=False).get_texts():
                text.set_parse_math(False)
    if axis.log:
        panels[-1].set_xscale("log")
    panels[-1].set_xlabel(visible(axis.name), parse_math=False)


def padded(ends: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of an axis with a small margin."""
    margin = 0.03 * (ends[1] - ends[0])
    return ends[0] - margin, ends[1] + margin


def _heat_maps(figure: Any, sweep: Sweep, series: dict[SweepSeries, Sequence[float]]) -> None:
    """Draw a map for every series: a row for every output, with its gradients beside it."""
    across = len({result.wrt for result in series})
    down = len(series) // across
    figure.set_size_inches(1 + 4.4 * across, 0.6 + 3.4 * down)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    outputs = list(dict.fromkeys(result.output for result in series))
    inputs = list(dict.fromkeys(result.wrt for result in series))
    first, second = sweep.axes
    for result, numbers in series.items():
        panel = panels[outputs.index(result.output)][inputs.index(result.wrt)]
        panel.set_facecolor(UNKNOWN_COLOUR)
        xs, ys, rows = rising(sweep.axes, [finite(value) for value in numbers])
        low, high = limits(numbers)
        image = panel.pcolormesh(xs, ys, rows, vmin=low, vmax=high, cmap="viridis", shading="nearest", rasterized=True)
        extend = extension([value for value in numbers if isfinite(value)], low, high)
        figure.colorbar(image, ax=panel, extend=extend).outline.set_visible(False)
        panel.set_title(visible(result.title), parse_math=False, fontsize="medium")
    for panel in panels[-1]:
        panel.set_xlabel(visible(first.name), parse_math=False)
    for panel in panels[:, 0]:
        panel.set_ylabel(visible(second.name), parse_math=False)
    panels[0][0].set(xscale="log" if first.log else "linear", yscale="log" if second.log else "linear")


def extension(known: Sequence[float], low: float, high: float) -> str:
    """Return the ends of a scale that values lie beyond, in Matplotlib's word.

    >>> extension([0.0, 1.0, 5.0], 0.0, 2.0)
    'max'
    """
    below, above = min(known, default=low) < low, max(known, default=high) > high
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")


def finite(value: float) -> float:
    """Return the value, or NaN, which Matplotlib leaves out."""
    return value if isfinite(value) else float("nan")

"""Pictures in files, drawn by Matplotlib: the path of an optimisation over the objective surface."""

from __future__ import annotations

from math import isfinite, log10
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import visible
from circuitgrad.report.curve import limits
from circuitgrad.report.objective_plot import LINEAR_DECADES, objective_title
from circuitgrad.report.picture import (
    GREY,
    SERIES_COLOURS,
    UNKNOWN_COLOUR,
    draw_objective,
    extension,
    finite,
    padded,
    picture,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.surface import ObjectiveSurface

COLOUR_BANDS = 16
"""About how many colours a map has."""
MOST_DECADES = 8
"""A logarithmic scale reaches down from the largest value by at most as many powers of ten."""
MOST_DOTS = 60
"""On a map of at most as many steps, each step is a dot."""


def surface_picture(outcome: Outcome, surface: ObjectiveSurface, title: str, form: str) -> bytes:
    """Return a picture of the path of a run over the objective surface, with the objective per step below.

    Args:
        outcome: the result of the run.
        surface: the objective around the path.
        title: the text above it.
        form: `svg` or `png`.
    """

    def draw(figure: Any) -> None:
        is_map = len(surface.names) > 1
        figure.set_size_inches(6.4, 7.4 if is_map else 6.4)
        upper, lower = figure.subplots(2, 1, height_ratios=[2.2 if is_map else 1.5, 1])
        (_draw_map if is_map else _draw_curve)(figure, upper, outcome, surface)
        upper.set_xlabel(visible(surface.names[0]), parse_math=False)
        upper.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2)
        draw_objective(lower, outcome)

    return picture(title, form, draw)


def _draw_curve(_figure: Any, panel: Any, outcome: Outcome, surface: ObjectiveSurface) -> None:
    """Draw the objective over one input, with the steps of the run on it."""
    (xs,), (values,) = surface.axes, surface.values
    panel.plot(xs, list(map(finite, values)), color=GREY, linewidth=1.5)
    _draw_path(panel, [point[0] for point in outcome.path], [finite(value) for _, value in outcome.curve], casing=False)
    panel.set_ylim(*padded(limits([*values, *(value for _, value in outcome.curve)])))
    panel.set_ylabel(objective_title(outcome), parse_math=False)
    panel.grid(visible=True)


def _draw_map(figure: Any, panel: Any, outcome: Outcome, surface: ObjectiveSurface) -> None:
    """Draw the objective over two inputs as bands of colour, with the path of the run on it."""
    import numpy as np
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator

    numbers = [value for line in surface.values for value in line]
    levels, is_log = _levels(outcome, numbers)
    panel.set_facecolor(UNKNOWN_COLOUR)
    bands = panel.contourf(
        *surface.axes,
        np.ma.masked_invalid([[finite(value) for value in line] for line in surface.values]),
        levels=levels,
        extend=extension([value for value in numbers if isfinite(value)], levels[0], levels[-1]),
        cmap="viridis",
        norm=LogNorm(levels[0], levels[-1]) if is_log else None,
    )
    bar = figure.colorbar(bands, ax=panel, ticks=LogLocator() if is_log else None)
    bar.outline.set_visible(False)
    bar.set_label(objective_title(outcome), parse_math=False)
    xs, ys = zip(*outcome.path, strict=True)
    _draw_path(panel, xs, ys, casing=True)
    panel.set(xlim=(surface.axes[0][0], surface.axes[0][-1]), ylim=(surface.axes[1][0], surface.axes[1][-1]))
    panel.set_ylabel(visible(surface.names[1]), parse_math=False)


def _levels(outcome: Outcome, numbers: Sequence[float]) -> tuple[list[float], bool]:
    """Return the values between the bands, and whether they are spaced evenly in the logarithm.

    The logarithm is for an objective that falls over many powers of ten, and stays positive.
    """
    known = [value for value in numbers if isfinite(value)]
    positive = [value for value in known if value > 0]
    if (
        outcome.goal != "maximize"
        and positive
        and min(known) >= 0
        and max(known) / min(positive) > 10.0**LINEAR_DECADES
    ):
        low, high = max(log10(min(positive)), log10(max(known)) - MOST_DECADES), log10(max(known))
        return [10.0 ** (low + (high - low) * i / COLOUR_BANDS) for i in range(COLOUR_BANDS + 1)], True
    low, high = limits(known)
    return [low + (high - low) * i / COLOUR_BANDS for i in range(COLOUR_BANDS + 1)], False


def _draw_path(panel: Any, xs: Sequence[float], ys: Sequence[float], *, casing: bool) -> None:
    """Draw the steps of a run with its start and its end; on a map joined by a line, in white with a black casing."""
    from matplotlib.patheffects import withStroke

    if casing:
        dot = "." if len(xs) <= MOST_DOTS else ""
        around = [withStroke(linewidth=3.5, foreground="black", alpha=0.7)]
        panel.plot(xs, ys, color="white", linewidth=1.5, marker=dot, path_effects=around, clip_on=False, zorder=3)
    else:
        panel.plot(xs, ys, color=SERIES_COLOURS[1], linestyle="", marker=".", zorder=3)
    for label, marker, at, colour in (("start", "o", 0, SERIES_COLOURS[5]), ("end", "D", -1, SERIES_COLOURS[4])):
        style = {"markerfacecolor": colour, "markeredgecolor": "black", "markersize": 8}
        panel.plot([xs[at]], [ys[at]], marker, label=label, clip_on=False, zorder=4, **style)

"""Pictures in files, drawn by Matplotlib: the way of an optimisation through the landscape of its objective."""

from __future__ import annotations

from math import isfinite, log10
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import visible
from circuitgrad.report.course import DECADES, title_of
from circuitgrad.report.curve import limits
from circuitgrad.report.picture import COLOURS, GREY, draw_course, extension, finite, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.surface import ObjectiveSurface

BANDS = 16
"""So many colours there are about."""
DEEPEST = 8
"""On a logarithmic scale, what is smaller than the largest value by more powers of ten has one colour."""
DOTTED = 60
"""Of so many steps, each is a dot."""
UNKNOWN = "#b0b0b0"
"""The ground where the objective is not finite."""


def landscape_picture(outcome: Outcome, found: ObjectiveSurface, title: str, form: str) -> bytes:
    """Return a picture of the way of a run through the landscape of its objective, and of its course below.

    Args:
        outcome: what the run did.
        found: the landscape.
        title: what stands above it.
        form: `svg` or `png`.
    """

    def draw(figure: Any) -> None:
        is_map = len(found.names) > 1
        figure.set_size_inches(6.4, 7.4 if is_map else 6.4)
        upper, lower = figure.subplots(2, 1, height_ratios=[2.2 if is_map else 1.5, 1])
        (_draw_map if is_map else _draw_curve)(figure, upper, outcome, found)
        upper.set_xlabel(visible(found.names[0]), parse_math=False)
        upper.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2)
        draw_course(lower, outcome)

    return picture(title, form, draw)


def _draw_curve(_figure: Any, panel: Any, outcome: Outcome, found: ObjectiveSurface) -> None:
    """Draw the objective over one input, with the steps of the run on it."""
    (xs,), (values,) = found.axes, found.rows
    panel.plot(xs, list(map(finite, values)), color=GREY, linewidth=1.5)
    _draw_way(panel, [place[0] for place in outcome.path], [finite(value) for _, value in outcome.curve], casing=False)
    low, high = limits([*values, *(value for _, value in outcome.curve)])
    margin = 0.03 * (high - low)
    panel.set_ylim(low - margin, high + margin)
    panel.set_ylabel(title_of(outcome), parse_math=False)
    panel.grid(visible=True)


def _draw_map(figure: Any, panel: Any, outcome: Outcome, found: ObjectiveSurface) -> None:
    """Draw the objective over two inputs as bands of colour, with the way of the run on it."""
    import numpy as np
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator

    numbers = [value for row in found.rows for value in row]
    levels, is_log = _levels(outcome, numbers)
    panel.set_facecolor(UNKNOWN)
    bands = panel.contourf(
        *found.axes,
        np.ma.masked_invalid([[finite(value) for value in row] for row in found.rows]),
        levels=levels,
        extend=extension([value for value in numbers if isfinite(value)], levels[0], levels[-1]),
        cmap="viridis",
        norm=LogNorm(levels[0], levels[-1]) if is_log else None,
    )
    bar = figure.colorbar(bands, ax=panel, ticks=LogLocator() if is_log else None)
    bar.outline.set_visible(False)
    bar.set_label(title_of(outcome), parse_math=False)
    xs, ys = zip(*outcome.path, strict=True)
    _draw_way(panel, xs, ys, casing=True)
    panel.set(xlim=(found.axes[0][0], found.axes[0][-1]), ylim=(found.axes[1][0], found.axes[1][-1]))
    panel.set_ylabel(visible(found.names[1]), parse_math=False)


def _levels(outcome: Outcome, numbers: Sequence[float]) -> tuple[list[float], bool]:
    """Return the values between the bands, and whether they are spaced evenly in the logarithm.

    They are where the objective is better drawn so: it falls, and stays positive, over many powers of ten.
    """
    known = [value for value in numbers if isfinite(value)]
    positive = [value for value in known if value > 0]
    if outcome.goal != "maximize" and positive and min(known) >= 0 and max(known) / min(positive) > 10.0**DECADES:
        low, high = max(log10(min(positive)), log10(max(known)) - DEEPEST), log10(max(known))
        return [10.0 ** (low + (high - low) * i / BANDS) for i in range(BANDS + 1)], True
    low, high = limits(known)
    return [low + (high - low) * i / BANDS for i in range(BANDS + 1)], False


def _draw_way(panel: Any, xs: Sequence[float], ys: Sequence[float], *, casing: bool) -> None:
    """Draw the steps of a run with its start and its end; on a map joined by a line, in white with a black casing."""
    from matplotlib.patheffects import withStroke

    if casing:
        dot = "." if len(xs) <= DOTTED else ""
        around = [withStroke(linewidth=3.5, foreground="black", alpha=0.7)]
        panel.plot(xs, ys, color="white", linewidth=1.5, marker=dot, path_effects=around, clip_on=False, zorder=3)
    else:
        panel.plot(xs, ys, color=COLOURS[1], linestyle="", marker=".", zorder=3)
    for label, marker, at, colour in (("start", "o", 0, COLOURS[5]), ("end", "D", -1, COLOURS[4])):
        style = {"markerfacecolor": colour, "markeredgecolor": "black", "markersize": 8}
        panel.plot([xs[at]], [ys[at]], marker, label=label, clip_on=False, zorder=4, **style)

"""A sweep as a plot in the terminal: curves over one input, heat maps over two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.report.heat_map import heat_map
from circuitgrad.report.panels import panels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.sweep import Axis, Sweep


def sweep_plot(sweep: Sweep) -> str:
    """Return the plot of a sweep over one or two inputs."""
    columns = sweep.columns()
    titles = [visible(series.title) for series in sweep.series]
    series = dict(zip(titles, columns[len(sweep.axes) :], strict=True))
    names = [visible(axis.name) for axis in sweep.axes]
    if len(names) == 1:
        curves = {title: sorted(zip(columns[0], numbers, strict=True)) for title, numbers in series.items()}
        styles = ["red" if result.wrt else "green" for result in sweep.series]
        return panels(curves, styles, names[0], log=sweep.axes[0].log)
    maps = (heat_map(title, *rising(sweep.axes, numbers), names) for title, numbers in series.items())
    return "\n".join(maps)


def rising(axes: Sequence[Axis], numbers: Sequence[float]) -> tuple[list[float], list[float], list[list[float]]]:
    """Return the rising values of two axes, and per value of the second axis the numbers along the first.

    >>> from circuitgrad.methods.sweep import Axis
    >>> rising([Axis("x", [2.0, 1.0]), Axis("y", [3.0, 4.0])], [23.0, 24.0, 13.0, 14.0])
    ([1.0, 2.0], [3.0, 4.0], [[13.0, 23.0], [14.0, 24.0]])
    """
    xs, ys = (axis.values for axis in axes)
    across, down = (sorted(range(len(values)), key=values.__getitem__) for values in (xs, ys))
    rows = [[numbers[i * len(ys) + j] for i in across] for j in down]
    return [xs[i] for i in across], [ys[j] for j in down], rows

"""A sweep as a picture in the terminal: curves over one input, heat maps over two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.report.heat_map import heat_map
from circuitgrad.report.panels import panels

if TYPE_CHECKING:
    from circuitgrad.methods.sweep import Sweep


def sweep_plot(sweep: Sweep) -> str:
    """Return what a sweep over one input or two looks like."""
    columns = sweep.columns()
    titles = [visible(series.title) for series in sweep.series]
    series = dict(zip(titles, columns[len(sweep.axes) :], strict=True))
    names = [visible(axis.name) for axis in sweep.axes]
    if len(sweep.axes) == 1:
        curves = {title: sorted(zip(columns[0], numbers, strict=True)) for title, numbers in series.items()}
        styles = ["red" if one.wrt else "green" for one in sweep.series]
        return panels(curves, styles, names[0], log=sweep.axes[0].log)
    xs, ys = ([axis.values[i] for i in order] for axis, order in zip(sweep.axes, orders := rising(sweep), strict=True))

    def drawn(title: str) -> str:
        numbers = series[title]
        place = (names[0], names[1])
        return heat_map(title, xs, ys, lambda i, j: numbers[orders[0][i] * len(ys) + orders[1][j]], place)

    return "\n".join(map(drawn, series))


def rising(sweep: Sweep) -> list[list[int]]:
    """Return per axis the positions of its values, the smallest first."""
    return [sorted(range(len(axis.values)), key=axis.values.__getitem__) for axis in sweep.axes]

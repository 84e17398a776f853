"""The plot of the time of a gate in one pass, against the number of gates: a line per contestant."""

from __future__ import annotations

import io
from itertools import count
from math import log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.rounds import Result

SHAPES = ("deep", "wide")
COLOURS = {
    "circuitgrad native": "#d1495b", "circuitgrad python": "#e07b39", "circuitgrad objects": "#c79a00", "C": "#222222",
    "CppAD": "#00798c", "CasADi, buffer": "#2e86de", "CasADi": "#7fb5ea", "JAX": "#6a4c93", "torch eager": "#8d6e63",
    "autograd": "#7a9e7e", "micrograd": "#999999", "C, from Python": "#777777",
}  # fmt: skip


LETTER = 0.0165
"""About how wide a letter is, as a part of the axes' width."""
NEURON = 5
"""The gates of the neuron, which is neither deep nor wide, and stands before both."""


def series(results: Mapping[str, Result], shape: str) -> dict[str, list[tuple[int, float]]]:
    """Return, per contestant, the nanoseconds of a gate by the number of gates, for circuits of one shape."""
    found: dict[str, list[tuple[int, float]]] = {}
    for name, result in results.items():
        if name.startswith((f"pass-{shape}-", "pass-neuron")):
            last = name.rpartition("-")[2]
            gates = NEURON if last == "neuron" else int(last)
            for label, outcome in result.outcomes.items():
                if outcome.seconds:
                    found.setdefault(label, []).append((gates, 1e9 * outcome.median / gates))
    return {label: sorted(points) for label, points in found.items()}


def picture(results: Mapping[str, Result], form: str = "svg") -> bytes | None:
    """Return the plot as an .svg or a .png, or None where nothing was timed that it shows."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, FuncFormatter, NullLocator

    drawn = {shape: found for shape in SHAPES if (found := series(results, shape))}
    if not drawn:
        return None
    with mpl.rc_context({"svg.hashsalt": "circuitgrad", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=(11, 6.2), layout="constrained")
        axes: Any = figure.subplots(1, len(drawn), sharey=True, squeeze=False)[0]
        for ax, (shape, lines) in zip(axes, drawn.items(), strict=True):
            ax.set(xscale="log", yscale="log", xlabel="gates", title=f"{shape} circuits", axisbelow=True)
            ax.grid(which="major", color="#dddddd", linewidth=0.8)
            ax.spines[["top", "right"]].set_visible(False)
            for label, points in lines.items():
                ours = label.startswith("circuitgrad")
                ax.plot(
                    *zip(*points, strict=True),
                    color=COLOURS.get(label, "#444444"),
                    marker="o",
                    markersize=5 if ours else 4,
                    linewidth=2.4 if ours else 1.4,
                    linestyle="--" if ", " in label else "-",
                )
            _label(ax, lines)
            ax.set_xticks(sorted({gates for points in lines.values() for gates, _ in points}))
            ax.xaxis.set_major_formatter(EngFormatter(sep=""))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}" if y >= 1 else f"{y:g}"))
        axes[0].set_ylabel("nanoseconds a gate, value and gradient")
        target = io.BytesIO()
        figure.savefig(target, format=form, dpi=110, metadata={"Date": None} if form == "svg" else None)
    return target.getvalue()


def _label(ax: Any, lines: Mapping[str, list[tuple[int, float]]]) -> None:
    """Write each line's name to the right of its last point, as near as it meets no other, the rightmost first."""
    low, high = (log10(y) for y in ax.get_ylim())
    gap = (high - low) / 30
    ends = sorted(((points[-1], label) for label, points in lines.items()), key=lambda end: (-end[0][0], end[0][1]))
    ax.set_xlim(right=ends[0][0][0] * 150)
    left, right = (log10(x) for x in ax.get_xlim())
    taken: list[tuple[float, float, float]] = []
    for (x, y), label in ends:
        begin = log10(x * 1.5)
        end = begin + (right - left) * LETTER * len(label)
        place = next(
            place
            for place in (log10(y) + gap * (step // 2 + step % 2) * (-1) ** step for step in count())
            if all(end < first or begin > last or abs(place - at) >= 0.99 * gap for first, last, at in taken)
        )
        taken.append((begin, end, place))
        ax.annotate(
            label,
            (x, y),
            xytext=(10**begin, 10**place),
            textcoords="data",
            va="center",
            color=COLOURS.get(label, "#444444"),
            fontweight="bold" if label.startswith("circuitgrad") else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            arrowprops={"arrowstyle": "-", "color": "#cccccc", "linewidth": 0.7, "shrinkA": 1, "shrinkB": 4},
        )

"""Heat maps as text: a shade for every value, and on a colour terminal a colour."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import columns as columns_of
from circuitgrad.report.curve import limits, number
from circuitgrad.report.panels import page_width
from circuitgrad.report.terminal import colourful, encodable, painted

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROWS = 16
SHADES, PLAIN = " ░▒▓█", " .-+#"
COLOUR_RAMP = (53, 54, 24, 30, 36, 71, 149, 227)
"""Viridis among the 256 colours of a terminal: from dark to bright, told apart by the colour-blind."""
UNKNOWN_CELL = "x"


def heat_map(
    title: str, xs: Sequence[float], ys: Sequence[float], rows: Sequence[Sequence[float]], names: Sequence[str]
) -> str:
    """Return a heat map below a legend of its shades.

    Args:
        title: the name of the numbers.
        xs: the values from left to right.
        ys: the values from the bottom to the top.
        rows: per y a number for every x.
        names: the names of x and y.
    """
    known = [value for row in rows for value in row if isfinite(value)]
    low, high = limits(known)
    margin = max(len(number(ys[0])), len(number(ys[-1])), columns_of(names[1]))
    across, down = _fitting(len(xs), page_width() - margin - 2), _fitting(len(ys), MOST_ROWS)
    shades = SHADES if encodable(SHADES + "│└─") else PLAIN
    side, corner, bottom = "│└─" if shades is SHADES else "|+-"
    palette = (
        [("█", f"color({colour})") for colour in COLOUR_RAMP] if colourful() else [(shade, "") for shade in shades]
    )

    def cell(share: float) -> tuple[str, str]:
        if not isfinite(share):
            return UNKNOWN_CELL, ""
        return palette[min(max(int(share * len(palette)), 0), len(palette) - 1)]

    ends = (
        "< " * (min(known, default=low) < low) + number(low),
        "> " * (max(known, default=high) > high) + number(high),
    )
    lines = [_legend(title, ends, palette, gaps=len(known) < len(xs) * len(ys))]
    labels = {0: number(ys[-1]), down // 2: names[1], down - 1: number(ys[0])}
    for row in range(down):
        values = rows[(down - 1 - row) * len(ys) // down]
        label = labels.get(row, "")
        cells = [cell((values[column * len(xs) // across] - low) / (high - low)) for column in range(across)]
        lines.append([(f"{'':{margin - columns_of(label)}}{label} {side}", ""), *cells])
    lines.append([(f"{'':{margin}} {corner}{bottom * across}", "")])
    left, right = number(xs[0]), number(xs[-1])
    middle = f"{names[0]:^{max(0, across - len(left) - len(right))}}"
    lines.append([(f"{'':{margin}}  {left}{middle}{right}", "")])
    return painted(lines)


def _fitting(count: int, room: int) -> int:
    """Return the size of a side: a whole number of characters per value, or all the room where they do not fit."""
    return max(1, room // count * count or room)


def _legend(
    title: str, ends: tuple[str, str], palette: Sequence[tuple[str, str]], *, gaps: bool
) -> list[tuple[str, str]]:
    swatches = [(shade * 2, style) for shade, style in palette]
    note = f"   {UNKNOWN_CELL} not finite" if gaps else ""
    return [(f"{title}   {ends[0]} [", ""), *swatches, (f"] {ends[1]}{note}", "")]

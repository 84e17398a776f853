"""Curves side by side in the terminal, each in a frame below its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import columns as columns_of
from circuitgrad.report.curve import BRAILLE, PLAIN, limits, number, plot
from circuitgrad.report.terminal import beside, encodable, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.report.curve import Curve

WIDEST_PAGE = 80
NARROWEST_PANEL = 24
"""Panels narrower than this stand below one another instead of side by side."""
HEIGHT = 10
GAP = 3


def page_width() -> int:
    """Return how many columns of the terminal are drawn on."""
    return min(terminal_width() or WIDEST_PAGE, WIDEST_PAGE)


def layout(count: int) -> tuple[int, int]:
    """Return how many of `count` panels stand side by side, in rows as equal as can be, and the columns of a panel."""
    width = page_width()
    most = max(1, (width + GAP) // (NARROWEST_PANEL + GAP))
    rows = -(-count // most)
    across = -(-count // rows)
    return across, (width - GAP * (across - 1)) // across


def _cut(text: str, columns: int) -> str:
    """Return a text cut to a number of columns."""
    if columns_of(text) <= columns:
        return text
    while text and columns_of(text) >= columns:
        text = text[:-1]
    return f"{text}…"


def panels(
    curves: Mapping[str, Curve], styles: Sequence[str], name: str, *, log: bool = False, whole: bool = False
) -> str:
    """Return curves as panels fitted to the terminal, all with margins of the same width.

    Args:
        curves: the curves, by title.
        styles: their colours.
        name: the name of x.
        log: whether x is spaced by its logarithm.
        whole: whether all of each curve is shown, even where its ends flatten the rest.
    """
    across, columns = layout(len(curves))
    heights = {title: limits([y for _, y in points], whole=whole) for title, points in curves.items()}
    margin = max(len(number(end)) for ends in heights.values() for end in ends)
    pen = BRAILLE if encodable(BRAILLE.text) else PLAIN
    blocks = [
        [
            _cut(f"{'':{margin}}  {title}", columns),
            *plot([points], columns, HEIGHT, name=name, heights=heights[title], margin=margin, pen=pen, log=log),
        ]
        for title, points in curves.items()
    ]
    return "\n".join(beside(blocks[i : i + across], styles[i : i + across], GAP) for i in range(0, len(blocks), across))

"""A drawing as PNG: its SVG, painted by resvg (`resvg-py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError
from circuitgrad.report.drawing.svg import AUTO, LIGHT, svg

if TYPE_CHECKING:
    from circuitgrad.report.drawing.layout import Layout
    from circuitgrad.report.drawing.model import Drawing

ZOOM, LARGEST = 2.0, 16_000
"""Dots for a pixel of the SVG, and how many there may be in a row: what is larger is drawn smaller."""


def require() -> None:
    """Look for resvg.

    Raises:
        CircuitError: it is not installed.
    """
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        raise CircuitError.of("a PNG needs the package resvg-py", hint="pip install 'circuitgrad[draw]'") from None


def png(drawing: Drawing, *, theme: str = AUTO, layout: Layout | None = None) -> bytes:
    """Return the drawing as PNG.

    Args:
        drawing: the drawing.
        theme: `light` or `dark`; `auto` is light, for a PNG does not know the page that it is shown on.
        layout: where everything stands, where that has been found already.

    Raises:
        CircuitError: there is no program for the layout, or for the PNG.
    """
    require()
    import resvg_py

    from circuitgrad.report.drawing.layout import lay_out

    place = lay_out(drawing) if layout is None else layout
    zoom = min(ZOOM, LARGEST / max(place.width, place.height))
    picture = svg(drawing, theme=LIGHT if theme == AUTO else theme, layout=place)
    return resvg_py.svg_to_bytes(svg_string=picture, zoom=zoom)

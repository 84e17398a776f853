"""A drawing as PNG: its SVG, painted by resvg (`resvg-py`) with the fonts of the machine."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, installing
from circuitgrad.report.drawing.layout import lay_out
from circuitgrad.report.drawing.svg import AUTO, LIGHT, svg

if TYPE_CHECKING:
    from circuitgrad.report.drawing.layout import DrawingLayout
    from circuitgrad.report.drawing.model import Drawing

DOTS_PER_PIXEL, MOST_DOTS = 2.0, 24e6
"""Dots for a pixel of the SVG along either side; and the most dots of a picture, which take two seconds. A larger
picture is drawn smaller."""


def require() -> None:
    """Look for resvg.

    Raises:
        CircuitError: it is not installed.
    """
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        raise CircuitError.lacks("a PNG needs the package resvg-py", "draw") from None


def png(drawing: Drawing, *, theme: str = AUTO, layout: DrawingLayout | None = None) -> bytes:
    """Return the drawing as PNG.

    Args:
        drawing: the drawing.
        theme: `light` or `dark`; `auto` is light, for a PNG does not know its page.
        layout: the layout, where it is known already.

    Raises:
        CircuitError: there is no program for the layout, or for the PNG, or no font.
    """
    require()
    folders = _fonts()
    import resvg_py

    place = lay_out(drawing) if layout is None else layout
    zoom = min(DOTS_PER_PIXEL, (MOST_DOTS / place.width / place.height) ** 0.5)
    picture = svg(drawing, theme=LIGHT if theme == AUTO else theme, layout=place)
    return resvg_py.svg_to_bytes(svg_string=picture, zoom=zoom, font_dirs=folders)


@cache
def _fonts() -> list[str]:
    """Return folders of fonts that are needed beside those of the machine: resvg leaves out texts without a font.

    Raises:
        CircuitError: there is no font at all.
    """
    import resvg_py

    bare = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'
    blank = resvg_py.svg_to_bytes(svg_string=bare.format(""))
    spec = find_spec("matplotlib")
    carried = [str(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf")] if spec and spec.origin else []
    for folders in ([], carried):
        text = bare.format('<text y="9" font-family="sans-serif">H</text>')
        if resvg_py.svg_to_bytes(svg_string=text, font_dirs=folders, sans_serif_family="DejaVu Sans") != blank:
            return folders
    hint = f"fonts-dejavu, for one; {installing('plot')} brings some along"
    raise CircuitError.of("a PNG needs fonts, and there are none on this machine", hint=hint)

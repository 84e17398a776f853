"""A drawing as SVG: one picture for light and dark pages, its numbers and wires marked for scripts.

Every wire from one node to another is a group of class `wire` with the attributes `data-wire` (its name), `data-to`
(the wire that the gate drives) and `data-operand`; every node one of class `node` with `data-wire`. The value and the
gradient of a wire stand once, in its first group, as texts of the classes `value` and `grad`.
"""

from __future__ import annotations

from html import escape as _escape
from typing import TYPE_CHECKING

from circuitgrad.errors import visible, without_brackets
from circuitgrad.report.drawing.layout import CAPTION, LOCK, NUMBER, PAD, RADIUS, TEXT, TITLE, lay_out
from circuitgrad.report.drawing.model import INPUT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.report.drawing.layout import BoxFrame, DrawingLayout, Point, Rectangle, Spot
    from circuitgrad.report.drawing.model import Drawing, DrawingNode

LIGHT, DARK, AUTO = "light", "dark", "auto"
THEMES: Mapping[str, Mapping[str, str]] = {
    LIGHT: {
        "paper": "#ffffff",
        "ink": "#1f2328",
        "faint": "#59636e",
        "wire": "#8c959f",
        "gate": "#f6f8fa",
        "box": "#eef3f8",
        "value": "#00704f",
        "grad": "#c2330c",
    },
    DARK: {
        "paper": "#0d1117",
        "ink": "#e6edf3",
        "faint": "#9da7b1",
        "wire": "#6e7681",
        "gate": "#1c2430",
        "box": "#141b25",
        "value": "#4fd0a4",
        "grad": "#ff8a55",
    },
}
"""Bluish green and vermilion are told apart by the colour-blind (Okabe and Ito, "Color Universal Design", 2008); values
and gradients differ by where they stand and by their letters, too. Texts have a contrast of 4.5 or more (WCAG, AA)."""
ROOT = "svg.circuitgrad"
"""The selector of the drawing."""
FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
THINNEST_WIRE, THICKEST_WIRE = 1.0, 5.0
"""The width of a wire without any gradient, and with the largest. The page's script has them from here."""
_STYLES = """\
{root} text {{ font-family: {font}; fill: {ink}; }}
{root} .wire text, {root} .box text, {root} .caption {{
  paint-order: stroke; stroke: {paper}; stroke-width: 3px; stroke-linejoin: round;
}}
{root} .paper {{ fill: {paper}; }}
{root} .box rect {{ fill: {box}; stroke: {wire}; stroke-opacity: 0.6; }}
{root} .box text, {root} .caption {{ fill: {faint}; }}
{root} .wire path {{ fill: none; stroke: {wire}; stroke-linecap: round; }}
{root} .wire.dead path {{ stroke-dasharray: 2 4; }}
{root} .wire .arrow {{ fill: {wire}; stroke: none; }}
{root} .shape {{ fill: {gate}; stroke: {ink}; stroke-width: 1.4; }}
{root} .input .shape {{ fill: {paper}; stroke: {faint}; stroke-width: 1; }}
{root} .fixed .shape {{ fill: {gate}; stroke-dasharray: 4 2.5; }}
{root} .group .shape {{ stroke-width: 3; }}
{root} .output .shape {{ stroke-width: 2.6; }}
{root} .lock {{ fill: none; stroke: {faint}; stroke-width: 1.4; }}
{root} .lock .body {{ fill: {faint}; stroke: none; }}
{root} text.value {{ fill: {value}; }}
{root} text.grad {{ fill: {grad}; font-style: italic; }}
"""
"""The stylesheet, but for the colours."""


def svg(drawing: Drawing, *, theme: str = AUTO, layout: DrawingLayout | None = None) -> str:
    """Return the drawing as SVG.

    Args:
        drawing: the drawing.
        theme: `light`, `dark`, or `auto`, which follows the reader's preference.
        layout: the layout, where it is known already.

    Raises:
        CircuitError: there is no program for the layout.
    """
    place = lay_out(drawing) if layout is None else layout
    wide, high = _number(place.width), _number(place.height)
    title = visible(f"{drawing.name}: {drawing.about}" if drawing.about else drawing.name)
    size = f'width="{wide}" height="{high}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="circuitgrad" viewBox="0 0 {wide} {high}" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{stylesheet(theme)}</style>",
        # On a ground of its own, the colours are legible on any page.
        f'<rect class="paper" width="{wide}" height="{high}"/>',
    ]
    lines.extend(_frame(frame) for frame in place.frames)
    lines.extend(_wires(drawing, place))
    lines.extend(_node(node, spot) for node, spot in zip(drawing.nodes, place.spots, strict=True))
    return "\n".join([*lines, "</svg>", ""])


def stylesheet(theme: str) -> str:
    """Return the stylesheet of a drawing.

    Args:
        theme: `light`, `dark` or `auto`.
    """
    if theme != AUTO:
        return _STYLES.format(root=ROOT, font=FONT, **THEMES[theme])
    names = {name: f"var(--{name})" for name in THEMES[LIGHT]}
    light, dark = (
        "".join(f" --{name}: {colour};" for name, colour in THEMES[scheme].items()) for scheme in (LIGHT, DARK)
    )
    schemes = f"{ROOT} {{ color-scheme: light dark;{light} }}\n"
    schemes += f"@media (prefers-color-scheme: dark) {{ {ROOT} {{{dark} }} }}\n"
    return schemes + _STYLES.format(root=ROOT, font=FONT, **names)


def escape(text: str, *, quote: bool = False) -> str:
    r"""Return a text for XML; characters that XML cannot hold are shown as their pictures.

    Args:
        text: the text.
        quote: whether to escape quotes.

    >>> escape("<b> & \x00")
    '&lt;b&gt; &amp; ␀'
    """
    return "\n".join(_escaped_line(line, quote=quote) for line in text.split("\n"))


def attribute(text: str) -> str:
    """Return a text as an attribute's value, in quotes.

    >>> attribute('a"<b>')
    '"a&quot;&lt;b&gt;"'
    """
    return f'"{_escaped_line(text, quote=True)}"'


def _escaped_line(text: str, *, quote: bool) -> str:
    """Return a line of text in which GitHub's runner finds no command, either; see `errors.harmless`."""
    line = without_brackets(_escape(visible(text), quote=quote), "&#91;")
    return line if not line.lstrip().startswith("::") else line.replace("::", "&#58;:", 1)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(content: str, style: str, x: float, y: float, size: float, anchor: str = "middle", data: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return (
        f'<text{kind}{data} x="{_number(x)}" y="{_number(y)}" font-size="{_number(size)}" text-anchor="{anchor}">'
        f"{escape(content)}</text>"
    )


def _frame(frame: BoxFrame) -> str:
    title = _text(frame.name, "", frame.title.left, frame.title.bottom - 3, TITLE, "start")
    return f'<g class="box" data-box={attribute(frame.name)}>{_rectangle(frame.area, 8)}{title}</g>'


def _rectangle(area: Rectangle, radius: float, style: str = "") -> str:
    kind = f'class="{style}" ' if style else ""
    return (
        f'<rect {kind}x="{_number(area.left)}" y="{_number(area.top)}" width="{_number(area.right - area.left)}" '
        f'height="{_number(area.bottom - area.top)}" rx="{_number(radius)}"/>'
    )


def _wires(drawing: Drawing, place: DrawingLayout) -> list[str]:
    """Return the wires; the labels of a wire stand in the group of its first segment."""
    lines = []
    for index, leaving in enumerate(drawing.consumers()):
        node, spot = drawing.nodes[index], place.spots[index]
        labels = _labels(node, spot)
        for position, number in enumerate(leaving):
            segment = drawing.segments[number]
            data = f"data-wire={attribute(segment.wire)} data-to={attribute(segment.to)}"
            thick = thickness(drawing, segment.gradient)
            lines.append(
                f'<g class="wire{"" if segment.gradient else " dead"}" {data} data-operand="{segment.operand}">'
                f"<title>{escape(segment.title)}</title>{_path(place.courses[number], thick)}"
                f"{labels if position == 0 else ''}</g>"
            )
        if not leaving:
            lines.append(_outlet(drawing, node, spot, labels))
    return lines


def _outlet(drawing: Drawing, node: DrawingNode, spot: Spot, labels: str) -> str:
    """Return a wire that leads nowhere: an output leaves to the right with an arrow."""
    wire = node.wires[-1]
    gradient = drawing.gradients[wire]
    (x, y), end = spot.start, spot.end[0]
    line = f'<path d="M{_number(x)} {_number(y)}H{_number(end - 6)}" stroke-width="{thickness(drawing, gradient)}"/>'
    arrow = f'<path class="arrow" d="M{_number(end)} {_number(y)}l-9 -5v10z"/>' if node.output else ""
    style = f"wire{' output' if node.output else ''}{'' if gradient else ' dead'}"
    return (
        f'<g class="{style}" data-wire={attribute(wire)}><title>{escape(node.title)}</title>{line}{arrow}{labels}</g>'
    )


def thickness(drawing: Drawing, gradient: float) -> str:
    """Return how thick a wire of that gradient is drawn, as text."""
    return f"{THINNEST_WIRE + (THICKEST_WIRE - THINNEST_WIRE) * drawing.weight(gradient):.2f}"


def _path(points: Sequence[Point], thick: str) -> str:
    (x, y), rest = points[0], points[1:]
    curves = "".join(
        "C" + " ".join(f"{_number(x)} {_number(y)}" for x, y in rest[i : i + 3]) for i in range(0, len(rest), 3)
    )
    return f'<path d="M{_number(x)} {_number(y)}{curves}" stroke-width="{thick}"/>'


def _labels(node: DrawingNode, spot: Spot) -> str:
    """Return the value and the gradient of a node's wire."""
    data = f" data-wire={attribute(node.wires[0])}" if len(node.wires) == 1 else ""
    middle = (spot.start[0] + spot.end[0]) / 2
    texts = [("value", node.label.value, spot.value), ("grad", node.label.gradient, spot.gradient)]
    return "".join(
        _text(text, kind, middle, area.bottom - 3, NUMBER, data=data) for kind, text, area in texts if area is not None
    )


def _node(node: DrawingNode, spot: Spot) -> str:
    style = " ".join(["node", node.kind, *["fixed"] * node.fixed, *["output"] * node.output])
    shape, wire = spot.shape, (spot.shape.top + spot.shape.bottom) / 2
    if node.kind == INPUT:
        body = _rectangle(shape._replace(top=wire - 12, bottom=wire + 12), 3, "shape")
        text = _text(node.text, "", (shape.left + LOCK * node.fixed + shape.right) / 2, wire + TEXT * 0.36, TEXT)
        body += _lock(shape.left + PAD - 1, wire) if node.fixed else ""
    else:
        body = _rectangle(shape, RADIUS, "shape")
        text = _text(node.text, "", (shape.left + shape.right) / 2, wire + TEXT * 0.36, TEXT)
    if spot.caption is not None:
        text += _text(node.caption, "caption", spot.caption.left, spot.caption.bottom - 3, CAPTION, "start")
    return f'<g class="{style}" data-wire={attribute(node.key)}><title>{escape(node.title)}</title>{body}{text}</g>'


def _lock(x: float, y: float) -> str:
    """Return the mark of a fixed input: a padlock."""
    return (
        f'<g class="lock"><rect class="body" x="{_number(x)}" y="{_number(y - 1)}" width="9" height="7" rx="1"/>'
        f'<path d="M{_number(x + 2)} {_number(y - 1)}v-2.5a2.5 2.5 0 0 1 5 0v2.5"/></g>'
    )

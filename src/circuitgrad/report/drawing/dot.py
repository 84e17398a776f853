"""A drawing in DOT, the language of Graphviz, for its programs and those that read it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from circuitgrad.errors import visible, without_brackets
from circuitgrad.report.drawing.model import INPUT
from circuitgrad.report.drawing.nesting import nested
from circuitgrad.report.drawing.svg import LIGHT, THEMES, thickness

if TYPE_CHECKING:
    from circuitgrad.report.drawing.model import Drawing, DrawingNode, Label

_COLOURS = THEMES[LIGHT]


def dot(drawing: Drawing) -> str:
    r"""Return the drawing in DOT.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.report.drawing.model import drawing
    >>> print(dot(drawing(from_expression("exp(x)", x=0))).splitlines()[4])
      "x" [label="x", shape=box, tooltip="x: input\nvalue 0.0\ngradient 1.0"];
    """
    lines = [
        f"digraph {_quoted(drawing.name)} {{",
        f'  rankdir=LR; newrank=true; label={_quoted(drawing.about)}; labelloc=t; fontname="Helvetica"; fontsize=12;',
        f'  node [fontname="Helvetica", fontsize=13, color="{_COLOURS["ink"]}"];',
        f'  edge [fontname="Helvetica", fontsize=11, color="{_COLOURS["wire"]}", arrowsize=0.6];',
    ]
    for depth, line in nested(drawing, lambda _, node: _node(node), _opening, "}"):
        lines.append("  " * (depth + 1) + line)
    consumers = drawing.consumers()
    for node, leaving in zip(drawing.nodes, consumers, strict=True):
        label = _label(node.label)
        for index in leaving:
            segment = drawing.segments[index]
            look = _look(drawing, segment.gradient)
            lines.append(
                f"  {_quoted(node.key)} -> {_quoted(drawing.nodes[segment.target].key)} [label={label}{look}];"
            )
        if not leaving:
            end = _quoted(f"{node.key} ")
            lines.append(f'  {end} [shape=none, label="", width=0, height=0];')
            look = _look(drawing, drawing.gradients[node.wires[-1]]) + ("" if node.output else ", arrowhead=none")
            lines.append(f"  {_quoted(node.key)} -> {end} [label={label}{look}];")
    return "\n".join([*lines, "}", ""])


def _look(drawing: Drawing, gradient: float) -> str:
    """Return the attributes of a wire with that gradient, behind its label's."""
    return f", penwidth={thickness(drawing, gradient)}{'' if gradient else ', style=dashed'}"


def _node(node: DrawingNode) -> str:
    look = [f"label={_quoted(node.text)}"]
    if node.kind == INPUT:
        look.append("shape=box" + (', style="filled,dashed", fillcolor="#eeeeee"' if node.fixed else ""))
    else:
        look.append("shape=circle" if len(node.text) < 3 else 'shape=box, style="rounded"')
    if node.caption:
        look.append(f"xlabel={_quoted(node.caption)}")
    if node.output:
        look.append("penwidth=2.5")
    return f"{_quoted(node.key)} [{', '.join(look)}, tooltip={_quoted(node.title)}];"


def _opening(number: int, name: str) -> str:
    return f'subgraph cluster{number} {{ label={_quoted(name)}; labeljust=l; color="{_COLOURS["wire"]}"; style=rounded;'


def _label(label: Label) -> str:
    """Return the value in green and the gradient in red below it, as one label."""
    value = f'<FONT COLOR="{_COLOURS["value"]}">{escape(label.value)}</FONT>' if label.value else ""
    slope = f'<FONT COLOR="{_COLOURS["grad"]}"><I>{escape(label.gradient)}</I></FONT>' if label.gradient else ""
    return f"<{'<BR/>'.join(filter(None, [value, slope]))}>" if value or slope else '""'


def _quoted(text: str) -> str:
    r"""Return a text in quotes, as it is shown.

    >>> _quoted('a"b')
    '"a\\"b"'
    """
    lines = (visible(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + without_brackets("\\n".join(lines)) + '"'

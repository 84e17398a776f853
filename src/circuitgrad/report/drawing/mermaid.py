"""A drawing in Mermaid, which GitHub and others draw in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.report.drawing.model import INPUT
from circuitgrad.report.drawing.nesting import nested
from circuitgrad.report.drawing.svg import thickness

if TYPE_CHECKING:
    from circuitgrad.report.drawing.model import Drawing, DrawingNode, Label

INDENT = "    "


def mermaid(drawing: Drawing) -> str:
    """Return the drawing as a flowchart in Mermaid.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.report.drawing.model import drawing
    >>> print(mermaid(drawing(from_expression("exp(x)", x=0))), end="")
    flowchart LR
        n0["x"]
        n1("exp<br/>out")
        n0 -- "0<br/>∇ 1" --> n1
        n1 -- "1<br/>∇ 1" --> e1[" "]
        linkStyle 0 stroke-width:5.00px
        linkStyle 1 stroke-width:5.00px
        classDef fixed stroke-dasharray:4
        classDef output stroke-width:3px
        classDef tip fill:none,stroke:none
        class n1 output
        class e1 tip
    """
    lines: list[str] = []
    links: list[float] = []
    ends: list[str] = []
    for depth, line in nested(drawing, _node, lambda number, name: f"subgraph b{number}[{_quoted(name)}]", "end"):
        lines.append(INDENT * depth + line)
    consumers = drawing.consumers()
    for position, (node, leaving) in enumerate(zip(drawing.nodes, consumers, strict=True)):
        label = _label(node.label)
        for index in leaving:
            segment = drawing.segments[index]
            lines.append(f"n{position} {label} n{segment.target}")
            links.append(segment.gradient)
        if not leaving:
            lines.append(f'n{position} {label if node.output else label[:-1] + "-"} e{position}[" "]')
            links.append(drawing.gradients[node.wires[-1]])
            ends.append(f"e{position}")
    for i, gradient in enumerate(links):
        dashes = "" if gradient else ",stroke-dasharray:3"
        lines.append(f"linkStyle {i} stroke-width:{thickness(drawing, gradient)}px{dashes}")
    lines += [
        "classDef fixed stroke-dasharray:4",
        "classDef output stroke-width:3px",
        "classDef tip fill:none,stroke:none",
    ]
    for style in ("fixed", "output"):
        if members := [f"n{position}" for position, node in enumerate(drawing.nodes) if getattr(node, style)]:
            lines.append(f"class {','.join(members)} {style}")
    lines.append(f"class {','.join(ends)} tip")
    return "\n".join(["flowchart LR", *(INDENT + line for line in lines), ""])


def _node(position: int, node: DrawingNode) -> str:
    text = _quoted(*filter(None, [node.text, node.caption]))
    return f"n{position}[{text}]" if node.kind == INPUT else f"n{position}({text})"


def _label(label: Label) -> str:
    numbers = [label.value, f"∇ {label.gradient}" if label.gradient else ""]
    return f"-- {_quoted(*filter(None, numbers))} -->" if any(numbers) else "-->"


def _quoted(*lines: str) -> str:
    """Return lines of text in quotes, with the characters spelled out that are markup in Mermaid.

    Markdown is markup there, too: a plus at the beginning would make a list.

    >>> _quoted("a", "<b>#")
    '"a<br/>#lt;b#gt;#35;"'
    """
    spelled = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "+": "#43;"}
    return '"' + "<br/>".join("".join(spelled.get(c, c) for c in visible(line)) for line in lines) + '"'

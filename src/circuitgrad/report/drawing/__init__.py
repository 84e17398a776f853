"""A circuit as CS231n draws it: values in green above the wires, gradients in red below them.

`drawing` says what is drawn of a circuit, and one function for each format draws it: `svg`, `png`, `dot`, `mermaid`,
`text`. Where everything stands in a picture is found by `layout.lay_out`.
"""

from circuitgrad.report.drawing.layout import lay_out
from circuitgrad.report.drawing.model import Drawing, drawing
from circuitgrad.report.drawing.svg import stylesheet, svg

__all__ = ["Drawing", "drawing", "lay_out", "stylesheet", "svg"]

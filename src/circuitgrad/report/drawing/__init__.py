"""A circuit as CS231n draws it: values in green above the wires, gradients in red below them.

`drawing` says what is drawn of a circuit, and one function for each format draws it: `svg`, `png`, `dot`, `mermaid`,
`text`. Where everything stands in a picture is found by `lay_out`.
"""

from circuitgrad.report.drawing.dot import dot
from circuitgrad.report.drawing.layout import Layout, lay_out
from circuitgrad.report.drawing.mermaid import mermaid
from circuitgrad.report.drawing.model import Drawing, drawing
from circuitgrad.report.drawing.png import png
from circuitgrad.report.drawing.svg import stylesheet, svg
from circuitgrad.report.drawing.text import text

__all__ = ["Drawing", "Layout", "dot", "drawing", "lay_out", "mermaid", "png", "stylesheet", "svg", "text"]

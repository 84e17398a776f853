"""A circuit and a backward pass in a notebook: a drawing, and a table.

Importing this module registers both; the modules that draw them are imported when a notebook asks.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from circuitgrad.circuit.notebook import register
from circuitgrad.errors import CircuitError, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.circuit.circuit import Circuit

_STYLES = {"green": "color: #009e73", "red": "color: #d55e00; font-style: italic", "cyan": "font-family: monospace"}
"""Colours that are read on white and on black, and told apart by the colour-blind."""


def circuit_svg(circuit: Circuit) -> str | None:
    """Return the drawing of a circuit, or None where its packages are not installed."""
    from circuitgrad.report.drawing.model import drawing
    from circuitgrad.report.drawing.svg import svg

    try:
        return svg(drawing(circuit))
    except CircuitError:
        return None


def pass_html(circuit: Circuit, output: str, values: Mapping[str, float], gradients: Mapping[str, float]) -> str:
    """Return a backward pass as a table in HTML: every wire with its gate, value and gradient.

    Args:
        circuit: the circuit.
        output: the wire that was differentiated.
        values: every wire's value in that pass.
        gradients: every wire's gradient.
    """
    from circuitgrad.report.results import PassResult, pass_table
    from circuitgrad.report.tables import SHOWN_ENDS, shown_positions

    table = pass_table(PassResult(circuit, values, {output: gradients}, [output]))
    positions = shown_positions(len(table.rows))
    left_out = len(table.rows) - len(positions)
    head = "".join(f"<th{_align(column.number)}>{column.title}</th>" for column in table.columns)
    lines = [f"<table><thead><tr>{head}</tr></thead><tbody>"]
    for position in positions:
        if left_out and position == positions[SHOWN_ENDS]:
            lines.append(f'<tr><td colspan="{len(table.columns)}">… {left_out:,} more wires</td></tr>')
        weight = ' style="font-weight: bold"' if position in table.marked else ""
        cells = zip(table.columns, table.rows[position], strict=True)
        texts = "".join(_cell(cell, column.style, number=column.number) for column, cell in cells)
        lines.append(f"<tr{weight}>{texts}</tr>")
    return "\n".join([*lines, "</tbody></table>"])


def _align(number: bool, style: str = "") -> str:
    declarations = [f"text-align: {'right' if number else 'left'}", *filter(None, [_STYLES.get(style)])]
    return f' style="{"; ".join(declarations)}"'


def _cell(cell: str | float | None, style: str, *, number: bool) -> str:
    if isinstance(cell, float):
        from circuitgrad.report.number_text import exact, rounded

        return f'<td{_align(number, style)} title="{exact(cell)}">{rounded(cell)}</td>'
    return f"<td{_align(number, style)}>{escape(visible(cell or ''))}</td>"


class _Notebook:
    circuit_svg = staticmethod(circuit_svg)
    pass_html = staticmethod(pass_html)


register(_Notebook())

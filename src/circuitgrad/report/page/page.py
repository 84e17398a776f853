"""The page: a circuit as one HTML file that computes, plays and climbs in the browser, and needs nothing from outside.

Its contents come from the circuit and the gate table: the drawing, a document that names every wire, the rules in
JavaScript (`javascript`) and in mathematical notation (`mathml`). The files beside this module are copied as they are:

- `page.html`, `page.css`: the frame, and how it looks on screens and on paper;
- `arithmetic.js`: the primitives of the gate table;
- `tape.js`, `ascent.js`, `numbers.js`, `link.js`: the passes, steps along the gradient, numbers and links as text;
- `warnings.js`: what is not finite, and gradients of 0 that met an infinite slope, in the words of the command line;
- `drawing.js`, `view.js`, `play.js`, `inputs.js`, `table.js`, `curve.js`, `page.js`: the parts of the page.

Names reach the page as text alone, never as markup or code; a Content-Security-Policy lets no other script run and
nothing be fetched.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.optimization import DEFAULT_STEP_SIZE, DEFAULT_STEPS, Optimization
from circuitgrad.errors import visible
from circuitgrad.report.drawing.layout import lay_out
from circuitgrad.report.drawing.model import DIGITS
from circuitgrad.report.drawing.svg import AUTO, DARK, LIGHT, THEMES, THICKEST_WIRE, THINNEST_WIRE, svg
from circuitgrad.report.drawing.svg import escape as shown
from circuitgrad.report.json_text import json_text
from circuitgrad.report.number_text import for_json
from circuitgrad.report.page.cases import cases_of
from circuitgrad.report.page.javascript import page_file, rules_text
from circuitgrad.report.page.mathml import conditions_markup, markup
from circuitgrad.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.rule import Rule
    from circuitgrad.report.drawing.model import Drawing

SCRIPTS = (
    "numbers.js",
    "tape.js",
    "ascent.js",
    "link.js",
    "warnings.js",
    "view.js",
    "drawing.js",
    "play.js",
    "inputs.js",
    "table.js",
    "curve.js",
    "page.js",
)
OUT = "out"

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


def page(circuit: Circuit, drawn: Drawing, theme: str = AUTO, digits: int = DIGITS) -> str:
    """Return a circuit's page, at its inputs' present values.

    Args:
        circuit: the circuit.
        drawn: its drawing; the page differentiates the same output at first.
        theme: its colours: `light`, `dark`, or `auto`, which follows the reader's preference.
        digits: how many significant digits the numbers in the drawing have.

    Raises:
        CircuitError: there is no program for the layout.
    """
    rules = list(dict.fromkeys(circuit.rules))
    drawing = svg(drawn, layout=lay_out(drawn, roomy=digits))
    widths = f"const THINNEST_WIRE = {THINNEST_WIRE:g}, THICKEST_WIRE = {THICKEST_WIRE:g};"
    script = "\n".join([rules_text(rules), widths, *map(page_file, SCRIPTS)])
    style = f"{_colours()}\n{page_file('page.css')}"
    return Template(page_file("page.html")).substitute(
        policy=escape(_policy([script], [style, *_STYLE.findall(drawing)])),
        version=escape(__version__),
        theme=theme,
        title=shown(circuit.name, quote=True),
        about=shown(circuit.about, quote=True),
        style=style,
        drawing=drawing,
        formulas="".join(_formulas(number, rule) for number, rule in enumerate(rules)),
        circuit=_inert({**document(circuit, rules, drawn.output), "digits": digits}),
        script=script,
    )


def document(circuit: Circuit, rules: Sequence[Rule], output: str) -> dict[str, Any]:
    """Return the document from which the page's scripts read a circuit.

    Args:
        circuit: the circuit.
        rules: the rules of its gates, each once.
        output: the wire to differentiate at first.

    Raises:
        CircuitError: there is no such wire.
    """
    numbers = {rule: number for number, rule in enumerate(rules)}
    optimization = circuit.optimize or Optimization()
    along_gradient = optimization.method in (None, "gradient")
    return {
        "inputs": [
            {
                "name": leaf.name,
                "value": for_json(value),
                "fixed": leaf.fixed,
                "min": for_json(leaf.min),
                "max": for_json(leaf.max),
                "about": visible(leaf.about),
            }
            for leaf, value in zip(circuit.inputs.values(), circuit.values().values(), strict=True)
        ],
        "constants": [for_json(value) for value in circuit.constants],
        "gates": [
            [name, numbers[rule], operands]
            for name, rule, operands in zip(circuit.names, circuit.rules, circuit.operands, strict=True)
        ],
        "rules": [{"name": rule.name, "about": rule.about, "operands": rule.operands} for rule in rules],
        "outputs": [circuit.slot(name) for name in dict.fromkeys([*circuit.outputs, output])],
        "output": circuit.slot(output),
        "data": circuit.data is not None,
        "goal": optimization.goal if optimization.output in (None, output) else "maximize",
        "steps": optimization.steps if along_gradient and optimization.steps is not None else DEFAULT_STEPS,
        "step_size": for_json(
            optimization.step_size if along_gradient and optimization.step_size else DEFAULT_STEP_SIZE
        ),
    }


def _colours() -> str:
    """Return the drawing's colours as properties of the page, which the drawing inherits."""
    light, dark = THEMES[LIGHT], THEMES[DARK]
    own = " ".join(f"--{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    taken = " ".join(f"--{name}: inherit;" for name in light)
    return f":root {{ {own} }}\n#canvas svg {{ color-scheme: inherit; {taken} }}"


def _formulas(number: int, rule: Rule) -> str:
    """Return the formulas of a rule in MathML, each case with its conditions."""
    places = {**{name: str(place) for place, name in enumerate(rule.operands)}, OUT: OUT}
    written = []
    for position, formula in enumerate([rule.value, *rule.partials.values()]):
        for case_number, case in enumerate(cases_of(formula.steps)):
            parts = [markup(case.formula, places), conditions_markup(case.conditions, places)]
            contents = "".join(f"<math>{part}</math>" for part in parts if part)
            written.append(f'<p id="f{number}-{position}-{case_number}">{contents}</p>')
    return "".join(written)


def _inert(document: dict[str, Any]) -> str:
    """Return a document as JSON in which nothing can end the element that it stands in."""
    return json_text(document, ascii_only=True, compact=True).replace("<", "\\u003c")


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return the Content-Security-Policy that allows these texts, and the icon that is none, alone."""
    allowed = {
        "default-src": ["'none'"],
        "script-src": map(_digest, scripts),
        "style-src": map(_digest, styles),
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{key} {' '.join(sources)}" for key, sources in allowed.items())


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

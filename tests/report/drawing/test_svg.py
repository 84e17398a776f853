"""Drawings as SVG and PNG."""

from __future__ import annotations

import re
import struct
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import resvg_py
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.errors import CircuitError
from circuitgrad.gates.table import find
from circuitgrad.report.drawing.model import drawing
from circuitgrad.report.drawing.png import png
from circuitgrad.report.drawing.svg import AUTO, THEMES, svg
from program import CIRCUITS
from report.drawing.places import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPACE = "{http://www.w3.org/2000/svg}"
NEURON = CIRCUITS / "neuron.yaml"
PAINTER: Any = import_module("circuitgrad.report.drawing.png")  # the package has a function of this name, too
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read(text: str) -> ET.Element:
    """Return the picture, after a look at what could act in it: nothing may."""
    root = ET.fromstring(text)
    allowed = {"svg", "title", "style", "g", "rect", "path", "text"}
    for element in root.iter():
        assert element.tag.removeprefix(SPACE) in allowed
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
    return root


def groups(root: ET.Element, kind: str) -> list[ET.Element]:
    return [group for group in root.iter(f"{SPACE}g") if kind in group.get("class", "").split()]


@pytest.mark.parametrize("theme", [AUTO, *THEMES])
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_wire_gate_and_number_is_marked(file: Path, theme: str) -> None:
    circuit = circuitgrad.load(file)
    root = read(svg(drawing(circuit), theme=theme))
    assert {group.get("data-wire") for group in groups(root, "node")} == set(circuit)
    wires = [group for group in groups(root, "wire") if group.get("data-to")]
    links = sorted(
        (group.get("data-wire"), group.get("data-to"), int(group.get("data-operand", ""))) for group in wires
    )
    slots = [*circuit.input_names, *[None] * len(circuit.constants), *circuit.names]
    expected = [
        (slots[slot], name, operand)
        for name, operands in zip(circuit.names, circuit.operands, strict=True)
        for operand, slot in enumerate(operands)
        if slots[slot] is not None
    ]
    assert links == sorted(expected, key=lambda link: (str(link[0]), *link[1:]))
    for kind, numbers in (("value", circuit.forward()), ("grad", circuit.backward(circuit.outputs[0]))):
        shown = {
            text.get("data-wire"): text.text
            for group in groups(root, "wire")
            for text in group.iter(f"{SPACE}text")
            if text.get("class") == kind and text.get("data-wire") == group.get("data-wire")
        }
        assert shown == {name: f"{number:.4g}" for name, number in numbers.items()}
    assert all(len(list(group.iter(f"{SPACE}path"))) >= 1 for group in groups(root, "wire"))
    assert {group.get("data-wire") for group in groups(root, "fixed")} == {
        leaf.name for leaf in circuit.inputs.values() if leaf.fixed
    }


def test_a_pointer_is_told_the_numbers_in_full() -> None:
    root = read(svg(drawing(circuitgrad.loads("{inputs: {x: 0.1}, gates: {p: 3*x, q: 2*x, y: p*q}}"))))
    titles = {
        (group.get("data-wire"), group.get("data-to")): group.findtext(f"{SPACE}title")
        for group in groups(root, "wire")
    }
    p, q = 3 * 0.1, 2 * 0.1
    total, part = 3 * q + 2 * p, 3 * q
    assert titles["x", "p"] == f"x → p\nvalue 0.1\ngradient {total!r}\ngradient that comes back here {part!r}"
    assert titles["y", None] == f"y: mul(p, q)\nvalue {p * q!r}\ngradient 1.0"


def test_the_output_leaves_to_the_right() -> None:
    root = read(svg(drawing(circuitgrad.load(NEURON))))
    (output,) = groups(root, "output")[:1]
    assert output.get("class") == "wire output"
    assert [text.text for text in output.iter(f"{SPACE}text")] == ["0.8808", "1"]
    assert output.get("data-to") is None


def test_a_thick_wire_has_a_large_gradient() -> None:
    drawn = drawing(circuitgrad.load(CIRCUITS / "mlp.yaml"))
    widths = {}
    for group in groups(read(svg(drawn)), "wire"):
        path = next(group.iter(f"{SPACE}path"))
        if group.get("data-to"):
            widths[group.get("data-wire"), group.get("data-to")] = float(path.get("stroke-width", ""))
    ordered = sorted(drawn.segments, key=lambda segment: abs(segment.gradient))
    rising = [widths[segment.wire, segment.to] for segment in ordered]
    assert rising == sorted(rising)
    assert rising[0] < rising[-1]


def test_a_wire_without_gradient_is_dashed() -> None:
    root = read(svg(drawing(circuitgrad.loads("{inputs: {x: -1}, gates: {y: relu(x)}}"))))
    assert [group.get("data-wire") for group in groups(root, "dead")] == ["x"]


NASTY = ['<script>alert("1")</script>', "</script><svg onload=1>", "a'b\"c", "&amp;]]>", "\x00\x1b\u202e\ufffe", "<!--"]


def nasty(names: list[str], about: str) -> Circuit:
    """Return a circuit whose names no file could have."""
    first, second, third = names
    inputs = [Input(first, 1.0, about=about), Input(second, 2.0, fixed=True)]
    rows, operands = [find("mul"), find("tanh")], [(0, 1), (2,)]
    return Circuit(about, inputs, [], [f"{third}.1", third], rows, operands, [third], about=about)


@given(st.lists(st.sampled_from(NASTY) | st.text(min_size=1), min_size=3, max_size=3, unique=True), st.text())
@settings(max_examples=examples(50))
def test_names_are_inert(names: list[str], about: str) -> None:
    if any("." in name or "[" in name for name in names):
        return
    for theme in (AUTO, *THEMES):
        read(svg(drawing(nasty(names, about), collapse=["none"]), theme=theme))


def test_names_with_markup_are_shown() -> None:
    root = read(svg(drawing(nasty(NASTY[:3], "<b>"), collapse=["none"])))
    assert {group.get("data-wire") for group in groups(root, "input")} == set(NASTY[:2])
    assert NASTY[0] in [text.text for text in root.iter(f"{SPACE}text")]


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", THEMES)
def test_texts_are_legible(theme: str) -> None:
    colours = THEMES[theme]
    for text in ("ink", "faint", "value", "grad"):
        for ground in ("paper", "gate", "box"):
            pair = sorted((luminance(colours[text]), luminance(colours[ground])))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (text, ground)


def seen(colour: str, loss: list[list[float]]) -> list[float]:
    """Return the linear parts of a colour as someone sees it whom a matrix describes."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return [sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in loss]


# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE
# Transactions on Visualization and Computer Graphics 15, 2009: severity 1.
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


@pytest.mark.parametrize("loss", [PROTANOPIA, DEUTERANOPIA], ids=["protanopia", "deuteranopia"])
@pytest.mark.parametrize("theme", THEMES)
def test_values_and_gradients_differ_for_the_colour_blind(theme: str, loss: list[list[float]]) -> None:
    value, gradient = (seen(THEMES[theme][name], loss) for name in ("value", "grad"))
    # Blue is what they see as others do: either of the two has far more of it.
    assert max(value[2], gradient[2]) > 3 * min(value[2], gradient[2])


def test_themes() -> None:
    drawn = drawing(circuitgrad.load(NEURON))
    auto, light, dark = (svg(drawn, theme=theme) for theme in ("auto", "light", "dark"))
    assert "prefers-color-scheme: dark" in auto
    assert THEMES["dark"]["paper"] in auto
    assert "var(" not in light + dark
    assert THEMES["dark"]["paper"] in dark
    assert THEMES["dark"]["paper"] not in light
    assert all('class="paper"' in picture for picture in (auto, light, dark))


def test_the_same_bytes_every_time() -> None:
    circuit = circuitgrad.load(CIRCUITS / "micrograd.yaml")
    assert svg(drawing(circuit)) == svg(drawing(circuit))


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(PNG_SIGNATURE)
    wide, high = struct.unpack(">II", picture[16:24])
    return wide, high


def test_png() -> None:
    drawn = drawing(circuitgrad.load(NEURON))
    match = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg(drawn))
    assert match is not None
    light, dark = png(drawn), png(drawn, theme="dark")
    assert size(light) == pytest.approx([2 * float(part) for part in match.groups()], abs=1)
    assert light != dark
    assert light == png(drawn, theme="light")


def test_png_without_resvg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(CircuitError, match=r"resvg-py \(pip install 'circuitgrad\[draw\]'\)"):
        png(drawing(circuitgrad.load(NEURON)))


@pytest.fixture
def no_fonts_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take the fonts of the machine away."""
    monkeypatch.setattr(resvg_py, "svg_to_bytes", partial(resvg_py.svg_to_bytes, skip_system_fonts=True))
    PAINTER._fonts.cache_clear()
    yield
    PAINTER._fonts.cache_clear()


@pytest.mark.usefixtures("no_fonts_here")
def test_png_on_a_machine_without_fonts_takes_those_of_matplotlib() -> None:
    bare = drawing(circuitgrad.load(NEURON), values=False, gradients=False)
    with_texts = len(png(drawing(circuitgrad.load(NEURON))))
    assert with_texts > 1.5 * len(png(bare))


@pytest.mark.usefixtures("no_fonts_here")
def test_png_without_any_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAINTER, "find_spec", lambda _: None)
    with pytest.raises(CircuitError, match="a PNG needs fonts"):
        png(drawing(circuitgrad.load(NEURON)))


def test_a_huge_png_is_drawn_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAINTER, "MOST_DOTS", 10_000)
    wide, high = size(png(drawing(circuitgrad.load(NEURON))))
    assert 8_000 < wide * high < 12_000

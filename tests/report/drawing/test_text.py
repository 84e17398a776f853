"""Drawings in characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import circuitgrad
from budget import examples
from circuitgrad.report.drawing.model import drawing
from circuitgrad.report.drawing.text import lines, text
from program import CIRCUITS
from report.drawing.places import EXAMPLES, circuit, texts

if TYPE_CHECKING:
    from pathlib import Path

    from circuitgrad.report.drawing.model import Drawing

NEURON = """\
  1
a ────────┐       -1
  -0.105  ├─ × ax ───────┐
  -1      │       0.105  │
x ────────┘              │          5
  0.105                  ├─ + axpby ───────┐
  2                      │          0.105  │
b ────────┐       6      │                 │
  0.315   ├─ × by ───────┘                 │            2             0.8808
  3       │       0.105                    ├─ + axpbypc ───────── σ s ──────▶
y ────────┘                                │            0.105         1
  0.21                                     │
  -3                                       │
c ─────────────────────────────────────────┘
  0.105
"""


def neuron() -> Drawing:
    return drawing(circuitgrad.load(CIRCUITS / "neuron.yaml"))


def test_the_neuron_fits_eighty_columns() -> None:
    assert text(neuron(), 80) == NEURON


def test_a_narrower_terminal() -> None:
    picture = text(neuron(), 66)
    assert max(map(len, picture.splitlines())) <= 66
    assert "├" in picture
    assert "└─ " not in picture


def test_the_narrowest_has_a_tree() -> None:
    picture = text(neuron(), 40)
    assert picture.splitlines()[0] == "σ s                       0.8808       1"
    assert "   └─ c                       -3   0.105" in picture.splitlines()
    assert max(map(len, picture.splitlines())) <= 40


def test_plain_characters() -> None:
    assert text(neuron(), 80, ascii_only=True).isascii()
    assert text(neuron(), 40, ascii_only=True).isascii()


@settings(max_examples=examples(60))
@given(texts(), st.integers(60, 200))
def test_every_wire_is_there_and_fits(file: str, width: int) -> None:
    drawn = drawing(circuit(file), collapse=["none"])
    picture = lines(drawn, width)
    assert all(cell_len("".join(piece for piece, _ in line)) <= width for line in picture)
    shown = "\n".join("".join(piece for piece, _ in line) for line in picture)
    for node, leaving in zip(drawn.nodes, drawn.consumers(), strict=True):
        if leaving or node.kind != "input":
            assert node.text in shown
        if not leaving:
            assert node.label.value in shown


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("collapse", ["none", "all", "families"])
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_gate_is_drawn_once(file: Path, collapse: str, ascii_only: bool) -> None:
    drawn = drawing(circuitgrad.load(file), collapse=[collapse])
    picture = lines(drawn, 100, ascii_only=ascii_only)
    again = "^" if ascii_only else "↑"
    rows = ["".join(piece for piece, _ in line) for line in picture]
    shapes = sum(node.kind != "input" for node in drawn.nodes)
    if any("└─ " in row or "`- " in row for row in rows):
        wires = sum(bool(row) and f" {again} " not in row for row in rows)
        leaving = zip(drawn.nodes, drawn.consumers(), strict=True)
        leaves = sum(len(segments) for node, segments in leaving if node.kind == "input")
        assert wires == shapes + leaves
    assert all(cell_len(row) <= 100 for row in rows)


def test_values_are_green_and_gradients_red() -> None:
    styles = {style for line in lines(neuron(), 80) for _, style in line}
    assert styles == {"", "green", "red", "bold"}
    bare = drawing(circuitgrad.load(CIRCUITS / "neuron.yaml"), values=False, gradients=False)
    assert {style for line in lines(bare, 80) for _, style in line} == {"", "bold"}


def test_a_fixed_input_has_a_mark() -> None:
    assert "x* ─" in text(drawing(circuitgrad.load(CIRCUITS / "svm.yaml")), 120)


def test_only_an_output_leaves_with_an_arrow() -> None:
    picture = text(
        drawing(circuitgrad.loads("{inputs: {x: 1, u: 5}, gates: {p: 2*x, q: 3*u}, output: p}"))
    ).splitlines()
    assert [line.rstrip("─▶") for line in picture if "▶" in line] == ["x ───── 2 × p "]
    assert [line.rstrip("─") for line in picture if "q" in line] == ["u ───── 3 × q "]


def test_a_deep_circuit_does_not_recurse() -> None:
    gates = ", ".join(f"g{i}: {{tanh: {f'g{i - 1}' if i else 'x'}}}" for i in range(3000))
    drawn = drawing(circuitgrad.loads(f"{{inputs: {{x: 1}}, gates: {{{gates}}}}}"), collapse=["none"])
    picture = text(drawn, 80)
    assert all(len(line) <= 80 for line in picture.splitlines())
    assert sum("tanh g" in line for line in picture.splitlines()) == 3000


def test_families_that_lead_to_one_another_are_drawn() -> None:
    circuit = circuitgrad.loads(
        "{inputs: {x: 1}, gates: {'a[0]': x*2, 'b[0]': 'a[0]*3', 'a[t=1:3]': 'b[t-1]*2', 'b[t=1:3]': 'a[t]*3'}, "
        "output: 'b[2]'}"
    )
    picture = text(drawing(circuit, collapse=["families"]), 80)
    assert "a[0:3]" in picture
    assert "b[0:3]" in picture

"""What a notebook shows."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import circuitgrad
from program import CIRCUITS, NEURON

if TYPE_CHECKING:
    import pytest


def test_a_circuit_is_its_drawing() -> None:
    picture = circuitgrad.load(NEURON)._repr_svg_()
    assert picture is not None
    root = ET.fromstring(picture)
    assert "0.8808" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_without_the_extra_a_circuit_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    circuit = circuitgrad.load(NEURON)
    assert circuit._repr_svg_() is None
    assert repr(circuit) == "<Circuit neuron: 5 inputs, 5 gates>"


def test_a_drawing_leaves_the_inputs_as_they_are() -> None:
    circuit = circuitgrad.load(NEURON)
    circuit.assign({"a": 2.0})
    circuit._repr_svg_()
    assert circuit.values()["a"] == 2.0


def test_a_pass_is_a_dictionary() -> None:
    tape = circuitgrad.load(NEURON).backward()
    plain = dict(tape)
    assert tape == plain
    assert repr(tape) == repr(plain)
    assert json.loads(json.dumps(tape)) == plain
    assert isinstance(tape, dict)
    for twin in (copy.copy(tape), copy.deepcopy(tape), pickle.loads(pickle.dumps(tape))):
        assert twin == plain
        assert type(twin) is dict


def html(tape: Any) -> str:
    html: str = tape._repr_html_()
    return html


def cells(text: str) -> list[list[str]]:
    return [[cell.text or "" for cell in row] for row in ET.fromstring(text).iter("tr")]


def test_a_pass_is_a_table() -> None:
    circuit = circuitgrad.load(NEURON)
    rows = cells(html(circuit.backward()))
    assert rows[0] == ["wire", "gate", "value", "gradient"]
    assert rows[1] == ["a", "input", "1", "-0.104994"]
    assert rows[-1] == ["s", "sigmoid(axpbypc)", "0.880797", "1"]
    assert len(rows) == 1 + len(circuit)


def test_a_table_has_the_values_of_its_pass() -> None:
    circuit = circuitgrad.load(NEURON)
    tape = circuit.backward("axpby")
    circuit.assign({"a": 100.0})
    circuit.forward()
    rows = {row[0]: row for row in cells(html(tape))}
    assert rows["a"][2:] == ["1", "-1"]
    assert rows["axpby"][2:] == ["5", "1"]


def test_wires_of_formulas_are_left_out_and_texts_are_inert() -> None:
    tape = circuitgrad.loads("{inputs: {x: 1}, gates: {y: 'sigmoid(2*x + 1) if x < 3 else x'}}").backward()
    text = html(tape)
    assert [row[0] for row in cells(text)] == ["wire", "x", "y"]
    assert "x &lt; 3" in text


def test_a_long_table_has_its_ends() -> None:
    tape = circuitgrad.loads("{inputs: {'x[0:1000]': 1}, gates: {y: 'sum(x[i] for i in range(1000))'}}").backward()
    rows = cells(html(tape))
    assert ["… 961 more wires"] in rows
    assert (rows[1][0], rows[-1][0]) == ("x[0]", "y")


def test_every_example_shows_itself() -> None:
    for file in sorted(CIRCUITS.glob("*.yaml")):
        circuit = circuitgrad.load(file)
        assert circuit._repr_svg_()
        assert html(circuit.backward(circuit.outputs[0]))

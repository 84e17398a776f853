"""The example library: every file says what it is, where it comes from and what to expect, and passes its check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import circuitgrad
from circuitgrad.methods.check import check

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "circuits").glob("*.yaml"))
REFERENCE = json.loads((Path(__file__).parent / "data" / "reference.json").read_text(encoding="utf-8"))
BY_NAME = {entry["name"]: entry for entry in REFERENCE}
SAME = {
    "multiply": "mul",
    "add_multiply": "add_mul",
    "neuron": "neuron5",
    "micrograd": "micrograd_readme",
    "black_scholes": "black_scholes_call",
    "gaussian_likelihood": "gauss_nll",
}
"""The files whose entry in the reference has another name."""


def test_there_are_at_least_ten() -> None:
    assert len(FILES) >= 10


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_names_its_source_and_passes_its_check(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    circuit = circuitgrad.load(file)
    assert text.startswith("# Source: ")
    assert circuit.name == file.stem
    assert circuit.about
    assert circuit.expect
    assert check(circuit).passed


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_agrees_with_the_reference(file: Path) -> None:
    entry = BY_NAME[SAME.get(file.stem, file.stem)]
    circuit = circuitgrad.load(file)
    output = circuit.single_output()
    gradient = circuit.backward()
    assert circuit[output].value == pytest.approx(entry["value"], rel=1e-12)
    assert {name: gradient[name] for name in circuit.inputs} == pytest.approx(entry["grads"], rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("entry", REFERENCE, ids=lambda entry: entry["name"])
def test_an_expression_agrees_with_the_reference(entry: dict[str, Any]) -> None:
    circuit = circuitgrad.from_expression(entry["formula"], **entry["inputs"])
    gradient = circuit.backward()
    assert circuit["out"].value == pytest.approx(entry["value"], rel=1e-12, abs=0)
    for name, wanted in entry["grads"].items():
        # A gradient of exactly 0 comes out of terms that cancel: there the distance is counted in their size.
        assert gradient[name] == pytest.approx(wanted, rel=1e-10, abs=0 if wanted else 1e-13)

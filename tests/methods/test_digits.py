"""Right digits, and the gate that loses them."""

from __future__ import annotations

import pytest

import circuitgrad
from circuitgrad.methods.digits import DIGITS_OF_DOUBLE, first_loss
from circuitgrad.methods.exact_values import digits_of_wires
from circuitgrad.methods.used_gates import unused_gates


@pytest.mark.parametrize(
    ("text", "inputs", "gate"),
    [
        ("(1 - cos(x))/x**2", {"x": 1e-9}, "sub(1.0, 1.0)"),
        ("9*x**4 - y**4 + 2*y**2", {"x": 10864, "y": 18817}, "sub("),
        ("sqrt(x + 1) - sqrt(x)", {"x": 1e12}, "sub("),
        ("erf(6) - erf(x)", {"x": 6.5}, "sub("),
        ("(exp(x) - 1)/x", {"x": 1e-13}, "sub("),
    ],
)
def test_the_gate_that_cancels_is_named(text: str, inputs: dict[str, float], gate: str) -> None:
    circuit = circuitgrad.from_expression(text, **inputs)
    note = first_loss(circuit, digits_of_wires(circuit, circuit.forward()))
    assert note is not None
    assert f": {gate}" in note.message


@pytest.mark.parametrize("text", ["x*2", "sin(x)*exp(x)", "x - 3", "where(x > 1, x, sqrt(-1))"])
def test_nothing_is_named_where_nothing_is_lost(text: str) -> None:
    circuit = circuitgrad.from_expression(text, x=2.5)
    digits = digits_of_wires(circuit, circuit.forward())
    assert first_loss(circuit, digits) is None
    assert digits["x"] == DIGITS_OF_DOUBLE


def test_a_branch_that_is_not_taken_loses_nothing() -> None:
    circuit = circuitgrad.from_expression("(1 - cos(x))/x**2 if x > 1 else 0.5", x=1e-9)
    digits = digits_of_wires(circuit, circuit.forward())
    assert first_loss(circuit, digits) is not None
    assert first_loss(circuit, digits, unused_gates(circuit, ["out"])) is None

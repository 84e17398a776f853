"""Where infinities and NaNs come from."""

from __future__ import annotations

import math

import pytest

import circuitgrad
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value


def test_nothing_to_say_of_finite_numbers() -> None:
    circuit = circuitgrad.from_expression("x*y", x=-2, y=3)
    circuit.backward()
    assert nonfinite_value(circuit) is None
    assert nonfinite_gradient(circuit) is None


def test_the_first_gate_is_named_with_its_operands_and_its_line() -> None:
    circuit = circuitgrad.loads("inputs: {x: -1}\ngates:\n  a: x*2\n  b: {log: a}\n  c: b + 1\n")
    circuit.forward()
    problem = nonfinite_value(circuit)
    assert problem is not None
    assert problem.message == "'b' is nan: log(-2.0)"
    assert problem.place is not None
    assert problem.place.line == 4


def test_overflow_is_named() -> None:
    circuit = circuitgrad.from_expression("1/exp(x)", x=1000)
    circuit.forward()
    problem = nonfinite_value(circuit)
    assert problem is not None
    assert "is inf: exp(1000.0)" in problem.message


@pytest.mark.parametrize(("text", "partial"), [("sqrt(x*x)", "inf"), ("log(x)", "inf"), ("1/x", "-inf")])
def test_the_gate_that_breaks_a_gradient_is_named(text: str, partial: str) -> None:
    circuit = circuitgrad.from_expression(text, x=0)
    gradient = circuit.backward()
    assert not math.isfinite(gradient["x"])
    problem = nonfinite_gradient(circuit)
    assert problem is not None
    assert f"the gradient becomes {partial} at 'out'" in problem.message

"""Where infinities and NaNs come from."""

from __future__ import annotations

import math

import pytest

import circuitgrad
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value
from program import invoke


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


# A gradient of 0 that meets an infinite slope

SILENCED = [
    ("sqrt(x)**2", "sqrt"), ("cbrt(x)**3", "cbrt"), ("relu(sqrt(x))", "sqrt"), ("exp(log(x))", "log"),
    ("sqrt(abs(x))**2", "sqrt"), ("(x**0.5)**4", "pow"), ("sqrt(sqrt(x))**4", "sqrt"), ("x + sqrt(x)**2", "sqrt"),
    ("sqrt(x)*sqrt(x)", "sqrt"), ("sin(x)*1 + cbrt(x)**5", "cbrt"), ("(sqrt(x)**2 if x >= 0 else 0)", "sqrt"),
]  # fmt: skip
SOUND = [
    "sqrt(x) if x > 0 else 0", "relu(sqrt(x) - 1)", "clip(sqrt(x), 1, 2)", "max(sqrt(x), 1)", "hypot(x, x)**2",
    "floor(sqrt(x) + 0.5)", "x if sqrt(x) > 1 else 2*x", "sqrt(x + 1)**2", "cbrt(x)**3 if x != 0 else x",
    "sqrt(x)**2 if x > 0 else x", "x**3", "min(cbrt(x) + 1, 0.5)",
]  # fmt: skip


@pytest.mark.parametrize(("text", "gate"), SILENCED)
def test_a_zero_that_meets_an_infinite_slope_is_named(text: str, gate: str) -> None:
    warned = invoke("backward", "-", stdin=f"{{inputs: {{x: 0}}, gates: {{f: '{text}'}}}}")
    assert warned.exit_code == 0
    assert "<stdin>:1:" in warned.stderr
    assert f"meets the infinite slope of {gate}(" in warned.stderr


@pytest.mark.parametrize("text", SOUND)
def test_a_zero_behind_a_condition_is_right(text: str) -> None:
    assert invoke("backward", "-", stdin=f"{{inputs: {{x: 0}}, gates: {{f: '{text}'}}}}").stderr == ""


def test_quiet_says_nothing() -> None:
    assert invoke("backward", "-", "-q", stdin="{inputs: {x: 0}, gates: {f: sqrt(x)**2}}").stderr == ""


def test_hessian_and_optimize_warn_too() -> None:
    text = "{inputs: {x: 0}, gates: {f: sqrt(x)**2}}"
    for command in ("hessian", "optimize"):
        assert "meets the infinite slope of sqrt(0.0)" in invoke(command, "-", stdin=text).stderr
    assert "infinite slope" not in invoke("optimize", "-", "--method", "random", "--steps", "1", stdin=text).stderr

"""Second derivatives at the end of a domain: powers of a base that is 0, where the reference has one side only."""

from __future__ import annotations

from math import inf, isinf
from typing import TYPE_CHECKING

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import NONFINITE, OK, WRONG
from circuitgrad.methods.hessian import hessian, singular_gate, tangent_rows

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit


def power(base: float, exponent: float) -> Circuit:
    return circuitgrad.from_expression("a**b", a=base, b=exponent)


def in_a(exponent: float) -> float:
    """Return the second derivative of a**b in a, from the right of a = 0."""
    if exponent in (0, 1):
        return 0.0
    return 2.0 if exponent == 2 else 0.0 if exponent > 2 else inf if exponent > 1 else -inf


EXPONENTS = st.sampled_from([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 7.0]) | st.floats(0.125, 9, width=16)


@given(exponent=EXPONENTS)
def test_second_derivatives_at_a_base_of_0(exponent: float) -> None:
    circuit = power(0.0, exponent)
    mixed = -inf if exponent <= 1 else 0.0
    wanted = {"a": {"a": in_a(exponent), "b": mixed}, "b": {"a": mixed, "b": 0.0}}
    assert tangent_rows(circuit, "out") == wanted
    with mpmath.workdps(60):
        assert tangent_rows(circuit, "out", None, MULTIPRECISION) == wanted
    circuit.forward()
    assert (singular_gate(circuit, "out") is None) == (exponent >= 2)
    constant = circuitgrad.from_expression(f"x**{exponent!r}", x=0)
    assert hessian(constant, "out")["x"]["x"] == in_a(exponent)


@settings(max_examples=examples(15))
@given(exponent=EXPONENTS.filter(lambda exponent: exponent == 1 or abs(exponent - 1) > 0.1))
def test_the_check_of_second_derivatives_at_a_base_of_0(exponent: float) -> None:
    found = check(power(0.0, exponent), order=2).inputs["out"]
    wanted = {"a, a": NONFINITE if isinf(in_a(exponent)) else OK, "a, b": OK if exponent > 1 else NONFINITE, "b, b": OK}
    assert {pair: comparison.verdict for pair, comparison in found.items()} == wanted
    assert found["a, a"].numeric == in_a(exponent)


def test_a_power_of_0_that_is_0_has_no_second_derivatives() -> None:
    circuit = power(0.0, 0.0)
    circuit.forward()
    assert singular_gate(circuit, "out") is not None
    assert check(circuit, order=2).inputs["out"]["a, b"].verdict == NONFINITE


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("(1 - x)**2.5", {"x": 1}), ("x**2.5*y", {"x": 0, "y": 3}), ("(x + y)**2.5", {"x": 0, "y": 0}),
        ("x**2.5 + y**3.5", {"x": 0, "y": 0}), ("a**b*c", {"a": 0, "b": 2, "c": 5}), ("(2*x)**3.25", {"x": 0}),
        ("exp(x**2.25)", {"x": 0}), ("sin(a)**b", {"a": 0, "b": 2.5}), ("x**2.5*sqrt(1 + x)", {"x": 0}),
        ("(x*y)**2.5", {"x": 0, "y": 2}), ("x + x**4.5", {"x": 0}), ("(1 - x*x)**2.5", {"x": 1}),
    ],
)  # fmt: skip
def test_the_end_of_a_domain_is_no_fault(text: str, values: dict[str, float]) -> None:
    result = check(circuitgrad.from_expression(text, **values), order=2)
    assert result.passed
    assert {comparison.verdict for comparison in result.inputs["out"].values()} == {OK}


@pytest.mark.parametrize("wrong", ["2.5*x**1.5 + 3*x", "2.5*x**1.5 + 1e-6*x", "2*x"])
def test_a_wrong_second_derivative_at_the_end_of_a_domain_is_found(wrong: str) -> None:
    define = f"define: {{g: {{operands: [x], value: x**2.5, partials: {{x: '{wrong}'}}}}}}"
    result = check(circuitgrad.loads(f"{define}\ninputs: {{a: 0}}\ngates: {{out: g(a)}}"), order=2)
    (comparison,) = result.inputs["out"].values()
    assert comparison.verdict == WRONG


@pytest.mark.parametrize(("exponent", "reference"), [(0.5, -inf), (1.5, inf), (1.25, inf), (1.75, inf)])
def test_an_infinite_second_derivative_is_named_with_its_reference(exponent: float, reference: float) -> None:
    (found,) = check(circuitgrad.from_expression(f"x**{exponent}", x=0), order=2).inputs["out"].values()
    assert (found.verdict, found.analytic, found.numeric) == (NONFINITE, reference, reference)
    assert found.reason == ""


def test_a_slope_that_grows_with_the_logarithm_of_the_step_is_infinite() -> None:
    found = check(power(0.0, 1.0), order=2).inputs["out"]["a, b"]
    assert (found.analytic, found.numeric) == (-inf, -inf)
    guarded = circuitgrad.from_expression("x*log(x) if x > 0 else 0", x=0)
    beside = check(guarded).inputs["out"]["x"]
    assert (beside.left, beside.right) == (0.0, -inf)

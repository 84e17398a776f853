"""Second derivatives on trial: who is right passes, who is wrong does not, and what is no derivative is not finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.second_derivatives import check_hessian, check_hessian_in_doubles
from circuitgrad.methods.check.verdicts import NONFINITE, OK, WRONG, Comparison, Tolerance

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

TOLERANCE = Tolerance(1e-9, 1e-14)
coordinate = st.floats(-2, 2).map(lambda x: round(x, 4))


def exactly(circuit: Circuit) -> dict[str, Comparison]:
    return check_hessian(circuit, "out", list(circuit.inputs), TOLERANCE)


def in_doubles(circuit: Circuit) -> dict[str, Comparison]:
    return check_hessian_in_doubles(circuit, "out", list(circuit.inputs), Tolerance(1e-5, 0.0, 1e-12))


def defined(value: str, x: float, y: float, **partials: str) -> Circuit:
    """Return the circuit of one gate with these partials, at (x, y)."""
    written = ", ".join(f"{operand}: '{partial}'" for operand, partial in partials.items())
    define = f"define: {{g: {{operands: [u, v], value: '{value}', partials: {{{written}}}}}}}"
    return circuitgrad.loads(f"{define}\ninputs: {{x: {x!r}, y: {y!r}}}\ngates: {{out: 'g(x, y)'}}")


@given(x=coordinate, y=coordinate)
def test_the_numbers_that_are_compared_are_the_second_derivatives(x: float, y: float) -> None:
    circuit = circuitgrad.from_expression("x*x*x*y + exp(x - y)", x=x, y=y)
    bell = math.exp(x - y)
    wanted = {"x, x": 6 * x * y + bell, "x, y": 3 * x * x - bell, "y, y": bell}
    scale = 12 + bell
    for comparisons, error in ((exactly(circuit), 1e-14), (in_doubles(circuit), 1e-5)):
        assert comparisons.keys() == wanted.keys()
        for pair, comparison in comparisons.items():
            assert comparison.verdict == OK
            assert comparison.numeric == pytest.approx(wanted[pair], abs=error * scale)
            assert comparison.analytic == pytest.approx(wanted[pair], abs=1e-13 * scale)


HARD = [
    ("x**y", {"x": 1e-3, "y": 2.5}),
    ("log(x)*y", {"x": 1e-12, "y": 3.0}),
    ("sin(1e6*x)*y", {"x": 0.3, "y": 2.0}),
    ("sigmoid(x*y)", {"x": 40.0, "y": 1.5}),
    ("tanh(x + y)", {"x": 15.0, "y": 5.0}),
    ("sqrt(x)*sqrt(y)", {"x": 1e-9, "y": 1e9}),
    ("1e16 + x*y", {"x": 1.0, "y": 3.0}),
    ("(x + 1e8)*(x - 1e8)*y", {"x": 0.5, "y": 0.25}),
    ("x + y", {"x": -1e300, "y": 1e300}),
    ("relu(x)*y", {"x": 1e-15, "y": 2.0}),
    ("max(x, y)*x", {"x": 1.0, "y": math.nextafter(1, 2)}),
    ("x*y", {"x": 0.0, "y": 0.0}),
]


@pytest.mark.parametrize(("text", "inputs"), HARD, ids=[text for text, _ in HARD])
def test_hard_points_of_correct_hessians(text: str, inputs: dict[str, float]) -> None:
    comparisons = exactly(circuitgrad.from_expression(text, **inputs))
    assert {comparison.verdict for comparison in comparisons.values()} <= {OK, "inaccurate"}


@settings(max_examples=examples(25))
@given(x=coordinate, y=coordinate, factor=st.sampled_from([-1.0, 1e-9, 1e-3, 1.0, 1e3]))
def test_a_partial_that_is_wrong_beside_the_point_is_found(x: float, y: float, factor: float) -> None:
    circuit = defined("u*u*v", x, y, u=f"2*u*v + {factor!r}*(u - {x!r})", v="u*u")
    assert check(circuit).points[0].passed
    comparisons = check(circuit, order=2)
    assert not comparisons.passed
    assert {pair: comparison.verdict == WRONG for pair, comparison in comparisons.inputs["out"].items()} == {
        "x, x": True,
        "x, y": False,
        "y, y": False,
    }


@settings(max_examples=examples(25))
@given(x=coordinate, y=coordinate)
def test_either_end_of_a_mixed_derivative_may_be_the_wrong_one(x: float, y: float) -> None:
    faults: list[dict[str, Any]] = [
        {"u": f"v*cos(u*v) + (v - {y!r})", "v": "u*cos(u*v)"},
        {"u": "v*cos(u*v)", "v": f"u*cos(u*v) - (u - {x!r})"},
    ]
    for partials in faults:
        circuit = defined("sin(u*v)", x, y, **partials)
        for find in (exactly, in_doubles):
            verdicts = {pair: comparison.verdict for pair, comparison in find(circuit).items()}
            assert verdicts == {"x, x": OK, "x, y": WRONG, "y, y": OK}


def test_inputs_that_never_meet_have_no_mixed_derivative() -> None:
    circuit = circuitgrad.from_expression("exp(x) + sin(y)", x=1, y=2)
    comparisons = exactly(circuit)
    assert (comparisons["x, y"].verdict, comparisons["x, y"].numeric) == (OK, 0.0)


@pytest.mark.parametrize(("text", "x"), [("sqrt(x)", 0.0), ("log(x)", 0.0), ("log(x)", -1.0), ("1/x", 0.0)])
def test_where_there_is_no_second_derivative_nothing_passes(text: str, x: float) -> None:
    circuit = circuitgrad.from_expression(text, x=x)
    assert exactly(circuit)["x, x"].verdict == NONFINITE
    assert in_doubles(circuit)["x, x"].verdict == NONFINITE


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_at_an_input_that_is_not_finite_nothing_passes(value: float) -> None:
    circuit = circuitgrad.from_expression("atan(x)*y", x=value, y=2)
    comparisons = exactly(circuit)
    assert [comparisons[pair].verdict for pair in ("x, x", "x, y")] == [NONFINITE, NONFINITE]


@given(x=coordinate, y=coordinate)
def test_the_circuit_stays_as_it_was(x: float, y: float) -> None:
    circuit = circuitgrad.from_expression("x*y*y + relu(x)", x=x, y=y)
    before = circuit.backward()
    for find in (exactly, in_doubles):
        find(circuit)
        assert circuit.values() == {"x": x, "y": y}
        assert {name: circuit[name].grad for name in before} == before


def test_chosen_inputs_only() -> None:
    circuit = circuitgrad.from_expression("x*y*z", x=2, y=3, z=5)
    assert list(check_hessian(circuit, "out", ["z", "x"], TOLERANCE)) == ["z, z", "z, x", "x, x"]

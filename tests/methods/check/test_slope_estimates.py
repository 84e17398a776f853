"""The complex step and Ridders' extrapolation: what they say of their own errors holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import circuitgrad
from budget import examples
from circuitgrad.errors import CircuitError
from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.methods.check.check import DEFAULT_RTOL
from circuitgrad.methods.check.finite_differences import AlongInput
from circuitgrad.methods.check.slope_estimates import SlopeEstimate, complex_slopes, require_complex_rules, ridders

if TYPE_CHECKING:
    from collections.abc import Callable

# A formula, its meaning, and where it is tried; all are smooth there.
FORMULAS: list[tuple[str, Callable[[Any], Any], float, float]] = [
    ("sin(x)", mp.sin, -20, 20),
    ("sin(100*x)", lambda x: mp.sin(100 * x), -3, 3),
    ("exp(x)", mp.exp, -50, 50),
    ("1/(1 + x*x)", lambda x: 1 / (1 + x * x), -10, 10),
    ("tanh(3*x - 1)", lambda x: mp.tanh(3 * x - 1), -3, 3),
    ("sqrt(x)*log(x)", lambda x: mp.sqrt(x) * mp.log(x), 1e-6, 100),
    ("x**3 - 2*x + 5", lambda x: x**3 - 2 * x + 5, -100, 100),
    ("sigmoid(x)*cos(x)", lambda x: mp.cos(x) / (1 + mp.exp(-x)), -20, 20),
    ("softplus(x) - x/2", lambda x: mp.log(1 + mp.exp(x)) - x / 2, 0.5, 10),
    ("asinh(x)/(2 + cos(x))", lambda x: mp.asinh(x) / (2 + mp.cos(x)), -30, 30),
    ("log1p(exp(-x*x))", lambda x: mp.log(1 + mp.exp(-x * x)), -4, 4),
    ("hypot(x, 3)", lambda x: mp.sqrt(x * x + 9), -50, 50),
]
EACH = pytest.mark.parametrize(("text", "meaning", "low", "high"), FORMULAS, ids=[text for text, *_ in FORMULAS])


def exact(meaning: Callable[[Any], Any], x: float) -> Any:
    with mpmath.workdps(40):
        return mpmath.diff(meaning, mpf(x))


def by_ridders(text: str, x: float, h: float | None = None) -> SlopeEstimate:
    circuit = circuitgrad.from_expression(text, x=x)
    circuit.backward()
    return ridders(AlongInput(circuit, "out", "x"), [unit.grad for unit in circuit.units], h)


def by_complex_step(text: str, x: float) -> SlopeEstimate:
    circuit = circuitgrad.from_expression(text, x=x)
    (estimate,) = complex_slopes(circuit, ["out"], "x")
    return estimate


@EACH
@settings(max_examples=examples(40))
@given(share=st.floats(0, 1))
def test_ridders_error_is_within_what_it_says(
    text: str, meaning: Callable[[Any], Any], low: float, high: float, share: float
) -> None:
    x = low + (high - low) * share
    estimate, slope = by_ridders(text, x), exact(meaning, x)
    # Once in some thousand points chance makes the extrapolations agree: the check's tolerance allows for that.
    assert abs(estimate.slope - slope) <= estimate.uncertainty + DEFAULT_RTOL["ridders"] * abs(slope)
    with mpmath.workdps(40):
        scale = abs(slope) + abs(meaning(mpf(x))) / max(1, abs(x))
    assert estimate.uncertainty <= 1e-6 * max(scale, 1e-6) * max(1, abs(x))


@EACH
@settings(max_examples=examples(40))
@given(share=st.floats(0, 1))
def test_the_complex_step_is_right_to_rounding(
    text: str, meaning: Callable[[Any], Any], low: float, high: float, share: float
) -> None:
    x = low + (high - low) * share
    estimate, slope = by_complex_step(text, x), exact(meaning, x)
    with mpmath.workdps(40):
        # The slope moves by its own slope when an operand inside is rounded.
        bend = abs(mpmath.diff(meaning, mpf(x), 2)) * max(1, abs(x))
        terms = abs(meaning(mpf(x)))
    assert abs(estimate.slope - slope) <= estimate.uncertainty + 32 * MACHINE_EPSILON * (abs(slope) + bend + terms)
    assert estimate.uncertainty <= 64 * MACHINE_EPSILON * (abs(slope) + bend + terms) + 1e-300


@pytest.mark.parametrize("x", [1e-300, -1e-300, 1e-12, 0.0, 1e12, 1e150])
def test_complex_steps_suit_points_of_any_size(x: float) -> None:
    assert by_complex_step("x*x/3", x).slope == pytest.approx(2 * x / 3, rel=1e-14, abs=1e-300)
    assert by_complex_step("3*x", x).slope == pytest.approx(3, rel=1e-14)
    assert by_complex_step("sin(x/1e150)", x).slope == pytest.approx(math.cos(x / 1e150) / 1e150, rel=1e-14)


def test_rounding_within_a_gate_shows_in_the_uncertainty() -> None:
    # The two terms of the slope of x/(1 + x) cancel.
    for number in range(300):
        x = 1e5 + 1234.5 * number
        estimate = by_complex_step("softsign(x)", x)
        assert abs(estimate.slope - (1 + x) ** -2) <= estimate.uncertainty + 1e-10 * (1 + x) ** -2


@pytest.mark.parametrize("h", [0.5, 0.1, 1e-3])
@pytest.mark.parametrize("x", [-2.0, 0.3, 5.0])
def test_ridders_takes_the_step_that_it_is_given(h: float, x: float) -> None:
    estimate = by_ridders("exp(x)*sin(x)", x, h)
    slope = math.exp(x) * (math.sin(x) + math.cos(x))
    assert abs(estimate.slope - slope) <= estimate.uncertainty
    assert estimate.uncertainty <= 1e-6 * abs(slope)


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("sqrt(x)", 1e-9, 0.5 / math.sqrt(1e-9)),
        ("log(x)", 1e-6, 1e6),
        ("1/x", 1e-4, -1e8),
        ("asin(x)", 0.999999, 1 / math.sqrt((1 - 0.999999) * (1 + 0.999999))),
        ("relu(x)", 1e-5, 1.0),
        ("abs(x - 1)*x", 0.9999, 1 - 2 * 0.9999),
        ("exp(100*x)", 7.0, 100 * math.exp(700)),
    ],
)
def test_the_first_step_is_shortened_where_the_function_ends_or_bends(text: str, x: float, slope: float) -> None:
    estimate = by_ridders(text, x)
    # The slope in doubles is rounded, too.
    assert abs(estimate.slope - slope) <= estimate.uncertainty + 1e-12 * abs(slope)
    assert estimate.uncertainty <= 1e-4 * abs(slope)


def test_a_function_that_is_finite_nowhere_has_no_certain_slope() -> None:
    assert by_ridders("sqrt(-1 - x*x)", 1.0).uncertainty == math.inf


def test_less_doubt_is_relative_first() -> None:
    assert SlopeEstimate(1.0, 0.0).doubt < SlopeEstimate(1e6, 1e-3).doubt < SlopeEstimate(1.0, 1e-3).doubt
    assert SlopeEstimate(math.inf, math.inf).doubt[0] == 1.0


def test_what_has_no_complex_rule_is_refused_with_its_gate() -> None:
    require_complex_rules(circuitgrad.from_expression("exp(x)*tanh(x)", x=1), ["out"])
    circuit = circuitgrad.loads("{inputs: {x: 1}, gates: {p: {mod: [x, 1]}, q: exp(x), r: gelu(q)}, output: [q, r]}")
    require_complex_rules(circuit, ["q"])
    with pytest.raises(CircuitError, match="'r' cannot take the complex step: erfc, which gelu calls"):
        require_complex_rules(circuit, ["r"])
    with pytest.raises(CircuitError, match="'p' cannot take the complex step: mod has no complex rule"):
        require_complex_rules(circuit, ["p"])


def test_several_outputs_take_one_step() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 2, y: 3}, gates: {p: x*x*y, q: y*y, r: exp(x)}, output: [p, q, r]}")
    slopes = [estimate.slope for estimate in complex_slopes(circuit, ["p", "q", "r"], "x")]
    assert slopes == pytest.approx([12.0, 0.0, math.exp(2)], rel=1e-14)
    assert circuit.values() == {"x": 2.0, "y": 3.0}

"""Points to check at: within bounds, drawn alike from the same seed, and only where the outputs are finite."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.gates.table import find
from circuitgrad.methods.check.input_points import drawn_points, hidden_faults

number = st.floats(-1e6, 1e6, allow_subnormal=False)
finite = st.floats(allow_nan=False, allow_infinity=False)


def through(gate: str, *inputs: Input) -> Circuit:
    """Return a circuit of one gate."""
    return Circuit("one", inputs, [], ["out"], [find(gate)], [tuple(range(len(inputs)))], ["out"])


@example(low=-sys.float_info.max, high=sys.float_info.max, share=0.5, seed=0)
@example(low=-0.0, high=5e-324, share=0.5, seed=0)
@given(low=finite, high=finite, share=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_bounds_are_respected(low: float, high: float, share: float, seed: int) -> None:
    low, high = sorted((low, high))
    value = min(max(low * (1 - share) + high * share, low), high)
    found = drawn_points(through("atan", Input("x", value, min=low, max=high)), 5, seed)
    assert len(found) == 5
    assert all(low <= point.values["x"] <= high for point in found)


@given(value=finite, bound=finite, below=st.booleans(), seed=st.integers(0, 10**6))
def test_a_single_bound_is_respected_too(value: float, bound: float, *, below: bool, seed: int) -> None:
    leaf = Input("x", max(value, bound), min=bound) if below else Input("x", min(value, bound), max=bound)
    for point in drawn_points(through("atan", leaf), 5, seed):
        assert leaf.min <= point.values["x"] <= leaf.max
        assert math.isfinite(point.values["x"])


def test_bounds_are_filled() -> None:
    found = [point.values["x"] for point in drawn_points(through("neg", Input("x", 2.0, min=-1, max=3)), 400, 7)]
    assert min(found) < -0.8
    assert max(found) > 2.8
    assert abs(sum(found) / len(found) - 1) < 0.25


@given(value=finite, seed=st.integers(0, 10**6))
def test_without_bounds_a_point_is_up_to_half_of_the_value_away(value: float, seed: int) -> None:
    half = abs(value) / 2 or 1.0
    for point in drawn_points(through("atan", Input("x", value)), 5, seed):
        assert abs(point.values["x"] - value) <= half * (1 + 1e-15) + 5e-324
        assert abs(point.values["x"]) <= sys.float_info.max


def test_points_without_bounds_lie_on_both_sides() -> None:
    found = [point.values["x"] for point in drawn_points(through("neg", Input("x", -8.0)), 400, 7)]
    assert min(found) < -11.8
    assert max(found) > -4.2


@given(x=number, y=number, seed=st.integers(0, 10**6))
def test_the_same_seed_draws_the_same_points(x: float, y: float, seed: int) -> None:
    circuit = circuitgrad.from_expression("sin(x)*y", x=x, y=y)
    found = drawn_points(circuit, 4, seed)
    assert found == drawn_points(circuit, 4, seed)
    assert found != drawn_points(circuit, 4, seed + 1)
    assert found[:2] == drawn_points(circuit, 2, seed)
    assert [point.name for point in found] == ["point 1", "point 2", "point 3", "point 4"]
    assert circuit.values() == {"x": x, "y": y}


@settings(max_examples=examples(30))
@given(seed=st.integers(0, 10**6))
def test_where_an_output_is_not_finite_a_point_is_drawn_anew(seed: int) -> None:
    circuit = through("log", Input("x", 1.0, min=-1, max=1))
    found = drawn_points(circuit, 20, seed)
    # A draw is fine half of the time, so that a hundred of them fail once in 1e30.
    assert len(found) == 20
    assert all(point.values["x"] > 0 for point in found)


@settings(max_examples=examples(30))
@given(seed=st.integers(0, 10**6))
def test_every_output_has_to_be_finite(seed: int) -> None:
    circuit = circuitgrad.loads(
        "{inputs: {x: {value: 0, min: -2, max: 2}}, gates: {p: sqrt(x), q: sqrt(1 - x), r: x}, output: [p, q]}"
    )
    found = drawn_points(circuit, 10, seed)
    assert len(found) == 10
    assert all(0 <= point.values["x"] <= 1 for point in found)


def test_what_is_hardly_ever_finite_is_given_up() -> None:
    assert drawn_points(through("sqrt", Input("x", -4.0)), 5, 0) == []


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_stays_where_it_is(value: float) -> None:
    circuit = through("where", Input("t", 0.0, min=0, max=0), Input("x", value), Input("y", 3.0))
    (point,) = drawn_points(circuit, 1, 0)
    assert point.values["x"] == value or (value != value and point.values["x"] != point.values["x"])


# What hides faults


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(-6, 6).map(float), max_size=5))
def test_zeros_ones_and_equals_hide_faults_and_nothing_else_does(values: dict[str, float]) -> None:
    plain = any(value in {0.0, 1.0} for value in values.values())
    alike = len(set(values.values())) < len(values)
    found = hidden_faults(values)
    assert (found is not None) is (plain or alike)
    if found is not None:
        for name, value in values.items():
            if value in {0.0, 1.0} and len(values) <= 3:
                assert f"'{name}'" in found


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({}, None),
        ({"x": -1.0, "y": 2.0}, None),
        ({"x": -2.0, "y": 2.0}, None),
        ({"x": 0.0}, "'x' is 0"),
        ({"x": -0.0}, "'x' is 0"),
        ({"x": 1.0, "y": 1.0, "z": 3.0}, "'x' and 'y' are 1"),
        ({"x": 0.0, "y": 1.0}, "'x' is 0; 'y' is 1"),
        ({"x": 1.0, "y": 0.0}, "'y' is 0; 'x' is 1"),
        ({"x": 5.0, "y": 5.0, "z": 5.0}, "'x', 'y' and 'z' are equal"),
        ({"x": 5.0, "y": 5.0, "u": 7.0, "v": 7.0}, "'x' and 'y' are equal, and others"),
        ({f"x{i}": 0.0 for i in range(1003)}, "'x0', 'x1', 'x2' and 1,000 more are 0"),
    ],
)
def test_the_reasons_are_named(values: dict[str, float], reasons: str | None) -> None:
    assert hidden_faults(values) == reasons

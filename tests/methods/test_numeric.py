"""Finite differences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.methods.numeric import default_step, slopes
from numeric_gradient import numeric_gradient

NUMBERS = st.floats(-1e12, 1e12)


def test_the_figures_of_the_guide() -> None:
    multiply = circuitgrad.from_expression("x*y", x=-2, y=3)
    gradient = numeric_gradient(multiply, "out", ["x", "y"], "forward", 1e-4)
    assert gradient["y"] == -2.0000000000042206
    assert gradient["x"] == pytest.approx(3, rel=1e-11)
    assert numeric_gradient(multiply, "out", ["y"]) == {"y": pytest.approx(-2, rel=1e-10)}


@given(x=st.floats(-100, 100), a=st.floats(-10, 10), b=st.floats(-10, 10))
def test_central_differences_are_exact_for_parabolas_up_to_rounding(x: float, a: float, b: float) -> None:
    differences = slopes(lambda t: a * t * t + b * t, x, "central", 2.0**-10)
    rounding = 2.0**-52 * 4 * (abs(a * x * x) + abs(b * x) + 1) / 2.0**-10
    assert abs(differences.slope - (2 * a * x + b)) <= rounding
    assert abs((differences.left + differences.right) / 2 - differences.slope) <= rounding


@given(x=NUMBERS)
def test_both_slopes_of_a_straight_line(x: float) -> None:
    differences = slopes(lambda t: -3 * (t - x), x, "forward", 1.0)
    assert differences.slope == differences.right
    assert (differences.left, differences.right) == pytest.approx((-3, -3), rel=1e-3)


@given(x=st.floats(allow_nan=False, allow_infinity=False), method=st.sampled_from(["central", "forward"]))
def test_the_default_step_moves_every_number(x: float, method: str) -> None:
    step = default_step(method, x)
    assert x + step / 4 != x
    assert x - step / 4 != x


def test_the_default_step_is_the_guides_for_ordinary_numbers() -> None:
    assert all(default_step("forward", x) == 1e-4 for x in (-1000.0, -3.0, 0.0, 0.5, 1000.0))

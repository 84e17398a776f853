"""Exact slopes: known ones of smooth functions, of corners, jumps and roots, and a doubt that never claims too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import inf, mp, mpf, nan

from budget import examples
from circuitgrad.gates.compiled import value_function
from circuitgrad.gates.kinks import branch_function
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.table import find
from circuitgrad.methods.check.exact_slopes import ExactSlope, FunctionSample, exact_slopes

if TYPE_CHECKING:
    from collections.abc import Callable

BELIEFS = pytest.mark.parametrize("belief", ["right", "zero", "wrong", "nan"])


def slope_of(function: Callable[[Any], Any], x: float, expected: Any, size: Any = None) -> ExactSlope:
    """Return the slope of a function without states; its size is what rounding at the point makes it."""
    if size is None:
        with mpmath.workdps(60):
            size = abs(function(mpf(x))) + abs(mpf(x) * expected)
    (measured,) = exact_slopes(lambda at: FunctionSample([function(at)], []), x, [mpf(expected)], [size])
    return measured


def believed(slope: Any, belief: str) -> Any:
    return {"right": slope, "zero": mpf(0), "wrong": 2 * slope + 1, "nan": nan}[belief]


def root(x: Any) -> Any:
    return mp.sqrt(x) if x >= 0 else nan


# Smooth functions: the function, a point, its slope

SMOOTH: dict[str, tuple[Callable[[Any], Any], float, Callable[[Any], Any]]] = {
    "cube": (lambda x: x**3, 2.0, lambda x: 3 * x**2),
    "exp": (mp.exp, -700.0, mp.exp),
    "exp large": (mp.exp, 700.0, mp.exp),
    "sine": (mp.sin, 1e6, mp.cos),
    "a fast sine": (lambda x: mp.sin(mpf(10) ** 25 * x), 0.3, lambda x: mpf(10) ** 25 * mp.cos(mpf(10) ** 25 * x)),
    "behind saturation": (mp.tanh, 40.0, lambda x: mp.sech(x) ** 2),
    "far behind it": (lambda x: 1 / (1 + mp.exp(-x)), 100.0, lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2),
    "a small root": (root, 1e-12, lambda x: 1 / (2 * mp.sqrt(x))),
    "a pole nearby": (lambda x: 1 / x, 1e-8, lambda x: -1 / x**2),
    "a huge point": (lambda x: x / 3, 1e300, lambda x: mpf(1) / 3),
    "a tiny point": (lambda x: x * x, 1e-300, lambda x: 2 * x),
    "a logarithm": (mp.log, 5e-324, lambda x: 1 / x),
    "large terms": (lambda x: (mpf(10) ** 30 + x) - mpf(10) ** 30, 1.0, lambda x: mpf(1)),
}
FLAT: dict[str, tuple[Callable[[Any], Any], float]] = {
    "a minimum": (lambda x: x * x, 0.0),
    "a minimum elsewhere": (lambda x: (x - 1) ** 2 + 5, 1.0),
    "a maximum": (mp.cos, 0.0),
    "a saddle": (lambda x: x**3, 0.0),
    "a constant": (lambda x: mpf(7), 3.0),
    "nothing": (lambda x: mpf(0), 0.0),
    "a floor": (mp.floor, 2.5),
    "a flat root": (lambda x: abs(x) ** mpf("2.5"), 0.0),
}


@BELIEFS
@pytest.mark.parametrize("name", SMOOTH)
def test_the_slope_of_a_smooth_function_whatever_was_believed(name: str, belief: str) -> None:
    function, x, slope = SMOOTH[name]
    with mpmath.workdps(120):
        exact = slope(mpf(x))
        size = mpf(10) ** 31 if name == "large terms" else abs(x * exact) + abs(function(mpf(x)))
    measured = slope_of(function, x, believed(exact, belief), size)
    assert not measured.kink
    if belief == "right" or abs(exact) * abs(mpf(x)) > mpf(10) ** -20 * size:
        # Far smaller slopes are looked for where they are believed to be.
        assert abs(measured.slope - exact) <= mpf(10) ** -17 * abs(exact)
    assert abs(measured.slope - exact) <= measured.doubt + mpf(10) ** -30 * abs(exact)


@pytest.mark.parametrize("expected", [0.0, 1.0])
@pytest.mark.parametrize("name", FLAT)
def test_a_slope_of_nothing(name: str, expected: float) -> None:
    function, x = FLAT[name]
    measured = slope_of(function, x, expected)
    assert not measured.kink
    assert abs(measured.slope) <= measured.doubt + mpf(10) ** -19
    assert measured.doubt < mpf(10) ** -9


@pytest.mark.parametrize("believed", [0.0, -1.1])
def test_digits_that_cancel_inside_come_back_with_spare_ones(believed: float) -> None:
    # Rump's polynomial, whose terms of 1e36 leave -0.827396...
    b = mpf(33096)

    def rump(a: Any) -> Any:
        terms = a**2 * (11 * a**2 * b**2 - b**6 - 121 * b**4 - 2)
        return mpf("333.75") * b**6 + terms + mpf("5.5") * b**8 + a / (2 * b)

    with mpmath.workdps(200):
        a = mpf(77617)
        exact = 44 * a**3 * b**2 - 2 * a * (b**6 + 121 * b**4 + 2) + 1 / (2 * b)
        size = 2 * abs(a**2 * b**6) + abs(mpf("5.5") * b**8)
    (measured,) = exact_slopes(lambda x: FunctionSample([rump(x)], []), 77617.0, [mpf(believed)], [size], spare=40)
    assert not measured.kink
    assert abs(measured.slope - exact) <= mpf(10) ** -17 * abs(exact)
    assert abs(measured.slope - exact) <= measured.doubt


# Corners, jumps, roots, edges

CORNERS: dict[str, tuple[Callable[[Any], Any], float, Any, Any]] = {
    "abs": (abs, 0.0, -1, 1),
    "relu elsewhere": (lambda x: max(x - 3, mpf(0)), 3.0, 0, 1),
    "a steep one": (lambda x: 1e30 * max(x, mpf(0)), 0.0, 0, mpf(1e30)),
    "a slight one": (lambda x: x + mpf("1e-9") * abs(x), 0.0, 1 - mpf("1e-9"), 1 + mpf("1e-9")),
    "two curves": (lambda x: mp.sin(x) if x < 0 else mp.exp(2 * x) - 1, 0.0, 1, 2),
    "a cusp": (lambda x: mp.sqrt(abs(x)), 0.0, -inf, inf),
    "a cusp on one side": (lambda x: mp.sqrt(x) if x > 0 else x, 0.0, 1, inf),
}
JUMPS: dict[str, tuple[Callable[[Any], Any], float, Any, Any]] = {
    "sign": (mp.sign, 0.0, inf, inf),
    "floor": (mp.floor, 2.0, inf, 0),
    "a step down": (lambda x: x if x <= 1 else x - 5, 1.0, 1, -inf),
    "a step up from a slope": (lambda x: 3 * x if x < 2 else 3 * x + 4, 2.0, inf, 3),
    "a point": (lambda x: mpf(x == 4), 4.0, inf, -inf),
}


@BELIEFS
@pytest.mark.parametrize("name", CORNERS)
def test_a_corner_has_two_slopes(name: str, belief: str) -> None:
    function, x, left, right = CORNERS[name]
    measured = slope_of(function, x, believed(mpf(right if mpmath.isfinite(right) else 1), belief), mpf(1))
    assert measured.kink
    assert not measured.jump
    for got, wanted in ((measured.left, left), (measured.right, right)):
        assert got == wanted or abs(got - wanted) <= mpf(10) ** -15 * abs(wanted)


@pytest.mark.parametrize("expected", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("name", JUMPS)
def test_a_jump_is_infinitely_steep_on_the_side_where_it_is(name: str, expected: float) -> None:
    function, x, left, right = JUMPS[name]
    measured = slope_of(function, x, expected, mpf(1))
    assert measured.kink
    assert measured.jump
    for got, wanted in ((measured.left, left), (measured.right, right)):
        assert got == wanted or abs(got - wanted) <= mpf(10) ** -15


@pytest.mark.parametrize("order", [2, 3, 5, 7])
def test_a_root_stands_upright_and_is_no_jump(order: int) -> None:
    measured = slope_of(lambda x: mp.sign(x) * abs(x) ** (mpf(1) / order), 0.0, 1.0, mpf(1))
    assert measured.slope == measured.left == measured.right == inf
    assert not measured.kink
    assert not measured.jump


@pytest.mark.parametrize("power", [3, 5])
@pytest.mark.parametrize("slope", [0, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_edge_of_a_domain_the_slope_inside_counts(sign: int, slope: int, power: int) -> None:
    measured = slope_of(lambda x: slope * x + root(sign * x) ** power, 0.0, slope, mpf(1))
    assert not measured.kink
    assert abs(measured.slope - slope) <= mpf(10) ** -9
    assert abs(measured.slope - slope) <= measured.doubt


def test_a_root_at_the_edge_of_its_domain_is_upright() -> None:
    assert slope_of(root, 0.0, 1.0, mpf(1)).slope == inf
    assert slope_of(lambda x: root(1 - x), 1.0, 1.0, mpf(1)).slope == -inf


def test_where_there_is_no_value_there_is_no_slope() -> None:
    for function in (lambda x: nan, lambda x: 1 / x if x else inf, lambda x: root(x - 1)):
        measured = slope_of(function, 0.0, 1.0, mpf(1))
        assert mpmath.isnan(measured.slope)
        assert not mpmath.isfinite(measured.doubt)


def test_several_functions_are_told_apart() -> None:
    measured = exact_slopes(
        lambda x: FunctionSample([x * x, abs(x - 3), mp.floor(x), nan], []),
        3.0,
        [mpf(6), mpf(0), mpf(0), mpf(1)],
        [mpf(18), mpf(3), mpf(3), mpf(1)],
    )
    assert [slope.kink for slope in measured] == [False, True, True, False]
    assert [slope.jump for slope in measured] == [False, False, True, False]
    assert abs(measured[0].slope - 6) < mpf(10) ** -15
    assert mpmath.isnan(measured[3].slope)


# States


@pytest.mark.parametrize(
    ("name", "x", "left", "right"), [("relu", 0.0, 0, 1), ("abs", 0.0, -1, 1), ("sign", 0.0, inf, inf)]
)
def test_a_state_explains_a_corner(name: str, x: float, left: Any, right: Any) -> None:
    value, state = value_function(find(name), MULTIPRECISION), branch_function(find(name), MULTIPRECISION)
    assert state is not None
    (measured,) = exact_slopes(lambda at: FunctionSample([value(at)], [state(at)]), x, [mpf(0)], [mpf(1)])
    assert measured.ties == (0,)
    assert (measured.left, measured.right) == (left, right)


@pytest.mark.parametrize("distance", [1e-12, 1e-19, 1e-25, 1e-35])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_corner_nearby_is_none_at_the_point(distance: float, side: int) -> None:
    state = branch_function(find("abs"), MULTIPRECISION)
    assert state is not None

    def sample(x: Any) -> FunctionSample:
        moved = x - 1 + side * mpf(distance)
        return FunctionSample([abs(moved)], [state(moved)])

    for expected in (side, -side, 0):
        (measured,) = exact_slopes(sample, 1.0, [mpf(expected)], [mpf(1)])
        assert not measured.kink
        assert measured.ties == ()
        assert abs(measured.slope - side) <= measured.doubt + mpf(10) ** -20


# The doubt

coefficient = st.floats(-3, 3).map(lambda x: round(x, 4))
point = st.floats(-4, 4).map(lambda x: round(x, 4)) | st.floats(-1e-6, 1e-6) | st.floats(-1e6, 1e6)


@settings(max_examples=examples(150))
@given(a=coefficient, b=coefficient, c=coefficient, x=point, error=st.sampled_from([0.0, 1e-18, 1e-9, 1.0]))
def test_the_doubt_bounds_the_error_of_smooth_slopes(a: float, b: float, c: float, x: float, error: float) -> None:
    def function(t: Any) -> Any:
        return mp.sin(a * t) + mp.tanh(b * t) * c + t * t * b / (1 + t * t) + mp.exp(c - t * t / 100)

    with mpmath.workdps(100):
        t = mpf(x)
        exact = (
            mpf(a) * mp.cos(a * t)
            + mpf(b) * c * mp.sech(b * t) ** 2
            + 2 * b * t / (1 + t * t) ** 2
            - t / 50 * mp.exp(c - t * t / 100)
        )
        size = 30 + abs(b) + abs(c) + abs(t) * (abs(a) + abs(b * c))
    measured = slope_of(function, x, exact * (1 + error), size)
    assert not measured.kink
    assert abs(measured.slope - exact) <= measured.doubt + mpf(10) ** -30 * abs(exact)
    assert measured.doubt <= mpf(10) ** -15 * max(abs(exact), 1)


@given(left=coefficient, right=coefficient, bend=coefficient, x=coefficient)
def test_the_doubt_is_below_what_parts_the_sides_of_a_corner(left: float, right: float, bend: float, x: float) -> None:
    def function(t: Any) -> Any:
        moved = t - mpf(x)
        return (left if moved < 0 else right) * moved + bend * moved * moved

    measured = slope_of(function, x, left, mpf(10))
    assert measured.kink is (left != right)
    for got, wanted in ((measured.left, left), (measured.right, right)):
        assert abs(got - mpf(wanted)) <= mpf(10) ** -15

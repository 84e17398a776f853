"""The check where gradients are hard: known circuits, lost digits, saturation, kinks, chaos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

import circuitgrad
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import INACCURATE, KINK, NONFINITE, OK, WRONG, Comparison

REFERENCE = json.loads((Path(__file__).parents[2] / "known" / "reference.json").read_text(encoding="utf-8"))
RUMP = "333.75*y**6 + x**2*(11*x**2*y**2 - y**6 - 121*y**4 - 2) + 5.5*y**8 + x/(2*y)"


def inputs(text: str, **values: float) -> dict[str, Comparison]:
    """Return what the check says of every input of a formula."""
    result = check(circuitgrad.from_expression(text, **values), method="mp")
    return dict(result.inputs["out"])


@pytest.mark.parametrize("entry", REFERENCE, ids=lambda entry: entry["name"])
@pytest.mark.parametrize("method", ["mp", "central"])
def test_every_circuit_of_the_reference_passes(entry: dict[str, Any], method: str) -> None:
    result = check(circuitgrad.from_expression(entry["formula"], **entry["inputs"]), method=method)
    assert result.passed, result
    for name, grad in entry["grads"].items():
        comparison = result.inputs["out"][name]
        assert comparison.numeric == pytest.approx(grad, rel=1e-14 if method == "mp" else 1e-5, abs=1e-14)


def test_rumps_polynomial() -> None:
    x, y = 77617, 33096
    result = check(circuitgrad.from_expression(RUMP, x=x, y=y), method="mp")
    with mp.workdps(60):
        a, b = mpf(x), mpf(y)
        d_x = 44 * a**3 * b**2 - 2 * a * (b**6 + 121 * b**4 + 2) + 1 / (2 * b)
        d_y = 6 * mpf("333.75") * b**5 + a**2 * (22 * a**2 * b - 6 * b**5 - 484 * b**3) + 44 * b**7 - a / (2 * b**2)
    assert result.passed
    assert result.inputs["out"]["x"].numeric == float(d_x)
    assert result.inputs["out"]["y"].numeric == float(d_y)
    assert {comparison.verdict for comparison in result.inputs["out"].values()} <= {OK, INACCURATE}


def test_a_difference_of_roots_loses_its_digits() -> None:
    comparison = inputs("sqrt(x + 1) - sqrt(x)", x=1e8)["x"]
    with mp.workdps(40):
        exact = (1 / mp.sqrt(mpf(10) ** 8 + 1) - 1 / mp.sqrt(mpf(10) ** 8)) / 2
    analytic = 0.5 / (1e8 + 1) ** 0.5 - 0.5 / 1e4
    assert comparison.verdict == INACCURATE
    assert comparison.numeric == float(exact)
    assert comparison.analytic == analytic
    assert comparison.digits == pytest.approx(float(-mp.log10(abs((analytic - exact) / exact))), abs=1e-3)
    assert comparison.rule == float(exact)


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("sigmoid(x)", 40, mp.exp(-40) / (1 + mp.exp(-40)) ** 2),
        ("sigmoid(x)", -800, 0),  # less than the smallest double
        ("sigmoid(x)", -700, mp.exp(-700) / (1 + mp.exp(-700)) ** 2),
        ("tanh(x)", 40, 4 * mp.exp(-80) / (1 + mp.exp(-80)) ** 2),
        ("tanh(x)", 350, 4 * mp.exp(-700)),
        ("erf(x)", 20, 2 / mp.sqrt(mp.pi) * mp.exp(-400)),
        ("softplus(x)", -700, mp.exp(-700)),
        ("log(x)", 1e-300, mpf(10) ** 300),
        ("exp(-exp(x))", 6, -mp.exp(6 - mp.exp(6))),
        ("1 - exp(-x)", 700, mp.exp(-700)),
    ],
)
def test_tails(text: str, x: float, slope: Any) -> None:
    comparison = inputs(text, x=x)["x"]
    assert comparison.verdict == OK
    assert comparison.numeric == pytest.approx(float(slope), rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("text", "values", "name", "left", "right"),
    [
        ("relu(x)", {"x": 0}, "x", 0, 1),
        ("abs(x)", {"x": 0}, "x", -1, 1),
        ("max(x, y)", {"x": 2, "y": 2}, "x", 0, 1),
        ("max(x, y)", {"x": 2, "y": 2}, "y", 0, 1),
        ("min(x, y)", {"x": 2, "y": 2}, "y", 1, 0),
        ("clip(x, 0, 1)", {"x": 1}, "x", 1, 0),
        ("leaky_relu(3*x)", {"x": 0}, "x", 0.03, 3),
        ("hypot(x, y)", {"x": 0, "y": 0}, "x", -1, 1),
        ("abs(exp(x) - 1)", {"x": 0}, "x", -1, 1),
        ("x if x > 1 else 2*x - 1", {"x": 1}, "x", 2, 1),
        ("abs(x)*y", {"x": 0, "y": 5}, "x", -5, 5),
        ("1e10*abs(x - 3)", {"x": 3}, "x", -1e10, 1e10),
        ("max(x, max(y, z))", {"x": 1, "y": 1, "z": 1}, "z", 0, 1),
    ],
)
def test_kinks_have_the_slopes_on_both_sides(
    text: str, values: dict[str, float], name: str, left: float, right: float
) -> None:
    comparison = inputs(text, **values)[name]
    assert comparison.verdict == KINK
    assert comparison.left == pytest.approx(left, abs=1e-15)
    assert comparison.right == pytest.approx(right, abs=1e-15)
    assert comparison.ties


@pytest.mark.parametrize(
    ("text", "x", "slope", "verdict"),
    [
        ("relu(x) - relu(-x)", 0, 1, WRONG),  # each convention is a slope of its gate, their sum is none
        ("max(x, x)", 2, 1, OK),
        ("abs(x)*x", 0, 0, OK),
        ("elu(x)", 0, 1, OK),
        ("relu(x)**2", 0, 0, OK),
        ("max(x, -x) + min(x, -x)", 0, 0, OK),
        ("relu(x) + 1e-30", 1e-300, 1, OK),
        ("abs(x + 1e-300)", 0, 1, OK),
        ("softplus(x)", 0, 0.5, OK),
    ],
)
def test_composites_of_kinks_are_told_right(text: str, x: float, slope: float, verdict: str) -> None:
    comparison = inputs(text, x=x)["x"]
    assert comparison.numeric == pytest.approx(slope, abs=1e-18)
    assert comparison.verdict == verdict


def test_a_tie_that_rounding_makes_is_lost_digits() -> None:
    # The product rounds to 1 + 2**-51: to doubles the operands are equal, though they are not.
    comparison = check(circuitgrad.from_expression("max(x*x, y)", x=1 + 2**-52, y=1 + 2**-51), method="mp")
    assert comparison.gates["out"].verdict == KINK
    assert comparison.inputs["out"]["x"].verdict == INACCURATE
    assert comparison.passed


@pytest.mark.parametrize("text", ["step(x)", "sign(x)", "floor(x)", "atan2(x, -1)", "1 if x > 0 else 0"])
def test_jumps_stand_upright(text: str) -> None:
    comparison = inputs(text, x=0)["x"]
    assert comparison.verdict == KINK
    assert mpmath.inf in {comparison.left, comparison.right}


@pytest.mark.parametrize(("text", "x"), [("sqrt(x)", 0), ("cbrt(x)", 0), ("log(x)", -1), ("sqrt(abs(x))", 0)])
def test_what_is_not_finite_never_passes(text: str, x: float) -> None:
    assert inputs(text, x=x)["x"].verdict == NONFINITE


def test_chaos_is_no_wrong_rule() -> None:
    steps = "\n".join(f"  h{i}: 4*h{i - 1}*(1 - h{i - 1})" for i in range(1, 201))
    result = check(circuitgrad.loads(f"inputs: {{h0: 0.3}}\ngates:\n{steps}\noutput: h200"), method="mp")
    comparison = result.inputs["h200"]["h0"]
    with mp.workdps(300):
        # The logistic map is a doubling of the angle: h_n = sin(2**n * asin(sqrt(h0)))**2.
        h0 = mpf(0.3)
        angle = mpf(2) ** 200 * mp.asin(mp.sqrt(h0))
        slope = mp.sin(2 * angle) * mpf(2) ** 200 / (2 * mp.sqrt(h0) * mp.sqrt(1 - h0))
    assert comparison.numeric == float(slope)
    assert comparison.rule == float(slope)
    assert comparison.verdict == INACCURATE
    assert result.passed


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.5e308*x", {"x": 0.5}),
        ("x*y", {"x": 1.5e308, "y": 0.5}),
        ("x*sqrt(abs(x))", {"x": 0}),
        ("x*log1p(sqrt(abs(x)))", {"x": 0}),
        ("x**1.05", {"x": 0}),
        ("x**1.28", {"x": 0}),
        ("x**1.0000001", {"x": 0}),
        ("x*cbrt(x)", {"x": 0}),
        ("floor(x)", {"x": 1e70}),
        ("floor(x)", {"x": 4.8e20}),
        ("mod(x, y)", {"x": -1e300, "y": 1e-8}),
        ("gelu(x)", {"x": -40}),
        ("logsumexp(x, y)", {"x": 1e20, "y": 1e20}),
        ("clip(x, y, z)", {"x": 2, "y": 2, "z": 2}),
        ("exp(x/y)", {"x": 0, "y": 1e-30}),
        ("exp((x - 1)/y)", {"x": 1, "y": 1e-30}),
        ("sin(x)", {"x": 1e300}),
        ("tan(x)", {"x": -3e200}),
        ("exp(-exp(x))", {"x": 6.5}),
        ("1/(1 + exp(exp(x)))", {"x": 6.5}),
    ],
)
def test_no_correct_gradient_is_accused(text: str, values: dict[str, float]) -> None:
    result = check(circuitgrad.from_expression(text, **values), method="mp")
    assert result.passed, result


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sin(x)", {"x": 1e22}),
        ("tan(x)", {"x": 1e300}),
        ("1/(x + y)", {"x": 0, "y": 1e-20}),
        ("hypot(x, y)", {"x": 0, "y": 1e-28}),
        ("softplus(x - y)", {"x": 1e20, "y": 1e20}),
        ("step(x)*y", {"x": 0, "y": 1}),
        ("exp(y*step(x))", {"x": 0, "y": 1}),
        ("floor(x)*y", {"x": 3, "y": 1}),
        ("x**y", {"x": 2, "y": 0}),
        ("normal_pdf(x)", {"x": 0.5}),
        ("max(x, 0)**3", {"x": 0}),
        ("relu(x)**2", {"x": 0}),
        ("abs(x)*y", {"x": 0, "y": 2}),
        ("y*abs(x)", {"y": 2, "x": 0}),
        ("elu(x**20)", {"x": 0}),
        ("erfc(x*max(gaussian(x), z*y))", {"x": 709, "y": -2.1, "z": -40}),
        ("1e20*x*x + y*z", {"x": 3, "y": 5, "z": 7}),
    ],
)
def test_no_correct_second_derivative_is_accused(text: str, values: dict[str, float]) -> None:
    result = check(circuitgrad.from_expression(text, **values), method="mp", order=2)
    assert result.passed, result


@pytest.mark.parametrize("others", ["1e16*w", "1e20*w*w", "w*w*w"])
@pytest.mark.parametrize("w", [5, 1e18])
def test_no_large_derivative_hides_a_wrong_second_one(others: str, w: float) -> None:
    define = "define: {g: {operands: [x, y], value: x*y, partials: {x: '2', y: x}}}"  # right at y = 2, and only there
    text = f"{define}\ninputs: {{a: 3, b: 2, w: {w!r}}}\ngates: {{o: 'g(a, b) + {others}'}}"
    first = check(circuitgrad.loads(text))
    assert first.points[0].passed
    assert not first.passed  # a trial of g looks beside the point
    result = check(circuitgrad.loads(text), order=2)
    assert {pair for pair, comparison in result.inputs["o"].items() if comparison.verdict == WRONG} == {"a, b"}


@pytest.mark.parametrize(
    ("value", "partial", "x"),
    [("floor(x)", "17", 3), ("x*(x > 2)", "17", 2), ("step(x)", "1", 0), ("mod(x, 1)", "0", 2)],
)
def test_at_a_jump_the_slopes_beside_it_count(value: str, partial: str, x: float) -> None:
    define = f"define: {{f: {{operands: [x], value: '{value}', partials: {{x: '{partial}'}}}}}}"
    result = check(circuitgrad.loads(f"{define}\ninputs: {{a: {x}}}\ngates: {{o: f(a)}}"))
    assert result.gates["o"].verdict == WRONG
    assert not result.passed


@pytest.mark.parametrize("text", ["sqrt(x)**2", "cosh(sqrt(x))", "cbrt(x)**3"])
def test_a_gradient_of_0_that_meets_an_infinite_slope_is_named(text: str) -> None:
    comparison = inputs(text, x=0)["x"]
    assert comparison.verdict == WRONG
    assert "the gradient 0 of 'out.1' meets its infinite partial derivative" in comparison.reason


@pytest.mark.parametrize(
    ("text", "x"), [("sin(exp(x))", 1e6), ("sin(cosh(x))", 1e8), ("cos(x**1000)", 1e150), ("exp(exp(exp(x)))", 100)]
)
def test_numbers_beyond_all_bounds_are_no_work(text: str, x: float) -> None:
    assert inputs(text, x=x)["x"].verdict == NONFINITE
    aside = check(circuitgrad.loads(f"{{inputs: {{x: {x}}}, gates: {{u: {text}, y: 2*x}}, output: y}}"))
    assert aside.inputs["y"]["x"].verdict == OK


@pytest.mark.parametrize("text", ["square(sqrt(x))", "cbrt(x)**3", "exp(log(x))"])
@pytest.mark.parametrize("x", [0.1, 0.3, 0.7, 2.0])
def test_what_cancels_in_second_derivatives_is_no_fault(text: str, x: float) -> None:
    assert check(circuitgrad.from_expression(text, x=x), order=2).passed


@pytest.mark.parametrize("x", [40, 55, 59, 70])
def test_digits_that_a_rule_loses_by_itself_are_no_fault(x: float) -> None:
    define = "define: {g: {operands: [x], value: tanh(x), partials: {x: 1 - out*out}}}"
    result = check(circuitgrad.loads(f"{define}\ninputs: {{a: {x}}}\ngates: {{y: g(a)}}"))
    assert result.gates["y"].verdict == INACCURATE
    assert result.inputs["y"]["a"].numeric == pytest.approx(float(1 / mp.cosh(x) ** 2), rel=1e-12, abs=0)


@pytest.mark.parametrize("text", ["atan2(x, 1e-300)", "atan(x/1e-50)", "tanh(1e60*x)", "acos(cos(1e150 + x))"])
def test_what_is_steep_or_wild_is_no_jump(text: str) -> None:
    assert check(circuitgrad.from_expression(text, x=0)).passed


@pytest.mark.parametrize("x", [1e-20, 1e-45, 1e-150, 1e-300])
def test_a_partial_of_0_is_found_however_small_the_operand(x: float) -> None:
    define = "define: {g: {operands: [x], value: exp(x), partials: {x: 0}}}"
    result = check(circuitgrad.loads(f"{define}\ninputs: {{a: {x!r}}}\ngates: {{y: g(a)}}"))
    assert result.gates["y"].verdict == result.inputs["y"]["a"].verdict == WRONG

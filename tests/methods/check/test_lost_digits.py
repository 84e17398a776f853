"""Lost digits: never called ok, always counted, and undecided where the reference has lost them, too."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp, mpf

import circuitgrad
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import INACCURATE, OK, UNDECIDED, WRONG, Comparison
from random_circuits import Plan, plans

IN_DOUBLES = ["central", "forward", "ridders", "complex"]

CANCELLED = [
    ("(1 - cos(x))/x**2", 1e-9, "value and slope"),
    ("(exp(x) - 1)/x", 1e-12, "value and slope"),
    ("log(1 + x)/x", 1e-14, "value and slope"),
    ("sqrt(x**2 + 1) - x", 1e9, "value and slope"),
    ("(x + 1e17) - 1e17", 3.5, "value"),
    ("1/x - 1/(x + 1)", 1e15, "value and slope"),
    ("tanh(x) - 1", 25, "value"),
    ("erf(6) - erf(x)", 6.5, "value"),
    ("sin(x) - x", 1e-7, "value and slope"),
    ("(1 + x)**2 - 1 - 2*x", 1e-11, "value and slope"),
    ("cosh(x)**2 - sinh(x)**2", 30, "value"),
    ("(x + 1) - x", 1e300, "value"),
]
"""Formulas that lose most of their digits in doubles, and where that shows."""


@pytest.mark.parametrize(("text", "x", "where"), CANCELLED)
def test_what_doubles_lose_is_inaccurate_and_never_ok(text: str, x: float, where: str) -> None:
    result = check(circuitgrad.from_expression(text, x=x))
    assert result.passed
    assert result.values["out"].verdict == INACCURATE
    if "slope" in where:
        assert result.inputs["out"]["x"].verdict == INACCURATE
    strict = check(circuitgrad.from_expression(text, x=x), digits=9)
    assert not strict.passed
    assert strict.values["out"].failed


@pytest.mark.parametrize("method", IN_DOUBLES)
@pytest.mark.parametrize(("text", "x"), [("(1 - cos(x))/x**2", 1e-9), ("(exp(x) - 1 - x)/x**2", 1e-10)])
def test_a_reference_without_digits_decides_nothing(text: str, x: float, method: str) -> None:
    result = check(circuitgrad.from_expression(text, x=x), method=method)
    assert result.inputs["out"]["x"].verdict == UNDECIDED
    assert not result.passed


@pytest.mark.parametrize("method", ["mp", *IN_DOUBLES])
def test_a_small_derivative_is_not_excused_by_a_large_one(method: str) -> None:
    circuit = circuitgrad.from_expression("1e20*a + ((b*1e17 + b*1.5) + b*(-1e17))", a=1.5, b=2.25)
    result = check(circuit, method=method)
    assert result.inputs["out"]["a"].verdict == OK
    assert result.inputs["out"]["b"].verdict == (INACCURATE if method == "mp" else UNDECIDED)


@pytest.mark.parametrize("method", ["mp", *IN_DOUBLES])
@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("x**2 + z", {"x": 0, "z": 3}),
        ("relu(x) + 1e6*z", {"x": -1, "z": 3}),
        ("cos(x)", {"x": 0}),
        ("0*x + z", {"x": 4, "z": 1e9}),
        ("(x*y - x + 3/2)**2 + (x*y**2 - x + 9/4)**2", {"x": 1, "y": 1}),
    ],
)
def test_a_derivative_that_is_0_without_rounding_is_ok(text: str, inputs: dict[str, float], method: str) -> None:
    comparison = check(circuitgrad.from_expression(text, **inputs), method=method).inputs["out"]["x"]
    assert (comparison.analytic, comparison.verdict) == (0, OK)


def test_the_gradient_at_an_optimum_passes_and_may_be_given_a_tolerance() -> None:
    x = 0.1
    for _ in range(20):  # Newton's method
        slope, curvature = 1 / (1 + mp.exp(-x)) - mpf(0.3), mp.exp(-x) / (1 + mp.exp(-x)) ** 2
        x = float(x - slope / curvature)
    circuit = circuitgrad.from_expression("softplus(x) - 0.3*x", x=x)
    assert check(circuit).passed
    assert check(circuit, digits=3, atol=1e-12).passed
    assert not check(circuitgrad.from_expression("softplus(x) - 0.3*x", x=x + 1e-9), digits=10).passed


@given(plan=plans(most=8), digits=st.integers(1, 15))
def test_the_digits_that_are_asked_for_are_there_or_the_check_fails(plan: Plan, digits: int) -> None:
    assume(all(abs(value) < 1e100 for value in plan.values))
    loose = check(plan.circuit())
    assume(loose.passed)
    judged = [*loose.inputs["out"].values(), *loose.values.values()] if "out" in loose.inputs else []
    judged = judged or [c for group in (*loose.inputs.values(), loose.values) for c in group.values()]
    smooth = [comparison for comparison in judged if comparison.verdict in (OK, INACCURATE)]
    suffice = all(comparison.rel_error <= 10.0**-digits for comparison in smooth)
    assert check(plan.circuit(), digits=digits).passed == suffice


@pytest.mark.parametrize(
    ("formula", "inputs", "right", "doubles"),
    [
        ("9*x**4 - y**4 + 2*y**2", "{x: 10864, y: 18817}", 1, 2),
        ("(x + 1) - x", "{x: 1.0e+16}", 1, 0),
        ("(1 - cos(x))/x**2", "{x: 1.0e-9}", 0.5, 0),
    ],
)
def test_an_expected_value_that_doubles_miss_is_told_as_such(
    formula: str, inputs: str, right: float, doubles: float
) -> None:
    file = f"{{inputs: {inputs}, gates: {{f: {formula}}}, expect: {{f: {right}}}}}"
    result = check(circuitgrad.loads(file))
    assert (result.expect["f"].verdict, result.expect["f"].failed, result.passed) == (INACCURATE, True, False)
    wrong = check(circuitgrad.loads(file.replace(f"f: {right}}}", f"f: {right + 7}}}")))
    assert (wrong.expect["f"].verdict, wrong.expect["f"].analytic) == (WRONG, doubles)


@pytest.mark.slow
def test_a_circuit_that_no_number_of_digits_settles_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The logistic map loses a bit a step: 900 of them lose 270 digits."""
    monkeypatch.setattr("circuitgrad.methods.exact_values.MOST_WORKING_DIGITS", 100)
    gates = "gates:\n  x[0]: 1*a\n  x[i=1:900]: 4*x[i - 1]*(1 - x[i - 1])\noutput: x[899]\n"
    circuit = circuitgrad.loads(f"inputs: {{a: 0.3}}\n{gates}")
    result = check(circuit, method="mp")
    assert result.inputs["x[899]"]["a"].verdict == UNDECIDED
    assert result.values["x[899]"].verdict == UNDECIDED
    assert not result.passed
    monkeypatch.undo()
    assert check(circuit).values["x[899]"].verdict == INACCURATE


def test_a_comparison_that_falls_short_is_inaccurate_and_fails() -> None:
    comparison = Comparison(1.0, 1.0 + 1e-10, 1e-9, OK).held_to(12, 0.0)
    assert (comparison.verdict, comparison.failed) == (INACCURATE, True)
    assert Comparison(1.0, 2.0, 0.0, WRONG).held_to(12, 0.0).verdict == WRONG


@pytest.mark.parametrize(
    ("formula", "x", "expected", "verdict"),
    [
        ("3*x", 1e-13, 1e-13, WRONG),
        ("2*x", 1.6e-19, -5e-19, WRONG),
        ("x*x", 1e-200, 1e-300, WRONG),
        ("3*x", 1e-13, 3e-13, OK),
        ("x - x", 4.0, 0.0, OK),
        ("sin(pi)*x", 1.0, 0.0, OK),
        ("x", 1e-11, 0.0, WRONG),
        ("1 - cos(x)", 1e-9, 5e-19, INACCURATE),
    ],
)
def test_an_expected_value_is_judged_by_its_own_size(formula: str, x: float, expected: float, verdict: str) -> None:
    result = check(circuitgrad.loads(f"{{inputs: {{x: {x!r}}}, gates: {{f: {formula}}}, expect: {{f: {expected!r}}}}}"))
    assert (result.expect["f"].verdict, result.expect["f"].failed) == (verdict, verdict != OK)


def test_expected_values_have_the_tolerances_that_are_given() -> None:
    text = "{inputs: {x: 1}, gates: {f: 3*x}, expect: {f: 3.001}}"
    assert not check(circuitgrad.loads(text)).passed
    assert check(circuitgrad.loads(text), rtol=1e-3).passed
    assert check(circuitgrad.loads(text), atol=0.01).passed

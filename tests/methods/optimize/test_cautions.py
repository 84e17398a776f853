"""What makes a result doubtful."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.chunks import read_all
from circuitgrad.data.table import Rows
from circuitgrad.methods.optimize.optimize import optimize
from methods.optimize.problems import PROBLEMS, STARTS, STRD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.optimize.run import Outcome

XS, YS = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0], [2.1, 3.4, 4.7, 7.9, 10.2, 13.9]


def fitted(formula: str, xs: Sequence[float] = XS, ys: Sequence[float] = YS, **start: float) -> Outcome:
    circuit = circuitgrad.from_expression(formula, **start, x=0, y=0)
    rows = Rows({"x": array("d", xs), "y": array("d", ys)}, range(2, 2 + len(xs)), ())
    return optimize(circuit, Optimization("least_squares"), rows)


def messages(outcome: Outcome) -> str:
    return "\n".join(problem.message for problem in outcome.warnings)


@pytest.mark.parametrize(
    ("formula", "named", "determined"),
    [
        ("y - ((a + b)*x + c)", "'a' and 'b'", "only a + b"),
        ("y - ((a - b)*x + c)", "'a' and 'b'", "only a - b"),
        ("y - (a*b*x + c)", "'a' and 'b'", "only a*b"),
        ("y - (a/b*x + c)", "'a' and 'b'", "only a/b"),
        ("y - (c + a*b**2*x)", "'a' and 'b'", "only a*b**2"),
        ("y - (c + sqrt(a)*b*x)", "'a' and 'b'", "only a*b**2"),
        ("y - (c*x + a + 2*b)", "'a' and 'b'", "only a + 2*b"),
        ("y - (a*b*c*x)", "'a', 'b' and 'c'", "only a*b*c"),
        ("y - ((a + b)*x + (b + c))", "'a', 'b' and 'c'", "only a - c and b + c"),
        ("y - (a*exp(b + c)*x)", "'a', 'b' and 'c'", "only a + "),
    ],
)
def test_parameters_that_cannot_be_told_apart_are_all_named(formula: str, named: str, determined: str) -> None:
    outcome = fitted(formula, a=1.5, b=1.25, c=0.5)
    assert f"the data do not tell {named} apart, and determine {determined}" in messages(outcome)
    fit = outcome.fit
    assert fit is not None
    assert {name for name, estimate in fit.estimates.items() if math.isnan(estimate.error)} == {*fit.undetermined[0]}
    assert len([problem for problem in outcome.warnings if "apart" in problem.message]) == 1


def test_two_groups_have_a_warning_each_and_a_dead_parameter_its_own() -> None:
    outcome = fitted("y - (a*b*x + c + d + 0*e)", a=1, b=2, c=1, d=3, e=1)
    assert messages(outcome).splitlines() == [
        "the data do not tell 'a' and 'b' apart, and determine only a*b: they have no standard errors",
        "the data do not tell 'c' and 'd' apart, and determine only c + d: they have no standard errors",
        "the data do not determine 'e': the residuals do not change with it here",
    ]


def test_determined_parameters_keep_the_errors_of_the_model_without_spare_ones() -> None:
    spare, plain = fitted("y - (a*x + b + c)", a=1, b=1, c=1).fit, fitted("y - (a*x + b)", a=1, b=1).fit
    assert spare is not None
    assert plain is not None
    assert spare.estimates["a"].error == pytest.approx(plain.estimates["a"].error, rel=1e-9)
    assert spare.freedom == plain.freedom


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.sampled_from(["a + b", "a*b", "b/a", "a - b", "a*b**3"]))
def test_a_combination_is_named_wherever_the_run_starts(a: float, b: float, combination: str) -> None:
    outcome = fitted(f"y - ({combination})*x", a=a, b=b)
    shown = {"b/a": "a/b"}.get(combination, combination)
    assert f"only {shown}: " in messages(outcome)


@pytest.mark.parametrize(
    ("formula", "start", "words"),
    [
        ("y - a*exp(b*x)", {"a": 1, "b": -50}, "the model explains no more than the mean"),
        ("y - a*(1 - exp(-b*x))", {"a": 1, "b": 60}, "the model explains no more than the mean"),
        ("y - (a*exp(b*x) + c)", {"a": 1, "b": -50, "c": 1}, "'b'"),
        ("y - (a*exp(-((x - b)/c)**2) + d)", {"a": 1, "b": 60, "c": 0.5, "d": 1}, "the data do not determine 'b'"),
        ("y - (a + 0*x)", {"a": 1}, "R squared is "),
    ],
)
def test_a_plateau_is_called_one(formula: str, start: dict[str, float], words: str) -> None:
    assert words in messages(fitted(formula, XS, YS, **start))


def test_a_linear_parameter_that_is_nearly_0_is_no_plateau() -> None:
    xs = [-2.0, -1.0, 0.0, 1.0, 2.0]
    outcome = fitted("y - (a + b*x)", xs, [-2.0, -1.1, 0.2 + 1e-6, 0.9, 2.0], a=1, b=1)
    assert outcome.fit is not None
    assert outcome.fit.estimates["a"].relative > 1000
    assert outcome.warnings == []


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", PROBLEMS)
def test_certified_answers_have_no_warnings(name: str, start: str) -> None:
    problem = PROBLEMS[name]
    circuit = circuitgrad.from_expression(
        f"{problem['response']} - ({problem['formula']})",
        **{entry["name"]: entry[start] for entry in problem["parameters"]},
        **dict.fromkeys(problem["columns"], 1.0),
    )
    _, rows = read_all(str(STRD / f"{name}.csv"), circuit.inputs, ())
    assert optimize(circuit, Optimization("least_squares"), rows).warnings == []


@pytest.mark.parametrize(
    ("formula", "goal", "start", "words"),
    [
        ("x*x - y*y", "minimize", {"x": 1, "y": 0}, "this is a saddle, no minimum: the objective falls along y"),
        ("x*x - y*y", "maximize", {"x": 0, "y": 1}, "this is a saddle, no maximum: the objective rises along x"),
        ("x*y", "minimize", {"x": 0, "y": 0}, "this is a saddle, no minimum: the objective falls along "),
        ("-x*x - 2*y*y", "minimize", {"x": 0, "y": 0}, "this is a maximum, no minimum: the objective falls along y"),
        ("cos(x)", "maximize", {"x": math.pi}, None),
        ("cos(x)", "minimize", {"x": 0}, "this is a maximum, no minimum: the objective falls along x"),
        ("cos(x)", "minimize", {"x": 0.5}, None),
        ("x**4", "minimize", {"x": 0}, None),
        ("(x - 1)**2 + (y - x*x)**2", "minimize", {"x": -1, "y": 2}, None),
    ],
)
def test_newton_says_what_it_has_found(formula: str, goal: str, start: dict[str, float], words: str | None) -> None:
    outcome = optimize(circuitgrad.from_expression(formula, **start), Optimization(goal, method="newton"))
    if formula == "cos(x)" and start == {"x": math.pi}:
        words = "this is a minimum, no maximum" if abs(outcome.after["x"] - math.pi) < 1 else None
    assert (words or "") in messages(outcome)
    assert bool(outcome.warnings) == bool(words)


@pytest.mark.parametrize("method", ["gradient", "newton", "lbfgs", "random", "adam"])
@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_a_bound_that_holds_is_named(method: str, goal: str) -> None:
    sign = "" if goal == "minimize" else "-"
    text = (
        f"inputs: {{a: {{value: 1, min: 0.5}}, b: {{value: 0, max: 3, min: -3}}}}\ngates: {{c: '{sign}(a**2 + b**2)'}}"
    )
    settings = Optimization(goal, method=method, steps=300, step_size=None if method == "lbfgs" else 0.1)
    outcome = optimize(circuitgrad.loads(text), settings)
    verb = "fall" if goal == "minimize" else "rise"
    if outcome.after["a"] == 0.5:
        assert messages(outcome) == f"'a' is held at its min, 0.5: the objective would {verb} beyond it"
    else:
        assert method == "random"


def test_a_bound_that_holds_nothing_is_not_named() -> None:
    text = "inputs: {a: {value: 1, min: 0, max: 1}}\ngates: {c: (a - 1)**2}"
    assert optimize(circuitgrad.loads(text), Optimization("minimize")).warnings == []


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
@pytest.mark.parametrize("text", ["{x: 100, u: 1}, gates: {f: exp(-x*x) + 0*u}", "{x: -3}, gates: {f: relu(x) + 5}"])
def test_a_start_on_a_plateau_is_named(text: str, goal: str) -> None:
    outcome = optimize(circuitgrad.loads(f"{{inputs: {text}}}"), Optimization(goal, steps=3))
    (warning,) = outcome.warnings
    assert "is the same all around the start, a plateau: nothing has moved" in warning.message


@pytest.mark.parametrize("text", ["{x: 0}, gates: {f: x*x}", "{x: 0}, gates: {f: 1 - cos(x)}"])
def test_a_start_at_an_optimum_is_no_plateau(text: str) -> None:
    assert optimize(circuitgrad.loads(f"{{inputs: {text}}}"), Optimization("minimize", steps=3)).warnings == []

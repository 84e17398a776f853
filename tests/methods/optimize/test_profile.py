"""Intervals by the profile of the likelihood."""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.chunks import read_all
from circuitgrad.data.table import Rows
from circuitgrad.methods.optimize.distributions import student_quantile
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.profile import profile_intervals
from methods.optimize.problems import problem_of
from program import document, done, invoke

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

CIRCUITS = Path(__file__).parents[3] / "circuits"
MICHAELIS_MENTEN = str(CIRCUITS / "michaelis_menten.yaml")


def test_puromycin_is_that_of_r() -> None:
    """R: confint(nls(rate ~ Vm*conc/(K + conc), Puromycin, state == "treated")), which interpolates by splines."""
    estimates = document("optimize", MICHAELIS_MENTEN, "--profile")["fit"]["estimates"]
    assert estimates["vmax"]["profile"] == pytest.approx([197.302, 229.290], rel=2e-4)
    assert estimates["km"]["profile"] == pytest.approx([0.046925, 0.08616], rel=2e-4)


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=6, max_size=6), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_of_a_linear_model_the_profile_is_students_interval(noise: list[float], confidence: float) -> None:
    xs = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0]
    ys = [2 - 0.5 * x + e for x, e in zip(xs, noise, strict=True)]
    circuit = circuitgrad.from_expression("y - (a + b*x)", a=1, b=1, x=0, y=0)
    rows = Rows({"x": array("d", xs), "y": array("d", ys)}, range(6), ())
    outcome = optimize(circuit, Optimization("least_squares"), rows)
    assert outcome.fit is not None
    assume(outcome.fit.deviation > 1e-3)
    for name, ends in profile_intervals(outcome, rows, confidence).items():
        assert ends == pytest.approx(outcome.fit.interval(name, confidence), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["Misra1a", "DanWood", "Rat42", "BoxBOD", "Chwirut2", "Kirby2", "MGH09", "Eckerle4"])
def test_at_the_ends_the_sum_of_squares_has_risen_as_it_should(name: str) -> None:
    """Each end is held, and the rest fitted anew by `optimize`, from the estimates."""
    circuit, rows = problem_of(name, "start2")
    outcome = optimize(circuit, Optimization("least_squares"), rows)
    fit = outcome.fit
    assert fit is not None
    limit = fit.sum_of_squares + (student_quantile(0.95, fit.freedom) * fit.deviation) ** 2
    for parameter, ends in profile_intervals(outcome, rows, 0.95).items():
        assert ends[0] < fit.estimates[parameter].value < ends[1]
        for end in filter(math.isfinite, ends):
            held = _held(circuit, rows, parameter, end, {n: e.value for n, e in fit.estimates.items()})
            assert held <= limit * (1 + 1e-5)
            assert held == pytest.approx(limit, rel=1e-4)


def _held(circuit: Circuit, rows: Any, parameter: str, end: float, start: dict[str, float]) -> float:
    columns = {**rows.columns, parameter: array("d", [end]) * len(rows)}
    circuit.assign({name: value for name, value in start.items() if name != parameter})
    held = optimize(circuit, Optimization("least_squares"), Rows(columns, rows.lines, ())).fit
    assert held is not None
    return held.sum_of_squares


def test_an_open_side_is_null() -> None:
    xs, ys = [0.0, 1.0, 2.0, 3.0, 4.0], [0.02, 0.9, 1.02, 0.97, 1.01]
    circuit = circuitgrad.from_expression("y - a*(1 - exp(-k*x))", a=1, k=2, x=0, y=0)
    rows = Rows({"x": array("d", xs), "y": array("d", ys)}, range(5), ())
    outcome = optimize(circuit, Optimization("least_squares"), rows)
    low, high = profile_intervals(outcome, rows, 0.999)["k"]
    assert 0 < low < 2.3
    assert high == math.inf


def test_a_bound_leaves_a_side_open() -> None:
    text = "inputs: {a: {value: 1, max: 2.05}, x: {value: 0, fixed: true}, y: {value: 0, fixed: true}}\n"
    text += "gates: {r: y - a*x}"
    rows = Rows({"x": array("d", [1, 2, 3]), "y": array("d", [2.1, 3.9, 6.0])}, range(3), ())
    outcome = optimize(circuitgrad.loads(text), Optimization("least_squares"), rows)
    low, high = profile_intervals(outcome, rows, 0.95)["a"]
    assert low == pytest.approx(1.885, abs=0.05)
    assert high == math.inf


def test_with_sigma_the_profile_is_weighted() -> None:
    circuit = circuitgrad.load(MICHAELIS_MENTEN)
    _, rows = read_all(str(CIRCUITS / "puromycin.csv"), circuit.inputs, ())
    ends = []
    for given_settings in ({}, {"sigma": "3"}, {"sigma": "10.9336581912888", "absolute_sigma": True}):
        outcome = optimize(circuit, Optimization("least_squares", "residual", **given_settings), rows)
        ends.append(profile_intervals(outcome, rows, 0.95)["km"])
    assert ends[1] == pytest.approx(ends[0], rel=1e-6)
    assert ends[2] == pytest.approx(ends[0], rel=1e-6)


def test_profiles_in_the_table() -> None:
    printed = done("optimize", MICHAELIS_MENTEN, "--profile", "--confidence", "0.9", "--format", "csv", "--quiet")
    assert printed.splitlines()[0].endswith(",p value,90% from,to,profile from,profile to")
    refused = invoke("optimize", MICHAELIS_MENTEN, "--minimize", "--profile")
    assert (refused.exit_code, "--profile goes with least squares" in refused.stderr) == (2, True)
    assert "profile" not in document("optimize", MICHAELIS_MENTEN)["fit"]["estimates"]["km"]

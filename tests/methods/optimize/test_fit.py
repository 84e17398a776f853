"""What least squares tell of parameters, against NumPy, SciPy and the formulas of textbooks."""

from __future__ import annotations

import math
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.chunks import read_all
from circuitgrad.data.table import Rows
from circuitgrad.methods.optimize.fit import Fit, ParameterEstimate, TangentPlane, fit
from circuitgrad.methods.optimize.objective import Objective
from circuitgrad.methods.optimize.optimize import optimize

if TYPE_CHECKING:
    from collections.abc import Sequence

    Matrix = list[list[float]]

CIRCUITS = Path(__file__).parents[3] / "circuits"
EPSILON = 2.0**-52
entry = st.floats(-3, 3, allow_subnormal=False).map(lambda x: round(x, 3))
scales = st.sampled_from([1e-120, 1e-8, 1.0, 3.0, 1e6, 1e120])


def covariances(tangent: TangentPlane) -> list[list[float]]:
    """Return the inverse of the normal matrix, put together from the errors and the correlations."""
    errors, correlations = tangent.errors()
    return [[a * b * r for b, r in zip(errors, row, strict=True)] for a, row in zip(errors, correlations, strict=True)]


def rows_of(**columns: Sequence[float]) -> Rows:
    result = {name: array("d", column) for name, column in columns.items()}
    return Rows(result, range(2, 2 + len(next(iter(result.values())))), ())


def condition(matrix: Matrix) -> float:
    """Return the condition number of a matrix whose columns are brought to length 1."""
    scaled = np.array(matrix)
    return float(np.linalg.cond(scaled / np.linalg.norm(scaled, axis=0)))


@st.composite
def problems(draw: st.DrawFn) -> tuple[Matrix, list[float], list[float]]:
    """Draw a matrix whose columns do not depend on one another, a vector, and a scale for every column."""
    width = draw(st.integers(1, 5))
    height = draw(st.integers(width, 9))
    matrix = draw(st.lists(st.lists(entry, min_size=width, max_size=width), min_size=height, max_size=height))
    residuals = draw(st.lists(entry, min_size=height, max_size=height))
    assume(all(any(row[j] for row in matrix) for j in range(width)))
    assume(condition(matrix) < 1e6)
    return matrix, residuals, draw(st.lists(scales, min_size=width, max_size=width))


def near(result: Any, wanted: Any, slack: float) -> bool:
    """Tell whether numbers are equal up to a part of the largest."""
    actual, expected = np.array(result), np.array(wanted)
    return bool(np.all(np.abs(actual - expected) <= slack * max(1e-300, float(np.max(np.abs(expected))))))


@given(problems())
def test_a_tangent_is_lstsq_and_pinv(problem: tuple[Matrix, list[float], list[float]]) -> None:
    matrix, residuals, factors = problem
    slack = 1e3 * EPSILON * condition(matrix) ** 2
    tangent = TangentPlane(residuals, matrix)
    assert (tangent.is_regular, tangent.dependent) == (True, [])
    step = np.linalg.lstsq(np.array(matrix), np.array(residuals), rcond=None)[0]
    size = max(float(np.linalg.norm(step)), float(np.linalg.norm(residuals)))
    assert np.allclose(tangent.step(), step, rtol=0, atol=slack * size)
    # The normal matrix itself would lose half of the digits, and more where columns differ in size.
    lengths = np.linalg.norm(np.array(matrix), axis=0)
    inverse = np.linalg.pinv(np.array(matrix) / lengths)
    assert near(np.array(covariances(tangent)) * np.outer(lengths, lengths), inverse @ inverse.T, slack)
    part = np.linalg.norm(np.array(matrix) @ step)
    assert tangent.offset == pytest.approx(float(part), abs=slack * size)
    # A column in other units leaves the plane as it is, and divides the parameter by them.
    scaled = TangentPlane(residuals, [[x * s for x, s in zip(row, factors, strict=True)] for row in matrix])
    assert scaled.is_regular
    assert scaled.offset == pytest.approx(tangent.offset, abs=slack * size)
    assert np.allclose(np.array(scaled.step()) * factors, step, rtol=0, atol=slack * size)
    result = [[x * s * t for x, t in zip(row, factors, strict=True)]
             for row, s in zip(covariances(scaled), factors, strict=True)]  # fmt: skip
    assert near(result, covariances(tangent), slack)


def test_what_is_off_by_a_little_is_not_near() -> None:
    matrix, residuals = [[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]], [1.0, -2.0, 0.5]
    slack = 1e3 * EPSILON * condition(matrix) ** 2
    wanted = np.linalg.pinv(np.array(matrix).T @ np.array(matrix))
    tangent = TangentPlane(residuals, matrix)
    assert near(covariances(tangent), wanted, slack)
    assert not near(covariances(tangent), wanted * (1 + 1e-9), slack)
    assert not near(covariances(TangentPlane(residuals, [[1.0 + 1e-9, 2.0], *matrix[1:]])), wanted, slack)


@given(problems(), st.data())
def test_dependent_columns_are_named(problem: tuple[Matrix, list[float], list[float]], data: st.DataObject) -> None:
    matrix, residuals, factors = problem
    width = len(matrix[0])
    weights = data.draw(st.lists(st.sampled_from([-2.0, -1.0, 0.5, 1.0, 3.0]), min_size=width, max_size=width))
    at = data.draw(st.integers(0, width))
    own = [[sum(w * x for w, x in zip(weights, row, strict=True))] for row in matrix]
    dependent = [[*row[:at], *extra, *row[at:]] for row, extra in zip(matrix, own, strict=True)]
    # No cancellation, so that rounding is no more than the threshold.
    assume(np.linalg.norm(own) > 1e-2 and condition(matrix) < 100)
    assume(condition([[x for j, x in enumerate(row) if j != max(at, width)] for row in dependent]) < 10)
    spread = [*factors[:at], 1e3, *factors[at:]]
    tangent = TangentPlane(residuals, [[x * s for x, s in zip(row, spread, strict=True)] for row in dependent])
    # Before the last of those it is made of, it is that one which brings nothing more.
    assert tangent.dependent == [max(at, width)]
    assert (tangent.is_regular, tangent.offset) == (False, math.inf)
    assert all(map(math.isfinite, tangent.step()))


def test_the_plane_is_orthonormal_where_columns_nearly_depend() -> None:
    # Läuchli's matrix, of which one pass of Gram and Schmidt makes axes that are off by 1e-9.
    tiny = 1e-7
    matrix = [[1.0] * 3, *([tiny * (i == j) for j in range(3)] for i in range(3))]
    tangent = TangentPlane([1.0, 2.0, 3.0, 4.0], matrix)
    assert tangent.is_regular
    axes = np.array(tangent._q)
    assert near(axes @ axes.T, np.eye(3), 1e-15)


def test_columns_of_zeros_and_of_nothing_finite_depend() -> None:
    assert TangentPlane([1.0, 2.0], [[0.0, 1.0], [0.0, 2.0]]).dependent == [0]
    assert TangentPlane([1.0, 2.0], [[1.0, math.inf], [3.0, 2.0]]).dependent == [1]
    assert TangentPlane([1.0, 2.0], [[1.0, 2.0], [3.0, math.nan]]).dependent == [1]
    assert TangentPlane([1.0], [[1.0, 2.0, 3.0]]).dependent == [1, 2]


points = st.lists(st.tuples(entry, entry), min_size=3, max_size=12)


def straight(xs: Sequence[float], ys: Sequence[float], formula: str = "y - (b*x + a)", **at: float) -> Fit:
    circuit = circuitgrad.from_expression(formula, a=0, b=0, x=0, y=0)
    objective = Objective(circuit, "out", "least_squares", rows_of(x=xs, y=ys))
    return fit(objective, [at.get(name, 0.0) for name in objective.names])


@settings(max_examples=examples(60))
@given(points)
def test_a_straight_line_is_that_of_the_textbook(points: list[tuple[float, float]]) -> None:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    n = len(xs)
    middle, level = math.fsum(xs) / n, math.fsum(ys) / n
    sxx = math.fsum((x - middle) ** 2 for x in xs)
    syy = math.fsum((y - level) ** 2 for y in ys)
    assume(sxx > 0.1 and syy > 0.1)
    slope = math.fsum((x - middle) * (y - level) for x, y in points) / sxx
    offset = level - slope * middle
    rest = math.fsum((y - offset - slope * x) ** 2 for x, y in points)
    statistics = straight(xs, ys, a=offset, b=slope)
    variance = rest / (n - 2)
    assert statistics.estimates["b"] == pytest.approx((slope, math.sqrt(variance / sxx)), rel=1e-7, abs=1e-9)
    error = math.sqrt(variance * (1 / n + middle**2 / sxx))
    assert statistics.estimates["a"] == pytest.approx((offset, error), rel=1e-7, abs=1e-9)
    assert (statistics.rows, statistics.freedom, statistics.undetermined) == (n, n - 2, ())
    assert statistics.sum_of_squares == pytest.approx(rest, abs=1e-12)
    assert statistics.deviation == pytest.approx(math.sqrt(variance), abs=1e-7)
    assert statistics.r_squared == pytest.approx(1 - rest / syy, abs=1e-9)
    squares = math.fsum(x * x for x in xs)
    correlation = -middle * n / math.sqrt(n * squares)
    assert statistics.correlations["a"] == {"a": 1.0, "b": pytest.approx(correlation, abs=1e-9)}
    assert statistics.correlations["b"] == {"a": pytest.approx(correlation, abs=1e-9), "b": 1.0}


def test_a_straight_line_is_scipys() -> None:
    from scipy.stats import linregress

    xs, ys = [0.0, 1.0, 2.5, 3.0, 7.0], [1.0, 2.9, 6.3, 6.8, 15.2]
    theirs = linregress(xs, ys)
    circuit = circuitgrad.from_expression("y - (b*x + a)", a=9, b=-9, x=0, y=0)
    statistics = optimize(circuit, Optimization("least_squares"), rows_of(x=xs, y=ys)).fit
    assert statistics is not None
    assert statistics.estimates["b"] == pytest.approx((theirs.slope, theirs.stderr))
    assert statistics.estimates["a"] == pytest.approx((theirs.intercept, theirs.intercept_stderr))
    assert statistics.r_squared == pytest.approx(theirs.rvalue**2)


def test_a_curve_is_scipys() -> None:
    from scipy.optimize import curve_fit

    xs = [0.1 * i for i in range(15)]
    ys = [2 * math.exp(-1.3 * x) + 0.5 + 0.01 * math.sin(50 * x) for x in xs]
    theirs, covariance = curve_fit(lambda x, a, b, c: a * np.exp(-b * x) + c, xs, ys, (1, 1, 0))
    circuit = circuitgrad.from_expression("y - (a*exp(-b*x) + c)", a=1, b=1, c=0, x=0, y=0)
    statistics = optimize(circuit, Optimization("least_squares"), rows_of(x=xs, y=ys)).fit
    assert statistics is not None
    roots = np.sqrt(np.diag(covariance))
    for i, name in enumerate("abc"):
        assert statistics.estimates[name] == pytest.approx((theirs[i], roots[i]), rel=1e-5)
        for j, partner in enumerate("abc"):
            wanted = covariance[i][j] / roots[i] / roots[j]
            assert statistics.correlations[name][partner] == pytest.approx(wanted, rel=1e-5)


def test_what_the_data_do_not_determine() -> None:
    same_x = straight([2.0, 2.0, 2.0], [1.0, 3.0, 4.0], a=1.0, b=1.0)
    assert same_x.undetermined == (("a", "b"),)
    assert all(math.isnan(estimate.error) for estimate in same_x.estimates.values())
    assert [estimate.value for estimate in same_x.estimates.values()] == [1.0, 1.0]
    assert same_x.correlations["a"]["a"] == 1.0
    assert math.isnan(same_x.correlations["a"]["b"])
    assert straight([0.0, 1.0, 2.0], [1.0, 3.0, 4.0], "y - b*x + 0*a").undetermined == (("a",),)
    twice = straight([0.0, 1.0, 2.0], [1.0, 3.0, 4.0], "y - (a*x + 2*b*x)")
    assert (twice.undetermined, twice.freedom) == ((("a", "b"),), 2)


@pytest.mark.parametrize("method", ["lm", "trf"])
@pytest.mark.parametrize(
    ("formula", "lost", "total"),
    [
        ("y - ((a + b)*x + c)", ("a", "b"), 2 / 7),
        ("y - (a*x + c + b)", ("b", "c"), 2 / 7),
        ("y - (a*x + b + 0*c)", ("c",), 2 / 7),
        ("y - a*b*c*x", ("a", "b", "c"), 29 / 39),
        ("y - (a*x + b + c*x**2)", (), 5 / 22),
    ],
)
def test_the_best_curve_is_found_also_with_parameters_to_spare(
    method: str, formula: str, lost: tuple[str, ...], total: float
) -> None:
    circuit = circuitgrad.from_expression(formula, a=1, b=1, c=1, x=0, y=0)
    rows = rows_of(x=[1, 2, 3, 5], y=[1, 3, 4, 8])
    outcome = optimize(circuit, Optimization("least_squares", method=method), rows)
    assert outcome.fit is not None
    # Parameters that the data do not determine take no degree of freedom.
    assert outcome.fit.undetermined == ((lost,) if lost else ())
    assert outcome.fit.freedom == 1 + max(len(lost) - 1, "0*c" in formula)
    # The others keep their standard errors.
    assert {name for name, estimate in outcome.fit.estimates.items() if math.isnan(estimate.error)} == {*lost}
    assert outcome.fit.sum_of_squares == pytest.approx(total, rel=1e-9)
    assert outcome.fit.r_squared == pytest.approx(1 - total / 26)
    assert outcome.norm == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("rows", [1, 2])
def test_without_degrees_of_freedom_there_are_no_errors(rows: int) -> None:
    xs, ys = [0.0, 1.0][:rows], [1.0, 3.0][:rows]
    statistics = straight(xs, ys, a=1.0, b=2.0)
    assert (statistics.freedom, statistics.sum_of_squares) == (0, 0.0)  # of a single row one parameter is determined
    assert math.isnan(statistics.deviation)
    assert all(math.isnan(estimate.error) for estimate in statistics.estimates.values())
    assert statistics.r_squared == (1.0 if rows == 2 else None)


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("y - (b*x + a)", 1 - 5 / 2),  # residuals 0, 1, 2 around a mean of 3
        ("b*x + a - y", 1 - 5 / 2),
        ("(y - 1) - (b*x + a - 1)", 1 - 5 / 2),
        ("y - b*x - a", None),  # a difference of something that moves
        ("-(b*x + a) + y", None),
        ("(y - (b*x + a))*1", None),
        ("y/2 - (b*x + a)/2", 1 - 5 / 2),
    ],
)
def test_only_a_difference_has_an_r_squared(formula: str, wanted: float | None) -> None:
    assert straight([0.0, 1.0, 2.0], [2.0, 3.0, 4.0], formula, a=2.0).r_squared == wanted


def test_a_response_that_does_not_vary_has_no_r_squared() -> None:
    assert straight([0.0, 1.0, 2.0], [2.0, 2.0, 2.0], a=1.0).r_squared is None


def test_an_estimate_in_units_of_its_error() -> None:
    assert (ParameterEstimate(-4.0, 0.5).relative, ParameterEstimate(-4.0, 0.5).t) == (0.125, -8.0)
    assert (ParameterEstimate(0.0, 0.5).relative, ParameterEstimate(0.0, 0.5).t) == (math.inf, 0.0)
    assert (ParameterEstimate(-2.0, 0.0).relative, ParameterEstimate(-2.0, 0.0).t) == (0.0, -math.inf)
    assert math.isnan(ParameterEstimate(0.0, 0.0).t)
    assert math.isnan(ParameterEstimate(1.0, math.nan).t)


@settings(max_examples=examples(50))
@given(st.integers(-140, 140), st.integers(-140, 140))
def test_other_units_change_the_errors_as_the_estimates(b_power: int, a_power: int) -> None:
    xs, ys = [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 3.0, 3.0]
    plain = straight(xs, ys, a=0.1, b=1.1)
    statistics = straight(
        xs, ys, f"y - (1e{b_power}*b*x + 1e{a_power}*a)", a=0.1 * 10.0**-a_power, b=1.1 * 10.0**-b_power
    )
    for name, power in (("a", a_power), ("b", b_power)):
        assert statistics.estimates[name].relative == pytest.approx(plain.estimates[name].relative, rel=1e-9)
        assert statistics.estimates[name].error == pytest.approx(plain.estimates[name].error * 10.0**-power, rel=1e-9)
    assert statistics.correlations["a"]["b"] == pytest.approx(plain.correlations["a"]["b"], rel=1e-9)
    assert statistics.r_squared == pytest.approx(plain.r_squared)


@pytest.mark.parametrize("power", [-200, 170, 200])
def test_far_units_change_the_errors_as_the_estimates(power: int) -> None:
    xs, ys = [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 3.0, 3.0]
    plain = straight(xs, ys, a=0.1, b=1.1)
    statistics = straight(xs, ys, f"y - (1e{power}*b*x + 1e{power}*a)", a=0.1 * 10.0**-power, b=1.1 * 10.0**-power)
    assert statistics.estimates["a"].relative == pytest.approx(plain.estimates["a"].relative)
    assert statistics.correlations["a"]["b"] == pytest.approx(plain.correlations["a"]["b"])


def test_criteria_and_p_values_are_rs() -> None:
    """R 4: fm <- nls(rate ~ Vm*conc/(K + conc), Puromycin, state == "treated"); summary(fm); AIC(fm); BIC(fm)."""
    circuit = circuitgrad.load(str(CIRCUITS / "michaelis_menten.yaml"))
    _, rows = read_all(str(CIRCUITS / "puromycin.csv"), circuit.inputs, ())
    statistics = optimize(circuit, rows=rows).fit
    assert statistics is not None
    assert (round(statistics.aic, 3), round(statistics.bic, 3)) == (95.271, 96.726)
    assert round(statistics.log_likelihood, 4) == -44.6355
    assert (f"{statistics.p('vmax'):.3g}", f"{statistics.p('km'):.3g}") == ("3.24e-11", "1.57e-05")


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=6, max_size=15, unique_by=lambda p: p[0]))
def test_statistics_of_a_line_are_those_of_a_regression(points: list[tuple[float, float]]) -> None:
    linregress = pytest.importorskip("scipy.stats").linregress
    xs, ys = zip(*points, strict=True)
    assume(max(xs) - min(xs) > 0.1 and max(ys) - min(ys) > 0.1)
    wanted = linregress(xs, ys)
    assume(wanted.stderr > 1e-6)
    found = straight(xs, ys, a=wanted.intercept, b=wanted.slope)
    assert found.p("b") == pytest.approx(wanted.pvalue, rel=1e-6)
    assert found.r_squared is not None
    n = len(xs)
    assert found.adjusted_r_squared == pytest.approx(1 - (1 - found.r_squared) * (n - 1) / (n - 2))
    low, high = found.interval("b", 0.9)
    assert (low + high) / 2 == pytest.approx(wanted.slope)
    assert found.aicc == pytest.approx(found.aic + 24 / (n - 4))
    assert found.bic - found.aic == pytest.approx(3 * (math.log(n) - 2))

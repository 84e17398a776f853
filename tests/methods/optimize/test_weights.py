"""Weighted fits, against SciPy's curve_fit."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.table import Rows
from circuitgrad.errors import CircuitError
from circuitgrad.methods.optimize.objective import Objective
from circuitgrad.methods.optimize.optimize import optimize
from program import document, done, invoke, write

if TYPE_CHECKING:
    from pathlib import Path

    from circuitgrad.methods.optimize.run import Outcome

curve_fit = pytest.importorskip("scipy.optimize").curve_fit
X = [0.0, 1.0, 2.0, 3.5, 5.0, 7.0, 9.0, 12.0]
Y = [10.3, 6.8, 4.4, 3.1, 2.0, 1.6, 1.3, 1.2]
S = [0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1]
DECAY = "y - (a*exp(-k*x) + c)"


def fitted(ys: list[float] = Y, sigmas: list[float] = S, formula: str = DECAY, **given: Any) -> Outcome:
    columns = {"x": array("d", X), "y": array("d", ys)}
    if given.keys() & {"sigma", "weights"}:
        columns["s"] = array("d", sigmas)
    circuit = circuitgrad.from_expression(formula, a=10, k=0.5, c=1, x=0, y=0)
    return optimize(circuit, Optimization("least_squares", **given), Rows(columns, range(2, 2 + len(X)), ()))


def scipys(ys: list[float], sigmas: Any, *, absolute: bool) -> tuple[Any, Any]:
    def model(x: Any, a: float, k: float, c: float) -> Any:
        return a * np.exp(-k * x) + c

    estimates, covariances = curve_fit(
        model,
        np.array(X),
        np.array(ys),
        [10, 0.5, 1],
        np.array(sigmas),
        absolute_sigma=absolute,
        ftol=1e-14,
        xtol=1e-14,
    )
    return estimates, np.sqrt(np.diag(covariances))


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(st.floats(-0.1, 0.1), min_size=8, max_size=8),
    st.lists(st.floats(0.05, 1.0), min_size=8, max_size=8),
    st.booleans(),
)
def test_a_fit_with_sigma_is_curve_fits(noise: list[float], sigmas: list[float], absolute: bool) -> None:
    ys = [y + e for y, e in zip(Y, noise, strict=True)]
    outcome = fitted(ys, sigmas, sigma="s", absolute_sigma=absolute)
    estimates, errors = scipys(ys, sigmas, absolute=absolute)
    assert outcome.fit is not None
    assume(outcome.fit.sum_of_squares > 1e-6)
    assert [one.value for one in outcome.fit.estimates.values()] == pytest.approx(list(estimates), rel=1e-5)
    assert [one.error for one in outcome.fit.estimates.values()] == pytest.approx(list(errors), rel=1e-4)


@pytest.mark.parametrize("method", ["lm", "trf", "newton", "lbfgs"])
@pytest.mark.parametrize("engine", ["objects", "python", "native"])
def test_every_method_and_engine_ends_at_the_same_minimum(method: str, engine: str) -> None:
    columns = {"x": array("d", X), "y": array("d", Y), "s": array("d", S)}
    circuit = circuitgrad.from_expression(DECAY, a=9, k=0.4, c=1, x=0, y=0)
    rows = Rows(columns, range(2, 2 + len(X)), ())
    outcome = optimize(circuit, Optimization("least_squares", method=method, sigma="s"), rows, engine=engine)
    best = fitted(sigma="s")
    assert outcome.last == pytest.approx(best.last, rel=1e-9)
    assert outcome.fit is not None
    assert best.fit is not None
    assert outcome.fit.estimates["k"].error == pytest.approx(best.fit.estimates["k"].error, rel=1e-4)


def test_batches_have_the_factors_of_their_rows() -> None:
    rows = Rows({"x": array("d", X), "y": array("d", Y)}, range(8), ())
    circuit = circuitgrad.from_expression(DECAY, a=9, k=0.4, c=1, x=0, y=0)
    for engine in ("objects", "python", "native"):
        objective = Objective(circuit, "out", "least_squares", rows, engine, factors=[1 / s for s in S])
        plain = Objective(circuit, "out", "least_squares", rows, engine).residuals([9, 0.4, 1])
        weighted = [residual / s for residual, s in zip(plain, S, strict=True)]
        assert objective.cost([9, 0.4, 1], [5, 2]) == pytest.approx((weighted[5] ** 2 + weighted[2] ** 2) / 2)
        cost, slopes = objective.slopes([9, 0.4, 1], [5, 2])
        assert cost == objective.cost([9, 0.4, 1], [5, 2])
        for i, slope in enumerate(slopes):
            ends = [[9, 0.4, 1], [9, 0.4, 1]]
            ends[0][i] -= 1e-6
            ends[1][i] += 1e-6
            low, high = (objective.cost(end, [5, 2]) for end in ends)
            assert slope == pytest.approx((high - low) / 2e-6, rel=1e-5)


def test_weights_are_those_of_sigma_and_the_scale_of_sigma_does_not_matter() -> None:
    sigma, weights, twice = fitted(sigma="s").fit, fitted(weights="1/s**2").fit, fitted(sigma="2*s").fit
    assert sigma is not None
    assert weights is not None
    assert twice is not None
    for name, estimate in sigma.estimates.items():
        assert weights.estimates[name].value == pytest.approx(estimate.value, rel=1e-9)
        assert weights.estimates[name].error == pytest.approx(estimate.error, rel=1e-8)
        assert twice.estimates[name].error == pytest.approx(estimate.error, rel=1e-8)
    assert twice.chi_square == pytest.approx((sigma.chi_square or 0) / 4)
    # As R's logLik of nls with weights, which does not depend on their scale either.
    assert weights.log_likelihood == pytest.approx(sigma.log_likelihood) == pytest.approx(twice.log_likelihood)
    assert weights.chi_square is None
    assert weights.r_squared == pytest.approx(sigma.r_squared)


def test_a_number_as_absolute_sigma_divides_the_plain_errors() -> None:
    plain, absolute = fitted().fit, fitted(sigma="0.25", absolute_sigma=True).fit
    assert plain is not None
    assert absolute is not None
    assert absolute.chi_square == pytest.approx(plain.sum_of_squares / 0.25**2)
    assert absolute.reduced_chi_square == pytest.approx(plain.sum_of_squares / 0.25**2 / 5)
    for name, estimate in plain.estimates.items():
        assert absolute.estimates[name].error == pytest.approx(estimate.error * 0.25 / plain.deviation)
    by_hand = sum(-math.log(0.25 * math.sqrt(2 * math.pi)) for _ in X) - plain.sum_of_squares / 0.25**2 / 2
    assert absolute.log_likelihood == pytest.approx(by_hand)
    assert absolute.aic == pytest.approx(6 - 2 * by_hand)


def test_plain_weights_of_1_change_nothing() -> None:
    plain, ones = fitted().fit, fitted(weights="1").fit
    assert plain is not None
    assert ones is not None
    assert ones.sum_of_squares == plain.sum_of_squares
    assert ones.aic == pytest.approx(plain.aic)
    assert ones.r_squared == pytest.approx(plain.r_squared)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sigma": "sd"}, "sigma depends on 'sd', which is no column of the data (did you mean 's'?)"),
        ({"sigma": "a*s"}, "sigma depends on 'a', which is no column"),
        ({"sigma": "s - 0.1"}, "sigma is 0 in line 8 of the data"),
        ({"sigma": "-1"}, "sigma is -1 in line 2 of the data"),
        ({"weights": "log(x)"}, "weights is -inf in line 2 of the data"),
        ({"sigma": "s", "weights": "s"}, "sigma and weights exclude one another"),
        ({"absolute_sigma": True}, "absolute sigma goes with sigma"),
        ({"sigma": "s +"}, "a number, a name"),
    ],
)
def test_wrong_weights_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CircuitError) as caught:
        fitted(**options)
    assert words in str(caught.value)


FILE = """\
data: d.csv
inputs: {a: 1, b: 1, x: {value: 0, fixed: true}, y: {value: 0, fixed: true}}
gates: {r: y - (a + b*x)}
optimize: {least_squares: r, sigma: err}
"""


def test_sigma_of_a_block_and_of_the_command_line(tmp_path: Path) -> None:
    write(tmp_path, "x,y,err,note\n0,1.1,0.1,p\n1,2.9,0.2,q\n2,5.2,0.1,r\n3,6.8,0.3,s\n", "d.csv")
    file = write(tmp_path, FILE, "c.yaml")
    run = invoke("optimize", file, "--format", "json")
    assert "which are ignored: 'note'" in run.stderr
    printed = done("optimize", file, "--quiet", "--format", "csv")
    fit = document("optimize", file, "--quiet")["fit"]
    w = np.array([100.0, 25.0, 100.0, 1 / 0.09])
    x, y = np.arange(4.0), np.array([1.1, 2.9, 5.2, 6.8])
    normal = np.array([[w.sum(), (w * x).sum()], [(w * x).sum(), (w * x * x).sum()]])
    a, b = np.linalg.solve(normal, [(w * y).sum(), (w * x * y).sum()])
    chi_square = (w * (y - a - b * x) ** 2).sum()
    assert fit["estimates"]["a"]["estimate"] == pytest.approx(a)
    assert fit["estimates"]["b"]["estimate"] == pytest.approx(b)
    assert fit["chi_square"] == pytest.approx(chi_square)
    assert fit["reduced_chi_square"] == pytest.approx(chi_square / 2)
    assert fit["p_of_chi_square"] == pytest.approx(math.exp(-chi_square / 2))  # of two degrees of freedom
    errors = np.sqrt(np.diag(np.linalg.inv(normal)))
    assert fit["estimates"]["a"]["standard_error"] == pytest.approx(errors[0] * math.sqrt(chi_square / 2))
    absolute = document("optimize", file, "--quiet", "--absolute-sigma")["fit"]
    assert absolute["absolute_sigma"] is True
    assert absolute["estimates"]["a"]["standard_error"] == pytest.approx(errors[0])
    assert "standard errors are scaled by the square root of the reduced chi-square" in invoke(
        "optimize", file
    ).stdout.replace("\n", " ")
    assert "standard errors take sigma as it is" in invoke("optimize", file, "--absolute-sigma").stdout.replace(
        "\n", " "
    )
    assert printed.startswith("parameter,")
    by_flag = document("optimize", file, "--quiet", "--sigma", "0.1 + 0*err")["fit"]
    assert by_flag["chi_square"] == pytest.approx(0.01 * 100 * by_flag["chi_square"])
    assert invoke("optimize", file, "--minimize", "--sigma", "1").exit_code == 2
    assert invoke("optimize", file, "--minimize").exit_code == 0

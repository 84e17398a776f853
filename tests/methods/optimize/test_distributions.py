"""Student's t and chi-square, with SciPy and without."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from circuitgrad.methods.optimize.distributions import chi_square_p, student_p, student_quantile


@pytest.fixture(params=["scipy", "mpmath"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "mpmath":
        monkeypatch.setitem(sys.modules, "scipy", None)
    return str(request.param)


# The table of Fisher and Yates, "Statistical Tables", 1963, with more digits as R's qt(0.975, n) and so on prints them.
@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("confidence", "freedom", "quantile"),
    [(0.95, 1, 12.7062047364), (0.95, 10, 2.22813885196), (0.99, 5, 4.03214298356), (0.9, 30, 1.69726088659),
     (0.95, 1000, 1.96233908082), (0.999, 2, 31.5990545764)],
)  # fmt: skip
def test_quantiles_are_those_of_the_tables(confidence: float, freedom: int, quantile: float) -> None:
    assert student_quantile(confidence, freedom) == pytest.approx(quantile, rel=1e-10)
    assert student_p(quantile, freedom) == pytest.approx(1 - confidence, rel=1e-9)
    assert student_p(-quantile, freedom) == student_p(quantile, freedom)


@pytest.mark.usefixtures("library")
def test_edges() -> None:
    assert (student_p(0.0, 3), student_p(math.inf, 3)) == (1.0, 0.0)
    assert all(map(math.isnan, (student_p(1.0, 0), student_p(math.nan, 3), student_quantile(0.95, 0))))
    assert (chi_square_p(0.0, 3), chi_square_p(math.inf, 3)) == (1.0, 0.0)
    assert all(map(math.isnan, (chi_square_p(1.0, 0), chi_square_p(math.nan, 3))))
    assert chi_square_p(18.307038053275146, 10) == pytest.approx(0.05, rel=1e-12)


@given(st.floats(-300, 300), st.integers(1, 200))
def test_p_values_keep_their_digits_in_the_tails(t: float, freedom: int) -> None:
    with mp.workdps(40):
        wanted = mp.betainc(
            mp.mpf(freedom) / 2, mp.mpf(1) / 2, 0, freedom / (freedom + mp.mpf(t) ** 2), regularized=True
        )
    assert student_p(t, freedom) == pytest.approx(float(wanted), rel=1e-9, abs=1e-300)


@given(st.floats(0.01, 0.9999), st.integers(1, 200))
def test_a_quantile_undoes_a_p_value(confidence: float, freedom: int) -> None:
    assert student_p(student_quantile(confidence, freedom), freedom) == pytest.approx(1 - confidence, rel=1e-8)

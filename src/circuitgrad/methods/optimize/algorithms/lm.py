"""Levenberg's and Marquardt's method for least squares, SciPy's."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search
from circuitgrad.methods.optimize.with_scipy import least_squares


def run(search: Search) -> None:
    """Call MINPACK's LMDER (Moré, "The Levenberg-Marquardt algorithm: implementation and theory", 1978)."""
    least_squares(search, "lm")


ALGORITHM = Algorithm(
    "Levenberg-Marquardt for least squares, SciPy's",
    run,
    frozenset({"tolerance"}),
    {"steps": 1000},
    squares=True,
    replays=True,
)

"""The trust region reflective method for least squares with bounds, SciPy's."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search
from circuitgrad.methods.optimize.with_scipy import least_squares


def run(search: Search) -> None:
    """Call SciPy's trust region reflective method (Branch, Coleman and Li, "A subspace, interior, and conjugate
    gradient method for large-scale bound-constrained minimization problems", 1999).
    """  # noqa: D205
    least_squares(search, "trf")


ALGORITHM = Algorithm(
    "trust region reflective for least squares with bounds, SciPy's",
    run,
    frozenset({"tolerance"}),
    {"steps": 1000},
    squares=True,
    replays=True,
)

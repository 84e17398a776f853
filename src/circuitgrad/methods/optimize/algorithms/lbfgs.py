"""L-BFGS with bounds, SciPy's."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search
from circuitgrad.methods.optimize.with_scipy import quasi_newton, scipy_optimize


def run(search: Search) -> None:
    """Call SciPy's L-BFGS-B (Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained
    optimization", 1995) until it finds no better point.
    """  # noqa: D205
    quasi_newton(search, scipy_optimize("lbfgs"))
    search.stop("converged")


ALGORITHM = Algorithm("L-BFGS with bounds, SciPy's", run, frozenset({"tolerance"}), {"steps": 1000}, replays=True)

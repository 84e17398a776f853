"""L-BFGS with bounds, SciPy's: L-BFGS-B.

Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained optimization", 1995.
"""

from __future__ import annotations

from circuitgrad.methods.optimize.search import Algorithm, Search
from circuitgrad.methods.optimize.with_scipy import SCIPY_DEFAULTS, SCIPY_USES, quasi_newton, scipy_optimize


def run(search: Search) -> None:
    """Call L-BFGS-B until it finds no better point."""
    quasi_newton(search, scipy_optimize("lbfgs"))
    search.stop("converged")


ALGORITHM = Algorithm("L-BFGS with bounds, SciPy's", run, SCIPY_USES, SCIPY_DEFAULTS, replays=True)

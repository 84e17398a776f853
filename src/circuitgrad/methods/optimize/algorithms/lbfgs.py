"""L-BFGS with bounds, SciPy's."""

from __future__ import annotations

from math import isfinite
from typing import Any

from circuitgrad.methods.optimize.search import Algorithm, Search
from circuitgrad.methods.optimize.with_scipy import MOST, scipy_optimize


def run(search: Search) -> None:
    """Call SciPy's L-BFGS-B (Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained
    optimization", 1995) until it finds no better point.
    """  # noqa: D205
    optimize = scipy_optimize("lbfgs")

    def cost(x: Any) -> tuple[float, list[float]]:
        point = x.tolist()
        found = search.cost(point), search.gradient(point)
        if not isfinite(found[0]):
            search.accept(point)  # which refuses it, and ends the run: SciPy's line search knows no infinities
        return found

    optimize.minimize(
        cost,
        search.point,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(search.low, search.high, strict=True)),
        callback=lambda x: search.accept(x.tolist()),
        # Its own tolerances say no more than that doubles are at their end; `tolerance` is heeded at every step.
        options={"ftol": 0.0, "gtol": 0.0, "maxiter": MOST, "maxfun": MOST},
    )
    search.stop("converged")


ALGORITHM = Algorithm("L-BFGS with bounds, SciPy's", run, frozenset({"tolerance"}), {"steps": 1000}, replays=True)

"""What the methods of SciPy share: finding it, and a run over residuals."""

from __future__ import annotations

import warnings
from math import inf
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError
from circuitgrad.methods.optimize.fit import Tangent

if TYPE_CHECKING:
    from circuitgrad.methods.optimize.search import Search

MOST = 10**9
"""Steps end a run, not SciPy's own counts."""
EPSILON = 2.220446049250313e-16
"""The smallest tolerance that LMDER takes."""
MOST_POLISHING = 100
FALLING = 0.9


def scipy_optimize(method: str) -> Any:
    """Return the module `scipy.optimize`.

    Raises:
        CircuitError: it is not installed.
    """
    try:
        from scipy import optimize
    except ImportError:
        hint = "pip install 'circuitgrad[fit]'; the method newton does without"
        raise CircuitError.of(f"the method {method} needs SciPy", hint=hint) from None
    return optimize


def least_squares(search: Search, method: str) -> None:
    """Let SciPy lower the squares of the residuals, as far as doubles can tell.

    Every point at which it wants the Jacobian, after the first, counts as a step.

    Args:
        search: the search.
        method: `lm` or `trf`.

    Raises:
        Stop: the run is over.
    """
    optimize = scipy_optimize(method)

    def residuals(x: Any) -> list[float]:
        return search.residuals(x.tolist())

    def jacobian(x: Any) -> list[list[float]]:
        return _visit(search, x.tolist())

    bounds = (search.low, search.high) if method == "trf" else (-inf, inf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a try may lead out of the finite numbers, and is taken back
        found = optimize.least_squares(
            residuals, search.point, jacobian, bounds, method,
            ftol=EPSILON, xtol=EPSILON, gtol=EPSILON, x_scale="jac", max_nfev=MOST,
        )  # fmt: skip
    _visit(search, found.x.tolist())
    _polish(search)
    search.stop("converged")


def _visit(search: Search, point: list[float]) -> list[list[float]]:
    """Return the Jacobian at a point, and count a point that is new as a step."""
    slopes = search.jacobian(point)
    if point != search.point:
        search.accept(point)
    return slopes


def _polish(search: Search) -> None:
    """Take Gauss-Newton steps as long as the residuals' part in the tangent plane falls.

    The sum of squares cannot tell more than half of a parameter's digits, this part can: it vanishes at the minimum
    (Bates and Watts, "A relative offset orthogonality convergence criterion for nonlinear least squares", 1981).
    """
    point = search.point
    tangent = Tangent(search.residuals(point), search.jacobian(point))
    for _ in range(MOST_POLISHING):
        if not tangent.is_regular:
            return
        moved = [x - d for x, d in zip(point, tangent.step(), strict=True)]
        if moved == point or search.clipped(moved) != moved:
            return
        slopes = search.jacobian(moved)
        nearer = Tangent(search.residuals(moved), slopes)
        if not nearer.offset < FALLING * tangent.offset:
            return
        point, tangent = moved, nearer
        _visit(search, point)

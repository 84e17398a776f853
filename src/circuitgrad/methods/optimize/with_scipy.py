"""What the methods of SciPy share: finding it, and a run over residuals."""

from __future__ import annotations

import warnings
from math import hypot, inf, isfinite
from operator import mul
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError
from circuitgrad.methods.optimize.fit import Tangent

if TYPE_CHECKING:
    from circuitgrad.methods.optimize.search import Search

MOST = 10**9
"""Steps end a run, not SciPy's own counts."""
EPSILON = 2.220446049250313e-16
"""The smallest tolerance that LMDER takes."""
NEAR = 1e-8
"""So near to a bound, an input is as good as there."""
SLOPING = 1e-3
"""The residuals go along a column of the Jacobian where the cosine between them is larger."""
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
        instead = "the method newton does without"
        raise CircuitError.lacks(f"the method {method} needs SciPy", "fit", instead) from None
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
        point = x.tolist()
        if not all(map(isfinite, point)):
            search.accept(point)  # which refuses it, and ends the run: LMDER may ask for NaN again and again
        return search.residuals(point)

    def jacobian(x: Any) -> list[list[float]]:
        return _visit(search, x.tolist())

    bounds = (search.low, search.high) if method == "trf" else (-inf, inf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a try may lead out of the finite numbers, and is taken back
        found = optimize.least_squares(
            residuals, search.clipped(search.point), jacobian, bounds, method,
            ftol=EPSILON, xtol=EPSILON, gtol=EPSILON, x_scale="jac", max_nfev=MOST,
        )  # fmt: skip
    _visit(search, found.x.tolist())
    if _slopes(search):  # as with fewer rows than parameters, where trf may end at its start
        quasi_newton(search, optimize)
    _snap(search)
    _polish(search)
    search.stop("converged")


def _visit(search: Search, point: list[float]) -> list[list[float]]:
    """Return the Jacobian at a point, and count a point that is new as a step."""
    slopes = search.jacobian(point)
    if not all(isfinite(one) for row in slopes for one in row):
        search.lose(point)
    if point != search.point:
        search.accept(point)
    return slopes


def quasi_newton(search: Search, optimize: Any) -> None:
    """Let SciPy's L-BFGS-B go on from the present point until it finds no better one.

    Raises:
        Stop: the run is over.
    """

    def cost(x: Any) -> tuple[float, list[float]]:
        point = x.tolist()
        found = search.cost(point), search.gradient(point)
        if not isfinite(found[0]):
            search.accept(point)  # which refuses it, and ends the run: SciPy's line search knows no infinities
        return found

    optimize.minimize(
        cost,
        search.clipped(search.point),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(search.low, search.high, strict=True)),
        callback=lambda x: search.accept(x.tolist()),
        # Its own tolerances say no more than that doubles are at their end; `tolerance` is heeded at every step.
        options={"ftol": 0.0, "gtol": 0.0, "maxiter": MOST, "maxfun": MOST},
    )


def _slopes(search: Search) -> bool:
    """Tell whether the residuals still have a part along a column of the Jacobian that no bound holds."""
    residuals, rows = search.residuals(search.point), search.jacobian(search.point)
    size = hypot(*residuals)
    for i in search.loose(search.point, search.gradient(search.point)):
        column = [row[i] for row in rows]
        if abs(sum(map(mul, column, residuals))) > SLOPING * size * hypot(*column):
            return True
    return False


def _snap(search: Search) -> None:
    """Go to the bounds that are as good as reached, where that costs nothing: trf stays inside of them."""
    ends = zip(search.point, search.low, search.high, strict=True)
    moved = [next((end for end in bounds if _is_near(x, end)), x) for x, *bounds in ends]
    if moved != search.point and search.objective.cost(moved, search.batch) <= search.cost(search.point):
        _visit(search, moved)


def _is_near(x: float, bound: float) -> bool:
    return isfinite(bound) and abs(x - bound) <= NEAR * max(1.0, abs(bound))


def _polish(search: Search) -> None:
    """Take Gauss-Newton steps as long as the residuals' part in the tangent plane falls.

    The sum of squares cannot tell more than half of a parameter's digits, this part can: it vanishes at the minimum
    (Bates and Watts, "A relative offset orthogonality convergence criterion for nonlinear least squares", 1981).
    """
    point = search.point
    if any(x in (low, high) for x, low, high in zip(point, search.low, search.high, strict=True)):
        return
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

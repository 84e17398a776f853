"""SciPy's methods: least squares by `lm` or `trf`, and L-BFGS-B."""

from __future__ import annotations

import warnings
from math import hypot, isfinite
from operator import mul
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError
from circuitgrad.gates.doubles import MACHINE_EPSILON
from circuitgrad.methods.optimize.fit import TangentPlane
from circuitgrad.methods.optimize.search import Algorithm

if TYPE_CHECKING:
    from circuitgrad.methods.optimize.search import Search

SCIPY_USES = frozenset({"tolerance"})
"""The settings that mean something to SciPy's methods, beside those of every method."""
SCIPY_DEFAULTS = {"steps": 1000}
UNLIMITED_CALLS = 10**9
"""The limit of SciPy's own counts: our steps end a run instead."""
FIRST_BOUND = 1.0
"""The first step of LMDER is at most this times the length of the start, scaled by the columns of the Jacobian.

MINPACK's own is 100, which leads BoxBOD of NIST's StRD to a plateau; docs/optimize.md compares them.
"""
BOUND_TOLERANCE = 1e-8
"""An input this near to a bound, relatively, counts as being there."""
LEAST_COSINE = 1e-3
"""The residuals still have a slope where their cosine with a column of the Jacobian is larger."""
MOST_POLISHING_STEPS = 100
POLISHING_FACTOR = 0.9
"""A polishing step must lower the offset at least by this factor."""


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


def least_squares(method: str, about: str) -> Algorithm:
    """Return one of SciPy's methods for least squares.

    Args:
        method: `lm` or `trf`.
        about: the method in a few words.
    """

    def run(search: Search) -> None:
        _lower_squares(search, method)

    return Algorithm(about, run, SCIPY_USES, SCIPY_DEFAULTS, squares=True, replays=True)


def _lower_squares(search: Search, method: str) -> None:
    """Let SciPy lower the squares of the residuals, to the precision of doubles.

    Every point at which it asks for the Jacobian, after the first, counts as a step.

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

    start = search.clipped(search.point)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a try may lead out of the finite numbers, and is taken back
        # LMDER takes no smaller tolerances.
        tolerances = dict.fromkeys(("ftol", "xtol", "gtol"), MACHINE_EPSILON)
        if method == "lm":
            found, *_ = optimize.leastsq(
                residuals, start, Dfun=jacobian, full_output=True, maxfev=UNLIMITED_CALLS, factor=FIRST_BOUND,
                **tolerances,
            )  # fmt: skip
        else:
            found = optimize.least_squares(
                residuals, start, jacobian, (search.low, search.high), "trf", x_scale="jac", max_nfev=UNLIMITED_CALLS,
                **tolerances,
            ).x  # fmt: skip
    _visit(search, found.tolist())
    if _has_slope(search):  # as with fewer rows than parameters, where trf may end at its start
        quasi_newton(search, optimize)
    _snap(search)
    _polish(search)
    search.stop("converged")


def _visit(search: Search, point: list[float]) -> list[list[float]]:
    """Return the Jacobian at a point, and count a new point as a step."""
    jacobian = search.jacobian(point)
    if not all(isfinite(slope) for row in jacobian for slope in row):
        search.lose(point)
    if point != search.point:
        search.accept(point)
    return jacobian


def quasi_newton(search: Search, optimize: Any) -> None:
    """Let SciPy's L-BFGS-B go on from the present point until it finds no better point.

    Raises:
        Stop: the run is over.
    """

    def cost_and_gradient(x: Any) -> tuple[float, list[float]]:
        point = x.tolist()
        cost, gradient = search.cost(point), search.gradient(point)
        if not isfinite(cost):
            search.accept(point)  # which refuses it, and ends the run: SciPy's line search knows no infinities
        return cost, gradient

    optimize.minimize(
        cost_and_gradient,
        search.clipped(search.point),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(search.low, search.high, strict=True)),
        callback=lambda x: search.accept(x.tolist()),
        # The setting `tolerance` is checked after every step; SciPy's own tolerances end a run only where doubles do.
        options={"ftol": 0.0, "gtol": 0.0, "maxiter": UNLIMITED_CALLS, "maxfun": UNLIMITED_CALLS},
    )


def _has_slope(search: Search) -> bool:
    """Tell whether the residuals still have a component along a column of the Jacobian that no bound holds."""
    residuals, rows = search.residuals(search.point), search.jacobian(search.point)
    size = hypot(*residuals)
    for i in search.loose(search.point, search.gradient(search.point)):
        column = [row[i] for row in rows]
        if abs(sum(map(mul, column, residuals))) > LEAST_COSINE * size * hypot(*column):
            return True
    return False


def _snap(search: Search) -> None:
    """Go to the bounds that are nearly reached, where that costs nothing: trf stays inside of them."""
    ranges = zip(search.point, search.low, search.high, strict=True)
    moved = [next((bound for bound in bounds if _is_near(x, bound)), x) for x, *bounds in ranges]
    if moved != search.point and search.objective.cost(moved, search.batch) <= search.cost(search.point):
        _visit(search, moved)


def _is_near(x: float, bound: float) -> bool:
    return isfinite(bound) and abs(x - bound) <= BOUND_TOLERANCE * max(1.0, abs(bound))


def _polish(search: Search) -> None:
    """Take Gauss-Newton steps as long as the residuals' projection on the tangent plane falls.

    The sum of squares determines no more than half of a parameter's digits. The projection determines them all: it
    vanishes at the minimum (Bates and Watts, "A relative offset orthogonality convergence criterion for nonlinear least
    squares", 1981).
    """
    point = search.point
    if any(x in (low, high) for x, low, high in zip(point, search.low, search.high, strict=True)):
        return
    plane = TangentPlane(search.residuals(point), search.jacobian(point))
    for _ in range(MOST_POLISHING_STEPS):
        if not plane.is_regular:
            return
        moved = [x - d for x, d in zip(point, plane.step(), strict=True)]
        if moved == point or search.clipped(moved) != moved:
            return
        jacobian = search.jacobian(moved)
        moved_plane = TangentPlane(search.residuals(moved), jacobian)
        if not moved_plane.offset < POLISHING_FACTOR * plane.offset:
            return
        point, plane = moved, moved_plane
        _visit(search, point)

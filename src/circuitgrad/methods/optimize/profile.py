"""Intervals of estimates by the profile of the likelihood.

A parameter is held, all others are fitted anew: the interval ends where the sum of squares has risen by the square of
Student's quantile times the residual variance (Bates and Watts, "Nonlinear Regression Analysis and Its Applications",
1988, section 6.1; R's `confint` of `nls`).
"""

from __future__ import annotations

from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING

from circuitgrad.methods.optimize.distributions import student_quantile
from circuitgrad.methods.optimize.fit import TangentPlane
from circuitgrad.methods.optimize.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.fit import Fit
    from circuitgrad.methods.optimize.run import Outcome

MOST_DOUBLINGS = 30
"""A side is open if the profile has not risen enough at 2 to this power times the reach of Student's interval."""
MOST_HALVINGS = 80
PRECISION = 1e-9
"""The ends of an interval are found to this part of their distance from the estimate."""
MOST_STEPS = 200
LARGEST_DAMPING = 1e16


def profile_intervals(outcome: Outcome, rows: Rows | None, confidence: float) -> dict[str, tuple[float, float]]:
    """Return the profile's interval of every parameter that has a standard error; an open side is infinite.

    Args:
        outcome: the result of a fit.
        rows: the rows of data of the run.
        confidence: the share of such intervals that hold the true value, nearly.
    """
    fit = outcome.fit
    if fit is None:
        return {}
    objective = Objective(outcome.circuit, outcome.output, outcome.goal, rows, "python", factors=outcome.factors)
    quantile = student_quantile(confidence, fit.freedom)
    profiles = {}
    for i, name in enumerate(objective.names):
        error = fit.estimates[name].error
        if isfinite(error) and error > 0 and isfinite(quantile):
            low, high = (_Profile(objective, fit, i, side).end(quantile) for side in (-1, 1))
            profiles[name] = low, high
    return profiles


class _Profile:
    """The profile of a parameter on one side of its estimate.

    Args:
        objective: the objective.
        fit: the fit.
        position: the position of the parameter.
        side: 1 above the estimate, -1 below it.
    """

    def __init__(self, objective: Objective, fit: Fit, position: int, side: int) -> None:
        self._objective, self._fit, self._position, self._side = objective, fit, position, side
        self._names = objective.names
        self._best = [fit.estimates[name].value for name in self._names]
        leaves = [objective.circuit.inputs[name] for name in self._names]
        self._low, self._high = [leaf.min for leaf in leaves], [leaf.max for leaf in leaves]
        self._variance = 1.0 if fit.is_absolute else fit.deviation**2
        self._known: dict[float, list[float]] = {0.0: self._best}  # by the distance from the estimate

    def end(self, quantile: float) -> float:
        """Return where the profile has risen to a quantile; infinite where it does not, or a bound comes first."""
        estimate = self._best[self._position]
        bound = self._high[self._position] if self._side > 0 else self._low[self._position]
        limit = abs(bound - estimate)
        inner, outer = 0.0, quantile * self._fit.estimates[self._names[self._position]].error
        for _ in range(MOST_DOUBLINGS):
            outer = min(outer, limit)
            if not self._height(outer) < quantile:
                break
            if outer == limit:
                return self._side * inf
            inner, outer = outer, 2 * outer
        else:
            return self._side * inf
        for _ in range(MOST_HALVINGS):
            if outer - inner <= PRECISION * outer:
                break
            middle = inner + (outer - inner) / 2
            inner, outer = (middle, outer) if self._height(middle) < quantile else (inner, middle)
        return estimate + self._side * (inner + outer) / 2

    def _height(self, distance: float) -> float:
        """Return the root of the rise of the sum of squares, in units of the variance, at a distance."""
        nearest = min(self._known, key=lambda known: abs(known - distance))
        start = list(self._known[nearest])
        start[self._position] = self._best[self._position] + self._side * distance
        point, total = self._refitted(start)
        if isfinite(total):
            self._known[distance] = point
        return sqrt(max(total - self._fit.sum_of_squares, 0.0) / self._variance)

    def _refitted(self, point: list[float]) -> tuple[list[float], float]:
        """Return the point with the others fitted anew, by Levenberg and Marquardt, and its sum of squares."""
        objective = self._objective
        residuals = objective.residuals(point)
        total, damping = _squares(residuals), 1e-6
        for _ in range(MOST_STEPS):
            jacobian = objective.jacobian(point)
            if not (isfinite(total) and all(isfinite(x) for row in jacobian for x in row)):
                return point, inf
            gradient = [sum(r * row[j] for r, row in zip(residuals, jacobian, strict=True)) for j in range(len(point))]
            free = [j for j in range(len(point)) if j != self._position and self._may_move(point, gradient, j)]
            columns = [[row[j] for j in free] for row in jacobian]
            lengths = [sqrt(sum(row[k] ** 2 for row in columns)) for k in range(len(free))]
            while True:
                damped = [[sqrt(damping) * lengths[k] * (k == m) for m in range(len(free))] for k in range(len(free))]
                step = TangentPlane([*residuals, *[0.0] * len(free)], [*columns, *damped]).step() if free else []
                moved = list(point)
                for j, component in zip(free, step, strict=True):
                    moved[j] = min(max(point[j] - component, self._low[j]), self._high[j])
                moved_residuals = objective.residuals(moved)
                moved_total = _squares(moved_residuals)
                if moved == point or moved_total < total or damping > LARGEST_DAMPING:
                    break
                damping = damping * 8
            if not moved_total < total:
                return point, total
            is_settled = total - moved_total <= 1e-14 * total
            point, residuals, total, damping = moved, moved_residuals, moved_total, max(damping / 16, 1e-12)
            if is_settled:
                break
        return point, total

    def _may_move(self, point: Sequence[float], gradient: Sequence[float], j: int) -> bool:
        low, high = point[j] <= self._low[j] and gradient[j] > 0, point[j] >= self._high[j] and gradient[j] < 0
        return not (low or high)


def _squares(residuals: Sequence[float]) -> float:
    total = sum(residual * residual for residual in residuals)
    return total if isfinite(total) else inf

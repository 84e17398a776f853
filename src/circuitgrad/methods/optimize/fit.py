"""The statistics of a least-squares fit: estimates, their standard errors, the goodness of fit."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf, isfinite, log, nan, pi, sqrt
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.methods.optimize.distributions import chi_square_p, student_p, student_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.methods.optimize.objective import Objective

LEAST_INDEPENDENT_PART = 1e-14
"""A column of the Jacobian depends on the columns before it if less than this part of it is independent of them."""
LEAST_SHARE = 1e-8
"""A parameter takes part in a dependence if its share, in units of its column's length, is larger."""


class TangentPlane:
    """The tangent plane of a model at a point: its Jacobian, with columns scaled to length 1, factored as Q R.

    Args:
        residuals: the residuals, one per row.
        jacobian: their derivatives, row by row.

    Attributes:
        offset: the length of the residuals' projection on the plane, 0 at a minimum of the sum of squares.
        tilt: the offset as a part of the residuals' length.
        dependent: the positions of parameters that the data cannot tell from those before them.

    >>> plane = TangentPlane([1.0, 3.0], [[2.0], [0.0]])
    >>> plane.step(), plane.errors(), plane.offset
    ([0.5], ([0.5], [[1.0]]), 1.0)
    """

    def __init__(self, residuals: Sequence[float], jacobian: Sequence[Sequence[float]]) -> None:
        columns = [list(column) for column in zip(*jacobian, strict=True)]
        self._scales = [_length(column) or 1.0 for column in columns]
        self._q: list[list[float]] = []
        self._r = [[0.0] * len(columns) for _ in columns]
        self.dependent: list[int] = []
        for j, (column, scale) in enumerate(zip(columns, self._scales, strict=True)):
            self._add(j, [x / scale for x in column])
        self._projection = [_dot(q, residuals) for q in self._q]
        self.offset = _length(self._projection) if self.is_regular else inf
        size = _length(residuals)
        self.tilt = _length(self._projection) / size if size else 0.0

    def _add(self, j: int, column: list[float]) -> None:
        """Add a column, made orthogonal to the earlier columns: twice, against rounding.

        Golub and Van Loan, "Matrix Computations", 4th ed., 2013, section 5.2.8.
        """
        rest = column
        for _ in range(2):
            for i, q in enumerate(self._q):
                part = _dot(q, rest)
                self._r[i][j] += part
                rest = [x - part * y for x, y in zip(rest, q, strict=True)]
        own = _length(rest)
        if not own > LEAST_INDEPENDENT_PART or not isfinite(own):
            self.dependent.append(j)
            own, rest = 1.0, [0.0] * len(rest)
        self._r[j][j] = own
        self._q.append([x / own for x in rest])

    @property
    def is_regular(self) -> bool:
        """Whether the data tell all parameters apart."""
        return not self.dependent

    def step(self) -> list[float]:
        """Return the step of Gauss and Newton, to be subtracted from the parameters."""
        scaled = list(self._projection)
        for j in reversed(range(len(scaled))):
            known = sum(self._r[j][k] * scaled[k] for k in range(j + 1, len(scaled)))
            scaled[j] = (scaled[j] - known) / self._r[j][j]
        return [component / scale for component, scale in zip(scaled, self._scales, strict=True)]

    @property
    def scales(self) -> list[float]:
        """The lengths of the columns; 1 for a column of zeros."""
        return list(self._scales)

    def triangle(self) -> list[list[float]]:
        """Return the rows of R that belong to independent columns, for columns scaled to length 1."""
        return [list(row) for i, row in enumerate(self._r) if i not in self.dependent]

    def errors(self) -> tuple[list[float], list[list[float]]]:
        """Return the parameters' standard errors, for residuals of deviation 1, and their correlations.

        Both come from the inverse of the Jacobian's normal matrix; scales are divided out before anything is squared.
        Dependent columns are left out: the numbers hold for the parameters that take part in no dependence.
        """
        size = len(self._r)
        inverse = [[0.0] * size for _ in range(size)]
        independent = [i for i in range(size) if i not in self.dependent]
        for j in independent:
            for i in reversed([i for i in independent if i <= j]):
                known = sum(self._r[i][k] * inverse[k][j] for k in range(i + 1, j + 1))
                inverse[i][j] = ((i == j) - known) / self._r[i][i]
        for j in self.dependent:
            inverse[j][j] = nan
        lengths = [_length(row) for row in inverse]
        correlations = [
            [
                _dot(left, right) / (left_length * right_length)
                for right, right_length in zip(inverse, lengths, strict=True)
            ]
            for left, left_length in zip(inverse, lengths, strict=True)
        ]
        return [length / scale for length, scale in zip(lengths, self._scales, strict=True)], correlations

    def dependences(self) -> list[dict[int, float]]:
        """Return the directions in which the parameters may move while the tangent plane stays where it is.

        Returns:
            For every dependent column, the positions of the parameters that move, with their shares: multiples of the
            columns scaled to length 1 which add up to 0.

        >>> TangentPlane([1.0, 3.0], [[2.0, 1.0, 4.0], [0.0, 5.0, 0.0]]).dependences()
        [{0: -1.0, 2: 1.0}]
        """
        found = []
        for dependent in self.dependent:
            shares = {dependent: 1.0}
            for i in reversed(range(dependent)):
                if i not in self.dependent:
                    known = sum(self._r[i][k] * share for k, share in shares.items())
                    shares[i] = -known / self._r[i][i]
            least = LEAST_SHARE * max(map(abs, shares.values()))
            found.append({i: share for i, share in sorted(shares.items()) if abs(share) > least})
        return found


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    total: float = sum(map(mul, left, right))
    return total


def _length(vector: Sequence[float]) -> float:
    return hypot(*vector)


class ParameterEstimate(NamedTuple):
    """The estimate of a parameter.

    Attributes:
        value: the estimate.
        error: its standard error; NaN where the data do not determine it.
    """

    value: float
    error: float

    @property
    def relative(self) -> float:
        """The standard error as a part of the estimate."""
        return self.error / abs(self.value) if self.value else inf * self.error

    @property
    def t(self) -> float:
        """The estimate in units of its standard error."""
        return self.value / self.error if self.error else inf * self.value if self.value else nan


@dataclass(frozen=True)
class Fit:
    """The statistics of least squares at a minimum.

    Attributes:
        estimates: the estimate of each parameter.
        correlations: per parameter and parameter the correlation of their estimates.
        rows: the number of rows.
        sum_of_squares: the residual sum of squares.
        freedom: the degrees of freedom: rows less parameters that they determine.
        r_squared: the part of the response's variation that the model explains; None where the residual is no
            difference of a response, which the data alone make, and a model.
        deviation: the residual standard deviation.
        tilt: the part of the residuals in the tangent plane, 0 at a minimum and at most 1.
        undetermined: the parameters that the data do not determine, in groups that cannot be told apart.
        held: the parameters that are at a bound; they have no standard error, and count as known for the others.
        has_sigma: whether the residuals are in units of a known uncertainty.
        is_absolute: whether the standard errors are not scaled by the residuals.
        log_factors: the sum of the logarithms of the residuals' factors.
    """

    estimates: dict[str, ParameterEstimate]
    correlations: dict[str, dict[str, float]]
    rows: int
    sum_of_squares: float
    freedom: int
    r_squared: float | None
    deviation: float
    tilt: float
    undetermined: tuple[tuple[str, ...], ...]
    held: tuple[str, ...]
    has_sigma: bool = False
    is_absolute: bool = False
    log_factors: float = 0.0

    @property
    def chi_square(self) -> float | None:
        """The sum of squares in units of sigma; None without sigma."""
        return self.sum_of_squares if self.has_sigma else None

    @property
    def reduced_chi_square(self) -> float | None:
        """Chi-square per degree of freedom; None without sigma."""
        if not self.has_sigma:
            return None
        return self.sum_of_squares / self.freedom if self.freedom > 0 else nan

    @property
    def p_of_chi_square(self) -> float | None:
        """The probability of a larger chi-square, if model and sigma are right; None without sigma."""
        return chi_square_p(self.sum_of_squares, self.freedom) if self.has_sigma else None

    @property
    def determined(self) -> int:
        """The number of parameters that the rows determine, and no bound holds."""
        return self.rows - self.freedom

    @property
    def adjusted_r_squared(self) -> float | None:
        """R squared, less what as many parameters explain by chance; None without R squared."""
        if self.r_squared is None:
            return None
        return 1 - (1 - self.r_squared) * (self.rows - 1) / self.freedom if self.freedom > 0 else nan

    @property
    def log_likelihood(self) -> float:
        """The logarithm of the likelihood of normal residuals, as R's `logLik`.

        Their variance is the mean square; with absolute sigma, it is known.
        """
        if self.is_absolute:
            return self.log_factors - self.rows / 2 * log(2 * pi) - self.sum_of_squares / 2
        if self.sum_of_squares == 0:
            return inf
        return self.log_factors - self.rows / 2 * (log(2 * pi) + 1 + log(self.sum_of_squares / self.rows))

    @property
    def _counted(self) -> int:
        """The parameters that the information criteria count: the variance, too, unless it is known."""
        return self.determined + (not self.is_absolute)

    @property
    def aic(self) -> float:
        """Akaike's information criterion; the variance counts as a parameter, as in R."""
        return 2 * self._counted - 2 * self.log_likelihood

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for few rows (Hurvich and Tsai, 1989); infinite with too few rows."""
        count = self._counted
        left = self.rows - count - 1
        return self.aic + 2 * count * (count + 1) / left if left > 0 else inf

    @property
    def bic(self) -> float:
        """Schwarz's information criterion; the variance counts as a parameter, as in R."""
        return log(self.rows) * self._counted - 2 * self.log_likelihood

    def p(self, name: str) -> float:
        """Return the probability of a t value as far from 0, if the parameter were 0."""
        return student_p(self.estimates[name].t, self.freedom)

    def interval(self, name: str, confidence: float) -> tuple[float, float]:
        """Return the interval of a parameter by Student's t.

        Args:
            name: the parameter.
            confidence: the share of such intervals that hold the true value.
        """
        estimate = self.estimates[name]
        reach = estimate.error * student_quantile(confidence, self.freedom)
        return estimate.value - reach, estimate.value + reach


def fit(objective: Objective, point: Sequence[float], *, has_sigma: bool = False, is_absolute: bool = False) -> Fit:
    """Return the statistics of least squares at a point, which should be the minimum.

    The covariances are those of the linear model that touches this model there (Seber and Wild, "Nonlinear Regression",
    1989, section 2.1.2; the standard deviations of NIST's reference datasets are these).

    Args:
        objective: the objective of a least squares problem.
        point: the values of the parameters.
        has_sigma: whether the factors of the residuals come from known uncertainties.
        is_absolute: whether the standard errors are not scaled by the residuals.
    """
    residuals, jacobian = objective.residuals(point), objective.jacobian(point)
    leaves = [objective.circuit.inputs[name] for name in objective.names]
    loose = [i for i, (x, leaf) in enumerate(zip(point, leaves, strict=True)) if leaf.min < x < leaf.max]
    plane = TangentPlane(residuals, [[row[i] for i in loose] for row in jacobian])
    total = sum(residual * residual for residual in residuals)
    freedom = len(residuals) - len(loose) + len(plane.dependent)
    deviation = sqrt(total / freedom) if freedom > 0 else nan
    scale = 1.0 if is_absolute else deviation
    unit_errors, correlations = plane.errors() if freedom > 0 else ([nan] * len(loose), None)
    names = objective.names
    groups = _groups(plane.dependences())
    lost = {position for group in groups for position in group}
    position = {names[i]: k for k, i in enumerate(loose) if k not in lost}
    errors = dict.fromkeys(names, nan) | {name: scale * unit_errors[k] for name, k in position.items()}

    def correlation(left: str, right: str) -> float:
        if left == right:
            return 1.0
        if correlations is None or left not in position or right not in position:
            return nan
        return correlations[position[left]][position[right]]

    return Fit(
        {name: ParameterEstimate(x, errors[name]) for name, x in zip(names, point, strict=True)},
        {name: {partner: correlation(name, partner) for partner in names} for name in names},
        len(residuals),
        total,
        freedom,
        _explained(objective, total),
        deviation,
        plane.tilt,
        tuple(tuple(names[loose[k]] for k in sorted(group)) for group in groups),
        tuple(name for i, name in enumerate(names) if i not in loose),
        has_sigma,
        is_absolute,
        sum(map(log, objective.factors or ())),
    )


def _groups(dependences: Sequence[Mapping[int, float]]) -> list[set[int]]:
    """Return the positions in dependences, with those that share a position in one group."""
    groups: list[set[int]] = []
    for dependence in dependences:
        apart = [group for group in groups if group.isdisjoint(dependence)]
        group = set(dependence).union(*(group for group in groups if group not in apart))
        groups = [*apart, group]
    return groups


def _explained(objective: Objective, total: float) -> float | None:
    """Return the part of the response's variation that the residuals leave, taken from 1; None without a response."""
    response = objective.response()
    if response is None or len(response) < 2:
        return None
    if objective.factors is None:
        mean = sum(response) / len(response)
        variation = sum((observed - mean) ** 2 for observed in response)
        return 1 - total / variation if variation else None
    weights = [factor * factor for factor in objective.factors]
    mean = sum(map(mul, weights, response)) / sum(weights)
    variation = sum(weight * (observed - mean) ** 2 for weight, observed in zip(weights, response, strict=True))
    return 1 - total / variation if variation else None

"""What least squares tell of the parameters: estimates, their standard errors, how well the model fits."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf, isfinite, nan, sqrt
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.optimize.objective import Objective

DEPENDENT = 1e-14
"""A column of the Jacobian of which less than this is its own depends on those before it."""


class Tangent:
    """The tangent plane of a model at a point: its Jacobian, with columns scaled to length 1, taken apart as Q R.

    Args:
        residuals: the residuals, one a row.
        jacobian: their derivatives, row by row.

    Attributes:
        offset: the length of the residuals' part in the plane, 0 at a minimum of the sum of squares.
        tilt: the same as a part of the residuals' length.
        dependent: the positions of parameters that the data cannot tell from those before them.

    >>> tangent = Tangent([1.0, 3.0], [[2.0], [0.0]])
    >>> tangent.step(), tangent.errors(), tangent.offset
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
        self._part = [_dot(q, residuals) for q in self._q]
        self.offset = _length(self._part) if self.is_regular else inf
        size = _length(residuals)
        self.tilt = _length(self._part) / size if size else 0.0

    def _add(self, j: int, column: list[float]) -> None:
        """Take the parts of earlier columns out of a column, twice, for what rounding leaves of them (Golub and Van
        Loan, "Matrix Computations", 4th ed., 2013, section 5.2.8).
        """  # noqa: D205
        rest = column
        for _ in range(2):
            for i, q in enumerate(self._q):
                part = _dot(q, rest)
                self._r[i][j] += part
                rest = [x - part * y for x, y in zip(rest, q, strict=True)]
        own = _length(rest)
        if not own > DEPENDENT or not isfinite(own):
            self.dependent.append(j)
            own, rest = 1.0, [0.0] * len(rest)
        self._r[j][j] = own
        self._q.append([x / own for x in rest])

    @property
    def is_regular(self) -> bool:
        """Whether the data tell all parameters apart."""
        return not self.dependent

    def step(self) -> list[float]:
        """Return the step of Gauss and Newton, to be taken away from the parameters."""
        found = list(self._part)
        for j in reversed(range(len(found))):
            found[j] = (found[j] - sum(self._r[j][k] * found[k] for k in range(j + 1, len(found)))) / self._r[j][j]
        return [one / scale for one, scale in zip(found, self._scales, strict=True)]

    def errors(self) -> tuple[list[float], list[list[float]]]:
        """Return the roots of the variances, for residuals of deviation 1, and the correlations.

        They come from the inverse of the Jacobian's normal matrix; scales are taken out before anything is squared.
        """
        size = len(self._r)
        inverse = [[0.0] * size for _ in range(size)]
        for j in range(size):
            for i in reversed(range(j + 1)):
                known = sum(self._r[i][k] * inverse[k][j] for k in range(i + 1, j + 1))
                inverse[i][j] = ((i == j) - known) / self._r[i][i]
        lengths = [_length(row) for row in inverse]
        correlations = [
            [_dot(one, other) / (a * b) for other, b in zip(inverse, lengths, strict=True)]
            for one, a in zip(inverse, lengths, strict=True)
        ]
        return [one / scale for one, scale in zip(lengths, self._scales, strict=True)], correlations


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    total: float = sum(map(mul, one, other))
    return total


def _length(vector: Sequence[float]) -> float:
    return hypot(*vector)


class Estimate(NamedTuple):
    """What is known of one parameter.

    Attributes:
        value: its estimate.
        error: the standard error; NaN where the data do not determine it.
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
    """What least squares tell at a minimum.

    Attributes:
        estimates: per parameter what is known of it.
        correlations: per parameter and parameter the correlation of their estimates.
        rows: how many rows there are.
        sum_of_squares: the residual sum of squares.
        freedom: the degrees of freedom: rows less parameters that they determine.
        r_squared: the part of the response's variation that the model explains; None where the residual is no
            difference of a response, which the data alone make, and a model.
        deviation: the residual standard deviation.
        tilt: the part of the residuals in the tangent plane, 0 at a minimum and at most 1.
        undetermined: the parameters that the data do not determine beside the others.
        held: the parameters that are at a bound; they have no standard error, and count as known for the others.
    """

    estimates: dict[str, Estimate]
    correlations: dict[str, dict[str, float]]
    rows: int
    sum_of_squares: float
    freedom: int
    r_squared: float | None
    deviation: float
    tilt: float
    undetermined: tuple[str, ...]
    held: tuple[str, ...]


def fit(objective: Objective, point: Sequence[float]) -> Fit:
    """Return what least squares tell of the parameters at a point, which should be the minimum.

    The covariances are those of the linear model that touches this one there (Seber and Wild, "Nonlinear Regression",
    1989, section 2.1.2; the standard deviations of NIST's reference datasets are these).

    Args:
        objective: the objective of a least squares problem.
        point: the values of the parameters.
    """
    residuals, jacobian = objective.residuals(point), objective.jacobian(point)
    leaves = [objective.circuit.inputs[name] for name in objective.names]
    loose = [i for i, (x, leaf) in enumerate(zip(point, leaves, strict=True)) if leaf.min < x < leaf.max]
    tangent = Tangent(residuals, [[row[i] for i in loose] for row in jacobian])
    total = sum(one * one for one in residuals)
    freedom = len(residuals) - len(loose) + len(tangent.dependent)
    deviation = sqrt(total / freedom) if freedom > 0 else nan
    known = tangent.is_regular and freedom > 0
    roots, within = tangent.errors() if known else ([nan] * len(loose), None)
    names = objective.names
    errors = dict.fromkeys(names, nan) | {names[i]: deviation * root for i, root in zip(loose, roots, strict=True)}
    place = {names[i]: k for k, i in enumerate(loose)}

    def correlation(one: str, other: str) -> float:
        if one == other:
            return 1.0
        return within[place[one]][place[other]] if within and one in place and other in place else nan

    return Fit(
        {name: Estimate(x, errors[name]) for name, x in zip(names, point, strict=True)},
        {name: {other: correlation(name, other) for other in names} for name in names},
        len(residuals),
        total,
        freedom,
        _explained(objective, total),
        deviation,
        tangent.tilt,
        tuple(names[loose[j]] for j in tangent.dependent),
        tuple(name for name in names if name not in place),
    )


def _explained(objective: Objective, total: float) -> float | None:
    response = objective.response()
    if response is None or len(response) < 2:
        return None
    mean = sum(response) / len(response)
    variation = sum((one - mean) ** 2 for one in response)
    return 1 - total / variation if variation else None

"""Starting values of a fit, found from the data.

Parameters in which the model is linear follow from the others by linear least squares (Golub and Pereyra, "The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", 1973). The others are
tried at values of the columns' sizes; the best tries are improved by steps of Levenberg and Marquardt.
"""

from __future__ import annotations

from array import array
from itertools import product
from math import inf, isfinite, pi, sqrt
from random import Random
from typing import TYPE_CHECKING

from circuitgrad.data.table import Rows
from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import Call
from circuitgrad.language.load import formula_circuit
from circuitgrad.methods.optimize.fit import TangentPlane
from circuitgrad.methods.optimize.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    Point = list[float]

MOST_ROWS_TRIED = 40
MOST_ROWS_IMPROVED = 120
MOST_TRIES = 1500
MOST_OPERATIONS = 6_000_000
"""All tries together may take this many operations: gates times rows times parameters."""
MOST_IMPROVED = 6
"""The tries that are improved."""
FIRST_STEPS, LAST_STEPS = 15, 80
"""The steps of each improvement, and of that of the best."""
MOST_OSCILLATIONS = 25
"""A periodic model is tried with up to so many periods in the range of a column."""
DIGITS = 4
"""The starting values have so many digits."""
POINTS_FOR_LINEARITY = 12
LINEAR = 1e-9
"""A model is linear if it is off the plane by less, relatively."""
PERIODIC = frozenset({"sin", "cos"})


def found_starts(
    formula: str, rows: Rows, target: str, parameters: Mapping[str, float], given: Collection[str]
) -> dict[str, float]:
    """Return starting values of all parameters of a model.

    Args:
        formula: the model.
        rows: the rows of the data.
        target: the column to fit.
        parameters: the parameters, with their values where the data give none.
        given: the parameters whose values stay.

    >>> from array import array
    >>> rows = Rows({"x": array("d", [0, 1, 2, 3]), "y": array("d", [8, 4, 2, 1])}, range(4), ())
    >>> found_starts("a*exp(-k*x)", rows, "y", {"a": 1, "k": 1}, ())
    {'a': 8.0, 'k': 0.6931}
    """
    starts = dict(parameters)
    if len(rows) < len(parameters) or len(given) == len(parameters):
        return starts
    search = StartSearch(formula, rows, target, starts, [name for name in parameters if name not in given])
    best = search.best()
    if best is None:
        return starts
    found = dict(zip(search.free, best, strict=True))
    rounded = {name: float(f"{value:.{DIGITS - 1}e}") for name, value in found.items()}
    is_finite = isfinite(search.cost([rounded[name] for name in search.free]))
    return {**starts, **(rounded if is_finite else found)}


class StartSearch:
    """The search for starting values.

    Args:
        formula: the model.
        rows: the rows of the data.
        target: the column to fit.
        starts: the values of all parameters.
        free: the parameters to find.
    """

    def __init__(self, formula: str, rows: Rows, target: str, starts: Mapping[str, float], free: Sequence[str]) -> None:
        self.free = list(free)
        self._columns, self._target = rows.columns, target
        self._is_periodic = any(isinstance(step, Call) and step.gate in PERIODIC for step in read_formula(formula))
        inputs = {**starts, **dict.fromkeys(rows.columns, 0.0)}
        circuit = formula_circuit(f"{target} - ({formula})", inputs, "residual")
        self._gates = len(circuit.rules)
        first = next(name for name in rows.columns if name != target or len(rows.columns) == 1)
        order = sorted(range(len(rows)), key=lambda i: rows.columns[first][i])

        def objective(most: int) -> Objective:
            count = min(most, len(order))
            chosen = [order[i * (len(order) - 1) // max(count - 1, 1)] for i in range(count)]
            columns = {name: array("d", (column[i] for i in chosen)) for name, column in rows.columns.items()}
            columns.update({name: array("d", [starts[name]]) * count for name in starts if name not in self.free})
            return Objective(circuit, "residual", "least_squares", Rows(columns, chosen, ()), "python")

        self._tried = objective(MOST_ROWS_TRIED)
        self._improved = objective(max(MOST_ROWS_IMPROVED, len(self.free)))
        self._random = Random(0)  # noqa: S311 - nothing secret
        self._linear = self._linear_positions()

    def cost(self, point: Point) -> float:
        """Return the mean square of the residuals."""
        return _cost(self._improved.residuals(point))

    def best(self) -> Point | None:
        """Return the best starting values, or None where none are finite."""
        tries = []
        for candidate in self._candidates():
            point = self._projected(candidate)
            if isfinite(cost := _cost(self._tried.residuals(point))):
                tries.append((cost, point))
        tries.sort(key=lambda entry: entry[0])
        if not self._nonlinear and tries:
            return self._improve(self._improved, tries[0][1], LAST_STEPS)
        improved = [self._improve(self._tried, point, FIRST_STEPS) for point in _apart(tries)]
        return min(
            (self._improve(self._improved, point, LAST_STEPS) for point in improved[:2] + improved[2:]),
            key=self.cost,
            default=None,
        )

    @property
    def _nonlinear(self) -> list[int]:
        return [i for i in range(len(self.free)) if i not in self._linear]

    def _linear_positions(self) -> list[int]:
        """Return positions of parameters in which, all together, the model is linear."""
        values = self._values()
        points = [[self._random.choice(values) for _ in self.free] for _ in range(POINTS_FOR_LINEARITY)]
        linear: list[int] = []
        for i in range(len(self.free)):
            verdicts = {self._is_linear(point, [*linear, i]) for point in points}
            if False not in verdicts and True in verdicts:
                linear.append(i)
        return linear

    def _is_linear(self, here: Point, positions: Sequence[int]) -> bool | None:
        """Tell whether the model stays on its tangent plane where some parameters move far; None where that is lost."""
        moves = {i: self._random.uniform(-3.0, 3.0) * here[i] for i in positions}
        there = [x + moves.get(i, 0.0) for i, x in enumerate(here)]
        start, end, slopes = self._tried.residuals(here), self._tried.residuals(there), self._tried.jacobian(here)
        verdict = None
        for residual, moved, row in zip(start, end, slopes, strict=True):
            parts = [residual, *(row[i] * move for i, move in moves.items())]
            size = sum(map(abs, parts))
            if not (isfinite(size) and isfinite(moved)):
                continue
            if abs(moved - sum(parts)) > LINEAR * size:
                return False
            verdict = True
        return verdict

    def _candidates(self) -> Iterator[Point]:
        """Yield points whose linear parameters are still to be found."""
        point = [1.0] * len(self.free)
        positions = self._nonlinear
        yield list(point)
        if not positions:
            return
        values = self._values()
        cost = max(1, self._gates * len(self._tried.residuals(point)) * (1 + len(self.free)))
        most = max(50, min(MOST_TRIES, MOST_OPERATIONS // cost))
        combinations: Iterator[Sequence[float]]
        if len(values) ** len(positions) <= most:
            combinations = product(values, repeat=len(positions))
        else:
            combinations = ([self._random.choice(values) for _ in positions] for _ in range(most))
        for combination in combinations:
            for i, value in zip(positions, combination, strict=True):
                point[i] = value
            yield list(point)

    def _values(self) -> list[float]:
        """Return the values that a parameter may have, of the sizes of the columns."""
        response = self._columns[self._target]
        values = [1.0, 0.5, 2.0, -1.0, -0.5, -2.0, 3.0, 0.1]
        for name, column in self._columns.items():
            ordered = sorted(column)
            size = (ordered[-1] - ordered[0]) or abs(ordered[0]) or 1.0
            if name == self._target:
                values += [ordered[0] - 0.05 * size, ordered[-1] + 0.05 * size, size]
                continue
            values += [ordered[round(part * (len(ordered) - 1))] for part in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)]
            values += [column[max(range(len(column)), key=response.__getitem__)]]
            values += [column[min(range(len(column)), key=response.__getitem__)]]
            values += [size * part for part in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0)]
            values += [sign * part / size for part in (0.1, 0.3, 1.0, 2.0, 4.0, 8.0, 20.0) for sign in (1, -1)]
            if self._is_periodic:
                for count in range(1, min(MOST_OSCILLATIONS, len(column) // 2) + 1):
                    values += [size / count, 2 * pi * count / size]
        return list(dict.fromkeys(values))

    def _projected(self, point: Point) -> Point:
        """Return a point with the linear parameters by least squares."""
        if not self._linear:
            return point
        residuals, jacobian = self._tried.residuals(point), self._tried.jacobian(point)
        if not (all(map(isfinite, residuals)) and all(isfinite(row[i]) for row in jacobian for i in self._linear)):
            return point
        step = TangentPlane(residuals, [[row[i] for i in self._linear] for row in jacobian]).step()
        moved = list(point)
        for i, component in zip(self._linear, step, strict=True):
            moved[i] -= component
        return moved

    @staticmethod
    def _improve(objective: Objective, point: Point, steps: int) -> Point:
        """Return the point after some steps of Levenberg and Marquardt, which never lead to a worse one."""
        residuals = objective.residuals(point)
        cost, damping = _cost(residuals), 1e-3
        scales = [0.0] * len(point)
        is_new = True
        jacobian: list[list[float]] = []
        for _ in range(steps):
            if is_new:
                jacobian = objective.jacobian(point)
                if not all(isfinite(x) for row in jacobian for x in row):
                    return point
                lengths = [sqrt(sum(row[i] * row[i] for row in jacobian)) for i in range(len(point))]
                scales = [max(pair) or 1.0 for pair in zip(scales, lengths, strict=True)]
            damped = [[sqrt(damping) * scales[i] * (i == j) for j in range(len(point))] for i in range(len(point))]
            step = TangentPlane([*residuals, *[0.0] * len(point)], [*jacobian, *damped]).step()
            moved = [x - component for x, component in zip(point, step, strict=True)]
            moved_residuals = objective.residuals(moved) if all(map(isfinite, moved)) else [inf]
            moved_cost = _cost(moved_residuals)
            is_new = moved_cost < cost
            if is_new:
                is_settled = cost - moved_cost <= 1e-12 * cost
                point, residuals, cost, damping = moved, moved_residuals, moved_cost, damping / 8
                if is_settled:
                    break
            elif damping > 1e12:
                break
            else:
                damping *= 4
        return point


def _cost(residuals: Sequence[float]) -> float:
    cost = sum(residual * residual for residual in residuals) / len(residuals)
    return cost if isfinite(cost) else inf


def _apart(tries: Sequence[tuple[float, Point]]) -> list[Point]:
    """Return the best tries, without those that are as good as an earlier one to many digits: most are the same."""
    kept: list[tuple[float, Point]] = []
    for cost, point in tries:
        if all(abs(cost - other) > 1e-6 * cost for other, _ in kept):
            kept.append((cost, point))
        if len(kept) == MOST_IMPROVED:
            break
    return [point for _, point in kept]

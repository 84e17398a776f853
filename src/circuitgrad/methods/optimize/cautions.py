"""What makes a result doubtful: a plateau, parameters that cannot be told apart, a saddle, a bound."""

from __future__ import annotations

from itertools import compress
from math import hypot, isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import Problem, quote, visible
from circuitgrad.methods.optimize.fit import LEAST_SHARE, TangentPlane

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.methods.optimize.fit import Fit
    from circuitgrad.methods.optimize.objective import Objective
    from circuitgrad.methods.optimize.run import Outcome

LARGEST_TILT = 1e-3
"""Where the residuals' part in the tangent plane is larger, the sum of squares is not at its minimum."""
LEAST_R_SQUARED = 1e-12
"""A model that explains less of the response is no better than the response's mean."""
LARGEST_RELATIVE_ERROR = 10.0
"""A standard error that is so many times its estimate says that the parameter may be anything."""
LARGEST_COLUMN_CHANGE = 0.1
"""A parameter whose column of the Jacobian changes by more, relatively, when it is halved, is far from linear."""
PROBE = 0.03
"""The relative change of parameters, at most, to see whether a combination is determined at other points, too."""
SAME = 1e-6
"""Coefficients of a combination that differ by less are equal."""
LEAST_CURVATURE = 1e-9
"""A curvature below this part of the largest counts as none."""
ENDS = ("converged", "gradient", "progress")
"""The reasons to end that claim a minimum."""


def cautions(outcome: Outcome, objective: Objective) -> list[Problem]:
    """Return the warnings that go with a result, the most serious first.

    Args:
        outcome: the result.
        objective: the objective.
    """
    point = [outcome.after[name] for name in objective.names]
    return [
        *_worse(outcome),
        *_plateau(outcome, objective, point),
        *_no_minimum(outcome, objective, point),
        *_bounds(outcome, objective, point),
    ] + (list(_doubts_of_a_fit(outcome.fit, objective, point)) if outcome.fit else [])


def _worse(outcome: Outcome) -> Iterator[Problem]:
    if outcome.kept is None:
        return
    message = (
        f"{quote(outcome.output)} has gone the wrong way, from {outcome.first:g} to {outcome.lost:g}: "
        f"the best point is kept, that of step {outcome.kept:,}"
    )
    yield Problem(message, hint=None if outcome.settings.step_size is None else "try a smaller --step-size")


def _plateau(outcome: Outcome, objective: Objective, point: Sequence[float]) -> Iterator[Problem]:
    if outcome.norm != 0 or outcome.fit is not None or outcome.after != outcome.before:
        return
    strides = [(i, sign * PROBE * (abs(x) or 1.0)) for i, x in enumerate(point) for sign in (1, -1)]
    around = ([*point[:i], point[i] + stride, *point[i + 1 :]] for i, stride in strides)
    costs = (objective.cost(moved, range(objective.count)) for moved in around)
    if all(objective.shown(cost) == outcome.first for cost in costs):
        message = f"{quote(outcome.output)} is the same all around the start, a plateau: nothing has moved"
        yield Problem(message, hint="--set NAME=VALUE or --starts N starts elsewhere")


def _no_minimum(outcome: Outcome, objective: Objective, point: Sequence[float]) -> Iterator[Problem]:
    fit = outcome.fit
    # Where doubles have no more digits, the rest of the residuals may point anywhere.
    if fit is not None and fit.tilt > LARGEST_TILT and outcome.stopped not in ("converged", "gradient"):
        yield Problem("this is no minimum: the standard errors mean nothing here")
        return
    if outcome.method != "newton" or not (outcome.stopped in ENDS or outcome.norm == 0):
        return
    from mpmath import fp

    leaves = [objective.circuit.inputs[name] for name in objective.names]
    loose = [i for i, (x, leaf) in enumerate(zip(point, leaves, strict=True)) if leaf.min < x < leaf.max]
    hessian = objective.hessian(point)
    entries = [[hessian[i][j] for j in loose] for i in loose]
    largest = max((abs(entry) for row in entries for entry in row), default=0.0)
    if not (largest and isfinite(sum(abs(entry) / largest for row in entries for entry in row))):
        return
    curvatures, axes = fp.eigsy(fp.matrix([[entry / largest for entry in row] for row in entries]))
    falling = [k for k in range(len(loose)) if curvatures[k] < -LEAST_CURVATURE]
    if not falling:
        return
    steepest = min(falling, key=lambda k: curvatures[k])
    along = [axes[i, steepest] for i in range(len(loose))]
    most = max(along, key=abs)
    moving = [i for i, share in enumerate(along) if abs(share) > LEAST_SHARE]
    direction = _sum([along[i] / most for i in moving], [objective.names[loose[i]] for i in moving])
    wanted, other, verb = ("maximum", "minimum", "rises") if outcome.goal == "maximize" else (
        "minimum", "maximum", "falls"
    )  # fmt: skip
    kind = other if len(falling) == len(loose) else "saddle"
    yield Problem(f"this is a {kind}, no {wanted}: the objective {verb} along {direction}", hint="start elsewhere")


def _bounds(outcome: Outcome, objective: Objective, point: Sequence[float]) -> Iterator[Problem]:
    """Yield a warning where bounds hold inputs that would move on."""
    if outcome.fit is not None:
        if outcome.fit.held:
            named = ", ".join(map(quote, outcome.fit.held))
            message = f"at a bound, and so without a standard error: {named}; the others' are as if these were known"
            yield Problem(message)
        return
    leaves = [objective.circuit.inputs[name] for name in objective.names]
    if all(leaf.min < x < leaf.max for x, leaf in zip(point, leaves, strict=True)):
        return
    _, slopes = objective.slopes(list(point), range(objective.count))
    verb = "rise" if outcome.goal == "maximize" else "fall"
    for x, slope, leaf in zip(point, slopes, leaves, strict=True):
        if (x <= leaf.min and slope > 0) or (x >= leaf.max and slope < 0):
            side = "min" if slope > 0 else "max"
            yield Problem(f"{quote(leaf.name)} is held at its {side}, {x:g}: the objective would {verb} beyond it")


def _doubts_of_a_fit(fit: Fit, objective: Objective, point: list[float]) -> Iterator[Problem]:
    if fit.r_squared is not None and fit.r_squared <= LEAST_R_SQUARED:
        message = f"the model explains no more than the mean of the response does: R squared is {fit.r_squared:.3g}"
        yield Problem(message, hint="it may be a plateau: start nearer to the answer")
    if dead := [name for name in objective.names if _is_dead(name, fit, objective, point)]:
        named = ", ".join(map(quote, dead))
        message = f"the data hardly determine {named}: the standard error is over {LARGEST_RELATIVE_ERROR:g} times the "
        yield Problem(f"{message}estimate", hint="it may be a plateau: start nearer to the answer")
    for group in fit.undetermined:
        yield Problem(_undetermined(group, objective, point))


def _is_dead(name: str, fit: Fit, objective: Objective, point: list[float]) -> bool:
    """Tell whether a parameter may be anything, though it is none of the linear ones, which may well be 0."""
    if not fit.estimates[name].relative > LARGEST_RELATIVE_ERROR or not fit.deviation > 0:
        return False
    position = objective.names.index(name)
    halved = [x / 2 if i == position else x for i, x in enumerate(point)]
    here, there = ([row[position] for row in objective.jacobian(at)] for at in (point, halved))
    change = hypot(*(x - y for x, y in zip(here, there, strict=True)))
    return not change <= LARGEST_COLUMN_CHANGE * hypot(*here)


def _undetermined(group: Sequence[str], objective: Objective, point: list[float]) -> str:
    """Return the warning about parameters that the data cannot tell apart, with what they determine of them."""
    named = " and ".join(filter(None, (", ".join(map(quote, group[:-1])), quote(group[-1]))))
    if len(group) == 1:
        return f"the data do not determine {named}: the residuals do not change with it here"
    combinations = _combinations(group, objective, point)
    only = f"only {' and '.join(combinations)}" if combinations else "nothing of them"
    return f"the data do not tell {named} apart, and determine {only}: they have no standard errors"


def _combinations(group: Sequence[str], objective: Objective, point: list[float]) -> list[str]:
    """Return the combinations of parameters that the data determine.

    They are sums or products where the same ones are determined at a point nearby; otherwise they hold at this point.
    """
    positions = [objective.names.index(name) for name in group]
    values = [point[i] for i in positions]
    rows = _echelon([[row[i] for i in positions] for row in objective.jacobian(point)])
    nearby = list(point)
    for count, i in enumerate(positions, 1):
        leaf = objective.circuit.inputs[objective.names[i]]
        step = PROBE * count / len(group) * (abs(point[i]) or 1.0)
        nearby[i] += step if point[i] + step <= leaf.max else -step
    rows_nearby = _echelon([[row[i] for i in positions] for row in objective.jacobian(nearby)])
    if _are_same(rows, rows_nearby):
        return [_sum(list(compress(row, row)), list(compress(group, row))) for row in rows]
    if all(values):
        powers = _powers(rows, values)
        if _are_same(powers, _powers(rows_nearby, [nearby[i] for i in positions])):
            return [_product(row, group) for row in powers]
    return [f"{_sum(list(compress(row, row)), list(compress(group, row)))} (at this point)" for row in rows]


def _echelon(jacobian: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return a basis of the rows of a Jacobian in reduced row echelon form: the combinations that have a slope."""
    plane = TangentPlane([0.0] * len(jacobian), jacobian)
    scales, rows = plane.scales, plane.triangle()
    pivots: list[tuple[list[float], int]] = []
    for position in range(len(scales)):
        rest = [row for row in rows if not any(row is used for used, _ in pivots)]
        best = max(rest, key=lambda row: abs(row[position]), default=None)
        if best is None or abs(best[position]) <= LEAST_SHARE:
            continue
        best[:] = [x / best[position] for x in best]
        for row in rows:
            if row is not best:
                row[:] = [x - row[position] * y for x, y in zip(row, best, strict=True)]
        pivots.append((best, position))
    return [
        [x * scale / scales[position] if abs(x) > LEAST_SHARE else 0.0 for x, scale in zip(row, scales, strict=True)]
        for row, position in pivots
    ]


def _powers(rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[list[float]]:
    """Return combinations of logarithms for combinations of parameters."""
    scaled = [[x * value for x, value in zip(row, values, strict=True)] for row in rows]
    return [[x / next(filter(None, row)) for x in row] for row in scaled]


def _are_same(rows: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> bool:
    return len(rows) == len(others) and all(
        abs(x - y) <= SAME * max(1.0, abs(x))
        for row, other in zip(rows, others, strict=True)
        for x, y in zip(row, other, strict=True)
    )


def _sum(coefficients: Sequence[float], names: Sequence[str]) -> str:
    """Return a sum as text.

    >>> _sum([1.0, -1.0, 0.5], ["a", "b", "c"])
    'a - b + 0.5*c'
    """
    text = ""
    for coefficient, name in zip(coefficients, names, strict=True):
        factor = "" if abs(abs(coefficient) - 1) <= SAME else f"{abs(coefficient):.4g}*"
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {factor}{visible(name)}" if text else f"{sign.strip('+')}{factor}{visible(name)}"
    return text


def _product(exponents: Sequence[float], names: Sequence[str]) -> str:
    """Return a product of powers as text.

    >>> _product([1.0, -1.0, 2.0], ["a", "b", "c"])
    'a/b*c**2'
    """
    text = ""
    for exponent, name in zip(exponents, names, strict=True):
        if exponent:
            size = "" if abs(abs(exponent) - 1) <= SAME else f"**{abs(exponent):.4g}"
            text += f"{'/' if exponent < 0 else '*'}{visible(name)}{size}"
    return text.lstrip("*")

"""The result of an optimisation as tables, as lines of text and as a JSON document."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import visible
from circuitgrad.report.number_text import DEFAULT_DIGITS, for_json, rounded
from circuitgrad.report.results import GATE, WIRE, matrix_json, matrix_table
from circuitgrad.report.tables import Column, Table
from circuitgrad.report.wire_description import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.methods.optimize.fit import Fit
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.starts import Starts
    from circuitgrad.report.tables import Cell

DEFAULT_CONFIDENCE = 0.95
"""The confidence of intervals in JSON, unless another is given."""
MOST_MINIMA = 5
"""The line about several starts has at most so many minima."""
REASONS = {
    "gradient": "the gradient is within the tolerance",
    "progress": "the progress is within the tolerance",
    "converged": "no step improves the objective any further",
    "time": "the time limit is reached",
    "interrupted": "interrupted",
    "nonfinite": "the next step would lead to infinity or NaN",
}
"""In words, why a run ended."""


def outcome_table(
    outcome: Outcome,
    *,
    expanded: bool,
    confidence: float | None = None,
    profiles: Mapping[str, tuple[float, float]] | None = None,
) -> Table:
    """Return the wires before and after a run; for data, the inputs and the objective; for least squares, estimates.

    Args:
        outcome: the result of an optimisation.
        expanded: whether the wires within formulas count.
        confidence: adds the intervals of the estimates at this confidence, and p values.
        profiles: adds these intervals by the profile of the likelihood; infinite where open.
    """
    return _estimates(outcome, outcome.fit, confidence, profiles) if outcome.fit else _wires(outcome, expanded=expanded)


def _wires(outcome: Outcome, *, expanded: bool) -> Table:
    columns = [
        WIRE,
        GATE,
        Column("before", number=True),
        Column("after", "green", number=True),
        Column("change", number=True),
    ]
    table = Table(columns)
    circuit = outcome.circuit
    for name, slot in circuit.wires(expanded=expanded, also=[outcome.output]):
        if name not in outcome.before:
            continue
        gate = describe(circuit, slot, expanded=expanded)
        if name == outcome.output:
            table.marked.add(len(table.rows))
            gate = gate if outcome.rows is None else f"the mean over {_count(outcome.rows, 'row')}"
        before, after = outcome.before[name], outcome.after[name]
        table.rows.append([name, gate, before, after, 0.0 if after == before else after - before])
    return table


def _estimates(
    outcome: Outcome, fit: Fit, confidence: float | None, profiles: Mapping[str, tuple[float, float]] | None
) -> Table:
    columns = [
        Column("parameter"),
        Column("start", number=True),
        Column("estimate", "green", number=True),
        Column("standard error", number=True),
        Column("relative", number=True, digits=2),
        Column("t value", number=True, digits=4),
    ]
    rows: list[list[Cell]] = [
        [name, outcome.before[name], estimate.value, estimate.error, estimate.relative, estimate.t]
        for name, estimate in fit.estimates.items()
    ]
    if confidence is not None:
        share = f"{confidence:.10%}".rstrip("0%").rstrip(".") + "%"
        columns += [Column("p value", number=True, digits=3)]
        columns += [Column(f"{share} from", number=True), Column("to", number=True)]
        for row, name in zip(rows, fit.estimates, strict=True):
            row += [fit.p(name), *fit.interval(name, confidence)]
        if profiles is not None:
            columns += [Column("profile from", number=True), Column("profile to", number=True)]
            for row, name in zip(rows, fit.estimates, strict=True):
                row.extend(profiles.get(name, (nan, nan)))
    return Table(columns, rows, noun="parameters")


def correlation_table(fit: Fit) -> Table:
    """Return the correlations of the estimates as a matrix."""
    columns = (Column(name, number=True, digits=3) for name in fit.correlations)
    return matrix_table(Column("correlation"), columns, fit.correlations)


def heading(outcome: Outcome, data: str | None) -> str:
    """Return the line above the table: the goal, the number of steps and the method.

    Args:
        outcome: the result of an optimisation.
        data: the name of the data.
    """
    wire = visible(outcome.output)
    aim = f"least squares of {wire}" if outcome.fit else f"{outcome.goal} {wire}"
    over = "" if outcome.rows is None else f" over {_count(outcome.rows, 'row')} of {visible(data or 'the data')}"
    size = outcome.settings.step_size
    steps = _count(outcome.steps, outcome.noun) + (f" of size {size:g}" if size is not None else "")
    return f"{aim}{over}: {steps}, method {outcome.method}"


def notes(outcome: Outcome, digits: int | None = None, confidence: float | None = None) -> str:
    """Return the lines below the table: how well a model fits, and why the run ended.

    Args:
        outcome: the result of an optimisation.
        digits: the digits of numbers.
        confidence: adds the likelihood and the information criteria where it is given.
    """
    quality = f"{_quality(outcome.fit, digits or DEFAULT_DIGITS)}\n" if outcome.fit else ""
    if outcome.fit and outcome.factors is not None:
        quality += f"{_weighting(outcome.fit, digits or DEFAULT_DIGITS)}\n"
    if outcome.fit and confidence is not None:
        quality += f"{_criteria(outcome.fit, digits or DEFAULT_DIGITS)}\n"
    if outcome.rows is not None and (held := _held(outcome)):
        quality += f"without a column: {held}\n"
    reason = REASONS.get(outcome.stopped, "")
    if outcome.stopped == "steps":
        noun = _plural(outcome.noun)
        reason = f"all {noun} are done" if outcome.steps else f"no {noun} were wanted"
    if outcome.starts is not None:
        quality += f"{_starts(outcome.starts, outcome)}\n"
    norm = "" if outcome.norm is None else f" (gradient norm {rounded(outcome.norm, 3)})"
    return f"{quality}stopped: {reason}{norm}"


def _starts(starts: Starts, outcome: Outcome) -> str:
    """Return how often each minimum was found: for a fit, as a sum of squares."""
    factor = outcome.fit.rows if outcome.fit else 1
    found = [
        f"{rounded(factor * minimum.objective)} ({minimum.times} times)"
        if minimum.times > 1
        else rounded(factor * minimum.objective)
        for minimum in starts.minima[:MOST_MINIMA]
    ]
    more = f" and {_count(len(starts.minima) - MOST_MINIMA, 'other')}" if len(starts.minima) > MOST_MINIMA else ""
    failed = f"; not finite at {_count(starts.failed, 'start')}" if starts.failed else ""
    return f"{_count(starts.tried, 'start')} led to {', '.join(found)}{more}{failed}"


def _held(outcome: Outcome) -> str:
    """Return the inputs that get their value neither from the data nor from the run."""
    held = [name for name in outcome.circuit.inputs if name in outcome.before and name not in outcome.moved]
    return ", ".join(f"{visible(name)} = {rounded(outcome.before[name])}" for name in held)


def _quality(fit: Fit, digits: int) -> str:
    explained = "" if fit.r_squared is None else f", R squared {rounded(fit.r_squared, digits)}"
    freedom = f"{_count(fit.freedom, 'degree')} of freedom"
    if fit.freedom <= 0:
        freedom = f"no degrees of freedom: {_count(fit.rows, 'row')}, {_count(len(fit.estimates), 'parameter')}"
    return (
        f"residual sum of squares {rounded(fit.sum_of_squares, digits)}, "
        f"standard deviation {rounded(fit.deviation, digits)}, "
        f"{freedom}{explained}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    return {"try": "tries"}.get(noun, f"{noun}s")


def _weighting(fit: Fit, digits: int) -> str:
    """Return the line about chi-square, and the convention of the standard errors."""
    chi_square, reduced, p = fit.chi_square, fit.reduced_chi_square, fit.p_of_chi_square
    if chi_square is None or reduced is None or p is None:
        return "squares are weighted; standard errors are scaled by the residuals"
    convention = "take sigma as it is" if fit.is_absolute else "are scaled by the square root of the reduced chi-square"
    return (
        f"chi-square {rounded(chi_square, digits)}, reduced chi-square {rounded(reduced, digits)}, "
        f"p {rounded(p, 3)}; standard errors {convention}"
    )


def _criteria(fit: Fit, digits: int) -> str:
    adjusted = fit.adjusted_r_squared
    return (
        f"log-likelihood {rounded(fit.log_likelihood, digits)}, AIC {rounded(fit.aic, digits)}, "
        f"AICc {rounded(fit.aicc, digits)}, BIC {rounded(fit.bic, digits)}"
        + ("" if adjusted is None else f", adjusted R squared {rounded(adjusted, digits)}")
    )


def outcome_json(
    outcome: Outcome,
    *,
    expanded: bool,
    confidence: float | None = None,
    profiles: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Any]:
    """Return the document of `optimize`.

    Args:
        outcome: the result of an optimisation.
        expanded: whether the wires within formulas count.
        confidence: the confidence of the intervals of a fit.
        profiles: the intervals by the profile of the likelihood; infinite where open.
    """
    names = [name for name, _ in outcome.circuit.wires(expanded=expanded, also=[outcome.output])]
    document = {
        "circuit": outcome.circuit.name,
        "output": outcome.output,
        "method": outcome.method,
        "steps": outcome.steps,
        "stopped": outcome.stopped,
        "before": {name: for_json(outcome.before[name]) for name in names if name in outcome.before},
        "after": {name: for_json(outcome.after[name]) for name in names if name in outcome.after},
        "goal": outcome.goal,
        "rows": outcome.rows,
        "objective": {"before": for_json(outcome.first), "after": for_json(outcome.last)},
        "gradient_norm": None if outcome.norm is None else for_json(outcome.norm),
    }
    if outcome.starts is not None:
        document["starts"] = {
            "count": outcome.starts.tried,
            "minima": [{"objective": for_json(m.objective), "times": m.times} for m in outcome.starts.minima],
            "failed": outcome.starts.failed,
        }
    warnings = [problem.message for problem in outcome.warnings]
    if outcome.fit is None:
        return {**document, "warnings": warnings}
    if profiles is not None:
        return {
            **document,
            "fit": {
                **_with_profiles(_fit_json(outcome.fit, confidence or DEFAULT_CONFIDENCE), profiles),
                "warnings": warnings,
            },
        }
    return {**document, "fit": {**_fit_json(outcome.fit, confidence or DEFAULT_CONFIDENCE), "warnings": warnings}}


def _with_profiles(document: dict[str, Any], profiles: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Return the document of a fit with the profiles' intervals; null stands for an open side, or for no interval."""
    estimates = {
        name: {**estimate, "profile": [end if isfinite(end) else None for end in profiles.get(name, (nan, nan))]}
        for name, estimate in document["estimates"].items()
    }
    return {**document, "estimates": estimates}


def _fit_json(fit: Fit, confidence: float) -> dict[str, Any]:
    return {
        "estimates": {
            name: {
                "estimate": for_json(estimate.value),
                "standard_error": for_json(estimate.error),
                "relative_error": for_json(estimate.relative),
                "t": for_json(estimate.t),
                "p": for_json(fit.p(name)),
                "interval": [for_json(end) for end in fit.interval(name, confidence)],
            }
            for name, estimate in fit.estimates.items()
        },
        "correlations": matrix_json(fit.correlations),
        "rows": fit.rows,
        "residual_sum_of_squares": for_json(fit.sum_of_squares),
        "residual_standard_deviation": for_json(fit.deviation),
        "degrees_of_freedom": fit.freedom,
        "r_squared": None if fit.r_squared is None else for_json(fit.r_squared),
        "adjusted_r_squared": None if fit.adjusted_r_squared is None else for_json(fit.adjusted_r_squared),
        "confidence": confidence,
        "chi_square": None if fit.chi_square is None else for_json(fit.chi_square),
        "reduced_chi_square": None if fit.reduced_chi_square is None else for_json(fit.reduced_chi_square),
        "p_of_chi_square": None if fit.p_of_chi_square is None else for_json(fit.p_of_chi_square),
        "absolute_sigma": fit.is_absolute,
        "log_likelihood": for_json(fit.log_likelihood),
        "aic": for_json(fit.aic),
        "aicc": for_json(fit.aicc),
        "bic": for_json(fit.bic),
    }

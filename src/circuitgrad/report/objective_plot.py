"""The objective per step of a run, as a curve in the terminal."""

from __future__ import annotations

from math import isfinite, log10
from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.report.panels import panels

if TYPE_CHECKING:
    from circuitgrad.methods.optimize.run import Outcome

LINEAR_DECADES = 2
"""An objective that falls over more powers of ten, and stays positive, is drawn by its logarithm."""


def objective_title(outcome: Outcome) -> str:
    """Return the name of the objective."""
    wire = visible(outcome.output)
    if outcome.fit:
        return f"mean square of {wire}"
    return wire if outcome.rows is None else f"mean of {wire}"


def is_steep(outcome: Outcome) -> bool:
    """Tell whether an objective is better drawn by its logarithm."""
    values = [value for _, value in outcome.curve if isfinite(value)]
    return outcome.goal != "maximize" and min(values) > 0 and log10(max(values) / min(values)) > LINEAR_DECADES


def objective_plot(outcome: Outcome) -> str:
    """Return the objective per step, for the terminal."""
    title = objective_title(outcome)
    points = [(float(step), value) for step, value in outcome.curve]
    if is_steep(outcome):
        title, points = f"log10 of {title}", [(step, log10(value)) for step, value in points]
    return panels({title: points}, ["green"], "step", whole=True)

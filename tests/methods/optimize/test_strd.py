"""Nonlinear regression with certified answers: NIST's Statistical Reference Datasets, from both starting points."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import circuitgrad
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.chunks import read_all
from circuitgrad.methods.optimize.optimize import optimize

FOLDER = Path(__file__).parents[2] / "known" / "strd"
PROBLEMS: dict[str, Any] = json.loads((FOLDER / "problems.json").read_text(encoding="utf-8"))


ROUNDED = "Lanczos1"
"""Its residuals, of 1e-13, are mostly the rounding of the model's values."""


def digits(result: float, certified: float) -> float:
    """Return how many digits are right, of the eleven that are certified."""
    return min(11.0, -math.log10(max(abs(result - certified) / abs(certified), 1e-11)))


@pytest.mark.parametrize("start", ["start1", "start2"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_certified_answers_are_found(name: str, start: str) -> None:
    problem = PROBLEMS[name]
    parameters = {entry["name"]: entry for entry in problem["parameters"]}
    circuit = circuitgrad.from_expression(
        f"{problem['response']} - ({problem['formula']})",
        **{name: entry[start] for name, entry in parameters.items()},
        **dict.fromkeys(problem["columns"], 1.0),
    )
    _, rows = read_all(str(FOLDER / f"{name}.csv"), circuit.inputs, ())
    outcome = optimize(circuit, Optimization("least_squares"), rows)
    assert outcome.fit is not None
    assert (outcome.method, outcome.stopped) == ("lm", "converged")
    for parameter, entry in parameters.items():
        estimate = outcome.fit.estimates[parameter]
        # The bars are 6 and 4; the pages say nine.
        assert digits(estimate.value, entry["certified"]) >= 9
        assert digits(estimate.error, entry["certified_sd"]) >= (9 if name != ROUNDED else 2)
    assert digits(outcome.fit.sum_of_squares, problem["residual_sum_of_squares"]) >= (8 if name != ROUNDED else 2)
    assert outcome.fit.freedom == len(rows) - len(parameters)


def test_there_are_problems_of_every_difficulty() -> None:
    result = [problem["difficulty"] for problem in PROBLEMS.values()]
    assert {level: result.count(level) for level in result} == {"Lower": 8, "Average": 11, "Higher": 8}

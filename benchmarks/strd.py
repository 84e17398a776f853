"""Nonlinear regression with certified answers (NIST StRD): circuitgrad beside SciPy's curve_fit.

Run `python benchmarks/strd.py`. For every problem and starting point it prints how many digits are right in the worst
parameter and in the worst standard error, with the defaults of both, and with curve_fit's tolerances at their least.
The bar is 6 and 4 digits.
"""

from __future__ import annotations

import json
import math
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import circuitgrad
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.chunks import read_all
from circuitgrad.formulas.dialects import PYTHON
from circuitgrad.formulas.reader import read_formula
from circuitgrad.methods.optimize.optimize import optimize

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.data.table import Rows

FOLDER = Path(__file__).parent.parent / "tests" / "known" / "strd"
CERTIFIED = 11
"""So many digits are certified."""
BARS = (6, 4)
MISSED = 2
"""The standard errors of Lanczos1, from both starts: its residuals are mostly the rounding of doubles."""
LEAST = sys.float_info.epsilon

Found = dict[str, tuple[float, float]]


def digits(found: float, certified: float) -> float:
    """Return how many digits are right."""
    if not math.isfinite(found):
        return 0.0
    error = max(abs(found - certified) / abs(certified), 10.0**-CERTIFIED)
    return max(0.0, -math.log10(error))


def ours(problem: dict[str, Any], name: str, start: str) -> Found:
    """Return the estimates and standard errors of circuitgrad."""
    circuit = circuitgrad.from_expression(
        f"{problem['response']} - ({problem['formula']})",
        **{one["name"]: one[start] for one in problem["parameters"]},
        **dict.fromkeys(problem["columns"], 1.0),
    )
    outcome = optimize(circuit, Optimization("least_squares"), rows_of(problem, name))
    assert outcome.fit is not None
    return {parameter: (one.value, one.error) for parameter, one in outcome.fit.estimates.items()}


def rows_of(problem: dict[str, Any], name: str) -> Rows:
    """Return the observations."""
    return read_all(str(FOLDER / f"{name}.csv"), problem["columns"], ())[1]


def compiled(formula: str, arguments: list[str]) -> Callable[..., Any]:
    """Return a formula as a function of NumPy arrays."""
    import numpy as np

    calls = {"div": np.divide, "pow": np.power, "exp": np.exp, "cos": np.cos, "sin": np.sin, "atan": np.arctan}
    names = {**calls, "log": np.log, "pi": math.pi}
    function: Callable[..., Any] = eval(f"lambda {', '.join(arguments)}: {PYTHON.write(read_formula(formula))}", names)
    return function


def theirs(problem: dict[str, Any], name: str, start: str, **told: float) -> Found:
    """Return the estimates and standard errors of curve_fit, with its defaults but for what it is told."""
    import numpy as np
    from scipy.optimize import curve_fit

    rows = rows_of(problem, name)
    columns = {column: np.array(values) for column, values in rows.columns.items()}
    observed = [column for column in problem["columns"] if column != "y"]
    parameters = [one["name"] for one in problem["parameters"]]
    model = compiled(problem["formula"], [*observed, *parameters])
    response = compiled(problem["response"], ["y"])(columns["y"])

    def function(x: Any, *values: float) -> Any:
        return model(*x, *values)

    first = [one[start] for one in problem["parameters"]]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            estimates, covariances = curve_fit(function, [columns[one] for one in observed], response, first, **told)
        except (RuntimeError, ValueError):
            return dict.fromkeys(parameters, (math.nan, math.nan))
        errors = np.sqrt(np.diag(covariances))
    return {one: (float(x), float(error)) for one, x, error in zip(parameters, estimates, errors, strict=True)}


def strictly(problem: dict[str, Any], name: str, start: str) -> Found:
    """Return those of curve_fit with its tolerances at their least, and as many evaluations as it wants."""
    return theirs(problem, name, start, ftol=LEAST, xtol=LEAST, gtol=LEAST, maxfev=100_000)


def worst(problem: dict[str, Any], found: Found) -> tuple[float, float]:
    """Return the right digits of the worst parameter and of the worst standard error."""
    pairs = [(found[one["name"]], one) for one in problem["parameters"]]
    return (
        min(digits(value, one["certified"]) for (value, _), one in pairs),
        min(digits(error, one["certified_sd"]) for (_, error), one in pairs),
    )


def main() -> None:
    """Print the table."""
    problems = json.loads((FOLDER / "problems.json").read_text(encoding="utf-8"))
    runs = {"circuitgrad": ours, "curve_fit": theirs, "curve_fit, strict": strictly}
    passed, seconds = dict.fromkeys(runs, 0), dict.fromkeys(runs, 0.0)
    print(f"| problem | difficulty | start | {' | '.join(runs)} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, problem in problems.items():
        for number, start in enumerate(("start1", "start2"), 1):
            cells = []
            for label, run in runs.items():
                began = time.perf_counter()
                found = run(problem, name, start)
                seconds[label] += time.perf_counter() - began
                right = worst(problem, found)
                is_passed = all(digit >= bar for digit, bar in zip(right, BARS, strict=True))
                passed[label] += is_passed
                cells.append(f"{right[0]:.1f}, {right[1]:.1f}{'' if is_passed else ' (missed)'}")
            print(f"| {name} | {problem['difficulty']} | {number} | {' | '.join(cells)} |")
    total = 2 * len(problems)
    print(f"\nAt least {BARS[0]} digits of every parameter and {BARS[1]} of every standard error:", end=" ")
    print("; ".join(f"{label} {count} of {total}" for label, count in passed.items()))
    print("Seconds for all:", "; ".join(f"{label} {spent:.1f}" for label, spent in seconds.items()))
    sys.exit(passed["circuitgrad"] < total - MISSED)


if __name__ == "__main__":
    main()

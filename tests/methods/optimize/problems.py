"""Circuits, data and runs that the tests of optimisation share."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

import circuitgrad
from circuitgrad.circuit.optimization import METHODS, Optimization
from circuitgrad.data.csv import read_rows
from circuitgrad.data.table import Rows
from circuitgrad.errors import Source
from circuitgrad.methods.optimize.objective import Objective
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.search import Search
from circuitgrad.methods.optimize.settings import algorithm, settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate

STRD = Path(__file__).parents[2] / "known" / "strd"
PROBLEMS: dict[str, Any] = json.loads((STRD / "problems.json").read_text(encoding="utf-8"))
STARTS = ("start1", "start2")

SQUARES = tuple(method for method in METHODS if algorithm(method).squares)
FREE = tuple(method for method in METHODS if method not in SQUARES)
"""The methods that any goal suits."""
BATCHED = tuple(method for method in METHODS if "batch_size" in algorithm(method).uses)
SEARCHING = tuple(method for method in METHODS if "line_search" in algorithm(method).uses)

LINE = """\
inputs:
  slope: 1
  offset: 0
  x: {value: 0, fixed: true}
  y: {value: 0, fixed: true}
gates:
  model: slope*x + offset
  residual: y - model
  squared: residual**2
output: residual
"""
POINTS: Mapping[str, Sequence[float]] = {"x": [0, 1, 2, 3, 4], "y": [1, 3, 4, 8, 7.5]}


def table(columns: Mapping[str, Iterable[float]]) -> Rows:
    """Return rows of data, whose lines are counted below a header."""
    arrays = {name: array("d", column) for name, column in columns.items()}
    return Rows(arrays, range(2, 2 + len(next(iter(arrays.values())))), ())


def line() -> Circuit:
    return circuitgrad.loads(LINE)


def bowl(x: float = 3, y: float = -2) -> Circuit:
    """Return a curved valley, whose least value is 9, at (1, 1)."""
    return circuitgrad.from_expression("9 + (x - 1)**2 + 10*(y - x**2)**2", x=x, y=y)


def fitting(method: str, **settings: Any) -> Optimization:
    """Return what lowers the squares of the line's residuals, whichever way the method does it."""
    if algorithm(method).squares:
        return told(method, goal="least_squares", output="residual", **settings)
    return told(method, goal="minimize", output="squared", **settings)


def told(method: str, **settings: Any) -> Optimization:
    """Return an optimisation with those of the settings that mean something to the method."""
    known = algorithm(method).uses | {"goal", "output", "steps", "time_limit"}
    return Optimization(method=method, **{name: value for name, value in settings.items() if name in known})


def search_of(circuit: Circuit, optimization: Optimization, rows: Rows | None = None) -> Search:
    """Return a iterates that nobody listens to."""
    wanted = settled(optimization, circuit, rows)
    assert wanted.output is not None
    assert wanted.method is not None
    objective = Objective(circuit, wanted.output, wanted.goal, rows)
    return Search(objective, wanted, algorithm(wanted.method), lambda _: None)


def optimized(
    circuit: Circuit, optimization: Optimization, rows: Rows | None = None, **options: Any
) -> tuple[Outcome, list[Iterate]]:
    """Return what a run did, with the start and all its steps."""
    steps: list[Iterate] = []
    return optimize(circuit, optimization, rows, listen=steps.append, **options), steps


def facts(outcome: Outcome) -> str:
    """Return all that an outcome says, to the last bit; what it wanted is left out."""
    kept = {name: value for name, value in outcome.__dict__.items() if name not in ("circuit", "settings")}
    return repr({**kept, "inputs": outcome.circuit.values()})


def problem_of(name: str, start: str) -> tuple[Circuit, Rows]:
    """Return one of the problems of NIST as a circuit whose output is the residual, and its observations."""
    problem = PROBLEMS[name]
    inputs = {parameter["name"]: parameter[start] for parameter in problem["parameters"]}
    fixed = {column: {"value": 1, "fixed": True} for column in problem["columns"]}
    document = {
        "name": name,
        "inputs": {**inputs, **fixed},
        "gates": {"model": problem["formula"], "residual": f"{problem['response']} - model"},
    }
    circuit = circuitgrad.loads(json.dumps(document))
    file = STRD / f"{name}.csv"
    return circuit, read_rows(Source(str(file), file.read_text(encoding="utf-8")), circuit.inputs)

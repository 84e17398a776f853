"""Runs from many starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import circuitgrad
from circuitgrad.circuit.optimization import METHODS, Optimization
from circuitgrad.errors import CircuitError
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.settings import algorithm
from circuitgrad.methods.optimize.starts import points_to_start_from
from methods.optimize.problems import problem_of
from program import document, done, invoke, write

if TYPE_CHECKING:
    from pathlib import Path

TWO_VALLEYS = "inputs: {x: {value: 1.5, min: -3, max: 3}}\ngates: {y: (x**2 - 1)**2 + 0.3*x}\n"


@pytest.mark.parametrize("method", [method for method in METHODS if not algorithm(method).squares])
def test_the_best_of_two_valleys_is_found_from_the_other(method: str) -> None:
    settings = Optimization("minimize", method=method, steps=200)
    alone = optimize(circuitgrad.loads(TWO_VALLEYS), settings)
    outcome = optimize(circuitgrad.loads(TWO_VALLEYS), Optimization("minimize", method=method, steps=200, starts=12))
    assert outcome.starts is not None
    assert outcome.starts.tried == 12
    assert outcome.starts.failed == 0
    assert sum(minimum.times for minimum in outcome.starts.minima) == 12
    assert outcome.last == outcome.starts.minima[0].objective <= alone.last
    assert outcome.after["x"] == pytest.approx(-1.035, abs=0.2)


def test_a_maximum_is_the_largest() -> None:
    text = TWO_VALLEYS.replace("y: (x**2", "y: -(x**2").replace("+ 0.3", "- 0.3")
    outcome = optimize(circuitgrad.loads(text), Optimization(method="newton", starts=10))
    assert outcome.after["x"] == pytest.approx(-1.0355, abs=1e-3)
    assert outcome.starts is not None
    assert outcome.starts.minima[0].objective > outcome.starts.minima[-1].objective


def test_a_plateau_is_left_by_other_starts() -> None:
    problem, rows = problem_of("BoxBOD", "start1")
    problem.assign({"b1": 1, "b2": 20})
    assert optimize(problem, Optimization("least_squares"), rows).warnings != []
    problem.assign({"b1": 1, "b2": 20})
    outcome = optimize(problem, Optimization("least_squares", starts=40), rows)
    assert outcome.after["b2"] == pytest.approx(0.54723748542, rel=1e-9)
    assert outcome.warnings == []


def test_starts_are_seeded_and_within_the_bounds() -> None:
    circuit = circuitgrad.loads(
        "inputs: {a: 2, b: -3, c: 0, d: {value: 1, min: 0, max: 5}, e: {value: 1, min: 0.9}}\n"
        "gates: {y: a + b + c + d + e}"
    )
    names = list("abcde")
    points = points_to_start_from(circuit, names, 200, 3)
    assert points[0] == [2, -3, 0, 1, 1]
    assert points == points_to_start_from(circuit, names, 200, 3)
    assert points[1:] != points_to_start_from(circuit, names, 200, 4)[1:]
    assert points[:50] == points_to_start_from(circuit, names, 50, 3)
    assert all(a > 0 > b and 0 <= d <= 5 and e >= 0.9 for a, b, _, d, e in points)
    assert min(point[3] for point in points) < 0.5
    assert max(point[3] for point in points) > 4.5


def test_starts_that_are_not_finite_are_counted() -> None:
    circuit = circuitgrad.loads("inputs: {x: {value: 1, min: -1, max: 1}}\ngates: {y: x - log(x)}")
    outcome = optimize(circuit, Optimization("minimize", starts=20))
    assert outcome.starts is not None
    assert 0 < outcome.starts.failed < 20
    assert outcome.starts.failed + sum(minimum.times for minimum in outcome.starts.minima) == 20
    with pytest.raises(CircuitError, match="at the start"):
        optimize(circuitgrad.from_expression("log(x)", x=-1), Optimization(starts=3))


def test_the_report_says_how_often_each_end_was_found(tmp_path: Path) -> None:
    file = write(tmp_path, TWO_VALLEYS, "valleys.yaml")
    run = ("optimize", file, "--minimize", "--method", "newton", "--starts", "9", "--seed", "1")
    found = document(*run)["starts"]
    assert found["count"] == 9
    first, second = found["minima"]
    assert first["times"] + second["times"] == 9
    words = f"9 starts led to {first['objective']:.6g} ({first['times']} times), {second['objective']:.6g}"
    assert words in " ".join(done(*run).split())
    assert done(*run) == done(*run)
    assert "starts" not in json.loads(invoke("optimize", file, "--minimize", "--format", "json").stdout)
    write(tmp_path, TWO_VALLEYS + "optimize: {minimize: y, method: newton, starts: 9, seed: 1}\n", "block.yaml")
    assert document("optimize", str(tmp_path / "block.yaml"))["starts"] == found
    refused = invoke(*run, "--checkpoint", str(tmp_path / "state"))
    assert (refused.exit_code, "a checkpoint is that of one run" in refused.stderr) == (2, True)

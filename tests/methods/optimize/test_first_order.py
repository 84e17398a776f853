"""Runs in machine code against the same runs in Python: the same steps, ends and reports."""

from __future__ import annotations

import os
import random
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import circuitgrad
from circuitgrad.circuit.optimization import METHODS, Optimization
from circuitgrad.data.table import Rows
from circuitgrad.errors import Source
from circuitgrad.methods.optimize import first_order
from circuitgrad.methods.optimize.checkpoint import Checkpoint
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.settings import algorithm
from program import CIRCUITS

if TYPE_CHECKING:
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate

WALKS = [method for method in METHODS if algorithm(method).is_compiled]


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["CIRCUITGRAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def run(
    engine: str, text: str, rows: Rows | None = None, every: int | None = 1, **told: Any
) -> tuple[Outcome, list[Iterate]]:
    steps: list[Iterate] = []
    circuit = circuitgrad.loads(text)
    return optimize(circuit, Optimization(**told), rows, listen=steps.append, engine=engine, every=every), steps


def numbers(step: Iterate) -> list[float]:
    assert step.norm is not None
    return [step.number, step.objective, step.norm, *step.point]


def test_which_methods_walk() -> None:
    assert WALKS == ["adam", "gradient", "momentum", "nesterov", "rmsprop"]


NEURON = (CIRCUITS / "neuron.yaml").read_text()
FIT = "{{inputs: {{a: 1, b: 0.5, x: {{value: 0, fixed: true}}, y: {{value: 0, fixed: true}}}}, gates: {{r: {}}}}}"
BOUNDED = "{inputs: {a: {value: 0.5, min: -0.25}, b: {value: 1, max: 1.0625}}, gates: {y: 3*a*a + square(b - 2) + a*b}}"


@pytest.mark.parametrize("method", WALKS)
@pytest.mark.parametrize("schedule", ["constant", "cosine", "1/t"])
@pytest.mark.parametrize("text", [NEURON, BOUNDED])
def test_the_same_steps(method: str, schedule: str, text: str) -> None:
    told: dict[str, Any] = {"method": method, "schedule": schedule, "steps": 300, "goal": "minimize", "step_size": 0.03}
    (python, steps), (native, native_steps) = (run(engine, text, **told) for engine in ("python", "native"))
    assert [numbers(step) for step in native_steps] == [pytest.approx(numbers(step), rel=1e-11) for step in steps]
    assert (native.steps, native.stopped, native.choice.engine) == (python.steps, python.stopped, "native")
    assert dict(native.curve) == pytest.approx(dict(python.curve), rel=1e-11)
    assert native.after == pytest.approx(python.after, rel=1e-11)
    assert native.norm == pytest.approx(python.norm, rel=1e-11)


@pytest.mark.parametrize("tolerance", [0.3, 1e-3, 1e-6])
def test_a_tolerance_ends_at_the_same_step(tolerance: float) -> None:
    told: dict[str, Any] = {"goal": "minimize", "tolerance": tolerance, "steps": 5000, "step_size": 0.05}
    python, native = (run(engine, BOUNDED, **told) for engine in ("python", "native"))
    assert (python[0].steps, python[0].stopped) == (native[0].steps, native[0].stopped)
    assert python[0].steps < 5000
    assert native[0].after == pytest.approx(python[0].after, rel=1e-10)
    assert len(native[1]) == len(python[1])


def test_infinity_ends_at_the_same_step() -> None:
    text = "{inputs: {x: 2}, gates: {y: x**4}}"
    python, native = (run(engine, text, steps=100, step_size=0.05) for engine in ("python", "native"))
    assert (python[0].steps, python[0].stopped) == (native[0].steps, native[0].stopped)
    assert python[0].stopped == "nonfinite"
    assert native[0].culprit == python[0].culprit
    assert native[0].after == python[0].after


def test_steps_that_nobody_needs_are_not_told() -> None:
    told: dict[str, Any] = {"steps": 100, "method": "adam"}
    assert [step.number for step in run("native", NEURON, every=30, **told)[1]] == [
        0,
        1,
        3,
        7,
        15,
        30,
        31,
        60,
        63,
        90,
        100,
    ]
    assert [step.number for step in run("native", NEURON, every=None, **told)[1]] == [0, 1, 3, 7, 15, 31, 63, 100]


def test_a_run_goes_on_from_a_checkpoint_to_the_bit() -> None:
    kept: list[Checkpoint] = []
    wanted = Optimization(steps=70, method="adam")
    circuit = circuitgrad.loads(NEURON)
    optimize(circuit, wanted, save=kept.append, engine="native")
    longer = Optimization(steps=200, method="adam")
    checkpoint = Checkpoint.read(Source("checkpoint", kept[-1].text()))
    again = optimize(circuitgrad.loads(NEURON), longer, resume=checkpoint, engine="native")
    uninterrupted = optimize(circuitgrad.loads(NEURON), longer, engine="native")
    assert (again.after, again.curve, again.steps) == (uninterrupted.after, uninterrupted.curve, uninterrupted.steps)


def test_checkpoints_between_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circuitgrad.methods.optimize.run.CHECKPOINT_SECONDS", 0.0)
    kept: list[Checkpoint] = []
    optimize(circuitgrad.loads(NEURON), Optimization(steps=60, method="momentum"), save=kept.append, engine="native")
    assert [checkpoint.number for checkpoint in kept] == [1, 3, 7, 15, 31, 60]
    for checkpoint in kept:
        resumed = optimize(
            circuitgrad.loads(NEURON), Optimization(steps=60, method="momentum"), resume=checkpoint, engine="native"
        )
        assert (
            resumed.after
            == optimize(circuitgrad.loads(NEURON), Optimization(steps=60, method="momentum"), engine="native").after
        )


@pytest.mark.parametrize("reason", ["interrupted", "time"])
def test_many_steps_can_be_ended(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr("circuitgrad.methods.optimize.run.monotonic", lambda: float(next(clock)))
    outcome = optimize(
        circuitgrad.loads(NEURON),
        Optimization(steps=10**6, time_limit=3.0 if reason == "time" else None),
        engine="native",
        interrupted=lambda: reason == "interrupted",
    )
    assert (outcome.stopped, outcome.steps < 200) == (reason, True)


@pytest.mark.parametrize("method", WALKS)
@pytest.mark.parametrize("goal", ["maximize", "least_squares"])
def test_over_rows_and_in_batches(method: str, goal: str) -> None:
    chance = random.Random(5)
    x = array("d", [chance.uniform(-1, 1) for _ in range(43)])
    rows = Rows({"x": x, "y": array("d", [0.7 * number - 0.2 for number in x])}, range(43), ())
    text = FIT.format("y - tanh(a*x + b)")
    for batch_size in (None, 10):
        told: dict[str, Any] = {"goal": goal, "method": method, "steps": 60, "batch_size": batch_size}
        objects, native = (run(engine, text, rows, **told)[0] for engine in ("objects", "native"))
        assert native.after == pytest.approx(objects.after, rel=1e-9)
        assert native.last == pytest.approx(objects.last, rel=1e-9)


@pytest.mark.parametrize("method", ["lm", "trf", "newton", "lbfgs", "hillclimb"])
def test_methods_that_do_not_walk_take_machine_code_too(method: str) -> None:
    rows = Rows({"x": array("d", range(9)), "y": array("d", [3.1 * k + 1 for k in range(9)])}, range(9), ())
    text = FIT.format("y - a*x - b")
    told: dict[str, Any] = {"goal": "least_squares", "method": method, "steps": 30}
    objects, native = (run(engine, text, rows, **told)[0] for engine in ("objects", "native"))
    assert native.after == pytest.approx(objects.after, rel=1e-6, abs=1e-9)


def test_memory_bounds_how_many_steps_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_order, "MOST_NUMBERS_AT_ONCE", 20)
    outcome, steps = run("native", NEURON, steps=50, every=None)
    assert outcome.steps == 50
    assert max(later.number - step.number for step, later in pairwise(steps)) == 5

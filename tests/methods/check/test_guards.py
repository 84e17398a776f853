"""Gates behind a conditional whose branch is not taken: they are `unused`, and fail nothing."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.input_points import InputPoint
from circuitgrad.methods.check.verdicts import NONFINITE, OK, UNUSED, WRONG
from circuitgrad.methods.used_gates import unused_gates
from program import done, invoke

METHODS = ["mp", "central", "forward", "complex", "ridders"]

GUARDS = [  # formula, point, the gates in branches that are not taken
    ("sin(x)/x if x != 0 else 1", 0, {"f.2", "f.3"}),
    ("sqrt(x) if x > 0 else 0", -1, {"f.2"}),
    ("sqrt(x) if x > 0 else 0", 4, set()),
    ("x*log(x) if x > 0 else 0", -2, {"f.2", "f.3"}),
    ("exp(x) if x <= 0 else 1 + x", 1000, {"f.2"}),
    ("expm1(x)/x if x != 0 else 1 + x/2 + x**2/6", 0, {"f.2", "f.3"}),
    ("0 if x <= 0 else 1/x**2", -3, {"f.2", "f.3"}),
    ("(log(x) if x > 0 else x*x) + (x**0.5 if x >= 1 else 2*x)", -0.5, {"f.2", "f.6"}),
    ("acos(x) if abs(x) <= 1 else x", 3, {"f.3"}),
    ("where(x > 2, (sqrt(x - 2) if x < 4 else acosh(x - 10)), x**3)", 1, {"f.2", "f.3", "f.4", "f.5", "f.6", "f.7"}),
    ("tanh(x)/x if abs(x) > 1e-8 else 1 - x**2/3", 0, {"f.3", "f.4"}),
    ("exp(-1/x) if x > 0 else 0", -1, {"f.2", "f.3"}),
]

CHOICE = """
define:
  pick:
    operands: [c, a, b]
    value: a if c > 0 else b
    partials: {c: 0, a: 1 if c > 0 else 0, b: 0 if c > 0 else 1}
"""


def text(formula: str, x: float, define: str = "") -> str:
    return f"{define}\ninputs: {{x: {x}}}\ngates:\n  f: {formula}\n"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("formula", "x", "unused"), GUARDS)
def test_a_guard_is_no_fault(formula: str, x: float, unused: set[str], method: str) -> None:
    result = check(circuitgrad.loads(text(formula, x)), method=method)
    assert result.passed
    assert result.inputs["f"]["x"].verdict == OK
    assert {name for name, comparison in result.gates.items() if comparison.verdict == UNUSED} == unused


@pytest.mark.parametrize("method", ["mp", "central"])
@pytest.mark.parametrize(("formula", "x"), [guard[:2] for guard in GUARDS if guard[0] != "sin(x)/x if x != 0 else 1"])
def test_nor_for_second_derivatives(formula: str, x: float, method: str) -> None:
    assert check(circuitgrad.loads(text(formula, x)), method=method, order=2).passed


@pytest.mark.parametrize(
    ("formula", "x", "unused"),
    [
        ("pick(x, sqrt(x), x**2)", -1, {"f.1"}),
        ("pick(x, sqrt(x), x**2)", 2, {"f.2"}),
        ("pick(x, exp(-1000*x), x)", -2, {"f.1", "f.2"}),
    ],
)
def test_a_hand_written_conditional_guards_too(formula: str, x: float, unused: set[str]) -> None:
    result = check(circuitgrad.loads(text(formula, x, CHOICE)))
    assert result.passed
    assert {name for name, comparison in result.gates.items() if comparison.verdict == UNUSED} == unused


def test_what_is_used_at_some_point_has_its_verdict_there() -> None:
    circuit = circuitgrad.loads(text("sqrt(x) if x > 0 else 0", -1))
    assert check(circuit).gates["f.2"].verdict == UNUSED
    result = check(circuit, points=[InputPoint("point 1", {"x": 2.0}), InputPoint("point 2", {"x": -3.0})])
    assert result.gates["f.2"].verdict == OK
    assert result.passed


def test_what_a_taken_branch_uses_is_judged() -> None:
    result = check(circuitgrad.loads(text("sqrt(x) if x < 0 else 0", -1)))
    assert result.gates["f.2"].verdict == NONFINITE
    assert result.inputs["f"]["x"].verdict == NONFINITE
    assert not result.passed


def test_a_gate_with_another_path_to_the_output_is_used() -> None:
    circuit = circuitgrad.loads("{inputs: {x: -1}, gates: {r: 'sqrt(x)', f: '(r if x > 0 else 0) + 0*r'}}")
    result = check(circuit)
    assert result.gates["r"].verdict != UNUSED
    assert not result.passed


def test_with_several_outputs_one_use_is_enough() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 2}, gates: {l: log(x), f: x if x > 0 else l}, output: [f, l]}")
    circuit.forward()
    assert unused_gates(circuit, ["f"]) == {"l"}
    assert unused_gates(circuit, ["f", "l"]) == set()
    assert check(circuit).gates["l"].verdict == OK


def test_a_gate_that_reaches_no_output_is_not_behind_a_conditional() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 2}, gates: {l: log(x), f: x*x}, output: f}")
    assert check(circuit).gates["l"].verdict == OK


def test_a_wrong_rule_in_a_taken_branch_is_wrong() -> None:
    bad = "define:\n  bad:\n    operands: [u]\n    value: u*u\n    partials: {u: 3*u}\n"
    result = check(circuitgrad.loads(text("bad(x) if x > 0 else log(x)", 2, bad)))
    assert WRONG in {comparison.verdict for comparison in result.gates.values()}
    assert not result.passed


@given(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3), st.sampled_from(["log(x)", "sqrt(x)", "x**0.5", "1/log(x)"]))
def test_the_unguarded_and_the_guarded_agree(x: float, formula: str) -> None:
    """Property: a guard never changes the verdict where its branch is taken, and always passes where it is not."""
    guarded = check(circuitgrad.loads(text(f"{formula} if x > 0 else x", x)))
    assert guarded.passed == (x < 0 or check(circuitgrad.loads(text(formula, x))).passed)


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "junit", "github"])
def test_every_format_shows_it(form: str) -> None:
    program = invoke("check", "-", "--format", form, stdin=text("sqrt(x) if x > 0 else 0", -1))
    assert program.exit_code == 0
    assert UNUSED in program.stdout


def test_the_counts_and_the_note_name_it() -> None:
    shown = done("check", "-", stdin=text("sqrt(x) if x > 0 else 0", -1))
    assert "gates 2 ok, 1 unused" in shown
    assert "unused: 'f.2': only in branches that are not taken" in shown


def test_in_json_an_unused_gate_has_no_numbers() -> None:
    document = json.loads(done("check", "-", "--format", "json", stdin=text("sqrt(x) if x > 0 else 0", -1)))
    assert document["gates"]["f.2"] == {"verdict": "unused"}


def test_a_condition_that_is_nan_takes_no_branch() -> None:
    circuit = circuitgrad.loads(text("x if x > 0 else 2*x", math.nan))
    result = check(circuit)
    assert result.inputs["f"]["x"].verdict == NONFINITE
    assert not result.passed

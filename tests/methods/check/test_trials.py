"""Trials of definitions: every wrong branch is found, wherever the circuit stands, and no right rule is accused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.trials import try_definitions
from circuitgrad.methods.check.verdicts import OK, WRONG, Tolerance
from program import done, invoke

if TYPE_CHECKING:
    from pathlib import Path

    from circuitgrad.methods.check.trials import Trial

TOLERANCE = Tolerance(1e-12, 1e-14)


def circuit_of(
    value: str, partials: dict[str, str], inputs: dict[str, Any] | None = None, call: str | None = None
) -> Circuit:
    """Return a circuit with one call of a definition, at operands 2.5, 3.5 and so on."""
    operands = list(partials)
    document = {
        "define": {"f": {"operands": operands, "value": value, "partials": partials}},
        "inputs": inputs or {name: 2.5 + number for number, name in enumerate(operands)},
        "gates": {"z": call or f"f({', '.join(operands)})"},
    }
    return circuitgrad.loads(json.dumps(document))


def trial_of(
    value: str, partials: dict[str, str], inputs: dict[str, Any] | None = None, call: str | None = None
) -> Trial:
    circuit = circuit_of(value, partials, inputs, call)
    circuit.forward()
    (trial,) = try_definitions(circuit, TOLERANCE)
    return trial


RIGHT: list[tuple[str, dict[str, str]]] = [
    ("x if x > 0 else 0.1*x", {"x": "1 if x > 0 else 0.1"}),
    ("x if x > 0 else 0.1*x", {"x": "1 if x >= 0 else 0.1"}),
    ("x if x > 0 else 0.1*x", {"x": "1 if x > 0 else 0.1 if x < 0 else 0.7"}),
    ("log1p(exp(x))", {"x": "sigmoid(x)"}),
    ("x if x > 40 else log1p(exp(x))", {"x": "1 if x > 40 else sigmoid(x)"}),
    ("x if x > 20 else log1p(exp(x))", {"x": "sigmoid(x)"}),
    ("log1p(exp(x))", {"x": "1 if x > 20 else sigmoid(x)"}),
    ("sqrt(x*x + 1e-6)", {"x": "x/out"}),
    ("x*x/2 if abs(x) < 1 else abs(x) - 0.5", {"x": "x if abs(x) < 1 else sign(x)"}),
    ("1 if x > 1 else 0 if x < -1 else (x + 1)/2", {"x": "0 if x > 1 else 0 if x < -1 else 0.5"}),
    ("atan(y/x) if x > 0 else atan(y/x) + pi", {"y": "x/(x*x + y*y)", "x": "-y/(x*x + y*y)"}),
    ("x*log(x)", {"x": "1 + log(x)"}),
    ("x*log(x) if x > 0 else 0", {"x": "1 + log(x) if x > 0 else 0"}),
    ("sqrt(x)", {"x": "0.5/out"}),
    ("sqrt(x) if x > 0 else 0", {"x": "0.5/sqrt(x) if x > 0 else 0"}),
    ("x/y if y != 0 else 0", {"x": "1/y if y != 0 else 0", "y": "-x/y**2 if y != 0 else 0"}),
    ("1/x if abs(x) > 1e-12 else 0", {"x": "-1/x**2 if abs(x) > 1e-12 else 0"}),
    ("sin(x)/x if x != 0 else 1", {"x": "(cos(x) - sin(x)/x)/x if x != 0 else 0"}),
    ("expm1(x)/x if abs(x) > 1e-8 else 1 + x/2", {"x": "(exp(x) - expm1(x)/x)/x if abs(x) > 1e-8 else 0.5 + x/3"}),
    ("(x if y > 0 else 3*x) if x > 0 else x*x", {"x": "(1 if y > 0 else 3) if x > 0 else 2*x", "y": "0"}),
    ("x if x*y > 6 else y", {"x": "1 if x*y > 6 else 0", "y": "0 if x*y > 6 else 1"}),
    ("x - y if x > y else 0", {"x": "1 if x > y else 0", "y": "-1 if x > y else 0"}),
    ("max(x, y)", {"x": "1 if x >= y else 0", "y": "0 if x >= y else 1"}),
    ("sqrt(x*x + y*y)", {"x": "x/out if out > 0 else 0", "y": "y/out if out > 0 else 0"}),
    ("x if 0 < x < 1 and not y > 3 else x*x", {"x": "1 if 0 < x < 1 and not y > 3 else 2*x", "y": "0"}),
    ("x*(x > 0) + 0.1*x*(x <= 0)", {"x": "(x > 0) + 0.1*(x <= 0)"}),
    ("exp(-1/x) if x > 0 else 0", {"x": "out/x**2 if x > 0 else 0"}),
    ("1 if x > 0 else 0", {"x": "0"}),
    ("x - floor(x)", {"x": "1"}),
    ("cbrt(x)", {"x": "1/(3*out*out) if x != 0 else 0"}),
    ("x**y", {"x": "y*x**(y - 1)", "y": "log(x)*out"}),
    ("x if x == x else nan", {"x": "1 if x == x else nan"}),
    ("tanh(1000*x)", {"x": "1000*(1 - out*out)"}),
    ("abs(x)*x", {"x": "2*abs(x)"}),
]


@pytest.mark.parametrize(("value", "partials"), RIGHT)
def test_no_right_rule_is_accused(value: str, partials: dict[str, str]) -> None:
    trial = trial_of(value, partials)
    assert trial.comparison.verdict == OK, trial
    assert trial.points > 0
    assert not trial.unreached


WRONG_BRANCHES: list[tuple[str, dict[str, str], str]] = [
    ("exp(x) if exp(x) > 1e100 else 1", {"x": "0"}, "x"),
    ("x if x > 0 else 0.1*x", {"x": "1 if x > 0 else 0.01"}, "x"),
    ("x if x > -3 else 2*x", {"x": "1 if x > -3 else 2.0000000001"}, "x"),
    ("x if x > 1e10 else 2*x", {"x": "1.5 if x > 1e10 else 2"}, "x"),
    ("x*x/2 if abs(x) < 1 else abs(x) - 0.5", {"x": "x if abs(x) < 1 else 1"}, "x"),
    ("(x if y > 0 else 3*x) if x > 0 else x*x", {"x": "(1 if y > 0 else 2) if x > 0 else 2*x", "y": "0"}, "x"),
    ("(x if y > 0 else 3*x) if x > 0 else x*x", {"x": "(1 if y > 0 else 3) if x > 0 else 3*x", "y": "0"}, "x"),
    ("x if x*y > 60 else y", {"x": "1 if x*y > 60 else 0", "y": "0.5 if x*y > 60 else 1"}, "y"),
    ("x if x > y else y*y", {"x": "1 if x > y else 0", "y": "1 if x > y else 2*y"}, "y"),
    ("x*(x > 0) + 0.1*x*(x <= 0)", {"x": "(x > 0) + 0.2*(x <= 0)"}, "x"),
    ("abs(x)", {"x": "1"}, "x"),
    ("max(x, 0)", {"x": "1"}, "x"),
    ("relu(x - y)", {"x": "1 if x > y else 0.1", "y": "-1 if x > y else 0"}, "x"),
    ("x*x", {"x": "2*x if x > 0 else -2*x"}, "x"),
    ("sin(x)/x if x != 0 else 1", {"x": "(cos(x) - sin(x)/x)/x if x != 0 else 1"}, "x"),
    ("x*x if x != 2 else 4", {"x": "2*x if x != 2 else 0"}, "x"),
    ("x if (x - 4*pi)**2 + (y - 7.1)**2 < 1e-4 else y", {
        "x": "3 if (x - 4*pi)**2 + (y - 7.1)**2 < 1e-4 else 0", "y": "0 if (x - 4*pi)**2 + (y - 7.1)**2 < 1e-4 else 1",
    }, "x"),
    ("x if sin(x) > 0.9999 else 2*x", {"x": "2"}, "x"),
    ("x if 0 < x < 1 and y > 30 else x*x", {"x": "2 if 0 < x < 1 and y > 30 else 2*x", "y": "0"}, "x"),
    ("x**3", {"x": "7.5*x"}, "x"),
    ("x if x > 0 else 0.1*x if x > -50 else -5", {"x": "1 if x > 0 else 0.1"}, "x"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "partials", "operand"), WRONG_BRANCHES)
def test_a_wrong_branch_is_found_where_the_circuit_does_not_stand(
    value: str, partials: dict[str, str], operand: str
) -> None:
    trial = trial_of(value, partials)
    assert (trial.comparison.verdict, trial.comparison.operand) == (WRONG, operand), trial
    result = check(circuit_of(value, partials))
    assert not result.passed
    # The point is one that the circuit may stand at: there, the gate itself is wrong.
    point = {
        name: float(number)
        for name, _, number in (part.partition(" = ") for part in trial.comparison.point.split(", "))
    }
    there = check(circuit_of(value, partials, point))
    assert there.gates["z"].verdict == WRONG
    assert there.trials == []


def copied(gate: str, partials: dict[str, str] | None = None) -> Circuit:
    """Return a circuit of one gate, outside of the table, with the formulas of a row."""
    row = GATES[gate]
    rule = Rule(
        f"my_{gate}", row.value.text, {name: partial.text for name, partial in row.partials.items()} | (partials or {})
    )
    inputs = [Input(name, 0.3 * low + 0.7 * high) for name, (low, high) in zip(rule.operands, row.sample, strict=True)]
    return Circuit("copy", inputs, [], ["g"], [rule], [tuple(range(len(inputs)))], ["g"])


@pytest.mark.parametrize("gate", GATES)
def test_the_rows_of_the_table_pass(gate: str) -> None:
    (trial,) = try_definitions(copied(gate), TOLERANCE)
    assert trial.comparison.verdict == OK, trial


SMOOTH = [gate for gate in GATES if gate not in ("floor", "sign", "step", "where", "lt", "le", "gt", "ge", "eq", "ne")]


@settings(max_examples=examples(60))
@given(gate=st.sampled_from(SMOOTH), data=st.data(), factor=st.sampled_from([0.0, 0.5, -1.0, 2.0, 1.0001, 1 + 1e-9]))
def test_a_wrong_factor_in_a_row_is_found(gate: str, data: st.DataObject, factor: float) -> None:
    row = GATES[gate]
    operand = data.draw(st.sampled_from(row.operands))
    (trial,) = try_definitions(copied(gate, {operand: f"{factor!r}*({row.partials[operand].text})"}), TOLERANCE)
    assert (trial.comparison.verdict, trial.comparison.operand) == (WRONG, operand), trial


SLOPES = st.floats(-4, 4).map(lambda number: round(number, 2))


@settings(max_examples=examples(60))
@given(
    bounds=st.lists(st.floats(-100, 100).map(lambda number: round(number, 2)), min_size=1, max_size=4, unique=True),
    slopes=st.lists(SLOPES, min_size=5, max_size=5),
    x=st.floats(-200, 200),
    data=st.data(),
)
def test_a_wrong_slope_of_any_branch_is_found(
    bounds: list[float], slopes: list[float], x: float, data: st.DataObject
) -> None:
    bounds.sort()
    used = slopes[: len(bounds) + 1]
    wrong = data.draw(st.none() | st.integers(0, len(bounds)))

    def branches(texts: list[str]) -> str:
        return " else ".join(
            [f"{text} if x < {bound!r}" for text, bound in zip(texts, bounds, strict=False)] + [texts[-1]]
        )

    value = branches([f"{slope!r}*x" for slope in used])
    partial = branches([repr(slope + (1e-5 if number == wrong else 0)) for number, slope in enumerate(used)])
    trial = trial_of(value, {"x": partial}, {"v": x}, "f(v)")
    assert trial.comparison.verdict == (OK if wrong is None else WRONG), trial
    assert not trial.unreached


# Domains


@pytest.mark.parametrize(
    ("leaf", "verdict"),
    [
        ({"value": 1, "min": 0, "max": 4}, OK),
        ({"value": 1, "min": -3}, OK),
        ({"value": 1, "min": -3.001}, WRONG),
        ({"value": 1, "max": 4}, WRONG),
        ({"value": 1}, WRONG),
        ({"value": -5, "max": -3.5}, WRONG),
    ],
)
def test_a_trial_stays_within_the_bounds_of_inputs(leaf: dict[str, float], verdict: str) -> None:
    trial = trial_of("x if x >= -3 else 2*x", {"x": "1 if x >= -3 else 3"}, {"v": leaf}, "f(v)")
    assert trial.comparison.verdict == verdict
    assert trial.unreached == (("x < -3",) if verdict == OK else ())


@pytest.mark.parametrize("call", ["f(abs(v))", "f(v*w)", "f(exp(v))", "f(v) + f(w)", "f(sigmoid(v) - w/-2)"])
def test_a_trial_stays_within_what_the_gates_before_it_let_an_operand_be(call: str) -> None:
    leaf = {"value": 1.5, "min": 0}
    trial = trial_of("sqrt(x*x)", {"x": "1"}, {"v": leaf, "w": leaf}, call)
    assert trial.comparison.verdict == (WRONG if "/" in call else OK)  # a quotient may be anything
    assert trial_of("sqrt(x*x)", {"x": "1"}, {"v": leaf, "w": leaf}, f"{call} + f(-v)").comparison.verdict == WRONG


def test_an_operand_that_is_always_a_constant_stays_one() -> None:
    partials = {"x": "n*x**(n - 1)", "n": "17"}  # a constant has no gradient
    trial = trial_of("x**n", partials, {"v": 1.5}, "f(v, 2) + f(v + 1, 3)")
    assert trial.comparison.verdict == OK
    assert trial_of("x**n", partials, {"v": 1.5, "w": 2}, "f(v, 2) + f(v + 1, w)").comparison.operand == "n"


def test_what_is_not_finite_is_passed_over_and_named() -> None:
    trial = trial_of("x*x if x > 0 else -x*x", {"x": "2*x if x > 0 else log(x)"})
    assert (trial.comparison.verdict, trial.unreached) == (OK, ("x <= 0",))


def test_sides_that_no_point_reaches_are_named_once_and_the_outermost_alone() -> None:
    value = "(x if y > 0 else y) if x*x < 0 else x*y if y*y >= 0 else 7"
    partials = {
        "x": "(y > 0) if x*x < 0 else y if y*y >= 0 else 0",
        "y": "(y <= 0) if x*x < 0 else x if y*y >= 0 else 0",
    }
    assert trial_of(value, partials).unreached == ("x*x < 0", "y*y < 0 where x*x >= 0")


def test_a_definition_that_is_not_used_or_has_no_partials_is_not_tried() -> None:
    text = """
    define: {f: {operands: [x], value: x*x, partials: {x: 3*x}}, g(x): x if x > 0 else 0}
    inputs: {x: 2}
    gates: {y: 'g(x) + logsumexp(x, 2*x, 3)'}
    """
    assert check(circuitgrad.loads(text)).trials == []


def test_points_are_the_same_in_every_run() -> None:
    value, partials, _ = WRONG_BRANCHES[4]
    assert trial_of(value, partials) == trial_of(value, partials)._replace(place=trial_of(value, partials).place)


def test_a_tolerance_that_is_given_counts() -> None:
    circuit = circuit_of("x if x > 0 else 2*x", {"x": "1 if x > 0 else 2.0001"})
    assert not check(circuit).passed
    assert check(circuit, rtol=1e-3).passed


@pytest.mark.parametrize("method", ["mp", "central", "forward", "ridders"])
@pytest.mark.parametrize("order", [1, 2])
def test_every_method_tries_definitions(method: str, order: int) -> None:
    if order == 2 and method in ("forward", "ridders"):
        pytest.skip("no method for second derivatives")
    assert not check(circuit_of(*WRONG_BRANCHES[0][:2]), method=method, order=order).passed


def test_a_long_rule_is_tried_at_few_points() -> None:
    value = " + ".join(["(x if x > 0 else 2*x)"] * 800)
    partial = " + ".join(["(1 if x > 0 else 2)"] * 800)
    trial = trial_of(value, {"x": partial})
    assert trial.comparison.verdict == OK
    assert 0 < trial.points < 30
    assert trial.unreached == ("some conditions hold: they are too long for a search",)


def test_a_narrow_range_far_from_zero_is_searched_all_the_same() -> None:
    leaf = {"value": 1002.5, "min": 1000, "max": 1010}
    trial = trial_of("x if x < 1005 else 2*x", {"x": "1 if x < 1005 else 3"}, {"v": leaf}, "f(v)")
    assert trial.comparison.verdict == WRONG
    assert trial_of("x if x < 1005 else 2*x", {"x": "1 if x < 1005 else 2"}, {"v": leaf}, "f(v)").unreached == ()


def test_infinite_operands_are_no_points() -> None:
    circuit = circuit_of("sigmoid(x)", {"x": "out*(1 - out)"}, {"v": -1e308}, "f(v*10) + v")
    circuit.forward()
    (trial,) = try_definitions(circuit, TOLERANCE)
    assert trial.comparison.verdict == OK


@pytest.mark.parametrize(
    ("value", "partials"),
    [
        ("relu(x) - relu(-x)", {"x": "(1 if x > 0 else 0) + (1 if x < 0 else 0)"}),
        ("x*y/(x*x + y*y) if x != 0 or y != 0 else 0", {
            "x": "y*(y*y - x*x)/(x*x + y*y)**2 if x != 0 or y != 0 else 7",
            "y": "x*(x*x - y*y)/(x*x + y*y)**2 if x != 0 or y != 0 else 7",
        }),
    ],
)  # fmt: skip
def test_where_kinks_meet_conventions_need_not_add_up(value: str, partials: dict[str, str]) -> None:
    assert trial_of(value, partials).comparison.verdict == OK


# At the command line

FILE = """\
define:
  f:
    operands: [x]
    value: x if x > 0 else 0.1*x
    partials: {x: 1 if x > 0 else 0.01}
  g(x): {value: x if x*x < 0 else 2*x, partials: {x: 1 if x*x < 0 else 2}}
inputs: {x: 2}
gates:
  y: f(x) + g(x)
"""


def test_the_report_names_the_definition_its_place_and_the_point(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(FILE)
    result = invoke("check", str(file))
    assert result.exit_code == 1
    output = " ".join(result.stdout.split())
    assert "f, d/dx 0.01 0.1 0.9" in output
    assert f"{file}:5:19: wrong: the partial derivative of 'f' in x is 0.01 instead of 0.1 (at x = -4.88)" in output
    assert "no point found in 'g' where x*x < 0" in output
    assert "definitions 1 ok, 1 wrong" in output


def test_the_documents_tell_trials(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(FILE)
    found = json.loads(invoke("check", str(file), "--format", "json").stdout)
    assert found["passed"] is False
    assert found["definitions"]["g"] == {"verdict": "ok", "points": 4, "unreached": ["x*x < 0"]}
    told = {key: found["definitions"]["f"][key] for key in ("verdict", "analytic", "numeric", "operand", "point")}
    assert told == {"verdict": "wrong", "analytic": 0.01, "numeric": 0.1, "operand": "x", "point": "x = -4.88"}
    failed = json.loads(invoke("check", str(file), "--format", "json", "--only-failed").stdout)
    assert list(failed["definitions"]) == ["f"]
    assert "::error file=" in invoke("check", str(file), "--format", "github").stdout
    assert '<failure message="' in invoke("check", str(file), "--format", "junit").stdout
    assert ",definition,f,x,0.01,0.1," in invoke("check", str(file), "--format", "csv").stdout


def test_a_circuit_without_definitions_and_conditionals_has_no_such_keys() -> None:
    found = json.loads(done("check", "circuits/neuron.yaml", "--format", "json"))
    assert found.keys().isdisjoint({"definitions", "not_taken"})

"""The check: what it passes, what it finds, and that it accuses nobody who is innocent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.circuit.units import Gate
from circuitgrad.errors import CircuitError
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import find
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import INACCURATE, KINK, NONFINITE, OK, UNDECIDED, WRONG, Comparison, worst
from innocence import accused
from random_circuits import SMOOTH, Plan, plans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.check.result import Check

NEURON = {"a": 1.0, "b": 2.0, "c": -3.0, "x": -1.0, "y": 3.0}


def expression(text: str, **inputs: float) -> Circuit:
    return circuitgrad.from_expression(text, **inputs)


def on_trial(rule: Rule, *values: float) -> Circuit:
    """Return a circuit of one gate `g`, outside the table, behind which a sigmoid follows."""
    inputs = [Input(name, value) for name, value in zip(rule.operands, values, strict=True)]
    slots = tuple(range(len(inputs)))
    return Circuit("trial", inputs, [], ["g", "s"], [rule, find("sigmoid")], [slots, (len(inputs),)], ["s"])


def verdicts(result: Check) -> dict[str, str]:
    (inputs,) = result.inputs.values()
    return {name: comparison.verdict for name, comparison in inputs.items()}


def gates(result: Check) -> dict[str, str]:
    return {name: comparison.verdict for name, comparison in result.gates.items()}


# The innocent

METHODS = pytest.mark.parametrize("method", ["mp", "central", "forward", "ridders", "complex"])
DIFFERENCES = pytest.mark.parametrize("method", ["central", "forward"])


@METHODS
@given(plan=plans(gates=tuple(SMOOTH)))
def test_a_correct_smooth_circuit_is_never_accused(plan: Plan, method: str) -> None:
    assume(all(abs(value) < 1e100 for value in plan.values))
    result = check(plan.circuit(), method=method)
    assert not accused(result), result


@METHODS
@given(plan=plans())
def test_a_correct_circuit_with_kinks_is_never_accused(plan: Plan, method: str) -> None:
    assume(all(abs(value) < 1e100 for value in plan.values))
    result = check(plan.circuit(), method=method)
    # Where several gates are at a kink at once, their conventions need not add up to a slope of the whole.
    assume(KINK not in gates(result).values())
    assert not accused(result), result


@DIFFERENCES
@given(plan=plans(gates=tuple(SMOOTH), most=6), h=st.floats(1e-9, 1e-2))
def test_nor_with_a_step_of_the_users(plan: Plan, method: str, h: float) -> None:
    assume(all(abs(value) < 1e6 for value in plan.values))
    circuit = plan.circuit()
    # A step that is long beside an input says little of the slope there, and an estimate of its error no more.
    assume(all(abs(value) > 10 * h for value in circuit.values().values()))
    assert not accused(check(circuit, method=method, h=h))


WITHOUT_DIGITS = {
    ("exp(x)", -700, "complex"),
    *(
        (*point, method)
        for point in (("1e16 + x", 1), ("sigmoid(x)", 40), ("tanh(x)", 20))
        for method in ("central", "forward", "ridders")
    ),
    ("sqrt(x + 1) - sqrt(x)", 1e8, "forward"),
}
"""The hard points at which a method has no digit of the slope: its differences drown, its imaginary part underflows."""


@METHODS
@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("sqrt(x)", 1e-7),
        ("sqrt(x)", 1e-12),
        ("log(x)", 1e-9),
        ("cbrt(x)", 1e-9),
        ("1/x", 1e-8),
        ("sin(1e6*x)", 0.3),
        ("x*x", 1e12),
        ("3*x", 1e13),
        ("x + 1", -1e300),
        ("exp(x)", -700),
        ("exp(x)", 700),
        ("1e16 + x", 1),
        ("sqrt(x + 1) - sqrt(x)", 1e8),
        ("relu(x)", 1e-7),
        ("relu(x)", -1e-5),
        ("abs(x - 1)", 1.0000001),
        ("asin(x)", 0.9999999),
        ("x**2.5", 1e-6),
        ("sigmoid(x)", 40),
        ("tanh(x)", 20),
        ("0*x", 3),
        ("x", 0),
    ],
)
def test_hard_points_of_correct_circuits(text: str, x: float, method: str) -> None:
    result = check(expression(text, x=x), method=method)
    assert not accused(result), result
    undecided = [name for name, verdict in verdicts(result).items() if verdict == UNDECIDED]
    assert bool(undecided) == ((text, x, method) in WITHOUT_DIGITS)


@pytest.mark.parametrize(("text", "x"), [("x**1.5", 0), ("x**2.5", 0), ("x*sqrt(1 - x)", 0)])
def test_at_the_edge_of_a_domain_the_slope_on_the_one_side_counts(text: str, x: float) -> None:
    (comparison,) = check(expression(text, x=x)).inputs["out"].values()
    assert comparison.verdict == OK


def test_the_figures_of_the_guide() -> None:
    result = check(expression("sigmoid(a*x + b*y + c)", **NEURON), method="forward", h=1e-4)
    assert {name: comparison.numeric for name, comparison in result.inputs["out"].items()} == {
        "a": -0.10499758359205913,
        "b": 0.3149447748351797,
        "c": 0.10498958734506125,
        "x": 0.10498958734506125,
        "y": 0.2099711788272618,
    }
    assert result.passed
    assert (result.method, result.h, result.rtol) == ("forward", 1e-4, 1e-3)


@given(plans())
def test_the_circuit_stays_as_it_was(plan: Plan) -> None:
    circuit = plan.circuit()
    values, before = circuit.forward(), circuit.values()
    check(circuit)
    assert circuit.values() == before
    assert repr({name: circuit[name].value for name in circuit}) == repr(values)


# The guilty


@METHODS
@given(x=st.floats(-3, 3), y=st.floats(-3, 3))
@example(x=2.0, y=0.5)
def test_swapped_partials_are_found_and_named(method: str, x: float, y: float) -> None:
    assume(abs(x - y) > 0.1)
    assume(all(abs(z) > 1e-12 or z == 0 for z in (x, y)))  # no step in doubles is short enough beside such a number
    result = check(on_trial(Rule("swapped", "x*y", {"x": "x", "y": "y"}), x, y), method=method)
    assert not result.passed
    assert gates(result) == {"g": WRONG, "s": OK}
    assert set(verdicts(result).values()) == {WRONG}


@pytest.mark.parametrize("factor", ["2", "-1", "0", "(1 + 1e-4)", "1.01"])
@pytest.mark.parametrize("x", [0.3, -1.7, 2.5])
def test_a_wrong_partial_is_found_by_the_gate_and_by_the_input(factor: str, x: float) -> None:
    result = check(on_trial(Rule("bent", "sin(x)", {"x": f"{factor}*cos(x)"}), x))
    assert gates(result) == {"g": WRONG, "s": OK}
    assert verdicts(result) == {"x": WRONG}
    assert result.gates["g"].operand == "x"
    assert not result.passed


def test_a_fault_too_small_for_differences_is_found_by_the_gate() -> None:
    result = check(on_trial(Rule("bent", "sin(x)", {"x": "cos(x)*(1 + 1e-9)"}), 0.3), method="central")
    assert verdicts(result) == {"x": OK}
    assert gates(result)["g"] == WRONG
    assert not result.passed


def test_a_wrong_rule_of_the_table_names_its_gate_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = circuitgrad.load("circuits/neuron.yaml")
    wrong = Rule("mul", "x*y", {"x": "x", "y": "y"})
    monkeypatch.setattr(circuit, "rules", [wrong, *circuit.rules[1:]])
    result = check(circuit)
    assert gates(result) == {"ax": WRONG, "by": OK, "axpby": OK, "axpbypc": OK, "s": OK}
    assert verdicts(result) == {"a": WRONG, "b": OK, "c": OK, "x": WRONG, "y": OK}


def test_a_backward_that_forgets_to_add_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def overwrite(gate: Gate) -> None:
        partials = gate.partials_function(*[unit.value for unit in gate.operands], gate.out.value)
        for unit, partial in zip(gate.operands, partials, strict=True):
            unit.grad = partial * gate.out.grad

    circuit = circuitgrad.loads("{inputs: {x: 3, z: 2}, gates: {y: x*x + x*z}}")
    assert check(circuit).passed
    monkeypatch.setattr(Gate, "backward", overwrite)
    result = check(circuit)
    assert not result.passed
    assert verdicts(result) == {"x": WRONG, "z": OK}
    assert set(gates(result).values()) == {WRONG}  # as it is with every gate's backward
    assert not result.wires


def test_a_gradient_of_nan_never_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(gate: Gate) -> None:
        for unit in gate.operands:
            unit.grad = math.nan

    monkeypatch.setattr(Gate, "backward", spoil)
    result = check(expression("x*y", x=3, y=2), rtol=1e9, atol=1e9)
    assert verdicts(result) == {"x": NONFINITE, "y": NONFINITE}
    assert not result.passed


# Kinks, infinities, lost digits


def test_abs_at_zero_is_a_kink_with_both_slopes() -> None:
    result = check(expression("abs(x)", x=0))
    comparison = result.inputs["out"]["x"]
    assert (comparison.verdict, comparison.left, comparison.right) == (KINK, -1, 1)
    assert (result.gates["out"].verdict, result.gates["out"].left, result.gates["out"].right) == (KINK, -1, 1)
    assert result.passed


@pytest.mark.parametrize("gate", ["max", "min"])
def test_a_tie_is_a_kink_in_both_operands(gate: str) -> None:
    result = check(expression(f"{gate}(x, y)", x=2, y=2))
    for comparison in result.inputs["out"].values():
        assert comparison.verdict == KINK
        assert sorted([comparison.left or 0.0, comparison.right or 0.0]) == pytest.approx([0, 1], abs=1e-9)
    assert result.passed


def test_a_slope_outside_both_sides_of_a_kink_is_wrong() -> None:
    result = check(on_trial(Rule("bent", "abs(x)", {"x": "1.5"}), 0.0))
    assert gates(result)["g"] == WRONG
    assert verdicts(result) == {"x": WRONG}


@pytest.mark.parametrize("text", ["step(x)", "floor(x)", "sign(x)", "1 if x > 0 else 0", "mod(x, 1)"])
def test_a_jump_is_a_kink_too(text: str) -> None:
    result = check(expression(text, x=0))
    assert verdicts(result) == {"x": KINK}
    assert result.passed


@pytest.mark.parametrize("text", ["x if x > 0 else 3*x", "x if (x > -2)*(x < -1.5) else exp(x)", "abs(floor(x) + 2)*x"])
def test_what_no_small_step_moves_is_at_no_kink(text: str) -> None:
    assert set(gates(check(expression(text, x=-1.25))).values()) == {OK}


def test_a_condition_at_its_tie_is_a_kink() -> None:
    result = check(expression("x if x > -1 else 3*x", x=-1))
    assert gates(result)["out"] == KINK
    assert result.passed


@pytest.mark.parametrize(
    ("text", "x"), [("sqrt(x)", 0), ("sqrt(x*x)", 0), ("log(x)", -1), ("exp(x)", 1000), ("x", math.inf)]
)
def test_what_is_not_finite_does_not_pass(text: str, x: float) -> None:
    result = check(expression(text, x=x))
    assert verdicts(result) == {"x": NONFINITE}
    assert not result.passed


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("mod(x, inf)", 1), ("mod(x, -inf)", -0.5), ("min(x, inf)", -3), ("max(x, -inf)", 0.5), ("x/inf", 2),
        ("clip(x, -inf, inf)", 3), ("mod(x, inf) + mod(x, 2)", 0.5), ("mod(x*x, inf)", 3), ("x/-inf", 2),
        ("sin(mod(x, inf))", 4),
    ],
)  # fmt: skip
def test_an_infinite_constant_is_no_fault_where_the_value_is_finite(text: str, x: float) -> None:
    assert check(expression(text, x=x)).passed


def test_an_infinite_slope_does_no_harm_where_nothing_reaches_it() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 0, y: 2}, gates: {root: sqrt(x), square: y*y}, output: square}")
    result = check(circuit)
    assert gates(result) == {"root": OK, "square": OK}
    assert result.passed


def test_a_rule_that_is_right_but_loses_its_digits_is_inaccurate() -> None:
    result = check(on_trial(Rule("lossy", "x*x", {"x": "(1 + 2*x) - 1"}), 1.23456789e-10))
    assert result.gates["g"].verdict == INACCURATE
    assert result.passed


def test_a_slope_beyond_the_doubles_is_no_match_for_any_number() -> None:
    rule = Rule("steep", "(x*1e200)*1e200", {"x": "1e300"})
    assert check(on_trial(rule, 1e-300)).gates["g"].verdict != OK


# Tolerances, steps, expected values


def test_tolerances_decide() -> None:
    rule = Rule("bent", "sin(x)", {"x": "1.01*cos(x)"})
    assert verdicts(check(on_trial(rule, 0.3), rtol=0.02)) == {"x": OK}
    assert verdicts(check(on_trial(rule, 0.3), atol=0.02)) == {"x": OK}
    assert verdicts(check(on_trial(rule, 0.3), rtol=0.001)) == {"x": WRONG}
    comparison = check(on_trial(rule, 0.3), atol=0.5).inputs["s"]["x"]
    # In units of the largest gradient.
    assert comparison.tolerance >= 0.5 * abs(comparison.analytic) > comparison.abs_error


@pytest.mark.parametrize("h", [1e-17, 1e-16, 2.2e-16])
def test_a_step_lost_in_rounding_is_an_error(h: float) -> None:
    with pytest.raises(CircuitError, match=r"too small for 'x' = 1\.5: half of it is lost"):
        check(expression("x*x", x=1.5), h=h)


def test_the_step_that_the_error_asks_for_works() -> None:
    circuit = expression("x*x", x=1.5)
    with pytest.raises(CircuitError) as caught:
        check(circuit, h=1e-17)
    hint = caught.value.problems[0].hint or ""
    assert not accused(check(circuit, h=float(hint.split()[-1])))


@pytest.mark.parametrize("h", [0.0, -1e-4, math.nan, math.inf])
def test_a_step_that_is_none(h: float) -> None:
    with pytest.raises(CircuitError, match="is no step"):
        check(expression("x*x", x=1.5), h=h)


def test_an_unknown_method() -> None:
    with pytest.raises(CircuitError, match="'backward'"):
        check(expression("x*x", x=1.5), method="backward")


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [("6", OK), ("6.000000001", OK), ("6.0001", WRONG), ("inf", WRONG), ("nan", WRONG), ("-6", WRONG)],
)
def test_expected_values(expected: str, verdict: str) -> None:
    result = check(circuitgrad.loads(f"{{inputs: {{x: 2}}, gates: {{y: 3*x}}, expect: {{y: {expected}}}}}"))
    assert result.expect["y"].verdict == verdict
    assert result.passed == (verdict == OK)


@pytest.mark.parametrize(("text", "expected"), [("exp(1000*x)", "inf"), ("log(-x)", "nan")])
def test_an_expected_value_may_be_infinite_or_nan(text: str, expected: str) -> None:
    result = check(circuitgrad.loads(f"{{inputs: {{x: 2}}, gates: {{y: {text}}}, expect: {{y: {expected}}}}}"))
    assert result.expect["y"].verdict == OK


def test_several_outputs_are_checked_one_by_one() -> None:
    result = check(circuitgrad.loads("{inputs: {x: 3}, gates: {y: x*x, z: abs(x - 3)}, output: [y, z]}"))
    assert result.outputs == ("y", "z")
    assert result.inputs["y"]["x"].verdict == OK
    assert result.inputs["z"]["x"].verdict == KINK


def test_a_chance_of_small_differences_is_no_fault() -> None:
    assert check(expression("x - tanh(x)", x=0), method="forward").passed


def test_errors_of_a_comparison() -> None:
    comparison = Comparison(3.0, 4.0, 0.0, WRONG)
    assert (comparison.abs_error, comparison.rel_error, comparison.failed) == (1, 0.25, True)
    assert Comparison(math.inf, math.inf, 0.0, OK).abs_error == 0
    assert math.isnan(Comparison(math.nan, 1.0, 0.0, NONFINITE).rel_error)
    assert math.isnan(Comparison(0.0, math.nan, 0.0, NONFINITE).rel_error)


@given(st.permutations([OK, INACCURATE, KINK, UNDECIDED, NONFINITE, WRONG]), st.integers(1, 6))
def test_the_worst_verdict_is_the_gravest(order: Sequence[str], count: int) -> None:
    gravity = [OK, INACCURATE, KINK, UNDECIDED, NONFINITE, WRONG]
    chosen = worst([Comparison(1.0, 1.0, 0.0, verdict) for verdict in order[:count]])
    assert chosen.verdict == max(order[:count], key=gravity.index)


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("x**3", {"x": 0}), ("x**5", {"x": 0}), ("x**n", {"x": 0, "n": 3}), ("tanh(x)**3", {"x": 0}),
        ("gaussian(x)", {"x": 0}), ("1/(R*C)", {"R": 1e3, "C": 1e-11}), ("V/I", {"V": 1, "I": 1e-12}),
        ("sqrt(x)", {"x": 1e-20}), ("log(x)", {"x": 1e-300}), ("sin(x**3)", {"x": 1e4}), ("erfc(x)", {"x": 1e155}),
        ("normal_cdf(x)", {"x": -1e155}), ("gelu(x)", {"x": -1e155}), ("clip(x, 1, 1)", {"x": 1}),
        ("relu(x - 1)", {"x": 1.0000000001}), ("gelu(x**2*(x - z))", {"x": 100, "z": 100}),
    ],
)  # fmt: skip
def test_a_right_gradient_is_right_at_hard_points(text: str, inputs: dict[str, float]) -> None:
    checked = check(circuitgrad.from_expression(text, **inputs))
    assert checked.passed
    assert {comparison.verdict for comparison in checked.inputs["out"].values()} == {"ok"}


@pytest.mark.parametrize("factor", ["(1 + 1e-4)", "0.5", "-1"])
@pytest.mark.parametrize(("value", "slope", "x"), [("1/u", "-1/u**2", 1e-11), ("sin(u**3)", "3*u**2*cos(u**3)", 20.0)])
def test_a_wrong_gradient_is_wrong_at_hard_points(value: str, slope: str, x: float, factor: str) -> None:
    definition = f"define: {{f: {{operands: [u], value: {value}, partials: {{u: '{factor}*({slope})'}}}}}}"
    checked = check(circuitgrad.loads(f"inputs: {{x: {x}}}\n{definition}\ngates: {{y: f(x)}}"))
    assert checked.gates["y"].verdict == "wrong"
    assert not checked.passed

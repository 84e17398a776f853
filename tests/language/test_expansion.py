"""Loops, powers, constants and common subexpressions of formulas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad import from_expression, loads
from language.faults import fault
from strategies import files

if TYPE_CHECKING:
    from strategies import Written

X = {"x": 0.75, "y": -1.5}


def value(text: str) -> float:
    return from_expression(text, **X).forward()["out"]


def rows(text: str, **inputs: float) -> list[str]:
    return [rule.name for rule in from_expression(text, **(inputs or X)).rules]


# Loops


@pytest.mark.parametrize(
    "text",
    ["sum(x*i for i in range(4))", "prod(x + i for i in range(1, 4))", "max(x*i - i*i for i in range(-2, 3))",
     "min(y*i for i in range(5, 0, -2))", "sum(x**i*y**j for i in range(1, 3) for j in range(i))",
     "sum(sum(x*j for j in range(i)) + i for i in range(4)) + 1", "sum(i for i in range(3))*x",
     "sum(i*10 + sum(i for i in range(2)) for i in range(3)) + x", "2*sum(x for i in range(1))"],
)  # fmt: skip
def test_a_loop_is_pythons_generator(text: str) -> None:
    wanted = eval(text, {"prod": math.prod, **X})
    assert value(text) == pytest.approx(wanted, rel=1e-14)


def test_logsumexp_takes_a_loop() -> None:
    wanted = math.log(sum(math.exp(0.75 * i) for i in range(4)))
    assert value("logsumexp(x*i for i in range(4))") == pytest.approx(wanted, rel=1e-14)


def test_the_sum_of_nothing_is_0_and_its_product_1() -> None:
    assert value("x + sum(y for i in range(0))") == 0.75
    assert value("x*prod(y for i in range(3, 1))") == 0.75


def test_an_index_wins_over_a_wire_and_a_constant() -> None:
    circuit = from_expression("sum(x*e for x in range(3) for e in range(2)) + x", x=10)
    assert circuit.forward()["out"] == 3 + 10
    assert circuit.backward()["x"] == 1


def test_a_loop_is_folded_from_the_left() -> None:
    assert rows("sum(x for i in range(3))") == ["add", "add"]
    values = [1e16, 1.0, -1e16]
    circuit = loads(f"inputs:\n  x[0:3]: {values}\ngates:\n  y: sum(x[i] for i in range(3))")
    assert circuit.forward()["y"] == (values[0] + values[1]) + values[2] == 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sin(x for i in range(3))", "'sin' takes no loop"),
        ("nothing(x for i in range(3))", "'nothing' takes no loop"),
        ("max(x for i in range(0))", "max of nothing"),
        ("sum(x for i in range(1.5))", "a whole number is wanted here, not 1.5"),
        ("sum(x for i in range(x))", "'x' is neither"),
        ("sum(x for i in range(0, 3, 0))", "step of a range cannot be 0"),
        ("sum(x for i in range(sum(1 for j in range(3))))", "a loop or a member cannot stand"),
        ("sum(x for i in range(1, 2, 3, 4))", "range takes 1 to 3 numbers"),
        ("sum(x for i in range())", "expected a number"),
        ("sum(x for i in list(3))", "expected 'range'"),
        ("sum(x for i, j in range(3))", "expected 'in'"),
        ("sum(x for if in range(3))", "the name of an index"),
        ("sum(x, y for i in range(3))", "a loop belongs into sum"),
        ("x for i in range(3)", "a loop belongs into sum"),
        ("sum(q*i for i in range(3))", "no wire is called 'q'"),
        ("sum(x for i in range(3)) + i", "no wire is called 'i'"),
        ("sum(x" + " for i in range(1)" * 11 + ")", "more than 10 indices"),
    ],
)
def test_a_fault_of_a_loop(text: str, words: str) -> None:
    assert words in str(fault(f'inputs: {{x: 1, y: 2}}\ngates: {{z: "{text}"}}'))


# Powers


@given(st.floats(-1e3, 1e3), st.sampled_from([2, 3, 4]))
def test_a_small_power_is_a_product(x: float, exponent: int) -> None:
    circuit = from_expression(f"x**{exponent}", x=x)
    square = x * x
    products = {2: square, 3: square * x, 4: square * square}
    slopes = {2: 2 * x, 3: square + 2 * x * x, 4: 2 * square * (2 * x)}
    assert circuit.backward()["x"] == pytest.approx(slopes[exponent], rel=1e-15)
    assert circuit["out"].value == products[exponent]


@pytest.mark.parametrize("exponent", [2, 3, 4, 5, 7])
def test_powers_are_exact_at_0_and_for_negative_bases(exponent: int) -> None:
    assert from_expression(f"x**{exponent}", x=0).backward()["x"] == 0
    circuit = from_expression(f"x**{exponent}", x=-2)
    assert circuit.backward()["x"] == exponent * (-2.0) ** (exponent - 1)
    assert circuit["out"].value == (-2.0) ** exponent


def test_a_power_that_somebody_asks_for_by_name_stays_one() -> None:
    circuit = loads("inputs: {x: 3}\ngates: {y: {pow: [x, 2]}}")
    assert [rule.name for rule in circuit.rules] == ["pow"]


# Constants


def test_what_has_no_wire_in_it_is_computed_at_once() -> None:
    circuit = from_expression("x*(2*pi/sqrt(16) - max(1, 2))", x=1)
    assert [rule.name for rule in circuit.rules] == ["mul"]
    assert circuit.constants[-1] == 2 * math.pi / 4 - 2


def test_what_is_not_finite_stays_a_gate_that_can_be_named() -> None:
    assert rows("x + 1/0", x=1) == ["div", "add"]


# Common subexpressions


def test_what_is_written_twice_is_one_wire() -> None:
    text = "inputs: {x: 0.5}\ngates:\n  a: sin(x*x) + cos(x*x)\n  b: exp(x*x)\noutput: [a, b]"
    shared, apart = loads(text), loads(text, cse=False)
    assert sorted(rule.name for rule in shared.rules) == ["add", "cos", "exp", "mul", "sin"]
    assert sorted(rule.name for rule in apart.rules) == ["add", "cos", "exp", "mul", "mul", "mul", "sin"]
    assert shared.forward()["a"] == apart.forward()["a"]


def test_a_named_wire_serves_for_the_same_inside_a_formula() -> None:
    circuit = loads("inputs: {x: 0.5, y: 2}\ngates:\n  a: (x*y)*(x*y + 1)\n  p: {mul: [x, y]}\noutput: [a, p]")
    assert list(circuit.names) == ["p", "a.3", "a"]


def test_named_wires_that_are_the_same_both_stay() -> None:
    circuit = loads("inputs: {x: 0.5}\ngates: {a: x*x, b: x*x, c: sin(x*x)}\noutput: [a, b, c]")
    assert set(circuit.forward()) == {"x", "a", "b", "c"}


def test_a_wire_that_is_asked_for_is_not_taken_away() -> None:
    text = "inputs: {x: 0.5}\ngates: {a: sin(x*x) + 1, b: cos(x*x) + 1, c: a*b}\noutput: b.1\nexpect: {b.2: 1}"
    assert {"b.1", "b.2"} <= set(loads(text))


@given(files())
def test_sharing_changes_no_value_and_no_gradient(written: Written) -> None:
    if written.json:
        return
    shared, apart = circuitgrad.loads(written.text), circuitgrad.loads(written.text, cse=False)
    values = {name: number for name, number in apart.forward().items() if name in shared}
    assert shared.forward() == values
    slopes = shared.backward()
    for name, slope in apart.backward().items():
        if name in shared.inputs:
            assert slopes[name] == pytest.approx(slope, rel=1e-9, abs=1e-9)

"""Formulas as Python functions: operands of any name, formulas of any depth, and nothing that outlives its rule."""

from __future__ import annotations

import gc
import json
import keyword
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.circuit.units import class_of
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.formulas.formula import Formula
from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import Call, Name, Number, Step
from circuitgrad.gates.compiled import (
    compiled,
    compiled_sharing,
    compiled_tuple,
    partials_function,
    value_function,
)
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.duals import duals
from circuitgrad.gates.kinks import branch_function, kinks_of
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import OK

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["exp", "exp_operand", "__debug__", "x1", "x1_", "t0", "function", "pi", "out_", "div", "None", "lambda"]


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("second", NAMES)
def test_operands_may_have_any_names(first: str, second: str) -> None:
    if first == second:
        return
    steps: list[Step] = [
        Name(first, 0), Call("exp", 1, 0), Name(second, 0), Call("div", 2, 0), Name("e", 0), Call("add", 2, 0),
    ]  # fmt: skip
    expected = DOUBLES.primitives["exp"](0.5) / 3.0 + DOUBLES.constants["e"]
    assert compiled([first, second], steps, DOUBLES)(0.5, 3.0) == expected


@given(st.lists(st.sampled_from([*keyword.kwlist, *GATES, *NAMES]), min_size=1, max_size=6, unique=True))
def test_a_tuple_of_formulas_may_have_any_names(names: list[str]) -> None:
    formulas: list[list[Step]] = [[Name(name, 0), Number(2.0, 0), Call("mul", 2, 0)] for name in names]
    values = [float(position) for position in range(len(names))]
    assert compiled_tuple(names, formulas, DOUBLES)(*values) == tuple(2.0 * value for value in values)


TRUTHS = [
    "max(x > 0, 0)", "x > 0", "-(x < 0)", "(x > 0)*(x < 9)", "(x > 0) + (x > 1)", "(x > 0) - 0", "identity(x > 0)",
    "min(x > 0, x > 1)", "abs(x > 0)", "relu(x != 0)", "(x > 0) == (x > 1)", "(x > 0) if x > 1 else (x < 1)",
    "x > 0 and x < 9", "x > 9 or x > 1", "not x", "0 < x < 9", "max(x > 0 and x, not x)", "(x > 0)**2", "2**(x > 0)",
    "1/(x > 0)", "clip(x > 0, x > 9, 2)", "where(x > 0, x > 1, x > 2)", "mod(x > 0, 2)", "square(x > 0)",
]  # fmt: skip
"""Formulas whose value is that of a comparison, or comes from some."""


@pytest.mark.parametrize("text", TRUTHS)
@pytest.mark.parametrize("x", [2.0, -2.0, 0.0])
def test_every_value_and_every_partial_is_a_double(text: str, x: float) -> None:
    rule = Rule("f", text, {"x": text})
    value, (partial,) = value_function(rule)(x), partials_function(rule)(x, 1.0)
    assert type(value) is type(partial) is float
    expected = circuitgrad.from_expression(text, x=x).forward()["out"]
    assert repr(value) == repr(partial) == repr(expected)


@pytest.mark.parametrize("text", TRUTHS)
def test_every_engine_returns_doubles(text: str) -> None:
    define = {"f": {"operands": ["x"], "value": text, "partials": {"x": text}}}
    circuit = circuitgrad.loads(json.dumps({"define": define, "inputs": {"x": 2}, "gates": {"y": "f(x)"}}))
    wanted = Wanted(("y",), ("y",), ("x",))
    results = [program(circuit, ["x"], wanted, engine)(2.0) for engine in ("objects", "python", "native")]
    assert {type(number) for result in results for number in result} == {float}
    assert {repr([*result]) for result in results} == {repr([*results[0]])}


def chain(gate: str, number: float, length: int) -> list[Step]:
    steps: list[Step] = [Name("x", 0)]
    for _ in range(length):
        steps += [Number(number, 0), Call(gate, 2, 0)]
    return steps


@pytest.mark.parametrize("length", [1, 39, 40, 41, 201, 3000, 10_000])
@pytest.mark.parametrize(("gate", "number"), [("add", 1.5), ("div", 1.0001), ("sub", 0.25), ("max", 2.0), ("lt", 0.5)])
def test_a_formula_of_any_depth_is_computed_as_python_does_it(gate: str, number: float, length: int) -> None:
    step: Callable[[float], float] = {
        "add": lambda x: x + number,
        "div": lambda x: x / number,
        "sub": lambda x: x - number,
        "max": lambda x: max(x, number),
        "lt": lambda x: float(x < number),
    }[gate]
    value = 3.0
    for _ in range(length):
        value = step(value)
    assert compiled(["x"], chain(gate, number, length), DOUBLES)(3.0) == value


def test_a_chain_of_conditionals_is_computed() -> None:
    text = "".join(f"{i} if x < {i} else " for i in range(90)) + "x"
    nested = Formula(text).steps
    deep = compiled(["x"], nested, DOUBLES)
    assert [deep(float(x)) for x in (-1, 0, 5.5, 88, 89, 200)] == [0.0, 1.0, 6.0, 89.0, 89.0, 200.0]


@pytest.mark.parametrize("arithmetic", [DOUBLES, MULTIPRECISION, duals()], ids=lambda arithmetic: arithmetic.name)
def test_what_is_made_of_a_rule_goes_with_it(arithmetic: Any) -> None:
    rule = Rule("bent", Formula.of_steps(Formula("abs(x)*x").steps), {"x": Formula("2*abs(x)")})
    assert partials_function(rule, arithmetic) is partials_function(rule, arithmetic)
    assert value_function(rule, arithmetic) is value_function(rule, arithmetic)
    assert class_of(rule, arithmetic) is class_of(rule, arithmetic)
    assert branch_function(rule, arithmetic) is branch_function(rule, arithmetic)
    assert kinks_of(rule)
    trace = weakref.ref(rule)
    del rule
    gc.collect()
    assert trace() is None


def test_a_circuits_own_gates_go_with_the_circuit() -> None:
    text = "{inputs: {x: 2}, define: {cube: {operands: [x], value: x*x*x, partials: {x: 3*x*x}}}, gates: {y: cube(x)}}"
    circuit = circuitgrad.loads(text)
    assert circuit.backward()["x"] == 12.0
    assert check(circuit).gates["y"].verdict == OK
    trace = weakref.ref(circuit.rules[0])
    del circuit
    gc.collect()
    assert trace() is None


def test_a_rule_reads_no_formula_that_it_was_given_as_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Formula("x*x").steps
    monkeypatch.setattr("circuitgrad.formulas.formula.read_formula", pytest.fail)
    rule = Rule("own", Formula.of_steps(steps), {"x": Formula.of_steps(steps)})
    assert value_function(rule)(3.0) == 9.0
    assert rule.value.text == "x*x"


@pytest.mark.parametrize(
    "texts",
    [
        ["x", "x", "2", "x*x"],
        ["sin(x) + y", "sin(x) + y", "exp(sin(x) + y)*(sin(x) + y)"],
        ["max(max(x, y), x - y)", "max(max(x, y), x - y) - max(x, y)", "1 if max(x, y) > 1 else sin(x)"],
        ["x < y", "(x < y)*2", "x if x < y else y", "-(x < y)"],
        ["0*x", "-0.0*x", "1/(0*x)", "1/(-0.0*x)"],
    ],
)
def test_formulas_that_share_parts_are_what_they_are_alone(texts: list[str]) -> None:
    formulas = [read_formula(text) for text in texts]
    shared = compiled_sharing(["x", "y"], formulas, DOUBLES)
    for point in ((0.5, -2.0), (-2.0, 0.5), (0.0, 0.0), (float("nan"), 1.0), (3.0, float("inf"))):
        alone = compiled_tuple(["x", "y"], formulas, DOUBLES)(*point)
        assert [*map(repr, map(float, shared(*point)))] == [*map(repr, map(float, alone))]

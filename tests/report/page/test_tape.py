"""The passes, the steps and the numbers of the page, run by Node on generated circuits and compared with Python's."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import loads
from circuitgrad.report.number_text import exact, rounded
from circuitgrad.report.page.javascript import page_file, rules_text
from circuitgrad.report.page.page import document
from numeric_gradient import numeric_gradient
from random_circuits import SMOOTH, Plan, plans
from report.page.node import MISSING, NODE, as_json, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad import Circuit

pytestmark = pytest.mark.skipif(NODE is None, reason=MISSING)

PASSES = """
const results = given.circuits.map((circuit, place) => {
  const tape = tapeOf(circuit, rules);
  const values = tape.forward(circuit.inputs.map(({ value }) => value));
  const grads = tape.backward(values, circuit.output);
  const numeric = circuit.inputs.map((_, slot) => tape.numeric(values, slot, circuit.output).slope);
  return { values, grads, numeric };
});
answer(results);
"""


def passes(circuits: Sequence[Circuit]) -> list[dict[str, list[float]]]:
    rules = list(dict.fromkeys(rule for circuit in circuits for rule in circuit.rules))
    documents = [document(circuit, rules, circuit.outputs[0]) for circuit in circuits]
    results: list[dict[str, list[float]]] = run(
        rules_text(rules) + page_file("tape.js") + PASSES, {"circuits": documents}
    )
    return results


def near(first: float, second: float, room: float) -> bool:
    if math.isfinite(first) and math.isfinite(second):
        return abs(first - second) <= room
    return repr(first) == repr(second)


# At a tie the last digit of a function decides which way a gate goes: gates with kinks are compared at chosen points.
@settings(max_examples=examples(25))
@given(st.lists(plans(gates=tuple(SMOOTH)), min_size=1, max_size=12))
def test_passes_over_any_circuits(drawn: list[Plan]) -> None:
    circuits = [plan.circuit() for plan in drawn]
    for plan, circuit, result in zip(drawn, circuits, passes(circuits), strict=True):
        grads = circuit.backward()
        slots = [circuit.slot(name) for name in plan.names]
        for name, slot, (_, size) in zip(plan.names, slots, plan.gradients, strict=True):
            assert near(result["values"][slot], circuit[name].value, 1e-12 * max(1.0, *map(abs, plan.values)))
            assert near(result["grads"][slot], grads[name], 1e-12 * max(1.0, size))
        slopes = numeric_gradient(circuit, circuit.outputs[0], list(circuit.inputs))
        for name, slope in zip(circuit.inputs, result["numeric"], strict=True):
            assert near(slope, slopes[name], 1e-7 * max(1.0, *map(abs, plan.values)))


def test_a_zero_upstream_passes_nothing_on_and_a_nan_does() -> None:
    texts = [
        "{inputs: {x: 0}, gates: {y: sqrt(x), z: 'where(0, y, x)'}}",
        "{inputs: {x: 0}, gates: {y: sqrt(x*x)}}",
        "{inputs: {u: -1}, gates: {x: u + 1, y: sqrt(x*x)}}",
        "{inputs: {x: .nan, y: 1}, gates: {z: x*y + y}}",
        "{inputs: {x: 2}, gates: {y: x*x, z: x*y + y*y}}",
    ]
    circuits = [loads(text) for text in texts]
    for circuit, result in zip(circuits, passes(circuits), strict=True):
        circuit.backward()
        assert [repr(float(gradient)) for gradient in result["grads"]] == [
            repr(float(unit.grad)) for unit in circuit.units
        ]


@pytest.mark.parametrize(
    ("formula", "at", "wanted"),
    [("abs(x)", 0, "kink"), ("abs(x) + max(x, 0)", 0, "kink"), ("abs(x - 3) + x", 3, "kink"), ("relu(x)", 2e-6, "kink"),
     ("floor(x)", 2, "kink"), ("abs(x)", 1, "ok"), ("x*x", 0, "ok"), ("cos(1e4*x)", 0, "ok"), ("exp(300*x)", 1, "ok"),
     ("1e9 + x**3", 0, "ok"), ("1/x", 1, "ok"), ("x + 1e200", 1, ""), ("x + 1", 1, "ok"),
     ("0*x + 1e200", 1, "ok"),  ("1/x", 1e-4, "kink")],
)  # fmt: skip
def test_a_kink_does_not_pass_by_luck(formula: str, at: float, wanted: str) -> None:
    circuit = loads(f"{{inputs: {{x: {at}}}, gates: {{y: '{formula}'}}}}")
    script = """
        const tape = tapeOf(given, rules);
        const values = tape.forward(given.inputs.map(({ value }) => value));
        const analytic = tape.backward(values, given.output)[0];
        answer(verdict(analytic, tape.numeric(values, 0, given.output), values[given.output]));
    """
    rules = [*dict.fromkeys(circuit.rules)]
    parts = rules_text(rules) + page_file("tape.js") + page_file("inputs.js")
    assert run(parts + script, document(circuit, rules, circuit.outputs[0])) == wanted


def numbers(script: str, given: Any) -> Any:
    return run(page_file("numbers.js") + script, given)


@settings(max_examples=examples(30))
@given(st.lists(st.floats(), min_size=50, max_size=200), st.integers(1, 12))
def test_numbers_are_written_as_in_the_other_reports(values: list[float], digits: int) -> None:
    script = "answer(given.values.map((value) => [shown(value, given.digits), exact(value)]))"
    for value, (short, full) in zip(
        values, numbers(script, {"values": [*map(as_json, values)], "digits": digits}), strict=True
    ):
        assert float(full) == value or value != value
        # Where a number lies in the middle of two, JavaScript takes the larger one, and Python an even digit.
        wanted = rounded(value, digits)
        assert short == wanted or math.isclose(float(short), float(wanted), rel_tol=1.01 * 10 ** (1 - digits))
        assert len(short) <= len(rounded(-abs(value) or -1.0, digits)) + 1


def test_numbers_in_words() -> None:
    values = [1e21, 1e-5, 123456.7, 1234567.0, 0.1, -0.0, math.inf, -math.inf, math.nan, 5e-324, 0.00012345678]
    texts = numbers("answer(given.map((value) => shown(value)))", [*map(as_json, values)])
    assert texts == [rounded(value) for value in values]
    assert numbers("answer(given.map(exact))", [*map(as_json, values[5:9])]) == [
        exact(value).removesuffix(".0") for value in values[5:9]
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-3", 1e-3), (" -2 ", -2.0), ("\u22122", -2.0), ("inf", math.inf), ("-Infinity", -math.inf), (".5", 0.5)],
)
def test_numbers_are_read(text: str, number: float) -> None:
    assert numbers(f"answer(readNumber({json.dumps(text)}))", None) == number


@pytest.mark.parametrize("text", ["", " ", "1,5", "two", "1 2", "--1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert numbers(f"answer(readNumber({json.dumps(text)}))", None) is None


@settings(max_examples=examples(20))
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.floats(0, 1e3)), min_size=30, max_size=60))
def test_a_slider_has_its_value_within_its_range(cases: list[tuple[float, float, float]]) -> None:
    bounds = [
        [as_json(value), as_json(value - below if below else -math.inf), as_json(value + above if above else math.inf)]
        for value, below, above in cases
    ]
    ranges = numbers("answer(given.map((bounds) => rangeOf(...bounds)))", bounds)
    for (value, below, above), slider in zip(cases, ranges, strict=True):
        assert slider["low"] <= value <= slider["high"]
        assert slider["step"] > 0 or below or above
        if above:
            assert slider["high"] == value + above
        if below:
            assert slider["low"] == value - below

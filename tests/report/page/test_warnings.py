"""The warnings of the page, run by Node: the words of the command line, about the same gates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import loads
from circuitgrad.gates.kinks import carrying_positions
from circuitgrad.gates.table import GATES
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value, silenced_slope
from circuitgrad.report.page.javascript import page_file, rules_text
from circuitgrad.report.page.page import document
from report.page.node import MISSING, NODE, as_json, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad import Circuit
    from circuitgrad.errors import Problem
    from circuitgrad.gates.rule import Rule

pytestmark = pytest.mark.skipif(NODE is None, reason=MISSING)

SCRIPTS = ("numbers.js", "tape.js", "warnings.js")
WARNINGS = """
answer(given.map((circuit) => {
  const tape = tapeOf(circuit, rules);
  const values = tape.forward(circuit.inputs.map(({ value }) => value));
  return warningsAt(circuit, tape, values, tape.backward(values, circuit.output), circuit.output);
}));
"""


def scripts(rules: Sequence[Rule]) -> str:
    return "\n".join([rules_text(rules), *map(page_file, SCRIPTS)])


def on_the_page(circuits: Sequence[Circuit]) -> list[list[str]]:
    rules = list(dict.fromkeys(rule for circuit in circuits for rule in circuit.rules))
    documents = [document(circuit, rules, circuit.outputs[0]) for circuit in circuits]
    warnings: list[list[str]] = run(scripts(rules) + WARNINGS, documents)
    return warnings


def in_python(circuit: Circuit) -> list[str]:
    """Return what `circuitgrad backward` says, without the places."""
    circuit.forward()
    output = circuit.outputs[0]
    circuit.differentiate(output)
    found: list[Problem | None] = [nonfinite_gradient(circuit) or silenced_slope(circuit, output)]
    found.append(nonfinite_value(circuit))
    return [problem._replace(place=None).describe("warning")[len("warning: ") :] for problem in found if problem]


def of(formula: str, **inputs: float) -> Circuit:
    written = ", ".join(f"{name}: {value!r}" for name, value in inputs.items())
    return loads(f"{{inputs: {{{written}}}, gates: {{z: '{formula}'}}}}".replace("inf", ".inf").replace("nan", ".nan"))


SILENCED = [
    of("sqrt(x)**2", x=0), of("cbrt(x)**3", x=0), of("3*square(sqrt(x)) + y", x=0, y=2), of("x**0.5*x", x=0),
    of("cosh(sqrt(x))", x=0), of("square(asin(x) - pi/2)", x=1), of("0*log(x + 1)*acos(x)", x=1),
    of("square(acosh(x))", x=1), of("hypot(sqrt(x), 0)", x=0), of("y*sqrt(x)", x=0, y=0),
    of("max(square(sqrt(x)), -1)", x=0),
]  # fmt: skip
SILENT = [
    of("sqrt(x) if x > 0 else 0", x=0), of("where(0, sqrt(x), x)", x=0), of("max(sqrt(x), 1)", x=0),
    of("relu(sqrt(x) - 1)", x=0), of("floor(sqrt(x))", x=0), of("(sqrt(x) > 2)*x", x=0), of("clip(sqrt(x), 1, 2)", x=0),
    of("0*log(2)", x=1), of("x*y", x=1, y=2), of("sqrt(0)**2 + x", x=1),
]  # fmt: skip
NONFINITE = [
    of("sqrt(x*x)", x=0), of("1 + log(x)", x=-1), of("x/y", x=1, y=0), of("log(x)", x=0), of("x*y", x=math.nan, y=1),
    of("exp(x)", x=1000), of("x - y", x=math.inf, y=math.inf), of("(1e200*x)**2", x=1e10), of("x**y", x=-2, y=0.5),
    of("atan2(y, x)", x=0, y=0), of("1/x", x=5e-324),
]  # fmt: skip


@pytest.mark.parametrize("circuits", [SILENCED, SILENT, NONFINITE], ids=["silenced", "silent", "nonfinite"])
def test_the_page_says_what_the_command_says(circuits: list[Circuit]) -> None:
    wanted = list(map(in_python, circuits))
    assert on_the_page(circuits) == wanted
    assert all(map(bool, wanted)) == (circuits is not SILENT)


def test_a_zero_that_met_an_infinite_slope_is_named() -> None:
    (found,) = on_the_page([of("sqrt(x)**2", x=0)])
    assert " ".join(found) == (
        "the gradient 0 of 'z.1' meets the infinite slope of sqrt(0.0) in x, and adds nothing "
        "(derivatives through it may be wrong: circuitgrad check tells)"
    )


def test_gates_of_the_file_are_named_with_their_operands() -> None:
    define = "define: {root: {operands: [radius], value: sqrt(radius), partials: {radius: 0.5/sqrt(radius)}}}"
    circuit = loads(
        f"{define}\ninputs: {{x: 0}}\ngates: {{r: root(x), {'long_' * 20}: root(x - 1), z: r*r}}\noutput: z"
    )
    found = on_the_page([circuit])
    assert found == [in_python(circuit)]
    assert "root(0.0) in radius" in found[0][0]
    assert "…'" in found[0][1]


OUTER = ("square({})", "cosh({})", "relu({})", "abs({})*y", "max({}, y)", "{} if x > y else x", "floor({})", "-{}/y")
INNER = ("sqrt(x)", "cbrt(x)", "acosh(x)", "asin(x)", "acos(x)", "log(x)", "x**0.5", "atanh(x)", "1/x", "hypot(x, y)")


def test_whatever_meets_whatever_the_words_are_the_same() -> None:
    circuits = [
        of(outer.format(inner), x=x, y=y) for outer in OUTER for inner in INNER for x in (-1, 0, 1) for y in (0, 1)
    ]
    wanted = list(map(in_python, circuits))
    assert on_the_page(circuits) == wanted
    assert {len(found) for found in wanted} == {0, 1, 2}


POINTS = (0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, 4.0, -40.0, math.inf, -math.inf, math.nan)


def test_what_gates_carry_is_what_python_says() -> None:
    rules = list(GATES.values())
    given_points = [
        [POINTS[(number * step + shift) % len(POINTS)] for step, shift in zip((1, 5, 7), (0, 1, 2), strict=False)]
        for number in range(60)
    ]
    script = "answer(rules.map(({ carries }) => given.map((point) => carries(...point).map(Number))));"
    found = run(scripts(rules) + script, [[as_json(x) for x in point] for point in given_points])
    for rule, rows in zip(rules, found, strict=True):
        for point, row in zip(given_points, rows, strict=True):
            wanted = carrying_positions(rule, point[: rule.arity])
            assert [place for place, carries in enumerate(row) if carries] == wanted, (rule, point)


@given(st.lists(st.floats(), min_size=1, max_size=100))
@settings(max_examples=examples(25))
def test_numbers_are_written_as_python_writes_them(values: list[float]) -> None:
    given: Any = [as_json(value) for value in [*values, 1e16, 1e15, 1e-4, 1e-5, 123.0, -0.5, 1e22, 5e-324, 0.1]]
    expected = [*values, 1e16, 1e15, 1e-4, 1e-5, 123.0, -0.5, 1e22, 5e-324, 0.1]
    assert run(scripts([]) + "answer(given.map(pythonic));", given) == [repr(value) for value in expected]

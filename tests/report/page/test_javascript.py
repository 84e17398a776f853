"""The rules that the page computes with, run by Node and compared with Python's, rule by rule."""

from __future__ import annotations

import csv
import itertools
import math
import random
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from circuitgrad import loads
from circuitgrad.formulas.dialects import DEEPEST_TEXT
from circuitgrad.formulas.formula import Formula
from circuitgrad.formulas.steps import Call, Name, Number, Step
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.primitives import PRIMITIVES
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES
from circuitgrad.report.page.javascript import arithmetic_lines, page_file, rules_text
from report.page.node import MISSING, NODE, as_json, run
from special import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POINTS = Path(__file__).parents[2] / "known" / "special_points.tsv"
COUNT = 400
DIGITS = 1e-14
TINIEST = 1e-320
"""Below 1e-308 doubles have fewer digits."""

ASK = """
answer(given.map(([rule, operands]) => {
  const out = rules[rule].value(...operands);
  return [Number(out), ...rules[rule].partials(...operands, out).map(Number)];
}));
"""

needs_node = pytest.mark.skipif(NODE is None, reason=MISSING)


def ask(rules: Sequence[Rule], cases: Sequence[tuple[int, Sequence[float]]]) -> list[list[float]]:
    """Return what JavaScript computes: per case, a rule's number and operands, the value and the partials."""
    answers: list[list[float]] = run(
        rules_text(rules) + ASK, [[rule, [*map(as_json, operands)]] for rule, operands in cases]
    )
    return answers


def computed(rule: Rule, operands: Sequence[float]) -> list[float]:
    """The value and the partials in Python."""
    out = value_function(rule)(*operands)
    return [float(out), *map(float, partials_function(rule)(*operands, out))]


def agree(number: float, wanted: float) -> bool:
    if math.isnan(wanted) or math.isinf(wanted):
        return repr(number) == repr(wanted)
    return abs(number - wanted) <= max(DIGITS * abs(wanted), TINIEST)


def samples(rule: Rule) -> list[tuple[float, ...]]:
    """Points of a rule: where it is special, and at random in its range, near 0 as often as far from it."""
    rng = random.Random(rule.name)
    special = SPECIAL if rule.arity < 3 else SPECIAL[::3]
    points = list(itertools.product(special, repeat=rule.arity))
    for _ in range(COUNT):
        point = []
        for low, high in rule.sample:
            point.append(rng.uniform(low, high))
            if rng.random() < 0.5:
                near = rng.choice([low, high, 0.0]) + rng.choice([-1, 1]) * 10 ** rng.uniform(-9, 1)
                point[-1] = min(max(near, low), high)
        points.append(tuple(point))
    return points


@cache
def answers() -> dict[str, list[tuple[tuple[float, ...], list[float]]]]:
    """Per gate, points and what JavaScript computes there; all of them in one run."""
    rules = list(GATES.values())
    cases = [(index, point) for index, rule in enumerate(rules) for point in samples(rule)]
    with POINTS.open(encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            if line["gate"] in GATES:
                point = tuple(map(float, line["operands"].split(",")))
                cases.append((rules.index(GATES[line["gate"]]), point))
    by_gate: dict[str, list[tuple[tuple[float, ...], list[float]]]] = {}
    for (index, point), answer in zip(cases, ask(rules, cases), strict=True):
        by_gate.setdefault(rules[index].name, []).append((point, answer))
    return by_gate


@needs_node
@pytest.mark.parametrize("name", GATES)
def test_a_rule_computes_what_python_computes(name: str) -> None:
    rule = GATES[name]
    wrong = []
    for point, answer in answers()[name]:
        wanted = computed(rule, point)
        if not all(map(agree, answer, wanted)):
            wrong.append((point, answer, wanted))
    assert not wrong, f"{len(wrong)} points, such as {wrong[:3]}"


@needs_node
def test_zeros_have_their_signs() -> None:
    for name in ("identity", "neg", "floor", "mod", "sqrt", "cbrt", "sin", "tan", "sinh", "erf", "mul", "max"):
        for point, answer in answers()[name]:
            wanted = computed(GATES[name], point)[0]
            if wanted == 0:
                assert math.copysign(1, answer[0]) == math.copysign(1, wanted), (name, point)


@needs_node
def test_a_files_own_gates_may_use_any_names() -> None:
    circuit = loads("""
        inputs: {a: 0.3, b: -2}
        define:
          if_(var, e, function):
            value: "var*e if function > 0 else -(-var) - -(-2) + (e < var)"
            partials: {var: "e if function > 0 else 1", e: "var if function > 0 else 0", function: "0*pi + (e < var)"}
        gates: {p: "if_(a, b, 1)", q: "if_(a, b, -1)", r: "if_(b, a, inf)"}
        output: [p, q, r]
    """)
    rule = circuit.rules[0]
    assert rule.name == "if_"
    points = [(0.3, -2.0, 1.0), (0.3, -2.0, -1.0), (-2.0, 0.3, math.inf), (1.0, 2.0, -3.0)]
    text = rules_text([rule])
    assert "var" not in text.splitlines()[-3]
    for point, answer in zip(points, ask([rule], [(0, point) for point in points]), strict=True):
        assert answer == computed(rule, point)


def test_every_primitive_has_its_function() -> None:
    """A primitive that `arithmetic.js` forgets is named here."""
    (listed,) = re.findall(r"return \{\n(.*?)\};", page_file("arithmetic.js"), re.DOTALL)
    names = re.findall(r"^ *(\w+)[:,]", listed, re.MULTILINE)
    assert sorted(names) == sorted(PRIMITIVES)


@needs_node
def test_the_primitives_are_functions() -> None:
    script = "\n".join(
        [*arithmetic_lines(), "answer(Object.entries(primitives).map(([name, { length }]) => [name, length]));"]
    )
    arities = dict(run(script, None))
    assert arities.keys() == PRIMITIVES.keys()
    assert all(arities[name] == GATES[name].arity for name in PRIMITIVES)


DEEP: dict[str, tuple[list[Step], list[Step], Callable[[float, float], float]]] = {
    "x/1.01/1.01...": ([], [Number(1.01, 0), Call("div", 2, 0)], lambda x, y: x / 1.01),
    "x + y + y...": ([], [Name("y", 0), Call("add", 2, 0)], lambda x, y: x + y),
    "y - (y - (... x))": ([Name("y", 0)], [Call("sub", 2, 0)], lambda x, y: y - x),
    "sin(1 + sin(1 + ... x))": (
        [Number(1.0, 0)],
        [Call("add", 2, 0), Call("sin", 1, 0)],
        lambda x, y: math.sin(1 + x),
    ),
    "x if y > 0 else (... if y > 0 else x)": (
        [Name("y", 0), Number(0.0, 0), Call("gt", 2, 0), Name("y", 0)],
        [Call("where", 3, 0)],
        lambda x, y: y if y > 0 else x,
    ),
}
"""Per formula, the steps before and behind the formula so far at every level, and a level in Python."""


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("name", DEEP)
def test_a_deep_formula_of_a_files_own_gate_is_computed(name: str) -> None:
    before, behind, level = DEEP[name]
    count = 10_000
    steps: list[Step] = [*before * count, Name("x", 0), *behind * count]
    rule = Rule("own", Formula.of_steps(steps), {"x": Formula.of_steps(steps), "y": "1"})
    for x, y in ((0.3, -2.0), (3.0, 0.5)):
        value = x
        for _ in range(count):
            value = level(value, y)
        assert ask([rule], [(0, (x, y))]) == [[pytest.approx(value, rel=1e-9), pytest.approx(value, rel=1e-9), 1.0]]


def test_only_a_deep_formula_has_statements_of_its_own() -> None:
    assert "t1" not in rules_text(list(GATES.values()))
    steps: list[Step] = [Name("x", 0), *[Call("sin", 1, 0)] * (DEEPEST_TEXT + 2)]
    text = rules_text([Rule("own", Formula.of_steps(steps), {"x": "1"})])
    inner = "sin(" * (DEEPEST_TEXT + 1) + "x1" + ")" * (DEEPEST_TEXT + 1)
    assert f"value: (x1) => {{ const t1 = {inner}; return sin(t1); }}," in text

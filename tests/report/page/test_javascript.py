"""The rules that the page computes with, run by Node and compared with Python's, row by row."""

from __future__ import annotations

import csv
import itertools
import math
import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from circuitgrad import loads
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.table import GATES
from circuitgrad.report.page.javascript import rules_text
from report.page.node import MISSING, NODE, run, told
from special import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.gates.rule import Rule

POINTS = Path(__file__).parents[2] / "known" / "special_points.tsv"
COUNT = 400
DIGITS = 1e-14
TINIEST = 1e-320
"""Below 1e-308 doubles have fewer digits."""

ASK = """
answer(given.map(([row, operands]) => {
  const out = rules[row].value(...operands);
  return [Number(out), ...rules[row].partials(...operands, out).map(Number)];
}));
"""

pytestmark = pytest.mark.skipif(NODE is None, reason=MISSING)


def ask(rows: Sequence[Rule], cases: Sequence[tuple[int, Sequence[float]]]) -> list[list[float]]:
    """Return what JavaScript computes: per case, a row's number and operands, the value and the partials."""
    found: list[list[float]] = run(rules_text(rows) + ASK, [[row, [*map(told, operands)]] for row, operands in cases])
    return found


def computed(row: Rule, operands: Sequence[float]) -> list[float]:
    """The value and the partials in Python."""
    out = value_function(row)(*operands)
    return [float(out), *map(float, partials_function(row)(*operands, out))]


def agree(found: float, wanted: float) -> bool:
    if math.isnan(wanted) or math.isinf(wanted):
        return repr(found) == repr(wanted)
    return abs(found - wanted) <= max(DIGITS * abs(wanted), TINIEST)


def samples(row: Rule) -> list[tuple[float, ...]]:
    """Points of a row: where it is special, and at random in its range, near 0 as often as far from it."""
    rng = random.Random(row.name)
    some = SPECIAL if row.arity < 3 else SPECIAL[::3]
    points = list(itertools.product(some, repeat=row.arity))
    for _ in range(COUNT):
        point = []
        for low, high in row.sample:
            point.append(rng.uniform(low, high))
            if rng.random() < 0.5:
                near = rng.choice([low, high, 0.0]) + rng.choice([-1, 1]) * 10 ** rng.uniform(-9, 1)
                point[-1] = min(max(near, low), high)
        points.append(tuple(point))
    return points


@cache
def answers() -> dict[str, list[tuple[tuple[float, ...], list[float]]]]:
    """Per gate, points and what JavaScript computes there; all of them in one run."""
    rows = list(GATES.values())
    cases = [(index, point) for index, row in enumerate(rows) for point in samples(row)]
    with POINTS.open(encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            if line["gate"] in GATES:
                point = tuple(map(float, line["operands"].split(",")))
                cases.append((rows.index(GATES[line["gate"]]), point))
    found: dict[str, list[tuple[tuple[float, ...], list[float]]]] = {}
    for (index, point), answer in zip(cases, ask(rows, cases), strict=True):
        found.setdefault(rows[index].name, []).append((point, answer))
    return found


@pytest.mark.parametrize("name", GATES)
def test_a_row_computes_what_python_computes(name: str) -> None:
    row = GATES[name]
    wrong = []
    for point, answer in answers()[name]:
        wanted = computed(row, point)
        if not all(map(agree, answer, wanted)):
            wrong.append((point, answer, wanted))
    assert not wrong, f"{len(wrong)} points, such as {wrong[:3]}"


def test_zeros_have_their_signs() -> None:
    for name in ("identity", "neg", "floor", "mod", "sqrt", "cbrt", "sin", "tan", "sinh", "erf", "mul", "max"):
        for point, answer in answers()[name]:
            wanted = computed(GATES[name], point)[0]
            if wanted == 0:
                assert math.copysign(1, answer[0]) == math.copysign(1, wanted), (name, point)


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
    row = circuit.rules[0]
    assert row.name == "if_"
    points = [(0.3, -2.0, 1.0), (0.3, -2.0, -1.0), (-2.0, 0.3, math.inf), (1.0, 2.0, -3.0)]
    text = rules_text([row])
    assert "var" not in text.splitlines()[-3]
    for point, answer in zip(points, ask([row], [(0, point) for point in points]), strict=True):
        assert answer == computed(row, point)

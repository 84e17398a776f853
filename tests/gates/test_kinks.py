"""Switches: a gate's levels change where its value rule takes another branch, its margins vanish at the ties.

The branches are told here by a second reading of the formulas, step by step, which notes every decision on the way.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

import circuitgrad
from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import CONSTANTS, Call, Name, Number
from circuitgrad.gates.compiled import compiled, partials_function, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.kinks import MOST_KINK_STEPS, Branch, branch_function, carrying_positions, kinks_of, taken
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES, find
from special import SPECIAL

COMPARED = {"lt", "le", "gt", "ge", "eq", "ne"}
KINKED = {
    *COMPARED, "abs", "sign", "step", "floor", "mod", "hypot", "atan2", "max", "min", "clip", "where", "relu",
    "leaky_relu", "elu", "sigmoid", "silu", "gelu", "softplus", "softsign", "logsumexp", "gaussian", "normal_pdf",
    "normal_cdf", "log_normal_cdf", "log_sigmoid",
}  # fmt: skip
"""The rows with a condition, or something that is not smooth, somewhere in their values."""

small = st.integers(-12, 12).map(lambda quarters: quarters / 4)


class Decisions:
    """What decides the branch of a formula at a point: noted while it is computed anew.

    Attributes:
        taken: every decision, in order.
        tied: whether one of them is on the edge.
    """

    def __init__(self, row: Rule, operands: tuple[float, ...]) -> None:
        self.taken: list[Any] = []
        self.tied = False
        self.call(row.name, row, list(operands), list(row.operands))

    def note(self, decision: Any, *, tied: bool) -> None:
        self.taken.append(decision)
        self.tied = self.tied or tied

    def call(self, name: str, row: Rule, values: list[float], texts: list[str]) -> float:
        """Compute a gate; `texts` tell its operands apart."""
        if name in COMPARED:
            x, y = values
            if texts[0] != texts[1]:  # x != x asks for NaN
                self.note((x > y) - (x < y), tied=x == y)
            return float({"lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y, "eq": x == y, "ne": x != y}[name])
        if name == "where":
            # What a comparison decides has been noted with it.
            if not texts[0].startswith("compared"):
                self.note(values[0] == 0, tied=values[0] == 0)
            return values[2] if values[0] == 0 else values[1]
        if name == "abs":
            self.note((values[0] > 0) - (values[0] < 0), tied=values[0] == 0)
        elif name == "floor":
            self.note(math.floor(values[0]), tied=values[0] % 1 == 0)
        elif name == "mod":
            quotient = Fraction(values[0]) / Fraction(values[1])
            self.note(math.floor(quotient), tied=quotient % 1 == 0)
        elif name == "hypot":
            self.note(values == [0, 0], tied=values == [0, 0])
        elif name == "atan2":
            y, x = values
            self.note((y > 0) - (y < 0) if x < 0 else 1, tied=x < 0 and y == 0)
        if name in DOUBLES.primitives:
            return float(DOUBLES.primitives[name](*values))
        if name in {"add", "sub", "mul", "neg"}:
            x, y = (*values, 0.0)[:2]
            return {"add": x + y, "sub": x - y, "mul": x * y, "neg": -x}[name]
        return self.compute(row, dict(zip(row.operands, values, strict=True)))

    def compute(self, row: Rule, given: dict[str, float]) -> float:
        stack: list[tuple[float, str]] = []
        for step in row.value.steps:
            if isinstance(step, Number):
                stack.append((step.value, repr(step.value)))
            elif isinstance(step, Name):
                stack.append((given[step.name] if step.name in given else CONSTANTS[step.name], step.name))
            else:
                assert isinstance(step, Call)
                first = len(stack) - step.arity
                values, texts = [value for value, _ in stack[first:]], [text for _, text in stack[first:]]
                value = self.call(step.gate, find(step.gate), values, texts)
                text = f"{step.gate}({', '.join(texts)})"
                stack[first:] = [(value, f"compared {text}" if step.gate in COMPARED else text)]
        return stack[0][0]


def drawn(row: Rule, count: int) -> list[tuple[float, ...]]:
    """Draw points of a row's range, half of the operands from a coarse grid on which ties are many."""
    generator = random.Random(row.name)

    def draw(low: float, high: float) -> float:
        grid = [x / 4 for x in range(-16, 17) if low <= x / 4 <= high]
        return generator.choice(grid) if grid and generator.random() < 0.6 else generator.uniform(low, high)

    found = [tuple(draw(low, high) for low, high in row.sample) for _ in range(count)]
    return [point for point in found if not (row.name == "mod" and point[1] == 0)]


def user_row(value: str, *operands: str, more: str = "") -> Rule:
    """Return the row that a file makes of a definition with partials."""
    partials = ", ".join(f"{operand}: '0'" for operand in operands)
    inputs = ", ".join(f"{operand}: 1" for operand in operands)
    names = ", ".join(operands)
    define = f"define: {{{more} g: {{operands: [{names}], value: '{value}', partials: {{{partials}}}}}}}"
    (row,) = circuitgrad.loads(f"{define}\ninputs: {{{inputs}}}\ngates: {{out: 'g({names})'}}").rules
    return row


def state(row: Rule, *operands: float) -> Branch:
    rule = branch_function(row)
    assert rule is not None
    return rule(*operands)


# The table


@pytest.mark.parametrize("row", GATES.values(), ids=list(GATES))
def test_rows_have_switches_where_their_formulas_decide_something(row: Rule) -> None:
    assert bool(kinks_of(row)) is (row.name in KINKED)
    assert (branch_function(row) is None) is (row.name not in KINKED)


@pytest.mark.parametrize("name", sorted(KINKED))
def test_levels_change_exactly_where_a_decision_does(name: str) -> None:
    row = find(name)
    points = drawn(row, 400)
    seen = [(state(row, *point), Decisions(row, point)) for point in points]
    for (one, before), (other, after) in pairwise(seen):
        assert one.differs(other) is (before.taken != after.taken)
    assert any(one.differs(seen[0][0]) for one, _ in seen) or name in {"hypot", "silu", "gelu"}


@pytest.mark.parametrize("name", sorted(KINKED))
def test_a_margin_is_zero_exactly_at_a_tie(name: str) -> None:
    row = find(name)
    for point in drawn(row, 400):
        assert state(row, *point).tied is Decisions(row, point).tied, point


@pytest.mark.parametrize("name", sorted(KINKED - {"normal_pdf", "gaussian"}))
def test_states_are_the_same_in_multiprecision(name: str) -> None:
    row = find(name)
    rule = branch_function(row, MULTIPRECISION)
    assert rule is not None
    with mpmath.workdps(60):
        for point in drawn(row, 60):
            double, exact = state(row, *point), rule(*map(mpf, point))
            assert double.levels == exact.levels
            assert double.tied is exact.tied


@pytest.mark.parametrize(
    ("name", "tie"),
    [
        ("relu", (0.0,)),
        ("relu", (-0.0,)),
        ("leaky_relu", (0.0,)),
        ("abs", (0.0,)),
        ("sign", (0.0,)),
        ("step", (0.0,)),
        ("max", (2.0, 2.0)),
        ("min", (-3.5, -3.5)),
        ("clip", (-2.0, -2.0, 3.0)),
        ("clip", (3.0, -2.0, 3.0)),
        ("floor", (4.0,)),
        ("floor", (-4.0,)),
        ("mod", (6.0, 1.5)),
        ("mod", (-6.0, 1.5)),
        ("hypot", (0.0, -0.0)),
        ("atan2", (0.0, -1.0)),
        ("where", (0.0, 5.0, 7.0)),
        *[(name, (1.5, 1.5)) for name in sorted(COMPARED)],
    ],
)
def test_the_ties_of_the_table(name: str, tie: tuple[float, ...]) -> None:
    assert state(find(name), *tie).tied


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("relu", (5e-324,)),
        ("abs", (-5e-324,)),
        ("max", (1.0, math.nextafter(1, 2))),
        ("clip", (0.0, -2.0, 3.0)),
        ("clip", (-9.0, -2.0, 3.0)),
        ("floor", (4.5,)),
        ("mod", (1.0, 1.5)),
        ("hypot", (0.0, 1e-300)),
        ("atan2", (0.0, 1.0)),
        ("atan2", (1.0, -1.0)),
        ("where", (-1.0, 0.0, 0.0)),
        ("lt", (1.0, 2.0)),
    ],
)
def test_beside_the_ties_there_are_none(name: str, point: tuple[float, ...]) -> None:
    assert not state(find(name), *point).tied


@given(x=st.floats(-50, 50), y=st.floats(-50, 50))
def test_the_levels_of_kinks_are_told_in_closed_form(x: float, y: float) -> None:
    for one, other, crossed in [
        (state(find("relu"), x), state(find("relu"), y), (x > 0, x < 0) != (y > 0, y < 0)),
        (state(find("floor"), x), state(find("floor"), y), math.floor(x) != math.floor(y)),
        (state(find("max"), x, y), state(find("max"), y, x), x != y),
        (state(find("max"), x, y), state(find("min"), x, y), False),
    ]:
        assert one.differs(other) is crossed


# Rows of files


@given(x=st.integers(-40, 40).map(lambda eighths: eighths / 8))
def test_a_row_sees_the_kinks_inside_what_it_calls(x: float) -> None:
    triangle = user_row("abs(abs(x) - 1)", "x")
    assert state(triangle, x).tied is (x in {-1.0, 0.0, 1.0})
    wave = user_row("clip(2*mod(x, 3), 1, 4)*relu(x - 2)", "x")
    assert state(wave, x).tied is (x % 3 in {0.0, 0.5, 2.0} or x == 2)


@given(x=small, y=small)
def test_a_row_sees_the_kinks_of_the_files_own_gates(x: float, y: float) -> None:
    more = "dist: {operands: [a, b], value: 'abs(a - b)', partials: {a: '0', b: '0'}},"
    row = user_row("dist(x*y, 1) + max(x, 0)", "x", "y", more=more)
    assert state(row, x, y).tied is (x * y == 1 or x == 0)
    other = state(row, 2.0, 2.0)
    assert state(row, x, y).differs(other) is not (x * y > 1 and x > 0)


@pytest.mark.parametrize("more", ["", "bend: {operands: [a], value: 'abs(a)'},"])
def test_an_operand_may_be_called_as_an_operand_of_the_gate_that_is_called(more: str) -> None:
    call = "bend(y - 1)" if more else "abs(y - 1)"
    row = user_row(f"{call} + max(y, x)", "y", "x", more=more)
    assert state(row, 1.0, 5.0).tied
    assert state(row, 3.0, 3.0).tied
    assert not state(row, 5.0, 1.0).tied


@given(u=small, x=small, y=small)
def test_a_condition_is_a_switch_whatever_it_is(u: float, x: float, y: float) -> None:
    assert state(user_row("x if u else y", "u", "x", "y"), u, x, y).tied is (u == 0)
    assert state(user_row("x if u > y else y", "u", "x", "y"), u, x, y).tied is (u == y)
    assert state(user_row("where(u - 1, x, y)", "u", "x", "y"), u, x, y).tied is (u == 1)
    nested = user_row("(x if u > 0 else y) if x > y else u", "u", "x", "y")
    assert state(nested, u, x, y).tied is (u == 0 or x == y)


@given(a=small, b=small)
def test_the_levels_of_a_row_of_a_file_tell_its_decisions(a: float, b: float) -> None:
    row = user_row("floor(x)*(1 if x*x > 2 else x) + sign(x - 0.5)", "x")
    decisions = [(math.floor(x), x * x > 2, x > 0.5, x < 0.5, x > 0) for x in (a, b)]
    if all(x * x != 2 and x != 0 for x in (a, b)):
        assert state(row, a).differs(state(row, b)) is (decisions[0][:4] != decisions[1][:4])


def test_a_test_for_nan_is_no_switch() -> None:
    assert branch_function(user_row("x if x == x else 0", "x")) is None
    assert branch_function(user_row("0 if x*y != x*y else x*y", "x", "y")) is None
    assert branch_function(user_row("0 if x*y != y*x else x*y", "x", "y")) is not None


@pytest.mark.parametrize("value", ["x", "x*y + 3", "exp(x) - tanh(y)", "x**3/y", "sqrt(x*x + 1)"])
def test_rows_without_branches_have_no_state(value: str) -> None:
    row = user_row(f"{value} + 0*x*y", "x", "y")
    assert kinks_of(row) == ()
    assert branch_function(row) is None


def test_equal_switches_count_once() -> None:
    assert len(kinks_of(user_row("relu(x) + relu(x)*relu(x)", "x"))) == 1
    assert len(kinks_of(user_row("relu(x) + relu(2*x)", "x"))) == 2


def test_a_row_too_long_counts_as_without_branches() -> None:
    terms = 2000
    assert terms * terms > MOST_KINK_STEPS
    long = Rule("long", " + ".join(["abs(x)"] * terms), {"x": "0"})
    assert branch_function(long) is None
    short = Rule("short", " + ".join(["abs(x)"] * 100), {"x": "0"})
    assert state(short, 0.0).tied


# States


def test_not_a_number_is_one_branch() -> None:
    rule = branch_function(find("abs"))
    assert rule is not None
    nothing = rule(math.nan)
    assert not nothing.tied
    assert not nothing.differs(rule(math.nan))
    assert nothing.differs(rule(1.0))
    assert rule(1.0).differs(nothing)


@pytest.mark.parametrize("name", sorted(KINKED))
def test_a_state_at_nan_raises_nothing_and_is_at_no_tie(name: str) -> None:
    row = find(name)
    at_nan = state(row, *[math.nan] * row.arity)
    # An angle has a cut only on the left of the origin: NaN is not there.
    assert not at_nan.tied
    assert not at_nan.differs(state(row, *[math.nan] * row.arity))


@given(x=st.floats(), y=st.floats())
def test_to_differ_is_mutual_and_nothing_differs_from_itself(x: float, y: float) -> None:
    for name in ("relu", "abs", "floor", "softsign", "silu"):
        one, other = state(find(name), x), state(find(name), y)
        assert one.differs(other) is other.differs(one)
        assert not one.differs(one)


def test_levels_and_margins_are_formulas_of_the_operands() -> None:
    for row in GATES.values():
        for switch in kinks_of(row):
            for steps in switch:
                names = {step.name for step in steps if isinstance(step, Name)}
                assert names <= {*row.operands, *CONSTANTS}
    assert read_formula("x")[0].at == 0


# The branch that is taken


@pytest.mark.parametrize("row", GATES.values(), ids=lambda row: row.name)
def test_the_branches_that_are_taken_have_the_value_of_the_whole(row: Rule) -> None:
    names = (*row.operands, "out")
    for operands in product(SPECIAL if row.arity < 3 else [*SPECIAL[::3], math.nan], repeat=row.arity):
        out = value_function(row)(*operands)
        for partial, expression in zip(partials_function(row)(*operands, out), row.partials.values(), strict=True):
            steps = taken(expression.steps, dict(zip(names, (*operands, out), strict=True)))
            assert "where" not in {step.gate for step in steps if isinstance(step, Call)}
            assert repr(float(compiled(names, steps, DOUBLES)(*operands, out))) == repr(float(partial))


@pytest.mark.parametrize(
    ("text", "x", "left"),
    [("1 if x > 0 else 2", 1.0, "1"), ("1 if x > 0 else 2", math.nan, "2"), ("1 if x else 2", math.nan, "1"),
     ("x if x != x else 2", math.nan, "x"),
     ("3*(x if x > 0 else -x) + (x if x < 0 else 1 if x == 2 else 5)", 2.0, "3*x + 1"),
     ("1 if (2 if x > 0 else 0) > 1 else x*x", -1.0, "x*x"), ("x + 1", 0.0, "x + 1")],
)  # fmt: skip
def test_of_a_conditional_one_branch_is_left(text: str, x: float, left: str) -> None:
    assert FORMULA.write(taken(read_formula(text), {"x": x})) == left


@pytest.mark.slow
def test_a_long_formula_takes_no_quadratic_time() -> None:
    steps = read_formula("0" + " + (x if x > 0 else 1)" * 30_000)
    assert len(taken(steps, {"x": 1.0})) == 60_001


@pytest.mark.parametrize(
    ("text", "margins"),
    [
        ("x if 0 < x < 1 else 0", ["0 - x", "x - 1"]),
        ("x if x > 0 and y > 2 else 0", ["x - 0", "y - 2"]),
        ("x if x > 0 or y > 2 else y", ["x - 0", "y - 2"]),
        ("x if not (x > 0 or y > 2) else y", ["x - 0", "y - 2"]),
        ("x if not x else y", ["x"]),
        ("x if x and y else 0", ["y - 0", "x"]),
        ("x > 0 and not y > 2", ["x - 0", "y - 2"]),
    ],
)
def test_the_kinks_of_a_condition_are_those_of_its_comparisons(text: str, margins: list[str]) -> None:
    rule = Rule("f", text, {"x": "0", "y": "0"})
    assert [FORMULA.write(kink.margin) for kink in kinks_of(rule)] == margins


@pytest.mark.parametrize("depth", [1, 10, 90])
def test_the_operands_that_move_a_rule_are_told_at_any_depth(monkeypatch: pytest.MonkeyPatch, depth: int) -> None:
    value = f"{'relu(' * depth}x{')' * depth} + 0*y"
    partials = {"x": "1", "y": "0", "z": "0"}
    rule = Rule("deep", value, partials)
    assert carrying_positions(rule, (2.0, 1.0, 1.0)) == [0, 1]
    assert carrying_positions(rule, (-1.0, 1.0, 1.0)) == [1]
    monkeypatch.setattr("circuitgrad.gates.kinks.MOST_CARRYING_STEPS", 1)
    assert carrying_positions(Rule("deep", value, partials), (-1.0, 1.0, 1.0)) == [0, 1, 2]

"""The conditions of formulas: their sides, their boundaries, and which of them a point gets to."""

from __future__ import annotations

import pytest

from circuitgrad.formulas.reader import read_formula
from circuitgrad.gates.rule import Rule
from circuitgrad.methods.check.conditions import (
    asks_for_infinity,
    conditions_of,
    full_text,
    side_text,
    standing_function,
)


def named(text: str) -> list[str]:
    """Return the texts of the sides of a formula's conditions that are looked for and named."""
    conditions = conditions_of([read_formula(text)])
    assert conditions is not None
    return [
        full_text(conditions, position, side)
        for position, condition in enumerate(conditions)
        for side in sorted(condition.sides, reverse=True)
        if condition.named
    ]


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("x + 1", []),
        ("x if x > 0 else y", ["x > 0", "x <= 0"]),
        ("x if x == y else y", ["x == y", "x != y"]),
        ("x if x else y", ["x", "not x"]),
        ("x if x > 0 and y > 0 else y", ["x > 0 and y > 0", "not (x > 0 and y > 0)"]),
        ("x if not x > 0 else y", ["not x > 0", "x > 0"]),
        ("1 if x > 0 else 0 if x <= 0 else nan", ["x <= 0 where x <= 0", "x > 0", "x <= 0"]),
        ("x if x == x else y", []),
        ("x*(x > 3)", ["x > 3", "x <= 3"]),
        ("abs(x) + max(x, y) + relu(x)", []),
        ("(a if y > 0 else b) if x > 0 else c", ["y > 0 where x > 0", "y <= 0 where x > 0", "x > 0", "x <= 0"]),
        ("a if x > 0 else b if x > -1 else c", ["x > -1 where x <= 0", "x <= -1 where x <= 0", "x > 0", "x <= 0"]),
    ],
)
def test_conditions_are_told_by_their_sides(text: str, sides: list[str]) -> None:
    found = named(text)
    if "not not x > 0" in found:
        found = ["x > 0" if side == "not not x > 0" else side for side in found]
    assert found == sides


def test_kinks_of_gates_are_conditions_too() -> None:
    rule = Rule("f", "abs(x) + max(x, 3)", {"x": "0"})
    conditions = conditions_of([rule.value.steps])
    assert conditions is not None
    standing = standing_function(rule, conditions)
    assert [condition.named for condition in conditions] == [False, False]
    at = standing([3.0])
    assert at is not None
    assert at.ties == {1}
    below = standing([-2.0])
    assert below is not None
    assert (below.sides, below.margins) == ((False, False), (2.0, 5.0))


def test_a_point_stands_nowhere_where_the_value_is_not_finite() -> None:
    rule = Rule("f", "log(x) if x != 1 else 0", {"x": "1/x if out != 0 else 1"})
    conditions = conditions_of([rule.value.steps, *rule.partial_steps])
    assert conditions is not None
    standing = standing_function(rule, conditions)
    assert standing([-1.0]) is None
    assert standing([0.0]) is None
    at = standing([1.0])
    assert at is not None
    assert at.sides == (False, False, False, False)


def test_a_condition_in_a_branch_has_no_side_where_the_branch_is_not_taken() -> None:
    rule = Rule("f", "(1 if y > 0 else 2) if x > 0 else 3", {"x": "0", "y": "0"})
    conditions = conditions_of([rule.value.steps])
    assert conditions is not None
    standing = standing_function(rule, conditions)
    sides = {point: standing(point) for point in ((1.0, 1.0), (1.0, -1.0), (-1.0, 0.0))}
    (inner,) = [position for position, condition in enumerate(conditions) if not condition.margin and condition.path]
    assert [found.sides[inner] for found in sides.values() if found is not None] == [True, False, None]
    assert sides[-1.0, 0.0] is not None
    assert sides[-1.0, 0.0].ties == frozenset()


def test_too_long_conditions_are_given_up() -> None:
    text = " + ".join(["(x if x*x*x + x > 0 else 2*x)"] * 2000)
    assert conditions_of([read_formula(text)]) is None


def test_conditions_on_infinity_are_known() -> None:
    conditions = conditions_of([read_formula("(1 if y > 0 else 2) if x == inf else 3")])
    assert conditions is not None
    assert all(asks_for_infinity(conditions, position) for position, one in enumerate(conditions) if one.named)
    assert side_text(conditions[-1], side=False) == "x != inf"

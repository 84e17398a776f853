"""Branches of a file's conditionals that no point of a check takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import circuitgrad
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.input_points import InputPoint
from program import done, invoke

if TYPE_CHECKING:
    from pathlib import Path

    from circuitgrad.methods.check.result import Check


def never(result: Check) -> list[tuple[str, str]]:
    return [(branch.wire, branch.where) for branch in result.never_taken]


@pytest.mark.parametrize(
    ("formula", "branches"),
    [
        ("x*x", []),
        ("relu(x) + max(x, 0) + abs(x)", []),
        ("x if x > 0 else 2*x", ["x <= 0"]),
        ("x if x < 0 else 2*x", ["x < 0"]),
        ("x if x > 0 and y > 0 else y", ["not (x > 0 and y > 0)"]),
        ("x if not x > 0 else y", ["not x > 0"]),
        ("x if x > 9 else (y if y > 9 else x*y)", ["x > 9", "y > 9"]),
        ("(sqrt(y) if y > 9 else y) if x > 9 else x", ["x > 9"]),
        ("where(x - 2, x, y)", ["x - 2"]),
        ("x if 1 > 0 else y", []),
        ("x if x == x else y", []),
        ("x if x > 0 else y if x <= 0 else nan", ["x <= 0"]),
        ("x if x < y else nan", []),
    ],
)
@pytest.mark.parametrize("method", ["mp", "central", "ridders"])
def test_branches_that_are_not_taken_are_named(formula: str, branches: list[str], method: str) -> None:
    result = check(circuitgrad.from_expression(formula, x=2, y=3), method=method)
    assert never(result) == [("out", branch) for branch in branches]


def test_all_points_count() -> None:
    circuit = circuitgrad.from_expression("(x if y > 0 else 2*x) if x > 0 else x*y", x=2, y=3)
    assert never(check(circuit)) == [("out", "x <= 0"), ("out", "y <= 0")]
    assert never(check(circuit, points=[InputPoint("a", {"x": -1})])) == [("out", "y <= 0")]
    assert never(check(circuit, points=[InputPoint("a", {"x": -1, "y": -1})])) == [("out", "y <= 0")]
    points = [InputPoint("a", {"x": -1}), InputPoint("b", {"y": -1})]
    assert never(check(circuit, points=points)) == []


def test_calls_of_a_definition_are_named_by_their_wires_and_not_what_feeds_no_output() -> None:
    text = """
    define: {g(x): x if x > 0 else 0, f: {operands: [x], value: x if x > 0 else 0, partials: {x: x > 0}}}
    inputs: {x: 2}
    gates: {a: g(x), b: g(-x) + f(x), c: 'x if x > 7 else 0', z: a + b}
    output: z
    """
    assert never(check(circuitgrad.loads(text))) == [("a", "x <= 0"), ("b", "-x > 0")]


def test_one_short_note_and_the_whole_list_in_json(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    gates = {f"g{number}": f"x if x > {number} else 2*x" for number in range(5)}
    file.write_text(json.dumps({"inputs": {"x": -1}, "gates": {**gates, "z": " + ".join(gates)}}))
    output = " ".join(done("check", str(file)).split())
    assert "not taken at this point: 'g0' where x > 0; 'g1' where x > 1; 'g2' where x > 2; 2 more branches" in output
    rows = tmp_path / "rows.csv"
    rows.write_text("x\n-1\n")
    found = json.loads(done("check", str(file), "--format", "json"))
    assert found["not_taken"] == [{"wire": f"g{number}", "where": f"x > {number}"} for number in range(5)]
    assert "not taken at any point: 'g3' where x > 3; 'g4' where x > 4" in " ".join(
        done("check", str(file), "--set", "x=2.5", "--data", str(rows)).split()
    )
    assert "not taken" not in invoke("check", str(file), "--only-failed").stdout

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from program import CIRCUITS, NEURON, document, invoke, write

if TYPE_CHECKING:
    from pathlib import Path

HEADER = [
    *("circuit", "output", "kind", "wire", "operand", "analytic", "reference", "rel. err", "digits", "allowed", "at"),
    *("verdict", "left", "right"),
]
TEXT = """
name: example
inputs: {x: 1, y: 2, "w[0:2, 0:2]": 1}
define: {f: {operands: [a, b], value: a*b, partials: {a: b, b: 2*a}}}
gates: {u: "f(x, y)", v: "relu(x - 1)*w[1,0] + u"}
output: [u, v]
expect: {u: 2}
"""


def table(*arguments: str, stdin: str | None = None) -> list[dict[str, str]]:
    text = invoke("check", *arguments, "--format", "csv", stdin=stdin).stdout
    header, *rows = csv.reader(text.splitlines())
    assert header == HEADER
    assert {len(row) for row in rows} <= {len(header)}
    assert rows or "--only-failed" in arguments
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    "arguments",
    [[], ["--all"], ["--only-failed"], ["--points", "2"], ["--order", "2"], ["--output", "u"], ["--method", "central"]],
)
def test_the_columns_are_the_same_for_every_call(arguments: list[str]) -> None:
    rows = table("-", *arguments, stdin=TEXT)
    assert {row["kind"] for row in rows} <= {"input", "value", "gate", "sum", "expect"}
    for row in rows:
        assert row["circuit"] == "example"
        assert row["output"] in {"input": ("u", "v"), "sum": ("u", "v")}.get(row["kind"], ("",))
        assert row["wire"] in ("x", "y", "u", "v", "w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]") or row["kind"] == "gate"
        assert all(float(row[title]) is not None for title in ("analytic", "left", "right") if row[title])


def test_each_derivative_has_its_row() -> None:
    rows = table("-", stdin=TEXT)
    inputs = [(row["output"], row["wire"], row["operand"]) for row in rows if row["kind"] == "input"]
    names = ["x", "y", "w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"]
    assert inputs == [(output, name, "") for output in "uv" for name in names]
    (wrong,) = [row for row in rows if row["kind"] == "gate" and row["verdict"] == "wrong"]
    assert wrong["operand"] == "b"


def test_second_derivatives_name_both_inputs() -> None:
    rows = table("-", "--order", "2", stdin="{inputs: {x: 1, y: 2}, gates: {z: x*x*y}}")
    pairs = {(row["wire"], row["operand"]): float(row["analytic"]) for row in rows if row["kind"] == "input"}
    assert pairs == {("x", "x"): 4, ("x", "y"): 2, ("y", "y"): 0}


def test_several_circuits_are_one_table(tmp_path: Path) -> None:
    broken = write(tmp_path, "{gates: {y: sinn(x)}}")
    rows = table(NEURON, broken, str(CIRCUITS / "multiply.yaml"))
    assert [row["circuit"] for row in rows] == ["neuron"] * 7 + ["multiply"] * 4
    values = document("check", NEURON)["inputs"]
    assert {row["wire"]: float(row["analytic"]) for row in rows[:5]} == {
        name: comparison["analytic"] for name, comparison in values.items()
    }

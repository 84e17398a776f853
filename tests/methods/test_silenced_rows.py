"""Rows at which a gradient of 0 meets an infinite slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import circuitgrad
from circuitgrad.engines.wanted import Wanted
from circuitgrad.methods.silenced_rows import SilencedRows
from program import invoke, write

if TYPE_CHECKING:
    from pathlib import Path

ROWS = "x\n1\n2\n0\n3\n0\n"


def backward(folder: Path, formula: str, *options: str) -> tuple[str, str]:
    circuit = write(folder, f"{{inputs: {{x: 1, y: 2}}, gates: {{f: '{formula}'}}}}")
    result = invoke("backward", circuit, "--data", write(folder, ROWS, "rows.csv"), "--format", "csv", *options)
    assert result.exit_code == 0
    return result.stdout, result.stderr


@pytest.mark.parametrize("engine", ["objects", "python", "native"])
@pytest.mark.parametrize(
    "formula", ["sqrt(x)**2", "cbrt(x)**3", "y + (x**0.5)**4", "sqrt(x)*sqrt(x)", "relu(sqrt(x*y))"]
)
def test_the_first_row_is_named(tmp_path: Path, formula: str, engine: str) -> None:
    _, told = backward(tmp_path, formula, "--engine", engine)
    assert "and adds nothing; at line 4 of " in told


@pytest.mark.parametrize(
    "formula", ["sqrt(x)*y if x > 0 else y", "sqrt(x + 1)**2", "x**3", "max(sqrt(x), 0.5)", "asin(x/4)", "hypot(x, y)"]
)
def test_other_rows_are_not(tmp_path: Path, formula: str) -> None:
    assert backward(tmp_path, formula)[1] == ""


@pytest.mark.parametrize("options", [(), ("--all",), ("--wrt", "y"), ("--wrt", "x", "--engine", "native")])
def test_only_what_was_asked_for_is_printed(tmp_path: Path, options: tuple[str, ...]) -> None:
    shown, _ = backward(tmp_path, "y*sqrt(x)**2", *options)
    header = shown.splitlines()[0].split(",")
    wires = ["x", "y", "f.1", "f.2", "f"]
    expected = {
        (): ["f", "df/dx", "df/dy"],
        ("--all",): [*wires, *(f"df/d{wire}" for wire in wires)],
        ("--wrt", "y"): ["f", "df/dy"],
    }
    assert header == expected.get(options, ["f", "df/dx"])
    assert all(len(line.split(",")) == len(header) for line in shown.splitlines())


def test_nothing_more_is_computed_where_no_slope_can_be_infinite() -> None:
    circuit = circuitgrad.from_expression("x**3 + sigmoid(y)/(1 + x*x)", x=1, y=2)
    wanted = Wanted(("out",), ("out",), ("x",))
    assert SilencedRows(circuit, wanted).wanted == wanted
    assert SilencedRows(circuit, Wanted(("out",))).wanted == Wanted(("out",))


def test_a_fit_warns_of_what_it_fits(tmp_path: Path) -> None:
    rows = write(tmp_path, ROWS, "rows.csv")
    fit = ["--data", rows, "--steps", "3", "--minimize"]
    steep = write(tmp_path, "{inputs: {w: 0, x: 1}, gates: {f: 'sqrt(w*x)**2'}}", "steep.yaml")
    assert "and adds nothing; at line 2 of the data" in invoke("optimize", steep, *fit).stderr
    assert "infinite slope" not in invoke("optimize", steep, *fit, "-q").stderr
    flat = write(tmp_path, "{inputs: {w: 1, x: 1}, gates: {f: 'w*sqrt(x)**2'}}", "flat.yaml")
    assert "infinite slope" not in invoke("optimize", flat, *fit).stderr  # the data do not move


def test_only_derivatives_that_were_asked_for_count(tmp_path: Path) -> None:
    assert "adds nothing" in backward(tmp_path, "y*sqrt(x)**2", "--wrt", "x")[1]
    assert backward(tmp_path, "y*sqrt(x)**2", "--wrt", "y")[1] == ""

"""Plots of gates: what is drawn, where it breaks, how it fits."""

from __future__ import annotations

import math
import re

import pytest
from rich.cells import cell_len

from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES, find
from circuitgrad.report.gate_plot import curve, functions, gate_plot, held, window

ROWS = pytest.mark.parametrize("row", GATES.values(), ids=list(GATES))
EVENLY = [i / 40 for i in range(-200, 201)]
# In the window from -5 to 5; a jump with a value of its own between its two sides counts twice.
JUMPS = {
    "floor": 10,
    "mod": 5,
    "tan": 4,
    **dict.fromkeys(["step", "sign", "eq", "ne", "where"], 2),
    **dict.fromkeys(["lt", "le", "gt", "ge"], 1),
}


def gaps(points: list[tuple[float, float]]) -> int:
    return sum(math.isnan(y) for _, y in points)


@ROWS
def test_the_window_and_what_is_held_lie_where_the_gate_is_tested(row: Rule) -> None:
    low, high = window(row)
    assert row.sample[0][0] - 0.05 <= low < high <= row.sample[0][1]
    others = held(row)
    assert len(others) == row.arity - 1
    assert all(start <= value <= end for value, (start, end) in zip(others, row.sample[1:], strict=True))


@pytest.mark.parametrize("sample", [(10.0, 20.0), (-9.0, -5.0), (-1.0, 1e9)])
def test_the_window_of_a_row_that_lies_elsewhere(sample: tuple[float, float]) -> None:
    low, high = window(Rule("odd", "x", {"x": "1"}, sample=(sample,)))
    assert sample[0] <= low < high <= sample[1]


@ROWS
def test_a_value_breaks_where_it_jumps_and_nowhere_else(row: Rule) -> None:
    low, high = window(row)
    xs = [x for x in EVENLY if low <= x <= high]
    assert gaps(curve(functions(row)["value"], xs)) == JUMPS.get(row.name, 0)


@ROWS
def test_a_plot_has_a_part_for_the_value_and_each_derivative(row: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("NO_COLOR", "1")
        shown = gate_plot(row)
        lines = shown.splitlines()
        assert max(map(cell_len, lines)) <= columns
        titles = ["value", *(f"d/d{operand}" for operand in row.operands)]
        assert re.findall(r"value|d/d\w+", shown) == titles
        assert shown.count("└") == len(titles)
        assert ("along" in lines[0]) == (row.arity > 1)
        # However few dots a plot has, each has some.
        assert len(re.findall(r"[\u2801-\u28ff]+", shown)) >= len(titles)


def test_plots_share_the_width_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    side_by_side = {}
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        for name in ("tanh", "mul", "clip"):
            side_by_side[name, columns] = [
                line.count("└") for line in gate_plot(find(name)).splitlines() if "└" in line
            ]
    assert side_by_side == {
        ("tanh", 80): [2],
        ("mul", 80): [3],
        ("clip", 80): [2, 2],
        ("tanh", 40): [1, 1],
        ("mul", 40): [1, 1, 1],
        ("clip", 40): [1, 1, 1, 1],
    }


def test_special_points_are_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    # Of all numbers only 2 equals 2: one dot at the height of 1.
    assert re.search(r"^ *1 ┤ +[\u2801-\u28ff] +1 ┤", gate_plot(find("eq")), flags=re.MULTILINE)


def test_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = gate_plot(find("tanh"))
    title = coloured.splitlines()[0]
    assert re.search(r"\x1b\[32m *value\x1b\[0m.*\x1b\[31m *d/dx\x1b\[0m", title)
    monkeypatch.setenv("NO_COLOR", "1")
    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()] == gate_plot(
        find("tanh")
    ).splitlines()

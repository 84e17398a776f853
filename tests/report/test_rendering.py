"""Tables in all their forms."""

from __future__ import annotations

import csv
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from circuitgrad.report.rendering import render
from circuitgrad.report.tables import LONGEST_TABLE, SHOWN_ENDS, Column, Table

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.floats()
ROWS = st.lists(st.tuples(NAMES, NAMES, NUMBERS, st.none() | NUMBERS), min_size=1, max_size=8)
COLUMNS = [
    Column("wire"),
    Column("gate", style="cyan"),
    Column("value", style="green", number=True),
    Column("error", number=True, digits=2),
]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def table(*rows: tuple[str, str, float, float | None]) -> Table:
    return Table(COLUMNS, list(rows))


def rendered(table: Table, form: str, digits: int | None = None, *, everything: bool = False) -> str:
    return "".join(render(table, form, digits, everything=everything))


@given(ROWS)
def test_csv_reads_back_to_the_last_bit(rows: list[tuple[str, str, float, float | None]]) -> None:
    header, *lines = csv.reader(io.StringIO(rendered(table(*rows), "csv")))
    assert header == [column.title for column in COLUMNS]
    for row, cells in zip(rows, lines, strict=True):
        assert repr(float(cells[2])) == repr(row[2])
        assert cells[3] == "" if row[3] is None else repr(float(cells[3])) == repr(row[3])
        assert all(character.isprintable() for cell in cells for character in cell)
        if row[0].isprintable():
            assert cells[0] == row[0]


@given(ROWS)
def test_markdown_has_the_cells_of_the_table(rows: list[tuple[str, str, float, float | None]]) -> None:
    lines = rendered(table(*rows), "markdown").split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(rows) + 2
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(COLUMNS) + 1
    assert lines[1].replace(" ", "").replace("-", "") == "|||:|:|"


def test_markdown_markup_is_inert() -> None:
    row = ("_a_", "a*b*c | `d` <e> [f](g) snake_case", 1.0, None)
    line = rendered(table(row), "markdown").splitlines()[2]
    assert r"\_a\_" in line
    assert r"a\*b\*c \| \`d\` \<e> \[f](g) snake_case" in line


@given(rows=ROWS, columns=st.integers(1, 120))
def test_no_number_is_ever_cut(rows: list[tuple[str, str, float, float | None]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        shown = rendered(table(*rows), "table", 17)
    for row in rows:
        assert f"{row[2]:.17g}" in shown


@given(rows=ROWS, columns=st.integers(45, 120))
def test_a_table_fits_its_terminal(rows: list[tuple[str, str, float, float | None]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        lines = rendered(table(*rows), "table").splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)


def test_a_terminal_too_narrow_for_columns_gets_one_line_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    shown = rendered(table(("ax", "mul(a, x)", -1.5, 0.25), ("s", "sigmoid(q)", 2.0, None)), "table")
    assert shown == (
        "wire   ax\ngate   mul(a, x)\nvalue  -1.5\nerror  0.25\n\nwire   s\ngate   sigmoid(q)\nvalue  2\nerror\n"
    )


def test_columns_stand_flush() -> None:
    shown = rendered(table(("水", "mul", 1.0, None), ("b", "add(x, y)", -20.25, 0.5)), "table").splitlines()
    assert shown == [
        "wire   gate         value   error",
        "─" * 33,
        "水     mul              1",
        "b      add(x, y)   -20.25     0.5",
    ]


def test_a_formula_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    rows = Table([Column("gate"), Column("formula", wrap=True)], [["tanh", "1 if x > y else 0"]])
    assert rendered(rows, "table").splitlines()[2:] == ["tanh  1 if x > y", "      else 0"]


@pytest.mark.parametrize("count", [LONGEST_TABLE, LONGEST_TABLE + 1])
def test_a_long_table_shows_its_ends_and_says_so(count: int) -> None:
    rows = table(*((f"w{i}", "add", float(i), None) for i in range(count)))
    lines = rendered(rows, "table").splitlines()
    everything = rendered(rows, "table", everything=True).splitlines()
    assert len(everything) == count + 2
    if count <= LONGEST_TABLE:
        assert lines == everything
        return
    assert len(lines) == 2 + 2 * SHOWN_ENDS + 1
    assert lines[2 + SHOWN_ENDS] == f"… {count - 2 * SHOWN_ENDS} more wires; --all shows them"
    assert [line.split()[0] for line in lines[-SHOWN_ENDS:]] == [f"w{i}" for i in range(count - SHOWN_ENDS, count)]
    assert len(rendered(rows, "csv").splitlines()) == count + 1


def test_colours_and_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(("a", "input", 1.0, None), ("s", "mul", 2.0, 0.0))
    rows.marked.add(1)
    plain = rendered(rows, "table")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = rendered(rows, "table")
    uncoloured = re.sub(r"\x1b\[[\d;]*m", "", coloured).splitlines()
    assert [line.rstrip() for line in uncoloured] == plain.splitlines()
    assert "\x1b[36minput" in coloured
    assert "\x1b[1;32m" in coloured.splitlines()[-1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert rendered(rows, "table") == plain


@given(value=st.floats(-1e307, 1e307) | st.sampled_from([math.inf, -math.inf, math.nan]), digits=st.integers(1, 17))
def test_a_number_has_the_digits_asked_for(value: float, digits: int) -> None:
    shown = rendered(table(("x", "", value, None)), "table", digits).splitlines()[2].split()[-1]
    if math.isfinite(value):
        assert len(re.sub(r"e.*|[-.]", "", shown).lstrip("0")) <= digits
        assert float(shown) == pytest.approx(value, rel=10.0 ** (1 - digits), abs=1e-320)
    else:
        assert shown == repr(value)


@pytest.mark.parametrize("colour", ["1", None])
@pytest.mark.parametrize("width", range(30, 50))
def test_columns_move_together_before_texts_are_cut(
    monkeypatch: pytest.MonkeyPatch, width: int, colour: str | None
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    if colour:
        monkeypatch.setenv("FORCE_COLOR", colour)
    rows = [("temperature", "multiply", 1234.5, 0.25)]
    lines = re.sub(r"\x1b\[[0-9;]*m", "", rendered(table(*rows), "table")).splitlines()
    narrow = 11 + 8 + 6 + 5 + 3 * 2
    assert ("temperature" in lines[-1]) == ("multiply" in lines[-1]) == (width >= narrow) or width < narrow
    assert max(map(cell_len, lines)) <= width or width < narrow
    if narrow <= width < narrow + 3:
        assert lines[-1].startswith("temperature  multiply  1234.5")
    if width >= narrow + 3:
        assert lines[-1].startswith("temperature   multiply   1234.5")

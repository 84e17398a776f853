"""Rows of data arrive as they were written, and every fault of a file has its place."""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from circuitgrad import CircuitError
from circuitgrad.data.csv import CsvTable, read_rows
from circuitgrad.errors import ENOUGH_PROBLEMS, Source
from circuitgrad.files import read_text
from circuitgrad.formulas.numerals import read_number

if TYPE_CHECKING:
    from pathlib import Path

    from circuitgrad.data.table import Rows

INPUTS = ["x", "y", "w[0]", "w[0,1]", "é"]

finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
line_ends = st.sampled_from(["\n", "\r\n", "\r"])


def read(text: str, inputs: list[str] | None = None) -> Rows:
    return read_rows(Source("d.csv", text), INPUTS if inputs is None else inputs)


def problems(text: str, inputs: list[str] | None = None) -> list[str]:
    with pytest.raises(CircuitError) as caught:
        read(text, inputs)
    return [str(problem).partition("\n")[0] for problem in caught.value.problems]


def written(rows: list[list[str]], data: st.DataObject) -> tuple[str, list[int]]:
    """Return a CSV text with quotes, line ends and blank lines of any kind, and the line at which each row begins."""
    text, lines = "", []
    for row in rows:
        text += "".join(data.draw(st.lists(st.sampled_from(["\n", "\r\n", "  \n", "\t\r\n"]), max_size=2)))
        lines.append(len(re.split(r"\r\n|\r|\n", text)))
        file = io.StringIO(newline="")
        quoted = data.draw(st.booleans()) or any("\r" in cell or "\n" in cell for cell in row)
        # The least quoting leaves a \r alone where lines end with \n.
        writer = csv.writer(
            file,
            quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL,
            lineterminator=data.draw(line_ends),
        )
        writer.writerow(row)
        blanks = data.draw(st.sampled_from(["", " ", "   "]))
        text += blanks + file.getvalue()
    return text, lines


@given(st.data(), st.lists(st.tuples(finite, finite), min_size=1, max_size=9), texts)
def test_rows_come_back_to_the_last_bit(data: st.DataObject, values: list[tuple[float, float]], note: str) -> None:
    note = note.lstrip(" ")
    rows = [["w[0,1]", "note", "x"], *([repr(w), note, repr(x)] for w, x in values)]
    text, lines = written(rows, data)
    rows_read = read(text)
    assert [(repr(row["w[0,1]"]), repr(row["x"])) for row in rows_read] == [(repr(w), repr(x)) for w, x in values]
    assert rows_read.names == ("w[0,1]", "x")
    assert rows_read.ignored == ("note",)
    assert list(rows_read.lines) == lines[1:]
    assert len(rows_read) == len(values)


@given(st.data(), st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_cell_is_found_in_the_text(data: st.DataObject, cells: list[list[str]]) -> None:
    cells = [[cell.lstrip(" ") for cell in row] for row in cells]
    assume(not any(row[0].lstrip().startswith("#") for row in cells))  # such a line is a comment
    text, lines = written(cells, data)
    table = CsvTable(Source("d.csv", text))
    rows = [table.header, *table.rows]
    assert [row.cells for row in rows] == cells
    assert [row.line for row in rows] == lines
    for row in rows:
        for position, cell in enumerate(row.cells):
            table.note(row, position, cell)
            (start, end) = table._cell_spans(row)[position]
            assert text[start:end] in {cell, '"' + cell.replace('"', '""') + '"'}
    with pytest.raises(CircuitError) as caught:
        table.problems.stop()
    assert [problem.message for problem in caught.value.problems] == [cell for row in cells for cell in row]


@given(st.text("0123456789._eE+-infa \t１", min_size=1, max_size=8) | st.from_regex(r"[-+]?[0-9_.]{1,6}(e[0-9]{1,3})?"))
def test_numbers_are_those_of_circuit_files(cell: str) -> None:
    assume("\n" not in cell)
    try:
        value = read_number(cell)
    except ValueError:
        value = None
    if re.fullmatch(r"[-+]?0(_?[0-9])+", cell.strip()):
        value = float(cell)  # YAML 1.1 has no say in a data file
    text = f'x,y\n"{cell}",1\n'
    if value is None or not math.isfinite(value):
        assert problems(text)[0].startswith("d.csv:2:1: error: ")
    else:
        assert [repr(row["x"]) for row in read(text)] == [repr(value)]


@pytest.mark.parametrize(
    "header",
    ['x,"w[0,1]"', ' x , "w[0, 1]"', '"x","w[ 0 , 1 ]"', "x,w[0]", "x, w[ 0 ]", "x,y", "é,x", "e\u0301,x", "ｘ,y"],
)
def test_names_are_compared_as_in_circuit_files(header: str) -> None:
    rows = read(header + "\n1,2\n")
    assert rows.ignored == ()
    assert set(rows.names) <= set(INPUTS)
    assert [list(row.values()) for row in rows] == [[1, 2]]


def test_other_columns_are_not_read() -> None:
    rows = read(",date,x,nan,date\n0,2024-01-01,1,?,\n1,,2,nan,\n")
    assert list(rows) == [{"x": 1}, {"x": 2}]
    assert rows.ignored == ("", "date", "nan", "date")


def test_a_row_of_several_lines_is_named_by_its_first() -> None:
    assert list(read('x,note\n1,"a\nb"\n\n2,c\n').lines) == [2, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind(end: str) -> None:
    rows = read(end.join(["x,y", "1,2", "", "3,4"]))
    assert [tuple(row.values()) for row in rows] == [(1, 2), (3, 4)]
    assert problems(end.join(["x,y", "1,2", "3,z", ""])) == ["d.csv:3:3: error: 'z' is not a number"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "d.csv:1:1: error: there is nothing in 'd.csv'"),
        ("\n \r\n", "d.csv:1:1: error: there is nothing in 'd.csv'"),
        ("\nx,y\n\n", "d.csv:2:1: error: there are no rows in 'd.csv'"),
        ("x,y\n1,2\n3\n", "d.csv:3:1: error: 1 cells in this row, 2 in the header"),
        ("x,y\n1,2,\n", "d.csv:2:1: error: 3 cells in this row, 2 in the header"),
        ("x,z\n1,2\n3\n", "d.csv:3:1: error: 1 cells in this row, 2 in the header"),
        ("x,y\n1,four\n", "d.csv:2:3: error: 'four' is not a number"),
        ("x,y\n1, four\n", "d.csv:2:4: error: 'four' is not a number"),
        ('x,y\n"1", "fo""ur"\n', "d.csv:2:6: error: 'fo\"ur' is not a number"),
        ("x,y\n1,nan\n", "d.csv:2:3: error: 'nan' is not a finite number"),
        ("x,y\n-inf,2\n", "d.csv:2:1: error: '-inf' is not a finite number"),
        ("x,y\n1e400,2\n", "d.csv:2:1: error: '1e400' is too large for a double, whose largest value is about 1.8e308"),
        ("x,y\n1,\n", "d.csv:2:3: error: an empty cell"),
        ("x,y\n1,", "d.csv:2:3: error: an empty cell"),
        ("x,y\n ,1\n", "d.csv:2:2: error: an empty cell"),
        ('x\n""\n', "d.csv:2:1: error: an empty cell"),
        ("x,z,x\n1,2,3\n", "d.csv:1:5: error: a second column for the input 'x'"),
        ('"w[0,1]","w[0, 1]"\n1,2\n', "d.csv:1:10: error: a second column for the input 'w[0,1]'"),
        ("\na,b\n1,2\n", "d.csv:2:1: error: no column has the name of an input"),
        ("a;b\n1;2\n", "d.csv:1:1: error: no column has the name of an input"),
        ("x,w[0,1]\n1,2\n", "d.csv:1:3: error: 'w[0,1]' has a comma"),
        ('x,y\n1,"2\n3,4\n', "d.csv:2:1: error: not CSV: unexpected end of data"),
        ('"x,y\n1,2\n', "d.csv:1:1: error: not CSV: unexpected end of data"),
        ('x,y\n1,2\n"3"4,5\n', "d.csv:3:1: error: not CSV: ',' expected after '\"'"),
    ],
)
def test_a_fault_has_its_place(text: str, words: str) -> None:
    assert problems(text) == [words]


def test_the_place_of_a_fault_is_as_wide_as_the_cell() -> None:
    with pytest.raises(CircuitError) as caught:
        read('x,y\n1, "four" \n'.replace(" \n", "\n"))
    assert str(caught.value).endswith("  2 | 1, \"four\"\n    |    ^^^^^^ in the column 'y'")


@pytest.mark.parametrize(
    ("text", "inputs", "hint"),
    [
        ("lenght\n1\n", ["width", "length"], "did you mean 'length'?"),
        ("p,q\n1,2\n", ["a", "b"], "the inputs are a, b"),
        ("p,q\n1,2\n", ["a1", "b1", "c1", "d1", "e1", "f1"], "the inputs are a1, b1, c1, d1, e1, ..."),
        ("1,2\n3,4\n", ["a", "b"], "the inputs are a, b"),
        ("p,q\n1,2\n", [], "the circuit has no inputs"),
        ("a;b\n1;2\n", ["p", "q"], "the inputs are p, q"),
        ("w[0, 1]\n1,2\n", ["w[0,1]"], 'in quotes it is one column: "w[0,1]"'),
        ("a,w[0,1,2]\n1,2\n", ["a", "w[0,1,2]"], 'in quotes it is one column: "w[0,1,2]"'),
        ('a,b\n1,"2\n', ["a", "b"], "is a quotation mark not closed?"),
        ("a,b\n1," + '"' + "2\n" * 100_000, ["a", "b"], "is a quotation mark not closed?"),
        ('a,b\n1,"2"2\n', ["a", "b"], "a quotation mark inside quotes is written twice"),
        ("", ["a"], "it begins with the columns' names"),
    ],
)
def test_a_fault_has_a_hint(text: str, inputs: list[str], hint: str) -> None:
    with pytest.raises(CircuitError) as caught:
        read(text, inputs)
    assert [problem.hint for problem in caught.value.problems] == [hint]


def test_all_faults_are_reported_in_the_order_of_the_file() -> None:
    text = 'x,x,y\n1,?,\n1,2\n1,2,inf\n"3","","4"\n1,"2\n'
    assert problems(text) == [
        "d.csv:1:3: error: a second column for the input 'x'",
        "d.csv:2:3: error: '?' is not a number",
        "d.csv:2:5: error: an empty cell",
        "d.csv:3:1: error: 2 cells in this row, 3 in the header",
        "d.csv:4:5: error: 'inf' is not a finite number",
        "d.csv:5:5: error: an empty cell",
        "d.csv:6:1: error: not CSV: unexpected end of data",
    ]


@pytest.mark.parametrize("row", ["1,?\n", "1\n"])
def test_reading_stops_when_enough_is_wrong(row: str) -> None:
    assert len(problems("x,y\n" + row * 3000)) == ENOUGH_PROBLEMS


def test_a_header_of_many_brackets_is_read_in_time() -> None:
    assert len(read("x," + "[," * 100_000 + "y\n1," + "," * 100_000 + "2\n").ignored) == 100_000


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(b"\xef\xbb\xbfx,y\r\n1,2\r\n")
    assert list(read_rows(read_text(path), INPUTS)) == [{"x": 1, "y": 2}]


def test_standard_input_is_data_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n1\n?\n")))
    with pytest.raises(CircuitError, match=r"^<stdin>:3:1: error: '\?' is not a number"):
        read_rows(read_text("-"), INPUTS)


def test_a_data_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(b"x\n\0\n")
    with pytest.raises(CircuitError, match=r"U\+0000 may not stand in a text file"):
        read_text(path)
    with pytest.raises(CircuitError, match=r"did you mean 'points.csv'\?"):
        read_text(tmp_path / "pionts.csv")


# Long lines, long cells


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("length", [131_073, 200_000, 3_000_000])
def test_a_long_cell_that_no_input_reads_is_no_fault(position: int, length: int) -> None:
    header, cells = ["x", "y"], ["1", "2"]
    header.insert(position, "note")
    cells.insert(position, "a" * length)
    assert list(read(f"{','.join(header)}\n{','.join(cells)}\n")) == [{"x": 1, "y": 2}]
    cells[position] = f'"{cells[position]}"'
    assert list(read(f"{','.join(header)}\n{','.join(cells)}\n")) == [{"x": 1, "y": 2}]


@pytest.mark.parametrize("cell", ["1" * 131_073, "0." + "1" * 140_000, "a" * 200_000, '"' + "9" * 200_000 + '"'])
def test_a_long_cell_of_an_input_is_refused(cell: str) -> None:
    (found,) = problems(f"x,y\n1,2\n{cell},2\n")
    assert found.startswith("d.csv:3:1: error: a cell of ")
    assert found.endswith(" characters, where a number has at most 131,072")

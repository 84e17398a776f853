"""The fast paths of reading rows return the numbers of the careful way, to the last bit."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import CircuitError
from circuitgrad.data import arrow_csv, csv_chunks, csv_text
from circuitgrad.data.chunks import open_rows
from circuitgrad.data.csv import CsvTable
from circuitgrad.data.dialect import CsvRow
from circuitgrad.errors import Source
from circuitgrad.files import decode

if TYPE_CHECKING:
    from array import array
    from pathlib import Path


FINITE = st.floats(allow_nan=False, allow_infinity=False)
REGULAR = (
    FINITE.map(repr)
    | FINITE.map(lambda x: f"{x:.20e}")
    | st.integers(-(10**20), 10**20).map(str)
    | st.from_regex(r"-?(0|[1-9][0-9]{0,30})\.[0-9]{0,30}([eE][-+]?[0-9]{1,2})?", fullmatch=True)
    | st.sampled_from(["0", "-0", "0.0", "1e5", "1E-05", ".5", "5.", "2e-324", "1e-400", "9007199254740993"])
)
ODD = st.sampled_from(
    [
        *(
            "007",
            "-01",
            "00.5",
            "017e1",
            "+1",
            "1_000",
            "0_7",
            "1__0",
            "nan",
            "inf",
            "-inf",
            "Infinity",
            "NaN(1)",
            "1e400",
        ),
        *(
            "1e308",
            "-1.8e308",
            "0x10",
            "1,5",
            "1;5",
            '"1"',
            '"1',
            "'1'",
            '1"',
            "NA",
            "null",
            "true",
            "1-2",
            "1e",
            "1e+",
        ),
        *(
            "e5",
            ".",
            "-",
            "+",
            "1.2.3",
            "１",
            "1é",
            "#1",
            "12:30",
            "2024-01-02",
            "1e5f",
            "1d",
            "1_e5",
            "\xa01",
            "1\x1f",
        ),
        *(
            "\x0b1",
            "1\x00",
            "\ufeff1",
            "",
            " ",
            " 1",
            "1 ",
            "\t1",
            "1\t",
            "1 2",
            "0 7",
            " 07 ",
            "\t-07",
            "a b",
            "\x0c1",
        ),
        *('"a\n1"', "a\r1", "\x85"),
    ]
)
NOTES = st.sampled_from(
    ["a", "", "007", "a b", "é", "水", "x'y", 'in 5" pipe', '"q"', '"a,b"', "1.5", "nan", "\x7f", "\u2028"]
)
ENDS = st.sampled_from(["\n"] * 20 + ["\r\n"] * 3 + ["\r", "\n\n", "\n \n", ",\n", "\r\r\n", "\n\n\n"])


@st.composite
def bodies(draw: st.DrawFn, *, width: int = 3, most: int = 8) -> str:
    """Rows of x, y and note; most of the texts are regular but for an odd cell or line end here and there."""
    cells = draw(st.sampled_from([REGULAR, REGULAR | ODD]))
    notes = draw(st.sampled_from([st.just("a"), NOTES]))
    ends = draw(st.sampled_from([st.just("\n"), st.just("\r\n"), ENDS]))
    text = ""
    for _ in range(draw(st.integers(1, most))):
        row = [draw(cells) for _ in range(min(2, width))] + [draw(notes)] * (width > 2)
        text += ",".join(row) + draw(ends)
    return text if draw(st.booleans()) else text.rstrip("\r\n")


def bits(columns: list[array[float]]) -> list[bytes]:
    return [column.tobytes() for column in columns]


def careful(text: str | bytes, width: int, positions: list[int]) -> tuple[list[int], list[bytes]] | list[str]:
    """The lines and numbers as the careful way reads them, or what it says is wrong."""
    try:
        source = decode(text, "d.csv", before=1) if isinstance(text, bytes) else Source("d.csv", text)
        table = CsvTable(source, CsvRow(0, 0, list("xyz"[:width])))
        lines, columns = table._numbers_by_cell(positions)
    except CircuitError as error:
        return list(map(str, error.problems))
    return lines, bits(columns)


def fast(text: bytes, width: int, positions: list[int]) -> list[array[float]] | None:
    pytest.importorskip("pyarrow")
    rows = text.count(b"\n") + (not text.endswith(b"\n"))
    return arrow_csv.read_columns(text, rows, width, positions)


def test_a_byte_order_mark_among_the_rows_is_no_part_of_a_number() -> None:
    assert fast("\ufeff1\n2\n".encode(), 1, [0]) is None


@settings(max_examples=examples(400))
@given(st.data(), st.sampled_from([(1, [0]), (2, [0, 1]), (2, [1]), (3, [0, 1]), (3, [1])]))
def test_what_pyarrow_reads_is_what_the_careful_way_reads(data: st.DataObject, shape: tuple[int, list[int]]) -> None:
    width, positions = shape
    text = data.draw(bodies(width=width)).encode()
    if (columns := fast(text, width, positions)) is not None:
        assert (list(range(1, 1 + len(columns[0]))), bits(columns)) == careful(text, width, positions)


@settings(max_examples=examples(400))
@given(st.data(), st.sampled_from([(1, [0]), (2, [0, 1]), (2, [1]), (3, [0, 1]), (3, [1])]))
def test_what_is_read_in_columns_is_what_the_careful_way_reads(
    data: st.DataObject, shape: tuple[int, list[int]]
) -> None:
    width, positions = shape
    text = data.draw(bodies(width=width))
    columns = CsvTable(Source("d.csv", text), CsvRow(0, 0, list("xyz"[:width])))._numbers_by_column(positions, 0)
    if columns is not None:
        assert (list(range(1, 1 + len(columns[0]))), bits(columns)) == careful(text, width, positions)


@settings(max_examples=examples(300))
@given(st.lists(st.tuples(REGULAR, REGULAR), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_regular_rows_are_read_the_fast_way(rows: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{x},{y}{end}" for x, y in rows)
    expected = careful(text, 2, [0, 1])
    table = CsvTable(Source("d.csv", text), CsvRow(0, 0, ["x", "y"]))
    total = [sum(map(float, column)) for column in zip(*rows, strict=True)]
    by_column = table._numbers_by_column([0, 1], 0)
    assert (by_column is None) == any(math.isinf(number) for number in total)
    if (columns := fast(text.encode(), 2, [0, 1])) is not None:
        assert (list(range(1, 1 + len(rows))), bits(columns)) == expected
    else:
        assert re.search(r"e-400|e-3[0-9][0-9]|e[+]3|E", text)  # at the ends of the range, pyarrow may decline


@pytest.mark.parametrize(
    "text",
    [
        *(
            '"1",2',
            "1,nan",
            "1,inf",
            "1,",
            ",1",
            "1_0,2",
            "1,2\n\n3,4",
            "1,2,3",
        ),
        *(
            "1,2\r3,4",
            "1,2\n3",
            "1,2\n \n",
            "1,2\n\x001,2",
            "1,1e400",
            "1,2\r\r\n3,4",
            "１,2",
            "0x1,2",
            "NA,1",
            "true,1",
        ),
        "1," + "0" * csv.field_size_limit() + ".1",
    ],
)
def test_what_is_not_regular_is_left_to_the_careful_way(text: str) -> None:
    assert fast(text.encode(), 2, [0, 1]) is None


@pytest.mark.parametrize("note", ['"', "\x00", "\x7f", "\u2028", "a" * (csv.field_size_limit() + 1)])
def test_what_is_not_regular_in_other_columns_counts(note: str) -> None:
    assert fast(f"1,{note}\n2,b\n".encode(), 2, [0]) is None


@pytest.mark.parametrize("note", ["é", "水", "nan", "1_000", "12:30", "09:30", "2024-01-02", "null", " ", "007a"])
def test_texts_in_other_columns_are_regular(note: str) -> None:
    columns = fast(f"1,{note}\n2,{note}\n".encode(), 2, [0])
    assert columns is not None
    assert list(columns[0]) == [1, 2]


def test_what_is_no_text_in_other_columns_is_not_regular() -> None:
    assert fast(b"1,\xff\n2,b\n", 2, [0]) is None


# Whole files, with so small a limit that pyarrow reads them


def outcome(path: Path, size: int) -> tuple[list[tuple[int, str]], list[str]]:
    """The rows of a file, and what is wrong at last."""
    rows: list[tuple[int, str]] = []
    try:
        with open_rows(str(path), ["x", "y"], size=size) as data:
            for chunk in data.chunks:
                rows += zip(chunk.lines, map(repr, chunk), strict=True)
    except CircuitError as error:
        return rows, list(map(str, error.problems))
    return rows, []


def read_both_ways(
    path: Path, size: int, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[list[tuple[int, str]], list[str]]]:
    outcomes = []
    for is_there in (True, False):
        monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", ahead)
        monkeypatch.setattr(csv_chunks, "is_installed", lambda is_there=is_there: is_there)
        outcomes.append(outcome(path, size))
    return outcomes


@settings(max_examples=examples(300))
@given(text=bodies(most=30), size=st.integers(2, 6), ahead=st.integers(2, 300))
@example(text="1,2,a\n" * 20 + '3,4,"a\nb"\n' + "5,6,a\n" * 20, size=3, ahead=30)
@example(text="1,2,a\n" * 20 + "\n\n" + "5,6,a\n" * 20 + "007,1,a\n", size=3, ahead=30)
def test_files_are_the_same_with_and_without_pyarrow(
    tmp_path_factory: pytest.TempPathFactory, text: str, size: int, ahead: int
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path_factory.mktemp("d") / "d.csv"
    path.write_bytes(f"x,y,note\n{text}".encode())
    with pytest.MonkeyPatch.context() as monkeypatch:
        with_it, without = read_both_ways(path, size, ahead, monkeypatch)
    assert with_it == without


@pytest.mark.parametrize("fault", ["", "?,1", '"1",2', "\n\n", "1,2,3", "007,1", "\r", "\x00", '"1'])
@pytest.mark.parametrize("at", [0, 999, 1000, 41_234, 99_999])
def test_long_files_are_the_same_with_and_without_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, at: int
) -> None:
    pytest.importorskip("pyarrow")
    rows = [f"{i}.5,{-i}e-3" for i in range(100_000)]
    rows.insert(at, fault) if fault else None
    path = tmp_path / "d.csv"
    path.write_bytes("\n".join(["x,y", *rows]).encode())
    with_it, without = read_both_ways(path, 1000, 1 << 18, monkeypatch)
    assert with_it == without


def test_chunks_of_a_long_regular_file_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "d.csv"
    path.write_bytes(b"x,y\n" + b"1.5,2.5\n" * 20_000)
    monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", 80_000)  # but as much is read with the first part
    with open_rows(str(path), ["x", "y"]) as data:
        sizes = [len(chunk) for chunk in data.chunks]
        assert data.expected in range(19_900, 20_100)
    assert sizes == [999, 19_000, 1]

"""Gaps in rows: refused with their places, left out, or NaN; the same through every reader."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import CircuitError
from circuitgrad.circuit.rows_options import FOUND, RowsOptions
from circuitgrad.data import csv_chunks, csv_text
from circuitgrad.data.chunks import open_rows, read_all
from circuitgrad.data.csv import read_rows
from circuitgrad.errors import Source

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["", " ", "NA", "na", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "-", '""', '"NA"', '" - "']
SKIP, NAN = RowsOptions(missing="skip"), RowsOptions(missing="nan")
cells = st.floats(-9, 9) | st.none()


def read(text: str, options: RowsOptions) -> list[tuple[float, ...]]:
    return [tuple(row.values()) for row in read_rows(Source("d.csv", text), ["x", "y"], options)]


@pytest.mark.parametrize("word", WORDS)
def test_what_stands_for_a_gap(word: str) -> None:
    text = f"x,y\n1,2\n{word},3\n4,5\n"
    assert read(text, SKIP) == [(1, 2), (4, 5)]
    assert repr(read(text, NAN)) == repr([(1.0, 2.0), (math.nan, 3.0), (4.0, 5.0)])
    with pytest.raises(CircuitError) as caught:
        read(text, FOUND)
    assert str(caught.value).startswith("d.csv:3:")
    assert "in the column 'x'; --missing skip leaves out rows with gaps" in str(caught.value)


@pytest.mark.parametrize("word", ["?", "inf", "-inf", "--", "N A", "no", "1e999", "#N/A", ".", "missing"])
def test_what_stands_for_no_gap(word: str) -> None:
    for options in (SKIP, NAN, FOUND):
        with pytest.raises(CircuitError, match=r"d\.csv:3:3: error: "):
            read(f"x,y\n1,2\n1,{word}\n", options)
    if word not in ("inf", "-inf", "1e999"):
        assert read(f"x,y\n1,2\n1,{word}\n", RowsOptions(missing="skip", missing_value=(word.upper(),))) == [(1, 2)]


@pytest.mark.parametrize("word", ["-999", "-999.0", " -999", "-9.99e2", "-0999"])
def test_a_number_that_stands_for_a_gap_is_one_however_it_is_written(word: str) -> None:
    text = f"x,y\n1,2\n3,{word}\n"
    assert read(text, RowsOptions(missing="skip", missing_value=("-999",))) == [(1, 2)]
    assert read(text, FOUND) == [(1, 2), (3, -999)]
    with pytest.raises(CircuitError, match=r"d\.csv:3:\d: error: '.*' stands for a gap"):
        read(text, RowsOptions(missing_value=("-999",)))


def test_other_columns_may_have_gaps() -> None:
    assert read("x,note,y\n1,NA,2\n3,,4\n", FOUND) == [(1, 2), (3, 4)]


def written(x: float | None, word: str) -> str:
    return word if x is None else repr(x)


@settings(max_examples=examples(150), deadline=None)
@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=20),
    word=st.sampled_from(WORDS),
    policy=st.sampled_from(["skip", "nan"]),
    size=st.integers(2, 5),
    ahead=st.integers(2, 200),
)
def test_the_readers_agree_on_gaps(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float | None, float | None]],
    word: str,
    policy: str,
    size: int,
    ahead: int,
) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path_factory.mktemp("d")
    (folder / "d.csv").write_text("x,y\n" + "".join(f"{written(x, word)},{written(y, word)}\n" for x, y in rows))
    x, y = (pa.array(column, pa.float64()) for column in zip(*rows, strict=True))
    parquet.write_table(pa.table({"x": x, "y": y}), folder / "d.parquet")
    kept = [row for row in rows if policy == "nan" or None not in row]
    expected = [tuple(math.nan if cell is None else cell for cell in row) for row in kept]
    faulty = sum(None in row for row in rows)
    lines = [2 + place for place, row in enumerate(rows) if policy == "nan" or None not in row]
    for name, is_there in (("d.csv", True), ("d.csv", False), ("d.parquet", True)):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", ahead)
            monkeypatch.setattr(csv_chunks, "is_installed", lambda is_there=is_there: is_there)
            options = RowsOptions(missing=policy)
            if not expected:
                with pytest.raises(CircuitError, match="there are no rows"):
                    read_with(folder / name, size, options)
                continue
            found, numbers, message = read_with(folder / name, size, options)
        assert repr(found) == repr(expected)
        assert numbers == [line - (name == "d.parquet") for line in lines]
        assert (message is None) == (faulty == 0)
        assert faulty < 2 or str(message).startswith(f"d: {faulty} rows")


def read_with(path: Path, size: int, options: RowsOptions) -> tuple[list[tuple[Any, ...]], list[int], str | None]:
    with open_rows(str(path), ["x", "y"], size=size, options=options) as data:
        chunks = list(data.chunks)
    assert data.gaps is not None
    rows = [tuple(row.values()) for chunk in chunks for row in chunk]
    return rows, [line for chunk in chunks for line in chunk.lines], data.gaps.message("d", data.counted)


@pytest.mark.parametrize("at", [0, 1, 999, 1000, 5000, 49_999])
@pytest.mark.parametrize("policy", ["skip", "nan"])
def test_a_gap_far_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, policy: str) -> None:
    monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", 1 << 17)
    path = tmp_path / "d.csv"
    path.write_text("x,y\n" + "".join(f"{'NA' if i == at else i},1\n" for i in range(50_000)))
    data, rows = read_all(str(path), ["x", "y"], (), options=RowsOptions(missing=policy))
    assert len(rows) == 50_000 - (policy == "skip")
    assert data.gaps is not None
    done = "1 row with a gap is left out" if policy == "skip" else "1 row has a gap, taken as nan"
    assert data.gaps.message("d.csv", "line") == f"d.csv: {done}, at line {at + 2}"
    path.write_text("x,y\n" + "".join(f"{-1 if i == at else i},1\n" for i in range(50_000)))
    _, rows = read_all(str(path), ["x", "y"], (), options=RowsOptions(missing="skip", missing_value=("-1",)))
    assert len(rows) == 49_999
    assert -1 not in rows.columns["x"]


def test_numbers_that_stand_for_gaps_in_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = str(tmp_path / "d.parquet")
    parquet.write_table(pa.table({"x": [1, -999, 3], "y": [1.5, 2.5, -999.0]}), path)
    _, rows = read_all(path, ["x", "y"], (), options=RowsOptions(missing="skip", missing_value=("-999",)))
    assert (list(rows), list(rows.lines)) == ([{"x": 1, "y": 1.5}], [1])
    with pytest.raises(CircuitError, match=r"row 2: '-999' stands for a gap \(in the column 'x'; --missing skip"):
        read_all(path, ["x", "y"], (), options=RowsOptions(missing_value=("-999",)))
    with pytest.raises(CircuitError, match="there are no rows"):
        read_all(path, ["x", "y"], (), options=RowsOptions(missing="skip", missing_value=("-999", "1")))

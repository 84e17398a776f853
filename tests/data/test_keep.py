"""Columns that are carried through arrive as they were written, through every reader."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import CircuitError
from circuitgrad.circuit.rows_options import RowsOptions
from circuitgrad.data import csv_chunks, csv_text
from circuitgrad.data.binding import kept_positions
from circuitgrad.data.chunks import open_rows

if TYPE_CHECKING:
    from pathlib import Path

# No quotation marks, which are the plain reader's alone.
plain_texts = st.sampled_from(
    ["a", "", "2024-01-01 00:00", "b c ", "007", "é水", "NA", "nan", "1e5", "#1", "x'y", " lead"]
)
texts = plain_texts | st.sampled_from(['"a,b"', '"a ""b"""', '"a\nb"', '" lead"', '"end "'])


def plain(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell.lstrip(" ")


@settings(max_examples=examples(200), deadline=None)
@given(
    data=st.data(),
    size=st.integers(2, 5),
    ahead=st.integers(2, 300),
    missing=st.sampled_from(["skip", "nan"]),
)
def test_kept_cells_are_those_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, size: int, ahead: int, missing: str
) -> None:
    pytest.importorskip("pyarrow")
    cells = data.draw(st.sampled_from([plain_texts, texts]))
    numbers = st.sampled_from(["1", "2.50", "-3e2"]) | (st.just("NA") if data.draw(st.booleans()) else st.nothing())
    rows = data.draw(st.lists(st.tuples(cells, numbers, cells), min_size=1, max_size=20))
    path = tmp_path_factory.mktemp("d") / "d.csv"
    path.write_bytes(("a,x,b\n" + "".join(f"{','.join(row)}\n" for row in rows)).encode())
    expected = [(plain(a), x, plain(b)) for a, x, b in rows if missing == "nan" or x != "NA"]
    for is_there in (True, False):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", ahead)
            monkeypatch.setattr(csv_chunks, "is_installed", lambda is_there=is_there: is_there)
            if not expected:
                with pytest.raises(CircuitError, match="there are no rows"):
                    kept_cells(path, size, RowsOptions(missing=missing))
            else:
                assert kept_cells(path, size, RowsOptions(missing=missing)) == expected


def kept_cells(path: Path, size: int, options: RowsOptions) -> list[tuple[Any, ...]]:
    with open_rows(str(path), ["x"], size=size, keep=["all"], options=options) as opened:
        assert opened.kept == ["a", "x", "b"]
        parts = [part for chunk in opened.chunks for part in chunk.cut(3)]
    return [cells for part in parts for cells in zip(*part.kept, strict=True)]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (["time"], [0]),
        (["x,time"], [1, 0]),
        (["x", "time"], [1, 0]),
        (["a,b"], [2]),
        (["all"], [0, 1, 2, 3, 4]),
        (["R1 [Ohm, k]"], [3]),
        (["R1 [Ohm, k],x"], [3, 1]),
        ([" x , time "], [1, 0]),
        (["x,x"], [1]),
        (["w[0,1],x"], [4, 1]),
    ],
)
def test_the_columns_to_keep(keep: list[str], expected: list[int]) -> None:
    assert kept_positions(keep, [" time", "x", "a,b", "R1 [Ohm, k]", "w[0,1]"]) == expected


def test_columns_that_cannot_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("time,x,day,day\n1,2,3,4\n")
    for keep, words in [("tim", "no column is called 'tim'"), ("day", "two columns are called 'day'"), ("all", "two")]:
        message = rf"d\.csv:1:1: error: --keep: {words}"
        with pytest.raises(CircuitError, match=message), open_rows(str(path), ["x"], keep=[keep]):
            pass


def test_kept_columns_of_parquet_have_their_types(tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {
        "text": ["a", None, "c"],
        "day": [dt.date(2024, 1, day) for day in (1, 2, 3)],
        "time": pa.array([dt.datetime(2024, 1, 1, hour) for hour in (1, 2, 3)], pa.timestamp("us")),  # noqa: DTZ001
        "nano": pa.array([1, 2, 3], pa.timestamp("ns")),
        "flag": [True, False, None],
        "count": [1, 2, 3],
        "price": [Decimal("1.10"), Decimal("2.20"), Decimal("3.30")],
        "x": [1.5, None, 3.5],
    }
    path = str(tmp_path / "d.parquet")
    parquet.write_table(pa.table(columns), path)
    for missing, places in (("nan", [0, 1, 2]), ("skip", [0, 2])):
        with open_rows(path, ["x"], keep=["all"], options=RowsOptions(missing=missing)) as data:
            kept = dict(zip(data.kept, next(rows.kept for rows in data.chunks), strict=True))
            types = dict(zip(data.kept, data.kept_types, strict=True))
        for name in ("text", "day", "flag", "count", "price", "x"):
            assert kept[name] == [columns[name][place] for place in places]
        assert kept["nano"] == [f"1970-01-01 00:00:00.00000000{place + 1}" for place in places]
        assert types["day"] == pa.date32()
        assert types["nano"] == pa.string()

"""Several data files are as one that has the rows of all."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuitgrad import CircuitError
from circuitgrad.circuit.rows_options import RowsOptions
from circuitgrad.data.several import data_files, open_files

if TYPE_CHECKING:
    from pathlib import Path

number = st.floats(-9, 9)


def read(*paths: Path, options: RowsOptions = RowsOptions()) -> list[dict[str, float]]:  # noqa: B008
    with open_files([*map(str, paths)], ["x", "y"], options=options, size=2) as data:
        return [row for rows in data.chunks for row in rows]


@settings(deadline=None)
@given(
    files=st.lists(st.lists(st.tuples(number, number), min_size=1, max_size=5), min_size=1, max_size=4), data=st.data()
)
def test_the_rows_are_those_of_all_files(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[float, float]]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("d")
    paths = []
    for place, rows in enumerate(files):
        is_swapped, mark = data.draw(st.booleans()), data.draw(st.sampled_from([",", ";", "\t", " "]))
        lines = [("x", "y"), *((repr(x), repr(y)) for x, y in rows)]
        text = "".join(f"{mark.join(line[::-1] if is_swapped else line)}\n" for line in lines)
        paths.append(folder / f"{place}.csv")
        paths[-1].write_bytes(gzip.compress(text.encode()) if data.draw(st.booleans()) else text.encode())
    assert read(*paths) == [{"x": x, "y": y} for rows in files for x, y in rows]


def test_a_row_knows_its_file(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("x\n1\n2\n")
    paths = [str(tmp_path / f"{name}.csv") for name in "ab"]
    with open_files(paths, ["x"]) as data:
        assert data.name == f"{paths[0]} and 1 more file"
        assert [(rows.source, list(rows.lines)) for rows in data.chunks] == [(path, [2, 3]) for path in paths]


@pytest.mark.parametrize(
    ("first", "second", "lacking", "name"),
    [("x,y", "x,z", 1, "y"), ("x,z", "x,y", 0, "y"), ("x", "y", 1, "x"), ("y", "x,y", 0, "x"), ("x;y", "x", 1, "y")],
)
def test_a_mismatch_names_both_files(tmp_path: Path, first: str, second: str, lacking: int, name: str) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, header in zip(paths, (first, second), strict=True):
        path.write_text(f"{header}\n{header.replace('x', '1').replace('y', '2').replace('z', '3')}\n")
    with pytest.raises(CircuitError) as caught:
        read(*paths)
    message = caught.value.problems[0].message
    assert f"has no column for '{name}'" in message
    assert message.index(str(paths[lacking])) < message.index(str(paths[1 - lacking]))


def test_faults_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("y,x\n1,2\n3,?\n")
    with pytest.raises(CircuitError, match=r"b\.csv:3:3: error: '\?' is not a number"):
        read(tmp_path / "a.csv", tmp_path / "b.csv")
    with pytest.raises(CircuitError, match="there is no file"):
        read(tmp_path / "a.csv", tmp_path / "c.csv")
    (tmp_path / "c.csv").write_text("x,y\n")
    with pytest.raises(CircuitError, match=r"there are no rows"):
        read(tmp_path / "a.csv", tmp_path / "c.csv")


def test_notes_of_all_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y,day\n1,2,Mon\n-,1,Tue\n")
    (tmp_path / "b.csv").write_text("x;y [m];hour\n1,5;2;3\nNA;1;2\n;1;2\n")
    with open_files(
        [str(tmp_path / f"{name}.csv") for name in "ab"], ["x", "y"], options=RowsOptions(missing="skip")
    ) as data:
        notes = [note.rpartition("/")[2] for note in data.notes]
        assert notes == ["b.csv: the comma is the decimal mark", "b.csv: 'y [m]' is y"]
        assert data.ignored == ("day", "hour")
        assert sum(map(len, data.chunks)) == 2
    assert data.gaps is not None
    note = str(data.gaps.message("", ""))
    assert "a.csv: 1 row with a gap is left out, at line 3; " in note
    assert note.endswith("b.csv: 2 rows with gaps are left out, the first at line 3")


# The names of files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ["b.csv", "a.csv.gz", "c.tsv", "d.parquet", "notes.md", ".hidden.csv", "x[1].csv", "sub/e.csv", "f.TXT"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["b.csv"], ["b.csv"]),
        (["b.csv", "b.csv"], ["b.csv", "b.csv"]),
        (["nowhere.csv"], ["nowhere.csv"]),
        (["*.csv"], ["b.csv", "x[1].csv"]),
        (["[ab].csv*"], ["a.csv.gz", "b.csv"]),
        (["?.tsv", "b.csv"], ["c.tsv", "b.csv"]),
        (["**/*.csv"], ["b.csv", "sub/e.csv", "x[1].csv"]),
        (["x[1].csv"], ["x[1].csv"]),
        ([""], ["a.csv.gz", "b.csv", "c.tsv", "d.parquet", "f.TXT", "x[1].csv"]),
        (["sub", "b.csv"], ["sub/e.csv", "b.csv"]),
    ],
)
def test_patterns_and_folders(folder: Path, paths: list[str], expected: list[str]) -> None:
    assert data_files([str(folder / path) for path in paths]) == [str(folder / path) for path in expected]


def test_files_that_are_not_there(folder: Path) -> None:
    with pytest.raises(CircuitError, match="no file has a name like"):
        data_files([str(folder / "*.xlsx")])
    with pytest.raises(CircuitError, match=r"there is no data file in the folder .* \(their names end in \.csv, \.tsv"):
        data_files([str(folder / "folder.csv")])
    with pytest.raises(CircuitError, match="standard input is named twice"):
        data_files(["-", "-"])

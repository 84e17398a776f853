"""`circuitgrad sweep`, as a person runs it."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

from program import CIRCUITS, NEURON, document, done, invoke, write

if TYPE_CHECKING:
    from pathlib import Path

HIMMELBLAU = str(CIRCUITS / "himmelblau.yaml")
GRID = ("--over", "x=-5:5:9", "--over", "y=-5:5:5")
POLE = "{inputs: {x: 1, y: 0}, gates: {z: 1/x + y}}"
BOUND = """\
inputs:
  x: {value: 1, min: 0, max: 5}
  w[0:2]: 1
gates:
  y: x*w[0] + w[1]
"""


def test_json() -> None:
    found = document("sweep", NEURON, "--over", "a=-5:5:3", "--grad")
    assert list(found) == ["circuit", "output", "over", "rows", "grads"]
    assert (found["circuit"], found["output"], found["over"]) == ("neuron", "s", {"a": [-5.0, 0.0, 5.0]})
    for i, a in enumerate(found["over"]["a"]):
        single = document("backward", NEURON, "--set", f"a={a}")
        assert found["rows"]["s"][i] == single["values"]["s"]
        assert found["grads"]["s"]["a"][i] == single["grads"]["a"]


def test_json_of_a_grid_is_in_row_major_order() -> None:
    found = document("sweep", NEURON, "--over", "a=1,2", "--over", "x=3,4", "--output", "ax", "--output", "s")
    assert (found["output"], found["rows"]["ax"]) == (["ax", "s"], [3, 4, 6, 8])
    assert "grads" not in found


def test_json_has_words_for_what_is_not_finite() -> None:
    result = invoke(
        "sweep", "-", "--over", "x=-1,0,1", "--format", "json", stdin="{inputs: {x: 1}, gates: {y: log(x)}}"
    )
    assert '"nan",\n      "-inf",\n      0.0' in result.stdout
    assert result.stderr.startswith("<stdin>:1:29: warning: 2 of 3 points are not finite, the first at x = -1")


def test_csv_and_what_it_is_differentiated_in() -> None:
    rows = list(csv.reader(done("sweep", NEURON, "--over", "a=0:1:3", "--wrt", "x,b", "--format", "csv").splitlines()))
    assert rows[0] == ["a", "s", "ds/db", "ds/dx"]
    assert [row[0] for row in rows[1:]] == ["0.0", "0.5", "1.0"]


def test_a_long_table_shows_its_ends() -> None:
    shown = done("sweep", NEURON, "--over", "a=0:1:1001")
    assert "961 more points; --all shows them" in shown
    assert len(done("sweep", NEURON, "--over", "a=0:1:1001", "--all").splitlines()) == 1005


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["q=1"], "'q' is not an input"),
        (["y=1"], "'y' is a gate, not an input"),
        (["w=1"], "'w' is a family: name a member, such as 'w[0]'"),
        (["x"], "write --over NAME=FROM:TO:COUNT"),
        (["x=1:2"], "write --over NAME=FROM:TO:COUNT"),
        (["x=1:2:3:lin"], "write --over NAME=FROM:TO:COUNT"),
        (["x=1:2:0"], "'0' is not a count"),
        (["x=1:2:2.5"], "'2.5' is not a count"),
        (["x=1:2:1"], "1 value cannot go from 1 to 2 (one value alone is NAME=1)"),
        (["x=1:2:1e9"], "a grid of 1,000,000,000 points (up to 10,000,000 can be computed)"),
        (["x=1,b"], "'b' is not a number"),
        (["x=1,,2"], "'' is not a number"),
        (["x=1,2,1"], "1 stands there twice"),
        (["x=0,inf"], "'inf' is not finite"),
        (["x=-1:2:4"], "--over x=-1 is outside its bounds, 0 to 5"),
        (["x=1", "--over", "x=2"], "'x' moves already"),
        (["x=1", "--set", "x=2"], "'x' cannot both have one value by --set and move by --over"),
        (["x=1", "--plot", "a.pdf"], "pictures are .svg or .png"),
        (["x=1", "--plot", "--format", "csv"], "a picture in the terminal is not csv"),
        (["x=1", "--over", "w[0]=1", "--over", "w[1]=1", "--plot"], "a picture over 3 inputs"),
    ],
)
def test_errors(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = invoke("sweep", write(tmp_path, BOUND), "--over", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_matplotlib_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = invoke("sweep", NEURON, "--over", "a=1,2", "--plot", "a.svg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: --plot FILE needs Matplotlib (pip install 'circuitgrad[plot]')\n"


@pytest.mark.parametrize("columns", ["60", "80", "120"])
@pytest.mark.parametrize("over", [("--over", "x=-5:5:101"), GRID], ids=["curve", "map"])
def test_a_picture_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, over: tuple[str, ...]) -> None:
    monkeypatch.setattr("circuitgrad.report.terminal.terminal_width", lambda: int(columns))
    monkeypatch.setattr("circuitgrad.report.panels.terminal_width", lambda: int(columns))
    lines = done("sweep", HIMMELBLAU, *over, "--grad", "--plot").splitlines()
    assert max(map(cell_len, lines)) <= int(columns)
    assert "df/dx" in "".join(lines)


def test_a_map_has_the_large_values_where_they_are() -> None:
    shown = done("sweep", "-", *GRID, "--plot", "-q", stdin="{inputs: {x: 1, y: 1}, gates: {z: x + y}}").splitlines()
    assert shown[0] == "z   -10 [  ░░▒▒▓▓██] 10"
    assert shown[1].endswith("█")
    assert shown[1].startswith(" 5 │▒")
    assert shown[-3].startswith("-5 │  ")


def test_a_pole_does_not_flatten_a_map() -> None:
    result = invoke("sweep", "-", "--over", "x=-1:1:41", "--over", "y=0,1", "--plot", "-q", stdin=POLE)
    assert result.stdout.splitlines()[0].startswith("z   < -")
    assert "] > " in result.stdout.splitlines()[0]
    assert "x not finite" in result.stdout.splitlines()[0]


def test_pictures_in_files(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    about = "{about: '<b> & $5', inputs: {x: 1, y: 2}, gates: {z: log(x)*y}}"
    for over in (["--over", "x=1:9:5"], ["--over", "x=1e-3:9:5:log"], GRID):
        picture = tmp_path / "a.svg"
        result = invoke("sweep", "-", *over, "--grad", "--plot", str(picture), stdin=about)
        assert (result.exit_code, result.stdout) == (0, f"wrote {picture}\n")
        texts = "".join(ET.fromstring(picture.read_text(encoding="utf-8")).itertext())
        assert "stdin: <b> & $5" in texts
        assert "dz/dx" in texts
        first = picture.read_bytes()
        invoke("sweep", "-", *over, "--grad", "--plot", str(picture), stdin=about)
        assert picture.read_bytes() == first
    done("sweep", NEURON, "--over", "a=1:9:5", "--plot", str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_in_a_file_goes_with_json(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert document("sweep", NEURON, "--over", "a=1,2", "--plot", str(tmp_path / "a.svg"))["over"] == {"a": [1, 2]}
    assert (tmp_path / "a.svg").exists()


def test_a_closed_pipe_is_no_failure() -> None:
    call = f"{sys.executable} -m circuitgrad sweep {NEURON} --over a=-5:5:20001 --format csv | head -n 1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", call], capture_output=True, encoding="utf-8", check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "a,s\n", "")


def test_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("circuitgrad.cli.progress").Meter, "__call__", interrupt)
    assert invoke("sweep", NEURON, "--over", "a=1:2:9").exit_code == 130

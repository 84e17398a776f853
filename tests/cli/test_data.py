"""`forward` and `backward` over rows of data."""

from __future__ import annotations

import csv
import gc
import json
import math
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad.data import csv_text
from program import CIRCUITS, INPUTS, NEURON, WIRES, document, done, invoke, write

MULTIPLY = str(CIRCUITS / "multiply.yaml")
POINTS = "x,y\n1,2\n-0.5,1e-3\n\n3,0.1\n"
TWO = "{name: two, inputs: {x: 1, y: 2, c: 3}, gates: {p: x*y + c, q: sin(x)*c}, output: [p, q]}"
LOG = "{name: log, inputs: {x: 1, c: 2}, gates: {l: log(x), y: l*c}}"
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
PARQUET = "pyarrow, which the extra `data` brings, is not installed: it weighs 170 MB"

number = st.floats(-1e3, 1e3)


def table(text: str) -> list[dict[str, float]]:
    return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(text.splitlines())]


def long_data(folder: Path, rows: int, name: str = "long.csv") -> str:
    with (folder / name).open("w", encoding="utf-8") as file:
        file.write("x,y\n")
        file.writelines(f"{i % 7},{i % 11 / 10}\n" for i in range(rows))
    return str(folder / name)


# The numbers


@settings(max_examples=examples(15))
@given(rows=st.lists(st.tuples(number, number), min_size=1, max_size=4))
@pytest.mark.parametrize("file", [NEURON, str(CIRCUITS / "rosenbrock.yaml"), str(CIRCUITS / "himmelblau.yaml")])
def test_every_row_is_the_run_at_that_point(file: str, rows: list[tuple[float, float]]) -> None:
    text = "x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in rows)
    forward = document("forward", file, "--data", "-", stdin=text)["rows"]
    backward = document("backward", file, "--data", "-", stdin=text)
    grads = backward["rows"].pop("grads")
    assert backward["rows"] == forward
    for i, (x, y) in enumerate(rows):
        one = document("backward", file, "--set", f"x={x!r}", "--set", f"y={y!r}")
        assert {name: numbers[i] for name, numbers in forward.items()} == {one["output"]: one["values"][one["output"]]}
        assert {name: repr(numbers[i]) for name, numbers in grads.items()} == {
            name: repr(one["grads"][name]) for name in grads
        }


def test_a_jacobian_of_every_row_is_the_one_at_that_point(tmp_path: Path) -> None:
    file = write(tmp_path, TWO)
    found = document("backward", file, "--data", "-", stdin=POINTS)
    assert list(found["rows"]) == ["p", "q", "jacobian"]
    for i, (x, y) in enumerate([("1", "2"), ("-0.5", "1e-3"), ("3", "0.1")]):
        one = document("backward", file, "--set", f"x={x}", "--set", f"y={y}")
        for output in ("p", "q"):
            assert found["rows"][output][i] == one["values"][output]
            slopes = found["rows"]["jacobian"][output]
            assert {name: slopes[name][i] for name in slopes} == {name: one["jacobian"][output][name] for name in "xyc"}


def test_every_wire_of_every_row() -> None:
    found = document("backward", NEURON, "--data", "-", "--all", stdin=POINTS)["rows"]
    assert list(found) == [*WIRES, "grads"]
    assert list(found["grads"]) == WIRES
    assert found["grads"]["s"] == [1, 1, 1]
    assert found["b"] == [2, 2, 2]
    assert list(document("backward", NEURON, "--data", "-", "--all", "--wrt", "a", stdin=POINTS)["rows"]["grads"]) == [
        "a"
    ]


def test_inputs_without_a_column_keep_their_value() -> None:
    at = document("forward", NEURON, "--set", "x=1", "--set", "y=2", "--set", "a=4")["values"]["s"]
    assert document("forward", NEURON, "--data", "-", "--set", "a=4", stdin=POINTS)["rows"]["s"][0] == at


def test_a_value_that_a_column_replaces_is_warned_of() -> None:
    result = invoke("forward", NEURON, "--data", "-", "--set", "x=1", "--set", "a=1", "--format", "csv", stdin=POINTS)
    assert (result.exit_code, result.stdout) == (
        0,
        done("forward", NEURON, "--data", "-", "--format", "csv", stdin=POINTS),
    )
    assert result.stderr == "warning: --set has no effect on what has a column in <stdin>: 'x'\n"


def test_bounds_do_not_hold_for_data(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: {value: 0, min: -1, max: 1}}, gates: {y: x*2}}")
    assert document("forward", file, "--data", "-", stdin="x\n5\n")["rows"] == {"y": [10]}


# The formats


def test_csv_has_a_column_for_every_result() -> None:
    text = done("backward", NEURON, "--data", "-", "--format", "csv", stdin=POINTS)
    assert text.splitlines()[0] == "s,ds/da,ds/db,ds/dc,ds/dx,ds/dy"
    found = document("backward", NEURON, "--data", "-", stdin=POINTS)["rows"]
    assert [row["s"] for row in table(text)] == found["s"]
    for name in INPUTS:
        assert [row[f"ds/d{name}"] for row in table(text)] == found["grads"][name]


def test_columns_of_several_outputs(tmp_path: Path) -> None:
    text = done("backward", write(tmp_path, TWO), "--data", "-", "--wrt", "y,c", "--format", "csv", stdin=POINTS)
    assert text.splitlines()[0] == "p,q,dp/dy,dp/dc,dq/dy,dq/dc"
    only = done("forward", write(tmp_path, TWO), "--data", "-", "--output", "q", "--format", "csv", stdin=POINTS)
    assert only.splitlines()[0] == "q"
    assert len(only.splitlines()) == 4


def test_names_with_commas_are_quoted(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {'w[0:1, 0:2]': [[1, 2]]}, gates: {y: 'w[0,0]*w[0,1]'}}")
    text = done("backward", file, "--data", "-", "--wrt", "w", "--format", "csv", stdin='"w[0, 1]"\n5\n')
    assert table(text) == [{"y": 5, "dy/dw[0,0]": 5, "dy/dw[0,1]": 1}]


def test_json_is_as_the_contract_says() -> None:
    assert document("forward", NEURON, "--data", "-", stdin="x\n-1\n") == {
        "circuit": "neuron",
        "output": "s",
        "rows": {"s": [0.8807970779778823]},
    }
    found = document("backward", NEURON, "--data", "-", "--wrt", "a", stdin="x\n-1\n")
    assert found["rows"] == {"s": [0.8807970779778823], "grads": {"a": [-0.10499358540350662]}}


def test_numbers_that_are_not_finite_are_strings_in_json(tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    result = invoke("forward", write(tmp_path, LOG), "--data", "-", "--format", "json", stdin="x\n-1\n0\n1\n")
    assert json.loads(result.stdout, parse_constant=refuse)["rows"]["y"] == ["nan", "-inf", 0.0]


@pytest.mark.parametrize("key", ["grads", "jacobian"])
def test_an_output_that_would_hide_the_derivatives_is_refused(tmp_path: Path, key: str) -> None:
    file = write(tmp_path, f"{{inputs: {{x: 1}}, gates: {{{key}: 2*x}}}}")
    result = invoke("backward", file, "--data", "-", "--format", "json", stdin="x\n1\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"'{key}' is a key of the JSON document" in result.stderr
    assert document("forward", file, "--data", "-", stdin="x\n1\n")["rows"] == {key: [2]}
    assert done("backward", file, "--data", "-", "--format", "csv", stdin="x\n1\n")


def test_a_table_names_the_lines() -> None:
    lines = done("backward", NEURON, "--data", "-", "--wrt", "a", stdin=POINTS).splitlines()
    assert lines[0].startswith("neuron: ")
    assert lines[2].split() == ["line", "s", "ds/da"]
    assert [line.split()[0] for line in lines[4:]] == ["2", "3", "5"]
    quiet = done("backward", NEURON, "--data", "-", "--wrt", "a", "-q", stdin=POINTS).splitlines()
    assert quiet == lines[2:]


@pytest.mark.parametrize("rows", [499, 500, 501, 515, 2500])
def test_a_long_table_shows_its_ends_unless_all_is_wanted(tmp_path: Path, rows: int) -> None:
    data = long_data(tmp_path, rows)
    lines = done("forward", MULTIPLY, "--data", data, "-q").splitlines()[2:]
    everything = done("forward", MULTIPLY, "--data", data, "-q", "--all").splitlines()[2:]
    assert len(everything) == rows
    if rows <= 500:
        assert [line.split()[0] for line in lines] == [line.split()[0] for line in everything]
        return
    assert [line.split()[0] for line in lines[:20]] == [str(line) for line in range(2, 22)]
    assert lines[20] == f"… {rows - 40:,} more rows; --all shows them"
    assert [line.split()[0] for line in lines[21:]] == [str(line) for line in range(rows - 18, rows + 2)]


def test_markdown_is_one_table(tmp_path: Path) -> None:
    lines = done("forward", MULTIPLY, "--data", long_data(tmp_path, 2500), "--format", "markdown").splitlines()
    assert len(lines) == 2502
    assert sum("---" in line for line in lines) == 1
    assert all(line.count("|") == 3 for line in lines)


def test_digits() -> None:
    text = done("forward", NEURON, "--data", "-", "--format", "csv", "--precision", "3", stdin=POINTS)
    assert text.splitlines()[1] == "0.881"


# What is wrong


def wrong(*arguments: str, stdin: str | None = None) -> str:
    result = invoke(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


@pytest.mark.parametrize("command", ["forward", "backward"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "<stdin>:1:1: error: there is nothing in '<stdin>'"),
        ("x\n", "<stdin>:1:1: error: there are no rows in '<stdin>'"),
        ("p,q\n1,2\n", "<stdin>:1:1: error: no column has the name of an input"),
        ("x,x\n1,2\n", "<stdin>:1:3: error: a second column for the input 'x'"),
        ("x,y\n1,2\n1\n", "<stdin>:3:1: error: 1 cells in this row, 2 in the header"),
        ("x,y\n1,2\n\n3,?\n", "<stdin>:4:3: error: '?' is not a number"),
        ("x\nnan\n", "<stdin>:2:1: error: 'nan' is not a finite number"),
    ],
)
def test_wrong_data_are_refused_with_their_place(command: str, text: str, words: str) -> None:
    assert wrong(command, NEURON, "--data", "-", "--format", "csv", stdin=text).startswith(words)


def test_columns_that_are_no_inputs_are_warned_of_once(tmp_path: Path) -> None:
    data = write(tmp_path, "day,x,s\n" + "Mon,1,2\n" * 2500, "d.csv")
    result = invoke("forward", NEURON, "--data", data, "--format", "csv")
    words = f"warning: {data}: no input is called like these columns, which are ignored: 'day', 's'\n"
    assert (result.exit_code, result.stderr) == (0, words)
    assert invoke("forward", NEURON, "--data", data, "--format", "csv", "-q").stderr == ""


def test_many_ignored_columns_are_a_short_warning() -> None:
    names = ",".join(f"c{number}" for number in range(20_000))
    found = invoke("forward", NEURON, "--data", "-", stdin=f"x,{names}\n1,{names}\n")
    assert found.exit_code == 0
    assert found.stderr.endswith("'c8', 'c9' and 19,990 more\n")
    assert len(found.stderr) < 300


def test_a_fault_far_down_stops_after_the_rows_before_it(tmp_path: Path) -> None:
    data = long_data(tmp_path, 2500)
    with Path(data).open("a") as file:
        file.write("1,2\n1,?\n1,2\n2,!\n")
    result = invoke("forward", MULTIPLY, "--data", data, "--format", "csv")
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 2000
    assert f"{data}:2503:3: error: '?' is not a number" in result.stderr
    assert f"{data}:2505:3: error: '!' is not a number" in result.stderr
    for form in ("table", "json"):
        assert wrong("forward", MULTIPLY, "--data", data, "--format", form) == result.stderr


def test_both_from_standard_input() -> None:
    assert "cannot both come from standard input" in wrong("forward", "-", "--data", "-", stdin=TWO)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["backward", NEURON, "--wrt", "q"], "--wrt: no input is called 'q'"),
        (["backward", NEURON, "-o", "r.csv"], "-o goes with --data"),
        (["forward", NEURON, "-o", "r.csv"], "-o goes with --data"),
        (["backward", NEURON, "--data", "-", "--wrt", "q"], "--wrt: no input is called 'q'"),
        (["forward", NEURON, "--data", "nowhere.csv"], "there is no file 'nowhere.csv'"),
        (["forward", NEURON, "--data", "-", "-o", "r.txt", "--format", "table"], "--format table is for a terminal"),
        (["forward", NEURON, "--data", "-", "-o", "r.parquet", "--format", "csv"], "'r.parquet' would be Parquet"),
    ],
)
def test_options_that_do_not_fit(arguments: list[str], words: str) -> None:
    assert words in wrong(*arguments, stdin=POINTS)
    assert not Path("r.csv").exists()


def test_one_warning_for_all_that_is_not_finite(tmp_path: Path) -> None:
    file = write(tmp_path, LOG)
    text = "x\n" + "1\n" * 1500 + "-2\n1\n-3\n"
    result = invoke("forward", file, "--data", "-", "--format", "csv", stdin=text)
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line == "nan"] == ["nan", "nan"]
    words = "'l' is nan: log(-2.0); at line 1502 of <stdin>, the first of 2 of 1,503 rows whose results are not finite"
    assert result.stderr.startswith(f"{file}:1:")
    assert result.stderr.partition("\n")[0].endswith(f"warning: {words}")
    one = invoke("forward", file, "--data", "-", "--format", "csv", stdin="x\n1\n0\n").stderr
    assert "at line 3 of <stdin>, the only one of 2 rows whose results are not finite" in one
    assert invoke("forward", file, "--data", "-", "-q", stdin=text).stderr == ""


def test_a_gradient_that_is_not_finite_is_warned_of(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {y: sqrt(x)}}")
    assert invoke("forward", file, "--data", "-", stdin="x\n4\n0\n").stderr == ""
    found = invoke("backward", file, "--data", "-", stdin="x\n4\n0\n")
    assert found.exit_code == 0
    assert "the gradient becomes inf at 'y'" in found.stderr
    assert "at line 3 of <stdin>" in found.stderr


# Files of results


@pytest.mark.parametrize(
    ("name", "form"), [("r.csv", "csv"), ("r.CSV", "csv"), ("r.json", "json"), ("r.md", "markdown"), ("r.dat", "csv")]
)
def test_the_name_of_a_file_says_its_format(tmp_path: Path, name: str, form: str) -> None:
    expected = done("backward", NEURON, "--data", "-", "--format", form, stdin=POINTS)
    for _ in range(2):
        assert done("backward", NEURON, "--data", "-", "-o", str(tmp_path / name), stdin=POINTS) == ""
        assert (tmp_path / name).read_text(encoding="utf-8") == expected
    other = "csv" if form == "json" else "json"
    done("backward", NEURON, "--data", "-", "-o", str(tmp_path / name), "--format", other, stdin=POINTS)
    assert (tmp_path / name).read_text(encoding="utf-8") == done(
        "backward", NEURON, "--data", "-", "--format", other, stdin=POINTS
    )
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_file_is_not_touched_by_what_fails(tmp_path: Path) -> None:
    data = long_data(tmp_path, 2500)
    with Path(data).open("a") as file:
        file.write("1,?\n")
    results = tmp_path / "r.csv"
    assert ":2502:3: error: '?'" in wrong("forward", MULTIPLY, "--data", data, "-o", str(results))
    assert [entry.name for entry in tmp_path.iterdir()] == ["long.csv"]
    results.write_text("old")
    wrong("forward", MULTIPLY, "--data", data, "-o", str(results))
    assert results.read_text() == "old"
    assert "cannot be written" in wrong("forward", MULTIPLY, "--data", "-", "-o", f"{tmp_path}/a/r.csv", stdin=POINTS)


def test_results_do_not_replace_their_data(tmp_path: Path) -> None:
    data = long_data(tmp_path, 3000)
    before = Path(data).read_bytes()
    assert "is read by the same command" in wrong("forward", MULTIPLY, "--data", data, "--all", "-o", data)
    assert Path(data).read_bytes() == before


# Parquet


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    words = "error: Parquet files need pyarrow (pip install 'circuitgrad[data]')\n"
    data = tmp_path / "d"
    data.write_bytes(b"PAR1 and more")
    assert wrong("forward", NEURON, "--data", str(data)) == words
    assert wrong("forward", NEURON, "--data", "-", "-o", str(tmp_path / "r.parquet"), stdin=POINTS) == words
    assert [entry.name for entry in tmp_path.iterdir()] == ["d"]
    (tmp_path / "d.parquet").write_bytes(b"")
    assert wrong("forward", NEURON, "--data", str(tmp_path / "d.parquet")) == words


def parquet(path: Path, **columns: list[Any]) -> str:
    pa = pytest.importorskip("pyarrow", reason=PARQUET)
    pytest.importorskip("pyarrow.parquet", reason=PARQUET).write_table(pa.table(columns), str(path))
    return str(path)


def test_parquet_in_and_out_is_what_csv_is(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason=PARQUET)
    x, y = [i * 0.37 % 7 for i in range(2500)], [i % 11 for i in range(2500)]
    data = parquet(tmp_path / "d.parquet", x=x, y=y)
    text = "x,y\n" + "".join(f"{a!r},{b}\n" for a, b in zip(x, y, strict=True))
    expected = document("backward", NEURON, "--data", "-", stdin=text)
    assert document("backward", NEURON, "--data", data) == expected
    assert done("backward", NEURON, "--data", data, "-o", str(tmp_path / "r.parquet")) == ""
    found = pq.read_table(str(tmp_path / "r.parquet")).to_pydict()
    rows = expected["rows"]
    assert found == {"s": rows["s"], **{f"ds/d{name}": numbers for name, numbers in rows["grads"].items()}}
    lines = done("forward", NEURON, "--data", data, "-q").splitlines()
    assert lines[0].split() == ["row", "s"]
    assert [lines[2].split()[0], lines[-1].split()[0]] == ["1", "2500"]


def test_parquet_without_its_suffix(tmp_path: Path) -> None:
    data = parquet(tmp_path / "d", x=[1.5, 2.5], y=[1, 2])
    expected = done("forward", NEURON, "--data", "-", "--format", "csv", stdin="x,y\n1.5,1\n2.5,2\n")
    assert done("forward", NEURON, "--data", data, "--format", "csv") == expected
    program = [sys.executable, "-m", "circuitgrad", "forward", NEURON, "--data", "-", "--format", "csv"]
    with Path(data).open("rb") as file:
        piped = subprocess.run(program, stdin=file, capture_output=True, timeout=60, check=True, encoding="utf-8")
    assert piped.stdout == expected
    piped = subprocess.run(
        ["bash", "-c", f'cat "{data}" | "{sys.executable}" -m circuitgrad forward "{NEURON}" --data - --format csv'],
        capture_output=True, timeout=60, check=True, encoding="utf-8",
    )  # fmt: skip
    assert piped.stdout == expected


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"p": [1.0]}, "no column has the name of an input (the inputs are a, b, c, x, y)"),
        ({"x": [1.0], " x": [2.0]}, "a second column for the input 'x'"),
        ({"x": ["one"]}, "the column 'x' is of type string, not of numbers"),
        ({"x": [True]}, "the column 'x' is of type bool, not of numbers"),
        ({"x": [1.0, None]}, "row 2: an empty cell (in the column 'x'; --missing skip leaves out rows with gaps)"),
        ({"x": [1.0, 2.0, math.inf]}, "row 3: 'inf' is not a finite number (in the column 'x')"),
        ({"x": []}, "the column 'x' is of type null, not of numbers"),
    ],
)
def test_wrong_parquet_is_refused(tmp_path: Path, columns: dict[str, list[Any]], words: str) -> None:
    assert words in wrong("forward", NEURON, "--data", parquet(tmp_path / "d.parquet", **columns))


def test_what_is_called_parquet_and_is_none(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason=PARQUET)
    (tmp_path / "d.parquet").write_text(POINTS)
    assert "is no Parquet file" in wrong("forward", NEURON, "--data", str(tmp_path / "d.parquet"))
    whole = Path(parquet(tmp_path / "e.parquet", x=[1.0] * 5000)).read_bytes()
    (tmp_path / "d.parquet").write_bytes(whole[:40] + bytes(40) + whole[80:])
    assert "error" in wrong("forward", NEURON, "--data", str(tmp_path / "d.parquet"))


# Memory, pipes, signals


@pytest.mark.slow
@pytest.mark.parametrize("command", ["forward", "backward"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", 1 << 16)
    results = str(tmp_path / "r.csv")

    def peak(rows: int) -> int:
        data = long_data(tmp_path, rows)
        gc.collect()
        tracemalloc.start()
        try:
            done(command, MULTIPLY, "--data", data, "-o", results)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # what is imported and compiled once
    few, many = peak(80_000), peak(240_000)
    assert len(Path(results).read_text().splitlines()) == 240_001
    assert many < 1.2 * few + 100_000


def test_a_pipe_that_is_closed_early_is_no_failure(tmp_path: Path) -> None:
    data = long_data(tmp_path, 100_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "circuitgrad", "backward", MULTIPLY, "--data", data, "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"out,dout/dx,dout/dy\n"
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(60) == 0


def test_results_of_a_pipe_do_not_wait_for_its_end() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "circuitgrad", "forward", MULTIPLY, "--data", "-", "--format", "csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"x,y\n" + b"1,2\n" * 3000)
    process.stdin.flush()
    assert [process.stdout.readline() for _ in range(3000)] == [b"out\n", *[b"2.0\n"] * 2999]
    assert process.communicate(b"3,4\n", timeout=60)[0].splitlines() == [b"2.0", b"12.0"]


@pytest.mark.parametrize("rows", [20, 20_000])
def test_a_hint_says_where_pyarrow_would_save_time(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circuitgrad.cli.printing.ROWS_WORTH_PYARROW", 10_000)
    file = write(tmp_path, "x,y\n" + "1,2\n" * rows, "rows.csv")
    hint = "hint: pip install 'circuitgrad[data]' makes reading and writing faster\n"
    for installed in (True, False):
        monkeypatch.setattr("circuitgrad.data.arrow.is_installed", lambda there=installed: there)
        found = invoke("forward", MULTIPLY, "--data", file, "--format", "csv")
        assert found.stderr == ("" if installed or rows < 10_000 else hint)
        assert invoke("forward", MULTIPLY, "--data", file, "--format", "csv", "--quiet").stderr == ""


@POSIX
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    arguments = ["forward", MULTIPLY, "--data", "-", "-o", str(tmp_path / "r.csv")]
    process = subprocess.Popen(
        [sys.executable, "-m", "circuitgrad", *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(b"x,y\n" + b"1,2\n" * 20_000)
    process.stdin.flush()
    for _ in range(1000):
        if any(tmp_path.iterdir()):
            break
        time.sleep(0.02)
    assert [entry.name for entry in tmp_path.iterdir()] != ["r.csv"]
    process.send_signal(signal.SIGINT)
    with process.stderr as stderr:
        assert stderr.read().split() == [b"interrupted"]
    assert process.wait(60) == 130
    process.stdin.close()
    assert list(tmp_path.iterdir()) == []

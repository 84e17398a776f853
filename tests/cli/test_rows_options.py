"""The options that say how rows are read: for every command, and for the `data` block alike."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from circuitgrad import load, loads
from circuitgrad.circuit.rows_options import SETTINGS
from circuitgrad.language.format import schema
from program import document, done, invoke, write

LINE = """\
name: line
inputs: {a: 1, b: 0, x: {value: 0, fixed: true}, y: {value: 0, fixed: true}}
gates: {r: y - (a*x + b)}
optimize: {least_squares: r}
"""
ROWS = [(1, 2.5), (2, 4.5), (3, 6.5)]
PLAIN = "x,y\n" + "".join(f"{x},{y}\n" for x, y in ROWS)
GERMAN = "# gemessen\nx;y\n1;2,5\n02;4,5\n3;6,5\n"
VALIDATOR = Draft7Validator(schema({}))


@pytest.fixture
def line(tmp_path: Path) -> str:
    return write(tmp_path, LINE)


COMMANDS = [
    ["forward", "--format", "csv"],
    ["backward", "--format", "json"],
    ["check", "--format", "json"],
    ["optimize", "--format", "json"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("way", ["found", "given", "cp1252", "packed", "piped"])
def test_every_command_reads_every_text(line: str, tmp_path: Path, command: list[str], way: str) -> None:
    name, *form = command
    expected = done(name, line, "--data", write(tmp_path, PLAIN, "plain.csv"), *form)
    data = tmp_path / "d.csv"
    text = GERMAN.replace("gemessen", "é") if way == "cp1252" else GERMAN
    content = text.encode("cp1252" if way == "cp1252" else "utf-8")
    data.write_bytes(gzip.compress(content) if way == "packed" else content)
    options = {"given": ["--separator", "semicolon", "--decimal", ","], "cp1252": ["--encoding", "cp1252"]}.get(way, [])
    if way == "piped":
        found = invoke(name, line, "--data", "-", *form, stdin=GERMAN)
    else:
        found = invoke(name, line, "--data", str(data), *form, *options)
    assert found.exit_code == 0, found.output
    shown = "<stdin>" if way == "piped" else str(data)
    assert found.stderr == ("" if way == "given" else f"note: {shown}: the comma is the decimal mark\n")
    if name == "check":  # comments count as lines
        expected = re.sub(r"line (\d)", lambda number: f"line {int(number[1]) + 1}", expected)
    assert found.stdout == expected


def test_the_note_is_quiet(line: str) -> None:
    assert invoke("forward", line, "--data", "-", "-q", stdin=GERMAN).stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--separator", "x"], "--separator cannot be 'x' (it is one of comma, semicolon, tab, bar, blanks)"),
        (["--separator", ""], "--separator cannot be ''"),
        (["--decimal", ";"], "--decimal cannot be ';' (it is one of point, comma)"),
        (["--encoding", "cp99999"], "--encoding cannot be 'cp99999' (there is no such encoding; cp1252 is one)"),
        (["--encoding", "rot13"], "--encoding cannot be 'rot13'"),
        (["--separator", ","], "no column has the name of an input"),
        (["--decimal", "."], "'2,5' is not a number"),
    ],
)
def test_options_that_do_not_fit(line: str, arguments: list[str], words: str) -> None:
    found = invoke("forward", line, "--data", "-", *arguments, stdin=GERMAN)
    assert found.exit_code == 2
    assert words in found.stderr


@pytest.mark.parametrize("command", ["forward", "backward", "check", "optimize"])
def test_options_go_with_data(line: str, command: str) -> None:
    found = invoke(command, line, "--separator", ";")
    assert (found.exit_code, found.stderr) == (2, "error: --separator goes with --data\n")


def test_check_reads_standard_input_once_for_several_circuits(line: str) -> None:
    found = json.loads(done("check", line, line, "--data", "-", "--format", "json", stdin=PLAIN))
    assert [entry["passed"] for entry in found] == [True, True]


# The block


@pytest.mark.parametrize(
    "block",
    [
        "rows.csv",
        "{file: rows.csv}",
        "{file: rows.csv, separator: ';'}",
        "{file: rows.csv, separator: semicolon, decimal: comma}",
        "{file: rows.csv, decimal: ',', encoding: utf-8}",
        '{"file": "rows.csv", "separator": ";"}',
    ],
)
def test_a_block_is_read_as_the_options_are(tmp_path: Path, block: str) -> None:
    write(tmp_path, GERMAN, "rows.csv")
    expected = document("optimize", write(tmp_path, LINE, "line.yaml"), "--data", "-", stdin=PLAIN)
    found = invoke("optimize", write(tmp_path, f"{LINE}data: {block}\n", "line.yaml"), "--format", "json")
    assert (found.exit_code, json.loads(found.stdout)) == (0, expected)


def test_an_option_overrides_a_key_of_the_block(tmp_path: Path) -> None:
    write(tmp_path, GERMAN, "rows.csv")
    file = write(tmp_path, f"{LINE}data: {{file: rows.csv, separator: tab, decimal: ','}}\n")
    assert "no column has the name of an input" in invoke("optimize", file).stderr
    assert done("optimize", file, "--separator", ";")
    # The block is not about another file.
    assert done("optimize", file, "--data", write(tmp_path, PLAIN, "plain.csv"))


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("[rows.csv]", "'data' is a file or a mapping, not a list"),
        ("{separator: ';'}", "the data block has no 'file'"),
        ("{file: [a]}", "'file' is a text, not a list"),
        ("{file: a, separator: x}", "'separator' cannot be 'x'"),
        ("{file: a, separator: [x]}", "'separator' is a text, not a list"),
        ("{file: a, decimal: ;}", "'decimal' cannot be ';'"),
        ("{file: a, encoding: klingon}", "'encoding' cannot be 'klingon'"),
        ("{file: a, seperator: x}", "the data block has no key 'seperator'"),
        ("{file: a, file: b}", "'file' stands here a second time"),
        ("{file: a, query: SELECT 1}", "the data block has no key 'query'"),
    ],
)
def test_a_wrong_block_has_its_place(tmp_path: Path, block: str, words: str) -> None:
    found = invoke("forward", write(tmp_path, f"{LINE}data: {block}\n"))
    assert found.exit_code == 2
    assert "circuit.yaml:5:" in found.stderr
    assert words in found.stderr


BLOCKS: list[tuple[Any, bool]] = [
    ("rows.csv", True),
    ({"file": "rows.csv"}, True),
    ({"file": "rows.csv", "separator": ";", "decimal": ",", "encoding": "cp1252"}, True),
    ({"file": "rows.csv", "separator": "blanks", "decimal": "point"}, True),
    ({"separator": ";"}, False),
    ({"file": "rows.csv", "separator": "x"}, False),
    ({"file": "rows.csv", "decimal": ";"}, False),
    ({"file": "rows.csv", "query": "SELECT 1"}, False),
    ([], False),
    ({}, False),
]


@pytest.mark.parametrize(("block", "is_right"), BLOCKS)
def test_the_schema_says_what_the_reader_says(tmp_path: Path, block: Any, is_right: bool) -> None:
    circuit = {"inputs": {"x": 1}, "gates": {"y": "x*x"}, "data": block}
    assert VALIDATOR.is_valid(circuit) == is_right
    assert (invoke("forward", write(tmp_path, json.dumps(circuit))).exit_code == 0) == is_right


def test_every_setting_is_an_option_and_a_key() -> None:
    keys = schema({})["definitions"]["data"]["properties"]
    assert set(keys) == {"file", *SETTINGS}
    for command in ("forward", "backward", "check", "optimize"):
        help_text = done(command, "--help")
        assert all(f"--{name.replace('_', '-')} " in help_text for name in SETTINGS)
    assert all(f"--{name.replace('_', '-')} " in done("new", "fit", "--help") for name in SETTINGS)


# new fit


@pytest.mark.parametrize("options", [[], ["--separator", "semicolon", "--decimal", ","]])
def test_a_fit_of_a_text_of_any_dialect(tmp_path: Path, options: list[str]) -> None:
    data = write(tmp_path, GERMAN, "rows.csv")
    file = str(tmp_path / "fit.yaml")
    found = invoke("new", "fit", "a*x + b", "--data", data, "-o", file, *options)
    assert found.exit_code == 0, found.output
    circuit = load(file)
    assert circuit.data is not None
    assert Path(circuit.data).samefile(data)
    assert circuit.rows_options.given() == ({"separator": ";", "decimal": ","} if options else {})
    fitted = json.loads(invoke("optimize", file, "--format", "json").stdout)
    assert fitted["after"]["a"] == pytest.approx(2)
    assert fitted["after"]["b"] == pytest.approx(0.5)


def test_a_circuit_without_a_block_has_no_options() -> None:
    assert loads("{inputs: {x: 1}, gates: {y: x*x}}").rows_options.given() == {}


# Gaps

GAPPY = "x,y\n1,2.5\nNA,3\n2,4.5\n3,\n3,6.5\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_leaves_out_rows_with_gaps(line: str, command: list[str]) -> None:
    name, *form = command
    expected = done(name, line, "--data", "-", *form, stdin=PLAIN)
    found = invoke(name, line, "--data", "-", "--missing", "skip", *form, stdin=GAPPY)
    assert found.stderr == "note: <stdin>: 2 rows with gaps are left out, the first at line 3\n"
    if name == "check":
        expected = expected.replace("line 4", "line 6").replace("line 3", "line 4")
    assert found.stdout == expected
    refused = invoke(name, line, "--data", "-", *form, stdin=GAPPY)
    assert refused.exit_code == 2
    assert "<stdin>:3:1: error: 'NA' is not a number" in refused.stderr
    assert "<stdin>:5:3: error: an empty cell" in refused.stderr


def test_gaps_are_nan_in_the_results(line: str) -> None:
    found = invoke("forward", line, "--data", "-", "--missing", "nan", "--format", "csv", stdin=GAPPY)
    assert found.stdout == "r\n1.5\nnan\n2.5\nnan\n3.5\n"
    assert found.stderr.startswith("note: <stdin>: 2 rows have gaps, taken as nan, the first at line 3\n")
    for command in ("check", "optimize"):
        refused = invoke(command, line, "--data", "-", "--missing", "nan", stdin=GAPPY)
        assert refused.exit_code == 2
        assert "--missing skip leaves them out" in refused.stderr


@pytest.mark.parametrize(
    "block", ["missing: skip", "missing: skip, missing_value: -9", "missing: skip, missing_value: ['?', -9]"]
)
def test_gaps_in_the_block(tmp_path: Path, block: str) -> None:
    text = GAPPY + ("-9,1\n" if "-9" in block else "") + ("?,1\n" if "?" in block else "")
    write(tmp_path, text, "rows.csv")
    expected = document("optimize", write(tmp_path, LINE, "line.yaml"), "--data", "-", stdin=PLAIN)
    found = invoke(
        "optimize", write(tmp_path, f"{LINE}data: {{file: rows.csv, {block}}}\n", "line.yaml"), "--format", "json"
    )
    assert json.loads(found.stdout) == expected


def test_a_fit_writes_what_stands_for_gaps(tmp_path: Path) -> None:
    data = write(tmp_path, "x,y\n1,2\n?,3\n2,-9\n5,5\n", "rows.csv")
    file = str(tmp_path / "fit.yaml")
    options = ["--missing", "skip", "--missing-value", "?", "--missing-value", "-9"]
    assert invoke("new", "fit", "a*x + b", "--data", data, "-o", file, *options).exit_code == 0
    assert load(file).rows_options.given() == {"missing": "skip", "missing_value": ("?", "-9")}
    assert "2 rows with gaps are left out" in invoke("optimize", file).stderr


# Names

NAMED = "time [s];Umsatz €\n1;2,5\n2;4,5\n3;6,5\n"
MAPPED = ["--map", "x=time [s]", "--map", "y=Umsatz €"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_maps_columns(line: str, command: list[str]) -> None:
    name, *form = command
    found = invoke(name, line, "--data", "-", *MAPPED, *form, stdin=NAMED)
    assert found.stdout == done(name, line, "--data", "-", *form, stdin=PLAIN)
    with_units = invoke(name, line, "--data", "-", *form, stdin=PLAIN.replace("x,y", "x [s],y (m/s)"))
    assert with_units.stdout == found.stdout
    assert with_units.stderr == "note: <stdin>: 'x [s]' is x, 'y (m/s)' is y\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "x"], "--map cannot be 'x' (write INPUT=COLUMN)"),
        (["--map", "=x"], "--map cannot be '=x'"),
        (["--map", "x="], "--map cannot be 'x='"),
        (["--map", "q=x"], "map: no input is called 'q'"),
        (["--map", "x=z"], "map x: no column is called 'z'"),
        (["--map", "x=x", "--map", "y=x"], "map: the column 'x' is named twice"),
        (["--map", "x=x", "--map", "x=y"], "map: the input 'x' is named twice"),
    ],
)
def test_wrong_maps(line: str, arguments: list[str], words: str) -> None:
    found = invoke("forward", line, "--data", "-", *arguments, stdin=PLAIN)
    assert found.exit_code == 2
    assert words in found.stderr


def test_near_names_are_not_overlooked(tmp_path: Path) -> None:
    free = write(tmp_path, "{inputs: {T: 25, R1: 1}, gates: {z: T*R1}}", "free.yaml")
    found = invoke("forward", free, "--data", "-", "--format", "csv", stdin="t,R1\n2,100\n")
    assert (found.exit_code, found.stdout) == (0, "z\n2500.0\n")
    assert found.stderr == ("<stdin>:1:1: warning: no input is called 't'\n  1 | t,R1\n    | ^ did you mean 'T'?\n")
    fixed = write(tmp_path, "{inputs: {T: {value: 25, fixed: true}, R1: 1}, gates: {z: T*R1}}", "fixed.yaml")
    for command in ("forward", "backward", "check", "optimize"):
        refused = invoke(command, fixed, "--data", "-", stdin="R1,t\n2,100\n")
        assert refused.exit_code == 2
        assert refused.stderr.startswith("<stdin>:1:4: error: no input is called 't'")


@pytest.mark.parametrize(
    "block", ["map: {x: 'time [s]', y: Umsatz €}", "map: {y: Umsatz €, x: 'time [s]'}, decimal: ','"]
)
def test_a_map_in_the_block(tmp_path: Path, block: str) -> None:
    write(tmp_path, NAMED, "rows.csv")
    expected = document("optimize", write(tmp_path, LINE, "line.yaml"), "--data", "-", stdin=PLAIN)
    file = write(tmp_path, f"{LINE}data: {{file: rows.csv, {block}}}\n", "line.yaml")
    assert json.loads(invoke("optimize", file, "--format", "json").stdout) == expected


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("map: x", "'map' is a mapping of inputs to columns, not"),
        ("map: {x: [a]}", "the column of 'x' is a text, not a list"),
        ("map: {x: ''}", "the column of 'x' is a text, not"),
        ("map: {x: a, x: b}", "the key 'x' stands here a second time"),
    ],
)
def test_a_wrong_map_in_the_block(tmp_path: Path, block: str, words: str) -> None:
    found = invoke("forward", write(tmp_path, f"{LINE}data: {{file: a, {block}}}\n"))
    assert found.exit_code == 2
    assert words in found.stderr


def test_a_fit_of_mapped_columns(tmp_path: Path) -> None:
    data = write(tmp_path, NAMED, "rows.csv")
    file = str(tmp_path / "fit.yaml")
    found = invoke("new", "fit", "a*x + b", "--data", data, "-o", file, *MAPPED)
    assert found.exit_code == 0, found.output
    assert load(file).rows_options.given() == {"map": (("x", "time [s]"), ("y", "Umsatz €"))}
    fitted = json.loads(invoke("optimize", file, "--format", "json").stdout)
    assert fitted["after"]["a"] == pytest.approx(2)


# Several files


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("way", ["options", "pattern", "folder", "pipe"])
def test_every_command_takes_several_files(line: str, tmp_path: Path, command: list[str], way: str) -> None:
    name, *form = command
    expected = done(name, line, "--data", "-", *form, stdin=PLAIN)
    folder = tmp_path / "rows"
    folder.mkdir()
    a, b = write(folder, "x,y\n1,2.5\n", "a.csv"), write(folder, "y\tx\n4.5\t2\n6.5\t3\n", "b.tsv")
    data = {"options": [a, b], "pattern": [f"{folder}/*"], "folder": [str(folder)], "pipe": [a, "-"]}[way]
    arguments = [part for path in data for part in ("--data", path)]
    found = done(name, line, *arguments, *form, stdin=Path(b).read_text(encoding="utf-8"))
    if name == "check":
        second = "<stdin>" if way == "pipe" else b
        for old, new in [(2, f"2 of {a}"), (3, f"2 of {second}"), (4, f"3 of {second}")]:
            expected = expected.replace(f'"line {old}"', f'"line {new}"')
    assert found == expected


def test_several_files_and_their_faults(line: str, tmp_path: Path) -> None:
    a, b = write(tmp_path, PLAIN, "a.csv"), write(tmp_path, "x\n1\n", "b.csv")
    found = invoke("forward", line, "--data", a, "--data", b, "--format", "csv")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "has no column for 'y'" in found.stderr
    assert "--data" in invoke("new", "fit", "a*x", "--data", a, "--data", b).stderr
    log = write(tmp_path, "{inputs: {x: 1}, gates: {l: log(x)}}", "log.yaml")
    zero = write(tmp_path, "x\n1\n0\n", "zero.csv")
    assert f"at line 3 of {zero}, the only one of 3 rows" in invoke("forward", log, "--data", b, "--data", zero).stderr


def test_results_do_not_replace_any_of_the_files(line: str, tmp_path: Path) -> None:
    a, b = write(tmp_path, PLAIN, "a.csv"), write(tmp_path, PLAIN, "b.csv")
    found = invoke("forward", line, "--data", a, "--data", b, "-o", b)
    assert "is read by the same command" in found.stderr
    assert Path(b).read_text(encoding="utf-8") == PLAIN


# Columns that are carried through

STATIONS = 'time,station,x,y\n2024-01-01 00:00,"A, B",1,2\n2024-01-01 01:00,"say ""hi""",3,5\n'


def test_kept_columns_in_every_format(line: str, tmp_path: Path) -> None:
    arguments = ["forward", line, "--data", "-", "--keep", "time,station"]
    csv_text = invoke(*arguments, "--format", "csv", stdin=STATIONS).stdout
    assert csv_text == ('time,station,r\n2024-01-01 00:00,"A, B",1.0\n2024-01-01 01:00,"say ""hi""",2.0\n')
    rounded = invoke(*arguments, "--format", "csv", "--precision", "3", stdin=STATIONS).stdout
    assert rounded == csv_text.replace(".0\n", "\n")
    rows = document(*arguments, stdin=STATIONS)["rows"]
    assert list(rows) == ["time", "station", "r"]
    assert rows == {"time": ["2024-01-01 00:00", "2024-01-01 01:00"], "station": ["A, B", 'say "hi"'], "r": [1, 2]}
    markdown = invoke(*arguments, "--format", "markdown", stdin=STATIONS).stdout.splitlines()
    assert [cell.strip() for cell in markdown[2].split("|")] == ["", "2", "2024-01-01 00:00", "A, B", "1", ""]
    table = invoke(*arguments, stdin=STATIONS).stdout
    assert "2024-01-01 01:00" in table
    assert "say" in table
    file = tmp_path / "r.csv"
    assert invoke(*arguments, "-o", str(file), stdin=STATIONS).exit_code == 0
    assert file.read_text(encoding="utf-8") == csv_text


def test_kept_columns_of_backward(line: str) -> None:
    found = invoke("backward", line, "--data", "-", "--keep", "all", "--wrt", "a", "--format", "csv", stdin=STATIONS)
    assert found.stdout.splitlines()[:2] == ["time,station,x,y,r,dr/da", '2024-01-01 00:00,"A, B",1,2,1.0,-1.0']
    rows = document("backward", line, "--data", "-", "--keep", "station,time", "--wrt", "a", stdin=STATIONS)["rows"]
    assert list(rows) == ["station", "time", "r", "grads"]


def test_kept_columns_to_parquet(line: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    results, again = str(tmp_path / "r.parquet"), str(tmp_path / "again.parquet")
    arguments = ["--keep", "all", "--file-column", "file"]
    assert invoke("forward", line, "--data", "-", *arguments, "-o", results, stdin=STATIONS).exit_code == 0
    found = parquet.read_table(results).to_pydict()
    assert found == {
        "file": ["<stdin>"] * 2,
        "time": ["2024-01-01 00:00", "2024-01-01 01:00"],
        "station": ["A, B", 'say "hi"'],
        "x": ["1", "3"],
        "y": ["2", "5"],
        "r": [1.0, 2.0],
    }
    numbers = parquet.read_table(results)
    numbers = numbers.set_column(3, "x", [[1.5, 2.5]]).set_column(4, "y", [[1, 2]])
    parquet.write_table(numbers.drop_columns(["r"]), results)
    assert invoke("forward", line, "--data", results, "--keep", "x,y,time", "-o", again).exit_code == 0
    schema_again = parquet.read_schema(again)
    assert [str(field.type) for field in schema_again] == ["double", "int64", "string", "double"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a,b", '"a,b"'),
        ('"', '""""'),
        ("two\nlines", '"two\nlines"'),
        ("::error::x", '"::error::x"'),
        (" lead", '" lead"'),
        ("\u202eabc", "\ufffdabc"),
        ("é", "é"),
        ("", ""),
        ("1e5", "1e5"),
    ],
)
def test_kept_texts_of_every_kind(tmp_path: Path, text: str, shown: str) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {z: 2*x}}")
    quoted = text.replace('"', '""')
    found = invoke("forward", file, "--data", "-", "--keep", "note", "--format", "csv", stdin=f'note,x\n"{quoted}",1\n')
    assert found.stdout == f"note,z\n{shown},2.0\n"
    rows = document("forward", file, "--data", "-", "--keep", "note", stdin=f'note,x\n"{quoted}",1\n')["rows"]
    assert rows["note"] == [text]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--keep", "r"], "the column 'r' would have the name of another column of the results"),
        (["--keep", "nowhere"], "--keep: no column is called 'nowhere'"),
        (["--keep", "statio"], "did you mean 'station'?"),
        (["--file-column", "r"], "the column 'r' would have the name of another column"),
        (["--keep", "time", "--file-column", "time"], "the column 'time' would have the name of another column"),
    ],
)
def test_columns_that_would_clash(line: str, arguments: list[str], words: str) -> None:
    text = STATIONS.replace("station,x,y", "station,x,r") if arguments == ["--keep", "r"] else STATIONS
    found = invoke("forward", line, "--data", "-", *arguments, stdin=text)
    assert (found.exit_code, found.stdout) == (2, "")
    assert words in found.stderr
    assert "goes with --data" in invoke("forward", line, *arguments).stderr


def test_kept_columns_with_gaps_and_files(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {z: 2*x}}")
    a, b = write(tmp_path, "day,x\nMon,1\nTue,NA\n", "a.csv"), write(tmp_path, "x;day\nNA;Wed\n4,5;Thu\n", "b.csv")
    arguments = ["forward", file, "--data", a, "--data", b, "--keep", "day", "--file-column", "file"]
    arguments += ["--format", "csv", "-q"]
    assert invoke(*arguments, "--missing", "skip").stdout == f"file,day,z\n{a},Mon,2.0\n{b},Thu,9.0\n"
    with_nan = f"file,day,z\n{a},Mon,2.0\n{a},Tue,nan\n{b},Wed,nan\n{b},Thu,9.0\n"
    assert invoke(*arguments, "--missing", "nan").stdout == with_nan
    write(tmp_path, "x\n1\n", "c.csv")
    assert "no column is called 'day'" in invoke(*arguments, "--data", str(tmp_path / "c.csv")).stderr


def test_results_with_many_rows_have_their_kept_columns(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: 1}, gates: {z: 2*x}}")
    data = write(tmp_path, "n,x\n" + "".join(f"r{number},{number}\n" for number in range(30_000)), "d.csv")
    lines = done("forward", file, "--data", data, "--keep", "n", "--format", "csv", "-q").splitlines()
    assert lines == ["n,z", *(f"r{number},{2.0 * number!r}" for number in range(30_000))]
    table = done("forward", file, "--data", data, "--keep", "n", "-q")
    assert "r29999" in table

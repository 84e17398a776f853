"""`circuitgrad optimize --write` and `-o`, as a person runs them."""

from __future__ import annotations

import codecs
import json
import stat
from pathlib import Path

import pytest

from circuitgrad import CircuitError, load
from circuitgrad.cli.reading import CircuitReader
from circuitgrad.files import read_circuit
from program import invoke, write

TEXT = """\
# an experiment
inputs:
  a: 1        # moves
  b: {value: '2.0', max: 9}
  k: {value: 1_000, fixed: true}
gates:
  y: a*b
"""
EXPECT = TEXT + "expect: {y: 2.0, k: 1000}  # at the start\n"
AFTER = TEXT.replace("a: 1 ", "a: 2.0 ").replace("'2.0'", "'2.5'")
STEP = ("--steps", "1", "--step-size", "0.5")


def test_only_the_numbers_change(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT)
    result = invoke("optimize", file, *STEP, "--write")
    assert (result.exit_code, result.stderr) == (0, f"wrote {file}: 2 new values\n")
    assert "maximize y" in result.stdout
    assert Path(file).read_text() == AFTER
    assert load(file).forward()["y"] == 5
    assert [entry.name for entry in tmp_path.iterdir()] == ["circuit.yaml"]


def test_json_output_is_unaffected(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT)
    plain = invoke("optimize", file, *STEP, "--format", "json").stdout
    result = invoke("optimize", file, *STEP, "--format", "json", "--write", "--quiet")
    assert (result.stdout, result.stderr) == (plain, "")
    assert json.loads(plain)["after"]["a"] == 2


def test_line_ends_mark_rights_and_links_are_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "circuit.yaml", tmp_path / "link.yaml"
    file.write_bytes(codecs.BOM_UTF8 + TEXT.replace("\n", "\r\n").encode())
    file.chmod(0o640)
    link.symlink_to(file)
    assert invoke("optimize", str(link), *STEP, "--write").exit_code == 0
    assert file.read_bytes() == codecs.BOM_UTF8 + AFTER.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()


def test_a_json_file_stays_json(tmp_path: Path) -> None:
    file = write(tmp_path, '{"inputs": {"a": 1, "b": "2"},\n "gates": {"y": "a*b"}}\n', "circuit.json")
    assert invoke("optimize", file, *STEP, "--write").exit_code == 0
    assert Path(file).read_text() == '{"inputs": {"a": 2.0, "b": "2.5"},\n "gates": {"y": "a*b"}}\n'


def test_values_of_set_are_written(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT)
    assert invoke("optimize", file, "--steps", "0", "--set", "k=7", "--write").exit_code == 0
    assert Path(file).read_text() == TEXT.replace("1_000", "7.0")


def test_what_stays_as_it_is_is_not_written(tmp_path: Path) -> None:
    file = Path(write(tmp_path, TEXT))
    before = file.stat()[:7], file.stat().st_mtime_ns
    result = invoke("optimize", str(file), "--steps", "0", "--write")
    assert (result.exit_code, result.stderr) == (0, f"{file} has these values already\n")
    assert (file.stat()[:7], file.stat().st_mtime_ns) == before  # all but the time when it was read


def test_an_expectation_is_not_made_false_unasked(tmp_path: Path) -> None:
    file = write(tmp_path, EXPECT)
    result = invoke("optimize", file, *STEP, "--write")
    assert result.exit_code == 2
    assert "maximize y" in result.stdout
    assert f"{file}:8:13: error: 'y' would be 5.0, not what is expected" in result.stderr
    assert "--update-expect rewrites it" in result.stderr
    assert Path(file).read_text() == EXPECT
    result = invoke("optimize", file, *STEP, "--write", "--update-expect")
    assert (result.exit_code, result.stderr) == (0, f"wrote {file}: 2 new values, 1 expected\n")
    assert Path(file).read_text() == AFTER + "expect: {y: 5.0, k: 1000}  # at the start\n"
    assert invoke("check", file).exit_code == 0


def test_a_file_that_changed_meanwhile_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(write(tmp_path, TEXT))
    load = CircuitReader.load

    def edited_meanwhile(*arguments: object, **named: object) -> object:
        file.write_text(TEXT + "# mine\n")
        return load(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(CircuitReader, "load", edited_meanwhile)
    result = invoke("optimize", str(file), *STEP, "--write")
    assert (result.exit_code, "has changed meanwhile" in result.stderr) == (2, True)
    assert "maximize y" in result.stdout
    assert file.read_text() == TEXT + "# mine\n"
    assert invoke("optimize", str(file), *STEP, "-o", str(tmp_path / "copy.yaml")).exit_code == 0


def test_a_copy(tmp_path: Path) -> None:
    file, copy = write(tmp_path, TEXT), tmp_path / "copy.yaml"
    result = invoke("optimize", file, *STEP, "-o", str(copy))
    assert (result.exit_code, result.stderr) == (0, f"wrote {copy}: 2 new values\n")
    assert (Path(file).read_text(), copy.read_text()) == (TEXT, AFTER)
    copy.write_text("mine")
    refused = invoke("optimize", file, *STEP, "-o", str(copy))
    assert (refused.exit_code, refused.stdout, copy.read_text()) == (2, "", "mine")
    assert "already (--force replaces it)" in refused.stderr
    assert invoke("optimize", file, *STEP, "-o", str(copy), "--force").exit_code == 0
    assert copy.read_text() == AFTER


def test_a_copy_onto_itself_is_the_file_itself(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT)
    assert invoke("optimize", file, *STEP, "-o", file).exit_code == 2
    assert invoke("optimize", file, *STEP, "-o", file, "--force").exit_code == 0
    assert Path(file).read_text() == AFTER


def test_a_copy_is_printed_in_place_of_the_table(tmp_path: Path) -> None:
    assert invoke("optimize", write(tmp_path, TEXT), *STEP, "-o", "-").output == AFTER
    assert invoke("optimize", "-", *STEP, "-o", "-", stdin=TEXT).output == AFTER


def test_standard_input_goes_into_a_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    assert invoke("optimize", "-", *STEP, "-o", str(copy), stdin=TEXT).exit_code == 0
    assert copy.read_text() == AFTER


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-", "--write"], "--write cannot write to standard input (-o COPY writes a file, -o - prints it)"),
        (["circuit.yaml", "--write", "-o", "-"], "--write and -o exclude one another"),
        (["circuit.yaml", "-o", "-", "--format", "json"], "-o - and --format json both print"),
        (["circuit.yaml", "--force"], "--force without --write or -o"),
        (["circuit.yaml", "--update-expect"], "--update-expect without --write or -o"),
        (["circuit.yaml", "-o", "copy.json"], "'copy.json' would be read as JSON"),
        (["circuit.yaml", "-o", "no/copy.yaml"], "'no/copy.yaml' cannot be written: No such file or directory"),
        (["nothing.yaml", "--write"], "there is no file 'nothing.yaml'"),
        (["wrong.yaml", "-o", "sub/copy.yaml"], "wrong.yaml:1:12: error: no wire is called 'x'"),
        (["user.yaml", "-o", "sub/copy.yaml"], "a copy called 'sub/copy.yaml' could not be read: there is no file"),
        (["shared.yaml", "--write"], "shared.yaml:1:13: error: the value of 'a' cannot change alone"),
    ],
)
def test_a_refusal_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name, text in {
        "circuit.yaml": TEXT,
        "wrong.yaml": "gates: {y: x}",
        "user.yaml": "use: lib.yaml\n" + TEXT,
        "lib.yaml": "define: {f(x): x}",
        "shared.yaml": "inputs: {a: &v 1, b: *v}\ngates: {y: a*b}",
    }.items():
        write(tmp_path, text, name)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.yaml")}
    result = invoke("optimize", *arguments, stdin=TEXT)
    assert result.exit_code == 2
    assert words in result.stderr
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_text_that_would_mean_something_else_is_refused(tmp_path: Path) -> None:
    text = "inputs:\n  w[0:2]:\n    normal: 1\n    ? seed\n    : 1\ngates: {y: 'w[0]*w[1]'}\n"
    file = write(tmp_path, text)
    result = invoke("optimize", file, "--write")
    assert (result.exit_code, Path(file).read_text()) == (2, text)
    assert "the new values cannot be put into the file as it is written" in result.stderr


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CircuitError, match="is not a file"):
        read_circuit(tmp_path, regular=True)


READ_ONLY: dict[str, tuple[str, ...]] = {
    "circuit.yaml": ("optimize", "circuit.yaml", *STEP, "--write"),
    "copy.yaml": ("optimize", "circuit.yaml", *STEP, "-o", "copy.yaml", "--force"),
    "new.yaml": ("new", "neuron", "-o", "new.yaml", "--force"),
    "drawing.dot": ("draw", "circuit.yaml", "-o", "drawing.dot"),
    "results.csv": ("forward", "circuit.yaml", "--data", "rows.csv", "-o", "results.csv"),
    "trace.csv": ("optimize", "circuit.yaml", *STEP, "--trace", "trace.csv"),
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_read_only_file_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, TEXT)
    write(tmp_path, "a\n1\n", "rows.csv")
    file = tmp_path / name
    if not file.exists():
        file.write_text("old")
    before = file.read_text()
    file.chmod(0o444)
    result = invoke(*READ_ONLY[name])
    assert (result.exit_code, result.stdout, file.read_text()) == (2, "", before)
    assert f"'{name}' is read-only, and is not replaced" in result.stderr.replace(f"{tmp_path}/", "")
    file.chmod(0o644)
    assert invoke(*READ_ONLY[name]).exit_code == 0
    assert file.read_text() != before


def test_what_the_file_could_not_keep_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, TEXT)
    monkeypatch.setattr("circuitgrad.replacing.keep", lambda *_: ["its owner", "its group"])
    result = invoke("optimize", file, *STEP, "--write")
    note = f"wrote {file}: 2 new values\n"
    assert (result.exit_code, result.stderr) == (0, f"{note}warning: {file} could not keep its owner and its group\n")
    assert invoke("optimize", file, *STEP, "--write", "-q").stderr == ""
    assert invoke("forward", file).stderr == ""


def test_a_name_of_250_characters(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT, f"{'x' * 245}.yaml")
    assert invoke("optimize", file, *STEP, "--write").exit_code == 0
    assert Path(file).read_text() == AFTER
    copy = tmp_path / f"{'y' * 250}.yaml"
    assert invoke("optimize", file, *STEP, "-o", str(copy)).exit_code == 0
    assert sorted(entry.name[0] for entry in tmp_path.iterdir()) == ["x", "y"]

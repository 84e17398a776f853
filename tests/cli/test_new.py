"""`circuitgrad new`, as a person runs it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from circuitgrad import loads
from circuitgrad.cli.main import circuitgrad

if TYPE_CHECKING:
    from pathlib import Path

DATA = "x,y\n0,1\n1,3\n2,5\n"
KINDS = [("neuron",), ("svm",), ("mlp", "2", "16", "1"), ("fit", "a*x + b", "--data", "data.csv")]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "circuitgrad", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0])
def test_what_is_written_runs_at_once(tmp_path: Path, kind: tuple[str, ...]) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    made = run(tmp_path, "new", *kind)
    file = f"{kind[0]}.yaml"
    assert (made.returncode, made.stdout) == (0, f"wrote {file}; try: circuitgrad backward {file}\n")
    for command in ("forward", "backward", "check", "optimize"):
        assert run(tmp_path, command, file).returncode == 0
    assert f"circuitgrad backward {file}" in (tmp_path / file).read_text()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[0])
def test_what_is_printed_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: tuple[str, ...]) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(circuitgrad, ["new", *kind, "-o", "-"])
    assert printed.exit_code == 0
    assert loads(printed.stdout).outputs
    assert max(map(len, printed.stdout.splitlines())) <= 100
    assert "--force" in CliRunner().invoke(circuitgrad, ["new", kind[0], "--help"]).stdout


def test_the_help_has_examples_in_lines_of_their_own() -> None:
    lines = CliRunner().invoke(circuitgrad, ["new", "--help"]).stdout.splitlines()
    assert "  circuitgrad new mlp 2 16 1" in lines
    assert lines[0] == "Usage: circuitgrad new [OPTIONS] KIND [ARGUMENTS]..."


@pytest.mark.parametrize("name", ["my file.yaml", "it's.yaml", "-x.yaml", "line\nbreak: 1.yaml"])
def test_a_file_of_any_name_is_named_as_a_shell_takes_it(tmp_path: Path, name: str) -> None:
    said = run(tmp_path, "new", "neuron", "-o", name).stdout
    assert said.count("\n") == 1
    shown = shlex.split(said.rpartition("circuitgrad backward ")[2])
    assert shown == [{"-x.yaml": "./-x.yaml"}.get(name, name.replace("\n", "␊"))]
    assert run(tmp_path, "check", f"./{name}").returncode == 0


def test_nothing_is_written_that_would_be_read_as_json(tmp_path: Path) -> None:
    refused = run(tmp_path, "new", "neuron", "-o", "n.JSON")
    assert refused.returncode == 2
    assert "starting files are YAML" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "neuron.yaml").write_text("mine")
    refused = run(tmp_path, "new", "neuron")
    assert refused.returncode == 2
    assert "there is a file 'neuron.yaml' already (--force replaces it)" in refused.stderr
    assert (tmp_path / "neuron.yaml").read_text() == "mine"
    assert run(tmp_path, "new", "neuron", "--force").returncode == 0
    assert "about:" in (tmp_path / "neuron.yaml").read_text()


def test_a_file_goes_where_it_is_sent(tmp_path: Path) -> None:
    assert run(tmp_path, "new", "svm", "-o", "other.yaml").returncode == 0
    printed = run(tmp_path, "new", "svm", "-o", "-")
    assert [entry.name for entry in tmp_path.iterdir()] == ["other.yaml"]
    assert printed.stdout == (tmp_path / "other.yaml").read_text().replace("other.yaml", "FILE")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["neurone"], "there is no kind 'neurone'; did you mean 'neuron'?"),
        (["mlp"], "Missing argument"),
        (["mlp", "2"], "two sizes or more"),
        (["mlp", "two", "1"], "'two' is not a valid integer"),
        (["fit", "a*x", "--data", "none.csv"], "there is no file 'none.csv'"),
        (["fit", "a*x"], "Missing option '--data'"),
        (["fit", "a*x", "--data", "data.csv", "--start", "a"], "write --start NAME=VALUE"),
        (["fit", "a*z", "--data", "data.csv"], "uses no column"),
    ],
)
def test_a_fault_leaves_no_file(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    result = run(tmp_path, "new", *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.csv"]


def test_a_schema_is_printed(tmp_path: Path) -> None:
    import json

    assert json.loads(run(tmp_path, "schema").stdout)["required"] == ["gates"]

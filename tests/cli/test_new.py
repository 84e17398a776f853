"""`circuitgrad new`, as a person runs it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from circuitgrad import load, loads
from circuitgrad.cli.main import circuitgrad
from program import document, done, invoke, write

DATA = "x,y\n0,1\n1,3\n2,5\n"
PUROMYCIN = """\
s,v
0.02,76
0.02,47
0.06,97
0.06,107
0.11,123
0.11,139
0.22,159
0.22,152
0.56,191
0.56,201
1.10,207
1.10,200
"""
EXPECTED = """ ../puromycin.csv
inputs:
  vmax: 212.7
  km:   0.06412
  s:    {value: 0.02, fixed: true}
  v:    {value: 76, fixed: true}
gates:
  model: vmax*s/(km + s)
  residual: v - model
optimize: {least_squares: residual}
"""
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
    created = run(tmp_path, "new", *kind)
    file = f"{kind[0]}.yaml"
    job = "optimize" if kind[0] == "fit" else "backward"
    assert (created.returncode, created.stdout) == (0, f"wrote {file}; try: circuitgrad {job} {file}\n")
    for command in ("forward", "backward", "check", "optimize"):
        assert run(tmp_path, command, file).returncode == 0
    assert f"circuitgrad {job} {file}" in (tmp_path / file).read_text()


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
        (["fit", "a*z", "--data", "data.csv"], "data.csv:1:1: error: no column has the name of an input"),
        (["fit", "a*x", "--data", "-"], "error: standard input is not a file that the circuit could name (save the"),
    ],
)
def test_a_fault_leaves_no_file(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "data.csv").write_text(DATA)
    result = run(tmp_path, "new", *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.csv"]


@pytest.mark.parametrize("file", ["fit.yaml", "fits/fit.yaml"])
def test_a_fit_is_run_by_optimize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    (tmp_path / "my data").mkdir()
    (tmp_path / "fits").mkdir()
    source = write(tmp_path / "my data", PUROMYCIN, "it's März.csv")
    message = done(
        "new",
        "fit",
        "vmax*s/(km + s)",
        "--data",
        source,
        "--start",
        "km=0.1",
        "--start",
        "vmax=1",
        "-o",
        str(tmp_path / file),
    )
    assert message == f"wrote {tmp_path / file}; try: circuitgrad optimize {tmp_path / file}\n"
    monkeypatch.chdir(tmp_path / "fits")  # the path is relative to the file, not to the current folder
    file = os.path.relpath(tmp_path / file)
    result = document("optimize", file)
    assert (result["method"], result["rows"], result["before"]["vmax"], result["before"]["km"]) == ("lm", 12, 1, 0.1)
    estimates = result["fit"]["estimates"]
    # D. M. Bates and D. G. Watts, "Nonlinear Regression Analysis and Its Applications", 1988, chapter 2.
    assert {name: float(f"{estimate['estimate']:.4g}") for name, estimate in estimates.items()} == {
        "vmax": 212.7,
        "km": 0.06412,
    }
    assert float(f"{estimates['vmax']['standard_error']:.4g}") == 6.947
    assert float(f"{estimates['km']['standard_error']:.3g}") == 0.00828
    assert float(f"{result['fit']['residual_sum_of_squares']:.4g}") == 1195
    elsewhere = document("optimize", file, "--set", "vmax=100")
    assert elsewhere["fit"]["estimates"]["vmax"]["estimate"] == pytest.approx(estimates["vmax"]["estimate"])
    assert invoke("optimize", file, "--write").exit_code == 0
    written = load(file)
    assert {name: written.inputs[name].value for name in estimates} == {
        name: estimate["estimate"] for name, estimate in estimates.items()
    }


def test_a_fit_is_printed_for_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    write(tmp_path, PUROMYCIN, "puromycin.csv")
    printed = done("new", "fit", "vmax*s/(km + s)", "--data", "../puromycin.csv", "-o", "-")
    assert printed.partition("\ndata:")[2] == EXPECTED
    assert "#   circuitgrad optimize FILE --write " in printed
    assert document("optimize", "-", stdin=printed)["rows"] == 12


def test_a_fit_takes_any_number_of_rows_and_passes_over_other_columns(tmp_path: Path) -> None:
    rows = "".join(f"{x},row {x},{3 - 2 * x},\n" for x in range(5000))
    source = write(tmp_path, f"x,no te,y,\n{rows}", "data.csv")
    file = str(tmp_path / "fit.yaml")
    done("new", "fit", "a*x + b", "--data", source, "--target", "y", "-o", file)
    assert len(Path(file).read_text(encoding="utf-8").splitlines()) < 30
    run_result = invoke("optimize", file, "--format", "json")
    result = json.loads(run_result.stdout)
    assert result["rows"] == 5000
    assert [result["after"][name] for name in "ab"] == pytest.approx([-2, 3])
    assert run_result.stderr.endswith("which are ignored: 'no te', ''\n")


def test_a_fit_of_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    source = str(tmp_path / "rows.parquet")
    parquet.write_table(arrow.table({"x": [0, 1, 2], "y": [1, 3, 5]}), source)
    done("new", "fit", "a*x + b", "--data", source, "-o", str(tmp_path / "fit.yaml"))
    result = document("optimize", str(tmp_path / "fit.yaml"))
    assert [result["after"][name] for name in "ab"] == pytest.approx([2, 1])


def test_a_fit_replaces_a_file_by_force_but_never_its_data(tmp_path: Path) -> None:
    source = write(tmp_path, DATA, "data.csv")
    file = write(tmp_path, "mine", "fit.yaml")
    fit = ("new", "fit", "a*x + b", "--data", source, "-o")
    assert "there is a file" in invoke(*fit, file).stderr
    done(*fit, file, "--force")
    assert load(file).outputs == ("residual",)
    refused = invoke(*fit, source, "--force")
    assert (refused.exit_code, "is the data file itself" in refused.stderr) == (2, True)
    assert Path(source).read_text(encoding="utf-8") == DATA


def test_a_schema_is_printed(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "schema").stdout)["required"] == ["gates"]

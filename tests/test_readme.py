"""The README, its picture and the page of the language show what the program does today."""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import circuitgrad
from circuitgrad.methods.check.check import check

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LANGUAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
CHECK = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
DATA = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
ENGINES = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
EXPLAIN = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
OPTIMIZE = (ROOT / "docs" / "optimize.md").read_text(encoding="utf-8")
DRAW = (ROOT / "docs" / "draw.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n\$ ([^\n]*)\n(.*?)```", flags=re.DOTALL)
CONSOLE = BLOCK.findall(README)
PAGES = (README, CHECK, DATA, ENGINES, EXPLAIN, OPTIMIZE, DRAW)
SHOWN = [pytest.param(*pair, id=pair[0]) for page in PAGES for pair in BLOCK.findall(page)]
# How many steps SciPy takes, and what rounding leaves of a gradient, differ from version to version.
VARYING = re.compile(r"[0-9]+ steps(?=,\smethod (?:lm|trf))|(?<=gradient norm )[-+.e0-9]+(?=\)\n$)")


def test_the_readme_shows_every_job() -> None:
    shown = " ".join(command for command, _ in CONSOLE)
    for job in ("backward", "check", "explain", "optimize", "gates", "forward"):
        assert f"circuitgrad {job}" in shown


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_a_command_prints_what_the_readme_shows(command: str, output: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", "PATH": path}
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, encoding="utf-8", env=environment, cwd=ROOT, check=False
    )
    printed = result.stdout + result.stderr
    if "method lm" in printed:
        printed, output = (VARYING.sub("...", text) for text in (printed, output))
    assert printed == output


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL))
def test_the_circuits_in_the_readme_meet_their_expectations(text: str) -> None:
    circuit = circuitgrad.loads(text)
    assert circuit.expect
    assert check(circuit).passed


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(\w.*?)```", LANGUAGE, flags=re.DOTALL))
def test_the_circuits_on_the_page_of_the_language_run(text: str) -> None:
    circuit = circuitgrad.loads(text)
    assert check(circuit).passed


def test_the_page_of_the_language_has_every_key() -> None:
    from circuitgrad.language.format import FILE

    assert all(f"`{key}`" in LANGUAGE for key in FILE.fields)


@pytest.mark.parametrize(
    ("page", "least"),
    [(README, 10), (OPTIMIZE, 4), (EXPLAIN, 5), (ENGINES, 6)],
    ids=["README", "optimize", "explain", "engines"],
)
def test_the_python_on_a_page_runs(monkeypatch: pytest.MonkeyPatch, page: str, least: int) -> None:
    monkeypatch.chdir(ROOT)
    parsed = doctest.DocTestParser().get_doctest(page, {}, "page", "page", 0)
    assert len(parsed.examples) >= least
    result = doctest.DocTestRunner().run(parsed)
    assert result.failed == 0


def test_links_lead_somewhere() -> None:
    for page, folder in ((README, ROOT), *((page, ROOT / "docs") for page in (*PAGES[1:], CONTRIBUTING))):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page):
            assert (folder / target).exists(), target


def test_the_table_of_tolerances_is_what_the_benchmark_prints() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "tolerances.py")]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    table = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(table) == 9
    assert "\n".join(table) in CHECK


def test_the_page_of_the_check_has_every_verdict_and_method() -> None:
    from circuitgrad.methods.check.check import DEFAULT_RTOL
    from circuitgrad.methods.check.verdicts import VERDICTS

    assert all(f"| `{word}` |" in CHECK for word in [*VERDICTS, *DEFAULT_RTOL])


def test_the_page_of_the_optimiser_has_every_method_setting_and_reason() -> None:
    from circuitgrad.circuit.optimization import GOALS, METHODS, Optimization
    from circuitgrad.methods.optimize.settings import algorithm
    from circuitgrad.report.optimize import REASONS

    for name in METHODS:
        one = algorithm(name)
        takes = ", ".join(sorted(use.replace("_", " ") for use in one.uses))
        assert f"| `{name}` | {one.about} | {takes} |\n" in OPTIMIZE
    for name, setting in Optimization.settings().items():
        assert f"| `{name}` | {setting.about} | {setting.default} |\n" in OPTIMIZE
    assert all(f"| `--{goal.replace('_', '-')}` |" in OPTIMIZE for goal in GOALS)
    assert all(f"| `{reason}` | " in OPTIMIZE for reason in ("steps", *REASONS))


def test_the_block_on_the_page_of_the_optimiser_is_read() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", OPTIMIZE, flags=re.DOTALL)
    circuit = circuitgrad.loads(text)
    assert circuit.data == "points.csv"
    assert circuit.optimize is not None
    assert (circuit.optimize.goal, circuit.optimize.output) == ("least_squares", "residual")


def test_the_page_of_the_check_names_the_hook() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (block,) = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(repos:.*?)```", CHECK, flags=re.DOTALL)]
    assert block["repos"][0]["hooks"][0]["id"] == hook["id"]
    assert f"`{hook['files']}`" in CHECK


def test_the_pictures_are_current() -> None:
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    assert pictures.words(pictures.PICTURE.read_text(encoding="utf-8")) == pictures.words(
        pictures.picture(pictures.COMMAND)
    )
    assert "0.880797" in pictures.words(pictures.PICTURE.read_text(encoding="utf-8"))
    for file, command in pictures.DRAWINGS.items():
        assert pictures.words(file.read_text(encoding="utf-8")) == pictures.words(pictures.run(command))
        assert f"]({file.name})" in DRAW
        shown = f"{command.replace(' --format svg', '')} -o {file.name}"
        assert shown in " ".join(DRAW.split())


def test_the_page_of_drawings_names_every_format_and_option() -> None:
    from circuitgrad.cli.draw import DRAWING_FORMATS, command

    assert all(f"`FILE.{form}`" in DRAW for form in DRAWING_FORMATS)
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    elsewhere = {"--no-cse", "--max-wires", "--output-file", "--quiet", "--debug"}
    assert [option for option in sorted(options - elsewhere) if f"`{option}" not in DRAW] == []


def test_the_changelog_counts_the_gates() -> None:
    from circuitgrad.gates.table import GATES

    assert f"{len(GATES)} gates" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

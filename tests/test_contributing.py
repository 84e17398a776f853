"""`docs/contributing.md` is done literally, in a copy of the project: its blocks are added, its commands run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
COPIED = ("src", "tests", "circuits", "docs", "benchmarks", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
FENCE = r"\n\n```\w*\n(?P<text{0}>.*?)```"
INSTRUCTION = re.compile(
    r"^Add to `(?P<add>[^`]+)`, (?P<side>above|below) the line (?P<mark>`+) ?(?P<line>[^\n]+?) ?(?P=mark):"
    + FENCE.format(1)
    + r"|^Replace in `(?P<replace>[^`]+)` the text `(?P<old>[^`]+)` by `(?P<new>[^`]+)`\."
    + r"|^Write `(?P<write>[^`]+)`:" + FENCE.format(2)
    + r"|^```console\n\$ (?P<command>[^\n]*)\n(?P<output>.*?)```"
    + r"|^```sh\n(?P<tests>python -m pytest [^\n]*)\n```",
    flags=re.DOTALL | re.MULTILINE,
)  # fmt: skip
SECTIONS = re.findall(r"^## (Add [^\n]*)\n(.*?)(?=^## |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(source, folder / name)
    return folder


def run(command: str, copy: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in the copy, in which `circuitgrad` and `python` are the copy's."""
    binaries = copy / "bin"
    binaries.mkdir(exist_ok=True)
    for name, arguments in (("python", ""), ("circuitgrad", " -m circuitgrad")):
        (binaries / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n', encoding="utf-8")
        (binaries / name).chmod(0o755)
    path = os.pathsep.join([str(binaries), os.environ["PATH"]])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"COLUMNS": "80", "PYTHONUTF8": "1", "PATH": path, "PYTHONPATH": str(copy / "src")}
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, encoding="utf-8", env=environment, cwd=copy, check=False,
        timeout=300,
    )  # fmt: skip


def add(file: Path, line: str, text: str, *, above: bool) -> None:
    """Put a text above or below the first line that is this one, blanks at its ends apart."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    place = next(number for number, other in enumerate(lines) if " ".join(other.split()) == " ".join(line.split()))
    lines.insert(place if above else place + 1, text)
    file.write_text("".join(lines), encoding="utf-8")


def follow(match: re.Match[str], copy: Path) -> None:
    """Do what one instruction says.

    Raises:
        AssertionError: a command prints something else, or its tests fail.
    """
    if match["add"]:
        add(copy / match["add"], match["line"], match["text1"], above=match["side"] == "above")
    elif match["replace"]:
        text = (copy / match["replace"]).read_text(encoding="utf-8")
        assert text.count(match["old"]) == 1, match[0]
        (copy / match["replace"]).write_text(text.replace(match["old"], match["new"]), encoding="utf-8")
    elif match["write"]:
        assert not (copy / match["write"]).exists()
        (copy / match["write"]).write_text(match["text2"], encoding="utf-8")
    elif match["command"]:
        done = run(match["command"], copy)
        assert done.stdout + done.stderr == match["output"]
    else:
        done = run(match["tests"], copy)
        assert done.returncode == 0, done.stdout[-3000:]
        assert re.search(r"[1-9][0-9]* passed", done.stdout)


@pytest.mark.slow
def test_the_page_is_followed_to_the_letter(copy: Path) -> None:
    """The sections are one test: each works on what those above it have left."""
    assert len(SECTIONS) >= 4
    for title, body in SECTIONS:
        matches = [*INSTRUCTION.finditer(body)]
        blocks = [match for match in matches if not match["replace"]]
        fences = len(re.findall("^```", body, flags=re.MULTILINE)) // 2
        assert len(blocks) == fences, f"{title}: a block without an instruction"
        for match in matches:
            follow(match, copy)


def test_the_page_lists_the_layers() -> None:
    from test_layers import LAYERS

    house = PAGE.partition("## The house")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([a-z]+)/?` \|", house, flags=re.MULTILINE)
    assert listed == LAYERS


def test_what_the_page_says_is_there_is_there() -> None:
    house = PAGE.partition("| where is | there |")[2].partition("\n\n")[0]
    places = re.findall(r"`(\w+/[\w/]+\.py)`(?:, `([\w.]+)`)?", house)
    assert len(places) >= 7
    for file, name in places:
        text = (ROOT / "src" / "circuitgrad" / file).read_text(encoding="utf-8")
        assert not name or re.search(rf"^ *(?:def |class )?{name.split('.')[-1]}\b", text, re.MULTILINE), (file, name)

"""Nothing that a file says commands a terminal or a CI runner, whatever the command and the format."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad.errors import CircuitError, Place, harmless
from program import invoke, program, write

ROOT = Path(__file__).parents[2]
DISTURBING = (
    "\0\a\b\r\v\f\x1b\x7f\x80\x85\x9b\xad\u061c\u200b\u200e\u202a\u202e\u2028\u2029\u2066\u2069\ufeff\U000e0041"
)
PIECES = [
    "::error file=x.py,line=1::pwned",
    "::add-mask::x",
    "##[group]",
    "##[error]pwned",
    "##vso[task.setvariable variable=x]y",
    "##teamcity[x]",
    "\x1b[31m",
    "\x1b]0;title\a",
    ":",
    "::",
    "#",
    "##",
    "[",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\xa0",
    "\u3000",
    "a",
    "word " * 12,
    "x" * 41,
    "é水",
    *DISTURBING,
]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
WORST = "\n::error file=x.py,line=1::pwned ##[group] ##vso[x]y\r\n ::notice::" + DISTURBING
COLOUR = re.compile("\x1b\\[[0-9;]*m")

COMMANDS = [
    *(f"forward FILE --format {form}" for form in ("table", "json", "csv", "markdown")),
    *(f"backward FILE --all --format {form}" for form in ("table", "json", "csv", "markdown")),
    *(f"check FILE --all --format {form}" for form in ("table", "json", "csv", "markdown", "junit", "github")),
    *(f"check FILE BROKEN --format {form}" for form in ("table", "json", "csv", "markdown", "junit", "github")),
    *(f"check BROKEN --format {form}" for form in ("table", "json", "csv", "markdown", "junit", "github")),
    *(f"explain FILE --format {form}" for form in ("table", "json", "markdown")),
    *(f"hessian FILE --format {form}" for form in ("table", "json", "csv", "markdown")),
    *(f"sweep FILE --over x=0:1:3 --format {form}" for form in ("table", "json", "csv", "markdown")),
    *(f"optimize FILE --steps 2 --format {form}" for form in ("table", "json", "csv", "markdown")),
    *(f"forward FILE --engine python --format {form}" for form in ("table", "json")),
    *(f"forward FILE --data DATA --format {form}" for form in ("table", "json", "csv", "markdown")),
    "sweep FILE --over x=0:1:3 --plot",
    "optimize FILE --steps 2 --plot",
    "optimize FILE --steps 2 -o -",
    *(f"draw FILE -o - --format {form}" for form in ("txt", "dot", "mmd", "svg", "html")),
    "draw FILE",
    "backward BROKEN",
    "backward FILE --data DATA",
    "backward FILE --data BROKEN",
    "backward NOWHERE",
    "backward FILE NOWHERE",
    "forward FILE --debug --set NOWHERE",
    "new fit a*x --data DATA -o -",
]


def obeyed(text: str, *, commands: bool = False) -> list[str]:
    """Return what in a text a terminal or GitHub's runner would obey."""
    lines = re.split("[\n\r\v\f\x85\u2028\u2029]", text)
    found = [character for character in DISTURBING if character in text]
    if not commands:
        found += [line for line in lines if line.strip().startswith("::") or re.search(r"##(vso|teamcity)?\[", line)]
    return found


def run(folder: Path, command: str, text: str, width: int | None) -> Result:
    """Run a command on files that hold a text wherever they may, and are called like it where the system allows it."""
    stem = text.replace("\0", "").replace("/", "").encode("utf-8", "replace")[:80].decode("utf-8", "ignore")
    paths = {word: folder / f"{stem} {word}.yaml" for word in ("FILE", "BROKEN", "NOWHERE")}
    paths["DATA"] = folder / f"{stem}.csv"
    plain = "".join(c for c in text if c.isprintable() or c in "\n\u202e\u200b")
    circuit = {
        "name": text,
        "about": text,
        "inputs": {"x": {"value": 1, "about": text}, "a": 2},
        "gates": {"y": "abs(x - 1)*a + log(x - 1)"},
    }
    paths["FILE"].write_text(yaml.safe_dump(circuit), encoding="utf-8")
    lines = "\n".join(f"  # {line}" for line in plain.split("\n"))
    broken = (
        f"{plain}: 1\n{lines}\ngates: {{y: sinn(x)}} # {plain.splitlines()[0] if plain.splitlines() else ''}\n{plain}"
    )
    paths["BROKEN"].write_text(broken, encoding="utf-8")
    quoted = plain.replace('"', "").replace("\n", " ")
    paths["DATA"].write_text(f'x,"{quoted}"\n1,2\nmuch,3\n', encoding="utf-8")
    environment = {"COLUMNS": None if width is None else str(width), "FORCE_COLOR": None, "NO_COLOR": None}
    words = [str(paths[word]) if word in paths else word for word in shlex.split(command)]
    return CliRunner(env=environment).invoke(program, words)


@pytest.mark.parametrize("command", COMMANDS)
@given(text=TEXTS, width=st.sampled_from([None, 12, 40, 80]))
@example(text=WORST, width=None)
@example(text="x" * 78 + "::error::", width=40)
@settings(max_examples=examples(12))
def test_no_text_of_a_file_is_obeyed(command: str, text: str, width: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), command, text, width)
    assert result.exit_code in (0, 1, 2), result.output
    github = command.endswith("github")
    assert obeyed(result.stdout, commands=github) == []
    assert obeyed(result.stderr) == []
    if github:
        assert all(re.match("::(error|warning|notice) file=", line) for line in result.stdout.splitlines())
    if command.endswith("json") and result.exit_code == 0 and "DATA" not in command:
        assert json.loads(result.stdout)["circuit"] == text
    if command.endswith("junit"):
        ET.fromstring(result.stdout)


@pytest.mark.parametrize("command", ["forward", "check", "optimize"])
def test_colours_stay_and_nothing_else_does(tmp_path: Path, command: str) -> None:
    file = write(tmp_path, yaml.safe_dump({"name": WORST, "inputs": {"x": 1}, "gates": {"z": "2*x"}}))
    result = CliRunner(env={"FORCE_COLOR": "1", "NO_COLOR": None}).invoke(program, [command, file])
    assert COLOUR.search(result.stdout), result.stderr
    assert obeyed(COLOUR.sub("", result.stdout)) == []


@given(st.lists(st.sampled_from([*PIECES, "\x1b[1;32m"]), max_size=8).map("".join))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    shown = harmless(text)
    assert obeyed(shown) == []
    assert harmless(shown) == shown
    assert len(shown.split("\n")) == len(text.split("\n"))
    if not obeyed(text):
        assert shown == text
    assert obeyed(COLOUR.sub("", harmless(text, colours=True))) == []


def test_a_caret_stands_where_it_belongs() -> None:
    text = "  ##[a]: sinn ##[x]"
    error = str(CircuitError.of("no", Place("f", 1, text.index("sinn") + 1, text, 4)))
    _, line, carets = error.splitlines()
    assert carets.index("^") == line.index("sinn")
    assert harmless(error) == error


@pytest.mark.parametrize("text", ["name: '::x'\n::y: 1", "# ##[group]", "# \u202e", "a: 1\n ::error::"])
@pytest.mark.parametrize("source", ["file", "-"])
def test_a_copy_that_would_be_obeyed_is_not_printed(tmp_path: Path, text: str, source: str) -> None:
    file = write(tmp_path, f"inputs: {{x: 1}}\ngates: {{z: 2*x}}\n{text}\n")
    stdin = Path(file).read_text(encoding="utf-8") if source == "-" else None
    result = invoke("optimize", "-" if source == "-" else file, "-o", "-", stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not printed" in result.stderr


def test_every_stream_has_one_door() -> None:
    writes = re.compile(r"click\.s?echo|sys\.std(?:out|err)\.write|print_exc")
    modules = (ROOT / "src/circuitgrad/cli").rglob("*.py")
    assert [path.name for path in modules if writes.search(path.read_text(encoding="utf-8"))] == ["streams.py"]

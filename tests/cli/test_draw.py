"""`circuitgrad draw`, as a person runs it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import click
import pytest

from program import CIRCUITS, NEURON, done, invoke, write

BOOK = str(CIRCUITS / "options_book.yaml")
SVG = "{http://www.w3.org/2000/svg}svg"
LARGE = "{inputs: {x: 1, 'w[0:400]': 0.5}, gates: {'h[j=0:400]': 'tanh(w[j]*x)', y: 'sum(h[j] for j in range(400))'}}"


def test_the_terminal() -> None:
    found = done("draw", NEURON)
    assert found.startswith("neuron: The guide's neuron, sigmoid(a*x + b*y + c)\n\n  1\na ──")
    assert "├─ × ax ──" in found
    assert done("draw", NEURON, "-q").startswith("  1\na ──")


def test_colours_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from program import program

    monkeypatch.delenv("NO_COLOR", raising=False)
    found = CliRunner(env={"FORCE_COLOR": "1", "COLUMNS": "80"}).invoke(program, ["draw", NEURON], color=True).stdout
    assert "\x1b[32m0.8808\x1b[0m" in found
    assert "\x1b[31m-0.105\x1b[0m" in found


@pytest.mark.parametrize("suffix", ["svg", "png", "dot", "mmd", "txt"])
def test_a_file_by_its_name(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"picture.{suffix.upper()}"
    file.write_text("what was there")
    result = invoke("draw", NEURON, "-o", str(file))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"wrote {file}\n")
    start = {
        "svg": b"<svg ",
        "png": b"\x89PNG",
        "dot": b'digraph "neuron" {',
        "mmd": b"flowchart LR",
        "txt": b"  1\na ",
    }
    assert file.read_bytes().startswith(start[suffix])
    assert done("draw", NEURON, "-o", str(tmp_path / f"again.{suffix}"), "-q") == ""


@pytest.mark.parametrize("arguments", [("--format", "svg"), ("-o", "-", "--format", "svg")])
def test_standard_output(arguments: tuple[str, ...]) -> None:
    assert ET.fromstring(done("draw", NEURON, *arguments)).tag == SVG


def test_the_format_of_another_name(tmp_path: Path) -> None:
    file = tmp_path / "picture.xml"
    done("draw", NEURON, "-o", str(file), "--format", "svg", "-q")
    assert ET.parse(file).getroot().tag == SVG


def test_inputs_and_the_output() -> None:
    found = done("draw", NEURON, "--set", "a=2", "--output", "axpby", "--precision", "3", "--format", "mmd")
    assert '-- "2<br/>∇ -1" -->' in found
    assert '-- "4<br/>∇ 1" -->' in found


def test_what_is_left_out() -> None:
    assert "0.105" not in done("draw", NEURON, "--no-gradients")
    assert "0.8808" not in done("draw", NEURON, "--no-values")
    assert "0.8808" in done("draw", NEURON, "--no-gradients")


def test_folding() -> None:
    assert "put110, " not in done("draw", BOOK, "--format", "dot")
    assert 'label="put110"' in done("draw", BOOK, "--format", "dot", "--collapse", "put110")
    assert done("draw", BOOK, "--format", "dot", "--collapse", "all").count("shape=") < 20


def test_a_large_circuit_is_folded_and_it_is_said() -> None:
    result = invoke("draw", "-", stdin=LARGE)
    assert result.exit_code == 0
    assert result.stderr.startswith("note: 1,199 gates: formulas, definitions and families are drawn as one node each")
    assert "h[0:400]" in result.stdout
    assert invoke("draw", "-", "-q", stdin=LARGE).stderr == ""


def test_several_outputs() -> None:
    text = "{inputs: {x: 2}, gates: {p: 3*x, q: 5*x}, output: [p, q]}"
    result = invoke("draw", "-", "--format", "mmd", stdin=text)
    assert result.stderr == "note: the gradients are those of 'p'; --output NAME draws another's\n"
    assert '"2<br/>∇ 3"' in result.stdout
    assert '"2<br/>∇ 5"' in done("draw", "-", "--format", "mmd", "--output", "q", stdin=text)
    assert done("draw", "-", "--format", "mmd", "--no-gradients", stdin=text)


def test_warnings() -> None:
    result = invoke("draw", "-", stdin="{inputs: {x: -1}, gates: {y: log(x)}}")
    assert result.exit_code == 0
    assert "warning" in result.stderr
    assert "nan" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "picture.pdf"), "names end in .txt, .svg, .png, .dot, .mmd"),
        (("-o", "picture"), "which format?"),
        (("-o", "no/such/folder.svg"), "cannot be written"),
        (("--collapse", "axx"), "--collapse 'axx': no formula, definition or family is called that"),
        (("--output", "t"), "no wire is called 't'"),
        (("--open", "-o", "-"), "--open needs a file"),
        (("--precision", "0"), "is not in the range"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    result = invoke("draw", NEURON, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize("form", ["svg", "png"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    if form == "svg":
        monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    else:
        monkeypatch.setitem(sys.modules, "resvg_py", None)
    result = invoke("draw", NEURON, "--format", form)
    assert result.exit_code == 2
    assert "pip install 'circuitgrad[draw]'" in result.stderr
    assert result.stderr.count("\n") == 1
    assert done("draw", NEURON)
    assert done("draw", NEURON, "--format", "dot")


def test_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def launch(path: str) -> int:
        shown.append(path)
        return 0

    monkeypatch.setattr(click, "launch", launch)
    done("draw", NEURON, "-o", str(tmp_path / "a.svg"), "--open", "-q")
    assert shown == [str(tmp_path / "a.svg")]
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(tmp_path))
    done("draw", write(tmp_path, "{name: my circuit/../x, inputs: {x: 1}, gates: {y: 2*x}}"), "--open", "-q")
    assert shown[1] == str(tmp_path / "my_circuit_x.svg")
    assert Path(shown[1]).read_text(encoding="utf-8").startswith("<svg")


def test_nothing_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "launch", lambda _: 1)
    result = invoke("draw", NEURON, "-o", str(tmp_path / "a.svg"), "--open")
    assert result.exit_code == 2
    assert "nothing here shows" in result.stderr
    assert (tmp_path / "a.svg").exists()

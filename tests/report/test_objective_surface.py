"""Pictures of the path over the objective surface: their texts, after any run."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from program import CIRCUITS, done, invoke, write

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("matplotlib")
TWO = "{inputs: {x: 0.3, y_1: 2}, gates: {z: FORMULA}}"


def drawn(picture: Path, *arguments: str) -> tuple[list[str], str]:
    """Return the texts of the picture that a command draws, and what it says of the file."""
    result = invoke("optimize", *arguments, "--plot", str(picture))
    assert result.exit_code == 0, result.output
    texts = [node.text or "" for node in ET.fromstring(picture.read_text("utf-8")).iter() if node.tag.endswith("text")]
    return [text.strip() for text in texts], result.stderr


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("x*y_1", ()),
        ("x*y_1", ("--steps", "0")),
        ("x*y_1", ("--steps", "400")),
        ("x**2 + 50*y_1**4", ("--minimize",)),
        ("x**2 + 0*y_1", ("--minimize", "--method", "newton")),
        ("0*x + 0*y_1 + 3", ()),
        ("0*x + 0*y_1", ("--minimize",)),
        ("log(x) - sqrt(y_1)", ()),
        ("1e300*x*y_1", ("--step-size", "1e-305")),
        ("-exp(9*x)*y_1", ("--minimize", "--step-size", "1e-4")),
        ("x/(y_1 - 2.1)", ("--steps", "3")),
    ],
)
def test_any_landscape_is_drawn(tmp_path: Path, formula: str, options: tuple[str, ...]) -> None:
    file = write(tmp_path, TWO.replace("FORMULA", f"'{formula}'"))
    texts, note = drawn(tmp_path / "a.svg", file, *options)
    assert {"x", "y_1", "z", "start", "end", "step"} <= set(texts)
    assert f"wrote {tmp_path / 'a.svg'}\n" in note
    assert "without" not in note


def test_one_input(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {b: 1}, gates: {z: b**2}}")
    texts, _ = drawn(tmp_path / "a.svg", file, "--minimize")
    assert texts.count("z") == 2
    assert {"b", "start", "end", "step"} <= set(texts)


def test_rows(tmp_path: Path) -> None:
    texts, note = drawn(tmp_path / "a.svg", str(CIRCUITS / "michaelis_menten.yaml"), "--method", "gradient")
    assert {"vmax", "km", "mean square of residual"} <= set(texts)
    assert "without" not in note


def test_what_has_no_landscape_says_so(tmp_path: Path) -> None:
    picture = tmp_path / "a.svg"
    texts, note = drawn(picture, str(CIRCUITS / "neuron.yaml"))
    assert note == f"wrote {picture}, without a landscape: 5 inputs move\n"
    assert {"s", "step"} <= set(texts)
    assert "start" not in texts


def test_too_many_rows_for_a_landscape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from circuitgrad.methods.optimize import surface

    monkeypatch.setattr(surface, "MOST_GATE_RUNS", dict.fromkeys(("objects", "python", "native"), 100))
    _, note = drawn(tmp_path / "a.svg", str(CIRCUITS / "rosenbrock.yaml"))
    assert note.endswith("without a landscape: it would take too long\n")


def test_the_picture_is_the_same_every_time_and_after_a_rest(tmp_path: Path) -> None:
    run = ("optimize", str(CIRCUITS / "himmelblau.yaml"), "--method", "adam", "-q")
    uninterrupted, again, state = tmp_path / "a.svg", tmp_path / "b.svg", str(tmp_path / "state.json")
    done(*run, "--steps", "30", "--plot", str(uninterrupted))
    done(*run, "--steps", "11", "--checkpoint", state)
    done(*run, "--steps", "30", "--checkpoint", state, "--resume", "--plot", str(again))
    assert uninterrupted.read_bytes() == again.read_bytes()


def test_a_way_along_a_bound_is_whole(tmp_path: Path) -> None:
    file = write(tmp_path, "{inputs: {x: {value: 0.9, max: 1}, y: 2}, gates: {z: x + y}}")
    drawn(tmp_path / "a.svg", file)
    lines = [
        node for node in ET.parse(tmp_path / "a.svg").getroot().iter() if "stroke: #ffffff" in node.get("style", "")
    ]
    ways = [node for node in lines if node.get("d", "").count("L") > 50]
    assert ways
    assert not any(node.get("clip-path") for node in ways)


def test_png(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    done("optimize", str(CIRCUITS / "rosenbrock.yaml"), "-q", "--plot", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")

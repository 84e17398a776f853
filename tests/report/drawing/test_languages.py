"""Drawings in DOT and in Mermaid."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

import circuitgrad
from budget import examples
from circuitgrad.report.drawing.dot import dot
from circuitgrad.report.drawing.layout import program
from circuitgrad.report.drawing.mermaid import mermaid
from circuitgrad.report.drawing.model import Drawing, drawing
from program import CIRCUITS
from report.drawing.places import EXAMPLES, circuit, texts
from report.drawing.test_svg import NASTY, nasty

if TYPE_CHECKING:
    from pathlib import Path

READERS = ["graphviz-pure", "dot"]


def parsed(text: str, reader: str) -> Any:
    """Return what a real reader of DOT understands."""
    command = program() if reader == "graphviz-pure" else shutil.which(reader)
    if command is None:
        pytest.skip(f"there is no {reader} on this machine")
    result = subprocess.run([command, "-Tdot_json"], input=text, capture_output=True, encoding="utf-8", check=True)
    complaints = [line for line in result.stderr.splitlines() if "width of non-ASCII" not in line]
    assert complaints == []
    return json.loads(result.stdout)


def assert_same(drawn: Drawing, graph: Any) -> None:
    """Check that a graph in DOT has the nodes, wires and boxes of the drawing."""
    nodes = [
        entry for entry in graph["objects"] if not entry["name"].startswith("cluster") and entry.get("label") != ""
    ]
    names = {entry["_gvid"]: entry["name"] for entry in graph["objects"]}
    assert sorted((node["name"], node["label"]) for node in nodes) == sorted(
        (node.key, node.text) for node in drawn.nodes
    )
    links = sorted(
        (names[edge["tail"]], names[edge["head"]]) for edge in graph["edges"] if not names[edge["head"]].endswith(" ")
    )
    wanted = [(drawn.nodes[segment.source].key, drawn.nodes[segment.target].key) for segment in drawn.segments]
    assert links == sorted(wanted)
    boxes = {entry["label"]: entry for entry in graph["objects"] if entry["name"].startswith("cluster")}
    assert set(boxes) == set(drawn.boxes)
    for name, box in boxes.items():
        inside = {names[member] for member in box.get("nodes", [])}
        assert inside == {node.key for node in drawn.nodes if name in node.boxes}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_dot_of_examples(file: Path, reader: str) -> None:
    drawn = drawing(circuitgrad.load(file))
    assert_same(drawn, parsed(dot(drawn), reader))


@settings(max_examples=examples(40))
@given(texts())
def test_dot_of_any_circuit(text: str) -> None:
    drawn = drawing(circuit(text), collapse=["none"])
    assert_same(drawn, parsed(dot(drawn), "graphviz-pure"))


def test_dot_of_names_with_markup() -> None:
    drawn = drawing(nasty([NASTY[0], NASTY[2], "a\\b"], 'x "y" <z>'), collapse=["none"])
    graph = parsed(dot(drawn), "graphviz-pure")
    assert NASTY[0] in [entry["name"] for entry in graph["objects"]]


def test_numbers_of_dot() -> None:
    text = dot(drawing(circuitgrad.load(CIRCUITS / "neuron.yaml")))
    (line,) = [line for line in text.splitlines() if line.startswith('  "b" -> "by"')]
    assert re.search(r">2</FONT><BR/>.*>0\.315</I>", line)
    bare = dot(drawing(circuitgrad.load(CIRCUITS / "neuron.yaml"), values=False, gradients=False))
    assert "FONT" not in bare


def test_wires_without_a_gradient_are_dashed_and_only_outputs_leave_with_an_arrow() -> None:
    drawn = drawing(circuitgrad.loads("{inputs: {x: 1, u: 5}, gates: {p: exp(x), q: exp(u)}, output: p}"))
    graph = parsed(dot(drawn), "graphviz-pure")
    names = {entry["_gvid"]: entry["name"] for entry in graph["objects"]}
    looks = {names[edge["tail"]]: (edge.get("style"), edge.get("arrowhead")) for edge in graph["edges"]}
    assert looks == {"x": (None, None), "p": (None, None), "u": ("dashed", None), "q": ("dashed", "none")}
    lines = [line.strip() for line in mermaid(drawn).splitlines()]
    assert [line for line in lines if re.search(r" e\d", line) and line.startswith("n")] == [
        'n2 -- "2.718<br/>∇ 1" --> e2[" "]', 'n3 -- "148.4<br/>∇ 0" --- e3[" "]'
    ]  # fmt: skip
    assert ["dasharray" in line for line in lines if line.startswith("linkStyle")] == [False, True, False, True]


NODE = re.compile(r' *n(\d+)[\[(]"([^"]*)"[\])]')
LINK = re.compile(r' *n(\d+) (?:-- "([^"]*)" )?--[>-] (?:n(\d+)|e\d+\[" "\])')
OTHER = re.compile(
    r'flowchart LR| *subgraph b\d+\["[^"]*"\]| *end| *linkStyle \d+ stroke-width:[\d.]+px(,stroke-dasharray:3)?'
    r"| *classDef \w+ [\w:,.-]+| *class [en]\d+(,[en]\d+)* \w+"
)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_mermaid_of_examples(file: Path) -> None:
    drawn = drawing(circuitgrad.load(file))
    lines = mermaid(drawn).splitlines()
    nodes = [match for line in lines if (match := NODE.fullmatch(line))]
    links = [match for line in lines if (match := LINK.fullmatch(line))]
    others = [line for line in lines if OTHER.fullmatch(line)]
    assert len(nodes) + len(links) + len(others) == len(lines)
    assert [int(node[1]) for node in sorted(nodes, key=lambda node: int(node[1]))] == list(range(len(drawn.nodes)))
    pairs = sorted((int(link[1]), int(link[3])) for link in links if link[3])
    assert pairs == sorted((segment.source, segment.target) for segment in drawn.segments)
    assert sum(line.strip().startswith("subgraph") for line in lines) == len(drawn.boxes)
    assert sum(line.strip() == "end" for line in lines) == len(drawn.boxes)
    styles = [int(number) for line in lines for number in re.findall(r"linkStyle (\d+) ", line)]
    assert styles == list(range(len(links)))


def test_mermaid_spells_out_what_means_something() -> None:
    text = mermaid(drawing(nasty(NASTY[:3], "<b>"), collapse=["none"]))
    assert "<" not in text.replace("<br/>", "")
    assert all(NODE.fullmatch(line) for line in text.splitlines() if re.match(r" *n\d+[\[(]", line))
    assert '"#43; 1<br/>y"' in mermaid(drawing(circuitgrad.loads("{inputs: {x: 1}, gates: {y: x + 1}}")))

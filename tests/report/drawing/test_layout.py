"""Where everything of a drawing stands."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.errors import CircuitError
from circuitgrad.report.drawing.layout import NUMBER, Rectangle, lay_out, longest_number, sampled
from circuitgrad.report.drawing.measure import width
from circuitgrad.report.drawing.model import drawing
from report.drawing.places import (
    EXAMPLES,
    ROUNDING,
    backward_wires,
    circuit,
    crossed,
    misplaced_ends,
    outside,
    overlaps,
    texts,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("collapse", ["none", "all", "families"])
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples(file: Path, collapse: str) -> None:
    drawn = drawing(circuitgrad.load(file), collapse=[collapse])
    place = lay_out(drawn)
    assert overlaps(place) == []
    assert outside(place) == []
    assert misplaced_ends(drawn, place) == []
    assert crossed(drawn, place) == []
    if collapse == "none":
        assert backward_wires(drawn, place) == []


@settings(max_examples=examples(60))
@given(texts(), st.sampled_from([0, 4]), st.sampled_from(["none", "all", "families"]))
def test_any_circuit(text: str, roomy: int, collapse: str) -> None:
    drawn = drawing(circuit(text), collapse=[collapse])
    place = lay_out(drawn, roomy=roomy)
    assert overlaps(place) == []
    assert outside(place) == []
    assert misplaced_ends(drawn, place) == []
    if collapse == "none":
        assert backward_wires(drawn, place) == []
        assert crossed(drawn, place) == []


@pytest.mark.slow
def test_a_long_chain_of_gates_that_all_take_the_same_input() -> None:
    gates = ", ".join(f"g{i + 1}: {{{'mul' if i % 2 else 'add'}: [g{i}, {'xy'[i % 3 % 2]}]}}" for i in range(200))
    drawn = drawing(circuitgrad.loads(f"{{inputs: {{g0: 1, x: 1, y: 1}}, gates: {{{gates}}}}}"))
    place = lay_out(drawn)
    assert overlaps(place) == []
    assert backward_wires(drawn, place) == []


def test_long_names_and_numbers() -> None:
    names = ["W" * 200, "水" * 60, "a", "é" * 30]
    inputs = ", ".join(f"{name}: {-(10.0 ** (-90 - i))!r}" for i, name in enumerate(names))
    drawn = drawing(circuitgrad.loads(f"{{inputs: {{{inputs}}}, gates: {{y: {' * '.join(names)}, {'m' * 180}: 2*y}}}}"))
    place = lay_out(drawn)
    assert overlaps(place) == []
    assert outside(place) == []


def test_room_for_numbers_that_change() -> None:
    drawn = drawing(circuitgrad.from_expression("x*y", x=1, y=1))
    narrow, wide = lay_out(drawn), lay_out(drawn, roomy=4)
    longest = width(longest_number(4), NUMBER)
    assert all(spot.end[0] - spot.start[0] >= longest for spot in wide.spots)
    assert narrow.width < wide.width


def test_a_box_holds_its_gates_and_its_inner_boxes() -> None:
    drawn = drawing(circuitgrad.load(EXAMPLES[0].parent / "activations.yaml"))
    place = lay_out(drawn)
    areas = {frame.name: frame.area for frame in place.frames}
    assert {"wide", "wide.t"} <= set(areas)
    for node, spot in zip(drawn.nodes, place.spots, strict=True):
        for name, area in areas.items():
            within = (
                area.left <= spot.area.left
                and spot.area.right <= area.right
                and area.top <= spot.area.top
                and spot.area.bottom <= area.bottom
            )
            assert within == (name in node.boxes)


def test_operands_that_cannot_change_places_come_in_their_order() -> None:
    drawn = drawing(circuitgrad.loads("{inputs: {b: 1, a: 2}, gates: {s: b - a, t: a - b, u: s/t, v: t/s, w: u - v}}"))
    place = lay_out(drawn)
    for node, entering in enumerate(drawn.operands()):
        heights = [place.courses[index][-1][1] for index in entering]
        assert len(heights) in (0, 2), drawn.nodes[node]
        assert heights == sorted(heights)


@pytest.mark.parametrize("formula", ["x*x", "x + x", "x - x", "x/x", "x*x*x", "(x + 1)*(x + 1) - x/x", "hypot(x, x)"])
def test_wires_from_one_node_to_one_gate_do_not_cross(formula: str) -> None:
    drawn = drawing(circuitgrad.loads(f"{{inputs: {{x: 2}}, gates: {{p: 2*x + x, q: '{formula.replace('x', 'p')}'}}}}"))
    place = lay_out(drawn)
    alike = defaultdict(list)
    for segment, course in zip(drawn.segments, place.courses, strict=True):
        alike[segment.source, segment.target].append([y for _, y in sampled(course)])
    pairs = [pair for group in alike.values() for pair in combinations(group, 2)]
    assert pairs
    for upper, lower in pairs:
        gaps = [first - second for first, second in zip(upper, lower, strict=True)]
        assert min(gaps) >= -ROUNDING or max(gaps) <= ROUNDING


def test_the_faults_that_are_looked_for_are_found() -> None:
    drawn = drawing(circuitgrad.from_expression("x*y + x", x=1, y=1))
    place = lay_out(drawn)
    first, second, *rest = place.spots
    moved = place._replace(spots=[first._replace(value=second.gradient), second, *rest])
    assert overlaps(moved) == [("value 0", "gradient 1")]
    assert outside(place._replace(width=place.width / 2)) != []
    assert misplaced_ends(drawn, place._replace(courses=place.courses[::-1])) != []
    assert backward_wires(drawn, place._replace(spots=place.spots[::-1])) != []
    segment = drawn.segments[0]
    x, y = place.courses[0][3]
    other = next(i for i in range(len(drawn.nodes)) if i not in (segment.source, segment.target))
    spots = list(place.spots)
    spots[other] = spots[other]._replace(shape=Rectangle(x - 9, y - 9, x + 9, y + 9))
    assert len(crossed(drawn, place._replace(spots=spots))) >= 1


def test_boxes_that_cannot_be_ranked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run
    tried: list[bool] = []

    def fail(command: list[str], **options: Any) -> Any:
        tried.append("newrank=true" in options["input"])
        if tried == [False]:
            raise subprocess.CalledProcessError(1, command)
        return run(command, **options)

    drawn = drawing(circuitgrad.load(EXAMPLES[0].parent / "micrograd.yaml"))
    usual = lay_out(drawn)
    monkeypatch.setattr(subprocess, "run", fail)
    assert lay_out(drawn) != usual
    assert tried == [False, True]


def test_a_layout_that_loses_a_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def without(command: list[str], **options: Any) -> Any:
        graph = json.loads(run(command, **options).stdout)
        del graph["edges"][0]["pos"]
        return subprocess.CompletedProcess(command, 0, json.dumps(graph), "")

    monkeypatch.setattr(subprocess, "run", without)
    with pytest.raises(CircuitError, match="the layout has failed"):
        lay_out(drawing(circuitgrad.from_expression("x*y", x=1, y=1)))


def test_the_layout_program_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(CircuitError, match=r"graphviz-pure \(pip install 'circuitgrad\[draw\]'\)"):
        lay_out(drawing(circuitgrad.from_expression("x", x=1)))


def test_a_layout_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("graphviz-pure", 120)

    monkeypatch.setattr(subprocess, "run", slow)
    with pytest.raises(CircuitError, match="120 seconds"):
        lay_out(drawing(circuitgrad.from_expression("x", x=1)))

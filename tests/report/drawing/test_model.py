"""What a drawing shows, before it stands anywhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

import circuitgrad
from circuitgrad.errors import CircuitError
from circuitgrad.gates.table import GATES
from circuitgrad.report.drawing.collapsing import (
    MOST_GATES,
    MOST_INPUTS,
    MOST_NODES,
    MOST_SEGMENTS,
    collapsed,
    prefixes,
)
from circuitgrad.report.drawing.model import drawing
from circuitgrad.report.drawing.symbols import INFIX_SIGNS, OTHER_SIGNS
from program import CIRCUITS
from report.drawing.places import EXAMPLES, circuit, texts

if TYPE_CHECKING:
    from pathlib import Path

MLP = CIRCUITS / "mlp.yaml"
BOOK = CIRCUITS / "options_book.yaml"


@given(texts())
def test_every_wire_is_there_and_every_gradient_adds_up(text: str) -> None:
    loaded = circuit(text)
    drawn = drawing(loaded, collapse=["none"])
    values, gradients = loaded.forward(), loaded.backward()
    assert [node.key for node in drawn.nodes] == list(loaded)
    for node, leaving in zip(drawn.nodes, drawn.consumers(), strict=True):
        assert node.label == (f"{values[node.key]:.4g}", f"{gradients[node.key]:.4g}")
        terms = [drawn.segments[index].gradient for index in leaving]
        total = math.fsum(terms) + (node.key == drawn.output)
        if math.isfinite(total):
            scale = max(1.0, *map(abs, terms)) if terms else 1.0
            assert gradients[node.key] == pytest.approx(total, abs=1e-12 * scale)


@given(texts())
def test_folded_drawings_have_every_wire_in_one_node(text: str) -> None:
    loaded = circuit(text)
    for collapse in ("all", "families"):
        keys = [key for key in collapsed(loaded, [collapse]).keys if key is not None]
        drawn = drawing(loaded, collapse=[collapse])
        assert len(drawn.nodes) == len(set(keys))
        for segment in drawn.segments:
            assert segment.source != segment.target


def test_the_neuron() -> None:
    drawn = drawing(circuitgrad.load(CIRCUITS / "neuron.yaml"))
    shown = {node.key: (node.kind, node.text, node.caption) for node in drawn.nodes}
    assert shown["a"] == ("input", "a", "")
    assert shown["by"] == ("gate", "×", "by")
    assert shown["s"] == ("gate", "σ", "s")
    links = {(segment.wire, segment.to, segment.operand) for segment in drawn.segments}
    assert {("b", "by", 0), ("y", "by", 1), ("axpbypc", "s", 0)} <= links
    assert [node.key for node in drawn.nodes if node.output] == ["s"]
    title = next(node.title for node in drawn.nodes if node.key == "ax")
    assert title == "ax: mul(a, x)\nvalue -1.0\ngradient 0.10499358540350662"


def test_constants_stand_in_their_gates() -> None:
    drawn = drawing(
        circuitgrad.loads(
            "{inputs: {x: 2}, gates: {a: 1/x, b: x - 1, c: 2*x, d: 'max(x, 0)', e: x > 3, f: {identity: 7}, g: x**3,"
            " h: a + b + c + d + e + f + g}}"
        ),
        collapse=["none"],
    )
    texts = {node.key: node.text for node in drawn.nodes}
    assert [texts[name] for name in "bcdef"] == ["− 1", "2 ×", "max(·, 0)", "> 3", "7"]
    assert texts["a"] in ("1 ÷", "1/x")


def test_every_sign_is_that_of_a_gate() -> None:
    assert set(INFIX_SIGNS) | set(OTHER_SIGNS) <= set(GATES)
    assert all(GATES[name].arity == 2 for name in INFIX_SIGNS)
    assert all(GATES[name].arity == 1 for name in OTHER_SIGNS)
    assert (
        len({*INFIX_SIGNS.values(), *OTHER_SIGNS.values()}) == len(INFIX_SIGNS) + len(OTHER_SIGNS) - 1
    )  # "=": equal, and identity


def test_fixed_inputs_and_boxes() -> None:
    drawn = drawing(circuitgrad.load(MLP), collapse=["none"])
    nodes = {node.key: node for node in drawn.nodes}
    assert nodes["x[0]"].fixed
    assert not nodes["b[0]"].fixed
    assert nodes["h[0].1"].boxes == nodes["h[0]"].boxes == ("h[0]",)
    assert drawn.boxes["score"] == 32
    assert nodes["p"].boxes == ()


def test_boxes_are_not_drawn_too_deep() -> None:
    define = ["f0(x): {gates: {a: 2*x}, value: a + x}"]
    define += [f"f{i}(x): {{gates: {{a: f{i - 1}(x) + 1}}, value: a*x}}" for i in range(1, 6)]
    text = "define:\n  " + "\n  ".join(define) + "\ninputs: {x: 1}\ngates: {y: f5(x), z: 2*y}\noutput: z\n"
    drawn = drawing(circuitgrad.loads(text))
    assert max(len(node.boxes) for node in drawn.nodes) == 3
    assert all(node.boxes[:1] in ((), ("y",)) for node in drawn.nodes)


def test_definitions_are_folded_by_name() -> None:
    drawn = drawing(circuitgrad.load(BOOK), collapse=["put110"])
    nodes = {node.key: node for node in drawn.nodes}
    assert nodes["put110"].kind == "group"
    assert not [key for key in nodes if key.startswith("put110.")]
    assert "call110.1" in nodes
    assert "put110" not in drawn.boxes


def test_families_are_folded_by_name() -> None:
    drawn = drawing(circuitgrad.load(MLP), collapse=["h", "w"])
    nodes = {node.key: node for node in drawn.nodes}
    assert (nodes["h"].text, nodes["h"].caption) == ("h[0:16]", "tanh ×16, 80 gates")
    assert (nodes["w"].text, nodes["w"].caption) == ("w[0:16, 0:2]", "32 inputs")
    low, high = nodes["h"].label.value.split(" … ")
    values = [value for name, value in drawn.values.items() if name.startswith("h[") and "." not in name]
    assert (low, high) == (f"{min(values):.4g}", f"{max(values):.4g}")
    (bundle,) = [segment for segment in drawn.segments if (segment.wire, segment.to) == ("w", "h")]
    assert bundle.times == 32


@pytest.mark.parametrize("name", ["s", "ax", "nothing", "x[0]"])
def test_what_cannot_be_folded(name: str) -> None:
    with pytest.raises(CircuitError, match="--collapse"):
        drawing(circuitgrad.load(CIRCUITS / "neuron.yaml"), collapse=[name])


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples_are_drawn_whole(file: Path) -> None:
    loaded = circuitgrad.load(file)
    drawn = drawing(loaded)
    assert drawn.note == ""
    assert len(drawn.nodes) == len(loaded)


def network(width: int) -> circuitgrad.Circuit:
    """Return a network with so many hidden units."""
    return circuitgrad.loads(
        f"{{inputs: {{'x[0:4]': 1, 'w[0:{width}, 0:4]': 0.1, 'v[0:{width}]': 0.2}}, "
        f"gates: {{'h[j=0:{width}]': 'tanh(sum(w[j, i]*x[i] for i in range(4)))', "
        f"y: 'sum(v[j]*h[j] for j in range({width}))'}}}}"
    )


def waves(count: int) -> circuitgrad.Circuit:
    """Return so many sums of waves over a few inputs."""
    wave = " + ".join(f"sin({place}*j*x[{place - 1}])" for place in range(1, 5))
    gates = f"{{'h[j=1:{count + 1}]': '{wave}', y: 'sum(h[j] for j in range(1, {count + 1}))'}}"
    return circuitgrad.loads(f"{{inputs: {{'x[0:4]': 1}}, gates: {gates}}}")


@pytest.mark.parametrize(
    ("large", "words"),
    [(network(20), ""), (waves(50), "formulas and definitions are"),
     (network(50), "formulas, definitions and families of inputs are"),
     (network(400), "formulas, definitions and families are"), (waves(400), "formulas, definitions and families are")],
)  # fmt: skip
def test_large_circuits_are_folded_as_little_as_possible(large: circuitgrad.Circuit, words: str) -> None:
    drawn = drawing(large)
    assert words in drawn.note
    assert not drawn.note or sum(node.kind == "input" for node in drawn.nodes) <= MOST_INPUTS
    assert sum(node.kind != "input" for node in drawn.nodes) <= MOST_GATES
    assert len(drawn.nodes) <= MOST_NODES
    assert len(drawn.segments) <= MOST_SEGMENTS


def test_what_has_no_structure_is_folded_by_depth() -> None:
    gates = ", ".join(f"g{i}: {{tanh: {f'g{i - 7}' if i >= 7 else f'x{i}'}}}" for i in range(2000))
    inputs = ", ".join(f"x{i}: 0.5" for i in range(7))
    drawn = drawing(circuitgrad.loads(f"{{inputs: {{{inputs}}}, gates: {{{gates}}}, output: g1999}}"))
    assert "depth" in drawn.note
    assert len(drawn.nodes) <= 40
    assert sum(int(node.caption.split()[0]) for node in drawn.nodes if node.kind == "group") == 2000


def test_a_recurrence_is_one_node() -> None:
    drawn = drawing(circuitgrad.load(CIRCUITS / "filter.yaml"), collapse=["families"])
    assert [node.text for node in drawn.nodes if node.key == "y"] == ["y[0:16]"]
    assert all(segment.source != segment.target for segment in drawn.segments)


def test_prefixes_nest() -> None:
    assert prefixes("a.b.c") == ["a", "a.b"]


def test_numbers_may_be_left_out() -> None:
    loaded = circuitgrad.load(CIRCUITS / "neuron.yaml")
    bare = drawing(loaded, values=False, gradients=False)
    assert all(node.label == ("", "") for node in bare.nodes)
    assert bare.weight(1.0) == 0
    assert "value" not in bare.nodes[0].title


def test_weights() -> None:
    drawn = drawing(circuitgrad.loads("{inputs: {x: 2, y: 0}, gates: {z: 9*x + y*0, k: log(0*x)}, output: z}"))
    assert drawn.largest == 9
    assert [drawn.weight(gradient) for gradient in (0.0, -9.0, 2.25, math.inf, math.nan)] == [0, 1, 0.5, 1, 1]

"""Short cuts for large files change nothing: what is read, where it stands, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.errors import Source
from circuitgrad.language import json_text, yaml_text
from circuitgrad.language.fast import runs, templates
from circuitgrad.language.fast.runs import find_runs, without_runs
from circuitgrad.language.nodes import Mapping, Scalar
from circuitgrad.language.wires import MOST_WIRES
from strategies import Written, files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from circuitgrad.language.nodes import Node

NEVER = 10**9


@pytest.fixture(autouse=True)
def _short_runs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "SHORTEST_RUN", 3)
        yield


def described(circuit: circuitgrad.Circuit) -> object:
    """Return all that a circuit is, with the place of every wire."""
    return (
        circuit.name,
        [(leaf, repr(leaf.value)) for leaf in circuit.inputs.values()],
        [repr(value) for value in circuit.constants],
        list(circuit.names),
        [rule.name for rule in circuit.rules],
        [tuple(operands) for operands in circuit.operands],
        circuit.outputs,
        circuit.expect,
        [str(circuit.locate(name)) for name in circuit],
    )


def read(text: str, most: int = MOST_WIRES) -> object:
    """Return what a text is read as, or all that is wrong with it."""
    try:
        return described(circuitgrad.loads(text, max_wires=most))
    except circuitgrad.CircuitError as error:
        return [str(problem) for problem in error.problems]


def both(text: str, reader: Callable[[str], object] = read) -> tuple[object, object]:
    """Read a text with all short cuts, and with none of them."""
    readings = []
    for large, few in ((0, 1), (NEVER, NEVER)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_text, "SHORTEST_TEXT_WITH_RUNS", large)
            patch.setattr(json_text, "FEWEST_ENTRIES_WITHOUT_NODES", large)
            patch.setattr(templates, "FEWEST_FORMULAS", few)
            readings.append(reader(text))
    return readings[0], readings[1]


names = st.sampled_from([*"abcxyz", "w1", "on", "if", "pi", "q.1", "e", "v[0]", "X"])
numbers = st.sampled_from(["1", "0.5", "-2", "1e-3", "017", "1e999", ".5", "7.", "-0"])
atoms = names | numbers
forms = st.sampled_from(
    [
        "{}*{} + {}", "{} + {}*{}", "-{}*{} - {}", "{}**2 + {}*{}", "tanh({}*{} + {})", "{} if {} > {} else 1", "{}",
        "{}*2", "sum({}, {}, {})", "{} {}", "({} + {})*{}",
        "sum({}*i for i in range(3))", "neg({}) + {}", "twice({}) + {}",
        "block({}, {})",
        "max({}, {})", "{}/{}", "{}**3", "{}**{}",
        "2*3 + {}*4", "mul({}, {})", "{} +", "{}·{}",
    ]
)  # fmt: skip
formulas = st.builds(lambda form, parts: form.format(*parts), forms, st.tuples(atoms, atoms, atoms))
gates = st.builds(
    lambda gate, operands: f"{{{gate}: [{', '.join(operands)}]}}",
    st.sampled_from(["add", "mul", "mull", "tanh", "twice", "max"]),
    st.lists(atoms | formulas, min_size=1, max_size=3),
)
single = st.builds(lambda gate, operand: f"{{{gate}: {operand}}}", st.sampled_from(["sin", "add"]), atoms | formulas)
entries = st.builds(
    lambda indent, name, value, end: f"{indent}{name}: {value}{end}",
    st.sampled_from(["  ", "  ", "  ", "  ", "  ", "   ", " ", "\t"]),
    st.sampled_from([*"abcdefgh", "q", "x", "on", "h[i=0:2]", "'r'"]) | st.from_regex(r"[a-z]{2}[0-9]", fullmatch=True),
    formulas
    | gates
    | gates
    | single
    | st.sampled_from(["", "|", ">", '"', "'a'", "[x", "{", "&a", "*a", "!!str x", "# x"]),
    st.sampled_from(["\n"] * 9 + ["\r\n", "  # why\n", " \n", "\n\n", "}\n", "\n    + 1\n"]),
)
usual = st.sampled_from([*"abcxyz", "w1", "X", "e", "1", "0.5", "1e-3", "7.", "-2", "0"])


@st.composite
def alike(draw: st.DrawFn) -> str:
    """Draw lines of one form with different words in them, rarely wrong ones."""
    name = draw(st.sampled_from(["m", "n", "o", "on", "p", "r", "s", "t"]))
    words = usual
    if not draw(st.integers(0, 3)):
        words |= atoms | st.just(f"{name}1")
    explicit = {"add": 2, "mul": 3, "tanh": 1, "twice": 1, "block": 2, "sub": 2} if draw(st.booleans()) else {}
    form = draw(st.sampled_from(sorted(explicit)) if explicit else forms)
    end = draw(st.sampled_from(["", "", "  # é: [x, 'y", " #", "\r"]))
    style = draw(st.sampled_from(["{{{}: [{}]}}", "{{ {}: [ {} ] }}", " {{{}: [{}] }}", "{{{}: [{}]}}"]))
    comma = draw(st.sampled_from([", ", ","]))
    lines = []
    for i in range(draw(st.integers(3, 7))):
        parts = [draw(words) for _ in range(3)]
        value = style.format(form, comma.join(parts[: explicit[form]])) if explicit else form.format(*parts)
        lines.append(f"  {name}{i}: {value}{end}\n")
    return "".join(lines)


openings = st.sampled_from(
    ["gates:\n"] * 6
    + [
        "gates: {\n",
        "about: |\n",
        'about: "\n',
        "gates: [\n",
        "inputs:\n",
        "expect:\n",
        "define:\n",
        "optimize:\n",
        "- gates:\n",
    ]
)
sections = st.builds(lambda opening, parts: opening + "".join(parts), openings, st.lists(alike() | entries, min_size=1))
HEAD = """\
inputs: {a: 1, b: 2, c: 3, x: 0.5, 'v[0:2]': 1}
define:
  twice(p): p + p
  block: {operands: [p, r], gates: {s: p*r + 1, t: 2*s + p, u: r*t + s}, value: u + t}
"""


@given(st.builds(lambda parts: HEAD + "".join(parts), st.lists(sections, min_size=1, max_size=3)))
def test_runs_and_shapes_change_nothing(text: str) -> None:
    short, long = both(text)
    assert short == long


@given(st.lists(alike(), min_size=1, max_size=4), st.lists(entries, max_size=1) | st.just([]), st.integers(1, 40))
def test_in_files_that_are_mostly_right(parts: list[str], others: list[str], most: int) -> None:
    wires = "".join(f"  {name}: {{add: [a, {i}]}}\n" for i, name in enumerate(["y", "z", "w1", "X", "e"]))
    text = HEAD + "gates:\n" + wires + "".join([*others, *parts])
    for end in ("", "output: y\n", "  last: y + 1\noutput: [last, y]\n"):
        short, long = both(text + end)
        assert short == long
    short, long = both(text + "output: y\n", lambda text: read(text, most))
    assert short == long


@given(files(most=40))
def test_in_files_in_any_spelling(tmp_path_factory: pytest.TempPathFactory, written: Written) -> None:
    def load(text: str) -> object:
        file = tmp_path_factory.getbasetemp() / ("drawn.json" if written.json else "drawn.yaml")
        file.write_text(text, encoding="utf-8", newline="")
        return described(circuitgrad.load(file))

    short, long = both(written.text, load)
    assert short == long


@given(files(most=40))
def test_json_has_the_same_nodes(written: Written) -> None:
    if written.json:
        source = Source("x.json", written.text)
        short, long = both(written.text, lambda _: tree(json_text.read_json(source)))
        assert short == long == tree(json_text.locate_json(source))


def tree(node: Node) -> object:
    """Return a node as data."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Mapping):
        return [(tree(key), tree(value)) for key, value in node], len(node)
    return [tree(item) for item in node]


def test_what_pyyaml_is_shown() -> None:
    lines = [f"  w{i + 1}: {{add: [w{i}, x]}}\n" for i in range(2500)]
    text = f"inputs: {{w0: 1, x: 2}}\ngates:\n{''.join(lines)}"
    runs_of_text = find_runs(text)
    assert [len(run) for run in runs_of_text] == [998, 998, 498]
    assert without_runs(text, runs_of_text).count("\n") == 2 + 6
    keys = [key for run in runs_of_text for key in run.keys()]  # noqa: SIM118 -- no dictionary
    assert all(text.startswith(name, at) for name, at in keys)
    assert read(text) == both(text)[1]


@pytest.mark.parametrize(
    "line",
    ["  a: x:\n", "  'a': x\n", "  a: [x]\n", "  a: x y  \n", "  é: x\n", "a: x\n",
     "  a: -\n", "  a: {b: c d: e}\n", "  a: {b: [c,,d]}\n", "  a: &b c\n", "  - a: x\n", "  a: {b: [c, d]} e\n",
     "  a: .inf\n",     "\ta: x\n"],
)  # fmt: skip
def test_lines_that_are_for_pyyaml(line: str) -> None:
    assert not find_runs(line * 20)


def test_the_limit_is_met_at_the_same_wire() -> None:
    text = HEAD + "gates:\n" + "".join(f"  w{i}: tanh(a*b) + {i}\n" for i in range(9)) + "output: w0\n"
    for most in range(5, 40):
        short, long = both(text, lambda text, most=most: read(text, most))  # type: ignore[misc]
        assert short == long


def test_a_run_is_no_run_inside_a_text() -> None:
    body = "".join(f"  w{i}: x + {i}\n" for i in range(9))
    text = f"about: |\n{body}inputs: {{x: 1}}\ngates:\n{body}output: w0\n"
    short, long = both(text)
    assert short == long
    assert circuitgrad.loads(text).about.count("\n") == 9

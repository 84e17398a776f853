from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import Circuit, CircuitError, load, loads
from circuitgrad.errors import Source
from circuitgrad.formulas.numerals import read_number, spell_number
from circuitgrad.language.editing import Editor, same
from strategies import Written, files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"{}\[\],:]+|.', re.DOTALL)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
OLD = ["1", "-2.50", "1_000", "1e-3", ".5", "+7", "3.", "-.inf", "nan", "0", "-0.0"]
SINGLE = [
    "{}",
    "'{}'",
    '"{}"',
    "' {} '",
    "{}    # was 1.0: once",
    "{{value: {}, fixed: true}}",
    "{{about: 'value: 1', 'value':   '{}' , fixed: false}} # {{value: 3}}",
    "&anchor {}",
    "&anchor   '{}'",
    "\n    value: {}  # why\n    about: it's",
    "\n\n    # above\n    about: |\n      value: 5\n    value:\n      {}\n",
    "|\n    {}\n",
    ">-  # folded 1.0\n    {}",
    "   \n    {}",
]
LISTED = [
    "[{}, {}]",
    "[ '{}',{} , ] # two",
    "\n    - {}\n    -   {}  # second",
    "[\n  # first\n    {},\n    {}]",
    "{{value: [{}, {}], fixed: true}}",
    "\n    fixed: true\n    value:\n    - {}\n    - '{}'",
    "&all [{}, &second {}]",
]
NESTED = ["[[{}], [{}]]", "\n    - [{}]\n    - - {}"]
SPELLINGS = [
    *((spelling, 1) for spelling in SINGLE),
    *((spelling, 2) for spelling in LISTED),
    *((spelling, -2) for spelling in NESTED),
]


def values_of(circuit: Circuit) -> dict[str, float]:
    return {name: leaf.value for name, leaf in circuit.inputs.items()}


def edited(
    source: Source,
    before: Mapping[str, float],
    after: Mapping[str, float],
    expect: Mapping[str, float] | None = None,
    *,
    json: bool = False,
) -> str:
    """Return a text with new values."""
    editor = Editor(source, json=json)
    editor.set_inputs(before, after)
    editor.set_expected(expect or {})
    return editor.text()


def changed(text: str, values: Mapping[str, float], expect: Mapping[str, float] | None = None) -> str:
    """Edit a YAML text, and read it back."""
    before = loads(text)
    after = {**values_of(before), **values}
    new = edited(Source("x.yaml", text), values_of(before), after, expect)
    again = loads(new)
    assert repr(values_of(again)) == repr({name: float(value) for name, value in after.items()})
    assert rest(again) == rest(before)
    return new


def number_in(text: str) -> float:
    value = read_number(text)
    assert value is not None
    return value


def inputs(text: str, gates: str = "{out: 1}") -> str:
    return f"inputs:\n  {text}\ngates: {gates}\n"


def rest(circuit: Circuit) -> Any:
    """Return what is not to change: everything but the inputs' values."""
    leaves = [leaf._replace(value=0) for leaf in circuit.inputs.values()]
    return circuit.name, leaves, circuit.constants, list(circuit.names), list(circuit.operands), circuit.outputs


def masked(text: str) -> list[str]:
    """Return a text's tokens, those between them too, with no numbers."""
    return [
        "#" if token != "e" and re.fullmatch(r'[-+\d.e]+|"?-?\.?(inf|nan)"?', token) else token
        for token in TOKEN.findall(text)
    ]


@given(st.data(), files())
def test_nothing_but_numbers_changes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, written: Written
) -> None:
    before = loads(written.text) if not written.json else load_json(written.text, tmp_path_factory)
    after = {name: data.draw(NUMBERS | st.just(value), name) for name, value in values_of(before).items()}
    new = edited(Source("x", written.text), values_of(before), after, json=written.json)
    again = loads(new) if not written.json else load_json(new, tmp_path_factory)
    assert repr(values_of(again)) == repr(after)
    assert rest(again) == rest(before)
    assert masked(new) == masked(written.text)


def load_json(text: str, folder: pytest.TempPathFactory) -> Circuit:
    file = folder.getbasetemp() / "edited.json"
    file.write_text(text, encoding="utf-8", newline="")
    return load(file)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(SPELLINGS),
            st.lists(st.tuples(st.sampled_from(OLD), NUMBERS | st.none()), min_size=2, max_size=2),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_spelling_keeps_what_surrounds_the_number(entries: list[Any], line_end: str) -> None:
    old, new, values = ["inputs:"], ["inputs:"], {}
    for number, ((spelling, size), numbers) in enumerate(entries):
        key = f"v{number}" if size == 1 else f"v{number}[ 0:2]" if size == 2 else f"v{number}[0:2, 3]"
        words = [word for word, _ in numbers][: abs(size)]
        news = []
        for member, (word, value) in enumerate(numbers[: abs(size)]):
            name = f"v{number}" if size == 1 else f"v{number}[{member}]" if size == 2 else f"v{number}[{member},3]"
            stays = value is None or same(value, number_in(word))
            news.append(word if stays else spell_number(value))
            if value is not None:
                values[name] = value
        old.append(f"  {key}: " + spelling.format(*words))
        new.append(f"  {key}: " + spelling.format(*news))
    end = ["# the end", "gates: {y: 1}"]
    texts = ["\n".join([*lines, *end]).replace("\n", line_end) for lines in (old, new)]
    assert changed(texts[0], values) == texts[1]


@given(NUMBERS)
def test_a_number_is_read_back_by_yaml_too(value: float) -> None:
    import json

    import yaml

    assert same(yaml.safe_load(f"[{spell_number(value)}]")[0], value)
    assert same(number_in(spell_number(value)), value)
    assert same(float(spell_number(value, json=True)), value)
    if math.isfinite(value):
        assert same(json.loads(spell_number(value, json=True)), value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("w[0:2]: 0.5  # all", "w[0:2]: [0.0, 9.0]  # all"),
        ("w[0:2]: '0.5'", "w[0:2]: [0.0, 9.0]"),
        ("w[0:2]: &a 0.5", "w[0:2]: &a [0.0, 9.0]"),
        ("w[0:2]: |\n    0.5\n", "w[0:2]: [0.0, 9.0]\n"),
        ("w[0:2]: {value: 0.5, max: 9}", "w[0:2]: {value: [0.0, 9.0], max: 9}"),
        ("w[0:2]: {normal: 0.5, seed: 1}", "w[0:2]: {value: [0.0, 9.0]}"),
        ("w[0:2]: {normal: 0.5}", "w[0:2]: {value: [0.0, 9.0]}"),
        ("w[0:2]: { seed: 1 , normal: 0.5 } # r", "w[0:2]: { value: [0.0, 9.0] } # r"),
        ("w[0:2]: {max: 9, seed: '1', normal: 0.5}", "w[0:2]: {max: 9, value: [0.0, 9.0]}"),
        ("w[0:2]: {uniform: [0, 1], seed: 1, max: 9}", "w[0:2]: {value: [0.0, 9.0], max: 9}"),
        ("w[0:2]: {'uniform': [0, 1 ,], seed: 1}", "w[0:2]: {'value': [0.0, 9.0]}"),
        ("w[0:2]: {normal: 0.5, # dev\n    seed: 1}", "w[0:2]: {value: [0.0, 9.0], # dev\n    }"),
        ("w[0:2]: {normal: 0.5,\n    seed: 1} # one", "w[0:2]: {value: [0.0, 9.0]} # one"),
        ("w[0:2]:\n    normal: 0.5  # a\n    seed: 1\n    max: 9", "w[0:2]:\n    value: [0.0, 9.0]  # a\n    max: 9"),
        ("w[0:2]:\n    seed: 1  # b\n    normal: 0.5", "w[0:2]:\n    # b\n    value: [0.0, 9.0]"),
        ("w[0:2]:\n    uniform:\n      - 0\n      - 1\n    max: 9", "w[0:2]:\n    value:\n      LIST\n    max: 9"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_family_becomes_a_list(old: str, new: str, line_end: str) -> None:
    old, new = (inputs(text).replace("LIST", "[0.0, 9.0]").replace("\n", line_end) for text in (old, new))
    assert changed(old, {"w[0]": 0.0, "w[1]": 9.0}) == new


def test_what_a_family_of_two_ranges_becomes() -> None:
    values = {"w[0,0]": 1, "w[0,1]": 2, "w[1,0]": 3, "w[1,1]": 4}
    assert "w[0:2, 0:2]: [[1.0, 2.0], [3.0, 4.0]]\n" in changed(inputs("w[0:2, 0:2]: 0.5"), values)


def test_one_number_stays_one_where_all_members_change_alike() -> None:
    assert "w[0:2]: '7.0'\n" in changed(inputs("w[0:2]: '0.5'"), {"w[0]": 7, "w[1]": 7})


def test_random_values_that_stay_stay_random() -> None:
    text = inputs("w[0:2]: {normal: 0.5, seed: 1}\n  a: 1")
    assert "w[0:2]: {normal: 0.5, seed: 1}\n  a: 2.0" in changed(text, {"a": 2})


def test_a_long_list_is_broken_into_lines() -> None:
    text = inputs("w[0:30, 0:2]: 0.5  # many\n  a: 1").replace("\n", "\r\n")
    values = {f"w[{i},{j}]": i + j / 10 for i in range(30) for j in range(2)}
    lines = changed(text, values).split("\r\n")
    assert lines[1:3] == ["  w[0:30, 0:2]: [", "    [0.0, 0.1],"]
    assert lines[31:33] == ["    [29.0, 29.1]]  # many", "  a: 1"]
    lines = changed(inputs("w[0:100]: 0"), {"w[7]": 0.1234567890123}).splitlines()
    assert max(map(len, lines)) <= 110
    assert len(changed("{inputs: {'w[0:100]': 0}, gates: {y: 1}}", {"w[7]": 0.5}).splitlines()) == 1


def test_members_that_are_declared_singly() -> None:
    assert "x[0]: 1  # first\n  x[1:3]: [0.0, 5.0]" in changed(inputs("x[0]: 1  # first\n  x[1:3]: 0"), {"x[2]": 5})


def test_names_are_compared_as_the_reader_does() -> None:
    assert "ﬁ: 2.0\n" in changed(inputs("ﬁ: 1"), {"fi": 2})
    assert "'w [ 0:1 ]': 2.0\n" in changed(inputs("'w [ 0:1 ]': 1"), {"w[0]": 2})


def test_expected_values_change_where_that_is_wanted() -> None:
    text = inputs("a: 1", "{y: 2*a}") + "expect: {'y': '2', a: 1}  # both\n"
    assert "expect: {'y': '4.0', a: 1}  # both\n" in changed(text, {"a": 2}, {"y": 4})


def test_escapes_give_way_to_the_number() -> None:
    assert 'a: "2.0" #\n' in changed(inputs(r'a: "\x31" #'), {"a": 2})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a: &one 1\n  b: *one", "a"),
        ("a: &one 1\n  b: *one", "b"),
        ("a: &one {value: 1}\n  b: *one", "b"),
        ("a: &one 1\n  b: {value: 5, min: *one}", "a"),
        ("x[0:2]: &v [1, 2]\n  y[0:2]: *v", "y[1]"),
        ("x[0:2]: [&v 1, *v]", "x[1]"),
        ("x[0:2]: &v 1\n  y[0:2]: *v", "x[1]"),
        ("x[0:2]: {normal: &v 1}\n  y[0:2]: {normal: *v}", "x[1]"),
        ("x[0:2]: {uniform: [&v 1, 2]}\n  y: *v", "x[1]"),
    ],
)
def test_what_aliases_repeat_is_refused_with_its_place(text: str, name: str) -> None:
    with pytest.raises(CircuitError) as caught:
        changed(inputs(text), {name: 9})
    (problem,) = caught.value.problems
    assert "cannot change alone: aliases repeat what stands here" in problem.message
    assert problem.place is not None
    assert "&" in problem.place.text


def test_an_alias_elsewhere_is_no_hindrance() -> None:
    assert "a: 2.0\n" in changed(inputs("b: &one 1\n  c: *one\n  a: 1"), {"a": 2})
    assert "[&v 5.0, 2]" in changed(inputs("x[0:2]: [&v 1, 2]"), {"x[0]": 5})


def test_a_comment_that_would_be_lost_is_a_reason_to_refuse() -> None:
    with pytest.raises(CircuitError, match="a comment stands among the random values of 'w'"):
        changed(inputs("w[0:2]: {uniform: [0, # low\n      1]}"), {"w[0]": 9})


def test_an_input_without_a_value_is_refused() -> None:
    with pytest.raises(CircuitError, match="'a' has no value in the file"):
        edited(Source("x.yaml", inputs("a: {fixed: true}")), {"a": 0}, {"a": 1})


def test_json_is_edited_in_place() -> None:
    text = '{"inputs": {"a": 1.50,"b":"2", "w[0:2]": {"normal": 1,\n\t"seed": 1}}, "gates": {"y": 1}}'
    before = {"a": 1.5, "b": 2, "w[0]": 0.1, "w[1]": 0.2}
    after = {"a": -math.inf, "b": 1e-5, "w[0]": math.nan, "w[1]": 3e-9}
    new = edited(Source("x.json", text), before, after, json=True)
    assert new == '{"inputs": {"a": "-inf","b":"1e-05", "w[0:2]": {"value": ["nan", 3e-09]}}, "gates": {"y": 1}}'


def test_ten_thousand_inputs(tmp_path: Path) -> None:
    lines = [f"  x{i}: {{value: {i}, fixed: true}}  # number {i}" for i in range(10_000)]
    file = tmp_path / "many.yaml"
    file.write_text("\n".join(["inputs:", *lines, "gates: {y: x0}"]))
    before = values_of(load(file))
    editor = Editor(Source("many.yaml", file.read_text()))
    assert editor.set_inputs(before, {name: value + 0.5 for name, value in before.items()}) == 10_000
    file.write_text(editor.text())
    assert values_of(load(file)) == {name: value + 0.5 for name, value in before.items()}

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from circuitgrad import CircuitError, from_expression, load, loads
from language.faults import fault
from language.faults import pointed as pointed_at

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN = [
    (
        "inputs: {a: 1, x: 2}\ngates:\n  ax: {mull: [a, x]}\n",
        """\
n.yaml:3:8: error: no gate is called 'mull'
  3 |   ax: {mull: [a, x]}
    |        ^^^^ did you mean 'mul'?""",
    ),
    (
        "inputs: {alpha: 1}\ngates:\n  y: {neg: alpa}\n",
        """\
n.yaml:3:12: error: no wire is called 'alpa'
  3 |   y: {neg: alpa}
    |            ^^^^ did you mean 'alpha'?""",
    ),
    (
        "inputs: {a: 1}\ngates:\n  b: a + c\n  c: b * 2\n",
        """\
n.yaml:3:3: error: the gates form a cycle: b -> c -> b
  3 |   b: a + c
    |   ^ a gate cannot feed itself""",
    ),
    (
        "inputs: {a: 1}\ngates:\n  b: {sigmoid: [a, a]}\n",
        """\
n.yaml:3:7: error: sigmoid takes 1 operand, not 2
  3 |   b: {sigmoid: [a, a]}
    |       ^^^^^^^""",
    ),
    (
        "inputs: {a: 1}\ngates:\n  a: a + 1\n",
        """\
n.yaml:3:3: error: 'a' is declared twice
  3 |   a: a + 1
    |   ^ the first one stands in line 1""",
    ),
    (
        "inputs: {a: 1}\ngate: {}\ngates: {b: a}\n",
        """\
n.yaml:2:1: error: a circuit file has no key 'gate'
  2 | gate: {}
    | ^^^^ did you mean 'gates'?""",
    ),
    (
        "inputs: {a: one}\ngates: {b: a}\n",
        """\
n.yaml:1:13: error: the value of 'a' is not a number: 'one'
  1 | inputs: {a: one}
    |             ^^^""",
    ),
    (
        "inputs: {a: 1}\ngates:\n  b: 3 * a ^ 2\n",
        """\
n.yaml:3:12: error: expected an operator, but found '^'
  3 |   b: 3 * a ^ 2
    |            ^ a power is written **""",
    ),
    (
        "inputs: {on: 1}\ngates: {b: 1}\n",
        """\
n.yaml:1:10: error: 'on' is not a name: YAML reads it as a boolean or null
  1 | inputs: {on: 1}
    |          ^^ put it in quotes, or choose another""",
    ),
    (
        "inputs: {a: 1}\n---\ngates: {b: a}\n",
        """\
n.yaml:2:1: error: a second document begins here; a circuit file is one
  2 | ---
    | ^""",
    ),
    (
        "inputs:\n  変数: 1\ngates:\n  y: 変数 + 未知 * 2\n",
        """\
n.yaml:4:11: error: no wire is called '未知'
  4 |   y: 変数 + 未知 * 2
    |             ^^^^""",
    ),
]


@pytest.mark.parametrize(("text", "message"), GOLDEN, ids=lambda text: None)
def test_a_whole_message(text: str, message: str) -> None:
    assert str(fault(text)) == message


@pytest.mark.parametrize(
    ("text", "pointed", "words"),
    [
        ("inputs: {a: 1, a: 2}\ngates: {b: a}", ["a"], "declared twice"),
        ("gates: {b: 1, b: 2}", ["b"], "declared twice"),
        ("inputs: {ﬁ: 1}\ngates: {fi: 2}", ["fi"], "declared twice"),
        ("inputs: {a: 017}\ngates: {b: a}", ["017"], "ambiguous"),
        ("inputs: {a: 12:30:45}\ngates: {b: a}", ["12:30:45"], "ambiguous"),
        ("inputs: {a: 1}\ngates: {b: {add: [a, 0x10]}}", ["0x10"], "not a decimal number"),
        ("inputs: {a: 1,000}\ngates: {b: a}", ["000"], "written without commas"),
        ("inputs: {a: 1}\ngates: {b: where(a > 0, 1, a/2)}", [",", "1", "a/2)"], "with a comma needs quotes"),
        ("inputs: {a: 1e999}\ngates: {b: a}", ["1e999"], "too large"),
        ("inputs: {a: }\ngates: {b: a}", ["}"], "missing"),
        ("inputs: {a: [1]}\ngates: {b: a}", ["["], "is a number, not a list"),
        ("inputs: {a: {min: 1}}\ngates: {b: a}", ["{"], "has no 'value'"),
        ("inputs: {a: {value: 1, maks: 3}}\ngates: {b: a}", ["maks"], "no key 'maks'"),
        ("inputs: {a: {value: 1, fixed: yes}}\ngates: {b: a}", ["yes"], "true or false"),
        ("inputs: {a: {value: 1, min: 2}}\ngates: {b: a}", ["1"], "not between"),
        ("inputs: {<<: {a: 1}}\ngates: {b: 1}", ["<<"], "merge keys"),
        ("inputs: {no: 1}\ngates: {b: 1}", ["no"], "boolean"),
        ("gates: {b: 1, ~: 2}", ["~"], "boolean or null"),
        ("gates: {1b: 1}", ["1b"], "not a name"),
        ("gates: {b²: 1}", ["b²"], "not a name"),
        ("gates: {b.1: 1}", ["b.1"], "not a name"),
        ("gates: {'': 1}", ["'"], "not a name"),
        ("gates: {if: 1}", ["if"], "word of the formula language"),
        ("gates: {" + "b" * 201 + ": 1}", ["b" * 201], "201 characters"),
        ("gates: {b: !!float 1}", ["!"], "has no meaning"),
        ("gates: {b: !!python/object/apply:os.system ['true']}", ["!"], "has no meaning"),
        ("gates: {b: !a {add: [1, 2]}}", ["!"], "has no meaning"),
        ("gates: {? [b] : 1}", ["["], "a name is wanted"),
        ("gates: {b: *c}", ["*"], "no anchor"),
        ("gates: &g {b: *g}", ["*"], "inside its own anchor"),
        ("gates:\n\tb: 1", ["\t"], "a tab cannot stand here"),
        ("gates: {b: 'a}", ["'"], "quotation mark is not closed"),
        ('gates: {b: "a}', ['"'], "quotation mark is not closed"),
        ("gates: {b: [1, 2}", ["["], "this list is not closed"),
        ("inputs: {a: 1\ngates: {b: a}\n", ["{"], "this mapping is not closed"),
        ("inputs:\n  a:1\n  b: 2\n", [":"], "a colon needs a space behind it"),
        ("gates:\n  b: 1\n  c:b*2\n", [":"], "a colon needs a space behind it"),
        ("gates:\n  b:1\n", ["b:1"], "a colon needs a space behind it"),
        ("gates: {b: {mul:[1, 2]}}\n", [":"], "a colon needs a space behind it"),
        ("about: it says: hello\n", [":"], "with ': ' in it needs quotes"),
        ("gates:\n  b: 1\n   c: 2\n", ["c"], "does not fit those above it"),
        ("gates:\n  b: 1\n c: 2\n", ["c"], "does not fit those above it"),
        ("gates:\n  b\n  c: 2\n", ["c"], "has each of them a value"),
        ("output: - b\n", ["-"], "or write [a, b]"),
        ('about: "a\\d"\n', ["\\"], "no such escape"),
        ("inputs:\n  - a: 1\ngates: {b: 1}", ["-"], "with no - before it"),
        ("gates: {b: {add: 1, 2}}", ["2"], "write {add: [a, b]}"),
        ("gates: {b: {}}", ["{"], "not an empty mapping"),
        ("gates: {b: {neg: {neg: 1}}}", ["{"], "give the inner gate a wire of its own"),
        ("gates: {b: {Mul: [1, 2]}}", ["Mul"], "did you mean 'mul'?"),
        ("gates: {b: 'plus(1, 2)'}", ["plus"], "did you mean 'add'?"),
        ("gates: {b: {add: [max(1, 2]}}", [","], "inside brackets a formula with a comma needs quotes"),
        ("gates: {b: 2*π}", ["π"], "written pi"),
        ("gates: {b: c.1 + 1, c: 2*sin(3)}\noutput: b", ["c.1"], "inside the formula of 'c'"),
        ("gates: {c: 2*sin(log(0)), b: c.1 + 1}\noutput: b", ["c.1"], "inside the formula of 'c'"),
        ("inputs: {a: 1}\ngates: {b: a*2 + 1}\noutput: b.2", ["b.2"], "no wire is called 'b.2'"),
        ("inputs: {a: 1}\ngates: {b: a*2 + 1}\nexpect: {b.01: 2}", ["b.01"], "no wire is called 'b.01'"),
        ("inputs: {nan: 1, Inf: 2}\ngates: {b: 1}", ["nan", "Inf"], "read as a number"),
        ("inputs: {on: 1}\ngates: {b: on + 1, c: on*b}", ["on"], "boolean"),
        ("inputs: {a: 2*3}\ngates: {b: a}", ["2*3"], "belongs under 'gates'"),
        ("inputs:\n  a: 1,000.5\ngates: {b: a}", ["1,000.5"], "write 1000.5"),
        ("inputs:\n  a: 1,5\ngates: {b: a}", ["1,5"], "a decimal point is written '.'"),
        ("inputs: {a: {value: 1, min: 3, max: 2}}\ngates: {b: a}", ["2"], "less than its 'min'"),
        ("gates: {b: 1}\nexpect: {b: 1, b: 2}", ["b"], "expected twice"),
        ("<<: {b: 1}\ngates: {b: 1}", ["<<"], "merge keys"),
        ("gates: {b: 1", ["{"], "not YAML"),
        ("gates: {b: @a}", ["@"], "a text cannot begin with '@'"),
        ("", [""], "the file is empty"),
        ("# only a comment\n", ["#"], "the file is empty"),
        ("- a\n- b", ["-"], "not a list"),
        ("neuron", ["neuron"], "not a text"),
        ("inputs: {a: 1}", ["i"], "has no 'gates'"),
        ("gates:", [""], "at least one gate"),
        ("gates: {}", ["{"], "at least one gate"),
        ("gates: [b]", ["["], "not a list"),
        ("gates: {b: }", ["}"], "needs a gate, not nothing"),
        ("gates: {b: [1, 2]}", ["["], "needs a gate, not a list"),
        ("gates: {b: {add: [1, 2], mul: [1, 2]}}", ["mul"], "given twice"),
        ("gates: {b: {add: [1, [2]]}}", ["["], "an operand is"),
        ("gates: {b: {add: [1, '']}}", ["'"], "an operand is missing"),
        ("gates: {b: {add: []}}", ["add"], "2 or more operands, not 0"),
        ("gates: {b: 'max(1)'}", ["max"], "2 or more operands, not 1"),
        ("gates: {b: 1, c: b(2)}", ["b"], "no gate is called 'b'"),
        ("gates: {b: 1, c: 2}", ["g"], "several wires feed no other: 'b', 'c'"),
        ("gates: {b: 1}\noutput: c", ["c"], "no wire is called 'c'"),
        ("gates: {b: 1}\noutput: []", ["["], "is an empty list"),
        ("gates: {b: 1}\noutput: [b, b]", ["b"], "named twice"),
        ("gates: {b: 1}\nexpect: {c: 1}", ["c"], "no wire is called 'c'"),
        ("gates: {b: 1}\nexpect: {b: x}", ["x"], "not a number"),
        ("gates: {b: 1}\nname: [x]", ["["], "is a text, not a list"),
        ("gates: {b: 1}\nname: x\nname: y", ["name"], "a second time"),
        ("gates: {é𝒳: 1, y: é𝒳 + q}", ["q"], "no wire is called 'q'"),
        ("gates: {'😀': 1}", ["😀"], "not a name"),
        ("gates: {y: \"1 + \\u0071 + \\x71\"}", ["\\u0071", "\\x71"], "no wire is called 'q'"),
        ("gates: {y: \"1 + \\\n   q\"}", ["q"], "no wire is called 'q'"),
        ("gates: {y: '1 + ''q'}", ["''"], "found '''"),
        ("gates:\n  y: >\n    1 +\n    q + 2\n", ["q"], "no wire is called 'q'"),
        ("gates:\n  y: |\n    1 +\n      q + 2\n", ["q"], "no wire is called 'q'"),
        ("gates:\n  y: 1 +\n    q + 2\n", ["q"], "no wire is called 'q'"),
    ],
)  # fmt: skip
def test_a_fault_is_named_and_pointed_at(text: str, pointed: list[str], words: str) -> None:
    error = fault(text)
    assert words in str(error)
    assert "without commas" in words or "without commas" not in str(error)
    assert pointed_at(error) == pointed


@pytest.mark.parametrize(
    ("gates", "loop"),
    [
        ("{b: b + a}", "b -> b"),
        ("{b: c, c: b + a}", "b -> c -> b"),
        ("{s: b + c, b: c, c: s}", "s -> c -> b -> s"),
        ("{s: b + c, b: c, c: c + a}", "c -> c"),
        ("{s: a + b, b: '2*(c + a)', c: 'sin(d)*a', d: b}", "b -> d -> c -> b"),
    ],
)
def test_a_cycle_is_printed_in_the_direction_of_the_signal(gates: str, loop: str) -> None:
    (problem,) = fault(f"inputs: {{a: 1}}\ngates: {gates}").problems
    assert problem.message == f"the gates form a cycle: {loop}"


def test_a_cycle_of_100_000_gates_is_shortened() -> None:
    count = 100_000
    gates = "".join(f"  g{i}: g{(i + 1) % count} + 1\n" for i in range(count))
    (problem,) = fault("gates:\n" + gates).problems
    loop = problem.message.removeprefix("the gates form a cycle: ").split(" -> ")
    assert loop[0] == loop[-1] == "g0"
    assert "…" in loop
    assert len(loop) < 15


def test_many_cycles_take_no_quadratic_time() -> None:
    gates = "".join(f"  g{i}: g{(i + 1) % 20_000} + g{i // 2}\n" for i in range(20_000))
    assert len(fault("gates:\n" + gates).problems) == 20


def test_a_wire_inside_a_formula_can_be_an_output_and_be_expected() -> None:
    circuit = loads("inputs: {a: 3}\ngates: {b: a*2 + 1}\noutput: b.1\nexpect: {b.1: 6}")
    assert circuit.forward()["b.1"] == circuit.expect["b.1"] == 6


def test_everything_wrong_is_said_at_once_and_in_order() -> None:
    text = "inputs: {a: x, 1b: 2}\noutput: z\ngates:\n  c: {mull: [a, q]}\n  d: a ^ 2\nnames: n\n"
    assert pointed_at(fault(text)) == ["x", "1b", "z", "mull", "q", "^", "names"]


def test_a_thousand_faults_are_cut_short() -> None:
    gates = "".join(f"  gate{i}: under{i % 7}fined{i} + 1\n" for i in range(6_000))
    lines = str(fault("gates:\n" + gates)).splitlines()
    assert lines[-1] == "and at least 980 more errors"
    assert len(lines) == 3 * 20 + 1


BOMB = "gates: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{i}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(12)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "inputs: {q: 1}\ngates:\n  x0: {add: &a [" + ", ".join("q" * 3_000) + "]}\n"
        + "".join(f"  x{i}: {{add: *a}}\n" for i in range(1, 3_000)),
        "inputs: {q: 1}\ngates:\n  x0: &a " + "+".join("q" * 50_000) + "\n"
        + "".join(f"  x{i}: *a\n" for i in range(1, 3_000)),
    ],
    ids=["nested", "lists", "formulas"],
)  # fmt: skip
def test_an_alias_bomb_is_refused(text: str) -> None:
    assert "the aliases add more than" in str(fault(text))


@pytest.mark.parametrize(
    ("suffix", "opening", "words"),
    [
        *(("yaml", opening, "nested deeper than 64 levels") for opening in ("[", "{a: ", '{"a":', "- ")),
        *(("json", opening, "nested deeper than 64 levels") for opening in ("[", '{"a":')),
        ("yaml", "? ", "a name is wanted here"),
        ("json", "{a: ", "not JSON"),
    ],
)
def test_100_000_levels_of_nesting_are_refused(suffix: str, opening: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / f"deep.{suffix}"
    file.write_text(opening * 100_000)
    with pytest.raises(CircuitError, match=words):
        load(file)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x07", "\x7f", "\x85", "\u2028", "\ufeff", "\ud800"])
def test_a_character_that_may_not_stand_in_a_file(character: str) -> None:
    error = fault(f"gates:\n  b: é{character}\n")
    assert f"U+{ord(character):04X}" in error.problems[0].message
    assert (place := error.problems[0].place) is not None
    assert (place.line, place.column) == (2, 7)
    assert character not in str(error)


@pytest.mark.parametrize(
    ("data", "line", "column", "words"),
    [
        ("gates:\n  é: ü + 1\n".encode("latin-1"), 2, 3, "not UTF-8: byte 0xe9 at offset 9"),
        ("gates: {b: 1}".encode("utf-16"), 1, 1, "not UTF-8: byte 0xff at offset 0"),
        ("gates: {b: 1}".encode("utf-16-le"), 1, 2, "U+0000"),
        (b"\xef\xbb\xbfgates: \xff", 1, 8, "not UTF-8"),
        ("gates: {é: \N{GRINNING FACE}".encode() + b"\xff", 1, 13, "not UTF-8"),
        (b"", 1, 1, "empty"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, line: int, column: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(data)
    with pytest.raises(CircuitError, match=re.escape(words)) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}:{line}:{column}: error: ")


@pytest.mark.parametrize(
    ("text", "pointed", "words"),
    [
        ('{"gates": {"c":{"mull":[1, 2]}}}', ["mull"], "no gate is called 'mull'"),
        ('{\n\t"gates":\n\t{"c": "1 + q"}}', ["q"], "no wire is called 'q'"),
        ('{"gates": {"😀\\u0041": 1}}', ["😀\\u0041"], "not a name"),
        ('{"gates": {"c": "1 + \\ud83d\\ude00"}}', ["\\ud83d\\ude00"], "found '😀'"),
        ('{"gates": {"c": "1 +\\n q"}}', ["q"], "no wire is called 'q'"),
        ('{"gates": {"c": 1}, "gates": {}}', ["gates"], "a second time"),
        ('{"inputs": {"a": null, "b": true}, "gates": {"c": 1}}', ["n", "true"], "missing"),
        ('{"gates": {"c": 1,}}', ["}"], "not JSON"),
        ('{"gates": {"c": 01}}', ["1"], "not JSON"),
        ("", [""], "not JSON"),
        ("[]", ["["], "not an empty list"),
        ("3", ["3"], "not a text"),
    ],
)
def test_faults_of_json_have_places_too(text: str, pointed: list[str], words: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CircuitError) as caught:
        load(file)
    assert words in str(caught.value)
    if "not JSON" not in words:
        assert pointed_at(caught.value) == pointed
    assert all(problem.place for problem in caught.value.problems)


def test_a_missing_file_gets_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "neuron.yaml").write_text("gates: {b: 1}")
    with pytest.raises(CircuitError) as caught:
        load(tmp_path / "neurn.yaml")
    (problem,) = caught.value.problems
    assert problem.message.startswith("there is no file ")
    assert problem.hint is not None
    assert "neuron.yaml" in problem.hint


@pytest.mark.parametrize("path", ["/nowhere/at/all.yaml", "a\0b", "\x1b[31mred.yaml", "x" * 5_000])
def test_a_path_that_cannot_be_read(path: str) -> None:
    with pytest.raises(CircuitError) as caught:
        load(path)
    assert str(caught.value).isprintable()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CircuitError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("gates: {b: 1}")
    file.chmod(0)
    with pytest.raises(CircuitError, match="cannot be read"):
        load(file)


@pytest.mark.parametrize("escape", ["\\x1b[31m", "\\u202e", "\\0", "\\r", "\\a", "\\u2028"])
@pytest.mark.parametrize(
    "text",
    ['gates: {"b@": 1}', 'gates: {b: "1 + @"}', 'gates: {b: {"@": 1}}', 'output: "@"\ngates: {b: 1}',
     '"@": 1\ngates: {b: 1}',
     'inputs: {a: "@"}\ngates: {b: 1}', 'expect: {"@": 1}\ngates: {b: 1}'],
)  # fmt: skip
def test_a_message_never_contains_control_characters(text: str, escape: str) -> None:
    message = str(fault(text.replace("@", escape)))
    assert all(character.isprintable() for character in message.replace("\n", ""))


def test_faults_of_a_formula_from_python() -> None:
    with pytest.raises(CircuitError) as caught:
        from_expression("a + zz", a=1)
    assert str(caught.value).splitlines() == [
        "<expression>:1:5: error: no wire is called 'zz'",
        "  1 | a + zz",
        "    |     ^^",
    ]
    with pytest.raises(CircuitError, match="form a cycle: out -> out"):
        from_expression("out + 1")
    with pytest.raises(CircuitError, match="'out' is declared twice"):
        from_expression("out + 1", out=1)


def test_a_definition_named_like_a_gate_is_one_fault() -> None:
    text = "define:\n  silu: {operands: [x], value: x}\ninputs: {a: 1}\ngates: {y: a + 1}\n"
    with pytest.raises(CircuitError, match="there is a gate called 'silu' already") as caught:
        loads(text)
    assert str(caught.value).count("error:") == 1


BRACES = [
    "x if x > 0 else 0",
    "x + 1",
    "max(x, 0)",
    "2*x",
    "x",
    "-x",
    "where(x, 1, 2)",
    "0 < x < 1",
    "x > 0 and x < 1",
    "(x)",
]


@pytest.mark.parametrize("formula", BRACES)
def test_a_formula_in_braces_is_told_so(formula: str) -> None:
    error = fault(f"inputs: {{x: 1}}\ngates:\n  y: {{{formula}}}\n")
    (problem,) = error.problems
    assert problem.message == "the braces make a mapping of the formula of 'y'"
    assert problem.hint == f"write y: {formula}"
    assert loads(f"inputs: {{x: 1}}\ngates:\n  {(problem.hint or '').removeprefix('write ')}\n").forward()["x"] == 1


@pytest.mark.parametrize(
    ("text", "pointed", "hints"),
    [
        ("inputs:\nx: 3\ngates: {y: 1}", ["x"], ["indent it, if it belongs to 'inputs'"]),
        ("inputs:\nx: 3\nz: 4\ngates: {y: 1}", ["x", "z"], ["indent it, if it belongs to 'inputs'"] * 2),
        (
            "inputs: {x: 1}\ngates:\ny: x + 1\noutputs: y",
            ["y", "outputs"],
            ["indent it, if it belongs to 'gates'", "did you mean 'output'?"],
        ),
        ("gates: {y: 1}\nexpect:\ny: 1", ["y"], ["indent it, if it belongs to 'expect'"]),
        (
            "inputs:\nexpected: 3\ngates: {y: 1}",
            ["expected"],
            ["indent it, if it belongs to 'inputs'; did you mean 'expect'?"],
        ),
        ("gates: {y: 1}\ndefine:\nf(x): x", ["f(x)"], ["indent it, if it belongs to 'define'"]),
        ("inputs: {x: 1}\ngates: {z: x}\ny: x + 1", ["y"], None),
    ],
)
def test_entries_that_are_not_indented_are_told_so(text: str, pointed: list[str], hints: list[str] | None) -> None:
    error = fault(text)
    assert pointed_at(error) == pointed
    found = [problem.hint for problem in error.problems]
    assert found == hints if hints else not any("indent" in (hint or "") for hint in found)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("v[0:3]", "v[0]; for all of them: sum(v[i] for i in range(3))"),
        ("v[ 1 : 4 ]", "v[1]; for all of them: sum(v[i] for i in range(1, 4))"),
        ("sum(v[0:3])", "v[0]; for all of them: sum(v[i] for i in range(3))"),
        ("v[0, 1:2]", "v[0]; for all of them"),
        ("v[i:]", "v[0]; for all of them"),
        ("math.exp(x)", "did you mean 'exp'?"),
        ("np.maximum(x, 0)", "did you mean 'maximum'?"),
        ("torch.nn.functional.relu(x)", "did you mean 'relu'?"),
        ("math.fabs(x)", "did you mean 'abs'?"),
        ("operator.plus(x, 1)", "did you mean 'add'?"),
        ("lgamma(x)", "'define'"),
        ("math.lgamma(x)", "'define'"),
        ("ceil(x)", "written -floor(-x)"),
        ("np.round(x)", "written floor(x + 0.5)"),
        ("math.pi*x", "written pi"),
        ("np.logical_and(x, 1)", "a and b"),
        ("logical_not(x)", "not a"),
        ("np.inf", "written inf"),
        ("x − 3", "hyphen of the keyboard"),
        ("−x", "hyphen of the keyboard"),
        ("2*−x", "hyphen of the keyboard"),
        ("x – 3", "hyphen of the keyboard"),
    ],
)
def test_a_formula_from_elsewhere_gets_the_remedy(formula: str, words: str) -> None:
    error = fault(f"inputs: {{x: 1, 'v[0:4]': 1}}\ngates: {{y: '{formula}'}}\n")
    assert words in (error.problems[0].hint or "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs: {x: −1}\ngates: {y: x}", "hyphen of the keyboard"),
        ("inputs: {x: {value: –1}}\ngates: {y: x}", "hyphen of the keyboard"),
        ("gates:\n  y:\u00a01\n", "no-break space"),
        ("gates:\n  y:\u00a01\n  z: 2\n", "no-break space"),
        ("gates:\n  y: 1\n  z:\u00a02\n  x: 3\n", "no-break space"),
        ("gates:\n\u00a0\u00a0y: 1\n", "no-break space"),
        ("gates:\n  a\u00a0b: 1\n", "no-break space"),
        ("inputs:\n  x[3]: [1, 2, 3]\ngates: {y: 1}", "write x[0:3]"),
        ("inputs:\n  x[2]: [1, 2, 3]\ngates: {y: 1}", "write x[0:3]"),
        ("inputs:\n  x[0:1]: [1, 2]\ngates: {y: 1}", "write x[0:2]"),
    ],
)
def test_what_looks_right_gets_the_remedy(text: str, words: str) -> None:
    assert words in (fault(text).problems[0].hint or "")


@pytest.mark.parametrize("formula", ["x\u00a0+ 1", "x +\u00a01", "max(x,\u00a02)"])
def test_a_no_break_space_in_a_formula_is_a_space(formula: str) -> None:
    assert loads(f"inputs: {{x: 1}}\ngates:\n  y: {formula}\n").forward()["y"] == 2

"""What may be a name, and that one name has one spelling."""

from __future__ import annotations

import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, loads
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.steps import CONSTANTS
from circuitgrad.language.names import LONGEST_NAME, is_ordinary, name_fault
from language.faults import fault, messages, pointed

# Python's own notion of a name, without the words that the language or YAML have another use for.
TAKEN = {"if", "else", "for", "in", "and", "or", "not", "inf", "infinity", "nan"}
YAML = {"on", "off", "yes", "no", "true", "false", "null"}
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=4)
identifiers = st.from_regex(r"[^\W\d]\w{0,5}", fullmatch=True).filter(
    lambda text: text.isidentifier() and "·" not in unicodedata.normalize("NFKC", text)
)


@given(texts)
def test_a_name_is_a_name_of_python(text: str) -> None:
    name = unicodedata.normalize("NFKC", text)
    taken = name in TAKEN or name.lower() in {"inf", "infinity", "nan"}
    assert (name_fault(text, plain=False) is None) == (text.isidentifier() and "·" not in name and not taken)


@given(identifiers)
def test_what_is_right_at_first_sight_is_right_at_the_second(name: str) -> None:
    if is_ordinary(name):
        assert name_fault(name) is None
        assert normalise(name) == name


@given(identifiers)
def test_every_name_is_one_in_a_file_and_in_its_formulas(name: str) -> None:
    if name_fault(name, plain=False) is not None:
        return
    circuit = loads(f'inputs: {{"{name}": 3}}\ngates: {{"{name}_": "{name}*2"}}')
    assert list(circuit.forward().values()) == [3, 6]
    assert circuit.backward()[unicodedata.normalize("NFKC", name)] == 2


@pytest.mark.parametrize("name", [*sorted(set(keyword.kwlist) - TAKEN - {"True", "False"}), "self", "__import__"])
def test_keywords_of_python_are_names(name: str) -> None:
    assert loads(f"inputs: {{'{name}': 2}}\ngates: {{y: '{name}*{name}'}}").backward()[name] == 4


@pytest.mark.parametrize("name", ["pi", "e", "tau"])
def test_a_wire_wins_over_a_constant(name: str) -> None:
    assert loads(f"gates: {{y: 1*{name}}}").forward()["y"] == CONSTANTS[name]
    assert loads(f"inputs: {{{name}: 7}}\ngates: {{y: 1*{name}}}").forward()["y"] == 7


@pytest.mark.parametrize("word", sorted(YAML | {word.upper() for word in YAML} | {word.title() for word in YAML}))
def test_a_word_of_yaml_is_a_name_in_quotes_alone(word: str) -> None:
    assert "YAML reads it as a boolean or null" in str(fault(f"inputs: {{{word}: 1}}\ngates: {{y: 1}}"))
    assert loads(f"inputs: {{'{word}': 1}}\ngates: {{y: '2*{word}'}}").forward()["y"] == 2


@pytest.mark.parametrize("word", ["inf", "Inf", "INFINITY", "nan", "NaN"])
def test_what_is_read_as_a_number_is_no_name(word: str) -> None:
    assert "it is read as a number" in str(fault(f"inputs: {{'{word}': 1}}\ngates: {{y: 1}}"))


@pytest.mark.parametrize("word", ["if", "else", "for", "in", "and", "or", "not"])
def test_a_word_of_the_language_is_no_name(word: str) -> None:
    assert "is a word of the formula language" in str(fault(f"gates: {{{word}: 1}}"))


SPELLINGS = [
    ("é", "e\u0301"),
    ("ﬁ", "fi"),
    ("ｘ", "x"),
    ("ℝ", "R"),
    ("Å", "A\u030a"),
    ("ſ", "s"),
    ("각", "\u1100\u1161\u11a8"),
]


@pytest.mark.parametrize(("first", "second"), SPELLINGS)
def test_spellings_of_one_name_mean_one_wire(first: str, second: str) -> None:
    for here, there in [(first, second), (second, first)]:
        circuit = loads(f"inputs: {{'{here}': 2}}\ngates: {{y: '{there}*3'}}\noutput: y\nexpect: {{'{there}': 2}}")
        assert circuit.forward()["y"] == 6
        error = fault(f"inputs: {{'{here}': 2, '{there}': 3}}\ngates: {{y: 1}}")
        assert "declared twice" in str(error)
        assert "in another Unicode spelling" in str(error)


def test_spellings_of_families_indices_definitions_and_operands_mean_one() -> None:
    text = "inputs: {'é[0:2]': [1, 2]}\ndefine: {'ḟ(ñ)': 'ñ*2'}\ngates:\n  h[ü=0:2]: ḟ(é[ü])\n  y: h[0] + h[1]"
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert composed != apart
    mixed = composed.partition("gates")[0] + apart[apart.index("gates") :]
    assert [loads(spelled).forward()["y"] for spelled in (composed, apart, mixed)] == [6, 6, 6]


@pytest.mark.parametrize(("index", "words"), [("1", "not a name"), ("if", "a word of the formula language"),
                                               ("inf", "read as a number"), ("a.b", "not a name")])  # fmt: skip
def test_an_index_has_a_name_like_any_other(index: str, words: str) -> None:
    error = fault(f"gates:\n  h[{index}=0:2]: 1\noutput: h[0]")
    assert words in str(error)
    assert pointed(error)[0] == index


def test_the_longest_name() -> None:
    assert loads(f"gates: {{{'x' * LONGEST_NAME}: 1}}").forward()
    long = "x" * (LONGEST_NAME + 1)
    inputs, define = f"inputs: {{'{long}[0:2]': 1}}", f"define: {{{long}(x): x}}"
    for text in (f"gates: {{{long}: 1}}", inputs, define, f"define: {{f({long}): 1}}"):
        gates = "" if text.startswith("gates") else "\ngates: {y: 1}"
        assert messages(fault(text + gates)) == [f"a name of {LONGEST_NAME + 1} characters"]


@pytest.mark.parametrize("invisible", ["\u200b", "\u200d", "\u2060", "\u00ad", "\u180e"])
def test_an_invisible_character_in_a_name_is_told(invisible: str) -> None:
    assert "invisible character" in str(fault(f"gates: {{'a{invisible}b': 1}}"))
    assert "invisible character" in str(fault(f"inputs: {{ab: 1}}\ngates: {{y: 'a{invisible}b'}}"))


@pytest.mark.parametrize(
    "file", ["gates: {'@': 1}", "define: {'@(x)': x}\ngates: {y: 1}", "inputs: {'@[0:2]': 1}\ngates: {y: 1}\noutput: y"]
)
@given(text=texts)
def test_whatever_a_name_is_it_is_read_or_refused_in_words(file: str, text: str) -> None:
    said = ""
    try:
        loads(file.replace("@", text.replace("'", "''")))
    except CircuitError as error:
        said = str(error)
    assert all(line.isprintable() for line in said.split("\n"))

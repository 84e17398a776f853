from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.names import is_name, normalise
from circuitgrad.formulas.reader import ExpressionError, read_formula
from circuitgrad.formulas.steps import Call, Name, Number, Step

VALUES = {"a": 1.25, "b": -0.75, "c": 3.1, "x": 0.3}

atoms = st.sampled_from([*VALUES, "2.0", "0.5", "1e-3", "7.", ".25"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from(["+", "-", "*", " + ", " - ", "* "]), inner).map("".join)
    # Powers up to 4 are products here, which Python's are not to the last bit.
    power = st.tuples(inner, st.integers(5, 7)).map(lambda pair: f"({pair[0]})**{pair[1]}")
    negated = inner.map(lambda text: f"-{text}")
    enclosed = inner.map(lambda text: f"({text})")
    compared = st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner).map(" ".join)
    tested = compared | conditions
    chosen = st.tuples(inner, tested, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})")
    return binary | power | negated | enclosed | chosen


signs = st.sampled_from([" < ", " <= ", " > ", ">=", " == ", "!="])


@st.composite
def _chains(draw: st.DrawFn) -> str:
    text = draw(atoms)
    for _ in range(draw(st.integers(1, 4))):
        text += draw(signs) + draw(atoms | st.just("-a") | st.just("(a + b)*x"))
    return text


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    words = st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join)
    return words | inner.map(lambda text: f"not {text}") | inner.map(lambda text: f"({text})")


conditions = st.recursive(_chains() | atoms, _joined, max_leaves=8)
"""Comparisons, chains of them and numbers, joined by words as Python joins them."""

formulas = st.recursive(atoms, _grown, max_leaves=12)


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _bare(steps: tuple[Step, ...]) -> list[tuple[object, ...]]:
    """Steps without their offsets; a number by its bits, so that -0.0 differs from 0.0."""
    return [
        ("number", _bits(step.value)) if isinstance(step, Number) else (type(step).__name__, *step[:-1])
        for step in steps
    ]


@given(formulas)
def test_a_formula_has_the_value_that_python_gives_it(text: str) -> None:
    try:
        wanted = float(eval(text, {"__builtins__": {}}, dict(VALUES)))
    except OverflowError:
        return
    assert _bits(circuitgrad.from_expression(text, **VALUES).forward()["out"]) == _bits(wanted)


@given(conditions)
def test_a_condition_is_true_where_it_is_in_python(text: str) -> None:
    wanted = bool(eval(text, {"__builtins__": {}}, dict(VALUES)))
    assert circuitgrad.from_expression(f"7 if {text} else 5", **VALUES).forward()["out"] == (7 if wanted else 5)
    assert circuitgrad.from_expression(f"not not ({text})", **VALUES).forward()["out"] == wanted


@given(conditions)
def test_a_condition_has_no_slope(text: str) -> None:
    circuit = circuitgrad.from_expression(f"0*(a + b + c + x) + (1 and ({text}))", **VALUES)
    assert circuit.forward()["out"] in (0, 1)
    assert {circuit.backward()[name] for name in VALUES} == {0}


@settings(max_examples=examples(20))
@given(conditions, st.sampled_from(["objects", "python", "native"]))
def test_a_condition_is_the_same_number_in_every_engine(text: str, engine: str) -> None:
    circuit = circuitgrad.from_expression(f"0*(a + b + c + x) + (not ({text}))", **VALUES)
    (value,) = program(circuit, list(VALUES), Wanted(("out",)), engine)(*VALUES.values())
    assert type(value) is float
    assert _bits(value) == _bits(circuit.forward()["out"])


@given(conditions)
def test_a_written_condition_reads_back_as_itself(text: str) -> None:
    steps = read_formula(text)
    assert _bare(read_formula(FORMULA.write(steps))) == _bare(steps)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a>0 and(b>0 and c>0)", "a > 0 and (b > 0 and c > 0)"),
        ("(a > 0 and b > 0) and c > 0", "a > 0 and b > 0 and c > 0"),
        ("a > 0 or (b > 0 and c > 0)", "a > 0 or b > 0 and c > 0"),
        ("(a > 0 or b > 0) and c > 0", "(a > 0 or b > 0) and c > 0"),
        ("not (a > 0)", "not a > 0"),
        ("not (a > 0 or b > 0)", "not (a > 0 or b > 0)"),
        ("not (not a)", "not not a"),
        ("(not a) + 1", "(not a) + 1"),
        ("0 < x < 1", "0 < x and x < 1"),
        ("a and b", "a and b != 0"),
        ("a or -b", "a or -b != 0"),
        ("x if (a > 0 and b > 0) else c", "x if a > 0 and b > 0 else c"),
        ("(a and b > 0) if c else x", "a and b > 0 if c else x"),
        ("(a if b else 0) and c > 0", "(a if b else 0) and c > 0"),
        ("c > 0 and (a if b else 0)", "c > 0 and (a if b else 0) != 0"),
        ("(1 if a > 0 else b > 0) + 1", "(a > 0 or b > 0) + 1"),
        ("1 if a else 0", "1 if a else 0"),
        ("a and lt(b, c)", "a and b < c"),
    ],
)
def test_conditions_are_written_in_words(text: str, written: str) -> None:
    assert FORMULA.write(read_formula(text)) == written
    assert _bare(read_formula(written)) == _bare(read_formula(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x > 0 and log(x) > -1", 0.0),  # what a false condition leaves out may be NaN
        ("x <= 0 or log(x) > -1", 1.0),
        ("log(x) > -1 and x > 0", math.nan),
        ("log(x) > -1 or x <= 0", math.nan),
        ("not log(x)", math.nan),
        ("log(x) and 1", math.nan),
        ("1 and log(x)", math.nan),
        ("0 or log(x)", math.nan),
        ("0 and log(x)", 0.0),
        ("0 < log(x) < 1", math.nan),
        ("2 < x < log(x)", 0.0),
    ],
)
def test_nan_is_no_condition_where_it_is_asked_for(text: str, value: float) -> None:
    found = circuitgrad.from_expression(text, x=-1).forward()["out"]
    assert found == value or (math.isnan(found) and math.isnan(value))


def test_the_middle_of_a_chain_is_one_wire() -> None:
    circuit = circuitgrad.from_expression("0 < exp(a) + b < 9", a=0, b=1)
    assert [rule.name for rule in circuit.rules].count("exp") == 1
    assert circuit.forward()["out"] == 1


def test_chains_within_chains_have_a_limit() -> None:
    text = "x"
    for _ in range(40):
        text = f"(0 < {text} < 2)"
    with pytest.raises(ExpressionError, match="repeat more than 1,000,000 parts"):
        read_formula(text)


def test_what_is_wrong_in_a_chain_is_said_once() -> None:
    with pytest.raises(circuitgrad.CircuitError) as caught:
        circuitgrad.from_expression("0 < foo + bar(x) < 1", x=1)
    assert [problem.message for problem in caught.value.problems] == [
        "no wire is called 'foo'", "no gate is called 'bar'",
    ]  # fmt: skip


def test_formulas_alike_with_conditions_are_read_apart() -> None:
    gates = {f"g{i}": f"x or {i} > 3" for i in range(40)} | {f"h{i}": f"(a and {i}) + (not {i})" for i in range(40)}
    gates["sum"] = " + ".join(gates)
    values = circuitgrad.loads(json.dumps({"inputs": {"x": 0, "a": 2}, "gates": gates})).forward()
    assert [values[f"g{i}"] for i in range(40)] == [float(i > 3) for i in range(40)]
    assert [values[f"h{i}"] for i in range(40)] == [1.0] * 40


@given(formulas)
def test_a_written_formula_reads_back_as_itself(text: str) -> None:
    steps = read_formula(text)
    assert _bare(read_formula(FORMULA.write(steps))) == _bare(steps)


@pytest.mark.parametrize(
    "text",
    ["-2**2", "(-2)**2", "2**-a", "2**3**2", "-a**2", "(-a)**2", "a - (b - c)", "a/(b/c)", "-(a + b)", "--a", "-(-2)",
     "(a < b) == (b < c)", "a < b < c", "(a < b) < c", "a < (b < c)", "not a == b", "(not a) == b",
     "x if a < b > c else 2", "(a if b else c) if x else (a if b else c)", "a if b else (c if x else a)", "a/b/c",
     "+a"],
)  # fmt: skip
def test_precedence_survives_writing(text: str) -> None:
    steps = read_formula(text)
    written = FORMULA.write(steps)
    assert _bare(read_formula(written)) == _bare(steps)
    assert eval(written, {}, dict(VALUES)) == eval(text, {}, dict(VALUES))


@given(st.text(max_size=30) | st.text("ab12.()+-*/<>=!,ef i_²√", max_size=30))
def test_any_text_is_a_formula_or_an_expression_error(text: str) -> None:
    try:
        steps = read_formula(text)
    except ExpressionError as caught:
        error = caught
    else:
        assert steps
        return
    assert 0 <= error.at <= len(text)
    assert error.width >= 1
    assert all(character.isprintable() or character == "\n" for character in str(error))


def test_a_sum_of_100_000_terms_is_folded_from_the_left() -> None:
    steps = read_formula("+".join(["a"] * 100_000))
    assert len(steps) == 199_999
    assert [type(step) for step in steps[:5]] == [Name, Name, Call, Name, Call]


def test_a_sum_of_5_000_terms_runs() -> None:
    assert circuitgrad.from_expression("+".join(["a"] * 5_000), a=1.0).backward()["a"] == 5_000


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("-", ""), ("sin(", ")"), ("2**", ""), ("not ", "")])
def test_nesting_has_a_limit(opening: str, closing: str) -> None:
    assert read_formula(opening * 50 + "a" + closing * 50)
    with pytest.raises(ExpressionError, match="nested deeper") as caught:
        read_formula(opening * 100_000 + "a" + closing * 100_000)
    assert caught.value.hint == "give the inner part a gate of its own"


def test_a_formula_has_a_greatest_length() -> None:
    with pytest.raises(ExpressionError, match="1,000,000 characters"):
        read_formula("a" * 1_000_001)


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("a ^ 2", 3, "a power is written **"),
        ("2x", 2, "a product is written with *"),
        ("a b", 3, "a product is written with *"),
        ("(a)(b)", 4, "a product is written with *"),
        ("a + not b", 5, "within a sum, a product or a comparison it needs parentheses: (not a)"),
        ("a < not b", 5, "within a sum, a product or a comparison it needs parentheses: (not a)"),
        ("a & b", 3, "for both of two conditions write: a and b"),
        ("a && b", 3, "for both of two conditions write: a and b"),
        ("a || b", 3, "an absolute value is written abs(x), and either of two conditions: a or b"),
        ("!a", 1, "not equal is written !=, and the opposite of a condition: not a"),
        ("a and", 6, None),
        ("and b", 1, None),
        ("a or or b", 6, None),
        ("a < < b", 5, None),
        ("not", 4, None),
        ("√x", 1, "a square root is written sqrt(x)"),
        ("x²", 2, "a square is written x**2"),
        ("1 + x³", 6, "a cube is written x**3"),
        ("a × b", 3, "a product is written *"),
        ("a = b", 3, "a comparison is written =="),
        ("a % b", 3, "a remainder is written mod(x, y)"),
        ("x ≤ y", 3, "written <="),
        ("a − b", 3, "this is the Unicode minus sign; use the hyphen of the keyboard, -"),
        ("a // b", 4, "a quotient rounded down is written floor(x/y)"),
        ("a·b", 2, "a product is written *"),
        ("0x10", 2, "numbers are decimal"),
        ("12:30", 3, "a formula has no colons"),
        ("1 2", 3, None),
        ("2(a)", 2, "a product is written with *"),
        ("(a if b) + c", 8, "a conditional is written: x if condition else y"),
        ("min(a b)", 7, None),
        ("a if b", 7, "a conditional is written: x if condition else y"),
        ("sin(", 5, None),
        ("a +", 4, None),
        ("(a + b", 7, None),
        ("a + b)", 6, "there is a ')' too many, or a '(' is missing"),
        ("z\N{MATHEMATICAL ITALIC SMALL X} + 変数 ^ 2", 9, "a power is written **"),
        ("a\u200bb", 2, None),
        ("sin(a,)", 7, None),
        ("*a", 1, None),
        ("else", 1, None),
        ("1__0", 1, None),
        ("", 1, None),
    ],
)
def test_a_syntax_error_has_its_column_and_hint(text: str, column: int, hint: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        read_formula(text)
    ((problem,), error) = caught.value.problems, caught.value
    assert problem.place is not None
    assert problem.place.column == error.at + 1 == column
    assert problem.hint == error.hint == hint


@pytest.mark.parametrize("word", ["lambda", "class", "None", "is", "def", "import", "True"])
def test_words_of_python_may_be_names(word: str) -> None:
    assert circuitgrad.from_expression(f"{word} + 1", **{word: 2}).forward()["out"] == 3


@pytest.mark.parametrize("word", ["if", "else", "for", "in", "and", "or", "not"])
def test_words_of_the_formula_language_may_not(word: str) -> None:
    with pytest.raises(circuitgrad.CircuitError):
        circuitgrad.from_expression("1", **{word: 2})


def test_names_are_compared_in_one_unicode_form() -> None:
    assert normalise("ﬁ") == "fi"
    assert circuitgrad.from_expression("ﬁ*2", fi=4).forward()["out"] == 8


@pytest.mark.parametrize("name", ["x̂", "कि", "ผลลัพธ์", "é", "e\u0301", "変数", "_ß1", "℘"])
def test_names_may_be_written_in_any_script(name: str) -> None:
    assert [step.name for step in read_formula(f"2*{name}+{name}") if isinstance(step, Name)] == [normalise(name)] * 2
    assert circuitgrad.from_expression(f"{name}*3", **{name: 2}).forward()["out"] == 6


@pytest.mark.parametrize("name", ["x²", "²", "a·b", "a\u200b", "1a", "", "a b", "a.b", "√"])
def test_what_python_or_a_reader_takes_for_something_else_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_an_invisible_character_is_named_by_its_number() -> None:
    with pytest.raises(ExpressionError, match=r"found the invisible character U\+200B"):
        read_formula("a\u200bb")


def test_a_long_formula_is_written_in_linear_time() -> None:
    text = " + ".join(["a"] * 100_000)
    assert FORMULA.write(read_formula(text)) == text

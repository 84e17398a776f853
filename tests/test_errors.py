from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.errors import CircuitError, Place, Problem, Source, did_you_mean, quote, visible

texts = st.text(st.characters() | st.sampled_from("\n\r\t\x1b\u202e変é😀\u0301"), max_size=60)


@given(texts)
def test_what_is_shown_cannot_disturb_a_terminal(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert shown == "" or shown.isprintable()
    assert all(old == new for old, new in zip(text, shown, strict=True) if old.isprintable())


def test_control_characters_are_shown_as_their_pictures() -> None:
    assert visible("\x1b[31m\t\x7f\u202e") == "␛[31m␉␡\ufffd"


def test_a_long_quotation_is_cut() -> None:
    assert quote("mul") == "'mul'"
    assert quote("x" * 60) == f"'{'x' * 60}'"
    assert quote("x" * 61) == f"'{'x' * 59}…'"


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("mull", "mul"), ("RELU", "relu"), ("sigmod", "sigmoid"), ("qqq", None), ("", None), ("m" * 10_000, None)],
)
def test_the_nearest_word_is_suggested(word: str, wanted: str | None) -> None:
    assert did_you_mean(word, ["add", "mul", "relu", "sigmoid"]) == (wanted and f"did you mean '{wanted}'?")


def test_a_suggestion_is_spelled_as_it_was_given() -> None:
    assert did_you_mean("MYWIRE", ["MyWire"]) == "did you mean 'MyWire'?"


@given(texts, st.data())
def test_a_place_points_at_its_character(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    place = Source("x.yaml", text).place(at, data.draw(st.integers(1, 9)))
    before = text[:at].replace("\r\n", "\n").replace("\r", "\n")
    inside_line_end = text[at - 1 : at + 1] == "\r\n"
    if not inside_line_end:
        assert place.line == before.count("\n") + 1
        assert place.column == len(before) - (before.rfind("\n") + 1) + 1
        if text[at : at + 1] not in ("", "\r", "\n"):
            assert place.text[place.column - 1] == text[at]
    assert place.width >= 1
    assert "\n" not in place.text
    assert str(place) == f"x.yaml:{place.line}:{place.column}"


@given(texts, st.data())
def test_a_message_has_three_lines_and_its_caret_under_the_place(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    place = Source("x.yaml", text).place(at)
    lines = str(Problem("wrong", place, "a hint")).split("\n")
    assert len(lines) == 3
    assert lines[0] == f"{place}: error: wrong"
    assert lines[1].startswith(f"  {place.line} | ")
    assert lines[2].endswith("^ a hint")
    assert lines[1].index("|") == lines[2].index("|")
    assert all(line.isprintable() for line in lines)


def test_carets_stand_under_wide_and_combined_characters() -> None:
    problem = Problem("wrong", Source("x", "e\u0301変 = q1").place(6, 2))
    assert str(problem).split("\n")[1:] == [
        "  1 | e\u0301変 = q1",
        "    |       ^^",
    ]


@pytest.mark.parametrize("at", [0, 30, 49, 51, 5_000, 99_990, 99_999])
def test_a_long_line_is_cut_around_the_place(at: int) -> None:
    text = "".join(chr(ord("a") + i % 26) for i in range(100_000))
    _, shown, carets = str(Problem("wrong", Source("x", text).place(at, 3))).split("\n")
    assert len(shown) <= 110
    column = carets.index("^")
    assert shown[column : column + 3] == text[at : at + 3][: carets.count("^")]
    assert shown[column] == text[at]


def test_many_problems_of_a_long_line_share_its_text() -> None:
    source = Source("x", "a" * 10_000)
    assert source.place(5).text is source.place(7_000).text


def test_without_a_place_the_hint_stands_in_parentheses() -> None:
    assert str(Problem("no steps", hint="use --steps 100")) == "error: no steps (use --steps 100)"
    assert Problem("odd").describe("warning") == "warning: odd"


@pytest.mark.parametrize(
    ("count", "last"),
    [
        (20, "error: 19"),
        (21, "and 1 more error"),
        (999, "and 979 more errors"),
        (1_000, "and at least 980 more errors"),
    ],
)
def test_many_problems_are_counted(count: int, last: str) -> None:
    lines = str(CircuitError([Problem(str(i)) for i in range(count)])).split("\n")
    assert lines[:20] == [f"error: {i}" for i in range(20)]
    assert lines[-1] == last


def test_an_error_survives_a_change_of_process() -> None:
    error = CircuitError.of("wrong", Place("x.yaml", 1, 2, " y"), "a hint")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)

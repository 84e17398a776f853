"""What a terminal is given: its width, folded texts, characters that it has."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.report import terminal_table
from circuitgrad.report.tables import Column
from circuitgrad.report.terminal import colourful, fold, printable, terminal_width

WORDS = st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True), min_size=1)


@given(words=WORDS, columns=st.integers(9, 40))
def test_folding_keeps_the_words(words: list[str], columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        shown = fold(" ".join(words))
    assert shown.split() == words
    assert max(map(len, shown.splitlines())) <= columns
    assert shown.endswith("\n")


CELLS = st.text(st.sampled_from("ab1.-│é水😀 "), max_size=12)


@given(
    rows=st.lists(st.tuples(CELLS, st.floats().map(repr), CELLS), max_size=6),
    titles=st.tuples(CELLS, CELLS, CELLS),
    limit=st.none() | st.integers(20, 80),
)
def test_what_needs_no_rich_looks_as_rich_draws_it(
    rows: list[tuple[str, str, str]], titles: tuple[str, str, str], limit: int | None
) -> None:
    columns = [Column(title, number=i == 1, wrap=i == 2) for i, title in enumerate(titles)]
    shown = []
    for fit in (terminal_table._fit, lambda *_: False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", io.StringIO())
            patch.delenv("FORCE_COLOR", raising=False)
            patch.delenv("COLUMNS", raising=False)
            if limit is not None:
                patch.setenv("COLUMNS", str(limit))
            patch.setattr(terminal_table, "_fit", fit)
            shown.append("".join(terminal_table.draw_table(columns, rows, [False] * len(rows), {})))
    assert shown[0] == shown[1]


def test_nothing_is_folded_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal_width() is None
    assert fold("word " * 100) == "word " * 100 + "\n"


@pytest.mark.parametrize(("columns", "width"), [("72", 72), ("0", None), ("-3", None), ("wide", None)])
def test_columns_decides_where_it_is_a_width(monkeypatch: pytest.MonkeyPatch, columns: str, width: int | None) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal_width() == width


@pytest.mark.parametrize(
    ("variables", "colours"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_are_forced_or_forbidden(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], colours: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert colourful() is colours


def test_a_stream_gets_the_characters_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert printable("a──… é") == "a--~ \\xe9"
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert printable("a──… é") == "a──… é"

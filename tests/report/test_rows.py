"""The results of rows in all their forms."""

from __future__ import annotations

import json
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.report.rows import ResultChunk, collected, ends, json_pieces, rows_json, stream, table_of
from circuitgrad.report.tables import LONGEST_TABLE, SHOWN_ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
columns = st.lists(st.floats(), max_size=9).map(lambda numbers: array("d", numbers))
documents = st.dictionaries(texts, st.deferred(lambda: columns | texts | st.lists(texts, max_size=3)), min_size=1)


def blocks(rows: int, size: int) -> Iterator[ResultChunk]:
    for start in range(0, rows, size):
        lines = range(start, min(start + size, rows))
        yield ResultChunk(lines, [array("d", lines)])


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, array):
        return [number if abs(number) < float("inf") else repr(number) for number in value]
    return value


@given(st.dictionaries(texts, documents | documents.map(lambda inner: {"": inner}), min_size=1), st.booleans())
def test_json_in_pieces_is_the_document(document: dict[str, Any], ascii_only: bool) -> None:
    text = "".join(json_pieces(document, ascii_only=ascii_only))
    assert json.loads(text) == plain(document)
    assert text.isascii() or not ascii_only


def test_a_long_column_is_one_line_of_pieces() -> None:
    pieces = list(json_pieces({"s": array("d", range(25_000))}, ascii_only=True))
    assert json.loads("".join(pieces)) == {"s": list(range(25_000))}
    assert len(pieces) == 7
    assert "".join(pieces).count("\n") == 2
    assert "".join(json_pieces({"s": array("d")}, ascii_only=True)) == '{\n  "s": []\n}'


def test_documents() -> None:
    s, a, b = (array("d", [number]) for number in (1, 2, 3))
    head = {"circuit": "n", "output": "s"}
    assert rows_json("n", ["s"], ["s"], [], [s]) == {**head, "rows": {"s": s}}
    assert rows_json("n", ["s"], ["s"], ["a", "b"], [s, a, b])["rows"] == {"s": s, "grads": {"a": a, "b": b}}
    several = rows_json("n", ["s", "t"], ["s", "t"], ["a"], [s, s, a, b])
    assert several["output"] == ["s", "t"]
    assert several["rows"] == {"s": s, "t": s, "jacobian": {"s": {"a": a}, "t": {"a": b}}}


@pytest.mark.parametrize("size", [1, 7, 100, 2000])
@pytest.mark.parametrize(
    "rows", [1, LONGEST_TABLE, LONGEST_TABLE + 1, LONGEST_TABLE + SHOWN_ENDS - 1, LONGEST_TABLE + SHOWN_ENDS + 1, 1500]
)
def test_the_ends_of_many_rows_are_kept(rows: int, size: int) -> None:
    table = table_of(["s"], [], "line")
    ends(table, blocks(rows, size), everything=False)
    kept = range(rows)
    shown = [*kept] if rows <= LONGEST_TABLE else [*kept[:SHOWN_ENDS], *kept[-SHOWN_ENDS:]]
    assert table.rows == [[str(line), float(line)] for line in shown]
    assert table.missing == rows - len(shown)
    complete = table_of(["s"], [], "line")
    ends(complete, blocks(rows, size), everything=True)
    assert (len(complete.rows), complete.missing) == (rows, 0)


@pytest.mark.parametrize("form", ["csv", "markdown"])
def test_blocks_make_one_table(form: str) -> None:
    assert "".join(stream(table_of(["s"], []), blocks(90, 7), form, None)).splitlines() == [
        line for piece in stream(table_of(["s"], []), blocks(90, 90), form, None) for line in piece.splitlines()
    ]
    assert len(list(stream(table_of(["s"], []), blocks(90, 7), form, None))) == 13


def test_columns_are_collected() -> None:
    assert collected(1, blocks(20, 3))[1] == [array("d", range(20))]

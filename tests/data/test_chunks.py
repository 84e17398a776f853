"""A data file in chunks is the same as the file at once, wherever it is cut."""

from __future__ import annotations

import io
import re
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError
from circuitgrad.data import csv_text
from circuitgrad.data.chunks import open_rows
from circuitgrad.data.csv import read_rows
from circuitgrad.data.csv_text import CsvText
from circuitgrad.errors import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from circuitgrad.data.table import Chunks, Rows

INPUTS = ["x", "y", "w[0,1]"]
CELLS = st.sampled_from(["1", "-2.5", " 3", '"4"', '"5\n"', "1e-3", "0.1"]) | st.floats(-9, 9).map(repr)
NOTES = st.sampled_from(["a", '"a,b"', '"a\nb"', '"a ""b"""', 'in 5" pipe', "é", '"\r\n\n"', "水", ""])
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n  \n", "\r\n\t\r\n"])
FAULTS = st.sampled_from(["1,2", "?,n,1", "nan,n,1", '1,"n', '1,"n"o,2', ",,", '""'])


@st.composite
def texts(draw: st.DrawFn, *, faulty: bool = False) -> str:
    """A CSV text with the columns x, note and w[0,1]."""
    rows = [f"{draw(CELLS)},{draw(NOTES)},{draw(CELLS)}" for _ in range(draw(st.integers(1, 12)))]
    if faulty:
        rows.insert(draw(st.integers(0, len(rows))), draw(FAULTS))
    header = draw(st.sampled_from(['x,note,"w[0,1]"', '"x","no\nte","w[0, 1]"', '\nx,note,"w[0,1]"']))
    return "".join(row + draw(ENDS) for row in [header, *rows])


def parts(text: str, size: int) -> list[Source]:
    return list(iter(CsvText(io.BytesIO(text.encode()), "d.csv", size).next_part, None))


@contextmanager
def opened(folder: Path, text: str | bytes, size: int = 2) -> Iterator[Chunks]:
    path = folder / "d.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with open_rows(str(path), INPUTS, size=size) as chunks:
        yield chunks


def read(folder: Path, text: str | bytes, size: int = 2) -> list[Rows]:
    with opened(folder, text, size) as data:
        return list(data.chunks)


def first_line(error: CircuitError) -> list[str]:
    return [str(problem).rpartition("/")[2].partition("\n")[0] for problem in error.problems]


@given(texts(), st.integers(2, 20))
def test_the_parts_are_the_text(text: str, size: int) -> None:
    pieces = parts(text, size)
    assert "".join(part.text for part in pieces).rstrip() == text.rstrip()  # blank lines at the end are no part
    offsets = [sum(len(piece.text) for piece in pieces[:i]) for i in range(len(pieces))]
    starts = [len(re.split(r"\r\n|\r|\n", text[:offset])) for offset in offsets]
    assert [piece.line for piece in pieces] == starts


@given(text=texts(), size=st.integers(2, 20))
def test_chunks_have_the_rows_of_the_whole(tmp_path_factory: pytest.TempPathFactory, text: str, size: int) -> None:
    whole = read_rows(Source("d.csv", text), INPUTS)
    with opened(tmp_path_factory.mktemp("d"), text, size) as data:
        chunks = list(data.chunks)
    assert (data.names, data.ignored, data.counted) == (whole.names, whole.ignored, "line")
    assert [row for chunk in chunks for row in chunk] == list(whole)
    assert [line for chunk in chunks for line in chunk.lines] == list(whole.lines)


@given(text=texts(faulty=True), size=st.integers(2, 20))
def test_a_fault_has_the_same_place_in_a_chunk(tmp_path_factory: pytest.TempPathFactory, text: str, size: int) -> None:
    with pytest.raises(CircuitError) as whole:
        read(tmp_path_factory.mktemp("d"), text, 1000)
    with pytest.raises(CircuitError) as part:
        read(tmp_path_factory.mktemp("d"), text, size)
    assert first_line(part.value) == first_line(whole.value)[: len(part.value.problems)]


def test_later_chunks_are_read_only_when_they_are_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path, "x\n1\n2\n3\n?\n") as data:
        assert list(next(data.chunks)) == [{"x": 1}]
        assert list(next(data.chunks).lines) == [3, 4]
        with pytest.raises(CircuitError, match=r"d\.csv:5:1: error: '\?' is not a number"):
            list(data.chunks)


def test_blank_lines_are_no_chunk(tmp_path: Path) -> None:
    chunks = read(tmp_path, "x\n" + "\n" * 5000 + "1\n" + " \n" * 5000)
    assert [list(chunk) for chunk in chunks] == [[{"x": 1}]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "there is nothing in"),
        (b"x\n\n", "there are no rows in"),
        (b"z\n1\n", "no column has the name of an input"),
        (b"x\n1\n2\n3\n\xff\n", r"d\.csv:5:1: error: not UTF-8: byte 0xff at offset 8"),
        (b"\xef\xbb\xbfx\n1\n2\n3\n\xff\n", r"d\.csv:5:1: error: not UTF-8: byte 0xff at offset 11"),
        (b"x\n1\n2\n3\n\0\n", r"the character U\+0000 may not stand in a text file"),
        (b'x\n1\n2\n"' + b"3\n" * 100_000, r"d\.csv:4:1: error: not CSV"),
    ],
)
def test_what_is_no_data(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        read(tmp_path, content)


def test_a_byte_order_mark_is_no_part_of_a_quoted_name(tmp_path: Path) -> None:
    chunks = read(tmp_path, b'\xef\xbb\xbf"w[0,1]","no\nte"\n1,2\n')
    assert [list(chunk) for chunk in chunks] == [[{"w[0,1]": 1}]]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n1\n?\n")))
    words = r"^<stdin>:3:1: error: '\?' is not a number"
    with open_rows("-", INPUTS) as data, pytest.raises(CircuitError, match=words):
        list(data.chunks)


# Long lines


class Drip(io.BytesIO):
    """A pipe that gives a few bytes at a time."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(size or 0, 4096))


@pytest.mark.parametrize("length", [1_000_000, 8_000_000])
def test_a_long_line_of_a_pipe_is_read_in_linear_time(length: int) -> None:
    text = b"x,note\n1," + b"a" * length + b"\r\n2,b\n"
    begun = time.process_time()
    sources = list(iter(CsvText(Drip(text), "d.csv", 2).next_part, None))
    assert time.process_time() - begun < 5
    assert "".join(source.text for source in sources).encode() == text


@pytest.mark.parametrize("end", ["", "\n2,b\n", "\r\n"])
def test_a_line_without_end_is_refused_while_it_is_read(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MOST_LINE_BYTES", 1 << 20)
    file = Drip(b"x,note\n1,b\n2," + b"\xc3\xa9" * (1 << 22) + end.encode())
    with pytest.raises(CircuitError, match=r"^d.csv:3:1: error: this line is longer than 1 MB"):
        list(iter(CsvText(file, "d.csv", 2).next_part, None))
    assert file.tell() < 1 << 21


@given(texts(), st.integers(1, 5))
def test_the_parts_do_not_depend_on_how_the_bytes_arrive(text: str, step: int) -> None:
    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            return super().read1(min(size or 0, step))

    slowly = list(iter(CsvText(Slow(text.encode()), "d.csv", 3).next_part, None))
    assert [(part.line, part.text) for part in slowly] == [(part.line, part.text) for part in parts(text, 3)]

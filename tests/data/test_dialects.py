"""Texts of every dialect arrive as they were written, through the plain reader and the fast one, to the bit."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import CircuitError
from circuitgrad.circuit.rows_options import FOUND, RowsOptions
from circuitgrad.data import csv_chunks, csv_text
from circuitgrad.data.chunks import open_rows
from circuitgrad.data.csv import read_rows
from circuitgrad.errors import Source

if TYPE_CHECKING:
    from pathlib import Path

finite = st.floats(allow_nan=False, allow_infinity=False)
SEPARATORS = [",", ";", "\t", "|", " "]
QUOTE = '"'


class Written(NamedTuple):
    """A text, and what is in it."""

    text: str
    options: RowsOptions
    rows: list[tuple[float, float]]


@st.composite
def texts(draw: st.DrawFn) -> Written:
    """A text with the columns x, note and y: with comments, blanks, leading zeros, quotes here and there."""
    separator = draw(st.sampled_from(SEPARATORS))
    decimal = draw(st.sampled_from([".", ","]))
    says = draw(st.booleans())
    is_quoted = separator == decimal
    is_commented = draw(st.booleans())
    end = draw(st.sampled_from(["\n", "\r\n"]))
    between = st.sampled_from(["", "# a comment", '# "not closed', "  # 1;2", "#"] if draw(st.booleans()) else [""])
    notes = st.sampled_from(["a", "b_1", '"a b"', '"a ""b"""', '"#"'] if draw(st.booleans()) else ["a"])
    blanks = st.sampled_from([" ", "  ", " \t"]) if separator == " " else st.just(separator)
    around = st.sampled_from(["", " "] if separator != " " and draw(st.booleans()) else [""])
    rows = draw(st.lists(st.tuples(finite, finite), min_size=1, max_size=12))

    def written(number: float) -> str:
        text = repr(number).replace(".", decimal)
        if draw(st.booleans()):
            sign, text = ("-", text[1:]) if text[0] == "-" else ("", text)
            text = f"{sign}{draw(st.sampled_from(['0', '00', '']))}{text}"
        quotes = is_quoted or (draw(st.booleans()) and draw(st.booleans()))
        return f'{draw(around)}"{text}"{draw(around)}' if quotes else text + draw(around)

    lines = [("# " if is_commented else "") + separator.join(["x", "note", "y"])]
    for x, y in rows:
        lines += filter(None, [draw(between)])
        lines.append(written(x) + draw(blanks) + draw(notes) + draw(blanks) + written(y))
    above = [draw(st.sampled_from(["", "# measured"])), draw(st.sampled_from(["", "#"]))]
    text = end.join([*filter(None, above), *lines, ""])
    # Numbers without a comma do not tell what the mark is.
    options = RowsOptions(separator if says else None, decimal if says or decimal == "," else None)
    return Written(text, options, rows)


def bits(rows: list[tuple[float, float]]) -> list[tuple[str, str]]:
    return [(repr(x), repr(y)) for x, y in rows]


def read(text: str, inputs: str = "xy", options: RowsOptions = FOUND) -> list[dict[str, float]]:
    return list(read_rows(Source("d.txt", text), [*inputs], options))


@settings(max_examples=examples(400))
@given(texts())
def test_texts_of_every_dialect_come_back(written: Written) -> None:
    rows = read(written.text, "xy", written.options)
    assert bits([(row["x"], row["y"]) for row in rows]) == bits(written.rows)


@settings(max_examples=examples(300), deadline=None)
@given(written=texts(), size=st.integers(2, 5), ahead=st.integers(2, 300))
def test_both_readers_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, written: Written, size: int, ahead: int
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path_factory.mktemp("d") / "d.txt"
    path.write_bytes(written.text.encode())
    found = []
    for is_there in (True, False):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", ahead)
            monkeypatch.setattr(csv_chunks, "is_installed", lambda is_there=is_there: is_there)
            with open_rows(str(path), ["x", "y"], size=size, options=written.options) as data:
                chunks = list(data.chunks)
        found.append([(line, *row.values()) for chunk in chunks for line, row in zip(chunk.lines, chunk, strict=True)])
    assert repr(found[0]) == repr(found[1])
    assert bits([(x, y) for _, x, y in found[0]]) == bits(written.rows)


# Files of the fast reader, with the options of each dialect


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_fast_reader_takes_every_dialect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str, decimal: str
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(csv_text, "LOOKAHEAD_BYTES", 40_000)
    monkeypatch.setattr(csv_text, "_READ_BYTES", 10_000)
    numbers = [i + 0.25 for i in range(10_000)]
    path = tmp_path / "d.txt"
    quote = QUOTE if separator == decimal else ""
    cells = [f"{quote}{number}{quote}".replace(".", decimal) for number in numbers]
    path.write_text("".join(f"{separator.join(line)}\n" for line in [("x", "note"), *((cell, "a") for cell in cells)]))
    with open_rows(str(path), ["x"]) as data:
        chunks = list(data.chunks)
    assert [row["x"] for chunk in chunks for row in chunk] == numbers
    assert list(data.notes) == ([f"{path}: the comma is the decimal mark"] if decimal == "," else [])
    assert (max(map(len, chunks)) > 1000) == (not quote)


# What is found, and what is not guessed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x;y\n1,5;2,25\n", (1.5, 2.25)),
        ("x\ty\n1,5\t2\n", (1.5, 2)),
        ("x|y\n1.5|2\n", (1.5, 2)),
        ("x y\n1.5 2\n", (1.5, 2)),
        ("  x \t y \n  1.5\t2  \n", (1.5, 2)),
        ("x;y\n0,125;2\n", (0.125, 2)),
        ("x;y\n-,5;2e1\n", (-0.5, 20)),
        ("x;y\n1,234;5,6\n", (1.234, 5.6)),
        ('x,y\n"1,5","2"\n', (1.5, 2)),
        ("x;y\nNA;1\n", None),
        ('"x" ;"y"\n"1" ; "2" \n', (1, 2)),
        ('x,y\n"1" ,2\n', (1, 2)),
        ('x,y\n"1"\t,"2" \n', (1, 2)),
        ("x,y\n08,010\n", (8, 10)),
        ("x,y\n-007,+00\n", (-7, 0)),
        ("x,y\n00.5,0_7\n", (0.5, 7)),
        ("# measured\n# x y\n1.5  2.25\n", (1.5, 2.25)),
        ("# x, y\n1.5, 2.25\n", (1.5, 2.25)),
        ("#x;y\n1,5;2\n", (1.5, 2)),
        ("# x y\n# (m) (s)\n1 2\n", (1, 2)),
        ("# made by hand\nx,y\n1,2\n", (1, 2)),
        ("# x y\n1,2\n", (1, 2)),
        ("#x\ty\n1\t2\n", (1, 2)),
        ("\n\n# x y\n\n\n 1 2\n\n", (1, 2)),
    ],
)
def test_the_layout_is_found(text: str, expected: tuple[float, float] | None) -> None:
    if expected is None:
        with pytest.raises(CircuitError):
            read(text)
    else:
        assert [tuple(row.values()) for row in read(text)] == [expected]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("x;y\n1,234;5\n", "d.txt:2:1: error: '1,234' is not a number", "--decimal , if the comma is the decimal mark"),
        ("x;y\n1,5;2.5\n", "d.txt:2:1: error: '1,5' is not a number", "--decimal ,"),
        ("x;y\n1,5;2\n1.5;2\n", "d.txt:2:1: error: '1,5' is not a number", "--decimal ,"),
        ("x\n1,5\n", "d.txt:2:1: error: 2 cells in this row, 1 in the header", "--decimal , needs another separator"),
        (
            "x,y\n1,5,2,5\n",
            "d.txt:2:1: error: 4 cells in this row, 2 in the header",
            "--decimal , needs another separator",
        ),
        ("x;y\n1.234,5;2\n", "d.txt:2:1: error: '1.234,5' is not a number", ""),
        ("x;y\n1;2;3\n", "d.txt:2:1: error: 3 cells in this row, 2 in the header", ""),
        ("x y\n1 2 3\n", "d.txt:2:1: error: 3 cells in this row, 2 in the header", ""),
        ('x;y\n"1"2;3\n', "d.txt:2:1: error: not CSV: ';' expected after '\"'", "written twice"),
        ("# p q\n1 2\n", "d.txt:2:1: error: no column has the name of an input", "the inputs are x, y"),
        ("# x y z\n1 2\n", "d.txt:2:1: error: no column has the name of an input", "the inputs are x, y"),
        ("# only words about x and y\nt,u\n1,2\n", "d.txt:2:1: error: no column has", "the inputs are x, y"),
    ],
)
def test_what_is_not_clear_is_not_guessed(text: str, message: str, hint: str) -> None:
    with pytest.raises(CircuitError) as caught:
        read(text)
    first = caught.value.problems[0]
    assert str(first).startswith(message)
    assert hint in (first.hint or "")


def test_a_decimal_comma_that_is_found_must_hold() -> None:
    with pytest.raises(CircuitError) as caught:
        read("x;y\n1,5;2\n" + "1;2\n" * 3000 + "1.5;2\n")
    assert str(caught.value).startswith("d.txt:3003:1: error: '1.5' is not a number")
    assert "the comma is the decimal mark; --decimal . if the point is" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,x\n#1,2\n#2,3\n", [2, 3]),  # as long as the header, and the first column is no input's
        ("id,x\n# a remark\n1,2\n", [2]),
        ("x,id\n#1,2\n3,4\n", [3]),
        ("#,x\n1,2\n", [2]),
        ("#id,x\n1,2\n", [2]),
        ("id;x\n#1;2\n#\n", [2]),
        ('id,x\n"#1",2\n', [2]),
        ('note,x\n"a\n# b",2\n', [2]),
        ('x,note\n2,"a\n# b"\n# c "d\n3,e\n', [2, 3]),
        ("x\n1\n  # blanks before it\n2\n#\n", [1, 2]),
    ],
)
def test_comments_are_no_rows(text: str, expected: list[float]) -> None:
    assert [row["x"] for row in read(text, "x")] == expected


def test_lines_are_counted_with_comments() -> None:
    rows = read_rows(Source("d.txt", "# a\n\nx\n# b\n1\n\n2\n"), ["x"])
    assert list(rows.lines) == [5, 7]
    commented = read_rows(Source("d.txt", "# a\n# x y\n# b\n1 2\n"), ["x"])
    assert list(commented.lines) == [4]
    assert commented.header is not None
    assert (commented.header.line, commented.header.column, commented.header.width) == (2, 3, 3)


def test_many_comments_are_above_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_text("# nothing\n" * 5000 + "x;y\n" + "# more\n" * 5000 + "1.5;2\n")
    with open_rows(str(path), ["x", "y"]) as data:
        assert [row for chunk in data.chunks for row in chunk] == [{"x": 1.5, "y": 2}]
    path.write_text("x;y\n" + "# more\n" * 5000)
    with open_rows(str(path), ["x", "y"]) as data, pytest.raises(CircuitError, match="there are no rows"):
        list(data.chunks)


# Packed files, encodings


def zstandard(content: bytes) -> bytes:
    pa = pytest.importorskip("pyarrow")
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


PACKED: dict[str, Any] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard,
    "two.gz": lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:]),
}


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("count", [1, 100_000])
def test_packed_files(tmp_path: Path, suffix: str, count: int) -> None:
    path = tmp_path / f"d.csv.{suffix}"
    path.write_bytes(PACKED[suffix](b"x,y\n" + b"1.25,2\n" * count))
    with open_rows(str(path), ["x", "y"]) as data:
        assert sum(len(chunk) for chunk in data.chunks) == count
    path.rename(tmp_path / "d.csv")  # its name does not matter
    with open_rows(str(tmp_path / "d.csv"), ["x", "y"]) as data:
        assert next(iter(next(data.chunks))) == {"x": 1.25, "y": 2}


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_damaged_packed_files(tmp_path: Path, suffix: str, kept: float) -> None:
    content = PACKED[suffix]("".join(f"{math.sin(i)}\n" for i in range(50_000)).join(["x\n", ""]).encode())
    path = tmp_path / "d.csv"
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(CircuitError, match="cannot be unpacked: "), open_rows(str(path), ["x"]) as data:
        list(data.chunks)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1", "utf-16-le", "mac-roman", "cp850"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes("é;ü\r\n1,5;Straße\r\n".encode(encoding))
    options = FOUND if encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32") else RowsOptions(encoding=encoding)
    with open_rows(str(path), ["é"], options=options) as data:
        assert [row for chunk in data.chunks for row in chunk] == [{"é": 1.5}]
    assert data.ignored == ("ü",)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters='\r\n",\0'), max_size=60), pieces=st.integers(1, 7))
def test_a_text_in_another_encoding_arrives_in_pieces(text: str, pieces: int) -> None:
    from circuitgrad.data.opening import in_utf8

    class Slow(io.BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            more = self.read(min(pieces, len(buffer)))
            buffer[: len(more)] = more
            return len(more)

    file = io.BufferedReader(Slow(text.encode("utf-16-be")), 8)
    assert in_utf8(file, "d", "utf-16-be").read().decode("utf-8") == text


def test_bytes_that_are_no_text_in_an_encoding(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(b"x,y\n1,2\n3,\x81\n")
    words, cp1252 = r"d.csv:3:3: error: not cp1252: byte 0x81 at offset 10", RowsOptions(encoding="cp1252")
    with pytest.raises(CircuitError, match=words), open_rows(str(path), ["x"], options=cp1252) as data:
        list(data.chunks)
    with pytest.raises(CircuitError, match="or say --encoding cp1252"), open_rows(str(path), ["x"]) as data:
        list(data.chunks)


# Arrow files


@pytest.mark.parametrize("suffix", ["arrow", "feather", "dat"])
def test_arrow_files(tmp_path: Path, suffix: str) -> None:
    pa = pytest.importorskip("pyarrow")
    feather = pytest.importorskip("pyarrow.feather")
    path = tmp_path / f"d.{suffix}"
    feather.write_feather(pa.table({"note": ["a", "b"], "x": [1.5, 2.5], "y": [1, 2]}), str(path))
    with open_rows(str(path), ["x", "y"]) as data:
        assert [row for chunk in data.chunks for row in chunk] == [{"x": 1.5, "y": 1}, {"x": 2.5, "y": 2}]
    assert (data.counted, data.ignored) == ("row", ("note",))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CircuitError, match="is no Arrow file"), open_rows(str(path), ["x"]):
        pass

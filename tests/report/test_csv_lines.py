"""Columns of numbers are written as `repr` writes them, with and without pyarrow."""

from __future__ import annotations

import csv
import io
import math
import random
import struct
import sys
from array import array
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad.report import csv_lines
from circuitgrad.report.csv_lines import CsvLines, by_arrow, by_repr

AT_THE_EDGES = [
    factor * math.nextafter(edge, toward)
    for edge in (1e-10, 1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1.0, 1e9, 1e10, 1e14, 1e15, 1e16, 1e17, 2.0**53)
    for toward in (0, math.inf, edge)
    for factor in (1, -1)
]
SPECIAL = [0.0, -0.0, 5e-324, sys.float_info.min, sys.float_info.max, math.nan, -math.nan, math.inf, -math.inf]
NUMBERS = (
    st.floats()
    | st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
    | st.integers(-(10**17), 10**17).map(float)
    | st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(-999, 999), st.integers(-22, 22))
    | st.floats(-20, 20).map(lambda power: 10.0**power)
)


def expected(columns: list[array[float]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([map(repr, row) for row in zip(*columns, strict=True)])
    return file.getvalue()


@settings(max_examples=examples(500))
@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[NUMBERS] * width), min_size=1, max_size=20)))
def test_lines_are_those_of_repr(rows: list[tuple[float, ...]]) -> None:
    pytest.importorskip("pyarrow")
    columns = [array("d", column) for column in zip(*rows, strict=True)]
    assert by_repr(columns) == by_arrow(columns) == expected(columns)


def test_the_edges_of_every_form() -> None:
    pytest.importorskip("pyarrow")
    column = array("d", [*AT_THE_EDGES, *SPECIAL, *(2.0**power for power in range(-1074, 1024))])
    assert by_arrow([column]) == expected([column])


@pytest.mark.parametrize("span", [(-5, 5), (-12, 12), (-320, 308)])
def test_many_numbers(span: tuple[int, int]) -> None:
    pytest.importorskip("pyarrow")
    generator = random.Random(1)
    column = array("d", [generator.choice((-1, 1)) * 10 ** generator.uniform(*span) for _ in range(50_000)])
    assert by_arrow([column]) == expected([column])


def test_pyarrow_is_taken_once_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr(csv_lines, "is_imported", lambda: False)
    monkeypatch.setattr(csv_lines, "is_installed", lambda: True)
    monkeypatch.setattr(csv_lines, "NUMBERS_PER_IMPORT", 5000)

    def noted(name: str, _columns: object) -> str:
        used.append(name)
        return ""

    for name in ("by_repr", "by_arrow"):
        monkeypatch.setattr(csv_lines, name, partial(noted, name))
    lines = CsvLines()
    for length in (2000, 2000, 2000, 10, 2000):
        lines([array("d", bytes(8 * length))])
    assert used == ["by_repr", "by_repr", "by_arrow", "by_repr", "by_arrow"]


def test_without_pyarrow_numbers_are_written_by_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "is_installed", lambda: False)
    monkeypatch.setattr(csv_lines, "NUMBERS_PER_IMPORT", 1)
    monkeypatch.setattr(csv_lines, "by_arrow", None)
    column = array("d", range(3000))
    assert CsvLines()([column]) == expected([column])

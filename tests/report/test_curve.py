"""Curves as text: what is drawn is read back, dot by dot, by the names that Unicode gives the characters."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.report.curve import BRAILLE, PLAIN, limits, number, plot

if TYPE_CHECKING:
    from circuitgrad.report.curve import Pen

PENS = st.sampled_from([BRAILLE, PLAIN])
NUMBERS = st.floats() | st.floats(-10, 10)
TAME = st.integers(-1000, 1000).map(lambda hundredths: hundredths / 100)
WIDTHS, HEIGHTS = st.integers(24, 80), st.integers(2, 20)
# Dots 1 to 3 and 7 stand in the left column, from the top; 4 to 6 and 8 in the right one.
PLACES = {"1": (0, 0), "2": (0, 1), "3": (0, 2), "7": (0, 3), "4": (1, 0), "5": (1, 1), "6": (1, 2), "8": (1, 3)}
MARKS = {" ": (), "'": ((0, 0),), ".": ((0, 1),), ":": ((0, 0), (0, 1))}


def rows(texts: list[str], pen: Pen) -> list[str]:
    """Return the canvas alone, without frame and numbers."""
    margin = texts[-2].index(pen.corner) + 1
    return [text[margin:] for text in texts[:-2]]


def dots(texts: list[str], pen: Pen) -> set[tuple[int, int]]:
    """Return the black dots, each with its column from the left and its row from the top."""
    dots = set()
    for row, text in enumerate(rows(texts, pen)):
        for column, character in enumerate(text):
            if pen is PLAIN:
                dots |= {(column, 2 * row + down) for _, down in MARKS[character]}
            elif character != " ":
                numbers = unicodedata.name(character).removeprefix("BRAILLE PATTERN DOTS-")
                dots |= {(2 * column + PLACES[number][0], 4 * row + PLACES[number][1]) for number in numbers}
    return dots


def size(texts: list[str], pen: Pen) -> tuple[int, int]:
    """Return how many dots the canvas has, across and down."""
    across, down = (1, 2) if pen is PLAIN else (2, 4)
    return texts[-2].count(pen.bottom) * across, (len(texts) - 2) * down


@given(lines=st.lists(st.lists(st.tuples(NUMBERS, NUMBERS))), width=WIDTHS, height=HEIGHTS, pen=PENS)
def test_any_numbers_make_a_plot_of_the_size_asked_for(
    lines: list[list[tuple[float, float]]], width: int, height: int, pen: Pen
) -> None:
    texts = plot(lines, width, height, name="x", pen=pen)
    assert len(texts) == height + 2
    assert all(text == text.rstrip() for text in texts)
    # A frame of numbers such as -1.23456789e-300 may leave a single column for the curve.
    assert max(map(len, texts[:-1])) <= max(width, len(texts[-2]) - texts[-2].count(pen.bottom) + 1)
    across, down = size(texts, pen)
    assert all(column < across and row < down for column, row in dots(texts, pen))


@given(points=st.lists(st.tuples(TAME, TAME), min_size=1, max_size=12), width=WIDTHS, height=HEIGHTS, pen=PENS)
def test_every_point_is_drawn(points: list[tuple[float, float]], width: int, height: int, pen: Pen) -> None:
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    texts = plot([points], width, height, heights=(-10, 10), pen=pen)
    across, down = size(texts, pen)
    black = dots(texts, pen)
    for x, y in points:
        column = (x - left) / (right - left) * (across - 1) if left < right else (across - 1) / 2
        row = (10 - y) / 20 * (down - 1)
        assert any(abs(column - dot[0]) <= 0.5001 and abs(row - dot[1]) <= 0.5001 for dot in black)


@given(ends=st.tuples(TAME, TAME), width=WIDTHS, height=HEIGHTS, pen=PENS)
def test_a_line_is_thin_and_has_no_holes(ends: tuple[float, float], width: int, height: int, pen: Pen) -> None:
    texts = plot([[(0, ends[0]), (1, ends[1])]], width, height, heights=(-10, 10), pen=pen)
    across, down = size(texts, pen)
    black = dots(texts, pen)
    assert {column for column, _ in black} == set(range(across))
    rise = abs(ends[1] - ends[0]) / 20 * (down - 1)
    assert len(black) <= max(across, rise + 2)
    rows_used = sorted({row for _, row in black})
    assert rows_used == list(range(rows_used[0], rows_used[-1] + 1))


@given(far=st.floats(30, 1e250), width=WIDTHS, pen=PENS)
def test_a_line_leaves_through_the_top_where_it_crosses_it(far: float, width: int, pen: Pen) -> None:
    texts = plot([[(-1, 0), (0, 0), (1, far)]], width, 10, heights=(0, 1), pen=pen)
    across, _ = size(texts, pen)
    right = [dot for dot in dots(texts, pen) if dot[0] > (across - 1) / 2 + 1 + across / far]
    assert right == []
    assert any(row == 0 for _, row in dots(texts, pen))


@pytest.mark.parametrize("gap", [(0.5, math.nan), (0.5, math.inf), (math.nan, 0.5), (0.5, 1e305)])
def test_what_is_not_finite_leaves_a_gap(gap: tuple[float, float]) -> None:
    points = [(0.0, 0.0), (0.25, 1.0), gap, (0.75, 1.0), (1.0, 0.0)]
    texts = plot([points], 40, 5)
    across, _ = size(texts, BRAILLE)
    columns = {column for column, _ in dots(texts, BRAILLE)}
    assert not columns & set(range(across // 4 + 2, 3 * across // 4 - 2))
    assert {0, across - 1} <= columns


def test_lines_are_drawn_over_one_another_and_not_joined() -> None:
    flat, other = [(0.0, 0.0), (1.0, 0.0)], [(0.0, 1.0), (1.0, 1.0)]
    alone = [dots(plot([line], 30, 4, heights=(0, 1)), BRAILLE) for line in (flat, other)]
    assert dots(plot([flat, other], 30, 4), BRAILLE) == alone[0] | alone[1]


def test_the_frame_has_its_numbers_at_the_ends() -> None:
    texts = plot([[(-2, -30), (3, 50)]], 40, 9, name="time")
    assert texts[0].startswith(" 50 ┤")
    assert texts[8].startswith("-30 ┤")
    assert [text.split()[0] for text in texts[:-2] if "┤" in text] == ["50", "0", "-30"]
    assert texts[-1].split() == ["-2", "time", "3"]
    assert len(texts[-1]) == len(texts[-2]) == 40


# The ends of the frame


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=12))
def test_limits_enclose_a_few_numbers_closely(numbers: list[float]) -> None:
    low, high = limits(numbers)
    assert low < high
    slack = 1e-6 * (high - low)
    assert low - slack <= min(numbers)
    assert max(numbers) <= high + slack
    spread = max(numbers) - min(numbers)
    if spread > 1e-6 * max(map(abs, numbers)) and spread > 1e-290:
        assert high - low <= 1.5 * spread


@given(st.integers(-300, 300), st.integers(1, 12))
def test_limits_are_round_numbers(start: int, length: int) -> None:
    low, high = limits([start / 10, (start + length) / 10])
    assert (len(number(low)), len(number(high))) <= (5, 5)
    assert float(number(low)) == pytest.approx(low, abs=1e-9)


def test_limits_cut_poles_off_but_no_single_value() -> None:
    low, high = limits([1 / x for x in range(-1000, 1001) if x] + [1e9, -1e12])
    assert -1 <= low < high <= 1
    assert limits([0.0] * 500 + [1.0]) == (0, 1)
    assert limits([math.nan, math.inf, -math.inf, 1e305]) == limits([])


@given(value=st.floats(-1e300, 1e300).filter(lambda value: abs(value) > 1e-299))
def test_a_constant_is_seen_beside_zero(value: float) -> None:
    assert limits([value] * 3) == (min(0.0, value), max(0.0, value))

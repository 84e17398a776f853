from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.formulas.numerals import read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [("017.5", 17.5), ("00.5", 0.5), ("01e2", 100.0), ("1e-3", 0.001), ("1_000", 1000.0), (".5", 0.5), ("5.", 5.0),
     ("inf", math.inf), (".inf", math.inf),
     ("-.inf", -math.inf), ("-Infinity", -math.inf), ("+1", 1.0), ("1E3", 1000.0), ("0", 0.0), ("0.10", 0.1),
     ("1_0.2_5", 10.25), (" 2 ", 2.0), ("4.9e-324", 5e-324), ("1e-400", 0.0)],
)  # fmt: skip
def test_a_number_is_what_a_person_reads(text: str, value: float) -> None:
    assert read_number(text) == value


def test_minus_zero_and_nan_are_numbers() -> None:
    assert str(read_number("-0")) == str(read_number("-0.0")) == "-0.0"
    assert str(read_number(".nan")) == str(read_number("NaN")) == "nan"


@pytest.mark.parametrize(
    "text", ["a", "", "1,000", "1__0", "_1", "1_", "1e", "e5", "1 2", "--1", "٣", "infinite", "1e1_0"]
)
def test_a_text_is_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize("text", ["017", "-017", "08", "12:30:45", "1:30", "0x10", "0o17", "0b11", "2024-01-02"])
def test_what_only_yaml_reads_as_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"ambiguous|not a decimal number|is a date"):
        read_number(text)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 5_000])
def test_a_number_too_large_for_a_double_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="too large"):
        read_number(text)


def test_5_000_digits_behind_the_point_are_a_number() -> None:
    assert read_number("0." + "3" * 5_000) == pytest.approx(1 / 3, rel=1e-15)


@given(st.floats(allow_nan=False))
def test_what_python_writes_is_read_to_the_bit(value: float) -> None:
    assert repr(read_number(repr(value))) == repr(value)

"""Numbers read as people write them, which YAML 1.1 may misread, and spelled so that both read them alike."""

from __future__ import annotations

import re
from math import isfinite

from circuitgrad.errors import quote

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_DECIMAL = re.compile(
    rf"[-+]?(?:(?P<whole>{_DIGITS})|(?:{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS}))(?P<power>e[-+]?[0-9]+)?"
)
_SPECIAL = re.compile(r"([-+]?)\.?(inf|infinity|nan)")

# What read_number takes, for a JSON Schema: without look-behinds, names or flags, which editors do not know.
_WHOLE = rf"(?:0|[1-9][0-9]*(?:_[0-9]+)*|{_DIGITS}[eE][-+]?[0-9]+)"
_POINT = rf"(?:{_DIGITS}\.(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][-+]?[0-9]+)?"
DECIMAL = rf"[-+]?(?:{_WHOLE}|{_POINT})"
SPECIAL = r"[-+]?\.?(?:[Ii][Nn][Ff](?:[Ii][Nn][Ii][Tt][Yy])?|[Nn][Aa][Nn])"
# These are compiled when they are needed first, which in most files is never.
_OTHER_BASE = r"[-+]?0[xob][0-9a-f_]+"
_TIME = r"[-+]?[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9]*)?"
_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t ].*)?"


def read_number(text: str) -> float | None:
    """Return the number that a person reads in `text`, or None when it is none.

    Raises:
        ValueError: the text looks like a number, but people and YAML 1.1 read it differently, or it is too large for a
            double.

    >>> read_number("1e-3"), read_number("1_000"), read_number(".5"), read_number("-inf"), read_number("a")
    (0.001, 1000.0, 0.5, -inf, None)
    """
    lowered = text.strip().lower()
    if decimal := _DECIMAL.fullmatch(lowered):
        whole = decimal["whole"]
        if whole and whole[0] == "0" and len(whole) > 1 and not decimal["power"]:
            sign = lowered[: decimal.start("whole")]
            short = sign + (whole.lstrip("0_") or "0")
            raise ValueError(f"{quote(text)} is ambiguous: YAML 1.1 reads it to base 8; write {quote(short)}")
        value = float(lowered)
        if value in (float("inf"), float("-inf")):
            raise ValueError(f"{quote(text)} is too large for a double, whose largest value is about 1.8e308")
        return value
    if special := _SPECIAL.fullmatch(lowered):
        return float(special[1] + special[2])
    if not lowered[:1].isdigit() and lowered[:1] not in ("+", "-"):
        return None
    if re.fullmatch(_OTHER_BASE, lowered):
        raise ValueError(f"{quote(text)} is not a decimal number")
    if re.fullmatch(_TIME, lowered):
        raise ValueError(f"{quote(text)} is ambiguous: YAML 1.1 reads it to base 60; write a decimal number")
    if re.fullmatch(_DATE, lowered):
        raise ValueError(f"{quote(text)} is a date, not a number")
    return None


def spell_number(value: float, *, json: bool = False, short: bool = False) -> str:
    """Return a number as YAML 1.1, or JSON, and this program read it back to the same double.

    Args:
        value: the number.
        json: whether the number is for JSON, which has no infinities and no NaN; `inf`, `-inf` and `nan` are then the
            texts that stand for them between quotation marks.
        short: whether a whole number drops its ".0".

    >>> spell_number(1e-5), spell_number(float("-inf")), spell_number(1e-5, json=True)
    ('1.0e-05', '-.inf', '1e-05')
    >>> spell_number(3.0), spell_number(3.0, short=True), spell_number(1e22, short=True)
    ('3.0', '3', '1.0e+22')
    """
    text = repr(float(value))
    if short:
        text = text.removesuffix(".0")
    if json:
        return text
    if not isfinite(value):
        return f"-.{text[1:]}" if text[0] == "-" else f".{text}"
    mantissa, _, power = text.partition("e")
    return f"{mantissa}.0e{power}" if power and "." not in mantissa else text

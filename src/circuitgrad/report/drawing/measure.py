"""The width of a drawn text, at most: in whichever common sans-serif font it is drawn."""

from __future__ import annotations

from circuitgrad.errors import character_columns

_WIDTHS = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61,
    69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59,
    82, 59, 59, 52, 64, 34, 64, 84,
)  # fmt: skip
"""Of the ASCII characters from the space on, in hundredths of the font's size: those of DejaVu Sans, the widest of the
common fonts (Arial and Helvetica are an eighth narrower)."""
_CAPITAL, _WIDE, _OTHER = 110, 110, 100


def width(text: str, size: float) -> float:
    """Return the width of a text in a font of that size.

    >>> width("-0.105", 100), width("水", 100), width("", 100)
    (324.0, 110.0, 0.0)
    """
    return sum(map(_width, text)) * size / 100


def _width(character: str) -> int:
    code = ord(character) - ord(" ")
    if 0 <= code < len(_WIDTHS):
        return _WIDTHS[code]
    columns = character_columns(character)
    if columns != 1:
        return _WIDE if columns else 0
    return _CAPITAL if character.isupper() else _OTHER

"""Widths of texts."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont

from circuitgrad.report.drawing.measure import width
from circuitgrad.report.drawing.symbols import INFIX_SIGNS, OTHER_SIGNS, WIRE_SIGN

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"


def advances(name: str) -> dict[str, float]:
    """Return how wide a font's characters are, for a size of 100."""
    font = TTFont(FONTS / f"{name}.ttf")
    widths, per_em = font["hmtx"], font["head"].unitsPerEm
    return {chr(code): 100 * widths[glyph][0] / per_em for code, glyph in font.getBestCmap().items()}


@pytest.mark.parametrize("name", ["DejaVuSans", "DejaVuSans-Oblique"])
def test_no_text_is_wider_than_thought(name: str) -> None:
    widths = advances(name)
    ascii_characters = list(map(chr, range(32, 127)))
    signs = "".join([*INFIX_SIGNS.values(), *OTHER_SIGNS.values(), WIRE_SIGN, "…∇→αβγδεθλμσφωΩÄéñж"])
    for character in [*ascii_characters, *(sign for sign in signs if sign in widths)]:
        assert widths[character] <= width(character, 100) + 0.5
    for character in ascii_characters:
        assert widths[character] >= width(character, 100) - 0.5


def test_widths_add_up() -> None:
    assert width("ab", 10) == pytest.approx(width("a", 10) + width("b", 10))
    assert width("e\u0301", 10) == width("e", 10)
    assert width("水", 10) >= 10

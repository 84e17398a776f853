"""Curves as text: a small canvas of dots, eight in a character of the Braille block, within a frame of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Curve: TypeAlias = Sequence[tuple[float, float]]
    Dot: TypeAlias = tuple[float, float]
    """A place on the canvas in dots: how far from the left, and from the top."""

LARGEST_DRAWN = 1e300
"""A larger number is drawn as a gap, so that differences stay finite."""
MOST_HEIGHTS = 1e6
"""Towards a point that lies more heights away, a line is as good as vertical."""
MOST_CUT_OFF = 0.08
"""The share of the numbers that, at each end, may be cut off where they would flatten the others."""
FLATTENED = 3
"""The other numbers are flattened where they take less than this part of the height: a third."""
STEPS_BETWEEN_ENDS = 12
"""The ends of a frame are multiples of a round number, of which about as many lie between them."""


@dataclass(frozen=True)
class Pen:
    """The characters that a curve is drawn with.

    Attributes:
        bits: per column and row of the dots in a character, the dot's bit.
        characters: the character for every sum of bits.
        side: the left side of the frame.
        tick: the left side beside a number.
        corner: the lower left corner.
        bottom: the lower side.
    """

    bits: tuple[tuple[int, ...], ...]
    characters: str
    side: str
    tick: str
    corner: str
    bottom: str

    @property
    def text(self) -> str:
        """Every character that the pen may write."""
        return self.characters + self.side + self.tick + self.corner + self.bottom


# The first six dots go down the left column and then the right one; the last row was added later (Unicode, U+2800).
BRAILLE = Pen(
    ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)),
    " " + "".join(map(chr, range(0x2801, 0x2900))),
    *"│┤└─",
)
PLAIN = Pen(((1, 2),), " '.:", *"|+'-")
"""For a terminal without Braille: two dots in a character."""


def limits(numbers: Sequence[float], *, whole: bool = False) -> tuple[float, float]:
    """Return two round numbers between which a curve with these values is drawn.

    All values lie between them. Only where a few values (the ends of a pole) would flatten the others, and not the
    `whole` curve is wanted, these lie outside. Values that are not finite do not count.

    >>> limits([0.0067, 0.5, 0.9933]), limits([2.0, 2.0]), limits([])
    ((0.0, 1.0), (0.0, 2.0), (0.0, 1.0))
    """
    known = sorted(filter(_known, numbers))
    if not known:
        return 0.0, 1.0
    low, high = known[0], known[-1]
    tail = int(MOST_CUT_OFF * len(known))
    inner = known[-1 - tail] - known[tail]
    if 0 < FLATTENED * inner < high - low and not whole:
        low, high = known[tail], known[-1 - tail]
    return _rounded_outwards(low, high)


def _rounded_outwards(low: float, high: float) -> tuple[float, float]:
    size = max(abs(low), abs(high))
    if high - low <= max(1e-9 * size, 1 / LARGEST_DRAWN):
        # As good as constant: beside 0 its size is seen.
        return (min(0.0, low), max(0.0, high)) if size else (0.0, 1.0)
    least = (high - low) / STEPS_BETWEEN_ENDS
    power = 10.0 ** floor(log10(least))
    step = next(power * digit for digit in (1, 2, 5, 10, 20) if power * digit >= least)
    return floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step


def number(value: float) -> str:
    """Return a number of the frame as text.

    >>> number(-0.15000000000000002), number(1e9), number(-0.0)
    ('-0.15', '1e+09', '0')
    """
    return f"{value + 0.0:.9g}"


def plot(
    lines: Sequence[Curve],
    width: int,
    height: int,
    *,
    name: str = "",
    heights: tuple[float, float] | None = None,
    margin: int = 0,
    pen: Pen = BRAILLE,
    log: bool = False,
) -> list[str]:
    """Draw lines through points on one canvas, and return it as lines of text.

    Args:
        lines: each a series of points (x, y), joined in their order; a number that is not finite is a gap.
        width: how many columns the text has, the numbers on the left included.
        height: how many rows the canvas has; below it are the frame and its numbers.
        name: the name of x, under the middle of the frame.
        heights: the values of y at the lower and the upper end; `limits` of all points when left out.
        margin: how many columns the numbers on the left take at least, so that plots stand flush.
        pen: the characters to draw with.
        log: whether x, which then is positive, is spaced by its logarithm.

    >>> for text in plot([[(0, 0), (1, 1), (2, 0)]], 16, 3, name="x"): print(text)
    1 ┤    ⢀⡠⠚⢄⡀
      │  ⢀⠔⠁   ⠈⠢⡀
    0 ┤⡠⠊⠁       ⠈⠑⢄
      └─────────────
       0     x     2
    """
    bottom, top = heights or limits([y for line in lines for _, y in line])
    xs = [x for line in lines for x, _ in line if _known(x)]
    left, right = (min(xs), max(xs)) if xs else (0.0, 1.0)
    along: Callable[[float], float] = log10 if log else float
    ends = along(left), along(right)
    margin = max(margin, len(number(bottom)), len(number(top)))
    columns = max(1, width - margin - 2)
    canvas = _DotCanvas(columns, height, pen)
    numbers = {0: number(top), height - 1: number(bottom)}
    if bottom < 0 < top:
        numbers.setdefault(canvas.row(_share(0, top, bottom)), "0")
    for line in lines:
        canvas.draw([(_share(along(x), *ends), _share(y, top, bottom)) if _known(x, y) else None for x, y in line])
    shown = [
        f"{numbers.get(i, ''):>{margin}} {pen.tick if i in numbers else pen.side}{text}"
        for i, text in enumerate(canvas.texts())
    ]
    shown.append(f"{'':{margin}} {pen.corner}{pen.bottom * columns}")
    shown.append(f"{'':{margin}}  {_ends(number(left), name, number(right), columns)}")
    return [text.rstrip() for text in shown]


def _known(*numbers: float) -> bool:
    return all(abs(number) <= LARGEST_DRAWN for number in numbers)


def _share(value: float, start: float, end: float) -> float:
    """Return how far from start to end a value lies: 0 at the start, 1 at the end."""
    return 0.5 if start == end else min(max((value - start) / (end - start), -MOST_HEIGHTS), MOST_HEIGHTS)


def _ends(left: str, middle: str, right: str, columns: int) -> str:
    """Return texts at the left, in the middle (only where it fits) and at the right."""
    blanks = (columns - len(middle)) // 2 - len(left)
    text = f"{left}{'':{blanks}}{middle}" if blanks > 0 else left
    if len(text) + len(right) >= columns:
        text = left
    return f"{text} {right:>{max(0, columns - len(text) - 1)}}"


class _DotCanvas:
    """Dots, some of them black."""

    def __init__(self, columns: int, rows: int, pen: Pen) -> None:
        self.pen = pen
        self.dots_across = columns * len(pen.bits)
        self.dots_down = rows * len(pen.bits[0])
        self.cells = [[0] * columns for _ in range(rows)]

    def row(self, share: float) -> int:
        """Return the row of characters that lies at a share of the height, counted from the top."""
        return floor(share * (self.dots_down - 1) + 0.5) // len(self.pen.bits[0])

    def draw(self, places: Sequence[tuple[float, float] | None]) -> None:
        """Blacken a line from place to place, each given as shares of the width and the height; None is a gap."""
        before = None
        for place in places:
            dot = (place[0] * (self.dots_across - 1), place[1] * (self.dots_down - 1)) if place else None
            if dot:
                # A dot after a gap is a line to itself.
                for column, row in _between(before or dot, dot, self.dots_down):
                    self._blacken(column, row)
            before = dot

    def _blacken(self, column: int, row: int) -> None:
        across, down = len(self.pen.bits), len(self.pen.bits[0])
        self.cells[row // down][column // across] |= self.pen.bits[column % across][row % down]

    def texts(self) -> Iterator[str]:
        """Yield every row as text."""
        return ("".join(self.pen.characters[bits] for bits in row) for row in self.cells)


def _between(start: Dot, end: Dot, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the dots of a straight line, as far as they lie between the first row and the last."""
    (column, row), (width, height) = start, (end[0] - start[0], end[1] - start[1])
    first, last = 0.0, 1.0
    if height:
        ends = sorted(((-0.5 - row) / height, (rows - 0.5 - row) / height))
        first, last = max(first, ends[0]), min(last, ends[1])
    steps = max(1, ceil(max(abs(width), abs(height)) * (last - first))) if first <= last else -1
    for step in range(steps + 1):
        along = first + (last - first) * step / steps
        nearest = floor(row + height * along + 0.5)
        if 0 <= nearest < rows:
            yield floor(column + width * along + 0.5), nearest

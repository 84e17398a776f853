"""Families as operands of definitions: their members by subscripts from 0, slices of them, and the sizes they give."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.errors import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Ends: TypeAlias = "tuple[int | str, ...]"
"""Where the ranges of an operand end: at a number, or at a size that a call gives."""
Subscript: TypeAlias = "int | tuple[int | None, int | None]"
"""One subscript, or the ends of a span of them; None stands for an end of the family itself."""


class SliceError(ValueError):
    """A slice that a family does not have."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class SizeError(ValueError):
    """An operand that does not fit; `operand` is its name in the definition."""

    def __init__(self, message: str, operand: str) -> None:
        super().__init__(message)
        self.operand = operand


class Members(NamedTuple):
    """The wires of a family, or of a slice of one.

    Attributes:
        text: how a file writes it.
        numbers: the numbers of wires, by position; a mapping where some positions have no wire.
        start: the position of the first member.
        lows: per subscript, the lowest.
        shape: per subscript, how many there are.
        strides: per subscript, how far apart in `numbers` neighbours are.

    >>> table = Members.row_major("w", range(100, 106), (5, 0), (3, 2))
    >>> table.number((6, 1)), table.number((5, 2)), table.whole.number((1, 1))
    (103, None, 103)
    >>> column = table.sliced([(6, None), 1])
    >>> column.text, column.shape, [*column.flat()]
    ('w[6:8, 1]', (2,), [103, 105])
    """

    text: str
    numbers: Sequence[int] | Mapping[int, int]
    start: int
    lows: tuple[int, ...]
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def row_major(
        cls, text: str, numbers: Sequence[int] | Mapping[int, int], lows: Sequence[int], shape: Sequence[int]
    ) -> Members:
        """Return members whose numbers stand in order, those of the last subscript next to one another."""
        strides = [math.prod(shape[position + 1 :]) for position in range(len(shape))]
        return cls(text, numbers, 0, tuple(lows), tuple(shape), tuple(strides))

    def number(self, subscripts: Sequence[int]) -> int | None:
        """Return the number of a member; None if there is none with these subscripts."""
        position = self.start
        for subscript, low, length, stride in zip(subscripts, self.lows, self.shape, self.strides, strict=True):
            if not 0 <= subscript - low < length:
                return None
            position += (subscript - low) * stride
        return self.numbers.get(position) if isinstance(self.numbers, dict) else self.numbers[position]

    def flat(self) -> Iterator[int]:
        """Yield the numbers, the last subscript fastest; the subscripts begin at 0."""
        for subscripts in product(*map(range, self.shape)):
            yield self.numbers[self.start + sum(map(int.__mul__, subscripts, self.strides))]

    @property
    def dimension(self) -> int:
        """How many subscripts a member has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many members there are, if none is missing."""
        return math.prod(self.shape)

    @property
    def extent(self) -> str:
        """How many members there are, in words."""
        if len(self.shape) > 1:
            return f"is {' by '.join(map(str, self.shape))}"
        return f"has {self.size} member{'s' * (self.size != 1)}"

    @property
    def whole(self) -> Members:
        """The same members by subscripts from 0.

        Raises:
            SliceError: some are missing.
        """
        if isinstance(self.numbers, dict):
            # Too many positions for the wires that there are cannot all have one.
            missing = self.size > len(self.numbers) or any(
                self.start + sum(map(int.__mul__, subscripts, self.strides)) not in self.numbers
                for subscripts in product(*map(range, self.shape))
            )
            if missing:
                raise SliceError(f"members of {quote(self.text)} are missing: it is declared in pieces")
        return self._replace(lows=(0,) * len(self.shape))

    def sliced(self, subscripts: Sequence[Subscript]) -> Members:
        """Return a slice.

        Args:
            subscripts: one for each subscript of the family.

        Raises:
            SliceError: there is no such slice.
        """
        start, texts, shape, strides = self.start, list[str](), list[int](), list[int]()
        inside = True
        for subscript, low, length, stride in zip(subscripts, self.lows, self.shape, self.strides, strict=True):
            if isinstance(subscript, int):
                first, end = subscript, subscript + 1
                texts.append(str(subscript))
            else:
                first = low if subscript[0] is None else subscript[0]
                end = low + length if subscript[1] is None else subscript[1]
                texts.append(f"{first}:{end}")
                shape.append(end - first)
                strides.append(stride)
            if end <= first:
                raise SliceError(f"the range {first}:{end} is empty", "it runs up to its second number, without it")
            inside = inside and low <= first and end <= low + length
            start += (first - low) * stride
        text = f"{self.text}[{', '.join(texts)}]"
        if not inside:
            raise SliceError(f"there is no {quote(text)}")
        return Members(text, self.numbers, start, (0,) * len(shape), tuple(shape), tuple(strides)).whole


def declared_members(name: str, pieces: Sequence[tuple[Sequence[range], int]]) -> Members:
    """Return the members of a family as it is declared.

    Args:
        name: the family's name.
        pieces: the ranges of each piece, and the number of its first wire; the others follow it.

    >>> [*declared_members("y", [([range(0, 1)], 7), ([range(1, 4)], 20)]).flat()]
    [7, 20, 21, 22]
    """
    dimensions = [*zip(*(ranges for ranges, _ in pieces), strict=True)]
    lows = [min(values.start for values in ranges) for ranges in dimensions]
    shape = [max(values.stop for values in ranges) - low for ranges, low in zip(dimensions, lows, strict=True)]
    if len(pieces) == 1:
        return Members.row_major(name, range(pieces[0][1], pieces[0][1] + math.prod(shape)), lows, shape)
    positions: dict[int, int] = {}
    members = Members.row_major(name, positions, lows, shape)
    for ranges, first in pieces:
        for number, at in enumerate(product(*ranges), first):
            steps = zip(at, lows, members.strides, strict=True)
            positions[sum((subscript - low) * stride for subscript, low, stride in steps)] = number
    if len(positions) < members.size:
        return members
    return members._replace(numbers=[positions[position] for position in range(members.size)])


def inferred_sizes(operands: Sequence[tuple[str, Ends, Members]], signature: str) -> dict[str, int]:
    """Return the sizes that the operands of a call give.

    Args:
        operands: per operand that is a family, its name, the ends of its ranges, and the members that a call gives.
        signature: the definition with its operands, for messages.

    Raises:
        SizeError: they do not fit one another, or the definition.

    >>> three, four = (Members.row_major(name, range(9), [0], [size]) for name, size in (("a", 3), ("b", 4)))
    >>> inferred_sizes([("u", ("n",), three), ("v", ("m",), four)], "f(u[0:n], v[0:m])")
    {'n': 3, 'm': 4}
    >>> inferred_sizes([("u", ("n",), three), ("v", ("n",), four)], "dot(u[0:n], v[0:n])")
    Traceback (most recent call last):
    circuitgrad.language.members.SizeError: 'u' has 3 members (a), 'v' has 4 (b)
    """
    sizes: dict[str, int] = {}
    givers: dict[str, tuple[str, Members]] = {}
    for name, ends, members in operands:
        given = members.text
        if len(members.shape) != len(ends):
            wanted = f"{len(ends)} subscript{'s' * (len(ends) != 1)}"
            raise SizeError(f"{quote(name)} of {signature} has {wanted}, {quote(given)} has {len(members.shape)}", name)
        for end, size in zip(ends, members.shape, strict=True):
            if isinstance(end, int):
                other, giver, fits = name, members, size == end
            else:
                other, giver = givers.setdefault(end, (name, members))
                fits = size == sizes.setdefault(end, size)
            if not fits:
                count = str(size) if len(ends) == len(giver.shape) == 1 else None
                known = f"{quote(other)} {giver.extent} ({giver.text})"
                what = f"{quote(name)} {'has ' + count if count else members.extent} ({given})"
                message = f"{known}, which does not fit {signature}" if giver is members else f"{known}, {what}"
                raise SizeError(message, name)
    return sizes

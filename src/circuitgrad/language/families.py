"""Families: many wires declared at once, `w[0:16, 0:2]`, and the values that they start from."""

from __future__ import annotations

import math
import re
from functools import cached_property
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import quote
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.reader import ExpressionError, read_formula
from circuitgrad.language.members import SliceError, declared_members
from circuitgrad.language.names import name_fault
from circuitgrad.language.subscripts import NotWholeError, sizes_hint, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from circuitgrad.language.members import Members

# No two neighbours match the same characters: a megabyte of blanks takes no quadratic time.
_HEADER = re.compile(r"([^\[\]]*)\[(.*)\]\s*", re.DOTALL)
_RANGE = re.compile(r"(?:([^\s=:]+)\s*=\s*)?([-+]?[0-9]{1,18})(?:\s*:\s*([-+]?[0-9]{1,18}))?")

MOST_SUBSCRIPTS = 10

NO_SIZES: Mapping[str, int] = MappingProxyType({})

WRITTEN = "a family is written w[0:16, 0:2], or with an index h[j=0:16]"


class Range(NamedTuple):
    """One range of a family: from `low` up to but not including `high`, and the index that runs through it, if any."""

    low: int
    high: int
    name: str = ""

    def __str__(self) -> str:
        return f"{self.low}:{self.high}" if self.high != self.low + 1 else str(self.low)


class Header(NamedTuple):
    """What a key declares: a family's name, and its ranges."""

    name: str
    ranges: tuple[Range, ...]

    @property
    def size(self) -> int:
        """How many members are declared."""
        return math.prod(bounds.high - bounds.low for bounds in self.ranges)

    def members(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield every member's name, the last subscript fastest, with the values of the indices.

        >>> list(Header("w", (Range(0, 2, "i"), Range(3, 4))).members())
        [('w[0,3]', {'i': 0}), ('w[1,3]', {'i': 1})]
        """
        indices = [(position, bounds.name) for position, bounds in enumerate(self.ranges) if bounds.name]
        for subscripts in product(*(range(bounds.low, bounds.high) for bounds in self.ranges)):
            yield member(self.name, subscripts), {index: subscripts[position] for position, index in indices}


class HeaderError(ValueError):
    """A key with brackets that declares no family; `at` is the offset of the fault in it, `width` its length."""

    def __init__(self, message: str, at: int, width: int, hint: str | None = WRITTEN) -> None:
        super().__init__(message)
        self.at, self.width, self.hint = at, width, hint


def member(name: str, subscripts: Sequence[int]) -> str:
    """Return the name of a family's member.

    >>> member("w", (3, 1))
    'w[3,1]'
    """
    return f"{name}[{','.join(map(str, subscripts))}]"


def read_header(text: str, sizes: Mapping[str, int] = NO_SIZES) -> Header:
    """Return what a key with brackets declares.

    Args:
        text: the key.
        sizes: the sizes of a definition's operands: its ranges may be made of them, and be empty for some.

    Raises:
        HeaderError: what stands in the brackets are no ranges.

    >>> header = read_header("h[j=0:16, 2]")
    >>> header.name, [str(bounds) for bounds in header.ranges], header.size
    ('h', ['0:16', '2'], 16)
    >>> read_header("y[t=1:n, n - 1]", {"n": 4}).ranges
    (Range(low=1, high=4, name='t'), Range(low=3, high=4, name=''))
    """
    match = _HEADER.fullmatch(text)
    if match is None:
        raise HeaderError("these brackets are not those of a family", max(0, text.find("[")), 1)
    ranges: list[Range] = []
    at = match.start(2)
    for part in match[2].split(","):
        ranges.append(_range(part, at, sizes))
        if len(ranges) > MOST_SUBSCRIPTS:
            raise HeaderError(f"a family with more than {MOST_SUBSCRIPTS} subscripts", at, len(part), None)
        index = ranges[-1].name
        if index and index in (bounds.name for bounds in ranges[:-1]):
            raise HeaderError(f"the index '{index}' is used twice", at, len(part))
        at += len(part) + 1
    return Header(normalise(match[1].strip()), tuple(ranges))


def _range(text: str, at: int, sizes: Mapping[str, int]) -> Range:
    match = _RANGE.fullmatch(text.strip())
    start, width = at + len(text) - len(text.lstrip()), max(1, len(text.strip()))
    computed = match is None and bool(sizes)
    if match is not None:
        index, low, high = match[1], int(match[2]), int(match[3]) if match[3] else None
    elif computed:
        index, low, high = _computed(text, at, sizes)
    else:
        raise HeaderError("a range of whole numbers is wanted here", start, width)
    high = low + 1 if high is None else high
    if high < low or (high == low and not computed):
        raise HeaderError(
            f"the range {low}:{high} is empty", start, width, "it runs up to its second number, without it"
        )
    if index and (wrong := name_fault(index, plain=False)) is not None:
        raise HeaderError(wrong[0], start, len(index), wrong[1])
    return Range(low, high, normalise(index or ""))


def _computed(text: str, at: int, sizes: Mapping[str, int]) -> tuple[str | None, int, int | None]:
    """Return the index and the ends of a range that is made of sizes."""
    index, sign, ends = text.rpartition("=")
    at += len(index) + len(sign)
    numbers: list[int] = []
    for part in ends.split(":", 1):
        try:
            numbers.append(whole_number(read_formula(part), sizes))
        except ExpressionError as error:
            raise HeaderError(error.message, at + error.at, error.width, error.hint or WRITTEN) from None
        except NotWholeError as error:
            where = error.step.at if error.step is not None else 0
            raise HeaderError(str(error), at + where, 1, error.hint or sizes_hint(sizes)) from None
        at += len(part) + 1
    return index.strip() or None, numbers[0], numbers[1] if len(numbers) > 1 else None


class Family:
    """What has been declared of a family: one header, or more whose members differ.

    Attributes:
        headers: what was declared.
        firsts: per header, the number of its first wire; those of the others follow.
    """

    def __init__(self, headers: Sequence[Header]) -> None:
        self.headers = list(headers)
        self.firsts: list[int] = []

    @cached_property
    def members(self) -> Members:
        """The members, once all are declared.

        Raises:
            SliceError: there are none, as sizes may have it.
        """
        pieces = [
            ([range(bounds.low, bounds.high) for bounds in header.ranges], first)
            for header, first in zip(self.headers, self.firsts, strict=True)
            if header.size
        ]
        if not pieces:
            raise SliceError(f"{quote(self.headers[0].name)} has no members", f"declared: {self.declaration()}")
        return declared_members(self.headers[0].name, pieces)

    @property
    def dimension(self) -> int:
        """How many subscripts a member has."""
        return len(self.headers[0].ranges)

    def declaration(self) -> str:
        """Return the members as they were declared.

        >>> Family([Header("w", (Range(0, 16), Range(0, 2)))]).declaration()
        'w[0:16, 0:2]'
        """
        return ", ".join(f"{header.name}[{', '.join(map(str, header.ranges))}]" for header in self.headers[:4])

    def no_wire(self) -> tuple[str, str]:
        """Return what to say where the family's name stands for a wire, with a hint.

        >>> Family([Header("w", (Range(0, 16), Range(0, 2)))]).no_wire()
        ("'w' is a family of wires", 'name a member, such as w[0,0]')
        """
        name, ranges = self.headers[0]
        return no_wire(name, member(name, [bounds.low for bounds in ranges]))


def no_wire(name: str, first: str) -> tuple[str, str]:
    """Return what to say where a family's name stands for a wire, with a hint that names its first member."""
    return f"{quote(name)} is a family of wires", f"name a member, such as {first}"


# Kinderman and Monahan, "Computer generation of random variables using the ratio of uniform deviates", ACM TOMS 3,
# 1977: the number itself comes from products and quotients alone, which every machine rounds alike. The constant is
# 4*exp(-1/2)/sqrt(2), written out for the same reason.
_RATIO = 1.7155277699214135


def normal_numbers(name: str, seed: int, deviation: float) -> Iterator[float]:
    """Yield normally distributed numbers around 0, the same on every machine.

    Args:
        name: the family's name: families with the same seed differ.
        seed: what the numbers start from.
        deviation: the standard deviation.

    >>> first, second = normal_numbers("w", 1, 0.5), normal_numbers("w", 1, 0.5)
    >>> next(first) == next(second)
    True
    """
    uniform = _generator(name, seed).random
    while True:
        high, low = uniform(), 1.0 - uniform()
        ratio = _RATIO * (high - 0.5) / low
        if ratio * ratio / 4.0 <= -math.log(low):
            yield deviation * ratio


def uniform_numbers(name: str, seed: int, low: float, high: float) -> Iterator[float]:
    """Yield numbers from `low` to `high`, uniformly distributed, the same on every machine.

    >>> numbers = uniform_numbers("w", 1, -1.0, 1.0)
    >>> all(-1 <= next(numbers) <= 1 for _ in range(100))
    True
    """
    uniform = _generator(name, seed).random
    while True:
        yield low + (high - low) * uniform()


def _generator(name: str, seed: int) -> Random:
    from random import Random

    # Python promises the same numbers of random() for the same seed in all versions.
    return Random(f"{seed} {name}")  # noqa: S311 - nothing secret

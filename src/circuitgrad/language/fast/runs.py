r"""Long runs of uniform lines, which large circuits are made of: PyYAML is shown the first and the last of each.

PyYAML makes Python objects of every scalar and every bracket, which is most of the time that reading a large file
takes. A line like `  ax: {mul: [a, x]}` or `  q: ax + b` leaves a YAML parser in the state in which it found it: in a
block mapping, waiting for a key at the same indentation. So once PyYAML has reported a run's first line as an entry of
a mapping and the last line as a later entry of the same, the lines in between are entries as well, and a regular
expression takes them apart. Its forms are so narrow that YAML can read them in one way only: plain scalars of ASCII
characters none of which has a meaning in YAML. Where PyYAML reports anything else, it reads the whole text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from circuitgrad.language.nodes import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circuitgrad.language.nodes import Node, PlainEntry

SHORTEST_RUN, LONGEST_RUN = 16, 1000
"""How many lines a run has: shorter runs do not pay, and longer ones are taken for several."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_CHARACTER = r"[A-Za-z0-9_.+*/()<>=-]"
_PLAIN = rf"-?[A-Za-z0-9_(]{_CHARACTER}*(?: {_CHARACTER}+)*"
_END = r"(?: +#[^\r\n]*)?\r?\n"
_LIST = rf"{_PLAIN}(?:, ?{_PLAIN})*"
_REST = rf"{_NAME}: +(?:\{{ ?{_NAME}: (?:\[ ?{_LIST} ?\]|{_PLAIN}) ?\}}|{_PLAIN}){_END}"
# Compiled when they are needed first, which in small files is never.
_RUN = rf"(?m)^( +){_REST}(?:\1{_REST}){{0,{LONGEST_RUN - 1}}}"
_KEY = rf" +({_NAME}):.*\n"
_LINE = rf" +({_NAME}): +(?:(\{{) ?({_NAME}): (?:(\[) ?({_LIST}) ?\]|({_PLAIN})) ?\}}|({_PLAIN})){_END}"


class UniformLines:
    """The lines between the first and the last of a run: entries of a mapping, which are made anew for every reader.

    Attributes:
        before: the offset of the first line's key, which PyYAML is shown.
        start: the offset of the first line in between.
        end: the offset of the last line, which PyYAML is shown.
        behind: the offset of its key.
    """

    __slots__ = ("_lines", "_text", "before", "behind", "end", "start")
    plain = True

    def __init__(self, text: str, match: re.Match[str], lines: int) -> None:
        self._text = text
        self._lines = lines - 2
        self.before = match.end(1)
        self.start = text.index("\n", self.before) + 1
        self.end = text.rindex("\n", 0, match.end() - 1) + 1
        self.behind = self.end + len(match[1])

    def __len__(self) -> int:
        return self._lines

    def keys(self) -> Iterator[tuple[str, int]]:
        """Yield the text and the offset of every key."""
        return ((line[1], line.start(1)) for line in re.compile(_KEY).finditer(self._text, self.start, self.end))

    def plain_entries(self) -> Iterator[PlainEntry]:
        """Yield the entries without making nodes."""
        for line in self._matches():
            name, _, gate, _, listed, single, formula = line.groups()
            if formula is not None:
                yield name, None, line.start(7), (formula,), line
            else:
                yield name, gate, line.start(3), [single] if listed is None else _split(listed), line

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return ((Scalar(line[1], line.start(1)), self.node(line)) for line in self._matches())

    def _matches(self) -> Iterator[re.Match[str]]:
        return re.compile(_LINE).finditer(self._text, self.start, self.end)

    @staticmethod
    def node(line: re.Match[str]) -> Node:
        """Return the node in a line."""
        _, _, gate, _, listed, single, formula = line.groups()
        if gate is None:
            return Scalar(formula, line.start(7))
        operands: Node
        if listed is None:
            operands = Scalar(single, line.start(6))
        else:
            operands = Sequence(line.start(4))
            at = line.start(5)
            for text in _split(listed):
                at += line.string[at] == " "
                operands.append(Scalar(text, at))
                at += len(text) + 1
        node = Mapping(line.start(2))
        node.append((Scalar(gate, line.start(3)), operands))
        return node


def _split(listed: str) -> list[str]:
    """Return the operands in a list.

    >>> _split("a, b*c,d")
    ['a', 'b*c', 'd']
    """
    return listed.replace(", ", ",").split(",")


def find_runs(text: str) -> list[UniformLines]:
    r"""Return the runs of a text, in their order.

    >>> [run] = find_runs("gates:\n" + "  y: x + 1\n" * 20)
    >>> len(run), [(key.text, key.at, node.text) for key, node in run][0]
    (18, ('y', 20, 'x + 1'))
    """
    runs = []
    for match in re.finditer(_RUN, text):
        lines = text.count("\n", match.start(), match.end())
        if lines >= SHORTEST_RUN:
            runs.append(UniformLines(text, match, lines))
    return runs


def without_runs(text: str, runs: list[UniformLines]) -> str:
    """Return a text without its runs: of each the first and the last line are left."""
    starts = [0, *(run.end for run in runs)]
    ends = [*(run.start for run in runs), len(text)]
    return "".join([text[start:end] for start, end in zip(starts, ends, strict=True)])

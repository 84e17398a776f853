"""What a YAML or a JSON text is read into: scalars, sequences and mappings that know where they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from circuitgrad.errors import Place, Problems, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Sequence as Several

NOWHERE = -1
DEEPEST_YAML = 64
"""How many lists and mappings may stand inside one another."""
TOO_DEEP = f"nested deeper than {DEEPEST_YAML} levels"
WORK_BETWEEN_REPORTS = 1 << 14
"""After this many pieces of work a listener is told how far it has come."""

GAP_PATTERN = r"(?:\s|#[^\r\n]*)*"
"""What separates two words of YAML."""

_ANCHOR = rf"&[^\s,\[\]{{}}]+{GAP_PATTERN}"
_ESCAPE = re.compile(r"\\(?:x..|u....|U........|\r?\n\s*|[^xuU])")


class Scalar:
    """A single value, as its text. `at` is its offset in the source, or `NOWHERE`; a `plain` one has no quotes."""

    __slots__ = ("at", "plain", "text")

    def __init__(self, text: str, at: int = NOWHERE, *, plain: bool = True) -> None:
        self.text = text
        self.at = at
        self.plain = plain


class Sequence(list["Node"]):
    """A list of nodes."""

    __slots__ = ("at",)

    def __init__(self, at: int = NOWHERE) -> None:
        self.at = at


class Mapping(list[tuple["Scalar", "Node"]]):
    """A list of pairs of a key and a node, in the order of the text; keys may repeat."""

    __slots__ = ("at",)

    def __init__(self, at: int = NOWHERE) -> None:
        self.at = at


class LazyEntries(Protocol):
    """Entries of a mapping that have no nodes until somebody asks for these.

    Attributes:
        plain: whether the keys have no quotes.
    """

    plain: bool

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]: ...

    def keys(self) -> Iterator[tuple[str, int]]:
        """Yield the text of every key, and its offset or `NOWHERE`."""

    def plain_entries(self) -> Iterator[PlainEntry]:
        """Yield the entries without making nodes."""

    def node(self, value: Any, /) -> Node:
        """Return the node of an entry, given the last part of its `PlainEntry`."""


PlainEntry: TypeAlias = "tuple[str, str | None, int, Several[str], Any]"
"""An entry: its key; a gate, its offset and its operands, or None, a formula's offset and the formula; and what `node`
takes."""


class LazyMapping(Mapping):
    """A large mapping. Most of its entries get their nodes on demand, and anew every time.

    Attributes:
        parts: the entries, in their order: lazy ones, and lists of those between them.
    """

    __slots__ = ("_last", "parts")

    def __init__(self, entries: Mapping) -> None:
        super().__init__(entries.at)
        self._last = list(entries)
        self.parts: list[list[tuple[Scalar, Node]] | LazyEntries] = [self._last]

    def append_lazy(self, part: LazyEntries) -> None:
        """Add entries whose nodes are made later; others may follow."""
        self._last = []
        self.parts += [part, self._last]

    def append(self, entry: tuple[Scalar, Node]) -> None:
        """Add an entry."""
        self._last.append(entry)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        for part in self.parts:
            yield from part


Node: TypeAlias = "Scalar | Sequence | Mapping"

Listener: TypeAlias = "Callable[[str, int, int | None], None]"
"""Takes the progress of a long piece of work: the unit that is counted, how many are done, and of how many."""


def kind(node: Node) -> str:
    """Return what a person calls the node.

    >>> kind(Sequence()), kind(Scalar(""))
    ('an empty list', 'nothing')
    """
    if isinstance(node, Scalar):
        return "a text" if node.text else "nothing"
    what = "list" if isinstance(node, Sequence) else "mapping"
    return f"a {what}" if node else f"an empty {what}"


class NodeProblems(Problems):
    """Collects what is wrong with the nodes of a text."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._last: tuple[Scalar, int, list[int]] | None = None

    def add(self, node: Node, message: str, hint: str | None = None, *, offset: int = 0, width: int = 0) -> None:
        """Note a problem at `node`.

        Args:
            node: the node that is wrong.
            message: what is wrong.
            hint: what might be meant.
            offset: where in a scalar's text the problem begins.
            width: how many characters are wrong; 0 stands for the whole scalar, or one bracket.

        Raises:
            CircuitError: so much is wrong that going on is of no use.
        """
        self.note(message, self.place(node, offset, width), hint)

    def place(self, node: Node, offset: int = 0, width: int = 0) -> Place | None:
        """Return the place of `width` characters of a node, `offset` characters into it."""
        at = self.offset(node, offset)
        if at == NOWHERE:
            return None
        if isinstance(node, Scalar):
            width = self.offset(node, offset + (width or len(node.text))) - at
        return self.source.place(at, width or 1)

    def offset(self, node: Node, offset: int = 0) -> int:
        """Return where in the source a node's character number `offset` stands, or `NOWHERE`."""
        if node.at == NOWHERE or not isinstance(node, Scalar):
            return node.at
        if self._last is None or self._last[0] is not node:
            at = behind_anchor(self.source.text, node.at) if node.text else node.at
            start = at if node.plain else at + 1
            together = self.source.text.startswith(node.text, start)
            self._last = (node, start, [] if together else _align(node, at, self.source.text))
        _, start, offsets = self._last
        return start + offset if not offsets else offsets[min(offset, len(offsets) - 1)]

    def start(self, node: Scalar) -> int | None:
        """Return where a scalar's first character stands, or `NOWHERE`; None if not all of them stand as they are."""
        if node.at == NOWHERE:
            return NOWHERE
        if not node.plain:
            return None
        return node.at if self.source.text.startswith(node.text, node.at) else None


def behind_anchor(text: str, at: int) -> int:
    """Return where a value begins, given where its anchor begins, if it has one.

    >>> behind_anchor("x: &a 1", 3), behind_anchor("x: 1", 3)
    (6, 3)
    """
    # No value begins with this sign: YAML would take it for an anchor.
    match = re.compile(_ANCHOR).match(text, at) if text.startswith("&", at) else None
    return match.end() if match else at


def _align(node: Scalar, at: int, source: str) -> list[int]:
    """Return where each character of a scalar, and its end, stands in a source that has escapes or folded lines.

    Args:
        node: the scalar.
        at: where it begins, behind its anchor.
        source: the whole text.
    """
    begin, style = at, "" if node.plain else source[at]
    if style in ("|", ">"):
        at = source.find("\n", at)
    elif style:
        at += 1
    offsets: list[int] = []
    text = node.text
    while len(offsets) < len(text) and at < len(source):
        character = text[len(offsets)]
        if style == '"' and (escape := _ESCAPE.match(source, at)):
            if "\n" not in escape[0]:
                pair = ord(character) > 0xFFFF and escape[0].startswith("\\u")  # JSON's two halves of one character
                offsets.append(at)
                at += 12 if pair else 0
                at = at if pair else escape.end()
            else:
                at = escape.end()
        elif source[at] == character:
            offsets.append(at)
            at += 2 if style == "'" and character == "'" else 1
        elif character.isspace():
            offsets.append(at)  # a line's end that is folded into a space, or a line that is left out
            at += 1
        elif source[at].isspace():
            at += 1
        else:
            return [begin]
    return [*offsets, at]

"""What a YAML or a JSON text is read into: scalars, sequences and mappings that know where they stand."""

from __future__ import annotations

from typing import TypeAlias

from circuitgrad.errors import CircuitError, Place, Problem, Source

NOWHERE = -1
MOST_PROBLEMS = 1000


class Scalar:
    """A single value, as its text. `at` is the offset in the source, or `NOWHERE`; `plain` tells that no quotes are around it."""

    __slots__ = ("at", "plain", "text")

    def __init__(self, text: str, at: int = NOWHERE, *, plain: bool = True) -> None:
        self.text = text
        self.at = at
        self.plain = plain


class Sequence:
    """A list of nodes."""

    __slots__ = ("at", "items")

    def __init__(self, at: int = NOWHERE) -> None:
        self.items: list[Node] = []
        self.at = at


class Mapping:
    """A list of pairs of a key and a node, in the order of the text; keys may repeat."""

    __slots__ = ("at", "pairs")

    def __init__(self, at: int = NOWHERE) -> None:
        self.pairs: list[tuple[Scalar, Node]] = []
        self.at = at


Node: TypeAlias = "Scalar | Sequence | Mapping"


def kind(node: Node) -> str:
    """Return what a person calls the node.

    >>> kind(Sequence()), kind(Scalar(""))
    ('a list', 'nothing')
    """
    if isinstance(node, Scalar):
        return "a text" if node.text else "nothing"
    return "a list" if isinstance(node, Sequence) else "a mapping"


class Problems:
    """Collects what is wrong with a text, so that all of it is reported at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Problem] = []

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
        self.found.append(Problem(message, self.place(node, offset, width), hint))
        if len(self.found) >= MOST_PROBLEMS:
            self.stop()

    def place(self, node: Node, offset: int = 0, width: int = 0) -> Place | None:
        """Return the place of `width` characters of a node, `offset` characters into it."""
        at = self.offset(node, offset)
        if at == NOWHERE:
            return None
        return self.source.place(at, width or (len(node.text) if isinstance(node, Scalar) else 1))

    def offset(self, node: Node, offset: int = 0) -> int:
        """Return where in the source a node's character number `offset` stands, or `NOWHERE`."""
        if node.at == NOWHERE or not isinstance(node, Scalar):
            return node.at
        start = node.at if node.plain else node.at + 1
        # Escapes and folded lines move a scalar's characters: then only its beginning is certain.
        return start + offset if self.source.text.startswith(node.text, start) else node.at

    def stop(self) -> None:
        """Raise what was found, in the order of the text, if anything was.

        Raises:
            CircuitError: something was found.
        """
        if self.found:
            raise CircuitError(sorted(self.found, key=_position))


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)

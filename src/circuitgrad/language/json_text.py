"""A JSON text into the same nodes as YAML's, through the standard library's parser.

JSON's parser is many times faster than any YAML parser and gives no places. When something is wrong, the text, by then
known to be JSON, is read once more by `locate_json`, which gives them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError, Source
from circuitgrad.language.nodes import DEEPEST_YAML, NOWHERE, TOO_DEEP, LazyMapping, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circuitgrad.language.nodes import PlainEntry

FEWEST_ENTRIES_WITHOUT_NODES = 1000
"""How many entries a section has whose nodes are not kept."""

_SEPARATOR = "\0"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]|[^][{}:,"\s]+')


def read_json(source: Source) -> Node:
    """Return the root of the JSON text in `source`; its nodes stand `NOWHERE`.

    Raises:
        CircuitError: the text is no JSON, or is nested too deeply.

    >>> read_json(Source("x.json", '{"inputs": {"a": 1.50}}'))[0][1][0][1].text
    '1.50'
    """
    try:
        data = json.loads(source.text, object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise CircuitError.of(f"not JSON: {error.msg}", source.place(error.pos)) from None
    except RecursionError:
        raise _too_deep(source) from None
    return _nodes(data, source)


class _Pairs(list[Any]):
    """An object's pairs, told apart from an array."""


def _object(pairs: list[tuple[str, Any]]) -> _Pairs | bytes:
    """Return an object of JSON; packed like {"mul": ["a", "b"]} it takes less than a fifth of the memory."""
    if len(pairs) == 1:
        [(key, value)] = pairs
        words = [key, value] if type(value) is str else [key, *value] if type(value) is list else ()
        if words and all(type(word) is str and _SEPARATOR not in word for word in words):
            listed = "[" if type(value) is list else ""
            return _SEPARATOR.join([listed, *words]).encode("utf-8", "surrogatepass")
    return _Pairs(pairs)


def _unpacked(value: bytes) -> tuple[str, str | list[str]]:
    """Return the one pair of an object that `_object` has packed.

    >>> _unpacked(_object([("mul", ["a", "b"])]))
    ('mul', ['a', 'b'])
    """
    listed, key, *words = value.decode("utf-8", "surrogatepass").split(_SEPARATOR)
    return key, words if listed else words[0]


class _LazyPairs:
    """The pairs of a large object. Their nodes are made on demand, and anew every time."""

    __slots__ = ("_pairs",)
    plain = False

    def __init__(self, pairs: _Pairs) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        for key, value in self._pairs:
            yield Scalar(key, plain=False), self.node(value)

    def keys(self) -> Iterator[tuple[str, int]]:
        """Yield the text of every key, and that it stands nowhere."""
        return ((key, NOWHERE) for key, _ in self._pairs)

    def plain_entries(self) -> Iterator[PlainEntry]:
        """Yield the entries without making nodes."""
        for key, value in self._pairs:
            if type(value) is bytes:
                gate, operands = _unpacked(value)
                yield key, gate, NOWHERE, [operands] if type(operands) is str else operands, value
            else:
                yield key, None, NOWHERE, (value,) if value else (), value

    @staticmethod
    def node(value: Any) -> Node:
        """Return the node of a value."""
        node = Sequence()
        work: list[tuple[Any, Node]] = [([value], node)]
        while work:
            work = _deeper(work)
        return node[0]


def locate_json(source: Source) -> Node:
    """Return the root of a text that `read_json` has read without complaint; its nodes know where they stand.

    >>> locate_json(Source("x.json", '{"inputs": {"a": 1.50}}'))[0][1][0][0].at
    12
    """
    top = Sequence()
    stack: list[tuple[Sequence | Mapping, Scalar | None]] = []
    container: Sequence | Mapping = top
    key: Scalar | None = None
    for match in _TOKEN.finditer(source.text):
        word, at = match[0], match.start()
        if word in "]}":
            container, key = stack.pop()
            continue
        new: Node
        if word in "[{":
            new = Sequence(at) if word == "[" else Mapping(at)
        elif word[0] == '"':
            new = Scalar(json.loads(word), at, plain=False)
        else:
            new = Scalar("" if word == "null" else word, at)
        if isinstance(container, Sequence):
            container.append(new)
        elif key is None:
            key = new if isinstance(new, Scalar) else None
            continue
        else:
            container.append((key, new))
            key = None
        if not isinstance(new, Scalar):
            stack.append((container, key))
            container, key = new, None
    return top[0]


def _nodes(data: Any, source: Source) -> Node:
    """Turn parsed data into nodes, level by level."""
    top = Sequence()
    work: list[tuple[Any, Node]] = [([data], top)]
    for level in range(DEEPEST_YAML + 1):
        work = _deeper(work, sections=level == 1)
        if not work:
            return top[0]
    raise _too_deep(source)


def _deeper(work: list[tuple[Any, Node]], *, sections: bool = False) -> list[tuple[Any, Node]]:
    """Fill containers with what is in them; return the containers among that, which are still empty.

    Args:
        work: data and their nodes.
        sections: whether these contain the sections of a file, of which large ones get their nodes later.
    """
    deeper: list[tuple[Any, Node]] = []
    for value, node in work:
        if type(node) is Mapping:
            node.extend([(Scalar(key, plain=False), _node(item, deeper, section=sections)) for key, item in value])
        elif type(node) is Sequence:
            node.extend([_node(item, deeper) for item in value])
    return deeper


def _node(value: Any, deeper: list[tuple[Any, Node]], *, section: bool = False) -> Node:
    if type(value) is str:
        return Scalar(value, plain=False)
    if value is None or value is True or value is False:
        return Scalar({None: "", True: "true", False: "false"}[value])
    if section and _is_large(value):
        mapping = LazyMapping(Mapping())
        mapping.append_lazy(_LazyPairs(value))
        return mapping
    if type(value) is bytes:
        value = _Pairs([_unpacked(value)])
    node: Node = Mapping() if type(value) is _Pairs else Sequence()
    deeper.append((value, node))
    return node


def _is_large(section: Any) -> bool:
    """Tell whether a section is long, and made of formulas and of gates that are packed."""
    return (
        type(section) is _Pairs
        and len(section) >= FEWEST_ENTRIES_WITHOUT_NODES
        and all(type(value) in (str, bytes) for _, value in section)
    )


def _too_deep(source: Source) -> CircuitError:
    return CircuitError.of(TOO_DEEP, source.place(0))

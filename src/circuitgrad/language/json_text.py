"""A JSON text into the same nodes as YAML's, through the standard library's parser.

JSON's parser is many times faster than any YAML parser and gives no places. When something is wrong, the text, by then
known to be JSON, is read once more by `locate_json`, which gives them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from circuitgrad.errors import CircuitError, Source
from circuitgrad.language.nodes import Mapping, Node, Scalar, Sequence
from circuitgrad.language.yaml_text import DEEPEST, TOO_DEEP

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]|[^][{}:,"\s]+')


def read_json(source: Source) -> Node:
    """Return the root of the JSON text in `source`; its nodes stand `NOWHERE`.

    Raises:
        CircuitError: the text is no JSON, or is nested too deeply.

    >>> read_json(Source("x.json", '{"inputs": {"a": 1.50}}'))[0][1][0][1].text
    '1.50'
    """
    try:
        data = json.loads(source.text, object_pairs_hook=_Pairs, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise CircuitError.of(f"not JSON: {error.msg}", source.place(error.pos)) from None
    except RecursionError:
        raise _too_deep(source) from None
    return _nodes(data, source)


class _Pairs(list[Any]):
    """An object's pairs, told apart from an array."""


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
    for _ in range(DEEPEST + 1):
        deeper: list[tuple[Any, Node]] = []
        for value, node in work:
            if type(node) is Mapping:
                node.extend([(Scalar(key, plain=False), _node(item, deeper)) for key, item in value])
            elif type(node) is Sequence:
                node.extend([_node(item, deeper) for item in value])
        if not deeper:
            return top[0]
        work = deeper
    raise _too_deep(source)


def _node(value: Any, deeper: list[tuple[Any, Node]]) -> Node:
    if type(value) is str:
        return Scalar(value, plain=False)
    if value is None or value is True or value is False:
        return Scalar({None: "", True: "true", False: "false"}[value])
    node: Node = Mapping() if type(value) is _Pairs else Sequence()
    deeper.append((value, node))
    return node


def _too_deep(source: Source) -> CircuitError:
    return CircuitError.of(TOO_DEEP, source.place(0))

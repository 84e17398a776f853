"""A YAML text into nodes, from PyYAML's stream of events, which knows every value's place.

Nothing is constructed and no tag is obeyed: what a scalar means is decided by its text. Anchors and aliases are
allowed, as long as what they expand to stays finite and small.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from circuitgrad.errors import CircuitError, Source, quote, visible
from circuitgrad.language.nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEEPEST = 64
LARGEST = 1_000_000
"""How many characters the aliases of a document may add to it once they are expanded."""

_HINTS = {
    "mapping values are not allowed in this context": "a text with ': ' in it needs quotes; is the indentation right?",
    "did not find expected ',' or ']'": "a bracket is not closed, or a comma is missing",
    "did not find expected ',' or '}'": "a brace is not closed, or a comma is missing",
    "could not find expected ':'": "a colon and a space belong between a name and its value",
    "did not find expected key": "is the line indented like the one above it?",
    "did not find expected '-' indicator": "is the line indented like the one above it?",
    "found unexpected end of stream": "a quotation mark is not closed",
    "found undefined alias": "a text that begins with * needs quotes",
    "found undefined tag handle": "a text that begins with ! needs quotes",
}


def read_yaml(source: Source) -> Node:
    """Return the root of the one document in `source`.

    Raises:
        CircuitError: the text is no YAML, has more than one document, a tag, a key that is not a text, a cycle of
            aliases, or is nested deeper than `DEEPEST`.

    >>> root = read_yaml(Source("x.yaml", "inputs: {a: 1}"))
    >>> [(key.text, key.at) for key, value in root.pairs]
    [('inputs', 0)]
    """
    collecting = gc.isenabled()
    gc.disable()  # a million small objects without a cycle: the collector would look at them again and again
    try:
        return _compose(source)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, source) from None
    finally:
        if collecting:
            gc.enable()


def _events(text: str) -> Callable[[], Any]:
    """Return a function that returns the next event of `text`, or None at the end."""
    try:
        from yaml import CSafeLoader
    except ImportError:  # PyYAML was built without libyaml
        events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        return lambda: next(events, None)
    next_event: Callable[[], Any] = CSafeLoader(text).get_event
    return next_event


def _compose(source: Source) -> Node:  # noqa: PLR0915 -- one loop over one state
    """Build the tree with an explicit stack of open containers."""
    next_event = _events(source.text)
    top = Sequence()  # holds the documents' roots
    node: Node = top
    stack: list[Node] = []
    keys: list[Scalar | None] = []  # per open mapping, the key that waits for its value
    key: Scalar | None = None
    anchors: dict[str, Node | None] = {}
    open_anchors: list[str | None] = []
    new: Node
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is ScalarEvent:
            if event.tag is not None:
                raise _refused_tag(event, source)
            new = Scalar(event.value, event.start_mark.index, plain=not event.style)
            if event.anchor is not None:
                anchors[event.anchor] = new
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.tag is not None:
                raise _refused_tag(event, source)
            if len(stack) >= DEEPEST:
                raise CircuitError.of(f"nested deeper than {DEEPEST} levels", _place(source, event))
            if type(node) is Mapping and key is None:
                raise _refused_key(event, source)
            stack.append(node)
            keys.append(key)
            open_anchors.append(event.anchor)
            if event.anchor is not None:
                anchors[event.anchor] = None
            node, key = (Mapping if kind is MappingStartEvent else Sequence)(event.start_mark.index), None
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            new, node, key = node, stack.pop(), keys.pop()
            if (anchor := open_anchors.pop()) is not None:
                anchors[anchor] = new
        elif kind is AliasEvent:
            new = _aliased(event, anchors, source)
        elif kind is DocumentStartEvent and top.items:
            raise CircuitError.of("a second document begins here; a circuit file is one", _place(source, event))
        else:
            continue
        if type(node) is Sequence:
            node.items.append(new)
        elif key is not None:
            node.pairs.append((key, new))  # type: ignore[union-attr]
            key = None
        elif type(new) is Scalar:
            key = new
        else:
            raise _refused_key(event, source)
    if not top.items:
        raise CircuitError.of("the file is empty", source.place(0), "circuitgrad gates lists what a circuit is made of")
    if any(anchor is not None for anchor in anchors.values()):
        _refuse_explosion(top.items[0], source)
    return top.items[0]


def _aliased(event: Any, anchors: dict[str, Node | None], source: Source) -> Node:
    if event.anchor not in anchors:
        hint = "a text that begins with * needs quotes"
        raise CircuitError.of(f"no anchor is called {quote(event.anchor)}", _place(source, event), hint)
    node = anchors[event.anchor]
    if node is None:
        raise CircuitError.of(f"the alias {quote(event.anchor)} stands inside its own anchor", _place(source, event))
    return node


def _refuse_explosion(root: Node, source: Source) -> None:
    """Refuse a tree whose aliases add more than `LARGEST` characters, before anything walks it."""
    largest = LARGEST + len(source.text)
    sizes: dict[int, int] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if id(node) in sizes:
            continue
        if isinstance(node, Scalar):
            sizes[id(node)] = 1 + len(node.text)
            continue
        children = node.items if isinstance(node, Sequence) else [value for _, value in node.pairs]
        if not done:
            stack.append((node, True))
            stack.extend((child, False) for child in children)
            continue
        size = sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
        if isinstance(node, Mapping):
            size = sizes[id(node)] = size + sum(len(key.text) for key, _ in node.pairs)
        if size > largest:
            raise CircuitError.of(f"the aliases add more than {LARGEST:,} characters", source.place(node.at))


def _place(source: Source, event: Any) -> Any:
    return source.place(event.start_mark.index)


def _refused_tag(event: Any, source: Source) -> CircuitError:
    return CircuitError.of(f"the tag {quote(event.tag)} has no meaning in a circuit", _place(source, event))


def _refused_key(event: Any, source: Source) -> CircuitError:
    message = "a name is wanted here, not a list or a mapping"
    return CircuitError.of(message, _place(source, event), "is a quote missing?")


def _syntax_error(error: yaml.MarkedYAMLError, source: Source) -> CircuitError:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "this is not YAML"
    hint = next((hint for start, hint in _HINTS.items() if problem.startswith(start)), None)
    if problem.startswith("found character") and mark is not None:
        character = source.text[mark.index : mark.index + 1]
        tab = character == "\t"
        hint = "indent with spaces, not tabs" if tab else f"a text that begins with {visible(character)} needs quotes"
    context = f" ({error.context})" if error.context else ""
    return CircuitError.of(f"not YAML: {problem}{context}", source.place(mark.index) if mark else None, hint)

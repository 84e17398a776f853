"""A YAML text into nodes, from PyYAML's stream of events, which knows every value's place.

Nothing is constructed and no tag is obeyed: what a scalar means is decided by its text. Anchors and aliases are
allowed, as long as what they expand to stays finite and small.
"""

from __future__ import annotations

import re
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

from circuitgrad.errors import CircuitError, Source, quote
from circuitgrad.language.fast.runs import find_runs, without_runs
from circuitgrad.language.names import LONGEST_NAME, NO_BREAK, NO_BREAK_HINT
from circuitgrad.language.nodes import (
    DEEPEST_YAML,
    TOO_DEEP,
    WORK_BETWEEN_REPORTS,
    LazyMapping,
    Mapping,
    Node,
    Scalar,
    Sequence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from circuitgrad.language.fast.runs import UniformLines
    from circuitgrad.language.nodes import Listener

MOST_ALIASED_CHARACTERS = 1_000_000
"""How many characters the aliases of a document may add to it once they are expanded."""
SHORTEST_TEXT_WITH_RUNS = 10_000
"""How many characters a text has in which it pays to look for runs."""

_PLAIN_WORDS = {
    "did not find expected ',' or ']'": ("this list is not closed, or a comma is missing in it", None),
    "did not find expected ',' or '}'": ("this mapping is not closed, or a comma is missing in it", None),
    "found unexpected end of stream": ("this quotation mark is not closed", None),
    "could not find expected ':'": ("a name without a value", "a colon and a space belong between the two"),
    "did not find expected key": ("this line does not fit those above it", "is it indented like them?"),
    "did not find expected '-' indicator": ("this line does not fit those above it", "is it indented like them?"),
    "block sequence entries": ("a list with - cannot begin here", "begin it on a line of its own, or write [a, b]"),
    "found unexpected ':'": ("a ':' cannot stand here", "a colon needs a space behind it"),
    "did not find expected comment or line break": (
        "a text cannot begin with '|' or '>'",
        "an absolute value is written abs(x), a comparison has something before it",
    ),
    "found unknown escape": ("there is no such escape", "write \\\\ for a backslash, or use single quotes"),
    # libyaml 0.2.6: its scanner looks a thousand brackets ahead before the first event.
    "exceeded maximum nesting depth": (TOO_DEEP, None),
    "found undefined tag handle": ("a text cannot begin with '!'", "put it in quotes"),
    "found a tab": ("a tab cannot stand here", "indent with spaces"),
}
"""What the parser says, by its beginning, in words for people, with a hint."""

_OPENED = ("did not find expected ','", "found unexpected end", "could not find expected ':'")
"""The faults that are seen at their end and shown at their beginning."""

_MEMBER = re.compile(r"\w\[\Z")
_WHOLE_MEMBER = re.compile(r"[^\W\d]\w*\[[^\[\]\n]*\]")
_NO_SPACE = re.compile(r"\s*[^\W\d]\w*(:)[^\s:]")


def read_yaml(source: Source, listen: Listener | None = None) -> Node:
    """Return the root of the one document in `source`.

    Args:
        source: the text.
        listen: is told how far the reading has come.

    Raises:
        CircuitError: the text is no YAML, has more than one document, a tag, a key that is not a text, a cycle of
            aliases, or is nested deeper than `DEEPEST_YAML`.

    >>> root = read_yaml(Source("x.yaml", "inputs: {a: 1}"))
    >>> [(key.text, key.at) for key, value in root]
    [('inputs', 0)]
    """
    # An alias may repeat what an anchor holds, and nodes of runs are made anew: they could not be told to be the same.
    runs = find_runs(source.text) if len(source.text) >= SHORTEST_TEXT_WITH_RUNS and "&" not in source.text else []
    if runs:
        try:
            return _compose(source, listen, runs)
        except (yaml.MarkedYAMLError, CircuitError):
            pass  # it is found again, and in its place, in the whole text
    try:
        return _compose(source, listen, [])
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, source) from None


def _events(text: str) -> Callable[[], Any]:
    """Return a function that returns the next event of `text`, or None at the end."""
    try:
        from yaml import CSafeLoader
    except ImportError:  # PyYAML was built without libyaml
        events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        return lambda: next(events, None)
    next_event: Callable[[], Any] = CSafeLoader(text).get_event
    return next_event


def _compose(source: Source, listen: Listener | None, runs: list[UniformLines]) -> Node:  # noqa: PLR0915 -- one loop over one state
    """Build the tree with an explicit stack of open containers.

    Raises:
        CircuitError: the document is not right, or one of the runs is something else.
        yaml.MarkedYAMLError: the text is no YAML.
    """
    next_event = _events(without_runs(source.text, runs) if runs else source.text)
    waiting = runs[::-1]
    stop = waiting[-1].before if waiting else -1  # where the key of a run's first or last line is awaited
    skipped = 0  # how many characters of runs are before the event
    opened: Node | None = None  # the mapping that has a run's first line
    top = Sequence()  # holds the documents' roots
    node: Any = top
    key: Scalar | None = None  # in a mapping, the key that waits for its value
    stack: list[tuple[Node, Scalar | None, str | None]] = []
    anchors: dict[str, Node | None] = {}
    new: Node
    count = 0
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is ScalarEvent:
            if event.tag is not None:
                raise _refused_tag(event, source)
            new = Scalar(event.value, event.start_mark.index + skipped, plain=not event.style)
            if event.anchor is not None:
                anchors[event.anchor] = new
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.tag is not None:
                raise _refused_tag(event, source)
            if len(stack) >= DEEPEST_YAML:
                raise CircuitError.of(TOO_DEEP, _place(source, event))
            if key is None and type(node) is not Sequence:
                raise _refused_key(event, source)
            stack.append((node, key, event.anchor))
            if event.anchor is not None:
                anchors[event.anchor] = None
            node, key = (Mapping if kind is MappingStartEvent else Sequence)(event.start_mark.index + skipped), None
            continue
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            new = node
            node, key, anchor = stack.pop()
            if anchor is not None:
                anchors[anchor] = new
        elif kind is AliasEvent:
            new = _aliased(event, anchors, source)
        elif kind is DocumentStartEvent and top:
            raise CircuitError.of("a second document begins here; a circuit file is one", _place(source, event))
        else:
            continue
        if listen is not None and type(new) is not Scalar and (count := count + 1) % WORK_BETWEEN_REPORTS == 0:
            listen("characters read", event.end_mark.index + skipped, len(source.text))
        if type(node) is Sequence:
            node.append(new)
        elif key is not None:
            node.append((key, new))
            key = None
        elif type(new) is Scalar:
            key = new
            if new.at == stop:
                run = waiting[-1]
                if opened is None and len(stack) == 2:  # a section of the file: others are read otherwise
                    opened, stop = node, run.start + run.behind - run.end
                elif opened is node:
                    waiting.pop()
                    skipped += run.end - run.start
                    key.at = run.behind
                    if type(node) is Mapping:
                        node = LazyMapping(node)
                    node.append_lazy(run)
                    opened, stop = None, waiting[-1].before if waiting else -1
        else:
            raise _refused_key(event, source)
    if waiting:
        raise CircuitError.of("a run is none")
    if not top:
        hint = "a circuit file begins with 'inputs:' and 'gates:'"
        raise CircuitError.of("the file is empty", source.place(0), hint)
    if any(anchor is not None for anchor in anchors.values()):
        _refuse_explosion(top[0], source)
    return top[0]


def _aliased(event: Any, anchors: dict[str, Node | None], source: Source) -> Node:
    if event.anchor not in anchors:
        hint = "a text that begins with * needs quotes"
        raise CircuitError.of(f"no anchor is called {quote(event.anchor)}", _place(source, event), hint)
    node = anchors[event.anchor]
    if node is None:
        raise CircuitError.of(f"the alias {quote(event.anchor)} stands inside its own anchor", _place(source, event))
    return node


def _refuse_explosion(root: Node, source: Source) -> None:
    """Refuse a tree whose aliases add more than `MOST_ALIASED_CHARACTERS`, before anything walks it."""
    largest = MOST_ALIASED_CHARACTERS + len(source.text)
    sizes: dict[int, int] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if id(node) in sizes:
            continue
        if isinstance(node, Scalar):
            sizes[id(node)] = 1 + len(node.text)
            continue
        children = node if isinstance(node, Sequence) else [value for _, value in node]
        if not done:
            stack.append((node, True))
            stack.extend((child, False) for child in children)
            continue
        size = sizes[id(node)] = 1 + sum(sizes[id(child)] for child in children)
        if isinstance(node, Mapping):
            size = sizes[id(node)] = size + sum(len(key.text) for key, _ in node)
        if size > largest:
            message = f"the aliases add more than {MOST_ALIASED_CHARACTERS:,} characters"
            raise CircuitError.of(message, source.place(node.at))


def _place(source: Source, event: Any) -> Any:
    return source.place(event.start_mark.index)


def _refused_tag(event: Any, source: Source) -> CircuitError:
    tag = quote(event.tag.replace("tag:yaml.org,2002:", "!!"))
    return CircuitError.of(f"the tag {tag} has no meaning in a circuit", _place(source, event))


def _refused_key(event: Any, source: Source) -> CircuitError:
    message = "a name is wanted here, not a list or a mapping"
    return CircuitError.of(message, _place(source, event), "is a quote missing?")


def _syntax_error(error: yaml.MarkedYAMLError, source: Source) -> CircuitError:
    problem = error.problem or "this is no YAML"
    begins = problem.startswith(_OPENED) and error.context_mark
    mark = error.context_mark if begins else error.problem_mark or error.context_mark
    if mark is None:
        return CircuitError.of(f"not YAML: {problem}")
    at = mark.index
    seen_at = error.problem_mark.index if error.problem_mark else at
    message, hint = next(
        (words for start, words in _PLAIN_WORDS.items() if problem.startswith(start)),
        (problem + (f" ({error.context})" if error.context else ""), None),
    )
    if problem.startswith("found character"):
        character = source.text[at : at + 1]
        message, hint = f"a text cannot begin with {quote(character)}", "put it in quotes"
        if character == "\t":
            message, hint = _PLAIN_WORDS["found a tab"]
    elif problem.startswith("did not find expected ','") and _MEMBER.match(source.text, seen_at - 1, seen_at + 1):
        at, message, hint = seen_at, "a family's member inside brackets needs quotes", _quoted_member(seen_at, source)
    elif problem.startswith("mapping values are not allowed"):
        at, message, hint = _misplaced_colon(at, source)
    elif problem.startswith("could not find expected ':'") and (squeezed := _NO_SPACE.match(source.text, at)):
        at, hint = squeezed.start(1), "a colon needs a space behind it"
    elif problem.startswith("could not find expected ':'") and NO_BREAK in source.text[at:].partition("\n")[0]:
        at, hint = source.text.index(NO_BREAK, at), NO_BREAK_HINT
    return CircuitError.of(f"not YAML: {message}", source.place(at), hint)


def _quoted_member(at: int, source: Source) -> str:
    """Return the hint to write the member of a family around an offset in quotes."""
    begin = source.text.rfind("\n", 0, at) + 1
    members = _WHOLE_MEMBER.finditer(source.text, begin, at + LONGEST_NAME)
    around = (member[0] for member in members if member.start() <= at < member.end())
    return f"write {quote(next(around, 'w[0]'))}"


def _misplaced_colon(at: int, source: Source) -> tuple[int, str, str]:
    """Return where the fault lies, what it is and a hint, for a colon at which the parser gave up."""
    start = source.text.rfind("\n", 0, at) + 1
    line = source.text[start:at]
    if ": " in line:
        return at, "a second ':' in one line", "a text with ': ' in it needs quotes"
    above = source.text[:start].rstrip()
    before = above.rfind("\n") + 1
    if NO_BREAK in above[before:] + line:
        return source.text.index(NO_BREAK, before), "this line does not fit those above it", NO_BREAK_HINT
    squeezed = _NO_SPACE.match(above, before)
    if squeezed:
        return squeezed.start(1), "a name without a value", "a colon needs a space behind it"
    indented = start + len(line) - len(line.lstrip())
    return indented, "this line does not fit those above it", "is it indented like them, and has each of them a value?"

"""New numbers for the inputs and the expected values of a circuit file, put into its text: nothing else changes.

The numbers are replaced at the places that the reader knows. 10,000 of them take a tenth of a second, most of it for
reading the text.
"""

from __future__ import annotations

import re
from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING

from circuitgrad.errors import quote
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.numerals import spell_number
from circuitgrad.language.document import as_mapping
from circuitgrad.language.families import read_header
from circuitgrad.language.json_text import locate_json
from circuitgrad.language.nodes import GAP_PATTERN, Mapping, NodeProblems, Scalar, Sequence, behind_anchor
from circuitgrad.language.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from collections.abc import Mapping as Values

    from circuitgrad.errors import Place, Source
    from circuitgrad.language.families import Header
    from circuitgrad.language.nodes import Node

LONGEST_LIST = 100
"""How many characters a list takes before it is broken into lines, in a text that has lines."""

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_BRACKET = re.compile(rf"{GAP_PATTERN},?{GAP_PATTERN}\]")
_BLANK = re.compile(r"[ \t]*")
_REST = re.compile(r"[ \t]*(?:\r\n|\r|\n|\Z)")


def same(left: float, right: float) -> bool:
    """Tell whether two doubles are the same, as 0 and -0 are not, and NaN and NaN are.

    >>> same(0.0, -0.0), same(float("nan"), float("nan"))
    (False, True)
    """
    return repr(float(left)) == repr(float(right))


class Editor:
    """Collects new values for a text, and puts all of them in at once.

    Args:
        source: the text, which has been read without complaint.
        json: whether it is JSON.

    Attributes:
        expected: by wire, the number in the `expect` block.

    >>> from circuitgrad.errors import Source
    >>> editor = Editor(Source("x.yaml", "inputs: {a: '1', 'w[0:2]': 0}  # start"))
    >>> editor.set_inputs({"a": 1, "w[0]": 0, "w[1]": 0}, {"a": 2, "w[0]": 0, "w[1]": 3})
    2
    >>> editor.text()
    "inputs: {a: '2.0', 'w[0:2]': [0.0, 3.0]}  # start"
    """

    def __init__(self, source: Source, *, json: bool = False) -> None:
        self._source = source.text
        self._json = json
        self._problems = NodeProblems(source)
        self._edits: list[tuple[int, int, str]] = []
        line_end = _LINE_END.search(source.text)
        self._line_end = line_end[0] if line_end else ""
        root = as_mapping(locate_json(source) if json else read_yaml(source), self._problems)
        self._shared = _shared(root) if "&" in source.text and not json else frozenset()
        sections = {key.text: node for key, node in root if isinstance(node, Mapping)}
        self._inputs = sections.get("inputs", Mapping())
        self.expected = {normalise(key.text): node for key, node in sections.get("expect", Mapping())}

    def place(self, wire: str) -> Place | None:
        """Return the place of the expected value of a wire."""
        return self._problems.place(self.expected[wire])

    def text(self) -> str:
        """Return the text with the new values.

        Raises:
            CircuitError: there are values that cannot be changed where they stand.
        """
        self._problems.stop()
        pieces, done = [], 0
        for start, end, new in sorted(self._edits):
            pieces += [self._source[done:start], new]
            done = end
        return "".join(pieces) + self._source[done:]

    def set_expected(self, values: Values[str, float]) -> None:
        """Give wires of the `expect` block new values."""
        for name, value in values.items():
            self._set_number(name, self.expected[name], value)

    def set_inputs(self, before: Values[str, float], after: Values[str, float]) -> int:
        """Give inputs new values; return how many change.

        A value that stays keeps its spelling. A family with one number for all becomes a list when its members are no
        longer alike, and random values become the list of what they are now.

        Args:
            before: the values of all inputs in the text.
            after: their new values.
        """
        changed = {name for name, value in after.items() if not same(before[name], value)}
        for key, node in self._inputs if changed else ():
            header = read_header(key.text) if "[" in key.text else None
            names = [normalise(key.text)] if header is None else [name for name, _ in header.members()]
            if not changed.isdisjoint(names):
                self._declaration(header, names, node, changed, after)
        return len(changed)

    def _declaration(
        self, header: Header | None, names: list[str], node: Node, changed: Collection[str], after: Values[str, float]
    ) -> None:
        """Give what one key declares new values, of which at least one is another."""
        if type(node) is Mapping:
            value = next((value for key, value in node if key.text == "value"), None)
            if value is None:
                self._settle(header, names, node, after)
                return
            node = value
        if type(node) is Sequence:
            for name, leaf in zip(names, _leaves(node), strict=True):
                if name in changed:
                    self._set_number(name, leaf, after[name])
        elif type(node) is Scalar:
            if header is None or all(same(after[name], after[names[0]]) for name in names):
                self._set_number(names[0], node, after[names[0]])
            elif not self._refused(header.name, node):
                start, end = self._span(node)
                self._edit(start, end, self._list(header, names, after, start))

    def _settle(self, header: Header | None, names: list[str], node: Mapping, after: Values[str, float]) -> None:
        """Put the list of values in the place of a family's random ones: under `value`, without a seed."""
        fields = {key.text: (key, value) for key, value in node}
        random = fields.get("normal") or fields.get("uniform")
        if header is None or random is None:
            self._problems.add(node, f"{quote(names[0])} has no value in the file that could be changed")
            return
        parts = [*random, *(random[1] if type(random[1]) is Sequence else ()), *fields.get("seed", ())]
        if any(self._refused(header.name, part) for part in parts):
            return
        key, description = random
        start, end = self._span(description)
        if "#" in self._source[start:end]:
            message = f"a comment stands among the random values of {quote(header.name)}, which become a list"
            self._problems.add(description, message, "move it to a line of its own")
            return
        self._edit(*self._word(key), "value")
        self._edit(start, end, self._list(header, names, after, start))
        if "seed" in fields:
            self._remove(*fields["seed"], flow=self._source[self._start(node)] == "{")

    def _set_number(self, name: str, node: Node, value: float) -> None:
        if type(node) is not Scalar or self._refused(name, node):
            return
        start, end = self._word(node)
        self._edit(start, end, self._spelled(value) if node.plain else spell_number(value, json=self._json))

    def _refused(self, name: str, node: Node) -> bool:
        """Note a problem, and tell so, where what stands at a node stands elsewhere, too."""
        if id(node) not in self._shared:
            return False
        message = f"the value of {quote(name)} cannot change alone: aliases repeat what stands here"
        # At the anchor, where there is one, and not behind it.
        self._problems.add_span(node.at, node.at + 1, message, "write the number out instead of the alias")
        return True

    def _edit(self, start: int, end: int, new: str) -> None:
        self._edits.append((start, end, new))

    def _spelled(self, value: float) -> str:
        """Return a number as it stands in this text without quotation marks around it."""
        text = spell_number(value, json=self._json)
        return f'"{text}"' if self._json and not isfinite(value) else text

    def _list(self, header: Header, names: list[str], after: Values[str, float], at: int) -> str:
        """Return the values of a family as a list nested as its ranges are, to stand at an offset."""
        words = iter([self._spelled(after[name]) for name in names])
        lengths = [bounds.high - bounds.low for bounds in header.ranges]
        begin = self._line(at)
        match = _BLANK.match(self._source, begin)
        margin = match[0] if match else ""
        return _nested(words, lengths, f"{self._line_end}{margin}  " if self._line_end else "")

    def _line(self, at: int) -> int:
        """Return where the line begins in which an offset is."""
        return 1 + max(self._source.rfind("\n", 0, at), self._source.rfind("\r", 0, at))

    def _start(self, node: Node) -> int:
        """Return where a node begins, behind its anchor."""
        return behind_anchor(self._source, node.at)

    def _word(self, node: Scalar) -> tuple[int, int]:
        """Return where the word of a scalar, a number or a key, begins and ends, within its quotation marks."""
        start, word = self._start(node), node.text.strip()
        if node.plain:
            return start, start + len(word)
        quoted = _QUOTED.match(self._source, start)
        if quoted is None:  # a block, behind a line with | or >
            line_end = _LINE_END.search(self._source, start)
            at = self._source.index(word, line_end.end() if line_end else start)
            return at, at + len(word)
        inner = quoted[0][1:-1]
        if inner.strip() != word:  # there are escapes in it
            return start + 1, quoted.end() - 1
        at = start + 1 + inner.index(word)
        return at, at + len(word)

    def _span(self, node: Node) -> tuple[int, int]:
        """Return where a scalar or a list of scalars begins and ends, with its quotation marks or brackets."""
        start = self._start(node)
        if isinstance(node, Scalar):
            quoted = None if node.plain else _QUOTED.match(self._source, start)
            return quoted.span() if quoted else (start, self._word(node)[1])
        last = self._span(list(_leaves(node))[-1])[1]
        bracket = _BRACKET.match(self._source, last)
        return start, bracket.end() if bracket and self._source[start] == "[" else last

    def _remove(self, key: Scalar, value: Node, *, flow: bool) -> None:
        """Take an entry out of a mapping; a comment behind it stays."""
        start, end = self._span(key)[0], self._span(value)[1]
        before = start
        if flow:
            if comma := _COMMA.match(self._source, end):
                self._edit(start, comma.end(), "")
                return
            while self._source[before - 1].isspace():
                before -= 1
            # YAML allows a comma before the closing brace, so one that has a comment behind it may stay.
            self._edit(before - 1 if self._source[before - 1] == "," else start, end, "")
            return
        rest, begin = _REST.match(self._source, end), self._line(start)
        if rest and self._source[begin:start].isspace():
            self._edit(begin, rest.end(), "")
        else:
            blank = _BLANK.match(self._source, end)
            self._edit(start, blank.end() if blank else end, "")


def _shared(root: Node) -> frozenset[int]:
    """Return the identities of the nodes that stand in more than one place, by aliases."""
    seen: set[int] = set()
    shared: set[int] = set()
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        (shared if id(node) in seen else seen).add(id(node))
        if isinstance(node, Mapping):
            stack.extend(part for pair in node for part in pair)
        elif isinstance(node, Sequence):
            stack.extend(node)
    return frozenset(shared)


def _leaves(node: Node) -> Iterator[Node]:
    """Yield what is no list in a nested list, in its order."""
    if isinstance(node, Sequence):
        for item in node:
            yield from _leaves(item)
    else:
        yield node


def _nested(words: Iterator[str], lengths: list[int], line: str) -> str:
    """Return words as a nested list, in lines that begin with `line` where it gets long; an empty one stands for none.

    >>> _nested(iter("abcd"), [2, 2], "")
    '[[a, b], [c, d]]'
    """
    if len(lengths) == 1:
        items = [next(words) for _ in range(lengths[0])]
    else:
        items = [_nested(words, lengths[1:], line and f"{line}  ") for _ in range(lengths[0])]
    together = f"[{', '.join(items)}]"
    if not line or (len(together) <= LONGEST_LIST and line[0] not in together):
        return together
    if len(lengths) == 1:
        items = wrap(together[1:-1], LONGEST_LIST, break_long_words=False, break_on_hyphens=False)
        return f"[{line}{line.join(items)}]"
    return f"[{line}{f',{line}'.join(items)}]"

"""What can be wrong with a circuit, said so that a person finds it: the place, the words, a suggestion."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

LONGEST_QUOTE = 60
LONGEST_LINE = 100
MOST_PROBLEMS = 20
"""So many are shown at once."""
ENOUGH_PROBLEMS = 1000
"""After so many a reader stops."""
MOST_CANDIDATES = 5000
MOST_HINTS = 40
"""After so many a reader looks for no more names that are near."""
_PLAIN_BYTES = bytes([9, 10, *range(0x20, 0x7F)])
"""The ASCII that a stream may show as it is: a tab, a line's end, and what is printable."""


def visible(text: str) -> str:
    """Return `text` with every character that could disturb a terminal replaced by one that shows it.

    Control characters become their pictures (U+2400 and on), so columns stay where they are; bidirectional marks,
    line separators, surrogates and the like become U+FFFD.

    >>> visible("a" + chr(27) + "[31mb")
    'a␛[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if character.isprintable() else _picture(character) for character in text)


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def harmless(text: str, *, colours: bool = False) -> str:
    r"""Return lines of text as a stream may show them: nothing in them commands a terminal or a CI runner.

    Control and bidirectional characters are replaced as by `visible`, except tabs and the ends of lines. GitHub's
    runner obeys a line that starts with `::` and one that contains `##[` (actions/runner, ActionCommand.cs), others
    obey `##vso[` and `##teamcity[`. These get a backslash, which Markdown does not show.

    Args:
        text: the lines.
        colours: whether sequences that set colours may stay.

    >>> print(harmless(" ::error::no\r\n##[group]" + chr(0x202E)))
     \::error::no␍
    ##\[group]�
    """
    # Most texts are long tables of numbers: to look for one character takes a fiftieth of the time.
    is_obeyed = (":" in text and "::" in text) or ("#" in text and "##" in text)
    if not is_obeyed and text.isascii() and not text.encode().translate(None, _PLAIN_BYTES):
        return text
    controls, commands, _ = _disturbing()

    def shown(found: re.Match[str]) -> str:
        sequence = found[0]
        return sequence if colours and len(sequence) > 1 else _picture(sequence[0]) + sequence[1:]

    return commands.sub(r"\g<0>\\", without_brackets(controls.sub(shown, text)))


def without_brackets(text: str, bracket: str = "\\[") -> str:
    """Return a text with something else for the brackets of commands like `##[group]`; see `harmless`."""
    return _disturbing()[2].sub(lambda found: found[1] + bracket, text) if "##" in text else text


@cache
def _disturbing() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return what finds a character that disturbs a terminal, or a colour, and what finds the two kinds of commands."""
    import re

    colour = "\x1b\\[[0-9;]*m"
    controls = "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    beyond = "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e0fff"
    return (
        re.compile(f"{colour}|[{controls}{beyond}]"),
        re.compile(rf"^(?:[^\S\n]|{colour})*(?=::)", re.MULTILINE),
        re.compile(r"(##(?:vso|teamcity)?)\["),
    )


def quote(text: str) -> str:
    """Return `text` in quotation marks, made visible and cut to a length that fits a message.

    >>> quote("mull")
    "'mull'"
    """
    shown = visible(text)
    if len(shown) > LONGEST_QUOTE:
        shown = shown[: LONGEST_QUOTE - 1] + "…"
    return f"'{shown}'"


def installing(extra: str) -> str:
    """Return the command that installs the packages of an extra."""
    return f"pip install 'circuitgrad[{extra}]'"


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Return a hint that names the candidate nearest to `word`, or None when none is near.

    Capital letters make no difference.

    >>> did_you_mean("mull", ["add", "mul"]), did_you_mean("RELU", ["relu"])
    ("did you mean 'mul'?", "did you mean 'relu'?")
    """
    import difflib
    from itertools import islice

    if len(word) > LONGEST_QUOTE:
        return None
    spelled = {candidate.casefold(): candidate for candidate in islice(candidates, MOST_CANDIDATES)}
    near = difflib.get_close_matches(word.casefold(), spelled, n=1)
    return f"did you mean {quote(spelled[near[0]])}?" if near else None


class Place(NamedTuple):
    """Where something stands in a text.

    Attributes:
        source: what the text is called: a path, `<stdin>`, `<expression>`.
        line: the line's number, from 1.
        column: the column's number in characters, from 1.
        text: the whole line, without its end.
        width: how many characters are meant, at least 1.
    """

    source: str
    line: int
    column: int
    text: str
    width: int = 1

    def __str__(self) -> str:
        return f"{visible(self.source)}:{self.line}:{self.column}"


class Source:
    r"""A text and what it is called; turns an offset into a place.

    Args:
        name: what it is called.
        text: the text.
        line: the number of its first line, where it is a part of a longer text.

    >>> str(Source("neuron.yaml", "inputs:\n  a: 1\n").place(10))
    'neuron.yaml:2:3'
    """

    def __init__(self, name: str, text: str, line: int = 1) -> None:
        self.name = name
        self.text = text
        self.line = line

    @cached_property
    def _starts(self) -> list[int]:
        """The offset at which each line starts."""
        import re

        return [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", self.text))]

    @cached_property
    def _lines(self) -> dict[int, str]:
        """The lines that places were asked for: a thousand problems of one long line share its text."""
        return {}

    def place(self, at: int, width: int = 1) -> Place:
        """Return the place of the `width` characters at offset `at` (counted from 0)."""
        line = bisect_right(self._starts, at)
        start = self._starts[line - 1]
        text = self._lines.get(line)
        if text is None:
            end = self._starts[line] if line < len(self._starts) else len(self.text)
            text = self._lines[line] = self.text[start:end].rstrip("\r\n")
        column = at - start + 1
        return Place(self.name, line + self.line - 1, column, text, max(1, min(width, len(text) - column + 1)))


class Problem(NamedTuple):
    """One thing that is wrong: a message, its place where there is one, and a hint where one is near.

    >>> place = Place("n.yaml", 9, 8, "  ax: {mull: [a, x]}", 4)
    >>> print(Problem("no gate is called 'mull'", place, "did you mean 'mul'?"))
    n.yaml:9:8: error: no gate is called 'mull'
      9 |   ax: {mull: [a, x]}
        |        ^^^^ did you mean 'mul'?
    """

    message: str
    place: Place | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return self.describe("error")

    def describe(self, kind: str) -> str:
        """Return the problem as lines of text; `kind` is the word before the message: error or warning."""
        if self.place is None:
            return f"{kind}: {self.message}" + (f" ({self.hint})" if self.hint else "")
        return f"{self.place}: {kind}: {self.message}\n{_excerpt(self.place, self.hint)}"


def _excerpt(place: Place, hint: str | None) -> str:
    """Return the line with a caret under the place, cut around it when the line is long."""
    before, after = place.text[: place.column - 1], place.text[place.column - 1 :]
    if len(before) > LONGEST_LINE // 2 and len(place.text) > LONGEST_LINE:
        before = "…" + before[1 - LONGEST_LINE // 2 :]
    if len(before) + len(after) > LONGEST_LINE:
        after = after[: LONGEST_LINE - len(before) - 1] + "…"
    carets = "^" * max(1, columns(after[: place.width]))
    before, line = without_brackets(visible(before)), without_brackets(visible(before + after))
    gutter = " " * len(str(place.line))
    return f"  {place.line} | {line}\n  {gutter} | {' ' * columns(before)}{carets}{' ' + hint if hint else ''}"


def columns(text: str) -> int:
    """Return how many columns of a terminal `text` takes.

    >>> columns("ab"), columns("水")
    (2, 2)
    """
    return len(text) if text.isascii() else sum(map(character_columns, visible(text)))


def character_columns(character: str) -> int:
    """Return how many columns of a terminal a character takes: 0 for a combining mark, 2 for a wide character."""
    from unicodedata import combining, east_asian_width

    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


class CircuitError(Exception):
    """A circuit, a file, an option or a datum that cannot be used; `problems` says why, one entry a fault.

    >>> str(CircuitError.of("no steps", hint="use --steps 100"))
    'error: no steps (use --steps 100)'
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, message: str, place: Place | None = None, hint: str | None = None) -> CircuitError:
        """Return an error with one problem."""
        return cls([Problem(message, place, hint)])

    @classmethod
    def lacks(cls, what: str, extra: str, besides: str = "") -> CircuitError:
        """Return the error of what needs a package that is not installed.

        Args:
            what: what needs which package.
            extra: the extra that installs it.
            besides: what else may be done.

        >>> print(CircuitError.lacks("the engine native needs llvmlite", "native"))
        error: the engine native needs llvmlite (pip install 'circuitgrad[native]')
        """
        return cls.of(what, hint=f"{installing(extra)}{besides and f'; {besides}'}")

    def without_lines(self) -> CircuitError:
        """Return the same error, which tells its places but quotes no line of the text.

        >>> print(CircuitError.of("no column x", Place("d.csv", 1, 1, "secret")).without_lines())
        error: d.csv:1:1: no column x
        """
        return CircuitError(
            [
                problem._replace(message=f"{problem.place}: {problem.message}", place=None)
                if problem.place
                else problem
                for problem in self.problems
            ]
        )

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:MOST_PROBLEMS]]
        if len(self.problems) > MOST_PROBLEMS:
            more = len(self.problems) - MOST_PROBLEMS
            least = "at least " if len(self.problems) >= ENOUGH_PROBLEMS else ""
            shown.append(f"and {least}{more} more error{'s' * (more > 1)}")
        return "\n".join(shown)


class Problems:
    """Collects what is wrong with a text, so that all of it is reported at once.

    Attributes:
        source: the text.
        entries: what is wrong with it.
        used: the problems of other texts that it uses.

    >>> problems = Problems(Source("d.csv", "x,y"))
    >>> problems.add_span(2, 3, "no input is called 'y'")
    >>> [str(problem.place) for problem in problems.entries]
    ['d.csv:1:3']
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.entries: list[Problem] = []
        self.used: list[Problems] = []
        self._hints = 0

    def __len__(self) -> int:
        """The number of problems of the text itself."""
        return len(self.entries)

    def note(self, message: str, place: Place | None, hint: str | None = None) -> None:
        """Note a problem at a place.

        Raises:
            CircuitError: so much is wrong that going on is of no use.
        """
        self.entries.append(Problem(message, place, hint))
        if len(self.entries) >= ENOUGH_PROBLEMS:
            self.stop()

    def add_span(self, start: int, end: int, message: str, hint: str | None = None) -> None:
        """Note a problem between two offsets of the text.

        Raises:
            CircuitError: so much is wrong that going on is of no use.
        """
        self.note(message, self.source.place(start, end - start), hint)

    def near(self, word: str, candidates: Iterable[str]) -> str | None:
        """Return a hint that names the candidate nearest to `word`; None when none is near, or after many hints."""
        self._hints += 1
        return did_you_mean(word, candidates) if self._hints <= MOST_HINTS else None

    def stop(self) -> None:
        """Raise all problems, in the order of the text, if there are any, here or in a text that is used.

        Raises:
            CircuitError: there are problems.
        """
        ordered = [problem for text in (self, *self.used) for problem in sorted(text.entries, key=_position)]
        if ordered:
            raise CircuitError(ordered)


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)

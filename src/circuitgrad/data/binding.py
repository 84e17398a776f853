"""Which columns of a table bind which inputs: by name, by a name with a unit behind it, or as an option says."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.formulas.names import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions

MOST_NAMED_INPUTS = 5
"""A hint names at most this many inputs."""
MOST_COMPARED_COLUMNS = 10
"""At most this many columns are compared with the inputs for a hint."""
ALL = "all"
"""Stands for all columns."""
LISTED_NAME = re.compile(r"[^,\[]+(?:\[[^\]]*\])?[^,\[]*")
"""A name in a list that commas separate; a member's subscripts may have commas, too."""
NO_COLUMN = "no column is called"
NO_INPUT_COLUMN = "no column has the name of an input"

_UNIT = re.compile(r"(.*[^/\s])\s*(?:\[([^\[\]]+)\]|\(([^()]+)\))|([^/]*[^/\s])\s*/\s*(\S.*)")
_NO_LETTERS = re.compile(r"[ _-]+")


class Binding(NamedTuple):
    """Which columns of a table bind which inputs.

    Attributes:
        names: the inputs that the table has a column of, in the order of the columns.
        positions: the positions of these columns, from 0.
        ignored: the names, as written, of the columns that belong to no input.
        with_unit: the positions of columns that were bound without the unit behind the name.
        near: the positions of ignored columns that nearly have the name of an input without a column, and its name.
        missing: what an option maps to a column that there is not: the input, and the column's name.

    >>> from circuitgrad.circuit.rows_options import RowsOptions
    >>> found = Binding.of(["R1 [Ohm]", "t", "Temp"], ["R1", "T", "x"], RowsOptions(map=(("x", "Temp"),)))
    >>> found.names, found.positions, found.with_unit, found.near
    (('R1', 'x'), (0, 2), (0,), ((1, 'T'),))
    """

    names: tuple[str, ...]
    positions: tuple[int, ...]
    ignored: tuple[str, ...]
    with_unit: tuple[int, ...] = ()
    near: tuple[tuple[int, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, header: Sequence[str], inputs: Collection[str], options: RowsOptions = FOUND) -> Binding:
        """Return the binding of the columns of a header."""
        mapped = {title: name for name, title in options.map}
        known = frozenset(inputs)
        unmapped = known.difference(mapped.values())
        titles = [cell.strip() for cell in header]
        bound: dict[int, str] = {}
        for position, title in enumerate(titles):
            name = mapped.get(title) or normalise(title)
            if name in (known if title in mapped else unmapped):
                bound[position] = name
        with_unit: list[int] = []
        near: list[tuple[int, str]] = []
        if free := unmapped.difference(bound.values()):
            folded = {_folded(name): name for name in free}
            for position, title in enumerate(titles):
                if position in bound:
                    continue
                if (name := _without_unit(title, known)) in free:
                    bound[position] = name
                    with_unit.append(position)
                elif (name := folded.get(_folded(normalise(title)), "")) and name:
                    near.append((position, name))
        positions = tuple(sorted(bound))
        names = tuple(bound[position] for position in positions)
        ignored = tuple(title for position, title in enumerate(titles) if position not in bound)
        near = [(position, name) for position, name in near if name not in names]
        missing = tuple(pair for pair in options.map if pair[1] not in titles)
        return cls(names, positions, ignored, tuple(with_unit), tuple(near), missing)

    def duplicates(self) -> Iterator[tuple[int, str, str | None]]:
        """Yield the position of every column whose input has an earlier column, a message and a hint."""
        first: dict[str, int] = {}
        for position, name in zip(self.positions, self.names, strict=True):
            if first.setdefault(name, position) != position:
                hint = f"--map {name}=COLUMN chooses one" if position in self.with_unit else None
                yield position, f"a second column for the input {quote(name)}", hint

    def near_messages(self, titles: Sequence[str], fixed: Collection[str]) -> Iterator[tuple[int, str, str, bool]]:
        """Yield, of every column that nearly has an input's name, the position, a message, a hint, and if it is wrong.

        Args:
            titles: the names of all columns.
            fixed: the inputs that would keep their values unnoticed.
        """
        for position, name in self.near:
            message = f"no input is called {quote(titles[position].strip())}"
            end = f", and the fixed input {quote(name)} would keep its value" if name in fixed else ""
            yield position, message + end, f"did you mean {quote(name)}?", name in fixed

    def unit_notes(self, titles: Sequence[str], name: str) -> list[str]:
        """Return a note on the columns with a unit behind the name.

        Args:
            titles: the names of all columns.
            name: the file's name.
        """
        if not self.with_unit:
            return []
        names = dict(zip(self.positions, self.names, strict=True))
        pairs = [f"{quote(titles[at].strip())} is {names[at]}" for at in self.with_unit[:MOST_COMPARED_COLUMNS]]
        more = len(self.with_unit) - len(pairs)
        return [f"{name}: {', '.join(pairs)}" + (f" and {more:,} more" if more else "")]


def refuse_unknown_inputs(inputs: Collection[str], options: RowsOptions) -> None:
    """Refuse options that bind what is no input, or bind twice.

    Raises:
        CircuitError: there is no such input, or an input or a column is named twice.
    """
    for kind, words in zip(("input", "column"), zip(*options.map, strict=True), strict=False):
        if twice := next((word for word in words if words.count(word) > 1), None):
            raise CircuitError.of(f"map: the {kind} {quote(twice)} is named twice")
    for name, _ in options.map:
        if name not in inputs:
            raise CircuitError.of(f"map: no input is called {quote(name)}", hint=did_you_mean(name, inputs))


def missing_column(binding: Binding, titles: Sequence[str]) -> tuple[str, str | None] | None:
    """Return a message and a hint on a column that an option names and that there is not; None where all are there."""
    for name, title in binding.missing:
        return f"map {name}: {NO_COLUMN} {quote(title)}", did_you_mean(title, [cell.strip() for cell in titles])
    return None


def kept_positions(keep: Sequence[str], titles: Sequence[str]) -> list[int]:
    """Return the positions of the columns that are carried through.

    Args:
        keep: the columns' names, in lists that commas separate, or `all`.
        titles: the names of all columns.

    Raises:
        CircuitError: there is no such column, or there are two.

    >>> kept_positions(["x,time", "a,b"], ["time", "x", "a,b", "y"]), kept_positions(["all"], ["x", "y"])
    ([1, 0, 2], [0, 1])
    """
    known = [title.strip() for title in titles]
    wanted: dict[str, None] = {}
    for text in keep:
        if text.strip() in known:
            wanted[text.strip()] = None
        elif text.strip() == ALL:
            wanted.update(dict.fromkeys(known))
        else:
            wanted.update(dict.fromkeys(part.strip() for part in LISTED_NAME.findall(text)))
    for name in wanted:
        if known.count(name) != 1:
            problem = "two columns are" if name in known else "no column is"
            hint = None if name in known else did_you_mean(name, known)
            raise CircuitError.of(f"--keep: {problem} called {quote(name)}", hint=hint)
    return [known.index(name) for name in wanted]


def _folded(name: str) -> str:
    """Return a name without what people write in several ways: capital letters, blanks, _ and -."""
    return _NO_LETTERS.sub("", name).casefold()


def _without_unit(title: str, inputs: Collection[str]) -> str:
    """Return the name of an input in front of a unit, or an empty text.

    >>> [_without_unit(title, ["R1", "x", "t"]) for title in ("R1 [Ohm]", "R1 (%)", "x/m", "x/t", "x[0]", "R1_ohm")]
    ['R1', 'R1', 'x', '', '', '']
    """
    found = _UNIT.fullmatch(title)
    if found is None:
        return ""
    name, unit = normalise((found[1] or found[4]).strip()), (found[2] or found[3] or found[5]).strip()
    is_unit = any(character.isalpha() or character in "%°‰" for character in unit) and unit not in inputs
    return name if is_unit and name in inputs else ""


def input_names_hint(header: Sequence[str], inputs: Collection[str]) -> str:
    """Return a hint for a header without an input's name.

    >>> input_names_hint(["lenght"], ["width", "length"]), input_names_hint(["p", "q"], ["a", "b"])
    ("did you mean 'length'?", 'the inputs are a, b')
    """
    if not inputs:
        return "the circuit has no inputs"
    names = (normalise(cell.strip()) for cell in header[:MOST_COMPARED_COLUMNS])
    near = next(filter(None, (did_you_mean(name, inputs) for name in names if name)), None)
    more = ", ..." if len(inputs) > MOST_NAMED_INPUTS else ""
    return near or f"the inputs are {', '.join(islice(inputs, MOST_NAMED_INPUTS))}{more}"

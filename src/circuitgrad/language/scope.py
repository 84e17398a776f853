"""The names that formulas may use: those of a file's wires, or a definition's operands and inner wires."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import quote
from circuitgrad.formulas.names import normalise
from circuitgrad.language.families import Family, HeaderError, read_header
from circuitgrad.language.names import is_ordinary, name_fault, refuse_name
from circuitgrad.language.nodes import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.language.members import Members
    from circuitgrad.language.nodes import NodeProblems
    from circuitgrad.language.wires import Wires

LONGEST_SHOWN_LOOP = 10
"""How many wires of a loop of gates a message names."""
NO_INDICES: Mapping[str, int] = {}


class Declared(NamedTuple):
    """A wire that has been declared: its name, its number, and for a family's member the values of the indices."""

    name: str
    number: int
    indices: Mapping[str, int]


class Scope:
    """Names and the wires that they mean.

    Every name is declared before any formula is read, for a gate may come before its operands.

    Attributes:
        wires: where declared wires are added.
        problems: where to note what is wrong with a name.
        prefix: what the wires' names begin with.
        at: the offset at which the wires are said to stand; each at its own key when None.
        numbers: per name, the wire's number; a family's members are names of their own.
        families: per name, the family.
        declared: per name, of a wire or of a family, the first key that declares it; of a name that is written as it
            is, without quotes, the key's offset alone.
        closed: whether this is a definition's scope, which sees its operands and nothing else.
        sizes: the sizes of a definition's operands that are families, by name.
        call: what to say of the call that gives these sizes.
        operands: per operand of a definition that is a family, its members.
        refused: names that could not be declared, and need no second message.
    """

    def __init__(
        self,
        wires: Wires,
        problems: NodeProblems,
        prefix: str = "",
        at: int | None = None,
        *,
        closed: bool = False,
        sizes: Mapping[str, int] = NO_INDICES,
        call: str = "",
    ) -> None:
        self.wires = wires
        self.problems = problems
        self.prefix = prefix
        self.at = at
        self.closed = closed
        self.sizes = sizes
        self.call = call
        self.operands: dict[str, Members] = {}
        self.numbers: dict[str, int] = {}
        self.families: dict[str, Family] = {}
        self.declared: dict[str, Scalar | int] = {}
        self.refused: set[str] = set()

    def declare(self, key: Scalar) -> Sequence[Declared]:
        """Add the wire, or the family of wires, that a key names.

        A name that cannot be one, or is declared already, is a problem, and nothing is returned.

        Raises:
            CircuitError: there would be too many wires.
        """
        if key.plain and self.declare_name(key.text, key.at):
            return (Declared(key.text, self.numbers[key.text], NO_INDICES),)
        if "[" in key.text:
            return self._declare_family(key)
        name = normalise(key.text)
        if (wrong := refuse_name(key)) is not None:
            self.problems.add(key, *wrong)
            self.refused.add(name)
            return ()
        if name in self.declared:
            self._declared_twice(key, name)
            return ()
        self.declared[name] = key
        number = self.numbers[name] = self.wires.add(self.prefix + name, key.at if self.at is None else self.at)
        return (Declared(name, number, NO_INDICES),)

    def declare_name(self, name: str, at: int) -> bool:
        """Add the wire of a name that stands at an offset without quotes, if nothing is to be said of it.

        Returns:
            whether it was added; `declare` knows what to do with other names.

        Raises:
            CircuitError: there would be too many wires.
        """
        if name in self.declared or not is_ordinary(name):
            return False
        self.declared[name] = at
        self.numbers[name] = self.wires.add(self.prefix + name, at if self.at is None else self.at)
        return True

    def _declare_family(self, key: Scalar) -> Sequence[Declared]:
        try:
            header = read_header(key.text, self.sizes)
        except HeaderError as error:
            self.problems.add(key, str(error), error.hint, offset=error.at, width=error.width)
            self.refused.add(normalise(key.text.partition("[")[0].strip()))
            return ()
        name, at = header.name, key.at if self.at is None else self.at
        if (wrong := name_fault(name)) is not None:
            self.problems.add(key, *wrong)
            return ()
        if name in self.declared and name not in self.families:
            self._declared_twice(key, name)
            return ()
        family = self.families.get(name, Family([header]))
        if family.dimension != len(header.ranges):
            subscripts = f"{family.dimension} subscript{'s' * (family.dimension != 1)}"
            self.problems.add(
                key, f"the family {quote(name)} has {subscripts}, not {len(header.ranges)}", family.declaration()
            )
            return ()
        self.wires.reserve(header.size, at)
        if name in self.families:
            for full, _ in header.members():
                if full in self.numbers:
                    self._declared_twice(key, full)
                    return ()
            family.headers.append(header)
        self.families[name] = family
        self.declared.setdefault(name, key)
        family.firsts.append(len(self.wires.names))
        declared = [Declared(full, self.wires.add(self.prefix + full, at), index) for full, index in header.members()]
        self.numbers.update((wire.name, wire.number) for wire in declared)
        return declared

    def _declared_twice(self, key: Scalar, name: str) -> None:
        before = self.key(name)
        place = self.problems.place(before)
        written = ", in another Unicode spelling" if before.text != key.text and "[" not in key.text else ""
        first = f"the first one stands in line {place.line}{written}" if place else None
        self.problems.add(key, f"{quote(name)} is declared twice", first)

    def sinks(self) -> list[str]:
        """Return the declared gates that feed no other, in the order of the text; all have to be connected."""
        fed, first = self.wires.fed(), len(self.wires.inputs)
        return [name for name, number in self.numbers.items() if number >= first and number not in fed]

    def refuse_cycles(self) -> None:
        """Note every loop among the gates."""
        for loop in self.wires.cycles():
            shown = loop
            if len(loop) > LONGEST_SHOWN_LOOP:
                shown = [*loop[: LONGEST_SHOWN_LOOP // 2], "…", *loop[-LONGEST_SHOWN_LOOP // 2 :]]
            key = self.key(loop[0].partition(".")[0])
            message = f"the gates form a cycle: {' -> '.join(shown)}"
            self.problems.add(key, message, "a gate cannot feed itself")

    def key(self, name: str) -> Scalar:
        """Return the key that declares a wire, or its family."""
        if name not in self.declared:
            name = name.partition("[")[0]
        key = self.declared[name]
        return Scalar(name, key) if isinstance(key, int) else key

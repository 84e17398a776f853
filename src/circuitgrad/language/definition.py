"""A definition: a gate that a file makes of formulas or of a block of gates."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.formulas.names import normalise
from circuitgrad.language.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule
    from circuitgrad.language.members import Ends
    from circuitgrad.language.nodes import Node, NodeProblems, Scalar
    from circuitgrad.language.wires import Wires

MOST_SHOWN = 8
"""How many operands of a definition a message shows."""


class Partial(NamedTuple):
    """A partial derivative by hand.

    Attributes:
        formula: its formula.
        indices: the indices of the member in which it is the derivative; none for an operand that is one number.
    """

    formula: Scalar
    indices: tuple[str, ...]


class Definition:
    """A gate that a file defines.

    What an operand's families leave open are the sizes: a call gives them, and `sized` returns the definition for them.

    Attributes:
        name: what it is called.
        key: where its name stands.
        operands: the names of its operands.
        families: per operand that is a family, where its ranges end.
        gates: its inner wires, in the order of the text.
        value: the formula of its value; empty at first where the one inner wire that feeds no other is meant.
        partials: per operand the partial derivative; None where reverse mode finds them.
        about: what it is, in words.
        problems: where to note what is wrong in its file.
        origin: the definition as the file has it.
        sizes: what the names of sizes stand for.
        place: where the first call gives these sizes; None where nothing is left open.
        steps: the value, read.
        sound: whether nothing is wrong with it.
        settled: whether it has been examined, so that calls may expand it.
        depth: how deep the calls of definitions in it go; 0 until that is known.
        calls: how often it calls others.
        weight: how many gates its body makes at most, before any are shared.
        rule: the rule that its partials make of it: a call makes one gate.
    """

    def __init__(
        self,
        name: str,
        key: Scalar,
        operands: Sequence[str],
        problems: NodeProblems,
        value: Scalar,
        *,
        families: Mapping[str, Ends] | None = None,
        gates: Sequence[tuple[Scalar, Node]] = (),
        partials: Mapping[str, Partial] | None = None,
        about: str = "",
    ) -> None:
        self.name = name
        self.key = key
        self.operands = tuple(operands)
        self.families = families or {}
        self.problems = problems
        self.value = value
        self.gates = gates
        self.partials = partials
        self.about = about
        self.origin = self
        self.sizes: Mapping[str, int] = {}
        self.place: Place | None = None
        self.steps: tuple[Step, ...] = ()
        self.sound = True
        self.settled = False
        self.depth = 0
        self.calls: Counter[Definition] = Counter()
        self.weight = 0
        self.rule: Rule | None = None
        self._sized: dict[tuple[int, ...], Definition] = {}

    @property
    def arity(self) -> int:
        """How many operands it takes."""
        return len(self.operands)

    @cached_property
    def inner_names(self) -> frozenset[str]:
        """The names of its inner wires and of their families."""
        return frozenset(normalise(key.text.partition("[")[0].strip()) for key, _ in self.gates)

    @cached_property
    def takes_families(self) -> tuple[bool, ...]:
        """Per operand, whether it is a family; of operands that could not be read, what may keep messages few."""
        if not self.operands and "[" in self.key.text:
            return (True,) * MOST_SHOWN
        return tuple(operand in self.families for operand in self.operands)

    @cached_property
    def size_names(self) -> tuple[str, ...]:
        """The names of the sizes that a call gives, each once."""
        return tuple(dict.fromkeys(end for ends in self.families.values() for end in ends if isinstance(end, str)))

    @cached_property
    def signature(self) -> str:
        """Its name and its operands, as a file writes them.

        A long one is cut off.
        """
        operands = [operand_text(name, self.families.get(name, ())) for name in self.operands[:MOST_SHOWN]]
        more = ["…"] if len(self.operands) > MOST_SHOWN else []
        return f"{self.name}({', '.join(operands + more)})"

    @property
    def at_sizes(self) -> str:
        """What its sizes are, in words."""
        return ", ".join(f"{name} is {size}" for name, size in self.sizes.items())

    def sized(self, sizes: Mapping[str, int]) -> Definition:
        """Return the definition for sizes, the same one for the same sizes."""
        if not self.size_names:
            return self
        key = tuple(sizes[name] for name in self.size_names)
        sized = self._sized.get(key)
        if sized is None:
            sized = self._sized[key] = self.copied(sizes, self.problems)
        return sized

    def copied(self, sizes: Mapping[str, int], problems: NodeProblems) -> Definition:
        """Return a copy for sizes that notes what is wrong elsewhere."""
        copy = Definition(
            self.name,
            self.key,
            self.operands,
            problems,
            self.value,
            families=self.families,
            gates=self.gates,
            partials=self.partials,
            about=self.about,
        )
        copy.origin, copy.sizes, copy.sound = self, sizes, self.sound
        return copy

    def shape(self, operand: str) -> tuple[int, ...]:
        """Return how many members an operand that is a family has per subscript; nothing for other operands."""
        return tuple(self.sizes[end] if isinstance(end, str) else end for end in self.families.get(operand, ()))

    def scope(self, wires: Wires, prefix: str, at: int | None) -> Scope:
        """Return an empty scope for its formulas."""
        return Scope(wires, self.problems, prefix, at, closed=True, sizes=self.sizes, call=self._call)

    @cached_property
    def _call(self) -> str:
        return f"{self.at_sizes} in the call at {self.place}" if self.sizes and self.place is not None else ""


def operand_text(name: str, ends: Ends) -> str:
    """Return an operand as a file writes it.

    >>> operand_text("b", ()), operand_text("w", ("n", 2))
    ('b', 'w[0:n, 0:2]')
    """
    return f"{name}[{', '.join(f'0:{end}' for end in ends)}]" if ends else name


Library: TypeAlias = "Callable[[str, NodeProblems, Scalar], dict[str, Definition]]"
"""Returns the definitions of a file that `use` names."""

"""A definition: a gate that a file makes of formulas or of a block of gates."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from circuitgrad.formulas.names import normalise
from circuitgrad.language.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule
    from circuitgrad.language.nodes import Node, NodeProblems, Scalar
    from circuitgrad.language.wires import Wires


class Definition:
    """A gate that a file defines.

    Attributes:
        name: what it is called.
        key: where its name stands.
        operands: the names of its operands.
        gates: its inner wires, in the order of the text.
        value: the formula of its value; empty at first where the one inner wire that feeds no other is meant.
        partials: per operand the formula of the partial derivative; None where reverse mode finds them.
        about: what it is, in words.
        problems: where to note what is wrong in its file.
        steps: the value, read.
        sound: whether nothing is wrong with it.
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
        gates: Sequence[tuple[Scalar, Node]] = (),
        partials: Mapping[str, Scalar] | None = None,
        about: str = "",
    ) -> None:
        self.name = name
        self.key = key
        self.operands = tuple(operands)
        self.problems = problems
        self.value = value
        self.gates = gates
        self.partials = partials
        self.about = about
        self.steps: tuple[Step, ...] = ()
        self.sound = True
        self.calls: Counter[str] = Counter()
        self.weight = 0
        self.rule: Rule | None = None

    @property
    def arity(self) -> int:
        """How many operands it takes."""
        return len(self.operands)

    @cached_property
    def inner_names(self) -> frozenset[str]:
        """The names of its inner wires and of their families."""
        return frozenset(normalise(key.text.partition("[")[0].strip()) for key, _ in self.gates)

    def scope(self, wires: Wires, prefix: str, at: int | None) -> Scope:
        """Return an empty scope for its formulas."""
        return Scope(wires, self.problems, prefix, at, closed=True)


Library: TypeAlias = "Callable[[str, NodeProblems, Scalar], dict[str, Definition]]"
"""Returns the definitions of a file that `use` names."""

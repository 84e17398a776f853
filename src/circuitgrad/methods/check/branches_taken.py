"""Which branches of a circuit's conditionals were taken at the points of a check, and which never."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.steps import COMPARISONS
from circuitgrad.methods.check.conditions import Condition, side_text

if TYPE_CHECKING:
    from collections.abc import Container

    from circuitgrad.circuit.circuit import Circuit

LONGEST_TEST = 12
"""How many gates of a test are written out; deeper ones are named."""


class NeverTaken(NamedTuple):
    """A branch that was taken at no point.

    Attributes:
        wire: the wire in whose formula it stands.
        where: the condition under which it would be taken, as a formula.
    """

    wire: str
    where: str


class BranchesTaken:
    """A record of the branches that the conditionals of a circuit's formulas take.

    Conditionals inside of definitions with hand-written partial derivatives are left to their trials. What `and`, `or`
    and `not` are made of is no conditional of its own, and gates such as `relu` and `max` are none.

    Args:
        circuit: the circuit.
        outputs: the outputs that count.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("sqrt(x) if x > 0 else 0", x=-1)
    >>> branches = BranchesTaken(circuit, ["out"])
    >>> branches.note(set())
    >>> branches.never()
    [NeverTaken(wire='out', where='x > 0')]
    """

    def __init__(self, circuit: Circuit, outputs: tuple[str, ...]) -> None:
        self.circuit = circuit
        targets = [circuit.slot(output) for output in outputs]
        chosen = set(targets)  # the slots whose values are more than a test
        self._tests: dict[str, int] = {}
        for index in sorted(circuit.upstream(targets), reverse=True):
            slots, chooses = circuit.operands[index], circuit.rules[index].name == "where"
            if not chooses:
                chosen.update(slots)
            elif circuit.first_gate + index in chosen:
                chosen.update(slots[1:])
                if not circuit.is_constant(slots[0]):
                    self._tests[circuit.names[index]] = slots[0]
        self._sides: dict[str, set[bool]] = {name: set() for name in reversed(self._tests)}

    def note(self, unused: Container[str]) -> None:
        """Note the branches of the last pass.

        Args:
            unused: the gates that only feed branches which are not taken.
        """
        units = self.circuit.units
        for name, sides in self._sides.items():
            if name not in unused:
                sides.add(bool(units[self._tests[name]].value))

    def never(self) -> list[NeverTaken]:
        """Return the branches that no pass took, though a pass came to their conditionals."""
        named: dict[str, list[str]] = {}
        for name in self._sides:
            named.setdefault(name.partition(".")[0], []).append(name)
        branches: dict[NeverTaken, None] = {}
        for wire, names in named.items():
            for name in reversed(names):  # the outer conditionals first
                if len(self._sides[name]) == 1:
                    (side,) = self._sides[name]
                    if self._asks_for_nan(name, side):
                        continue
                    test = self.circuit.formula(self._tests[name], lambda wire: "." in wire, LONGEST_TEST)
                    branches[NeverTaken(wire, side_text(Condition(tuple(test)), not side))] = None
        return list(branches)

    def _asks_for_nan(self, name: str, side: bool) -> bool:
        """Tell whether only NaN takes the branch that was not taken: it is NaN itself, or the test is `x == x`."""
        circuit = self.circuit
        test, first, second = circuit.operands[circuit.slot(name) - circuit.first_gate]
        other = second if side else first
        if circuit.is_constant(other) and isnan(circuit.units[other].value):
            return True
        return (
            test >= circuit.first_gate
            and len(set(circuit.operands[test - circuit.first_gate])) == 1
            and (circuit.rules[test - circuit.first_gate].name in COMPARISONS)
        )

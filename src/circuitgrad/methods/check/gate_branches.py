"""The branches on which the gates of a circuit are: at a point, and elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.kinks import branch_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.kinks import Branch


class GateBranches:
    """The branches of those gates, among some, whose values have kinks.

    Args:
        circuit: the circuit.
        gates: the gates, by index.
        arithmetic: the numbers of the values.

    Attributes:
        names: the names of the gates with kinks.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("relu(x) + 1", x=0)
    >>> branches = GateBranches(circuit, [0, 1])
    >>> branches.names, [branch.tied for branch in branches.at(circuit.trace({}))]
    (['out.1'], [True])
    """

    def __init__(self, circuit: Circuit, gates: Iterable[int], arithmetic: Arithmetic = DOUBLES) -> None:
        functions = ((index, branch_function(circuit.rules[index], arithmetic)) for index in gates)
        self._functions = [(index, function) for index, function in functions if function is not None]
        self._operands = circuit.operands
        self.names = [circuit.names[index] for index, _ in self._functions]

    def at(self, values: Sequence[Any]) -> list[Branch]:
        """Return the branches of the gates with kinks, given the values of all slots."""
        return [function(*[values[slot] for slot in self._operands[index]]) for index, function in self._functions]

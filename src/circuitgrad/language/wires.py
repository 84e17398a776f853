"""The wires of a circuit in the making: numbered as they come, put into order and shared at the end."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.errors import CircuitError
from circuitgrad.gates.compiled import value_function
from circuitgrad.gates.table import SHIFT, SHIFTED_EXP, SHIFTED_LOG, find
from circuitgrad.language.nodes import NOWHERE, WORK_BETWEEN_REPORTS
from circuitgrad.language.ordering import in_order, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Mapping as Values

    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.circuit.structure import Input
    from circuitgrad.errors import Place, Source
    from circuitgrad.gates.rule import Rule
    from circuitgrad.language.nodes import Listener, NodeProblems

MOST_WIRES = 10_000_000
MOST_IDLE_TURNS = 200_000
TURNS_A_WIRE = 4
FREE_OPERANDS = 3
"""How many operands a call of a definition that takes families may have before each counts as a wire."""
UNKNOWN_SLOT = -1
IDENTITY_RULE, ADD, MAX, LOGSUMEXP = map(find, ("identity", "add", "max", "logsumexp"))


class Patience:
    """How many more turns may be taken that make no wire."""

    __slots__ = ("turns",)

    def __init__(self) -> None:
        self.turns = MOST_IDLE_TURNS


class Wires:
    """Inputs, constants and gates on their way into a circuit.

    Inputs and gates are numbered from 0 in the order in which they are added, constants from -2 down;
    `UNKNOWN_SLOT` stands for what could not be resolved.

    Attributes:
        problems: where to note what is wrong.
        limit: how many wires there may be in all.
        room: how many there may be here: a trial has what others before it have left.
        listen: is told how many there are.
        inputs: the inputs; all are added before the first gate.
        names: per wire, its name.
        rules: per wire, its rule; None for inputs and for gates that are not connected yet.
        operands: per wire, the numbers of its operands.
        at: per wire, the offset at which it is written.
        values: the constants.
    """

    def __init__(self, problems: NodeProblems, limit: int = MOST_WIRES, listen: Listener | None = None) -> None:
        self.problems = problems
        self.limit = limit
        self.room = limit
        self.listen = listen
        self.inputs: list[Input] = []
        self.names: list[str] = []
        self.rules: list[Rule | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.at = array("q")
        self.values: list[float] = []
        self._constants: dict[str, int] = {}
        self._patience = Patience()
        self._turned = 0
        self._left = max(limit, MOST_WIRES)
        self._trial: Wires | None = None
        self._counts: dict[str, int] = {}
        self._merged: dict[int, int] = {}
        self._generated: dict[str, int] | None = None
        self._ordered: Sequence[int] | None = None

    def add(self, name: str, at: int, rule: Rule | None = None, operands: tuple[int, ...] = ()) -> int:
        """Add a wire and return its number.

        Raises:
            CircuitError: there are too many.
        """
        number = len(self.names)
        if number >= self.room:
            raise self.too_many(at)
        if number % WORK_BETWEEN_REPORTS == 0 and self.listen is not None:
            self.listen("wires", number, None)
        self.names.append(name)
        self.rules.append(rule)
        self.operands.append(operands)
        self.at.append(at)
        return number

    def too_many(self, at: int) -> CircuitError:
        """Return the error that says that what stands at an offset makes too many wires."""
        message = f"the circuit has more than {self.limit:,} wires"
        return CircuitError.of(message, _place(self.problems.source, at), "--max-wires N allows more")

    def reserve(self, count: int, at: int) -> None:
        """Refuse at once what would add `count` wires or more where there is no room for so many.

        Raises:
            CircuitError: there is not.
        """
        if len(self.names) + count > self.room:
            raise self.too_many(at)

    def turn(self, at: int, turns: int = 1) -> None:
        """Count a turn of the loop, or the call, at an offset: it takes time though it may make no wire.

        Args:
            at: the offset.
            turns: as how many turns it counts.

        Raises:
            CircuitError: too many turns have made none.
        """
        patience, count = self._patience, len(self.names)
        if count > self._turned:
            patience.turns += TURNS_A_WIRE * (count - self._turned)
            self._turned = count
        patience.turns -= turns
        if patience.turns < 0:
            message = f"loops and calls of the circuit take more than {MOST_IDLE_TURNS:,} turns that make no wire"
            raise CircuitError.of(message, _place(self.problems.source, at))

    def count_operands(self, count: int, at: int) -> None:
        """Count the operands of a call that takes families: they take room though they may make no wires.

        Raises:
            CircuitError: there are too many.
        """
        self.room -= max(0, count - FREE_OPERANDS)
        self.reserve(0, at)

    def trial(self, problems: NodeProblems) -> Wires:
        """Return empty wires, to try out a definition of the file: the wires and turns of all trials are limited."""
        if self._trial is not None:
            self._left -= len(self._trial.names)
        trial = self._trial = Wires(problems, self.limit)
        trial.room = min(self.limit, self._left)
        trial._patience = self._patience
        return trial

    def constant(self, value: float) -> int:
        """Return the number of a constant."""
        key = repr(value)
        number = self._constants.get(key)
        if number is None:
            number = self._constants[key] = -2 - len(self.values)
            self.values.append(value)
        return number

    def value(self, number: int) -> float | None:
        """Return a constant's value; None for a wire."""
        return self.values[-2 - number] if number < UNKNOWN_SLOT else None

    def connect(self, number: int, rule: Rule | None, operands: Sequence[int], at: int) -> None:
        """Make the wire `number` the output of a gate, whose operands are folded from the left if they are many."""
        if rule is not None and len(operands) > rule.arity:
            rule, operands = self._folded(self.names[number], rule, operands, at)
        self.rules[number], self.operands[number], self.at[number] = rule, tuple(operands), at

    def gate(self, parent: str, rule: Rule | None, operands: Sequence[int], at: int) -> int:
        """Return the number of a gate inside the formula of `parent`; of a constant when all its operands are."""
        if rule is not None and len(operands) > rule.arity:
            rule, operands = self._folded(parent, rule, operands, at)
        if rule is not None and max(operands) < UNKNOWN_SLOT:
            value = value_function(rule)(*[self.values[-2 - operand] for operand in operands])
            if math.isfinite(value):
                return self.constant(value)
        return self.add(self.inner_name(parent), at, rule, tuple(operands))

    def last(self, number: int, rule: Rule, operands: tuple[int, ...], at: int) -> bool:
        """Make the wire `number` the output of the last gate of its formula, if it is a gate, and tell whether it is.

        This is what `gate` and `settle` come to in that case, one after the other.

        Raises:
            CircuitError: there are too many wires.
        """
        if max(operands) < UNKNOWN_SLOT:
            return False
        if len(self.names) >= self.room:
            raise self.too_many(at)
        self.rules[number], self.operands[number], self.at[number] = rule, operands, at
        return True

    def _folded(self, parent: str, rule: Rule, operands: Sequence[int], at: int) -> tuple[Rule, tuple[int, int]]:
        """Add all gates of a fold but the last one; return the rule and the operands of that."""
        if rule is LOGSUMEXP:
            largest = self._fold(parent, MAX, operands, at)
            shift = self.gate(parent, SHIFT, (largest,), at)
            exponentials = [self.gate(parent, SHIFTED_EXP, (operand, shift), at) for operand in operands]
            return SHIFTED_LOG, (shift, self._fold(parent, ADD, exponentials, at))
        return rule, (self._fold(parent, rule, operands[:-1], at), operands[-1])

    def _fold(self, parent: str, rule: Rule, operands: Sequence[int], at: int) -> int:
        result, *others = operands
        for operand in others:
            result = self.gate(parent, rule, (result, operand), at)
        return result

    def inner_name(self, parent: str) -> str:
        """Return a new name inside the formula of `parent`."""
        count = self._counts[parent] = self._counts.get(parent, 0) + 1
        return f"{parent}.{count}"

    def settle(self, number: int, result: int, start: int, at: int) -> None:
        """Make the wire `number` what its formula has come to.

        Args:
            number: the wire.
            result: the number of the formula's result.
            start: the first number that was added for the formula.
            at: the offset of the formula.
        """
        if result == UNKNOWN_SLOT:
            return
        if result < start:
            self.connect(number, IDENTITY_RULE, (result,), at)
            return
        self.rules[number], self.operands[number], self.at[number] = (
            self.rules[result],
            self.operands[result],
            self.at[result],
        )
        parent, _, count = self.names[-1].rpartition(".")
        # Others may have the result as an operand, unless it is what came last and has only a number for a name.
        if result < len(self.names) - 1 or count != str(self._counts.get(parent)):
            self._merged[result] = number
            return
        for column in (self.names, self.rules, self.operands):
            column.pop()
        self.at.pop()
        self._counts[parent] -= 1

    def find(self, name: str) -> int | None:
        """Return the number of the wire of this name, also of one inside a formula; all have to be connected."""
        if self._generated is None:
            self._generated = {
                name: number for number, name in enumerate(self.names) if "." in name and number not in self._merged
            }
        return self._generated.get(name)

    def fed(self) -> set[int]:
        """Return the numbers of all wires that feed a gate."""
        fed = {operand for operands in self.operands for operand in operands}
        return {self._final(operand) for operand in fed} if self._merged else fed

    def _final(self, number: int) -> int:
        """Return the number of the wire that stands in for a wire, or the wire itself."""
        while number in self._merged:
            number = self._merged[number]
        return number

    def cycles(self) -> Iterable[list[str]]:
        """Yield the loops among the gates, each as the names along it, in the direction of the signal.

        All gates have to be connected: the order that is found is also the circuit's.
        """
        self._ordered, cycles = self._order()
        for cycle in cycles:
            names = [self.names[number] for number in cycle]
            outer = [name for name in names if "." not in name] or names
            yield [outer[-1], *outer]

    def _order(self) -> tuple[Sequence[int], list[list[int]]]:
        if self._merged:
            merged = {number: self._final(number) for number in self._merged}
            for number, operands in enumerate(self.operands):
                self.operands[number] = tuple([merged.get(operand, operand) for operand in operands])
            for number in merged:
                self.operands[number] = ()
        skipped = self._merged.keys()
        return in_order(self.operands, len(self.inputs), self._inner, skipped)

    def _inner(self, number: int) -> bool:
        """Tell whether a wire belongs inside the formula of another one."""
        return "." in self.names[number]

    def circuit(
        self,
        name: str,
        outputs: Sequence[str],
        *,
        about: str = "",
        expect: Values[str, float] | None = None,
        data: str | None = None,
        rows_options: RowsOptions = FOUND,
        optimize: Optimization | None = None,
        locate: Callable[[str], Place | None] | None = None,
        kept: Iterable[str] = (),
        share: bool = True,
    ) -> Circuit:
        """Return the circuit: inputs, constants, then the gates in an order in which operands come first.

        Args:
            name: what it is called.
            outputs: its outputs.
            about: what it computes.
            expect: the values that its file expects.
            data: the path of its rows.
            rows_options: how they are read.
            optimize: its file's `optimize` block.
            locate: returns the place of a wire; without it the wires' own offsets do.
            kept: the wires inside formulas that are asked for by name.
            share: whether gates inside formulas that compute the same become one.
        """
        order = self._order()[0] if self._ordered is None else self._ordered
        if share and any("." in name for name in self.names):
            asked = {self.find(name) for name in (*outputs, *kept) if "." in name}
            same = shared(
                order, self.rules, self.operands, lambda number: "." in self.names[number] and number not in asked
            )
            if same:
                self._merged.update(same)
                order, _ = self._order()
        inputs, constants = len(self.inputs), len(self.values)
        operands: Sequence[tuple[int, ...]]
        if not constants and isinstance(order, range):
            operands = self.operands[inputs:]
        else:
            slots = [*range(inputs), *([0] * (len(self.names) - inputs))]
            for slot, number in enumerate(order, inputs + constants):
                slots[number] = slot
            # A constant's number, from -2 down, becomes its slot behind the inputs.
            operands = [
                tuple([slots[operand] if operand >= 0 else inputs - 2 - operand for operand in self.operands[number]])
                for number in order
            ]
        at = self.at[:inputs] + array("q", [NOWHERE]) * constants + array("q", map(self.at.__getitem__, order))
        source = self.problems.source  # and not self, which is to be forgotten

        def place_of(wire: str) -> Place | None:
            return _place(source, at[circuit.slot(wire)])

        circuit = Circuit(
            name,
            self.inputs,
            self.values,
            [self.names[number] for number in order],
            [rule for number in order if (rule := self.rules[number]) is not None],
            operands,
            outputs,
            about=about,
            expect=expect,
            data=data,
            rows_options=rows_options,
            optimize=optimize,
            locate=locate or place_of,
        )
        return circuit


def _place(source: Source, at: int) -> Place | None:
    return None if at == NOWHERE else source.place(at)

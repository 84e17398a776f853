"""The structure of a circuit: its wires, what they depend on, and the passes over them, none of which keeps anything.

Wires are numbered by slot: first the inputs, then the constants, then the gates, each gate after its operands. A
forward pass runs through the gates from left to right, a backward pass from right to left; neither recurses.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.circuit.units import Gate, class_of
from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.formulas.steps import Call, Name, Number
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.table import SHIFTED_EXP, SHIFTED_LOG, find

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule


class Input(NamedTuple):
    """A leaf of the circuit.

    Attributes:
        name: the wire's name.
        value: the value to start from.
        fixed: whether `optimize` leaves it alone.
        min: the least value that `optimize` may give it.
        max: the largest.
        about: a few words of help.
    """

    name: str
    value: float
    fixed: bool = False
    min: float = -inf
    max: float = inf
    about: str = ""

    def clip(self, value: float) -> float:
        """Return `value` moved into the range from `min` to `max`."""
        return min(max(value, self.min), self.max)


class Structure:
    """Inputs, constants and gates, and how they hang together.

    Args:
        name: the circuit's name, for messages.
        inputs: the leaves, in the order in which they are shown.
        constants: the values of the literal numbers among the operands.
        names: the gates' wires, in topological order. A name with a dot in it belongs to an expanded expression.
        rules: per gate, its rule.
        operands: per gate, the slots of its operands: `len(inputs) + len(constants) + i` is gate i's.
        arithmetic: the number system of the passes.

    Attributes:
        first_gate: the slot of the first gate.
        input_names: the names of the inputs, in order.
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[Input],
        constants: Sequence[float],
        names: Sequence[str],
        rules: Sequence[Rule],
        operands: Sequence[tuple[int, ...]],
        arithmetic: Arithmetic = DOUBLES,
    ) -> None:
        self.name = name
        self.inputs = {leaf.name: leaf for leaf in inputs}
        self.constants = tuple(constants)
        self.names = names
        self.rules = rules
        self.operands = operands
        self.arithmetic = arithmetic
        self.input_names = tuple(self.inputs)
        self.first_gate = len(inputs) + len(constants)
        self._slots = {leaf.name: slot for slot, leaf in enumerate(inputs)}
        self._slots.update(zip(names, range(self.first_gate, self.first_gate + len(names)), strict=True))
        self._gates: list[Gate] = []

    # Wires

    def slot(self, name: str) -> int:
        """Return the slot of the wire called `name`.

        Raises:
            CircuitError: there is none.
        """
        slot = self._slots.get(name)
        if slot is None:
            raise CircuitError.of(
                f"the circuit {quote(self.name)} has no wire called {quote(name)}", hint=near_wire(name, self._slots)
            )
        return slot

    def input_slot(self, name: str) -> int:
        """Return the slot of the input called `name`.

        Raises:
            CircuitError: there is none.
        """
        if name not in self.inputs:
            known = "is a gate, not an input" if name in self._slots else "is not an input"
            raise CircuitError.of(f"{quote(name)} {known}", hint=near_wire(name, self.inputs))
        return self._slots[name]

    def is_constant(self, slot: int) -> bool:
        """Tell whether a slot holds a literal number."""
        return len(self.inputs) <= slot < self.first_gate

    def wires(self, *, expanded: bool = False, also: Container[str] = ()) -> Iterator[tuple[str, int]]:
        """Yield every wire's name and slot, inputs first, then gates in topological order.

        Args:
            expanded: yield also the wires of expanded expressions.
            also: names of expanded wires to yield in any case.
        """
        return ((name, slot) for name, slot in self._slots.items() if expanded or "." not in name or name in also)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __contains__(self, name: object) -> bool:
        return name in self._slots

    def __len__(self) -> int:
        """The number of wires, constants not counted."""
        return len(self._slots)

    # Dependence

    def downstream(self, *names: str) -> list[int]:
        """Return the gates that inputs reach, in topological order.

        Raises:
            CircuitError: there is no such input.

        >>> from circuitgrad import loads
        >>> circuit = loads("{inputs: {x: 1, y: 2}, gates: {p: exp(x), q: sin(y), r: p*q}}")
        >>> [circuit.names[index] for index in circuit.downstream("y")]
        ['q', 'r']
        """
        return self.reached([self.input_slot(name) for name in names])

    def reached(self, slots: Iterable[int]) -> list[int]:
        """Return the gates that slots reach, in topological order."""
        reached = set(slots)
        gates = []
        for index, operands in enumerate(self.operands):
            if not reached.isdisjoint(operands):
                gates.append(index)
                reached.add(self.first_gate + index)
        return gates

    def upstream(self, slots: Iterable[int]) -> set[int]:
        """Return the gates that slots depend on."""
        needed = set(slots)
        gates = set()
        for index in reversed(range(len(self.operands))):
            if self.first_gate + index in needed:
                gates.add(index)
                needed.update(self.operands[index])
        return gates

    def call(self, gate: int) -> tuple[str, Sequence[int]]:
        """Return the name and the operands' slots with which a gate can be written in a formula.

        The last gate of a `logsumexp` of many operands is the call of all of them. Its inner gates have no such names.

        Args:
            gate: the gate.

        >>> from circuitgrad import from_expression
        >>> from_expression("logsumexp(a, b, c)", a=1, b=2, c=3).call(8)
        ('logsumexp', [0, 1, 2])
        """
        rule, slots = self.rules[gate], self.operands[gate]
        if rule is not SHIFTED_LOG:
            return rule.name, slots
        operands: list[int] = []
        pending = [slots[1]]
        while pending:
            index = pending.pop() - self.first_gate
            if index < 0 or self.rules[index] not in (find("add"), SHIFTED_EXP):
                return rule.name, slots  # of constants alone: nothing is left of the operands
            if self.rules[index] is SHIFTED_EXP:
                operands.append(self.operands[index][0])
            else:
                pending += reversed(self.operands[index])
        return "logsumexp", operands

    def formula(self, slot: int, descends: Callable[[str], bool], longest: int) -> list[Step]:
        """Return the formula of a slot, in postfix order.

        Args:
            slot: the slot.
            descends: tells, by its name, whether a gate is written out; other gates are named.
            longest: the most gates that are written out; deeper ones are named.

        >>> from circuitgrad import from_expression
        >>> circuit = from_expression("sin(a) + 1", a=2)
        >>> [step[0] for step in circuit.formula(circuit.slot("out"), lambda name: True, 9)]
        ['a', 'sin', 1.0, 'add']
        """
        backwards: list[Step] = []
        work: list[int | Call] = [slot]
        while work:
            current = work.pop()
            if isinstance(current, Call):
                backwards.append(current)
            elif current < len(self.input_names):
                backwards.append(Name(self.input_names[current], 0))
            elif self.is_constant(current):
                backwards.append(Number(self.constants[current - len(self.input_names)], 0))
            elif len(backwards) > longest or not descends(self.names[current - self.first_gate]):
                backwards.append(Name(self.names[current - self.first_gate], 0))
            else:
                name, operands = self.call(current - self.first_gate)
                arity = min(len(operands), self.rules[current - self.first_gate].arity)
                backwards.append(Call(name, arity, 0))
                work.extend(operands[:arity])
                for operand in operands[arity:]:  # many operands are folded from the left
                    work += Call(name, arity, 0), operand
        return backwards[::-1]

    # Passes

    @property
    def gates(self) -> Sequence[Gate]:
        """The gate objects, in topological order."""
        if not self._gates:
            self._gates = [class_of(rule, self.arithmetic)() for rule in self.rules]
        return self._gates

    def run_forward(self, cells: list[Any], method: str, gates: Iterable[int]) -> None:
        """Put the results of gates into their cells: the one loop of a forward pass.

        Args:
            cells: per slot, its number, or its unit.
            method: the function of the gate objects on cells of this kind: `value_function`, or `forward` for units.
            gates: the gates, in topological order.
        """
        objects, first, slots = self.gates, self.first_gate, self.operands
        for index in gates:
            cells[first + index] = getattr(objects[index], method)(*[cells[slot] for slot in slots[index]])

    def compute(self, values: list[Any], gates: Iterable[int]) -> None:
        """Compute gates from the values of all slots, and put theirs among them.

        Args:
            values: the values of all slots.
            gates: the gates, in topological order.
        """
        self.run_forward(values, "value_function", gates)

    def retrace(self, values: Sequence[Any], name: str, value: Any, gates: Iterable[int]) -> list[Any]:
        """Return the values of all slots with another value for one input, from those at some point.

        Args:
            values: the values of all slots.
            name: the input.
            value: its other value, in the number system.
            gates: the gates that it reaches; see `downstream`.
        """
        moved = list(values)
        moved[self.input_slot(name)] = value
        self.compute(moved, gates)
        return moved

    def gradients(self, values: Sequence[Any], output: str, gates: Sequence[int]) -> list[Any]:
        """Return the derivatives of an output with respect to all slots at some point: the one backward loop.

        Args:
            values: the values of all slots at that point, as `retrace` gives them.
            output: the wire to differentiate.
            gates: the gates to go through, in topological order. With those between some inputs and the output, the
                derivatives in these inputs are right, and so are those in the gates themselves.

        Raises:
            CircuitError: there is no such wire.

        >>> from circuitgrad import from_expression
        >>> circuit = from_expression("x*y", x=-2, y=3)
        >>> circuit.gradients(circuit.trace({"y": 4}), "out", [0])
        [4.0, -2.0, 1.0]
        """
        grads = [self.arithmetic.number(0.0)] * len(values)
        grads[self.slot(output)] = self.arithmetic.number(1.0)
        objects, first = self.gates, self.first_gate
        for index in reversed(gates):
            slots = self.operands[index]
            operands = [values[slot] for slot in slots]
            contributions = objects[index].contributions(grads[first + index], values[first + index], operands)
            for slot, contribution in zip(slots, contributions, strict=True):
                grads[slot] += contribution
        return grads


def near_wire(name: str, names: Iterable[str]) -> str | None:
    """Return a hint for an unknown name of a wire: a member of the family of this name, or a name that is near.

    >>> near_wire("w", ["v", "w[0]", "w[1]"]), near_wire("w11", ["v", "w1"])
    ("'w' is a family: name a member, such as 'w[0]'", "did you mean 'w1'?")
    """
    member = next((candidate for candidate in names if candidate.startswith(f"{name}[")), None)
    if member is not None:
        return f"{quote(name)} is a family: name a member, such as {quote(member)}"
    return did_you_mean(name, names)

"""A circuit: wires in topological order, their values forward, their gradients backward.

Wires are numbered by slot: first the inputs, then the constants, then the gates, each gate after its operands. A
forward pass runs through the gates from left to right, a backward pass from right to left; neither recurses.
"""

from __future__ import annotations

from copy import copy
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.circuit.notebook import display
from circuitgrad.circuit.units import Gate, Unit, class_of
from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.formulas.steps import Call, Name, Number
from circuitgrad.gates.doubles import DOUBLES

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.errors import Place
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
        about: what it is, in words.
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


class Gradients(dict[str, float]):
    """The gradients of a pass by wire: a dictionary like any other, which a notebook shows as a table.

    Args:
        gradients: the gradients.
        circuit: the circuit, as the pass left it.
        output: the wire that was differentiated.
    """

    __slots__ = ("_circuit", "_output", "_passed")

    def __init__(self, gradients: Mapping[str, float], circuit: Circuit, output: str) -> None:
        super().__init__(gradients)
        self._circuit, self._output = circuit, output
        self._passed = [unit.value for unit in circuit.units]

    def __reduce__(self) -> tuple[type, tuple[dict[str, float]]]:
        """Be copied and pickled as a dictionary alone."""
        return dict, (dict(self),)

    def _repr_html_(self) -> str | None:
        values = {name: self._passed[self._circuit.slot(name)] for name in self._circuit}
        return display().pass_html(self._circuit, self._output, values, self)


class Circuit:
    """A circuit ready to run. `load`, `loads` and `from_expression` make one.

    Args:
        name: what the circuit is called.
        inputs: the leaves, in the order in which they are shown.
        constants: the values of the literal numbers among the operands.
        names: the gates' wires, in topological order. A name with a dot in it belongs to an expanded expression.
        rules: per gate, its rule.
        operands: per gate, the slots of its operands: `len(inputs) + len(constants) + i` is gate i's.
        outputs: the names of the outputs, at least one.
        about: what it computes, in words.
        expect: values that `check` verifies, by wire.
        data: the path of the rows that the circuit's file names for `optimize`, or None.
        optimize: the file's `optimize` block, or None.
        locate: returns where a gate is written, by the wire's name, or None when that is not known.
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[Input],
        constants: Sequence[float],
        names: Sequence[str],
        rules: Sequence[Rule],
        operands: Sequence[tuple[int, ...]],
        outputs: Sequence[str],
        *,
        about: str = "",
        expect: Mapping[str, float] | None = None,
        data: str | None = None,
        optimize: Optimization | None = None,
        locate: Callable[[str], Place | None] = lambda _: None,
    ) -> None:
        self.name = name
        self.about = about
        self.inputs = {leaf.name: leaf for leaf in inputs}
        self.constants = tuple(constants)
        self.names = names
        self.rules = rules
        self.operands = operands
        self.outputs = tuple(outputs)
        self.expect = dict(expect or {})
        self.data = data
        self.optimize = optimize
        self.locate = locate
        self.input_names = tuple(self.inputs)
        self.first_gate = len(inputs) + len(constants)
        self._slots = {leaf.name: slot for slot, leaf in enumerate(inputs)}
        self._slots.update(zip(names, range(self.first_gate, self.first_gate + len(names)), strict=True))
        self._units = [Unit(leaf.value) for leaf in inputs] + [Unit(value) for value in constants]
        self._gates: list[Gate] = []
        self._arithmetic = DOUBLES

    def over(self, arithmetic: Arithmetic) -> Circuit:
        """Return the same circuit with numbers of another kind, at the inputs' present values.

        >>> from circuitgrad import from_expression
        >>> from circuitgrad.gates.multiprecision import MULTIPRECISION
        >>> from_expression("x/3", x=1).over(MULTIPRECISION).forward()["out"]
        mpf('0.33333333333333331')
        """
        twin = copy(self)
        twin._arithmetic = arithmetic  # noqa: SLF001 - its own class
        twin._units = [Unit(arithmetic.number(unit.value)) for unit in self._units[: self.first_gate]]  # noqa: SLF001
        twin._gates = []  # noqa: SLF001
        return twin

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

    def is_constant(self, slot: int) -> bool:
        """Tell whether a slot holds a literal number."""
        return len(self.inputs) <= slot < self.first_gate

    def wires(self, *, expanded: bool = False, also: Container[str] = ()) -> Iterator[tuple[str, int]]:
        """Yield every wire's name and slot, inputs first, then gates in topological order.

        Args:
            expanded: yield also the wires that come from an expanded expression.
            also: of these, yield those that are named here all the same.
        """
        return ((name, slot) for name, slot in self._slots.items() if expanded or "." not in name or name in also)

    @property
    def units(self) -> Sequence[Unit]:
        """The units of all slots, as the last pass left them."""
        if len(self._units) < self.first_gate + len(self.rules):
            self.run()
        return self._units

    @property
    def gates(self) -> Sequence[Gate]:
        """The gate objects, in topological order."""
        if not self._gates:
            self._gates = [class_of(rule, self._arithmetic)() for rule in self.rules]
        return self._gates

    def __getitem__(self, name: str) -> Unit:
        """Return the unit of the wire called `name`. An input's may be given another value for the next pass."""
        return self.units[self.slot(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    def __contains__(self, name: object) -> bool:
        return name in self._slots

    def __len__(self) -> int:
        """The number of wires, constants not counted."""
        return len(self._slots)

    def forward(self) -> dict[str, float]:
        """Compute every wire from the inputs' present values; return the values by name.

        Overflow and undefined results are values (inf, NaN), never exceptions.
        """
        self.run()
        return {name: self._units[slot].value for name, slot in self._slots.items()}

    def backward(self, output: str | None = None) -> dict[str, float]:
        """Compute every wire, then the derivative of `output` with respect to every wire; return these by name.

        The gradients start from 0 in every pass, so that calling twice gives the same. A notebook shows what is
        returned as a table.

        Args:
            output: the wire to differentiate; the circuit's output when left out.

        Raises:
            CircuitError: there is no such wire, or several outputs and none named.
        """
        name = self.single_output() if output is None else output
        target = self.slot(name)
        self.run()
        self.pull_back(target)
        return Gradients({wire: self._units[slot].grad for wire, slot in self._slots.items()}, self, name)

    def jacobian(self, outputs: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
        """Return the derivatives of several outputs with respect to every wire: one `backward` for each.

        Args:
            outputs: the wires to differentiate; the circuit's outputs when left out.
        """
        return {output: self.backward(output) for output in (self.outputs if outputs is None else outputs)}

    def single_output(self) -> str:
        """Return the name of the one output.

        Raises:
            CircuitError: there are several.
        """
        if len(self.outputs) > 1:
            raise CircuitError.of(
                f"the circuit {quote(self.name)} has several outputs: {', '.join(map(quote, self.outputs))}",
                hint="name one of them, as with --output NAME",
            )
        return self.outputs[0]

    def evaluate(self, output: str, inputs: Mapping[str, float]) -> float:
        """Return the value of one wire, with other values for some inputs. The circuit stays as the last pass left it.

        Raises:
            CircuitError: there is no such wire or input.

        >>> from circuitgrad import from_expression
        >>> circuit = from_expression("x*y", x=-2, y=3)
        >>> circuit.evaluate("out", {"y": 4}), circuit["out"].value
        (-8.0, -6.0)
        """
        slot = self.slot(output)
        return self.trace(inputs, slot)[slot]

    def trace(self, inputs: Mapping[str, float], last: int | None = None) -> list[float]:
        """Return the values of all slots, with other values for some inputs. The circuit stays as it was.

        Args:
            inputs: the other values, by name.
            last: the slot behind which nothing is wanted; all are when left out.

        Raises:
            CircuitError: there is no such input.
        """
        values = [unit.value for unit in self._units[: self.first_gate]]
        for name, value in inputs.items():
            values[self._input(name)] = self._arithmetic.number(value)
        count = len(self.gates) if last is None else max(0, last + 1 - self.first_gate)
        values.extend([0.0] * count)
        self.compute(values, range(count))
        return values

    def downstream(self, *names: str) -> list[int]:
        """Return the gates that inputs reach, in topological order.

        Raises:
            CircuitError: there is no such input.

        >>> from circuitgrad import loads
        >>> circuit = loads("{inputs: {x: 1, y: 2}, gates: {p: exp(x), q: sin(y), r: p*q}}")
        >>> [circuit.names[index] for index in circuit.downstream("y")]
        ['q', 'r']
        """
        return self.reached([self._input(name) for name in names])

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

    def retrace(self, values: Sequence[Any], name: str, value: Any, gates: Iterable[int]) -> list[Any]:
        """Return the values of all slots with another value for one input, from those at some point.

        Args:
            values: the values of all slots.
            name: the input.
            value: its other value, a number of the circuit's arithmetic.
            gates: the gates that it reaches; see `downstream`.
        """
        moved = list(values)
        moved[self._input(name)] = value
        self.compute(moved, gates)
        return moved

    def compute(self, values: list[Any], gates: Iterable[int]) -> None:
        """Compute gates from the values of all slots, among which theirs are put.

        Args:
            values: the values of all slots.
            gates: the gates, in topological order.
        """
        rules, first, slots = self.gates, self.first_gate, self.operands
        for index in gates:
            values[first + index] = rules[index].value_function(*[values[slot] for slot in slots[index]])

    def gradients(self, values: Sequence[Any], output: str, gates: Sequence[int]) -> list[Any]:
        """Return the derivatives of an output with respect to all slots at some point, as `backward` adds them up.

        Args:
            values: the values of all slots at that point, as `trace` and `retrace` give them.
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
        grads = [self._arithmetic.number(0.0)] * len(values)
        grads[self.slot(output)] = self._arithmetic.number(1.0)
        rules, first, slots = self.gates, self.first_gate, self.operands
        for index in reversed(gates):
            upstream = grads[first + index]
            if upstream:
                operands = slots[index]
                partials = rules[index].partials_function(*[values[slot] for slot in operands], values[first + index])
                for slot, partial in zip(operands, partials, strict=True):
                    grads[slot] += partial * upstream
        return grads

    def assign(self, values: Mapping[str, float]) -> None:
        """Give inputs new values for the next pass.

        Raises:
            CircuitError: a name is not an input's.
        """
        slots = [self._input(name) for name in values]
        for slot, value in zip(slots, values.values(), strict=True):
            self._units[slot].value = self._arithmetic.number(value)

    def _input(self, name: str) -> int:
        if name not in self.inputs:
            known = "is a gate, not an input" if name in self._slots else "is not an input"
            raise CircuitError.of(f"{quote(name)} {known}", hint=near_wire(name, self.inputs))
        return self._slots[name]

    def values(self) -> dict[str, float]:
        """Return the inputs' present values by name."""
        return {name: self._units[self._slots[name]].value for name in self.inputs}

    def run(self) -> None:
        """Compute every wire from the inputs' present values; `units` holds the results."""
        units = self._units
        del units[self.first_gate :]
        for gate, operands in zip(self.gates, self.operands, strict=True):
            units.append(gate.forward(*[units[slot] for slot in operands]))

    def pull_back(self, slot: int) -> None:
        """Compute the derivative of a slot in every slot, where the last pass left them; `units` holds the results."""
        for unit in self._units:
            unit.grad = 0.0
        self._units[slot].grad = 1.0
        for gate in reversed(self._gates):
            gate.backward()

    def formula(self, slot: int, descends: Callable[[str], bool], longest: int) -> list[Step]:
        """Return the formula of a slot, in postfix order.

        Args:
            slot: the slot.
            descends: tells, by its name, whether a gate is written out; other gates are named.
            longest: how many gates are written out; what lies deeper is named.

        >>> from circuitgrad import from_expression
        >>> circuit = from_expression("sin(a) + 1", a=2)
        >>> [step[0] for step in circuit.formula(circuit.slot("out"), lambda name: True, 9)]
        ['a', 'sin', 1.0, 'add']
        """
        backwards: list[Step] = []
        work = [slot]
        while work:
            current = work.pop()
            if current < len(self.input_names):
                backwards.append(Name(self.input_names[current], 0))
            elif self.is_constant(current):
                backwards.append(Number(self.constants[current - len(self.input_names)], 0))
            elif len(backwards) > longest or not descends(self.names[current - self.first_gate]):
                backwards.append(Name(self.names[current - self.first_gate], 0))
            else:
                operands = self.operands[current - self.first_gate]
                backwards.append(Call(self.rules[current - self.first_gate].name, len(operands), 0))
                work.extend(operands)
        return backwards[::-1]

    def _repr_svg_(self) -> str | None:
        """Return the circuit's drawing, for notebooks; None where what draws is not installed."""
        return display().circuit_svg(self)

    def __repr__(self) -> str:
        return f"<Circuit {self.name}: {len(self.inputs)} inputs, {len(self.rules)} gates>"


def near_wire(name: str, names: Iterable[str]) -> str | None:
    """Return a hint for the name of a wire that is none: a member of the family of this name, or a name that is near.

    >>> near_wire("w", ["v", "w[0]", "w[1]"]), near_wire("w11", ["v", "w1"])
    ("'w' is a family: name a member, such as 'w[0]'", "did you mean 'w1'?")
    """
    member = next((one for one in names if one.startswith(f"{name}[")), None)
    if member is not None:
        return f"{quote(name)} is a family: name a member, such as {quote(member)}"
    return did_you_mean(name, names)

"""A circuit ready to run: a structure whose wires carry units, which hold the values and gradients of the last pass."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.gradients import Gradients
from circuitgrad.circuit.notebook import display
from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.circuit.structure import Structure
from circuitgrad.circuit.units import Unit
from circuitgrad.errors import CircuitError, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.circuit.structure import Input
    from circuitgrad.errors import Place
    from circuitgrad.gates.arithmetic import Arithmetic
    from circuitgrad.gates.rule import Rule


class Circuit(Structure):
    """A circuit ready to run. `load`, `loads` and `from_expression` make one.

    Args:
        name: what the circuit is called.
        inputs: the leaves, in the order in which they are shown.
        constants: the values of the literal numbers among the operands.
        names: the gates' wires, in topological order. A name with a dot in it belongs to an expanded expression.
        rules: per gate, its rule.
        operands: per gate, the slots of its operands: `len(inputs) + len(constants) + i` is gate i's.
        outputs: the names of the outputs, at least one.
        about: a few words of help.
        expect: values that `check` verifies, by wire.
        data: the path of the rows that the circuit's file names for `optimize`, or None.
        rows_options: how these rows are read.
        optimize: what the file's `optimize` block says, or None.
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
        rows_options: RowsOptions = FOUND,
        optimize: Optimization | None = None,
        locate: Callable[[str], Place | None] = lambda _: None,
    ) -> None:
        super().__init__(name, inputs, constants, names, rules, operands)
        self.about = about
        self.outputs = tuple(outputs)
        self.expect = dict(expect or {})
        self.data = data
        self.rows_options = rows_options
        self.optimize = optimize
        self.locate = locate
        self._units = [*map(Unit, [*(leaf.value for leaf in inputs), *constants])]

    def fixed_inputs(self) -> list[str]:
        """Return the names of the inputs that are marked fixed."""
        return [name for name, leaf in self.inputs.items() if leaf.fixed]

    def over(self, arithmetic: Arithmetic) -> Circuit:
        """Return the same circuit in another number system, at the inputs' present values.

        >>> from circuitgrad import from_expression
        >>> from circuitgrad.gates.multiprecision import MULTIPRECISION
        >>> from_expression("x/3", x=1).over(MULTIPRECISION).forward()["out"]
        mpf('0.33333333333333331')
        """
        twin = copy(self)
        twin.arithmetic = arithmetic
        twin._units = [Unit(arithmetic.number(unit.value)) for unit in self._units[: self.first_gate]]  # noqa: SLF001
        twin._gates = []  # noqa: SLF001 - its own class
        return twin

    @property
    def units(self) -> Sequence[Unit]:
        """The units of all slots, as the last pass left them."""
        if len(self._units) < self.first_gate + len(self.rules):
            self.run()
        return self._units

    def __getitem__(self, name: str) -> Unit:
        """Return the unit of the wire called `name`. An input's may be given another value for the next pass."""
        return self.units[self.slot(name)]

    def values(self) -> dict[str, float]:
        """Return the inputs' present values by name."""
        return {name: self._units[self._slots[name]].value for name in self.inputs}

    def assign(self, values: Mapping[str, float]) -> None:
        """Give inputs new values for the next pass.

        Raises:
            CircuitError: a name is not an input's.
        """
        slots = [self.input_slot(name) for name in values]
        for slot, value in zip(slots, values.values(), strict=True):
            self._units[slot].value = self.arithmetic.number(value)

    def forward(self) -> dict[str, float]:
        """Compute every wire from the inputs' present values; return the values by name.

        Overflow and undefined results are values (inf, NaN), never exceptions.
        """
        self.run()
        return {name: self._units[slot].value for name, slot in self._slots.items()}

    def backward(self, output: str | None = None) -> dict[str, float]:
        """Compute every wire, then the derivative of `output` with respect to every wire; return these by name.

        The gradients start from 0 in every pass, so that calling twice gives the same. A notebook shows the result
        as a table.

        Args:
            output: the wire to differentiate; the circuit's output when left out.

        Raises:
            CircuitError: there is no such wire, or several outputs and none named.
        """
        name = self.single_output() if output is None else output
        self.slot(name)  # which refuses an unknown wire before the pass
        self.run()
        return self.differentiate(name)

    def jacobian(self, outputs: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
        """Return the derivatives of several outputs with respect to every wire: one forward, and a backward for each.

        Args:
            outputs: the wires to differentiate; the circuit's outputs when left out.

        Raises:
            CircuitError: there is no such wire.
        """
        targets = self.outputs if outputs is None else tuple(outputs)
        for output in targets:
            self.slot(output)  # which refuses an unknown wire before the pass
        self.run()
        return {output: self.differentiate(output) for output in targets}

    def differentiate(self, output: str) -> dict[str, float]:
        """Return the derivative of `output` with respect to every wire, where the last forward pass left them.

        A circuit that had none yet runs forward first.

        Raises:
            CircuitError: there is no such wire.
        """
        self.pull_back(self.slot(output))
        units = self._units
        gradients = {wire: units[slot].grad for wire, slot in self._slots.items()}
        return Gradients(gradients, self, output, [unit.value for unit in units])

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
            last: the last slot that is wanted; all are when left out.

        Raises:
            CircuitError: there is no such input.
        """
        values = [unit.value for unit in self._units[: self.first_gate]]
        for name, value in inputs.items():
            values[self.input_slot(name)] = self.arithmetic.number(value)
        count = len(self.rules) if last is None else max(0, last + 1 - self.first_gate)
        values.extend([0.0] * count)
        self.compute(values, range(count))
        return values

    def run(self) -> None:
        """Compute every wire from the inputs' present values; `units` holds the results."""
        units: list[Any] = [*self._units[: self.first_gate], *[None] * len(self.rules)]
        self.run_forward(units, "forward", range(len(self.rules)))
        self._units = units

    def pull_back(self, slot: int) -> None:
        """Compute the derivative of a slot in every slot, where the last pass left them; `units` holds the results."""
        units = self.units
        for unit in units:
            unit.grad = 0.0
        units[slot].grad = 1.0
        for gate in reversed(self._gates):
            gate.backward()

    def _repr_svg_(self) -> str | None:
        """Return the circuit's drawing, for notebooks; None where its drawer is not installed."""
        return display().circuit_svg(self)

    def __repr__(self) -> str:
        return f"<Circuit {self.name}: {len(self.inputs)} inputs, {len(self.rules)} gates>"

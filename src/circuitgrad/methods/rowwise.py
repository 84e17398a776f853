"""A circuit at every row of data: the same passes as at a single point, without a dictionary of every wire."""

from __future__ import annotations

from array import array
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import Problem
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.rows import Rows


class Wanted(NamedTuple):
    """What is wanted of every row, as columns: the values of wires, then output by output their derivatives.

    Attributes:
        values: the wires whose values are wanted.
        outputs: the wires whose derivatives are wanted.
        wrt: the wires that these are taken in.
    """

    values: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()

    @property
    def titles(self) -> list[str]:
        """The names of the columns.

        >>> Wanted(("s",), ("s",), ("a", "b")).titles
        ['s', 'ds/da', 'ds/db']
        """
        return [*self.values, *(f"d{output}/d{name}" for output in self.outputs for name in self.wrt)]


def over_rows(circuit: Circuit, bound: Sequence[str], wanted: Wanted) -> Callable[[Rows], list[array[float]]]:
    """Return a function that computes the wanted columns of a block of rows.

    Args:
        circuit: the circuit; inputs that are not bound keep their present values.
        bound: the inputs that the rows give values, in the order of their columns.
        wanted: the columns.

    Raises:
        CircuitError: there is no such wire or input.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.rows import Rows
    >>> circuit = from_expression("x**2 + c", x=0, c=1)
    >>> rows = Rows({"x": array("d", [2, 3])}, [2, 3], ())
    >>> over_rows(circuit, ["x"], Wanted(("out",)))(rows)
    [array('d', [5.0, 10.0])]
    >>> over_rows(circuit, ["x"], Wanted(("out",), ("out",), ("x", "c")))(rows)
    [array('d', [5.0, 10.0]), array('d', [4.0, 6.0]), array('d', [1.0, 1.0])]
    """
    return _gradients(circuit, bound, wanted) if wanted.outputs else _values(circuit, bound, wanted)


def _values(circuit: Circuit, bound: Sequence[str], wanted: Wanted) -> Callable[[Rows], list[array[float]]]:
    values = circuit.trace({})
    leaves = [circuit.slot(name) for name in bound]
    slots = [circuit.slot(name) for name in wanted.values]
    # What does not depend on the rows is computed once.
    moved = {gate for name in bound for gate in circuit.downstream(name)}
    gates = sorted(moved & circuit.upstream(slots))

    def compute(rows: Rows) -> list[array[float]]:
        columns = [array("d") for _ in slots]
        put = [(column.append, slot) for column, slot in zip(columns, slots, strict=True)]
        for row in zip(*rows.columns.values(), strict=True):
            for slot, value in zip(leaves, row, strict=True):
                values[slot] = value
            circuit.compute(values, gates)
            for append, slot in put:
                append(values[slot])
        return columns

    return compute


def _gradients(circuit: Circuit, bound: Sequence[str], wanted: Wanted) -> Callable[[Rows], list[array[float]]]:
    leaves = [circuit[name] for name in bound]
    slots = [circuit.slot(name) for name in wanted.values]
    targets = [circuit.slot(name) for name in wanted.outputs]
    wrt = [circuit.slot(name) for name in wanted.wrt]

    def compute(rows: Rows) -> list[array[float]]:
        columns = [array("d") for _ in wanted.titles]
        put = [column.append for column in columns]
        for row in zip(*rows.columns.values(), strict=True):
            for leaf, value in zip(leaves, row, strict=True):
                leaf.value = value
            circuit.run()
            units = circuit.units
            found = [units[slot].value for slot in slots]
            for target in targets:
                circuit.pull_back(target)
                found += [units[slot].grad for slot in wrt]
            for append, number in zip(put, found, strict=True):
                append(number)
        return columns

    return compute


class Watch:
    """Counts the rows whose results are not all finite, and remembers the first.

    Args:
        circuit: the circuit.
        wanted: what is computed of every row.
    """

    def __init__(self, circuit: Circuit, wanted: Wanted) -> None:
        self._circuit = circuit
        self._wanted = wanted
        self._rows = 0
        self._count = 0
        self._first: tuple[int, dict[str, float]] | None = None

    def see(self, rows: Rows, columns: Sequence[array[float]]) -> None:
        """Look at the results of a block of rows."""
        self._rows += len(rows)
        bad = [column for column in columns if not all(map(isfinite, column))]
        if not bad:
            return
        found = [position for position, row in enumerate(zip(*bad, strict=True)) if not all(map(isfinite, row))]
        self._count += len(found)
        if self._first is None:
            row = {name: column[found[0]] for name, column in rows.columns.items()}
            self._first = (rows.lines[found[0]], row)

    def problem(self, name: str, counted: str) -> Problem | None:
        """Return a note on the first row and the gate that is to blame there, or None where all is finite.

        Args:
            name: what the data file is called.
            counted: what the numbers of the rows count.
        """
        if self._first is None:
            return None
        number, row = self._first
        cause = self._cause(row)
        more = f"the first of {self._count:,}" if self._count > 1 else "the only one"
        where = f"at {counted} {number} of {name}, {more} of {self._rows:,} rows whose results are not finite"
        return Problem(where) if cause is None else Problem(f"{cause.message}; {where}", cause.place)

    def _cause(self, row: dict[str, float]) -> Problem | None:
        self._circuit.assign(row)
        self._circuit.run()
        found = nonfinite_value(self._circuit)
        for output in self._wanted.outputs:
            if found is None:
                self._circuit.backward(output)
                found = nonfinite_gradient(self._circuit)
        return found

"""Rows of data at which a gradient of 0 meets an infinite slope."""

from __future__ import annotations

from itertools import product
from math import isfinite, isinf
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.wanted import Wanted
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.methods.nonfinite import first_silenced
from circuitgrad.methods.rowwise import RowwiseProgram

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.errors import Problem

STEEP_POINTS = (-1.0, 0.0, 1.0)
"""The operands at which gates have infinite slopes beside finite values: roots, powers, inverse functions."""
MOST_PASSES = 1000
"""How many rows at most are tried by a pass of their own."""


class _SteepGate(NamedTuple):
    """A gate that may have an infinite slope beside a finite value, and its operands' wires or numbers."""

    name: str
    place: int
    operands: tuple[str | float, ...]


class SilencedRows:
    """Finds the first row at which a gradient of 0 meets an infinite slope; see `nonfinite.silenced_slope`.

    Args:
        circuit: the circuit.
        wanted: what is computed of every row.

    Attributes:
        wanted: what has to be computed, so that these rows are found.
    """

    def __init__(self, circuit: Circuit, wanted: Wanted) -> None:
        self._circuit, self._asked = circuit, wanted
        self._gates = _steep_gates(circuit, wanted) if wanted.outputs else []
        wires = {wire: None for gate in self._gates for wire in gate.operands if isinstance(wire, str)}
        values = tuple(dict.fromkeys([*wanted.values, *wires]))
        wrt = tuple(dict.fromkeys([*wanted.wrt, *(gate.name for gate in self._gates)]))
        self.wanted = Wanted(values, wanted.outputs, wrt)
        self._places = {wire: place for place, wire in enumerate(values)}
        self._slopes = {name: place for place, name in enumerate(wrt)}
        self._found: tuple[int, Problem, str] | None = None
        self._passes = 0

    def see(self, rows: Rows, columns: Sequence[array[float]]) -> list[array[float]]:
        """Look at the rows of a chunk, and return the columns that were asked for."""
        values, width = len(self.wanted.values), len(self.wanted.wrt)
        for number, output in enumerate(self._asked.outputs if self._found is None else ()):
            slopes = columns[values + number * width :]
            candidates = {row for gate in self._gates for row in self._meetings(gate, columns, slopes)}
            tried = sorted(candidates)[: MOST_PASSES - self._passes]
            if not tried:
                continue
            points = ({name: column[row] for name, column in rows.columns.items()} for row in tried)
            silenced = first_silenced(self._circuit, output, self._asked.wrt, points)
            self._passes += len(tried) if silenced is None else silenced[0] + 1
            if silenced is not None:
                line = rows.lines[tried[silenced[0]]]
                if self._found is None or line < self._found[0]:
                    self._found = line, silenced[1], rows.source
        asked = [self._places[wire] for wire in self._asked.values]
        for number in range(len(self._asked.outputs)):
            asked += [values + number * width + self._slopes[name] for name in self._asked.wrt]
        return [columns[place] for place in asked]

    def _meetings(self, gate: _SteepGate, columns: Sequence[array[float]], slopes: Sequence[array[float]]) -> list[int]:
        """Return the rows at which a gate's gradient is 0 and one of its slopes infinite."""
        gradients = slopes[self._slopes[gate.name]]
        if 0.0 not in gradients:
            return []
        rule = self._circuit.rules[gate.place]
        value, partials = value_function(rule), partials_function(rule)
        rows = []
        for row, gradient in enumerate(gradients):
            if gradient == 0:
                point = [columns[self._places[wire]][row] if isinstance(wire, str) else wire for wire in gate.operands]
                if any(map(isinf, partials(*point, value(*point)))):
                    rows.append(row)
        return rows

    def problem(self, name: str, counted: str) -> Problem | None:
        """Return a note on the first such row, or None.

        Args:
            name: what the data file is called.
            counted: the word for what the numbers of the rows count, such as `line`.
        """
        if self._found is None:
            return None
        number, problem, source = self._found
        return problem._replace(message=f"{problem.message}; at {counted} {number} of {source or name}")


def first_silenced_row(
    circuit: Circuit, output: str, wrt: Sequence[str], rows: Rows, engine: str | None = None
) -> Problem | None:
    """Return a note on the first of some rows at which a gradient of 0 meets an infinite slope, or None.

    Args:
        circuit: the circuit; inputs without a column keep their present values.
        output: the wire that is differentiated.
        wrt: the inputs whose derivatives count.
        rows: the rows.
        engine: the engine to use; chosen by the number of rows when left out.

    >>> from array import array
    >>> from circuitgrad import from_expression
    >>> from circuitgrad.data.table import Rows
    >>> rows = Rows({"x": array("d", [1, 0])}, [2, 3], ())
    >>> first_silenced_row(from_expression("c*sqrt(x)**2", x=1, c=2), "out", ["x"], rows).message[-35:]
    'adds nothing; at line 3 of the data'
    """
    asked = Wanted((output,), (output,), tuple(wrt))
    silenced = SilencedRows(circuit, asked)
    if silenced.wanted == asked:
        return None
    silenced.see(rows, RowwiseProgram(circuit, rows.names, silenced.wanted, engine, len(rows))(rows))
    return silenced.problem("the data", "line")


def _steep_gates(circuit: Circuit, wanted: Wanted) -> list[_SteepGate]:
    """Return the gates between wires and outputs that may have infinite slopes beside finite values."""
    names = [*circuit.input_names, *(() for _ in circuit.constants), *circuit.names]
    gates = []
    needed = circuit.upstream(map(circuit.slot, wanted.outputs))
    for index in needed.intersection(circuit.reached(map(circuit.slot, wanted.wrt))):
        slots, rule = circuit.operands[index], circuit.rules[index]
        operands = tuple(
            circuit.constants[slot - len(circuit.input_names)] if circuit.is_constant(slot) else str(names[slot])
            for slot in slots
        )
        value, partials = value_function(rule), partials_function(rule)
        choices = [STEEP_POINTS if isinstance(operand, str) else (operand,) for operand in operands]
        for point in product(*choices):
            out = value(*point)
            slopes = partials(*point, out) if isfinite(out) else ()
            if any(isinf(slope) and isinstance(operand, str) for slope, operand in zip(slopes, operands, strict=False)):
                gates.append(_SteepGate(circuit.names[index], index, operands))
                break
    return gates

"""The passes over many rows as machine code, made from the gate table by LLVM: several rows at once."""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

from circuitgrad.engines.native.functions import LANES
from circuitgrad.engines.native.graph import passes
from circuitgrad.engines.native.kernel import text
from circuitgrad.engines.native.machine import Function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.engines import Program, Wanted
    from circuitgrad.engines.native.graph import Passes

    Columns = Sequence[array[float]]

DOUBLE = 8
"""Bytes."""


def columns(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Callable[[Columns], list[array[float]]]:
    """Return what computes what is wanted of every row of a block, from the inputs' columns.

    Raises:
        CircuitError: llvmlite is not installed, or there is no such input or wire.
    """
    graph = passes(circuit, names, wanted.values, wanted.outputs, wanted.wrt)
    function = Function(text(graph, len(names)))

    def compute(given: Columns) -> list[array[float]]:
        rows = len(given[0])
        found = [_zeros(rows) for _ in graph.results]
        whole = rows - rows % LANES
        if whole:
            _call(function, given, found, whole)
        if rest := rows - whole:
            last = [_zeros(LANES) for _ in found]
            _call(function, [_padded(one[whole:]) for one in given], last, LANES)
            for one, end in zip(found, last, strict=True):
                one[whole:] = end[:rest]
        return found

    return compute


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted at a single point; see `engines.program`."""
    compute = columns(circuit, names, wanted)

    def run(*numbers: float) -> list[float]:
        return [found[0] for found in compute([array("d", [number]) for number in numbers])]

    return run


class Sums:
    """The sums, over rows, of a wire's values and of its derivatives, or of its squares and of theirs.

    Args:
        circuit: the circuit.
        held: the inputs that have one value for all rows, and in which the wire is differentiated.
        bound: the inputs that rows bind, at least one.
        output: the wire.
        squares: whether its squares are summed.
        columns: the bound inputs' values.

    Raises:
        CircuitError: llvmlite is not installed.
    """

    def __init__(
        self,
        circuit: Circuit,
        held: Sequence[str],
        bound: Sequence[str],
        output: str,
        *,
        squares: bool,
        columns: Columns,
    ) -> None:
        names = [*held, *bound]
        graph = passes(circuit, names, [output], [output], held)
        if squares:
            graph = _squared(graph)
        self._function = Function(text(graph, len(names), len(held), sums=True))
        self._count = len(graph.results)
        rows = len(columns[0])
        self._whole = rows - rows % LANES
        self._rest = rows - self._whole
        self._columns = list(columns)
        self._ends = [_padded(one[self._whole :]) for one in columns] if self._rest else []

    def __call__(self, point: Sequence[float]) -> list[float]:
        """Return the sum of the values, then those of the derivatives, at a point."""
        held = [array("d", [x]) for x in point]
        totals = [0.0] * self._count
        if self._whole:
            found = [_zeros(LANES) for _ in totals]
            _call(self._function, [*held, *self._columns], found, self._whole)
            totals = [sum(one) for one in found]
        if self._rest:
            found = [_zeros(LANES) for _ in totals]
            _call(self._function, [*held, *self._ends], found, LANES)
            totals = [total + sum(one[: self._rest]) for total, one in zip(totals, found, strict=True)]
        return totals


def _squared(passes: Passes) -> Passes:
    """Return the graph of a value's square and of its derivatives, from that of the value and its derivatives."""
    graph, (value, *slopes) = passes.graph, passes.results
    double = graph.add("fadd", value, value)
    return passes._replace(
        results=[graph.add("fmul", value, value), *(graph.add("fmul", double, slope) for slope in slopes)]
    )


def _call(function: Function, given: Columns, results: Columns, rows: int) -> None:
    inputs, outputs = (
        (ctypes.c_void_p * max(1, len(arrays)))(*[one.buffer_info()[0] for one in arrays])
        for arrays in (given, results)
    )
    function.call(ctypes.addressof(inputs), ctypes.addressof(outputs), rows)


def _zeros(count: int) -> array[float]:
    return array("d", bytes(DOUBLE * count))


def _padded(column: array[float]) -> array[float]:
    return column + array("d", [column[-1]] * (LANES - len(column)))

"""Sums over rows by machine code, without storing what is summed."""

from __future__ import annotations

import ctypes
from array import array
from typing import TYPE_CHECKING

from circuitgrad.engines.native.columns import addresses, doubles, padded, pointers
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.straight import straight
from circuitgrad.engines.native.straight_or_tape import is_straight
from circuitgrad.engines.native.tape import tape
from circuitgrad.engines.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.native.columns import Columns, Pointers


class RowSums:
    """The sums, over rows, of a wire's values and of its derivatives, or of its squares and of theirs.

    Args:
        circuit: the circuit.
        held: the inputs that have one value for all rows.
        output: the wire.
        squares: whether its squares are summed.
        bound: the inputs that rows bind, with their columns; without any there is one row.
        wrt: the held inputs in which the wire is differentiated; all when left out.
        passes: about how many passes there will be: rows times points; many when left out.

    Attributes:
        kernel: the function that computes the sums, from `sources` to `targets`, over so many `rows`.
        point: the values of the held inputs.
        results: the sums: the values', then the derivatives'.

    Raises:
        CircuitError: llvmlite is not installed, or there is no such wire.
        ValueError: the columns are not of one length.

    >>> from circuitgrad import from_expression
    >>> sums = RowSums(from_expression("a*x", a=0, x=0), ["a"], "out", squares=False, bound={"x": array("d", [1, 2])})
    >>> sums([10.0])
    [30.0, 3.0]
    """

    def __init__(
        self,
        circuit: Circuit,
        held: Sequence[str],
        output: str,
        *,
        squares: bool,
        bound: Mapping[str, array[float]],
        wrt: Sequence[str] | None = None,
        passes: int | None = None,
    ) -> None:
        wrt = held if wrt is None else wrt
        wanted = Wanted((output,), (output,) if wrt else (), tuple(wrt))
        make = straight.sums if is_straight(circuit, passes, at_once=bool(bound)) else tape.sums
        self.kernel = make(circuit, held, list(bound), wanted, squares=squares)
        self._bound = doubles(bound.values())
        self.rows = len(self._bound[0]) if bound else 1
        self.point = (ctypes.c_double * len(held))()
        self.results = (ctypes.c_double * (1 + len(wrt)))()
        self._columns = [padded(column, LANES) for column in self._bound]
        self.sources, self.targets = self._sources(self._columns), pointers((), addresses(self.results))

    def _sources(self, columns: Columns) -> Pointers:
        return pointers(columns, addresses(self.point))

    def __call__(self, point: Sequence[float], rows: Sequence[int] | None = None) -> list[float]:
        """Return the sum of the values, then those of the derivatives, at a point.

        Args:
            point: the values of the held inputs.
            rows: the rows to sum over, at least one; all when left out.
        """
        self.point[:] = list(point)
        if rows is None:
            self.kernel(self.sources, self.targets, self.rows)
        else:
            columns = [padded(array("d", [column[row] for row in rows]), LANES) for column in self._bound]
            self.kernel(self._sources(columns), self.targets, len(rows))
        results: list[float] = self.results[:]
        return results

"""Sums over rows by machine code, without storing what is summed."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from circuitgrad.engines.native import straight, tape
from circuitgrad.engines.native.columns import each, padded, pointers
from circuitgrad.engines.native.functions import LANES

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit import Circuit


class Sums:
    """The sums, over rows, of a wire's values and of its derivatives, or of its squares and of theirs.

    Args:
        circuit: the circuit.
        held: the inputs that have one value for all rows, and in which the wire is differentiated.
        output: the wire.
        squares: whether its squares are summed.
        bound: the inputs that rows bind, with their columns; without any there is one row.
        most: the number of gates from which on there is a tape instead of straight-line code.

    Attributes:
        kernel: the function that computes the sums, from `sources` to `targets`, over so many `rows`.
        point: the values of the held inputs.
        found: the sums: the values', then the derivatives'.

    Raises:
        CircuitError: llvmlite is not installed, or there is no such wire.

    >>> from array import array
    >>> from circuitgrad import from_expression
    >>> sums = Sums(from_expression("a*x", a=0, x=0), ["a"], "out", squares=False, bound={"x": array("d", [1, 2])})
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
        most: int = straight.MOST,
    ) -> None:
        form = straight if len(circuit.rows) <= most else tape
        self.kernel = form.sums(circuit, held, list(bound), output, squares=squares)
        self.rows = len(next(iter(bound.values()), (0.0,)))
        self.point = (ctypes.c_double * len(held))()
        self.found = (ctypes.c_double * (1 + len(held)))()
        self._columns = [padded(column, LANES) for column in bound.values()]
        self.sources, self.targets = pointers(self._columns, each(self.point)), pointers((), each(self.found))

    def __call__(self, point: Sequence[float]) -> list[float]:
        """Return the sum of the values, then those of the derivatives, at a point."""
        self.point[:] = list(point)
        self.kernel(self.sources, self.targets, self.rows)
        found: list[float] = self.found[:]
        return found

"""A circuit at every row of data: the same passes as at a single point, without a dictionary of every wire."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.data.table import CHUNK_ROWS
from circuitgrad.engines.choice import LEAST_PASSES_FOR_PYTHON, choose
from circuitgrad.engines.programs import over_columns
from circuitgrad.errors import Problem
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.engines.choice import Choice
    from circuitgrad.engines.wanted import Compute, Wanted


class OverRows:
    """Computes what is wanted of every row, as columns, block by block.

    Args:
        circuit: the circuit; inputs that are not bound keep their present values.
        bound: the inputs that the rows give values, in the order of their columns.
        wanted: what is computed.
        engine: the engine to use; chosen by the number of rows when left out.
        expected: about how many rows there will be, where that is known.

    Attributes:
        choice: the engine that was used last, and why; None before the first block.

    Raises:
        CircuitError: there is no such wire, input or engine.

    >>> from array import array
    >>> from circuitgrad import from_expression
    >>> from circuitgrad.data.table import Rows
    >>> circuit = from_expression("x**2 + c", x=0, c=1)
    >>> rows = Rows({"x": array("d", [2, 3])}, [2, 3], ())
    >>> OverRows(circuit, ["x"], Wanted(("out",)))(rows)
    [array('d', [5.0, 10.0])]
    >>> OverRows(circuit, ["x"], Wanted(("out",), ("out",), ("x", "c")))(rows)
    [array('d', [5.0, 10.0]), array('d', [4.0, 6.0]), array('d', [1.0, 1.0])]
    """

    def __init__(
        self,
        circuit: Circuit,
        bound: Sequence[str],
        wanted: Wanted,
        engine: str | None = None,
        expected: int = 0,
    ) -> None:
        for name in (*bound, *wanted.values, *wanted.outputs, *wanted.wrt):
            circuit.slot(name)
        self.choice: Choice | None = None
        self._circuit, self._bound, self._wanted, self._engine = circuit, bound, wanted, engine
        self._run: Compute | None = None
        self._expected = expected
        self._done = 0

    def __call__(self, rows: Rows) -> list[array[float]]:
        """Return the wanted columns of a block of rows."""
        # Blocks are larger or smaller as rows come; what is chosen, and so the last bits, must not hang on that.
        first, *others = (self._compute(part) for part in rows.cut(CHUNK_ROWS if self._may_change() else len(rows)))
        for more in others:
            for column, numbers in zip(first, more, strict=True):
                column.extend(numbers)
        return first

    def _may_change(self) -> bool:
        """Tell whether the choice hangs on how many rows are still to come."""
        return self._engine is None and (self.choice is None or self.choice.engine != "native")

    def _compute(self, rows: Rows) -> list[array[float]]:
        # As many rows as there have been are expected to come.
        passes = max(self._expected, len(rows) + 2 * self._done)
        choice = choose(len(self._circuit.rules), passes, self._engine)
        if (
            self._run is None
            or self.choice is None
            or (choice.engine != self.choice.engine and len(rows) >= LEAST_PASSES_FOR_PYTHON)
        ):
            self._run = over_columns(self._circuit, self._bound, self._wanted, choice.engine, passes)
            self.choice = choice
        elif choice.hint:
            self.choice = choice
        self._done += len(rows)
        return list(self._run([*rows.columns.values()]))


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
        # A sum of finite numbers may overflow, but no other is finite.
        bad = [column for column in columns if not isfinite(sum(column)) and not all(map(isfinite, column))]
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

"""A circuit at every row of data: the same passes as at a single point, as columns."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.data.table import CHUNK_ROWS
from circuitgrad.engines.choice import LEAST_PASSES_FOR_PYTHON, choose
from circuitgrad.engines.programs import over_columns
from circuitgrad.errors import Problem
from circuitgrad.methods.nonfinite import first_nonfinite

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.engines.choice import Choice
    from circuitgrad.engines.wanted import Compute, Wanted


class RowwiseProgram:
    """Computes what is wanted of every row, as columns, chunk by chunk.

    Args:
        circuit: the circuit; inputs that are not bound keep their present values.
        bound: the inputs that the rows give values, in the order of their columns.
        wanted: what is computed.
        engine: the engine to use; chosen by the number of rows when left out.
        expected: about how many rows there will be, where that is known.

    Attributes:
        choice: the engine that was used last, and why; None before the first chunk.

    Raises:
        CircuitError: there is no such wire, input or engine.

    >>> from array import array
    >>> from circuitgrad import from_expression
    >>> from circuitgrad.data.table import Rows
    >>> from circuitgrad.engines.wanted import Wanted
    >>> circuit = from_expression("x**2 + c", x=0, c=1)
    >>> rows = Rows({"x": array("d", [2, 3])}, [2, 3], ())
    >>> RowwiseProgram(circuit, ["x"], Wanted(("out",)))(rows)
    [array('d', [5.0, 10.0])]
    >>> RowwiseProgram(circuit, ["x"], Wanted(("out",), ("out",), ("x", "c")))(rows)
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
        """Return the wanted columns of a chunk of rows."""
        # The size of a chunk depends on how the rows arrive; the choice, and so the last bits, must not.
        size = CHUNK_ROWS if self._may_change() else len(rows)
        columns, *following = map(self._compute, rows.cut(size))
        for part in following:
            for column, numbers in zip(columns, part, strict=True):
                column.extend(numbers)
        return columns

    def _may_change(self) -> bool:
        """Tell whether the choice depends on the number of rows to come."""
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


class NonfiniteRows:
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
        self._first: tuple[int, dict[str, float], str] | None = None

    def see(self, rows: Rows, columns: Sequence[array[float]]) -> None:
        """Count the rows of a chunk whose results are not all finite."""
        self._rows += len(rows)
        # A sum of finite numbers may overflow, but no other is finite.
        nonfinite = [column for column in columns if not isfinite(sum(column)) and not all(map(isfinite, column))]
        if not nonfinite:
            return
        results = zip(*nonfinite, strict=True)
        positions = [position for position, row in enumerate(results) if not all(map(isfinite, row))]
        self._count += len(positions)
        if self._first is None:
            row = {name: column[positions[0]] for name, column in rows.columns.items()}
            self._first = (rows.lines[positions[0]], row, rows.source)

    def problem(self, name: str, counted: str) -> Problem | None:
        """Return a note on the first nonfinite row and the gate that made the value, or None where all rows are finite.

        Args:
            name: what the data file is called.
            counted: the word for what the numbers of the rows count, such as `line`.
        """
        if self._first is None:
            return None
        number, row, source = self._first
        self._circuit.assign(row)
        cause = first_nonfinite(self._circuit, self._wanted.outputs)
        more = f"the first of {self._count:,}" if self._count > 1 else "the only one"
        where = f"at {counted} {number} of {source or name}, {more} of {self._rows:,} rows whose results are not finite"
        return Problem(where) if cause is None else Problem(f"{cause.message}; {where}", cause.place)

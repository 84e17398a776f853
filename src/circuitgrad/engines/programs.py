"""A program of a circuit, made by the chosen engine: at single points, or over columns of rows."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Compute, Program, Wanted


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted, engine: str, passes: int | None = None) -> Program:
    """Return what computes what is wanted from the values of some inputs, for one thread at a time.

    Args:
        circuit: the circuit, which stays as it is; the other inputs keep their present values.
        names: the inputs, in the order in which the program takes their values.
        wanted: what is computed.
        engine: one of `ENGINES`.
        passes: about how many passes there will be; many when left out.

    Raises:
        CircuitError: there is no such input or wire.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.engines.wanted import Wanted
    >>> circuit = from_expression("x**2 + c", x=0, c=1)
    >>> run = program(circuit, ["x"], Wanted(("out",), ("out",), ("x", "c")), "python")
    >>> run(2.0), run(3.0)
    ((5.0, 4.0, 1.0), (10.0, 6.0, 1.0))
    """
    if engine == "python":
        from circuitgrad.engines.python import program as python_program

        return python_program(circuit, names, wanted)
    if engine == "native":
        from circuitgrad.engines.native.programs import program as native_program

        return native_program(circuit, names, wanted, passes)
    from circuitgrad.engines.objects import program as objects_program

    return objects_program(circuit, names, wanted)


def over_columns(
    circuit: Circuit, names: Sequence[str], wanted: Wanted, engine: str, rows: int | None = None
) -> Compute:
    """Return what computes what is wanted of every row, as columns, from the columns of some inputs, at least one.

    The arguments and errors are those of `program`; about so many rows are expected. It, too, is for one thread at a
    time, and raises ValueError where the columns are not of one length.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.engines.wanted import Wanted
    >>> run = over_columns(from_expression("2*x", x=0), ["x"], Wanted(("out",)), "python")
    >>> run([array("d", [1, 2])])
    [array('d', [2.0, 4.0])]
    """
    if engine == "native":
        from circuitgrad.engines.native.programs import over_columns as native_over_columns

        return native_over_columns(circuit, names, wanted, rows)
    run = program(circuit, names, wanted, engine)

    def compute(given: Sequence[array[float]], into: Sequence[array[float]] | None = None) -> Sequence[array[float]]:
        columns = [array("d") for _ in wanted.titles]
        appends = [column.append for column in columns]
        for row in zip(*given, strict=True):
            for append, number in zip(appends, run(*row), strict=True):
                append(number)
        if into is None:
            return columns
        for column, numbers in zip(into, columns, strict=True):
            column[:] = numbers
        return into

    return compute

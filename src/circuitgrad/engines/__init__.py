"""What computes many passes over one circuit: engines, chosen by the size of the work.

| engine | what it is | when |
|---|---|---|
| `objects` | the rules of the gate objects, one after another | a few passes: nothing has to be prepared |
| `python` | the passes as one Python function, made from the gate table | many passes |
| `native` | the passes as machine code (extra `native`) | very many, or over many gates |

The first two compute the same, to the last bit; machine code agrees with them to a few of the last bits.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple, Protocol

from circuitgrad.engines.source import Wanted
from circuitgrad.errors import CircuitError, did_you_mean, installing, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit import Circuit

    Program = Callable[..., Sequence[float]]
    """Takes the values of some inputs, one after another, and returns what is wanted."""


class Compute(Protocol):
    """Takes the columns of some inputs, at least one, and returns the columns of what is wanted."""

    def __call__(
        self, given: Sequence[array[float]], into: Sequence[array[float]] | None = None
    ) -> Sequence[array[float]]:
        """Compute every row.

        Args:
            given: the inputs' columns.
            into: columns of the same length that take the results, and are returned; new ones when left out.
        """


__all__ = ["ENGINES", "Choice", "Wanted", "choose", "over_columns", "program"]

ENGINES = ("objects", "python", "native")

MANY = 100
"""From so many passes on it pays to write and compile a function: 40 to 100 us a gate, and then a tenth of the time."""
LARGE = 20_000
"""Functions of more gates are not made unasked: their preparation takes seconds, and memory."""
NATIVE = 1_000_000
"""From so many passes times gates on machine code pays beside a function: a tenth of a second to begin, where the
function would take a tenth of a microsecond a gate, and machine code a few nanoseconds."""
NATIVE_LARGE = 300_000
"""The same beside the gate objects, which take over a microsecond a gate."""
GAIN, GAIN_LARGE = 5 * NATIVE, 3 * NATIVE_LARGE
"""From so many on it would save over a second."""


class Choice(NamedTuple):
    """Which engine is used, and why, in words.

    Attributes:
        engine: the engine.
        why: why it is used.
        hint: what would save over a second, if anything would.
    """

    engine: str
    why: str
    hint: str = ""


def choose(gates: int, passes: int, engine: str | None = None, *, least: int = 0) -> Choice:
    """Return the engine for a piece of work.

    Args:
        gates: how many gates the circuit has.
        passes: about how many passes there will be: rows times points.
        engine: the engine that is wanted, or None.
        least: as many gates cost as much as what machine code saves beside those of a pass.

    Raises:
        CircuitError: there is no such engine, or it is not installed.

    >>> choose(5, 1).engine, choose(5, 10_000).engine, choose(5, 1, "python").why
    ('objects', 'python', 'it was asked for')
    """
    if engine is not None:
        return _asked_for(engine)
    can_be_function = passes >= MANY and gates <= LARGE
    work = passes * max(gates, least)
    size = f"about {passes:,} passes over {gates:,} gates"
    hint = ""
    if passes > 1 and work >= (NATIVE if can_be_function else NATIVE_LARGE):
        from circuitgrad.engines.native.machine import is_installed

        if is_installed():
            return Choice("native", f"{size} pay for machine code")
        hint = f"{installing('native')} makes this faster" if work >= (GAIN if can_be_function else GAIN_LARGE) else ""
    if can_be_function:
        return Choice("python", f"{size} pay for preparing them", hint)
    if passes < MANY:
        return Choice("objects", f"fewer than {MANY} passes do not pay for preparing them", hint)
    return Choice("objects", f"a function of over {LARGE:,} gates takes long to prepare", hint)


def _asked_for(engine: str) -> Choice:
    if engine not in ENGINES:
        raise CircuitError.of(
            f"no engine is called {quote(engine)}", hint=did_you_mean(engine, ENGINES) or ", ".join(ENGINES)
        )
    if engine == "native":
        from circuitgrad.engines.native.machine import machine

        machine()  # which says what to install
    return Choice(engine, "it was asked for")


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
    >>> circuit = from_expression("x**2 + c", x=0, c=1)
    >>> run = program(circuit, ["x"], Wanted(("out",), ("out",), ("x", "c")), "python")
    >>> run(2.0), run(3.0)
    ((5.0, 4.0, 1.0), (10.0, 6.0, 1.0))
    """
    if engine == "python":
        from circuitgrad.engines.python import program as python

        return python(circuit, names, wanted)
    if engine == "native":
        from circuitgrad.engines.native import program as native

        return native(circuit, names, wanted, passes)
    from circuitgrad.engines.objects import program as objects

    return objects(circuit, names, wanted)


def over_columns(
    circuit: Circuit, names: Sequence[str], wanted: Wanted, engine: str, rows: int | None = None
) -> Compute:
    """Return what computes what is wanted of every row, as columns, from the columns of some inputs, at least one.

    The arguments and errors are those of `program`; about so many rows are expected. It, too, is for one thread at a
    time, and raises ValueError where the columns are not of one length.

    >>> from circuitgrad import from_expression
    >>> run = over_columns(from_expression("2*x", x=0), ["x"], Wanted(("out",)), "python")
    >>> run([array("d", [1, 2])])
    [array('d', [2.0, 4.0])]
    """
    if engine == "native":
        from circuitgrad.engines.native import columns as native

        return native(circuit, names, wanted, rows)
    run = program(circuit, names, wanted, engine)

    def compute(given: Sequence[array[float]], into: Sequence[array[float]] | None = None) -> Sequence[array[float]]:
        found = [array("d") for _ in wanted.titles]
        put = [column.append for column in found]
        for row in zip(*given, strict=True):
            for append, number in zip(put, run(*row), strict=True):
                append(number)
        if into is None:
            return found
        for column, numbers in zip(into, found, strict=True):
            column[:] = numbers
        return into

    return compute

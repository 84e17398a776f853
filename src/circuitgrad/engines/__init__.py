"""What computes many passes over one circuit: engines, chosen by the size of the work.

| engine | what it is | when |
|---|---|---|
| `objects` | the rules of the gate objects, one after another | a few passes: nothing has to be prepared |
| `python` | the passes as one Python function, made from the gate table | many passes |

Both compute the same, to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.source import Wanted
from circuitgrad.errors import CircuitError, did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit import Circuit

    Program = Callable[..., Sequence[float]]
    """Takes the values of some inputs, one after another, and returns what is wanted."""

__all__ = ["ENGINES", "Choice", "Wanted", "choose", "program"]

ENGINES = ("objects", "python")

MANY = 100
"""From so many passes on it pays to write and compile a function: 90 us a gate, after which a pass takes a tenth."""
LARGE = 20_000
"""Functions of more gates are not made unasked: their preparation takes seconds, and memory."""


class Choice(NamedTuple):
    """Which engine is used, and why, in words."""

    engine: str
    why: str


def choose(gates: int, passes: int, engine: str | None = None) -> Choice:
    """Return the engine for a piece of work.

    Args:
        gates: how many gates the circuit has.
        passes: about how many passes there will be: rows times points.
        engine: the engine that is wanted, or None.

    Raises:
        CircuitError: there is no such engine.

    >>> choose(5, 1).engine, choose(5, 10_000).engine, choose(5, 1, "python").why
    ('objects', 'python', 'it was asked for')
    """
    if engine is not None:
        if engine not in ENGINES:
            hint = did_you_mean(engine, ENGINES) or ", ".join(ENGINES)
            raise CircuitError.of(f"no engine is called {quote(engine)}", hint=hint)
        return Choice(engine, "it was asked for")
    if passes < MANY:
        return Choice("objects", f"fewer than {MANY} passes do not pay for preparing them")
    if gates > LARGE:
        return Choice("objects", f"a function of over {LARGE:,} gates takes long to prepare")
    return Choice("python", f"{passes:,} passes or more over {gates:,} gates pay for preparing them")


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted, engine: str) -> Program:
    """Return what computes what is wanted from the values of some inputs.

    Args:
        circuit: the circuit, which stays as it is; the other inputs keep their present values.
        names: the inputs, in the order in which the program takes their values.
        wanted: what is computed.
        engine: `objects` or `python`.

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
    from circuitgrad.engines.objects import program as objects

    return objects(circuit, names, wanted)

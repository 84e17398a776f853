"""Which engine a piece of work is for: chosen by its size.

| engine | what it is | when |
|---|---|---|
| `objects` | the rules of the gate objects, one after another | a few passes: nothing has to be prepared |
| `python` | the passes as one Python function, made from the gate table | many passes |
| `native` | the passes as machine code (extra `native`) | very many, or over many gates |

The first two compute the same, to the last bit; machine code agrees with them to a few of the last bits.
"""

from __future__ import annotations

from typing import NamedTuple

from circuitgrad.errors import CircuitError, did_you_mean, installing, quote

ENGINES = ("objects", "python", "native")


LEAST_PASSES_FOR_PYTHON = 100
"""From so many passes on it pays to write and compile a function: 40 to 100 us a gate, and then a tenth of the time."""
MOST_GATES_FOR_PYTHON = 20_000
"""Functions of more gates are not made unasked: their preparation takes seconds, and memory."""

LEAST_WORK_FOR_NATIVE = 1_000_000
"""From so many passes times gates on machine code pays beside a function: a tenth of a second to begin, where the
function would take a tenth of a microsecond a gate, and machine code a few nanoseconds."""
LEAST_WORK_BESIDE_OBJECTS = 300_000
"""The same beside the gate objects, which take over a microsecond a gate."""

HINT_WORK, HINT_WORK_BESIDE_OBJECTS = 5 * LEAST_WORK_FOR_NATIVE, 3 * LEAST_WORK_BESIDE_OBJECTS
"""From so many on machine code would save over a second: where it is not installed, a hint says so."""


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
    can_be_function = passes >= LEAST_PASSES_FOR_PYTHON and gates <= MOST_GATES_FOR_PYTHON
    work = passes * max(gates, least)
    size = f"about {passes:,} passes over {gates:,} gates"
    hint = ""
    if passes > 1 and work >= (LEAST_WORK_FOR_NATIVE if can_be_function else LEAST_WORK_BESIDE_OBJECTS):
        from circuitgrad.engines.native.llvm.machine import is_installed

        if is_installed():
            return Choice("native", f"{size} pay for machine code")
        if work >= (HINT_WORK if can_be_function else HINT_WORK_BESIDE_OBJECTS):
            hint = f"{installing('native')} makes this faster"
    if can_be_function:
        return Choice("python", f"{size} pay for preparing them", hint)
    if passes < LEAST_PASSES_FOR_PYTHON:
        return Choice("objects", f"fewer than {LEAST_PASSES_FOR_PYTHON} passes do not pay for preparing them", hint)
    return Choice("objects", f"a function of over {MOST_GATES_FOR_PYTHON:,} gates takes long to prepare", hint)


def _asked_for(engine: str) -> Choice:
    if engine not in ENGINES:
        raise CircuitError.of(
            f"no engine is called {quote(engine)}", hint=did_you_mean(engine, ENGINES) or ", ".join(ENGINES)
        )
    if engine == "native":
        from circuitgrad.engines.native.llvm.machine import host

        host()  # which says what to install
    return Choice(engine, "it was asked for")

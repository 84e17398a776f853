"""How long reading a large circuit takes, beside the events of PyYAML's C parser alone."""

from __future__ import annotations

import gc

from turns import report
from yaml import cyaml

import circuitgrad

GATES = 200_000


def chain(gates: int) -> str:
    """Return the text of a circuit in which each gate takes the one before it."""
    lines = ["inputs: {x: 1.0, y: 0.5}", "gates:"]
    lines += [f"  g{i}: {{{'add' if i % 2 else 'mul'}: [{f'g{i - 1}' if i else 'x'}, y]}}" for i in range(gates)]
    return "\n".join(lines) + "\n"


def events(text: str) -> None:
    """Let the parser produce all its events."""
    parser = cyaml.CParser(text)  # type: ignore[attr-defined]
    while parser.get_event() is not None:
        pass


if __name__ == "__main__":
    gc.disable()
    text = chain(GATES)
    report(
        f"reading {GATES:,} gates / PyYAML's events", lambda: circuitgrad.loads(text), lambda: events(text), rounds=7
    )

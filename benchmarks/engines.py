"""How long a pass takes with each engine, a gate and pass, values and gradients, and what it takes to prepare.

Run `python benchmarks/engines.py [ROUNDS]`. All engines are held against one another before they are timed.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from timing import report, side_by_side

import circuitgrad
from circuitgrad.engines.choice import ENGINES
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted

if TYPE_CHECKING:
    from circuitgrad.engines.wanted import Program

CIRCUITS = Path(__file__).parent.parent / "circuits"
FILES = ("neuron", "black_scholes", "iris", "filter")
PASSES = 2000


def repeated(run: Program, point: list[float]) -> None:
    """Run a program many times."""
    for _ in range(PASSES):
        run(*point)


def main(rounds: int) -> None:
    """Print a table for every circuit."""
    for name in FILES:
        circuit = circuitgrad.load(CIRCUITS / f"{name}.yaml")
        inputs, point = list(circuit.inputs), list(circuit.values().values())
        wanted = Wanted(circuit.outputs, circuit.outputs, tuple(inputs))
        programs, found = {}, []
        print(f"{name}: {len(circuit.rules)} gates, {PASSES:,} passes")
        for engine in ENGINES:
            start = time.perf_counter()
            programs[engine] = program(circuit, inputs, wanted, engine)
            print(
                f"  {engine} takes {1e6 * (time.perf_counter() - start) / len(circuit.rules):.0f} us a gate to prepare"
            )
            found.append(list(programs[engine](*point)))
        if any(one != found[0] for one in found):
            sys.exit(f"{name}: the engines disagree")
        print(report(side_by_side({engine: partial(repeated, run, point) for engine, run in programs.items()}, rounds),
                     "objects"))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

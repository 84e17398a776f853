"""What a proof of the gradient costs: `check` with the method mp beside one forward pass in multiprecision.

Run `python benchmarks/checking.py [ROUNDS]`. The circuit has 1,000 gates and 10 inputs; the bar is five seconds.
"""

from __future__ import annotations

import random
import sys
from functools import partial
from typing import TYPE_CHECKING

import mpmath
from timing import report, side_by_side

import circuitgrad
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.gates import references
from circuitgrad.methods.exact_values import WORKING_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable

GATES, INPUTS, NEAR = 1000, 10, 40
BOUNDED = ["sin", "tanh", "sigmoid", "atan", "cos"]
OTHERS = ["add", "mul", "sub", "max", "hypot"]
FORWARD = f"forward with {WORKING_DIGITS} digits"


def circuit() -> circuitgrad.Circuit:
    """Return a circuit whose values stay small: every other gate is bounded."""
    generator = random.Random(0)
    names = [f"x{i}" for i in range(INPUTS)]
    lines = ["inputs:", *(f"  {name}: {generator.uniform(-2, 2):.3f}" for name in names), "gates:"]
    for i in range(GATES - INPUTS):
        gate = generator.choice(OTHERS if i % 2 else BOUNDED)
        operands = [generator.choice(names[-NEAR:]) for _ in range(2 if i % 2 else 1)]
        lines.append(f"  g{i}: {{{gate}: [{', '.join(operands)}]}}")
        names.append(f"g{i}")
    # Every input reaches the output.
    lines.append(f"  out: {{add: [{', '.join(names[:INPUTS])}, {names[-1]}]}}")
    return circuitgrad.loads("\n".join([*lines, "output: out"]))


def main(rounds: int) -> None:
    """Print the table of times."""
    subject = circuit()
    twin = subject.over(MULTIPRECISION)

    def forward() -> None:
        with mpmath.workdps(WORKING_DIGITS):
            twin.trace({})

    def checked(method: str, order: int = 1) -> None:
        for rule in set(subject.rules):
            references(rule).cache_clear()  # another circuit would not find the slopes of these gates there
        check(subject, method=method, order=order)

    calls: dict[str, Callable[[], object]] = {
        FORWARD: forward,
        "check --method mp": partial(checked, "mp"),
        "check --method central": partial(checked, "central"),
        "check --method mp --order 2": partial(checked, "mp", 2),
    }
    print(f"{len(subject.rules):,} gates, {len(subject.inputs)} inputs\n")
    print(report(side_by_side(calls, rounds), FORWARD))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

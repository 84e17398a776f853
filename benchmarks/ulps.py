"""How far the functions that machine code computes eight at a time are from the truth, in units of the last place.

Run `python benchmarks/ulps.py [POINTS]`. Points are drawn evenly and by their exponents from the range in which the
gate table tests each function; mpmath is the truth, at 50 digits. A Markdown table is printed.
"""

from __future__ import annotations

import math
import random
import sys
from array import array

from mpmath import mp, mpf

import circuitgrad
from circuitgrad.engines.native.libm.functions import VECTORS
from circuitgrad.engines.programs import over_columns
from circuitgrad.engines.wanted import Wanted
from circuitgrad.gates.table import find


def points(low: float, high: float, count: int) -> list[float]:
    """Return numbers of a range: half of them evenly spread, half of all sizes."""
    chance = random.Random(f"{low} {high}")
    size = max(abs(low), abs(high))
    found = [chance.uniform(low, high) for _ in range(count // 2)]
    while len(found) < count:
        x = math.copysign(size * 10.0 ** -chance.uniform(0, 12), chance.choice((-1, 1)))
        if low <= x <= high:
            found.append(x)
    return found


def error(found: float, exact: mpf) -> float:
    """Return how far a double is from a number, in units of the last place of the double nearest to it."""
    nearest = float(exact)
    return 0.0 if nearest == found else float(abs(mpf(found) - exact) / math.ulp(nearest))


def main(count: int) -> None:
    """Print the largest error of every function."""
    print("| function | from | to | largest error | at |\n|---|---|---|---|---|")
    for name in VECTORS:
        ((low, high),) = find(name).sample
        xs = points(low, high, count)
        circuit = circuitgrad.from_expression(f"{name}(x)", x=1)
        (found,) = over_columns(circuit, ["x"], Wanted(("out",)), "native")([array("d", xs)])
        with mp.workdps(50):
            worst, at = max((error(one, getattr(mp, name)(mpf(x))), x) for one, x in zip(found, xs, strict=True))
        print(f"| `{name}` | {low:g} | {high:g} | {worst:.2f} | {at!r} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)

"""How many instructions small cases take, counted by valgrind: the same number in every run, however busy the machine.

Run `python benchmarks/instructions.py`; it takes half a minute. A case is counted without Python's start and the
imports, as a ratio to a piece of plain Python in the same interpreter, so that how Python was built matters little. The
exit code is 1 where a ratio is over its bound by more than a tenth.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import circuitgrad

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parent.parent
TOLERANCE = 0.1
"""How far over its bound a ratio may be."""
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no")
PASSES = 200
GATES = 2000


def nothing() -> None:
    """Do nothing: what is left are Python's start and the imports."""


def imported() -> None:
    """Import what is imported on demand, by doing a little of everything."""
    circuitgrad.loads("{inputs: {x: 1}, gates: {a: {mul: [x, 2]}, b: a + sigmoid(x)}}").backward()


def plain() -> None:
    """Do what Python programs do: calls, attributes, tuples, lists, dictionaries, arithmetic, strings."""

    class Point(NamedTuple):
        x: float
        y: float

    def moved(point: Point, by: float) -> Point:
        return Point(point.x + by, point.y - by)

    points, found = [Point(0.0, 1.0)], dict[str, float]()
    for number in range(8000):
        points.append(moved(points[-1], number / 7))
        found[f"p{number % 100}"] = points[-1].x * points[-1].y
    assert len(found) == 100


def passes() -> None:
    """Run the neuron forward and backward with the gate objects."""
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    for _ in range(PASSES):
        circuit.backward()


def reading() -> None:
    """Read a circuit of gates with operands and of formulas."""
    lines = ["inputs:", "  x: 0.5", "  w0: 1.0", "gates:"]
    for number in range(0, GATES, 4):
        lines.append(f"  w{number + 1}: {{add: [w{number}, x]}}")
        lines.append(f"  w{number + 2}: {{sin: w{number + 1}}}")
        lines.append(f"  w{number + 4}: w{number + 2}*x + 1")
    circuit = circuitgrad.loads("\n".join([*lines, ""]))
    assert len(circuit.rules) == GATES


WORKLOADS: dict[str, Callable[[], None]] = {
    "nothing": nothing, "plain": plain, "passes": passes, "reading": reading,
}  # fmt: skip


class Case(NamedTuple):
    """What is counted.

    Attributes:
        workload: its name.
        title: what it is, in words.
        bounds: the ratio to the plain Python that it had, by the version of Python.
    """

    workload: str
    title: str
    bounds: Mapping[tuple[int, int], float]

    @property
    def bound(self) -> float:
        """The ratio that it had with this version of Python, or with the newest that is known."""
        return self.bounds[max(version for version in self.bounds if version <= sys.version_info[:2])]


CASES = [
    Case(
        "passes",
        f"{PASSES} passes of the neuron, forward and backward, by the gate objects",
        {(3, 10): 0.54, (3, 11): 0.445, (3, 12): 0.372},
    ),
    Case(
        "reading",
        f"reading {GATES:,} gates of YAML",
        {(3, 10): 2.49, (3, 11): 2.01, (3, 12): 1.82},
    ),
]


def counted() -> dict[str, int]:
    """Return, by workload, the instructions of a process that does it.

    Raises:
        RuntimeError: one of them failed, or valgrind did.
    """
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        # The same hashes, nothing of the user's, and bytecode that every run only reads.
        environment = {
            "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(ROOT / "src"), "PYTHONPYCACHEPREFIX": f"{folder}/bytecode",
        }  # fmt: skip

        def done(workload: str, *under: str) -> str:
            command = [*under, sys.executable, "-s", __file__, workload]
            process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if process.returncode:
                raise RuntimeError(f"{workload}: {process.stderr.strip()[-500:]}")
            return process.stderr

        def count(workload: str) -> int:
            counts = f"--cachegrind-out-file={folder}/{workload}"
            found = re.search(r"I\s+refs:\s+([\d,]+)", done(workload, *VALGRIND, counts))
            if not found:
                raise RuntimeError(f"{workload}: valgrind counted nothing")
            return int(found[1].replace(",", ""))

        for workload in WORKLOADS:
            done(workload)
        return dict(zip(WORKLOADS, pool.map(count, WORKLOADS), strict=True))


def report(counts: dict[str, int], cases: Sequence[Case] = CASES) -> tuple[str, bool]:
    """Return the table of ratios, and whether all are within their bounds.

    >>> counts = {"nothing": 100, "plain": 200, "passes": 320}
    >>> report(counts, [Case("passes", "passes", {(3, 10): 2.0})])
    ('passes: 2.200 of plain Python, bound 2.000: ok', True)
    >>> report(counts, [Case("passes", "passes", {(3, 10): 1.9})])[1]
    False
    """
    unit = counts["plain"] - counts["nothing"]
    lines, held = [], True
    for case in cases:
        ratio = (counts[case.workload] - counts["nothing"]) / unit
        is_held = ratio <= case.bound * (1 + TOLERANCE)
        held &= is_held
        verdict = "ok" if is_held else f"too many: {ratio / case.bound - 1:+.0%}"
        if is_held and ratio < case.bound * (1 - TOLERANCE):
            verdict = "fewer: lower the bound"
        lines.append(f"{case.title}: {ratio:.3f} of plain Python, bound {case.bound:.3f}: {verdict}")
    return "\n".join(lines), held


def main() -> int:
    """Count, print the table, and return the exit code."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: instructions are not counted")
        return 0
    text, held = report(counted())
    print(text)
    return 0 if held else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        imported()
        WORKLOADS[sys.argv[1]]()
    else:
        sys.exit(main())

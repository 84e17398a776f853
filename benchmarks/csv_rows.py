"""The neuron at every row of a CSV file, as whole processes: `circuitgrad forward --data` beside polars.

Run `python benchmarks/csv_rows.py [ROUNDS] [ROWS]`; it needs polars, and the extras `data` and `native`. polars has two
threads, scans the file, computes the same expression and writes the results as CSV. The bar is 2 times its time.
For comparison: `backward --data`, which writes six times as many numbers, and circuitgrad without the extras.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from timing import report, side_by_side

ROOT = Path(__file__).parent.parent
NEURON = str(ROOT / "circuits" / "neuron.yaml")
POLARS = "polars, two threads"
SCRIPT = """
import sys
import polars as pl
total = pl.col("a") * pl.col("x") + pl.col("b") * pl.col("y") + pl.col("c")
pl.scan_csv(sys.argv[1]).select(s=1 / (1 + (-total).exp())).sink_csv(sys.argv[2])
"""
# Modules that are None in sys.modules cannot be imported.
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(["pyarrow", "llvmlite"]))
from circuitgrad.cli import run
run()
"""
NEAR = 1e-12
"""The relative error in which all agree."""


def write_rows(file: Path, rows: int) -> None:
    """Write rows of normally distributed numbers with all their digits."""
    some = random.Random(1)
    with file.open("w", encoding="utf-8") as opened:
        opened.write("a,b,c,x,y\n")
        for _ in range(rows):
            opened.write(",".join(repr(some.gauss(0, 1)) for _ in range(5)) + "\n")


def first_column(file: Path) -> list[float]:
    """Return the numbers of the first column of a CSV file."""
    with file.open(encoding="utf-8") as opened:
        next(opened)
        return [float(line.partition(",")[0]) for line in opened]


def main(rounds: int, rows: int) -> None:
    """Check that all agree, and print a table of times."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.csv"
        write_rows(data, rows)
        programs = {
            POLARS: ["-c", SCRIPT, str(data)],
            "forward --data": ["-m", "circuitgrad", "forward", NEURON, "--data", str(data), "-o"],
            "forward, without the extras": ["-c", WITHOUT, "forward", NEURON, "--data", str(data), "-q", "-o"],
            "backward --data": ["-m", "circuitgrad", "backward", NEURON, "--data", str(data), "-o"],
        }
        files = {name: Path(folder) / f"{number}.csv" for number, name in enumerate(programs)}

        def run(name: str) -> None:
            environment = {**os.environ, "POLARS_MAX_THREADS": "2"}
            subprocess.run([sys.executable, *programs[name], str(files[name])], check=True, env=environment)

        for name in programs:
            run(name)
        expected = first_column(files[POLARS])
        for name, file in files.items():
            found = first_column(file)
            if len(found) != rows or any(abs(a - b) > NEAR * abs(b) for a, b in zip(found, expected, strict=True)):
                raise SystemExit(f"{name} differs from {POLARS}")
        print(f"{rows:,} rows, {data.stat().st_size / 1e6:.1f} MB; all agree to {NEAR:g}")
        print(report(side_by_side({name: partial(run, name) for name in programs}, rounds), POLARS))


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:3]]
    main(*given, *(5, 1_000_000)[len(given) :])

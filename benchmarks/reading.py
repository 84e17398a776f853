"""How long reading a file of 200,000 gates takes beside the mere events of PyYAML's C parser for the same text.

Run `python benchmarks/reading.py [ROUNDS] [GATES]`. The bar is 2 times the events for gates
with operands, as people and programs write them; a formula is one event, and takes far longer to understand.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import yaml
from timing import report, side_by_side

import circuitgrad

FORMS = {
    "gates": "  w{next}: {{add: [w{this}, x]}}",
    "gates, in quotes": "  w{next}: {{add: ['w{this}', x]}}",
    "formulas": "  w{next}: w{this}*x + 1",
}
"""Lines with quotes are for PyYAML, each of them; of the others it sees few."""
EVENTS = "events of PyYAML's C parser"


def text(gates: int, kind: str) -> str:
    """Return a circuit file: a long chain of gates, in one of the forms."""
    lines = ["inputs:", "  x: 0.5", "  w0: 1.0", "gates:"]
    form = FORMS[kind]
    count = gates // 2 if kind == "formulas" else gates
    lines += [form.format(this=i, next=i + 1) for i in range(count)]
    return "\n".join([*lines, ""])


def main(rounds: int, gates: int) -> None:
    """Print a table of times per kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in FORMS:
            file = Path(folder) / f"{kind}.yaml"
            file.write_text(text(gates, kind), encoding="utf-8")

            def events(file: Path = file) -> None:
                for _ in yaml.parse(file.read_text(encoding="utf-8"), Loader=yaml.CLoader):
                    pass

            def read(file: Path = file) -> None:
                circuitgrad.load(file)

            print(f"{gates:,} gates, written as {kind}, {file.stat().st_size / 1e6:.1f} MB")
            print(report(side_by_side({EVENTS: events, "circuitgrad.load": read}, rounds), EVENTS), end="\n\n")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:3]]
    main(*given, *(5, 200_000)[len(given) :])

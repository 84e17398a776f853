"""How long `circuitgrad forward` on the neuron takes beside importing the libraries of the base install.

Run `python benchmarks/startup.py [ROUNDS]`. The bar for `forward` is 1.15 times the imports.
What it prints here goes nowhere: on a terminal with colours it imports rich, too.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
from functools import partial
from pathlib import Path

from timing import report, side_by_side

ROOT = Path(__file__).parent.parent
IMPORTS = "importing click, yaml, rich"
PROGRAM = [str(Path(sys.executable).with_name("circuitgrad"))]
COMMANDS = {
    IMPORTS: [sys.executable, "-c", "import click, yaml, rich.console, rich.table"],
    "importing click, yaml": [sys.executable, "-c", "import click, yaml"],
    "--help": [*PROGRAM, "--help"],
    "forward": [*PROGRAM, "forward", "circuits/neuron.yaml"],
    "forward --format json": [*PROGRAM, "forward", "circuits/neuron.yaml", "--format", "json"],
    "backward": [*PROGRAM, "backward", "circuits/neuron.yaml"],
    "check": [*PROGRAM, "check", "circuits/neuron.yaml"],
}


def main(rounds: int) -> None:
    """Print the table of times."""
    # Where Python may not write its bytecode, every run would compile the package anew.
    compileall.compile_dir(ROOT / "src", quiet=1)
    calls = {
        name: partial(subprocess.run, command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        for name, command in COMMANDS.items()
    }
    print(report(side_by_side(calls, rounds), IMPORTS))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)

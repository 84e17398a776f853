"""How long a small command takes, beside importing the libraries that it stands on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from turns import report

ROOT = Path(__file__).parent.parent
IMPORTS = "import click, yaml, rich.console, rich.table"


def process(*arguments: str) -> None:
    """Run Python with these arguments."""
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True, cwd=ROOT)


if __name__ == "__main__":
    report(
        "forward on the neuron / importing click, PyYAML and rich",
        lambda: process("-m", "circuitgrad", "forward", "circuits/neuron.yaml"),
        lambda: process("-c", IMPORTS),
        rounds=30,
    )

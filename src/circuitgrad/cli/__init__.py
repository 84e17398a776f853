"""The command line."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

PATIENCE = 100_000
"""So many new objects make the collector look for cycles."""


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 a check failed, 2 wrong usage or file, 3 our fault, 130 interrupted.

    Args:
        arguments: the command line without the program's name; the process's own when left out.
    """
    # A start-up makes tens of thousands of objects that stay; Python's own patience, 700, has the collector look at
    # them again and again, which takes a tenth of the whole run.
    gc.set_threshold(PATIENCE)
    from circuitgrad.cli.main import run_program

    run_program(arguments)

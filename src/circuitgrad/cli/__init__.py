"""The command line."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

OBJECTS_BETWEEN_COLLECTIONS = 100_000


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    The exit codes: 0 done, 1 a check failed, 2 wrong usage or file, 3 our fault, 130 interrupted, 143 terminated.

    Args:
        arguments: the command line without the program's name. When left out it is the process's own; then signals are
            handled, too, and standard streams may be closed.
    """
    # A start-up makes tens of thousands of objects that stay. With Python's own threshold, 700, the garbage collector
    # visits them again and again, which takes a tenth of the whole run.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    if arguments is None:
        from circuitgrad.cli.process import prepare

        prepare()
    from circuitgrad.cli.main import run_program

    run_program(arguments)

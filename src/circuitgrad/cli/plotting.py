"""The option that draws a picture, in the terminal or into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitgrad.errors import CircuitError, quote, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.cli.options import Decorator

TERMINAL = "-"
"""The value of `--plot` without a file."""
PICTURE_SUFFIXES = (".svg", ".png")


def plot(words: str) -> Decorator:
    """Return the option `--plot`, with its help."""
    return click.option("--plot", metavar="[FILE]", is_flag=False, flag_value=TERMINAL, help=words)


def refuse_picture(where: str | None, form: str) -> None:
    """Refuse a picture that cannot be drawn, before anything is computed.

    Raises:
        CircuitError: it cannot.
    """
    if where == TERMINAL:
        if form != "table":
            raise CircuitError.of(f"a picture in the terminal is not {form}", hint="--plot FILE.svg goes with it")
    elif where is not None:
        if Path(where).suffix.lower() not in PICTURE_SUFFIXES:
            hint = f"pictures are {' or '.join(PICTURE_SUFFIXES)}; --plot alone, behind FILE, draws in the terminal"
            raise CircuitError.of(f"--plot {quote(where)}", hint=hint)
        from circuitgrad.files import refuse_unwritable
        from circuitgrad.report.picture import require

        require()
        refuse_unwritable(Path(where))


def write_picture(where: str, draw: Callable[[str], bytes]) -> str:
    """Write a picture into a file, and return a note on it.

    Args:
        where: the file.
        draw: returns the picture in a format, `svg` or `png`.

    Raises:
        CircuitError: it cannot be written.
    """
    from circuitgrad.files import write

    path = Path(where)
    write(path, draw(path.suffix[1:].lower()), replace=True)
    return f"wrote {visible(where)}"

"""What standard output can show: its width, its colours, its characters; and text that fits it."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from circuitgrad.errors import columns as columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

WIDEST_TEXT = 100
"""Where nothing needs to fit, a folded text is folded to this width."""


def terminal_width() -> int | None:
    """Return the width of the terminal behind standard output; None for a pipe or a file, where nothing needs to fit.

    The environment variable COLUMNS decides where it is set.
    """
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    try:
        # A terminal that does not know its size says 0.
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None


def colourful() -> bool:
    """Tell whether standard output takes colours: a terminal does, NO_COLOR forbids, FORCE_COLOR demands."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def encodable(text: str) -> bool:
    """Tell whether standard output can encode `text`."""
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def printable(text: str) -> str:
    """Return `text` in characters that standard output can encode; a line and an ellipsis have ASCII forms."""
    if encodable(text):
        return text
    ascii_forms = text.replace("─", "-").replace("…", "~")
    return ascii_forms.encode(_encoding(), "backslashreplace").decode(_encoding())


def fold(text: str) -> str:
    """Return lines of text, broken between words so that they fit the terminal."""
    limit = terminal_width()
    if limit is None or all(columns_of(line) <= limit for line in text.splitlines()):
        return f"{text}\n"
    from rich.text import Text

    return rich_text(Text(text), limit)


def beside(blocks: Sequence[Sequence[str]], styles: Sequence[str], gap: int) -> str:
    """Return blocks of lines side by side, with `gap` blanks between them.

    A block's colour is that of its first line and of its characters in Braille.
    """
    from rich.table import Table
    from rich.text import Text

    widths = [max(map(columns_of, block)) for block in blocks]
    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    cells = []
    for block, style, width in zip(blocks, styles, widths, strict=True):
        cell = Text("\n".join(block))
        cell.highlight_regex(r"\A.*|[\u2801-\u28ff]+", style)
        cells.append(cell)
        table.add_column(width=width, no_wrap=True)
    table.add_row(*cells)
    return rich_text(table, sum(widths) + gap * len(widths))


def painted(lines: Sequence[Sequence[tuple[str, str]]]) -> str:
    """Return lines of text, each made of pieces with their colours."""
    from rich.text import Text

    text = Text("\n").join(Text.assemble(*line) for line in lines)
    return rich_text(text, max(terminal_width() or 0, WIDEST_TEXT))


def rich_text(renderable: RenderableType, width: int) -> str:
    """Return the text that rich prints for a renderable, without blanks at the ends of its lines."""
    console = _console(colourful())
    with console.capture() as capture:
        console.print(renderable, width=width)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


@cache
def _console(colours: bool) -> Console:
    from rich.console import Console

    return Console(
        width=10**6,  # each table brings its own
        color_system="256" if colours else None,
        force_terminal=colours,
        no_color=not colours,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    )

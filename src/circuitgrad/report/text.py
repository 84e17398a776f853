"""Text on a terminal: how wide it is, how to cut and fold it, and whether it may have colours."""

from __future__ import annotations

import os
import sys

ELLIPSIS = "…"
STYLES = {"bold": "1", "red": "31", "green": "32", "cyan": "36"}


def width(text: str) -> int:
    """Return how many columns of a terminal `text` takes.

    >>> width("ab"), width("水")
    (2, 2)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, columns: int) -> str:
    """Return `text` shortened to so many columns, with an ellipsis where something is missing.

    >>> cut("sigmoid", 5)
    'sigm…'
    """
    if width(text) <= columns:
        return text
    kept = text[: columns - 1]
    while width(kept) > columns - 1:
        kept = kept[:-1]
    return kept + ELLIPSIS


def fold(text: str, columns: int | None) -> list[str]:
    """Return the lines of `text`, broken between words so that none is wider than so many columns.

    >>> fold("the guide's neuron", 12)
    ["the guide's", 'neuron']
    """
    if columns is None:
        return text.splitlines()
    from textwrap import wrap

    return [part for line in text.splitlines() for part in wrap(line, columns) or [""]]


def terminal_width() -> int | None:
    """Return the width of what standard output is shown on, or None where nothing needs to fit: in a pipe or a file.

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


def styled(text: str, *styles: str) -> str:
    r"""Return `text` in the terminal's codes for the named styles; an empty name is no style.

    >>> styled("x", "bold", "red")
    '\x1b[1;31mx\x1b[0m'
    """
    codes = ";".join(STYLES[style] for style in styles if style)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text else text


def printable(text: str) -> str:
    """Return `text` in characters that standard output can encode: a rule and an ellipsis have plain forms."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.replace("─", "-").replace(ELLIPSIS, "~")
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text

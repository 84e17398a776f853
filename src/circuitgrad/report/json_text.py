"""JSON as text: characters that disturb a terminal, and what GitHub's runner would obey, are escaped."""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPED = re.compile(r"##(?=(?:vso|teamcity)?\[)|[^\x00-\x7e]")


def json_text(document: Any, *, indent: int | None = None, ascii_only: bool = False, compact: bool = False) -> str:
    r"""Return a document as JSON.

    Args:
        document: the document.
        indent: how many blanks each level is indented by; None is all in one line.
        ascii_only: whether to escape every character outside ASCII, instead of the unprintable ones alone.
        compact: whether to write no blanks.

    >>> print(json_text(["é", chr(0x9B), "##[error]"]))
    ["é", "\u009b", "#\u0023[error]"]
    """
    separators = (",", ":") if compact else None
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only, allow_nan=False, separators=separators)
    return text if text.isascii() and "##" not in text and "\x7f" not in text else _ESCAPED.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    sequence = found[0]
    if len(sequence) > 1:
        return r"#\u0023"
    if sequence.isprintable():
        return sequence
    return json.dumps(sequence)[1:-1] if ord(sequence) > 0x7F else r"\u007f"

"""Numbers as text."""

from __future__ import annotations

from math import isfinite

DEFAULT_DIGITS = 6
"""How many significant digits a number has where a person reads it."""


def rounded(value: float, digits: int = DEFAULT_DIGITS) -> str:
    """Return `value` with at most `digits` significant digits, and no more than it needs.

    >>> rounded(0.8807970779778823), rounded(-6.0), rounded(1 / 3, 3)
    ('0.880797', '-6', '0.333')
    """
    return f"{value:.{digits}g}"


def exact(value: float) -> str:
    """Return the shortest text that reads back as the same double.

    >>> exact(0.1), exact(float("-inf"))
    ('0.1', '-inf')
    """
    return repr(value)


def for_json(value: float) -> float | str:
    """Return the number, or its name where JSON has no number for it: `"nan"`, `"inf"`, `"-inf"`.

    >>> for_json(0.5), for_json(float("nan"))
    (0.5, 'nan')
    """
    return value if isfinite(value) else repr(value)

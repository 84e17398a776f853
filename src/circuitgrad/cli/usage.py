"""Exit codes, and the error for a command or a kind that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.errors import did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

DONE, CHECK_FAILED, WRONG_USAGE, OUR_FAULT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""


def no_such(noun: str, name: str, known: Iterable[str], ctx: click.Context) -> click.UsageError:
    """Return the error for an unknown command, or kind, with the known name that may be meant."""
    hint = did_you_mean(name, known)
    return click.UsageError(f"there is no {noun} {quote(name)}" + (f"; {hint}" if hint else ""), ctx)

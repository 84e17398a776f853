"""The one door to standard output and standard error: no text that comes from a file commands whoever reads them."""

from __future__ import annotations

import click

from circuitgrad.errors import harmless


def put(text: str, *, workflow_commands: bool = False) -> None:
    """Write lines of text to standard output, in characters that it can encode.

    Args:
        text: the lines, or a part of them that starts a line.
        workflow_commands: whether the lines are commands for GitHub's runner.
    """
    from circuitgrad.report.terminal import colourful, printable

    shown = text if workflow_commands else harmless(text, colours=colourful())
    click.echo(printable(shown), nl=False, color=True)


def put_copy(text: str) -> None:
    """Write a text to standard output that is known to be harmless, to the byte."""
    click.echo(text.encode(), nl=False)


def put_file(content: str | bytes) -> None:
    """Write what is else a file to standard output: a text in UTF-8, whatever the terminal's encoding."""
    click.echo(harmless(content).encode() if isinstance(content, str) else content, nl=False)


def tell(text: str) -> None:
    """Write lines of text and the end of the last one to standard error."""
    click.echo(harmless(text), err=True)

"""Printing: results to standard output; notes, hints and warnings to standard error."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from circuitgrad.cli import streams
from circuitgrad.errors import Problem, installing, quote, visible
from circuitgrad.report.rendering import render
from circuitgrad.report.terminal import fold, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Chunks
    from circuitgrad.engines.choice import Choice
    from circuitgrad.report.tables import Table

MOST_NAMED_COLUMNS = 10
"""A warning names at most this many columns."""
ROWS_WORTH_PYARROW = 300_000
"""Without pyarrow, this many rows of CSV take over a second longer to read and write, 4 us each."""


def title(circuit: Circuit) -> str:
    """Return the line above a table: the circuit's name and its description."""
    return visible(f"{circuit.name}: {circuit.about}" if circuit.about else circuit.name)


def emit(text: str) -> None:
    """Write results to standard output, in one piece."""
    streams.put(text)


def emit_json(document: Any) -> None:
    """Write a JSON document to standard output."""
    from circuitgrad.report.json_text import json_text

    text = json_text(document, indent=2)
    if printable(text) != text:
        text = json_text(document, indent=2, ascii_only=True)
    emit(text + "\n")


def emit_table(
    heading: str, table: Table, form: str, digits: int | None, *, everything: bool = False, quiet: bool = False
) -> None:
    """Write a table to standard output, under its heading where the format is a table."""
    if form == "table" and not quiet:
        emit(f"{fold(heading)}\n")
    for piece in render(table, form, digits, everything=everything):
        emit(piece)


def emit_notes(notes: str, *, quiet: bool, apart: bool = True) -> None:
    """Write the notes under a table to standard output, after a blank line."""
    if not quiet:
        emit("\n" * apart + fold(notes))


def warn(problem: Problem | None, *, quiet: bool) -> None:
    """Write a warning to standard error, if there is a problem and warnings are wanted."""
    if problem is not None and not quiet:
        streams.tell(problem.describe("warning"))


def warn_nonfinite(circuit: Circuit, *, gradients: bool = True, quiet: bool) -> None:
    """Warn about the first infinite or NaN value of the last passes, and about the first such gradient."""
    from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

    warn(nonfinite_value(circuit), quiet=quiet)
    if gradients:
        warn(nonfinite_gradient(circuit), quiet=quiet)


def warn_ignored(source: str, ignored: Sequence[str], *, quiet: bool) -> None:
    """Warn about columns of a data file without an input."""
    if ignored:
        distinct = dict.fromkeys(ignored)
        names = ", ".join(map(quote, islice(distinct, MOST_NAMED_COLUMNS)))
        if len(distinct) > MOST_NAMED_COLUMNS:
            names += f" and {len(distinct) - MOST_NAMED_COLUMNS:,} more"
        warn(Problem(f"{source}: no input is called like these columns, which are ignored: {names}"), quiet=quiet)


def tell_of_reading(data: Chunks, *, quiet: bool) -> None:
    """Write to standard error what was found in a data file, and warn about columns without an input."""
    for note in data.notes if not quiet else ():
        streams.tell(f"note: {visible(note)}")
    for warning in data.warnings:
        warn(warning, quiet=quiet)
    ignored = [title for title in data.ignored if title not in data.kept]
    if len(ignored) > len(data.warnings):
        warn_ignored(data.name, ignored, quiet=quiet)


def tell_of_gaps(data: Chunks, *, quiet: bool) -> None:
    """Write to standard error how many rows of a data file had gaps, after the file has been read."""
    note = data.gaps and data.gaps.message(data.name, data.counted)
    if note and not quiet:
        streams.tell(f"note: {visible(note)}")


def warn_overridden(assignments: Collection[str], columns: Collection[str], source: str, *, quiet: bool) -> None:
    """Warn about values of `--set` that a column of a data file overrides."""
    if both := [name for name in assignments if name in columns]:
        message = f"--set has no effect on what has a column in {source}: {', '.join(map(quote, both))}"
        warn(Problem(message), quiet=quiet)


def tell_engine(choice: Choice | None, *, verbose: bool, quiet: bool) -> None:
    """Write to standard error the engine, with reasons, where that is wanted, and a hint at a faster one."""
    if choice is None:
        return
    if verbose:
        streams.tell(f"engine {choice.engine}: {choice.why}")
        if choice.engine == "native":
            from circuitgrad.engines.native.llvm.cache import refusals

            for reason in refusals():
                streams.tell(f"cache: {reason}")
    if choice.hint and not quiet:
        streams.tell(f"hint: {choice.hint}")


def tell_of_pyarrow(rows: int, *, quiet: bool) -> None:
    """Write a hint to standard error where pyarrow would save over a second for this number of rows."""
    from circuitgrad.data.arrow import is_installed

    if rows >= ROWS_WORTH_PYARROW and not quiet and not is_installed():
        streams.tell(f"hint: {installing('data')} makes reading and writing faster")

"""The rows of a data file in chunks, so that no file is too long, whatever its format: a text, Parquet or Arrow."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.data.binding import NO_COLUMN
from circuitgrad.data.csv_chunks import read_csv
from circuitgrad.data.opening import in_utf8, unpacked
from circuitgrad.data.table import CHUNK_ROWS, Rows
from circuitgrad.errors import CircuitError, quote
from circuitgrad.files import STANDARD_INPUT, STDIN_NAME, open_file, standard_input

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.data.table import Chunks

_PARQUET_MAGIC = b"PAR1"
"""The first bytes of a Parquet file."""
_ARROW_MAGIC = b"ARROW1"
"""The first bytes of an Arrow IPC file, also called Feather."""


def read_all(
    path: str, inputs: Collection[str], wanted: Collection[str], *, options: RowsOptions = FOUND
) -> tuple[Chunks, Rows]:
    """Return the description of a data file, and all of its rows.

    Args:
        path: the file.
        inputs: the names of the circuit's inputs.
        wanted: the inputs that should have a column; see `open_rows`.
        options: how the file is read.

    Raises:
        CircuitError: as of `open_rows`, or the rows are wrong.
    """
    with open_rows(path, inputs, wanted=wanted, options=options) as data:
        return data, joined(data)


def joined(data: Chunks) -> Rows:
    """Return all rows of a data file, or of several.

    Raises:
        CircuitError: the rows are wrong.
    """
    first = next(data.chunks)
    lines = list(first.lines)
    for rows in data.chunks:
        lines += rows.lines
        for name, column in rows.columns.items():
            first.columns[name].extend(column)
    return Rows(first.columns, lines, first.ignored, first.header)


@contextmanager
def open_rows(
    path: str,
    inputs: Collection[str],
    *,
    size: int = CHUNK_ROWS,
    wanted: Collection[str] = (),
    by_circuit: bool = False,
    options: RowsOptions = FOUND,
    content: bytes | None = None,
    fixed: Collection[str] = (),
    keep: Sequence[str] = (),
) -> Iterator[Chunks]:
    """Open a data file and give its rows, whose columns bind the inputs of the same name.

    Args:
        path: a CSV file as `csv.read_rows` takes it, packed or not, or a Parquet or Arrow file; `-` is standard input.
        inputs: the names of the circuit's inputs.
        size: the rows of a chunk, at least 2; on a fast path, a multiple of that.
        wanted: the inputs that should have a column. A CSV column of nearly the name of a missing column is an error.
        by_circuit: whether the circuit names the file. Then it must be a regular one, and an error quotes its text only
            where a column has the name of an input: errors may be read by others than the file's owner.
        options: how the file is read.
        content: the file's content, where it has been read already.
        fixed: the inputs that would keep their values unnoticed. A column with the name of one that has none, but for
            capital letters, blanks, `_` and `-`, is an error.
        keep: the columns that are carried through; see `binding.kept_positions`.

    Raises:
        CircuitError: the file cannot be read, no column is an input's, or two are the same input's.
    """
    if content is not None:
        name = STDIN_NAME if path == STANDARD_INPUT else path
        yield _chunks_of(io.BufferedReader(io.BytesIO(content)), name, inputs, size, wanted, options, fixed, keep)
        return
    if path == STANDARD_INPUT:
        stdin = standard_input()
        # A buffer around a buffer would wait until it is full.
        with stdin if isinstance(stdin, io.BufferedReader) else io.BufferedReader(stdin) as file:  # type: ignore[type-var]
            yield _chunks_of(file, STDIN_NAME, inputs, size, wanted, options, fixed, keep)
        return
    with open_file(path, regular=by_circuit) as file:
        try:
            chunks = _chunks_of(file, path, inputs, size, wanted, options, fixed, keep)
        except CircuitError as error:
            raise (_without_text(error) if by_circuit else error) from None
        if by_circuit and chunks.may_be_prose:
            chunks = chunks._replace(chunks=_unquoted(chunks), ignored=(), notes=(), warnings=())
        yield chunks


def _without_text(error: CircuitError) -> CircuitError:
    """Return the same error without the lines of the text, and without a hint at the name of a column."""
    problems = error.without_lines().problems
    return CircuitError(
        [problem._replace(hint=None) if NO_COLUMN in problem.message else problem for problem in problems]
    )


def _unquoted(chunks: Chunks) -> Iterator[Rows]:
    """Yield the rows of a text that may have none; an error tells nothing of what is in it but the place.

    Raises:
        CircuitError: a row is wrong.
    """
    try:
        yield from chunks.chunks
    except CircuitError as error:
        place = error.problems[0].place or quote(chunks.name)
        raise CircuitError.of(f"{place}: this is no row of numbers", hint="--data shows the line") from None


def _chunks_of(
    file: io.BufferedReader[Any],
    name: str,
    inputs: Collection[str],
    size: int,
    wanted: Collection[str],
    options: RowsOptions,
    fixed: Collection[str],
    keep: Sequence[str],
) -> Chunks:
    begin, suffix = file.peek(len(_ARROW_MAGIC)), name.lower().rpartition(".")[2]
    if begin.startswith(_PARQUET_MAGIC) or suffix == "parquet":
        from circuitgrad.data.parquet import read_parquet

        return read_parquet(file, name, inputs, size, options, fixed, keep)
    if begin.startswith(_ARROW_MAGIC) or suffix in ("arrow", "feather"):
        from circuitgrad.data.parquet import read_arrow

        return read_arrow(file, name, inputs, size, options, fixed, keep)
    text = in_utf8(unpacked(file, name), name, options.encoding)
    return read_csv(text, name, inputs, size, wanted, options, fixed, keep)

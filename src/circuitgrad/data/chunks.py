"""The rows of a data file in chunks, so that no file is too long, whatever its format: CSV or Parquet."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from circuitgrad.data.csv_chunks import read_csv
from circuitgrad.data.table import CHUNK_ROWS, Rows
from circuitgrad.errors import CircuitError
from circuitgrad.files import STANDARD_INPUT, STDIN_NAME, open_file, standard_input

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from circuitgrad.data.table import Chunks

_PARQUET_MAGIC = b"PAR1"
"""The first bytes of a Parquet file."""


def read_all(
    path: str, inputs: Collection[str], wanted: Collection[str], *, by_circuit: bool = False
) -> tuple[Chunks, Rows]:
    """Return the description of a data file, and all of its rows.

    Args:
        path: the file.
        inputs: the names of the circuit's inputs.
        wanted: the inputs that should have a column; see `open_rows`.
        by_circuit: whether the circuit names the file; see `open_rows`.

    Raises:
        CircuitError: as of `open_rows`, or the rows are wrong.
    """
    with open_rows(path, inputs, wanted=wanted, by_circuit=by_circuit) as data:
        first = next(data.chunks)
        lines = list(first.lines)
        for rows in data.chunks:
            lines += rows.lines
            for name, column in rows.columns.items():
                first.columns[name].extend(column)
    return data, Rows(first.columns, lines, first.ignored, first.header)


@contextmanager
def open_rows(
    path: str,
    inputs: Collection[str],
    *,
    size: int = CHUNK_ROWS,
    wanted: Collection[str] = (),
    by_circuit: bool = False,
) -> Iterator[Chunks]:
    """Open a data file and give its rows, whose columns bind the inputs of the same name.

    Args:
        path: a CSV file as `csv.read_rows` takes it, or a Parquet file; `-` is standard input.
        inputs: the names of the circuit's inputs.
        size: the rows of a chunk, at least 2; on a fast path, a multiple of that.
        wanted: the inputs that should have a column. A CSV column of nearly the name of a missing column is an error.
        by_circuit: whether the circuit names the file. Then it must be a regular one, and an error quotes its text only
            where a column has the name of an input: errors may be read by others than the file's owner.

    Raises:
        CircuitError: the file cannot be read, no column is an input's, or two are the same input's.
    """
    if path == STANDARD_INPUT:
        stdin = standard_input()
        # A buffer around a buffer would wait until it is full.
        with stdin if isinstance(stdin, io.BufferedReader) else io.BufferedReader(stdin) as file:  # type: ignore[type-var]
            yield _chunks_of(file, STDIN_NAME, inputs, size, wanted)
        return
    with open_file(path, regular=by_circuit) as file:
        try:
            chunks = _chunks_of(file, path, inputs, size, wanted)
        except CircuitError as error:
            raise (error.without_lines() if by_circuit else error) from None
        yield chunks


def _chunks_of(
    file: io.BufferedReader[Any], name: str, inputs: Collection[str], size: int, wanted: Collection[str]
) -> Chunks:
    if file.peek(len(_PARQUET_MAGIC)).startswith(_PARQUET_MAGIC) or name.lower().endswith(".parquet"):
        from circuitgrad.data.parquet import read_parquet

        return read_parquet(file, name, inputs, size)
    return read_csv(file, name, inputs, size, wanted)

"""Parquet files, read and written in blocks through pyarrow, which the extra `data` brings."""

from __future__ import annotations

from array import array
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from circuitgrad.data.arrow import doubles, of_doubles, pyarrow
from circuitgrad.data.table import STRANGERS, Binding, Rows, strangers
from circuitgrad.errors import CircuitError, Problem, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import BinaryIO

GROUP = 100_000
"""So many rows are written at a time: readers are slow on many small groups."""


def read(
    file: BinaryIO, name: str, inputs: Collection[str], size: int
) -> tuple[tuple[str, ...], tuple[str, ...], int, Iterator[Rows]]:
    """Return the inputs that a Parquet file has columns of, its other columns, the number of its rows, and the rows.

    Args:
        file: the file's bytes; standard input is read to its end first, for a Parquet file begins at its end.
        name: what it is called.
        inputs: the names of the circuit's inputs.
        size: how many rows a block has where they are not plain; where they are, it is `GROUP` at most.

    Raises:
        CircuitError: it is no Parquet file, no column is an input's, two are the same one's, or one is not of numbers.
    """
    pa = pyarrow("Parquet files")
    from pyarrow import parquet as pq

    try:
        table = pq.ParquetFile(file if file.seekable() else pa.BufferReader(file.read()))
        schema = table.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise CircuitError.of(f"{quote(name)} is no Parquet file: {_line(error)}") from None
    binding = Binding.of(schema.names, inputs)
    if not binding.names:
        raise CircuitError.of(f"{quote(name)}: {STRANGERS}", hint=strangers(schema.names, inputs))
    problems = [Problem(f"{quote(name)}: {message}") for _, message in binding.twice()]
    for position in binding.positions:
        column = schema.field(position)
        if not _is_number(pa, column.type):
            what = f"the column {quote(column.name)} is of type {column.type}, not of numbers"
            problems.append(Problem(f"{quote(name)}: {what}"))
    if not problems and not table.metadata.num_rows:
        problems.append(Problem(f"there are no rows in {quote(name)}"))
    if problems:
        raise CircuitError(problems)
    return binding.names, binding.ignored, table.metadata.num_rows, _blocks(pa, table, name, binding, size)


def _is_number(pa: Any, kind: Any) -> bool:
    types = pa.types
    return any(test(kind) for test in (types.is_integer, types.is_floating, types.is_decimal))


def _blocks(pa: Any, table: Any, name: str, binding: Binding, size: int) -> Iterator[Rows]:
    """Yield the rows of a Parquet file.

    Raises:
        CircuitError: the file is damaged, or a cell of an input is not a finite number.
    """
    titles = [table.schema_arrow.names[position] for position in binding.positions]
    batches = table.iter_batches(GROUP, columns=titles)
    done = 0
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise CircuitError.of(f"{quote(name)} cannot be read: {_line(error)}") from None
        if batch is None:
            return
        cells = [batch.column(title) for title in titles]
        is_plain = all(map(_is_plain, cells))
        for start in range(0, batch.num_rows, batch.num_rows if is_plain else size):
            part = cells if is_plain else [column.slice(start, size) for column in cells]
            lines = range(done + 1, done + 1 + len(part[0]))
            if is_plain:
                columns = [doubles([column.cast("double", safe=False)]) for column in part]
            else:
                columns = [
                    _numbers(name, title, one.to_pylist(), lines) for title, one in zip(titles, part, strict=True)
                ]
            yield Rows(dict(zip(binding.names, columns, strict=True)), lines, binding.ignored)
            done += len(lines)


def _is_plain(column: Any) -> bool:
    """Tell whether there is a finite number in every cell, and a cast makes the nearest double of it."""
    from pyarrow import compute as pc
    from pyarrow import types

    if column.null_count or types.is_decimal(column.type):
        return False
    return types.is_integer(column.type) or bool(pc.all(pc.is_finite(column)).as_py())


def _numbers(name: str, title: str, cells: Sequence[Any], rows: Sequence[int]) -> array[float]:
    """Return the numbers in cells.

    Raises:
        CircuitError: a cell is empty, or not a finite number.
    """
    numbers = array("d")
    problems = []
    for row, cell in zip(rows, cells, strict=True):
        if cell is not None and isfinite(cell):
            numbers.append(cell)
        else:
            what = "an empty cell" if cell is None else f"'{cell}' is not a finite number"
            problems.append(Problem(f"{quote(name)}, row {row}: {what}", hint=f"in the column {quote(title)}"))
    if problems:
        raise CircuitError(problems)
    return numbers


def write(file: IO[bytes], titles: Sequence[str], blocks: Iterable[Sequence[array[float]]]) -> None:
    """Write columns of doubles to a Parquet file.

    Args:
        file: what to write to.
        titles: the columns' names.
        blocks: the columns, in blocks of rows.

    Raises:
        CircuitError: pyarrow is not installed.
    """
    pa = pyarrow("Parquet files")
    from pyarrow import parquet as pq

    schema = pa.schema([(title, pa.float64()) for title in titles])
    held = [array("d") for _ in titles]
    with pq.ParquetWriter(file, schema) as writer:

        def put() -> None:
            columns = [of_doubles(one) for one in held]
            writer.write_batch(pa.record_batch(columns, schema=schema))

        for block in blocks:
            for column, more in zip(held, block, strict=True):
                column.extend(more)
            if len(held[0]) >= GROUP:
                put()
                held = [array("d") for _ in titles]
        put()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())

"""Parquet and Arrow files, read in chunks through pyarrow, which the extra `data` brings; Parquet is written, too."""

from __future__ import annotations

from array import array
from math import isfinite, isnan, nan
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.data.arrow import from_arrow, require_pyarrow, to_arrow
from circuitgrad.data.binding import (
    NO_INPUT_COLUMN,
    Binding,
    input_names_hint,
    kept_positions,
    missing_column,
    refuse_unknown_inputs,
)
from circuitgrad.data.gaps import MISSING_HINT, Gaps, without
from circuitgrad.data.table import Chunks, Rows
from circuitgrad.errors import CircuitError, Problem, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from circuitgrad.circuit.rows_options import RowsOptions

ROW_GROUP_SIZE = 100_000
"""The rows that are written at a time: readers are slow on many small groups."""


def read_parquet(
    file: BinaryIO,
    name: str,
    inputs: Collection[str],
    size: int,
    options: RowsOptions = FOUND,
    fixed: Collection[str] = (),
    keep: Sequence[str] = (),
) -> Chunks:
    """Return the rows of a Parquet file in chunks.

    Args:
        file: the file's bytes; standard input is read to its end first, for a Parquet file begins at its end.
        name: the file's name.
        inputs: the names of the circuit's inputs.
        size: the rows of a chunk; on the fast path, up to `ROW_GROUP_SIZE`.
        options: how the rows are read.
        fixed: the inputs that would keep their values unnoticed.
        keep: the columns that are carried through; see `binding.kept_positions`.

    Raises:
        CircuitError: it is no Parquet file, no column is an input's, two are the same input's, or a column is
            not of numbers.
    """
    pa = require_pyarrow("Parquet files")
    from pyarrow import parquet as pq

    try:
        table = pq.ParquetFile(file if file.seekable() else pa.BufferReader(file.read()))
        schema = table.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise CircuitError.of(f"{quote(name)} is no Parquet file: {_in_one_line(error)}") from None
    binding = _bound(pa, schema, name, inputs, options, fixed)
    count = table.metadata.num_rows
    if not count:
        raise CircuitError.of(f"there are no rows in {quote(name)}")
    titles = [schema.names[position] for position in binding.positions]
    kept = _kept(pa, schema, keep)
    batches = table.iter_batches(ROW_GROUP_SIZE, columns=[*dict.fromkeys([*titles, *kept])])
    gaps = Gaps(options)
    chunks = _read_chunks(pa, batches, titles, kept, name, binding, size, gaps)
    return _described(name, binding, schema.names, count, chunks, gaps, kept)


def read_arrow(
    file: BinaryIO,
    name: str,
    inputs: Collection[str],
    size: int,
    options: RowsOptions = FOUND,
    fixed: Collection[str] = (),
    keep: Sequence[str] = (),
) -> Chunks:
    """Return the rows of an Arrow IPC file, also called Feather, in chunks; see `read_parquet`.

    Raises:
        CircuitError: as of `read_parquet`.
    """
    pa = require_pyarrow("Arrow files")
    try:
        table = pa.ipc.open_file(file if file.seekable() else pa.BufferReader(file.read()))
    except (pa.ArrowException, OSError) as error:
        raise CircuitError.of(f"{quote(name)} is no Arrow file: {_in_one_line(error)}") from None
    binding = _bound(pa, table.schema, name, inputs, options, fixed)
    titles = [table.schema.names[position] for position in binding.positions]
    kept = _kept(pa, table.schema, keep)

    def batches() -> Iterator[Any]:
        for number in range(table.num_record_batches):
            batch = table.get_batch(number)
            for start in range(0, batch.num_rows, ROW_GROUP_SIZE):
                yield batch.slice(start, ROW_GROUP_SIZE).select([*dict.fromkeys([*titles, *kept])])

    gaps = Gaps(options)
    chunks = _read_chunks(pa, batches(), titles, kept, name, binding, size, gaps)
    return _described(name, binding, table.schema.names, 0, chunks, gaps, kept)


def _kept(pa: Any, schema: Any, keep: Sequence[str]) -> dict[str, Any]:
    """Return the types of the columns that are carried through, by their titles; texts for what Python has no type for.

    Raises:
        CircuitError: there is no such column.
    """
    types = {}
    for position in kept_positions(keep, schema.names):
        field, is_type = schema.field(position), pa.types
        is_flat = any(
            test(field.type)
            for test in (
                is_type.is_string,
                is_type.is_large_string,
                is_type.is_boolean,
                is_type.is_integer,
                is_type.is_floating,
                is_type.is_decimal,
                is_type.is_date,
            )
        )
        is_flat = is_flat or (is_type.is_timestamp(field.type) and field.type.unit != "ns" and field.type.tz is None)
        types[field.name] = field.type if is_flat else pa.string()
    return types


def _described(
    name: str,
    binding: Binding,
    titles: Sequence[str],
    count: int,
    chunks: Iterator[Rows],
    gaps: Gaps,
    kept: Mapping[str, Any],
) -> Chunks:
    """Return the rows of a file with what is told of its columns."""
    near = binding.near_messages(titles, ())
    return Chunks(
        name,
        "row",
        binding.names,
        binding.ignored,
        count,
        chunks,
        binding.unit_notes(titles, name),
        gaps=gaps,
        warnings=[Problem(f"{quote(name)}: {message}", hint=hint) for _, message, hint, _ in near],
        kept=[title.strip() for title in kept],
        kept_types=[*kept.values()],
    )


def _bound(
    pa: Any, schema: Any, name: str, inputs: Collection[str], options: RowsOptions, fixed: Collection[str]
) -> Binding:
    """Return the binding of the columns of a file.

    Raises:
        CircuitError: no column is an input's, two are the same input's, or a column is not of numbers.
    """
    refuse_unknown_inputs(inputs, options)
    binding = Binding.of(schema.names, inputs, options)
    if missing := missing_column(binding, schema.names):
        raise CircuitError.of(f"{quote(name)}: {missing[0]}", hint=missing[1])
    if not binding.names:
        raise CircuitError.of(f"{quote(name)}: {NO_INPUT_COLUMN}", hint=input_names_hint(schema.names, inputs))
    problems = [Problem(f"{quote(name)}: {message}", hint=hint) for _, message, hint in binding.duplicates()]
    problems += [
        Problem(f"{quote(name)}: {message}", hint=hint)
        for _, message, hint, is_wrong in binding.near_messages(schema.names, fixed)
        if is_wrong
    ]
    for position in binding.positions:
        column = schema.field(position)
        if not _is_numeric(pa, column.type):
            message = f"the column {quote(column.name)} is of type {column.type}, not of numbers"
            problems.append(Problem(f"{quote(name)}: {message}"))
    if problems:
        raise CircuitError(problems)
    return binding


def _is_numeric(pa: Any, data_type: Any) -> bool:
    types = pa.types
    return any(test(data_type) for test in (types.is_integer, types.is_floating, types.is_decimal))


def _read_chunks(
    pa: Any,
    batches: Iterator[Any],
    titles: Sequence[str],
    kept: Mapping[str, Any],
    name: str,
    binding: Binding,
    size: int,
    gaps: Gaps,
) -> Iterator[Rows]:
    """Yield the rows of a file in batches.

    Args:
        pa: the module pyarrow.
        batches: the rows of the columns that bind inputs.
        titles: the titles of these columns.
        kept: the types of the columns that are carried through.
        name: the file's name.
        binding: which columns bind which inputs.
        size: the rows of a chunk where they are read cell by cell.
        gaps: what is done about gaps.

    Raises:
        CircuitError: the file is damaged, or a cell of an input is not a finite number.
    """
    done, has_rows = 0, False
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise CircuitError.of(f"{quote(name)} cannot be read: {_in_one_line(error)}") from None
        if batch is None:
            break
        arrays = [batch.column(title) for title in titles]
        is_castable = all(map(_is_castable, arrays))
        whole = [from_arrow([numbers.cast("double", safe=False)]) for numbers in arrays] if is_castable else []
        is_castable = is_castable and not gaps.are_in(whole)
        for start in range(0, batch.num_rows, batch.num_rows if is_castable else size):
            slices = arrays if is_castable else [numbers.slice(start, size) for numbers in arrays]
            lines: Sequence[int] = range(done + 1, done + 1 + len(slices[0]))
            done += len(lines)
            columns = whole
            if not is_castable:
                cells = [numbers.to_pylist() for numbers in slices]
                lines, columns = _numbers_by_cell(name, titles, cells, lines, gaps)
            if lines:
                has_rows = True
                texts = [_cells(batch.column(title).slice(start, len(slices[0])), kept[title]) for title in kept]
                if len(lines) < len(slices[0]):
                    places = [line - 1 - done + len(slices[0]) for line in lines]
                    texts = [[cells[place] for place in places] for cells in texts]
                yield Rows(dict(zip(binding.names, columns, strict=True)), lines, binding.ignored, kept=texts)
    if not has_rows:
        raise CircuitError.of(f"there are no rows in {quote(name)}")


def _cells(column: Any, kind: Any) -> list[Any]:
    """Return the cells of a column that is carried through."""
    import pyarrow as pa

    if column.type == kind:
        return list(column.to_pylist())
    try:
        return list(column.cast(kind).to_pylist())
    except pa.ArrowException:
        return [None if cell is None else str(cell) for cell in column.to_pylist()]


def _is_castable(column: Any) -> bool:
    """Tell whether every cell of a column holds a finite number of which a cast makes the nearest double."""
    from pyarrow import compute as pc
    from pyarrow import types

    if column.null_count or types.is_decimal(column.type):
        return False
    return types.is_integer(column.type) or bool(pc.all(pc.is_finite(column)).as_py())


def _numbers_by_cell(
    name: str, titles: Sequence[str], cells: Sequence[Sequence[Any]], rows: Sequence[int], gaps: Gaps
) -> tuple[list[int], list[array[float]]]:
    """Return the numbers of the rows and their cells, without rows that have gaps and are to be left out.

    Args:
        name: the file's name.
        titles: the titles of the columns.
        cells: the cells, column by column.
        rows: the numbers of the rows.
        gaps: what is done about gaps.

    Raises:
        CircuitError: a cell is empty, or not a finite number.
    """
    problems = []
    columns: list[list[float]] = []
    places: set[int] = set()
    for title, column in zip(titles, cells, strict=True):
        numbers = [nan if cell is None or cell in gaps.numbers else float(cell) for cell in column]
        for place, number in enumerate(numbers):
            if isfinite(number):
                continue
            cell, hint = column[place], f"in the column {quote(title)}"
            if isnan(number) and gaps.policy != "error":
                places.add(place)
                continue
            fault = "an empty cell" if cell is None else f"'{cell}' is not a finite number"
            if isnan(number):
                fault = fault if cell is None or isnan(cell) else f"'{cell}' stands for a gap"
                hint = f"{hint}; {MISSING_HINT}"
            problems.append(Problem(f"{quote(name)}, row {rows[place]}: {fault}", hint=hint))
        columns.append(numbers)
    if problems:
        raise CircuitError(problems)
    for place in sorted(places):
        gaps.note(rows[place])
    left_out = places if gaps.policy == "skip" else set()
    return without(rows, left_out), [array("d", without(numbers, left_out)) for numbers in columns]


def write_parquet(
    file: IO[bytes],
    titles: Sequence[str],
    chunks: Iterable[tuple[Sequence[Sequence[Any]], Sequence[array[float]]]],
    kept: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write columns to a Parquet file: those that are carried through, and then columns of doubles.

    Args:
        file: the file to write to.
        titles: the names of the columns of doubles.
        chunks: the columns that are carried through, and those of doubles, in chunks of rows.
        kept: the types of the columns that are carried through by their names; texts where a type is None.

    Raises:
        CircuitError: pyarrow is not installed.
    """
    pa = require_pyarrow("Parquet files")
    from pyarrow import parquet as pq

    kinds = [pa.string() if kind is None else kind for kind in kept.values()]
    schema = pa.schema([*zip(kept, kinds, strict=True), *((title, pa.float64()) for title in titles)])
    texts: list[list[Any]] = [[] for _ in kept]
    group = [array("d") for _ in titles]
    with pq.ParquetWriter(file, schema) as writer:

        def write_group() -> None:
            cells = [pa.array(column, kind) for column, kind in zip(texts, kinds, strict=True)]
            writer.write_batch(pa.record_batch([*cells, *map(to_arrow, group)], schema=schema))

        for more_texts, chunk in chunks:
            for column, more in zip(group, chunk, strict=True):
                column.extend(more)
            for column_texts, cells in zip(texts, more_texts, strict=True):
                column_texts.extend(cells)
            if len(group[0]) >= ROW_GROUP_SIZE:
                write_group()
                group = [array("d") for _ in titles]
                texts = [[] for _ in kept]
        write_group()


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())

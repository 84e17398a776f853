"""A CSV file in chunks of rows: through `csv.CsvTable`, or the fast path of `arrow_csv` where rows are many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.data import arrow_csv, csv_text
from circuitgrad.data.arrow import is_installed
from circuitgrad.data.binding import kept_positions
from circuitgrad.data.csv import CsvTable, allow_long_cells, bind
from circuitgrad.data.gaps import Gaps
from circuitgrad.data.layout import find_layout
from circuitgrad.data.table import Chunks, Rows
from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    import io
    from array import array
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.data.binding import Binding


def read_csv(
    file: io.BufferedIOBase,
    name: str,
    inputs: Collection[str],
    size: int,
    wanted: Collection[str] = (),
    options: RowsOptions = FOUND,
    fixed: Collection[str] = (),
    keep: Sequence[str] = (),
) -> Chunks:
    """Return the rows of a CSV file in chunks.

    Args:
        file: the file's bytes.
        name: the file's name.
        inputs: the names of the circuit's inputs.
        size: the rows of a chunk; on the fast path, a multiple of that.
        wanted: the inputs that should have a column; see `csv.bind`.
        options: how the text is read.
        fixed: the inputs that would keep their values unnoticed; see `csv.bind`.
        keep: the columns that are carried through; see `binding.kept_positions`.

    Raises:
        CircuitError: the header or the first rows are wrong.
    """
    allow_long_cells()
    text = csv_text.CsvText(file, name, size)
    layout = find_layout(text.head(), inputs, options)
    text.dialect = layout.dialect
    part = text.next_part()
    assert part is not None  # noqa: S101
    gaps = Gaps(options)
    table = CsvTable.begun(part, layout, gaps)
    binding = bind(table, inputs, wanted=wanted, fixed=fixed, options=options)
    try:
        table.keep = kept_positions(keep, table.header.cells)
    except CircuitError as error:
        (problem,) = error.problems
        raise CircuitError.of(problem.message, table.place, problem.hint) from None
    chunks = _read_chunks(table, text, binding)
    notes = [f"{name}: the comma is the decimal mark"] if layout.has_found_decimal else []
    return Chunks(
        name,
        "line",
        binding.names,
        binding.ignored,
        text.expected_rows(),
        chunks,
        [*notes, *binding.unit_notes(table.header.cells, name)],
        layout.may_be_prose,
        gaps,
        table.warnings(binding, fixed),
        [table.header.cells[position].strip() for position in table.keep],
    )


class _Lookahead(NamedTuple):
    """Lines that come next.

    Attributes:
        lines: their bytes.
        length: the number of lines.
        columns: their numbers, where the fast path has read them.
        kept: the cells of the columns that are carried through.
    """

    lines: bytes
    length: int
    columns: list[array[float]] | None
    kept: list[list[str]]


def _read_chunks(table: CsvTable, text: csv_text.CsvText, binding: Binding) -> Iterator[Rows]:
    header, dialect, gaps, keep = table.header, table.dialect, table.gaps, table.keep
    is_long = False

    def look_ahead() -> _Lookahead:
        nonlocal is_long
        lines, count = text.look_ahead()
        is_long = is_long or (len(lines) >= csv_text.LOOKAHEAD_BYTES // 2 and is_installed())
        if not (is_long and count):
            return _Lookahead(lines, count, None, [])
        columns = arrow_csv.read_columns(lines, count, len(header.cells), binding.positions, dialect)
        if columns is not None and gaps.are_in(columns):
            columns = None
        kept: list[list[str]] | None = []
        if columns is not None and keep:
            kept = arrow_csv.read_texts(lines, count, len(header.cells), keep, dialect)
        return _Lookahead(lines, count, None if kept is None else columns, kept or [])

    first = table.bound(binding, may_be_empty=True)
    has_rows = bool(first)
    if first:
        yield first
    with ThreadPoolExecutor(1) as executor:
        ahead = look_ahead()
        while ahead.length:
            if ahead.columns is None:
                end = text.offset + len(ahead.lines)
                while text.offset < end and (part := text.next_part()):
                    if rows := CsvTable(part, header, dialect, gaps=gaps, keep=keep).bound(binding):
                        has_rows = True
                        yield rows
                ahead = look_ahead()
                continue
            columns = dict(zip(binding.names, ahead.columns, strict=True))
            rows = Rows(columns, range(text.line, text.line + ahead.length), binding.ignored, kept=ahead.kept)
            text.skip(ahead.lines, ahead.length)
            has_rows = True
            # A pipe might have to be waited for, even by a program that has been told to end.
            coming = executor.submit(look_ahead) if text.length else None
            yield rows
            ahead = coming.result() if coming else look_ahead()
    while part := text.next_part():
        if rows := CsvTable(part, header, dialect, gaps=gaps, keep=keep).bound(binding):
            has_rows = True
            yield rows
    if not has_rows:
        table.refuse_no_rows()

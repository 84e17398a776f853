"""What `forward` and `backward` do with `--data`: the results of every row, printed or written to a file."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from circuitgrad.cli import option_values, printing
from circuitgrad.cli.progress import Meter
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.rowwise import NonfiniteRows, RowwiseProgram
from circuitgrad.methods.silenced_rows import SilencedRows
from circuitgrad.report.rendering import render
from circuitgrad.report.rows import ResultChunk, collected, ends, json_pieces, rows_json, stream, table_of
from circuitgrad.report.terminal import encodable, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.cli.options import PassOptions
    from circuitgrad.data.table import Chunks

RESULTS_AT_A_TIME = 500_000
"""How many numbers are computed at a time; at least those of `CHUNK_ROWS` rows."""
FORMAT_OF_SUFFIX = {".csv": "csv", ".json": "json", ".md": "markdown", ".parquet": "parquet"}
"""The format of a file of results, by its name."""


def report_rows(
    circuit: Circuit,
    paths: Sequence[str],
    assignments: Mapping[str, float],
    outputs: Sequence[str],
    wrt: Sequence[str] | None,
    given: PassOptions,
    rows_options: RowsOptions,
) -> None:
    """Compute a circuit at every row of a file, and print the results or write them to a file.

    Args:
        circuit: the circuit.
        paths: the data files.
        assignments: the values of `--set`.
        outputs: the outputs.
        wrt: the names of `--wrt`; None for no derivatives.
        given: the options.
        rows_options: how the data file is read.

    Raises:
        CircuitError: the data are wrong, or the file of results cannot be written.
    """
    from circuitgrad.data.several import data_files, open_files

    form = _form(given)
    wanted = _wanted(circuit, outputs, wrt, everything=given.everything)
    if form == "json" and wrt is not None and (clash := {"grads", "jacobian"} & {*wanted.values}):
        message = f"{quote(min(clash))} is a key of the JSON document, and cannot be a wire's"
        raise CircuitError.of(message, hint="--format csv has no such keys")
    fixed = circuit.fixed_inputs()
    with open_files(data_files(paths), circuit.inputs, options=rows_options, fixed=fixed, keep=given.keep) as data:
        _report(circuit, data, assignments, outputs, wanted, form, given)


def _report(
    circuit: Circuit,
    data: Chunks,
    assignments: Mapping[str, float],
    outputs: Sequence[str],
    wanted: Wanted,
    form: str,
    given: PassOptions,
) -> None:
    _refuse_clash(_kept(data, given), wanted, form)
    printing.tell_of_reading(data, quiet=given.quiet)
    printing.warn_overridden(assignments, data.names, data.name, quiet=given.quiet)
    nonfinite, silenced = NonfiniteRows(circuit, wanted), SilencedRows(circuit, wanted)
    is_seen = given.output_file is None and form in ("csv", "markdown") and sys.stdout.isatty()
    compute = RowwiseProgram(circuit, data.names, silenced.wanted, given.engine, data.expected)
    has_file = given.file_column is not None
    chunks = _computed(compute, data, wanted, nonfinite, silenced, has_file=has_file, quiet=given.quiet or is_seen)
    if form == "parquet":
        _write_parquet(chunks, data, wanted, given)
    else:
        _write_text(_pieces(circuit, outputs, wanted, data, chunks, form, given), given)
    printing.tell_engine(compute.choice, verbose=given.verbose, quiet=given.quiet)
    printing.tell_of_pyarrow(data.expected, quiet=given.quiet)
    printing.tell_of_gaps(data, quiet=given.quiet)
    printing.warn(nonfinite.problem(data.name, data.counted), quiet=given.quiet)
    printing.warn(silenced.problem(data.name, data.counted), quiet=given.quiet)


def _kept(data: Chunks, given: PassOptions) -> list[str]:
    """Return the names of the columns before the results."""
    return [*([given.file_column] if given.file_column is not None else []), *data.kept]


def _refuse_clash(kept: Sequence[str], wanted: Wanted, form: str) -> None:
    """Refuse columns before the results of which two would have the same name, or one the name of a result.

    Raises:
        CircuitError: there is such a column.
    """
    keys = {"grads", "jacobian"} if form == "json" and wanted.outputs else set()
    for place, name in enumerate(kept):
        if name in wanted.titles or name in keys or name in kept[:place]:
            message = f"the column {quote(name)} would have the name of another column of the results"
            raise CircuitError.of(message, hint="rename it in the data, or leave it out of --keep")


def _form(given: PassOptions) -> str:
    """Return the format of the results: of a file, that of its name, unless `--format` says another.

    Raises:
        CircuitError: the two do not go together.
    """
    if given.output_file is None:
        return given.form
    named = FORMAT_OF_SUFFIX.get(os.path.splitext(given.output_file)[1].lower())  # noqa: PTH122
    if click.get_current_context().get_parameter_source("form") is ParameterSource.DEFAULT:
        return named or "csv"
    if given.form == "table":
        raise CircuitError.of("--format table is for a terminal, not for a file", hint="csv, markdown or json")
    if named == "parquet":
        raise CircuitError.of(f"{quote(given.output_file)} would be Parquet, and --format says {given.form}")
    return given.form


def _wanted(circuit: Circuit, outputs: Sequence[str], wrt: Sequence[str] | None, *, everything: bool) -> Wanted:
    """Return the values and derivatives wanted of every row.

    Raises:
        CircuitError: `--wrt` names what is no input.
    """
    wires = tuple(circuit) if everything else ()
    values = wires or tuple(outputs)
    if wrt is None:
        return Wanted(values)
    inputs = tuple(option_values.chosen_inputs(circuit, wrt))
    return Wanted(values, tuple(outputs), inputs if wrt else wires or inputs)


def _computed(
    compute: RowwiseProgram,
    data: Chunks,
    wanted: Wanted,
    nonfinite: NonfiniteRows,
    silenced: SilencedRows,
    *,
    has_file: bool,
    quiet: bool,
) -> Iterator[ResultChunk]:
    """Yield the results of chunk after chunk."""
    from circuitgrad.data.table import CHUNK_ROWS

    done = 0
    size = max(CHUNK_ROWS, RESULTS_AT_A_TIME // max(1, len(wanted.titles)))
    with closing(Meter(quiet=quiet)) as meter:
        for rows in (part for chunk in data.chunks for part in chunk.cut(size)):
            columns = silenced.see(rows, compute(rows))
            nonfinite.see(rows, columns)
            files = [[rows.source or data.name] * len(rows)] if has_file else []
            yield ResultChunk(rows.lines, columns, [*files, *rows.kept])
            done += len(rows)
            meter("rows", done)


def _pieces(
    circuit: Circuit,
    outputs: Sequence[str],
    wanted: Wanted,
    data: Chunks,
    chunks: Iterator[ResultChunk],
    form: str,
    given: PassOptions,
) -> Iterator[str]:
    """Yield the results in pieces of text."""
    kept = _kept(data, given)
    if form == "json":
        texts, columns = collected(len(wanted.titles), chunks, len(kept))
        cells = dict(zip(kept, texts, strict=True))
        document = rows_json(circuit.name, outputs, wanted.values, wanted.wrt, columns, cells)
        names = "".join([circuit.name, *wanted.titles, *kept])
        names += "".join({cell for column in texts for cell in column if isinstance(cell, str) and not cell.isascii()})
        yield from json_pieces(document, ascii_only=given.output_file is None and not encodable(names))
        yield "\n"
        return
    count = len(wanted.values)
    table = table_of(wanted.titles[:count], wanted.titles[count:], data.counted if form != "csv" else "", kept)
    if form != "table":
        yield from stream(table, chunks, form, given.precision)
        return
    ends(table, chunks, everything=given.everything)
    if not given.quiet:
        yield f"{fold(printing.title(circuit))}\n"
    yield from render(table, form, given.precision, everything=True)


def _write_text(pieces: Iterator[str], given: PassOptions) -> None:
    """Write results to standard output as they come, or to a file once they are complete."""
    if given.output_file is None:
        for piece in pieces:
            printing.emit(piece)
        return
    from circuitgrad.files import writing

    with writing(Path(given.output_file), replace=True) as file:
        file.writelines(piece.encode("utf-8", "backslashreplace") for piece in pieces)


def _write_parquet(chunks: Iterator[ResultChunk], data: Chunks, wanted: Wanted, given: PassOptions) -> None:
    """Write results to a Parquet file once they are complete."""
    from circuitgrad.data.parquet import write_parquet
    from circuitgrad.files import writing

    assert given.output_file is not None  # noqa: S101
    with writing(Path(given.output_file), replace=True) as file:
        types = [*([None] if given.file_column is not None else []), *(data.kept_types or [None] * len(data.kept))]
        kept = dict(zip(_kept(data, given), types, strict=True))
        write_parquet(file, wanted.titles, ((chunk.kept, chunk.columns) for chunk in chunks), kept)

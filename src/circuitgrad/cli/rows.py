"""What `forward` and `backward` print of every row of `--data`."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from circuitgrad.cli import options
from circuitgrad.cli.progress import Meter
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.rowwise import OverRows, Watch
from circuitgrad.report.rendering import render
from circuitgrad.report.rows import collected, ends, json_pieces, rows_json, stream, table_of
from circuitgrad.report.terminal import encodable, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.chunks import Blocks
    from circuitgrad.report.rows import ResultChunk

RESULTS = 500_000
"""So many numbers are computed at a time, but those of `blocks.BLOCK` rows at least."""
SUFFIXES = {".csv": "csv", ".json": "json", ".md": "markdown", ".parquet": "parquet"}
"""The format of a file of results, by its name."""


class Printing(NamedTuple):
    """How results are wanted.

    Attributes:
        form: the format.
        precision: significant digits; None is the format's own choice.
        everything: whether every wire is wanted, and every row of a table.
        quiet: whether the results alone are wanted.
        file: the file to write to; None is standard output.
        engine: the engine to use; None leaves the choice.
        verbose: whether to say which engine was used.
    """

    form: str
    precision: int | None
    everything: bool
    quiet: bool
    file: str | None
    engine: str | None
    verbose: bool


def report_rows(
    circuit: Circuit,
    path: str,
    assignments: Mapping[str, float],
    outputs: Sequence[str],
    wrt: Sequence[str] | None,
    printing: Printing,
) -> None:
    """Compute a circuit at every row of a file, and print the results or write them to a file.

    Args:
        circuit: the circuit.
        path: the data file.
        assignments: what `--set` says.
        outputs: the outputs.
        wrt: what `--wrt` says; None where no derivatives are wanted.
        printing: how the results are wanted.

    Raises:
        CircuitError: the data are wrong, or the file of results cannot be written.
    """
    from circuitgrad.data.chunks import open_rows

    form = _form(printing)
    wanted = _wanted(circuit, outputs, wrt, everything=printing.everything)
    if form == "json" and wrt is not None and (clash := {"grads", "jacobian"} & {*wanted.values}):
        what = f"{quote(min(clash))} is a key of the JSON document, and cannot be a wire's"
        raise CircuitError.of(what, hint="--format csv has no such keys")
    with open_rows(path, circuit.inputs) as data:
        _report(circuit, data, assignments, outputs, wanted, form, printing)


def _report(
    circuit: Circuit,
    data: Blocks,
    assignments: Mapping[str, float],
    outputs: Sequence[str],
    wanted: Wanted,
    form: str,
    printing: Printing,
) -> None:
    options.warn_ignored(data.name, data.ignored, quiet=printing.quiet)
    options.warn_overridden(assignments, data.names, data.name, quiet=printing.quiet)
    watch = Watch(circuit, wanted)
    is_seen = printing.file is None and form in ("csv", "markdown") and sys.stdout.isatty()
    compute = OverRows(circuit, data.names, wanted, printing.engine, data.expected)
    blocks = _computed(compute, data, wanted, watch, quiet=printing.quiet or is_seen)
    if form == "parquet":
        _write_parquet(blocks, wanted, printing)
    else:
        _write_text(_pieces(circuit, outputs, wanted, data.counted, blocks, form, printing), printing)
    options.tell_engine(compute.choice, verbose=printing.verbose, quiet=printing.quiet)
    options.tell_of_pyarrow(data.expected, quiet=printing.quiet)
    options.warn(watch.problem(data.name, data.counted), quiet=printing.quiet)


def _form(printing: Printing) -> str:
    """Return the format of the results: of a file, that of its name, unless `--format` says another.

    Raises:
        CircuitError: the two do not go together.
    """
    if printing.file is None:
        return printing.form
    named = SUFFIXES.get(os.path.splitext(printing.file)[1].lower())  # noqa: PTH122
    if click.get_current_context().get_parameter_source("form") is ParameterSource.DEFAULT:
        return named or "csv"
    if printing.form == "table":
        raise CircuitError.of("--format table is for a terminal, not for a file", hint="csv, markdown or json")
    if named == "parquet":
        raise CircuitError.of(f"{quote(printing.file)} would be Parquet, and --format says {printing.form}")
    return printing.form


def _wanted(circuit: Circuit, outputs: Sequence[str], wrt: Sequence[str] | None, *, everything: bool) -> Wanted:
    """Return what is wanted of every row.

    Raises:
        CircuitError: `--wrt` names what is no input.
    """
    wires = tuple(circuit) if everything else ()
    values = wires or tuple(outputs)
    if wrt is None:
        return Wanted(values)
    inputs = tuple(options.chosen_inputs(circuit, wrt))
    return Wanted(values, tuple(outputs), inputs if wrt else wires or inputs)


def _computed(compute: OverRows, data: Blocks, wanted: Wanted, watch: Watch, *, quiet: bool) -> Iterator[ResultChunk]:
    """Yield the results of block after block."""
    from circuitgrad.data.chunks import BLOCK

    done = 0
    size = max(BLOCK, RESULTS // max(1, len(wanted.titles)))
    with closing(Meter(quiet=quiet)) as meter:
        for rows in (block for more in data.blocks for block in more.cut(size)):
            columns = compute(rows)
            watch.see(rows, columns)
            yield rows.lines, columns
            done += len(rows)
            meter("rows", done)


def _pieces(
    circuit: Circuit,
    outputs: Sequence[str],
    wanted: Wanted,
    counted: str,
    blocks: Iterator[ResultChunk],
    form: str,
    printing: Printing,
) -> Iterator[str]:
    """Yield the results in pieces of text."""
    if form == "json":
        columns = collected(len(wanted.titles), blocks)
        document = rows_json(circuit.name, outputs, wanted.values, wanted.wrt, columns)
        names = "".join([circuit.name, *wanted.titles])
        yield from json_pieces(document, ascii_only=printing.file is None and not encodable(names))
        yield "\n"
        return
    count = len(wanted.values)
    table = table_of(wanted.titles[:count], wanted.titles[count:], counted if form != "csv" else "")
    if form != "table":
        yield from stream(table, blocks, form, printing.precision)
        return
    ends(table, blocks, everything=printing.everything)
    if not printing.quiet:
        yield f"{fold(options.title(circuit))}\n"
    yield from render(table, form, printing.precision, everything=True)


def _write_text(pieces: Iterator[str], printing: Printing) -> None:
    """Write results to standard output as they come, or to a file once they are complete."""
    if printing.file is None:
        for piece in pieces:
            options.emit(piece)
        return
    from circuitgrad.files import writing

    with writing(Path(printing.file), replace=True) as file:
        file.writelines(piece.encode("utf-8", "backslashreplace") for piece in pieces)


def _write_parquet(blocks: Iterator[ResultChunk], wanted: Wanted, printing: Printing) -> None:
    """Write results to a Parquet file once they are complete."""
    from circuitgrad.data import parquet
    from circuitgrad.files import writing

    assert printing.file is not None  # noqa: S101
    with writing(Path(printing.file), replace=True) as file:
        parquet.write(file, wanted.titles, (columns for _, columns in blocks))

"""The results of every row of data: streamed as CSV and Markdown, the ends of them as a table, whole as JSON."""

from __future__ import annotations

import json
import re
from array import array
from collections import deque
from itertools import islice
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.errors import visible
from circuitgrad.report.csv_lines import CsvLines
from circuitgrad.report.json_text import json_text
from circuitgrad.report.number_text import for_json
from circuitgrad.report.rendering import MarkdownWriter, render_csv
from circuitgrad.report.results import outputs_json
from circuitgrad.report.tables import LONGEST_TABLE, SHOWN_ENDS, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from circuitgrad.report.tables import Cell


class ResultChunk(NamedTuple):
    """The results of some rows.

    Attributes:
        lines: the numbers of the rows.
        columns: the results as columns.
        kept: the columns that are carried through from the data.
    """

    lines: Sequence[int]
    columns: Sequence[array[float]]
    kept: Sequence[Sequence[Any]] = ()


_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^::')
NUMBERS_PER_PIECE = 10_000
"""How many numbers of a JSON array are written at a time."""


def table_of(values: Sequence[str], slopes: Sequence[str], counted: str = "", kept: Sequence[str] = ()) -> Table:
    """Return an empty table of the results.

    Args:
        values: the titles of the columns of values.
        slopes: the titles of the columns of derivatives.
        counted: the title of a first column with the rows' numbers; no column where it is empty.
        kept: the titles of the columns that are carried through.
    """
    first = [Column(counted, number=True)] if counted else []
    columns = [
        *map(Column, kept),
        *(Column(title, "green", number=True) for title in values),
        *(Column(title, "red", number=True) for title in slopes),
    ]
    return Table([*first, *columns], noun="rows")


def stream(table: Table, chunks: Iterable[ResultChunk], form: str, digits: int | None) -> Iterator[str]:
    r"""Yield the results as CSV or Markdown, a piece for every chunk.

    Args:
        table: the columns, as `table_of` returns them.
        chunks: the results.
        form: `csv` or `markdown`.
        digits: significant digits.

    >>> chunks = [ResultChunk([2], [array("d", [0.5])]), ResultChunk([3], [array("d", [0.1])])]
    >>> list(stream(table_of(["s"], []), chunks, "csv", None))
    ['s\n0.5\n', '0.1\n']
    """
    if form == "markdown":
        writer = MarkdownWriter(table.columns, digits)
        for chunk in chunks:
            yield "".join(writer.write(_rows(table, chunk)))
        return
    lines = CsvLines()
    titles = "".join(render_csv(table.columns, []))
    for chunk in chunks:
        text = lines(chunk.columns) if digits is None else _csv(table, chunk, digits)
        yield titles + (_beside(chunk.kept, text) if chunk.kept else text)
        titles = ""


def _csv(table: Table, chunk: ResultChunk, digits: int) -> str:
    """Return the results as lines of CSV, without the columns that are carried through."""
    rows = zip(*chunk.columns, strict=True)
    return "".join(render_csv(table.columns[len(chunk.kept) :], rows, digits, head=False))


def _beside(kept: Sequence[Sequence[Any]], text: str) -> str:
    r"""Return lines of CSV with the columns that are carried through in front of them.

    >>> _beside([["a", "b, c"], [None, True]], "0.5\n1.0\n")
    'a,,0.5\n"b, c",true,1.0\n'
    """
    cells = [[_csv_cell(cell_text(cell)) for cell in column] for column in kept]
    lines = text.split("\n")
    lines.pop()
    return "".join(f"{','.join(row)}\n" for row in zip(*cells, lines, strict=True))


def cell_text(cell: Any) -> str:
    """Return a cell that is carried through as a text.

    >>> cell_text(None), cell_text(True), cell_text(0.1), cell_text("a")
    ('', 'true', '0.1', 'a')
    """
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _csv_cell(text: str) -> str:
    """Return a text as a cell of CSV; a terminal's control characters are shown, and GitHub's runner is not told."""
    if not text.isprintable():
        text = "".join(piece if piece in "\t\r\n" else visible(piece) for piece in text)
    if _NEEDS_QUOTES.search(text):
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text


def ends(table: Table, chunks: Iterable[ResultChunk], *, everything: bool) -> None:
    """Fill a table for people with the results: only the first and the last rows where there are many.

    Args:
        table: the columns, as `table_of` returns them.
        chunks: the results.
        everything: keep every row.
    """
    if everything:
        table.rows = [row for chunk in chunks for row in _rows(table, chunk)]
        return
    last: deque[list[Cell]] = deque(maxlen=SHOWN_ENDS)
    table.rows = []
    count = 0
    for chunk in chunks:
        length = len(chunk.lines)
        kept = LONGEST_TABLE - len(table.rows)
        table.rows += _rows(table, chunk, 0, kept)
        # Most rows of a long file are never made.
        last.extend(_rows(table, chunk, max(kept, length - SHOWN_ENDS), length))
        count += length
    if count > LONGEST_TABLE:
        table.missing = count - 2 * SHOWN_ENDS
        table.rows = [*table.rows[:SHOWN_ENDS], *[*table.rows, *last][-SHOWN_ENDS:]]


def _rows(table: Table, chunk: ResultChunk, start: int = 0, end: int | None = None) -> Iterator[list[Cell]]:
    lines, columns, kept = chunk
    if (start, end) != (0, None):
        lines, columns = lines[start:end], [column[start:end] for column in columns]
        kept = [cells[start:end] for cells in kept]
    texts = [map(cell_text, cells) for cells in kept]
    if len(columns) + len(kept) == len(table.columns):
        return ([*cells] for cells in zip(*texts, *columns, strict=True))
    return ([str(line), *cells] for line, *cells in zip(lines, *texts, *columns, strict=True))


def collected(
    count: int, chunks: Iterable[ResultChunk], kept_count: int = 0
) -> tuple[list[list[Any]], list[array[float]]]:
    """Return the columns that are carried through and those of all results.

    Args:
        count: how many columns of results there are.
        chunks: the results.
        kept_count: how many columns are carried through.
    """
    columns = [array("d") for _ in range(count)]
    texts: list[list[Any]] = [[] for _ in range(kept_count)]
    for _, results, kept in chunks:
        for column, numbers in zip(columns, results, strict=True):
            column.extend(numbers)
        for cells, more in zip(texts, kept, strict=True):
            cells.extend(map(_json_cell, more))
    return texts, columns


def _json_cell(cell: Any) -> Any:
    """Return a cell that is carried through as JSON has it."""
    if isinstance(cell, float):
        return for_json(cell)
    return cell if cell is None or isinstance(cell, (str, bool, int)) else str(cell)


def rows_json(
    circuit: str,
    outputs: Sequence[str],
    values: Sequence[str],
    wrt: Sequence[str],
    columns: Sequence[array[float]],
    kept: Mapping[str, Sequence[Any]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the document of `forward` (no columns of derivatives), of `backward`, or of a Jacobian over rows.

    Args:
        circuit: the circuit's name.
        outputs: the outputs.
        values: the wires whose values are the first columns.
        wrt: the wires in which the derivatives are taken.
        columns: the values, and then, output by output, the derivatives.
        kept: the columns that are carried through, by their names.
    """
    rest = iter(columns)
    rows: dict[str, Any] = {**kept, **dict(zip(values, islice(rest, len(values)), strict=True))}
    slopes = {output: dict(zip(wrt, slope, strict=True)) for output in outputs if (slope := [*islice(rest, len(wrt))])}
    if slopes:
        rows |= {"grads": slopes[outputs[0]]} if len(outputs) == 1 else {"jacobian": slopes}
    return {"circuit": circuit, "output": outputs_json(outputs), "rows": rows}


def json_pieces(document: Mapping[str, Any], *, ascii_only: bool) -> Iterator[str]:
    """Yield a JSON document of mappings in pieces of text, every column of numbers on one line.

    Args:
        document: the document; an array of doubles is a column.
        ascii_only: whether characters beyond ASCII are escaped.

    >>> print(*json_pieces({"rows": {"s": array("d", [1, float("inf")])}}, ascii_only=False), sep="")
    {
      "rows": {
        "s": [1.0, "inf"]
      }
    }
    """
    return _json_pieces(document, CsvLines(), ascii_only=ascii_only, indent="")


def _json_pieces(document: Mapping[str, Any], lines: CsvLines, *, ascii_only: bool, indent: str) -> Iterator[str]:
    inner = indent + "  "
    mark = "{"
    for key, value in document.items():
        yield f"{mark}\n{inner}{json_text(key, ascii_only=ascii_only)}: "
        mark = ","
        if isinstance(value, array):
            yield "["
            for start in range(0, len(value), NUMBERS_PER_PIECE):
                yield (", " if start else "") + _json_numbers(value[start : start + NUMBERS_PER_PIECE], lines)
            yield "]"
        elif isinstance(value, dict):
            yield from _json_pieces(value, lines, ascii_only=ascii_only, indent=inner)
        else:
            yield json_text(value, ascii_only=ascii_only)
    yield f"\n{indent}}}"


def _json_numbers(numbers: array[float], lines: CsvLines) -> str:
    """Return the numbers of an array in JSON, which writes them as Python does unless they are not finite."""
    if isfinite(sum(numbers)):
        return lines([numbers])[:-1].replace("\n", ", ")
    return ", ".join(json.dumps(for_json(number)) for number in numbers)

"""Rows of several data files, one after another, as if they were one."""

from __future__ import annotations

import glob
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.data.chunks import open_rows
from circuitgrad.data.table import CHUNK_ROWS, Chunks, Rows
from circuitgrad.errors import CircuitError, quote, visible
from circuitgrad.files import STANDARD_INPUT, is_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.data.table import CountsGaps

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat")
PACKED_SUFFIXES = ("", ".gz", ".bz2", ".xz", ".zst")
COLUMN_SUFFIXES = (".parquet", ".arrow", ".feather")
SUFFIXES = (*(text + packed for text in TEXT_SUFFIXES for packed in PACKED_SUFFIXES), *COLUMN_SUFFIXES)
"""The suffixes of the data files in a folder."""
_WILD = frozenset("*?[")


def data_files(paths: Sequence[str]) -> list[str]:
    """Return the files that paths name.

    A folder stands for the data files in it, by name, without hidden ones; `*`, `?` and `[...]` for the files of such
    names, where no file has that very name.

    Raises:
        CircuitError: there are none.
    """
    files: list[str] = []
    for path in paths:
        if path == STANDARD_INPUT or is_regular(path):
            files.append(path)
        elif Path(path).is_dir():
            entries = sorted(Path(path).iterdir())
            inside = [str(entry) for entry in entries if entry.name[0] != "." and entry.name.lower().endswith(SUFFIXES)]
            if not (inside := [*filter(is_regular, inside)]):
                hint = f"their names end in {', '.join((*TEXT_SUFFIXES, *COLUMN_SUFFIXES))}"
                raise CircuitError.of(f"there is no data file in the folder {quote(path)}", hint=hint)
            files += inside
        elif not _WILD.intersection(path):
            files.append(path)
        elif found := sorted(filter(is_regular, glob.glob(path, recursive=True))):  # noqa: PTH207
            files += found
        else:
            raise CircuitError.of(f"no file has a name like {quote(path)}")
    if files.count(STANDARD_INPUT) > 1:
        raise CircuitError.of("standard input is named twice")
    return files


class _GapsOfFiles(NamedTuple):
    """How many rows with gaps there were in each file."""

    files: list[tuple[str, str, CountsGaps]]

    def message(self, _name: str, _counted: str) -> str | None:
        """Return a note on them, or None where there were none."""
        return "; ".join(filter(None, (gaps.message(name, counted) for name, counted, gaps in self.files))) or None


@contextmanager
def open_files(
    paths: Sequence[str],
    inputs: Collection[str],
    *,
    wanted: Collection[str] = (),
    by_circuit: bool = False,
    options: RowsOptions = FOUND,
    content: bytes | None = None,
    fixed: Collection[str] = (),
    size: int = CHUNK_ROWS,
    keep: Sequence[str] = (),
) -> Iterator[Chunks]:
    """Open data files and give their rows, one file after another; see `chunks.open_rows`.

    The columns of all files bind the same inputs, in any order. The beginnings of all files that can be read twice are
    read first, so that a mismatch is found before anything is computed.

    Args:
        paths: the files, at least one; `-` is standard input.
        inputs: the names of the circuit's inputs.
        wanted: the inputs that should have a column.
        by_circuit: whether the circuit names the files.
        options: how the files are read.
        content: the content of a single file, where it has been read already.
        fixed: the inputs that would keep their values unnoticed.
        size: the rows of a chunk.
        keep: the columns that are carried through; see `binding.kept_positions`.

    Raises:
        CircuitError: a file cannot be read, or does not bind the inputs that the first one binds.
    """

    def opened(path: str, content: bytes | None = None) -> AbstractContextManager[Chunks]:
        return open_rows(
            path, inputs, size=size, wanted=wanted, by_circuit=by_circuit, options=options, content=content,
            fixed=fixed, keep=keep,
        )  # fmt: skip

    first_path, *other_paths = paths
    with opened(first_path, content) as first:
        if not other_paths:
            yield first
            return
        heads = []
        for path in filter(is_regular, other_paths):
            with opened(path) as head:
                _refuse_mismatch(first, head)
                heads.append(head)
        gaps = _GapsOfFiles([])

        def chunks() -> Iterator[Rows]:
            yield from _rows_of(first, first, gaps)
            for path in other_paths:
                with opened(path) as data:
                    _refuse_mismatch(first, data)
                    yield from _rows_of(data, first, gaps)

        ignored = dict.fromkeys(name for data in (first, *heads) for name in data.ignored)
        yield first._replace(
            name=f"{first.name} and {len(other_paths)} more file{'s' * (len(other_paths) > 1)}",
            ignored=tuple(ignored),
            chunks=chunks(),
            notes=[note for data in (first, *heads) for note in data.notes],
            warnings=[warning for data in (first, *heads) for warning in data.warnings],
            gaps=gaps,
        )


def _rows_of(data: Chunks, first: Chunks, gaps: _GapsOfFiles) -> Iterator[Rows]:
    """Yield the rows of a file with the columns in the order of the first file's."""
    if data.gaps is not None:
        gaps.files.append((data.name, data.counted, data.gaps))
    for rows in data.chunks:
        rows.columns = {name: rows.columns[name] for name in first.names}
        rows.kept = [rows.kept[data.kept.index(title)] for title in first.kept]
        rows.source = data.name
        yield rows


def _refuse_mismatch(first: Chunks, other: Chunks) -> None:
    """Refuse a file that does not bind the inputs that the first one binds.

    Raises:
        CircuitError: it does not.
    """
    for there, lacking in ((first, other), (other, first)):
        for name in (*there.names, *there.kept):
            if name not in (*lacking.names, *lacking.kept):
                message = f"{visible(lacking.name)} has no column for {quote(name)}, and {visible(there.name)} has one"
                raise CircuitError.of(message, hint="files are put together by the names of their columns")

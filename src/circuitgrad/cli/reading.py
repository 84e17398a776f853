"""Reading what a command line names: circuits, folders of circuits, data."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.cli.option_values import not_called, refuse_outside, refuse_shared_stdin
from circuitgrad.cli.printing import tell_of_gaps, tell_of_reading
from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, quote
from circuitgrad.formulas.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.rows_options import RowsOptions


class CircuitReader(NamedTuple):
    """Reads circuits as the options say.

    Attributes:
        assignments: the inputs' values by `--set`.
        outputs: the wires that `--output` names.
        no_cse: whether common subexpressions stay apart.
        max_wires: the largest number of wires.
    """

    assignments: Mapping[str, float]
    outputs: Sequence[str]
    no_cse: bool
    max_wires: int

    def read(self, path: str, *, quiet: bool = False, data: bytes | None = None) -> Circuit:
        """Return the circuit of a file as it is written.

        Args:
            path: the file.
            quiet: whether to show no progress.
            data: the file's content, where it has been read already.

        Raises:
            CircuitError: the file is wrong.
        """
        from circuitgrad.language.load import load

        with closing(Meter(quiet=quiet)) as meter:
            return load(path, cse=not self.no_cse, max_wires=self.max_wires, listen=meter, data=data)

    def load(self, path: str, *, quiet: bool = False, data: bytes | None = None) -> tuple[Circuit, tuple[str, ...]]:
        """Return the circuit of a file with the inputs set, and the outputs to report; see `read`.

        Raises:
            CircuitError: the file is wrong, or has no such input or wire.
        """
        circuit = self.read(path, quiet=quiet, data=data)
        circuit.assign(self.assignments)
        for name, value in self.assignments.items():
            refuse_outside("--set", circuit.inputs[name], value)
        chosen = tuple(dict.fromkeys(map(normalise, self.outputs))) or circuit.outputs
        for name in chosen:
            if name not in circuit:
                raise not_called("--output", "wire", name, circuit)
        return circuit, chosen

    def load_single(self, path: str, *, quiet: bool = False) -> tuple[Circuit, str]:
        """Return the circuit of a file with the inputs set, and its single output; see `load`.

        Raises:
            CircuitError: see `load`; or there are several outputs and none is named.
        """
        circuit, chosen = self.load(path, quiet=quiet)
        return circuit, chosen[0] if len(chosen) == 1 else circuit.single_output()


def circuit_files(paths: Sequence[str]) -> tuple[list[str], bool]:
    """Return the files that paths name, and whether they are more than one: a folder may always have more.

    A folder stands for the circuit files in it and in the folders below, by name. Hidden files are left out, and so is
    what is no regular file: a folder of such a name, a pipe, a link to nowhere.

    Raises:
        CircuitError: a folder has none.
    """
    from pathlib import Path

    from circuitgrad.files import CIRCUIT_SUFFIXES

    files: list[str] = []
    for path in paths:
        folder = Path(path)
        if not folder.is_dir():
            files.append(path)
            continue
        entries = [
            entry
            for entry in sorted(folder.rglob("*"))
            if entry.suffix.lower() in CIRCUIT_SUFFIXES
            and entry.is_file()
            and not any(part.startswith(".") for part in entry.relative_to(folder).parts)
        ]
        if not entries:
            raise CircuitError.of(
                f"there is no circuit file in the folder {quote(path)}", hint=" ".join(CIRCUIT_SUFFIXES)
            )
        files.extend(map(str, entries))
    return files, len(paths) > 1 or Path(paths[0]).is_dir()


class DataFiles(NamedTuple):
    """Data files that several circuits read.

    Attributes:
        paths: the files.
        options: how they are read.
        content: the content of a single file, where it can be read only once.
    """

    paths: Sequence[str]
    options: RowsOptions
    content: bytes | None

    @classmethod
    def named(cls, paths: Sequence[str], files: Sequence[str], options: RowsOptions) -> DataFiles:
        """Return the files of `--data`; `-` is standard input, unless a circuit comes from there.

        Raises:
            CircuitError: it cannot be read.
        """
        from circuitgrad.data.several import data_files
        from circuitgrad.files import is_regular, read_bytes

        refuse_shared_stdin(paths, files)
        paths = data_files(paths)
        once = [path for path in paths if not is_regular(path)]
        if len(paths) > 1 and len(files) > 1 and once:
            message = f"{quote(once[0])} can be read only once, and there are several circuits"
            raise CircuitError.of(message, hint="save the rows as a file")
        return cls(paths, options, read_bytes(paths[0]) if once and len(paths) == 1 else None)

    def points(self, circuit: Circuit, *, quiet: bool) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield the rows for a circuit with their names, such as `line 3`; warn about columns without an input.

        Raises:
            CircuitError: the data are wrong.
        """
        from circuitgrad.data.several import open_files

        fixed = circuit.fixed_inputs()
        with open_files(self.paths, circuit.inputs, options=self.options, content=self.content, fixed=fixed) as data:
            tell_of_reading(data, quiet=quiet)
            for rows in data.chunks:
                source = f" of {rows.source}" if rows.source else ""
                yield from ((f"{data.counted} {line}{source}", row) for line, row in zip(rows.lines, rows, strict=True))
        tell_of_gaps(data, quiet=quiet)

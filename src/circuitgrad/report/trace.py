"""The steps of a run in a file, as CSV or as lines of JSON."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, quote, visible
from circuitgrad.files import writing
from circuitgrad.report.json_text import json_text
from circuitgrad.report.number_text import exact, for_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.methods.optimize.search import Iterate

TRACE_SUFFIXES = (".csv", ".jsonl")
FIRST_COLUMNS = ("step", "objective", "gradient_norm")
"""The columns before those of the inputs."""


class Trace:
    """Every k-th step of a run: its number, the objective, the norm of the gradient, the inputs that move.

    The steps are gathered in a temporary file; `publish` writes the steps so far to the file itself.

    Args:
        path: the file, .csv or .jsonl.
        names: the inputs that move.
        every: k.
        before: the number of a step; with it, the rows of a file of that name up to this step come first.

    Raises:
        CircuitError: the path has another ending, or the rows of its file are those of another run.
    """

    def __init__(self, path: str, names: Sequence[str], every: int = 1, before: int | None = None) -> None:
        suffix(path)
        self.path = Path(path)
        self._names, self._every = names, every
        self._head = self._row([*FIRST_COLUMNS, *map(visible, names)]) if self._is_csv else b""
        kept = self._kept(before) if before is not None and self.path.exists() else []
        self._lines = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._lines.writelines([self._head, *kept])

    @property
    def _is_csv(self) -> bool:
        return suffix(str(self.path)) == ".csv"

    def _kept(self, before: int) -> list[bytes]:
        """Return the rows of the file up to a step."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        fits = not self._is_csv or lines[:1] == [self._head]
        lines = lines[self._is_csv :]
        try:
            steps = [int(line.partition(b",")[0]) if self._is_csv else int(json.loads(line)["step"]) for line in lines]
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            raise CircuitError.of(f"{quote(str(self.path))} is no trace of such a run, and stays as it is")
        return [line for step, line in zip(steps, lines, strict=True) if step <= before]

    @staticmethod
    def _row(cells: Sequence[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        return text.getvalue().encode("utf-8", "backslashreplace")

    def __call__(self, step: Iterate) -> None:
        """Add a step, if it is one of every k."""
        if step.number % self._every:
            return
        if self._is_csv:
            norm = "" if step.norm is None else exact(step.norm)
            self._lines.write(self._row([str(step.number), exact(step.objective), norm, *map(exact, step.point)]))
            return
        gradient_norm = None if step.norm is None else for_json(step.norm)
        numbers = dict(zip(FIRST_COLUMNS, (step.number, for_json(step.objective), gradient_norm), strict=True))
        inputs = dict(zip(self._names, map(for_json, step.point), strict=True))
        line = json_text({**numbers, "inputs": inputs})
        self._lines.write(line.encode("utf-8", "backslashreplace") + b"\n")

    def publish(self) -> None:
        """Write the file with all steps so far.

        Raises:
            CircuitError: it cannot be written.
        """
        self._lines.seek(0)
        with writing(self.path, replace=True) as file:
            shutil.copyfileobj(self._lines, file)

    def close(self) -> None:
        """Forget the steps."""
        self._lines.close()


def suffix(path: str) -> str:
    """Return the ending of a trace's name.

    Raises:
        CircuitError: it is no trace's.

    >>> suffix("run.CSV")
    '.csv'
    """
    ending = Path(path).suffix.lower()
    if ending not in TRACE_SUFFIXES:
        raise CircuitError.of(f"--trace {quote(path)}", hint=f"a trace is {' or '.join(TRACE_SUFFIXES)}")
    return ending

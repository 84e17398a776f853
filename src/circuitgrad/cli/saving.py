"""Writing new values into the circuit's file, or into a copy of it, as options say."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from circuitgrad.cli import streams
from circuitgrad.cli.option_values import STANDARD_STREAM
from circuitgrad.cli.options import gathered
from circuitgrad.errors import CircuitError, quote, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.cli.reading import CircuitReader


class Saver(NamedTuple):
    """Writes new values to a file.

    Attributes:
        file: the circuit's file; `-` is standard input.
        reader: reads circuits.
        target: the file to write; `-` is standard output; None to write nothing.
        data: the content of the circuit's file; None to write nothing.
        force: whether to replace an existing target.
        update_expect: whether to rewrite expected values, too.
    """

    file: str
    reader: CircuitReader
    target: str | None = None
    data: bytes | None = None
    force: bool = False
    update_expect: bool = False

    @property
    def prints(self) -> bool:
        """Whether the file goes to standard output, in place of the results."""
        return self.target == STANDARD_STREAM

    @contextmanager
    def saved(self, circuit: Circuit, values: Mapping[str, float], *, quiet: bool) -> Iterator[None]:
        """Write the file, let the results be printed, and note on standard error what was written.

        The file comes first, because the pipe that takes the results may close. The results are printed even where the
        file cannot be written, because they may have taken long.

        Args:
            circuit: the circuit.
            values: the inputs' new values; other inputs keep those of the file.
            quiet: whether to say nothing.

        Raises:
            CircuitError: the file cannot be written, or must not be.
        """
        try:
            note = self._save(circuit, values, quiet=quiet)
        except CircuitError:
            yield
            raise
        yield
        if note and not quiet:
            streams.tell(note)

    def _save(self, circuit: Circuit, values: Mapping[str, float], *, quiet: bool) -> str:
        """Write the file, and return a note on it."""
        if self.target is None or self.data is None:
            return ""
        import codecs

        from circuitgrad.files import decode, write
        from circuitgrad.language.load import is_json
        from circuitgrad.methods.write_back import rewrite

        mark = "\ufeff" if self.data.startswith(codecs.BOM_UTF8) else ""
        named = self.file if self.prints else self.target
        rewritten = rewrite(
            circuit,
            decode(self.data, self.file),
            values,
            lambda text: self.reader.read(named, quiet=quiet, data=text.encode()),
            json=is_json(self.file),
            update_expect=self.update_expect,
        )
        if self.prints:
            streams.put_copy(mark + rewritten.text)
            return ""
        itself = _same_file(self.target, self.file)
        if itself:
            self._refuse_changed()
            if not rewritten.inputs + rewritten.expected:
                return f"{visible(self.target)} has these values already"
        write(Path(self.target), mark + rewritten.text, replace=itself or self.force, also_read=itself)
        values_of = "value" if rewritten.inputs == 1 else "values"
        expected = f", {rewritten.expected} expected" if rewritten.expected else ""
        return f"wrote {visible(self.target)}: {rewritten.inputs} new {values_of}{expected}"

    def _refuse_changed(self) -> None:
        """Refuse to write over a file that has changed since it was read."""
        from circuitgrad.files import read_circuit

        if read_circuit(self.file) != self.data:
            hint = "run the command again, or use -o"
            raise CircuitError.of(f"{quote(self.file)} has changed meanwhile, and stays as it is", hint=hint)


class SavingOptions(NamedTuple):
    """The options that say where new values go.

    Attributes:
        write: whether to write them into the circuit's file.
        target: the copy to write them into, or None.
        force: whether to replace an existing copy.
        update_expect: whether to rewrite expected values, too.
    """

    write: bool
    target: str | None
    force: bool
    update_expect: bool

    def begin(self, file: str, reader: CircuitReader, form: str) -> Saver:
        """Return what writes new values, after refusing at once what would be refused in the end.

        Args:
            file: the circuit's file.
            reader: reads circuits.
            form: the format of the results.

        Raises:
            CircuitError: the options contradict each other or the files.
        """
        write, target = self.write, self.target
        if not write and target is None:
            for option, given in (("--force", self.force), ("--update-expect", self.update_expect)):
                if given:
                    raise CircuitError.of(f"{option} without --write or -o")
            return Saver(file, reader)
        if write and target is not None:
            raise CircuitError.of("--write and -o exclude one another")
        if write and file == STANDARD_STREAM:
            hint = "-o COPY writes a file, -o - prints it"
            raise CircuitError.of("--write cannot write to standard input", hint=hint)
        if target == STANDARD_STREAM and form != "table":
            raise CircuitError.of(f"-o - and --format {form} both print: name a file with -o")
        from circuitgrad.files import read_circuit, refuse_unwritable

        saver = Saver(file, reader, file if write else target, read_circuit(file), self.force, self.update_expect)
        if target == STANDARD_STREAM:
            _refuse_disturbing(saver)
        elif target is not None:
            _refuse_copy(saver, target)
        if saver.target is not None and not saver.prints:
            refuse_unwritable(Path(saver.target))
        return saver


saving = gathered(
    SavingOptions,
    "saving",
    [
        click.option(
            "--write",
            is_flag=True,
            help="Put the new values of the inputs into FILE itself; nothing but the numbers changes.",
        ),
        click.option(
            "-o",
            "--output-file",
            "target",
            metavar="COPY",
            help="Write a copy of FILE with the new values; - prints it in place of the table.",
        ),
        click.option("--force", is_flag=True, help="Replace COPY if it is there already."),
        click.option(
            "--update-expect",
            is_flag=True,
            help="Let --write and -o rewrite expected values, too, that would no longer be met.",
        ),
    ],
)


def _refuse_disturbing(saver: Saver) -> None:
    """Refuse to print a file with a line that a terminal or a CI runner would obey."""
    from circuitgrad.errors import Source, harmless
    from circuitgrad.files import STDIN_NAME

    text = (
        (saver.data or b"").decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    )
    shown = harmless(text)
    if shown != text:
        at = next(i for i, (one, other) in enumerate(zip(f"{text}\n", f"{shown}\n", strict=False)) if one != other)
        place = Source(STDIN_NAME if saver.file == STANDARD_STREAM else saver.file, text).place(at)
        message = "the file is not printed: a terminal or a CI runner would obey this"
        raise CircuitError.of(message, place, "-o COPY writes a file")


def _refuse_copy(saver: Saver, target: str) -> None:
    """Refuse a copy that would not be the same circuit, or would replace a file."""
    from circuitgrad.files import already_there
    from circuitgrad.language.load import is_json

    if not saver.force and os.path.lexists(target):
        raise already_there(Path(target))
    if is_json(target) and not is_json(saver.file):
        raise CircuitError.of(f"{quote(target)} would be read as JSON", hint=f"{quote(saver.file)} is YAML")
    if is_json(target) == is_json(saver.file) and _folder(target) == _folder(saver.file):
        return
    try:
        circuit = saver.reader.read(saver.file, quiet=True, data=saver.data)
    except CircuitError:
        return  # the circuit itself is wrong, which is said when it is read
    try:
        copy = saver.reader.read(target, quiet=True, data=saver.data)
    except CircuitError as error:
        message = f"a copy called {quote(target)} could not be read: {error.problems[0].message}"
        raise CircuitError.of(message) from None
    if circuit.data and copy.data and Path(circuit.data).exists() and not Path(copy.data).exists():
        raise CircuitError.of(f"a copy called {quote(target)} would not find its data: {quote(copy.data)}")


def _folder(file: str) -> str:
    """Return the folder that paths in a file are relative to."""
    return os.path.realpath(Path(file).parent)


def _same_file(target: str, file: str) -> bool:
    return file != STANDARD_STREAM and os.path.realpath(target) == os.path.realpath(file)

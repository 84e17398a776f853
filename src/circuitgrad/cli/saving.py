"""The options that put new values into the circuit's file, or into a copy of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from circuitgrad.cli import options
from circuitgrad.errors import CircuitError, quote, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from circuitgrad.circuit.circuit import Circuit

    Command = TypeVar("Command", bound=Callable[..., Any])

SAVING = "circuitgrad.saving"
"""Where a context keeps the values of the options of `saving`."""
STANDARD_STREAM = "-"


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    ctx.meta.setdefault(SAVING, {})[parameter.name] = value


def saving(command: Command) -> Command:
    """Add the options that say where new values go; `begin` finds their values itself."""
    write = click.option(
        "--write",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Put the new values of the inputs into FILE itself; nothing but the numbers changes.",
    )
    copy = click.option(
        "-o",
        "--output-file",
        "target",
        metavar="COPY",
        expose_value=False,
        callback=_remember,
        help="Write a copy of FILE with the new values; - prints it in place of the table.",
    )
    force = click.option(
        "--force", is_flag=True, expose_value=False, callback=_remember, help="Replace COPY if it is there already."
    )
    update = click.option(
        "--update-expect",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Let --write and -o rewrite expected values, too, that would no longer be met.",
    )
    return write(copy(force(update(command))))


class Saver(NamedTuple):
    """Where new values go.

    Attributes:
        file: the circuit's file; `-` is standard input.
        target: the file to write; `-` is standard output; None where nothing is to be written.
        data: the content of the circuit's file, where something is to be written.
        force: whether a target that is there already may be replaced.
        update_expect: whether expected values are rewritten, too.
    """

    file: str
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
        """Write the file, let the results be printed, and say what was written.

        The file comes first, for the pipe that takes the results may close; and they are printed even where the file
        cannot be written, for they may have taken long.

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
            click.echo(note, err=True)

    def _save(self, circuit: Circuit, values: Mapping[str, float], *, quiet: bool) -> str:
        """Write the file, and return what to say of it."""
        if self.target is None or self.data is None:
            return ""
        import codecs

        from circuitgrad.files import decode, write
        from circuitgrad.language.load import is_json
        from circuitgrad.methods.write_back import rewrite

        mark = "\ufeff" if self.data.startswith(codecs.BOM_UTF8) else ""
        named = self.file if self.prints else self.target
        found = rewrite(
            circuit,
            decode(self.data, self.file),
            values,
            lambda text: options.read_circuit(named, quiet=quiet, data=text.encode()),
            json=is_json(self.file),
            update_expect=self.update_expect,
        )
        if self.prints:
            click.echo((mark + found.text).encode(), nl=False)
            return ""
        itself = _same_file(self.target, self.file)
        if itself:
            self._refuse_changed()
            if not found.inputs + found.expected:
                return f"{visible(self.target)} has these values already"
        write(Path(self.target), mark + found.text, replace=itself or self.force)
        values_of = "value" if found.inputs == 1 else "values"
        expected = f", {found.expected} expected" if found.expected else ""
        return f"wrote {visible(self.target)}: {found.inputs} new {values_of}{expected}"

    def _refuse_changed(self) -> None:
        """Refuse to write over a file that is no longer what was read."""
        from circuitgrad.files import read_bytes

        if read_bytes(self.file) != self.data:
            hint = "run the command again, or use -o"
            raise CircuitError.of(f"{quote(self.file)} has changed meanwhile, and stays as it is", hint=hint)


def begin(file: str, form: str) -> Saver:
    """Return where new values go, after refusing at once what would be refused in the end.

    Args:
        file: the circuit's file.
        form: the format of the results.

    Raises:
        CircuitError: the options contradict one another or the files.
    """
    wanted = click.get_current_context().meta[SAVING]
    write, target = wanted["write"], wanted["target"]
    if not write and target is None:
        for option in ("force", "update_expect"):
            if wanted[option]:
                raise CircuitError.of(f"--{option.replace('_', '-')} without --write or -o")
        return Saver(file)
    if write and target is not None:
        raise CircuitError.of("--write and -o exclude one another")
    if write and file == STANDARD_STREAM:
        raise CircuitError.of("--write cannot write to standard input", hint="-o COPY writes a file, -o - prints it")
    if target == STANDARD_STREAM and form != "table":
        raise CircuitError.of(f"-o - and --format {form} both print: name a file with -o")
    from circuitgrad.files import read_bytes

    saver = Saver(file, file if write else target, read_bytes(file), wanted["force"], wanted["update_expect"])
    if not write and target != STANDARD_STREAM:
        _refuse_copy(saver, target)
    return saver


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
        circuit = options.read_circuit(saver.file, quiet=True, data=saver.data)
    except CircuitError:
        return  # the circuit itself is wrong, which is said when it is read
    try:
        copy = options.read_circuit(target, quiet=True, data=saver.data)
    except CircuitError as error:
        message = f"a copy called {quote(target)} could not be read: {error.problems[0].message}"
        raise CircuitError.of(message) from None
    if circuit.data and copy.data and Path(circuit.data).exists() and not Path(copy.data).exists():
        raise CircuitError.of(f"a copy called {quote(target)} would not find its data: {quote(copy.data)}")


def _folder(file: str) -> str:
    """Return the folder that paths in a file are relative to."""
    return os.path.realpath(Path(file).parent)


def _same_file(one: str, other: str) -> bool:
    return other != STANDARD_STREAM and os.path.realpath(one) == os.path.realpath(other)

"""The options that commands share, spelled alike everywhere, and how a command reads and prints."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

import click

from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, Problem, installing, quote
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.numerals import read_number
from circuitgrad.report.rendering import FORMATS, render
from circuitgrad.report.terminal import fold, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.structure import Input
    from circuitgrad.data.table import Rows
    from circuitgrad.engines.choice import Choice
    from circuitgrad.errors import Source
    from circuitgrad.report.tables import Table

    Command = TypeVar("Command", bound=Callable[..., Any])


def _debug(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and ctx.obj is not None:
        ctx.obj.debug = True


def named_numbers(_ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    """Return what a repeated option such as `--set NAME=VALUE` assigns."""
    option = parameter.opts[0]
    values: dict[str, float] = {}
    for text in texts:
        name, number = named_text(option, text, "NAME=VALUE")
        values[name] = number_in(option, text, number)
    return values


def named_text(option: str, text: str, form: str) -> tuple[str, str]:
    """Return the name that an option gives something to, and the text of what it gives.

    Raises:
        CircuitError: the text is not of that form.
    """
    name, equals, rest = text.partition("=")
    if not equals or not name.strip():
        raise CircuitError.of(f"{option} {quote(text)}", hint=f"write {option} {form}")
    return normalise(name.strip()), rest


def number_in(option: str, text: str, part: str) -> float:
    """Return the number that a part of an option's text says.

    Raises:
        CircuitError: it is no number.
    """
    try:
        value = read_number(part)
    except ValueError as error:
        raise CircuitError.of(f"{option} {quote(text)}: {error}") from None
    if value is None:
        raise CircuitError.of(f"{option} {quote(text)}: {quote(part)} is not a number")
    return value


class Number(click.FloatRange):
    """A number in a range, neither infinite nor NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that a text says."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


_NAMES = re.compile(r"[^,\[]+(?:\[[^\]]*\])?")
"""The names in a list that commas separate, where a member's subscripts may have commas, too."""

MANY_ROWS = 300_000
"""Without pyarrow, so many rows of CSV take over a second longer to read and to write: 4 us each."""
READING = "circuitgrad.reading"
"""Where a context keeps how circuits are read: the values of the options of `reading`."""


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    ctx.meta.setdefault(READING, {})[parameter.name] = value


def reading(command: Command) -> Command:
    """Add the options that say how circuits are read; `load_circuit` finds their values itself."""
    apart = click.option(
        "--no-cse",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Keep common subexpressions of formulas apart.",
    )
    limit = click.option(
        "--max-wires",
        metavar="N",
        type=click.IntRange(1),
        default=10_000_000,
        show_default="10 million",
        expose_value=False,
        callback=_remember,
        help="How many wires a circuit may have once it is expanded.",
    )
    return apart(limit(command))


file = click.argument("file", metavar="FILE")
assignments = click.option(
    "--set",
    "assignments",
    metavar="NAME=VALUE",
    multiple=True,
    callback=named_numbers,
    help="Give an input another value; repeatable.",
)


def _single(_ctx: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a second output, which an option that may be repeated elsewhere would take in silence."""
    if len(names) > 1:
        raise CircuitError.of(f"--output {quote(names[1])}: one output is wanted, and that is {quote(names[0])}")
    return names


_output = partial(click.option, "--output", "outputs", metavar="NAME", multiple=True)
outputs = _output(help="The wire to report instead of the file's output; repeatable.")
output = _output(callback=_single, help="The wire that counts instead of the file's output.")


def wrt_among(default: str) -> Callable[[Command], Command]:
    """Return the option that names inputs to differentiate in, with what it is by default."""
    words = "The inputs, or families of them, to differentiate with respect to, as in a,b; repeatable."
    return click.option("--wrt", metavar="NAMES", multiple=True, help=f"{words}  [default: {default}]")


wrt = wrt_among("all")
precision = click.option(
    "--precision", metavar="N", type=click.IntRange(1, 17), help="Significant digits in tables, Markdown and CSV."
)
everything = click.option(
    "--all", "everything", is_flag=True, help="Show also the wires of expanded expressions, and all of a long table."
)
quiet = click.option("-q", "--quiet", is_flag=True, help="Print the results alone: no title, no notes, no warnings.")
debug = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_debug, help="Show the traceback of a failure."
)


engine = click.option(
    "--engine",
    metavar="NAME",
    help="What computes the passes: objects; python, for many of them; native, for very many over rows.  [default: "
    "chosen by the size of the work]",
)
verbose = click.option("--verbose", is_flag=True, help="Say on standard error which engine was used, and why.")


def engines(command: Command) -> Command:
    """Add the options that choose an engine, and say which one it was."""
    return engine(verbose(command))


def tell_engine(choice: Choice | None, *, verbose: bool, quiet: bool) -> None:
    """Write to standard error which engine was used and why, where that is wanted, and what would be faster."""
    if choice is None:
        return
    if verbose:
        click.echo(f"engine {choice.engine}: {choice.why}", err=True)
    if choice.hint and not quiet:
        click.echo(f"hint: {choice.hint}", err=True)


def tell_of_pyarrow(rows: int, *, quiet: bool) -> None:
    """Write to standard error what would save over a second where so many rows are read and written without pyarrow."""
    from circuitgrad.data.arrow import is_installed

    if rows >= MANY_ROWS and not quiet and not is_installed():
        click.echo(f"hint: {installing('data')} makes reading and writing faster", err=True)


def form_among(formats: Sequence[str], words: str) -> Callable[[Command], Command]:
    """Return the option that chooses among formats, with its help."""
    return click.option("--format", "form", type=click.Choice(formats), default="table", show_default=True, help=words)


data = click.option(
    "--data",
    metavar="FILE",
    help="Compute every row of a CSV file, or a Parquet file; columns are named after inputs. - reads stdin.",
)
output_file = click.option(
    "-o",
    "--output-file",
    metavar="FILE",
    help="With --data: write the results to a file, as .csv, .json, .md or .parquet; a file of that name is replaced.",
)
form = form_among(FORMATS, "How to print the results.")


def read_circuit(path: str, *, quiet: bool = False, data: bytes | None = None) -> Circuit:
    """Return the circuit of a file, read as the options of `reading` say.

    Args:
        path: the file.
        quiet: whether to show no progress.
        data: the file's content, where it has been read already.

    Raises:
        CircuitError: the file is wrong.
    """
    from circuitgrad.language.load import load

    wanted = click.get_current_context().meta[READING]
    with closing(Meter(quiet=quiet)) as meter:
        return load(path, cse=not wanted["no_cse"], max_wires=wanted["max_wires"], listen=meter, data=data)


def load_circuit(
    path: str,
    assignments: dict[str, float],
    outputs: Sequence[str],
    *,
    quiet: bool = False,
    data: bytes | None = None,
) -> tuple[Circuit, tuple[str, ...]]:
    """Return the circuit of a file with the inputs set, and the outputs to report.

    Raises:
        CircuitError: the file is wrong, or has no such input or wire.
    """
    from circuitgrad.circuit.structure import near_wire

    circuit = read_circuit(path, quiet=quiet, data=data)
    circuit.assign(assignments)
    for name, value in assignments.items():
        refuse_outside("--set", circuit.inputs[name], value)
    chosen = tuple(dict.fromkeys(map(normalise, outputs))) or circuit.outputs
    for name in chosen:
        if name not in circuit:
            raise CircuitError.of(f"--output: no wire is called {quote(name)}", hint=near_wire(name, circuit))
    return circuit, chosen


def refuse_outside(option: str, leaf: Input, value: float) -> None:
    """Refuse a value that is outside an input's bounds.

    Raises:
        CircuitError: it is.
    """
    if leaf.clip(value) != value == value:
        raise CircuitError.of(f"{option} {leaf.name}={value:g} is outside its bounds, {leaf.min:g} to {leaf.max:g}")


def chosen_inputs(circuit: Circuit, wrt: Sequence[str]) -> list[str]:
    """Return the inputs that `--wrt` names, in the circuit's order; all where it names none.

    Raises:
        CircuitError: there is no such input.
    """
    from circuitgrad.circuit.structure import near_wire

    if not wrt:
        return list(circuit.inputs)
    chosen: set[str] = set()
    for text in wrt:
        for part in _NAMES.findall(text):
            name = normalise(part.strip())
            members = [one for one in circuit.inputs if one == name or one.startswith(f"{name}[")]
            if not members:
                raise CircuitError.of(f"--wrt: no input is called {quote(name)}", hint=near_wire(name, circuit.inputs))
            chosen.update(members)
    if not chosen:
        raise CircuitError.of("--wrt names no input", hint="without --wrt it is all of them")
    return [name for name in circuit.inputs if name in chosen]


def circuit_files(paths: Sequence[str]) -> tuple[list[str], bool]:
    """Return the files that paths name, and whether they are more than one: a folder may always have more.

    A folder stands for the circuit files in it and in the folders below, by name; what is hidden is left out.

    Raises:
        CircuitError: a folder has none.
    """
    from pathlib import Path

    from circuitgrad.files import SUFFIXES

    files: list[str] = []
    for path in paths:
        folder = Path(path)
        if not folder.is_dir():
            files.append(path)
            continue
        found = [
            entry
            for entry in sorted(folder.rglob("*"))
            if entry.suffix.lower() in SUFFIXES
            and not any(part.startswith(".") for part in entry.relative_to(folder).parts)
        ]
        if not found:
            raise CircuitError.of(f"there is no circuit file in the folder {quote(path)}", hint=" ".join(SUFFIXES))
        files.extend(map(str, found))
    return files, len(paths) > 1 or Path(paths[0]).is_dir()


def read_data(path: str, files: Sequence[str]) -> Source:
    """Return the text of `--data`; `-` is standard input, unless a circuit comes from there.

    Raises:
        CircuitError: it cannot be read.
    """
    from circuitgrad.files import read_text

    refuse_shared_stdin(path, files)
    return read_text(path)


def refuse_shared_stdin(path: str, files: Sequence[str]) -> None:
    """Refuse a data file and circuits that come from standard input both.

    Raises:
        CircuitError: they do.
    """
    if path == "-" and "-" in files:
        raise CircuitError.of("the circuit and --data cannot both come from standard input")


def refuse_without_data(**given: object) -> None:
    """Refuse options that have a meaning with `--data` alone.

    Raises:
        CircuitError: one of them is given.
    """
    for option, value in given.items():
        if value:
            raise CircuitError.of(f"--{option.replace('_', '-')} goes with --data")


def bind_rows(data: Source, circuit: Circuit, *, quiet: bool) -> Rows:
    """Return the rows of a data file for a circuit, with a warning about columns that are no input's.

    Raises:
        CircuitError: the data are wrong.
    """
    from circuitgrad.data.csv import read_rows

    rows = read_rows(data, circuit.inputs)
    warn_ignored(data.name, rows.ignored, quiet=quiet)
    return rows


def warn_ignored(source: str, ignored: Sequence[str], *, quiet: bool) -> None:
    """Warn about columns of a data file that are no input's."""
    if ignored:
        names = ", ".join(map(quote, dict.fromkeys(ignored)))
        warn(Problem(f"{source}: no input is called like these columns, which are ignored: {names}"), quiet=quiet)


def warn_overridden(assignments: Collection[str], columns: Collection[str], source: str, *, quiet: bool) -> None:
    """Warn about values of `--set` that a column of a data file takes the place of."""
    if both := [name for name in assignments if name in columns]:
        what = f"--set has no effect on what has a column in {source}: {', '.join(map(quote, both))}"
        warn(Problem(what), quiet=quiet)


def title(circuit: Circuit) -> str:
    """Return the line above a table: the circuit's name and what it computes."""
    from circuitgrad.errors import visible

    return visible(f"{circuit.name}: {circuit.about}" if circuit.about else circuit.name)


def emit(text: str) -> None:
    """Write results to standard output, in one piece."""
    click.echo(printable(text), nl=False, color=True)


def emit_json(document: Any) -> None:
    """Write a JSON document to standard output."""
    import json

    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    if printable(text) != text:
        text = json.dumps(document, indent=2, allow_nan=False)
    emit(text + "\n")


def emit_table(
    heading: str, table: Table, form: str, digits: int | None, *, everything: bool = False, quiet: bool = False
) -> None:
    """Write a table to standard output, under its heading where a person reads it."""
    if form == "table" and not quiet:
        emit(f"{fold(heading)}\n")
    for piece in render(table, form, digits, everything=everything):
        emit(piece)


def emit_notes(notes: str, *, quiet: bool, apart: bool = True) -> None:
    """Write what stands under a table to standard output, apart from it by a blank line."""
    if not quiet:
        emit("\n" * apart + fold(notes))


def warn(problem: Problem | None, *, quiet: bool) -> None:
    """Write a warning to standard error, if there is one and warnings are wanted."""
    if problem is not None and not quiet:
        click.echo(problem.describe("warning"), err=True)

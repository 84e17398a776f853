"""The options that commands share, spelled alike everywhere."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import click

from circuitgrad.circuit.rows_options import SETTINGS, RowsOptions
from circuitgrad.cli.option_values import named_numbers, rows_setting
from circuitgrad.cli.reading import CircuitReader
from circuitgrad.errors import CircuitError, quote
from circuitgrad.report.rendering import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def gathered(kind: Any, name: str, options: Sequence[Decorator]) -> Decorator:
    """Return options whose values a command gets together, in one argument.

    Args:
        kind: the argument's type, a named tuple whose fields are called like the options' values.
        name: the argument's name.
        options: the options, in the order of the help.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def call(**values: Any) -> Any:
            argument = kind(**{field: values.pop(field) for field in kind._fields})
            return command(**values, **{name: argument})

        for option in reversed(options):
            option(call)
        return call

    return decorate


def _debug(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and ctx.obj is not None:
        ctx.obj.debug = True


def _quiet(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    if ctx.obj is not None:
        ctx.obj.quiet = value
    return value


def _single(_ctx: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a second output, which an option that is repeatable elsewhere would take in silence."""
    if len(names) > 1:
        raise CircuitError.of(f"--output {quote(names[1])}: one output is wanted, and that is {quote(names[0])}")
    return names


# The circuit

file = click.argument("file", metavar="FILE")
_READING = [
    click.option(
        "--set",
        "assignments",
        metavar="NAME=VALUE",
        multiple=True,
        callback=named_numbers,
        help="Give an input another value; repeatable.",
    ),
    click.option("--no-cse", is_flag=True, help="Keep common subexpressions of formulas apart."),
    click.option(
        "--max-wires",
        metavar="N",
        type=click.IntRange(1),
        default=10_000_000,
        show_default="10 million",
        help="How many wires a circuit may have once it is expanded.",
    ),
]
_output = partial(click.option, "--output", "outputs", metavar="NAME", multiple=True)
reader = gathered(
    CircuitReader, "reader", [*_READING, _output(help="The wire to report instead of the file's output; repeatable.")]
)
"""How a circuit is read, with any number of outputs."""
single_output_reader = gathered(
    CircuitReader,
    "reader",
    [*_READING, _output(callback=_single, help="The wire that counts instead of the file's output.")],
)
"""How a circuit is read, with one output."""


def wrt_among(default: str) -> Decorator:
    """Return the option that names inputs to differentiate in.

    Args:
        default: the inputs without the option, in words.
    """
    words = "The inputs, or families of them, to differentiate with respect to, as in a,b; repeatable."
    return click.option("--wrt", metavar="NAMES", multiple=True, help=f"{words}  [default: {default}]")


wrt = wrt_among("all")


# The results


def form_among(formats: Sequence[str], words: str) -> Decorator:
    """Return the option that chooses among formats, with its help."""
    return click.option("--format", "form", type=click.Choice(formats), default="table", show_default=True, help=words)


form = form_among(FORMATS, "How to print the results.")
precision = click.option(
    "--precision", metavar="N", type=click.IntRange(1, 17), help="Significant digits in tables, Markdown and CSV."
)
everything = click.option(
    "--all", "everything", is_flag=True, help="Show also the wires of expanded expressions, and all of a long table."
)
quiet = click.option(
    "-q", "--quiet", is_flag=True, callback=_quiet, help="Print the results alone: no title, no notes, no warnings."
)
debug = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=_debug, help="Show the traceback of a failure."
)
_engine = click.option(
    "--engine",
    metavar="NAME",
    help="What computes the passes: objects; python, for many of them; native, for very many over rows.  [default: "
    "chosen by the size of the work]",
)
_verbose = click.option(
    "--verbose",
    is_flag=True,
    help="Say on standard error which engine was used, and why; and why not its cache, where that is so.",
)


def engines(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose an engine, and say which one it was."""
    return _engine(_verbose(command))


# Rows


def data(words: str) -> Decorator:
    """Return the option that names data files.

    Args:
        words: what is done with them.
    """
    more = "A folder or a pattern such as 'rows/*.csv' names several files; repeatable."
    return click.option("--data", metavar="FILE", multiple=True, help=f"{words} {more}")


def _rows_option(name: str) -> Decorator:
    """Return the option for a setting of the reading of rows."""
    setting = SETTINGS[name]
    words = f"With --data: {setting.about}.  [default: {setting.default}]"
    option = f"--{name.replace('_', '-')}"
    return click.option(
        option, name, metavar=setting.metavar, multiple=setting.several, callback=rows_setting, help=words
    )


rows = gathered(RowsOptions, "rows_options", [_rows_option(name) for name in SETTINGS])
"""How the rows of a data file are read."""


# Passes, at a single point or over rows


class PassOptions(NamedTuple):
    """The options of `forward` and `backward` alike.

    Attributes:
        data: the data files; none for a pass at a single point.
        keep: the columns of the data that are carried through to the results.
        file_column: the name of a column with the file of each row; None for no such column.
        output_file: the file of the results of rows; None is standard output.
        form: the format.
        precision: significant digits; None is the format's own choice.
        everything: whether to show every wire, and every row of a table.
        engine: the engine to use; None leaves the choice.
        verbose: whether to say which engine was used.
        quiet: whether to print the results alone.
    """

    data: tuple[str, ...]
    keep: tuple[str, ...]
    file_column: str | None
    output_file: str | None
    form: str
    precision: int | None
    everything: bool
    engine: str | None
    verbose: bool
    quiet: bool


pass_options = gathered(
    PassOptions,
    "given",
    [
        data(
            "Compute every row of a data file: CSV, other text, Parquet or Arrow; columns are named after inputs. - "
            "reads stdin."
        ),
        click.option(
            "--keep",
            metavar="COLUMNS",
            multiple=True,
            help="With --data: carry columns through to the results, as in time,station, or all; repeatable.",
        ),
        click.option(
            "--file-column", metavar="NAME", help="With --data: add a column of that name with the file of each row."
        ),
        click.option(
            "-o",
            "--output-file",
            metavar="FILE",
            help="With --data: write the results to a file, as .csv, .json, .md or .parquet; a file of that name is "
            "replaced.",
        ),
        form,
        precision,
        everything,
        engines,
        quiet,
        debug,
    ],
)

"""`circuitgrad new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from circuitgrad.cli import option_values, options, printing, streams
from circuitgrad.cli.usage import no_such
from circuitgrad.errors import CircuitError, quote, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.circuit.rows_options import RowsOptions

    Command = TypeVar("Command", bound=Callable[..., object])


class Kinds(click.Group):
    """The kinds of starting files; an unknown kind gets a suggestion."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a kind."""
        command = super().get_command(ctx, cmd_name)
        if command is None:
            raise no_such("kind", cmd_name, self.commands, ctx)
        return command


def file_options(kind: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of the file to write."""

    def add(command: Command) -> Command:
        output_file = click.option(
            "-o",
            "--output-file",
            "file",
            metavar="FILE",
            default=f"{kind}.yaml",
            show_default=True,
            help="The file to write; - prints it.",
        )
        force = click.option("--force", is_flag=True, help="Replace the file if it is there already.")
        return output_file(force(options.debug(command)))

    return add


def write_starter(file: str, text: str, force: bool, suggestion: str = "backward") -> None:
    """Write a starting file, and suggest a command to try on it."""
    if file == "-":
        streams.put_file(text)
        return
    if file.lower().endswith(".json"):
        raise CircuitError.of(f"{quote(file)} would be read as JSON", hint="starting files are YAML, with comments")
    from circuitgrad.files import write

    write(Path(file), text, replace=force)
    printing.emit(f"wrote {visible(file)}; try: circuitgrad {suggestion} {in_shell(file)}\n")


def in_shell(file: str) -> str:
    """Return a file's name as the file's comments have it: as a shell takes it, and in one line."""
    import shlex

    return "FILE" if file == "-" else visible(shlex.quote(f"./{file}" if file.startswith("-") else file))


def _single_file(_ctx: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> str:
    """Refuse a second data file, which the circuit could not name."""
    if len(paths) > 1:
        raise CircuitError.of(f"--data {quote(paths[1])}: one file is wanted, and that is {quote(paths[0])}")
    return paths[0]


@click.group(
    "new", cls=Kinds, subcommand_metavar="KIND [ARGUMENTS]...", short_help="Write a commented circuit to start from."
)
def command() -> None:
    """Write a commented circuit to start from, which runs at once.

    Each kind has a --help of its own.

    \b
    circuitgrad new neuron
    circuitgrad new mlp 2 16 1
    circuitgrad new fit "y ~ a*exp(-b*x)" --data points.csv
    circuitgrad new fit "y ~ x" --model gaussian --data points.csv
    """  # noqa: D301 - click keeps the lines behind a real backspace as they are


@command.command("neuron", short_help="A neuron with two inputs, and the format explained.")
@file_options("neuron")
def neuron(file: str, force: bool) -> None:
    """Write a neuron with two inputs, with comments that explain the format."""
    from circuitgrad.cli.starters.examples import example_text

    write_starter(file, example_text("neuron", in_shell(file)), force)


@command.command("svm", short_help="A support vector machine on six points.")
@file_options("svm")
def svm(file: str, force: bool) -> None:
    """Write a support vector machine on six points."""
    from circuitgrad.cli.starters.examples import example_text

    write_starter(file, example_text("svm", in_shell(file)), force)


@command.command("mlp", short_help="A multi-layer perceptron: mlp 2 16 1.")
@click.argument("sizes", metavar="INPUTS [HIDDEN]... OUTPUTS", type=int, nargs=-1, required=True)
@file_options("mlp")
def mlp(sizes: tuple[int, ...], file: str, force: bool) -> None:
    """Write a multi-layer perceptron with so many inputs, neurons in each hidden layer, and outputs.

    With 2 16 1 there are 2 inputs, a hidden layer of 16 neurons, and 1 output.
    """
    from circuitgrad.cli.starters.mlp import mlp_text

    write_starter(file, mlp_text(in_shell(file), sizes), force)


class FitCommand(click.Command):
    """A command whose help lists the models."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of models."""
        from circuitgrad.cli.starters.fit_models import MODELS

        with formatter.section("Models"):
            formatter.write_dl(list(MODELS.items()))


@command.command("fit", cls=FitCommand, short_help="A formula fitted to the rows of a data file.")
@click.argument("formula")
@click.option(
    "--data",
    metavar="FILE",
    required=True,
    multiple=True,
    callback=_single_file,
    help="A text with a header, such as CSV, or a Parquet or Arrow file.",
)
@options.rows
@click.option(
    "--model",
    metavar="NAME",
    help="A common model in place of a formula; FORMULA is then RESPONSE ~ COLUMN. See below for the names.",
)
@click.option("--target", metavar="NAME", help="The column to fit, as RESPONSE is in RESPONSE ~ FORMULA.")
@click.option(
    "--start",
    metavar="NAME=VALUE",
    multiple=True,
    callback=option_values.named_numbers,
    help="A parameter's value to start from, found from the data when left out; repeatable.",
)
@file_options("fit")
def fit(
    formula: str,
    data: str,
    rows_options: RowsOptions,
    model: str | None,
    target: str | None,
    start: dict[str, float],
    file: str,
    force: bool,
) -> None:
    """Write a circuit that fits FORMULA to the rows of a data file by least squares.

    The names in FORMULA that are no columns are the parameters: "y ~ a*exp(-b*x)" fits the column y by a and b. The
    response may be left out where the formula uses all columns but one. Starting values are found from the data. The
    circuit names the data file, and optimize runs the fit.
    """
    from circuitgrad.cli.starters.fit import fit_text

    option_values.refuse_nan(rows_options, "the objective would be nan")
    path = Path(file)
    text = fit_text(
        in_shell(file), formula, data, str(path.parent), model=model, target=target, start=start,
        rows_options=rows_options,
    )  # fmt: skip
    if force and path.exists() and path.samefile(data):
        raise CircuitError.of(f"{quote(file)} is the data file itself", hint="-o names another file")
    write_starter(file, text, force, "optimize")

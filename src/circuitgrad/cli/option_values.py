"""The texts of options as values: numbers, names, assignments; and the refusal of those that do not fit."""

from __future__ import annotations

import re
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from circuitgrad.circuit.rows_options import SETTINGS
from circuitgrad.errors import CircuitError, quote
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.numerals import read_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.circuit.structure import Input

STANDARD_STREAM = "-"
"""The file that is standard input or standard output."""
_LISTED_NAME = re.compile(r"[^,\[]+(?:\[[^\]]*\])?")
"""A name in a list that commas separate; a member's subscripts may have commas, too."""


class FiniteNumber(click.FloatRange):
    """A number in a range, neither infinite nor NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that a text says."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def named_numbers(_ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    """Return the assignments of a repeated option such as `--set NAME=VALUE`."""
    option = parameter.opts[0]
    values: dict[str, float] = {}
    for text in texts:
        name, number = named_text(option, text, "NAME=VALUE")
        values[name] = number_in(option, text, number)
    return values


def rows_setting(_ctx: click.Context, parameter: click.Parameter, given: str | tuple[str, ...] | None) -> Any:
    """Return the value of an option of the reading of rows."""
    setting = SETTINGS[str(parameter.name)]
    try:
        if isinstance(given, tuple):
            return tuple(map(setting.read, given))
        return None if given is None else setting.read(given)
    except ValueError as error:
        message, _, hint = str(error).partition(": ")
        raise CircuitError.of(f"{parameter.opts[0]} {message}", hint=hint) from None


def named_text(option: str, text: str, form: str) -> tuple[str, str]:
    """Return the name and the text after it in the value of an option such as `--set NAME=VALUE`.

    Raises:
        CircuitError: the text is not of that form.
    """
    name, equals, rest = text.partition("=")
    if not equals or not name.strip():
        raise CircuitError.of(f"{option} {quote(text)}", hint=f"write {option} {form}")
    return normalise(name.strip()), rest


def number_in(option: str, text: str, part: str) -> float:
    """Return the number in a part of an option's text.

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


@contextmanager
def blamed_on(option: str) -> Iterator[None]:
    """Name an option in front of the message of an error."""
    try:
        yield
    except CircuitError as error:
        (problem,) = error.problems
        raise CircuitError.of(f"{option}: {problem.message}", hint=problem.hint) from None


def not_called(option: str, kind: str, name: str, known: Iterable[str]) -> CircuitError:
    """Return the error that an option names a wire that there is not, with the name that may be meant.

    Args:
        option: the option.
        kind: the kind of the wire, such as `input`.
        name: the name.
        known: the wires' names.
    """
    from circuitgrad.circuit.structure import near_wire

    return CircuitError.of(f"{option}: no {kind} is called {quote(name)}", hint=near_wire(name, known))


def chosen_inputs(circuit: Circuit, wrt: Sequence[str]) -> list[str]:
    """Return the inputs that `--wrt` names, in the circuit's order; all where it names none.

    Raises:
        CircuitError: there is no such input.
    """
    if not wrt:
        return list(circuit.inputs)
    chosen: set[str] = set()
    for text in wrt:
        for part in _LISTED_NAME.findall(text):
            name = normalise(part.strip())
            members = [wire for wire in circuit.inputs if wire == name or wire.startswith(f"{name}[")]
            if not members:
                raise not_called("--wrt", "input", name, circuit.inputs)
            chosen.update(members)
    if not chosen:
        raise CircuitError.of("--wrt names no input", hint="without --wrt it is all of them")
    return [name for name in circuit.inputs if name in chosen]


def refuse_outside(option: str, leaf: Input, value: float) -> None:
    """Refuse a value that is outside an input's bounds.

    Raises:
        CircuitError: it is.
    """
    if leaf.clip(value) != value == value:
        raise CircuitError.of(f"{option} {leaf.name}={value:g} is outside its bounds, {leaf.min:g} to {leaf.max:g}")


def refuse_shared_stdin(paths: Sequence[str], files: Sequence[str]) -> None:
    """Refuse data files and circuits that come from standard input both.

    Raises:
        CircuitError: they do.
    """
    if STANDARD_STREAM in paths and STANDARD_STREAM in files:
        raise CircuitError.of("the circuit and --data cannot both come from standard input")


def refuse_nan(options: RowsOptions, why: str) -> None:
    """Refuse gaps that are to be NaN, where no such row can be used.

    Args:
        options: how rows are read.
        why: the reason.

    Raises:
        CircuitError: gaps are to be NaN.
    """
    if options.missing == "nan":
        raise CircuitError.of(f"rows with gaps cannot be nan here: {why}", hint="--missing skip leaves them out")


SHORT_NAMES = {"output_file": "-o"}
"""Options that people know by a letter."""


def refuse_without_data(**given: object) -> None:
    """Refuse options that have a meaning only with `--data`.

    Raises:
        CircuitError: an option is given.
    """
    for option, value in given.items():
        if value:
            name = SHORT_NAMES.get(option) or f"--{option.replace('_', '-')}"
            raise CircuitError.of(f"{name} goes with --data")

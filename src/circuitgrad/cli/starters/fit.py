"""The starting file of a fit: a formula and the rows of a data file, by least squares."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.cli.starters.fit_models import model_formula
from circuitgrad.cli.starters.fit_names import candidate_columns, fit_names, split_response
from circuitgrad.cli.starters.fit_starts import found_starts
from circuitgrad.data.chunks import read_all
from circuitgrad.errors import CircuitError, quote, visible
from circuitgrad.formulas.names import is_name, normalise
from circuitgrad.formulas.numerals import spell_number
from circuitgrad.formulas.reader import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.circuit.rows_options import RowsOptions

PAGE_WIDTH = 100
_BARE_PATH = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*\.[A-Za-z]+")
"""Paths that YAML reads as texts without quotes."""


def fit_text(
    file: str,
    formula: str,
    data: str,
    folder: str = "",
    *,
    model: str | None = None,
    target: str | None = None,
    start: Mapping[str, float] | None = None,
    rows_options: RowsOptions = FOUND,
) -> str:
    """Return a circuit that fits a formula to the rows of a data file, which it names, by least squares.

    Args:
        file: the circuit file's name, for the comments: in one line, as a shell takes it.
        formula: the formula, or `response ~ formula`; its names that are no columns of the data are the parameters.
        data: the data file, CSV or Parquet; it is read to its end, so that its faults are found now.
        folder: the folder of the circuit file; the current folder when left out.
        model: the name of a common model; the formula is then the column that is its variable.
        target: the column to fit; the one that the formula does not use when left out.
        start: starting values of parameters; those of the others are found from the data.
        rows_options: how the data file is read; the circuit says the same.

    Raises:
        CircuitError: the formula or the data are wrong, or do not belong together.

    >>> from circuitgrad import loads
    >>> circuit = loads(fit_text("fit.yaml", "vmax*s/(km + s)", "circuits/puromycin.csv", start={"vmax": 200}))
    >>> circuit.data, {name: leaf.value for name, leaf in circuit.inputs.items() if not leaf.fixed}
    ('circuits/puromycin.csv', {'vmax': 200.0, 'km': 0.0528})
    """
    written = formula
    formula, target = split_response(formula, target)
    if model is not None:
        written = formula = _model_formula(model, formula, data, rows_options)
    try:
        used, target, parameters = fit_names(formula, data, target, start or {}, rows_options)
    except ExpressionError as error:  # shown in the text with its response
        raise ExpressionError(written, error.message, error.at, error.width, error.hint) from None
    columns = (*used, target)
    rows = read_all(data, columns, (), options=rows_options)[1]
    first_row = next(iter(rows))
    parameters = found_starts(formula, rows, target, parameters, set(map(normalise, start or {})))
    reference = _reference(data, folder)
    formula = " ".join(formula.split())
    about = f"{formula}, fitted to {target}"
    width = max(map(len, (*parameters, *columns))) + 1
    lines = [
        _filled(f"{formula}, fitted to {target} in the rows of {visible(reference)} by least squares. Try", "# "),
        "#",
        f"#   circuitgrad optimize {file}                     the estimates and their standard errors",
        f"#   circuitgrad optimize {file} --write             puts the estimates into this file",
        f"#   circuitgrad optimize {file} --set NAME=VALUE    starts a parameter elsewhere",
        "#",
        "# The parameters start from the values below, found from the data. The fixed inputs are columns of",
        "# the data: optimize takes them row by row, other commands as they are here, in the first row.",
        "",
        f"about: {_quoted(about if len(about) < PAGE_WIDTH - 10 else 'A formula fitted to data')}",
        f"data: {_data_block(_yaml_path(reference), rows_options)}",
        "inputs:",
        *(f"  {f'{name}:':<{width}} {spell_number(value, short=True)}" for name, value in parameters.items()),
        *(
            f"  {f'{name}:':<{width}} {{value: {spell_number(first_row[name], short=True)}, fixed: true}}"
            for name in columns
        ),
        "gates:",
        _filled(f"model: {_quoted(formula) if formula.startswith('- ') else formula}", "  ", "    "),
        f"  residual: {target} - model",
        "optimize: {least_squares: residual}",
        "",
    ]
    return "\n".join(lines)


def _data_block(path: str, options: RowsOptions) -> str:
    """Return what stands below `data`: the path alone, where no option is given.

    >>> from circuitgrad.circuit.rows_options import RowsOptions
    >>> _data_block("rows.csv", RowsOptions(separator=";"))
    "{file: rows.csv, separator: ';'}"
    """
    given = {name: _yaml_value(value) for name, value in options.given().items()}
    return f"{{{', '.join(f'{name}: {text}' for name, text in {'file': path, **given}.items())}}}" if given else path


def _yaml_value(value: Any) -> str:
    """Return an option's value as YAML reads it."""
    if not isinstance(value, tuple):
        return _yaml_path(value)
    if isinstance(value[0], tuple):
        return f"{{{', '.join(f'{_quoted(name)}: {_yaml_path(title)}' for name, title in value)}}}"
    return f"[{', '.join(map(_yaml_path, value))}]"


def _model_formula(model: str, column: str, data: str, rows_options: RowsOptions) -> str:
    """Return the formula of a common model of a column.

    Raises:
        CircuitError: there is no such model or column.
    """
    name = normalise(column.strip())
    if not is_name(name):
        hint = f'write "RESPONSE ~ COLUMN" with --model {model}'
        raise CircuitError.of(f"{quote(name)} is not the name of a column", hint=hint)
    return model_formula(model, name, [name, *candidate_columns(data, [name], rows_options)])


def _reference(data: str, folder: str) -> str:
    """Return the path of a data file as a circuit file in a folder names it: relative, with forward slashes."""
    path = Path(data)
    path = path.parent.resolve() / path.name  # the two dots of a path lead up from where a link to a folder leads
    with suppress(ValueError):  # on Windows, another drive has no relative path
        path = Path(os.path.relpath(path, Path(folder).resolve()))
    reference = path.as_posix()
    return "./-" if reference == "-" else reference


def _filled(text: str, first_indent: str, indent: str | None = None) -> str:
    """Return a text in lines that fit a page, broken at blanks."""
    return fill(
        text,
        PAGE_WIDTH,
        initial_indent=first_indent,
        subsequent_indent=first_indent if indent is None else indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _yaml_path(path: str) -> str:
    r"""Return a path as YAML reads it: bare where its characters are usual, in quotes otherwise.

    >>> print(_yaml_path("../rows.csv"), _yaml_path("it's.csv"), _yaml_path("a\nb"))
    ../rows.csv 'it''s.csv' "a\U0000000ab"
    """
    if _BARE_PATH.fullmatch(path):
        return path
    if path.isprintable():
        return _quoted(path)
    if path != path.encode("utf-8", "replace").decode():
        raise CircuitError.of(f"the path {quote(path)} is not UTF-8, as circuit files are", hint="rename the file")
    characters = (char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}" for char in path)
    return f'"{"".join(characters)}"'

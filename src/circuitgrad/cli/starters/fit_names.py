"""The names of a fit: columns of the data, the target among them, and parameters of the formula."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.data.chunks import open_rows
from circuitgrad.errors import CircuitError, did_you_mean, quote, visible
from circuitgrad.files import STANDARD_INPUT
from circuitgrad.formulas.names import is_name, normalise
from circuitgrad.formulas.reader import ExpressionError, read_formula
from circuitgrad.formulas.steps import CONSTANTS, Loop, Member, Name
from circuitgrad.language.load import formula_circuit
from circuitgrad.language.names import name_fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.formulas.steps import Step

STARTER_NAMES = ("residual", "model")
"""The wires that the file of a fit declares itself."""
SEPARATOR = "~"
"""Between the response and the formula."""
MOST_LISTED = 20
"""A message lists at most so many columns."""


class FitNames(NamedTuple):
    """The names of a fit.

    Attributes:
        columns: the columns that the formula uses.
        target: the column to fit.
        parameters: the parameters of the formula, with their starting values.
    """

    columns: tuple[str, ...]
    target: str
    parameters: dict[str, float]


def split_response(formula: str, target: str | None) -> tuple[str, str | None]:
    """Return the formula of `response ~ formula`, at the same place in the text, and the response.

    Args:
        formula: the text; without a tilde, it is the formula itself.
        target: the column to fit, or None.

    Raises:
        CircuitError: the response is no name, or another than the target.

    >>> split_response("y ~ a*x", None)
    ('    a*x', 'y')
    """
    before, tilde, after = formula.partition(SEPARATOR)
    if not tilde:
        return formula, target
    response = normalise(before.strip())
    at = len(before) - len(before.lstrip())
    if not is_name(response):
        hint = "write the name of a column before the ~"
        raise ExpressionError(formula, "the response is not a name", at, len(before.strip()) or 1, hint)
    if SEPARATOR in after:
        raise ExpressionError(formula, "a second ~", len(before) + 1 + after.index(SEPARATOR))
    if target is not None and normalise(target.strip()) != response:
        raise CircuitError.of(f"--target {target.strip()} and the response {quote(response)} exclude one another")
    return " " * (len(before) + 1) + after, response


def candidate_columns(data: str, used: Collection[str] = (), rows_options: RowsOptions = FOUND) -> list[str]:
    """Return the columns of a data file that could be fitted: they have a name, and the formula does not use them.

    Raises:
        CircuitError: the file cannot be read, or has no column that the formula uses.
    """
    _refuse_unnameable(data)
    with open_rows(data, used, options=rows_options) as rows:
        return [name for name in dict.fromkeys(map(normalise, rows.ignored)) if name]


def fit_names(
    formula: str, data: str, target: str | None, start: Mapping[str, float], rows_options: RowsOptions = FOUND
) -> FitNames:
    """Return the names of a fit, after checking that formula and data belong together.

    Args:
        formula: the formula; its names that are no columns of the data are the parameters.
        data: the data file; of its rows, only the first are read.
        target: the column to fit; the one that the formula does not use where it is None.
        start: starting values of parameters; 1 for the others.
        rows_options: how the data file is read.

    Raises:
        CircuitError: the formula or the data are wrong, or do not belong together.
    """
    names: dict[str, Name] = {}
    for name in _names(formula, read_formula(formula)):
        names.setdefault(name.name, name)
    _refuse_unnameable(data)
    mapped = dict.fromkeys(name for name, _ in rows_options.map)
    with open_rows(data, {**names, **mapped}, options=rows_options) as rows:
        columns = tuple(name for name in dict.fromkeys(rows.names) if name in names)
        others = [*map(normalise, rows.ignored), *(name for name in mapped if name not in names)]
        target = _target(columns, others, target)
        if fault := _name_fault(target):
            hint = "rename it in the header, or choose another with --target"
            raise CircuitError.of(fault, next(rows.chunks).header, hint)
    parameters = [name for name in names if name not in columns and name not in CONSTANTS]
    if not parameters:
        raise CircuitError.of("the formula has no parameters: all its names are columns or constants")
    for wire in [*columns, *parameters]:
        if fault := _name_fault(wire):
            raise ExpressionError(formula, fault, names[wire].at, len(wire), "choose another name")
    starts = _starts(start, parameters)
    for reserved in STARTER_NAMES:
        if reserved in (*columns, target, *parameters):
            raise CircuitError.of(f"the name {quote(reserved)} is needed for the fit itself", hint="choose another")
    _try_out(formula, [*columns, *parameters])
    return FitNames(columns, target, starts)


def _names(formula: str, steps: Sequence[Step]) -> Iterator[Name]:
    """Yield the names of wires in a formula, in the order of the text, without the indices of loops."""
    for step in steps:
        if isinstance(step, Name):
            yield step
        elif isinstance(step, Member):
            message = f"{quote(step.name)} in the formula is a member of a family"
            raise ExpressionError(formula, message, step.at, len(step.name), "columns are named without brackets")
        elif isinstance(step, Loop):
            indices = {clause.name for clause in step.clauses}
            yield from (name for name in _names(formula, step.body) if name.name not in indices)


def _refuse_unnameable(data: str) -> None:
    """Refuse data that the circuit cannot name: standard input or a pipe, which is gone once it is read."""
    path = Path(data)
    if data == STANDARD_INPUT or (path.exists() and not path.is_file()):
        source = "standard input" if data == STANDARD_INPUT else quote(data)
        raise CircuitError.of(f"{source} is not a file that the circuit could name", hint="save the rows as a file")


def _target(used: Sequence[str], others: Sequence[str], wanted: str | None) -> str:
    """Return the column to fit, which the formula does not use.

    Args:
        used: the columns that the formula uses.
        others: the other columns.
        wanted: the column to fit, as a person writes it, or None.
    """
    if wanted is None:
        if not others:
            raise CircuitError.of("the formula uses every column: none is left to be fitted")
        candidates = list(dict.fromkeys(filter(None, others))) or [others[0]]
        if len(candidates) > 1:
            listed = ", ".join(map(quote, candidates[:MOST_LISTED])) + (
                ", ..." if len(candidates) > MOST_LISTED else ""
            )
            hint = f'write "{visible(candidates[0])} ~ FORMULA", or --target {visible(candidates[0])}'
            raise CircuitError.of(f"the formula leaves several columns, which is to be fitted? {listed}", hint=hint)
        return candidates[0]
    name = normalise(wanted.strip())
    if name in used:
        raise CircuitError.of(f"the target {quote(name)} stands in the formula itself")
    if name not in others:
        raise CircuitError.of(f"no column is called {quote(name)}", hint=did_you_mean(name, others))
    return name


def _name_fault(name: str) -> str | None:
    """Return why a name cannot stand in the file, which has its names without quotes; None when it can."""
    fault = name_fault(name)
    return fault[0] if fault else None


def _starts(start: Mapping[str, float], parameters: Sequence[str]) -> dict[str, float]:
    """Return the starting values of all parameters."""
    starts = dict.fromkeys(parameters, 1.0)
    for name, value in {normalise(name): value for name, value in start.items()}.items():
        if name not in starts:
            raise CircuitError.of(f"no parameter is called {quote(name)}", hint=did_you_mean(name, parameters))
        if not isfinite(value):
            raise CircuitError.of(f"{quote(name)} cannot start from {value}")
        starts[name] = value
    return starts


def _try_out(formula: str, names: Sequence[str]) -> None:
    """Expand the formula, which finds unknown gates and wrong numbers of operands."""
    formula_circuit(formula, dict.fromkeys(names, 1.0), "model")

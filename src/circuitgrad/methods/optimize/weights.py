"""The weights of rows: by known uncertainties of the response, or given."""

from __future__ import annotations

from array import array
from math import isfinite, sqrt
from typing import TYPE_CHECKING

from circuitgrad.data.table import Rows
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import CONSTANTS, Name
from circuitgrad.language.load import formula_circuit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Optimization


def weight_names(settings: Optimization) -> list[str]:
    """Return the names in the formula of `sigma` or `weights`, which may be columns without an input.

    Raises:
        CircuitError: it is no formula.
    """
    text = settings.sigma or settings.weights
    if text is None:
        return []
    names = [step.name for step in read_formula(text) if isinstance(step, Name) and step.name not in CONSTANTS]
    return list(dict.fromkeys(names))


def weighted_rows(
    settings: Optimization, circuit: Circuit, rows: Rows | None
) -> tuple[Rows | None, Sequence[float] | None]:
    """Return the rows with the columns that the circuit has, and the factor of every residual.

    The factor is 1/sigma, or the square root of the weight; None where neither is given.

    Args:
        settings: the settings.
        circuit: the circuit.
        rows: the rows, also with columns that only the formula of `sigma` or `weights` has.

    Raises:
        CircuitError: the formula depends on what is no column, or a value is not finite and positive.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.circuit.optimization import Optimization
    >>> rows = Rows({"x": array("d", [1, 2]), "s": array("d", [2, 4])}, [2, 3], ())
    >>> settings = Optimization("least_squares", sigma="2*s")
    >>> rows, factors = weighted_rows(settings, from_expression("a*x", a=1, x=0), rows)
    >>> rows.names, factors
    (('x',), array('d', [0.25, 0.125]))
    """
    what = "sigma" if settings.sigma is not None else "weights"
    text = settings.sigma if settings.sigma is not None else settings.weights
    if text is None:
        return rows, None
    if settings.goal != "least_squares":
        raise CircuitError.of(f"{what} goes with least squares", settings.places.get(what))
    if settings.sigma is not None and settings.weights is not None:
        raise CircuitError.of("sigma and weights exclude one another", settings.places.get("weights"))
    if rows is None:
        raise CircuitError.of(f"{what} goes with data", settings.places.get(what))
    names = weight_names(settings)
    for name in names:
        if name not in rows.columns:
            hint = did_you_mean(name, [*rows.columns, *rows.ignored]) or f"the columns are {', '.join(rows.columns)}"
            raise CircuitError.of(f"{what} depends on {quote(name)}, which is no column of the data", hint=hint)
    output = max([*names, "a"], key=len) + "_"  # a name that no column has
    run = program(formula_circuit(text, dict.fromkeys(names, 1.0), output), names, Wanted((output,)), "python")
    factors = array("d")
    columns = [rows.columns[name] for name in names]
    for i, line in enumerate(rows.lines):
        (value,) = run(*[column[i] for column in columns])
        if not (isfinite(value) and value > 0):
            message = f"{what} is {value:g} in line {line} of the data: it has to be positive"
            raise CircuitError.of(message, hint="leave the row out")
        factors.append(1 / value if settings.sigma is not None else sqrt(value))
    kept = {name: column for name, column in rows.columns.items() if name in circuit.inputs}
    return Rows(kept, rows.lines, rows.ignored, rows.header), factors

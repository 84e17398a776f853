"""Common models of one variable, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import CONSTANTS, Name

if TYPE_CHECKING:
    from collections.abc import Collection

MODELS = {
    "line": "a + b*x",
    "quadratic": "a + b*x + c*x**2",
    "exponential": "a*exp(-k*x) + c",
    "power": "a*x**b",
    "gaussian": "height*exp(-(x - center)**2/(2*width**2)) + offset",
    "lorentzian": "height*width**2/((x - center)**2 + width**2) + offset",
    "logistic": "top/(1 + exp((middle - x)/scale))",
    "gompertz": "top*exp(-b*exp(-c*x))",
    "michaelis-menten": "vmax*x/(km + x)",
    "hill": "vmax*x**n/(k**n + x**n)",
    "sine": "height*sin(2*pi*x/period + phase) + offset",
}
"""The formulas of the models; `x` is the variable, the other names are parameters."""


def model_formula(model: str, column: str, taken: Collection[str]) -> str:
    """Return the formula of a model.

    Args:
        model: the model's name.
        column: the column that is the variable.
        taken: the names of all columns; a parameter of the same name gets an underscore.

    Raises:
        CircuitError: no model has that name.

    >>> model_formula("michaelis-menten", "km", ["km", "v"])
    'vmax*km/(km_ + km)'
    """
    if model not in MODELS:
        hint = did_you_mean(model, MODELS) or ", ".join(MODELS)
        raise CircuitError.of(f"no model is called {quote(model)}", hint=hint)
    formula = MODELS[model]
    new_names = {"x": column}
    names = [step.name for step in read_formula(formula) if isinstance(step, Name)]
    for name in dict.fromkeys(names):
        if name not in new_names and name not in CONSTANTS:
            new_name = name
            while new_name in taken or new_name == column:
                new_name += "_"
            new_names[name] = new_name
    return re.sub(r"\w+", lambda word: new_names.get(word.group(), word.group()), formula)

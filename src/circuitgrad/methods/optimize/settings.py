"""The settings of an optimisation completed by the method's defaults; contradictions among them are refused."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from math import isinf
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.optimization import (
    DEFAULT_STEP_SIZE,
    DEFAULT_STEPS,
    FIT_SETTINGS,
    GOALS,
    METHODS,
    SCHEDULES,
    Optimization,
)
from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.methods.optimize.objective import free_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.search import Algorithm

DEFAULTS: Mapping[str, Any] = {
    "steps": DEFAULT_STEPS, "step_size": DEFAULT_STEP_SIZE, "schedule": SCHEDULES[0], "momentum": 0.9,
    "line_search": False, "seed": 0,
}  # fmt: skip
"""The settings of every method that has no defaults of its own."""
UNLIMITED_STEPS = 10**12
"""The steps of a run that a time limit ends."""
USED_BY_ALL = frozenset({"method", "starts", "steps", "time_limit"})
"""The settings that mean something to every method."""


def algorithm(method: str) -> Algorithm:
    """Return the method of that name.

    Raises:
        CircuitError: there is none.

    >>> algorithm("adam").about
    'running means of the gradient over its size'
    """
    if method not in METHODS:
        hint = did_you_mean(method, METHODS) or ", ".join(METHODS)
        raise CircuitError.of(f"no method of optimisation is called {quote(method)}", hint=hint)
    loaded: Algorithm = import_module(f"circuitgrad.methods.optimize.algorithms.{method}").ALGORITHM
    return loaded


def combined(block: Optimization | None, overrides: Mapping[str, Any]) -> Optimization:
    """Return the settings of a file's block, with others in their place.

    Where the others change the method or the goal, settings of the block that mean nothing to the new method are left
    out.

    Args:
        block: the settings of the file.
        overrides: fields of an `Optimization` that win.

    >>> combined(Optimization(method="momentum", momentum=0.5, steps=9), {"method": "adam"}).given()
    {'method': 'adam', 'steps': 9}
    """
    base = block or Optimization()
    base = replace(base, places={name: place for name, place in base.places.items() if name not in overrides})
    if not overrides.keys() & {"goal", "method"}:
        return replace(base, **overrides)
    is_least_squares = overrides.get("goal", base.goal) == "least_squares"
    method = overrides.get("method", base.method)
    if "method" not in overrides and method is not None and algorithm(method).squares and not is_least_squares:
        method = None
    uses = algorithm(method or ("lm" if is_least_squares else "gradient")).uses | USED_BY_ALL
    if (overrides.get("starts", base.starts) or 1) > 1:
        uses |= {"seed"}
    if is_least_squares:
        uses |= FIT_SETTINGS
    left_out: dict[str, Any] = {name: None for name in base.given() if name not in uses}
    return replace(base, **{**left_out, "method": method, **overrides})


def settled(settings: Optimization, circuit: Circuit, rows: Rows | None = None) -> Optimization:
    """Return settings with a value for every setting that the method uses.

    Raises:
        CircuitError: the settings contradict one another.

    >>> from circuitgrad import from_expression
    >>> settled(Optimization(method="momentum"), from_expression("x*x", x=1)).momentum
    0.9
    """
    if settings.goal not in GOALS:
        raise CircuitError.of(f"no goal is called {quote(settings.goal)}", hint=", ".join(GOALS))
    output = circuit.single_output() if settings.output is None else settings.output
    circuit.slot(output)
    method = settings.method or _default_method(settings, circuit, rows)
    chosen = algorithm(method)
    if chosen.squares and settings.goal != "least_squares":
        raise _misfit(settings, "method", f"the method {method} is for least squares")
    uses = chosen.uses | USED_BY_ALL | ({"seed"} if (settings.starts or 1) > 1 else set())
    uses |= FIT_SETTINGS if settings.goal == "least_squares" else set()
    given = settings.given()
    for name, value in given.items():
        words = name.replace("_", " ")
        if name not in uses:
            hint = f"it takes {', '.join(sorted(used.replace('_', ' ') for used in uses - {'method'}))}"
            raise _misfit(settings, name, f"{words} means nothing to the method {method}", hint)
        if fault := Optimization.settings()[name].fault(value):
            raise _misfit(settings, name, f"{words} {fault}: {value}")
    if rows is not None and settings.batch_size is not None and settings.batch_size >= len(rows):
        settings = replace(settings, batch_size=None)  # all rows are no batch
        del given["batch_size"]
    if settings.batch_size is not None:
        if rows is None:
            raise _misfit(settings, "batch_size", "a batch size goes with data")
        if settings.tolerance is not None:
            raise _misfit(settings, "tolerance", "a tolerance needs the whole gradient, not that of a batch")
    if settings.absolute_sigma and settings.sigma is None:
        raise _misfit(settings, "absolute_sigma", "absolute sigma goes with sigma")
    if method == "lm" and (fault := _lm_fault(circuit, rows)):
        raise _misfit(settings, "method", f"the method lm {fault}", "trf can")
    if settings.time_limit is not None and settings.schedule != "cosine":
        given = {"steps": UNLIMITED_STEPS, **given}
    defaults = {**{name: value for name, value in DEFAULTS.items() if name in uses}, **chosen.defaults}
    if given.get("line_search"):
        defaults["step_size"] = 1.0  # a line search starts from a long step, which it shortens
    return replace(settings, **{**defaults, **given, "method": method, "output": output})


def _default_method(settings: Optimization, circuit: Circuit, rows: Rows | None) -> str:
    """Return the method for settings that name none."""
    if settings.goal != "least_squares":
        return "gradient"
    return "trf" if _lm_fault(circuit, rows) else "lm"


def _lm_fault(circuit: Circuit, rows: Rows | None) -> str | None:
    """Return why LMDER cannot solve a problem, or None."""
    free = [circuit.inputs[name] for name in free_inputs(circuit, rows)]
    if bounded := next((leaf.name for leaf in free if not (isinf(leaf.min) and isinf(leaf.max))), None):
        return f"knows no bounds, and {quote(bounded)} has some"
    count = len(rows) if rows else 1
    return f"cannot find {len(free)} parameters from {count} rows" if len(free) > count else None


def _misfit(settings: Optimization, name: str, message: str, hint: str | None = None) -> CircuitError:
    return CircuitError.of(message, settings.places.get(name), hint)

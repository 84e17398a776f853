"""What an experiment leaves open, filled in; what does not go together, refused."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from math import isinf
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.optimization import GOALS, METHODS, SCHEDULES, Optimization
from circuitgrad.errors import CircuitError, did_you_mean, quote
from circuitgrad.methods.optimize.objective import free_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.search import Algorithm

DEFAULTS: Mapping[str, Any] = {
    "steps": 100, "step_size": 0.01, "schedule": SCHEDULES[0], "momentum": 0.9, "line_search": False, "seed": 0,
}  # fmt: skip
"""What holds where neither the experiment nor the method says otherwise."""
UNLIMITED = 10**12
"""Steps, where time is what ends a run."""
ALWAYS = frozenset({"method", "steps", "time_limit"})
"""What means something to every method."""


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
    found: Algorithm = import_module(f"circuitgrad.methods.optimize.algorithms.{method}").ALGORITHM
    return found


def combined(block: Optimization | None, told: Mapping[str, Any]) -> Optimization:
    """Return what a file says of an optimisation, but for what a person says otherwise.

    What the file says for another method than the one that is used, or for another goal, is left out.

    Args:
        block: what the file says.
        told: fields of an `Optimization` that win.

    >>> combined(Optimization(method="momentum", momentum=0.5, steps=9), {"method": "adam"}).said()
    {'method': 'adam', 'steps': 9}
    """
    base = block or Optimization()
    base = replace(base, places={name: place for name, place in base.places.items() if name not in told})
    if not told.keys() & {"goal", "method"}:
        return replace(base, **told)
    squares = told.get("goal", base.goal) == "least_squares"
    method = told.get("method", base.method)
    if "method" not in told and method is not None and algorithm(method).squares and not squares:
        method = None
    uses = algorithm(method or ("lm" if squares else "gradient")).uses | ALWAYS
    left_out: dict[str, Any] = {name: None for name in base.said() if name not in uses}
    return replace(base, **{**left_out, "method": method, **told})


def settled(experiment: Optimization, circuit: Circuit, rows: Rows | None = None) -> Optimization:
    """Return an experiment with nothing left open that its method uses.

    Raises:
        CircuitError: its settings do not go together.

    >>> from circuitgrad import from_expression
    >>> settled(Optimization(method="momentum"), from_expression("x*x", x=1)).momentum
    0.9
    """
    if experiment.goal not in GOALS:
        raise CircuitError.of(f"no goal is called {quote(experiment.goal)}", hint=", ".join(GOALS))
    output = circuit.single_output() if experiment.output is None else experiment.output
    circuit.slot(output)
    method = experiment.method or _usual(experiment, circuit, rows)
    chosen = algorithm(method)
    if chosen.squares and experiment.goal != "least_squares":
        raise _misfit(experiment, "method", f"the method {method} is for least squares")
    said = experiment.said()
    for name in said:
        if name not in chosen.uses | ALWAYS:
            hint = f"it takes {', '.join(sorted(one.replace('_', ' ') for one in chosen.uses | ALWAYS - {'method'}))}"
            raise _misfit(experiment, name, f"{name.replace('_', ' ')} means nothing to the method {method}", hint)
        if fault := Optimization.settings()[name].fault(said[name]):
            raise _misfit(experiment, name, f"{name.replace('_', ' ')} {fault}: {said[name]}")
    if rows is not None and experiment.batch_size is not None and experiment.batch_size >= len(rows):
        experiment = replace(experiment, batch_size=None)  # that is no batch
        del said["batch_size"]
    if experiment.batch_size is not None:
        if rows is None:
            raise _misfit(experiment, "batch_size", "a batch size goes with data")
        if experiment.tolerance is not None:
            raise _misfit(experiment, "tolerance", "a tolerance needs the whole gradient, not that of a batch")
    if method == "lm":
        _refuse_lm(experiment, circuit, rows)
    if experiment.time_limit is not None and experiment.schedule != "cosine":
        said = {"steps": UNLIMITED, **said}
    used = {name: value for name, value in DEFAULTS.items() if name in chosen.uses | ALWAYS}
    return replace(experiment, **{**used, **chosen.defaults, **_long(said), **said, "method": method, "output": output})


def _long(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step size that a line search starts from, where one is asked for."""
    return {"step_size": 1.0} if said.get("line_search") else {}


def _usual(experiment: Optimization, circuit: Circuit, rows: Rows | None) -> str:
    """Return the method for an experiment that names none."""
    if experiment.goal != "least_squares":
        return "gradient"
    return "trf" if _lm_fault(circuit, rows) else "lm"


def _lm_fault(circuit: Circuit, rows: Rows | None) -> str | None:
    """Return what LMDER cannot do about a problem, or None."""
    moved = [circuit.inputs[name] for name in free_inputs(circuit, rows)]
    if held := next((leaf.name for leaf in moved if not (isinf(leaf.min) and isinf(leaf.max))), None):
        return f"knows no bounds, and {quote(held)} has some"
    count = len(rows) if rows else 1
    return f"cannot find {len(moved)} parameters from {count} rows" if len(moved) > count else None


def _refuse_lm(experiment: Optimization, circuit: Circuit, rows: Rows | None) -> None:
    if fault := _lm_fault(circuit, rows):
        raise _misfit(experiment, "method", f"the method lm {fault}", "trf can")


def _misfit(experiment: Optimization, name: str, message: str, hint: str | None = None) -> CircuitError:
    return CircuitError.of(message, experiment.places.get(name), hint)

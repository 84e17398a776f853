"""Moving a circuit's inputs so that its output rises, falls, or is squared away. A method is a file in `algorithms`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.circuit.optimization import Optimization
from circuitgrad.engines.choice import choose
from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.optimize.checkpoint import Checkpoint
from circuitgrad.methods.optimize.objective import Objective, free_inputs
from circuitgrad.methods.optimize.run import Outcome, Run
from circuitgrad.methods.optimize.search import Step
from circuitgrad.methods.optimize.settings import algorithm, combined, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows

__all__ = [
    "Checkpoint",
    "Optimization",
    "Outcome",
    "Step",
    "algorithm",
    "combined",
    "free_inputs",
    "optimize",
    "settled",
]


STEP = 100
"""A step in Python costs as much as so many gates; machine code makes many of them at once."""


def optimize(
    circuit: Circuit,
    experiment: Optimization | None = None,
    rows: Rows | None = None,
    *,
    listen: Callable[[Step], None] = lambda _: None,
    save: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    engine: str | None = None,
    every: int | None = 1,
) -> Outcome:
    """Move the inputs that are not fixed towards a goal, and leave the circuit at what was found.

    Args:
        circuit: the circuit.
        experiment: what to do; the circuit's own experiment when left out.
        rows: the rows of data.
        listen: is told the start, and every step.
        save: keeps a checkpoint, now and then and at the end.
        resume: the checkpoint of a run that goes on.
        interrupted: tells after each step whether the run is to end.
        engine: the engine to use; chosen by the size of the work when left out.
        every: `listen` needs to be told only steps whose number is a multiple of this; None leaves it to the run.

    Raises:
        CircuitError: the settings do not go together, there is no such wire or engine, nothing can move, or the
            objective is infinite or NaN at the start.

    >>> from circuitgrad import load
    >>> optimize(load("circuits/neuron.yaml"), Optimization(steps=1)).after["s"]
    0.8825501816218984
    """
    wanted = settled(experiment or circuit.optimize or Optimization(), circuit, rows)
    assert wanted.output is not None  # noqa: S101
    assert wanted.method is not None  # noqa: S101
    count = len(rows) if rows else 1
    at_once = count if wanted.batch_size is None else min(count, wanted.batch_size)
    method = algorithm(wanted.method)
    least = STEP if method.walks and at_once == count else 0
    passes = at_once * ((wanted.steps or 0) + 1)
    choice = choose(len(circuit.rules), passes, engine, least=least)
    objective = Objective(circuit, wanted.output, wanted.goal, rows, choice.engine, passes)
    if not objective.is_reached:
        raise CircuitError.of(f"there is nothing to move: no free input reaches {quote(wanted.output)}")
    run = Run(objective, wanted, choice, method, listen, save, interrupted, every)
    return run.outcome(resume)

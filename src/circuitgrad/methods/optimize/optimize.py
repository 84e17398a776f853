"""Moving a circuit's free inputs towards a goal. Each method is a file in `algorithms`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from circuitgrad.circuit.optimization import Optimization
from circuitgrad.engines.choice import choose
from circuitgrad.errors import CircuitError, quote
from circuitgrad.methods.optimize.cautions import cautions
from circuitgrad.methods.optimize.objective import Objective, free_inputs
from circuitgrad.methods.optimize.run import OptimizationRun
from circuitgrad.methods.optimize.settings import algorithm, settled
from circuitgrad.methods.optimize.starts import End, points_to_start_from, try_starts
from circuitgrad.methods.optimize.weights import weighted_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.checkpoint import Checkpoint
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate
    from circuitgrad.methods.optimize.starts import Starts

STEP_OVERHEAD = 100
"""The overhead of a step in Python, in gates; machine code makes many steps at once."""


def optimize(
    circuit: Circuit,
    settings: Optimization | None = None,
    rows: Rows | None = None,
    *,
    listen: Callable[[Iterate], None] = lambda _: None,
    save: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    engine: str | None = None,
    every: int | None = 1,
    factors: Sequence[float] | None = None,
) -> Outcome:
    """Move the inputs that are not fixed towards a goal, and leave the circuit at the last iterate.

    Where the last iterate is worse than the start, the best is kept. With several starts, the best run is returned.

    Args:
        circuit: the circuit.
        settings: the settings; those of the circuit's file when left out.
        rows: the rows of data.
        listen: called with the start, and with every iterate.
        save: called with a checkpoint, every half minute and at the end.
        resume: the checkpoint of a run that goes on.
        interrupted: tells after each step whether the run is to end.
        engine: the engine to use; chosen by the size of the work when left out.
        factors: the factor of the residual in every row; that of the settings when left out.
        every: `listen` needs only the iterates whose number is a multiple of this; None leaves the choice to the run.

    Raises:
        CircuitError: the settings contradict one another, there is no such wire or engine, nothing can move, or the
            objective is infinite or NaN at the start.

    >>> from circuitgrad import load
    >>> optimize(load("circuits/neuron.yaml"), Optimization(steps=1)).after["s"]
    0.8825501816218984
    """
    settings = settings or circuit.optimize or Optimization()
    if factors is None:
        rows, factors = weighted_rows(settings, circuit, rows)
    settings = settled(settings, circuit, rows)
    starts: Starts | None = None
    if settings.starts is not None and settings.starts > 1:
        if save is not None or resume is not None:
            raise CircuitError.of("a checkpoint is that of one run: leave out either it or the starts")
        single = replace(settings, starts=None, seed=settings.seed if "seed" in _uses(settings) else None)
        names = free_inputs(circuit, rows)

        def run_from(point: Sequence[float]) -> End:
            circuit.assign(dict(zip(names, point, strict=True)))
            outcome = optimize(
                circuit, single, rows, interrupted=interrupted, engine=engine, every=None, factors=factors
            )
            cost = -outcome.last if outcome.goal == "maximize" else outcome.last
            return End(outcome.last, cost, outcome.stopped == "interrupted")

        points = points_to_start_from(circuit, names, settings.starts, settings.seed or 0)
        starts = try_starts(points, run_from)
        circuit.assign(dict(zip(names, starts.best, strict=True)))
    assert settings.output is not None  # noqa: S101
    assert settings.method is not None  # noqa: S101
    count = len(rows) if rows else 1
    batch = count if settings.batch_size is None else min(count, settings.batch_size)
    method = algorithm(settings.method)
    overhead = STEP_OVERHEAD if method.is_compiled and batch == count else 0
    passes = batch * ((settings.steps or 0) + 1)
    choice = choose(len(circuit.rules), passes, engine, least=overhead)
    objective = Objective(circuit, settings.output, settings.goal, rows, choice.engine, passes, factors)
    if not objective.is_reached:
        raise CircuitError.of(f"there is nothing to move: no free input reaches {quote(settings.output)}")
    run = OptimizationRun(objective, settings, choice, method, listen, save, interrupted, every)
    outcome = run.outcome(resume)
    return replace(outcome, warnings=cautions(outcome, objective), starts=starts)


def _uses(settings: Optimization) -> frozenset[str]:
    assert settings.method is not None  # noqa: S101
    return algorithm(settings.method).uses

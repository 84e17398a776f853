"""circuitgrad's engines, as `circuitgrad.engines` and `circuitgrad.methods` offer them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from circuits import columns, sampled

from circuitgrad.engines import Wanted, over_columns, program
from circuitgrad.experiment import Experiment
from peers import STEP_SIZE, Job, Peer, repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuits import Description

    from circuitgrad.circuit import Circuit


def wanted(circuit: Circuit) -> Wanted:
    """Return what is wanted of a circuit: the value and the gradient of its output."""
    return Wanted(circuit.outputs, circuit.outputs, tuple(circuit.inputs))


def at_point(engine: str, description: Description) -> Job:
    """Prepare one call of `program`."""
    circuit = description.circuit()
    run = program(circuit, list(circuit.inputs), wanted(circuit), engine)
    return repeated(partial(run, *description.point))


def over_rows(engine: str, description: Description, rows: int) -> Job:
    """Prepare one call of `over_columns`."""
    circuit = description.circuit()
    given = columns(description, rows)
    compute = over_columns(circuit, list(circuit.inputs), wanted(circuit), engine)

    def answer() -> list[float]:
        found = compute(given)
        return [column[place] for place in sampled(rows) for column in found]

    return Job(answer, lambda times: [compute(given) for _ in range(times)][-1:])


def in_steps(engine: str, description: Description, steps: int) -> Job:
    """Prepare `optimize` with the method `gradient`."""
    from circuitgrad.methods.optimize import optimize

    circuit = description.circuit()
    experiment = Experiment(method="gradient", steps=steps, step_size=STEP_SIZE)

    def ascend() -> Sequence[float]:
        circuit.assign(description.inputs)
        optimize(circuit, experiment, engine=engine)
        return list(circuit.values().values())

    return repeated(ascend)


PEERS = [
    Peer(
        f"circuitgrad {engine}",
        f"`engines.program`, `engines.over_columns` and `methods.optimize` with the engine `{engine}`",
        needs=("llvmlite",) if engine == "native" else (),
        point=partial(at_point, engine),
        rows=partial(over_rows, engine),
        steps=partial(in_steps, engine),
    )
    for engine in ("objects", "python", "native")
]

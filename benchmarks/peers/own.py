"""circuitgrad's engines, as `circuitgrad.engines` and `circuitgrad.methods` offer them."""

from __future__ import annotations

import math
from array import array
from functools import partial
from typing import TYPE_CHECKING

from circuits import columns, sampled

from circuitgrad.circuit.optimization import Optimization
from circuitgrad.engines.programs import over_columns, program
from circuitgrad.engines.wanted import Wanted
from peers import STEP_SIZE, Job, Peer, repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuits import Description

    from circuitgrad.circuit.circuit import Circuit


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
    found = [array("d", [0.0]) * rows for _ in wanted(circuit).titles]

    def answer() -> list[float]:
        compute(given, found)
        return [column[place] for place in sampled(rows) for column in found]

    return Job(answer, lambda times: [compute(given, found) for _ in range(times)])


def in_steps(engine: str, description: Description, steps: int) -> Job:
    """Prepare `optimize` with the method `gradient`."""
    from circuitgrad.methods.optimize.optimize import optimize

    circuit = description.circuit()
    optimization = Optimization(method="gradient", steps=steps, step_size=STEP_SIZE)

    def ascend() -> Sequence[float]:
        circuit.assign(description.inputs)
        optimize(circuit, optimization, engine=engine)
        return list(circuit.values().values())

    return repeated(ascend)


def walking(description: Description, steps: int) -> Job:
    """Prepare the steps alone, without what `optimize` keeps of them and reports."""
    from circuitgrad.engines.native.optimizer_loop import OptimizerLoop
    from circuitgrad.engines.native.sums import RowSums
    from circuitgrad.methods.optimize.algorithms.gradient import UPDATE

    circuit = description.circuit()
    names, point = list(circuit.inputs), list(circuit.values().values())
    sums = RowSums(circuit, names, circuit.single_output(), squares=False, bound={})
    loop = OptimizerLoop(sums, UPDATE, [-math.inf] * len(names), [math.inf] * len(names), -1.0, 0.0)
    sizes = array("d", [STEP_SIZE]) * steps

    def ascend() -> Sequence[float]:
        slopes = [-slope for slope in sums(point)[1:]]
        return loop(point, slopes, {}, 0, sizes).point(steps - 1)

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
] + [
    Peer(
        "circuitgrad native, steps alone",
        "`OptimizerLoop`, without what `optimize` keeps of the steps and reports",
        needs=("llvmlite",),
        steps=walking,
    )
]

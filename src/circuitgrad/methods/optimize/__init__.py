"""Moving a circuit's inputs so that its output rises or falls. A method is one file, and one entry of `METHODS`."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, Problem, quote
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value
from circuitgrad.methods.optimize.climb import gradient, numeric
from circuitgrad.methods.optimize.random_search import random
from circuitgrad.methods.optimize.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from circuitgrad.circuit import Circuit

METHODS: dict[str, Callable[[Search], Iterator[dict[str, float]]]] = {
    "gradient": gradient,
    "numeric": numeric,
    "random": random,
}
"""Per method, what yields the inputs after each step."""


@dataclass(frozen=True)
class Outcome:
    """What an optimisation did.

    Attributes:
        circuit: the circuit; its inputs have the values that were found.
        output: the wire that was optimised.
        method: the method's name.
        minimize: whether the output was to fall.
        step_size: the factor of the gradient, or the half-width of the box of tries.
        steps: how many steps were done.
        stopped: why it ended: `steps`, or `nonfinite` when the next step would have left the finite numbers.
        before: the values of all wires at the start.
        after: the values of all wires at the end.
        culprit: where the first infinity or NaN arose, when that stopped it.
    """

    circuit: Circuit
    output: str
    method: str
    minimize: bool
    step_size: float
    steps: int
    stopped: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    culprit: Problem | None = None

    @property
    def worse(self) -> bool:
        """Whether the output has moved against what was wanted."""
        before, after = self.before[self.output], self.after[self.output]
        return after > before if self.minimize else after < before


def optimize(
    circuit: Circuit,
    output: str | None = None,
    *,
    method: str = "gradient",
    steps: int = 100,
    step_size: float = 0.01,
    minimize: bool = False,
    seed: int = 0,
) -> Outcome:
    """Move the inputs that are not fixed so that the output rises, and leave the circuit at what was found.

    Args:
        circuit: the circuit.
        output: the wire to raise; the circuit's output when left out.
        method: `gradient`, `numeric` or `random`.
        steps: how many steps, or tries, to do.
        step_size: the factor of the gradient, or the half-width of the box of tries.
        minimize: lower the output instead.
        seed: what the random numbers start from.

    Raises:
        CircuitError: there is no such method or wire, every input is fixed, or the output is infinite or NaN at the
            start.

    >>> from circuitgrad import load
    >>> optimize(load("circuits/neuron.yaml"), steps=1).after["s"]
    0.8825501816218984
    """
    if method not in METHODS:
        raise CircuitError.of(f"no method of optimisation is called {quote(method)}", hint=" or ".join(METHODS))
    target = circuit.single_output() if output is None else output
    circuit.slot(target)
    search = Search(circuit, target, step_size, -1.0 if minimize else 1.0, seed)
    if not circuit.inputs:
        raise CircuitError.of(f"there is nothing to move: {quote(circuit.name)} has no inputs")
    if not search.start:
        raise CircuitError.of(f"there is nothing to move: every input of {quote(circuit.name)} is fixed")
    before = circuit.forward()
    if not isfinite(before[target]):
        problem = nonfinite_value(circuit)
        reason = f": {problem.message}" if problem else ""
        raise CircuitError.of(
            f"the output {quote(target)} is {before[target]} at the start{reason}", problem.place if problem else None
        )
    point, done, stopped, culprit = search.start, 0, "steps", None
    for proposed in METHODS[method](search) if steps > 0 else ():
        if not (all(map(isfinite, proposed.values())) and isfinite(search.value(proposed))):
            stopped, culprit = "nonfinite", _culprit(search, point, proposed)
            break
        point, done = proposed, done + 1
        if done == steps:
            break
    circuit.assign(point)
    return Outcome(circuit, target, method, minimize, step_size, done, stopped, before, circuit.forward(), culprit)


def _culprit(search: Search, point: Mapping[str, float], proposed: Mapping[str, float]) -> Problem | None:
    """Return where the first infinity or NaN arose in the step from `point` to `proposed`."""
    lost = [name for name, value in proposed.items() if not isfinite(value)]
    if not lost:
        return nonfinite_value(search.circuit)
    search.gradient(point)
    overflow = Problem(f"the step takes {quote(lost[0])} from {point[lost[0]]} to {proposed[lost[0]]}")
    return nonfinite_gradient(search.circuit) or overflow

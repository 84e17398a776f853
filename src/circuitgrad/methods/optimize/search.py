"""What every method of optimisation works with: the output as a function of the inputs that may move."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from circuitgrad.methods.numeric import numeric_gradient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.circuit import Circuit


@dataclass
class Search:
    """The output of a circuit as a function to climb.

    Attributes:
        circuit: the circuit; evaluating moves its inputs.
        output: the wire to raise or lower.
        step_size: the factor of a gradient step, or the half-width of a box of tries.
        sign: 1 to raise the output, -1 to lower it.
        seed: what random numbers start from.
        start: the values of the inputs that are not fixed, at the beginning.
    """

    circuit: Circuit
    output: str
    step_size: float
    sign: float
    seed: int
    start: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        present = self.circuit.values()
        self.start = {name: present[name] for name, leaf in self.circuit.inputs.items() if not leaf.fixed}

    def value(self, point: Mapping[str, float]) -> float:
        """Return the output at a point."""
        self.circuit.assign(point)
        return self.circuit.forward()[self.output]

    def gradient(self, point: Mapping[str, float]) -> dict[str, float]:
        """Return the output's gradient at a point, by reverse mode."""
        self.circuit.assign(point)
        gradient = self.circuit.backward(self.output)
        return {name: gradient[name] for name in point}

    def numeric_gradient(self, point: Mapping[str, float]) -> dict[str, float]:
        """Return the output's gradient at a point, by the guide's forward differences."""
        self.circuit.assign(point)
        return numeric_gradient(self.circuit, self.output, list(point), "forward")

    def moved(self, point: Mapping[str, float], direction: Mapping[str, float]) -> dict[str, float]:
        """Return the point one step further along a direction, within the inputs' bounds."""
        factor = self.sign * self.step_size
        return {name: self.clip(name, value + factor * direction[name]) for name, value in point.items()}

    def clip(self, name: str, value: float) -> float:
        """Return an input's value moved into its bounds."""
        return self.circuit.inputs[name].clip(value)

"""Random circuits for hypothesis, and a second, independent way to differentiate them.

The second way pulls: a wire's gradient is the sum, over the gates that it feeds, of their gradients times the slope
between, each computed when it is asked for. The package pushes from the output backwards instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hypothesis import strategies as st

import circuitgrad

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


# Per gate, its value and its slopes, said with Python's own operators.
SMOOTH: dict[str, tuple[Callable[..., float], Sequence[Callable[..., float]]]] = {
    "add": (lambda x, y: x + y, [lambda x, y: 1.0, lambda x, y: 1.0]),
    "sub": (lambda x, y: x - y, [lambda x, y: 1.0, lambda x, y: -1.0]),
    "mul": (lambda x, y: x * y, [lambda x, y: y, lambda x, y: x]),
    "neg": (lambda x: -x, [lambda x: -1.0]),
    "square": (lambda x: x * x, [lambda x: 2 * x]),
    "sigmoid": (_sigmoid, [lambda x: _sigmoid(x) * _sigmoid(-x)]),
    "tanh": (math.tanh, [lambda x: 1 / math.cosh(x) ** 2 if abs(x) < 300 else 0.0]),
    "sin": (math.sin, [math.cos]),
    "cos": (math.cos, [lambda x: -math.sin(x)]),
    "softplus": (lambda x: x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x)), [_sigmoid]),
}
KINKED: dict[str, tuple[Callable[..., float], Sequence[Callable[..., float]]]] = {
    "relu": (lambda x: max(x, 0.0), [lambda x: float(x > 0)]),
    "abs": (abs, [lambda x: (x > 0) - (x < 0)]),
    "max": (max, [lambda x, y: (x > y) + (x == y) / 2, lambda x, y: (y > x) + (x == y) / 2]),
    "min": (min, [lambda x, y: (x < y) + (x == y) / 2, lambda x, y: (y < x) + (x == y) / 2]),
}
ALL = {**SMOOTH, **KINKED}


@dataclass(frozen=True)
class Plan:
    """A circuit: the inputs' values, and per gate its name and the positions of its operands among all wires."""

    inputs: tuple[float, ...]
    gates: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def names(self) -> list[str]:
        return [f"x{i}" for i in range(len(self.inputs))] + [f"g{i}" for i in range(len(self.gates))]

    @property
    def text(self) -> str:
        names = self.names
        lines = ["inputs:", *(f"  x{i}: {value!r}" for i, value in enumerate(self.inputs)), "gates:"]
        for i, (gate, operands) in enumerate(self.gates):
            lines.append(f"  g{i}: {{{gate}: [{', '.join(names[operand] for operand in operands)}]}}")
        return "\n".join([*lines, f"output: {names[-1]}"])

    def circuit(self) -> circuitgrad.Circuit:
        return circuitgrad.loads(self.text)

    @cached_property
    def values(self) -> list[float]:
        values = list(self.inputs)
        for gate, operands in self.gates:
            values.append(float(ALL[gate][0](*(values[operand] for operand in operands))))
        return values

    @cached_property
    def gradients(self) -> list[tuple[float, float]]:
        """Per wire, its gradient and the sum of the sizes of the terms that make it up."""
        found: dict[int, tuple[float, float]] = {len(self.values) - 1: (1.0, 1.0)}

        def pull(wire: int) -> tuple[float, float]:
            total, size = found.get(wire, (0.0, 0.0))
            for i, (gate, operands) in enumerate(self.gates):
                for position, operand in enumerate(operands):
                    if operand == wire:
                        slope = ALL[gate][1][position](*(self.values[o] for o in operands))
                        gradient, magnitude = found[len(self.inputs) + i]
                        total += gradient * slope
                        size += magnitude * abs(slope)
            return total, size

        for wire in reversed(range(len(self.values))):
            found[wire] = pull(wire)
        return [found[wire] for wire in range(len(self.values))]


@st.composite
def plans(draw: st.DrawFn, gates: Sequence[str] = tuple(ALL), most: int = 12) -> Plan:
    """Draw a circuit whose values stay small enough to be compared."""
    number = st.floats(-2, 2, allow_subnormal=False).map(lambda x: round(x, 6))
    inputs = tuple(draw(st.lists(number, min_size=1, max_size=4)))
    chosen = []
    for i in range(draw(st.integers(1, most))):
        gate = draw(st.sampled_from(gates))
        wires = st.integers(0, len(inputs) + i - 1)
        chosen.append((gate, tuple(draw(wires) for _ in ALL[gate][1])))
    return Plan(inputs, tuple(chosen))

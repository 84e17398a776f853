"""The circuits of the benchmarks: the neuron, and deep and wide circuits of any number of gates, always the same.

A peer is given a `Description`, which says nothing of circuitgrad: inputs, and gates of a few kinds in order.
"""

from __future__ import annotations

import random
from array import array
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import circuitgrad
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.gates.table import GATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NEURON = Path(__file__).parent.parent / "circuits" / "neuron.yaml"

TIME = 20.0
"""How long the swing of a deep circuit takes."""
FORCES = ("sin", "tanh")
INPUTS = 10
"""How many inputs a wide circuit has."""
LAYERS = 9
SUMS = ("add", "sub", "mul")
SQUASHES = ("sin", "cos", "tanh", "sigmoid")


class Description(NamedTuple):
    """A circuit with one output, its last gate.

    Attributes:
        name: what it is called.
        inputs: the inputs and their values.
        gates: per gate its kind and the slots of its operands; the inputs' slots come first.
    """

    name: str
    inputs: dict[str, float]
    gates: list[tuple[str, tuple[int, ...]]]

    @property
    def point(self) -> list[float]:
        """The inputs' values."""
        return list(self.inputs.values())

    def wires(self) -> list[str]:
        """Return a name for every slot.

        >>> wide(10).wires()[8:12]
        ['x8', 'x9', 'g0', 'g1']
        """
        return [*self.inputs, *(f"g{index}" for index in range(len(self.gates)))]

    def circuit(self) -> Circuit:
        """Return it as circuitgrad's circuit.

        >>> neuron().circuit().forward()["g4"]
        0.8807970779778823
        """
        names = [f"g{index}" for index in range(len(self.gates))]
        rows, operands = [GATES[kind] for kind, _ in self.gates], [operands for _, operands in self.gates]
        leaves = [Input(name, value) for name, value in self.inputs.items()]
        return Circuit(self.name, leaves, (), names, rows, operands, [names[-1]])

    def yaml(self) -> str:
        """Return it as the text of a circuit file."""
        wires = self.wires()
        lines = ["inputs:", *(f"  {name}: {value!r}" for name, value in self.inputs.items()), "gates:"]
        for name, (kind, operands) in zip(wires[len(self.inputs) :], self.gates, strict=True):
            lines.append(f"  {name}: {{{kind}: [{', '.join([wires[slot] for slot in operands])}]}}")
        return "\n".join([*lines, f"output: {wires[-1]}", ""])


def neuron() -> Description:
    """Return the guide's neuron.

    >>> neuron().gates[-1]
    ('sigmoid', (8,))
    """
    circuit = circuitgrad.load(NEURON)
    kinds = [row.name for row in circuit.rules]
    return Description("neuron", circuit.values(), list(zip(kinds, circuit.operands, strict=True)))


def deep(gates: int) -> Description:
    """Return a circuit in which every gate waits for one before: a cubic spring's swing in steps, by leapfrog.

    It is of sums and products alone.

    >>> [kind for kind, _ in deep(6).gates]
    ['mul', 'add', 'mul', 'mul', 'mul', 'sub']
    """
    return _swing("deep", gates, lambda put, place: put("mul", place, put("mul", place, place)))


def pendulum(gates: int) -> Description:
    """Return a circuit in which every gate waits for one before, a fifth of them functions: a pendulum's swing.

    Its force alternates between two gates.

    >>> [kind for kind, _ in pendulum(10).gates]
    ['mul', 'add', 'sin', 'mul', 'sub', 'mul', 'add', 'tanh', 'mul', 'sub']
    """
    forces = cycle(FORCES)
    return _swing("pendulum", gates, lambda put, place: put(next(forces), place))


def _swing(name: str, gates: int, force: Callable[[Callable[..., int], int], int]) -> Description:
    """Return the motion of what a force draws back.

    The step's length is an input, so that every step feeds one gradient. The time is the same for every number of
    gates: values and gradients are of the same size.
    """
    made: list[tuple[str, tuple[int, ...]]] = []
    place, speed, step = range(3)

    def put(kind: str, *operands: int) -> int:
        made.append((kind, operands))
        return step + len(made)

    while len(made) < gates:
        place = put("add", place, put("mul", step, speed))
        speed = put("sub", speed, put("mul", step, force(put, place)))
    return Description(
        f"{name}, {gates:,} gates", {"place": 0.5, "speed": 0.25, "step": 5 * TIME / gates}, made[:gates]
    )


def wide(gates: int) -> Description:
    """Return a circuit of nine layers: of two sums or products, then of one function, and so on; and of their total.

    Every gate is used: there is nothing that a compiler could leave out.

    >>> description = wide(1000)
    >>> len(description.gates), len({slot for _, operands in description.gates for slot in operands})
    (1000, 1009)
    """
    generator = random.Random(gates)
    width = max(1, (gates + 1) // (LAYERS + 1))
    before, made = list(range(INPUTS)), list[tuple[str, tuple[int, ...]]]()
    for layer in range(LAYERS):
        kinds = SQUASHES if layer % 3 == 2 else SUMS
        size = max(width, len(before)) if layer == 0 else width
        order = generator.sample(before, len(before))
        for place in range(size):
            kind, first = generator.choice(kinds), order[place % len(order)]
            made.append((kind, (first,) if kinds is SQUASHES else (first, generator.choice(before))))
        before = list(range(INPUTS + len(made) - size, INPUTS + len(made)))
    return _totalled(made, before, gates, generator)


def _totalled(
    made: list[tuple[str, tuple[int, ...]]], ends: list[int], gates: int, generator: random.Random
) -> Description:
    """Return the circuit whose output is the sum of some gates, in pairs, and which has so many gates."""
    while len(made) + len(ends) - 1 < gates:
        ends.append(generator.choice(ends))
    while len(ends) > 1:
        pairs = list(zip(ends[::2], ends[1::2], strict=False))
        odd = ends[-1:] if len(ends) % 2 else []
        first = INPUTS + len(made)
        made += [("add", pair) for pair in pairs]
        ends = [*range(first, first + len(pairs)), *odd]
    inputs = {f"x{index}": generator.uniform(-1, 1) for index in range(INPUTS)}
    return Description(f"wide, {gates:,} gates", inputs, made)


def described(spec: str) -> Description:
    """Return the circuit that `neuron`, `deep:1000` or `wide:1000` stands for.

    >>> len(described("deep:1000").gates), len(described("wide:1000").gates)
    (1000, 1000)
    """
    shape, _, gates = spec.partition(":")
    return neuron() if shape == "neuron" else {"deep": deep, "pendulum": pendulum, "wide": wide}[shape](int(gates))


def columns(description: Description, rows: int) -> list[array[float]]:
    """Return rows of data, a column an input, around the inputs' values.

    >>> [len(column) for column in columns(neuron(), 3)]
    [3, 3, 3, 3, 3]
    """
    generator = random.Random(rows)
    draw = generator.random
    return [array("d", [value + 2 * draw() - 1 for _ in range(rows)]) for value in description.point]


def sampled(rows: int, most: int = 200) -> list[int]:
    """Return the rows that are compared: the first, the last, and others between.

    >>> sampled(3), len(sampled(1000)) <= 200
    ([0, 1, 2], True)
    """
    return sorted({0, rows - 1, *random.Random(rows).sample(range(rows), min(rows, most - 2))})


def rows_at(given: Sequence[array[float]], places: Sequence[int]) -> Iterator[list[float]]:
    """Yield the rows at some places."""
    return ([column[place] for column in given] for place in places)

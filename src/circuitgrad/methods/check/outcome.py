"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from circuitgrad.methods.check.verdicts import Comparison, worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Problem
    from circuitgrad.methods.check.points import Point


@dataclass(frozen=True)
class PointCheck:
    """What was found at one point.

    Attributes:
        point: the point.
        inputs: per output, per input (per pair of inputs for second derivatives), its derivative beside the reference.
        gates: per gate, the worst that there is to say of it.
        wires: the wires whose gradient is not the sum over their consumers.
        culprits: where infinity or NaN came from.
    """

    point: Point
    inputs: Mapping[str, Mapping[str, Comparison]]
    gates: Mapping[str, Comparison]
    wires: Mapping[str, Comparison]
    culprits: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong or not finite."""
        groups = [*self.inputs.values(), self.gates, self.wires]
        return not any(one.failed for group in groups for one in group.values())


@dataclass(frozen=True)
class Check:
    """The outcome for one circuit.

    Attributes:
        circuit: the circuit.
        outputs: the outputs whose gradients were checked.
        method: where the reference comes from.
        why: why it is not the method that was asked for; empty where it is.
        h: the step asked for, or None for the method's own.
        rtol: the relative tolerance.
        atol: the absolute tolerance, in units of an output's largest gradient.
        order: 1 for first derivatives, 2 for second ones.
        points: what was found, per point; the circuit's own first.
        expect: per wire of the `expect:` block, its value beside the expected one.
    """

    circuit: Circuit
    outputs: tuple[str, ...]
    method: str
    why: str
    h: float | None
    rtol: float
    atol: float
    order: int
    points: Sequence[PointCheck]
    expect: Mapping[str, Comparison]

    def _worst(self, found: Sequence[Mapping[str, Comparison]]) -> dict[str, Comparison]:
        """Return the worst comparison of each name, given those of every point."""
        if len(found) == 1:
            return dict(found[0])
        named = [
            {name: one._replace(point=checked.point.name) for name, one in group.items()}
            for checked, group in zip(self.points, found, strict=True)
        ]
        names = dict.fromkeys(name for group in named for name in group)
        return {name: worst([group[name] for group in named if name in group]) for name in names}

    @cached_property
    def inputs(self) -> dict[str, dict[str, Comparison]]:
        """Per output, per input, the worst comparison of all points."""
        return {output: self._worst([point.inputs[output] for point in self.points]) for output in self.outputs}

    @cached_property
    def gates(self) -> dict[str, Comparison]:
        """Per gate, the worst of all points."""
        return self._worst([point.gates for point in self.points])

    @cached_property
    def wires(self) -> dict[str, Comparison]:
        """The wires whose gradient is not the sum over their consumers at some point."""
        return self._worst([point.wires for point in self.points])

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong or not finite, and every expected value is met."""
        return all(point.passed for point in self.points) and not any(one.failed for one in self.expect.values())

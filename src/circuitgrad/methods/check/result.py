"""The result of a check: comparisons per input, gate and wire, at one point or several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from circuitgrad.methods.check.verdicts import Comparison, worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Problem
    from circuitgrad.methods.check.branches_taken import NeverTaken
    from circuitgrad.methods.check.input_points import InputPoint
    from circuitgrad.methods.check.trials import Trial


@dataclass(frozen=True)
class PointCheck:
    """The result at one point.

    Attributes:
        point: the point.
        inputs: per output, per input (per pair of inputs for second derivatives), its derivative and the reference.
        values: per output, its value and the value in multiprecision.
        gates: per gate, the worst comparison.
        wires: the wires whose gradient is not the sum over their consumers.
        culprits: notes on the gates where an infinity or NaN arose.
    """

    point: InputPoint
    inputs: Mapping[str, Mapping[str, Comparison]]
    values: Mapping[str, Comparison]
    gates: Mapping[str, Comparison]
    wires: Mapping[str, Comparison]
    culprits: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong, not finite or undecided, and nothing has too few digits."""
        groups = [*self.inputs.values(), self.values, self.gates, self.wires]
        return not any(comparison.failed for group in groups for comparison in group.values())


@dataclass(frozen=True)
class Check:
    """The result for one circuit.

    Attributes:
        circuit: the circuit.
        outputs: the outputs whose gradients were checked.
        method: the method of the reference.
        why: the reason if it is not the strictest method; empty otherwise.
        h: the step asked for, or None for the method's own.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
        digits: the right digits that values and derivatives must have, or None.
        order: 1 for first derivatives, 2 for second ones.
        points: the result per point; the file's values come first.
        expect: per wire of the `expect:` block, its value and the expected one.
        trials: the trials of definitions with hand-written partial derivatives.
        never_taken: the branches of conditionals that were taken at no point.
    """

    circuit: Circuit
    outputs: tuple[str, ...]
    method: str
    why: str
    h: float | None
    rtol: float
    atol: float
    digits: int | None
    order: int
    points: Sequence[PointCheck]
    expect: Mapping[str, Comparison]
    trials: Sequence[Trial] = ()
    never_taken: Sequence[NeverTaken] = ()

    def _worst(self, groups: Sequence[Mapping[str, Comparison]]) -> dict[str, Comparison]:
        """Return the worst comparison of each name, given those of every point."""
        if len(groups) == 1:
            return dict(groups[0])
        named = [
            {name: comparison._replace(point=checked.point.name) for name, comparison in group.items()}
            for checked, group in zip(self.points, groups, strict=True)
        ]
        names = dict.fromkeys(name for group in named for name in group)
        return {name: worst([group[name] for group in named if name in group]) for name in names}

    @cached_property
    def inputs(self) -> dict[str, dict[str, Comparison]]:
        """Per output, per input, the worst comparison of all points."""
        return {output: self._worst([point.inputs[output] for point in self.points]) for output in self.outputs}

    @cached_property
    def values(self) -> dict[str, Comparison]:
        """Per output, the worst comparison of its value at all points."""
        return self._worst([point.values for point in self.points])

    @cached_property
    def gates(self) -> dict[str, Comparison]:
        """Per gate, the worst comparison of all points."""
        return self._worst([point.gates for point in self.points])

    @cached_property
    def wires(self) -> dict[str, Comparison]:
        """The wires whose gradient is not the sum over their consumers at some point."""
        return self._worst([point.wires for point in self.points])

    @property
    def passed(self) -> bool:
        """Whether every point passed, and every expected value is met."""
        missed = any(comparison.failed for comparison in self.expect.values())
        refuted = any(trial.comparison.failed for trial in self.trials)
        return all(point.passed for point in self.points) and not missed and not refuted

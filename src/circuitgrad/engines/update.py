"""How a method of optimisation moves a point, as formulas in the language of the gate table.

From them come the update in Python and the one in machine code.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import substituted
from circuitgrad.gates.compiled import compiled_tuple
from circuitgrad.gates.doubles import DOUBLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from circuitgrad.formulas.steps import Step

    Memory = Mapping[str, Sequence[float]]

SLOPE = "slope"
"""What formulas call the derivative of the cost in an input."""
GIVEN = ("momentum", "count")
"""What they call the settings of a step: the share of the speed that is kept, and the number of the step, from 1."""


class Update:
    """An update, input by input: what a method carries along, and the direction against which it steps.

    Args:
        direction: the direction; of what is carried along it takes the new values.
        memory: what is carried along, by name, from 0 at the start; each formula takes the old values.
        shared: what is the same for all inputs in a step, by name; from `momentum` and `count`.

    >>> update = Update("speed", {"speed": "momentum*speed + slope"})
    >>> update.move([1.0, 2.0], {"speed": [10.0, 0.0]}, momentum=0.5, count=1)
    ([6.0, 2.0], {'speed': [6.0, 2.0]})
    """

    def __init__(
        self, direction: str, memory: Mapping[str, str] | None = None, shared: Mapping[str, str] | None = None
    ) -> None:
        self.memory = {name: read_formula(text) for name, text in (memory or {}).items()}
        self.shared = {name: read_formula(text) for name, text in (shared or {}).items()}
        self.direction = substituted(read_formula(direction), self.memory)

    @cached_property
    def _shared(self) -> Callable[..., tuple[float, ...]]:
        return self._compiled(GIVEN, self.shared.values())

    @cached_property
    def _of_an_input(self) -> Callable[..., tuple[float, ...]]:
        parameters = (SLOPE, *self.memory, *self.shared, *GIVEN)
        return self._compiled(parameters, [self.direction, *self.memory.values()])

    @staticmethod
    def _compiled(parameters: Sequence[str], formulas: Iterable[Sequence[Step]]) -> Callable[..., tuple[float, ...]]:
        formulas = list(formulas)
        return compiled_tuple(parameters, formulas, DOUBLES)

    def start(self, size: int) -> dict[str, list[float]]:
        """Return what is carried along at the start, for so many inputs."""
        return {name: [0.0] * size for name in self.memory}

    def move(
        self, slopes: Sequence[float], memory: Memory, *, momentum: float, count: int
    ) -> tuple[list[float], dict[str, list[float]]]:
        """Return the direction of a step, and what is carried along from it on.

        Args:
            slopes: the derivatives of the cost.
            memory: what has been carried along so far.
            momentum: the share of the speed that is kept.
            count: the number of the step, from 1.
        """
        given = (momentum, float(count))
        shared = self._shared(*given)
        inputs = zip(slopes, *(memory[name] for name in self.memory), strict=True)
        direction, *kept = zip(*[self._of_an_input(*numbers, *shared, *given) for numbers in inputs], strict=True)
        return list(direction), dict(zip(self.memory, map(list, kept), strict=True))

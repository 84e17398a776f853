"""What is wanted of a circuit, and what an engine makes of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from circuitgrad.formulas.names import derivative_title

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

Program: TypeAlias = "Callable[..., Sequence[float]]"
"""Takes the values of some inputs, one after another, and returns what is wanted."""


class Wanted(NamedTuple):
    """What is wanted of a circuit: the values of wires, then output by output derivatives.

    Attributes:
        values: the wires whose values are wanted.
        outputs: the wires whose derivatives are wanted.
        wrt: the wires that these are taken in.
    """

    values: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    wrt: tuple[str, ...] = ()

    @property
    def titles(self) -> list[str]:
        """The names of what is wanted, in order.

        >>> Wanted(("s",), ("s",), ("a", "b")).titles
        ['s', 'ds/da', 'ds/db']
        """
        return [*self.values, *(derivative_title(output, name) for output in self.outputs for name in self.wrt)]


class Compute(Protocol):
    """Takes the columns of some inputs, at least one, and returns the columns of what is wanted."""

    def __call__(
        self, given: Sequence[array[float]], into: Sequence[array[float]] | None = None
    ) -> Sequence[array[float]]:
        """Compute every row.

        Args:
            given: the inputs' columns.
            into: columns of the same length that take the results, and are returned; new ones when left out.
        """

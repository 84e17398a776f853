"""The gradients of one backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.circuit.notebook import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from circuitgrad.circuit.structure import Structure


class Gradients(dict[str, float]):
    """The gradients of a pass by wire: a dictionary like any other, which a notebook shows as a table.

    Args:
        gradients: the gradients.
        structure: the circuit.
        output: the wire that was differentiated.
        values: the values of all slots in that pass.
    """

    __slots__ = ("_output", "_structure", "_values")

    def __init__(self, gradients: Mapping[str, float], structure: Structure, output: str, values: list[float]) -> None:
        super().__init__(gradients)
        self._structure, self._output, self._values = structure, output, values

    def __reduce__(self) -> tuple[type, tuple[dict[str, float]]]:
        """Be copied and pickled as a dictionary alone."""
        return dict, (dict(self),)

    def _repr_html_(self) -> str | None:
        values = {name: self._values[self._structure.slot(name)] for name in self._structure}
        return display().pass_html(self._structure, self._output, values, self)

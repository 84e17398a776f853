"""The results of the commands as tables and as JSON documents."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.report.number_text import for_json
from circuitgrad.report.tables import Column, Table
from circuitgrad.report.wire_description import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit

WIRE = Column("wire")
GATE = Column("gate", style="cyan")
VALUE = Column("value", style="green", number=True)
DIGITS = Column("digits", number=True, digits=3)
GRADIENT = Column("gradient", style="red", number=True)


class PassResult(NamedTuple):
    """The results of the passes over a circuit.

    Attributes:
        circuit: the circuit.
        values: every wire's value.
        gradients: per output every wire's gradient; empty after a forward pass alone.
        outputs: the outputs.
        expanded: whether the wires of expanded expressions are reported.
        wrt: the wires whose gradients alone are reported; None for all.
        digits: per wire, how many digits of its value are right; empty where that is not reported.
    """

    circuit: Circuit
    values: Mapping[str, float]
    gradients: Mapping[str, Mapping[str, float]]
    outputs: Sequence[str]
    expanded: bool = False
    wrt: Sequence[str] | None = None
    digits: Mapping[str, float] = MappingProxyType({})

    @property
    def wires(self) -> list[tuple[str, int]]:
        """The wires that are reported, with their slots."""
        return list(self.circuit.wires(expanded=self.expanded, also=self.outputs))

    @property
    def differentiated(self) -> Sequence[str]:
        """The wires whose gradients are reported."""
        return [name for name, _ in self.wires] if self.wrt is None else self.wrt


def pass_table(result: PassResult) -> Table:
    """Return every wire with its gate, its value and, per output, its gradient, where that is reported."""
    gradients, differentiated = result.gradients, frozenset(result.differentiated)
    slopes = [GRADIENT] if len(gradients) == 1 else [Column(f"d{name}", "red", number=True) for name in gradients]
    table = Table([WIRE, GATE, VALUE, *[DIGITS] * bool(result.digits), *slopes])
    for name, slot in result.wires:
        if name in result.outputs:
            table.marked.add(len(table.rows))
        gate = describe(result.circuit, slot, expanded=result.expanded)
        cells = [gradient[name] if name in differentiated else None for gradient in gradients.values()]
        digits = [result.digits[name]] if result.digits else []
        table.rows.append([name, gate, result.values[name], *digits, *cells])
    return table


def pass_json(result: PassResult) -> dict[str, Any]:
    """Return the document of `forward` (no gradients), of `backward`, or of a Jacobian (several outputs)."""

    def chosen(numbers: Mapping[str, float], names: Iterable[str]) -> dict[str, float | str]:
        return {name: for_json(numbers[name]) for name in names}

    document: dict[str, Any] = {
        "circuit": result.circuit.name,
        "output": outputs_json(result.outputs),
        "values": chosen(result.values, [name for name, _ in result.wires]),
    }
    if result.digits:
        document["digits"] = chosen(result.digits, [name for name, _ in result.wires])
    differentiated = result.differentiated
    gradients = {output: chosen(gradient, differentiated) for output, gradient in result.gradients.items()}
    if len(gradients) == 1:
        document["grads"] = gradients[result.outputs[0]]
    elif gradients:
        document["jacobian"] = gradients
    return document


def outputs_json(outputs: Sequence[str]) -> str | list[str]:
    """Return the outputs as documents have them: a single output by its name, several as a list."""
    return outputs[0] if len(outputs) == 1 else list(outputs)


def matrix_table(corner: Column, columns: Iterable[Column], matrix: Mapping[str, Mapping[str, float]]) -> Table:
    """Return a matrix as a table: a row per line of it, behind the line's name.

    Args:
        corner: the column of the names.
        columns: the other columns.
        matrix: the numbers.
    """
    return Table([corner, *columns], [[name, *line.values()] for name, line in matrix.items()])


def matrix_json(matrix: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | str]]:
    """Return a matrix as a document."""
    return {name: {inner: for_json(number) for inner, number in line.items()} for name, line in matrix.items()}


def hessian_table(second: Mapping[str, Mapping[str, float]]) -> Table:
    """Return the second derivatives as a matrix."""
    return matrix_table(WIRE, (Column(name, style="red", number=True) for name in second), second)


def hessian_json(
    circuit: Circuit, output: str, gradient: Mapping[str, float], second: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """Return the document of `hessian`."""
    return {
        "circuit": circuit.name,
        "output": output,
        "value": for_json(circuit[output].value),
        "grads": {name: for_json(gradient[name]) for name in second},
        "hessian": matrix_json(second),
    }

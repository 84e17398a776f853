"""The results of the commands as tables and as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.report.number_text import for_json
from circuitgrad.report.tables import Column, Table
from circuitgrad.report.wire_description import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit

WIRE = Column("wire")
GATE = Column("gate", style="cyan")
VALUE = Column("value", style="green", number=True)
GRADIENT = Column("gradient", style="red", number=True)


def pass_table(
    circuit: Circuit,
    values: Mapping[str, float],
    gradients: Mapping[str, Mapping[str, float]],
    outputs: Sequence[str],
    *,
    expanded: bool,
) -> Table:
    """Return every wire with its gate, its value and, per output in `gradients`, its gradient."""
    slopes = [GRADIENT] if len(gradients) == 1 else [Column(f"d{name}", "red", number=True) for name in gradients]
    table = Table([WIRE, GATE, VALUE, *slopes])
    for name, slot in circuit.wires(expanded=expanded, also=outputs):
        if name in outputs:
            table.marked.add(len(table.rows))
        gate = describe(circuit, slot, expanded=expanded)
        table.rows.append([name, gate, values[name], *(gradient[name] for gradient in gradients.values())])
    return table


def pass_json(
    circuit: Circuit,
    values: Mapping[str, float],
    gradients: Mapping[str, Mapping[str, float]],
    outputs: Sequence[str],
    *,
    expanded: bool,
) -> dict[str, Any]:
    """Return the document of `forward` (no gradients), of `backward`, or of a Jacobian (several outputs)."""
    names = [name for name, _ in circuit.wires(expanded=expanded, also=outputs)]

    def chosen(numbers: Mapping[str, float]) -> dict[str, float | str]:
        return {name: for_json(numbers[name]) for name in names}

    document: dict[str, Any] = {
        "circuit": circuit.name,
        "output": outputs[0] if len(outputs) == 1 else list(outputs),
        "values": chosen(values),
    }
    if len(gradients) == 1:
        document["grads"] = chosen(gradients[outputs[0]])
    elif gradients:
        document["jacobian"] = {output: chosen(gradient) for output, gradient in gradients.items()}
    return document


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

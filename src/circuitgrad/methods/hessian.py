"""Second derivatives: the backward pass on dual numbers, forward over reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.duals import Dual, duals, tangent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.arithmetic import Arithmetic


def hessian(
    circuit: Circuit, output: str, names: Sequence[str] | None = None, arithmetic: Arithmetic = DOUBLES
) -> dict[str, dict[str, Any]]:
    """Return the second derivatives of an output in pairs of inputs, at the inputs' present values.

    One backward pass over dual numbers gives the row of an input along which the tangent points.

    Source: Griewank and Walther, "Evaluating Derivatives", 2nd ed., 2008, section 5.1: forward over reverse.

    Args:
        circuit: the circuit, which stays as it is.
        output: the wire to differentiate.
        names: the inputs; all when left out.
        arithmetic: the numbers to compute with.

    Raises:
        CircuitError: there is no such wire or input.

    >>> from circuitgrad import from_expression
    >>> hessian(from_expression("x*x*y", x=3, y=5), "out")
    {'x': {'x': 10.0, 'y': 6.0}, 'y': {'x': 6.0, 'y': 0.0}}
    """
    twin = circuit.over(duals(arithmetic))
    chosen = list(circuit.inputs) if names is None else list(names)
    twin.assign({name: circuit[name].value for name in chosen})  # which refuses what is no input
    rows = {}
    for name in chosen:
        unit: Any = twin[name]
        value = unit.value.value
        unit.value = Dual(value, arithmetic.number(1.0))
        gradient = twin.backward(output)
        rows[name] = {second: tangent_of(gradient[second]) for second in chosen}
        unit.value = Dual(value)
    return rows

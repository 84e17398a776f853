"""What `forward` and `backward` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.cli import options
from circuitgrad.methods.nonfinite import nonfinite_value
from circuitgrad.report.results import PassResult, pass_json, pass_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit


def again(
    circuit: Circuit, outputs: Sequence[str], engine: str | None, *, verbose: bool
) -> tuple[dict[str, float], dict[str, dict[str, float]]] | None:
    """Return all values and all derivatives as an engine computes them, where another one than the objects is wanted.

    Args:
        circuit: the circuit.
        outputs: what is differentiated.
        engine: the engine, or None.
        verbose: whether to say which engine it is.

    Raises:
        CircuitError: there is no such engine.
    """
    if engine is None and not verbose:
        return None
    from circuitgrad.engines.choice import choose
    from circuitgrad.engines.programs import program
    from circuitgrad.engines.wanted import Wanted

    choice = choose(len(circuit.rules), 1, engine)
    options.tell_engine(choice, verbose=verbose, quiet=False)
    if choice.engine == "objects":
        return None
    inputs, wires = circuit.values(), tuple(circuit)
    run = program(circuit, list(inputs), Wanted(wires, tuple(outputs), wires), choice.engine)
    found = iter(run(*inputs.values()))
    columns = [dict(zip(wires, found, strict=False)) for _ in (None, *outputs)]
    return columns[0], dict(zip(outputs, columns[1:], strict=True))


def report_pass(
    circuit: Circuit,
    values: Mapping[str, float],
    gradients: Mapping[str, Mapping[str, float]],
    outputs: Sequence[str],
    form: str,
    precision: int | None,
    *,
    everything: bool,
    quiet: bool,
) -> None:
    """Print every wire's value, and its gradients if there are any."""
    options.warn(nonfinite_value(circuit), quiet=quiet)
    result = PassResult(circuit, values, gradients, outputs, expanded=everything)
    if form == "json":
        options.emit_json(pass_json(result))
        return
    table = pass_table(result)
    options.emit_table(options.title(circuit), table, form, precision, everything=everything, quiet=quiet)

"""What `forward` and `backward` do, at a single point or, with `--data`, over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from circuitgrad.cli import option_values, printing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.cli.options import PassOptions
    from circuitgrad.cli.reading import CircuitReader


def report_passes(
    file: str,
    reader: CircuitReader,
    given: PassOptions,
    rows_options: RowsOptions,
    wrt: Sequence[str] | None,
    *,
    show_digits: bool = False,
) -> None:
    """Compute a circuit, at a single point or at every row of a data file, and print the results.

    Args:
        file: the circuit's file.
        reader: reads it.
        given: the options.
        rows_options: how the data file is read.
        wrt: the names of `--wrt`; None for no derivatives.
        show_digits: whether to show how many digits of each value are right.

    Raises:
        CircuitError: a file or an option is wrong.
    """
    if given.data:
        from circuitgrad.cli.rows import report_rows

        if show_digits:
            raise click.UsageError("--show-digits is for a single point: it goes without --data")
        option_values.refuse_shared_stdin(given.data, [file])
        circuit, outputs = reader.load(file, quiet=given.quiet)
        report_rows(circuit, given.data, reader.assignments, outputs, wrt, given, rows_options)
    else:
        option_values.refuse_without_data(
            keep=given.keep, file_column=given.file_column, output_file=given.output_file, **rows_options.given()
        )
        circuit, outputs = reader.load(file, quiet=given.quiet)
        _report_pass(circuit, outputs, given, wrt, show_digits=show_digits)


def _report_pass(
    circuit: Circuit, outputs: Sequence[str], given: PassOptions, wrt: Sequence[str] | None, *, show_digits: bool
) -> None:
    """Print every wire's value, and its gradients where they are wanted."""
    from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value, silenced_slope
    from circuitgrad.report.results import PassResult, pass_json, pass_table

    chosen = option_values.chosen_inputs(circuit, wrt) if wrt else None
    values: Mapping[str, float] = circuit.forward()
    gradients: dict[str, dict[str, float]] = {}
    for output in () if wrt is None else outputs:
        gradients[output] = circuit.differentiate(output)
        printing.warn(nonfinite_gradient(circuit) or silenced_slope(circuit, output), quiet=given.quiet)
    values, gradients = _recomputed(circuit, tuple(gradients), given) or (values, gradients)
    printing.warn(nonfinite_value(circuit), quiet=given.quiet)
    result = PassResult(circuit, values, gradients, outputs, expanded=given.everything, wrt=chosen)
    loss = None
    if show_digits:
        from circuitgrad.methods.digits import first_loss
        from circuitgrad.methods.exact_values import digits_of_wires
        from circuitgrad.methods.used_gates import unused_gates

        result = result._replace(digits=digits_of_wires(circuit, values))
        loss = first_loss(circuit, result.digits, unused_gates(circuit, outputs))
    if given.form == "json":
        printing.emit_json(pass_json(result))
    else:
        table = pass_table(result)
        heading = printing.title(circuit)
        printing.emit_table(heading, table, given.form, given.precision, everything=given.everything, quiet=given.quiet)
    printing.warn(loss, quiet=given.quiet)


def _recomputed(
    circuit: Circuit, outputs: tuple[str, ...], given: PassOptions
) -> tuple[dict[str, float], dict[str, dict[str, float]]] | None:
    """Return all values and all derivatives by another engine than the objects, or None where none is wanted.

    Raises:
        CircuitError: there is no such engine.
    """
    if given.engine is None and not given.verbose:
        return None
    from circuitgrad.engines.choice import choose
    from circuitgrad.engines.programs import program
    from circuitgrad.engines.wanted import Wanted

    choice = choose(len(circuit.rules), 1, given.engine)
    if choice.engine == "objects":
        printing.tell_engine(choice, verbose=given.verbose, quiet=False)
        return None
    inputs, wires = circuit.values(), tuple(circuit)
    run = program(circuit, list(inputs), Wanted(wires, outputs, wires), choice.engine)
    numbers = iter(run(*inputs.values()))
    printing.tell_engine(choice, verbose=given.verbose, quiet=False)
    values, *slopes = (dict(zip(wires, numbers, strict=False)) for _ in (None, *outputs))
    return values, dict(zip(outputs, slopes, strict=True))

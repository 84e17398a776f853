"""The results of the commands as tables and as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.errors import visible
from circuitgrad.methods.verdicts import KINK, OK, VERDICTS
from circuitgrad.report.numbers import for_json, rounded
from circuitgrad.report.tables import Column, Table
from circuitgrad.report.wires import describe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from circuitgrad.circuit import Circuit
    from circuitgrad.methods.check import Check
    from circuitgrad.methods.optimize import Outcome
    from circuitgrad.methods.verdicts import Comparison

WIRE = Column("wire")
GATE = Column("gate", style="cyan")
VALUE = Column("value", style="green", number=True)
GRADIENT = Column("gradient", style="red", number=True)
MOST_NOTES = 20
"""So many kinks are spelt out under a check's table."""


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


def check_table(checks: Sequence[Check], *, slopes: bool, everything: bool = False) -> Table:
    """Return every input's derivative beside the numeric one, then what stands out among gates and expected values.

    Args:
        checks: the checks; where there are several, a column tells them apart.
        slopes: whether to add columns with the slopes on both sides of a kink; `kink_notes` says them otherwise.
        everything: list also the gates that are in order.
    """
    columns = [
        *[Column("circuit")] * (len(checks) > 1),
        WIRE,
        Column("analytic", style="red", number=True),
        Column("numeric", number=True),
        Column("error", number=True, digits=2),
        Column("tolerance", number=True, digits=2),
        Column("verdict"),
        *[Column("left", number=True), Column("right", number=True)] * slopes,
    ]
    table = Table(columns, noun="lines")
    for check in checks:
        for name, one in check_lines(check, everything=everything):
            if one.failed:
                table.marked.add(len(table.rows))
            table.rows.append(
                [
                    *[check.circuit.name] * (len(checks) > 1),
                    name,
                    one.analytic,
                    one.numeric,
                    one.abs_error,
                    one.tolerance,
                    one.verdict,
                    *[one.left, one.right] * slopes,
                ]
            )
    return table


def check_lines(check: Check, *, everything: bool = False) -> Iterator[tuple[str, Comparison]]:
    """Yield what a check's table lists, each with a name: inputs, gates that are not in order, expected values."""
    for output, inputs in check.inputs.items():
        prefix = f"d{output}/d" if len(check.inputs) > 1 else ""
        for name, one in inputs.items():
            yield prefix + name, one
    for name, one in check.gates.items():
        if everything or one.verdict != OK:
            yield f"gate {name}, d/d{one.operand}" if one.operand else f"gate {name}", one
    for name, one in check.expect.items():
        yield f"expect {name}", one


def check_notes(check: Check, *, everything: bool = False) -> str:
    """Return the lines under a check's table: the slopes at kinks, the verdict, the counts, how they were reached."""
    notes = [
        f"kink at {visible(name)}: slope {rounded(one.left)} on the left, {rounded(one.right)} on the right\n"
        for name, one in check_lines(check, everything=everything)
        if one.verdict == KINK and one.left is not None and one.right is not None
    ]
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"… {len(notes) - MOST_NOTES:,} more kinks\n"]
    inputs = [one for found in check.inputs.values() for one in found.values()]
    counts = [
        f"{noun} {_counted(ones)}"
        for noun, ones in (("inputs", inputs), ("gates", check.gates.values()), ("expected", check.expect.values()))
        if ones
    ]
    step = "" if check.h is None else f", h = {check.h:g}"
    atol = "" if check.atol == 0 else f", atol = {check.atol:g}"
    return (
        f"{''.join(notes)}{'passed' if check.passed else 'FAILED'}: {'; '.join(counts)}\n"
        f"inputs by {check.method} differences{step}, rtol = {check.rtol:g}{atol}; gates by exact slopes"
    )


def _counted(comparisons: Collection[Comparison]) -> str:
    """Return how many comparisons have each verdict."""
    verdicts = [one.verdict for one in comparisons]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS if verdict in verdicts)


def check_json(check: Check) -> dict[str, Any]:
    """Return the document of `check` for one circuit."""
    inputs = {output: {name: _comparison(one) for name, one in found.items()} for output, found in check.inputs.items()}
    single = len(check.outputs) == 1
    return {
        "circuit": check.circuit.name,
        "output": check.outputs[0] if single else list(check.outputs),
        "method": check.method,
        "passed": check.passed,
        **({"inputs": inputs[check.outputs[0]]} if single else {"jacobian": inputs}),
        "gates": {name: _comparison(one) for name, one in check.gates.items()},
        "expect": {
            name: {
                "value": for_json(one.analytic),
                "expected": for_json(one.numeric),
                "tolerance": for_json(one.tolerance),
                "verdict": one.verdict,
            }
            for name, one in check.expect.items()
        },
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    document: dict[str, Any] = {
        "analytic": for_json(one.analytic),
        "numeric": for_json(one.numeric),
        "abs_error": for_json(one.abs_error),
        "rel_error": for_json(one.rel_error),
        "tolerance": for_json(one.tolerance),
        "verdict": one.verdict,
    }
    if one.operand:
        document["operand"] = one.operand
    if one.left is not None and one.right is not None:
        document.update(left=for_json(one.left), right=for_json(one.right))
    return document


def optimize_table(outcome: Outcome, *, expanded: bool) -> Table:
    """Return every wire before and after."""
    table = Table(
        [
            WIRE,
            GATE,
            Column("before", number=True),
            Column("after", "green", number=True),
            Column("change", number=True),
        ]
    )
    circuit = outcome.circuit
    for name, slot in circuit.wires(expanded=expanded):
        if name == outcome.output:
            table.marked.add(len(table.rows))
        before, after = outcome.before[name], outcome.after[name]
        table.rows.append(
            [
                name,
                describe(circuit, slot, expanded=expanded),
                before,
                after,
                0.0 if after == before else after - before,
            ]
        )
    return table


def optimize_json(outcome: Outcome, *, expanded: bool) -> dict[str, Any]:
    """Return the document of `optimize`."""
    names = [name for name, _ in outcome.circuit.wires(expanded=expanded, also=[outcome.output])]
    return {
        "circuit": outcome.circuit.name,
        "output": outcome.output,
        "method": outcome.method,
        "steps": outcome.steps,
        "stopped": outcome.stopped,
        "before": {name: for_json(outcome.before[name]) for name in names},
        "after": {name: for_json(outcome.after[name]) for name in names},
    }

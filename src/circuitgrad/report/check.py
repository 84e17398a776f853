"""The results of `check` as tables: the derivatives, values, gates and sums of a circuit, and a line a file."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.names import derivative_title
from circuitgrad.methods.check.verdicts import KINK, OK, UNDECIDED, UNUSED, VERDICTS, gravity
from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from circuitgrad.methods.check.result import Check
    from circuitgrad.methods.check.verdicts import Comparison

WORST_MARK = " *"
"""Marks the verdict of the derivative or value with the fewest digits."""


class CheckLine(NamedTuple):
    """A line of a check's table.

    Attributes:
        kind: `input`, `value`, `gate`, `definition`, `wire` or `expect`.
        name: the name that the table shows.
        wire: the wire that is checked, or the definition; of a pair of inputs, the first.
        comparison: the comparison with the reference.
    """

    kind: str
    name: str
    wire: str
    comparison: Comparison


def check_lines(check: Check, *, everything: bool = False, only_failed: bool = False) -> Iterator[CheckLine]:
    """Yield the lines of a check's table: inputs, outputs, gates and wires that are not in order, expected values.

    Args:
        check: the check.
        everything: list also the gates that are in order.
        only_failed: list nothing but failures.
    """
    return (line for line in _lines(check, everything=everything) if line.comparison.failed or not only_failed)


def _lines(check: Check, *, everything: bool) -> Iterator[CheckLine]:
    for output, inputs in check.inputs.items():
        for name, comparison in inputs.items():
            title = derivative_title(output, name) if len(check.inputs) > 1 else name
            yield CheckLine("input", title, name.partition(", ")[0], comparison)
    for name, comparison in check.values.items():
        yield CheckLine("value", f"value {name}", name, comparison)
    for name, comparison in check.gates.items():
        if everything or comparison.verdict != OK:
            partial = f", {derivative_title('', comparison.operand)}" if comparison.operand else ""
            yield CheckLine("gate", f"gate {name}{partial}", name, comparison)
    for trial in check.trials:
        if trial.comparison.verdict != OK:
            title = f"{trial.name}, {derivative_title('', trial.comparison.operand)}"
            yield CheckLine("definition", title, trial.name, trial.comparison)
    for name, comparison in check.wires.items():
        yield CheckLine("wire", f"sum {name}", name.rpartition("/d")[2], comparison)
    for name, comparison in check.expect.items():
        yield CheckLine("expect", f"expect {name}", name, comparison)


def check_table(checks: Sequence[Check], *, slopes: bool, everything: bool = False, only_failed: bool = False) -> Table:
    """Return every derivative beside the reference, then the notable gates and sums, then the expected values.

    Args:
        checks: the checks; where there are several, a column tells them apart.
        slopes: whether to add columns with the slopes on both sides of a kink; `check_notes` says them otherwise.
        everything: list also the gates that are in order.
        only_failed: list nothing but failures.
    """
    several = len(checks) > 1
    points = any(len(check.points) > 1 for check in checks)
    columns = [
        *[Column("circuit")] * several,
        Column("wire"),
        Column("analytic", style="red", number=True),
        Column("reference", number=True),
        Column("rel. err", number=True, digits=2),
        Column("digits", number=True, digits=3),
        Column("allowed", number=True, digits=2),
        *[Column("at")] * points,
        Column("verdict"),
        *[Column("left", number=True), Column("right", number=True)] * slopes,
    ]
    table = Table(columns, noun="lines")
    for check in checks:
        lines = list(check_lines(check, everything=everything, only_failed=only_failed))
        marked_line = worst_line(lines)
        for line in lines:
            comparison = line.comparison
            marked = line is marked_line
            error = [comparison.numeric, comparison.rel_error, comparison.digits, comparison.rel_tolerance]
            comparable = comparison.verdict not in (KINK, UNUSED, UNDECIDED) and isfinite(comparison.analytic)
            if comparison.failed or marked:
                table.marked.add(len(table.rows))
            table.rows.append(
                [
                    *[check.circuit.name] * several,
                    line.name,
                    comparison.analytic if comparison.verdict != UNUSED else None,
                    *(cell if comparable and isfinite(cell or 0.0) else None for cell in error),
                    *[comparison.point] * points,
                    comparison.verdict + WORST_MARK * (marked and not slopes),
                    *[comparison.left, comparison.right] * slopes,
                ]
            )
    return table


def worst_line(lines: Sequence[CheckLine]) -> CheckLine | None:
    """Return the worst of the derivatives and values; a kink has no single number to be near to."""
    judged = [line for line in lines if line.kind in ("input", "value") and line.comparison.verdict != KINK]
    return max(judged, key=lambda line: gravity(line.comparison)) if len(judged) > 1 else None


def summary_table(checks: Sequence[tuple[str, Check | None]], *, only_failed: bool = False) -> Table:
    """Return a line for every file: the counts, the digits of the worst derivative, the outcome.

    Args:
        checks: per file, its check, or None where it cannot be read.
        only_failed: leave out the files that passed.
    """
    table = Table(
        [
            Column("file", wrap=True),
            Column("method"),
            Column("inputs", number=True),
            Column("gates", number=True),
            Column("digits", number=True, digits=3),
            Column("outcome"),
        ],
        noun="files",
    )
    for file, check in checks:
        if check is not None and check.passed and only_failed:
            continue
        if check is None or not check.passed:
            table.marked.add(len(table.rows))
        if check is None:
            table.rows.append([file, "", None, None, None, "cannot be read"])
            continue
        slopes = derivatives(check)
        judged = [*slopes, *check.values.values()]
        comparable = [comparison for comparison in judged if comparison.verdict != KINK]
        digits = [comparison.digits for comparison in comparable if isfinite(comparison.digits)]
        counts = [float(len(slopes)), float(len(check.gates))]
        table.rows.append([file, check.method, *counts, min(digits, default=None), outcome(check)])
    return table


def derivatives(check: Check) -> list[Comparison]:
    """Return the comparisons of all derivatives in inputs."""
    return [comparison for comparisons in check.inputs.values() for comparison in comparisons.values()]


def outcome(check: Check) -> str:
    """Return a word or two on a check: whether it passed, and which verdicts are not `ok`.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.check.check import check
    >>> outcome(check(from_expression("abs(x)", x=0)))
    'passed (2 kink)'
    """
    groups = [*check.inputs.values(), check.values, check.gates, check.wires, check.expect]
    comparisons = [comparison for group in groups for comparison in group.values()]
    comparisons += [trial.comparison for trial in check.trials]
    notable = [comparison for comparison in comparisons if comparison.verdict != OK]
    return ("passed" if check.passed else "FAILED") + (f" ({counted(notable)})" if notable else "")


def tally(checks: Sequence[tuple[str, Check | None]]) -> str:
    """Return how many circuits passed, and how many files cannot be read."""
    read = [check for _, check in checks if check is not None]
    unread = len(checks) - len(read)
    passed = sum(check.passed for check in read)
    return f"{passed} of {len(read)} circuits passed" + (f"; {unread} cannot be read" if unread else "")


def counted(comparisons: Collection[Comparison]) -> str:
    """Return how many comparisons have each verdict."""
    verdicts = [comparison.verdict for comparison in comparisons]
    order = sorted(VERDICTS, key=lambda verdict: verdict == UNUSED)
    return ", ".join(f"{verdicts.count(verdict):,} {verdict}" for verdict in order if verdict in verdicts)

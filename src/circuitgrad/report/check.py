"""The results of `check` as a table with notes, and as a JSON document."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.errors import Problem, quote, visible
from circuitgrad.formulas.names import derivative_title
from circuitgrad.methods.check.verdicts import (
    INACCURATE,
    KINK,
    NONFINITE,
    OK,
    UNDECIDED,
    UNUSED,
    VERDICTS,
    WRONG,
    gravity,
)
from circuitgrad.report.number_text import for_json, rounded
from circuitgrad.report.results import outputs_json
from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.methods.check.result import Check
    from circuitgrad.methods.check.verdicts import Comparison

MOST_NOTES = 20
"""How many findings are spelt out under a check's table."""
MOST_BRANCHES = 3
"""How many branches that no point has reached are spelt out in a note."""
WORST_MARK = " *"
"""Marks the verdict of the input with the fewest digits."""


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


def least_accurate(check: Check) -> CheckLine | None:
    """Return the line that passes with the fewest right digits, too few to be `ok`; None where there is none."""
    lines = [line for line in check_lines(check) if line.comparison.verdict == INACCURATE]
    return None if not lines or any(line.comparison.failed for line in lines) else max(lines, key=_lost)


def _lost(line: CheckLine) -> tuple[bool, bool, int, float]:
    return line.kind != "gate", *gravity(line.comparison)


def accuracy_warning(check: Check) -> Problem | None:
    """Return a warning of the derivative or value that passes with the fewest right digits, or None."""
    line = least_accurate(check)
    if line is None:
        return None
    digits = f"{line.comparison.digits:.1f}" if isfinite(line.comparison.digits) else "no"
    message = visible(f"{_subject(check, line)} has {digits} right digits in doubles{_at(line.comparison.point)}")
    return Problem(message, place_of(check, line), "forward --show-digits names the gate that loses digits")


def check_notes(check: Check, *, everything: bool = False, only_failed: bool = False) -> str:
    """Return the lines under a check's table: findings with their places, the verdict, the counts, the reference."""
    notes = []
    for point in check.points[:MOST_NOTES]:
        at = _at(point.point.name if len(check.points) > 1 else "")
        notes += [placed(culprit.place, f"{NONFINITE}: {culprit.message}{at}") for culprit in point.culprits]
    lines = list(check_lines(check, everything=everything, only_failed=only_failed))
    # The gates come first: a wrong gate may explain a wrong input.
    judged = [line for line in lines if line.comparison.verdict != UNUSED]
    for line in sorted(judged, key=lambda line: line.kind not in ("gate", "definition", "wire")):
        # The culprits above explain numbers that are not finite.
        text = "" if line.comparison.verdict == NONFINITE and notes else explain(check, line)
        if text:
            notes.append(placed(place_of(check, line), f"{line.comparison.verdict}: {text}"))
    unused = [line.wire for line in lines if line.comparison.verdict == UNUSED]
    if unused:
        notes.append(f"{UNUSED}: {visible(_named(unused))}: only in branches that are not taken")
    if not only_failed:
        notes += _untried(check)
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"… {len(notes) - MOST_NOTES:,} more"]
    noun = "second derivatives" if check.order == 2 else "inputs"
    counts = {
        noun: f"{noun} {_counted(comparisons)}"
        for noun, comparisons in (
            (noun, _derivatives(check)),
            ("values", check.values.values()),
            ("gates", check.gates.values()),
            ("definitions", [trial.comparison for trial in check.trials]),
            ("sums", check.wires.values()),
            ("expected", check.expect.values()),
        )
        if comparisons
    }
    worst = worst_line(lines)
    if worst is not None and isfinite(worst.comparison.digits):
        counts["values" if worst.kind == "value" else noun] += f" (* the worst: {worst.comparison.digits:.1f} digits)"
    points = f" at {len(check.points):,} points" if len(check.points) > 1 else ""
    verdict = f"{'passed' if check.passed else 'FAILED'}{points}: {'; '.join(counts.values())}"
    return "\n".join([*notes, verdict, how(check)])


def _untried(check: Check) -> list[str]:
    """Return notes on what no point has reached: sides in the trials of definitions, branches of the formulas."""
    notes = [
        f"no point found in {visible(quote(trial.name))} where {_some([*map(visible, trial.unreached)], 'sides')}"
        for trial in check.trials
        if trial.unreached
    ]
    if check.never_taken:
        branches = [visible(f"{quote(branch.wire)} where {branch.where}") for branch in check.never_taken]
        points = "this point" if len(check.points) == 1 else "any point"
        notes.append(f"not taken at {points}: {_some(branches, 'branches')}")
    return notes


def _some(texts: Sequence[str], noun: str) -> str:
    """Return the first few of several texts, and how many more there are."""
    more = [f"{len(texts) - MOST_BRANCHES:,} more {noun}"] if len(texts) > MOST_BRANCHES else []
    return "; ".join([*texts[:MOST_BRANCHES], *more])


def how(check: Check) -> str:
    """Return how the reference was found, and a line on what `ok` allows."""
    names = {
        "mp": "slopes of the value rules to 60 digits",
        "central": "differences to both sides",
        "forward": "differences to the right",
        "complex": "the complex step",
        "ridders": "extrapolated differences",
    }
    h = "" if check.h is None else f", h = {check.h:g}"
    why = f" since {check.why}" if check.why else ""
    asked = "" if check.digits is None else f"; --digits {check.digits} asks for an error of at most 1e-{check.digits}"
    return (
        f"reference {check.method}: {names[check.method]}{why}{h}\n"
        f"ok: an error of at most rtol = {check.rtol:g} times the number, plus atol = {check.atol:g}{asked}"
    )


def explain(check: Check, line: CheckLine) -> str:
    """Return a sentence on a line that is not in order; nothing for a line that is."""
    comparison = line.comparison
    if comparison.verdict == OK:
        return ""
    return visible(f"{_NOTES.get(comparison.verdict, _nonfinite)(check, line)}{_at(comparison.point)}")


def _at(point: str) -> str:
    return f" (at {point})" if point else ""


def placed(place: Place | None, text: str) -> str:
    """Return a text after its place, where it has a place."""
    return f"{place}: {text}" if place is not None else text


def place_of(check: Check, line: CheckLine) -> Place | None:
    """Return where the wire of a line stands in its file."""
    if line.kind == "definition":
        return next(trial.place for trial in check.trials if trial.comparison is line.comparison)
    return check.circuit.locate(line.wire)


def _subject(check: Check, line: CheckLine) -> str:
    if line.kind == "gate":
        index = check.circuit.slot(line.wire) - check.circuit.first_gate
        gate = f"gate {quote(line.wire)} ({check.circuit.rules[index].name})"
        if line.comparison.reason or not line.comparison.operand:
            return gate
        return f"the partial derivative of {gate} in {line.comparison.operand}"
    if line.kind == "definition":
        return f"the partial derivative of {quote(line.wire)} in {line.comparison.operand}"
    if line.kind in ("value", "expect"):
        return f"the value of {quote(line.wire)}"
    if line.kind == "wire":
        return f"the gradient of {quote(line.wire)}"
    if check.order == 2:
        return f"the second derivative in {line.name}"
    return f"the derivative in {quote(line.wire)}" if len(check.inputs) == 1 else line.name


def _wrong(check: Check, line: CheckLine) -> str:
    comparison = line.comparison
    if comparison.reason:
        return f"{_subject(check, line)}: {comparison.reason}"
    analytic, numeric = distinct(comparison.analytic, comparison.numeric)
    text = f"{_subject(check, line)} is {analytic} instead of {numeric}"
    if slopes := _slopes(comparison):
        text += f": its slope is {slopes}"
    if comparison.ties and line.kind == "input":
        text += f"; at a tie: {_named(comparison.ties)}, whose conventions do not add up to a slope"
    return text


def distinct(first: float, second: float) -> tuple[str, str]:
    """Return two numbers with as many digits as it takes to tell them apart, and three more.

    >>> distinct(0.5, 0.25), distinct(1.0, 1.0000000012345)
    (('0.5', '0.25'), ('1', '1.00000000123'))
    """
    digits = 6
    while digits < 17 and rounded(first, digits - 2) == rounded(second, digits - 2):
        digits += 1
    return rounded(first, digits), rounded(second, digits)


def _kink(check: Check, line: CheckLine) -> str:
    comparison = line.comparison
    slopes = _slopes(comparison)
    ties = f"; at a tie: {_named(comparison.ties)}" if comparison.ties else ""
    return f"{_subject(check, line)}{slopes and f': slope {slopes}'}{ties}"


def _slopes(comparison: Comparison) -> str:
    """Return the slopes on both sides of a kink; nothing where they are not known."""
    if comparison.left is None or comparison.right is None:
        return ""
    return f"{rounded(comparison.left)} on the left, {rounded(comparison.right)} on the right"


def _inaccurate(check: Check, line: CheckLine) -> str:
    comparison = line.comparison
    analytic, numeric = distinct(comparison.analytic, comparison.numeric)
    if line.kind == "expect":
        return f"{_subject(check, line)}: expected {numeric} is right; doubles give {analytic}"
    kept = f"{comparison.digits:.1f} of 16 digits"
    if line.kind == "value":
        kept = f"doubles have kept {kept}"
    elif check.method == "mp" or line.kind == "gate":
        kept = f"its rule is right, but doubles have kept {kept}"
    else:
        kept = f"the reference confirms {kept}"
    asked = f"; {check.digits} are asked for" if comparison.falls_short else ""
    return f"{_subject(check, line)} is {analytic} instead of {numeric}: {kept}{asked}"


def _undecided(check: Check, line: CheckLine) -> str:
    analytic = f"{_subject(check, line)} is {rounded(line.comparison.analytic)}, but {line.comparison.reason}"
    return analytic if check.method == "mp" or line.kind == "value" else f"{analytic} (use --method mp)"


def _nonfinite(check: Check, line: CheckLine) -> str:
    return f"{_subject(check, line)} is {line.comparison.analytic:g}; the reference is {line.comparison.numeric:g}"


def _unused(check: Check, line: CheckLine) -> str:
    return f"{_subject(check, line)} is only in branches that are not taken"


_NOTES: dict[str, Callable[[Check, CheckLine], str]] = {
    WRONG: _wrong,
    KINK: _kink,
    INACCURATE: _inaccurate,
    UNUSED: _unused,
    UNDECIDED: _undecided,
}


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(map(quote, names[:5])) + more


def _counted(comparisons: Collection[Comparison]) -> str:
    """Return how many comparisons have each verdict."""
    verdicts = [comparison.verdict for comparison in comparisons]
    order = sorted(VERDICTS, key=lambda verdict: verdict == UNUSED)
    return ", ".join(f"{verdicts.count(verdict):,} {verdict}" for verdict in order if verdict in verdicts)


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
        derivatives = _derivatives(check)
        judged = [*derivatives, *check.values.values()]
        comparable = [comparison for comparison in judged if comparison.verdict != KINK]
        digits = [comparison.digits for comparison in comparable if isfinite(comparison.digits)]
        counts = [float(len(derivatives)), float(len(check.gates))]
        table.rows.append([file, check.method, *counts, min(digits, default=None), outcome(check)])
    return table


def _derivatives(check: Check) -> list[Comparison]:
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
    return ("passed" if check.passed else "FAILED") + (f" ({_counted(notable)})" if notable else "")


def tally(checks: Sequence[tuple[str, Check | None]]) -> str:
    """Return how many circuits passed, and how many files cannot be read."""
    read = [check for _, check in checks if check is not None]
    unread = len(checks) - len(read)
    passed = sum(check.passed for check in read)
    return f"{passed} of {len(read)} circuits passed" + (f"; {unread} cannot be read" if unread else "")


def check_json(check: Check, file: str, *, only_failed: bool = False) -> dict[str, Any]:
    """Return the document of `check` for one circuit.

    Args:
        check: the check.
        file: where the circuit was read.
        only_failed: leave out comparisons that are in order.
    """

    def chosen(
        comparisons: Mapping[str, Comparison], document_of: Callable[[Comparison], dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            name: document_of(comparison)
            for name, comparison in comparisons.items()
            if comparison.failed or not only_failed
        }

    single = len(check.outputs) == 1
    inputs = {output: chosen(comparisons, _comparison) for output, comparisons in check.inputs.items()}
    if check.order == 2:
        inputs = {output: _nested(documents) for output, documents in inputs.items()}
    singular, plural = ("inputs", "jacobian") if check.order == 1 else ("hessian", "hessians")
    document: dict[str, Any] = {
        "circuit": check.circuit.name,
        "output": outputs_json(check.outputs),
        "method": check.method,
        "passed": check.passed,
        **({singular: inputs[check.outputs[0]]} if single else {plural: inputs}),
        "gates": chosen(check.gates, _comparison),
        "expect": chosen(check.expect, _expectation),
        "sums": chosen(check.wires, _comparison),
        "values": chosen(check.values, _comparison),
        **_untried_json(check, only_failed=only_failed),
        "file": file,
        **({"why": check.why} if check.why else {}),
        "rtol": check.rtol,
        "atol": check.atol,
        **({"digits": check.digits} if check.digits is not None else {}),
    }
    if len(check.points) > 1:
        document["points"] = [
            {
                "name": point.point.name,
                "passed": point.passed,
                "values": {name: for_json(value) for name, value in point.point.values.items()},
            }
            for point in check.points
        ]
    return document


def _untried_json(check: Check, *, only_failed: bool) -> dict[str, Any]:
    """Return the trials of definitions and the branches not taken, where there are any."""
    definitions = {
        trial.name: {
            **(_comparison(trial.comparison) if trial.comparison.failed else {"verdict": trial.comparison.verdict}),
            "points": trial.points,
            "unreached": list(trial.unreached),
        }
        for trial in sorted(check.trials, key=lambda trial: trial.comparison.failed)  # of one name, the gravest
        if trial.comparison.failed or not only_failed
    }
    branches = [branch._asdict() for branch in check.never_taken if not only_failed]
    document = {"definitions": definitions, "not_taken": branches}
    return {key: value for key, value in document.items() if value}


def error_json(file: str, message: str) -> dict[str, Any]:
    """Return the document for a file that cannot be read."""
    return {"circuit": None, "file": file, "passed": False, "error": message}


def _nested(pairs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return documents per pair `a, b` of inputs by the first input, then the second."""
    nested: dict[str, dict[str, Any]] = {}
    for pair, document in pairs.items():
        first, _, second = pair.partition(", ")
        nested.setdefault(first, {})[second] = document
    return nested


def _expectation(comparison: Comparison) -> dict[str, Any]:
    return {
        "value": for_json(comparison.analytic),
        "expected": for_json(comparison.numeric),
        "tolerance": for_json(comparison.tolerance),
        "verdict": comparison.verdict,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    if comparison.verdict == UNUSED:
        return {"verdict": UNUSED}
    document: dict[str, Any] = {
        "analytic": for_json(comparison.analytic),
        "numeric": for_json(comparison.numeric),
        "abs_error": for_json(comparison.abs_error),
        "rel_error": for_json(comparison.rel_error),
        "digits": for_json(comparison.digits),
        "tolerance": for_json(comparison.tolerance),
        "verdict": comparison.verdict,
    }
    optional = {
        "operand": comparison.operand or None,
        "rule": comparison.rule,
        "left": comparison.left,
        "right": comparison.right,
        "ties": list(comparison.ties) or None,
        "reason": comparison.reason or None,
        "point": comparison.point or None,
        "failed": True if comparison.falls_short else None,
    }
    for key, value in optional.items():
        if value is not None:
            document[key] = for_json(value) if isinstance(value, float) else value
    return document

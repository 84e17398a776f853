"""What `check` has found, as a table with notes, and as a JSON document."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import quote, visible
from circuitgrad.methods.check.verdicts import INACCURATE, KINK, NONFINITE, OK, VERDICTS, WRONG, gravity
from circuitgrad.report.numbers import for_json, rounded
from circuitgrad.report.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.methods.check.result import Check
    from circuitgrad.methods.check.verdicts import Comparison

MOST_NOTES = 20
"""So many findings are spelt out under a check's table."""
WORST = " *"
"""Marks the verdict of the input with the fewest digits."""


class Line:
    """A line of a check's table.

    Attributes:
        kind: `input`, `gate`, `wire` or `expect`.
        name: what is on trial, as the table calls it.
        wire: the wire that it is about; of a pair of inputs, the first.
        one: the comparison.
    """

    def __init__(self, kind: str, name: str, wire: str, one: Comparison) -> None:
        self.kind = kind
        self.name = name
        self.wire = wire
        self.one = one


def check_lines(check: Check, *, everything: bool = False, only_failed: bool = False) -> Iterator[Line]:
    """Yield what a check's table lists: inputs, gates and wires that are not in order, expected values.

    Args:
        check: the check.
        everything: list also the gates that are in order.
        only_failed: list nothing but failures.
    """
    return (line for line in _lines(check, everything=everything) if line.one.failed or not only_failed)


def _lines(check: Check, *, everything: bool) -> Iterator[Line]:
    for output, inputs in check.inputs.items():
        prefix = f"d{output}/d" if len(check.inputs) > 1 else ""
        for name, one in inputs.items():
            yield Line("input", prefix + name, name.partition(", ")[0], one)
    for name, one in check.gates.items():
        if everything or one.verdict != OK:
            yield Line("gate", f"gate {name}, d/d{one.operand}" if one.operand else f"gate {name}", name, one)
    for name, one in check.wires.items():
        yield Line("wire", f"sum {name}", name.rpartition("/d")[2], one)
    for name, one in check.expect.items():
        yield Line("expect", f"expect {name}", name, one)


def check_table(checks: Sequence[Check], *, slopes: bool, everything: bool = False, only_failed: bool = False) -> Table:
    """Return every derivative beside the reference, then what stands out among gates, sums and expected values.

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
            one = line.one
            marked = line is marked_line
            error = [one.numeric, one.rel_error, one.digits, one.rel_tolerance]
            comparable = one.verdict != KINK and isfinite(one.analytic)
            if one.failed or marked:
                table.marked.add(len(table.rows))
            table.rows.append(
                [
                    *[check.circuit.name] * several,
                    line.name,
                    one.analytic,
                    *(cell if comparable and isfinite(cell or 0.0) else None for cell in error),
                    *[one.point] * points,
                    one.verdict + WORST * (marked and not slopes),
                    *[one.left, one.right] * slopes,
                ]
            )
    return table


def worst_line(lines: Sequence[Line]) -> Line | None:
    """Return the worst of several inputs; at a kink there is no one number to be near to."""
    inputs = [line for line in lines if line.kind == "input" and line.one.verdict != KINK]
    return max(inputs, key=lambda line: gravity(line.one)) if len(inputs) > 1 else None


def check_notes(check: Check, *, everything: bool = False, only_failed: bool = False) -> str:
    """Return the lines under a check's table: what was found where, the verdict, the counts, how they were reached."""
    notes = []
    for point in check.points[:MOST_NOTES]:
        at = _at(point.point.name if len(check.points) > 1 else "")
        notes += [placed(culprit.place, f"{NONFINITE}: {culprit.message}{at}") for culprit in point.culprits]
    lines = list(check_lines(check, everything=everything, only_failed=only_failed))
    # The gates come first: what is wrong with an input may be their doing.
    for line in sorted(lines, key=lambda line: line.kind in ("input", "expect")):
        # Where infinity came from has been said.
        said = "" if line.one.verdict == NONFINITE and notes else explain(check, line)
        if said:
            notes.append(placed(place_of(check, line), f"{line.one.verdict}: {said}"))
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"… {len(notes) - MOST_NOTES:,} more"]
    noun = "second derivatives" if check.order == 2 else "inputs"
    counts = [
        f"{noun} {_counted(ones)}"
        for noun, ones in (
            (noun, [one for found in check.inputs.values() for one in found.values()]),
            ("gates", check.gates.values()),
            ("sums", check.wires.values()),
            ("expected", check.expect.values()),
        )
        if ones
    ]
    marked = worst_line(lines)
    if marked is not None and isfinite(marked.one.digits):
        counts[0] += f" (* the worst: {marked.one.digits:.1f} digits)"
    points = f" at {len(check.points):,} points" if len(check.points) > 1 else ""
    verdict = f"{'passed' if check.passed else 'FAILED'}{points}: {'; '.join(counts)}"
    return "\n".join([*notes, verdict, how(check)])


def how(check: Check) -> str:
    """Return how the reference was found, and how far a derivative may be from it."""
    names = {
        "mp": "slopes of the value rules to 60 digits",
        "central": "differences to both sides",
        "forward": "differences to the right",
        "complex": "the complex step",
        "ridders": "extrapolated differences",
    }
    h = "" if check.h is None else f", h = {check.h:g}"
    why = f" since {check.why}" if check.why else ""
    return f"reference {check.method}: {names[check.method]}{why}{h}; rtol = {check.rtol:g}, atol = {check.atol:g}"


def explain(check: Check, line: Line) -> str:
    """Return what there is to say of a line that is not in order, in words; nothing of one that is."""
    one = line.one
    if one.verdict == OK:
        return ""
    return visible(f"{_NOTES.get(one.verdict, _nonfinite)(check, line)}{_at(one.point)}")


def _at(point: str) -> str:
    return f" (at {point})" if point else ""


def placed(place: Place | None, text: str) -> str:
    """Return a text with the place that it is about before it, where there is one."""
    return f"{place}: {text}" if place is not None else text


def place_of(check: Check, line: Line) -> Place | None:
    """Return where what a line is about stands in its file."""
    return check.circuit.locate(line.wire)


def _subject(check: Check, line: Line) -> str:
    if line.kind == "gate":
        index = check.circuit.slot(line.wire) - check.circuit.first_gate
        gate = f"gate {quote(line.wire)} ({check.circuit.rules[index].name})"
        if line.one.reason or not line.one.operand:
            return gate
        return f"the partial derivative of {gate} in {line.one.operand}"
    if line.kind == "expect":
        return f"the value of {quote(line.wire)}"
    if line.kind == "wire":
        return f"the gradient of {quote(line.wire)}"
    if check.order == 2:
        return f"the second derivative in {line.name}"
    return f"the derivative in {quote(line.wire)}" if len(check.inputs) == 1 else line.name


def _wrong(check: Check, line: Line) -> str:
    one = line.one
    if one.reason:
        return f"{_subject(check, line)}: {one.reason}"
    said = f"{_subject(check, line)} is {exactly(one.analytic, one.numeric)[0]} instead of "
    said += exactly(one.analytic, one.numeric)[1]
    if one.left is not None and one.right is not None:
        said += f": its slope is {rounded(one.left)} on the left, {rounded(one.right)} on the right"
    if one.ties and line.kind == "input":
        said += f"; at a tie: {_named(one.ties)}, whose conventions do not add up to a slope"
    return said


def exactly(one: float, other: float) -> tuple[str, str]:
    """Return two numbers with as many digits as it takes to tell them apart, and three more.

    >>> exactly(0.5, 0.25), exactly(1.0, 1.0000000012345)
    (('0.5', '0.25'), ('1', '1.00000000123'))
    """
    digits = 6
    while digits < 17 and rounded(one, digits - 2) == rounded(other, digits - 2):
        digits += 1
    return rounded(one, digits), rounded(other, digits)


def _kink(check: Check, line: Line) -> str:
    one = line.one
    ties = f"; at a tie: {_named(one.ties)}" if one.ties else ""
    if one.left is None or one.right is None:
        return f"{_subject(check, line)}{ties}"
    return f"{_subject(check, line)}: slope {rounded(one.left)} on the left, {rounded(one.right)} on the right{ties}"


def _inaccurate(check: Check, line: Line) -> str:
    one = line.one
    analytic, numeric = exactly(one.analytic, one.numeric)
    return (
        f"{_subject(check, line)} is {analytic} instead of {numeric}: its rule is right, but doubles have kept "
        f"{one.digits:.1f} of 16 digits"
    )


def _nonfinite(check: Check, line: Line) -> str:
    return f"{_subject(check, line)} is {line.one.analytic:g}; the reference is {line.one.numeric:g}"


_NOTES: dict[str, Callable[[Check, Line], str]] = {WRONG: _wrong, KINK: _kink, INACCURATE: _inaccurate}


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(map(quote, names[:5])) + more


def _counted(comparisons: Collection[Comparison]) -> str:
    """Return how many comparisons have each verdict."""
    verdicts = [one.verdict for one in comparisons]
    return ", ".join(f"{verdicts.count(verdict):,} {verdict}" for verdict in VERDICTS if verdict in verdicts)


def summary_table(checks: Sequence[tuple[str, Check | None]], *, only_failed: bool = False) -> Table:
    """Return a line for every file: what was checked, how many digits the worst derivative has, the outcome.

    Args:
        checks: per file, what was found, or None where it cannot be read.
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
        found = [one for group in check.inputs.values() for one in group.values()]
        digits = [one.digits for one in found if one.verdict != KINK and isfinite(one.digits)]
        table.rows.append(
            [file, check.method, float(len(found)), float(len(check.gates)), min(digits, default=None), outcome(check)]
        )
    return table


def outcome(check: Check) -> str:
    """Return a word or two on a check: whether it passed, and what is not just `ok`.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.check.check import check
    >>> outcome(check(from_expression("abs(x)", x=0)))
    'passed (2 kink)'
    """
    groups = [*check.inputs.values(), check.gates, check.wires, check.expect]
    others = [one for group in groups for one in group.values() if one.verdict != OK]
    return ("passed" if check.passed else "FAILED") + (f" ({_counted(others)})" if others else "")


def tally(checks: Sequence[tuple[str, Check | None]]) -> str:
    """Return how many circuits passed, and how many files cannot be read."""
    read = [check for _, check in checks if check is not None]
    unread = len(checks) - len(read)
    passed = sum(check.passed for check in read)
    return f"{passed} of {len(read)} circuits passed" + (f"; {unread} cannot be read" if unread else "")


def check_json(check: Check, file: str, *, only_failed: bool = False) -> dict[str, Any]:
    """Return the document of `check` for one circuit.

    Args:
        check: what was found.
        file: where the circuit was read.
        only_failed: leave out what is in order.
    """

    def chosen(found: Mapping[str, Comparison], say: Callable[[Comparison], dict[str, Any]]) -> dict[str, Any]:
        return {name: say(one) for name, one in found.items() if one.failed or not only_failed}

    single = len(check.outputs) == 1
    inputs = {output: chosen(found, _comparison) for output, found in check.inputs.items()}
    if check.order == 2:
        inputs = {output: _nested(found) for output, found in inputs.items()}
    one, several = ("inputs", "jacobian") if check.order == 1 else ("hessian", "hessians")
    document: dict[str, Any] = {
        "circuit": check.circuit.name,
        "output": check.outputs[0] if single else list(check.outputs),
        "method": check.method,
        "passed": check.passed,
        **({one: inputs[check.outputs[0]]} if single else {several: inputs}),
        "gates": chosen(check.gates, _comparison),
        "expect": chosen(check.expect, _expectation),
        "sums": chosen(check.wires, _comparison),
        "file": file,
        **({"why": check.why} if check.why else {}),
        "rtol": check.rtol,
        "atol": check.atol,
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


def error_json(file: str, message: str) -> dict[str, Any]:
    """Return the document for a file that cannot be read."""
    return {"circuit": None, "file": file, "passed": False, "error": message}


def _nested(pairs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is given per pair `a, b` of inputs by the first of them, then the second."""
    nested: dict[str, dict[str, Any]] = {}
    for pair, found in pairs.items():
        one, _, other = pair.partition(", ")
        nested.setdefault(one, {})[other] = found
    return nested


def _expectation(one: Comparison) -> dict[str, Any]:
    return {
        "value": for_json(one.analytic),
        "expected": for_json(one.numeric),
        "tolerance": for_json(one.tolerance),
        "verdict": one.verdict,
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    document: dict[str, Any] = {
        "analytic": for_json(one.analytic),
        "numeric": for_json(one.numeric),
        "abs_error": for_json(one.abs_error),
        "rel_error": for_json(one.rel_error),
        "digits": for_json(one.digits),
        "tolerance": for_json(one.tolerance),
        "verdict": one.verdict,
    }
    optional = {
        "operand": one.operand or None,
        "rule": one.rule,
        "left": one.left,
        "right": one.right,
        "ties": list(one.ties) or None,
        "reason": one.reason or None,
        "point": one.point or None,
    }
    for key, value in optional.items():
        if value is not None:
            document[key] = for_json(value) if isinstance(value, float) else value
    return document

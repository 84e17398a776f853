"""What a check has found, in words: the notes under its table, and its warning."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.errors import Problem, quote, visible
from circuitgrad.methods.check.verdicts import INACCURATE, KINK, NONFINITE, OK, UNDECIDED, UNUSED, WRONG, gravity
from circuitgrad.report.check import check_lines, counted, derivatives, worst_line
from circuitgrad.report.number_text import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.methods.check.result import Check
    from circuitgrad.methods.check.verdicts import Comparison
    from circuitgrad.report.check import CheckLine

MOST_NOTES = 20
"""How many findings are spelt out under a check's table."""
MOST_BRANCHES = 3
"""How many branches, or sides of conditions, a note names."""


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
        noun: f"{noun} {counted(comparisons)}"
        for noun, comparisons in (
            (noun, derivatives(check)),
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

"""The page of the gates, docs/gates.md: what every gate is, and how far it is from the truth. See `ulps`."""

from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING

from ulps import ENGINES, EXTREME_DIGITS, EXTREMES, extreme_points, measured, points

from circuitgrad.formulas.names import derivative_title
from circuitgrad.gates.table import GATES
from circuitgrad.report.gates import gate_json, signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ulps import Worst

    from circuitgrad.gates.rule import Rule

GROUPS = {
    "identity": "Arithmetic",
    "exp": "Exponentials and logarithms",
    "abs": "Parts and choices",
    "lt": "Comparisons",
    "relu": "Activations",
    "gaussian": "The normal distribution",
    "sin": "Trigonometry",
}
"""The headings of the page, by the gate of the table that each stands above."""
NOTABLE = 6.0
"""The errors in ulp from which on a gate's row gives the reason, and extreme points are listed."""


INTRODUCTION = """\
# Gates

{count} gates are built in. This page is made from the table of gates, and lists each gate's largest measured error.

- **Formulas** are in the language of circuit files. `out` is the gate's own value. `circuitgrad gates NAME` shows a
  gate with plots.
- **At a kink** the slope is the subgradient of least norm, taken jointly over the operands.
- **Errors** are in ulp, units in the last place: the distance of neighbouring doubles. `0` means that every number was
  the double nearest to the truth. The rounding of the steps of a formula leaves 1 or 2.
- The **engines** `objects` and `python` compute the same numbers, to the bit. `native` has vectorised functions of its
  own.

The errors are the largest at {points:,} points a gate in its tested range: a third evenly spread, a third of all sizes,
a third near its ends and near numbers in the formulas. The truth is the rule at 60 digits. They were measured on
{platform}; with another C library, errors may differ by an ulp.

To measure again: `python benchmarks/ulps.py --write docs/gates.md`.
"""

BEYOND = """\
## Beyond the tested ranges

At {count} numbers from 5e-324 to 1.7e308, of either sign, and at 1,000 combinations of them for gates with several
operands, values and slopes are right to 6 ulp, except for these. Each line has the largest error. Numbers below
2.2e-308 have fewer digits, and so has what is computed from them.

| gate | of | engine | at | computed | right |
|---|---|---|---|---|---|
"""


def grouped() -> dict[str, list[Rule]]:
    """Return the gates by their headings, in the order of the table.

    >>> [rule.name for rule in grouped()["Comparisons"]]
    ['lt', 'le', 'gt', 'ge', 'eq', 'ne']
    """
    groups: dict[str, list[Rule]] = {}
    for rule in GATES.values():
        if rule.name in GROUPS:
            groups[GROUPS[rule.name]] = []
        groups[list(groups)[-1]].append(rule)
    return groups


def shown(error: float) -> str:
    """Return an error with one decimal, rounded up.

    >>> shown(0.0), shown(1.01), shown(330.9), shown(math.inf)
    ('0', '1.1', '331', 'inf')
    """
    if not 0 < error < math.inf:
        return f"{error:.0f}"
    return f"{math.ceil(error)}" if error >= 100 else f"{math.ceil(10 * error) / 10:g}"


def section(rule: Rule, errors: Mapping[str, Sequence[str]]) -> str:
    """Return what the page says of a gate.

    Args:
        rule: the gate.
        errors: per engine, the largest error of the value and of every slope, as it is shown.
    """
    document = gate_json(rule)
    also = f" Also {', '.join(f'`{alias}`' for alias in rule.aliases)}." if rule.aliases else ""
    more = " Takes two or more operands." if rule.folds else ""
    ranges = ", ".join(f"`{name}` from {low:,.9g} to {high:,.9g}" for name, (low, high) in document["sample"].items())
    lines = [
        f"### `{signature(rule)}`", "", f"{_sentence(rule.about)}{also}{more}", "",
        f"| | formula | {' | '.join(f'`{engine}`' for engine in ENGINES)} |", f"|---|---|{'---|' * len(ENGINES)}",
    ]  # fmt: skip
    formulas = {"value": rule.value, **{derivative_title("", name): partial for name, partial in rule.partials.items()}}
    for place, (title, formula) in enumerate(formulas.items()):
        numbers = " | ".join(errors[engine][place] for engine in ENGINES)
        lines.append(f"| {title} | `{formula.text}` | {numbers} |")
    lines += ["", f"Tested: {ranges}.", ""]
    if rule.convention:
        lines += [f"Note: {rule.convention}.", ""]
    return "\n".join(lines)


def _sentence(words: str) -> str:
    """Return words of the table as a sentence; what begins with a name of a formula stays small."""
    first, *_ = words.split()
    is_word = first.isalpha() and len(first) > 1
    return f"{words[0].upper() if is_word else words[0]}{words[1:]}."


def page(errors: Mapping[str, Mapping[str, Sequence[str]]], beyond: Sequence[str], count: int, machine: str) -> str:
    """Return the page.

    Args:
        errors: per gate and engine, the errors as they are shown; see `section`.
        beyond: the lines of the table of extreme points.
        count: the number of points a gate.
        machine: what the errors were measured on.
    """
    parts = [INTRODUCTION.format(count=len(GATES), points=count, platform=machine)]
    groups = grouped()
    for heading, rules in groups.items():
        names = ", ".join(f"[`{rule.name}`](#{_anchor(rule)})" for rule in rules)
        parts.append(f"- {heading}: {names}")
    for heading, rules in groups.items():
        parts += [f"\n## {heading}\n", *(section(rule, errors[rule.name]) for rule in rules)]
    parts.append(BEYOND.format(count=len(EXTREMES)) + "\n".join(beyond))
    return "\n".join(parts) + "\n"


def _anchor(rule: Rule) -> str:
    """Return the name that GitHub gives to the heading of a gate."""
    return "".join(letter for letter in signature(rule).replace(" ", "-") if letter.isalnum() or letter in "_-")


def measured_page(count: int) -> str:
    """Return the page with errors measured now, at a number of points a gate."""
    errors: dict[str, dict[str, list[str]]] = {}
    beyond: list[str] = []
    for rule in GATES.values():
        found = measured(rule, points(rule, count))
        errors[rule.name] = {engine: [shown(worst.error) for worst in found[engine]] for engine in ENGINES}
        beyond += _extremes(rule, measured(rule, extreme_points(rule), EXTREME_DIGITS))
    machine = f"{platform.machine()} with Python {platform.python_version()} and {' '.join(platform.libc_ver())}"
    return page(errors, beyond, count, machine)


def _extremes(rule: Rule, found: Mapping[str, Sequence[Worst]]) -> Iterator[str]:
    """Yield the lines of the table of extreme points for a gate: per number, the engine with the largest error."""
    for place, title in enumerate(["value", *(derivative_title("", name) for name in rule.operands)]):
        engine = max(ENGINES, key=lambda name: found[name][place].error)
        error, point, number, right = found[engine][place]
        if error > NOTABLE:
            at = ", ".join(map(repr, point))
            yield f"| `{rule.name}` | {title} | `{engine}` | `{at}` | {number!r} | {right!r} |"

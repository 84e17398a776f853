"""The results as a page of Markdown, and as a plot of the time of a pass."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING

from bars import BARS
from harness.workers import MEMORY
from peers import peers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.rounds import Effort, Ratio, Result, Work

LARGE = 100_000
"""From so many gates on, the memory of one can be told."""

PACKAGES = (
    "circuitgrad", "llvmlite", "numpy", "casadi", "jax", "torch", "autograd", "micrograd", "cmeel-cppad", "polars",
    "PyYAML", "click", "rich",
)  # fmt: skip


def machine() -> dict[str, str]:
    """Return the machine and the versions, as pyperf finds them and as the packages say."""
    import subprocess

    import pyperf

    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    found = {"CPU": f"{known.get('cpu_model_name', platform.machine())}, {known.get('cpu_count', '?')} cores"}
    found["system"] = platform.platform()
    found["Python"] = known.get("python_version", platform.python_version())
    found["load when it began"] = f"{known.get('load_avg_1min', '?')}"
    try:
        gcc = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=False).stdout.partition("\n")[
            0
        ]
    except FileNotFoundError:
        gcc = "not installed"
    found["gcc"] = gcc
    return {**found, **{package: _version(package) for package in PACKAGES}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def time_text(seconds: float) -> str:
    """Return a time in the unit that suits it.

    >>> time_text(1.5e-6), time_text(0.25), time_text(12.3456)
    ('1.50 µs', '250 ms', '12.3 s')
    """
    if isnan(seconds):
        return ""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-9)} ns"


def digits(number: float) -> str:
    """Return a number with three digits, and all those before its point.

    >>> digits(0.0123456), digits(1.5), digits(12.345), digits(1234.5)
    ('0.0123', '1.50', '12.3', '1,234')
    """
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:#.3g}"


def ratio_cells(ratio: Ratio | None) -> tuple[str, str]:
    """Return the median and the quartiles of a ratio."""
    return (digits(ratio.middle), f"{digits(ratio.low)} to {digits(ratio.high)}") if ratio else ("", "")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: bool = False) -> str:
    """Return a table of Markdown, the columns after the first aligned to the right where they are not words.

    >>> print(table(["a", "b"], [["1", "2"]]))
    | a | b |
    | :-- | --: |
    | 1 | 2 |
    """
    lines = [head, [":--", *[":--" if words else "--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def work_table(work: Work, result: Result) -> str:
    """Return the table of a work: who was fastest first, then who failed."""
    count, unit = work.units
    head = ["", "time", *([f"a {unit}"] if unit else []), "ratio", "quartiles", "first answer after"]
    has_memory = work.section in {"One pass", "Memory"} and count >= LARGE
    head += ["bytes a gate"] if has_memory else []
    rows, failed = [], []
    for label, outcome in sorted(result.outcomes.items(), key=lambda item: (not item[1].seconds, item[1].median)):
        name = f"**{label}**" if label == result.against else label
        if not outcome.seconds:
            failed.append(f"- {label}: {outcome.failed}")
            continue
        cells = [name, time_text(outcome.median), *([time_text(outcome.median / count)] if unit else [])]
        cells += [*ratio_cells(result.ratio(label)), time_text(outcome.prepared)]
        rows.append([*cells, *([f"{outcome.memory / count:,.0f}"] if has_memory else [])])
        if outcome.failed:
            failed.append(f"- {label}, in a later round: {outcome.failed}")
    parts = [table(head, rows)] if rows else []
    return "\n\n".join([*parts, *(["\n".join(failed)] if failed else [])])


def bar_table(results: Mapping[str, Result]) -> str:
    """Return the table of the bars."""
    rows = []
    for bar in BARS:
        reached = bar.reached(results)
        if isinstance(reached, str):
            rows.append([bar.text, bar.wanted, reached, "", "not measured"])
        elif bar.under is None:
            rows.append(
                [bar.text, bar.wanted, f"{reached.middle:,.0f}", "", "yes" if bar.is_held(reached) else "**no**"]
            )
        else:
            held = "yes" if bar.is_held(reached) else "**no**"
            rows.append([bar.text, bar.wanted, *ratio_cells(reached), held])
    reached_bars = sum(row[-1] == "yes" for row in rows)
    measured = sum(row[-1] != "not measured" for row in rows)
    said = f"{reached_bars} of {len(rows)} are reached" + (
        f"; {measured} are measured." if measured < len(rows) else "."
    )
    return f"{said}\n\n{table(['time of / time of', 'bar', 'reached', 'quartiles', ''], rows)}"


ABOUT = """# Benchmarks

Made by `python benchmarks/run.py`; [README.md](README.md) says how to run it and what it does. Every contestant is a
process of its own, all of them children of one; they take turns, up to {rounds} rounds of at least {batch:g} s each.
A ratio is that of two times of the same round; its median is given, and its quartiles. Before it is timed, every
contestant has given the value and the gradient that circuitgrad's gate objects give, to 1e-9. Who fails, needs over
{limit:g} s, or over {memory} GiB, is reported instead. Absolute times depend on the machine, ratios hardly do.
"""

NOTE = """The time is one call's; *ratio* is the time divided by that of the contestant in bold. *First answer after* is
what it takes to prepare and answer once, libraries being loaded already."""

PLOT = """![The time of a gate in one pass, against the number of gates]({plot})"""


def page(
    works: Mapping[str, Work], results: Mapping[str, Result], known: Mapping[str, str], effort: Effort, plot: str | None
) -> str:
    """Return the page.

    Args:
        works: the works, in order.
        results: how they went, by name; those that are missing are left out.
        known: the machine.
        effort: how long everything could take.
        plot: the file of the plot, seen from the page, if there is one.
    """
    about = ABOUT.format(rounds=effort.rounds, batch=effort.batch, limit=effort.limit, memory=MEMORY >> 30)
    parts = [about, "## The bars", bar_table(results), "## The machine"]
    parts.append(table(["", ""], known.items(), words=True))
    how = [[peer.name, peer.about] for peer in peers().values()]
    parts += ["## The contestants", table(["", "how"], how, words=True)]
    if plot:
        parts += ["## The time of a gate", PLOT.format(plot=plot)]
    told = False
    for section, some in groupby((work for name, work in works.items() if name in results), lambda work: work.section):
        parts.append(f"## {section}")
        for work in some:
            parts.append(f"### {work.title[0].upper()}{work.title[1:]}")
            if not told:
                parts.append(NOTE)
                told = True
            parts.append(work_table(work, results[work.name]))
    return "\n\n".join(part.strip() for part in parts) + "\n"

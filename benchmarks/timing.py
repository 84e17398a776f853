"""Timing things side by side: runs take turns, so that a busy moment of the machine falls on all of them."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def side_by_side(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every round of every contestant; each runs once before, uncounted."""
    for run in contestants.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def report(seconds: Mapping[str, list[float]], against: str) -> str:
    """Return a line per contestant: the median, and the ratio to `against`, round by round, with quartiles.

    The last column is the ratio of the fastest runs, which a busy machine disturbs least.
    """
    lines = [f"{'':28}{'median':>10}{'ratio':>9}   quartiles of the ratio   of the fastest"]
    for name, times in seconds.items():
        ratios = [one / other for one, other in zip(times, seconds[against], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        fastest = min(times) / min(seconds[against])
        spread = f"{low:.2f} to {high:.2f}"
        lines.append(f"{name:28}{1e3 * statistics.median(times):7.1f} ms{middle:9.2f}   {spread:22}   {fastest:.2f}")
    return "\n".join(lines)

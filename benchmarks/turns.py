"""Time two things in turns, so that whatever else the machine does falls on both."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Return how long one run of `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(name: str, ours: Callable[[], object], beside: Callable[[], object], rounds: int) -> None:
    """Run both in turns and print the ratio of their medians, with the quartiles of the ratios of the rounds."""
    ours()
    beside()
    pairs = [(seconds(ours), seconds(beside)) for _ in range(rounds)]
    own, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    low, _, high = statistics.quantiles([a / b for a, b in pairs], n=4)
    print(f"{name}: {own / other:.2f} (quartiles {low:.2f} to {high:.2f}; {own:.3f} s beside {other:.3f} s)")

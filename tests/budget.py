"""How much a run tests: a newcomer's takes a sample of everything, `pytest --all` and a run of named tests take all."""

from __future__ import annotations

EXAMPLES = 100
"""The examples of a property that names no number."""
SAMPLED_EXAMPLES = 8
"""A newcomer's run takes at most so many examples of a property."""
SAMPLED_CASES = 2
"""A newcomer's run takes at most so many parameters of a test."""

_is_thorough = True


def choose(*, thorough: bool) -> None:
    """Choose how much is tested from here on."""
    global _is_thorough  # noqa: PLW0603 - decided once, before tests are collected
    _is_thorough = thorough


def is_thorough() -> bool:
    """Tell whether everything is tested."""
    return _is_thorough


def examples(count: int) -> int:
    """Return the number of examples for a property that takes `count` where everything is tested."""
    return count if _is_thorough else min(count, SAMPLED_EXAMPLES)


def sample(count: int) -> set[int]:
    """Return the positions of the parameters that are tested, out of so many: the first and the last of them.

    >>> sorted(sample(100)), sorted(sample(1))
    ([0, 99], [0])
    """
    if count <= SAMPLED_CASES:
        return set(range(count))
    return {round(step * (count - 1) / (SAMPLED_CASES - 1)) for step in range(SAMPLED_CASES)}

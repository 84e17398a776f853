"""What holds for all tests, and how much of them runs."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import budget

if TYPE_CHECKING:
    from collections.abc import Iterable

# One thread for linear algebra, before NumPy is imported: a test run's workers have the processors, and the matrices
# are small. On a busy machine SciPy's calls otherwise wait for one another, ten times as long as they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run all tests, with all their parameters and examples")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes seconds, and is left out of a newcomer's run")
    worker = getattr(config, "workerinput", None)
    is_sampled = worker["sampled"] if worker else _is_sampled(config)
    budget.choose(thorough=not is_sampled)
    # A busy machine is no failure. A newcomer meets the same examples every time.
    settings.register_profile(
        "circuitgrad", deadline=None, max_examples=budget.examples(budget.EXAMPLES), derandomize=is_sampled
    )
    settings.load_profile("circuitgrad")


def _is_sampled(config: pytest.Config) -> bool:
    """Tell whether nobody asked for all tests, nor for certain ones."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS or config.option.keyword or config.option.markexpr
    return not (config.getoption("--all") or named)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker of pytest-xdist how much is tested."""
    node.workerinput["sampled"] = not budget.is_thorough()  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if budget.is_thorough():
        return
    kept = set(_sampled(items))
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def _sampled(items: Iterable[pytest.Item]) -> Iterable[pytest.Item]:
    """Yield the tests of a newcomer's run: none that is slow, and a sample of each test's parameters."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("slow") is None:
            cases[item.nodeid.partition("[")[0]].append(item)
    for same in cases.values():
        positions = budget.sample(len(same))
        yield from (item for position, item in enumerate(same) if position in positions)

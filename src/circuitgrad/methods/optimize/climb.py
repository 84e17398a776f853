"""The gradient step of the guide, with the analytic gradient or the numeric one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from circuitgrad.methods.optimize.search import Search


def gradient(search: Search) -> Iterator[dict[str, float]]:
    """Yield the points of gradient ascent: each input moves by step size times its derivative."""
    return _climb(search, search.gradient)


def numeric(search: Search) -> Iterator[dict[str, float]]:
    """Yield the points of ascent along the numerical gradient."""
    return _climb(search, search.numeric_gradient)


def _climb(search: Search, direction: Callable[[dict[str, float]], dict[str, float]]) -> Iterator[dict[str, float]]:
    point = search.start
    while True:
        point = search.moved(point, direction(point))
        yield point

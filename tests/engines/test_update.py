"""Updates of a point, in Python and in machine code."""

from __future__ import annotations

import math
import os
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.engines.native.optimizer_loop import OptimizerLoop
from circuitgrad.engines.native.sums import RowSums
from circuitgrad.engines.update import Update
from forms import FORMS, summing

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = st.floats(-1e3, 1e3)
CURIOUS = Update(
    "speed/(1 + abs(slope)) + seen",
    {"speed": "momentum*speed + slope", "seen": "seen + sqrt(abs(slope))/far"},
    {"far": "1 + 0.5**count"},
)


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["CIRCUITGRAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=4), st.integers(1, 50))
def test_a_move_by_hand(rows: list[tuple[float, float, float]], count: int) -> None:
    slopes, speed, seen = map(list, zip(*rows, strict=True))
    direction, memory = CURIOUS.move(slopes, {"speed": speed, "seen": seen}, momentum=0.25, count=count)
    for i, (g, v, s) in enumerate(rows):
        new = 0.25 * v + g, s + math.sqrt(abs(g)) / (1 + 0.5**count)
        assert (memory["speed"][i], memory["seen"][i]) == new
        assert direction[i] == new[0] / (1 + abs(g)) + new[1]


def by_hand(
    run: RowSums, point: Sequence[float], low: float, sizes: Sequence[float], number: int
) -> list[tuple[float, list[float]]]:
    """Return the costs and points of steps that lower the mean."""
    value, *slopes = (x / run.rows for x in run(point))
    memory, point, found = CURIOUS.start(len(point)), list(point), []
    for k, size in enumerate(sizes):
        direction, memory = CURIOUS.move(slopes, memory, momentum=0.5, count=number + k + 1)
        point = [max(x - size * d, low) for x, d in zip(point, direction, strict=True)]
        value, *slopes = (x / run.rows for x in run(point))
        found.append((value, point))
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [0, 13])
@settings(deadline=None, max_examples=examples(15))
@given(point=st.tuples(st.floats(-3, 3), st.floats(-3, 3)), low=st.floats(-3, 0), number=st.integers(0, 9))
def test_a_loop_is_its_steps_to_the_bit(
    form: str, count: int, point: tuple[float, float], low: float, number: int
) -> None:
    circuit = circuitgrad.from_expression("square(tanh(a*x) - b) + a*a", a=1, b=1, x=0.7)
    bound = {"x": array("d", [0.1 * k for k in range(count)])} if count else {}
    run = summing(form, circuit, ["a", "b"], squares=False, bound=bound)
    sizes = array("d", [0.1 / (k + 1) for k in range(20)])
    expected = by_hand(run, point, low, sizes, number)
    _, *slopes = (x / run.rows for x in run(point))
    loop = OptimizerLoop(run, CURIOUS, [low, low], [math.inf, math.inf], 1.0, 0.5)
    iterates = loop(point, slopes, CURIOUS.start(2), number, sizes)
    assert [(cost, iterates.point(k)) for k, cost in enumerate(iterates.costs)] == expected
    assert iterates.slopes_at(19) == [x / run.rows for x in run(iterates.point(19))[1:]]
    first = loop(point, slopes, CURIOUS.start(2), number, sizes[:12])
    rest = loop(first.point(11), first.slopes_at(11), first.memory, number + 12, sizes[12:])
    assert rest.costs == iterates.costs[12:]
    assert rest.memory == iterates.memory


def test_a_loop_ends_before_it_leaves_the_finite_numbers() -> None:
    circuit = circuitgrad.from_expression("x**4", x=3)
    run = RowSums(circuit, ["x"], "out", squares=False, bound={})
    loop = OptimizerLoop(run, Update("slope"), [-math.inf], [math.inf], 1.0, 0.0)
    iterates = loop([3.0], [108.0], {}, 0, array("d", [1.0] * 50))
    assert 0 < len(iterates) < 50
    assert all(map(math.isfinite, [*iterates.costs, *iterates.points]))
    x = iterates.point(len(iterates) - 1)[0]
    beyond = x - 4 * x * x * x
    assert math.isinf(beyond * beyond * beyond * beyond)
    assert len(loop([1e200], [1e300], {}, 0, array("d", [1.0]))) == 0

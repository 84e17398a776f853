"""Kernels as functions of Python: what they take and return, and that nothing is lost or kept for ever."""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc

import pytest

import circuitgrad
from circuitgrad.engines.native import points
from circuitgrad.engines.native.straight import straight
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted

if sys.implementation.name != "cpython":
    pytest.skip("machine code is called by ctypes here", allow_module_level=True)


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["CIRCUITGRAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def product() -> circuitgrad.Circuit:
    return circuitgrad.from_expression("x*y", x=2, y=3)


WANTED = Wanted(("out",), ("out",), ("x", "y"))


def test_numbers_in_and_a_tuple_out() -> None:
    run = straight.program(product(), ["x", "y"], WANTED)
    assert run(2, 3.5) == (7.0, 3.5, 2.0)
    assert run(-1.0, True) == (-1.0, 1.0, -1.0)
    assert straight.program(product(), [], Wanted(("out",)))() == (6.0,)


@pytest.mark.parametrize("wrong", [("a", 1.0), (1.0, None), (-1.0, [])])
def test_what_is_no_number_is_refused(wrong: tuple[object, object]) -> None:
    run = straight.program(product(), ["x", "y"], WANTED)
    with pytest.raises(TypeError, match="must be real number"):
        run(*wrong)
    assert run(2.0, 3.0) == (6.0, 3.0, 2.0)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_numbers_is_refused(count: int) -> None:
    run = straight.program(product(), ["x", "y"], WANTED)
    with pytest.raises(TypeError, match="2 numbers are wanted"):
        run(*[1.0] * count)


def test_it_lives_as_long_as_it_is_needed_and_no_longer() -> None:
    run = straight.program(product(), ["x", "y"], WANTED)
    gc.collect()
    tracemalloc.start()
    try:
        for round_ in range(3):
            for k in range(2000):
                assert run(1.5 * k, 2.0)[1] == 2.0
            gc.collect()
            size = tracemalloc.get_traced_memory()[0]
            if round_ == 0:
                before = size
        assert size - before < 5000
    finally:
        tracemalloc.stop()


def test_other_pythons_call_by_ctypes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "can_call", lambda: False)
    run = straight.program(product(), ["x", "y"], WANTED)
    assert run(2.0, 3.0) == (6.0, 3.0, 2.0)
    assert program(product(), ["x"], WANTED, "native")(4.0) == (12.0, 3.0, 4.0)

"""Grids, and what a sweep computes on them: to the last bit what single passes give."""

from __future__ import annotations

import math
import struct
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.errors import CircuitError
from circuitgrad.methods.sweep import MOST_POINTS, Sweep, SweepAxis, spaced
from program import CIRCUITS

if TYPE_CHECKING:
    from collections.abc import Sequence

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def bits(numbers: Sequence[float]) -> list[bytes]:
    return [struct.pack("<d", number) for number in numbers]


@given(start=FINITE, end=FINITE, count=st.integers(2, 50))
def test_ends_are_exact_and_values_monotonic(start: float, end: float, count: int) -> None:
    if start == end:
        return
    values = spaced(start, end, count)
    assert len(values) == count
    assert bits([values[0], values[-1]]) == bits([start, end])
    assert all((x <= y) if start < end else (x >= y) for x, y in pairwise(values))


@given(start=st.floats(1e-300, 1e300), end=st.floats(1e-300, 1e300), count=st.integers(2, 50))
def test_logarithms(start: float, end: float, count: int) -> None:
    if start == end:
        return
    values = spaced(start, end, count, log=True)
    assert (values[0], values[-1]) == (start, end)
    assert all(min(start, end) <= value <= max(start, end) for value in values)


def test_decimal_numbers_come_out_as_a_person_writes_them() -> None:
    assert spaced(-5, 5, 101) == [float(f"{i / 10:.1f}") for i in range(-50, 51)]
    assert spaced(1e-3, 1e3, 7, log=True) == [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3]
    assert spaced(2, 2, 1) == [2]


@pytest.mark.parametrize(
    ("start", "end", "count", "log", "said"),
    [
        (1, 2, 1, False, "1 value cannot go"),
        (1, 1, 2, False, "2 values cannot go"),
        (0, 1, 3, True, "positive"),
        (0, 1, MOST_POINTS + 1, False, "10,000,001 points"),
    ],
)
def test_ranges_that_are_none(start: float, end: float, count: int, log: bool, said: str) -> None:
    with pytest.raises(CircuitError, match=said):
        spaced(start, end, count, log=log)


@pytest.mark.parametrize(
    ("file", "axes"),
    [
        ("neuron", {"a": [-5.0, 0.0, 5.0], "y": [1.0, -0.0, math.pi]}),
        ("cs231n_staged", {"y": [-4.0, -3.0, 100.0], "x": [3.0, -1e-9]}),
        ("micrograd", {"a": [-4.0, 0.5, 2.0]}),
        ("black_scholes", {"S": [90.0, 110.0], "sigma": [0.1, 0.0, 0.3], "r": [0.0, 0.01]}),
    ],
)
def test_every_number_is_that_of_a_single_pass(file: str, axes: dict[str, list[float]]) -> None:
    path = CIRCUITS / f"{file}.yaml"
    circuit, single = circuitgrad.load(path), circuitgrad.load(path)
    before = circuit.values()
    wrt = list(circuit.inputs)
    outputs = list(dict.fromkeys([*circuit.outputs, circuit.names[0]]))
    expected = []
    for point in product(*axes.values()):
        single.assign(dict(zip(axes, point, strict=True)))
        jacobian = single.jacobian(outputs)
        slopes = [jacobian[output][name] for output in outputs for name in wrt]
        expected.append([*point, *(single[output].value for output in outputs), *slopes])
    sweep = Sweep(circuit, [SweepAxis(*axis) for axis in axes.items()], outputs, wrt)
    assert list(map(bits, sweep)) == list(map(bits, expected))
    assert circuit.values() == before


def test_what_is_not_finite_is_counted_with_the_first_gate() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 1, z: -1}, gates: {odd: log(z), y: sqrt(x)}, output: y}")
    sweep = Sweep(circuit, [SweepAxis("x", [1.0, -1.0, -2.0])], ["y"])
    assert sweep.culprit() is None
    sweep.columns()
    problem = sweep.culprit()
    assert problem is not None
    assert problem.message == "2 of 3 points are not finite, the first at x = -1: 'y' is nan: sqrt(-1.0)"
    assert circuit.values() == {"x": 1.0, "z": -1.0}


def test_a_gradient_that_is_not_finite_is_explained() -> None:
    sweep = Sweep(circuitgrad.from_expression("sqrt(x)", x=1), [SweepAxis("x", [1.0, 0.0])], ["out"], ["x"])
    sweep.columns()
    problem = sweep.culprit()
    assert problem is not None
    assert "the gradient becomes inf at 'out'" in problem.message


def test_a_grid_may_be_too_large() -> None:
    values = [float(i) for i in range(4000)]
    with pytest.raises(CircuitError, match="16,000,000 points"):
        Sweep(circuitgrad.from_expression("x*y", x=1, y=1), [SweepAxis("x", values), SweepAxis("y", values)], ["out"])

"""Slopes and values where intermediate results leave the range of doubles, in every engine."""

from __future__ import annotations

from array import array
from math import inf, isfinite, nan, ulp
from typing import TYPE_CHECKING, Any

import pytest
from mpmath import mp, mpf

import circuitgrad
from circuitgrad.engines.programs import over_columns
from circuitgrad.engines.wanted import Wanted
from circuitgrad.gates.table import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Meaning = dict[str, "Callable[..., Any]"]

HYPOT: Meaning = {
    "x": lambda x, y: x / mp.sqrt(x * x + y * y),
    "y": lambda x, y: y / mp.sqrt(x * x + y * y),
    "value": lambda x, y: mp.sqrt(x * x + y * y),
}
POW: Meaning = {
    "value": mp.power,
    "x": lambda x, y: y * mp.power(x, y - 1),
    "y": lambda x, y: mp.power(x, y) * mp.log(x) if x > 0 else nan,
}
MOD: Meaning = {
    "value": lambda x, y: x - y * mp.floor(x / y),
    "x": lambda *_: mpf(1),
    "y": lambda x, y: -mp.floor(x / y),
}
SILU: Meaning = {
    "value": lambda x: x / (1 + mp.exp(-x)),
    "x": lambda x: (1 + x / (1 + mp.exp(x))) / (1 + mp.exp(-x)),
}
CASES = [
    ("hypot", HYPOT, [(5e-324, 5e-324), (5e-324, 1e-323), (-3e-322, 4e-322), (1e-310, -1e-320), (2.3e-308, 1e-308)]),
    ("hypot", HYPOT, [(1e-300, 1e-300), (3e-291, 4e-291), (1.7e308, 1e308), (1e308, 1e-308), (0.0, 5e-324)]),
    ("pow", POW, [(1e-310, 1e-5), (1e-320, 1e-9), (5e-324, 1e-16), (1e-308, 0.01), (1e-310, 1.0), (1e-310, 2.0)]),
    ("pow", POW, [(-10.0, 1e16), (-10.0, -1e16), (-0.5, 1e16), (-0.5, -1e16), (-2.0, 1e300), (-1e300, 1e17)]),
    ("pow", POW, [(-10.0, 3.0), (-10.0, 401.0), (-1e5, 62.0), (1e10, 31.0), (1e-5, -62.0), (-744.0, -1e-16)]),
    ("mod", MOD, [(0.7, 1e-3), (-1e-20, 1.0), (1e16, 3.0), (-5.0, 3.0), (1e300, 7e299), (1e-310, 3e-320)]),
    ("silu", SILU, [(-700.0,), (-708.5,), (-735.25,), (-740.0,), (-745.5,), (-750.0,), (-751.9,), (-800.0,)]),
]  # fmt: skip


def exact(meaning: Callable[..., Any], point: Sequence[float]) -> Any:
    try:
        return mpf(meaning(*map(mpf, point)))
    except TypeError:  # complex: there is no real value
        return mpf(nan)


def distance(found: float, wanted: Any) -> float:
    """Return the distance of a double from a number, in ulp; infinite where only one of them is finite."""
    nearest = float(wanted)
    if nearest == found or (nearest != nearest and found != found):
        return 0.0
    return float(abs(mpf(found) - wanted) / ulp(nearest)) if isfinite(nearest) and isfinite(found) else inf


@pytest.mark.parametrize("engine", ["objects", "python", "native"])
@pytest.mark.parametrize(("gate", "meaning", "points"), CASES)
def test_what_leaves_the_range_of_doubles_inside_is_right(
    engine: str, gate: str, meaning: Meaning, points: list[tuple[float, ...]]
) -> None:
    if engine == "native":
        pytest.importorskip("llvmlite")
    operands = find(gate).operands
    circuit = circuitgrad.from_expression(f"{gate}({', '.join(operands)})", **dict.fromkeys(operands, 1.0))
    columns = [array("d", column) for column in zip(*points, strict=True)]
    found = over_columns(circuit, operands, Wanted(("out",), ("out",), operands), engine)(columns)
    with mp.workdps(700):
        for point, *numbers in zip(points, *found, strict=True):
            for name, number in zip(("value", *operands), numbers, strict=True):
                wanted = exact(meaning[name], point)
                assert distance(number, wanted) <= 4, (name, point, number, float(wanted))


def test_a_power_without_a_value_has_no_slopes() -> None:
    for x, y in ((-744.0, -1e-16), (-2.0, 0.5), (-1.0, 1e-300)):
        circuit = circuitgrad.from_expression("x**y", x=x, y=y)
        slopes = circuit.backward()
        assert all(slopes[name] != slopes[name] for name in ("x", "y"))

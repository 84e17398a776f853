"""What the wires of a circuit may be, given the bounds of its inputs: interval arithmetic, as far as it is simple.

A range may be too wide, never too narrow (Moore, "Interval Analysis", 1966).
"""

from __future__ import annotations

from itertools import product
from math import inf
from typing import TYPE_CHECKING

from circuitgrad.formulas.steps import COMPARISONS
from circuitgrad.gates.compiled import value_function
from circuitgrad.gates.table import is_built_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.gates.rule import Rule

Interval = tuple[float, float]

EVERYTHING: Interval = (-inf, inf)
AT_MOST: dict[str, Interval] = {
    **dict.fromkeys(["abs", "exp", "hypot", "relu", "softplus", "sqrt", "square", "acosh"], (0.0, inf)),
    **dict.fromkeys(["sigmoid", "step", "normal_cdf", "normal_pdf", "gaussian", *COMPARISONS], (0.0, 1.0)),
    **dict.fromkeys(["tanh", "erf", "sin", "cos", "sign", "softsign"], (-1.0, 1.0)),
    "cosh": (1.0, inf),
    "expm1": (-1.0, inf),
    "erfc": (0.0, 2.0),
}
"""Per gate, what its value is in between, whatever its operands."""

SUMS_AND_PRODUCTS = frozenset({"add", "sub", "mul"})
MONOTONE = SUMS_AND_PRODUCTS | {
    "identity", "neg", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "sigmoid", "tanh", "softplus",
    "relu", "leaky_relu", "elu", "atan", "asinh", "sinh", "erf", "erfc", "floor", "sign", "step", "max", "min",
}  # fmt: skip
"""Gates whose extremes over ranges are at the ranges' ends."""


def wire_ranges(circuit: Circuit) -> list[Interval]:
    """Return the range of every slot.

    >>> from circuitgrad import loads
    >>> circuit = loads("{inputs: {x: {value: 1, min: -1, max: 2}, y: 3}, gates: {a: 2*x, b: exp(y), c: a - b}}")
    >>> ranges = wire_ranges(circuit)
    >>> [ranges[circuit.slot(name)] for name in "xyabc"]
    [(-1.0, 2.0), (-inf, inf), (-2.0, 4.0), (0.0, inf), (-inf, 4.0)]
    """
    ranges: list[Interval] = [(leaf.min, leaf.max) for leaf in circuit.inputs.values()]
    ranges += [(number, number) for number in circuit.constants]
    for rule, slots in zip(circuit.rules, circuit.operands, strict=True):
        ranges.append(_range_of(rule, [ranges[slot] for slot in slots]))
    return ranges


def _range_of(rule: Rule, operands: Sequence[Interval]) -> Interval:
    """Return the range of a gate's value, given those of its operands."""
    if not is_built_in(rule):
        return EVERYTHING
    low, high = AT_MOST.get(rule.name, EVERYTHING)
    if rule.name == "where":
        return hull(operands[1:])
    if rule.name in MONOTONE and any(end not in (-inf, inf) for operand in operands for end in operand):
        ends = [value_function(rule)(*corner) for corner in product(*operands)]
        if rule.name in SUMS_AND_PRODUCTS:
            ends = [end if end == end else 0.0 for end in ends]  # 0*inf, and inf - inf among infinite ends
        if all(end == end for end in ends):
            return max(low, min(ends)), min(high, max(ends))
    return low, high


def hull(ranges: Iterable[Interval]) -> Interval:
    """Return the range that includes all of some.

    >>> hull([(0, 1), (-3, -2)])
    (-3, 1)
    """
    lows, highs = zip(*ranges, strict=True)
    return min(lows), max(highs)

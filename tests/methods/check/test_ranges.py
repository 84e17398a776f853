"""The ranges of wires: no value of a pass is outside."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.gates.table import GATES
from circuitgrad.methods.check.ranges import wire_ranges

ENDS = st.tuples(*[st.floats(-1e3, 1e3) | st.sampled_from([-float("inf"), float("inf"), 0.0])] * 2).map(sorted)


@pytest.mark.parametrize("gate", GATES)
@given(ranges=st.lists(ENDS, min_size=3, max_size=3), seed=st.integers(0, 99))
def test_a_gate_never_leaves_its_range(gate: str, ranges: list[list[float]], seed: int) -> None:
    rule, random = GATES[gate], Random(seed)
    leaves = [
        Input(name, min(max(random.uniform(max(low, -2e3), min(high, 2e3)), low), high), min=low, max=high)
        for name, (low, high) in zip(rule.operands, ranges, strict=False)
    ]
    circuit = Circuit("c", leaves, [], ["g"], [rule], [tuple(range(rule.arity))], ["g"])
    value = circuit.forward()["g"]
    low, high = wire_ranges(circuit)[circuit.slot("g")]
    assert value != value or low <= value <= high


def test_bounds_go_through_formulas() -> None:
    gates = "{a: 'x if y > 0 else -3*x', b: relu(a - 1), c: y*0, d: b + c - y}"
    circuit = circuitgrad.loads(f"{{inputs: {{x: {{value: 1, min: 0, max: 2}}, y: 1}}, gates: {gates}}}")
    ranges = wire_ranges(circuit)
    assert [ranges[circuit.slot(name)] for name in "abcd"] == [(-6, 2), (0, 1), (0, 0), (-float("inf"), float("inf"))]

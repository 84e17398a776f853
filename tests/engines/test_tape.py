"""Tapes of large circuits: the order of their gates, and their passes against the gate objects."""

from __future__ import annotations

import ctypes
import os
import random
from array import array
from typing import TYPE_CHECKING

import pytest

from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.engines.native.tape import tape
from circuitgrad.engines.native.tape.tape import Tape
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SMOOTH = ("add", "sub", "mul", "tanh", "sigmoid", "sin", "cos", "square", "softplus", "hypot", "gelu", "neg")


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["CIRCUITGRAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def large(count: int, reach: int, names: Sequence[str] = SMOOTH, seed: int = 0) -> Circuit:
    """Return a circuit of so many gates, whose operands lie at most so far back; a sine keeps every other one small."""
    chance = random.Random(seed)
    rules: list[Rule] = []
    operands = []
    for i in range(count):
        rule = find(chance.choice(names)) if i % 2 else find("sin")
        low, high = max(0, 5 + i - reach), 5 + i
        operands.append(tuple(chance.randrange(low, high) for _ in rule.operands))
        rules.append(rule)
    wires = [f"g{i}" for i in range(count)]
    inputs = [Input(f"x{i}", chance.uniform(-1, 1)) for i in range(3)]
    return Circuit("large", inputs, [0.5, -2.0], wires, rules, operands, wires[-2:])


def differences(circuit: Circuit, wanted: Wanted) -> list[str]:
    """Return which of the results of a tape are not those of the gate objects."""
    inputs, point = list(circuit.inputs), list(circuit.values().values())
    expected = list(program(circuit, inputs, wanted, "objects")(*point))
    single = list(tape.program(circuit, inputs, wanted)(*point))
    columns = tape.over_columns(circuit, inputs, wanted)([array("d", [x, x, x]) for x in point])
    return [
        title
        for title, value, one, column in zip(wanted.titles, expected, single, columns, strict=True)
        if one != pytest.approx(value, rel=1e-9, abs=1e-13) or list(column) != [column[0]] * 3
        or column[0] != pytest.approx(value, rel=1e-9, abs=1e-13)
    ]  # fmt: skip


@pytest.mark.parametrize(("reach", "is_wide"), [(2, False), (1500, True)])
def test_deep_and_wide_circuits(reach: int, is_wide: bool) -> None:
    circuit = large(1501, reach)
    wanted = Wanted(tuple(circuit), circuit.outputs, (*circuit.inputs, "g0", "g700"))
    made = Tape(circuit, list(circuit.inputs), wanted, 1)
    assert bool(made._structure.wide) is is_wide
    assert differences(circuit, wanted) == []


def runs(made: Tape) -> Iterator[tuple[int, range]]:
    """Yield the kernel of every run of a tape, and where its gates stand."""
    structure, start = made._structure, 0
    for k in range(structure.runs):
        end = ctypes.c_int32.from_address(structure.run_ends + 4 * k).value
        yield ctypes.c_uint8.from_address(structure.run_kinds + k).value, range(start, end)
        start = end
    assert start == structure.gates


def test_no_gate_of_a_run_depends_on_another_one_where_the_circuit_is_wide() -> None:
    made = Tape(large(1000, 1000), ["x0"], Wanted(()), 1)
    structure = made._structure
    operands = (ctypes.c_int32 * (2 * structure.gates)).from_address(structure.operands)
    kinds = (ctypes.c_uint8 * structure.gates).from_address(structure.kinds)
    for kind, places in runs(made):
        assert {kinds[place] for place in places} == {kind}
        for place in places:
            assert all(operands[place + k * structure.gates] < structure.first + places.start for k in (0, 1))


def test_arithmetic_is_one_run_where_the_circuit_is_deep() -> None:
    circuit = large(200, 2, ("add", "mul", "sub"))
    found = list(runs(Tape(circuit, ["x0"], Wanted(()), 1)))
    assert all(len(places) == 1 for kind, places in found if kind != 4)
    assert len(found) == 200  # a sine between any two
    rules = [find(("add", "mul", "sub")[i % 3]) for i in range(90)]
    wires = [f"g{i}" for i in range(90)]
    straight = Circuit("chain", [Input("x", 0.5)], [], wires, rules, [(i, 0) for i in range(90)], ["g89"])
    assert [(kind, len(places)) for kind, places in runs(Tape(straight, ["x"], Wanted(()), 1))] == [(3, 90)]
    assert differences(straight, Wanted(tuple(straight), ("g89",), ("x",))) == []


@pytest.mark.parametrize("reach", [3, 900])
def test_every_gate_of_the_table(reach: int) -> None:
    circuit = large(900, reach, sorted(GATES), seed=3)
    assert len({rule.name for rule in circuit.rules}) > 55
    wanted = Wanted(tuple(circuit))
    inputs, point = list(circuit.inputs), list(circuit.values().values())
    expected = program(circuit, inputs, wanted, "objects")(*point)
    found = tape.program(circuit, inputs, wanted)(*point)
    assert list(found) == pytest.approx(list(expected), rel=1e-9, abs=1e-12, nan_ok=True)


def test_a_point_after_another_one() -> None:
    circuit = large(1000, 800)
    wanted = Wanted(circuit.outputs, circuit.outputs, tuple(circuit.inputs))
    run = tape.program(circuit, ["x1", "x0"], wanted)
    other = program(circuit, ["x1", "x0"], wanted, "objects")
    first = list(run(0.25, -0.5))
    assert list(run(-0.75, 0.125)) == pytest.approx(list(other(-0.75, 0.125)), rel=1e-9, abs=1e-13)
    assert list(run(0.25, -0.5)) == first


def test_too_many_kinds_of_gates_are_refused() -> None:
    rules = [Rule(f"own{i}", "x + 1", {"x": "1"}, "") for i in range(201)]
    circuit = Circuit(
        "own", [Input("x", 1)], [], [f"g{i}" for i in range(201)], rules, [(i,) for i in range(201)], ["g9"]
    )
    with pytest.raises(CircuitError, match="201 kinds of gates"):
        tape.program(circuit, ["x"], Wanted(("g9",)))
    assert program(circuit, ["x"], Wanted(("g9",)), "native", passes=5)(1.0) == (11.0,)  # as straight-line code

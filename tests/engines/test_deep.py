"""Rules whose formulas are nested to any depth, as machine code."""

from __future__ import annotations

import gc
import os
import weakref
from array import array

import pytest

from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.structure import Input
from circuitgrad.engines.native.llvm.graph import Graph
from circuitgrad.engines.native.llvm.lowering import lowered
from circuitgrad.engines.native.tape import tape
from circuitgrad.engines.wanted import Wanted
from circuitgrad.formulas.formula import Formula
from circuitgrad.formulas.steps import Call, Name, Number, Step
from circuitgrad.gates.rule import Rule

X = Name("x", 0)
DEPTH = 5000


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["CIRCUITGRAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def applied(gate: str, operand: Step) -> list[Step]:
    return [step for _ in range(DEPTH) for step in (operand, Call(gate, 2, 0))]


def rule(steps: list[Step]) -> Rule:
    formula = Formula.of_steps(steps)
    return Rule("deep", formula, {"x": formula})


def results(deep: Rule, x: float) -> tuple[list[float], list[list[float]]]:
    """Return the value and the derivative by a tape, at a point and over rows."""
    circuit = Circuit("deep", [Input("x", x)], [], ["y"], [deep], [(0,)], ["y"])
    wanted = Wanted(("y",), ("y",), ("x",))
    columns = tape.over_columns(circuit, ["x"], wanted)([array("d", [x, x])])
    return list(tape.program(circuit, ["x"], wanted)(x)), [list(column) for column in columns]


@pytest.mark.slow
def test_a_sum_of_many_terms_in_either_order() -> None:
    expected = 0.25 * (DEPTH + 1)
    from_the_right: list[Step] = [*[X] * (DEPTH + 1), *[Call("add", 2, 0)] * DEPTH]
    for steps in ([X, *applied("add", X)], from_the_right):
        assert results(rule(steps), 0.25) == ([expected] * 2, [[expected] * 2] * 2)


def test_many_divisions_one_after_another() -> None:
    expected = 0.3
    for _ in range(DEPTH):
        expected /= 1.01
    assert results(rule([X, *applied("div", Number(1.01, 0))]), 0.3) == ([expected] * 2, [[expected] * 2] * 2)


def test_a_choice_between_quotients_by_the_same_numbers() -> None:
    divisions, graph = applied("div", Number(1.01, 0)), Graph()
    x = graph.input(0)
    test: list[Step] = [X, Number(0.0, 0), Call("gt", 2, 0)]
    result = lowered(graph, [*test, X, *divisions, Number(2.0, 0), *divisions, Call("where", 3, 0)], {"x": x})
    needed = [graph.nodes[node].operation for node in graph.upstream([result])]
    assert needed.count("fdiv") == DEPTH  # of the chosen number


def test_nothing_keeps_a_rule_of_a_file() -> None:
    own = rule([X, X, Call("mul", 2, 0)])
    results(own, 2.0)
    gone = weakref.ref(own)
    del own
    gc.collect()
    assert gone() is None

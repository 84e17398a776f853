"""How a wire is described."""

from __future__ import annotations

from hypothesis import assume, given

import circuitgrad
from circuitgrad.report.wire_description import LONGEST_SHOWN_FORMULA, describe
from random_circuits import Plan, plans


@given(plans())
def test_a_description_reads_back_as_the_same_circuit(plan: Plan) -> None:
    assume(all(abs(value) < 1e100 for value in plan.values))
    circuit = plan.circuit()
    gates = {name: describe(circuit, slot) for name, slot in circuit.wires() if name not in circuit.inputs}
    text = "\n".join(
        ["inputs:", *(f"  {name}: {value!r}" for name, value in circuit.values().items()), "gates:"]
        + [f"  {name}: {formula}" for name, formula in gates.items()]
        + [f"output: {circuit.single_output()}"]
    )
    again = circuitgrad.loads(text)
    assert again.forward() == circuit.forward()


def test_inputs_say_whether_they_move() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 1, y: {value: 2, fixed: true}}, gates: {z: x*y}}")
    assert [describe(circuit, slot) for _, slot in circuit.wires()] == ["input", "fixed input", "mul(x, y)"]


def test_a_formula_without_end_is_cut_at_a_wire() -> None:
    circuit = circuitgrad.from_expression("+".join(["x"] * 5000), x=1)
    shown = describe(circuit, circuit.slot("out"))
    assert shown.startswith("add(")
    assert len(shown) < 10 * LONGEST_SHOWN_FORMULA
    assert circuit.forward()["out"] == 5000

"""The guide's notebook cells, with the package's own objects."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.circuit.units import Gate, Unit, class_name, class_of, gate_classes
from circuitgrad.errors import CircuitError
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES, find

MultiplyGate, AddGate, SigmoidGate = class_of(find("mul")), class_of(find("add")), class_of(find("sigmoid"))


class Neuron:
    """The cell of the guide that wires a neuron by hand."""

    def __init__(self) -> None:
        self.leaves = {"a": Unit(1.0), "b": Unit(2.0), "c": Unit(-3.0), "x": Unit(-1.0), "y": Unit(3.0)}
        self.multiply = MultiplyGate(), MultiplyGate()
        self.add = AddGate(), AddGate()
        self.sigmoid = SigmoidGate()

    def forward(self) -> Unit:
        a, b, c, x, y = self.leaves.values()
        products = self.multiply[0].forward(a, x), self.multiply[1].forward(b, y)
        return self.sigmoid.forward(self.add[1].forward(self.add[0].forward(*products), c))

    def backward(self) -> None:
        self.sigmoid.out.grad = 1.0
        for gate in (self.sigmoid, self.add[1], self.add[0], self.multiply[1], self.multiply[0]):
            gate.backward()


def test_the_neuron_cell_of_the_guide() -> None:
    neuron = Neuron()
    assert neuron.forward().value == 0.8807970779778823
    neuron.backward()
    gradients = {name: unit.grad for name, unit in neuron.leaves.items()}
    assert gradients["a"] == -0.10499358540350662
    assert gradients == pytest.approx(
        {
            "a": -0.10499358540350662,
            "b": 0.3149807562105199,
            "c": 0.10499358540350662,
            "x": 0.10499358540350662,
            "y": 0.20998717080701323,
        },
        rel=1e-14,
    )
    for unit in neuron.leaves.values():
        unit.value += 0.01 * unit.grad
    assert neuron.forward().value == 0.8825501816218984


def test_the_multiply_cell_of_the_guide() -> None:
    x, y = Unit(-2.0), Unit(3.0)
    multiply = MultiplyGate()
    assert multiply.forward(x, y).value == -6
    multiply.out.grad = 1.0
    multiply.backward()
    assert (x.grad, y.grad) == (3, -2)
    x.value += 0.01 * x.grad
    y.value += 0.01 * y.grad
    assert multiply.forward(x, y).value == pytest.approx(-5.8706, rel=1e-14)


@given(st.floats(-100, 100), st.floats(-100, 100), st.integers(1, 5))
def test_backward_adds_to_what_is_there(value: float, start: float, times: int) -> None:
    x = Unit(value, grad=start)
    multiply = MultiplyGate()
    multiply.forward(x, Unit(2.0)).grad = 1.0
    for _ in range(times):
        multiply.backward()
    assert x.grad == pytest.approx(start + 2 * times, abs=1e-12)


@given(st.floats(-100, 100))
def test_one_unit_on_both_operands_gets_both_shares(value: float) -> None:
    x = Unit(value)
    multiply = MultiplyGate()
    multiply.forward(x, x).grad = 1.0
    multiply.backward()
    assert x.grad == value + value


def test_forward_gives_a_new_unit_without_gradient() -> None:
    add = AddGate()
    first = add.forward(Unit(1.0), Unit(2.0))
    first.grad = 1.0
    second = add.forward(Unit(1.0), Unit(2.0))
    assert second is add.out
    assert second is not first
    assert second.grad == 0


def test_an_upstream_gradient_of_zero_adds_nothing() -> None:
    x = Unit(0.0)
    root = class_of(find("sqrt"))()
    root.forward(x)
    root.backward()
    assert x.grad == 0
    root.out.grad = 1.0
    root.backward()
    assert x.grad == math.inf


def test_the_wrong_number_of_operands() -> None:
    with pytest.raises(CircuitError, match="mul takes 2 operands, not 1"):
        MultiplyGate().forward(Unit(1.0))


def test_there_is_a_class_for_every_name_of_every_row() -> None:
    classes = gate_classes()
    assert {"MultiplyGate", "MulGate", "AddGate", "SigmoidGate", "LeakyReluGate", "LogisticGate"} <= classes.keys()
    assert classes["MultiplyGate"] is classes["MulGate"] is circuitgrad.MultiplyGate
    assert {made.rule.name for made in classes.values()} == set(GATES)
    for name, made in classes.items():
        assert getattr(circuitgrad, name) is made
        assert name in dir(circuitgrad)
        assert issubclass(made, Gate)
    assert not hasattr(circuitgrad, "MullGate")


def test_a_row_outside_the_table_makes_a_gate_too() -> None:
    cube = class_of(Rule("cube", "x*x*x", {"x": "3*x*x"}))()
    x = Unit(2.0)
    cube.forward(x).grad = 10.0
    cube.backward()
    assert (cube.out.value, x.grad) == (8, 120)


def test_what_they_look_like() -> None:
    assert repr(Unit(0.1, 2.0)) == "Unit(value=0.1, grad=2.0)"
    assert repr(MultiplyGate()) == "MultiplyGate()"
    assert repr(SigmoidGate()) == "SigmoidGate()"
    assert class_name("leaky_relu") == "LeakyReluGate"
    assert "product" in (MultiplyGate.__doc__ or "")
    with pytest.raises(CircuitError, match="did you mean 'mul'"):
        class_of(find("mull"))


def test_a_gate_goes_forward_first() -> None:
    with pytest.raises(CircuitError, match="backward before forward"):
        class_of(find("mul"))().backward()


def test_a_comparison_is_a_number_in_a_files_own_gate() -> None:
    row = Rule("above", "x > 0", {"x": "x != x"})
    gate = class_of(row)()
    out = gate.forward(Unit(2.0))
    assert (type(out.value), out.value) == (float, 1.0)
    assert type(gate.partials_function(2.0, 1.0)[0]) is float

"""One fault planted in a circuit of sixty gates: it is found, its gate is named, and nobody else is accused."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import pytest

import circuitgrad
from circuitgrad.circuit.units import Gate, class_of
from circuitgrad.gates.rule import Rule
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import KINK, WRONG

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.methods.check.result import Check

GATES = 60
CIRCUITS = range(330)
ONE = ["sin", "cos", "tanh", "sigmoid", "softplus", "exp", "gaussian", "atan", "neg", "relu", "abs", "silu", "erf"]
TWO = ["add", "sub", "mul", "max", "min", "hypot", "logsumexp", "atan2"]


def generated(seed: int) -> Circuit:
    """Return a circuit of sixty gates, all of which reach the output, with a fair amount of fan-out.

    Its gradients are finite: where an infinite slope meets another, nobody's share can be told.
    """
    while True:
        circuit = drawn(seed)
        if all(map(math.isfinite, circuit.backward().values())):
            return circuit
        seed += len(CIRCUITS)


def drawn(seed: int) -> Circuit:
    generator = random.Random(seed)
    names = [f"x{i}" for i in range(4)]
    lines = ["inputs:", *(f"  {name}: {generator.uniform(-2, 2):.4f}" for name in names), "gates:"]
    unused: list[str] = []
    for i in range(GATES - 1):
        # Values stay near 1 behind the bounded gates, so that nothing overflows.
        gate = generator.choice([*ONE, *TWO] if i % 3 else ["sin", "tanh", "atan"])
        recent = [*names[-12:], *unused]
        operands = [generator.choice(recent) for _ in range(2 if gate in TWO else 1)]
        unused = [name for name in unused if name not in operands]
        name = f"g{i}"
        lines.append(f"  {name}: {{{gate}: [{', '.join(operands)}]}}")
        names.append(name)
        unused.append(name)
    lines.append(f"  out: {{add: [{', '.join(unused if len(unused) > 1 else [*unused, 'x0'])}]}}")
    return circuitgrad.loads("\n".join(lines))


def accused(result: Check) -> set[str]:
    """Return the gates, and the sums of wires, that are called wrong."""
    gates = {name for name, comparison in result.gates.items() if comparison.verdict == WRONG}
    return gates | {f"sum {name}" for name in result.wires}


def with_rule(circuit: Circuit, index: int, rule: Rule) -> None:
    circuit.rules = [*circuit.rules[:index], rule, *circuit.rules[index + 1 :]]
    circuit._gates = []


def with_gate(circuit: Circuit, index: int, gate: Gate) -> None:
    circuit.gates[index] = gate  # type: ignore[index]


def partials(circuit: Circuit, index: int) -> tuple[float, ...]:
    circuit.forward()
    values = [circuit.units[slot].value for slot in circuit.operands[index]]
    return circuit.gates[index].partials_function(*values, circuit.gates[index].out.value)


@pytest.mark.slow
def test_the_generated_circuits_are_innocent() -> None:
    for seed in CIRCUITS:
        circuit = generated(seed)
        assert len(circuit.rules) >= GATES
        result = check(circuit)
        assert not accused(result), seed
        assert not any(comparison.verdict == WRONG for comparison in result.inputs["out"].values()), seed


@pytest.mark.slow
@pytest.mark.parametrize("block", range(0, len(CIRCUITS), 30))
def test_a_partial_that_is_off_by_a_billionth_is_named(block: int) -> None:
    for seed in CIRCUITS[block : block + 30]:
        circuit = generated(seed)
        index = seed * 7 % len(circuit.rules)
        rule = circuit.rules[index]
        position = seed % rule.arity
        operand = rule.operands[position]
        value = partials(circuit, index)[position]
        bent = Rule(rule.name, rule.value, {**rule.partials, operand: f"({rule.partials[operand]})*(1 + 1e-9)"})
        circuit = generated(seed)
        with_rule(circuit, index, bent)
        result = check(circuit)
        name = circuit.names[index]
        comparison = result.gates[name]
        if value == 0 or comparison.verdict == KINK:  # a billionth of nothing, or of a convention between two slopes
            assert not accused(result)
            continue
        assert accused(result) == {name}, seed
        assert comparison.operand == operand, seed
        assert comparison.analytic == pytest.approx(comparison.numeric * (1 + 1e-9), rel=1e-14), seed
        assert not result.passed
        place = circuit.locate(name)
        assert place is not None
        assert place.text.strip().startswith(f"{name.partition('.')[0]}:")


@pytest.mark.parametrize("block", range(0, len(CIRCUITS), 30))
def test_swapped_partials_are_named(block: int) -> None:
    for seed in CIRCUITS[block : block + 30]:
        circuit = generated(seed)
        pairs = [index for index, rule in enumerate(circuit.rules) if rule.arity == 2]
        index = pairs[seed * 7 % len(pairs)]
        first, second = partials(circuit, index)
        rule = circuit.rules[index]
        x, y = rule.partials
        circuit = generated(seed)
        with_rule(circuit, index, Rule(rule.name, rule.value, {x: rule.partials[y], y: rule.partials[x]}))
        result = check(circuit)
        assert accused(result) == (set() if first == second else {circuit.names[index]}), seed


def overwriting(gate: Gate) -> Gate:
    """Return a gate whose backward pass replaces its operands' gradients."""
    own = class_of(gate.rule)

    class Overwriting(own):  # type: ignore[misc, valid-type]
        def backward(self) -> None:
            slopes = self.partials_function(*[unit.value for unit in self.operands], self.out.value)
            for unit, slope in zip(self.operands, slopes, strict=True):
                unit.grad = slope * self.out.grad

    return Overwriting()


def dropping(gate: Gate) -> Gate:
    """Return a gate whose backward pass forgets its last operand."""
    own = class_of(gate.rule)

    class Dropping(own):  # type: ignore[misc, valid-type]
        def backward(self) -> None:
            slopes = self.partials_function(*[unit.value for unit in self.operands], self.out.value)
            for unit, slope in zip(self.operands[:-1], slopes[:-1], strict=True):
                unit.grad += slope * self.out.grad

    return Dropping()


@pytest.mark.parametrize("block", range(0, len(CIRCUITS), 30))
@pytest.mark.parametrize("plant", [overwriting, dropping])
def test_a_gate_that_does_not_add_is_named(plant: Callable[[Gate], Gate], block: int) -> None:
    for seed in CIRCUITS[block : block + 30]:
        circuit = generated(seed)
        index = seed * 7 % len(circuit.rules)
        slopes = partials(circuit, index)
        with_gate(circuit, index, plant(circuit.gates[index]))
        result = check(circuit)
        harmless = not any(slopes) if plant is overwriting else slopes[-1] == 0
        name = circuit.names[index]
        if harmless and not accused(result):
            continue
        assert accused(result) == {name}, seed
        assert "its backward pass" in result.gates[name].reason
        assert not result.passed


def test_a_gradient_that_no_gate_explains_is_named_by_its_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = generated(1)
    assert circuit.backward()["x2"]
    pull_back = type(circuit).pull_back

    def spoiled(self: Circuit, slot: int) -> None:
        pull_back(self, slot)
        self["x2"].grad *= 1 + 1e-9

    monkeypatch.setattr(type(circuit), "pull_back", spoiled)
    result = check(circuit)
    assert accused(result) == {"sum x2"}
    assert result.inputs["out"]["x2"].verdict == WRONG
    assert {comparison.verdict for name, comparison in result.inputs["out"].items() if name != "x2"} == {"ok"}


def test_a_rule_in_doubles_that_is_not_its_rows_is_named() -> None:
    circuit = generated(2)
    index = 40
    own = class_of(circuit.rules[index])
    partials_of = own.partials_function

    class Bent(own):  # type: ignore[misc, valid-type]
        partials_function = staticmethod(lambda *point: tuple(slope * (1 + 1e-9) for slope in partials_of(*point)))

    with_gate(circuit, index, Bent())
    assert accused(check(circuit)) == {circuit.names[index]}


def test_nan_is_never_a_pass() -> None:
    result = check(circuitgrad.loads("{inputs: {x: nan}, gates: {y: x*x}}"), rtol=1e9)
    assert math.isnan(result.inputs["y"]["x"].analytic)
    assert not result.passed

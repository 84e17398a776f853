"""The chain rule in numbers: held against the backward pass to the bit, and against all paths written out."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path as File
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad import CircuitError, loads
from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.methods import explain as module
from circuitgrad.methods.explain import Edge, Explanation, explain, name_of
from random_circuits import ALL, Plan, plans

if TYPE_CHECKING:
    from random import Random

CIRCUITS = sorted(
    file for file in (File(__file__).parents[2] / "circuits").glob("*.yaml") if file.stem != "activations"
)
FAULTS = ["local", "upstream", "dropped", "doubled"]


def violations(explained: Explanation) -> list[str]:
    """Return where an explanation is not what a backward pass does: the identities that all tests rest on."""
    circuit, faults = explained.circuit, []
    gradients = circuit.backward(explained.output)
    added = dict.fromkeys(gradients, 0.0)
    added[explained.output] = 1.0
    for edge in explained.edges:
        upstream = added[name_of(circuit, edge.out)]
        name = name_of(circuit, edge.operand)
        if repr(edge.upstream) != repr(upstream):
            faults.append(f"upstream of {name_of(circuit, edge.out)}")
        if edge.upstream and repr(edge.local * edge.upstream) != repr(edge.contribution):
            faults.append(f"upstream x local to {name}")
        added[name] += edge.contribution
    touched = {name_of(circuit, edge.operand) for edge in explained.edges}
    touched |= {account.name for account in explained.accounts}
    faults += [f"sum for {name}" for name in touched if repr(added[name]) != repr(gradients[name])]
    for account in explained.accounts:
        total = math.fsum(path.product for path in account.shown) + account.rest
        if not abs(total - account.gradient) <= account.rounding:
            faults.append(f"paths of {account.name}: {total} is not {account.gradient}")
        for path in account.shown:
            multiplied = math.prod(edge.local for edge in path.edges)
            if not math.isclose(multiplied, path.product, rel_tol=1e-12, abs_tol=1e-300):
                faults.append(f"a product of {account.name}")
            ends = [path.slots[0], *(edge.out for edge in path.edges)]
            starts = [*(edge.operand for edge in path.edges), path.slots[-1]]
            if not tuple(ends) == tuple(starts) == path.slots or name_of(circuit, ends[0]) != account.name:
                faults.append(f"a path of {account.name} that is none")
    return faults


def written_out(plan: Plan) -> list[list[float]]:
    """Return, per input, the products along all paths to the output, found by walking every one of them."""
    products: list[list[float]] = [[] for _ in plan.inputs]
    count = len(plan.inputs)

    def walk(wire: int, product: float) -> None:
        if wire < count:
            products[wire].append(product)
            return
        gate, operands = plan.gates[wire - count]
        for slope, operand in zip(ALL[gate][1], operands, strict=True):
            walk(operand, product * float(slope(*(plan.values[slot] for slot in operands))))

    walk(len(plan.values) - 1, 1.0)
    return products


@pytest.mark.parametrize("file", CIRCUITS, ids=lambda file: file.stem)
def test_an_example_is_explained_to_the_bit(file: File) -> None:
    circuit = circuitgrad.load(str(file))
    for output in circuit.outputs:
        assert violations(explain(circuit, output, most=10_000)) == []
        assert violations(explain(circuit, output, most=3)) == []


@given(plans())
def test_any_circuit_is_explained_to_the_bit(plan: Plan) -> None:
    assert violations(explain(plan.circuit(), most=3)) == []


@given(plans(most=8), st.integers(1, 6))
def test_the_paths_are_those_that_are_written_out(plan: Plan, most: int) -> None:
    explained = explain(plan.circuit(), most=most)
    for account, products in zip(explained.accounts, written_out(plan), strict=True):
        assert account.number == len(products)
        assert account.size == pytest.approx(math.fsum(map(abs, products)), rel=1e-9, abs=1e-300)
        sizes = sorted(map(abs, products), reverse=True)[:most]
        assert [abs(path.product) for path in account.shown] == pytest.approx(sizes, rel=1e-9, abs=1e-250)
        assert account.left == max(0, len(products) - most)


@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_the_largest_of_very_many_come_first(random: Random, most: int) -> None:
    layers, width = range(4), range(3)
    weights = [[[round(random.uniform(-3, 3), 3) for _ in width] for _ in width] for _ in layers]
    lines = ["inputs: {x: 1}", "gates:"]
    for i, matrix in enumerate(weights):
        for j, row in enumerate(matrix):
            terms = [f"({weight})*{f'h_{i - 1}_{k}' if i else 'x'}" for k, weight in enumerate(row)]
            lines.append(f"  h_{i}_{j}: {' + '.join(terms)}")
    lines.append("  y: h_3_0 + h_3_1 + h_3_2")
    (account,) = explain(loads("\n".join(lines), cse=False), most=most).accounts
    products = [
        math.prod(weights[i][way[i + 1]][way[i]] for i in layers) for way in product(width, repeat=len(layers) + 1)
    ]
    sizes = sorted(map(abs, products), reverse=True)[:most]
    assert account.number == len(products)
    assert [abs(path.product) for path in account.shown] == pytest.approx(sizes, rel=1e-12)


@given(plans(most=8))
def test_no_path_is_found_twice(plan: Plan) -> None:
    for account in explain(plan.circuit(), most=10_000).accounts:
        ways = {tuple((edge.gate, edge.position) for edge in path.edges) for path in account.shown}
        assert len(ways) == len(account.shown) == account.number


@pytest.mark.parametrize("fault", FAULTS)
def test_the_identities_notice_a_fault(fault: str) -> None:
    explained = explain(circuitgrad.load(str(CIRCUITS[0].with_name("cs231n_staged.yaml"))))
    assert violations(explained) == []
    edges = list(explained.edges)
    index = next(i for i, edge in enumerate(edges) if name_of(explained.circuit, edge.operand) == "sigx")
    edge = edges[index]
    if fault == "dropped":
        del edges[index]
    elif fault == "doubled":
        edges.insert(index, edge)
    else:
        edges[index] = edge._replace(**{fault: getattr(edge, fault) * (1 + 1e-15)})
    assert violations(explained._replace(edges=edges)) != []


def test_where_every_path_is_shown_nothing_is_left_though_one_is_infinite() -> None:
    explained = explain(loads("{inputs: {x: 0}, gates: {y: sqrt(x)}}"))
    (account,) = explained.accounts
    assert (account.gradient, account.left, account.rest) == (math.inf, 0, 0.0)


def test_the_identities_notice_a_wrong_path() -> None:
    explained = explain(loads("{inputs: {x: 2}, gates: {y: x*x + 3*x}}"))
    (account,) = explained.accounts
    assert (account.number, account.gradient, account.rest) == (3, 7.0, 0.0)
    path = account.shown[0]
    for wrong in (path._replace(product=2.5), path._replace(slots=(*path.slots[:-1], 0))):
        changed = account._replace(shown=[wrong, *account.shown[1:]])
        assert violations(explained._replace(accounts=[changed])) != []
    missing = account._replace(shown=account.shown[1:], number=2)
    assert violations(explained._replace(accounts=[missing])) != []


def test_a_wrong_rule_shows_in_the_sum_over_the_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Edge, "passed", lambda edge, product: edge.local * product * 1.001)
    assert violations(explain(loads("{inputs: {x: 2}, gates: {y: x*x + sin(x)}}"))) != []


def doubling(gates: int) -> str:
    rows = "\n".join(
        f"  g{i}: {{add: [{f'g{i - 1}' if i else 'x'}, {f'g{i - 1}' if i else 'x'}]}}" for i in range(gates)
    )
    return f"inputs: {{x: 1}}\ngates:\n{rows}\noutput: g{gates - 1}"


def test_paths_are_counted_without_looking_at_any() -> None:
    (account,) = explain(loads(doubling(1000))).accounts
    assert account.number == 2**1000
    assert account.gradient == 2.0**1000
    assert [path.product for path in account.shown] == [1.0] * 10
    assert account.left == 2**1000 - 10
    assert account.rest == 2.0**1000


def test_long_paths_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN_WIRES", 50)
    text = "{inputs: {x: 1, y: 1}, gates: {p: x*y, q: sin(p) + cos(p) + exp(p) + p}}"
    first, second = explain(loads(text), most=99).accounts
    assert len(first.shown) == first.number == 4
    monkeypatch.setattr(module, "MOST_SHOWN_WIRES", 5)
    first, second = explain(loads(text), most=99).accounts
    assert 0 < len(first.shown) < 4
    assert (list(second.shown), second.number, second.rest) == ([], 4, second.gradient)


def test_only_inputs_with_large_derivatives_get_paths() -> None:
    explained = explain(loads("{inputs: {x: 1, y: 1, z: 1}, gates: {q: x - 3*y + 2*z}}"), inputs=2)
    assert [len(account.shown) for account in explained.accounts] == [0, 1, 1]


def test_inputs_that_do_not_reach_the_output() -> None:
    explained = explain(loads("{inputs: {x: 1, y: 1}, gates: {p: sin(x), q: cos(y)}, output: p}"))
    assert [(account.name, account.number, account.gradient) for account in explained.accounts] == [
        ("x", 1, math.cos(1)),
        ("y", 0, 0.0),
    ]
    assert len(explained.edges) == 1


def test_the_way_from_an_input_to_itself() -> None:
    (account,) = explain(loads("{inputs: {x: 3}, gates: {y: x*2}}"), "x").accounts
    ((slots, edges, product),) = account.shown
    assert (slots, edges, product, account.gradient) == ((0,), (), 1.0, 1.0)


def test_only_steps_from_the_chosen_inputs_are_shown() -> None:
    explained = explain(loads("{inputs: {x: 1, y: 1}, gates: {p: exp(x), q: sin(y), r: p*q}}"), names=["y"])
    assert [name_of(explained.circuit, edge.operand) for edge in explained.edges] == ["q", "y"]


@pytest.mark.parametrize(
    ("text", "gradient", "products"),
    [
        # A zero upstream contributes zero, even through an infinite local derivative,
        ("{inputs: {x: 0}, gates: {y: 0*sqrt(x)}}", 0.0, [0.0]),
        ("{inputs: {x: 0}, gates: {u: sqrt(x), y: u - u}}", 0.0, [0.0, 0.0]),
        # but a zero local derivative does not hide an infinite upstream.
        ("{inputs: {x: 0}, gates: {y: sqrt(x*x)}}", math.nan, [math.nan, math.nan]),
        ("{inputs: {x: 0}, gates: {y: sqrt(x)}}", math.inf, [math.inf]),
        ("{inputs: {x: -1}, gates: {y: log(x) + x}}", math.nan, [math.nan, 1.0]),
    ],
)
def test_zeros_and_infinities(text: str, gradient: float, products: list[float]) -> None:
    circuit = loads(text.replace("u - u", "{sub: [u, u]}"))
    explained = explain(circuit)
    (account,) = explained.accounts
    assert repr(account.gradient) == repr(gradient) == repr(circuit.backward()["x"])
    assert sorted(map(repr, (path.product for path in account.shown))) == sorted(map(repr, products))
    assert not account.undefined
    assert all(edge.contribution == 0 for edge in explained.edges if not edge.upstream)


def test_infinite_products_that_cancel_have_no_sum() -> None:
    (account,) = explain(loads("{inputs: {x: 0}, gates: {u: sqrt(x), y: 3*u - 2*u}}")).accounts
    assert (account.gradient, [path.product for path in account.shown]) == (math.inf, [math.inf, -math.inf])
    assert account.undefined
    (account,) = explain(loads("{inputs: {x: 1e200}, gates: {u: 1e200*x, v: 1e200*u, y: v - v}}")).accounts
    assert (account.gradient, account.undefined) == (0.0, True)


def test_what_holds_here_is_the_formula_of_a_local_derivative() -> None:
    text = "{inputs: {a: 1, b: 1, c: 5}, gates: {m: 'max(a, b)', s: sigmoid(c), t: sigmoid(a), y: m*s*t}}"
    explained = explain(loads(text))
    found = {}
    for edge in explained.edges:
        ends = name_of(explained.circuit, edge.out), name_of(explained.circuit, edge.operand)
        found[ends] = FORMULA.write(explained.local(edge))
    assert found["m", "a"] == found["m", "b"] == "0.5"
    assert found["s", "c"] == "s*sigmoid(-c)"
    assert found["t", "a"] == "t*(1 - t)"


@given(plans())
def test_a_formula_says_what_its_number_is(plan: Plan) -> None:
    circuit = plan.circuit()
    explained = explain(circuit)
    values = circuit.forward()
    for edge in explained.edges:
        text = FORMULA.write(explained.local(edge))
        if name := next((name for name in values if name == text), None):
            assert values[name] == edge.local
            continue
        twin = circuitgrad.from_expression(text, **{name: values[name] for name in values if name in text})
        assert twin.forward()["out"] == pytest.approx(edge.local, rel=1e-12, abs=1e-300)


def test_what_cannot_be_explained() -> None:
    circuit = loads("{inputs: {x: 1}, gates: {p: sin(x), q: cos(x)}, output: [p, q]}")
    with pytest.raises(CircuitError, match="several outputs"):
        explain(circuit)
    with pytest.raises(CircuitError, match="no wire called 'r'"):
        explain(circuit, "r")
    with pytest.raises(CircuitError, match="'p' is a gate"):
        explain(circuit, "q", ["p"])

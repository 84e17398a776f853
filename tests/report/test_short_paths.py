"""Paths in few steps: none is lost, none is mistaken for another, and their formulas say what their numbers are."""

from __future__ import annotations

from pathlib import Path as File

import pytest
from hypothesis import given

import circuitgrad
from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.latex import LATEX
from circuitgrad.methods.explain import Explanation, explain, name_of
from circuitgrad.report.short_paths import ShortPaths, derivative, factors
from random_circuits import Plan, plans

ROOT = File(__file__).parents[2]
TEXTS = [
    "q: x*y + x*sin(x) + (x + 1)*y",
    "q: exp(x)/(1 + exp(x)) - exp(x)*y",
    "p: x*y + y, q: (p + x)*p*sin(p) + p",
    "q: x*x*x*x",
]


def nested(plan: Plan) -> circuitgrad.Circuit:
    """Return the circuit with every second wire as one of an expanded expression."""
    circuit = plan.circuit()
    circuit.names = [f"{name}.1" if i % 2 else name for i, name in enumerate(circuit.names)]
    return circuit


def hold(explained: Explanation) -> None:
    for everything in (False, True):
        paths = ShortPaths(explained, everything=everything)
        for account in explained.accounts:
            seen: dict[tuple[int, ...], tuple[int, ...]] = {}
            for path in account.shown:
                stretches = paths.stretches(path)
                assert tuple(edge for stretch in stretches for edge in stretch) == path.edges
                shown = tuple(paths.slots(path))
                assert set(shown) <= set(path.slots)
                assert (shown[0], shown[-1]) == (path.slots[0], path.slots[-1])
                assert seen.setdefault(shown, path.slots) == path.slots, "two paths look the same"
                names = {name_of(explained.circuit, slot) for slot in path.slots}
                assert {name for name in names if "." not in name} <= {
                    name_of(explained.circuit, slot) for slot in shown
                }
                assert not everything or shown == path.slots
                assert len(factors(explained, stretches, LATEX)) == len(stretches)


@pytest.mark.parametrize("text", TEXTS)
def test_different_paths_look_different(text: str) -> None:
    hold(explain(circuitgrad.loads(f"{{inputs: {{x: 2, y: 3}}, gates: {{{text}}}, output: q}}"), most=1000))


@pytest.mark.parametrize("name", ["black_scholes", "iris", "filter", "mlp", "micrograd"])
def test_different_paths_look_different_in_examples(name: str) -> None:
    hold(explain(circuitgrad.load(str(ROOT / "circuits" / f"{name}.yaml")), most=200))


@given(plans())
def test_different_paths_look_different_in_any_circuit(plan: Plan) -> None:
    hold(
        explain(nested(plan), f"g{len(plan.gates) - 1}" if len(plan.gates) % 2 else f"g{len(plan.gates) - 2}", most=99)
    )


@pytest.mark.parametrize("text", [*TEXTS, "q: -(x - y)/(x + y) - -x*(-1)/y"])
def test_the_factors_of_a_path_have_its_product(text: str) -> None:
    circuit = circuitgrad.loads(f"{{inputs: {{x: 2, y: 3}}, gates: {{{text}}}, output: q}}")
    explained = explain(circuit, most=1000)
    paths = ShortPaths(explained)
    values = circuit.forward()
    for path in (path for account in explained.accounts for path in account.shown):
        stretches = paths.stretches(path)
        product = "*".join(factors(explained, stretches, FORMULA))
        for name in sorted(values, key=len, reverse=True):
            product = product.replace(name, f"({values[name]!r})") if "." in name else product
        computed = circuitgrad.from_expression(product, **{name: values[name] for name in values if "." not in name})
        assert computed.forward()["out"] == pytest.approx(path.product, rel=1e-12)
        for stretch in stretches:
            product_of_stretch = 1.0
            for edge in stretch:
                product_of_stretch *= edge.local
            assert derivative(stretch) == pytest.approx(product_of_stretch)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("cos(exp(x))", ["q.1*(-sin(q.1))"]),
        ("exp(cos(x))", ["-sin(x)*q"]),
        ("cos(x)", ["-sin(x)"]),
        ("sigmoid(sigmoid(x))", ["q.1*(1 - q.1)*q*(1 - q)"]),
        ("3 - (2 - x)", ["-1*(-1)"]),
        ("x + 1", ["1"]),
    ],
)
def test_factors_are_in_parentheses_where_they_need_them(formula: str, expected: list[str]) -> None:
    explained = explain(circuitgrad.loads(f"{{inputs: {{x: 1}}, gates: {{q: '{formula}'}}}}"))
    (path,) = explained.accounts[0].shown
    assert factors(explained, ShortPaths(explained).stretches(path), FORMULA) == expected

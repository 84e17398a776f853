"""logsumexp of more than two operands: slopes that are the softmax, whatever the order, in every engine."""

from __future__ import annotations

import math
import random
from itertools import permutations
from typing import TYPE_CHECKING

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

import circuitgrad
from circuitgrad.engines.choice import ENGINES
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.gates.table import GATES, SHIFT, SHIFTED_EXP, SHIFTED_LOG
from circuitgrad.methods.check.check import check
from circuitgrad.report.wire_description import describe
from innocence import accused
from report.page.node import MISSING, NODE
from report.page.test_javascript import agree, ask, computed

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit

ULPS = 4

TIES_AND_MORE = [
    (1e50, 1e50, 1e50),
    (1e10, 1e10, 1e10, 1e10),
    (0.0, 0.0, 0.0),
    (-1e300, -1e300, -1e300, -1e301),
    (0.5, 0.5, 0.5, -3.0, 0.5),
    (700.0, -700.0, 699.5),
    (1.0, 2.0, 3.0),
    (-0.3183098861837907, 0.6816901138162093, 0.6816901138162092),
    (1e-300, -1e-300, 5e-324),
    (1e16, 1e16 + 2, 1e16 + 4),
    (-744.0, 0.0, -30.0, 2.5),
    (12345.678, 12345.0, 12340.0, 12345.678),
]

operands = st.lists(
    st.one_of(st.floats(-800, 800), st.sampled_from([0.0, -0.0, 1.0, 1e50, -1e50, 0.25])), min_size=3, max_size=9
)


def circuit_of(numbers: tuple[float, ...] | list[float]) -> Circuit:
    names = [f"x{index}" for index in range(len(numbers))]
    return circuitgrad.from_expression(f"logsumexp({', '.join(names)})", **dict(zip(names, numbers, strict=True)))


def softmax(numbers: tuple[float, ...] | list[float]) -> tuple[mpf, list[mpf]]:
    """Return log(sum(exp(x))) and its slopes at 60 digits."""
    largest = mpf(max(numbers))
    exponentials = [mpmath.exp(mpf(x) - largest) for x in numbers]
    total = mpmath.fsum(exponentials)
    return largest + mpmath.log(total), [x / total for x in exponentials]


def assert_right(numbers: tuple[float, ...] | list[float], value: float, slopes: list[float]) -> None:
    with mpmath.workdps(60):
        exact, shares = softmax(numbers)
        unit = max([abs(exact), *(abs(mpf(x)) for x in numbers if x > max(numbers) - 800)])
        assert abs(value - exact) <= max(ULPS * mpf(2) ** -52 * unit, mpf(2) ** -1074)
        for slope, share in zip(slopes, shares, strict=True):
            assert abs(slope - share) <= max(ULPS * mpf(2) ** -52 * share, ULPS * mpf(2) ** -1074), (slope, share)


def gradient(circuit: Circuit) -> list[float]:
    grads = circuit.backward()
    return [grads[name] for name in circuit.inputs]


@pytest.mark.parametrize("numbers", TIES_AND_MORE)
def test_slopes_are_the_softmax_in_any_order(numbers: tuple[float, ...]) -> None:
    for order in list(permutations(numbers))[:24]:
        circuit = circuit_of(order)
        assert_right(order, circuit.forward()["out"], gradient(circuit))


@given(operands)
def test_slopes_are_the_softmax_at_random_points(numbers: list[float]) -> None:
    circuit = circuit_of(numbers)
    assert_right(numbers, circuit.forward()["out"], gradient(circuit))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_the_same_slopes(engine: str) -> None:
    for numbers in TIES_AND_MORE:
        circuit = circuit_of(numbers)
        names = list(circuit.inputs)
        wanted = Wanted(("out",), ("out",), tuple(names))
        value, *slopes = program(circuit, names, wanted, engine)(*numbers)
        assert_right(numbers, value, slopes)


@pytest.mark.parametrize("numbers", TIES_AND_MORE)
@pytest.mark.parametrize("method", ["mp", "central", "ridders", "complex"])
def test_check_proves_it(numbers: tuple[float, ...], method: str) -> None:
    assert not accused(check(circuit_of(numbers), method=method))


@pytest.mark.parametrize(
    ("numbers", "value", "slopes"),
    [
        ((math.inf, 1.0, 2.0), math.inf, [1.0, 0.0, 0.0]),
        ((1.0, math.inf, 2.0), math.inf, [0.0, 1.0, 0.0]),
        ((1.0, 2.0, math.inf, -math.inf), math.inf, [0.0, 0.0, 1.0, 0.0]),
        ((-math.inf, -math.inf, 3.0), 3.0, [0.0, 0.0, 1.0]),
        ((-math.inf, 0.0, 0.0), math.log(2), [0.0, 0.5, 0.5]),
        ((-math.inf,) * 3, -math.inf, [math.nan] * 3),
        ((math.inf, math.inf, 0.0), math.inf, [math.nan] * 3),
        ((math.nan, 0.0, 1.0), math.nan, [math.nan] * 3),
        ((0.0, 1.0, math.nan), math.nan, [math.nan] * 3),
        ((math.inf, 0.0, math.nan), math.nan, [math.nan] * 3),
    ],
)
def test_infinities_and_nan(numbers: tuple[float, ...], value: float, slopes: list[float]) -> None:
    for engine in ENGINES:
        circuit = circuit_of(numbers)
        names = list(circuit.inputs)
        run = program(circuit, names, Wanted(("out",), ("out",), tuple(names)), engine)
        assert list(map(repr, run(*numbers))) == list(map(repr, [value, *slopes])), engine


def test_all_forms_are_the_same_gates() -> None:
    inputs = "inputs: {'x[0:4]': [3, 1e3, -2, 1e3]}"
    forms = [
        "f: {logsumexp: ['x[0]', 'x[1]', 'x[2]', 'x[3]']}",
        "f: {logaddexp: ['x[0]', 'x[1]', 'x[2]', 'x[3]']}",
        "f: 'logsumexp(x[0], x[1], x[2], x[3])'",
        "f: 'logsumexp(x[i] for i in range(4))'",
    ]
    circuits = [circuitgrad.loads(f"{{{inputs}, gates: {{{form}}}}}") for form in forms]
    assert len({tuple(rule.name for rule in circuit.rules) for circuit in circuits}) == 1
    for circuit in circuits:
        assert [circuit.backward()[f"x[{index}]"] for index in range(4)] == [0.0, 0.5, 0.0, 0.5]


def test_loops_over_one_two_and_many() -> None:
    for count in (1, 2, 3, 60):
        circuit = circuitgrad.from_expression(f"logsumexp(x*i for i in range({count}))", x=0.75)
        value = circuit.forward()["out"]
        assert value == pytest.approx(math.log(sum(math.exp(0.75 * i) for i in range(count))), rel=1e-14, abs=1e-15)


def test_a_thousand_equal_operands_have_equal_slopes() -> None:
    circuit = circuitgrad.loads("{inputs: {'x[0:1000]': 1e50}, gates: {f: 'logsumexp(x[i] for i in range(1000))'}}")
    assert set(gradient(circuit)) == {0.001}


def test_numbers_alone_are_a_number() -> None:
    circuit = circuitgrad.from_expression("x + logsumexp(1, 2, 3)", x=0)
    assert len(circuit.rules) == 1
    assert circuit.forward()["out"] == pytest.approx(3.4076059644443806, rel=1e-15)


@pytest.mark.skipif(NODE is None, reason=MISSING)
def test_the_page_computes_the_same() -> None:
    rng = random.Random(1)
    rules = [SHIFT, SHIFTED_EXP, SHIFTED_LOG]
    special = [0.0, 1.0, math.inf, -math.inf, math.nan]
    points = [[rng.choice([*special, rng.uniform(-9, 9)]) for _ in range(2)] for _ in range(300)]
    cases = [(index, point[: rule.arity]) for index, rule in enumerate(rules) for point in points]
    for (index, point), answer in zip(cases, ask(rules, cases), strict=True):
        assert all(map(agree, answer, computed(rules[index], tuple(point)))), (rules[index], point)


def test_its_rules_are_no_gates_of_files() -> None:
    assert not {rule.name for rule in (SHIFT, SHIFTED_EXP, SHIFTED_LOG)} & GATES.keys()


def test_it_is_written_as_one_call_and_may_stand_in_a_definition() -> None:
    circuit = circuitgrad.loads(
        "{inputs: {x: 1, y: 2, z: 3}, gates: {f: 'logsumexp(x, y, z)', g: 'f + logsumexp(x, y, 2)'}}"
    )
    assert describe(circuit, circuit.slot("f")) == "logsumexp(x, y, z)"
    assert describe(circuit, circuit.slot("g")) == "add(f, logsumexp(logsumexp(x, y), 2))"
    partials = "{a: exp(a - out), b: exp(b - out), c: exp(c - out)}"
    own = f"{{own: {{operands: [a, b, c], value: 'logsumexp(a, b, c)', partials: {partials}}}}}"
    circuit = circuitgrad.loads(f"{{define: {own}, inputs: {{x: 1, y: 2, z: 3}}, gates: {{f: 'own(x, y, z)'}}}}")
    assert {comparison.verdict for comparison in check(circuit).gates.values()} == {"ok"}

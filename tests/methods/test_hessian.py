"""Second derivatives against mpmath's, against closed forms, and against differences of the gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import circuitgrad
from budget import examples
from circuitgrad.errors import CircuitError
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.table import find
from circuitgrad.methods.check.check import check
from circuitgrad.methods.check.verdicts import KINK, OK, WRONG
from circuitgrad.methods.hessian import hessian, singular_gate, tangent_rows
from innocence import accused
from random_circuits import SMOOTH, Plan, plans

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.circuit.circuit import Circuit

coordinate = st.floats(-2, 2, allow_subnormal=False).map(lambda x: round(x, 6))
positive = st.floats(0.1, 3).map(lambda x: round(x, 6))

# Formulas, and what they mean said with mpmath.
FORMULAS: list[tuple[str, Callable[..., Any]]] = [
    ("x**3*sin(y) + exp(x*y)", lambda x, y: x**3 * mp.sin(y) + mp.exp(x * y)),
    ("log1p(x*x)*atan(y)", lambda x, y: mp.log(1 + x * x) * mp.atan(y)),
    ("sqrt(1 + x*x + y*y)", lambda x, y: mp.sqrt(1 + x * x + y * y)),
    ("sigmoid(x - 2*y)*tanh(x + y)", lambda x, y: mp.tanh(x + y) / (1 + mp.exp(2 * y - x))),
    ("exp(-x*x)/(2 + cos(y))", lambda x, y: mp.exp(-x * x) / (2 + mp.cos(y))),
    ("logsumexp(x*y, x - y)", lambda x, y: mp.log(mp.exp(x * y) + mp.exp(x - y))),
    ("softplus(x)*normal_cdf(y)", lambda x, y: mp.log(1 + mp.exp(x)) * mp.ncdf(y)),
    ("gelu(x) + silu(x*y)", lambda x, y: x * mp.ncdf(x) + x * y / (1 + mp.exp(-x * y))),
    ("erf(x)*gaussian(y) + sinh(x*y/4)", lambda x, y: mp.erf(x) * mp.exp(-y * y) + mp.sinh(x * y / 4)),
    ("asinh(x*y) - square(cosh(x))", lambda x, y: mp.asinh(x * y) - mp.cosh(x) ** 2),
]
OF_POSITIVES: list[tuple[str, Callable[..., Any]]] = [
    ("x**y", lambda x, y: x**y),
    ("x*log(y) - y*log2(x)", lambda x, y: x * mp.log(y) - y * mp.log(x) / mp.log(2)),
    ("hypot(x, y)**3", lambda x, y: mp.sqrt(x * x + y * y) ** 3),
    ("atan2(y, x)*sqrt(x)", lambda x, y: mp.atan(y / x) * mp.sqrt(x)),
    ("cbrt(x)/y + 1/(x*y)", lambda x, y: mp.cbrt(x) / y + 1 / (x * y)),
    ("log10(x + y)*acosh(1 + x)", lambda x, y: mp.log(x + y) / mp.log(10) * mp.acosh(1 + x)),
]


def seconds(meaning: Callable[..., Any], x: float, y: float) -> dict[tuple[str, str], Any]:
    """Return the second derivatives of a function of two variables by mpmath."""
    with mpmath.workdps(40):
        point = mpf(x), mpf(y)
        mixed = mpmath.diff(meaning, point, (1, 1))
        return {
            ("x", "x"): mpmath.diff(meaning, point, (2, 0)),
            ("x", "y"): mixed,
            ("y", "x"): mixed,
            ("y", "y"): mpmath.diff(meaning, point, (0, 2)),
        }


def entries(found: dict[str, dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(one, other): value for one, row in found.items() for other, value in row.items()}


def verdicts(circuit: Circuit, **options: Any) -> dict[str, str]:
    found = check(circuit, order=2, **options)
    return {pair: one.verdict for group in found.inputs.values() for pair, one in group.items()}


def assert_seconds(text: str, meaning: Callable[..., Any], x: float, y: float) -> None:
    wanted = seconds(meaning, x, y)
    scale = max(1, *map(abs, wanted.values()))
    circuit = circuitgrad.from_expression(text, x=x, y=y)
    for pair, value in entries(hessian(circuit, "out")).items():
        assert abs(value - wanted[pair]) <= 1e-11 * scale, (pair, value)
    with mpmath.workdps(40):
        for pair, value in entries(hessian(circuit, "out", arithmetic=MULTIPRECISION)).items():
            assert abs(value - wanted[pair]) <= mpf(10) ** -14 * scale, (pair, value)


@pytest.mark.parametrize(("text", "meaning"), FORMULAS, ids=[text for text, _ in FORMULAS])
@settings(max_examples=examples(20))
@given(x=coordinate, y=coordinate)
def test_second_derivatives_agree_with_mpmath(text: str, meaning: Callable[..., Any], x: float, y: float) -> None:
    assert_seconds(text, meaning, x, y)


@pytest.mark.parametrize(("text", "meaning"), OF_POSITIVES, ids=[text for text, _ in OF_POSITIVES])
@settings(max_examples=examples(20))
@given(x=positive, y=positive)
def test_second_derivatives_of_roots_and_powers_agree_with_mpmath(
    text: str, meaning: Callable[..., Any], x: float, y: float
) -> None:
    assert_seconds(text, meaning, x, y)


# Closed forms


@given(x=coordinate, y=coordinate)
def test_the_hessian_of_rosenbrock(x: float, y: float) -> None:
    circuit = circuitgrad.from_expression("(1 - x)**2 + 100*(y - x**2)**2", x=x, y=y)
    found = hessian(circuit, "out")
    assert found["x"]["x"] == pytest.approx(1200 * x * x - 400 * y + 2, abs=1e-10 * (1200 * x * x + 400 * abs(y) + 2))
    assert found["x"]["y"] == found["y"]["x"] == pytest.approx(-400 * x)
    assert found["y"]["y"] == pytest.approx(200)


@given(numbers=st.lists(st.floats(-30, 30), min_size=2, max_size=5))
def test_the_hessian_of_log_sum_exp_is_that_of_softmax(numbers: list[float]) -> None:
    names = [f"x{i}" for i in range(len(numbers))]
    circuit = circuitgrad.from_expression(f"logsumexp({', '.join(names)})", **dict(zip(names, numbers, strict=True)))
    found = hessian(circuit, "out")
    largest = max(numbers)
    total = math.fsum(math.exp(x - largest) for x in numbers)
    shares = [math.exp(x - largest) / total for x in numbers]
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            wanted = shares[i] * (1 - shares[i]) if i == j else -shares[i] * shares[j]
            assert found[one][other] == pytest.approx(wanted, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(("gate", "right_to"), [("sigmoid", 2e-16), ("tanh", 2e-15)])
@given(x=st.floats(-4, 4) | st.floats(-1e-6, 1e-6))
def test_second_derivatives_that_cancel_are_right_to_what_the_row_says(gate: str, right_to: float, x: float) -> None:
    assert f"right to {right_to:g}" in find(gate).convention
    found = hessian(circuitgrad.from_expression(f"{gate}(x)", x=x), "out")["x"]["x"]
    with mp.workdps(40):
        share = 1 / (1 + mp.exp(-mp.mpf(x)))
        exact = share * (1 - share) * (1 - 2 * share) if gate == "sigmoid" else -2 * mp.tanh(x) / mp.cosh(x) ** 2
        assert abs(found - exact) <= right_to


@given(x=coordinate, m=coordinate, s=positive)
def test_the_hessian_of_a_gaussian_log_likelihood(x: float, m: float, s: float) -> None:
    circuit = circuitgrad.from_expression("-log(s) - ((x - m)/s)**2/2", x=x, m=m, s=s)
    found = hessian(circuit, "out", ["m", "s"])
    z = (x - m) / s
    scale = 1e-11 * (1 + z * z) / (s * s)
    assert found["m"]["m"] == pytest.approx(-1 / (s * s), abs=scale)
    assert found["m"]["s"] == pytest.approx(-2 * z / (s * s), abs=scale)
    assert found["s"]["m"] == pytest.approx(-2 * z / (s * s), abs=scale)
    assert found["s"]["s"] == pytest.approx((1 - 3 * z * z) / (s * s), abs=scale)


@given(x=coordinate, y=coordinate)
def test_the_hessian_of_a_gaussian_bell(x: float, y: float) -> None:
    found = hessian(circuitgrad.from_expression("exp(-(x*x + y*y)/2)", x=x, y=y), "out")
    bell = math.exp(-(x * x + y * y) / 2)
    assert found["x"]["x"] == pytest.approx((x * x - 1) * bell, abs=1e-14)
    assert found["x"]["y"] == pytest.approx(x * y * bell, abs=1e-14)
    assert found["y"]["y"] == pytest.approx((y * y - 1) * bell, abs=1e-14)


@given(x=coordinate, y=coordinate, a=coordinate, b=coordinate)
def test_what_is_linear_has_none(x: float, y: float, a: float, b: float) -> None:
    found = hessian(circuitgrad.from_expression("a*x + b*y - 3", x=x, y=y, a=a, b=b), "out")
    ones = {("a", "x"), ("x", "a"), ("b", "y"), ("y", "b")}
    assert entries(found) == {pair: float(pair in ones) for pair in entries(found)}


# Random circuits


@settings(max_examples=examples(60))
@given(plan=plans(gates=tuple(SMOOTH)))
def test_a_hessian_is_symmetric(plan: Plan) -> None:
    assume(all(abs(value) < 1e6 for value in plan.values))
    with mpmath.workdps(60):
        found = entries(hessian(plan.circuit(), plan.names[-1], arithmetic=MULTIPRECISION))
        scale = max(1, *map(abs, found.values()))
        assume(scale < mpf(10) ** 20)
        for (one, other), value in found.items():
            assert abs(value - found[other, one]) <= mpf(10) ** -30 * scale


@settings(max_examples=examples(60))
@given(plan=plans(gates=tuple(SMOOTH)), direction=st.lists(coordinate, min_size=4, max_size=4))
def test_a_hessian_times_a_direction_is_the_change_of_the_gradient_along_it(plan: Plan, direction: list[float]) -> None:
    assume(all(abs(value) < 1e3 for value in plan.values))
    circuit, output = plan.circuit(), plan.names[-1]
    with mpmath.workdps(80):
        found = hessian(circuit, output, arithmetic=MULTIPRECISION)
        step = mpf(10) ** -25
        gradients = []
        for side in (1, -1):
            twin = circuit.over(MULTIPRECISION)
            for name, share in zip(circuit.inputs, direction, strict=False):
                twin[name].value += side * step * mpf(share)
            gradients.append(twin.backward(output))
        above, below = gradients
        for name, row in found.items():
            product = sum(value * mpf(share) for value, share in zip(row.values(), direction, strict=False))
            change = (above[name] - below[name]) / (2 * step)
            scale = sum(abs(value) for value in row.values()) + abs(change)
            # The error of the difference is a third derivative times the step's square.
            assert abs(product - change) <= mpf(10) ** -15 * (scale + 1)


@settings(max_examples=examples(40))
@given(plan=plans(gates=tuple(SMOOTH), most=8))
def test_doubles_agree_with_multiprecision(plan: Plan) -> None:
    assume(all(abs(value) < 1e3 for value in plan.values))
    circuit, output = plan.circuit(), plan.names[-1]
    with mpmath.workdps(50):
        exact = entries(hessian(circuit, output, arithmetic=MULTIPRECISION))
    scale = max(1.0, *(abs(gradient) for gradient in circuit.backward(output).values()), *map(abs, exact.values()))
    for pair, value in entries(hessian(circuit, output)).items():
        assert abs(value - exact[pair]) <= 1e-9 * scale


# What it leaves, and what it asks for


@given(plan=plans())
def test_the_circuit_stays_as_it_was(plan: Plan) -> None:
    circuit = plan.circuit()
    before = circuit.backward(plan.names[-1]), circuit.values(), [unit.value for unit in circuit.units]
    hessian(circuit, plan.names[-1])
    assert [unit.value for unit in circuit.units] == before[2]
    assert circuit.values() == before[1]
    assert circuit.backward(plan.names[-1]) == before[0]


def test_chosen_inputs_only_and_at_their_present_values() -> None:
    circuit = circuitgrad.from_expression("x*x*y*z", x=9, y=9, z=2)
    circuit.assign({"x": 3.0, "y": 5.0})
    assert hessian(circuit, "out", ["y", "x"]) == {"y": {"y": 0.0, "x": 12.0}, "x": {"y": 12.0, "x": 20.0}}
    assert hessian(circuit, "out", []) == {}


def test_an_output_that_an_input_does_not_reach() -> None:
    circuit = circuitgrad.loads("{inputs: {x: 2, y: 3}, gates: {p: exp(x), q: y*y}, output: q}")
    assert hessian(circuit, "q") == {"x": {"x": 0.0, "y": 0.0}, "y": {"x": 0.0, "y": 2.0}}


@pytest.mark.parametrize(("output", "names"), [("no", ["x"]), ("out", ["no"]), ("out", ["x", "p"])])
def test_what_is_no_wire_or_no_input_is_refused(output: str, names: list[str]) -> None:
    circuit = circuitgrad.loads("{inputs: {x: 2}, gates: {p: exp(x), out: p*x}}")
    with pytest.raises(CircuitError, match=r"no wire called|is a gate, not an input"):
        hessian(circuit, output, names)


# Wrong partials


def product(by_u: str, by_v: str) -> Circuit:
    """Return u*v at (1, 2), by a gate with these partials."""
    define = f"define: {{g: {{operands: [u, v], value: u*v, partials: {{u: '{by_u}', v: '{by_v}'}}}}}}"
    return circuitgrad.loads(f"{define}\ninputs: {{u: 1, v: 2}}\ngates: {{out: 'g(u, v)'}}")


@given(factor=st.sampled_from([-2.0, 1e-3, 0.5, 1.0, 40.0]))
def test_a_partial_right_at_the_point_only_makes_tangents_differ(factor: float) -> None:
    circuit = product(f"v + {factor!r}*(v - 2)", "u")
    assert check(circuit).points[0].passed
    found = tangent_rows(circuit, "out")
    assert sorted([found["u"]["v"], found["v"]["u"]]) == sorted([1.0, 1.0 + factor])
    assert hessian(circuit, "out")["u"]["v"] == hessian(circuit, "out")["v"]["u"] == 1.0 + factor / 2
    judged = check(circuit, order=2)
    assert not judged.passed
    assert verdicts(circuit) == {"u, u": OK, "u, v": WRONG, "v, v": OK}


def test_a_partial_right_at_the_point_only_is_wrong_on_the_diagonal() -> None:
    circuit = product("v + 3*(u - 1)", "u")
    assert check(circuit).points[0].passed
    assert hessian(circuit, "out")["u"] == {"u": 3.0, "v": 1.0}
    assert verdicts(circuit) == {"u, u": WRONG, "u, v": OK, "v, v": OK}


@pytest.mark.parametrize("method", ["mp", "central"])
def test_either_method_finds_it(method: str) -> None:
    define = "define: {cube: {operands: [u], value: u*u*u, partials: {u: '12 + 13*(u - 2)'}}}"
    circuit = circuitgrad.loads(f"{define}\ninputs: {{x: 2, y: 3}}\ngates: {{out: cube(x)*y}}")
    assert check(circuit, method=method).points[0].passed
    found = check(circuit, order=2, method=method)
    # Differences of the gradient are wrong as the gradient is: they compare like with like.
    wanted = {"x, x": WRONG if method == "mp" else OK, "x, y": OK, "y, y": OK}
    assert {pair: one.verdict for pair, one in found.inputs["out"].items()} == wanted


@settings(max_examples=examples(30))
@given(plan=plans(gates=tuple(SMOOTH), most=6))
def test_the_second_order_check_accuses_no_innocent(plan: Plan) -> None:
    assume(all(abs(value) < 1e6 for value in plan.values))
    for method in ("mp", "central"):
        assert not accused(check(plan.circuit(), order=2, method=method))


@pytest.mark.parametrize("text", ["abs(x)**3", "x*x*relu(x)", "softplus(x)", "gaussian(x)", "x*x*sign(x)*x"])
def test_a_tie_that_bends_nothing_is_no_kink_of_second_derivatives(text: str) -> None:
    assert verdicts(circuitgrad.from_expression(text, x=0)) == {"x, x": OK}


@pytest.mark.parametrize(
    ("text", "left", "right"),
    [
        ("abs(x)*x", -2.0, 2.0),
        ("max(x, 0)*x/2", 0.0, 1.0),
        ("elu(x)", 1.0, 0.0),
        ("relu(x)", math.inf, math.inf),  # the slope jumps from 0 to 1, and is 1/2 between the two
        ("min(x, 0)", -math.inf, -math.inf),
    ],
)
def test_a_kink_of_the_slope_or_the_value_is_one_of_second_derivatives(text: str, left: float, right: float) -> None:
    (found,) = check(circuitgrad.from_expression(text, x=0), order=2).inputs["out"].values()
    assert (found.verdict, found.left, found.right) == (KINK, left, right)


# Symmetry, and where there are no second derivatives


@given(plan=plans(gates=tuple(SMOOTH)))
def test_a_hessian_is_symmetric_to_the_bit(plan: Plan) -> None:
    rows = hessian(plan.circuit(), plan.names[-1])
    for first, row in rows.items():
        for second, number in row.items():
            other = rows[second][first]
            assert number == other or (number != number and other != other)


@pytest.mark.parametrize(
    ("text", "inputs", "gate"),
    [
        ("hypot(x, y)**2", {"x": 0, "y": 0}, "hypot"), ("x**y", {"x": 0, "y": 1}, "pow"),
        ("abs(x)**2", {"x": 0}, "abs"),
        ("x*relu(x)", {"x": 0}, "relu"), ("max(x, y)*x", {"x": 1, "y": 1}, "max"), ("sqrt(x)**2", {"x": 0}, "sqrt"),
        ("cbrt(x)**3", {"x": 0}, "cbrt"), ("x**1.5", {"x": 0}, "pow"), ("clip(x, 0, 1)**2", {"x": 0}, "clip"),
        ("exp(hypot(x, y)**2)", {"x": 0, "y": 0}, "hypot"),
    ],
)  # fmt: skip
def test_a_gate_without_second_derivatives_is_named(text: str, inputs: dict[str, float], gate: str) -> None:
    circuit = circuitgrad.from_expression(text, **inputs)
    circuit.forward()
    problem = singular_gate(circuit, "out")
    assert problem is not None
    assert f"{gate}(" in problem.message


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("x**3", 0), ("sigmoid(x)", 0), ("softplus(x)", 0), ("logsumexp(x, 2*x)", 0), ("tanh(x)*gelu(x)", 0),
        ("relu(x)", -1), ("sin(x)/x if x != 0 else 1 - x**2/6", 0), ("sqrt(x) if x > 0 else 0", 0),
        ("abs(x)**2 if x > 0 else x", 0), ("x**2.5", 0), ("silu(x) + erf(x)", 0), ("relu(-1 + hypot(x, x))", 0),
    ],
)  # fmt: skip
def test_smooth_points_and_guards_are_not_named(text: str, x: float) -> None:
    circuit = circuitgrad.from_expression(text, x=x)
    circuit.forward()
    assert singular_gate(circuit, "out") is None


@given(plan=plans(gates=tuple(SMOOTH)))
def test_a_smooth_circuit_of_moderate_numbers_is_not_named(plan: Plan) -> None:
    assume(all(1e-2 < abs(value) < 1e2 for value in plan.values))
    circuit = plan.circuit()
    circuit.forward()
    assert singular_gate(circuit, plan.names[-1]) is None

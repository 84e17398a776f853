"""Dual numbers: every gate's tangent is what its partials say, and the value alone decides."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

import circuitgrad
from circuitgrad.gates.compiled import compiled, partials_function, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.duals import Dual, duals, tangent_of, value_of
from circuitgrad.gates.kinks import branch_function
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.table import GATES, find
from circuitgrad.methods.hessian import hessian
from gates.test_table import MEANING, ROWS, points
from random_circuits import ALL, Plan, plans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.gates.rule import Rule

finite = st.floats(-1e6, 1e6, allow_subnormal=False)
SHARES = (1.0, -0.75, 2.5)
"""Tangents of up to three operands."""
JUMPING = {"floor", "sign", "step", "mod", "where", "lt", "le", "gt", "ge", "eq", "ne"}


def same(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def slope_along(row: Rule, point: Sequence[float], shares: Sequence[float]) -> float:
    """Return the sum of partials times tangents, an operand that does not move left out."""
    partials = partials_function(row)(*point, value_function(row)(*point))
    return sum((partial * share for partial, share in zip(partials, shares, strict=True) if share), 0.0)


def user_row(value: str, **partials: str) -> Rule:
    """Return the row that a file defines: a gate `g` of the operands of its partials."""
    written = ", ".join(f"{operand}: '{partial}'" for operand, partial in partials.items())
    inputs = ", ".join(f"{operand}: 1" for operand in partials)
    define = f"define: {{g: {{operands: [{', '.join(partials)}], value: '{value}', partials: {{{written}}}}}}}"
    circuit = circuitgrad.loads(f"{define}\ninputs: {{{inputs}}}\ngates: {{out: 'g({', '.join(partials)})'}}")
    (row,) = circuit.rules
    return row


# The rules of the table


@ROWS
def test_a_tangent_is_the_sum_of_the_partials_times_the_tangents(row: Rule) -> None:
    lifted = duals().primitives[row.name]
    for point in points(row, 100):
        moved = lifted(*map(Dual, point, SHARES))
        assert same(moved.value, value_function(row)(*point))
        assert same(moved.tangent, slope_along(row, point, SHARES[: row.arity]))


@ROWS
def test_each_operand_alone_gives_its_own_partial(row: Rule) -> None:
    lifted = duals().primitives[row.name]
    for point in points(row, 40):
        partials = partials_function(row)(*point, value_function(row)(*point))
        for position, partial in enumerate(partials):
            alone = [Dual(x, 1.0) if i == position else x for i, x in enumerate(point)]
            assert same(lifted(*alone).tangent, partial)


@ROWS
def test_tangents_in_multiprecision_are_directional_derivatives(row: Rule) -> None:
    lifted, state = duals(MULTIPRECISION).primitives[row.name], branch_function(row, MULTIPRECISION)
    with mpmath.workdps(60):
        step = mpf(10) ** -20
        for drawn in points(row, 25):
            # Off the edges of domains, and off any branch: there the meaning has one slope.
            point = [mpf(x) for x in drawn]
            ends = [[x + side * step * share for x, share in zip(point, SHARES, strict=False)] for side in (-1, 1)]
            inside = all(low < x < high for x, (low, high) in zip(drawn, row.sample, strict=True))
            if not inside or (state and (state(*ends[0]).differs(state(*ends[1])) or state(*point).tied)):
                continue
            if any(abs(x) < 1e-9 for x in drawn) or any(abs(x - 1) < 1e-9 for x in map(abs, drawn)):
                continue
            with mpmath.workdps(800):
                low, high = (MEANING[row.name](*end) for end in ends)
                slope = (high - low) / (2 * step)
            found = lifted(*map(Dual, point, SHARES))
            scale = max(abs(slope), abs(found.value))
            # The literal numbers of the rules are doubles.
            assert abs(found.tangent - slope) <= mpf(10) ** -15 * scale + mpf(10) ** -25


@pytest.mark.parametrize("name", [name for name, row in GATES.items() if name not in DOUBLES.primitives])
def test_forward_mode_through_a_formula_finds_the_partials_beside_it(name: str) -> None:
    row = find(name)
    formula = compiled(row.operands, row.value.steps, duals())
    state = branch_function(row)
    for point in points(row, 100):
        if state and any(abs(margin) < 1e-9 for margin in state(*point).margins):
            continue
        found, slope = formula(*map(Dual, point, SHARES)), slope_along(row, point, SHARES[: row.arity])
        out = value_function(row)(*point)
        assert same(value_of(found), out)
        if math.isfinite(slope):
            assert tangent_of(found) == pytest.approx(slope, rel=1e-9, abs=1e-12 * abs(out) + 1e-300)


def test_what_does_not_move_adds_nothing_even_through_an_infinite_slope() -> None:
    root = duals().primitives["sqrt"](Dual(0.0))
    assert (root.value, root.tangent) == (0.0, 0.0)
    assert duals().primitives["sqrt"](Dual(0.0, 1.0)).tangent == math.inf


def test_many_tangents_stay_at_the_digits_of_their_arithmetic() -> None:
    with mpmath.workdps(50):
        found = duals(MULTIPRECISION).primitives["exp"](Dual(mpf(1), mpf(1)))
        assert abs(found.tangent - mpmath.e) < mpf(10) ** -48
        assert isinstance((found * found).tangent, mpf)


# Operators

OPERATORS = pytest.mark.parametrize(
    ("operation", "slopes"),
    [
        (operator.add, lambda x, y: (1.0, 1.0)),
        (operator.sub, lambda x, y: (1.0, -1.0)),
        (operator.mul, lambda x, y: (y, x)),
    ],
)


@OPERATORS
@given(x=finite, y=finite, t=finite, u=finite)
def test_operators_take_duals_and_floats_on_either_side(
    operation: Callable[[Any, Any], Any],
    slopes: Callable[[float, float], tuple[float, float]],
    x: float,
    y: float,
    t: float,
    u: float,
) -> None:
    by_x, by_y = slopes(x, y)
    for found, tangent in [
        (operation(Dual(x, t), Dual(y, u)), by_x * t + by_y * u),
        (operation(Dual(x, t), y), by_x * t),
        (operation(x, Dual(y, u)), by_y * u),
    ]:
        assert isinstance(found, Dual)
        assert found.value == operation(x, y)
        assert found.tangent == tangent


@given(x=finite, t=finite)
def test_a_sign_changes_both_parts(x: float, t: float) -> None:
    found = -Dual(x, t)
    assert (found.value, found.tangent) == (-x, -t)


def test_a_truth_value_is_a_number_to_the_operators_as_in_formulas() -> None:
    found = True * Dual(3.0, 2.0) + False * Dual(5.0, 7.0)
    assert (found.value, found.tangent) == (3.0, 2.0)


@given(
    x=st.floats(allow_nan=True),
    y=st.floats(allow_nan=True),
    t=finite,
    u=finite,
    same_value=st.booleans(),
)
def test_comparisons_go_by_the_value(x: float, y: float, t: float, u: float, *, same_value: bool) -> None:
    y = x if same_value else y
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        wanted = compare(x, y)
        assert compare(Dual(x, t), Dual(y, u)) is wanted
        assert compare(Dual(x, t), y) is wanted
        assert compare(x, Dual(y, u)) is wanted


@pytest.mark.parametrize(
    ("value", "tangent", "truth"),
    [(0.0, 0.0, False), (-0.0, -0.0, False), (0.0, 1.0, True), (1.0, 0.0, True), (math.nan, 0.0, True)],
)
def test_a_dual_is_false_only_where_both_parts_are_zero(value: float, tangent: float, *, truth: bool) -> None:
    assert bool(Dual(value, tangent)) is truth
    assert bool(Dual(mpf(value), mpf(tangent))) is truth


def test_parts_of_what_is_no_dual() -> None:
    assert (value_of(3.0), tangent_of(3.0)) == (3.0, 0.0)
    assert (value_of(Dual(3.0, 4.0)), tangent_of(Dual(3.0, 4.0))) == (3.0, 4.0)


# Conditions and conventions inside formulas


@pytest.mark.parametrize(("u", "chosen"), [(0.0, 5.0), (-0.0, 5.0), (2.0, 3.0), (-1e-300, 3.0)])
def test_a_condition_goes_by_the_value_however_it_moves(u: float, chosen: float) -> None:
    row = user_row("x if u else y", u="0", x="1 if u else 0", y="0 if u else 1")
    found = value_function(row, duals())(Dual(u, 1.0), Dual(3.0, 10.0), Dual(5.0, 100.0))
    assert found.value == value_function(row)(u, 3.0, 5.0) == chosen
    assert found.tangent == {3.0: 10.0, 5.0: 100.0}[chosen]
    partials = partials_function(row, duals())(Dual(u, 1.0), 3.0, 5.0, chosen)
    assert tuple(map(value_of, partials)) == ((0.0, 1.0, 0.0) if chosen == 3 else (0.0, 0.0, 1.0))


@pytest.mark.parametrize("text", ["x*x if u else 3*x", "where(u, x*x, 3*x)"])
@pytest.mark.parametrize("u", [0.0, 1.0])
def test_a_moving_condition_of_value_zero_takes_its_other_branch_in_second_derivatives(text: str, u: float) -> None:
    slope = "2*x if u else 3"
    define = f"define: {{g: {{operands: [u, x], value: '{text}', partials: {{u: '0', x: '{slope}'}}}}}}"
    circuit = circuitgrad.loads(f"{define}\ninputs: {{u: {u}, x: 5}}\ngates: {{out: 'g(u, x)*(u + 1)'}}")
    # (x*x)*(u + 1) or (3*x)*(u + 1)
    wanted = {"ux": 10.0, "xx": 4.0} if u else {"ux": 3.0, "xx": 0.0}
    found = hessian(circuit, "out")
    assert found["u"]["x"] == found["x"]["u"] == wanted["ux"]
    assert found["x"]["x"] == wanted["xx"]


@pytest.mark.parametrize(
    ("formula", "tangent"),
    [
        ("sign(x)", 0.0),
        ("abs(x)", 0.0),
        ("max(x, 0)", 0.5),
        ("max(0, x)", 0.5),
        ("min(x, 0)", 0.5),
        ("max(x, x)", 1.0),
        ("max(x, -x)", 0.0),
        ("relu(x)", 0.0),
        ("leaky_relu(x)", 0.01),
        ("clip(x, 0, 1)", 0.5),
        ("step(x)", 0.0),
        ("floor(x)", 0.0),
        ("hypot(x, 0)", 0.0),
        ("x > 0", 0.0),
        ("where(x, x, 3*x)", 3.0),
        ("x if x > 0 else 3*x", 3.0),
        ("abs(x - 0) + 2*sign(x) + x", 1.0),
    ],
)
def test_at_a_kink_a_formula_follows_the_conventions_of_the_rows_that_it_calls(formula: str, tangent: float) -> None:
    row = user_row(formula, x="1")
    for arithmetic in (DOUBLES, MULTIPRECISION):
        found = value_function(row, duals(arithmetic))(Dual(arithmetic.number(0.0), arithmetic.number(1.0)))
        assert tangent_of(found) == pytest.approx(tangent, abs=0)


@pytest.mark.parametrize(
    ("value", "partial", "second"),
    [
        ("x*abs(x)/2", "abs(x)", 0.0),
        ("x*max(x, 0)/2", "max(x, 0)", 0.5),
        ("x*relu(x)/2", "relu(x)", 0.0),
        ("abs(x)", "sign(x)", 0.0),
    ],
)
def test_the_second_derivative_at_a_kink_of_a_partial_follows_the_convention(
    value: str, partial: str, second: float
) -> None:
    define = f"define: {{g: {{operands: [x], value: '{value}', partials: {{x: '{partial}'}}}}}}"
    circuit = circuitgrad.loads(f"{define}\ninputs: {{x: 0}}\ngates: {{out: g(x)}}")
    assert hessian(circuit, "out") == {"x": {"x": second}}


@given(plan=plans(gates=tuple(ALL)))
def test_forward_mode_agrees_with_reverse_mode_on_random_circuits(plan: Plan) -> None:
    twin = plan.circuit().over(duals())
    slopes = plan.gradients
    output = plan.names[-1]
    for slot, name in enumerate(plan.names[: len(plan.inputs)]):
        traced = twin.trace({})
        moved = twin.retrace(traced, name, Dual(plan.inputs[slot], 1.0), twin.downstream(name))
        gradient, size = slopes[slot]
        if math.isfinite(size):
            assert tangent_of(moved[twin.slot(output)]) == pytest.approx(gradient, rel=1e-9, abs=1e-11 * size)

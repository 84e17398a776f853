"""Complex numbers: on the real line they are the doubles, and a step beside it tells every derivative."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.gates.compiled import partials_function, primitives_of, value_function
from circuitgrad.gates.complexes import COMPLEXES, Complex, real_part
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.kinks import branch_function
from circuitgrad.gates.table import GATES, find
from circuitgrad.methods.check.check import check
from gates.test_table import points

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.gates.rule import Rule

POINTS = 200
PRIMITIVES = pytest.mark.parametrize("name", sorted(COMPLEXES.primitives))
SMALLEST = 5e-324
# Where the terms of a slope cancel, their rounding stays: a few units of the last place of the terms.
CANCELLING: dict[str, Callable[[float, float], float]] = {
    "silu": lambda out, x: 1e-14 * abs(out),
    "softsign": lambda out, x: 1e-15 * abs(out / x),
    "gaussian": lambda out, x: 1e-17 * out,
    "normal_pdf": lambda out, x: 1e-17 * out,
}
STEPPED = [row for row in GATES.values() if primitives_of(row) <= COMPLEXES.primitives.keys()]

number = st.floats(allow_nan=False, allow_infinity=False)
moderate = st.floats(-1e6, 1e6)


def steps(row: Rule) -> list[tuple[float, ...]]:
    """Draw points of a row's range that are at no kink, nor at the edge of a domain."""
    state = branch_function(row)
    return [
        point
        for point in points(row, 2 * POINTS)
        if all(low < x < high for x, (low, high) in zip(point, row.sample, strict=True))
        and not (state and any(abs(margin) < 1e-9 for margin in state(*point).margins))
    ][:POINTS]


# The real line


@PRIMITIVES
def test_on_the_real_line_a_primitive_is_its_namesake(name: str) -> None:
    row = find(name)
    for point in points(row):
        wanted = DOUBLES.primitives[name](*point)
        found = COMPLEXES.primitives[name](*map(Complex, point))
        assert isinstance(found, Complex)
        if math.isfinite(wanted):
            assert found.real == pytest.approx(wanted, rel=1e-13, abs=0), point
            assert found.imag == 0


@PRIMITIVES
@given(data=st.data())
def test_not_a_number_is_where_the_namesake_has_it_and_finite_where_that_is(name: str, data: st.DataObject) -> None:
    operands = [data.draw(number) for _ in range(find(name).arity)]
    wanted = DOUBLES.primitives[name](*operands)
    found = COMPLEXES.primitives[name](*map(Complex, operands))
    if math.isnan(wanted):
        assert math.isnan(found.real)
    elif math.isfinite(wanted) and abs(wanted) < 1e300:
        assert math.isfinite(found.real), (operands, wanted)
        # A power's exponent is rounded once more.
        assert found.real == pytest.approx(wanted, rel=1e-12, abs=1e-300)


@PRIMITIVES
@pytest.mark.parametrize("edge", [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, math.nextafter(1, 2), math.nextafter(-1, 0)])
def test_the_edges_of_domains(name: str, edge: float) -> None:
    operands = [edge, 1.0][: find(name).arity]
    wanted = DOUBLES.primitives[name](*operands)
    found = COMPLEXES.primitives[name](*map(Complex, operands)).real
    if math.isfinite(wanted):
        assert found == pytest.approx(wanted, rel=1e-13, abs=0)
    else:
        assert not math.isfinite(found)


@PRIMITIVES
def test_not_a_number_stays_so(name: str) -> None:
    arity = find(name).arity
    for position in range(arity):
        operands = [Complex(math.nan) if i == position else Complex(0.5) for i in range(arity)]
        assert math.isnan(COMPLEXES.primitives[name](*operands).real)


@given(x=moderate.filter(bool), exponent=st.integers(-9, 9))
def test_whole_powers_take_either_sign(x: float, exponent: int) -> None:
    found = COMPLEXES.primitives["pow"](Complex(x), Complex(exponent))
    wanted = 1.0
    for _ in range(abs(exponent)):
        wanted *= x
    if 1e-200 < abs(wanted) < 1e200:
        assert found.real == pytest.approx(wanted if exponent >= 0 else 1 / wanted, rel=1e-12)
        assert found.imag == 0


# The complex step


@pytest.mark.parametrize("row", STEPPED, ids=lambda row: row.name)
def test_the_complex_step_finds_every_partial(row: Rule) -> None:
    rule = value_function(row, COMPLEXES)
    tried = 0
    for point in steps(row):
        out = value_function(row)(*point)
        for position, partial in enumerate(partials_function(row)(*point, out)):
            if not math.isfinite(partial):
                continue
            x = point[position]
            h = 1e-20 * (abs(x) or 1.0)
            moved = [Complex(number, h if i == position else 0.0) for i, number in enumerate(point)]
            found = rule(*moved)
            cancelling = CANCELLING[row.name](out, x) if row.name in CANCELLING else 0.0
            slack = cancelling + 4 * SMALLEST * max(1.0, abs(x)) / h
            assert Complex(found).imag / h == pytest.approx(partial, rel=1e-10, abs=slack), point
            tried += 1
    assert tried >= 100


def test_which_rows_can_take_the_complex_step() -> None:
    without = {row.name for row in GATES.values()} - {row.name for row in STEPPED}
    calling = {"mod", "erf", "erfc", "atan2", "normal_cdf", "log_normal_cdf", "gelu"}
    assert without == calling


@given(x=st.floats(-0.999999, 100), y=st.floats(0.1, 3))
@example(x=-0.9999999999, y=2.0)
@example(x=1e-12, y=0.5)
def test_a_formula_with_lost_digits_inside_keeps_them_beside_the_line(x: float, y: float) -> None:
    import mpmath

    circuit = circuitgrad.from_expression("log1p(x)**3 + cbrt(x - y)*expm1(x/9)", x=x, y=y).over(COMPLEXES)
    if abs(x - y) < 1e-6 or abs(x) < 1e-14:
        return
    h = 1e-30 * max(abs(x), 1e-3)
    found = circuit.retrace(circuit.trace({}), "x", Complex(x, h), circuit.downstream("x"))[-1].imag / h
    with mpmath.workdps(50):
        u, v = mpmath.mpf(x), mpmath.mpf(x - y)
        terms = [
            3 * mpmath.log1p(u) ** 2 / (1 + u),
            mpmath.cbrt(abs(v)) ** -2 / 3 * mpmath.expm1(u / 9),
            mpmath.sign(v) * mpmath.cbrt(abs(v)) * mpmath.exp(u / 9) / 9,
        ]
        assert abs(found - sum(terms)) <= 1e-12 * sum(map(abs, terms))


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("hypot(x, y)", {"x": 1e-170, "y": 2e-170}),
        ("hypot(x, y)", {"x": 3e200, "y": -4e200}),
        ("cbrt(x) + exp(y)", {"y": 2.0, "x": 0.125}),
        ("0*cbrt(c) + exp(x)", {"c": 0.0, "x": 0.5}),
        ("log1p(x)*log1p(x)", {"x": -0.99999999999}),
        ("log1p(x)*log1p(x)", {"x": 1e200}),
        ("(-x)**3*y", {"x": 2.0, "y": 0.3}),
    ],
)
def test_the_check_by_complex_steps_accuses_no_innocent(text: str, inputs: dict[str, float]) -> None:
    wrt = [name for name in inputs if name != "c"]
    assert check(circuitgrad.from_expression(text, **inputs), method="complex", wrt=wrt).passed


# The numbers


@given(a=moderate, b=moderate, c=moderate, d=moderate)
def test_comparisons_go_by_the_real_part(a: float, b: float, c: float, d: float) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        for other in (c, a):
            wanted = compare(a, other)
            assert compare(Complex(a, b), Complex(other, d)) is wanted
            assert compare(Complex(a, b), other) is wanted
            assert compare(a, Complex(other, d)) is wanted


@given(a=moderate, b=moderate, x=moderate)
def test_operators_take_floats_on_either_side_and_stay_complex(a: float, b: float, x: float) -> None:
    z = Complex(a, b)
    cases: list[tuple[Any, complex]] = [
        (z + x, complex(a + x, b)),
        (x + z, complex(x + a, b)),
        (z - x, complex(a - x, b)),
        (x - z, complex(x - a, -b)),
        (z * x, complex(a * x, b * x)),
        (x * z, complex(x * a, x * b)),
        (-z, complex(-a, -b)),
        (z * z, complex(a * a - b * b, a * b + b * a)),
        (True * z, complex(a, b)),
    ]
    for found, wanted in cases:
        assert type(found) is Complex
        assert (found.real, found.imag) == (wanted.real, wanted.imag)


@given(a=moderate, b=moderate)
def test_a_real_part_is_a_float(a: float, b: float) -> None:
    assert real_part(Complex(a, b)) == real_part(a) == a
    assert type(real_part(3)) is float

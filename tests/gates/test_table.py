"""Every row of the gate table against multiprecision, against its own value rule, and at its special points."""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from mpmath import mp

from circuitgrad.errors import CircuitError
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.multiprecision import MULTIPRECISION
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import GATES, NAMES, find, gate
from circuitgrad.methods.check.gates import partial_reference

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "known"
POINTS = 300
DIGITS = 50

mpf: Callable[..., Any] = mpmath.mpf

# What each gate is, said once more and independently, for numbers of any precision inside its domain.
MEANING: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.exp(mp.log(abs(x)) / 3),
    "pow": lambda x, y: mp.exp(y * mp.log(x)),
    "hypot": lambda x, y: mp.sqrt(x**2 + y**2),
    "exp": lambda x: mp.e**x,
    "expm1": lambda x: mp.e**x - 1,
    "log": mp.ln,
    "log1p": lambda x: mp.ln(1 + x),
    "log2": lambda x: mp.ln(x) / mp.ln(2),
    "log10": lambda x: mp.ln(x) / mp.ln(10),
    "logsumexp": lambda x, y: mp.ln(mp.exp(x) + mp.exp(y)),
    "abs": lambda x: max(x, -x),
    "sign": mp.sign,
    "step": lambda x: (1 + mp.sign(x)) / 2,
    "floor": lambda x: x - (x - mp.nint(x)) if mp.nint(x) <= x else mp.nint(x) - 1,
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "max": max,
    "min": min,
    "clip": lambda x, low, high: sorted([x, low, high])[1],
    "where": lambda test, x, y: x if test else y,
    "lt": lambda x, y: mpf(x < y),
    "le": lambda x, y: mpf(x <= y),
    "gt": lambda x, y: mpf(x > y),
    "ge": lambda x, y: mpf(x >= y),
    "eq": lambda x, y: mpf(x == y),
    "ne": lambda x, y: mpf(x != y),
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x: max(x, x * mpf(0.01)),
    "elu": lambda x: x if x > 0 else mp.exp(x) - 1,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "log_sigmoid": lambda x: -mp.ln(1 + mp.exp(-x)),
    "gelu": lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2,
    "softplus": lambda x: mp.ln(1 + mp.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "tanh": lambda x: (mp.exp(2 * x) - 1) / (mp.exp(2 * x) + 1),
    "gaussian": lambda x: mp.exp(-(x**2)),
    "normal_pdf": lambda x: mp.exp(-(x**2) / 2) / mp.sqrt(2 * mp.pi),
    "normal_cdf": mp.ncdf,
    "log_normal_cdf": lambda x: mp.ln(mp.ncdf(x)),
    "erf": mp.erf,
    "erfc": lambda x: 1 - mp.erf(x),
    "sin": lambda x: mp.im(mp.expj(x)),
    "cos": lambda x: mp.re(mp.expj(x)),
    "tan": lambda x: mp.sin(x) / mp.cos(x),
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": lambda y, x: mp.arg(mp.mpc(x, y)),
    "sinh": lambda x: (mp.exp(x) - mp.exp(-x)) / 2,
    "cosh": lambda x: (mp.exp(x) + mp.exp(-x)) / 2,
    "asinh": lambda x: mp.sign(x) * mp.ln(abs(x) + mp.sqrt(x**2 + 1)),
    "acosh": lambda x: mp.ln(x + mp.sqrt(x**2 - 1)),
    "atanh": lambda x: mp.ln((1 + x) / (1 - x)) / 2,
}

# Where the rounding of an intermediate result is magnified, or terms cancel, errors are counted in larger units:
# those of the operand that was rounded, or of the terms that cancelled.
VALUE_UNITS: dict[str, Callable[..., Any]] = {
    "logsumexp": lambda exact, x, y: max(abs(exact), abs(x), abs(y)),
}
ITSELF: Callable[..., Any] = lambda exact, *_: exact  # noqa: E731
PARTIAL_UNITS: dict[str, Callable[..., Any]] = {
    "logsumexp": lambda slope, out, x, y: slope * max(1, abs(x - y)),
    "gelu": lambda slope, out, x: max(abs(slope), abs(out)),
    "silu": lambda slope, out, x: max(abs(slope), abs(out)),
}

ROWS = pytest.mark.parametrize("row", GATES.values(), ids=list(GATES))


def precisely() -> Any:
    """Work with enough digits for what is left of cancellations in the meanings above."""
    return mpmath.workdps(DIGITS + 320)


def points(row: Rule, count: int = POINTS) -> list[tuple[float, ...]]:
    """Draw points from a row's range: evenly, and close to 0 and to both ends."""
    generator = random.Random(row.name)

    def draw(low: float, high: float) -> float:
        kind = generator.randrange(4)
        if kind == 0:
            return generator.uniform(low, high)
        near = 10.0 ** generator.uniform(-12, 0)
        start = (low, high, 0.0)[kind - 1]
        moved = start + near * generator.choice([-1, 1])
        return moved if low <= moved <= high else generator.uniform(low, high)

    return [tuple(draw(low, high) for low, high in row.sample) for _ in range(count)]


def assert_close(got: float, exact: Any, ulps: float, *, unit: Any) -> None:
    """Require `got` within some ulps of `unit` from `exact`, and no nearer than the smallest double."""
    if not mpmath.isfinite(exact) or abs(exact) > 1.7e308:
        assert got == float(exact)
        return
    ulp = max(mpf(2) ** -52 * abs(mpf(unit)), mpf(2) ** -1074)
    assert abs(mpf(got) - mpf(exact)) <= ulps * ulp


@ROWS
def test_every_gate_has_an_independent_meaning(row: Rule) -> None:
    assert row.name in MEANING
    assert len(row.sample) == row.arity


@ROWS
def test_value_agrees_with_multiprecision(row: Rule) -> None:
    with precisely():
        for point in points(row):
            exact = MEANING[row.name](*map(mpf, point))
            unit = VALUE_UNITS.get(row.name, ITSELF)(exact, *point)
            assert_close(value_function(row)(*point), exact, 4, unit=unit)


@ROWS
def test_multiprecision_rule_agrees_with_meaning(row: Rule) -> None:
    with precisely():
        for point in points(row, 40):
            exact = MEANING[row.name](*map(mpf, point))
            got = value_function(row, MULTIPRECISION)(*map(mpf, point))
            assert abs(got - exact) <= mpf(10) ** -DIGITS * max(abs(exact), mpf(10) ** -DIGITS)


@ROWS
def test_partials_agree_with_the_slope_of_the_value_rule(row: Rule) -> None:
    for point in points(row):
        out = value_function(row)(*point)
        for position, partial in enumerate(partials_function(row)(*point, out)):
            exact, rule = partial_reference(row, point, position)
            if exact.kink:
                assert exact.jump or min(exact.left, exact.right) <= partial <= max(exact.left, exact.right)
                continue
            slope = float(exact.slope)
            assert abs(rule - exact.slope) <= mpf(10) ** -25 * abs(rule) + exact.doubt
            unit = PARTIAL_UNITS.get(row.name, ITSELF)(slope, out, *point)
            assert_close(partial, slope, 6, unit=unit)


def special_points() -> list[Any]:
    with (DATA / "special_points.tsv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    return [pytest.param(line, id=f"{line['gate']}({line['operands']})") for line in lines]


def same(got: float, wanted: float, *, ulps: float = 2) -> bool:
    if math.isnan(wanted) or math.isnan(got):
        return math.isnan(wanted) and math.isnan(got)
    if wanted == 0 or got == 0 or math.isinf(wanted) or math.isinf(got):
        return got == wanted
    return abs(got - wanted) <= ulps * math.ulp(wanted)


@pytest.mark.parametrize("line", special_points())
def test_special_points(line: dict[str, str]) -> None:
    row = find(line["gate"])
    operands = [float(text) for text in line["operands"].split(",")]
    value = value_function(row)(*operands)
    partials = partials_function(row)(*operands, value)
    wanted = [float(text) for text in line["partials"].split(",")]
    assert same(value, float(line["value"]))
    assert math.copysign(1, value) == math.copysign(1, float(line["value"])) or math.isnan(value)
    assert all(map(same, partials, wanted)), (partials, wanted)


@ROWS
def test_nan_in_gives_nan_out(row: Rule) -> None:
    for position in range(row.arity):
        operands = [1.0] * row.arity
        operands[position] = math.nan
        if (row.name, position) in {("pow", 1), ("where", 2)}:  # pow(1, nan) is 1; where does not look at y here
            continue
        out = value_function(row)(*operands)
        assert math.isnan(out)
        if row.name not in {"identity", "add", "sub", "neg", "mul", "square", "where"}:
            assert any(math.isnan(partial) for partial in partials_function(row)(*operands, out))


@ROWS
def test_no_operand_raises_or_leaves_the_floats(row: Rule) -> None:
    hard = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-320, -1e-320, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]
    generator = random.Random(0)
    for _ in range(400):
        operands = [generator.choice(hard) for _ in range(row.arity)]
        out = value_function(row)(*operands)
        assert all(type(number) is float for number in (out, *partials_function(row)(*operands, out))), operands


def test_a_wrong_partial_would_be_noticed() -> None:
    wrong = Rule("tanh", "tanh(x)", {"x": "(1 - out*out)*(1 + 1e-9)"})
    exact, rule = partial_reference(wrong, (0.3,), 0)
    assert float(abs(rule - exact.slope) / exact.slope) == pytest.approx(1e-9)


# The universal functions and the operators that do what a gate does, as NumPy's and ONNX's references list them.
NUMPY = (
    "absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt clip cos cosh divide equal exp expm1 floor "
    "greater greater_equal heaviside hypot less less_equal log log10 log1p log2 logaddexp maximum minimum mod multiply "
    "negative not_equal power reciprocal remainder sign sin sinh sqrt square subtract tan tanh where"
)
ONNX = (
    "Abs Acos Acosh Add Asin Asinh Atan Atanh Clip Cos Cosh Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual "
    "Identity LeakyRelu Less LessOrEqual Log Max Min Mod Mul Neg Pow Reciprocal Relu Sigmoid Sign Sin Sinh Softplus "
    "Softsign Sqrt Sub Swish Tan Tanh Where"
)


@pytest.mark.parametrize("name", [*NUMPY.split(), *ONNX.lower().split()])
def test_gates_have_the_names_of_numpy_and_onnx(name: str) -> None:
    assert find(name) in GATES.values()


def test_names_are_unique_and_found() -> None:
    assert find("multiply") is GATES["mul"]
    assert len(NAMES) == sum(1 + len(row.aliases) for row in GATES.values())
    with pytest.raises(CircuitError, match="did you mean 'sigmoid'"):
        find("sigmod")
    with pytest.raises(CircuitError, match="already"):
        gate("another", "x", "a second add", x="1", aliases=("add",))
    assert "another" not in NAMES

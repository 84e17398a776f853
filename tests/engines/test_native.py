"""Machine code against the gate objects and against multiprecision; its cache, and what happens without llvmlite."""

from __future__ import annotations

import json
import math
import os
import platform
import random
import re
import subprocess
import sys
from array import array
from functools import partial
from itertools import permutations, product
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import circuitgrad
from budget import examples
from circuitgrad.circuit.circuit import Circuit
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.circuit.structure import Input
from circuitgrad.data.table import Rows
from circuitgrad.engines.choice import HINT_WORK, HINT_WORK_BESIDE_OBJECTS, choose
from circuitgrad.engines.native import straight_or_tape
from circuitgrad.engines.native.libm import functions
from circuitgrad.engines.native.libm.functions import PAIRS, VECTORS, name_of
from circuitgrad.engines.native.llvm import cache, code, machine, primitives, printer
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.programs import over_columns as columns
from circuitgrad.engines.native.straight import straight
from circuitgrad.engines.native.straight.loop import kernel_text
from circuitgrad.engines.native.straight.passes import passes_of
from circuitgrad.engines.native.tape import tape
from circuitgrad.engines.programs import over_columns, program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError
from circuitgrad.gates import coefficients
from circuitgrad.gates.primitives import PRIMITIVES
from circuitgrad.gates.table import GATES, find
from circuitgrad.methods.optimize.optimize import optimize
from forms import FORMS, summing
from program import CIRCUITS, NEURON, invoke
from random_circuits import Plan, plans
from special import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from circuitgrad.gates.rule import Rule

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["CIRCUITGRAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def same(one: float, other: float, rel: float = 1e-12) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    if math.isinf(one) or math.isinf(other):
        return one == other
    if one == other == 0:
        return math.copysign(1, one) == math.copysign(1, other)
    return one == other or abs(one - other) <= max(rel * max(abs(one), abs(other)), 1e-320)


def compared(circuit: Circuit, names: Sequence[str], wanted: Wanted, rows: Sequence[Sequence[float]]) -> list[str]:
    """Return where machine code of any form and the gate objects differ, row by row."""
    given_columns = [array("d", column) for column in zip(*rows, strict=True)]
    run = program(circuit, names, wanted, "objects")
    expected = [list(run(*row)) for row in rows]
    found: dict[str, Sequence[Sequence[float]]] = {}
    for form in (straight, tape):
        found[f"rows, {form.__name__}"] = list(
            zip(*form.over_columns(circuit, names, wanted)(given_columns), strict=True)
        )
        single = form.program(circuit, names, wanted)
        found[f"points, {form.__name__}"] = [list(single(*row)) for row in rows]
    return [
        f"{title} at {row}: {one!r}, not {value!r} ({form})"
        for form, results in found.items()
        for row, result, values in zip(rows, results, expected, strict=True)
        for title, one, value in zip(wanted.titles, result, values, strict=True)
        if not same(one, value)
    ]


def all_gates(arity: int) -> tuple[Circuit, Wanted]:
    """Return a circuit of every gate with so many operands, all of the same inputs."""
    rows: list[Rule] = [row for row in GATES.values() if row.arity == arity]
    inputs = [f"i{k}" for k in range(arity)]
    names = [f"{row.name}_" for row in rows]
    circuit = Circuit(
        "all", [Input(name, 1.0) for name in inputs], [], names, rows, [tuple(range(arity))] * len(rows), names
    )
    return circuit, Wanted(tuple(names), tuple(names), tuple(inputs))


@pytest.mark.parametrize("arity", [1, 2, 3])
def test_every_gate_at_special_points_and_in_its_range(arity: int) -> None:
    circuit, wanted = all_gates(arity)
    chance = random.Random(arity)
    rows = [list(point) for point in product(SPECIAL, repeat=arity)][:: 1 if arity < 3 else 7]
    rows += [[chance.uniform(-5, 5) for _ in range(arity)] for _ in range(200)]
    rows += [[math.copysign(10 ** chance.uniform(-12, 6), x) for x in row] for row in rows[-200:]]
    assert compared(circuit, list(circuit.inputs), wanted, rows) == []


def ulps(found: float, exact: mpf) -> float:
    """Return how far a double is from a number, in units of the last place of the double nearest to it."""
    nearest = float(exact)
    if not math.isfinite(nearest) or nearest == found:
        return 0.0 if nearest == found else math.inf
    return float(abs(mpf(found) - exact) / math.ulp(nearest))


RANGES = {
    "exp": (-745, 709.7), "log": (0, 1e308), "sin": (-1e6, 1e6), "cos": (-1e6, 1e6), "tanh": (-25, 25), "erf": (-6, 6),
    "erfc": (-7, 27.2),
}  # fmt: skip


@pytest.mark.parametrize("name", RANGES)
def test_functions_on_vectors_keep_within_two_units_of_the_last_place(name: str) -> None:
    low, high = RANGES[name]
    chance = random.Random(name)
    points = [chance.uniform(max(low, -20), min(high, 20)) for _ in range(1500)]
    points += [chance.uniform(low, high) for _ in range(1500)]
    points += [x for e in range(-300, 300, 3) for x in [10.0**e * chance.uniform(1, 10)] if low < x < high]
    points += [
        x for k in range(1, 200) for x in [k * math.pi / 2, math.nextafter(k * math.pi / 2, 0)] if low < x < high
    ]
    points += [x for x in (5e-324, 2.3e-308, 1e-310, 0.625, 0.9999999, 1.0000001, 0.7071, 1e6 + 1, 1e22) if low < x]
    points += [chance.uniform(0.4, 1.6) for _ in range(1500)]
    points = [x for x in points if x < (math.inf if name in ("sin", "cos", "tanh", "erf") else high)]
    points += [x for x in EDGES if abs(x) < 1e7 and (name != "log" or x > 0)]
    circuit = circuitgrad.from_expression(f"{name}(x)", x=1)
    (found,) = columns(circuit, ["x"], Wanted(("out",)))([array("d", points)])
    with mp.workdps(60):
        worst = max((ulps(one, getattr(mp, name)(mpf(x))), x) for one, x in zip(found, points, strict=True))
    assert worst[0] < (3 if name == "erfc" else 2), worst


def test_the_polynomial_of_exp_is_as_good_as_its_comment_says() -> None:
    with mp.workdps(40):
        half = mp.log(2) / 2
        for i in range(-1000, 1001):
            r = half * i / 1000
            found = 1 + r + sum(mpf(one) * r**k for k, one in enumerate(coefficients.EXP, start=2))
            assert abs(found / mp.exp(r) - 1) < mpf(2) ** -57


EDGES = [
    x
    for edge in (0.625, 0.84375, 1.25, 1 / 0.35, 26.5, 28.0, 350.0, 708.0, 746.0, 1e6, 1e22)
    for x in (edge, -edge, math.nextafter(edge, 0), math.nextafter(edge, 1e99), -2 * edge, -1.0007 * edge, -1.02 * edge)
]
"""Where formulas change, and a little beyond."""


def of_column(formula: str, xs: Sequence[float]) -> list[str]:
    """Return what machine code makes of numbers, in digits that tell zeros and all bits apart."""
    circuit = circuitgrad.from_expression(formula, x=1)
    return list(map(repr, straight.over_columns(circuit, ["x"], Wanted(("out",)))([array("d", xs)])[0]))


@pytest.mark.parametrize("name", VECTORS)
def test_a_result_does_not_depend_on_what_stands_beside_it(name: str) -> None:
    chance = random.Random(name)
    xs = [*SPECIAL, *EDGES, 1e-310, 2.3e-308, *(chance.uniform(-30, 30) for _ in range(100))]
    alone = [one for x in xs for one in of_column(f"{name}(x)", [x] * LANES)[:1]]
    for _ in range(20):
        order = chance.sample(range(len(xs)), len(xs))
        assert of_column(f"{name}(x)", [xs[i] for i in order]) == [alone[i] for i in order]


@pytest.mark.parametrize("name", PAIRS)
def test_results_that_share_their_work_come_from_one_call_and_are_the_same_to_the_bit(name: str) -> None:
    chance = random.Random(name)
    xs = [*(chance.uniform(-50, 50) for _ in range(2000)), *SPECIAL, *EDGES]
    one, other = PAIRS[name]
    circuit = circuitgrad.loads(f"{{inputs: {{x: 1}}, gates: {{a: {one}, b: {other}}}, output: [a, b]}}")
    assert f"@{name_of(name)}(" in kernel_text(passes_of(circuit, ["x"], Wanted(("a", "b"))), 1)
    both = straight.over_columns(circuit, ["x"], Wanted(("a", "b")))([array("d", xs)])
    assert [list(map(repr, column)) for column in both] == [of_column(one, xs), of_column(other, xs)]


def test_a_power_of_minus_zero_near_an_odd_one() -> None:
    rows = [[x, y] for x in (-0.0, 0.0) for y in (1 + 2**-52, 2**-54, -1.0, -1 + 2**-53, -3.0, -2.0)]
    circuit = circuitgrad.from_expression("pow(x, y)", x=1, y=1)
    assert compared(circuit, ["x", "y"], Wanted(("out",), ("out",), ("x", "y")), rows) == []


@pytest.mark.parametrize("form", [straight, tape])
def test_functions_of_several_numbers_are_computed_together_at_single_points(form: ModuleType) -> None:
    """Eleven of each, so that there are whole vectors and a rest, of numbers that all differ."""
    names = [f"x{i}" for i in range(11)]
    gates = {f"{function}_{name}": f"{function}({name})" for function in VECTORS for name in names}
    circuit = circuitgrad.loads(json.dumps({"inputs": dict.fromkeys(names, 1), "gates": gates, "output": list(gates)}))
    chance = random.Random(11)
    for _ in range(10):
        point = [chance.uniform(0.1, 6) for _ in names]
        found = form.program(circuit, names, Wanted(tuple(gates)))(*point)
        exact = [getattr(mp, function)(mpf(x)) for function in VECTORS for x in point]
        assert max(map(ulps, found, exact)) < 3


@pytest.mark.parametrize("texts", [*permutations(["tanh(x)", "tanh(-x)", "exp(-2*abs(x))", "tanh(abs(x))"], 3)])
def test_a_result_is_shared_by_one_pair_at_the_most(texts: tuple[str, ...]) -> None:
    gates = ", ".join(f"g{i}: {text}" for i, text in enumerate(texts))
    circuit = circuitgrad.loads(f"{{inputs: {{x: 1}}, gates: {{{gates}, y: g0*g1*g2}}}}")
    for wanted in (Wanted(("g0", "g1", "g2")), Wanted(("y",), ("y",), ("x",))):
        assert compared(circuit, ["x"], wanted, [[0.3], [-0.7], [2.0], [-400.0], [math.nan]]) == []


@pytest.mark.parametrize(("gate", "name"), [("tanh", "tanh_exp"), ("sin", "sin_cos"), ("cos", "sin_cos")])
def test_a_value_and_its_derivative_share_their_work(gate: str, name: str) -> None:
    circuit = circuitgrad.loads(f"{{inputs: {{x: 1}}, gates: {{y: {gate}(x)}}}}")
    printed = kernel_text(passes_of(circuit, ["x"], Wanted(("y",), ("y",), ("x",))), 1)
    assert re.findall(r"call .*@cg_(\w+)\(", printed) == [name]


@pytest.mark.parametrize("name", ["neuron", "black_scholes", "iris", "options_book", "activations", "filter"])
def test_an_example_at_many_rows(name: str) -> None:
    circuit = circuitgrad.load(CIRCUITS / f"{name}.yaml")
    inputs, start = list(circuit.inputs), list(circuit.values().values())
    chance = random.Random(name)
    rows = [[x * chance.uniform(0.7, 1.4) for x in start] for _ in range(50)]
    wanted = Wanted(circuit.outputs, circuit.outputs, tuple(inputs))
    given_columns = [array("d", column) for column in zip(*rows, strict=True)]
    found = columns(circuit, inputs, wanted)(given_columns)
    run = program(circuit, inputs, wanted, "objects")
    for i, row in enumerate(rows):
        for column, value in zip(found, run(*row), strict=True):
            # Where terms cancel, the last bits of vector functions show: the sizes of the terms count.
            assert column[i] == pytest.approx(value, rel=1e-10, abs=1e-12)


@settings(max_examples=examples(15), deadline=None)
@given(plans(), st.data())
def test_generated_circuits(plan: Plan, data: st.DataObject) -> None:
    circuit = plan.circuit()
    names = data.draw(st.lists(st.sampled_from(list(circuit.inputs)), min_size=1, unique=True))
    row = st.lists(st.sampled_from([-1.5, -0.5, 0.0, 0.25, 1.0, 3.0]), min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(row, min_size=1, max_size=20))
    assert compared(circuit, names, Wanted(tuple(circuit), circuit.outputs, tuple(circuit)), rows) == []


OWN = """
inputs: {x: 1}
define:
  flat: {operands: [x], value: 0*x, partials: {x: '0'}}
  low: {operands: [x], value: '-x if x >= 0 else x', partials: {x: '-1 if x >= 0 else 1'}}
  lower: {operands: [x], value: '-x if x > 0 else x', partials: {x: '-1 if x > 0 else 1'}}
gates: {log: log(x), none: flat(log), a: low(x), b: lower(x), c: 1/a, d: 1/b, e: -x, f: x*x}
output: [none, c, d, e, f]
"""


def test_own_gates_at_zeros_of_both_signs() -> None:
    circuit = circuitgrad.loads(OWN)
    wanted = Wanted(tuple(circuit), circuit.outputs, tuple(circuit))
    assert compared(circuit, ["x"], wanted, [[0.0], [-0.0], [2.0], [math.inf], [math.nan]]) == []


@pytest.mark.parametrize("form", [straight, tape])
def test_cube_roots_are_exact_on_cubes_and_within_an_ulp_elsewhere(form: ModuleType) -> None:
    chance = random.Random(8)
    roots = [float(sign * n) for n in range(1, 1000) for sign in (1, -1)]
    points = [chance.choice([-1, 1]) * 10 ** chance.uniform(-300, 300) for _ in range(1000)]
    circuit = circuitgrad.from_expression("cbrt(x)", x=1)
    wanted = Wanted(("out",), ("out",), ("x",))
    found, slopes = form.over_columns(circuit, ["x"], wanted)([array("d", [*(n**3 for n in roots), *points])])
    assert list(found[: len(roots)]) == roots
    run = form.program(circuit, ["x"], wanted)
    assert [run(n**3)[0] for n in roots] == roots
    with mp.workdps(60):
        exact = [mp.sign(x) * mp.cbrt(abs(mpf(x))) for x in points]
        values, partials = found[len(roots) :], slopes[len(roots) :]
        assert max(map(ulps, values, exact)) < 1
        assert max(map(ulps, partials, [1 / (3 * root**2) for root in exact])) < 4
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324]
    assert compared(circuit, ["x"], wanted, [[x] for x in special]) == []


@pytest.mark.parametrize("formula", ["normal_cdf(x)", "gelu(x)", "log_normal_cdf(x)", "log_sigmoid(x)"])
@pytest.mark.parametrize("form", [straight, tape])
def test_the_left_tail_keeps_its_digits(form: ModuleType, formula: str) -> None:
    meanings = {
        "normal_cdf(x)": mp.ncdf,
        "gelu(x)": lambda x: x * mp.ncdf(x),
        "log_normal_cdf(x)": lambda x: mp.log(mp.ncdf(x)),
        "log_sigmoid(x)": lambda x: -mp.log1p(mp.exp(-x)),
    }
    chance = random.Random(formula)
    points = [chance.uniform(-37, 1) for _ in range(1000)]
    circuit = circuitgrad.from_expression(formula, x=1)
    (found,) = form.over_columns(circuit, ["x"], Wanted(("out",)))([array("d", points)])
    with mp.workdps(60):
        assert max(ulps(one, meanings[formula](mpf(x))) for one, x in zip(found, points, strict=True)) <= 4


def test_logsumexp_of_many_in_every_form() -> None:
    names = [f"x{index}" for index in range(5)]
    circuit = circuitgrad.from_expression(f"logsumexp({', '.join(names)})", **dict.fromkeys(names, 1.0))
    chance = random.Random(7)
    hard = [0.0, -0.0, 1e50, -1e50, 1e308, -1e308, math.inf, -math.inf, math.nan, 0.5]
    rows = [[chance.choice([*hard, chance.uniform(-800, 800)]) for _ in names] for _ in range(200)]
    rows += [[chance.uniform(-800, 800) for _ in names] for _ in range(200)]
    assert compared(circuit, names, Wanted(("out",), ("out",), tuple(names)), rows) == []


@pytest.mark.parametrize("form", FORMS)
def test_columns_that_do_not_go_together_are_refused(form: str) -> None:
    circuit = circuitgrad.from_expression("x*y", x=1, y=3)
    run = {"straight": straight, "tape": tape}[form].over_columns(circuit, ["x", "y"], Wanted(("out",)))
    ten, nine = array("d", range(10)), array("d", range(9))
    for some, why in (([ten, nine], "9 to 10 rows"), ([ten], "1 columns"), ([ten] * 3, "3 columns")):
        with pytest.raises(ValueError, match=why):
            run(some)
    sums = partial(summing, form, circuit, ["y"], squares=False)
    with pytest.raises(ValueError, match="9 to 10 rows"):
        sums(bound={"x": ten, "y": nine})
    # Numbers of another size are read as what they are.
    for kind in "fiq":
        assert run([array(kind, range(10)), ten]) == [array("d", [x * x for x in ten])]
        assert sums(bound={"x": array(kind, [1, 2, 3])})([2.0]) == [12.0, 6.0]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 23, 1000])
def test_any_number_of_rows(count: int) -> None:
    circuit = circuitgrad.from_expression("x*y + 2", x=1, y=3)
    xs = array("d", range(count))
    found = columns(circuit, ["x"], Wanted(("out",), ("out",), ("x", "y")))([xs])
    assert found == [array("d", [3 * x + 2 for x in xs]), array("d", [3.0] * count), xs]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("count", [3, 8, 29])
def test_sums_over_rows(squares: bool, count: int, form: str) -> None:
    circuit = circuitgrad.from_expression("y - a*exp(-b*x)", a=2, b=0.5, x=0, y=0)
    chance = random.Random(count)
    bound = [array("d", [chance.uniform(0, 2) for _ in range(count)]) for _ in "xy"]
    run = summing(form, circuit, ["a", "b"], squares=squares, bound=dict(zip(["x", "y"], bound, strict=True)))
    point = (1.5, 0.7)
    one = program(circuit, ["a", "b", "x", "y"], Wanted(("out",), ("out",), ("a", "b")), "objects")
    rows = [list(one(*point, x, y)) for x, y in zip(*bound, strict=True)]
    if squares:
        rows = [[v * v, 2 * v * a, 2 * v * b] for v, a, b in rows]
    assert run(point) == pytest.approx([math.fsum(column) for column in zip(*rows, strict=True)], rel=1e-13)
    assert run(point) == run(point)


@pytest.mark.parametrize("form", FORMS)
def test_sums_of_a_single_row(form: str) -> None:
    circuit = circuitgrad.from_expression("sqrt(a) + c*b", a=0, b=0, c=3)
    run = summing(form, circuit, ["a", "b"], squares=True, bound={})
    assert run([4.0, 1.0]) == [25.0, 2.5, 30.0]
    # An upstream gradient of 0 adds nothing, whatever the slope.
    assert summing(form, circuit, ["a"], squares=True, bound={})([0.0])[0] == 0.0


def test_the_form_follows_the_work() -> None:
    few, some, many = (
        Circuit("c", [Input("x", 1.0)], [], [f"g{k}" for k in range(size)], [find("neg")] * size, [(0,)] * size, ["g0"])
        for size in (
            straight_or_tape.ALWAYS_STRAIGHT_GATES,
            straight.MOST_STRAIGHT_GATES,
            straight.MOST_STRAIGHT_GATES + 1,
        )
    )
    for at_once, enough in ((False, straight_or_tape.REPAYING_PASSES), (True, straight_or_tape.REPAYING_ROWS)):
        for circuit, passes, expected in (
            (few, 1, True), (some, 1, False), (some, enough - 1, False), (some, enough, True), (some, None, True),
            (many, None, False),
        ):  # fmt: skip
            assert straight_or_tape.is_straight(circuit, passes, at_once=at_once) is expected


def test_an_optimisation_of_few_steps_over_few_rows_makes_no_straight_line_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = straight_or_tape.ALWAYS_STRAIGHT_GATES + 1
    names = [f"g{k}" for k in range(size)]
    circuit = Circuit(
        "c", [Input("a", 1.0), Input("x", 1.0)], [], names, [find("mul")] * size, [(0, 1)] * size, names[-1:]
    )
    monkeypatch.setattr(straight, "sums", Mock(side_effect=AssertionError))
    rows = Rows({"x": array("d", [1.0, 2.0])}, [2, 3], ())
    assert optimize(circuit, Optimization(steps=1, step_size=1.0), rows, engine="native").last == 3.75
    with pytest.raises(AssertionError):
        optimize(circuit, Optimization(steps=straight_or_tape.REPAYING_ROWS), rows, engine="native")


def test_an_optimisation_over_rows() -> None:
    chance = random.Random(1)
    x = [chance.uniform(-1, 1) for _ in range(300)]
    rows = Rows({"x": array("d", x), "y": array("d", [2 * one + 1 for one in x])}, range(300), ())
    found = []
    for engine in ("objects", "native"):
        circuit = circuitgrad.from_expression("y - tanh(a*x + b) - a*x", a=0.5, b=0, x=0, y=0)
        found.append(optimize(circuit, Optimization("least_squares", method="adam", steps=50), rows, engine=engine))
    assert found[1].choice.engine == "native"
    assert [found[1].after[name] for name in "ab"] == pytest.approx([found[0].after[name] for name in "ab"], rel=1e-11)


def test_every_primitive_has_an_operation() -> None:
    assert primitives.PRIMITIVES.keys() == PRIMITIVES.keys()
    assert primitives.PRIMITIVES.keys() >= set(VECTORS)


def test_a_planted_fault_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = circuitgrad.from_expression("x + y", x=1, y=2)
    wanted = Wanted(("out",))
    assert compared(circuit, ["x", "y"], wanted, [[1.0, 2.0]]) == []
    monkeypatch.setattr(
        printer.Printer, "_operation", lambda self, node, names: f"fsub {self.real} {names[0]}, {names[1]}"
    )
    monkeypatch.setattr(tape, "_codes", {})
    assert len(compared(circuit, ["x", "y"], wanted, [[1.0, 2.0]])) == 4


def quick(folder: Path) -> subprocess.Popen[str]:
    """Start a process that fills a cache, and prints what it computed."""
    script = (
        "import circuitgrad; from array import array;"
        "from circuitgrad.engines.programs import over_columns; from circuitgrad.engines.wanted import Wanted;"
        "c = circuitgrad.from_expression('exp(x)*sin(x)', x=1);"
        "print(over_columns(c, ['x'], Wanted(('out',), ('out',), ('x',)), 'native')([array('d', [1, 2, 3])]))"
    )
    environment = {**os.environ, "CIRCUITGRAD_CACHE": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.mark.slow
def test_the_cache_survives_what_befalls_it(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    together = [quick(folder) for _ in range(3)]  # several at once, with an empty cache
    results = [process.communicate(timeout=60) for process in together]
    assert [stderr for _, stderr in results] == [""] * 3
    (expected,) = {stdout for stdout, _ in results}
    assert "array" in expected
    files = sorted(folder.iterdir())
    assert len(files) == 5  # the kernel, exp, sin, cos, and sin and cos together
    assert all(file.suffix == ".o" for file in files)
    contents = [file.read_bytes() for file in files]
    for spoil in (lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-1] + b"x"):
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(spoil(content))
        assert quick(folder).communicate(timeout=60) == (expected, "")
        assert [file.read_bytes() for file in files] == contents
    for file, content in zip(files, [*contents[1:], contents[0]], strict=True):
        file.write_bytes(content)  # whole, but another's
    assert quick(folder).communicate(timeout=60) == (expected, "")
    assert [file.read_bytes() for file in files] == contents
    if os.name == "posix":
        files[0].unlink()
        os.mkfifo(files[0])  # which nobody writes to
        assert quick(folder).communicate(timeout=60) == (expected, "")
        assert files[0].read_bytes() == contents[0]
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert quick(blocked / "below").communicate(timeout=60) == (expected, "")


def test_the_cache_keeps_what_was_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIRCUITGRAD_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "MOST_FILES", 3)
    other = tmp_path / "other.o"
    other.write_text("not ours")

    def make(number: int) -> set[Path]:
        before = set(tmp_path.iterdir())
        code.object_code(f"define double @f() {{ ret double {number}.0 }}")
        return set(tmp_path.iterdir()) - before

    first, second, third = made = [make(number) for number in range(3)]
    for age, (file,) in enumerate(made):
        os.utime(file, (age, age))
    assert make(0) == set()  # it is there, and becomes the one that was used last
    fourth = make(3)
    assert set(tmp_path.iterdir()) == {other} | first | third | fourth
    assert second == make(1)
    left_behind = tmp_path / f".{'0' * 64}.o.k2j4"
    left_behind.touch()
    monkeypatch.setattr(cache, "MOST_FILES", 100)
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    code.object_code("define double @g() { ret double 1.0 }")
    assert set(tmp_path.iterdir()) == {other}


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CIRCUITGRAD_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    monkeypatch.setattr(Path, "expanduser", Mock(side_effect=RuntimeError))
    assert cache.cache_folder() is None
    assert code.object_code("define double @h() { ret double 1.0 }")


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="the plain processor is one of x86-64")
def test_a_processor_without_fused_multiply_adds_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    xs = [*SPECIAL, *EDGES, *(chance.uniform(-30, 30) for _ in range(50))]
    here = [of_column(f"{name}(x)", xs) for name in VECTORS]
    module = functions.module("exp", LANES)
    ours = code.object_code(module)
    plain = machine.host()._replace(name="plain", cpu="x86-64", features="")
    monkeypatch.setattr(code, "host", lambda: plain)
    code.machine_code.cache_clear()
    try:
        assert code.object_code(module) != ours
        assert [of_column(f"{name}(x)", xs) for name in VECTORS] == here
    finally:
        code.machine_code.cache_clear()


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_a_row_does_not_depend_on_its_neighbours(name: str) -> None:
    run = straight.over_columns(circuitgrad.from_expression(f"{name}(x)", x=1), ["x"], Wanted(("out",)))
    chance = random.Random(name)
    xs = array("d", [chance.uniform(-100, 100) for _ in range(8 * 200)])
    mixed = array("d", [1e22 if i % 8 == 3 else x for i, x in enumerate(xs)])
    pairs = zip(run([xs])[0], run([mixed])[0], strict=True)
    assert [i for i, (one, other) in enumerate(pairs) if one != other and i % 8 != 3] == []


def test_without_llvmlite_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    machine.host.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    result = invoke("forward", NEURON, "--engine", "native")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: the engine native needs llvmlite (pip install 'circuitgrad[native]')\n"
    hint = "pip install 'circuitgrad[native]' makes this faster"
    assert [choose(100, passes).hint for passes in (HINT_WORK // 100, HINT_WORK // 100 - 1)] == [hint, ""]
    assert [choose(HINT_WORK_BESIDE_OBJECTS // 10 + more, 10).hint for more in (0, -1)] == [hint, ""]
    assert [choose(100, 10**7).engine, choose(10**6, 10).engine] == ["python", "objects"]
    machine.host.cache_clear()


def test_an_llvmlite_that_does_not_load_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "llvmlite").mkdir()
    (tmp_path / "llvmlite" / "__init__.py").write_text("__version__ = '0'")
    (tmp_path / "llvmlite" / "binding.py").write_text("raise OSError('Could not find/load shared object file')")
    script = "from circuitgrad.engines.choice import choose; print(choose(5, 10**9)); choose(5, 1, 'native')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert found.stdout.startswith("Choice(engine='python'")
    assert "CircuitError: error: the engine native needs llvmlite" in found.stderr


def test_what_there_is_not_is_refused() -> None:
    circuit = circuitgrad.from_expression("x", x=1)
    with pytest.raises(CircuitError, match="no wire called 'z'"):
        over_columns(circuit, ["x"], Wanted(("z",)), "native")


def test_commands_take_machine_code(tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("a,x\n" + "".join(f"{i / 7},{-i / 9}\n" for i in range(2500)))
    run = ("backward", NEURON, "--data", str(data), "--format", "csv", "--precision", "12")
    plain, native = invoke(*run, "--engine", "objects"), invoke(*run, "--engine", "native", "--verbose")
    assert (native.exit_code, native.stderr) == (0, "engine native: it was asked for\n")
    for one, other in zip(plain.stdout.splitlines()[1:], native.stdout.splitlines()[1:], strict=True):
        assert list(map(float, one.split(","))) == pytest.approx(list(map(float, other.split(","))), rel=1e-11)
    single = invoke("backward", NEURON, "--engine", "native")
    assert single.stdout == invoke("backward", NEURON).stdout

"""The methods against update rules restated here, and against what is known of their problems."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.data.table import Rows
from circuitgrad.methods.optimize.algorithms.newton import direction
from circuitgrad.methods.optimize.optimize import optimize
from random_circuits import Plan, plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate

    Gradient = Callable[[Sequence[float]], Sequence[float]]
    Rule = Callable[[Sequence[float], Gradient, float], Iterator[list[float]]]

# What is lowered: a formula, where it starts, and its gradient by hand.
VALLEY = ("(1 - a)**2 + 3*(b - a*a)**2", {"a": -0.5, "b": 1.5})
WAVES = ("sin(a)*cos(b) + 0.1*(a*a + b*b)", {"a": 1.0, "b": -2.0})


def _valley(x: Sequence[float]) -> list[float]:
    a, b = x
    return [-2 * (1 - a) - 12 * a * (b - a * a), 6 * (b - a * a)]


def _waves(x: Sequence[float]) -> list[float]:
    a, b = x
    return [math.cos(a) * math.cos(b) + 0.2 * a, -math.sin(a) * math.sin(b) + 0.2 * b]


PROBLEMS = pytest.mark.parametrize(
    ("formula", "start", "gradient"), [(*VALLEY, _valley), (*WAVES, _waves)], ids=["valley", "waves"]
)

# The rules as torch.optim documents them: SGD (momentum, dampening 0, with and without nesterov), RMSprop (alpha 0.99,
# eps 1e-8), Adam (betas 0.9 and 0.999, eps 1e-8).


def _sgd(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    theta = list(x)
    while True:
        g = gradient(theta)
        theta = [theta[i] - lr * g[i] for i in range(len(theta))]
        yield theta


def _momentum(x: Sequence[float], gradient: Gradient, lr: float, *, nesterov: bool = False) -> Iterator[list[float]]:
    theta, buffer, mu = list(x), None, 0.9
    while True:
        g = list(gradient(theta))
        buffer = g if buffer is None else [mu * buffer[i] + g[i] for i in range(len(g))]
        used = [g[i] + mu * buffer[i] for i in range(len(g))] if nesterov else buffer
        theta = [theta[i] - lr * used[i] for i in range(len(g))]
        yield theta


def _nesterov(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    return _momentum(x, gradient, lr, nesterov=True)


def _rmsprop(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    theta, v, alpha = list(x), [0.0] * len(x), 0.99
    while True:
        g = gradient(theta)
        for i in range(len(theta)):
            v[i] = alpha * v[i] + (1 - alpha) * g[i] ** 2
        theta = [theta[i] - lr * g[i] / (math.sqrt(v[i]) + 1e-8) for i in range(len(theta))]
        yield theta


def _adam(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    theta, m, v, t = list(x), [0.0] * len(x), [0.0] * len(x), 0
    while True:
        t += 1
        g = gradient(theta)
        for i in range(len(theta)):
            m[i] = 0.9 * m[i] + (1 - 0.9) * g[i]
            v[i] = 0.999 * v[i] + (1 - 0.999) * g[i] ** 2
        hats = [(m[i] / (1 - 0.9**t), v[i] / (1 - 0.999**t)) for i in range(len(theta))]
        theta = [theta[i] - lr * hats[i][0] / (math.sqrt(hats[i][1]) + 1e-8) for i in range(len(theta))]
        yield theta


RULES: dict[str, Rule] = {
    "gradient": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "rmsprop": _rmsprop,
    "adam": _adam,
}


def path(formula: str, start: dict[str, float], **told: object) -> tuple[Outcome, list[Iterate]]:
    """Return the outcome of an optimisation, and every step of it."""
    steps: list[Iterate] = []
    optimization = Optimization(**{"goal": "minimize", **told})  # type: ignore[arg-type]
    outcome = optimize(circuitgrad.from_expression(formula, **start), optimization, listen=steps.append)
    return outcome, steps


def agree(steps: Sequence[Iterate], rule: Iterator[list[float]]) -> bool:
    """Tell whether the steps are those of a rule."""
    return all(list(step.point) == pytest.approx(next(rule), rel=1e-12, abs=1e-12) for step in steps[1:])


@PROBLEMS
@pytest.mark.parametrize("method", RULES)
def test_a_method_follows_its_rule(method: str, formula: str, start: dict[str, float], gradient: Gradient) -> None:
    outcome, steps = path(formula, start, method=method, steps=100, step_size=0.02)
    assert (outcome.steps, len(steps)) == (100, 101)
    assert agree(steps, RULES[method](list(start.values()), gradient, 0.02))
    # The comparison notices a step size that is off by a millionth, and another method.
    assert not agree(steps, RULES[method](list(start.values()), gradient, 0.02 * (1 + 1e-6)))
    others = [rule for name, rule in RULES.items() if name != method]
    assert not any(agree(steps, rule(list(start.values()), gradient, 0.02)) for rule in others)


@pytest.mark.parametrize("method", RULES)
@settings(max_examples=examples(40))
@given(plan=plans(("add", "sub", "mul", "neg", "sigmoid", "tanh", "sin", "cos", "softplus"), most=7))
def test_a_method_follows_its_rule_on_any_circuit(method: str, plan: Plan) -> None:
    """With derivatives that are pulled from the output, by the other way to differentiate."""
    assume(all(size < 10 for _, size in plan.gradients))
    count = len(plan.inputs)
    largest = 0.0

    def gradient(x: Sequence[float]) -> list[float]:
        nonlocal largest
        result = replace(plan, inputs=tuple(x)).gradients[:count]
        largest = max(largest, *(size for _, size in result))
        return [slope for slope, _ in result]

    steps: list[Iterate] = []
    wanted = Optimization("minimize", method=method, steps=15, step_size=0.01)
    optimize(plan.circuit(), wanted, listen=steps.append)
    points = [next(rule) for rule in [RULES[method](plan.inputs, gradient, 0.01)] for _ in range(15)]
    assume(largest < 10)
    # Adam and RMSprop divide by a gradient that may be rounding alone, but for their epsilon of 1e-8.
    slack = 1e-7 if method in ("adam", "rmsprop") else 1e-12
    for step, point in zip(steps[1:], points, strict=True):
        assert list(step.point) == pytest.approx(point, rel=1e-11, abs=slack)


def _dampened(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    theta, buffer = list(x), [0.0] * len(x)
    while True:
        g = gradient(theta)
        buffer = [0.9 * buffer[i] + (1 - 0.9) * g[i] for i in range(len(g))]
        theta = [theta[i] - lr * buffer[i] for i in range(len(g))]
        yield theta


def _ahead_of_itself(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    """Nesterov's as Sutskever writes it, with the other of its two points kept."""
    theta, velocity = list(x), [0.0] * len(x)
    while True:
        g = gradient([theta[i] + 0.9 * velocity[i] for i in range(len(theta))])
        velocity = [0.9 * velocity[i] - lr * g[i] for i in range(len(g))]
        theta = [theta[i] + velocity[i] for i in range(len(g))]
        yield theta


def _inner_epsilon(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    theta, v = list(x), [0.0] * len(x)
    while True:
        g = gradient(theta)
        v = [0.99 * v[i] + 0.01 * g[i] ** 2 for i in range(len(g))]
        theta = [theta[i] - lr * g[i] / math.sqrt(v[i] + 1e-8) for i in range(len(g))]
        yield theta


def _biased(x: Sequence[float], gradient: Gradient, lr: float) -> Iterator[list[float]]:
    theta, m, v, t = list(x), [0.0] * len(x), [0.0] * len(x), 0
    while True:
        t += 1
        g = gradient(theta)
        m = [0.9 * m[i] + 0.1 * g[i] for i in range(len(g))]
        v = [0.999 * v[i] + 0.001 * g[i] ** 2 for i in range(len(g))]
        theta = [theta[i] - lr * m[i] / (1 - 0.9**t) / (math.sqrt(v[i]) + 1e-8) for i in range(len(g))]
        yield theta


@PROBLEMS
@pytest.mark.parametrize(
    ("method", "near"),
    [("momentum", _dampened), ("nesterov", _ahead_of_itself), ("rmsprop", _inner_epsilon), ("adam", _biased)],
)
def test_what_is_nearly_the_rule_is_noticed(
    method: str, near: Rule, formula: str, start: dict[str, float], gradient: Gradient
) -> None:
    _, steps = path(formula, start, method=method, steps=100, step_size=0.02)
    assert not agree(steps, near(list(start.values()), gradient, 0.02))


@pytest.mark.parametrize("method", RULES)
def test_raising_is_lowering_the_negative_to_the_last_bit(method: str) -> None:
    formula, start = VALLEY
    _, down = path(formula, start, method=method, steps=30, step_size=0.01)
    _, up = path(f"-({formula})", start, method=method, steps=30, step_size=0.01, goal="maximize")
    assert [step.point for step in down] == [step.point for step in up]
    assert [step.objective for step in down] == [-step.objective for step in up]


def test_momentum_takes_its_share() -> None:
    formula, start = VALLEY
    _, without = path(formula, start, method="momentum", momentum=0.0, steps=20, step_size=0.01)
    _, plain = path(formula, start, method="gradient", steps=20, step_size=0.01)
    assert [step.point for step in without] == [step.point for step in plain]
    _, half = path(formula, start, method="momentum", momentum=0.5, steps=2, step_size=0.01)
    first = _valley(list(start.values()))
    second = _valley(half[1].point)
    moved = [x - 0.01 * (0.5 * v + g) for x, v, g in zip(half[1].point, first, second, strict=True)]
    assert list(half[2].point) == pytest.approx(moved)


@pytest.mark.parametrize("method", ["gradient", "adam"])
def test_batches_follow_the_rule_on_their_rows(method: str) -> None:
    xs, ys = [0.5, -1.0, 2.0, 1.5, 0.3], [1.0, -2.5, 3.0, 4.0, 0.2]
    rows = Rows({"x": array("d", xs), "y": array("d", ys)}, range(2, 7), ())
    circuit = circuitgrad.from_expression("y - (a*x + b)", a=0.2, b=-0.1, x=0, y=0)
    steps: list[Iterate] = []
    wanted = Optimization("least_squares", method=method, steps=12, step_size=0.02, batch_size=2, seed=3)
    optimize(circuit, wanted, rows, listen=steps.append)
    batches: list[list[int]] = []
    for epoch in range(4):
        order = list(range(5))
        random.Random(f"3 {epoch}").shuffle(order)
        batches += [order[:2], order[2:4], order[4:]]
    turn = iter(batches)

    def gradient(x: Sequence[float]) -> list[float]:
        batch = next(turn)
        errors = [ys[i] - x[0] * xs[i] - x[1] for i in batch]
        slopes = [sum(-2 * e * xs[i] for e, i in zip(errors, batch, strict=True)), sum(-2 * e for e in errors)]
        return [slope / len(batch) for slope in slopes]

    assert agree(steps, RULES[method]([0.2, -0.1], gradient, 0.02))


def test_newton_solves_a_quadratic_in_one_step() -> None:
    outcome, steps = path("3*a*a + 2*a*b + 4*b*b - 7*a + b - 5", {"a": 10, "b": -20}, method="newton")
    # The gradient is (6a + 2b - 7, 2a + 8b + 1).
    assert list(steps[1].point) == pytest.approx([58 / 44, -20 / 44], rel=1e-13)
    assert outcome.stopped == "converged"
    assert outcome.steps <= 3


def test_newton_is_newtons_method_where_it_is_convex() -> None:
    a, steps = 2.0, path("exp(a) - 3*a", {"a": 2.0}, method="newton", line_search=False, steps=6)[1]
    for step in steps[1:]:
        a -= (math.exp(a) - 3) / math.exp(a)
        assert step.point[0] == pytest.approx(a, rel=1e-13)
    assert a == pytest.approx(math.log(3), rel=1e-13)


number = st.floats(-5, 5).map(lambda x: round(x, 4))


@given(flat=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5), st.floats(-0.95, 0.95)), to=st.tuples(number, number),
       start=st.tuples(number, number), up=st.booleans())  # fmt: skip
def test_newton_ends_every_parabola_in_one_step(
    flat: tuple[float, float, float], to: tuple[float, float], start: tuple[float, float], up: bool
) -> None:
    p, q, share = flat
    mixed = 2 * share * math.sqrt(p * q)
    formula = f"{p!r}*(a - {to[0]!r})**2 + {q!r}*(b - {to[1]!r})**2 + {mixed!r}*(a - {to[0]!r})*(b - {to[1]!r})"
    goal = "maximize" if up else "minimize"
    formula = f"-({formula})" if up else formula
    for searching in (False, True):
        _, steps = path(
            formula, {"a": start[0], "b": start[1]}, method="newton", goal=goal, steps=1, line_search=searching
        )
        assert list(steps[-1].point) == pytest.approx(list(to), rel=1e-9, abs=1e-9)


def _newton(x: Sequence[float], *, searching: bool) -> Iterator[list[float]]:
    """Newton's method for exp(a + b) + a*a + 2*b*b - 9*a, by hand: two equations, solved by Cramer's rule."""

    def cost(a: float, b: float) -> float:
        return math.exp(a + b) + a * a + 2 * b * b - 9 * a

    a, b = x
    while True:
        e = math.exp(a + b)
        ga, gb, aa, bb = e + 2 * a - 9, e + 4 * b, e + 2, e + 4
        determinant = aa * bb - e * e
        da, db = (bb * ga - e * gb) / determinant, (aa * gb - e * ga) / determinant
        size = 1.0
        while searching and cost(a - size * da, b - size * db) > cost(a, b) - 1e-4 * size * (ga * da + gb * db):
            size /= 2
        a, b = a - size * da, b - size * db
        yield [a, b]


@pytest.mark.parametrize(("searching", "start"), [(False, (1.0, -0.5)), (True, (1.0, -0.5)), (True, (-3.0, -4.0))])
def test_newton_is_newtons_method_by_hand(searching: bool, start: tuple[float, float]) -> None:
    _, steps = path(
        "exp(a + b) + a*a + 2*b*b - 9*a", {"a": start[0], "b": start[1]},
        method="newton", line_search=searching, steps=4,
    )  # fmt: skip
    by_hand = _newton(start, searching=searching)
    assert len(steps) == 5
    for step in steps[1:]:
        assert list(step.point) == pytest.approx(next(by_hand), rel=1e-9)
    # From afar whole steps go too far: the search is what makes the difference.
    if start[0] < 0:
        full_steps = _newton(start, searching=False)
        assert list(steps[1].point) != pytest.approx(next(full_steps), rel=1e-3)


def test_newton_leaves_a_saddle_downwards() -> None:
    start = {"a": 0.5, "b": 1e-3}
    # Without the sizes of the curvatures the method would go to the saddle.
    b = 1e-3
    for _ in range(6):
        b -= (-2 * b + 4 * b**3) / (-2 + 12 * b**2)
    assert abs(b) < 1e-9
    outcome, steps = path("a*a - b*b + b**4", start, method="newton")
    assert all(after.objective <= before.objective for before, after in pairwise(steps))
    assert outcome.after["a"] == pytest.approx(0, abs=1e-9)
    assert abs(outcome.after["b"]) == pytest.approx(math.sqrt(0.5))
    assert outcome.last == pytest.approx(-0.25)


def test_newton_comes_to_the_end_of_doubles() -> None:
    outcome, _ = path(*WAVES, method="newton")
    assert outcome.stopped == "converged"
    assert outcome.norm is not None
    assert outcome.norm < 1e-14


entries = st.floats(-1e300, 1e300) | st.floats(-2, 2) | st.sampled_from([0.0, 1.0, 5e-324, 1e-200, 1e200])


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.lists(entries, min_size=n * n, max_size=n * n),
                                                     st.lists(entries, min_size=n, max_size=n))))  # fmt: skip
def test_newtons_direction_never_fails(problem: tuple[list[float], list[float]]) -> None:
    flat, gradient = problem
    n = len(gradient)
    hessian = [[flat[max(i, j) * n + min(i, j)] for j in range(n)] for i in range(n)]
    assert len(direction(hessian, gradient)) == n


def test_lbfgs_is_scipys() -> None:
    from scipy.optimize import minimize

    formula, start = VALLEY
    outcome, steps = path(formula, start, method="lbfgs")
    value = circuitgrad.from_expression(formula, **start)
    told: list[list[float]] = []
    minimize(
        lambda x: value.evaluate("out", dict(zip("ab", map(float, x), strict=True))),
        list(start.values()),
        jac=lambda x: _valley([float(number) for number in x]),
        method="L-BFGS-B",
        callback=lambda x: told.append([float(number) for number in x]),
        options={"ftol": 0, "gtol": 0},
    )
    assert len(steps) > 8
    for step, point in zip(steps[1:9], told, strict=False):
        assert list(step.point) == pytest.approx(point, rel=1e-6)
    assert (outcome.after["a"], outcome.after["b"]) == pytest.approx((1, 1), rel=1e-9)


def test_lbfgs_and_trf_end_at_bounds() -> None:
    inputs = "{a: {value: 0, max: 0.5}, b: {value: 0, min: -1, max: 0.1}, k: {value: 3, min: 3, max: 3}}"
    for goal, gate, method in (
        ("minimize", "(a - 1)**2 + (b + 2)**2 + k", "lbfgs"),
        ("maximize", "-(a - 1)**2 - (b + 2)**2 + k", "lbfgs"),
        ("least_squares", "hypot(a - 1, b + 2)", "trf"),
    ):
        circuit = circuitgrad.loads(f"{{inputs: {inputs}, gates: {{y: '{gate}'}}}}")
        outcome = optimize(circuit, Optimization(goal, method=method))
        assert outcome.after["a"] == pytest.approx(0.5, abs=1e-6)
        assert outcome.after["b"] == pytest.approx(-1, abs=1e-6)
        assert (outcome.after["a"] <= 0.5, outcome.after["b"] >= -1, outcome.after["k"]) == (True, True, 3)


@settings(max_examples=examples(25))
@given(low=st.tuples(st.floats(-2, 0.4), st.floats(-2, 0.4)), room=st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)))
def test_lbfgs_with_bounds_is_scipys(low: tuple[float, float], room: tuple[float, float]) -> None:
    from scipy.optimize import minimize

    bounds = [(round(a, 3), round(a, 3) + round(b, 3)) for a, b in zip(low, room, strict=True)]
    start = [low + 0.3 * (high - low) for low, high in bounds]
    inputs = ", ".join(
        f"{name}: {{value: {x!r}, min: {low!r}, max: {high!r}}}"
        for name, x, (low, high) in zip("ab", start, bounds, strict=True)
    )
    circuit = circuitgrad.loads(f"{{inputs: {{{inputs}}}, gates: {{out: '{VALLEY[0]}'}}}}")
    steps: list[Iterate] = []
    outcome = optimize(circuit, Optimization("minimize", method="lbfgs"), listen=steps.append)
    for step in steps:
        assert all(low <= x <= high for x, (low, high) in zip(step.point, bounds, strict=True))
    theirs = minimize(
        lambda x: (1 - x[0]) ** 2 + 3 * (x[1] - x[0] * x[0]) ** 2,
        start,
        jac=lambda x: _valley([float(number) for number in x]),
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 0, "gtol": 0},
    )
    assert outcome.last == pytest.approx(float(theirs.fun), rel=1e-9, abs=1e-15)
    assert [outcome.after["a"], outcome.after["b"]] == pytest.approx([float(x) for x in theirs.x], abs=1e-6)
    # What bounds do not hold back has come to rest.
    assert outcome.norm is not None
    assert outcome.norm < 1e-6


def test_lm_and_trf_find_the_same_minimum() -> None:
    x = [0.1 * i for i in range(20)]
    noise = random.Random(1)
    y = [2 * math.exp(-1.3 * number) + 0.5 + noise.gauss(0, 0.01) for number in x]
    rows = Rows({"x": array("d", x), "y": array("d", y)}, range(20), ())
    outcomes = {}
    for method in ("lm", "trf", "newton", "lbfgs"):
        circuit = circuitgrad.from_expression("y - (a*exp(-b*x) + c)", a=1, b=1, c=0, x=0, y=0)
        outcomes[method] = optimize(circuit, Optimization("least_squares", method=method), rows)
    for name in "abc":
        exact = outcomes["lm"].after[name]
        assert [outcome.after[name] for outcome in outcomes.values()] == pytest.approx([exact] * 4, rel=1e-6)
    # The gradient of the cost vanishes there to the last digits.
    assert outcomes["lm"].norm is not None
    assert outcomes["lm"].norm < 1e-13


def test_a_hill_is_climbed_where_random_points_stay_near_the_start() -> None:
    formula, start = "(a - 3)**2 + (b + 1)**2", {"a": 0.0, "b": 0.0}
    near, tries = path(formula, start, method="random", steps=500, step_size=0.1)
    climbed, _ = path(formula, start, method="hillclimb", steps=500, step_size=0.1)
    assert all(abs(x) <= 0.1 for step in tries for x in step.point)
    assert near.last > 8
    assert climbed.last < 0.01
    for _, steps in (path(formula, start, method=method, steps=50) for method in ("random", "hillclimb")):
        objectives = [step.objective for step in steps]
        assert objectives == sorted(objectives, reverse=True)


def _tries(x: Sequence[float], cost: Callable[[Sequence[float]], float], size: float, seed: int, *,
           climb: bool) -> Iterator[list[float]]:  # fmt: skip
    """Return the best of points in a box, around the start as in the guide, or around the best so far."""
    generator, best = random.Random(str(seed)), list(x)
    while True:
        centre = best if climb else list(x)
        tried = [coordinate + size * (generator.random() * 2 - 1) for coordinate in centre]
        best = tried if cost(tried) < cost(best) else best
        yield best


@pytest.mark.parametrize("method", ["random", "hillclimb"])
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_tries_are_those_of_the_guide_to_the_last_bit(method: str, seed: int) -> None:
    def cost(x: Sequence[float]) -> float:
        return (x[0] - 3) ** 2 + (x[1] + 1) ** 2

    _, steps = path("(a - 3)**2 + (b + 1)**2", {"a": 0.5, "b": 0.25}, method=method, steps=60, step_size=0.3, seed=seed)
    restated = _tries([0.5, 0.25], cost, 0.3, seed, climb=method == "hillclimb")
    other_method = _tries([0.5, 0.25], cost, 0.3, seed, climb=method != "hillclimb")
    points = [list(step.point) for step in steps[1:]]
    assert points == [next(restated) for _ in points]
    assert points != [next(other_method) for _ in points]


@pytest.mark.parametrize("seed", range(5))
def test_climbing_goes_further_than_the_box(seed: int) -> None:
    start = {"a": 0.0, "b": 0.0}
    ends = {
        method: path("(a - 3)**2 + (b + 1)**2", start, method=method, steps=200, step_size=0.2, seed=seed)[0].last
        for method in ("random", "hillclimb")
    }
    assert ends["hillclimb"] < 0.1
    assert ends["random"] > 7

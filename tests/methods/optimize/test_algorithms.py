"""The methods against update rules restated here, and against what is known of their problems."""

from __future__ import annotations

import math
import random
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circuitgrad
from circuitgrad.experiment import Experiment
from circuitgrad.methods.optimize import Outcome, Step, optimize
from circuitgrad.methods.optimize.algorithms.newton import direction
from circuitgrad.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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


def path(formula: str, start: dict[str, float], **told: object) -> tuple[Outcome, list[Step]]:
    """Return the outcome of an experiment, and every step of it."""
    steps: list[Step] = []
    experiment = Experiment(**{"goal": "minimize", **told})  # type: ignore[arg-type]
    outcome = optimize(circuitgrad.from_expression(formula, **start), experiment, listen=steps.append)
    return outcome, steps


def agree(steps: Sequence[Step], rule: Iterator[list[float]]) -> bool:
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
    steps: list[Step] = []
    wanted = Experiment("least_squares", method=method, steps=12, step_size=0.02, batch_size=2, seed=3)
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


def test_newton_leaves_a_saddle_downwards() -> None:
    outcome, _ = path("a*a - b*b + b**4", {"a": 0.5, "b": 1e-3}, method="newton")
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
    found, steps = path(formula, start, method="lbfgs")
    value = circuitgrad.from_expression(formula, **start)
    told: list[list[float]] = []
    minimize(
        lambda x: value.evaluate("out", dict(zip("ab", map(float, x), strict=True))),
        list(start.values()),
        jac=lambda x: _valley([float(one) for one in x]),
        method="L-BFGS-B",
        callback=lambda x: told.append([float(one) for one in x]),
        options={"ftol": 0, "gtol": 0},
    )
    assert len(steps) > 8
    for step, point in zip(steps[1:9], told, strict=False):
        assert list(step.point) == pytest.approx(point, rel=1e-6)
    assert (found.after["a"], found.after["b"]) == pytest.approx((1, 1), rel=1e-9)


def test_lbfgs_and_trf_end_at_bounds() -> None:
    inputs = "{a: {value: 0, max: 0.5}, b: {value: 0, min: -1, max: 0.1}, k: {value: 3, min: 3, max: 3}}"
    for goal, gate, method in (
        ("minimize", "(a - 1)**2 + (b + 2)**2 + k", "lbfgs"),
        ("maximize", "-(a - 1)**2 - (b + 2)**2 + k", "lbfgs"),
        ("least_squares", "hypot(a - 1, b + 2)", "trf"),
    ):
        circuit = circuitgrad.loads(f"{{inputs: {inputs}, gates: {{y: '{gate}'}}}}")
        found = optimize(circuit, Experiment(goal, method=method))
        assert found.after["a"] == pytest.approx(0.5, abs=1e-6)
        assert found.after["b"] == pytest.approx(-1, abs=1e-6)
        assert (found.after["a"] <= 0.5, found.after["b"] >= -1, found.after["k"]) == (True, True, 3)


def test_lm_and_trf_find_the_same_minimum() -> None:
    x = [0.1 * i for i in range(20)]
    noise = random.Random(1)
    y = [2 * math.exp(-1.3 * one) + 0.5 + noise.gauss(0, 0.01) for one in x]
    rows = Rows({"x": array("d", x), "y": array("d", y)}, range(20), ())
    found = {}
    for method in ("lm", "trf", "newton", "lbfgs"):
        circuit = circuitgrad.from_expression("y - (a*exp(-b*x) + c)", a=1, b=1, c=0, x=0, y=0)
        found[method] = optimize(circuit, Experiment("least_squares", method=method), rows)
    for name in "abc":
        exact = found["lm"].after[name]
        assert [one.after[name] for one in found.values()] == pytest.approx([exact] * 4, rel=1e-6)
    # The gradient of the cost vanishes there to the last digits.
    assert found["lm"].norm is not None
    assert found["lm"].norm < 1e-13


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

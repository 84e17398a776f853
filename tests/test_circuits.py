"""The example library: every file says what it is, where it comes from and what to expect, and passes its check."""

from __future__ import annotations

import json
import math
from itertools import pairwise, permutations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from mpmath import mp

import circuitgrad
from circuitgrad.data.chunks import read_all
from circuitgrad.methods.check.check import check
from circuitgrad.methods.optimize.optimize import optimize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from circuitgrad import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.run import Outcome

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "circuits").glob("*.yaml"))
REFERENCE = json.loads((Path(__file__).parent / "known" / "reference.json").read_text(encoding="utf-8"))
BY_NAME = {entry["name"]: entry for entry in REFERENCE}
SAME = {
    "multiply": "mul",
    "add_multiply": "add_mul",
    "neuron": "neuron5",
    "micrograd": "micrograd_readme",
    "black_scholes": "black_scholes_call",
    "gaussian_likelihood": "gauss_nll",
}
"""The files whose entry in the reference has another name."""
REFERRED = [file for file in FILES if SAME.get(file.stem, file.stem) in BY_NAME]

Values = dict[str, Any]


def _mlp(v: Values) -> Values:
    hidden = [mp.tanh(v[f"w[{j},0]"] * v["x[0]"] + v[f"w[{j},1]"] * v["x[1]"] + v[f"b[{j}]"]) for j in range(16)]
    score = mp.fdot((v[f"v[{j}]"], hidden[j]) for j in range(16)) + v["c"]
    return {"p": 1 / (1 + mp.exp(-score)), "loss": mp.log(1 + mp.exp(-score))}


def _logistic_regression(v: Values) -> Values:
    p = 1 / (1 + mp.exp(-v["a"] - v["b"] * v["t"]))
    likelihood = p ** v["damaged"] * (1 - p) ** (1 - v["damaged"])
    return {"cost": -mp.log(likelihood), "risk": 1 / (1 + mp.exp(-v["a"] - v["b"] * 31))}


def _michaelis_menten(v: Values) -> Values:
    return {"residual": v["v"] - v["vmax"] / (1 + v["km"] / v["s"])}


def _svm(v: Values) -> Values:
    score = mp.fdot((v["a"], v["b"], v["c"]), (v["x"], v["y"], 1))
    return {"score": score, "cost": max(0, 1 - v["label"] * score) + v["strength"] * (v["a"] ** 2 + v["b"] ** 2) / 2}


def _two_layer(v: Values) -> Values:
    n1, n2, n3 = (max(0, v[f"a{k}"] * v["x"] + v[f"b{k}"] * v["y"] + v[f"c{k}"]) for k in (1, 2, 3))
    score = v["a4"] * n1 + v["b4"] * n2 + v["c4"] * n3 + v["d4"]
    weights = ["c4", *(f"{letter}{k}" for letter, k in product("ab", range(1, 5)))]
    return {"score": score, "cost": max(0, 1 - v["label"] * score) + sum(v[name] ** 2 for name in weights) / 2}


def _option(v: Values, strike: float, years: float, sign: int) -> Any:
    """Return a call's price, or a put's for the sign -1, and the arguments d1 and d2 of the two probabilities."""
    spread = v["sigma"] * mp.sqrt(years)
    forward = v["S"] * mp.exp(v["r"] * years)
    d1 = mp.log(forward / strike) / spread + spread / 2
    d2 = d1 - spread
    price = sign * mp.exp(-v["r"] * years) * (forward * mp.ncdf(sign * d1) - strike * mp.ncdf(sign * d2))
    return price, d1, d2


def _options_book(v: Values) -> Values:
    call, put = _option(v, 110, 0.5, 1)[0], _option(v, 95, 0.25, -1)[0]
    book = v["calls"] * call + v["puts"] * put + v["shares"] * v["S"]
    return {"call110": call, "put110": _option(v, 110, 0.5, -1)[0], "put95": put, "book": book, "parity": 0}


def _filter(v: Values) -> Values:
    # The answer to any signal is the sum of those to its impulses, which have a closed form.
    impulse = [v["r"] ** t * mp.sin((t + 1) * v["theta"]) / mp.sin(v["theta"]) for t in range(16)]
    answer = [mp.fdot((v[f"x[{s}]"], impulse[t - s]) for s in range(t + 1)) for t in range(16)]
    return {"y[15]": answer[15], "energy": mp.fdot(answer, answer)}


def _mish(x: Any) -> Any:
    return x * mp.tanh(mp.log(1 + mp.exp(x)))


def _activations(v: Values) -> Values:
    x, b = v["x"], v["b"]
    gate = min(max(x + 3, 0), 6) / 6
    found = {
        "gate": gate,
        "gated": x * gate,
        "bent": _mish(x),
        "scaled": mp.mpf(1.0507009873554805) * (x if x > 0 else mp.mpf(1.6732632423543772) * (mp.exp(x) - 1)),
        "share": mp.exp(x) / (mp.exp(x) + 1 + mp.exp(b)),
        "smooth": (x + mp.sqrt(x * x + b)) / 2,
        "wide": mp.mpf(1.7159) * mp.tanh(x * 2 / 3),
    }
    return {**found, "total": sum(found.values())}


def _iris(v: Values) -> Values:
    hidden = [_mish(mp.fdot((v[f"w[{j},{i}]"], v[f"x[{i}]"]) for i in range(4)) + v[f"b[{j}]"]) for j in range(4)]
    shares = [mp.exp(mp.fdot((v[f"v[{k},{j}]"], hidden[j]) for j in range(4)) + v[f"c[{k}]"]) for k in range(3)]
    p = dict(zip(("setosa", "versicolor", "virginica"), (share / sum(shares) for share in shares), strict=True))
    return {**p, "loss": -mp.log(p["versicolor"])}


def _attention(v: Values) -> Values:
    query = [v[f"q[{i}]"] for i in range(3)]
    scores = [mp.fdot(query, [v[f"k[{j},{i}]"] for i in range(3)]) / mp.sqrt(3) for j in range(4)]
    shares = [mp.exp(score) / sum(map(mp.exp, scores)) for score in scores]
    y = [mp.fdot(shares, [v[f"v[{j},{c}]"] for j in range(4)]) for c in range(2)]
    return {"y[0]": y[0], "y[1]": y[1], "loss": (y[0] - 1) ** 2 + y[1] ** 2}


INDEPENDENT: Mapping[str, Callable[[Values], Values]] = {
    "activations": _activations,
    "attention": _attention,
    "filter": _filter,
    "iris": _iris,
    "logistic_regression": _logistic_regression,
    "michaelis_menten": _michaelis_menten,
    "mlp": _mlp,
    "options_book": _options_book,
    "svm": _svm,
    "two_layer": _two_layer,
}
"""For the other files, what computes some of their wires from their inputs in another way, with 50 digits."""
EXPERIMENTS = ["logistic_regression", "michaelis_menten", "svm", "two_layer"]
"""The files that come with data, and say what to do with them."""


def _load(name: str) -> Circuit:
    return circuitgrad.load(ROOT / "circuits" / f"{name}.yaml")


def _rows(circuit: Circuit) -> Rows:
    """Return the rows that a circuit's file names."""
    assert circuit.data is not None
    return read_all(circuit.data, circuit.inputs, ())[1]


def _run(circuit: Circuit) -> Outcome:
    """Run the experiment of a circuit's file over its data, all of whose columns count."""
    rows = _rows(circuit)
    assert rows.ignored == ()
    return optimize(circuit, None, rows)


def test_every_file_is_held_against_something() -> None:
    assert {file.stem for file in REFERRED} | INDEPENDENT.keys() == {file.stem for file in FILES}
    assert len(FILES) >= 20


def test_the_readme_and_the_changelog_count_the_files() -> None:
    count = {25: "twenty-five"}[len(FILES)]
    assert f"holds {count} examples" in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"- {count.capitalize()} example circuits" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_names_its_source_and_passes_its_check(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    circuit = circuitgrad.load(file)
    assert text.startswith("# Source: ")
    assert circuit.name == file.stem
    assert circuit.about
    assert circuit.expect
    assert check(circuit).passed


@pytest.mark.parametrize("file", REFERRED, ids=lambda file: file.stem)
def test_a_file_agrees_with_the_reference(file: Path) -> None:
    entry = BY_NAME[SAME.get(file.stem, file.stem)]
    circuit = circuitgrad.load(file)
    output = circuit.single_output()
    gradient = circuit.backward()
    assert circuit[output].value == pytest.approx(entry["value"], rel=1e-12)
    assert {name: gradient[name] for name in circuit.inputs} == pytest.approx(entry["grads"], rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_a_file_agrees_with_an_independent_computation(name: str) -> None:
    """At the inputs of the file and, where it has data, at every row of them."""
    circuit = _load(name)
    for row in [{}, *(_rows(circuit) if circuit.data else ())]:
        circuit.assign(row)
        output = circuit.single_output()
        gradient = circuit.backward()
        with mpmath.workdps(50):
            inputs = {name: mp.mpf(leaf) for name, leaf in circuit.values().items() if name in circuit.inputs}
            exact = INDEPENDENT[name](inputs)
            step = mp.mpf("1e-20")

            def slope(name: str, inputs: Values = inputs, output: str = output, step: Any = step) -> float:
                above, below = (INDEPENDENT[circuit.name]({**inputs, name: inputs[name] + h}) for h in (step, -step))
                return float((above[output] - below[output]) / (2 * step))

            wanted = {name: slope(name) for name in inputs}
        assert circuit.expect.keys() <= exact.keys()
        assert {name: circuit[name].value for name in exact} == pytest.approx(
            {name: float(value) for name, value in exact.items()}, rel=1e-12, abs=1e-13
        )
        assert {name: gradient[name] for name in inputs} == pytest.approx(wanted, rel=1e-10, abs=1e-12)


def test_the_files_with_data_begin_at_their_first_row_and_are_experiments() -> None:
    loaded = {file.stem: circuitgrad.load(file) for file in FILES}
    assert [name for name, circuit in loaded.items() if circuit.data] == EXPERIMENTS
    for circuit in map(_load, EXPERIMENTS):
        first = next(iter(_rows(circuit)))
        assert {name: circuit.inputs[name].value for name in first} == first
        assert all(circuit.inputs[name].fixed for name in first)
    assert {Path(circuit.data).name for circuit in loaded.values() if circuit.data} == {
        file.name for file in (ROOT / "circuits").glob("*.csv")
    }


def test_the_estimates_of_the_logistic_regression_are_the_best_ones() -> None:
    circuit = _load("logistic_regression")
    data = [(row["t"], row["damaged"]) for row in _rows(circuit)]
    assert len(data) == 23
    a = b = 0.0
    for _ in range(20):  # Newton's method
        rows = [(t, y, 1 / (1 + math.exp(-a - b * t))) for t, y in data]
        slopes = [sum((y - p) * t**k for t, y, p in rows) for k in range(2)]
        curve = [sum(p * (1 - p) * t**k for t, _, p in rows) for k in range(3)]
        scale = curve[0] * curve[2] - curve[1] ** 2
        a += (curve[2] * slopes[0] - curve[1] * slopes[1]) / scale
        b += (curve[0] * slopes[1] - curve[1] * slopes[0]) / scale
    text = (ROOT / "circuits" / "logistic_regression.yaml").read_text(encoding="utf-8")
    assert f"a = {a:.7f}, b = {b:.7f}" in text
    outcome = _run(circuit)
    assert (outcome.method, outcome.rows, outcome.stopped) == ("newton", 23, "converged")
    assert {name: outcome.after[name] for name in outcome.moved} == pytest.approx({"a": a, "b": b}, rel=1e-8)
    assert (round(outcome.after["a"], 7), round(outcome.after["b"], 7)) == (15.0429016, -0.2321627)
    likelihood = math.prod(1 / (1 + math.exp(-a - b * t)) if y else 1 / (1 + math.exp(a + b * t)) for t, y in data)
    assert -23 * outcome.last == pytest.approx(math.log(likelihood), rel=1e-13)
    assert circuit.forward()["risk"] == pytest.approx(1 / (1 + math.exp(-a - b * 31)), rel=1e-9)


def test_the_fit_of_michaelis_and_menten_is_that_of_bates_and_watts() -> None:
    circuit = _load("michaelis_menten")
    outcome = _run(circuit)
    assert (outcome.method, outcome.rows, outcome.stopped) == ("lm", 12, "converged")
    fit = outcome.fit
    assert fit is not None
    vmax, km = fit.estimates["vmax"], fit.estimates["km"]
    rounded = [(vmax.value, 4), (vmax.error, 4), (km.value, 4), (km.error, 3), (fit.sum_of_squares, 4)]
    shown = [f"{figure:.{digits}g}" for figure, digits in rounded]
    assert shown == ["212.7", "6.947", "0.06412", "0.00828", "1195"]
    text = (ROOT / "circuits" / "michaelis_menten.yaml").read_text(encoding="utf-8")
    assert all(figure in text for figure in shown)
    data = [(mp.mpf(row["s"]), mp.mpf(row["v"])) for row in _rows(_load("michaelis_menten"))]
    with mpmath.workdps(50):

        def best(k: Any) -> Any:
            """Return the best vmax for a km: the model is linear in it."""
            return sum(v * s / (k + s) for s, v in data) / sum((s / (k + s)) ** 2 for s, _ in data)

        def slope(k: Any) -> Any:
            return sum((v - best(k) * s / (k + s)) * s / (k + s) ** 2 for s, v in data)

        k = mp.findroot(slope, (0.06, 0.07), solver="illinois")
        squares = sum((v - best(k) * s / (k + s)) ** 2 for s, v in data)
        slopes = mp.matrix([[s / (k + s), -best(k) * s / (k + s) ** 2] for s, _ in data])
        covariances = squares / 10 * (slopes.T * slopes) ** -1
        errors = [mp.sqrt(covariances[i, i]) for i in range(2)]
        exact = [float(x) for x in (best(k), errors[0], k, errors[1], squares)]
        correlation = float(covariances[0, 1] / (errors[0] * errors[1]))
    assert [figure for figure, _ in rounded] == pytest.approx(exact, rel=1e-13)
    assert fit.correlations["km"]["vmax"] == pytest.approx(correlation, rel=1e-12)
    assert (circuit["vmax"].value, circuit["km"].value) == (vmax.value, km.value)


def _svm_pulls(v: Mapping[str, float], x: float, y: float, label: float) -> dict[str, float]:
    """Return what the guide's loop adds to the parameters for a point, but for the step size."""
    score = v["a"] * x + v["b"] * y + v["c"]
    pull = label if label * score < 1 else 0.0
    return {"a": x * pull - v["a"], "b": y * pull - v["b"], "c": pull}


def _two_layer_pulls(v: Mapping[str, float], x: float, y: float, label: float) -> dict[str, float]:
    n = {k: max(0, v[f"a{k}"] * x + v[f"b{k}"] * y + v[f"c{k}"]) for k in (1, 2, 3)}
    score = v["a4"] * n[1] + v["b4"] * n[2] + v["c4"] * n[3] + v["d4"]
    pull = label if label * score < 1 else 0.0
    pulls = {"d4": pull}
    for k, top in zip((1, 2, 3), ("a4", "b4", "c4"), strict=True):
        pulls[top] = n[k] * pull - v[top]
        below = v[top] * pull if n[k] > 0 else 0.0
        for letter, operand in zip("abc", (x, y, 1), strict=True):
            pulls[f"{letter}{k}"] = operand * below - (v[f"{letter}{k}"] if letter in "ab" else 0.0)
    return pulls


GUIDE = {"svm": _svm_pulls, "two_layer": _two_layer_pulls}
POINTS = [(1.2, 0.7, 1), (-0.3, -0.5, -1), (3, 0.1, 1), (-0.1, -1, -1), (-1, 1.1, -1), (2.1, -3, 1)]
"""The guide's points, each with its label."""


@pytest.mark.parametrize("name", GUIDE)
def test_the_gradient_at_a_point_is_what_the_guide_adds(name: str) -> None:
    circuit = _load(name)
    for _ in ("at the start", "at the end"):
        parameters = {leaf.name: circuit[leaf.name].value for leaf in circuit.inputs.values() if not leaf.fixed}
        for row in _rows(circuit):
            circuit.assign(row)
            gradient, pulls = circuit.backward(), GUIDE[name](parameters, **row)
            assert pulls.keys() == parameters.keys()
            assert {one: -gradient[one] for one in pulls} == pytest.approx(pulls, rel=1e-13, abs=1e-16)
        _run(circuit)


@pytest.mark.parametrize("name", GUIDE)
def test_a_run_is_the_loop_of_the_guide(name: str) -> None:
    """Every step is the guide's for one of the points, and six steps in a row see all six."""
    circuit = _load(name)
    assert [tuple(row.values()) for row in _rows(circuit)] == POINTS
    walk: list[list[float]] = []
    outcome = optimize(circuit, None, _rows(circuit), listen=lambda step: walk.append(list(step.point)))
    assert outcome.stopped == "steps"
    assert len(walk) == outcome.steps + 1 == {"svm": 401, "two_layer": 2001}[name]
    seen: list[set[int]] = []
    for before, after in pairwise(walk):
        v = dict(zip(outcome.moved, before, strict=True))
        told = [GUIDE[name](v, *point) for point in POINTS]
        ways = [[v[one] + 0.01 * pulls[one] for one in outcome.moved] for pulls in told]
        seen.append({i for i, way in enumerate(ways) if after == pytest.approx(way, rel=1e-13, abs=1e-15)})
    for at in range(0, len(seen), 6):
        turn = seen[at : at + 6]
        assert any(all(i in ones for i, ones in zip(order, turn, strict=False)) for order in permutations(range(6)))


def _right(circuit: Circuit) -> list[bool]:
    """Return, point by point, whether its score is on its side."""
    found = []
    for row in _rows(circuit):
        circuit.assign(row)
        found.append(circuit.forward()["score"] * row["label"] > 0)
    return found


def test_the_two_layer_network_learns_its_six_points() -> None:
    circuit = _load("two_layer")
    assert sum(_right(circuit)) == 3
    outcome = _run(circuit)
    assert outcome.first == pytest.approx(1.273, rel=1e-12)
    assert outcome.last < 0.9
    assert _right(circuit) == [True] * 6


def test_the_svm_comes_to_the_least_cost_where_the_first_point_is_wrong() -> None:
    circuit = _load("svm")
    rows = list(_rows(circuit))
    assert _right(circuit) == [False, True, True, False, True, True]
    outcome = _run(circuit)
    # Pulls of 0 to 1 by the points, as many by each label, prove that the mean cost is nowhere lower: the dual problem.
    first, second, fourth, sixth = pulling = [rows[i] for i in (0, 1, 3, 5)]
    assert first["label"] + second["label"] + fourth["label"] + sixth["label"] == 0
    a, b = (sum(row["label"] * row[one] for row in pulling) / 6 for one in ("x", "y"))
    least = 4 / 6 - (a * a + b * b) / 2
    assert least < outcome.last < 1.01 * least
    assert [outcome.after["a"], outcome.after["b"]] == pytest.approx([a, b], abs=0.05)
    assert _right(circuit) == [False, True, True, True, True, True]
    # It is that low at the largest c for which the sixth point still pulls, and even there the first one is wrong.
    c = 1 - (a * sixth["x"] + b * sixth["y"])
    costs = [_svm({"a": a, "b": b, "c": c, "strength": 1, **row})["cost"] for row in rows]
    assert float(sum(costs) / 6) == pytest.approx(least, rel=1e-13)
    assert a * first["x"] + b * first["y"] + c < -0.04


def test_the_svm_has_its_six_points_right_where_the_pull_towards_0_is_weak() -> None:
    circuit = _load("svm")
    circuit.assign({"strength": 0.1})
    assert _run(circuit).worse is False
    assert _right(circuit) == [True] * 6


def test_the_gradient_of_the_book_holds_the_greeks() -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "options_book.yaml")
    v = {name: leaf.value for name, leaf in circuit.inputs.items()}
    delta, vega, rho = v["shares"], 0.0, 0.0
    for sign, held, strike, years in ((1, v["calls"], 110, 0.5), (-1, v["puts"], 95, 0.25)):
        _, d1, d2 = _option(v, strike, years, sign)
        delta += held * float(sign * mp.ncdf(sign * d1))
        vega += held * float(v["S"] * mp.npdf(d1) * mp.sqrt(years))
        rho += held * float(sign * strike * years * mp.exp(-v["r"] * years) * mp.ncdf(sign * d2))
    gradient = circuit.backward()
    assert [gradient["S"], gradient["sigma"], gradient["r"]] == pytest.approx([delta, vega, rho], rel=1e-12)


@pytest.mark.parametrize("entry", REFERENCE, ids=lambda entry: entry["name"])
def test_an_expression_agrees_with_the_reference(entry: dict[str, Any]) -> None:
    circuit = circuitgrad.from_expression(entry["formula"], **entry["inputs"])
    gradient = circuit.backward()
    assert circuit["out"].value == pytest.approx(entry["value"], rel=1e-12, abs=0)
    for name, wanted in entry["grads"].items():
        # A gradient of exactly 0 comes out of terms that cancel: there the distance is counted in their size.
        assert gradient[name] == pytest.approx(wanted, rel=1e-10, abs=0 if wanted else 1e-13)

"""The example library: every file says what it is, where it comes from and what to expect, and passes its check."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath
import pytest
from mpmath import mp

import circuitgrad
from circuitgrad.methods.check import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "circuits").glob("*.yaml"))
REFERENCE = json.loads((Path(__file__).parent / "data" / "reference.json").read_text(encoding="utf-8"))
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
    likelihood = mp.mpf(1)
    for i in range(23):
        p = 1 / (1 + mp.exp(-v["a"] - v["b"] * v[f"t[{i}]"]))
        likelihood *= p ** v[f"damaged[{i}]"] * (1 - p) ** (1 - v[f"damaged[{i}]"])
    return {"log_likelihood": mp.log(likelihood), "risk": 1 / (1 + mp.exp(-v["a"] - v["b"] * 31))}


def _two_layer(v: Values) -> Values:
    hinge = mp.mpf(0)
    for i in range(6):
        x, y = v[f"x[{i}]"], v[f"y[{i}]"]
        n1, n2, n3 = (max(0, v[f"a{k}"] * x + v[f"b{k}"] * y + v[f"c{k}"]) for k in (1, 2, 3))
        hinge += max(0, 1 - v[f"label[{i}]"] * (v["a4"] * n1 + v["b4"] * n2 + v["c4"] * n3 + v["d4"]))
    weights = ["c4", *(f"{letter}{k}" for letter, k in product("ab", range(1, 5)))]
    return {"cost": hinge / 6 + sum(v[name] ** 2 for name in weights) / 2}


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


INDEPENDENT: Mapping[str, Callable[[Values], Values]] = {
    "activations": _activations,
    "filter": _filter,
    "iris": _iris,
    "logistic_regression": _logistic_regression,
    "mlp": _mlp,
    "options_book": _options_book,
    "two_layer": _two_layer,
}
"""For the other files, what computes some of their wires from their inputs in another way, with 50 digits."""


def test_every_file_is_held_against_something() -> None:
    assert {file.stem for file in REFERRED} | INDEPENDENT.keys() == {file.stem for file in FILES}
    assert len(FILES) >= 20


def test_the_readme_and_the_changelog_count_the_files() -> None:
    count = {22: "twenty-two"}[len(FILES)]
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
    circuit = circuitgrad.load(ROOT / "circuits" / f"{name}.yaml")
    output = circuit.single_output()
    gradient = circuit.backward()
    with mpmath.workdps(50):
        inputs = {name: mp.mpf(leaf.value) for name, leaf in circuit.inputs.items()}
        exact = INDEPENDENT[name](inputs)
        step = mp.mpf("1e-20")

        def slope(name: str) -> float:
            above, below = (INDEPENDENT[circuit.name]({**inputs, name: inputs[name] + h}) for h in (step, -step))
            return float((above[output] - below[output]) / (2 * step))

        wanted = {name: slope(name) for name in inputs}
    assert circuit.expect.keys() <= exact.keys()
    assert {name: circuit[name].value for name in exact} == pytest.approx(
        {name: float(value) for name, value in exact.items()}, rel=1e-12, abs=1e-13
    )
    assert {name: gradient[name] for name in inputs} == pytest.approx(wanted, rel=1e-10, abs=1e-12)


def test_the_estimates_of_the_logistic_regression_are_the_best_ones() -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "logistic_regression.yaml")
    data = [(circuit.inputs[f"t[{i}]"].value, circuit.inputs[f"damaged[{i}]"].value) for i in range(23)]
    a = b = 0.0
    for _ in range(20):  # Newton's method
        rows = [(t, y, 1 / (1 + math.exp(-a - b * t))) for t, y in data]
        slopes = [sum((y - p) * t**k for t, y, p in rows) for k in range(2)]
        curve = [sum(p * (1 - p) * t**k for t, _, p in rows) for k in range(3)]
        scale = curve[0] * curve[2] - curve[1] ** 2
        a += (curve[2] * slopes[0] - curve[1] * slopes[1]) / scale
        b += (curve[0] * slopes[1] - curve[1] * slopes[0]) / scale
    assert (circuit.inputs["a"].value, circuit.inputs["b"].value) == (round(a, 7), round(b, 7))


def test_the_gradient_of_the_two_layer_network_is_what_the_guide_adds() -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "two_layer.yaml")
    v = {name: leaf.value for name, leaf in circuit.inputs.items()}
    pulls = {name: -v[name] * (name[0] in "ab" or name == "c4") for name in v if "[" not in name}
    for i in range(6):
        x, y, label = v[f"x[{i}]"], v[f"y[{i}]"], v[f"label[{i}]"]
        n = {k: max(0, v[f"a{k}"] * x + v[f"b{k}"] * y + v[f"c{k}"]) for k in (1, 2, 3)}
        score = v["a4"] * n[1] + v["b4"] * n[2] + v["c4"] * n[3] + v["d4"]
        pull = label / 6 if label * score < 1 else 0.0
        pulls["d4"] += pull
        for k, top in zip((1, 2, 3), ("a4", "b4", "c4"), strict=True):
            pulls[top] += n[k] * pull
            below = v[top] * pull if n[k] > 0 else 0.0
            for letter, operand in zip("abc", (x, y, 1), strict=True):
                pulls[f"{letter}{k}"] += operand * below
    gradient = circuit.backward()
    assert {name: -gradient[name] for name in pulls} == pytest.approx(pulls, rel=1e-12)


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

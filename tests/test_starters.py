"""Every starting file runs at once."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, loads
from circuitgrad.errors import Source
from circuitgrad.methods.check import check
from circuitgrad.methods.optimize import optimize
from circuitgrad.starters import MOST_ROWS, fit, mlp, neuron, read_columns, svm

DATA = Source("data.csv", "x,y\n0,1\n1,3\n2,5\n")


@pytest.mark.parametrize(
    "text", [neuron("n.yaml"), svm("s.yaml"), mlp("m.yaml", [2, 3, 2]), fit("f.yaml", "a*x + b", DATA)]
)
def test_a_starting_file_is_a_circuit_that_passes(text: str) -> None:
    assert check(loads(text)).passed
    assert max(map(len, text.splitlines())) <= 110
    assert text.endswith("\n")


def test_the_svm_learns_to_separate_its_points() -> None:
    circuit = loads(svm("s.yaml"))
    outcome = optimize(circuit, minimize=True, steps=400, step_size=0.05)
    assert all(outcome.after[f"margin[{i}]"] > 0 for i in range(6))
    assert any(outcome.before[f"margin[{i}]"] < 0 for i in range(6))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_a_perceptron_is_what_its_sizes_say(sizes: list[int]) -> None:
    circuit = loads(mlp("m.yaml", sizes))
    values = circuit.forward()
    layer = [values[f"x[{i}]"] for i in range(sizes[0])]
    for number, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        sums = [
            sum(values[f"w{number}[{j},{i}]"] * layer[i] for i in range(fan_in)) + values[f"b{number}[{j}]"]
            for j in range(fan_out)
        ]
        layer = sums if number == len(sizes) - 1 else list(map(math.tanh, sums))
    assert values["loss"] == pytest.approx(sum((out - 1) ** 2 for out in layer) / 2, rel=1e-12)
    assert optimize(circuit, minimize=True, steps=5, step_size=0.01).after["loss"] <= values["loss"]


@pytest.mark.parametrize(
    ("sizes", "words"), [([], "two sizes or more"), ([3], "two sizes or more"), ([2, 0, 1], "0 is no size"),
                         ([2, -1], "-1 is no size"), ([10**6, 10**6], "1,000,000,000,000 weights")],
)  # fmt: skip
def test_sizes_that_make_no_perceptron(sizes: list[int], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        mlp("m.yaml", sizes)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=9), finite)
def test_every_number_arrives_to_the_last_bit(rows: list[tuple[float, float]], start: float) -> None:
    data = Source("d.csv", "x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in rows))
    circuit = loads(fit("f.yaml", "a*x", data, start={"a": start}))
    assert [repr(circuit.inputs[f"x[{i}]"].value) for i in range(len(rows))] == [repr(x) for x, _ in rows]
    assert [repr(circuit.inputs[f"y[{i}]"].value) for i in range(len(rows))] == [repr(y) for _, y in rows]
    assert repr(circuit.inputs["a"].value) == repr(start)


def test_a_fit_moves_its_parameters_and_nothing_else() -> None:
    circuit = loads(fit("f.yaml", "a*x + b", DATA))
    assert [name for name, leaf in circuit.inputs.items() if not leaf.fixed] == ["a", "b"]
    outcome = optimize(circuit, minimize=True, steps=500, step_size=0.1)
    assert outcome.before["loss"] == pytest.approx((0 + 1 + 4) / 3)
    assert (outcome.after["a"], outcome.after["b"]) == pytest.approx((2, 1), rel=1e-6)


def test_the_target_is_the_last_column_that_the_formula_leaves() -> None:
    data = Source("d.csv", "t,u,x\n1,2,3\n")
    assert loads(fit("f.yaml", "k*x", data)).forward()["residual[0]"] == 2 - 3
    assert loads(fit("f.yaml", "k*x", data, target="t")).forward()["residual[0]"] == 1 - 3


@pytest.mark.parametrize(
    ("formula", "data", "words"),
    [
        ("a*z", "x,y\n1,2\n", "uses no column of the data"),
        ("a*x*y", "x,y\n1,2\n", "uses every column"),
        ("2*x", "x,y\n1,2\n", "has no parameters"),
        ("a*x +", "x,y\n1,2\n", "<expression>:1:6: error"),
        ("a*x[0]", "x,y\n1,2\n", "member of a family"),
        ("loss*x", "x,y\n1,2\n", "'loss' is needed for the fit itself"),
        ("a*x", "x,y\n1,2\n3\n", "d.csv:3:1: error: 1 cells in this row, 2 in the header"),
        ("a*x", "x,y\n1,2\n3,four\n", "d.csv:3:3: error: 'four' is not a number"),
        ("a*x", "x,y\n1,nan\n", "d.csv:2:3: error: 'nan' cannot be fitted"),
        ("a*x", "x,y\n1,017\n", "d.csv:2:3: error: '017' is ambiguous"),
        ("a*x", "x,1y\n1,2\n", "d.csv:1:3: error: '1y' is not the name of a column"),
        ("a*x", "x,x\n1,2\n", "d.csv:1:3: error: a second column called 'x'"),
        ("a*x", "x,y\n", "there are no rows"),
        ("a*x", "", "there is nothing in 'd.csv'"),
        ("a*x", 'x,y\n1,"2\n', "not CSV"),
        ("a*x", "x,y\n" + "1,2\n" * (MOST_ROWS + 1), "1,001 rows"),
    ],
)
def test_a_fault_of_formula_or_data_says_where(formula: str, data: str, words: str) -> None:
    with pytest.raises(CircuitError) as caught:
        fit("f.yaml", formula, Source("d.csv", data))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"target": "z"}, "no column is called 'z'"), ({"target": "x"}, "stands in the formula itself"),
     ({"start": {"c": 1.0}}, "no parameter is called 'c'")],
)  # fmt: skip
def test_options_that_name_nothing(options: dict[str, object], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        fit("f.yaml", "a*x", DATA, **options)  # type: ignore[arg-type] # one of them at a time


def test_blanks_quotes_and_empty_lines_in_data_do_not_matter() -> None:
    assert read_columns(Source("d.csv", '"x", y\r\n 1 ,"2"\r\n\r\n3,4')) == {"x": [1, 3], "y": [2, 4]}

"""Every starting file runs at once."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, loads
from circuitgrad.errors import Source
from circuitgrad.methods.check import check
from circuitgrad.methods.optimize import optimize
from circuitgrad.starters import MOST_LAYERS, MOST_ROWS, fit, mlp, neuron, read_columns, svm

DATA = Source("data.csv", "x,y\n0,1\n1,3\n2,5\n")


@pytest.mark.parametrize(
    "text", [neuron("n.yaml"), svm("s.yaml"), mlp("m.yaml", [2, 3, 2]), fit("f.yaml", "a*x + b", DATA)]
)
def test_a_starting_file_is_a_circuit_that_passes(text: str) -> None:
    assert check(loads(text)).passed
    assert max(map(len, text.splitlines())) <= 100
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
    mean = sum((out - 1) ** 2 for out in layer) / sizes[-1]
    assert values["loss"] == pytest.approx(mean / 2, rel=1e-12)


@pytest.mark.parametrize("sizes", [[1, 1], [2, 16, 1], [300, 1], [1, 300], [1, 1, 300], [3, 40, 40, 2]], ids=str)
def test_the_command_in_a_perceptron_lowers_its_loss(sizes: list[int]) -> None:
    text = mlp("m.yaml", sizes)
    suggested = re.search(r"--minimize --steps (\d+) --step-size (\S+)\n", text)
    assert suggested is not None
    outcome = optimize(loads(text), minimize=True, steps=int(suggested[1]), step_size=float(suggested[2]))
    assert outcome.after["loss"] < outcome.before["loss"]


def test_a_deep_perceptron_has_a_short_title() -> None:
    text = mlp("m.yaml", [1] * (MOST_LAYERS + 1))
    assert max(map(len, text.splitlines())) <= 100
    assert loads(text).outputs == ("loss",)


@pytest.mark.parametrize(
    ("sizes", "words"), [([], "two sizes or more"), ([3], "two sizes or more"), ([2, 0, 1], "0 is no size"),
                         ([2, -1], "-1 is no size"), ([10**6, 10**6], "1,000,000,000,000 weights"),
                         ([1] * (MOST_LAYERS + 2), "101 layers")],
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
        ("a*x", 'x,y\n1,"2\n', "d.csv:2:1: error: not CSV"),
        ("a*x", "", "d.csv:1:1: error"),
        ("a*x", 'x,y\n"1",four\n', "d.csv:2:5: error: 'four' is not a number"),
        ("a*x", 'x,y\n"1","2\n3"\n', "d.csv:2:5: error: '2␊3' is not a number"),
        ("a*x", 'x,y\n1,"2\n"\n3,four\n', "d.csv:4:3: error: 'four' is not a number"),
        ("a*x", "x;y\n1;2\n", "commas separate the columns"),
        ("a*no", "no,y\n1,2\n", "d.csv:1:1: error: 'no' is not a name: YAML reads it as a boolean"),
        ("a*x", "x,if\n1,2\n", "d.csv:1:3: error: 'if' is a word of the formula language"),
        ("a*x", "x,inf\n1,2\n", "d.csv:1:3: error: 'inf' is not a name"),
        ("a*x + off", "x,y\n1,2\n", "<expression>:1:7: error: 'off' is not a name"),
        ("a.b*x", "x,y\n1,2\n", "<expression>:1:1: error: 'a.b' is not a name"),
        ("a*exo(x)", "x,y\n1,2\n", "<expression>:1:3: error: no gate is called 'exo'"),
        ("exp(a, x)", "x,y\n1,2\n", "<expression>:1:1: error: exp takes 1 operand"),
        ("a + model(x)", "x,y\n1,2\n", "<expression>:1:5: error: no gate is called 'model'"),
        ("a*x[0]", "x,y\n1,2\n", "<expression>:1:3: error: 'x' in the formula"),
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
     ({"start": {"c": 1.0}}, "no parameter is called 'c'"), ({"start": {"a": math.nan}}, "'a' cannot start from nan")],
)  # fmt: skip
def test_options_that_name_nothing(options: dict[str, object], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        fit("f.yaml", "a*x", DATA, **options)  # type: ignore[arg-type] # one of them at a time


def test_blanks_quotes_and_empty_lines_in_data_do_not_matter() -> None:
    assert read_columns(Source("d.csv", '"x", y\r\n 1 ,"2"\r\n\r\n3,4')) == {"x": [1, 3], "y": [2, 4]}


@pytest.mark.parametrize("name", ["i", "i0", "k", "out", "exp", "sum", "lambda", "y", "n", "β", "ﬁ"])
def test_a_parameter_may_have_any_name(name: str) -> None:
    circuit = loads(fit("f.yaml", f"{name}*x + {name}", Source("d.csv", "x,t\n1,5\n2,9\n"), start={name: 3.0}))
    assert [leaf.value for leaf in circuit.inputs.values() if not leaf.fixed] == [3]
    assert circuit.forward()["loss"] == ((5 - 3 * 2) ** 2 + (9 - 3 * 3) ** 2) / 2


@pytest.mark.parametrize("name", ["i", "e", "pi", "out", "exp", "y"])
def test_a_column_may_have_any_name(name: str) -> None:
    data = Source("d.csv", f"{name},t\n1,5\n2,9\n")
    assert loads(fit("f.yaml", f"a*{name} + i0", data)).forward()["loss"] == ((5 - 2) ** 2 + (9 - 3) ** 2) / 2
    data = Source("d.csv", f"x,{name}\n1,5\n2,9\n")
    assert loads(fit("f.yaml", "a*x + i0", data)).forward()["loss"] == ((5 - 2) ** 2 + (9 - 3) ** 2) / 2


def test_a_name_that_the_fit_needs_may_be_that_of_a_column_left_out() -> None:
    assert loads(fit("f.yaml", "a*x", Source("d.csv", "x,loss,y\n1,7,3\n"))).forward()["loss"] == (3 - 1) ** 2


def test_line_breaks_stay_out_of_the_comments() -> None:
    text = fit("f.yaml", "a*x\n  + b", Source("d\ninputs: 3\u2028.csv", DATA.text))
    assert loads(text).forward()["loss"] == ((1 - 1) ** 2 + (3 - 2) ** 2 + (5 - 3) ** 2) / 3


def test_long_formulas_are_folded() -> None:
    names = [f"coefficient_number_{power}" for power in range(80)]
    formula = " + ".join(f"{name}*x**{power}" for power, name in enumerate(names))
    text = fit("f.yaml", formula, Source("d.csv", "x,y\n1,0\n-1,0\n" + "0.1234567890123,0\n" * 9))
    assert max(map(len, text.splitlines())) <= 100
    assert loads(text).forward()["residual[0]"] == -80
    assert loads(text).forward()["residual[1]"] == 0


def test_a_fit_of_certified_data_gets_better_from_the_certified_start() -> None:
    # Misra1a's second start and residual sum of squares are NIST's (StRD); so are the observations.
    rows = [(77.6, 10.07), (114.9, 14.73), (141.1, 17.94), (190.8, 23.93), (239.9, 29.61), (289.0, 35.18),
            (332.8, 40.02), (378.4, 44.82), (434.8, 50.76), (477.3, 55.05), (536.8, 61.01), (593.1, 66.40),
            (689.1, 75.47), (760.0, 81.78)]  # fmt: skip
    data = Source("Misra1a.csv", "y,x\n" + "".join(f"{y},{x}\n" for x, y in rows))
    formula = "b1*(1 - exp(-b2*x))"
    circuit = loads(fit("f.yaml", formula, data, start={"b1": 250, "b2": 0.0005}))
    outcome = optimize(circuit, minimize=True, steps=100, step_size=1e-11)
    assert 0.12455138894 / 14 < outcome.after["loss"] < outcome.before["loss"] / 2
    certified = loads(fit("f.yaml", formula, data, start={"b1": 238.94212918, "b2": 5.5015643181e-4}))
    assert certified.forward()["loss"] * 14 == pytest.approx(0.12455138894, rel=1e-9)


def test_all_the_faults_of_data_are_reported_at_once() -> None:
    with pytest.raises(CircuitError) as caught:
        fit("f.yaml", "a*x", Source("d.csv", "x,1y,x\n1,2\n1,?,nan\n"))
    assert [str(problem).partition("\n")[0] for problem in caught.value.problems] == [
        "d.csv:1:3: error: '1y' is not the name of a column",
        "d.csv:1:6: error: a second column called 'x'",
        "d.csv:2:1: error: 2 cells in this row, 3 in the header",
        "d.csv:3:3: error: '?' is not a number",
        "d.csv:3:5: error: 'nan' cannot be fitted",
    ]


def test_a_wrong_header_is_reported_before_too_many_rows() -> None:
    with pytest.raises(CircuitError, match="a second column called 'x'"):
        read_columns(Source("d.csv", "x,x\n" + "1,2\n" * (MOST_ROWS + 1)))


def test_a_header_without_commas_is_all_that_is_wrong() -> None:
    with pytest.raises(CircuitError) as caught:
        read_columns(Source("d.csv", "x;y\n1;2\n3;4\n"))
    assert [problem.hint for problem in caught.value.problems] == ["commas separate the columns"]

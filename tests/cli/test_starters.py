"""Every starting file runs at once."""

from __future__ import annotations

import math
import os
import re
import sys
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, load, loads
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.cli import starters
from circuitgrad.cli.new import command
from circuitgrad.cli.starters.examples import example_text
from circuitgrad.cli.starters.fit import fit_text
from circuitgrad.cli.starters.mlp import MOST_LAYERS, mlp_text
from circuitgrad.data.chunks import read_all
from circuitgrad.methods.check.check import check
from circuitgrad.methods.optimize.optimize import optimize
from program import CIRCUITS, write

DATA = "x,y\n0,1\n1,3\n2,5\n"
PUROMYCIN = str(CIRCUITS / "puromycin.csv")


@pytest.fixture
def points(tmp_path: Path) -> str:
    return write(tmp_path, DATA, "data.csv")


@pytest.mark.parametrize("file", sorted(Path(starters.__path__[0]).glob("*.yaml")), ids=lambda file: file.stem)
def test_an_example_is_a_circuit_file_as_it_stands(file: Path) -> None:
    assert check(load(file)).passed
    text = file.read_text(encoding="utf-8")
    assert example_text(file.stem, file.name) == text
    assert file.name not in example_text(file.stem, "mine.yaml")
    assert "circuitgrad backward mine.yaml" in example_text(file.stem, "mine.yaml")


def test_every_example_is_a_kind() -> None:
    examples = {file.stem for file in Path(starters.__path__[0]).glob("*.yaml")}
    assert examples == {"neuron", "svm"} <= command.commands.keys()


@pytest.mark.parametrize(
    "text",
    [
        example_text("neuron", "n.yaml"),
        example_text("svm", "s.yaml"),
        mlp_text("m.yaml", [2, 3, 2]),
        fit_text("f.yaml", "vmax*s/(km + s)", PUROMYCIN),
    ],
)
def test_a_starting_file_is_a_circuit_that_passes(text: str) -> None:
    assert check(loads(text)).passed
    assert max(map(len, text.splitlines())) <= 100
    assert text.endswith("\n")


def test_the_svm_learns_to_separate_its_points() -> None:
    circuit = loads(example_text("svm", "s.yaml"))
    outcome = optimize(circuit, Optimization("minimize", steps=400, step_size=0.05))
    assert all(outcome.after[f"margin[{i}]"] > 0 for i in range(6))
    assert any(outcome.before[f"margin[{i}]"] < 0 for i in range(6))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_a_perceptron_is_what_its_sizes_say(sizes: list[int]) -> None:
    circuit = loads(mlp_text("m.yaml", sizes))
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
    text = mlp_text("m.yaml", sizes)
    suggested = re.search(r"--minimize --steps (\d+) --step-size (\S+)\n", text)
    assert suggested is not None
    settings = Optimization("minimize", steps=int(suggested[1]), step_size=float(suggested[2]))
    outcome = optimize(loads(text), settings)
    assert outcome.after["loss"] < outcome.before["loss"]


def test_a_deep_perceptron_has_a_short_title() -> None:
    text = mlp_text("m.yaml", [1] * (MOST_LAYERS + 1))
    assert max(map(len, text.splitlines())) <= 100
    assert loads(text).outputs == ("loss",)


@pytest.mark.parametrize(
    ("sizes", "words"), [([], "two sizes or more"), ([3], "two sizes or more"), ([2, 0, 1], "0 is no size"),
                         ([2, -1], "-1 is no size"), ([10**6, 10**6], "1,000,000,000,000 weights"),
                         ([1] * (MOST_LAYERS + 2), "101 layers")],
)  # fmt: skip
def test_sizes_that_make_no_perceptron(sizes: list[int], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        mlp_text("m.yaml", sizes)


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, finite, finite)
def test_every_number_arrives_to_the_last_bit(x: float, y: float, start: float) -> None:
    with TemporaryDirectory() as folder:
        data = write(Path(folder), f"x,y\n{x!r},{y!r}\n0,0\n", "data.csv")
        circuit = loads(fit_text("f.yaml", "a*x", data, start={"a": start}))
    assert {name: repr(leaf.value) for name, leaf in circuit.inputs.items()} == {
        "a": repr(start),
        "x": repr(x),
        "y": repr(y),
    }


def test_a_fit_is_least_squares_of_a_residual_over_the_file(points: str) -> None:
    circuit = loads(fit_text("f.yaml", "a*x + b", points, start={"a": 1, "b": 1}))
    assert [name for name, leaf in circuit.inputs.items() if not leaf.fixed] == ["a", "b"]
    assert circuit.optimize == Optimization("least_squares", "residual")
    assert circuit.outputs == ("residual",)
    assert circuit.data is not None
    assert Path(circuit.data).samefile(points)
    assert circuit.forward()["residual"] == 1 - (1 * 0 + 1)


@pytest.mark.parametrize(
    ("formula", "target", "value"),
    [("k*x", "u", 2), ("k*x", "t", 1), ("k*x", " t ", 1), ("u ~ k*x", None, 2), (" t~k*x", None, 1), ("t~k*x", "t", 1)],
)
def test_the_target_is_the_response_or_an_option(
    tmp_path: Path, formula: str, target: str | None, value: float
) -> None:
    data = write(tmp_path, "t,u,x\n1,2,3\n", "data.csv")
    assert loads(fit_text("f.yaml", formula, data, target=target, start={"k": 1})).forward()["residual"] == value - 3


@pytest.mark.parametrize(
    ("formula", "data", "words"),
    [
        ("a*z", "x,y\n1,2\n", "data.csv:1:1: error: no column has the name of an input"),
        ("a*x*y", "x,y\n1,2\n", "uses every column"),
        ("2*x", "x,y\n1,2\n", "has no parameters"),
        ("a*x +", "x,y\n1,2\n", "<expression>:1:6: error"),
        ("a*x[0]", "x,y\n1,2\n", "<expression>:1:3: error: 'x' in the formula is a member of a family"),
        ("residual*x", "x,y\n1,2\n", "'residual' is needed for the fit itself"),
        ("a*x", "x,model\n1,2\n", "'model' is needed for the fit itself"),
        ("a*x", "x,y\n1,2\n3\n", "data.csv:3:1: error: 1 cells in this row, 2 in the header"),
        ("a*x", "x,y\n1,2\n3,four\n", "data.csv:3:3: error: 'four' is not a number"),
        ("a*x", "x,y\n1,nan\n", "data.csv:2:3: error: 'nan' is not a finite number"),
        ("a*x", "x,y\n" + "1,2\n" * 5000 + "1,\n", "data.csv:5002:3: error: an empty cell"),
        ("a*x", "x,1y\n1,2\n", "data.csv:1:1: error: '1y' is not a name"),
        ("a*x", "x,x,y\n1,2,3\n", "data.csv:1:3: error: a second column for the input 'x'"),
        ("a*x", "x,y,y\n1,2,3\n", "data.csv:1:5: error: a second column for the input 'y'"),
        ("a*x", "x,y\n", "there are no rows"),
        ("a*x", "", "data.csv:1:1: error: there is nothing in"),
        ("a*x", 'x,y\n1,"2\n', "data.csv:2:1: error: not CSV"),
        ("a*x", "x;y\n1;2;3\n", "data.csv:2:1: error: 3 cells in this row, 2 in the header"),
        ("a*no", "no,y\n1,2\n", "<expression>:1:3: error: 'no' is not a name: YAML reads it as a boolean"),
        ("a*x", "x,if\n1,2\n", "data.csv:1:1: error: 'if' is a word of the formula language"),
        ("a*x", "x,inf\n1,2\n", "data.csv:1:1: error: 'inf' is not a name"),
        ("a*x + off", "x,y\n1,2\n", "<expression>:1:7: error: 'off' is not a name"),
        ("a.b*x", "x,y\n1,2\n", "<expression>:1:1: error: 'a.b' is not a name"),
        ("a*exo(x)", "x,y\n1,2\n", "<expression>:1:3: error: no gate is called 'exo'"),
        ("exp(a, x)", "x,y\n1,2\n", "<expression>:1:1: error: exp takes 1 operand"),
        ("a + model(x)", "x,y\n1,2\n", "<expression>:1:5: error: no gate is called 'model'"),
    ],
)
def test_a_fault_of_formula_or_data_says_where(tmp_path: Path, formula: str, data: str, words: str) -> None:
    with pytest.raises(CircuitError) as caught:
        fit_text("f.yaml", formula, write(tmp_path, data, "data.csv"))
    assert words in str(caught.value)


def test_all_the_faults_of_data_are_reported_at_once(tmp_path: Path) -> None:
    data = write(tmp_path, "x,note,x,y\n1,2\n1,?,nan,four\n", "data.csv")
    with pytest.raises(CircuitError) as caught:
        fit_text("f.yaml", "y ~ a*x", data)
    assert [str(problem).partition("\n")[0].removeprefix(data) for problem in caught.value.problems] == [
        ":1:8: error: a second column for the input 'x'",
        ":2:1: error: 2 cells in this row, 4 in the header",
        ":3:5: error: 'nan' is not a finite number",
        ":3:9: error: 'four' is not a number",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"target": "z"}, "no column is called 'z'"), ({"target": "x"}, "stands in the formula itself"),
     ({"start": {"c": 1.0}}, "no parameter is called 'c'"), ({"start": {"a": math.nan}}, "'a' cannot start from nan")],
)  # fmt: skip
def test_options_that_name_nothing(points: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        fit_text("f.yaml", "a*x", points, **options)  # type: ignore[arg-type] # one of them at a time


def test_columns_that_are_not_needed_may_be_anything(tmp_path: Path) -> None:
    data = write(tmp_path, "1st,x,no,no,,residual,y\nMon,1,?,,,nan,3\n", "data.csv")
    assert loads(fit_text("f.yaml", "y ~ a*x", data, start={"a": 1})).forward()["residual"] == 3 - 1


@pytest.mark.parametrize("name", ["i", "k", "out", "loss", "exp", "sum", "lambda", "y", "n", "β", "ﬁ"])
def test_a_parameter_may_have_any_name(tmp_path: Path, name: str) -> None:
    data = write(tmp_path, "x,t\n1,5\n2,9\n", "data.csv")
    circuit = loads(fit_text("f.yaml", f"{name}*x + {name}", data, start={name: 3.0}))
    assert [leaf.value for leaf in circuit.inputs.values() if not leaf.fixed] == [3]
    assert circuit.forward()["residual"] == 5 - 3 * 2


@pytest.mark.parametrize("name", ["i", "e", "pi", "out", "exp", "y"])
def test_a_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    data = write(tmp_path, f"{name},t\n2,5\n", "data.csv")
    assert loads(fit_text("f.yaml", f"a*{name} + b", data)).forward()["residual"] == 5 - (2 + 1)
    data = write(tmp_path, f"x,{name}\n2,5\n", "data.csv")
    assert loads(fit_text("f.yaml", "a*x + b", data)).forward()["residual"] == 5 - (2 + 1)


@pytest.mark.parametrize("formula", ["- a*x", "--a*x", "+ a*x", "(a)*x", "a*x\n  + 0", "x*a if x != 0 else 0"])
def test_a_formula_is_a_text_of_yaml(points: str, formula: str) -> None:
    circuit = loads(fit_text("f.yaml", formula, points))
    circuit.assign({"a": 3, "x": 5, "y": 0})
    assert abs(circuit.forward()["residual"]) == 15


def test_long_formulas_are_folded(tmp_path: Path) -> None:
    names = [f"coefficient_number_{power}" for power in range(80)]
    formula = " + ".join(f"{name}*x**{power}" for power, name in enumerate(names))
    text = fit_text("f.yaml", formula, write(tmp_path, "x,y\n1,0\n", "x.csv"), str(tmp_path))
    assert max(map(len, text.splitlines())) <= 100
    assert loads(text).forward()["residual"] == -80


ODD = ["my rows.csv", "it's.csv", 'a "b".csv', "# no.csv", "a: b.csv", "- x.csv", "-", "no", "1.5", "~", "[x].csv",
       "{x}.csv", "*x.csv", "!x.csv", "%x.csv", "naïve 水 😀.csv", " blanks ", "line\nbreak\u2028\x7f\\.csv",
       "a\\b.csv"]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="such names are not for Windows")
@pytest.mark.parametrize("name", ODD)
def test_a_data_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_text(DATA)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    for folder in ("", "below"):
        text = fit_text("f.yaml", "a*x + b", f"./{name}", folder)
        circuit = load(write(Path(folder), text, "f.yaml"))
        assert circuit.data is not None
        assert Path(circuit.data).samefile(tmp_path / name)
        assert list(read_all(circuit.data, circuit.inputs, ())[1]) == [
            {"x": 0, "y": 1},
            {"x": 1, "y": 3},
            {"x": 2, "y": 5},
        ]


def test_a_path_is_relative_to_where_links_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "deep" / "there").mkdir(parents=True)
    (tmp_path / "here" / "link").symlink_to(tmp_path / "deep" / "there")
    write(tmp_path / "here", DATA, "rows 2.csv")
    (tmp_path / "here" / "latest.csv").symlink_to("rows 2.csv")
    monkeypatch.chdir(tmp_path / "here")
    file = write(Path("link"), fit_text("f.yaml", "a*x", "latest.csv", "link"), "f.yaml")
    circuit = load(file)
    assert circuit.data == "link/../../here/latest.csv"
    assert Path(circuit.data).samefile("rows 2.csv")


def test_a_path_without_a_relative_one_is_absolute(points: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def relpath(*paths: object) -> str:
        raise ValueError(f"on different drives: {paths}")

    monkeypatch.setattr(os.path, "relpath", relpath)
    assert loads(fit_text("f.yaml", "a*x", points)).data == Path(points).resolve().as_posix()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    name = os.fsdecode(b"d\xff.csv")
    (tmp_path / name).write_text(DATA)
    with pytest.raises(CircuitError, match="is not UTF-8"):
        fit_text("f.yaml", "a*x", str(tmp_path / name))


@pytest.mark.parametrize("data", ["-", os.devnull, "."])
def test_data_that_no_file_can_name_are_refused(data: str) -> None:
    with pytest.raises(CircuitError, match=r"not a file that the circuit could name \(save the rows as a file\)"):
        fit_text("f.yaml", "a*x", data)

"""`circuitgrad optimize` as a person runs it: experiments, data, reports, pictures, traces, checkpoints."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from circuitgrad.circuit.optimization import METHODS, Optimization
from circuitgrad.methods.optimize.settings import algorithm
from program import NEURON, document, done, invoke, write

LINE = """\
inputs:
  slope: 1
  offset: 0
  k: {value: 1, fixed: true}
  x: {value: 0, fixed: true}
  y: {value: 0, fixed: true}
gates:
  model: k*(slope*x + offset)
  residual: y - model
output: residual
data: points.csv
optimize: {least_squares: residual}
"""
POINTS = "x,y\n0,1\n1,3\n2,4\n3,8\n"
# By the textbook: the slope is Sxy/Sxx = 11/5, the offset 4 - 11/5*3/2 = 7/10; the residuals are 0.3, 0.1, -1.1, 0.7.
SUM_OF_SQUARES = 0.3**2 + 0.1**2 + 1.1**2 + 0.7**2
VARIANCE = SUM_OF_SQUARES / 2
ERRORS = (math.sqrt(VARIANCE / 5), math.sqrt(VARIANCE * (1 / 4 + 1.5**2 / 5)))
BOWL = "inputs: {a: 3, b: -2}\ngates: {cost: (a - 1)**2 + 10*(b - a**2)**2}\n"


@pytest.fixture
def line(tmp_path: Path) -> str:
    write(tmp_path, POINTS, "points.csv")
    return write(tmp_path, LINE, "line.yaml")


def test_a_file_alone_runs_its_experiment(line: str) -> None:
    found = document("optimize", line)
    assert found["goal"] == "least_squares"
    assert found["method"] == "lm"
    assert (found["rows"], found["stopped"]) == (4, "converged")
    assert found["after"] == {"slope": pytest.approx(2.2), "offset": pytest.approx(0.7), "k": 1}
    fit = found["fit"]
    assert fit["residual_sum_of_squares"] == pytest.approx(SUM_OF_SQUARES)
    assert fit["degrees_of_freedom"] == 2
    assert fit["residual_standard_deviation"] == pytest.approx(math.sqrt(VARIANCE))
    assert fit["r_squared"] == pytest.approx(1 - SUM_OF_SQUARES / 26)
    for (name, estimate), error in zip((("slope", 2.2), ("offset", 0.7)), ERRORS, strict=True):
        one = fit["estimates"][name]
        assert one["standard_error"] == pytest.approx(error)
        assert one["relative_error"] == pytest.approx(error / estimate)
        assert one["t"] == pytest.approx(estimate / error)
    assert fit["correlations"]["slope"]["offset"] == pytest.approx(-1.5 / math.sqrt(5 / 4 + 1.5**2))
    assert found["objective"]["after"] == pytest.approx(SUM_OF_SQUARES / 4)


def test_csv_of_correlations_is_one_table(line: str) -> None:
    header, *rows = csv.reader(invoke("optimize", line, "--correlations", "--format", "csv", "-q").stdout.splitlines())
    assert header == ["correlation", "slope", "offset"]
    found = document("optimize", line)["fit"]["correlations"]
    assert [[name, *map(repr, found[name].values())] for name in found] == rows
    header, *rows = csv.reader(invoke("optimize", line, "--format", "csv", "-q").stdout.splitlines())
    assert [row[0] for row in rows] == ["slope", "offset"]
    markdown = invoke("optimize", line, "--correlations", "--format", "markdown", "-q").stdout
    assert markdown.count("---") > 6


def test_the_report_of_a_fit(line: str) -> None:
    printed = done("optimize", line, "--correlations")
    lines = printed.splitlines()
    assert lines[0] == "line"
    assert lines[1].startswith(f"least squares of residual over 4 rows of {Path(line).with_name('points.csv')}: ")
    assert lines[3].split() == ["parameter", "start", "estimate", "standard", "error", "relative", "t", "value"]
    assert lines[5].split() == [
        "slope",
        "1",
        "2.2",
        f"{ERRORS[0]:.6g}",
        f"{ERRORS[0] / 2.2:.2g}",
        f"{2.2 / ERRORS[0]:.4g}",
    ]
    assert "correlation    slope   offset" in printed
    assert (
        "residual sum of squares 1.8, standard deviation 0.948683, 2 degrees of freedom, R squared 0.930769" in printed
    )
    assert "without a column: k = 1" in printed
    assert lines[-1].startswith("stopped: no step improves the objective any further (gradient norm ")
    in_csv = invoke("optimize", line, "--format", "csv")
    assert in_csv.stderr.splitlines()[0].startswith("residual sum of squares 1.8, standard deviation 0.948683, ")
    assert "\nstopped: no step improves" in in_csv.stderr
    table = list(csv.DictReader(io.StringIO(in_csv.stdout)))
    assert float(table[1]["standard error"]) == pytest.approx(ERRORS[1])


def test_intervals_are_shown_at_a_confidence(line: str) -> None:
    found = document("optimize", line, "--confidence", "0.9")["fit"]
    assert found["confidence"] == 0.9
    reach = 2.919985580353726  # Student's t for 2 degrees of freedom, 5 % on each side
    for (name, estimate), error in zip((("slope", 2.2), ("offset", 0.7)), ERRORS, strict=True):
        assert found["estimates"][name]["interval"] == pytest.approx(
            [estimate - reach * error, estimate + reach * error]
        )
    assert document("optimize", line)["fit"]["confidence"] == 0.95
    printed = done("optimize", line, "--confidence", "0.9")
    assert "p value" in printed
    assert "90% from" in printed
    assert "\nlog-likelihood " in printed
    table = list(csv.DictReader(io.StringIO(invoke("optimize", line, "--confidence", "0.9", "--format", "csv").stdout)))
    assert float(table[0]["90% from"]) == pytest.approx(2.2 - reach * ERRORS[0])
    assert "p value" not in done("optimize", line)
    assert (
        "--confidence goes with least squares" in invoke("optimize", line, "--minimize", "--confidence", "0.9").stderr
    )
    assert invoke("optimize", line, "--confidence", "1").exit_code == 2


def test_flags_win_over_the_file(line: str) -> None:
    found = document("optimize", line, "--minimize", "--output", "model", "--steps", "3")
    assert (found["goal"], found["output"], found["method"], found["steps"]) == ("minimize", "model", "gradient", 3)
    # The mean of the model is slope*1.5 + offset: its gradient is 1.5 and 1.
    assert found["after"]["slope"] == pytest.approx(1 - 3 * 0.015)
    assert found["after"]["offset"] == pytest.approx(-3 * 0.01)
    assert found["after"]["model"] == found["objective"]["after"]


def test_a_block_gives_the_defaults(tmp_path: Path) -> None:
    block = "optimize: {minimize: cost, method: momentum, steps: 7, step_size: 1e-3, momentum: 0.5}\n"
    file = write(tmp_path, BOWL + block)
    alone = document("optimize", file)
    flags = ("--minimize", "--method", "momentum", "--steps", "7", "--step-size", "0.001", "--momentum", "0.5")
    assert alone == document("optimize", write(tmp_path, BOWL), *flags)
    assert alone["steps"] == 7
    assert document("optimize", write(tmp_path, BOWL + block), "--steps", "2")["steps"] == 2
    # What the file says for momentum means nothing to the other method, and is left out.
    assert document("optimize", write(tmp_path, BOWL + block), "--method", "newton")["method"] == "newton"


def test_an_expanded_wire_may_be_the_goal(tmp_path: Path) -> None:
    file = write(tmp_path, "inputs: {a: 1}\ngates: {y: sin(2*a) + 1}\noptimize: {minimize: y.1, steps: 1}\n")
    assert document("optimize", file)["after"]["y.1"] == pytest.approx(2 * (1 - 0.02))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("{minimise: cost}", ":3:12: error: the optimize block has no key 'minimise'"),
        ("{minimize: cots}", ":3:22: error: no wire is called 'cots'"),
        ("{minimize: cost, maximize: cost}", ":3:12: error: 'maximize' and 'minimize' exclude one another"),
        ("{method: adams}", ":3:20: error: 'method' cannot be 'adams'"),
        ("{steps: -1}", ":3:19: error: 'steps' is not at least 0"),
        ("{steps: 1.5}", ":3:19: error: 'steps' is a whole number, not 1.5"),
        ("{step_size: 0}", ":3:23: error: 'step_size' is not more than 0"),
        ("{momentum: 1}", ":3:22: error: 'momentum' is not less than 1"),
        ("{line_search: yes}", ":3:25: error: 'line_search' is true or false"),
        ("{schedule: [cosine]}", ":3:22: error: 'schedule' cannot be a list"),
        ("{time_limit: inf}", ":3:24: error: 'time_limit' is not finite"),
        ("[cost]", ":3:11: error: the optimize block is a mapping, not a list"),
        ("{method: newton, momentum: 0.5}", ":3:38: error: momentum means nothing to the method newton"),
        ("{minimize: cost, method: lm}", ":3:36: error: the method lm is for least squares"),
        ("{minimize: cost, batch_size: 2}", ":3:40: error: a batch size goes with data"),
    ],
)
def test_a_wrong_block_is_refused_with_its_place(tmp_path: Path, block: str, message: str) -> None:
    result = invoke("optimize", write(tmp_path, f"{BOWL}optimize: {block}\n"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--minimize", "--maximize"), "error: --maximize and --minimize exclude one another"),
        (("--method", "gradient", "--momentum", "0.5"), "error: momentum means nothing to the method gradient"),
        (("--method", "trf"), "error: the method trf is for least squares"),
        (("--batch-size", "2"), "error: a batch size goes with data"),
        (("--resume",), "error: --resume without --checkpoint FILE"),
        (("--trace-every", "2"), "error: --trace-every without --trace FILE"),
        (("--trace", "x.txt"), "error: --trace 'x.txt' (a trace is .csv or .jsonl)"),
        (("--trace", "no/x.csv"), "error: 'no/x.csv' cannot be written: No such file or directory"),
        (("--plot", "x.pdf"), "error: --plot 'x.pdf'"),
        (("--plot", "--format", "json"), "error: a picture in the terminal is not json"),
        (("--plot", "-o", "-"), "error: -o - and --plot both print"),
        (("--correlations",), "error: --correlations go with least squares"),
        (("--checkpoint", "none.json", "--resume"), "error: there is no file 'none.json'"),
        (("--data", "none.csv"), "error: there is no file 'none.csv'"),
        (("--output", "axis"), "error: --output: no wire is called 'axis'"),
    ],
)
def test_what_does_not_go_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("optimize", NEURON, *flags)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_data_from_standard_input_and_options(line: str) -> None:
    other = POINTS.replace("3,8", "3,6")
    assert document("optimize", line, "--data", "-", stdin=other)["after"]["slope"] == pytest.approx(1.6)
    result = invoke("optimize", "-", "--data", "-", stdin=LINE)
    assert (result.exit_code, "cannot both come from standard input" in result.stderr) == (2, True)
    overridden = invoke("optimize", line, "--set", "x=5")
    assert overridden.exit_code == 0
    assert "--set has no effect on what has a column in" in overridden.stderr


@pytest.mark.parametrize(
    ("rows", "messages"),
    [
        ("X,y\n1,2\n", ["<stdin>:1:1: error: no input is called 'X'", "did you mean 'x'?"]),
        ("x\n1\n2\n3\n", ["<stdin>:1:1: error: the response of 'residual' has no column: 'y'"]),
        ("y\n1\n2\n3\n", ["<stdin>:1:1: error: the model of 'residual' has no column: 'k' or 'x'"]),
        ("p,q\n1,2\n", ["<stdin>:1:1: error: no column has the name of an input"]),
        (
            "x,y\n1,nan\n2,z\n3\n,4\n",
            [":2:3: error: 'nan' is not", ":3:3: error: 'z' is", ":4:1: error", ":5:1: error"],
        ),
        ("x,y\n", ["<stdin>:1:1: error: there are no rows"]),
        ("", ["error: there is nothing in '<stdin>'"]),
        ("slope,offset,x,y\n1,2,3,4\n", ["error: there is nothing to move: every input of 'line' is fixed or has a"]),
    ],
)
def test_wrong_data_are_refused_with_their_places(line: str, rows: str, messages: list[str]) -> None:
    result = invoke("optimize", line, "--data", "-", stdin=rows)
    assert (result.exit_code, result.stdout) == (2, "")
    assert all(message in result.stderr for message in messages), result.stderr


def test_data_that_reach_nothing_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "inputs: {a: 1, b: 2, x: 3}\ngates: {y: a*b, z: x*a}\noutput: y\n")
    result = invoke("optimize", file, "--data", "-", stdin="x\n1\n")
    assert (result.exit_code, "<stdin>:1:1: error: no column of the data reaches 'y'" in result.stderr) == (2, True)


def test_an_output_that_nothing_free_reaches_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "inputs: {a: 1, b: {value: 2, fixed: true}}\ngates: {y: b*2}\n")
    result = invoke("optimize", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: there is nothing to move: no free input reaches 'y'\n"


def test_a_trace_or_a_checkpoint_is_no_other_file_of_the_run(line: str) -> None:
    points = str(Path(line).with_name("points.csv"))
    before = {path: Path(path).read_bytes() for path in (line, points)}
    for flags, words in (
        (("--trace", points), "is the data as well"),
        (("--checkpoint", "c.csv", "--trace", "c.csv"), "is --trace as well"),
        (("--trace", f"{points}.csv", "-o", f"{points}.csv", "--force"), "is the copy as well"),
    ):
        result = invoke("optimize", line, *flags)
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in result.stderr
    assert before == {path: Path(path).read_bytes() for path in before}


def test_a_run_goes_on_though_its_values_are_in_the_file(line: str) -> None:
    state = str(Path(line).with_name("state.json"))
    run = ("optimize", line, "--method", "adam", "--quiet", "--format", "json")
    whole = document(*run, "--steps", "20")
    done(*run, "--steps", "8", "--checkpoint", state, "--write")
    assert Path(line).read_text() != LINE
    assert document(*run, "--steps", "20", "--checkpoint", state, "--resume") == whole
    moved = invoke(*run, "--steps", "30", "--checkpoint", state, "--resume", "--set", "slope=3")
    assert (moved.exit_code, "--set slope and --resume" in moved.stderr) == (2, True)
    fewer = invoke(*run, "--steps", "7", "--checkpoint", state, "--resume")
    assert (fewer.exit_code, "has come to step 20, beyond the 7 wanted" in fewer.stderr) == (2, True)


def test_parameters_that_the_data_do_not_determine(line: str) -> None:
    result = invoke("optimize", line, "--data", "-", stdin="x,y\n2,1\n2,3\n2,4\n")
    assert result.exit_code == 0
    words = "the data do not tell 'slope' and 'offset' apart, and determine only slope + 0.5*offset"
    assert words in result.stderr
    found = invoke("optimize", line, "--data", "-", "--format", "json", stdin="x,y\n2,1\n2,3\n2,4\n").stdout
    assert json.loads(found)["fit"]["estimates"]["slope"]["standard_error"] == "nan"
    assert f"{words}: they have no standard errors" in json.loads(found)["fit"]["warnings"]
    few = json.loads(invoke("optimize", line, "--data", "-", "--format", "json", stdin="x,y\n2,1\n").stdout)
    # One row determines one of the two.
    assert (few["method"], few["fit"]["degrees_of_freedom"]) == ("trf", 0)
    assert few["fit"]["residual_sum_of_squares"] == pytest.approx(0, abs=1e-20)
    refused = invoke("optimize", line, "--data", "-", "--method", "lm", stdin="x,y\n2,1\n")
    assert "error: the method lm cannot find 2 parameters from 1 rows (trf can)" in refused.stderr


def test_without_scipy_there_is_one_line(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    for method in ("lm", "trf"):
        result = invoke("optimize", line, "--method", method)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: the method {method} needs SciPy (pip install 'circuitgrad[fit]'; ")
    assert document("optimize", line, "--method", "newton")["after"]["slope"] == pytest.approx(2.2)


def test_estimates_are_written_into_the_file(line: str) -> None:
    result = invoke("optimize", line, "--method", "newton", "--write")
    assert (result.exit_code, result.stderr) == (0, f"wrote {line}: 2 new values\n")
    text = Path(line).read_text()
    values = {name: float(text.partition(f"  {name}: ")[2].partition("\n")[0]) for name in ("slope", "offset")}
    assert values == {"slope": pytest.approx(2.2), "offset": pytest.approx(0.7)}
    changed = [one for one, other in zip(text.splitlines(), LINE.splitlines(), strict=True) if one != other]
    assert len(changed) == 2


def test_a_copy_that_would_not_find_its_data_is_refused(line: str) -> None:
    copy = Path(line).parent / "sub" / "copy.yaml"
    copy.parent.mkdir()
    result = invoke("optimize", line, "-o", str(copy))
    assert (result.exit_code, "would not find its data" in result.stderr) == (2, True)
    assert not copy.exists()
    write(copy.parent, POINTS, "points.csv")
    assert invoke("optimize", line, "-o", str(copy)).exit_code == 0
    assert copy.exists()


def test_the_best_point_is_written_where_the_last_is_worse_than_the_start(tmp_path: Path) -> None:
    file = write(tmp_path, BOWL, "bowl.yaml")
    run = ("optimize", file, "--minimize", "--step-size", "1", "--steps", "3", "--format", "json")
    result = invoke(*run, "--write")
    found = json.loads(result.stdout)
    assert found["objective"]["after"] == found["objective"]["before"]
    assert found["after"] == found["before"]
    (warning,) = found["warnings"]
    assert re.fullmatch(
        "'cost' has gone the wrong way, from 1214 to .*: the best point is kept, that of step 0", warning
    )
    assert f"warning: {warning} (try a smaller --step-size)" in result.stderr
    assert Path(file).read_text(encoding="utf-8") == BOWL


def test_a_resumed_run_knows_its_best_point(tmp_path: Path) -> None:
    text = "inputs: {x: 0}\ngates: {y: x**4 - 3*x if x < 0.91 else 50.0*x}\n"
    file, state = write(tmp_path, text, "edge.yaml"), str(tmp_path / "state")
    run = ("optimize", file, "--minimize", "--step-size", "0.3", "--format", "json", "--steps")
    whole = invoke(*run, "7")
    assert "the best point is kept, that of step 1" in whole.stderr
    invoke(*run, "4", "--checkpoint", state)
    assert invoke(*run, "7", "--checkpoint", state, "--resume").stdout == whole.stdout


def test_progress_is_counted_on_where_it_stopped(tmp_path: Path) -> None:
    file, state = write(tmp_path, BOWL.replace("cost: ", "cost: 9 + ")), str(tmp_path / "state.json")
    run = ("optimize", file, "--minimize", "--step-size", "0.003", "--tolerance", "0.02")
    whole = document(*run, "--steps", "1000")
    assert whole["stopped"] == "progress"
    done(*run, "--steps", str(whole["steps"] - 3), "--checkpoint", state)
    assert document(*run, "--steps", "1000", "--checkpoint", state, "--resume") == whole


def test_the_course_as_a_picture(tmp_path: Path) -> None:
    file = write(tmp_path, BOWL)
    run = ("optimize", file, "--minimize", "--step-size", "0.001", "--steps", "500")
    plain, drawn = done(*run), done(*run, "--plot")
    assert drawn.startswith(f"{plain}\n")
    assert "log10 of cost" in drawn
    assert any("\u2801" <= letter <= "\u28ff" for letter in drawn)
    assert "  cost\n" in done("optimize", file, "--steps", "3", "--plot")
    for name, start in (("course.svg", b"<?xml"), ("course.png", b"\x89PNG")):
        picture = tmp_path / name
        result = invoke(*run, "--plot", str(picture))
        assert (result.exit_code, result.stdout, result.stderr) == (0, plain, f"wrote {picture}\n")
        assert picture.read_bytes().startswith(start)
    assert ">cost<" in (tmp_path / "course.svg").read_text()


def trace_of(text: str) -> list[dict[str, Any]]:
    return [{name: float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text))]


def test_a_trace(tmp_path: Path) -> None:
    file = write(tmp_path, BOWL)
    run = ("optimize", file, "--minimize", "--step-size", "0.001", "--steps", "10")
    rows, lines = tmp_path / "t.csv", tmp_path / "t.jsonl"
    done(*run, "--trace", str(rows))
    done(*run, "--trace", str(lines), "--trace-every", "5")
    found = trace_of(rows.read_text())
    assert [one["step"] for one in found] == list(range(11))
    assert (found[0]["a"], found[0]["b"], found[0]["objective"]) == (3, -2, 4 + 10 * 121)
    assert found[-1]["objective"] == document(*run)["after"]["cost"]
    a, b = found[3]["a"], found[3]["b"]
    slopes = (2 * (a - 1) - 40 * a * (b - a * a), 20 * (b - a * a))
    assert found[3]["gradient_norm"] == pytest.approx(math.hypot(*slopes))
    assert found[4]["a"] == pytest.approx(a - 0.001 * slopes[0])
    every = [json.loads(one) for one in lines.read_text().splitlines()]
    assert [one["step"] for one in every] == [0, 5, 10]
    assert every[1]["inputs"] == {"a": found[5]["a"], "b": found[5]["b"]}
    assert every[1]["gradient_norm"] == found[5]["gradient_norm"]
    done(*run, "--method", "random", "--trace", str(rows))
    assert rows.read_text().splitlines()[1] == "0,1214.0,,3.0,-2.0"


def settings_of(method: str) -> list[str]:
    uses = algorithm(method).uses
    return [
        *(["--step-size", "0.01"] if "step_size" in uses else []),
        *(["--batch-size", "2"] if "batch_size" in uses else []),
    ]


@pytest.mark.parametrize("method", METHODS)
def test_a_run_goes_on_where_it_stopped(line: str, method: str) -> None:
    folder = Path(line).parent
    state, traced, whole = folder / "state.json", folder / "a.csv", folder / "b.csv"
    run = ("optimize", line, "--method", method, *settings_of(method), "--plot", "--all")
    goal = [] if algorithm(method).squares else ["--minimize", "--output", "squared"]
    write(folder, LINE.replace("output: residual", "  squared: residual**2\noutput: residual"), "line.yaml")
    plain = done(*run, *goal, "--steps", "8", "--trace", str(whole), "--trace-every", "2")
    done(*run, *goal, "--steps", "3", "--trace", str(traced), "--trace-every", "2", "--checkpoint", str(state))
    again = (*run, *goal, "--steps", "8", "--trace", str(traced), "--trace-every", "2", "--checkpoint", str(state))
    refused = invoke(*again)
    assert (refused.exit_code, "there is a checkpoint" in refused.stderr) == (2, True)
    assert done(*again, "--resume") == plain
    assert traced.read_bytes() == whole.read_bytes()
    # Of a run that has ended, the results can be had again.
    assert done(*again, "--resume") == plain
    assert traced.read_bytes() == whole.read_bytes()


def test_a_run_that_time_has_stopped_goes_on(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()  # A second at every look, for 3,000 steps may take a few milliseconds.
    monkeypatch.setattr("circuitgrad.methods.optimize.run.monotonic", lambda: float(next(clock)))
    state = Path(line).with_name("state.json")
    run = ("optimize", line, "--method", "adam", "--quiet", "--steps", "3000", "--format", "json")
    stopped = document(*run[:-2], "--checkpoint", str(state), "--time-limit", "5")
    assert (stopped["stopped"], 0 < stopped["steps"] < 3000) == ("time", True)
    assert done(*run, "--checkpoint", str(state), "--resume") == done(*run)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--step-size", "0.02"), "another step size: 0.01, not 0.02"),
        (("--method", "momentum"), "another method: adam, not momentum"),
        (("--minimize", "--output", "model"), "another goal: least_squares, not minimize"),
        (("--set", "k=2"), "the circuit is not what the checkpoint is of"),
        (("--data", "-"), "the data are not what the checkpoint is of"),
    ],
)
def test_another_run_is_not_gone_on_with(line: str, changes: tuple[str, ...], words: str) -> None:
    state = Path(line).with_name("state.json")
    run = ("optimize", line, "--method", "adam", "--quiet", "--checkpoint", str(state))
    done(*run, "--steps", "3")
    before = state.read_bytes()
    result = invoke(*run, "--resume", *changes, stdin=POINTS.replace("8", "9"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert state.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"kind": "circuitgrad checkpoint", "version": 2}', "\x00", "a: b"])
def test_what_is_no_checkpoint_is_refused(line: str, text: str) -> None:
    state = Path(line).with_name("state.json")
    state.write_text(text)
    result = invoke("optimize", line, "--checkpoint", str(state), "--resume")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is no checkpoint that this version can read" in result.stderr or "may not stand in" in result.stderr


def test_a_trace_of_something_else_is_not_gone_on_with(line: str) -> None:
    state, trace = Path(line).with_name("state.json"), Path(line).with_name("t.csv")
    run = ("optimize", line, "--method", "adam", "--quiet", "--checkpoint", str(state))
    done(*run, "--steps", "3")
    trace.write_text("mine\n")
    result = invoke(*run, "--resume", "--trace", str(trace))
    assert (result.exit_code, "is no trace of such a run, and stays as it is" in result.stderr) == (2, True)
    assert trace.read_text() == "mine\n"


def test_what_is_not_finite_ends_a_run(tmp_path: Path) -> None:
    file = write(tmp_path, "inputs: {a: 1, x: {value: 1, fixed: true}}\ngates: {y: exp(a*x)}\n")
    flags = ("--steps", "1000", "--step-size", "300", "--data", "-")
    result = invoke("optimize", file, *flags, stdin="x\n0.5\n2\n")
    assert result.exit_code == 0
    assert "circuit.yaml:2:12: warning: 'y' is inf: exp(" in result.stderr
    assert "at line 2 of the data" in result.stderr or "at line 3 of the data" in result.stderr
    assert "stopped: the next step would lead to infinity or NaN" in result.stdout
    found = json.loads(invoke("optimize", file, *flags, "--format", "json", stdin="x\n0.5\n2\n").stdout)
    assert found["stopped"] == "nonfinite"
    assert math.isfinite(found["after"]["y"])


def test_help_lists_every_setting_and_method() -> None:
    shown = done("optimize", "--help")
    assert all(f"--{name.replace('_', '-')}" in shown for name in Optimization.settings())
    assert all(f"  {name} " in shown for name in METHODS)

"""What an optimisation leaves open, and what does not go together; what flags and a file say together."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import FIT_SETTINGS, GOALS, METHODS, SCHEDULES, Optimization
from circuitgrad.data.table import Rows
from circuitgrad.errors import CircuitError
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.methods.optimize.settings import algorithm, combined, settled

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Problem

SETTINGS = Optimization.settings()
ALWAYS = {"method", "starts", "steps", "time_limit"}
DEFAULTS = {
    "steps": 100, "step_size": 0.01, "schedule": "constant", "momentum": 0.9, "line_search": False, "seed": 0,
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    "newton": {"step_size": 1.0, "line_search": True},
    "lbfgs": {"steps": 1000},
    "lm": {"steps": 1000},
    "trf": {"steps": 1000},
}
SAID: dict[str, Any] = {
    "steps": 7, "step_size": 0.5, "schedule": "cosine", "momentum": 0.25, "line_search": True, "batch_size": 2,
    "seed": 9, "tolerance": 1e-3, "time_limit": 4.5, "starts": 3, "sigma": "2", "weights": "3", "absolute_sigma": False,
}  # fmt: skip
LINE = "inputs: {a: 1, b: 0, x: {value: 0, fixed: true}, y: {value: 0, fixed: true}}\ngates: {r: y - (a*x + b)}\n"


def line(block: str = "") -> Circuit:
    """Return a straight line, with an optimize block of which the keys begin at column 12 of line 3."""
    return circuitgrad.loads(f"{LINE}optimize: {{{block}}}\n" if block else LINE)


def rows_of(count: int = 3) -> Rows:
    return Rows({name: array("d", range(count)) for name in "xy"}, range(2, 2 + count), ())


def goal_of(method: str) -> str:
    return "least_squares" if algorithm(method).squares else "minimize"


def problem(optimization: Optimization, circuit: Circuit | None = None, rows: Rows | None = None) -> Problem:
    """Return why an optimisation is refused."""
    with pytest.raises(CircuitError) as refused:
        settled(optimization, circuit or line(), rows)
    assert len(refused.value.problems) == 1
    return refused.value.problems[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_defaults_of_a_method(method: str) -> None:
    wanted = {**DEFAULTS, **OWN.get(method, {})}
    used = algorithm(method).uses | ALWAYS
    result = settled(Optimization(goal_of(method), method=method), line(), rows_of())
    assert result.given() == {"method": method, **{name: value for name, value in wanted.items() if name in used}}
    assert (result.goal, result.output) == (goal_of(method), "r")
    assert settled(result, line(), rows_of()) == result  # nothing is open any more


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=examples(40))
@given(st.sets(st.sampled_from([name for name in SETTINGS if name != "method"])))
def test_what_is_said_stays_or_is_refused(method: str, names: set[str]) -> None:
    used = algorithm(method).uses | ALWAYS | ({"seed"} if "starts" in names else set())
    used = used | (FIT_SETTINGS if goal_of(method) == "least_squares" else set())
    if "batch_size" in names:
        names = names - {"tolerance"}
    said = {name: SAID[name] for name in names}
    optimization = Optimization(goal_of(method), method=method, **said)
    if not names <= used:
        refused = problem(optimization, rows=rows_of())
        assert refused.message.endswith(f" means nothing to the method {method}")
        assert refused.message.partition(" means")[0].replace(" ", "_") in names - used
        assert refused.hint is not None
        assert all(name.replace("_", " ") in refused.hint for name in used - {"method"})
        return
    result = settled(optimization, line(), rows_of())
    assert said.items() <= result.given().items()
    step_size = said.get("step_size", 1.0 if said.get("line_search") or method == "newton" else 0.01)
    assert result.step_size == (step_size if "step_size" in used else None)


def test_a_long_step_goes_with_a_line_search_that_is_asked_for() -> None:
    def size(**said: Any) -> float | None:
        return settled(Optimization("minimize", **said), line()).step_size

    assert (size(), size(line_search=True), size(line_search=False)) == (0.01, 1.0, 0.01)
    assert size(line_search=True, step_size=0.2) == 0.2
    assert size(method="newton", line_search=False) == size(method="newton") == 1.0


def test_the_usual_methods() -> None:
    assert settled(Optimization(), line()).method == "gradient"
    assert settled(Optimization("minimize"), line(), rows_of()).method == "gradient"
    squares = Optimization("least_squares")
    assert settled(squares, line(), rows_of(3)).method == settled(squares, line(), rows_of(2)).method == "lm"
    # What lm cannot do trf can: fewer rows than parameters, and bounds of what moves.
    assert settled(squares, line(), rows_of(1)).method == settled(squares, line()).method == "trf"
    for bounds, method in (("max: 9", "trf"), ("min: 0", "trf"), ("min: 0, fixed: true", "lm")):
        held = circuitgrad.loads(LINE.replace("b: 0", f"b: {{value: 0, {bounds}}}"))
        assert settled(squares, held, rows_of()).method == method


def test_what_lm_cannot_do_is_refused() -> None:
    squares = Optimization("least_squares", method="lm")
    few = problem(squares, rows=rows_of(1))
    assert (few.message, few.hint) == ("the method lm cannot find 2 parameters from 1 rows", "trf can")
    held = problem(squares, circuitgrad.loads(LINE.replace("b: 0", "b: {value: 0, max: 9}")), rows_of())
    assert held.message == "the method lm knows no bounds, and 'b' has some"
    circuit = line("least_squares: r, method: lm")
    assert circuit.optimize is not None
    assert str(problem(circuit.optimize, circuit).place) == "<string>:3:38"


@pytest.mark.parametrize(
    ("optimization", "words"),
    [
        (Optimization("minimise"), "no goal is called 'minimise'"),
        (Optimization(method="adams"), "no method of optimisation is called 'adams'"),
        (Optimization(output="q"), "has no wire called 'q'"),
        (Optimization(method="lm"), "the method lm is for least squares"),
        (Optimization("minimize", method="trf"), "the method trf is for least squares"),
        (Optimization(batch_size=2), "a batch size goes with data"),
        (Optimization(momentum=0.5), "momentum means nothing to the method gradient"),
        (Optimization(method="random", tolerance=0.1), "tolerance means nothing to the method random"),
    ],
)
def test_misfits_of_python_have_no_place(optimization: Optimization, words: str) -> None:
    result = problem(optimization)
    assert words in result.message
    assert result.place is None


NEAR: dict[str, tuple[list[Any], list[Any]]] = {
    "steps": ([0, 1], [-1]),
    "step_size": ([5e-324, 1e300], [0.0, -1.0, math.inf, math.nan]),
    "momentum": ([0.0, 1 - 2**-53], [1.0, -1e-9, math.nan]),
    "batch_size": ([1, 2], [0, -3]),
    "seed": ([-5, 0, 2**80], []),
    "tolerance": ([0.0, 1e300], [-1e-9, math.inf, math.nan]),
    "time_limit": ([5e-324, 1e9], [0.0, -1.0, math.inf, math.nan]),
}


@pytest.mark.parametrize("name", NEAR)
def test_numbers_are_in_range(name: str) -> None:
    good, bad = NEAR[name]
    for value in good:
        result = getattr(settled(Optimization(method="momentum", **{name: value}), line(), rows_of()), name)
        # A batch of all the rows is none.
        assert result == (None if name == "batch_size" and value >= len(rows_of()) else value)
    for value in bad:
        result = problem(Optimization(method="momentum", **{name: value}), rows=rows_of())
        assert result.message.startswith(f"{name.replace('_', ' ')} is not ")
        assert result.message.endswith(f": {value}")


def test_a_tolerance_and_batches_exclude_one_another() -> None:
    result = problem(Optimization(batch_size=2, tolerance=0.1), rows=rows_of())
    assert result.message == "a tolerance needs the whole gradient, not that of a batch"


@pytest.mark.parametrize(
    ("block", "place", "words"),
    [
        ("minimize: r, method: lm", 33, "the method lm is for least squares"),
        ("minimize: r, momentum: 0.5", 35, "momentum means nothing to the method gradient"),
        ("minimize: r, steps: 5, batch_size: 2", 47, "a batch size goes with data"),
        ("method: hillclimb, tolerance: 1", 42, "tolerance means nothing to the method hillclimb"),
    ],
)
def test_misfits_of_a_file_have_its_place(block: str, place: int, words: str) -> None:
    circuit = line(block)
    assert circuit.optimize is not None
    result = problem(circuit.optimize, circuit)
    assert result.message == words
    assert str(result.place) == f"<string>:3:{place}"
    # The value is meant, not the key.
    assert result.place is not None
    assert result.place.text[place - 1 :].split(",")[0].rstrip("}") in {"lm", "0.5", "2", "1"}


def test_a_tolerance_in_a_file_has_its_place() -> None:
    circuit = line("minimize: r, batch_size: 2, tolerance: 1e-3")
    assert circuit.optimize is not None
    assert str(problem(circuit.optimize, circuit, rows_of()).place) == "<string>:3:51"


def test_words_are_among_those_there_are() -> None:
    assert "cosin" in problem(Optimization(schedule="cosin")).message


@pytest.mark.parametrize("said", [{"steps": 1.5}, {"batch_size": 1.5}, {"steps": "5"}, {"steps": True}], ids=repr)
def test_kinds_are_those_of_the_settings(said: dict[str, Any]) -> None:
    problem(Optimization(**said), rows=rows_of())


# What a file and flags say together.

blocks = st.builds(
    lambda goal, output, said: Optimization(goal, output, **said),
    st.sampled_from(sorted(GOALS)),
    st.sampled_from([None, "r", "a"]),
    st.fixed_dictionaries(
        {},
        optional={
            "method": st.sampled_from(METHODS),
            "schedule": st.sampled_from(SCHEDULES),
            **{name: st.just(SAID[name]) for name in SAID if name != "schedule"},
        },
    ),
)
flags = st.fixed_dictionaries(
    {},
    optional={
        "goal": st.sampled_from(sorted(GOALS)),
        "output": st.just("b"),
        "method": st.sampled_from(METHODS),
        "steps": st.just(3),
        "step_size": st.just(0.125),
        "momentum": st.just(0.75),
        "seed": st.just(1),
        "tolerance": st.just(1e-9),
    },
)


@given(blocks, flags)
def test_flags_win_and_the_rest_is_the_files(block: Optimization, told: dict[str, Any]) -> None:
    result = combined(block, told)
    assert all(getattr(result, name) == value for name, value in told.items())
    changed = told.keys() & {"goal", "method"}
    goal = told.get("goal", block.goal)
    assert (result.goal, result.output) == (goal, told.get("output", block.output))
    if not changed:
        assert result.given() == {**block.given(), **{name: told[name] for name in told if name in SETTINGS}}
        return
    # A method for least squares of the file does not go with another goal that a flag names.
    method = told.get("method", block.method)
    if "method" not in told and method is not None and algorithm(method).squares and goal != "least_squares":
        method = None
    assert result.method == method
    used = algorithm(method or ("lm" if goal == "least_squares" else "gradient")).uses | ALWAYS
    used = used | ({"seed"} if block.starts else set()) | (FIT_SETTINGS if goal == "least_squares" else set())
    for name in SETTINGS:
        if name not in told and name != "method":
            assert getattr(result, name) == (getattr(block, name) if name in used else None)


@given(blocks, flags)
def test_what_the_file_says_is_never_what_flags_do_not_go_with(block: Optimization, told: dict[str, Any]) -> None:
    """Whatever is refused is so because of the flags alone, or would be without them."""
    block = Optimization(**{**block.__dict__, "batch_size": None})
    if "method" not in told:
        return
    result = combined(block, told)
    alone = Optimization(**{"goal": block.goal, **told})
    try:
        settled(alone, line(), rows_of())
    except CircuitError:
        return
    settled(result, line(), rows_of())


def test_without_a_file_flags_are_all() -> None:
    assert combined(None, {}) == Optimization()
    assert combined(None, {"goal": "minimize", "steps": 5}) == Optimization("minimize", steps=5)


def test_what_means_nothing_to_the_other_method_is_left_out() -> None:
    block = Optimization("minimize", method="momentum", momentum=0.5, step_size=0.1, steps=9, seed=2, time_limit=5.0)
    newton = combined(block, {"method": "newton"})
    assert newton.given() == {"method": "newton", "step_size": 0.1, "steps": 9, "time_limit": 5.0}
    # A flag that means nothing is not left out, so that it can be refused.
    odd = combined(block, {"method": "newton", "momentum": 0.25})
    assert (odd.momentum, problem(odd).message) == (0.25, "momentum means nothing to the method newton")
    assert combined(block, {"method": "momentum"}).momentum == 0.5


def test_a_files_lm_is_left_out_for_another_goal() -> None:
    for method in ("lm", "trf"):
        block = Optimization("least_squares", "r", method=method, steps=50, tolerance=1e-3)
        down = combined(block, {"goal": "minimize"})
        assert (down.method, settled(down, line()).method) == (None, "gradient")
        assert (down.steps, down.tolerance, down.output) == (50, 1e-3, "r")
        assert combined(block, {"goal": "least_squares"}).method == method
        assert combined(block, {"steps": 3}).method == method
        # A flag's lm is not left out.
        assert problem(combined(block, {"goal": "minimize", "method": method})).message.endswith("for least squares")
    assert combined(Optimization("minimize", method="adam"), {"goal": "least_squares"}).method == "adam"


def test_a_method_that_is_none_is_refused() -> None:
    with pytest.raises(CircuitError, match=r"'newtn'.*did you mean 'newton'"):
        combined(Optimization(), {"method": "newtn"})


def test_places_stay_with_what_the_file_says() -> None:
    circuit = line("minimize: r, method: momentum, momentum: 0.5, batch_size: 2")
    result = problem(combined(circuit.optimize, {"method": "nesterov"}), circuit)
    assert (result.message, str(result.place)) == ("a batch size goes with data", "<string>:3:70")


@pytest.mark.parametrize(
    "told", [{"method": "lm"}, {"method": "gradient", "momentum": 0.25}, {"momentum": 2.0}], ids=repr
)
def test_a_flag_is_not_blamed_on_the_file(told: dict[str, Any]) -> None:
    circuit = line("minimize: r, method: momentum, momentum: 0.5")
    assert problem(combined(circuit.optimize, told), circuit).place is None


def test_the_files_experiment_is_the_default() -> None:
    circuit = line("minimize: r, steps: 2")
    outcome = optimize(circuit)
    assert (outcome.goal, outcome.output, outcome.steps) == ("minimize", "r", 2)
    assert optimize(circuit, Optimization(steps=1)).goal == "maximize"

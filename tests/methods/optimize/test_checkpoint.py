"""Runs that go on from a checkpoint are to the last bit those that were never interrupted; what is none is refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import METHODS, Optimization
from circuitgrad.errors import CircuitError, Source
from circuitgrad.methods.optimize.checkpoint import Checkpoint
from circuitgrad.methods.optimize.optimize import optimize
from methods.optimize.problems import (
    BATCHED,
    LINE,
    POINTS,
    SEARCHING,
    SQUARES,
    bowl,
    facts,
    fitting,
    line,
    optimized,
    problem_of,
    table,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate

    Task = tuple[Circuit, Optimization, Rows | None]

STEPS, CUT = 20, 7


def slow(method: str) -> Task:
    """Return a problem on which every method has more to do than twenty steps: NIST's MGH09 from far away."""
    circuit, rows = problem_of("MGH09", "start1")
    return circuit, told(method, goal="least_squares", step_size=0.05, steps=STEPS), rows


def with_steps(task: Task, steps: int) -> Task:
    circuit, optimization, rows = task
    return circuit, Optimization(**{**optimization.__dict__, "steps": steps}), rows


def kept(task: Task, **options: Any) -> tuple[Outcome, list[Iterate], str]:
    """Run a task; return what it did, its steps, and its last checkpoint as text."""
    saved: list[str] = []
    outcome, steps = optimized(*task, save=lambda checkpoint: saved.append(checkpoint.text()), **options)
    return outcome, steps, saved[-1]


def read(text: str) -> Checkpoint:
    return Checkpoint.read(Source("state.json", text))


def assert_resumes(task: Callable[[], Task], cut: int = CUT, steps: int = STEPS) -> Outcome:
    """Require that a run which was cut off, and another that was interrupted there, go on as if nothing had been."""
    circuit, optimization, rows = with_steps(task(), steps)
    uninterrupted, iterates = optimized(circuit, optimization, rows)
    for interrupted in (False, True) if cut else (False,):
        if interrupted:
            left = iter(range(cut))
            _, _, text = kept(with_steps(task(), steps), interrupted=lambda left=left: next(left, cut) >= cut - 1)
        elif optimization.schedule != "cosine":
            _, _, text = kept(with_steps(task(), cut))
        else:
            continue
        assert read(text).text() == text
        again, rest, last = kept(with_steps(task(), steps), resume=read(text))
        assert facts(again) == facts(uninterrupted)
        # What keeps its memory to itself is told all again, and so are those who listen.
        known = len(iterates) - len(rest)
        assert known in (0, min(cut, len(iterates) - 1) + 1)
        assert repr(rest) == repr(iterates[known:])
        assert last == kept(with_steps(task(), steps))[2]
    return uninterrupted


@pytest.mark.parametrize("method", METHODS)
def test_a_run_goes_on_where_it_ended(method: str) -> None:
    uninterrupted = assert_resumes(lambda: slow(method))
    assert (uninterrupted.steps, uninterrupted.stopped) == (STEPS, "steps")


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=examples(10))
@given(data=st.data())
def test_a_run_goes_on_wherever_it_ended(method: str, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 40), label="steps")
    cut = data.draw(st.integers(0, steps), label="cut")
    assert_resumes(lambda: (line(), fitting(method, step_size=0.01), table(POINTS)), cut, steps)


@pytest.mark.parametrize("method", BATCHED)
@pytest.mark.parametrize("schedule", ["constant", "cosine", "1/t"])
def test_batches_and_schedules_go_on(method: str, schedule: str) -> None:
    def task() -> Task:
        wanted = fitting(method, step_size=0.02, schedule=schedule, batch_size=2, seed=5, momentum=0.7)
        return line(), wanted, table(POINTS)

    # Of five rows in batches of two an epoch takes three steps: the run is cut in the midst of one.
    uninterrupted = assert_resumes(task, CUT, STEPS)
    assert uninterrupted.steps == STEPS
    assert_resumes(task, 6, STEPS)


@pytest.mark.parametrize("method", ["random", "hillclimb"])
def test_random_numbers_go_on(method: str) -> None:
    def run(seed: int) -> Callable[[], Task]:
        return lambda: (bowl(), told(method, goal="minimize", step_size=0.3, seed=seed), None)

    assert facts(assert_resumes(run(1))) != facts(assert_resumes(run(2)))


@pytest.mark.parametrize("method", SEARCHING)
def test_a_line_search_goes_on(method: str) -> None:
    assert_resumes(lambda: (bowl(), told(method, goal="minimize", line_search=True), None))


@pytest.mark.parametrize("method", SQUARES)
@pytest.mark.parametrize("cut", range(0, 24, 2))
def test_least_squares_go_on_in_every_phase(method: str, cut: int) -> None:
    """Also among the last steps, which are Gauss's and Newton's."""
    uninterrupted = assert_resumes(lambda: _of(method), cut, 1000)
    assert uninterrupted.stopped == "converged"


def _of(method: str) -> Task:
    circuit, rows = problem_of("Misra1a", "start1")
    return circuit, Optimization("least_squares", method=method), rows


def test_a_long_curve_goes_on() -> None:
    def task() -> Task:
        return bowl(), told("adam", goal="minimize"), None

    uninterrupted = assert_resumes(task, 1234, 2500)
    assert uninterrupted.curve[-1] == (2500, uninterrupted.last)
    # Every fourth of the steps is left, and the last one.
    assert [step for step, _ in uninterrupted.curve[:-1]] == list(range(0, 2500, 4))


@pytest.mark.parametrize(
    "optimization",
    [
        Optimization("minimize", step_size=0.003, tolerance=0.02, steps=1000),
        Optimization("minimize", method="newton", tolerance=1e-6, steps=1000),
        Optimization("minimize", method="newton", steps=1000),
        Optimization("minimize", method="lbfgs", tolerance=1e-6),
        Optimization("minimize", method="lbfgs"),
        Optimization("minimize", step_size=1.0, steps=1000),
    ],
    ids=["progress", "gradient", "converged", "gradient of lbfgs", "converged of lbfgs", "nonfinite"],
)
def test_a_run_that_has_come_to_its_end_stays_there(optimization: Optimization) -> None:
    uninterrupted, _, text = kept((bowl(), optimization, None))
    assert uninterrupted.stopped in ("progress", "gradient", "converged", "nonfinite")
    again, _, last = kept((bowl(), optimization, None), resume=read(text))
    assert facts(again) == facts(uninterrupted)
    assert last == text


def test_more_steps_another_tolerance_and_another_limit_of_time_are_the_same_run() -> None:
    _, _, text = kept((bowl(), Optimization("minimize", method="adam", steps=5), None))
    others: list[dict[str, Any]] = [{"steps": 9}, {"steps": 9, "tolerance": 1e-9}, {"steps": 9, "time_limit": 1e9}]
    for more in others:
        outcome = optimize(bowl(), Optimization("minimize", method="adam", **more), resume=read(text))
        assert outcome.steps == 9


ADAM: dict[str, Any] = {
    "goal": "minimize",
    "method": "adam",
    "step_size": 0.02,
    "seed": 3,
    "batch_size": 2,
    "output": "squared",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step_size": 0.01}, "another step size: 0.02, not 0.01"),
        ({"goal": "maximize"}, "another goal: minimize, not maximize"),
        ({"method": "rmsprop"}, "another method: adam, not rmsprop"),
        ({"seed": 4}, "another seed: 3, not 4"),
        ({"batch_size": 3}, "another batch size: 2, not 3"),
        ({"batch_size": None}, "another batch size: 2, not None"),
        ({"schedule": "1/t"}, "another schedule: constant, not 1/t"),
        ({"output": "model"}, "another output: squared, not model"),
        ({"method": "momentum", "momentum": 0.5}, "another method: adam, not momentum"),
    ],
)
def test_other_settings_are_refused(changes: dict[str, Any], words: str) -> None:
    _, _, text = kept((line(), Optimization(**ADAM, steps=4), table(POINTS)))
    circuit = line()
    with pytest.raises(CircuitError, match=words):
        optimize(circuit, Optimization(**{**ADAM, **changes}, steps=9), table(POINTS), resume=read(text))
    assert circuit.values() == line().values()


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"method": "momentum"}, {"method": "momentum", "momentum": 0.5}, "another momentum: 0.9, not 0.5"),
        ({"line_search": True, "step_size": 0.1}, {"step_size": 0.1}, "another line search: True, not False"),
        (
            {"schedule": "cosine", "steps": 4},
            {"schedule": "cosine", "steps": 9},
            "another number of steps, on which a cosine depends: 4, not 9",
        ),
    ],
)
def test_other_settings_of_some_methods_are_refused(first: dict[str, Any], second: dict[str, Any], words: str) -> None:
    _, _, text = kept((bowl(), Optimization("minimize", **{"steps": 4, **first}), None))
    with pytest.raises(CircuitError, match=words):
        optimize(bowl(), Optimization("minimize", **{"steps": 9, **second}), resume=read(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("slope*x", "slope + x"),
        ("slope*x", "slope*x*2"),
        ("offset: 0", "offset: {value: 0, max: 5}"),
        ("offset: 0", "offset: {value: 0, fixed: true}"),
        ("  slope: 1\n  offset: 0", "  offset: 0\n  slope: 1"),
        ("residual**2", "residual**4"),
    ],
)
def test_another_circuit_is_refused(old: str, new: str) -> None:
    _, _, text = kept((line(), Optimization(**ADAM, steps=4), table(POINTS)))
    assert old in LINE
    with pytest.raises(CircuitError, match="the circuit is not what the checkpoint is of"):
        optimize(
            circuitgrad.loads(LINE.replace(old, new)), Optimization(**ADAM, steps=9), table(POINTS), resume=read(text)
        )


@pytest.mark.parametrize("change", ["a number", "a row less", "rows in another order", "columns that change places"])
def test_other_data_are_refused(change: str) -> None:
    _, _, text = kept((line(), Optimization(**ADAM, steps=4), table(POINTS)))
    other_points = {
        "a number": {**POINTS, "x": [0, 1, 2, 3, 4.000001]},
        "a row less": {name: column[:-1] for name, column in POINTS.items()},
        "rows in another order": {name: column[::-1] for name, column in POINTS.items()},
        "columns that change places": dict(zip(POINTS, reversed(POINTS.values()), strict=True)),  # type: ignore[call-overload]
    }[change]
    with pytest.raises(CircuitError, match="the data are not what the checkpoint is of"):
        optimize(line(), Optimization(**ADAM, steps=9), table(other_points), resume=read(text))


def test_where_a_run_began_is_its_own_business() -> None:
    """A circuit that a first run has moved goes on with it as one that was read anew."""
    circuit, wanted = bowl(), Optimization("minimize", method="adam", steps=5)
    _, _, text = kept((circuit, wanted, None))
    assert circuit.values() != bowl().values()
    again = optimize(circuit, replace(wanted, steps=9), resume=read(text))
    uninterrupted, _ = optimized(bowl(), replace(wanted, steps=9))
    assert facts(again) == facts(uninterrupted)


# What is no checkpoint. A file may be damaged, or changed by hand: it is refused in one line, whatever it holds.

WORDS = "'state.json' is no checkpoint that this version can read"


@cache
def document(method: str) -> Any:
    """Return a checkpoint as data."""
    return json.loads(kept((bowl(), told(method, goal="minimize", steps=5, step_size=1e-3), None))[2])


FUZZED = ("adam", "lbfgs", "random", "newton", "momentum")


def is_read(text: str, method: str) -> bool:
    """Tell whether a text is a checkpoint; then the run can go on from it."""
    try:
        checkpoint = read(text)
    except CircuitError as error:
        assert error.problems[0].message.startswith(WORDS)  # noqa: PT017 - that it is of this kind is the point
        return False
    assert optimize(bowl(), told(method, goal="minimize", steps=8, step_size=1e-3), resume=checkpoint).steps == 8
    return True


def test_what_is_whole_is_gone_on_with() -> None:
    for method in FUZZED:
        assert is_read(json.dumps(document(method)), method)
        # Blanks make no difference.
        assert is_read(json.dumps(document(method), indent=2), method)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "1", '"a"', "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "\ud800", "NaN", "\x00", "a: b"],
    ids=repr,
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(CircuitError, match=WORDS):
        read(text)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(st.text() | values.map(json.dumps))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(CircuitError, match=WORDS):
        read(text)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "circuit"}, {"version": 1}, {"version": "2"}, {"more": 1}, {"run": None}, {"run": 5}, {"run": "text"},
        {"number": None}, {"number": "x"}, {"number": -1}, {"number": float("inf")}, {"number": float("nan")},
        {"point": None}, {"point": []}, {"point": [1.0]}, {"point": [1.0, 2.0, 3.0]},
        {"point": ["a", "b"]}, {"point": [[1], [2]]}, {"point": [float("nan"), 1.0]}, {"point": [10**400, 1]},
        {"start": None}, {"start": [10**400, 1]}, {"memory": None}, {"memory": 5}, {"memory": {"means": 5}},
        {"memory": {"means": [1.0], "squares": [1.0, 1.0]}}, {"memory": {"means": ["a", "b"], "squares": [1.0, 1.0]}},
        {"memory": {"means": [None, None], "squares": [1.0, 1.0]}}, {"memory": {"means": "ab", "squares": "cd"}},
        {"random": None}, {"random": []}, {"random": [1, 2]}, {"random": [-1] * 625}, {"random": [2**40] * 625},
        {"random": [1] * 624 + [9999]},
        {"curve": None}, {"curve": []}, {"curve": [0, [], [], [], [0, 0.0, []]]},
        {"curve": [1, [1], [], [], [0, 0.0, []]]}, {"curve": [1, [1], [1.0], [[]], [0]]},
        {"curve": [1, [1], ["a"], [[]], [0, 0.0, []]]}, {"curve": [1, [1], [1.0], [["a"]], [0, 0.0, []]]},
        {"curve": [1, [1], [1.0], [[]], [float("inf"), 0.0, []]]}, {"curve": [1, [1], [10**400], [[]], [1, 0.0, []]]},
        {"recent": None}, {"recent": ["a"]}, {"recent": [10**400]}, {"recent": 7}, {"tape": None}, {"tape": [1]},
        {"tape": [["slopes", 1, 2]]}, {"tape": [["slopes", "", ""]]}, {"tape": [["slopes", "é", "é"]]},
    ],
    ids=lambda change: f"{json.dumps(change):.60}",
)  # fmt: skip
def test_parts_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CircuitError, match=WORDS):
        read(json.dumps({**document("adam"), **change}))


PARTS = {field.name for field in fields(Checkpoint)} | {"kind", "version", "digest"}


def test_all_parts_are_known() -> None:
    assert set(document("lbfgs")) == PARTS


@pytest.mark.parametrize("name", sorted(PARTS))
def test_no_part_may_be_left_out(name: str) -> None:
    with pytest.raises(CircuitError, match=WORDS):
        read(json.dumps({key: value for key, value in document("lbfgs").items() if key != name}))


def test_another_question_is_refused() -> None:
    told_before = read(json.dumps(document("lbfgs")))
    told_before.tape = told_before.tape[::-1]
    with pytest.raises(CircuitError, match="does not lead where it led before"):
        optimize(bowl(), told("lbfgs", goal="minimize", steps=8), resume=told_before)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the parts of a document are, at most a few of a list."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value[:4]):
            yield from places(inner, (*path, i))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a document with another part in one place."""
    if not path:
        return new
    changed = value.copy()
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


scalars: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 3, 10**30, 10**400, 0.5, float("inf"), float("nan"), -1e308, "", "é", "1", "nan", [], {}]
)
others = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.sampled_from(["means", "squares", "a"]), scalars)


def same(text: str, original: Any) -> bool:
    """Tell whether a text says the same as a document, numbers to the last bit."""
    try:
        return json.dumps(json.loads(text)) == json.dumps(original)
    except ValueError:
        return False


@pytest.mark.parametrize("method", FUZZED)
@settings(max_examples=examples(200))
@given(data=st.data())
def test_a_checkpoint_with_another_part_is_refused(method: str, data: st.DataObject) -> None:
    original = document(method)
    place = data.draw(st.sampled_from(sorted(places(original), key=repr)), label="place")
    text = json.dumps(replaced(original, place, data.draw(others, label="part")))
    assert is_read(text, method) == same(text, original)


@pytest.mark.parametrize("method", FUZZED)
@given(data=st.data())
def test_a_checkpoint_with_another_letter_is_refused(method: str, data: st.DataObject) -> None:
    original = document(method)
    text = json.dumps(original)
    at = data.draw(st.integers(0, len(text) - 1), label="at")
    until = data.draw(st.integers(at, min(len(text), at + 3)), label="until")
    letters = data.draw(st.text(st.sampled_from('0123456789eE+-.,:"[]{}aZ \\'), max_size=3), label="letters")
    changed = text[:at] + letters + text[until:]
    assert is_read(changed, method) == same(changed, original)


@given(cut=st.integers(0, 10_000))
@example(cut=1)
def test_a_checkpoint_that_ends_early_is_refused(cut: int) -> None:
    text = json.dumps(document("lbfgs"))
    assume(cut < len(text))
    with pytest.raises(CircuitError, match=WORDS):
        read(text[:cut])

"""Subscripts and ranges: whole numbers, computed as Python does, and loops over what Python's `range` gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import loads
from circuitgrad.formulas.reader import LONGEST_SUBSCRIPT, read_formula
from circuitgrad.formulas.steps import Call, Loop
from circuitgrad.language.subscripts import LARGEST_WHOLE_NUMBER, NotWholeError, iterations, span, weight, whole_number
from language.faults import fault, pointed

whole_numbers = st.integers(-20, 20)
bounds = st.tuples(whole_numbers) | st.tuples(whole_numbers, whole_numbers)
stepped = bounds | st.tuples(whole_numbers, whole_numbers, whole_numbers.filter(bool))


def loop(text: str) -> Loop:
    (step,) = read_formula(text)
    assert isinstance(step, Loop)
    return step


@given(stepped)
def test_a_range_is_pythons(arguments: tuple[int, ...]) -> None:
    (clause,) = loop(f"sum(i for i in range({', '.join(map(str, arguments))}))").clauses
    assert span(clause, {}) == range(*arguments)


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 3), st.sampled_from([-2, -1, 1, 2])), min_size=1,
                max_size=3))  # fmt: skip
def test_indices_run_as_nested_loops_do(ranges: list[tuple[int, int, int]]) -> None:
    # Every range but the first begins at the index before it, so that ranges depend on one another.
    names = "ijk"[: len(ranges)]
    starts = ["0", *names][: len(ranges)]
    clauses = " ".join(
        f"for {name} in range({low} + {start}, {high}, {step})"
        for name, start, (low, high, step) in zip(names, starts, ranges, strict=True)
    )
    wanted: list[Any] = eval(f"[({', '.join(names)},) {clauses}]")
    indices: dict[str, int] = {}
    turns = [tuple(indices[name] for name in names) for _ in iterations(loop(f"sum(1 {clauses})").clauses, indices,
                                                                         lambda: None)]  # fmt: skip
    assert turns == wanted
    assert indices == {}


def test_an_index_of_the_same_name_comes_back_after_an_inner_loop() -> None:
    indices = {"i": 7}
    assert sum(1 for _ in iterations(loop("sum(1 for i in range(3) for i in range(i))").clauses, indices, lambda: None))
    assert indices == {"i": 7}


@given(stepped, stepped)
def test_a_loop_weighs_no_less_than_the_gates_that_it_makes(outer: tuple[int, ...], inner: tuple[int, ...]) -> None:
    ranges = [", ".join(map(str, arguments)) for arguments in (outer, inner)]
    text = f"sum(sin(x + i)*j for i in range({ranges[0]}) for j in range({ranges[1]}))"
    turns = len(range(*outer)) * len(range(*inner))
    circuit = loads(f"inputs: {{x: 1}}\ngates: {{y: '{text} + x'}}", cse=False)
    assert [rule.name for rule in circuit.rules].count("sin") == turns
    assert weight(read_formula(text), {}, {}) >= len(circuit.rules) - 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("1/2", "not 0.5"), ("0.1*3", "not 0.30000000000000004"), ("9**9**9", "not inf"), ("0/0", "not nan"),
     (f"{LARGEST_WHOLE_NUMBER}*4", "a whole number is wanted here"), ("x", "'x' is neither"), ("pi", "'pi' is neither"),
     ("1 if 1 > 0 else x", "'x' is neither"), ("nothing(1)", "'nothing' cannot stand"), ("f(1)", "'f' cannot stand"),
     ("w[0]", "a loop or a member cannot stand"), ("sum(1 for i in range(2))", "a loop or a member cannot stand"),
     ("sin(1, 2)", "'sin' cannot stand"), ("where(1, 2)", "'where' cannot stand"),
     ("+".join("1" * (LONGEST_SUBSCRIPT // 2 + 1)), f"more than {LONGEST_SUBSCRIPT} parts")],
)  # fmt: skip
@pytest.mark.parametrize("place", ["w[@]", "sum(x for i in range(@))", "sum(x for i in range(0, 1, @))"])
def test_what_is_no_whole_number_is_refused_wherever_one_is_wanted(place: str, text: str, words: str) -> None:
    formula = place.replace("@", text)
    error = fault(f"inputs: {{x: 1, 'w[0:2]': 1}}\ndefine: {{f(a): a}}\ngates: {{y: '{formula}'}}")
    assert words in str(error)
    assert pointed(error)[0] in formula


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-3", -3), ("2*i - 1", 9), ("i**2", 25), ("max(i, 3, 9)", 9), ("6/2", 3), ("floor(i/2)", 2),
     ("mod(i, 3)", 2), ("1e3", 1000), ("1 if i > 4 else 0", 1), ("sqrt(16)", 4), ("0.5 + 0.5", 1),
     (str(LARGEST_WHOLE_NUMBER), LARGEST_WHOLE_NUMBER), ("abs(-i)", 5),
     ("+".join("1" * (LONGEST_SUBSCRIPT // 2)), LONGEST_SUBSCRIPT // 2)],
)  # fmt: skip
def test_a_whole_number_may_be_computed(text: str, value: int) -> None:
    assert whole_number(read_formula(text), {"i": 5}) == value


def test_the_step_of_a_range_is_not_0() -> None:
    (clause,) = loop("sum(1 for i in range(0, 5, i0))").clauses
    assert span(clause, {"i0": 2}) == range(0, 5, 2)
    with pytest.raises(NotWholeError, match="cannot be 0"):
        span(clause, {"i0": 0})


@pytest.mark.parametrize("subscript", [-1, 2, 10**15])
def test_a_member_out_of_range_names_the_range(subscript: int) -> None:
    (problem,) = fault(f"inputs: {{'w[0:2]': 1}}\ngates: {{y: 'w[{subscript}]'}}").problems
    assert problem.message == f"there is no 'w[{subscript}]'"
    assert problem.hint == "declared: w[0:2]"


def test_a_member_that_one_turn_of_a_loop_misses_is_told() -> None:
    error = fault("inputs: {'w[0:5]': 1}\ngates:\n  y: sum(w[i + 1] for i in range(5))")
    assert "there is no 'w[5]'" in str(error)
    assert pointed(error) == ["w"]


@given(st.integers(-50, 50), st.integers(1, 9))
def test_whole_numbers_are_computed_as_in_python(i: int, n: int) -> None:
    steps = read_formula("2*i - (n + 1) + floor(i/n) + mod(i, n)")
    assert whole_number(steps, {"i": i, "n": n}) == 2 * i - (n + 1) + i // n + i % n


@pytest.mark.parametrize(
    "text", ["i/2", "inf", "nan", "9**9**9", "x", "1e300", "f(i)", "add(i)", "sum(i for i in range(2))"]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(NotWholeError):
        whole_number(read_formula(text), {"i": 3})


@pytest.mark.parametrize(
    "text", ["sum(x for i in range(7))", "prod(x*y for i in range(2, 9, 3))",
             "sum(x for i in range(3) for j in range(4))",
             "sum(sum(x*i for i in range(3)) for j in range(4))", "x*y + sum(x for i in range(2))"],
)  # fmt: skip
def test_a_loop_announces_the_gates_that_it_makes(text: str) -> None:
    circuit = loads(f"inputs: {{x: 0.75, y: -1.5}}\ngates: {{out: '{text}'}}", cse=False)
    assert weight(read_formula(text), {}, {}) >= len(circuit.rules)
    (announced,) = [step for step in read_formula(text) if isinstance(step, Loop)]
    turns: list[None] = []
    assert sum(1 for _ in iterations(announced.clauses, {}, lambda: turns.append(None))) <= len(turns)
    assert all(isinstance(step, Call | Loop) or step.at >= 0 for step in announced.body)

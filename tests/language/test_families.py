"""Families mean what their members mean, written out."""

from __future__ import annotations

import math
from itertools import islice, product
from random import Random
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import loads
from circuitgrad.language.families import HeaderError, Range, normal_numbers, read_header, uniform_numbers
from language.faults import fault, messages, pointed

ranges = st.tuples(st.integers(-3, 3), st.integers(1, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(ranges, min_size=1, max_size=3))
def test_a_header_has_the_members_that_its_ranges_span(ranges: list[tuple[int, int]]) -> None:
    header = read_header(f"w[{', '.join(f'{low}:{high}' for low, high in ranges)}]")
    spanned = [",".join(map(str, subscripts)) for subscripts in product(*(range(*bounds) for bounds in ranges))]
    assert [name for name, _ in header.members()] == [f"w[{subscripts}]" for subscripts in spanned]
    assert header.size == len(spanned)


@pytest.mark.parametrize("text", ["w[0:3]", " w [ 0 : 3 ] ", "w[+0:3]", "\tw\t[\n0:3\n]\n"])
def test_blanks_in_a_header_do_not_matter(text: str) -> None:
    header = read_header(text)
    assert (header.name, header.ranges) == ("w", (Range(0, 3),))


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [("w[3:1]", 2, "is empty"), ("w[0:0]", 2, "is empty"), ("w[a:b]", 2, "whole numbers"), ("w[]", 2, "whole numbers"),
     ("w[0:1", 1, "brackets"), ("w[0:1][0:1]", 2, "whole numbers"), ("w[0:1]x", 1, "brackets"),
     ("w[0:2, 1.5]", 7, "whole numbers"),
     ("w[" + "0:1, " * 10 + "0:1]", 51, "more than 10 subscripts"), ("w[1 2]", 2, "whole numbers"),
     ("w[0: 1 :2]", 2, "whole numbers"), ("w[ i = ]", 3, "whole numbers"), ("w[i j=0:2]", 2, "whole numbers"),
     ("w[i=0:2, i=0:2]", 8, "used twice"), ("w[0:9999999999999999999]", 2, "whole numbers")],
)  # fmt: skip
def test_a_header_that_is_none_says_where(text: str, at: int, words: str) -> None:
    with pytest.raises(HeaderError, match=words) as caught:
        read_header(text)
    assert caught.value.at == at


WEIGHTS = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]]
FAMILIES = f"""
inputs:
  w[0:3, 0:2]: {WEIGHTS}
  b[0:3]: {{value: 0.5, fixed: true}}
  x[0:2]: [1.5, -2]
gates:
  h[j=0:3]: tanh(sum(w[j, i]*x[i] for i in range(2)) + b[j])
  out: sum((j + 1)*h[j] for j in range(3))
"""


def test_a_family_is_its_members() -> None:
    members = {f"w[{j},{i}]": WEIGHTS[j][i] for j in range(3) for i in range(2)}
    lines = ["inputs:", *(f"  '{name}': {value}" for name, value in members.items())]
    lines += [f"  b[{j}]: {{value: 0.5, fixed: true}}" for j in range(3)] + ["  x[0]: 1.5", "  x[1]: -2", "gates:"]
    lines += [f"  h[{j}]: tanh(w[{j},0]*x[0] + w[{j},1]*x[1] + b[{j}])" for j in range(3)]
    lines += ["  out: 1*h[0] + 2*h[1] + 3*h[2]"]
    family, written = loads(FAMILIES), loads("\n".join(lines))
    assert family.forward() == written.forward()
    assert family.backward() == written.backward()
    assert family.inputs == written.inputs


def test_a_family_computes_what_python_does() -> None:
    hidden = [math.tanh(row[0] * 1.5 + row[1] * -2.0 + 0.5) for row in WEIGHTS]
    assert loads(FAMILIES).forward()["out"] == pytest.approx(sum((j + 1) * h for j, h in enumerate(hidden)), rel=1e-14)


@given(st.integers(2, 12), st.floats(-2, 2))
def test_a_recurrence_begins_with_a_piece_of_its_family(count: int, factor: float) -> None:
    text = f"inputs: {{a: {factor!r}}}\ngates:\n  y[0]: a\n  y[t=1:{count}]: a*y[t-1] + t\noutput: y[{count - 1}]"
    value = factor
    for t in range(1, count):
        value = factor * value + t
    assert loads(text).forward()[f"y[{count - 1}]"] == value


def test_members_are_outputs_and_expected() -> None:
    circuit = loads("inputs: {'x[0:2]': [1, 2]}\ngates: {y: 'x[0]*x[1]'}\noutput: ['x[ 1 ]', y]\nexpect: {'x[1]': 2}")
    assert circuit.outputs == ("x[1]", "y")
    assert circuit.expect == {"x[1]": 2.0}
    assert circuit.jacobian()["y"]["x[0]"] == 2.0


def test_members_may_be_operands_in_the_explicit_form() -> None:
    gates = "y[i=0:3]: {mul: ['x[i]', 'x[2 - i]', i + 1]}\n  z: {add: ['y[0]', 'y[ 1 ]', 'y[2]']}"
    text = f"inputs: {{'x[0:3]': [1, 2, 4]}}\ngates:\n  {gates}"
    assert loads(text).forward()["z"] == 1 * 4 * 1 + 2 * 2 * 2 + 4 * 1 * 3


# Random starting values


def kinderman_monahan(generator: Random) -> float:
    """A normally distributed number by the algorithm as it was published, with the constant computed."""
    while True:
        u, v = generator.random(), 1.0 - generator.random()
        x = 4 * math.exp(-0.5) / math.sqrt(2.0) * (u - 0.5) / v
        if x * x / 4.0 <= -math.log(v):
            return x


def test_normal_values_are_those_of_the_published_algorithm() -> None:
    generator = Random("7 w")
    wanted = [0.5 * kinderman_monahan(generator) for _ in range(50)]
    circuit = loads("inputs: {'w[0:5, 0:10]': {normal: 0.5, seed: 7}}\ngates: {y: 'w[0,0]'}")
    assert list(circuit.values().values()) == pytest.approx(wanted, rel=1e-15)


def test_normal_and_uniform_values_are_distributed_so() -> None:
    normal = list(islice(normal_numbers("w", 3, 2.0), 20_000))
    assert fmean(normal) == pytest.approx(0, abs=4 * 2 / math.sqrt(20_000))
    assert pstdev(normal) == pytest.approx(2, rel=4 / math.sqrt(2 * 20_000))
    within = sum(abs(value) < 2 for value in normal) / len(normal)
    assert within == pytest.approx(math.erf(1 / math.sqrt(2)), abs=0.015)
    uniform = list(islice(uniform_numbers("w", 3, -1.0, 3.0), 20_000))
    assert all(-1 <= value < 3 for value in uniform)
    assert fmean(uniform) == pytest.approx(1, abs=4 * 4 / math.sqrt(12 * 20_000))


def test_families_of_one_seed_differ_and_repeat() -> None:
    text = "inputs: {'v[0:4]': {uniform: [0, 1]}, 'w[0:4]': {uniform: [0, 1]}}\ngates: {y: 'v[0]*w[0]'}"
    values = loads(text).values()
    assert values == loads(text).values()
    assert len(set(values.values())) == 8
    assert loads(text.replace("[0, 1]}}", "[0, 1], seed: 1}}")).values() != values


# Faults


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("inputs: {'w[0:3]': [1, 2]}\ngates: {y: 'w[0]'}", ["["], "0:3 of 'w' takes a list of 3, not 2"),
        ("inputs: {'w[0:1, 0:2]': [1]}\ngates: {y: 'w[0,0]'}", ["["], "0:2 of 'w' takes a list of 2, not a number"),
        ("inputs: {'w[0:1]': [[1]]}\ngates: {y: 'w[0]'}", ["["], "'w' has no further subscript for this list"),
        ("inputs: {'w[0:1]': [x]}\ngates: {y: 'w[0]'}", ["x"], "is not a number: 'x'"),
        ("inputs: {'w[0:2]': {seed: 1, value: 1}}\ngates: {y: 'w[0]'}", ["seed"], "'seed' without 'normal'"),
        ("inputs: {'w[0:2]': {seed: 0.5, normal: 1}}\ngates: {y: 'w[0]'}", ["0.5"], "a whole number, not 0.5"),
        ("inputs: {'w[0:2]': {normal: 1, value: 1}}\ngates: {y: 'w[0]'}", ["normal"], "'value' and 'normal' exclude"),
        ("inputs: {'w[0:2]': {uniform: 1}}\ngates: {y: 'w[0]'}", ["1"], "the two ends"),
        ("inputs: {'w[0:2]': {uniform: [1, 2, 3]}}\ngates: {y: 'w[0]'}", ["["], "the two ends"),
        ("inputs: {'w[0:2]': {fixed: true}}\ngates: {y: 'w[0]'}", ["{"], "'w' needs 'value', 'normal' or 'uniform'"),
        ("inputs: {'w[0:2]': {value: [1, 9], max: 5}}\ngates: {y: 'w[0]'}", ["["], "a value of 'w' is not between"),
        ("inputs: {w: {normal: 1}}\ngates: {y: w}", ["normal"], "random values belong to a family"),
        ("inputs: {'w[0:2]': 1, w: 1}\ngates: {y: 'w[0]'}", ["w"], "'w' is declared twice"),
        ("inputs: {w: 1, 'w[0:2]': 1}\ngates: {y: w}", ["w[0:2]"], "'w' is declared twice"),
        ("inputs: {'w[0:2]': 1, 'w[1:3]': 1}\ngates: {y: 'w[0]'}", ["w[1:3]"], "'w[1]' is declared twice"),
        ("inputs: {'w[0:2]': 1, 'w[0, 2]': 1}\ngates: {y: 'w[0]'}", ["w[0, 2]"], "has 1 subscript, not 2"),
        ("inputs: {'1w[0:2]': 1}\ngates: {y: 1}", ["1w[0:2]"], "'1w' is not a name"),
        ("inputs: {'w[2:1]': 1}\ngates: {y: 'w[0]'}", ["2:1"], "the range 2:1 is empty"),
        ("inputs: {'w[0:2, 0:3]': 1}\ngates: {y: 'w[0, 3]'}", ["w"], "there is no 'w[0,3]'"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'w[0, 1]'}", ["w"], "'w' takes 1 subscript, not 2"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: w + 1}", ["w"], "'w' is a family of wires"),
        ("inputs: {w: 1}\ngates: {y: 'w[0]'}", ["w"], "'w' is one wire, not a family"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'v[0]'}", ["v"], "no family is called 'v'"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'w[0.5]'}", ["0"], "a whole number is wanted here, not 0.5"),
        ("inputs: {'w[0:2]': 1, x: 0}\ngates: {y: 'w[x]'}", ["x"], "'x' is neither"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'w[w[0]]'}", ["w"], "a loop or a member cannot stand in a subscript"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'w[0]'}\noutput: w", ["w"], "'w' is a family of wires"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'w[0]'}\noutput: w[2]", ["w[2]"], "no wire is called 'w[2]'"),
        ("inputs: {'w[0:2]': 1}\ngates: {y: 'w[0]'}\nexpect: {'w[2]': 1}", ["w[2]"], "no wire is called 'w[2]'"),
        ("inputs: {x: 1}\ngates:\n  h[j=0:9]: h[j - 1] + x\noutput: h[3]", ["h"], "there is no 'h[-1]'"),
        ("inputs: {x: 1}\ngates:\n  h[j=0:9]: x +* j\noutput: h[3]", ["*"], "expected a number"),
        ("inputs: {x: 1}\ngates:\n  h[j=0:3]: h[2 - j]\noutput: h[2]", ["h[j=0:3]"], "h[1] -> h[1]"),
        ("gates: {y: {add: [x[0], x[1]]}}", ["["], "inside brackets needs quotes"),
        ("gates: {y: {add: [x[0], x[1]]}}", ["["], "write 'x[0]'"),
    ],
)  # fmt: skip
def test_a_fault_of_a_family_is_named_and_pointed_at(text: str, where: list[str], words: str) -> None:
    error = fault(text)
    assert words in str(error)
    assert pointed(error)[: len(where)] == where


def test_a_member_out_of_range_names_the_range() -> None:
    (problem,) = fault("inputs: {'w[0:2, 0:3]': 1}\ngates: {y: 'w[0, 3]'}").problems
    assert problem.hint == "declared: w[0:2, 0:3]"


def test_all_faults_of_one_formula_are_told_once() -> None:
    error = fault("inputs: {x: 1}\ngates:\n  h[j=0:100]: z[j] + q\noutput: h[0]")
    assert messages(error) == ["no family is called 'z'", "no wire is called 'q'"]

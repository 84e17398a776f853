"""The cases of formulas, and their notation."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from circuitgrad.formulas.reader import read_formula
from circuitgrad.formulas.steps import Call, Name, Number
from circuitgrad.gates.compiled import compiled, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.table import GATES
from circuitgrad.report.page.cases import MOST_CASES, Case, case_number, cases_of
from circuitgrad.report.page.mathml import LONGEST_WRITTEN, conditions_markup, markup
from special import SPECIAL

if TYPE_CHECKING:
    from circuitgrad.formulas.formula import Formula
    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule

each_rule = pytest.mark.parametrize("rule", GATES.values(), ids=lambda rule: rule.name)


def formulas(rule: Rule) -> list[Formula]:
    return [rule.value, *rule.partials.values()]


@each_rule
def test_the_chosen_case_is_the_rule(rule: Rule) -> None:
    points = list(itertools.product(SPECIAL if rule.arity < 3 else SPECIAL[::3], repeat=rule.arity))
    parameters = (*rule.operands, "out")
    for formula in formulas(rule):
        direct = compiled(parameters, formula.steps, DOUBLES)
        chosen = compiled(parameters, case_number(formula.steps), DOUBLES)
        cases = [compiled(parameters, case.formula, DOUBLES) for case in cases_of(formula.steps)]
        for point in points:
            given = (*point, value_function(rule)(*point))
            value, wanted = cases[int(chosen(*given))](*given), direct(*given)
            assert value == wanted or (math.isnan(value) and math.isnan(wanted))


@each_rule
def test_the_conditions_of_the_chosen_case_hold(rule: Rule) -> None:
    parameters = (*rule.operands, "out")
    for formula in formulas(rule):
        chosen = compiled(parameters, case_number(formula.steps), DOUBLES)
        for point in itertools.product([-2.0, 0.0, 0.5, math.nan], repeat=rule.arity):
            given = (*point, value_function(rule)(*point))
            case = cases_of(formula.steps)[int(chosen(*given))]
            for condition in case.conditions:
                test = compiled(parameters, condition.test, DOUBLES)
                assert (test(*given) != 0) is condition.holds


@each_rule
def test_notation_is_well_formed_and_has_a_place_for_every_operand(rule: Rule) -> None:
    places = {name: str(place) for place, name in enumerate((*rule.operands, "out"))}
    for formula in formulas(rule):
        for case in cases_of(formula.steps):
            used = {places[step[0]] for step in case.formula if step[0] in places and len(step) == 2}
            written = markup(case.formula, places)
            tree = ET.fromstring(f"<math>{written.replace('&#x2061;', '')}</math>")
            assert {part.get("data-place") for part in tree.iter("mi")} - {None} == used
            conditions = conditions_markup(case.conditions, places)
            ET.fromstring(f"<math>{conditions.replace('&#x2061;', '')}</math>")


def test_tests_for_nan_are_left_out() -> None:
    *_, last = cases_of(read_formula("1 if x > 0 else 0 if x == x else nan"))
    assert conditions_markup(last.conditions, {}) == "<mi>x</mi><mo>≤</mo><mn>0</mn>"
    assert conditions_markup(cases_of(read_formula("x if x == x else nan"))[0].conditions, {}) == ""


def test_a_long_formula_is_not_written_out() -> None:
    steps = read_formula(" + ".join(["x"] * 100))
    assert len(steps) > LONGEST_WRITTEN
    assert markup(steps, {}) == "<mtext>a formula of 199 steps</mtext>"
    many = read_formula("".join(f"{i} if x == {i} else " for i in range(50)) + "0")
    assert cases_of(many) == [Case(many)]
    assert len(cases_of(read_formula("".join(f"{i} if x == {i} else " for i in range(MOST_CASES - 1)) + "0"))) == 16


@pytest.mark.parametrize(
    "steps",
    [
        [Name("x", 0), *[Number(1.01, 0), Call("div", 2, 0)] * 10_000],
        [*[Name("x", 0)] * 10_001, *[Call("pow", 2, 0)] * 10_000],
        [*[Name("x", 0), Name("x", 0)] * 10_000, Name("x", 0), *[Call("where", 3, 0)] * 10_000],
    ],
    ids=["a chain of divisions", "a tower of powers", "a chain of conditions"],
)
def test_a_deep_formula_is_one_case_that_is_not_written_out(steps: list[Step]) -> None:
    assert cases_of(steps) == [Case(steps)]
    assert case_number(steps) == [Number(0, 0)]
    assert markup(steps, {}) == f"<mtext>a formula of {len(steps):,} steps</mtext>"

"""The forms of formulas, and their notation."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from circuitgrad.formulas.reader import read_formula
from circuitgrad.gates.compiled import compiled, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.table import GATES
from circuitgrad.report.page.forms import MOST_FORMS, Form, choice, forms
from circuitgrad.report.page.mathml import LONGEST, conditions_markup, markup
from special import SPECIAL

if TYPE_CHECKING:
    from circuitgrad.formulas.formula import Formula
    from circuitgrad.gates.rule import Rule

each_row = pytest.mark.parametrize("row", GATES.values(), ids=lambda row: row.name)


def rules(row: Rule) -> list[Formula]:
    return [row.value, *row.partials.values()]


@each_row
def test_the_form_that_is_chosen_is_the_rule(row: Rule) -> None:
    points = list(itertools.product(SPECIAL if row.arity < 3 else SPECIAL[::3], repeat=row.arity))
    parameters = (*row.operands, "out")
    for expression in rules(row):
        whole = compiled(parameters, expression.steps, DOUBLES)
        chosen = compiled(parameters, choice(expression.steps), DOUBLES)
        alone = [compiled(parameters, form.formula, DOUBLES) for form in forms(expression.steps)]
        for point in points:
            given = (*point, value_function(row)(*point))
            found, wanted = alone[int(chosen(*given))](*given), whole(*given)
            assert found == wanted or (math.isnan(found) and math.isnan(wanted))


@each_row
def test_the_conditions_of_the_chosen_form_hold(row: Rule) -> None:
    parameters = (*row.operands, "out")
    for expression in rules(row):
        chosen = compiled(parameters, choice(expression.steps), DOUBLES)
        for point in itertools.product([-2.0, 0.0, 0.5, math.nan], repeat=row.arity):
            given = (*point, value_function(row)(*point))
            form = forms(expression.steps)[int(chosen(*given))]
            for condition in form.conditions:
                test = compiled(parameters, condition.test, DOUBLES)
                assert (test(*given) != 0) is condition.holds


@each_row
def test_notation_is_well_formed_and_has_a_place_for_every_operand(row: Rule) -> None:
    places = {name: str(place) for place, name in enumerate((*row.operands, "out"))}
    for expression in rules(row):
        for form in forms(expression.steps):
            used = {places[step[0]] for step in form.formula if step[0] in places and len(step) == 2}
            written = markup(form.formula, places)
            tree = ET.fromstring(f"<math>{written.replace('&#x2061;', '')}</math>")
            assert {part.get("data-place") for part in tree.iter("mi")} - {None} == used
            told = conditions_markup(form.conditions, places)
            ET.fromstring(f"<math>{told.replace('&#x2061;', '')}</math>")


def test_questions_for_nan_are_not_told() -> None:
    *_, last = forms(read_formula("1 if x > 0 else 0 if x == x else nan"))
    assert conditions_markup(last.conditions, {}) == "<mi>x</mi><mo>≤</mo><mn>0</mn>"
    assert conditions_markup(forms(read_formula("x if x == x else nan"))[0].conditions, {}) == ""


def test_what_is_too_long_is_not_written_out() -> None:
    steps = read_formula(" + ".join(["x"] * 100))
    assert len(steps) > LONGEST
    assert markup(steps, {}) == "<mtext>a formula of 199 steps</mtext>"
    many = read_formula("".join(f"{i} if x == {i} else " for i in range(50)) + "0")
    assert forms(many) == [Form(many)]
    assert len(forms(read_formula("".join(f"{i} if x == {i} else " for i in range(MOST_FORMS - 1)) + "0"))) == 16

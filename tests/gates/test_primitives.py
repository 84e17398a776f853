"""Every number system and every language spells every primitive: who forgets one is told its name."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.formulas.latex import LATEX
from circuitgrad.formulas.mathml import MATHML
from circuitgrad.formulas.steps import Call
from circuitgrad.gates import complexes, doubles, multiprecision
from circuitgrad.gates.arithmetic import Arithmetic
from circuitgrad.gates.compiled import partials_function, primitives_of, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.primitives import PRIMITIVES
from circuitgrad.gates.table import GATES, find

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

TABLES: dict[str, AbstractSet[str]] = {
    "doubles": doubles.PRIMITIVES.keys(),
    "multiprecision": multiprecision.PRIMITIVES.keys(),
    "complexes": complexes.PRIMITIVES.keys() | complexes.WITHOUT_CONTINUATION,
}


@pytest.mark.parametrize("table", TABLES)
def test_a_number_system_has_every_primitive_and_no_other(table: str) -> None:
    assert TABLES[table] ^ PRIMITIVES.keys() == set()


def test_no_primitive_is_both_continued_and_not() -> None:
    assert not complexes.PRIMITIVES.keys() & complexes.WITHOUT_CONTINUATION


@pytest.mark.parametrize("dialect", [LATEX, MATHML], ids=["latex", "mathml"])
@pytest.mark.parametrize("primitive", PRIMITIVES)
def test_a_language_of_mathematics_spells_every_primitive(dialect: object, primitive: str) -> None:
    assert primitive in getattr(dialect, "gates")  # noqa: B009 - a dialect is a tuple of many types


@pytest.mark.parametrize("primitive", PRIMITIVES)
def test_a_primitive_is_a_row_of_its_own_or_an_operator(primitive: str) -> None:
    rule = find(primitive)
    assert rule.arity == PRIMITIVES[primitive]
    assert rule.name == primitive
    assert primitive in {step.gate for step in rule.value.steps if isinstance(step, Call)}


@pytest.mark.parametrize("primitive", PRIMITIVES)
def test_doubles_take_as_many_operands_as_declared(primitive: str) -> None:
    function = doubles.PRIMITIVES[primitive]
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # hypot, which takes any number
        parameters = inspect.signature(lambda x, y: None).parameters.values()
    assert len(parameters) == PRIMITIVES[primitive] or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def test_every_rule_comes_down_to_declared_primitives() -> None:
    assert set().union(*map(primitives_of, GATES.values())) <= PRIMITIVES.keys()


@pytest.mark.parametrize("forgotten", ["sin", "erfc", "floor"])
def test_a_forgotten_primitive_is_told_by_name(forgotten: str) -> None:
    rest = {name: function for name, function in DOUBLES.primitives.items() if name != forgotten}
    poor = Arithmetic("poor numbers", float, rest, DOUBLES.constants)
    with pytest.raises(NotImplementedError, match=f"poor numbers provide no primitive '{forgotten}'"):
        value_function(find(forgotten), poor)
    callers = [rule for rule in GATES.values() if forgotten in primitives_of(rule)]
    assert len(callers) > 1 or forgotten == "sin"
    for rule in callers:
        with pytest.raises(NotImplementedError, match=forgotten):
            value_function(rule, poor)
    assert partials_function(find("mul"), poor)(2.0, 3.0, 6.0) == (3.0, 2.0)


@pytest.mark.parametrize("digits", [15, 60, 200])
def test_constants_have_all_digits_of_the_working_precision(digits: int) -> None:
    constants = multiprecision.CONSTANTS
    with mpmath.workdps(digits):
        assert constants["tau"] * 1 == 2 * mpmath.pi
        assert constants["pi"] * 1 == 2 * mpmath.acos(0)
        assert constants["e"] * 1 == mpmath.exp(1)


@given(x=st.floats(allow_infinity=True, allow_nan=True), y=st.sampled_from([math.inf, -math.inf, math.nan, 0.0]))
def test_mod_by_what_is_no_finite_number_is_the_same_at_60_digits(x: float, y: float) -> None:
    exact, double = float(multiprecision.PRIMITIVES["mod"](x, y)), doubles.PRIMITIVES["mod"](x, y)
    assert exact == double or (math.isnan(exact) and math.isnan(double))

"""Random programs mean what a second reading of the language says: values to the bit, gradients nearly so."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, reject, settings

from budget import examples
from circuitgrad import loads
from language.programs import Program, programs


def agree(value: float, wanted: float) -> bool:
    return value == wanted or (math.isnan(value) and math.isnan(wanted))


@settings(max_examples=examples(300))
@given(programs())
def test_a_program_means_what_a_walk_through_its_tree_finds(program: Program) -> None:
    try:
        wanted = program.values()
    except (OverflowError, ValueError):  # Python's way to say that a number left the range
        reject()
    assume(all(math.isfinite(number.value) and abs(number.value) < 1e100 for number in wanted.values()))
    circuit = loads(program.text)
    values = circuit.forward()
    assert {name: value for name, value in values.items() if "." not in name} == {
        name: number.value for name, number in wanted.items()
    }
    slopes, known = circuit.backward(), wanted[program.output].slopes
    scale = max(map(abs, known.values()), default=1.0)
    assume(scale < 1e100)
    for name in program.leaves:
        assert slopes[name] == pytest.approx(known.get(name, 0.0), rel=1e-9, abs=1e-9 * max(1.0, scale))


@settings(max_examples=examples(100))
@given(programs())
def test_sharing_changes_no_value_and_no_gradient_of_a_program(program: Program) -> None:
    shared, apart = loads(program.text), loads(program.text, cse=False)
    assert len(shared) <= len(apart)
    values = apart.forward()
    assert all(agree(value, values[name]) for name, value in shared.forward().items())
    assume(all(abs(value) < 1e100 for value in values.values()))
    slopes, known = shared.backward(), apart.backward()
    scale = max(1.0, *(abs(known[name]) for name in program.leaves))
    assume(scale < 1e100)
    for name in program.leaves:
        assert slopes[name] == pytest.approx(known[name], rel=1e-9, abs=1e-9 * scale)

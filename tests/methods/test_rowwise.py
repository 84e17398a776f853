"""A circuit at every row is the circuit at each row, to the last bit."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, from_expression, loads
from circuitgrad.data.table import Rows
from circuitgrad.engines.wanted import Wanted
from circuitgrad.methods.rowwise import NonfiniteRows, RowwiseProgram
from random_circuits import Plan, plans

number = st.floats(-2, 2)


def rows_of(names: list[str], values: list[list[float]]) -> Rows:
    columns = [array("d", column) for column in zip(*values, strict=True)]
    return Rows(dict(zip(names, columns, strict=True)), range(2, 2 + len(values)), ())


@given(plans(), st.data())
def test_rows_are_passes_to_the_last_bit(plan: Plan, data: st.DataObject) -> None:
    circuit, again = plan.circuit(), plan.circuit()
    inputs = list(circuit.inputs)
    names = data.draw(st.lists(st.sampled_from(inputs), min_size=1, unique=True))
    values = data.draw(st.lists(st.lists(number, min_size=len(names), max_size=len(names)), min_size=1, max_size=4))
    rows = rows_of(names, values)
    outputs = tuple(data.draw(st.lists(st.sampled_from(plan.names), min_size=1, max_size=3, unique=True)))
    wires = tuple(circuit)
    engine = data.draw(st.sampled_from(["objects", "python"]))
    forward = RowwiseProgram(circuit, names, Wanted(wires), engine)(rows)
    backward = RowwiseProgram(circuit, names, Wanted(outputs, outputs, wires), engine)(rows)
    for i, row in enumerate(rows):
        again.assign(row)
        expected = again.forward()
        assert {name: repr(column[i]) for name, column in zip(wires, forward, strict=True)} == {
            name: repr(value) for name, value in expected.items()
        }
        slopes = [slope for output in outputs for slope in again.backward(output).values()]
        found = [repr(column[i]) for column in backward]
        assert found == [*(repr(expected[output]) for output in outputs), *map(repr, slopes)]


def test_blocks_do_not_leak_into_one_another() -> None:
    circuit = from_expression("x*y + c", x=1, y=2, c=3)
    compute = RowwiseProgram(circuit, ["x"], Wanted(("out",), ("out",), ("y",)))
    first = compute(rows_of(["x"], [[5], [6]]))
    compute(rows_of(["x"], [[7]]))
    assert compute(rows_of(["x"], [[5], [6]])) == first == [array("d", [13, 15]), array("d", [5, 6])]


def test_what_there_is_not_is_refused() -> None:
    circuit = from_expression("x", x=1)
    with pytest.raises(CircuitError, match="no wire called 'z'"):
        RowwiseProgram(circuit, ["x"], Wanted(("z",)))


def test_a_row_is_blamed_once_whatever_is_not_finite_in_it() -> None:
    circuit = loads("{inputs: {x: 1}, gates: {p: log(x), q: 1/x}, output: [p, q]}")
    wanted = Wanted(("p", "q"), ("p", "q"), ("x",))
    watch = NonfiniteRows(circuit, wanted)
    compute = RowwiseProgram(circuit, ["x"], wanted)
    assert watch.problem("d.csv", "line") is None
    for values in ([[1.0], [2.0]], [[3.0], [0.0], [4.0], [-1.0]]):
        rows = rows_of(["x"], values)
        watch.see(rows, compute(rows))
    problem = watch.problem("d.csv", "line")
    assert problem is not None
    assert problem.message == (
        "'p' is -inf: log(0.0); at line 3 of d.csv, the first of 2 of 6 rows whose results are not finite"
    )

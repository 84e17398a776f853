"""The cost and its derivatives over rows are the circuit's own passes, row by row; what cannot be is refused."""

from __future__ import annotations

import math
import struct
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import circuitgrad
from budget import examples
from circuitgrad.circuit.optimization import GOALS
from circuitgrad.data.csv import read_rows
from circuitgrad.data.table import Rows
from circuitgrad.errors import CircuitError, Source
from circuitgrad.methods.hessian import hessian
from circuitgrad.methods.optimize.objective import Objective, free_inputs
from random_circuits import SMOOTH, Plan, plans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit

EXACT = ("objects", "python")
"""The engines that agree to the last bit."""
SIGN = {"maximize": -1, "minimize": 1, "least_squares": 1}
number = st.floats(-2, 2, allow_subnormal=False).map(lambda x: round(x, 6))
goals = st.sampled_from(sorted(GOALS))


def rows_of(names: Sequence[str], values: Sequence[Sequence[float]]) -> Rows:
    columns = [array("d", column) for column in zip(*values, strict=True)]
    return Rows(dict(zip(names, columns, strict=True)), range(2, 2 + len(values)), ())


def same(result: Sequence[float], wanted: Sequence[float], sizes: Sequence[float] = ()) -> bool:
    """Tell whether numbers agree up to the rounding of terms of some sizes."""
    sizes = sizes or [0.0] * len(result)
    return all(
        math.isclose(actual, expected, rel_tol=1e-12, abs_tol=1e-12 * max(1.0, size))
        for actual, expected, size in zip(result, wanted, sizes, strict=True)
    )


class Drawn:
    """A circuit of which some inputs move, some are fixed, and some have a column; every wire can be the output.

    What is expected of it comes from the passes of a second circuit, one row after the other.
    """

    def __init__(self, data: st.DataObject, plan: Plan, least: int) -> None:
        draw = data.draw
        self.goal, self.engine = draw(goals), draw(st.sampled_from(EXACT))
        inputs = [f"x{i}" for i in range(len(plan.inputs))]
        role = st.sampled_from(["move", "move", "column", "fixed"])
        roles = draw(st.lists(role, min_size=len(inputs), max_size=len(inputs)).filter(lambda them: "move" in them))
        self.moved = [name for name, role in zip(inputs, roles, strict=True) if role == "move"]
        self.bound = [name for name, role in zip(inputs, roles, strict=True) if role == "column"]
        text = plan.text
        for i, (name, value) in enumerate(zip(inputs, plan.inputs, strict=True)):
            if name not in self.moved and name not in self.bound:
                text = text.replace(f"  x{i}: {value!r}\n", f"  x{i}: {{value: {value!r}, fixed: true}}\n", 1)
        self.circuit, self.again = circuitgrad.loads(text), circuitgrad.loads(text)
        values = st.lists(number, min_size=len(self.bound), max_size=len(self.bound))
        self.lines: list[list[float]] = draw(st.lists(values, min_size=least, max_size=4)) if self.bound else [[]]
        self.rows = rows_of(self.bound, self.lines) if self.bound else None
        self.point: list[float] = draw(st.lists(number, min_size=len(self.moved), max_size=len(self.moved)))
        self.output = plan.names[-1]
        if self.bound and not set(self.circuit.downstream(*self.bound)) & self.upstream:
            self.rows, self.bound, self.lines = None, [], [[]]  # which is refused, as is shown below
            self.moved = [name for name in inputs if not self.circuit.inputs[name].fixed]
            self.point = draw(st.lists(number, min_size=len(self.moved), max_size=len(self.moved)))
        try:
            self.objective  # noqa: B018 - a response or a model without a column is refused, as is shown below
        except CircuitError as error:
            assume(" has no column: " not in str(error))
            raise

    @property
    def upstream(self) -> set[int]:
        return self.circuit.upstream([self.circuit.slot(self.output)])

    @property
    def objective(self) -> Objective:
        return Objective(self.circuit, self.output, self.goal, self.rows, self.engine)

    def at(self, row: int) -> Circuit:
        """Return the second circuit at the point and a row."""
        self.again.assign(dict(zip(self.moved, self.point, strict=True)))
        self.again.assign(dict(zip(self.bound, self.lines[row], strict=True)))
        return self.again

    def value(self, row: int) -> float:
        return self.at(row).forward()[self.output]

    def slopes(self, row: int) -> list[float]:
        result = self.at(row).backward(self.output)
        return [result[name] for name in self.moved]

    def cost(self, batch: Sequence[int]) -> float:
        power = 2 if self.goal == "least_squares" else 1
        return SIGN[self.goal] * math.fsum(self.value(row) ** power for row in batch) / len(batch)

    def gradient(self, batch: Sequence[int]) -> list[float]:
        totals = [0.0] * len(self.moved)
        for row in batch:
            factor = 2 * self.value(row) if self.goal == "least_squares" else 1
            totals = [total + factor * slope for total, slope in zip(totals, self.slopes(row), strict=True)]
        return [SIGN[self.goal] * total / len(batch) for total in totals]

    def second(self) -> list[list[float]]:
        size = range(len(self.moved))
        result = [[0.0] * len(size) for _ in size]
        for row in range(len(self.lines)):
            value, slopes = self.value(row), self.slopes(row)
            bent = hessian(self.at(row), self.output, self.moved)
            for i, name in enumerate(self.moved):
                for j, partner in enumerate(self.moved):
                    curvature = bent[name][partner]
                    if self.goal == "least_squares":
                        curvature = 2 * (slopes[i] * slopes[j] + value * curvature)
                    result[i][j] += curvature * SIGN[self.goal] / len(self.lines)
        return result


@settings(max_examples=examples(60))
@given(plans(), st.data())
def test_the_cost_and_its_slopes_are_the_circuits_own(plan: Plan, data: st.DataObject) -> None:
    drawn = Drawn(data, plan, 1)
    objective = drawn.objective
    count = len(drawn.lines)
    assert (objective.names, objective.count) == (drawn.moved, count)
    assert objective.names == free_inputs(drawn.circuit, drawn.rows)
    assert objective.start == [drawn.circuit.inputs[name].value for name in drawn.moved]
    before = drawn.circuit.forward()
    batch = data.draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
    cost, slopes = objective.slopes(drawn.point, batch)
    assert repr(cost) == repr(objective.cost(drawn.point, batch))
    scale = max(abs(drawn.value(row)) for row in batch)
    assert same([cost], [drawn.cost(batch)], [scale**2])
    steep = max(abs(slope) for row in batch for slope in drawn.slopes(row))
    assert same(slopes, drawn.gradient(batch), [max(1.0, scale) * steep] * len(slopes))
    assert objective.shown(cost) == (-cost if drawn.goal == "maximize" else cost)
    # One row is one pass, to the last bit.
    assert objective.residuals(drawn.point) == [drawn.value(row) for row in range(count)]
    assert objective.jacobian(drawn.point) == [drawn.slopes(row) for row in range(count)]
    assert {name: unit.value for name, unit in ((name, drawn.circuit[name]) for name in drawn.circuit)} == before


@settings(max_examples=examples(60))
@given(plans(tuple(SMOOTH), most=8), st.data())
def test_the_hessian_is_that_of_the_rows(plan: Plan, data: st.DataObject) -> None:
    drawn = Drawn(data, plan, 1)
    before = drawn.circuit.forward()
    result, wanted = drawn.objective.hessian(drawn.point), drawn.second()
    size = max((abs(entry) for row in wanted for entry in row), default=0.0)
    for row, expected_row in zip(result, wanted, strict=True):
        assert same(row, expected_row, [size] * len(row))
    assert drawn.circuit.values() == {name: before[name] for name in drawn.circuit.inputs}


@settings(max_examples=examples(60))
@given(plans(), st.data())
def test_a_point_leaves_nothing_to_the_next_one(plan: Plan, data: st.DataObject) -> None:
    drawn = Drawn(data, plan, 2)
    used, everything = drawn.objective, range(len(drawn.lines))
    elsewhere = data.draw(st.lists(number, min_size=len(drawn.moved), max_size=len(drawn.moved)))
    for point in (elsewhere, drawn.point):
        used.hessian(point)
        used.slopes(point, everything[::-1])
        used.response()
    bits = struct.pack("d", used.cost(drawn.point, everything))
    assert bits == struct.pack("d", drawn.objective.cost(drawn.point, everything))
    assert used.jacobian(drawn.point) == drawn.objective.jacobian(drawn.point)


def test_what_neither_point_nor_row_moves_keeps_its_present_value() -> None:
    circuit = circuitgrad.loads("""
inputs: {a: 2, k: {value: 3, fixed: true}, x: {value: 0, fixed: true}, z: 9}
gates: {still: k*k + 1, point: a*still, row: x + still, y: point*row, beside: exp(z)*x}
output: y
""")
    circuit.assign({"k": 2.0})
    objective = Objective(circuit, "y", "minimize", rows_of(["x"], [[1.0], [3.0]]))
    # y = 5*a*(x + 5)
    assert objective.names == ["a", "z"]
    assert objective.residuals([4.0, 0.0]) == [120.0, 160.0]
    assert objective.slopes([4.0, 1e9], [0, 1]) == (140.0, [35.0, 0.0])
    assert objective.jacobian([1.0, 0.0]) == [[30.0, 0.0], [40.0, 0.0]]
    # The circuit has moved on meanwhile, the objective is what it was made of.
    circuit.assign({"k": 7.0})
    assert objective.residuals([4.0, 0.0]) == [120.0, 160.0]
    assert Objective(circuit, "y", "minimize").residuals([1.0, 0.0]) == [2500.0]


def test_a_range_of_rows_is_these_rows() -> None:
    circuit = circuitgrad.from_expression("a*x", a=1, x=0)
    objective = Objective(circuit, "out", "minimize", rows_of(["x"], [[1.0], [3.0]]))
    assert objective.cost([2.0], range(1, 2)) == objective.cost([2.0], [1]) == 6.0


def test_an_input_may_be_the_output() -> None:
    circuit = circuitgrad.from_expression("2*x", x=3)
    objective = Objective(circuit, "x", "maximize")
    assert objective.slopes([5.0], [0]) == (-5.0, [-1.0])
    assert objective.hessian([5.0]) == [[-0.0]]


LINE = """
inputs: {a: 1, b: 1, k: {value: 2, fixed: true}, x: {value: 0, fixed: true}, y: {value: 0, fixed: true}}
gates: {model: k*(a*x + b), seen: 10*y, residual: seen - model, back: model - seen, raised: residual + 1}
output: residual
"""


@pytest.mark.parametrize(
    ("output", "goal", "expected"),
    [
        ("residual", "least_squares", [20.0, 50.0]),
        ("back", "least_squares", [20.0, 50.0]),
        ("raised", "least_squares", None),
        ("model", "least_squares", None),
    ],
)
def test_the_response_is_what_the_data_alone_make(output: str, goal: str, expected: list[float] | None) -> None:
    circuit = circuitgrad.loads(LINE)
    objective = Objective(circuit, output, goal, rows_of(["x", "y"], [[1.0, 2.0], [3.0, 5.0]]))
    objective.cost([9.0, 9.0], [1])
    assert objective.response() == expected


def test_a_difference_of_two_models_has_no_response() -> None:
    both = circuitgrad.from_expression("a*x - b*x", a=1, b=2, x=0)
    assert Objective(both, "out", "least_squares", rows_of(["x"], [[1.0]])).response() is None
    # And nothing tells the response of two where the model does not move.
    still = circuitgrad.loads("{inputs: {a: 1, x: 0, y: 0}, gates: {r: y - x, beside: a*x}, output: r}")
    assert Objective(still, "r", "least_squares", rows_of(["x", "y"], [[1.0, 2.0]])).response() is None
    bare = circuitgrad.from_expression("y - a", a=1, y=0)
    assert Objective(bare, "out", "least_squares", rows_of(["y"], [[4.0], [6.0]])).response() == [4.0, 6.0]


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("{name: n, inputs: {}, gates: {y: {add: [1, 2]}}}", {}, "there is nothing to move: 'n' has no inputs"),
        ("{name: n, inputs: {x: {value: 1, fixed: true}}, gates: {y: 2*x}}", {}, "every input of 'n' is fixed"),
        ("{name: n, inputs: {x: {value: 1, min: 1, max: 1}}, gates: {y: 2*x}}", {}, "every input of 'n' is fixed"),
        (
            "{name: n, inputs: {x: 1, k: {value: 1, fixed: true}}, gates: {y: k*x}}",
            {"x": [1.0]},
            "every input of 'n' is fixed or has a column of data",
        ),
    ],
)
def test_nothing_to_move_is_refused(text: str, columns: dict[str, list[float]], words: str) -> None:
    rows = rows_of(list(columns), list(zip(*columns.values(), strict=True))) if columns else None
    with pytest.raises(CircuitError, match="nothing to move") as refused:
        Objective(circuitgrad.loads(text), "y", "minimize", rows)
    assert refused.value.problems[0].message.endswith(words)


@pytest.mark.parametrize(
    ("output", "goal", "table", "words"),
    [
        ("seen", "minimize", "x\n1\n", "no column of the data reaches 'seen'"),
        ("model", "maximize", "y\n1\n", "no column of the data reaches 'model'"),
        ("residual", "least_squares", "x\n1\n", "the response of 'residual' has no column: 'y'"),
        ("residual", "least_squares", "y\n1\n", "the model of 'residual' has no column: 'k' or 'x'"),
        ("back", "least_squares", "y\n1\n", "the model of 'back' has no column: 'k' or 'x'"),
    ],
)
def test_missing_columns_are_refused_at_the_header(output: str, goal: str, table: str, words: str) -> None:
    circuit = circuitgrad.loads(LINE)
    rows = read_rows(Source("points.csv", f"\n{table}"), circuit.inputs)
    with pytest.raises(CircuitError) as refused:
        Objective(circuit, output, goal, rows)
    problem = refused.value.problems[0]
    assert problem.message == words
    assert problem.place is not None
    assert (str(problem.place), problem.place.text) == ("points.csv:2:1", table.partition("\n")[0])


def test_missing_columns_are_no_matter_where_none_must_be_meant() -> None:
    circuit = circuitgrad.loads(LINE)
    # No difference, so that no part of it is the response; and of other goals nothing is known.
    Objective(circuit, "raised", "least_squares", rows_of(["x"], [[1.0]]))
    Objective(circuit, "residual", "minimize", rows_of(["x"], [[1.0]]))
    with pytest.raises(CircuitError, match=r"no wire called 'residul'.*did you mean 'residual'"):
        Objective(circuit, "residul", "minimize")


def test_the_culprit_is_named_with_its_line() -> None:
    text = "inputs:\n  a: 1\n  x: {value: 1, fixed: true}\ngates:\n  deep: log(a*x)\n  y: deep + sqrt(x)*0\n"
    circuit = circuitgrad.loads(text)
    rows = read_rows(Source("d.csv", "x\n1\n\n0.5\n-2\n3\n"), circuit.inputs)
    objective = Objective(circuit, "y", "minimize", rows)
    before = circuit.values()
    problem = objective.culprit([2.0], range(4))
    assert problem is not None
    assert (problem.message, str(problem.place)) == ("'deep' is nan: log(-4.0), at line 5 of the data", "<string>:5:9")
    assert objective.culprit([2.0], [0, 1, 3]) is None
    blamed = objective.culprit([0.0], [3])
    assert blamed is not None
    assert blamed.message == "'deep' is -inf: log(0.0), at line 6 of the data"
    assert circuit.values() == before


def test_the_culprit_may_be_a_gradient() -> None:
    circuit = circuitgrad.from_expression("sqrt(a*x)", a=1, x=1)
    objective = Objective(circuit, "out", "minimize", rows_of(["x"], [[1.0], [0.0]]))
    problem = objective.culprit([1.0], [0, 1])
    assert problem is not None
    assert problem.message.startswith("the gradient becomes inf at 'out'")
    assert problem.message.endswith(", at line 3 of the data")
    alone = Objective(circuitgrad.from_expression("log(a)", a=-1), "out", "minimize").culprit([-1.0], [0])
    assert alone is not None
    assert alone.message == "'out' is nan: log(-1.0)"


def test_what_does_not_count_is_not_to_blame() -> None:
    circuit = circuitgrad.loads("{inputs: {a: 1}, gates: {beside: log(0*a), y: 2*a}, output: y}")
    assert Objective(circuit, "y", "minimize").culprit([1.0], [0]) is None

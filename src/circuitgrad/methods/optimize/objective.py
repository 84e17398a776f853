"""The objective of an optimisation: a function of the inputs that may move, over the rows of data or at a single point.

Every method lowers a cost. To raise an output is to lower its negative, whose arithmetic is the same to the last bit.
"""

from __future__ import annotations

from array import array
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.engines.programs import over_columns, program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError, Problem, quote
from circuitgrad.gates.duals import Dual, duals, tangent_of
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.data.table import Rows
    from circuitgrad.engines.native.optimizer_loop import OptimizerLoop
    from circuitgrad.engines.native.sums import RowSums
    from circuitgrad.engines.update import Update
    from circuitgrad.engines.wanted import Compute, Program

    Point = Sequence[float]


def free_inputs(circuit: Circuit, rows: Rows | None) -> list[str]:
    """Return the inputs that may move: not fixed, without a column of data, with some room between their bounds.

    >>> from circuitgrad import loads
    >>> free_inputs(loads("{inputs: {a: 1, x: {value: 2, fixed: true}}, gates: {y: a*x}}"), None)
    ['a']
    """
    bound = rows.columns if rows else {}
    leaves = circuit.inputs.values()
    return [leaf.name for leaf in leaves if not leaf.fixed and leaf.name not in bound and leaf.min < leaf.max]


class Objective:
    """The output of a circuit, its mean over rows, or the mean of its squares, as a cost to lower.

    Args:
        circuit: the circuit, which stays as it is; inputs that neither move nor are bound keep their present values.
        output: the wire to raise or lower, or the residual.
        goal: `maximize`, `minimize` or `least_squares`.
        rows: the rows of data; without them, a single row binds nothing.
        engine: the engine of the cost and its derivatives; see `engines`.
        passes: the approximate number of passes: rows times points; many when left out.
        factors: the factor of the residual in every row; 1 when left out.

    Attributes:
        names: the inputs that may move.
        start: their present values.
        count: the number of rows.

    Raises:
        CircuitError: there is no such wire, or nothing to move.

    >>> from array import array
    >>> from circuitgrad import from_expression
    >>> from circuitgrad.data.table import Rows
    >>> rows = Rows({"x": array("d", [1, 2]), "y": array("d", [3, 5])}, [2, 3], ())
    >>> objective = Objective(from_expression("y - b*x", b=2, x=0, y=0), "out", "least_squares", rows)
    >>> objective.cost([2.0], range(2)), objective.slopes([2.0], range(2))
    (1.0, (1.0, [-3.0]))
    """

    def __init__(
        self,
        circuit: Circuit,
        output: str,
        goal: str,
        rows: Rows | None = None,
        engine: str = "objects",
        passes: int | None = None,
        factors: Sequence[float] | None = None,
    ) -> None:
        self.factors = factors
        self.circuit, self.output, self.goal, self.rows = circuit, output, goal, rows
        self.squares = goal == "least_squares"
        self._sign = -1.0 if goal == "maximize" else 1.0
        bound = rows.columns if rows else {}
        self.names = free_inputs(circuit, rows)
        self._refuse_still(bound)
        self.count = len(rows) if rows else 1
        self._output_slot = circuit.slot(output)
        self._free_slots = [circuit.slot(name) for name in self.names]
        self._bound_columns = [(circuit.slot(name), column) for name, column in bound.items()]
        needed = circuit.upstream([self._output_slot])
        self._moved_gates = [gate for gate in circuit.downstream(*self.names) if gate in needed]
        self._row_gates = needed.intersection(circuit.downstream(*bound))
        self._changing_gates = sorted(self._row_gates.union(self._moved_gates))
        self._refuse_unbound()
        self._slot_values = circuit.trace({})
        self.start = [self._slot_values[slot] for slot in self._free_slots]
        self._columns = dict(bound)
        self._engine, self._passes = engine, passes
        self._column_programs: dict[Wanted, Compute] = {}

    @property
    def is_reached(self) -> bool:
        """Whether anything that may move reaches the output."""
        return bool(self._moved_gates) or self._output_slot in self._free_slots

    @cached_property
    def _value_program(self) -> Program:
        """The program of the output, from the values of the free inputs and of the inputs that a row binds."""
        return self._program(self._wanted_value)

    @cached_property
    def _gradient_program(self) -> Program:
        """The program of the output and its derivatives in the free inputs."""
        return self._program(self._wanted_gradient)

    @property
    def _wanted_value(self) -> Wanted:
        return Wanted((self.output,))

    @property
    def _wanted_gradient(self) -> Wanted:
        return Wanted((self.output,), (self.output,), tuple(self.names))

    def _program(self, wanted: Wanted) -> Program:
        return program(self.circuit, [*self.names, *self._columns], wanted, self._engine, self._passes)

    @cached_property
    def _gradient_sums(self) -> RowSums:
        """The kernel of the sums over the rows: of the output, or of its squares, and of the derivatives."""
        return self._summing(self.names)

    @cached_property
    def _value_sums(self) -> RowSums:
        """The kernel of the sum over the rows of the output, or of its squares, without derivatives."""
        return self._summing(())

    def _summing(self, wrt: Sequence[str]) -> RowSums:
        from circuitgrad.engines.native.sums import RowSums

        return RowSums(
            self.circuit,
            self.names,
            self.output,
            squares=self.squares,
            bound=self._columns,
            wrt=wrt,
            passes=self._passes,
        )

    def compiled_loop(self, update: Update, low: Point, high: Point, momentum: float) -> OptimizerLoop | None:
        """Return the machine code that makes many steps of an update at once, over all rows; None for other engines.

        Args:
            update: the update.
            low: the lower bounds of the free inputs.
            high: their upper bounds.
            momentum: the share of the velocity that is kept.
        """
        if self._engine != "native" or self.factors is not None:
            return None
        from circuitgrad.engines.native.optimizer_loop import OptimizerLoop

        return OptimizerLoop(self._gradient_sums, update, low, high, self._sign, momentum)

    def _refuse_still(self, bound: object) -> None:
        if self.names:
            return
        name, inputs = quote(self.circuit.name), self.circuit.inputs
        reason = f"{name} has no inputs"
        if inputs:
            reason = f"every input of {name} is fixed" + (" or has a column of data" if bound else "")
        raise CircuitError.of(f"there is nothing to move: {reason}")

    def _refuse_unbound(self) -> None:
        """Refuse data that lack a column which they must have: for the response of a residual, or for its model.

        Raises:
            CircuitError: a column is missing.
        """
        if not self.rows:
            return
        place = self.rows.header
        if not self._row_gates:
            raise CircuitError.of(f"no column of the data reaches {quote(self.output)}", place)
        response = self._response_slot() if self.squares else None
        if response is None:
            return
        model = next(
            slot for slot in self.circuit.operands[self._output_slot - self.circuit.first_gate] if slot != response
        )
        for side, slot in (("response", response), ("model", model)):
            names = self._leaves(slot)
            missing = [name for name in names if self.circuit.inputs[name].fixed]
            if missing and not any(name in self.rows.columns for name in names):
                named = " or ".join(map(quote, missing))
                raise CircuitError.of(f"the {side} of {quote(self.output)} has no column: {named}", place)

    def _leaves(self, slot: int) -> list[str]:
        """Return the inputs that a slot depends on."""
        gates = self.circuit.upstream([slot])
        leaves = {slot, *(operand for index in gates for operand in self.circuit.operands[index])}
        return [name for i, name in enumerate(self.circuit.input_names) if i in leaves]

    def _response_slot(self) -> int | None:
        """Return the slot of the response, where the residual is a difference of it and a model that moves."""
        circuit, index = self.circuit, self._output_slot - self.circuit.first_gate
        if index < 0 or circuit.rules[index].name != "sub":
            return None
        moving = {*self._free_slots, *(circuit.first_gate + gate for gate in self._moved_gates)}
        still = [slot for slot in circuit.operands[index] if slot not in moving]
        return still[0] if len(still) == 1 else None

    def response(self) -> list[float] | None:
        """Return the response, one number per row, or None where the residual shows none."""
        slot = self._response_slot()
        if slot is None:
            return None
        return [values[slot] for values in self._slot_values_at(self.start, range(self.count))]

    def shown(self, cost: float) -> float:
        """Return the objective of a cost, which is its negative where the goal is to raise it."""
        return self._sign * cost

    def cost(self, point: Point, batch: Sequence[int]) -> float:
        """Return the cost at a point, on average over some rows."""
        if self.factors is not None:
            total = sum(residual * residual for residual in self._residuals_of(point, batch))
        elif self._engine == "native":
            total = self._value_sums(point, self._part(batch))[0]
        else:
            total = 0.0
            for (value,) in self._results(self._value_program, point, batch):
                total += value * value if self.squares else value
        return self._sign * (total / len(batch))

    def slopes(self, point: Point, batch: Sequence[int]) -> tuple[float, list[float]]:
        """Return the cost at a point and its derivatives in the inputs that may move."""
        total, slopes = 0.0, [0.0] * len(self._free_slots)
        if self.factors is not None:
            residuals, rows = self._residuals_of(point, batch), self.jacobian(point)
            total = sum(residual * residual for residual in residuals)
            for residual, row in zip(residuals, batch, strict=True):
                slopes = [slope + 2 * residual * grad for slope, grad in zip(slopes, rows[row], strict=True)]
        elif self._engine == "native":
            total, *slopes = self._gradient_sums(point, self._part(batch))
        else:
            for value, *grads in self._results(self._gradient_program, point, batch):
                if self.squares:
                    total += value * value
                    slopes = [slope + 2 * value * grad for slope, grad in zip(slopes, grads, strict=True)]
                else:
                    total += value
                    slopes = [slope + grad for slope, grad in zip(slopes, grads, strict=True)]
        sign, count = self._sign, len(batch)
        return sign * (total / count), [sign * (slope / count) for slope in slopes]

    def _part(self, batch: Sequence[int]) -> Sequence[int] | None:
        """Return a batch, or None where it has all rows."""
        return None if batch == range(self.count) else batch

    def residuals(self, point: Point) -> list[float]:
        """Return the output at every row, times the factor of the row."""
        residuals = self._unweighted_residuals(point)
        if self.factors is None:
            return residuals
        return [factor * residual for factor, residual in zip(self.factors, residuals, strict=True)]

    def _residuals_of(self, point: Point, batch: Sequence[int]) -> list[float]:
        """Return the residuals of some rows, with their factors."""
        residuals = self.residuals(point)
        return residuals if batch == range(self.count) else [residuals[row] for row in batch]

    def _unweighted_residuals(self, point: Point) -> list[float]:
        if self._engine == "native" and self._columns:
            return self._at_all_rows(self._wanted_value, point)[0].tolist()
        return [value for (value,) in self._results(self._value_program, point, range(self.count))]

    def jacobian(self, point: Point) -> list[list[float]]:
        """Return, row by row, the derivatives of the residual in the inputs that may move, with the row's factor."""
        rows = self._unweighted_jacobian(point)
        if self.factors is None:
            return rows
        return [[factor * slope for slope in row] for factor, row in zip(self.factors, rows, strict=True)]

    def _unweighted_jacobian(self, point: Point) -> list[list[float]]:
        if self._engine == "native" and self._columns:
            _, *grads = self._at_all_rows(self._wanted_gradient, point)
            return [list(row) for row in zip(*grads, strict=True)]
        return [grads for _, *grads in self._results(self._gradient_program, point, range(self.count))]

    def _at_all_rows(self, wanted: Wanted, point: Point) -> Sequence[array[float]]:
        """Return the wanted columns of all rows."""
        if wanted not in self._column_programs:
            names = [*self.names, *self._columns]
            self._column_programs[wanted] = over_columns(self.circuit, names, wanted, self._engine, self._passes)
        repeated = [array("d", [value]) * self.count for value in point]
        return self._column_programs[wanted]([*repeated, *self._columns.values()])

    def _results(self, run: Program, point: Point, batch: Sequence[int]) -> Iterator[Sequence[float]]:
        """Yield the results of a program at a point, row by row."""
        columns = self._columns.values()
        if not columns:
            yield run(*point)
        elif batch == range(self.count):
            for row in zip(*columns, strict=True):
                yield run(*point, *row)
        else:
            for i in batch:
                yield run(*point, *[column[i] for column in columns])

    def hessian(self, point: Point) -> list[list[float]]:
        """Return the second derivatives of the cost, over all rows.

        Every column of the Hessian of a row is a backward pass over dual numbers, and the matrix is symmetric; see
        `methods.hessian`.
        """
        from circuitgrad.methods.hessian import mean_of

        size = range(len(self._free_slots))
        sums = [[0.0] * len(size) for _ in size]
        twin = self.circuit.over(duals())
        for row, values in enumerate(self._slot_values_at(point, range(self.count))):
            square = 1.0 if self.factors is None else self.factors[row] ** 2
            lifted = [Dual(value) for value in values]
            for i, slot in enumerate(self._free_slots):
                lifted[slot] = Dual(values[slot], 1.0)
                twin.compute(lifted, self._moved_gates)
                grads = twin.gradients(lifted, self.output, self._moved_gates)
                out = lifted[self._output_slot]
                for j, partner in enumerate(self._free_slots):
                    second = tangent_of(grads[partner])
                    if self.squares:
                        second = 2 * square * (out.tangent * grads[partner].value + out.value * second)
                    sums[i][j] += second
                lifted[slot] = Dual(values[slot])
        means = [[self._sign * (total / self.count) for total in row] for row in sums]
        return [[mean_of(means[i][j], means[j][i]) for j in size] for i in size]

    def _slot_values_at(self, point: Point, batch: Sequence[int]) -> Iterator[list[float]]:
        """Yield the values of all slots at a point, row by row, in one list."""
        values, compute = self._slot_values, self.circuit.compute
        for slot, value in zip(self._free_slots, point, strict=True):
            values[slot] = value
        for row in batch:
            for slot, column in self._bound_columns:
                values[slot] = column[row]
            compute(values, self._changing_gates)
            yield values

    def culprit(self, point: Point, batch: Sequence[int]) -> Problem | None:
        """Return the place where the first infinity or NaN arises at a point, in a value or else in a gradient."""
        circuit, present = self.circuit, self.circuit.values()
        try:
            for row in batch:
                circuit.assign(dict(zip(self.names, point, strict=True)))
                circuit.assign({name: column[row] for name, column in self.rows.columns.items()} if self.rows else {})
                circuit.run()
                value = circuit[self.output].value
                if not isfinite(value):
                    problem = nonfinite_value(circuit, circuit.upstream([self._output_slot]))
                else:
                    circuit.pull_back(self._output_slot)
                    problem = nonfinite_gradient(circuit)
                if problem is None and self.squares and isfinite(value) and not isfinite(value * value):
                    problem = Problem(f"the square of {quote(self.output)} overflows: it is {value}")
                if problem:
                    where = f", at line {self.rows.lines[row]} of the data" if self.rows else ""
                    return problem._replace(message=f"{problem.message}{where}")
            if self.rows and not isfinite(self.cost(point, batch)):
                return Problem(f"the sum over the rows of {quote(self.output)} overflows")
            return None
        finally:
            circuit.assign(present)

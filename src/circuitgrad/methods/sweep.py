"""A circuit over a grid: its outputs and their derivatives at every combination of the values of some inputs."""

from __future__ import annotations

from array import array
from fractions import Fraction
from itertools import product
from math import isfinite, log10, prod
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.choice import choose
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.errors import CircuitError, Problem
from circuitgrad.formulas.names import derivative_title
from circuitgrad.methods.nonfinite import first_nonfinite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from circuitgrad.circuit.circuit import Circuit

MOST_POINTS = 10_000_000
POINTS_PER_REPORT = 256
"""How many points are computed between two reports of the progress."""


class SweepAxis(NamedTuple):
    """The values that one input takes.

    Attributes:
        name: the input.
        values: its values, in the order in which it takes them.
        log: whether they are spaced evenly in their logarithms.
    """

    name: str
    values: Sequence[float]
    log: bool = False


class SweepSeries(NamedTuple):
    """A number that is computed at every point: an output's value or its derivative.

    Attributes:
        output: the output.
        wrt: the input with respect to which it is differentiated; None for its value.
    """

    output: str
    wrt: str | None = None

    @property
    def title(self) -> str:
        """The title of its column.

        >>> SweepSeries("s").title, SweepSeries("s", "a").title
        ('s', 'ds/da')
        """
        return self.output if self.wrt is None else derivative_title(self.output, self.wrt)


def spaced(start: float, end: float, count: int, *, log: bool = False) -> list[float]:
    """Return evenly spaced numbers from start to end, both included.

    They are the doubles nearest to the exact decimal numbers: a third of the way from 0 to 0.3 is 0.1.

    Args:
        start: the first number.
        end: the last one; it may be the smaller.
        count: the number of values; 1 if and only if start and end are equal.
        log: whether the logarithms are spaced evenly; start and end are positive then.

    Raises:
        CircuitError: there are no such numbers.

    >>> spaced(0.1, 0.7, 7), spaced(0.01, 100, 5, log=True)
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [0.01, 0.1, 1.0, 10.0, 100])
    """
    _refuse_more_than_fit(count)
    if log and min(start, end) <= 0:
        raise CircuitError.of("a range of logarithms has positive ends")
    if (count == 1) != (start == end):
        said = f"{count} value{'s' * (count > 1)} cannot go from {start:g} to {end:g}"
        raise CircuitError.of(said, hint=f"one value alone is NAME={start:g}")
    if count == 1:
        return [start]
    if log:
        low, high = sorted((start, end))
        between = [min(max(10.0**power, low), high) for power in _even(log10(start), log10(end), count)]
    else:
        between = _even(start, end, count)
    return [start, *between[1:-1], end]


def _even(start: float, end: float, count: int) -> list[float]:
    first, last = Fraction(repr(float(start))), Fraction(repr(float(end)))
    steps = count - 1
    # Over one denominator, each number is a single division, which Python rounds correctly.
    left, right = first.numerator * last.denominator, last.numerator * first.denominator
    denominator = first.denominator * last.denominator * steps
    return [(left * (steps - i) + right * i) / denominator for i in range(count)]


def _refuse_more_than_fit(points: int) -> None:
    if points > MOST_POINTS:
        hint = f"up to {MOST_POINTS:,} can be computed"
        raise CircuitError.of(f"a grid of {points:,} points", hint=hint)


class Sweep:
    """A circuit over a grid. Iteration yields, point by point, the inputs' values and then every series.

    The last input moves first. The circuit stays as it was.

    Attributes:
        axes: the inputs that move.
        series: the numbers per point: the outputs, then their derivatives.
        choice: the engine that is used, and why.
        nonfinite: the number of points at which the last iteration met infinity or NaN.

    Args:
        circuit: the circuit; the other inputs keep their present values.
        axes: the inputs that move, at least one.
        outputs: the wires to compute.
        wrt: the inputs to differentiate them in.
        listen: called with the kind of work, the amount done and the total amount.
        engine: the engine to use; chosen by the number of points when left out.

    Raises:
        CircuitError: there is no such wire, input or engine, or the grid is too large.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*y", x=0, y=0)
    >>> list(Sweep(circuit, [SweepAxis("x", [1.0, 2.0]), SweepAxis("y", [3.0, 4.0])], ["out"], ["x"]))
    [(1.0, 3.0, 3.0, 3.0), (1.0, 4.0, 4.0, 4.0), (2.0, 3.0, 6.0, 3.0), (2.0, 4.0, 8.0, 4.0)]
    """

    def __init__(
        self,
        circuit: Circuit,
        axes: Sequence[SweepAxis],
        outputs: Sequence[str],
        wrt: Sequence[str] = (),
        listen: Callable[[str, int, int], None] | None = None,
        engine: str | None = None,
    ) -> None:
        self.axes = axes
        self.series = [SweepSeries(output) for output in outputs]
        self.series += [SweepSeries(output, name) for output in outputs for name in wrt]
        self.nonfinite = 0
        self._circuit, self._listen = circuit, listen
        self._first: tuple[float, ...] = ()
        self._outputs = outputs
        _refuse_more_than_fit(len(self))
        self.choice = choose(len(circuit.rules), len(self), engine)
        wanted = Wanted(tuple(outputs), tuple(outputs) if wrt else (), tuple(wrt))
        self._run = program(circuit, [axis.name for axis in axes], wanted, self.choice.engine, len(self))

    def __len__(self) -> int:
        """The number of points."""
        return prod(len(axis.values) for axis in self.axes)

    def __iter__(self) -> Iterator[tuple[float, ...]]:
        self.nonfinite = 0
        total = len(self)
        for done, point in enumerate(product(*(axis.values for axis in self.axes))):
            if self._listen and done % POINTS_PER_REPORT == 0:
                self._listen("sweeping", done, total)
            results = self._run(*point)
            if not all(map(isfinite, results)):
                if not self.nonfinite:
                    self._first = point
                self.nonfinite += 1
            yield *point, *results

    def columns(self) -> list[array[float]]:
        """Compute all points; return a column for every axis and every series."""
        columns = [array("d") for _ in (*self.axes, *self.series)]
        for row in self:
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        return columns

    def culprit(self) -> Problem | None:
        """Return a note on the infinities and NaNs that the last iteration met, with the gate that made the first."""
        if not self.nonfinite:
            return None
        where = ", ".join(f"{axis.name} = {value:g}" for axis, value in zip(self.axes, self._first, strict=True))
        said = f"{self.nonfinite:,} of {len(self):,} points are not finite, the first at {where}"
        cause = self._cause()
        return Problem(said if cause is None else f"{said}: {cause.message}", cause and cause.place)

    def _cause(self) -> Problem | None:
        """Return a note on the gate that made the first infinity or NaN."""
        circuit = self._circuit
        present = circuit.values()
        circuit.assign({axis.name: value for axis, value in zip(self.axes, self._first, strict=True)})
        try:
            return first_nonfinite(circuit, self._outputs, circuit.upstream(map(circuit.slot, self._outputs)))
        finally:
            circuit.assign(present)

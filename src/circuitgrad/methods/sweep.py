"""A circuit over a grid: its outputs, and their derivatives, at every combination of values of some inputs."""

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
from circuitgrad.methods.nonfinite import nonfinite_gradient, nonfinite_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from circuitgrad.circuit.circuit import Circuit

MOST_POINTS = 10_000_000
STRIDE = 256
"""Progress is told after so many points."""


class Axis(NamedTuple):
    """The values that one input takes.

    Attributes:
        name: the input.
        values: its values, in the order in which it takes them.
        log: whether they are spaced evenly in their logarithms.
    """

    name: str
    values: Sequence[float]
    log: bool = False


class Series(NamedTuple):
    """What is computed at every point.

    Attributes:
        output: a wire.
        wrt: the input in which it is differentiated; None for its value.
    """

    output: str
    wrt: str | None = None

    @property
    def title(self) -> str:
        """What it is called.

        >>> Series("s").title, Series("s", "a").title
        ('s', 'ds/da')
        """
        return self.output if self.wrt is None else f"d{self.output}/d{self.wrt}"


def spaced(start: float, end: float, count: int, *, log: bool = False) -> list[float]:
    """Return so many numbers from start to end, both included, spaced evenly.

    They are the doubles nearest to the decimal numbers that a person means: a third of the way from 0 to 0.3 lies 0.1.

    Args:
        start: the first number.
        end: the last one; it may be the smaller.
        count: how many; 1 where both are equal, and only there.
        log: whether their logarithms are spaced evenly instead, for which both have to be positive.

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
    whole = first.denominator * last.denominator * steps
    return [(left * (steps - i) + right * i) / whole for i in range(count)]


def _refuse_more_than_fit(points: int) -> None:
    if points > MOST_POINTS:
        hint = f"up to {MOST_POINTS:,} can be computed"
        raise CircuitError.of(f"a grid of {points:,} points", hint=hint)


class Sweep:
    """A circuit over a grid. Iterating computes, point after point, the inputs' values and then every series.

    The last input moves first. The circuit stays as it was.

    Attributes:
        axes: the inputs that move.
        series: what is computed: the outputs, then their derivatives.
        choice: the engine that is used, and why.
        nonfinite: at how many points the last iteration has met infinity or NaN.

    Args:
        circuit: the circuit; the other inputs keep their present values.
        axes: the inputs that move, at least one.
        outputs: the wires to compute.
        wrt: the inputs to differentiate them in.
        listen: is told what is done, how much of it, and of how much.
        engine: the engine to use; chosen by the number of points when left out.

    Raises:
        CircuitError: there is no such wire, input or engine, or the grid is too large.

    >>> from circuitgrad import from_expression
    >>> circuit = from_expression("x*y", x=0, y=0)
    >>> list(Sweep(circuit, [Axis("x", [1.0, 2.0]), Axis("y", [3.0, 4.0])], ["out"], ["x"]))
    [(1.0, 3.0, 3.0, 3.0), (1.0, 4.0, 4.0, 4.0), (2.0, 3.0, 6.0, 3.0), (2.0, 4.0, 8.0, 4.0)]
    """

    def __init__(
        self,
        circuit: Circuit,
        axes: Sequence[Axis],
        outputs: Sequence[str],
        wrt: Sequence[str] = (),
        listen: Callable[[str, int, int], None] | None = None,
        engine: str | None = None,
    ) -> None:
        self.axes = axes
        self.series = [Series(output) for output in outputs]
        self.series += [Series(output, name) for output in outputs for name in wrt]
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
            if self._listen and done % STRIDE == 0:
                self._listen("sweeping", done, total)
            found = self._run(*point)
            if not all(map(isfinite, found)):
                if not self.nonfinite:
                    self._first = point
                self.nonfinite += 1
            yield *point, *found

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
            circuit.forward()
            if cause := nonfinite_value(circuit, circuit.upstream(map(circuit.slot, self._outputs))):
                return cause
            for output in self._outputs:
                circuit.backward(output)
                if cause := nonfinite_gradient(circuit):
                    return cause
            return None
        finally:
            circuit.assign(present)

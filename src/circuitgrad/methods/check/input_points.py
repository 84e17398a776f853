"""The points at which a circuit is checked: values of its inputs, from the file, from rows or drawn at random."""

from __future__ import annotations

from collections import defaultdict
from math import isfinite
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import quote
from circuitgrad.methods.check.verdicts import LARGEST_DOUBLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.structure import Input

MOST_DRAWS = 100
"""A point is given up after this number of draws at which an output is not finite."""
MOST_QUOTED_NAMES = 3


class InputPoint(NamedTuple):
    """A point at which a circuit is checked.

    Attributes:
        name: its name, such as `point 3` or `line 7`.
        values: the inputs' values there; missing inputs keep their own.
    """

    name: str
    values: Mapping[str, float]


def drawn_points(circuit: Circuit, count: int, seed: int) -> list[InputPoint]:
    """Return points drawn at random: between an input's bounds, or else up to half of its value away from it.

    A draw at which an output is not finite is repeated, up to `MOST_DRAWS` times; after that the point is left out.

    Args:
        circuit: the circuit.
        count: the number of points.
        seed: the seed of the random numbers.

    >>> from circuitgrad import from_expression
    >>> [point.name for point in drawn_points(from_expression("log(x)", x=1), 2, seed=0)]
    ['point 1', 'point 2']
    """
    random = Random(seed)  # noqa: S311 -- points of a check are no secret
    values = circuit.values()
    points = []
    for number in range(1, count + 1):
        for _ in range(MOST_DRAWS):
            drawn = {name: _draw(random, leaf, values[name]) for name, leaf in circuit.inputs.items()}
            trace = circuit.trace(drawn)
            if all(isfinite(trace[circuit.slot(output)]) for output in circuit.outputs):
                points.append(InputPoint(f"point {number}", drawn))
                break
    return points


def _draw(random: Random, leaf: Input, value: float) -> float:
    if isfinite(leaf.min) and isfinite(leaf.max):
        return leaf.clip(_between(random, leaf.min, leaf.max))
    spread = abs(value) / 2 if value else 1.0
    return leaf.clip(_between(random, value - spread, value + spread)) if isfinite(value) else value


def _between(random: Random, low: float, high: float) -> float:
    """Return a uniform random number; the range may be wider than the largest double, or reach beyond it."""
    low, high = max(low, -LARGEST_DOUBLE), min(high, LARGEST_DOUBLE)
    return random.uniform(low, high) if isfinite(high - low) else 2 * random.uniform(low / 2, high / 2)


def hidden_faults(values: Mapping[str, float]) -> str | None:
    """Return why some faults cannot show at a point, or None: inputs are 0 or 1, or equal to each other.

    There, a wrong factor or exponent, or two swapped operands, may have no effect.

    >>> hidden_faults({"a": 1.0, "b": 2.0, "c": 2.0, "d": 5.0})
    "'a' is 1; 'b' and 'c' are equal"
    >>> hidden_faults({"a": 3.0, "b": 2.0})
    """
    names_by_value: dict[float, list[str]] = defaultdict(list)
    for name, value in values.items():
        names_by_value[value].append(name)
    neutral = {value: names for value in (0.0, 1.0) if (names := names_by_value.pop(value, []))}
    reasons = [f"{_listed(names)} {'is' if len(names) == 1 else 'are'} {value:g}" for value, names in neutral.items()]
    equal = [names for names in names_by_value.values() if len(names) > 1]
    if equal:
        reasons.append(f"{_listed(equal[0])} are equal" + (", and others" if len(equal) > 1 else ""))
    return "; ".join(reasons) or None


def _listed(names: Sequence[str]) -> str:
    shown = [quote(name) for name in names[:MOST_QUOTED_NAMES]]
    if len(names) > MOST_QUOTED_NAMES:
        return f"{', '.join(shown)} and {len(names) - MOST_QUOTED_NAMES:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]

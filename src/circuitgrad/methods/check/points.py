"""Where a circuit is checked: at the inputs' own values, at values drawn at random, at the rows of a file."""

from __future__ import annotations

import sys
from collections import defaultdict
from math import isfinite
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.structure import Input

LARGEST = sys.float_info.max
TRIES = 100
"""So many draws may fall where an output is not finite before a point is given up."""
MOST_NAMED = 3


class Point(NamedTuple):
    """A place to check at.

    Attributes:
        name: what it is called: `point 3`, `line 7`.
        values: what the inputs are there; those that are missing keep their own values.
    """

    name: str
    values: Mapping[str, float]


def drawn_points(circuit: Circuit, count: int, seed: int) -> list[Point]:
    """Return points drawn at random: between an input's bounds, or else up to half of its own value away from it.

    A draw at which an output is not finite is drawn anew, so that fewer points come back where that hardly ever
    helps.

    Args:
        circuit: the circuit.
        count: how many points.
        seed: what the random numbers start from.

    >>> from circuitgrad import from_expression
    >>> [point.name for point in drawn_points(from_expression("log(x)", x=1), 2, seed=0)]
    ['point 1', 'point 2']
    """
    random = Random(seed)  # noqa: S311 -- points of a check are no secret
    values = circuit.values()
    points = []
    for number in range(1, count + 1):
        for _ in range(TRIES):
            drawn = {name: _draw(random, leaf, values[name]) for name, leaf in circuit.inputs.items()}
            trace = circuit.trace(drawn)
            if all(isfinite(trace[circuit.slot(output)]) for output in circuit.outputs):
                points.append(Point(f"point {number}", drawn))
                break
    return points


def _draw(random: Random, leaf: Input, value: float) -> float:
    if isfinite(leaf.min) and isfinite(leaf.max):
        return leaf.clip(_between(random, leaf.min, leaf.max))
    spread = abs(value) / 2 if value else 1.0
    return leaf.clip(_between(random, value - spread, value + spread)) if isfinite(value) else value


def _between(random: Random, low: float, high: float) -> float:
    """Return a number drawn evenly; the range may be wider than the largest double, or reach beyond it."""
    low, high = max(low, -LARGEST), min(high, LARGEST)
    return random.uniform(low, high) if isfinite(high - low) else 2 * random.uniform(low / 2, high / 2)


def hidden_faults(values: Mapping[str, float]) -> str | None:
    """Return why some faults cannot show at a point, or None: inputs that are 0 or 1, or equal to one another.

    There a factor or an exponent may be wrong, or two operands swapped, without any effect.

    >>> hidden_faults({"a": 1.0, "b": 2.0, "c": 2.0, "d": 5.0})
    "'a' is 1; 'b' and 'c' are equal"
    >>> hidden_faults({"a": 3.0, "b": 2.0})
    """
    alike: dict[float, list[str]] = defaultdict(list)
    for name, value in values.items():
        alike[value].append(name)
    plain = {value: names for value in (0.0, 1.0) if (names := alike.pop(value, []))}
    reasons = [f"{_listed(names)} {'is' if len(names) == 1 else 'are'} {value:g}" for value, names in plain.items()]
    equal = [names for names in alike.values() if len(names) > 1]
    if equal:
        reasons.append(f"{_listed(equal[0])} are equal" + (", and others" if len(equal) > 1 else ""))
    return "; ".join(reasons) or None


def _listed(names: Sequence[str]) -> str:
    shown = [quote(name) for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        return f"{', '.join(shown)} and {len(names) - MOST_NAMED:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]

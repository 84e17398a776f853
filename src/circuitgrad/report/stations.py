"""Paths in few steps: of the wires of expanded expressions, those alone where a path could have gone another way."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.steps import ATOM, PRODUCT, Call, Number
from circuitgrad.methods.explain import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.formulas.dialects import Dialect
    from circuitgrad.formulas.steps import Step
    from circuitgrad.methods.explain import Edge, Explanation, GraphPath

Leg: TypeAlias = "Sequence[Edge]"
"""The edges from one station of a path to the next."""
Part = TypeVar("Part")

LONGEST = 12
"""A path with more legs than this is shown without its middle, unless all of it is asked for."""
ENDS = 5
"""So many legs are shown at either end."""


class Stations:
    """The wires that a path is said to come by: those with a name of their own, and those that feed several gates.

    Paths that differ stay different: where two ways lead from one station to the next, the first wire of each is one.

    Args:
        explained: the chain rule.
        whole: whether every wire is a station.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.explain import explain
    >>> explained = explain(from_expression("exp(-(x + 1)) + sin(x)", x=0))
    >>> stations = Stations(explained)
    >>> for path in explained.accounts[0].shown:
    ...     print([name_of(explained.circuit, slot) for slot in stations.on(path)])
    ['x', 'out.4', 'out']
    ['x', 'out.1', 'out']
    """

    def __init__(self, explained: Explanation, *, whole: bool = False) -> None:
        circuit, edges = explained.circuit, explained.edges
        feeds = Counter(edge.operand for edge in edges)
        target = circuit.slot(explained.output)
        # Per wire, the station that it is, or the first one on the only way that leads on from it.
        self._next = {target: target}
        for edge in edges:
            slot = edge.operand
            is_station = whole or feeds[slot] > 1 or "." not in name_of(circuit, slot)
            self._next[slot] = slot if is_station else self._next[edge.out]
        self._ways = Counter((edge.operand, self._next[edge.out]) for edge in edges if self._is_station(edge.operand))

    def _is_station(self, slot: int) -> bool:
        return self._next[slot] == slot

    def legs(self, path: GraphPath) -> list[Leg]:
        """Return the edges of a path, from station to station."""
        legs: list[list[Edge]] = []
        ended = True
        for edge in path.edges:
            if ended:
                legs.append([])
            legs[-1].append(edge)
            forks = self._is_station(edge.operand) and self._ways[edge.operand, self._next[edge.out]] > 1
            ended = forks or self._is_station(edge.out)
        return [*legs]

    def on(self, path: GraphPath) -> list[int]:
        """Return the stations on a path, its ends among them."""
        return [path.slots[0], *(leg[-1].out for leg in self.legs(path))]


def derivative(leg: Leg) -> float:
    """Return the product of the local derivatives on a leg."""
    product = 1.0
    for edge in reversed(leg):
        product *= edge.local
    return product


def factors(explained: Explanation, legs: Sequence[Leg], dialect: Dialect) -> list[str]:
    """Return per leg the formula of its derivative, as a factor of a product; what is 1 on the way is left out.

    Args:
        explained: the chain rule.
        legs: the legs of a path.
        dialect: the language of the formulas.
    """
    formulas = [[steps for steps in map(explained.local, leg) if not _is_one(steps)] for leg in legs]
    alone = len(formulas) == 1 and len(formulas[0]) < 2
    sign = dialect.infix["mul"][0]
    found = []
    for i, leg in enumerate(formulas):
        texts = [
            f"({text})" if not alone and _is_loose(steps, first=i == j == 0) else text
            for j, (steps, text) in enumerate(zip(leg, map(dialect.write, leg), strict=True))
        ]
        found.append(sign.join(texts) or "1")
    return found


def _is_one(steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and isinstance(steps[0], Number) and steps[0].value == 1


def _is_loose(steps: Sequence[Step], *, first: bool) -> bool:
    """Tell whether a formula is a sum or a comparison, or, but for the first factor of a product, has a sign."""
    last = steps[-1]
    if isinstance(last, Number):
        return last.value < 0 and not first
    if not isinstance(last, Call):
        return False
    return (last.gate == "neg" and not first) or FORMULA.infix.get(last.gate, ("", ATOM))[1] < PRODUCT


def without_middle(parts: Sequence[Part], between: Part) -> list[Part]:
    """Return the first and the last parts, and what stands for the others.

    >>> without_middle(range(20), ...)
    [0, 1, 2, 3, 4, Ellipsis, 15, 16, 17, 18, 19]
    """
    return [*parts[:ENDS], between, *parts[-ENDS:]]

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
    from circuitgrad.methods.explain import Edge, Explanation, Path

Stretch: TypeAlias = "Sequence[Edge]"
"""The edges from one shown wire of a path to the next."""
Part = TypeVar("Part")

LONGEST_PATH = 12
"""A path with more stretches is shown without its middle, unless all of it is asked for."""
SHOWN_PATH_ENDS = 5
"""How many stretches of a long path are shown at either end."""


class ShortPaths:
    """Paths by the wires that are shown of them: those with a name of their own, and those that feed several gates.

    Paths that differ stay different: where two ways lead from one shown wire to the next, the first wire of each is
    shown.

    Args:
        explained: the chain rule.
        everything: whether every wire is shown.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.explain import explain
    >>> explained = explain(from_expression("exp(-(x + 1)) + sin(x)", x=0))
    >>> paths = ShortPaths(explained)
    >>> for path in explained.accounts[0].shown:
    ...     print([name_of(explained.circuit, slot) for slot in paths.slots(path)])
    ['x', 'out.4', 'out']
    ['x', 'out.1', 'out']
    """

    def __init__(self, explained: Explanation, *, everything: bool = False) -> None:
        circuit, edges = explained.circuit, explained.edges
        feeds = Counter(edge.operand for edge in edges)
        target = circuit.slot(explained.output)
        # Per wire, itself if it is shown, or the first shown wire on the only way that leads on from it.
        self._next = {target: target}
        for edge in edges:
            slot = edge.operand
            is_shown = everything or feeds[slot] > 1 or "." not in name_of(circuit, slot)
            self._next[slot] = slot if is_shown else self._next[edge.out]
        self._ways = Counter((edge.operand, self._next[edge.out]) for edge in edges if self._is_shown(edge.operand))

    def _is_shown(self, slot: int) -> bool:
        return self._next[slot] == slot

    def stretches(self, path: Path) -> list[Stretch]:
        """Return the edges of a path, from shown wire to shown wire."""
        stretches: list[list[Edge]] = []
        ended = True
        for edge in path.edges:
            if ended:
                stretches.append([])
            stretches[-1].append(edge)
            forks = self._is_shown(edge.operand) and self._ways[edge.operand, self._next[edge.out]] > 1
            ended = forks or self._is_shown(edge.out)
        return [*stretches]

    def slots(self, path: Path) -> list[int]:
        """Return the slots of the shown wires of a path, its ends among them."""
        return [path.slots[0], *(stretch[-1].out for stretch in self.stretches(path))]


def derivative(stretch: Stretch) -> float:
    """Return the product of the local derivatives on a stretch."""
    product = 1.0
    for edge in reversed(stretch):
        product *= edge.local
    return product


def factors(explained: Explanation, stretches: Sequence[Stretch], dialect: Dialect) -> list[str]:
    """Return per stretch the formula of its derivative, as a factor of a product; local derivatives of 1 are left out.

    Args:
        explained: the chain rule.
        stretches: the stretches of a path.
        dialect: the language of the formulas.
    """
    formulas = [[steps for steps in map(explained.local, stretch) if not _is_one(steps)] for stretch in stretches]
    alone = len(formulas) == 1 and len(formulas[0]) < 2
    sign = dialect.infix["mul"][0]
    products = []
    for i, stretch in enumerate(formulas):
        texts = [
            f"({text})" if not alone and _is_loose(steps, first=i == j == 0) else text
            for j, (steps, text) in enumerate(zip(stretch, map(dialect.write, stretch), strict=True))
        ]
        products.append(sign.join(texts) or "1")
    return products


def _is_one(steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and isinstance(steps[0], Number) and steps[0].value == 1


def _is_loose(steps: Sequence[Step], *, first: bool) -> bool:
    """Tell whether a factor needs parentheses: a sum, a comparison, or a sign except on the first factor."""
    last = steps[-1]
    if isinstance(last, Number):
        return last.value < 0 and not first
    if not isinstance(last, Call):
        return False
    return (last.gate == "neg" and not first) or FORMULA.infix.get(last.gate, ("", ATOM))[1] < PRODUCT


def without_middle(parts: Sequence[Part], between: Part) -> list[Part]:
    """Return the first and the last parts, and `between` in place of the others.

    >>> without_middle(range(20), ...)
    [0, 1, 2, 3, 4, Ellipsis, 15, 16, 17, 18, 19]
    """
    return [*parts[:SHOWN_PATH_ENDS], between, *parts[-SHOWN_PATH_ENDS:]]

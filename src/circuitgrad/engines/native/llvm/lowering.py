"""Formulas of the gate table lowered to the operations of a graph.

Both branches of a choice are computed, and one of the results is selected: there are no jumps, so that one instruction
serves many rows. Formulas may be nested to any depth: nothing here recurses into them.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, TypeAlias

from circuitgrad.engines.native.llvm.primitives import COMPARISONS, COSTLY, OPERATIONS
from circuitgrad.formulas.steps import CONSTANTS, folded
from circuitgrad.gates.table import find, is_built_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from circuitgrad.engines.native.llvm.graph import Graph
    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule

    Lowering: TypeAlias = Generator["Lowering", int, int]
    """Yields what it needs lowered first, is sent the nodes of that, and returns a node."""

NO_CALL, SEVERAL_CALLS = -1, -2


class _Terms:
    """The parts of a formula, each after its operands; equal parts are one.

    Attributes:
        parts: per term, a gate with the terms that it takes, or a name or number with none.
        costly: per term, the one costly call that it consists of or holds, `NO_CALL` or `SEVERAL_CALLS`; calls within
            the operands of another one do not count.
    """

    def __init__(self) -> None:
        self.parts: list[tuple[str | float, tuple[int, ...]]] = []
        self.costly: list[int] = []
        self._known: dict[tuple[str, tuple[int, ...]], int] = {}

    def add(self, head: str | float, operands: Iterable[int] = ()) -> int:
        """Return the term of a gate with its operands, or of a name or number."""
        operands = tuple(operands)
        key = (repr(head), operands)  # which tells 0 from -0, and knows NaN again
        if key not in self._known:
            term = self._known[key] = len(self.parts)
            self.parts.append((head, operands))
            calls = {self.costly[operand] for operand in operands} - {NO_CALL}
            if operands and head in COSTLY:
                calls = {term}
            self.costly.append(SEVERAL_CALLS if len(calls) > 1 else calls.pop() if calls else NO_CALL)
        return self._known[key]


def lowered(graph: Graph, steps: Iterable[Step], operands: Mapping[str, int]) -> int:
    """Return the node of a formula in postfix order, given the nodes of its operands.

    >>> from circuitgrad.engines.native.llvm.graph import Graph
    >>> from circuitgrad.formulas.reader import read_formula
    >>> graph = Graph()
    >>> x = graph.input(0)
    >>> texts = ("x + 2*x", "x + 2*x", "x - 2*x")
    >>> first, again, different = (lowered(graph, read_formula(text), {"x": x}) for text in texts)
    >>> first == again, first == different, len(graph.nodes)
    (True, False, 5)
    """
    terms = _Terms()
    root = folded(
        steps,
        number=lambda step: terms.add(step.value),
        name=lambda step: terms.add(step.name),
        call=lambda step, parts: terms.add(step.gate, parts),
    )
    return _run(_Formula(graph, terms, operands).number(root, {}))


def lowered_value(graph: Graph, rule: Rule, operands: Sequence[int]) -> int:
    """Return the node of the value of a gate, given the nodes of its operands."""
    if is_built_in(rule):
        return _called(graph, rule.name, operands)
    return lowered(graph, rule.value.steps, dict(zip(rule.operands, operands, strict=True)))


def contribution(graph: Graph, partial: int, upstream: int, zero: float = 0.0) -> int:
    """Return what a gate adds to an operand's gradient: nothing where the upstream gradient is zero."""
    if graph.is_number(upstream, 0.0):
        return upstream
    product = graph.add("fmul", partial, upstream)
    operation, _, value = graph.nodes[partial]
    harmless = operation == "number" and isfinite(value)
    if harmless or graph.is_number(upstream):
        return product
    return graph.add("select", graph.add("oeq", upstream, graph.number(zero)), graph.number(0.0), product)


def _called(graph: Graph, gate: str, operands: Iterable[int]) -> int:
    """Return the node of a gate of the table: an operation, or what its rule is lowered to."""
    nodes = [_as_number(graph, operand) for operand in operands]
    if gate in OPERATIONS:
        return graph.add(OPERATIONS[gate], *nodes)
    rule = find(gate)
    return lowered(graph, rule.value.steps, dict(zip(rule.operands, nodes, strict=True)))


def _as_number(graph: Graph, node: int) -> int:
    """Return a node that is a number: 1 or 0 for a comparison."""
    if graph.nodes[node].operation not in COMPARISONS.values():
        return node
    return graph.add("select", node, graph.number(1.0), graph.number(0.0))


def _as_condition(graph: Graph, node: int) -> int:
    """Return a node that is a comparison: whether a number is not 0."""
    if graph.nodes[node].operation in COMPARISONS.values():
        return node
    return graph.add("une", node, graph.number(0.0))


def _run(lowering: Lowering) -> int:
    """Return the node that a lowering comes to, after all that it needs."""
    waiting: list[Lowering] = [lowering]
    node: int | None = None  # which starts a generator
    while waiting:
        try:
            needed = waiting[-1].send(node)  # type: ignore[arg-type]
        except StopIteration as end:  # noqa: PERF203 - this is how a generator returns
            waiting.pop()
            node = end.value
        else:
            waiting.append(needed)
            node = None
    assert node is not None  # noqa: S101
    return node


class _Formula:
    """Lowers the terms of a formula.

    Its methods take the terms whose nodes are known, and add to them.
    """

    def __init__(self, graph: Graph, terms: _Terms, operands: Mapping[str, int]) -> None:
        self.graph, self.terms, self.operands = graph, terms, operands

    def number(self, term: int, known: dict[int, int]) -> Lowering:
        """Lower a term to a number."""
        return _as_number(self.graph, (yield self._node(term, known)))

    def _node(self, term: int, known: dict[int, int]) -> Lowering:
        """Lower a term to a number or a comparison."""
        if term not in known:
            head, parts = self.terms.parts[term]
            if not isinstance(head, str):
                known[term] = self.graph.number(head)
            elif not parts:
                known[term] = self.operands[head] if head in self.operands else self.graph.number(CONSTANTS[head])
            elif head == "where":
                test, body, orelse = parts
                known[term] = yield self._choice(test, body, orelse, known)
            else:
                for part in parts:
                    if part not in known:
                        yield self._node(part, known)
                known[term] = self._call(head, [known[part] for part in parts])
        return known[term]

    def _call(self, gate: str, nodes: Sequence[int]) -> int:
        if gate in COMPARISONS:
            return self.graph.add(COMPARISONS[gate], *(_as_number(self.graph, node) for node in nodes))
        return _called(self.graph, gate, nodes)

    def _choice(self, test: int, body: int, orelse: int, known: dict[int, int]) -> Lowering:
        """Lower a choice. Where each branch calls the same function once, it is called once for both."""
        condition = _as_condition(self.graph, (yield self._node(test, known)))
        calls = self.terms.costly[body], self.terms.costly[orelse]
        if min(calls) >= 0 and calls[0] != calls[1]:
            (gate, first), (other_gate, second) = (self.terms.parts[call] for call in calls)
            if gate == other_gate:
                chosen = []
                for a, b in zip(first, second, strict=True):
                    nodes = (yield self.number(a, known)), (yield self.number(b, known))
                    chosen.append(self.graph.add("select", condition, *nodes))
                known = dict.fromkeys(calls, _called(self.graph, str(gate), chosen))
        x, y = (yield self.number(body, known)), (yield self.number(orelse, known))
        return self.graph.add("select", condition, x, y)

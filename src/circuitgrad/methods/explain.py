"""The chain rule in numbers: the contribution of every gate to its operands, and the paths from input to output.

A derivative is the sum, over all paths from the input to the output, of the products of the local derivatives along
them (Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical Analysis 11, 1974). A backward pass
adds them up without enumerating the paths, whose number may grow exponentially with the number of gates. Here they are
counted by dynamic programming, and those with the largest products are found one after another.

One pass gives the path with the largest product from every wire to the output. Any other path deviates from it at some
wires and loses a factor of at least 1 at each. Paths are enumerated by these deviations (Eppstein, "Finding the k
shortest paths", SIAM Journal on Computing 28, 1998), in time proportional to their length.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import fsum, isfinite, log
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.steps import Call, Name, Number, substituted
from circuitgrad.gates.doubles import UNIT_ROUNDOFF
from circuitgrad.gates.kinks import taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.formulas.steps import Step

MOST_SHOWN_WIRES = 200_000
"""The search for paths ends once those of an explanation have as many wires together; the others are summed."""
LOG_OF_INFINITY = 1e9
"""The logarithm of infinity and NaN in the order of paths; its negative is that of 0."""


class Edge(NamedTuple):
    """An edge of the computational graph: what a gate contributes to one of its operands in a backward pass.

    Attributes:
        gate: the gate's index.
        position: the position of the operand among the gate's.
        out: the gate's slot.
        operand: the operand's slot.
        upstream: the derivative of the output in the gate's value.
        local: the local derivative, the gate's partial derivative in this operand.
    """

    gate: int
    position: int
    out: int
    operand: int
    upstream: float
    local: float

    def passed(self, product: float) -> float:
        """Return a product of local derivatives, from the output to this gate, times this local derivative.

        A product of 0 stays 0, even through an infinite local derivative. So does any product where the upstream
        gradient, the sum of all products, is 0.
        """
        return 0.0 if not product or self._stops else self.local * product

    @property
    def contribution(self) -> float:
        """The term that the backward pass adds to the operand's gradient, to the last bit."""
        return self.passed(self.upstream)

    @property
    def size(self) -> float:
        """The logarithm of the local derivative's absolute value."""
        if not self.local or self._stops:
            return -LOG_OF_INFINITY
        return log(abs(self.local)) if isfinite(self.local) else LOG_OF_INFINITY

    @property
    def _stops(self) -> bool:
        return not self.upstream and not isfinite(self.local)


class GraphPath(NamedTuple):
    """A path through the computational graph from an input to the output.

    Attributes:
        slots: its wires, from the input to the output.
        edges: the edges between them.
        product: the product of the local derivatives, multiplied from the output backwards.
    """

    slots: tuple[int, ...]
    edges: tuple[Edge, ...]
    product: float


class Account(NamedTuple):
    """The derivative in an input as the sum over the paths to the output.

    Attributes:
        name: the input.
        gradient: the derivative, as a backward pass adds it up.
        number: the number of paths.
        size: the sum of the absolute values of all products.
        rounding: how far rounding alone may move the derivative away from the sum over all paths.
        shown: the paths with the largest products, the largest first.
    """

    name: str
    gradient: float
    number: int
    size: float
    rounding: float
    shown: Sequence[GraphPath]

    @property
    def left(self) -> int:
        """The number of paths that are not shown."""
        return self.number - len(self.shown)

    @property
    def rest(self) -> float:
        """The sum over the paths that are not shown: the derivative less the shown products."""
        if not self.left:
            return 0.0
        products = [path.product for path in self.shown]
        if not all(map(isfinite, [*products, self.gradient])):
            return self.gradient - sum(products)
        return fsum([self.gradient, *(-product for product in products)])

    @property
    def undefined(self) -> bool:
        """Whether the shown products have no sum, as in infinity less infinity, although there is a derivative."""
        total = sum(path.product for path in self.shown)
        return total != total and self.gradient == self.gradient


class Explanation(NamedTuple):
    """The chain rule at the inputs' present values.

    Attributes:
        circuit: the circuit, after a backward pass.
        output: the wire that is differentiated.
        edges: the contributions of gates to their operands on the paths, in the order of the backward pass.
        accounts: per input, its derivative as a sum over paths.
    """

    circuit: Circuit
    output: str
    edges: Sequence[Edge]
    accounts: Sequence[Account]

    def local(self, edge: Edge) -> tuple[Step, ...]:
        """Return the formula of a local derivative in terms of wires, in postfix order, without branches not taken.

        >>> from circuitgrad import from_expression
        >>> from circuitgrad.formulas.dialects import FORMULA
        >>> explained = explain(from_expression("relu(2*sin(x))", x=1), "out")
        >>> [FORMULA.write(explained.local(edge)) for edge in explained.edges]
        ['1', '2', 'cos(x)']
        """
        circuit = self.circuit
        rule, slots = circuit.rules[edge.gate], [*circuit.operands[edge.gate], edge.out]
        operands = (*rule.operands, "out")
        values = dict(zip(operands, (circuit.units[slot].value for slot in slots), strict=True))
        wires = {operand: (self._wire(slot),) for operand, slot in zip(operands, slots, strict=True)}
        return substituted(taken(rule.partial_steps[edge.position], values), wires)

    def rule(self, edge: Edge) -> list[Step]:
        """Return the formula of an edge's gate, in postfix order."""
        operands = self.circuit.operands[edge.gate]
        return [*map(self._wire, operands), Call(self.circuit.rules[edge.gate].name, len(operands), 0)]

    def _wire(self, slot: int) -> Step:
        circuit = self.circuit
        return Number(circuit.units[slot].value, 0) if circuit.is_constant(slot) else Name(name_of(circuit, slot), 0)


def name_of(circuit: Circuit, slot: int) -> str:
    """Return the name of the wire in a slot that holds no constant."""
    return circuit.input_names[slot] if slot < len(circuit.input_names) else circuit.names[slot - circuit.first_gate]


def explain(
    circuit: Circuit,
    output: str | None = None,
    names: Iterable[str] | None = None,
    *,
    most: int = 10,
    inputs: int | None = None,
) -> Explanation:
    """Return the derivatives of an output in inputs as sums over paths, at the inputs' present values.

    Args:
        circuit: the circuit; its units hold the backward pass in the end.
        output: the wire to differentiate; the circuit's output when left out.
        names: the inputs; all when left out.
        most: the number of paths shown per input; the others are counted.
        inputs: the number of inputs with shown paths, those with the largest derivatives; all when left out.

    Raises:
        CircuitError: there is no such wire or input, or several outputs and none named.

    >>> from circuitgrad import from_expression
    >>> (account,) = explain(from_expression("x*x + x", x=3)).accounts
    >>> account.number, account.gradient, [path.product for path in account.shown]
    (3, 7.0, [3.0, 3.0, 1.0])
    """
    target = circuit.single_output() if output is None else output
    gradients = circuit.backward(target)
    chosen = list(circuit.inputs) if names is None else list(names)
    edges = _edges(circuit, target, chosen)
    paths = _Paths(edges, circuit.slot(target))
    ranked = sorted(chosen, key=lambda name: _large_first(gradients[name]))
    with_paths = set(ranked[:inputs])
    accounts, wires_left = [], MOST_SHOWN_WIRES
    for name in chosen:
        slot = circuit.slot(name)
        shown = paths.largest(slot, most, wires_left) if name in with_paths else []
        wires_left -= sum(len(path.slots) for path in shown)
        number, size = paths.count(slot), paths.total(slot)
        longest = max((len(path.edges) for path in shown), default=0)
        # Each factor of a product is rounded once here and once in the pass, and each addition of the pass rounds once
        # more (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 2002, section 3.1). The other terms
        # of a sum belong to other paths. Paths that are not shown are assumed to be no longer than the shown ones.
        rounding = (2 * longest + min(number, len(edges))) * UNIT_ROUNDOFF * size
        accounts.append(Account(name, gradients[name], number, size, rounding, shown))
    return Explanation(circuit, target, edges, accounts)


def _large_first(number: float) -> tuple[bool, float]:
    """Return a key that sorts numbers by absolute value, the largest first, and NaN before all."""
    return number == number, -abs(number) if number == number else 0.0


def _edges(circuit: Circuit, output: str, names: Iterable[str]) -> list[Edge]:
    """Return the edges on paths from inputs to the output, in the order of the backward pass."""
    needed = circuit.upstream([circuit.slot(output)])
    gates = [index for index in circuit.downstream(*names) if index in needed]
    first = circuit.first_gate
    on_paths = {*map(circuit.slot, names), *(first + index for index in gates)}
    edges = []
    for index in reversed(gates):
        out = circuit.units[first + index]
        partials = circuit.gates[index].partials()
        for position, (slot, local) in enumerate(zip(circuit.operands[index], partials, strict=True)):
            if slot in on_paths:
                edges.append(Edge(index, position, first + index, slot, out.grad, local))
    return edges


class _Paths:
    """The paths from every wire to the output.

    Args:
        edges: the edges, those nearer to the output first; each is on a path to it.
        target: the output's slot.
    """

    def __init__(self, edges: Sequence[Edge], target: int) -> None:
        self._target = target
        self._feeds: dict[int, list[Edge]] = {}
        self._counts, self._totals = {target: 1}, {target: 1.0}
        self._best = {target: 0.0}
        self._ranked: dict[int, list[tuple[float, int, Edge]]] = {}
        for edge in edges:
            out, operand = edge.out, edge.operand
            self._feeds.setdefault(operand, []).append(edge)
            self._counts[operand] = self._counts.get(operand, 0) + self._counts[out]
            self._totals[operand] = self._totals.get(operand, 0.0) + abs(edge.passed(self._totals[out]))
            through = edge.size + self._best[out]
            self._best[operand] = max(self._best.get(operand, through), through)

    def count(self, slot: int) -> int:
        """Return the number of paths from a slot."""
        return self._counts.get(slot, 0)

    def total(self, slot: int) -> float:
        """Return the sum of the absolute values of the products of the paths from a slot."""
        return self._totals.get(slot, 0.0)

    def _ranks(self, slot: int) -> list[tuple[float, int, Edge]]:
        """Return the edges from a wire by largest product, each with the logarithm of the factor that it loses."""
        if slot not in self._ranked:
            best = self._best[slot]
            losses = [(best - (edge.size + self._best[edge.out]), i) for i, edge in enumerate(self._feeds[slot])]
            self._ranked[slot] = [(loss, i, self._feeds[slot][i]) for loss, i in sorted(losses)]
        return self._ranked[slot]

    def largest(self, slot: int, most_paths: int, most_edges: int) -> list[GraphPath]:
        """Return the paths from a slot with the largest products, the largest first.

        Args:
            slot: the slot.
            most_paths: the largest number of paths.
            most_edges: the search ends once the paths have as many edges together.
        """
        if slot == self._target:
            return [GraphPath((slot,), (), 1.0)]
        if slot not in self._feeds:
            return []
        paths: list[GraphPath] = []
        # An entry: the loss of a path; its number, which keeps the order stable; the loss of its beginning; the path
        # that it shares the beginning with; the position up to which it does; the rank of its edge there. From there
        # on it takes the edges of rank 0.
        heap: list[tuple[float, int, float, Sequence[Edge], int, int]] = [(0.0, 0, 0.0, (), 0, 0)]
        pushed = 1

        def push(before: float, edges: Sequence[Edge], at: int, wire: int, rank: int) -> None:
            nonlocal pushed
            ranks = self._ranks(wire)
            if rank < len(ranks):
                heappush(heap, (before + ranks[rank][0], pushed, before, edges, at, rank))
                pushed += 1

        while heap and len(paths) < most_paths and most_edges > 0:
            lost, _, before, beginning, at, rank = heappop(heap)
            edges = list(beginning[:at])
            wire = edges[-1].out if edges else slot
            push(before, beginning, at, wire, rank + 1)
            edges.append(self._ranks(wire)[rank][2])
            while (wire := edges[-1].out) != self._target:
                edges.append(self._ranks(wire)[0][2])
            for i in range(at + 1, len(edges)):
                push(lost, edges, i, edges[i].operand, 1)
            paths.append(_path(slot, edges))
            most_edges -= len(edges)
        return sorted(paths, key=lambda path: _large_first(path.product))


def _path(slot: int, edges: Sequence[Edge]) -> GraphPath:
    product = 1.0
    for edge in reversed(edges):
        product = edge.passed(product)
    return GraphPath((slot, *(edge.out for edge in edges)), tuple(edges), product)

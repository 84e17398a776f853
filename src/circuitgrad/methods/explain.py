"""The chain rule in numbers: what every gate passes on to its operands, and the paths from an input to the output.

A derivative is the sum, over all paths from the input to the output, of the products of the local derivatives along
them (Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical Analysis 11, 1974). A backward pass
adds them up without looking at any: their number may grow exponentially with the number of gates. Here they are
counted by dynamic programming, and the largest are found one after another.

The order is that of the products' sizes. From every wire the best way to the output is known after one pass; any other
path leaves the best way at some wires, and each time loses a factor that is at least 1. Paths are told apart by these
deviations (Eppstein, "Finding the k shortest paths", SIAM Journal on Computing 28, 1998), and each costs its length.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import fsum, isfinite, log
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.steps import Call, Name, Number
from circuitgrad.gates.kinks import taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.formulas.steps import Step

MOST_STEPS = 200_000
"""So many steps the paths of an explanation have together, and up to one path more; what is left is summed."""
FAR = 1e9
"""What counts as the logarithm of infinity and of NaN; its negative, as that of 0."""
EPSILON = 2.0**-53


class Edge(NamedTuple):
    """What a gate passes on to one of its operands in a backward pass.

    Attributes:
        gate: the gate's index.
        position: which of its operands.
        out: the gate's slot.
        operand: the operand's slot.
        upstream: the derivative of the output in the gate's value.
        local: the gate's partial derivative in this operand.
        contribution: what is added to the operand's gradient, to the last bit.
    """

    gate: int
    position: int
    out: int
    operand: int
    upstream: float
    local: float
    contribution: float

    def passed(self, product: float) -> float:
        """Return a product of local derivatives, from the output down to this gate, with this one.

        A product that is 0 stays so, even through an infinite local derivative, and so does one that arrives where
        all products together are 0: nothing is passed on there.
        """
        return 0.0 if not product or self._stops else self.local * product

    @property
    def size(self) -> float:
        """The logarithm of the local derivative's size."""
        if not self.local or self._stops:
            return -FAR
        return log(abs(self.local)) if isfinite(self.local) else FAR

    @property
    def _stops(self) -> bool:
        return not self.upstream and not isfinite(self.local)


class Path(NamedTuple):
    """A way from an input to the output.

    Attributes:
        slots: the wires on it, from the input to the output.
        edges: the steps between them.
        product: the product of the local derivatives, multiplied from the output on.
    """

    slots: tuple[int, ...]
    edges: tuple[Edge, ...]
    product: float


class Account(NamedTuple):
    """How the derivative in an input comes about.

    Attributes:
        name: the input.
        gradient: the derivative, as a backward pass adds it up.
        number: how many paths there are.
        size: the sum of the sizes of all products.
        rounding: how far the derivative may be from the sum over all paths, by rounding alone.
        shown: the paths with the largest products, the largest first.
    """

    name: str
    gradient: float
    number: int
    size: float
    rounding: float
    shown: Sequence[Path]

    @property
    def left(self) -> int:
        """How many paths are not among the shown."""
        return self.number - len(self.shown)

    @property
    def rest(self) -> float:
        """What the paths that are not shown add up to: what is missing for the derivative."""
        if not self.left:
            return 0.0
        products = [path.product for path in self.shown]
        if not all(map(isfinite, [*products, self.gradient])):
            return self.gradient - sum(products)
        return fsum([self.gradient, *(-product for product in products)])

    @property
    def undefined(self) -> bool:
        """Whether the shown paths have no sum, as infinity less infinity, though there is a derivative."""
        total = sum(path.product for path in self.shown)
        return total != total and self.gradient == self.gradient


class Explanation(NamedTuple):
    """The chain rule at the inputs' present values.

    Attributes:
        circuit: the circuit, after a backward pass.
        output: the wire that is differentiated.
        edges: what gates pass on to their operands on the way to the inputs, in the order of the backward pass.
        accounts: per input, how its derivative comes about.
    """

    circuit: Circuit
    output: str
    edges: Sequence[Edge]
    accounts: Sequence[Account]

    def local(self, edge: Edge) -> list[Step]:
        """Return the formula of a local derivative, in postfix order: of its conditions, what holds here, and wires.

        >>> from circuitgrad import from_expression
        >>> from circuitgrad.formulas.dialects import FORMULA
        >>> explained = explain(from_expression("relu(2*sin(x))", x=1), "out")
        >>> [FORMULA.write(explained.local(edge)) for edge in explained.edges]
        ['1', '2', 'cos(x)']
        """
        circuit = self.circuit
        row, slots = circuit.rules[edge.gate], [*circuit.operands[edge.gate], edge.out]
        operands = (*row.operands, "out")
        values = dict(zip(operands, (circuit.units[slot].value for slot in slots), strict=True))
        wires = dict(zip(operands, map(self._wire, slots), strict=True))
        steps = taken(row.partial_steps[edge.position], values)
        return [wires.get(step.name, step) if isinstance(step, Name) else step for step in steps]

    def rule(self, edge: Edge) -> list[Step]:
        """Return the formula of an edge's gate, in postfix order."""
        operands = self.circuit.operands[edge.gate]
        return [*map(self._wire, operands), Call(self.circuit.rules[edge.gate].name, len(operands), 0)]

    def _wire(self, slot: int) -> Step:
        circuit = self.circuit
        return Number(circuit.units[slot].value, 0) if circuit.is_constant(slot) else Name(name_of(circuit, slot), 0)


def name_of(circuit: Circuit, slot: int) -> str:
    """Return the name of the wire in a slot, which is no constant's."""
    return circuit.input_names[slot] if slot < len(circuit.input_names) else circuit.names[slot - circuit.first_gate]


def explain(
    circuit: Circuit,
    output: str | None = None,
    names: Iterable[str] | None = None,
    *,
    most: int = 10,
    inputs: int | None = None,
) -> Explanation:
    """Return how the derivatives of an output in inputs come about, at the inputs' present values.

    Args:
        circuit: the circuit; its units hold the backward pass in the end.
        output: the wire to differentiate; the circuit's output when left out.
        names: the inputs; all when left out.
        most: how many paths an input gets; the others are counted.
        inputs: how many inputs get paths at all, those with the largest derivatives; all when left out.

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
    ways = _Ways(edges, circuit.slot(target))
    ranked = sorted(chosen, key=lambda name: _large_first(gradients[name]))
    with_paths = set(ranked[:inputs])
    accounts, steps = [], MOST_STEPS
    for name in chosen:
        slot = circuit.slot(name)
        shown = ways.largest(slot, most, steps) if name in with_paths else []
        steps -= sum(len(path.slots) for path in shown)
        number, size = ways.count(slot), ways.total(slot)
        longest = max((len(path.edges) for path in shown), default=0)
        # Product by product, a rounding a factor, here and in the pass, and one for every sum that the pass puts it in
        # (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 2002, section 3.1); each other part of
        # such a sum is another path's. The paths that are not shown are taken to be about as long.
        rounding = (2 * longest + min(number, len(edges))) * EPSILON * size
        accounts.append(Account(name, gradients[name], number, size, rounding, shown))
    return Explanation(circuit, target, edges, accounts)


def _large_first(number: float) -> tuple[bool, float]:
    """Return what sorts numbers by their size, the largest first, and NaN before all."""
    return number == number, -abs(number) if number == number else 0.0


def _edges(circuit: Circuit, output: str, names: Iterable[str]) -> list[Edge]:
    """Return the steps of the backward pass on paths from inputs to the output, as the pass has done them."""
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
                added = local * out.grad if out.grad else 0.0
                edges.append(Edge(index, position, first + index, slot, out.grad, local, added))
    return edges


class _Ways:
    """The ways from every wire to the output.

    Args:
        edges: the steps, those nearer to the output first; each leads there.
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
        """Return the number of ways from a slot."""
        return self._counts.get(slot, 0)

    def total(self, slot: int) -> float:
        """Return the sum of the sizes of their products."""
        return self._totals.get(slot, 0.0)

    def _ranks(self, slot: int) -> list[tuple[float, int, Edge]]:
        """Return the steps from a wire, the best first, each with what it loses against that, as a logarithm."""
        if slot not in self._ranked:
            best = self._best[slot]
            losses = [(best - (edge.size + self._best[edge.out]), i) for i, edge in enumerate(self._feeds[slot])]
            self._ranked[slot] = [(loss, i, self._feeds[slot][i]) for loss, i in sorted(losses)]
        return self._ranked[slot]

    def largest(self, slot: int, most: int, steps: int) -> list[Path]:
        """Return the ways from a slot with the largest products.

        Args:
            slot: the slot.
            most: how many at most.
            steps: once they have so many steps together, there are no more.
        """
        if slot == self._target:
            return [Path((slot,), (), 1.0)]
        if slot not in self._feeds:
            return []
        found: list[Path] = []
        # What a path has lost, and what its beginning has, which is that of another path up to some step; there it
        # takes the edge of some rank, and from there on the best way. The second number keeps the order the same.
        heap: list[tuple[float, int, float, Sequence[Edge], int, int]] = [(0.0, 0, 0.0, (), 0, 0)]
        made = 1

        def push(before: float, edges: Sequence[Edge], at: int, wire: int, rank: int) -> None:
            nonlocal made
            ranks = self._ranks(wire)
            if rank < len(ranks):
                heappush(heap, (before + ranks[rank][0], made, before, edges, at, rank))
                made += 1

        while heap and len(found) < most and steps > 0:
            lost, _, before, beginning, at, rank = heappop(heap)
            edges = list(beginning[:at])
            wire = edges[-1].out if edges else slot
            push(before, beginning, at, wire, rank + 1)
            edges.append(self._ranks(wire)[rank][2])
            while (wire := edges[-1].out) != self._target:
                edges.append(self._ranks(wire)[0][2])
            for i in range(at + 1, len(edges)):
                push(lost, edges, i, edges[i].operand, 1)
            found.append(_path(slot, edges))
            steps -= len(edges)
        return sorted(found, key=lambda path: _large_first(path.product))


def _path(slot: int, edges: Sequence[Edge]) -> Path:
    product = 1.0
    for edge in reversed(edges):
        product = edge.passed(product)
    return Path((slot, *(edge.out for edge in edges)), tuple(edges), product)

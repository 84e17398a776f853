"""A circuit's passes as a graph of machine operations, made from the gate table."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.native.llvm.graph import Graph
from circuitgrad.engines.native.llvm.lowering import contribution, lowered, lowered_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Wanted


class Passes(NamedTuple):
    """The graph of what is wanted of a circuit.

    Attributes:
        graph: the operations.
        results: the nodes of what is wanted, in order.
    """

    graph: Graph
    results: list[int]


def passes_of(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Passes:
    """Return the graph that computes what is wanted from some inputs.

    An upstream gradient of 0 adds nothing, whatever the partial derivative; other inputs are numbers.

    Raises:
        CircuitError: there is no such input or wire.
    """
    graph = Graph()
    start = circuit.trace({})
    place = {circuit.slot(name): graph.input(i) for i, name in enumerate(names)}
    slots = [circuit.slot(name) for name in wanted.values]
    targets = [circuit.slot(name) for name in wanted.outputs]
    needed = circuit.upstream([*slots, *targets])

    def node(slot: int) -> int:
        return place[slot] if slot in place else graph.number(start[slot])

    for gate in circuit.downstream(*names):
        if gate in needed:
            operands = [node(slot) for slot in circuit.operands[gate]]
            place[circuit.first_gate + gate] = lowered_value(graph, circuit.rules[gate], operands)
    results = [node(slot) for slot in slots]
    leaves = [circuit.slot(name) for name in wanted.wrt]
    reached = circuit.reached(leaves)
    for target in targets:
        above = circuit.upstream([target])
        gradients = {target: graph.number(1.0)}
        sought = {*leaves, *(circuit.first_gate + gate for gate in reached)}
        for gate in reversed(reached):
            upstream = gradients.get(circuit.first_gate + gate) if gate in above else None
            if upstream is None:
                continue
            rule = circuit.rules[gate]
            inside = dict(zip(rule.operands, map(node, circuit.operands[gate]), strict=True))
            inside["out"] = node(circuit.first_gate + gate)
            # Zeros of either sign compare alike; with one test an operand, LLVM finds shorter code for single points.
            zeros = cycle((0.0, -0.0))
            for slot, partial, zero in zip(circuit.operands[gate], rule.partials.values(), zeros, strict=False):
                if slot in sought:
                    added = contribution(graph, lowered(graph, partial.steps, inside), upstream, zero)
                    gradients[slot] = graph.add("fadd", gradients[slot], added) if slot in gradients else added
        results += [_sum(graph, gradients.get(slot)) for slot in leaves]
    return Passes(graph, results)


def _sum(graph: Graph, gradient: int | None) -> int:
    """Return a gradient as the sum from 0 on that it is: never -0."""
    zero = graph.number(0.0)
    return zero if gradient is None else graph.add("fadd", gradient, zero)

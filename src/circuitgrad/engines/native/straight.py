"""A circuit's passes as straight-line machine code: every wire is a register, there are no tables to look up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.columns import Kernel, blocks, points
from circuitgrad.engines.native.functions import LANES
from circuitgrad.engines.native.graph import passes
from circuitgrad.engines.native.kernel import FUNCTION, text
from circuitgrad.engines.native.machine import code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.native.graph import Passes
    from circuitgrad.engines.wanted import Compute, Program, Wanted

MOST = 3000
"""Code for more gates takes long to make: 50 us a gate, or 300 us where several rows are computed at once."""


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted at a point, for one thread at a time; see `engines.program`."""
    graph = passes(circuit, names, wanted.values, wanted.outputs, wanted.wrt)
    kernel = Kernel(code(text(graph, len(names), lanes=1)), FUNCTION)
    return points(kernel, len(names), len(graph.results))


def columns(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Compute:
    """Return what computes what is wanted of every row of a block; see `engines.over_columns`."""
    graph = passes(circuit, names, wanted.values, wanted.outputs, wanted.wrt)
    return blocks(Kernel(code(text(graph, len(names))), FUNCTION), len(names), len(graph.results))


def sums(circuit: Circuit, held: Sequence[str], bound: Sequence[str], wanted: Wanted, *, squares: bool) -> Kernel:
    """Return what sums up what is wanted over rows; see `sums.Sums`."""
    graph = passes(circuit, [*held, *bound], wanted.values, wanted.outputs, wanted.wrt)
    if squares:
        graph = _squared(graph)
    lanes = LANES if bound else 1
    return Kernel(code(text(graph, len(held) + len(bound), len(held), sums=True, lanes=lanes)), FUNCTION)


def _squared(passes: Passes) -> Passes:
    """Return the graph of a value's square and of its derivatives, from that of the value and its derivatives."""
    graph, (value, *slopes) = passes.graph, passes.results
    double = graph.add("fadd", value, value)
    return passes._replace(
        results=[graph.add("fmul", value, value), *(graph.add("fmul", double, slope) for slope in slopes)]
    )

"""Programs and sums of a circuit as straight-line code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.kernel import Kernel, over_rows
from circuitgrad.engines.native.llvm.code import machine_code
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.points import at_points
from circuitgrad.engines.native.straight.loop import KERNEL, kernel_text
from circuitgrad.engines.native.straight.passes import passes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.native.straight.passes import Passes
    from circuitgrad.engines.wanted import Compute, Program, Wanted

MOST_STRAIGHT_GATES = 3000
"""Code for more gates takes long to make: 50 us a gate, or 300 us where several rows are computed at once."""


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted at a point, for one thread at a time; see `engines.programs.program`."""
    passes = passes_of(circuit, names, wanted)
    kernel = Kernel(machine_code(kernel_text(passes, len(names), lanes=1)), KERNEL)
    return at_points(kernel, len(names), len(passes.results))


def over_columns(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Compute:
    """Return what computes what is wanted of every row of a chunk; see `engines.programs.over_columns`."""
    passes = passes_of(circuit, names, wanted)
    kernel = Kernel(machine_code(kernel_text(passes, len(names))), KERNEL)
    return over_rows(kernel, len(names), len(passes.results))


def sums(circuit: Circuit, held: Sequence[str], bound: Sequence[str], wanted: Wanted, *, squares: bool) -> Kernel:
    """Return what sums up what is wanted over rows; see `sums.RowSums`."""
    passes = passes_of(circuit, [*held, *bound], wanted)
    if squares:
        passes = _squared(passes)
    lanes = LANES if bound else 1
    text = kernel_text(passes, len(held) + len(bound), len(held), sums=True, lanes=lanes)
    return Kernel(machine_code(text), KERNEL)


def _squared(passes: Passes) -> Passes:
    """Return the graph of a value's square and of its derivatives, from that of the value and its derivatives."""
    graph, (value, *slopes) = passes.graph, passes.results
    double = graph.add("fadd", value, value)
    return passes._replace(
        results=[graph.add("fmul", value, value), *(graph.add("fmul", double, slope) for slope in slopes)]
    )

"""The kernel of a circuit's passes as text in LLVM's language: a loop over rows, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.kernel import HEAD
from circuitgrad.engines.native.llvm.builder import Builder
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.llvm.printer import Printer

if TYPE_CHECKING:
    from circuitgrad.engines.native.straight.passes import Passes

KERNEL = "passes"
"""What the kernel is called."""


def kernel_text(passes: Passes, count: int, held: int = 0, *, sums: bool = False, lanes: int = LANES) -> str:
    """Return the text of the function that computes the results of a graph for every row, or sums them up.

    It takes what a `Kernel` takes, with any tape. The first inputs may be held: their columns have one number,
    for all rows. Of sums, a result's column has a single number; there may be any number of rows, but columns are as
    long as the next multiple of the lanes. Otherwise the rows are a multiple of the lanes.

    Args:
        passes: the graph.
        count: how many inputs there are.
        held: how many of them are held.
        sums: whether sums over the rows are wanted.
        lanes: how many rows are computed at once.
    """
    graph, printer, b = passes.graph, Printer(lanes), Builder(KERNEL + HEAD)
    real, zero = printer.real, printer.number(0.0)
    sources = [b.load("ptr", "%in", str(k)) for k in range(count)]
    targets = [b.load("ptr", "%out", str(k)) for k in range(len(passes.results))]
    wanted, moving = sorted(graph.upstream(passes.results)), _moving(passes, held)
    for index in wanted:
        if graph.nodes[index].operation == "input" and not moving[index]:
            number = b.load("double", sources[int(graph.nodes[index].value)], "0")
            printer.inputs[index] = b.in_every_lane("double", number, lanes)
    b.put(*printer.program(graph, [index for index in wanted if not moving[index]]))
    if sums and held == count:  # nothing differs from row to row: there is one
        for target, index in zip(targets, passes.results, strict=True):
            b.store(real, b.do(f"fadd {real} {zero}, {printer.name(graph, index)}"), target, "0")
        return "\n".join([*printer.declarations(), b.text()])
    totals = [b.variable(real, zero) for _ in targets] if sums else []
    with b.loop("0", "%n", lanes) as row:
        for index in wanted:
            if graph.nodes[index].operation == "input" and moving[index]:
                address = b.at("double", sources[int(graph.nodes[index].value)], row)
                printer.inputs[index] = b.do(f"load {real}, ptr {address}, align 8")
        b.put(*printer.program(graph, [index for index in wanted if moving[index]]))
        mask = b.mask(row, "%n", lanes) if sums else ""
        for k, index in enumerate(passes.results):
            result = printer.name(graph, index)
            if sums:
                added = b.do(f"select {printer.flag} {mask}, {real} {result}, {real} {zero}")
                b.set(totals[k], b.do(f"fadd {real} {b.get(totals[k])}, {added}"))
            else:
                b.put(f"store {real} {result}, ptr {b.at('double', targets[k], row)}, align 8")
    for k, total in enumerate(totals):
        b.store("double", b.total(b.get(total), lanes), targets[k], "0")
    return "\n".join([*printer.declarations(), b.text()])


def _moving(passes: Passes, held: int) -> list[bool]:
    """Tell of every node whether it differs from row to row."""
    moving: list[bool] = []
    for node in passes.graph.nodes:
        is_column = node.operation == "input" and node.value >= held
        moving.append(is_column or any(moving[operand] for operand in node.operands))
    return moving

"""The passes over a tape as machine code: row after row, the values forward, and backward from every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.columns import DOUBLE_SIZE
from circuitgrad.engines.native.kernel import HEAD
from circuitgrad.engines.native.llvm.builder import Builder
from circuitgrad.engines.native.llvm.printer import Printer
from circuitgrad.engines.native.tape.structure import fields

if TYPE_CHECKING:
    from collections.abc import Callable

PASSES, SUMS = "passes", "sums"
"""What the kernels are called."""


def kernels_text(lanes: int) -> str:
    """Return the text of the kernels `@passes` and `@sums`.

    They take what a `Kernel` takes.

    Args:
        lanes: how many rows are computed at once.
    """
    declared = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
    return "\n".join([declared, _forward(), _backward(), _passes(lanes), _sums(lanes)])


def _forward() -> str:
    b = Builder("all_forward(ptr %tape)", "void", "internal")
    table, kinds, ends, runs = _tables(b, "forward")
    start = b.variable("i64", "0")
    with b.loop("0", runs) as run:
        end = b.load_short("i32", ends, run)
        function = b.load("ptr", table, b.load_short("i8", kinds, run))
        b.put(f"call void {function}(ptr %tape, i64 {b.get(start)}, i64 {end})")
        b.set(start, end)
    return b.text()


def _backward() -> str:
    b = Builder("all_backward(ptr %tape)", "void", "internal")
    table, kinds, ends, runs = _tables(b, "backward")
    with b.down("0", runs) as run:
        start = b.variable("i64", "0")
        with b.when(b.do(f"icmp ne i64 {run}, 0")):
            b.set(start, b.load_short("i32", ends, b.do(f"sub i64 {run}, 1")))
        function = b.load("ptr", table, b.load_short("i8", kinds, run))
        b.put(f"call void {function}(ptr %tape, i64 {b.get(start)}, i64 {b.load_short('i32', ends, run)})")
    return b.text()


def _tables(b: Builder, way: str) -> list[str]:
    kinds, ends, runs, wide = fields(b, "run_kinds", "run_ends", "runs", "wide")
    is_wide = b.do(f"icmp ne i64 {wide}, 0")
    return [b.choose(is_wide, f"@{way}_wide", f"@{way}", "ptr"), kinds, ends, runs]


class _RowLoop:
    """Writes a loop over rows, which either stores the results of every row, or sums them up."""

    def __init__(self, name: str, lanes: int) -> None:
        self.b = b = Builder(name + HEAD)
        self.lanes, self.printer = lanes, Printer(lanes)
        self.real = self.printer.real
        self.values, self.grads, self.slots = fields(b, "values", "grads", "slots")
        self.bound, self.wanted, self.targets, self.wrt = fields(b, "bound", "wanted", "targets", "wrt")
        counts = ("bound_count", "wanted_count", "targets_count", "wrt_count")
        self.bound_count, self.wanted_count, self.targets_count, self.wrt_count = fields(b, *counts)

    def column(self, array: str, k: str, row: str) -> str:
        """Return where the number of a row is, in one of the columns."""
        return self.b.at("double", self.b.load("ptr", array, k), row)

    def given(self, row: str, start: str = "0") -> None:
        """Write what puts the given values of a row into their slots."""
        with self.b.loop(start, self.bound_count) as k:
            value = self.b.do(f"load {self.real}, ptr {self.column('%in', k, row)}, align 8")
            self.b.store(self.real, value, self.values, self.b.load_short("i32", self.bound, k))

    def passes(self, put: Callable[[str, str], None]) -> None:
        """Write the passes, and what puts every result into its column."""
        b = self.b
        b.put("call void @all_forward(ptr %tape)")
        with b.loop("0", self.wanted_count) as k:
            put(b.load(self.real, self.values, b.load_short("i32", self.wanted, k)), k)
        column, size = b.variable("i64", self.wanted_count), b.do(f"mul i64 {self.slots}, {DOUBLE_SIZE * self.lanes}")
        with b.loop("0", self.targets_count) as target:
            b.put(f"call void @llvm.memset.p0.i64(ptr {self.grads}, i8 0, i64 {size}, i1 false)")
            b.store(self.real, self.printer.number(1.0), self.grads, b.load_short("i32", self.targets, target))
            b.put("call void @all_backward(ptr %tape)")
            with b.loop("0", self.wrt_count) as k:
                put(b.load(self.real, self.grads, b.load_short("i32", self.wrt, k)), b.get(column))
                b.add(column, "1")


def _passes(lanes: int) -> str:
    loop = _RowLoop(PASSES, lanes)
    b = loop.b
    with b.loop("0", "%n", lanes) as row:
        loop.given(row)
        loop.passes(lambda value, k: b.put(f"store {loop.real} {value}, ptr {loop.column('%out', k, row)}, align 8"))
    return b.text()


def _sums(lanes: int) -> str:
    loop = _RowLoop(SUMS, lanes)
    b, real, zero = loop.b, loop.real, loop.printer.number(0.0)
    held, squares, totals = fields(b, "held", "squares", "totals")
    results = b.do(f"add i64 {loop.wanted_count}, {loop.wrt_count}")
    with b.loop("0", results) as k:
        b.store(real, zero, totals, k)
    with b.loop("0", held) as k:
        value = b.load("double", b.load("ptr", "%in", k), "0")
        b.store(real, b.in_every_lane("double", value, lanes), loop.values, b.load_short("i32", loop.bound, k))
    is_square = b.do(f"icmp ne i64 {squares}, 0")
    with b.loop("0", "%n", lanes) as row:
        loop.given(row, held)
        mask = b.mask(row, "%n", lanes)

        def put(result: str, k: str) -> None:
            value = b.load(real, loop.values, b.load_short("i32", loop.wanted, "0"))
            double = b.do(f"fadd {real} {value}, {value}")
            factor = b.choose(b.do(f"icmp eq i64 {k}, 0"), value, double, real)
            factor = b.choose(is_square, factor, loop.printer.number(1.0), real)
            added = b.do(f"fmul {real} {result}, {factor}")
            added = b.do(f"select {loop.printer.flag} {mask}, {real} {added}, {real} {zero}")
            b.store(real, b.do(f"fadd {real} {b.load(real, totals, k)}, {added}"), totals, k)

        loop.passes(put)
    with b.loop("0", results) as k:
        total = b.total(b.load(real, totals, k), lanes)
        b.store("double", total, b.load("ptr", "%out", k), "0")
    return b.text()

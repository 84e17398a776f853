"""A circuit's passes over many rows as the text of one function in LLVM's language: a loop over vectors of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.functions import LANES, VECTORS, apart, hexadecimal, name_of
from circuitgrad.engines.native.graph import ARITHMETIC, COMPARISONS

if TYPE_CHECKING:
    from circuitgrad.engines.native.graph import Node, Passes

FUNCTION = "passes"
MOD = """\
declare double @fmod(double, double)
define double @mod(double %x, double %y) nounwind {
  %r = call double @fmod(double %x, double %y)
  %rest = fcmp une double %r, 0.0
  %below = fcmp olt double %r, 0.0
  %negative = fcmp olt double %y, 0.0
  %apart = xor i1 %below, %negative
  %add = and i1 %rest, %apart
  %sum = fadd double %r, %y
  %found = select i1 %add, double %sum, double %r
  ret double %found
}
"""
"""Python's remainder, which has the sign of y; C's has that of x."""


def text(passes: Passes, count: int, held: int = 0, *, sums: bool = False) -> str:
    """Return the text of the function that computes the results of a graph for every row, or sums them up.

    It takes pointers to the inputs' columns, pointers to the results' columns, and the number of rows, a multiple of
    `LANES`. The first inputs may be held: their columns have one number, for all rows. Of sums, a result's column has
    `LANES` numbers: those of the rows 0, 8, 16, ..., of the rows 1, 9, 17, ..., and so on.

    Args:
        passes: the graph.
        count: how many inputs there are.
        held: how many of them are held.
        sums: whether sums over the rows are wanted.
    """
    return _Kernel(passes, count, held, sums=sums).text()


class _Kernel:
    def __init__(self, passes: Passes, count: int, held: int, *, sums: bool) -> None:
        self.nodes, self.results = passes.graph.nodes, passes.results
        self.count, self.held, self.sums = count, held, sums
        self.real, self.flag = f"<{LANES} x double>", f"<{LANES} x i1>"
        self.functions: dict[str, int] = {}

    def text(self) -> str:
        wanted = self._wanted()
        moving = self._moving()
        entry = [f"define void @{FUNCTION}(ptr %in, ptr %out, i64 %n) nounwind {{", "entry:"]
        loop = ["loop:", "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]"]
        entry += [line for k in range(self.count) for line in self._pointer("c", "%in", k)]
        entry += [line for k in range(len(self.results)) for line in self._pointer("o", "%out", k)]
        done = ["done:"]
        for k in range(len(self.results) if self.sums else 0):
            loop.append(f"  %s{k} = phi {self.real} [ zeroinitializer, %entry ], [ %t{k}, %loop ]")
            done.append(f"  store {self.real} %t{k}, ptr %o{k}, align 8")
        for index in sorted(wanted):
            (loop if moving[index] else entry).extend(self._lines(index))
        for k, index in enumerate(self.results):
            if self.sums:
                loop.append(f"  %t{k} = fadd {self.real} %s{k}, {self._name(index)}")
                continue
            loop.append(f"  %a{k} = getelementptr double, ptr %o{k}, i64 %i")
            loop.append(f"  store {self.real} {self._name(index)}, ptr %a{k}, align 8")
        loop += [
            f"  %next = add i64 %i, {LANES}",
            "  %more = icmp ult i64 %next, %n",
            "  br i1 %more, label %loop, label %done",
            *done,
            "  ret void",
            "}",
        ]
        return "\n".join([*self._head(), *entry, "  br label %loop", *loop, ""])

    def _head(self) -> list[str]:
        """Return what is declared before the function."""
        lines = [f"declare {self.real} @llvm.{name}.v{LANES}f64({self.real})" for name in ("fabs", "sqrt", "floor")]
        for name, arity in sorted(self.functions.items()):
            if name in VECTORS:
                lines.append(f"declare {self.real} @{name_of(name)}({self.real})")
                continue
            lines.append(MOD if name == "mod" else f"declare double @{name}({', '.join(['double'] * arity)})")
            lines.append(apart(name, LANES, arity))
        return lines

    @staticmethod
    def _pointer(prefix: str, array: str, k: int) -> list[str]:
        return [
            f"  %{prefix}p{k} = getelementptr ptr, ptr {array}, i64 {k}",
            f"  %{prefix}{k} = load ptr, ptr %{prefix}p{k}, align 8",
        ]

    def _wanted(self) -> set[int]:
        """Return the nodes that results depend on."""
        wanted = set(self.results)
        for index in reversed(range(len(self.nodes))):
            if index in wanted:
                wanted.update(self.nodes[index].operands)
        return wanted

    def _moving(self) -> list[bool]:
        """Tell of every node whether it differs from row to row."""
        moving: list[bool] = []
        for node in self.nodes:
            is_column = node.operation == "input" and node.value >= self.held
            moving.append(is_column or any(moving[operand] for operand in node.operands))
        return moving

    def _name(self, index: int) -> str:
        node = self.nodes[index]
        if node.operation != "number":
            return f"%n{index}"
        return f"<{', '.join([f'double {hexadecimal(node.value)}'] * LANES)}>"

    def _lines(self, index: int) -> list[str]:
        """Return the instructions of a node."""
        node = self.nodes[index]
        if node.operation == "number":
            return []
        if node.operation == "input":
            return self._input(index, int(node.value))
        return [f"  %n{index} = {self._operation(node)}"]

    def _input(self, index: int, k: int) -> list[str]:
        if k >= self.held:
            return [
                f"  %p{index} = getelementptr double, ptr %c{k}, i64 %i",
                f"  %n{index} = load {self.real}, ptr %p{index}, align 8",
            ]
        return [
            f"  %h{index} = load double, ptr %c{k}, align 8",
            f"  %e{index} = insertelement {self.real} undef, double %h{index}, i32 0",
            f"  %n{index} = shufflevector {self.real} %e{index}, {self.real} undef, <{LANES} x i32> zeroinitializer",
        ]

    def _operation(self, node: Node) -> str:
        operation, names = node.operation, [self._name(operand) for operand in node.operands]
        if operation in ARITHMETIC.values() or operation == "fneg":
            return f"{operation} {self.real} {', '.join(names)}"
        if operation in COMPARISONS.values():
            return f"fcmp {operation} {self.real} {', '.join(names)}"
        if operation == "select":
            test, x, y = names
            return f"select {self.flag} {test}, {self.real} {x}, {self.real} {y}"
        operands = ", ".join(f"{self.real} {name}" for name in names)
        function = operation.removeprefix("call ")
        if function in ("fabs", "sqrt", "floor"):
            return f"call {self.real} @llvm.{function}.v{LANES}f64({operands})"
        self.functions[function] = len(names)
        return f"call {self.real} @{name_of(function)}({operands})"

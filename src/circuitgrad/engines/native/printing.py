"""Nodes of a graph as instructions in LLVM's language, on single doubles or on several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.functions import BOTH, LANES, VECTORS, apart, hexadecimal, name_of
from circuitgrad.engines.native.graph import ARITHMETIC, COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.engines.native.graph import Graph, Node

FEW = 3
"""So many calls of a function take longer than one for several doubles, with the way there and back."""
INTRINSICS = ("fabs", "sqrt", "floor")
MOD = """\
declare double @fmod(double, double)
declare double @llvm.copysign.f64(double, double)
define internal double @mod(double %x, double %y) nounwind {
  %r = call double @fmod(double %x, double %y)
  %rest = fcmp une double %r, 0.0
  %below = fcmp olt double %r, 0.0
  %negative = fcmp olt double %y, 0.0
  %apart = xor i1 %below, %negative
  %add = and i1 %rest, %apart
  %sum = fadd double %r, %y
  %moved = select i1 %add, double %sum, double %r
  %zero = call double @llvm.copysign.f64(double 0.0, double %y)
  %none = fcmp oeq double %r, 0.0
  %found = select i1 %none, double %zero, double %moved
  ret double %found
}
"""
"""Python's remainder, which has the sign of y, also where it is 0; C's has that of x."""


class Printer:
    """Prints the nodes of a graph, and remembers which functions they call.

    Args:
        lanes: how many doubles are computed at once.

    Attributes:
        inputs: what stands for the nodes of inputs.

    >>> from circuitgrad.engines.native.graph import Graph
    >>> graph, printer = Graph(), Printer(1)
    >>> x = graph.input(0)
    >>> printer.inputs[x] = "%x"
    >>> printer.instructions(graph, [graph.add("fmul", graph.number(2.0), x)])
    ['%n2 = fmul double 0x4000000000000000, %x']
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.real, self.flag = (kind if lanes == 1 else f"<{lanes} x {kind}>" for kind in ("double", "i1"))
        self._suffix = "f64" if lanes == 1 else f"v{lanes}f64"
        self.inputs: dict[int, str] = {}
        self._functions: dict[str, int] = {}
        self._vectors: set[str] = set()
        self._has_both = False

    def number(self, value: float) -> str:
        """Return a number, in every lane."""
        one = hexadecimal(value)
        return one if self.lanes == 1 else f"<{', '.join([f'double {one}'] * self.lanes)}>"

    def name(self, graph: Graph, index: int) -> str:
        """Return what stands for a node as an operand."""
        node = graph.nodes[index]
        if node.operation == "input":
            return self.inputs[index]
        return self.number(node.value) if node.operation == "number" else f"%n{index}"

    def instructions(self, graph: Graph, indices: Iterable[int]) -> list[str]:
        """Return the lines that compute nodes; numbers and inputs need none here."""
        nodes = graph.nodes
        return [
            f"%n{index} = {self._operation(nodes[index], [self.name(graph, one) for one in nodes[index].operands])}"
            for index in indices
            if nodes[index].operation not in ("number", "input")
        ]

    def program(self, graph: Graph, indices: Sequence[int]) -> list[str]:
        """Return the lines that compute nodes, each after its operands, in an order that suits the machine.

        Single doubles wait for functions more than for anything else: calls of one function that do not depend on one
        another are made together, by the function that computes several.
        """
        if self.lanes > 1:
            return self._paired(graph, indices)
        lines = []
        for calls, others in _stages(graph, indices):
            for name, nodes in calls.items():
                for at in range(0, len(nodes), LANES):
                    lines += self._together(graph, name, nodes[at : at + LANES])
            lines += self.instructions(graph, others)
        return lines

    def _paired(self, graph: Graph, indices: Sequence[int]) -> list[str]:
        """Return the lines that compute nodes, a sine and a cosine of the same number by one call."""
        places = {(graph.nodes[index].operation, graph.nodes[index].operands): index for index in indices}
        lines: list[str] = []
        done: set[int] = set()
        both = f"{{{self.real}, {self.real}}}"
        for index in indices:
            node = graph.nodes[index]
            pair = [places.get((f"call {name}", node.operands)) for name in ("sin", "cos")]
            if index not in pair or None in pair:
                lines += self.instructions(graph, [index])
            elif index not in done:
                self._has_both = True
                operand = self.name(graph, node.operands[0])
                lines.append(f"%b{index} = call {both} @{name_of(BOTH)}({self.real} {operand})")
                lines += [f"%n{one} = extractvalue {both} %b{index}, {k}" for k, one in enumerate(pair)]
                done.update(one for one in pair if one is not None)
        return lines

    def _together(self, graph: Graph, function: str, indices: Sequence[int]) -> list[str]:
        """Return the lines that call a function for several nodes."""
        if len(indices) < FEW:
            return self.instructions(graph, indices)
        self._vectors.add(function)
        vector, given, lines = f"<{LANES} x double>", "zeroinitializer", []
        for lane, index in enumerate(indices):
            operand = self.name(graph, graph.nodes[index].operands[0])
            lines.append(f"%g{index} = insertelement {vector} {given}, double {operand}, i32 {lane}")
            given = f"%g{index}"
        lines.append(f"%f{indices[0]} = call {vector} @{name_of(function)}({vector} {given})")
        lines += [
            f"%n{index} = extractelement {vector} %f{indices[0]}, i32 {lane}" for lane, index in enumerate(indices)
        ]
        return lines

    def declarations(self) -> list[str]:
        """Return what has to stand before the functions that use what has been printed."""
        vector = f"<{LANES} x double>"
        lines = [f"declare {self.real} @llvm.{name}.{self._suffix}({self.real})" for name in INTRINSICS]
        lines += [f"declare {vector} @{name_of(name)}({vector})" for name in sorted(self._vectors)]
        if self._has_both:
            lines.append(f"declare {{{vector}, {vector}}} @{name_of(BOTH)}({vector})")
        for name, arity in sorted(self._functions.items()):
            if self.lanes > 1 and name in VECTORS:
                lines.append(f"declare {self.real} @{name_of(name)}({self.real})")
                continue
            lines.append(MOD if name == "mod" else f"declare double @{name}({', '.join(['double'] * arity)})")
            if self.lanes > 1:
                lines.append(apart(name, self.lanes, arity))
        return lines

    def _operation(self, node: Node, names: Sequence[str]) -> str:
        operation = node.operation
        if operation in ARITHMETIC.values() or operation == "fneg":
            return f"{operation} {self.real} {', '.join(names)}"
        if operation in COMPARISONS.values():
            return f"fcmp {operation} {self.real} {', '.join(names)}"
        if operation == "select":
            test, x, y = names
            return f"select {self.flag} {test}, {self.real} {x}, {self.real} {y}"
        operands = ", ".join(f"{self.real} {name}" for name in names)
        function = operation.removeprefix("call ")
        if function in INTRINSICS:
            return f"call {self.real} @llvm.{function}.{self._suffix}({operands})"
        self._functions[function] = len(names)
        return f"call {self.real} @{function if self.lanes == 1 else name_of(function)}({operands})"


def _stages(graph: Graph, indices: Sequence[int]) -> list[tuple[dict[str, list[int]], list[int]]]:
    """Return nodes in stages: per stage, calls of functions that compute several doubles, by function, and the rest.

    Calls of a stage depend on earlier stages alone, the rest on its calls, too.
    """
    stage_of: dict[int, int] = {}
    stages: list[tuple[dict[str, list[int]], list[int]]] = []
    for index in indices:
        node = graph.nodes[index]
        function = node.operation.removeprefix("call ")
        is_call = function in VECTORS
        stage = max((stage_of.get(operand, 0) for operand in node.operands), default=0) + is_call
        stage_of[index] = stage
        while len(stages) <= stage:
            stages.append(({}, []))
        calls, others = stages[stage]
        (calls.setdefault(function, []) if is_call else others).append(index)
    return stages

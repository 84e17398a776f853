"""Nodes of a graph as instructions in LLVM's language, on single doubles or on several at once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.engines.native.libm.functions import (
    FUNCTIONS,
    PAIRS,
    VECTORS,
    declaration,
    lane_by_lane,
    name_of,
    returned_type,
)
from circuitgrad.engines.native.llvm.lowering import lowered
from circuitgrad.engines.native.llvm.notation import LANES, constant, hexadecimal, vector
from circuitgrad.engines.native.llvm.primitives import COMPARISONS, DEFINED, INSTRUCTIONS, INTRINSICS
from circuitgrad.formulas.reader import read_formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.engines.native.llvm.graph import Graph, GraphNode
    from circuitgrad.formulas.steps import Step

FEWEST_TOGETHER = 3
"""Fewer calls of a function are faster one by one than together, with the way into a vector and back."""


class Printer:
    """Prints the nodes of a graph, and remembers which functions they call.

    Args:
        lanes: how many doubles are computed at once.

    Attributes:
        inputs: what stands for the nodes of inputs.

    >>> from circuitgrad.engines.native.llvm.graph import Graph
    >>> graph, printer = Graph(), Printer(1)
    >>> x = graph.input(0)
    >>> printer.inputs[x] = "%x"
    >>> printer.instructions(graph, [graph.add("fmul", graph.number(2.0), x)])
    ['%n2 = fmul double 0x4000000000000000, %x']
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.real, self.flag = vector("double", lanes), vector("i1", lanes)
        self._suffix = "f64" if lanes == 1 else f"v{lanes}f64"
        self.inputs: dict[int, str] = {}
        self._functions: dict[str, int] = {}
        self._vectors: set[str] = set()

    def number(self, value: float) -> str:
        """Return a number, in every lane."""
        return constant("double", hexadecimal(value), self.lanes)

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
            f"%n{index} = {self._operation(node, [self.name(graph, operand) for operand in node.operands])}"
            for index in indices
            for node in (nodes[index],)
            if node.operation not in ("number", "input")
        ]

    def program(self, graph: Graph, indices: Sequence[int]) -> list[str]:
        """Return the lines that compute nodes, each after its operands, in an order that suits the machine.

        Results that share most of their work come from one call. Single doubles wait for functions more than for
        anything else: calls of one function that do not depend on one another are made together, by the function that
        computes several.
        """
        calls, lines = _calls(graph, indices), []
        if self.lanes == 1:
            for stage, rest in _stages(graph, indices, calls):
                for calls_of_function in stage.values():
                    for at in range(0, len(calls_of_function), LANES):
                        lines += self._together(graph, calls_of_function[at : at + LANES])
                lines += self.instructions(graph, rest)
            return lines
        for index in indices:
            if index not in calls:
                lines += self.instructions(graph, [index])
            elif call := calls[index]:
                lines += self._call(call, self.name(graph, call.operand), [f"%n{node}" for node in call.results])
        return lines

    def _together(self, graph: Graph, calls: Sequence[_Call]) -> list[str]:
        """Return the lines that call a function on vectors for several single doubles."""
        if len(calls) < FEWEST_TOGETHER:
            return self.instructions(graph, [node for call in calls for node in call.results])
        real, lines = vector("double", LANES), []
        given = constant("double", 1.0, LANES)  # unlike 0, near for every function
        for lane, call in enumerate(calls):
            name = f"%g{call.results[0]}"
            lines.append(f"{name} = insertelement {real} {given}, double {self.name(graph, call.operand)}, i32 {lane}")
            given = name
        vectors = [f"%f{node}" for node in calls[0].results]
        lines += self._call(calls[0], given, vectors)
        for lane, call in enumerate(calls):
            for node, result in zip(call.results, vectors, strict=True):
                lines.append(f"%n{node} = extractelement {real} {result}, i32 {lane}")
        return lines

    def _call(self, call: _Call, operand: str, results: Sequence[str]) -> list[str]:
        """Return the lines that call a function on vectors, and give names to its results."""
        self._vectors.add(call.function)
        returned = returned_type(call.function, LANES)
        called = f"call {returned} @{name_of(call.function)}({vector('double', LANES)} {operand})"
        if len(results) == 1:
            return [f"{results[0]} = {called}"]
        both = f"%b{call.results[0]}"
        parts = [f"{name} = extractvalue {returned} {both}, {place}" for place, name in enumerate(results)]
        return [f"{both} = {called}", *parts]

    def declarations(self) -> list[str]:
        """Return what has to stand before the functions that use what has been printed."""
        lines = [f"declare {self.real} @llvm.{name}.{self._suffix}({self.real})" for name in INTRINSICS]
        lines += [declaration(name, LANES) for name in sorted(self._vectors)]
        for name, arity in sorted(self._functions.items()):
            lines.append(DEFINED.get(name) or f"declare double @{name}({', '.join(['double'] * arity)})")
            if self.lanes > 1:
                lines.append(lane_by_lane(name, self.lanes, arity))
        return lines

    def _operation(self, node: GraphNode, names: Sequence[str]) -> str:
        operation = node.operation
        if operation in INSTRUCTIONS:
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
        if self.lanes > 1 and function in VECTORS:
            self._vectors.add(function)
        else:
            self._functions[function] = len(names)
        return f"call {self.real} @{function if self.lanes == 1 else name_of(function)}({operands})"


class _Call(NamedTuple):
    """A call of a function on vectors.

    Attributes:
        function: its name.
        operand: the node of the argument.
        results: the nodes of the results.
    """

    function: str
    operand: int
    results: list[int]


@cache
def _vector_functions() -> list[dict[str, tuple[str, list[Sequence[Step]]]]]:
    """Return by operations the functions on vectors that compute them, and their formulas in postfix order.

    Those of pairs come last: what they compute is no longer called alone.
    """
    return [
        {
            f"call {FUNCTIONS[name].results[0].partition('(')[0]}": (
                name,
                [read_formula(formula) for formula in FUNCTIONS[name].results],
            )
            for name in names
        }
        for names in (VECTORS, PAIRS)
    ]


def _calls(graph: Graph, indices: Sequence[int]) -> dict[int, _Call | None]:
    """Return the calls that compute nodes, by the first node of each; by the others there is None.

    What a call could compute, too, is added to the graph; it is printed only where it is among the nodes.
    """
    place = {index: i for i, index in enumerate(indices)}
    calls: dict[int, _Call | None] = {}
    for functions in _vector_functions():
        taken: set[int] = set()  # tanh(x) and tanh(-x) have one exp(-2*abs(x)), which may come before -x
        for index in indices:
            operation, operands, _ = graph.nodes[index]
            if operation in functions:
                name, formulas = functions[operation]
                results = [lowered(graph, steps, {"x": operands[0]}) for steps in formulas]
                if not place.keys() >= set(results) or not taken.isdisjoint(results):
                    continue
                first = min(results, key=lambda node: place[node])
                if place.get(operands[0], -1) < place[first]:
                    taken.update(results)
                    calls |= dict.fromkeys(results)
                    calls[first] = _Call(name, operands[0], results)
    return calls


def _stages(
    graph: Graph, indices: Sequence[int], calls: Mapping[int, _Call | None]
) -> list[tuple[dict[str, list[_Call]], list[int]]]:
    """Return nodes in stages: per stage, calls of functions on vectors, by function, and the rest.

    Calls of a stage depend on earlier stages alone, the rest on its calls, too.
    """
    stage_of: dict[int, int] = {}
    stages: list[tuple[dict[str, list[_Call]], list[int]]] = []
    for index in indices:
        call = calls.get(index)
        if index in stage_of:
            continue  # computed with another
        operands = (call.operand,) if call else graph.nodes[index].operands
        stage = max((stage_of.get(operand, 0) for operand in operands), default=0) + bool(call)
        stage_of.update(dict.fromkeys(call.results if call else [index], stage))
        while len(stages) <= stage:
            stages.append(({}, []))
        calls_of_stage, rest = stages[stage]
        if call:
            calls_of_stage.setdefault(call.function, []).append(call)
        else:
            rest.append(index)
    return stages

"""A circuit's passes as a graph of machine operations, made from the gate table; the same operation stands in it once.

Both branches of a choice are computed, and one of the results is selected: there are no jumps, so that one instruction
serves many rows.
"""

from __future__ import annotations

from itertools import cycle
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.formulas.steps import CONSTANTS, Call, Name, Number
from circuitgrad.gates.doubles import PRIMITIVES
from circuitgrad.gates.table import GATES, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.formulas.steps import Step
    from circuitgrad.gates.rule import Rule

    Tree: TypeAlias = "tuple[str | float, tuple[Tree, ...]]"
    """A formula: a gate with its operands, or a name or number with none."""

ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
COMPARISONS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
"""All are false for NaN, but `ne`: as in Python."""
CALLS = frozenset(PRIMITIVES) - {"div", "abs"}


class Node(NamedTuple):
    """One operation.

    Attributes:
        operation: an instruction of LLVM (`fadd`, `select`, ...), a comparison (`olt`, ...), `call exp` and the like,
            `number`, or `input`.
        operands: the numbers of the nodes that it takes.
        value: the number, or which input it is.
    """

    operation: str
    operands: tuple[int, ...] = ()
    value: float = 0.0


class Graph:
    """Operations, each after its operands.

    >>> from circuitgrad.formulas.reader import read_formula
    >>> graph = Graph()
    >>> x = graph.input(0)
    >>> texts = ("x + 2*x", "x + 2*x", "x - 2*x")
    >>> one, again, other = (graph.steps(read_formula(text), {"x": x}) for text in texts)
    >>> one == again, one == other, len(graph.nodes)
    (True, False, 5)
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[tuple[str, tuple[int, ...], str], int] = {}

    def add(self, operation: str, *operands: int, value: float = 0.0) -> int:
        """Return the number of an operation, which is added unless it is there, or is another one in a simpler form."""
        simpler = self._simpler(operation, operands)
        if simpler is not None:
            return simpler
        key = (operation, operands, repr(value))  # which tells 0 from -0, and knows NaN again
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(Node(operation, operands, value))
        return self._known[key]

    def number(self, value: float) -> int:
        """Return the node of a number."""
        return self.add("number", value=value)

    def input(self, index: int) -> int:
        """Return the node of an input."""
        return self.add("input", value=float(index))

    def is_number(self, node: int, value: float | None = None) -> bool:
        """Tell whether a node is a number, or this one."""
        operation, _, found = self.nodes[node]
        return operation == "number" and (value is None or found == value)

    def upstream(self, nodes: Iterable[int]) -> set[int]:
        """Return nodes and all that they depend on."""
        found = set(nodes)
        for index in reversed(range(len(self.nodes))):
            if index in found:
                found.update(self.nodes[index].operands)
        return found

    def _simpler(self, operation: str, operands: tuple[int, ...]) -> int | None:
        """Return the node that gives the same as an operation, where there is a simpler one."""
        of = [self.nodes[operand] for operand in operands]
        if operation in ("fneg", "fabs") and of[0].operation == "fneg":
            return of[0].operands[0] if operation == "fneg" else self.add("fabs", of[0].operands[0])
        if operation == "fabs" and of[0].operation == "fabs":
            return operands[0]
        if operation == "fmul":
            return next((b for a, b in (operands, operands[::-1]) if self.is_number(a, 1.0)), None)
        if operation == "call exp" and of[0].operation == "select":
            return self._simpler_exponential(*of[0].operands)
        if operation == "select":
            return self._simpler_choice(*operands)
        return None

    def _simpler_exponential(self, test: int, x: int, y: int) -> int | None:
        """Return exp(-|y|) for exp(-y where y >= 0, and y elsewhere), which has no need of the sign of a zero."""
        one, other, asked = self.nodes[x], self.nodes[y], self.nodes[test]
        is_negated = ("fneg", (y,), 0.0) == one or ("fneg", (x,), 0.0) == other
        of_itself = asked.operation in ("oge", "ogt") and asked.operands[0] == y
        if is_negated and of_itself and self.is_number(asked.operands[1], 0.0):
            return self.add("call exp", self.add("fneg", self.add("fabs", y)))
        return None

    def _simpler_choice(self, test: int, x: int, y: int) -> int | None:
        if x == y:
            return x
        one, other = self.nodes[x], self.nodes[y]
        if one.operation == other.operation == "fdiv" and one.operands[1] == other.operands[1]:
            return self.add("fdiv", self.add("select", test, one.operands[0], other.operands[0]), one.operands[1])
        return None

    def steps(self, steps: Sequence[Step], operands: Mapping[str, int]) -> int:
        """Return the node of a formula in postfix order."""
        return self._number_of(self._lower(_tree(steps), operands))

    def value(self, row: Rule, operands: Sequence[int]) -> int:
        """Return the node of a gate's value."""
        if row is GATES.get(row.name):
            return self._called(row.name, operands)
        return self.steps(row.value.steps, dict(zip(row.operands, operands, strict=True)))

    def _called(self, gate: str, operands: Sequence[int]) -> int:
        if gate in ARITHMETIC:
            return self.add(ARITHMETIC[gate], *map(self._number_of, operands))
        if gate == "neg":
            return self.add("fneg", self._number_of(operands[0]))
        if gate == "abs":
            return self.add("fabs", self._number_of(operands[0]))
        if gate in CALLS:
            return self.add(f"call {gate}", *map(self._number_of, operands))
        row = find(gate)
        return self.steps(row.value.steps, dict(zip(row.operands, operands, strict=True)))

    def _number_of(self, node: int) -> int:
        """Return a node that is a number: 1 or 0 for a comparison."""
        if self.nodes[node].operation not in COMPARISONS.values():
            return node
        return self.add("select", node, self.number(1.0), self.number(0.0))

    def _condition(self, node: int) -> int:
        """Return a node that is a comparison: whether a number is not 0."""
        if self.nodes[node].operation in COMPARISONS.values():
            return node
        return self.add("une", node, self.number(0.0))

    def _lower(self, tree: Tree, operands: Mapping[str, int]) -> int:
        head, parts = tree
        if not isinstance(head, str):
            return self.number(head)
        if not parts:
            return operands[head] if head in operands else self.number(CONSTANTS[head])
        if head == "where":
            return self._choice(parts, operands)
        lowered = [self._lower(part, operands) for part in parts]
        if head in COMPARISONS:
            return self.add(COMPARISONS[head], *map(self._number_of, lowered))
        return self._called(head, lowered)

    def _choice(self, parts: Sequence[Tree], operands: Mapping[str, int]) -> int:
        """Return the node of a choice. Where each branch calls the same function once, it is called once for both."""
        test = self._condition(self._lower(parts[0], operands))
        body, orelse = parts[1:]
        ours, theirs = _costly(body), _costly(orelse)
        if len(ours) == len(theirs) == 1:
            (one,), (other,) = ours, theirs
            if one != other and one[0] == other[0]:
                pairs = zip(one[1], other[1], strict=True)
                chosen = [
                    self.add("select", test, self._plain(a, operands), self._plain(b, operands)) for a, b in pairs
                ]
                shared = self._called(str(one[0]), chosen)
                inside = {**operands, "": shared}
                body, orelse = _put(body, one), _put(orelse, other)
                return self.add("select", test, self._plain(body, inside), self._plain(orelse, inside))
        return self.add("select", test, self._plain(body, operands), self._plain(orelse, operands))

    def _plain(self, tree: Tree, operands: Mapping[str, int]) -> int:
        return self._number_of(self._lower(tree, operands))


def _tree(steps: Sequence[Step]) -> Tree:
    stack: list[Tree] = []
    for step in steps:
        if isinstance(step, Number):
            stack.append((step.value, ()))
        elif isinstance(step, Name):
            stack.append((step.name, ()))
        else:
            assert isinstance(step, Call)  # noqa: S101 - a row has neither families nor loops
            first = len(stack) - step.arity
            stack[first:] = [(step.gate, tuple(stack[first:]))]
    (tree,) = stack
    return tree


def _costly(tree: Tree) -> set[Tree]:
    """Return the calls of functions in a formula, each once."""
    head, parts = tree
    found = set().union(*map(_costly, parts)) if parts else set()
    return {tree} if parts and head in CALLS - {"sqrt", "floor"} else found


def _put(tree: Tree, call: Tree) -> Tree:
    """Return a formula with the operand of no name in the place of a call."""
    if tree == call:
        return "", ()
    return tree[0], tuple(_put(part, call) for part in tree[1])


class Passes(NamedTuple):
    """The graph of what is wanted of a circuit.

    Attributes:
        graph: the operations.
        results: the nodes of what is wanted, in order.
    """

    graph: Graph
    results: list[int]


def passes(
    circuit: Circuit, names: Sequence[str], values: Sequence[str], outputs: Sequence[str], wrt: Sequence[str]
) -> Passes:
    """Return the graph that computes values of wires, then output by output derivatives, from some inputs.

    An upstream gradient of 0 adds nothing, whatever the partial derivative; other inputs are numbers.

    Raises:
        CircuitError: there is no such input or wire.
    """
    graph = Graph()
    start = circuit.trace({})
    place = {circuit.slot(name): graph.input(i) for i, name in enumerate(names)}
    slots, targets = [circuit.slot(name) for name in values], [circuit.slot(name) for name in outputs]
    needed = circuit.upstream([*slots, *targets])

    def node(slot: int) -> int:
        return place[slot] if slot in place else graph.number(start[slot])

    for gate in circuit.downstream(*names):
        if gate in needed:
            operands = [node(slot) for slot in circuit.operands[gate]]
            place[circuit.first_gate + gate] = graph.value(circuit.rules[gate], operands)
    results = [node(slot) for slot in slots]
    chosen = [circuit.slot(name) for name in wrt]
    reached = circuit.reached(chosen)
    for target in targets:
        above = circuit.upstream([target])
        gradients = {target: graph.number(1.0)}
        sought = {*chosen, *(circuit.first_gate + gate for gate in reached)}
        for gate in reversed(reached):
            upstream = gradients.get(circuit.first_gate + gate) if gate in above else None
            if upstream is None:
                continue
            row = circuit.rules[gate]
            inside = dict(zip(row.operands, map(node, circuit.operands[gate]), strict=True))
            inside["out"] = node(circuit.first_gate + gate)
            # Zeros of either sign compare alike; with one test an operand, LLVM finds shorter code for single points.
            zeros = cycle((0.0, -0.0))
            for slot, partial, zero in zip(circuit.operands[gate], row.partials.values(), zeros, strict=False):
                if slot in sought:
                    added = contribution(graph, graph.steps(partial.steps, inside), upstream, zero)
                    gradients[slot] = graph.add("fadd", gradients[slot], added) if slot in gradients else added
        results += [_sum(graph, gradients.get(slot)) for slot in chosen]
    return Passes(graph, results)


def _sum(graph: Graph, gradient: int | None) -> int:
    """Return a gradient as the sum from 0 on that it is: never -0."""
    zero = graph.number(0.0)
    return zero if gradient is None else graph.add("fadd", gradient, zero)


def contribution(graph: Graph, partial: int, upstream: int, zero: float) -> int:
    """Return what a gate adds to an operand's gradient: nothing where the upstream gradient is zero."""
    if graph.is_number(upstream, 0.0):
        return upstream
    product = graph.add("fmul", partial, upstream)
    operation, _, value = graph.nodes[partial]
    harmless = operation == "number" and isfinite(value)
    if harmless or graph.is_number(upstream):
        return product
    return graph.add("select", graph.add("oeq", upstream, graph.number(zero)), graph.number(0.0), product)

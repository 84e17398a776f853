"""Machine operations as a graph, in which the same operation stands once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class GraphNode(NamedTuple):
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

    Attributes:
        nodes: the operations; their places in this list are their numbers.

    >>> graph = Graph()
    >>> x = graph.input(0)
    >>> double = graph.add("fadd", x, x)
    >>> double == graph.add("fadd", x, x), double == graph.add("fsub", x, x), len(graph.nodes)
    (True, False, 3)
    """

    def __init__(self) -> None:
        self.nodes: list[GraphNode] = []
        self._known: dict[tuple[str, tuple[int, ...], str], int] = {}

    def add(self, operation: str, *operands: int, value: float = 0.0) -> int:
        """Return the number of an operation, which is added unless it is there, or is another one in a simpler form."""
        simpler = self._simpler(operation, operands)
        if simpler is not None:
            return simpler
        key = (operation, operands, repr(value))  # which tells 0 from -0, and knows NaN again
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append(GraphNode(operation, operands, value))
        return self._known[key]

    def number(self, value: float) -> int:
        """Return the node of a number."""
        return self.add("number", value=value)

    def input(self, index: int) -> int:
        """Return the node of an input."""
        return self.add("input", value=float(index))

    def is_number(self, node: int, value: float | None = None) -> bool:
        """Tell whether a node is a number, or this one."""
        operation, _, number = self.nodes[node]
        return operation == "number" and (value is None or number == value)

    def upstream(self, nodes: Iterable[int]) -> set[int]:
        """Return nodes and all that they depend on."""
        needed = set(nodes)
        for index in reversed(range(len(self.nodes))):
            if index in needed:
                needed.update(self.nodes[index].operands)
        return needed

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
        chosen, otherwise, comparison = self.nodes[x], self.nodes[y], self.nodes[test]
        is_negated = ("fneg", (y,), 0.0) == chosen or ("fneg", (x,), 0.0) == otherwise
        of_itself = comparison.operation in ("oge", "ogt") and comparison.operands[0] == y
        if is_negated and of_itself and self.is_number(comparison.operands[1], 0.0):
            return self.add("call exp", self.add("fneg", self.add("fabs", y)))
        return None

    def _simpler_choice(self, test: int, x: int, y: int) -> int | None:
        """Return x for a choice between x and x, and one quotient for a choice between two by the same number."""
        divisors: list[int] = []
        while x != y:
            chosen, otherwise = self.nodes[x], self.nodes[y]
            if not chosen.operation == otherwise.operation == "fdiv" or chosen.operands[1] != otherwise.operands[1]:
                break
            divisors.append(chosen.operands[1])
            x, y = chosen.operands[0], otherwise.operands[0]
        if x != y and not divisors:
            return None
        result = x if x == y else self.add("select", test, x, y)
        for divisor in reversed(divisors):
            result = self.add("fdiv", result, divisor)
        return result

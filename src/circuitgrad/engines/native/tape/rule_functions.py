"""The rules of gates as functions of machine code: forward and backward over a run of gates on a tape.

Operands are looked up by their slots, gate after gate. Where no gate of a run depends on another one, and the rule
calls functions that compute several doubles at once, several gates are computed at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.libm.functions import VECTORS
from circuitgrad.engines.native.llvm.builder import Builder, Carried
from circuitgrad.engines.native.llvm.graph import Graph
from circuitgrad.engines.native.llvm.lowering import contribution, lowered, lowered_value
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.llvm.printer import Printer
from circuitgrad.engines.native.tape.structure import fields
from circuitgrad.gates.table import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.gates.rule import Rule

MIXED = frozenset(map(find, ("add", "mul", "sub")))
"""Gates of these rules, neighbours in a deep circuit, are one run: computing all three costs less than a jump."""
PARAMETERS = "(ptr %tape, i64 %from, i64 %to)"


class RuleFunctions:
    """The functions of some rules of gates.

    Args:
        rules: the rules.
        lanes: how many points each slot has a value for.

    Attributes:
        mixed: which of the rules are computed together in a deep circuit, several or none; their function comes after
            those of all.
    """

    def __init__(self, rules: Sequence[Rule], lanes: int) -> None:
        self.rules = rules
        mixed = [kind for kind, rule in enumerate(rules) if rule in MIXED]
        self.mixed = mixed if len(mixed) > 1 else []
        self._printer, self._wide_printer = Printer(lanes), Printer(LANES)
        self._lanes = lanes
        self._texts: list[str] = []
        self._tables: dict[str, list[str]] = {}
        for way in ("forward", "backward"):
            plain = [self._plain(way, f"{way}{kind}", [kind]) for kind in range(len(rules))]
            wide = [self._wide(way, kind) or plain[kind] for kind in range(len(rules))] if lanes == 1 else plain
            together = [self._plain(way, f"{way}_mixed", self.mixed)] if self.mixed else []
            self._tables[way] = [*plain, *together]
            self._tables[f"{way}_wide"] = [*wide, *together]

    def text(self) -> str:
        """Return the functions, and tables of them: `@forward`, `@backward`, and both for wide circuits."""
        printers = [self._printer] if self._lanes == LANES else [self._printer, self._wide_printer]
        heads = dict.fromkeys(line for printer in printers for line in printer.declarations())
        tables = [
            f"@{name} = internal constant [{len(table)} x ptr] [{', '.join(f'ptr @{entry}' for entry in table)}]\n"
            for name, table in self._tables.items()
        ]
        return "\n".join([*heads, *self._texts, *tables])

    def _plain(self, way: str, name: str, kinds: Sequence[int]) -> str:
        """Write the function that computes the gates of a run one by one, and return its name."""
        builder = Builder(f"{name}{PARAMETERS}", linkage="internal")
        loop = _GateLoop(builder, self._printer, [(kind, self.rules[kind]) for kind in kinds])
        if way == "forward":
            with builder.loop("%from", "%to", 1, loop.before()) as gate:
                loop.set_value(gate)
        else:
            with builder.down("%from", "%to", loop.behind()) as gate:
                loop.pull_back(gate)
        self._texts.append(builder.text())
        return name

    def _wide(self, way: str, kind: int) -> str | None:
        """Write the function that computes gates that do not depend on one another, and return its name, if it pays."""
        rule = LoweredRule(Graph(), self.rules[kind])
        if not rule.calls([rule.value] if way == "forward" else rule.partials):
            return None
        name = f"{way}{kind}_wide"
        builder = Builder(f"{name}{PARAMETERS}", linkage="internal")
        loop = _GateLoop(builder, self._wide_printer, [(kind, self.rules[kind])], at_once=LANES)
        count = builder.do("sub i64 %to, %from")
        full = builder.do(f"add i64 %from, {builder.do(f'and i64 {count}, {-LANES}')}")
        with builder.loop("%from", full, LANES) as gate:
            if way == "forward":
                loop.set_value(gate)
            else:
                loop.pull_back(gate)
        builder.put(f"call void @{way}{kind}(ptr %tape, i64 {full}, i64 %to)")
        self._texts.append(builder.text())
        return name


class LoweredRule:
    """A rule lowered to the nodes of a graph, whose inputs are the operands and, behind them, the gate's value.

    Args:
        graph: the graph that it is added to.
        rule: the rule.

    Attributes:
        value: the node of the value.
        partials: the nodes of the partial derivatives.

    >>> from circuitgrad.gates.table import find
    >>> rule = LoweredRule(Graph(), find("add"))
    >>> [rule.graph.nodes[node].operation for node in (rule.value, *rule.partials)]
    ['fadd', 'number', 'number']
    """

    def __init__(self, graph: Graph, rule: Rule) -> None:
        self.graph = graph
        operands = [graph.input(k) for k in range(rule.arity)]
        self.value = lowered_value(graph, rule, operands)
        inside = {**dict(zip(rule.operands, operands, strict=True)), "out": graph.input(rule.arity)}
        self.partials = [lowered(graph, partial.steps, inside) for partial in rule.partials.values()]

    def calls(self, nodes: Iterable[int]) -> bool:
        """Tell whether nodes are computed by functions that compute several doubles at once."""
        operations = {self.graph.nodes[index].operation for index in self.graph.upstream(nodes)}
        return any(f"call {name}" in operations for name in VECTORS)


class _GateLoop:
    """Writes what is done for the gates of a run: one by one, or several at once."""

    def __init__(self, builder: Builder, printer: Printer, rules: Sequence[tuple[int, Rule]], at_once: int = 1) -> None:
        self.builder, self.printer, self.at_once = builder, printer, at_once
        self.kinds = [kind for kind, _ in rules]
        self.arity = rules[0][1].arity
        self.graph = Graph()
        self.rules = [LoweredRule(self.graph, rule) for _, rule in rules]
        names = ("gates", "first", "kinds", "operands", "values", "grads")
        self.gates, self.first, self.kind_of, self.operands, self.values, self.grads = fields(builder, *names)
        self.real = printer.real
        self.last: Carried | None = None
        self.upstream: tuple[Carried, Carried] | None = None
        self._written: set[int] = set()

    def before(self) -> list[Carried]:
        """Return what a loop over gates hands on: the value of the gate before, for the gate that waits for it."""
        if self.printer.lanes > 1:
            return []
        b = self.builder
        slot = b.do(f"add i64 {self.first}, %from")
        before = b.choose(b.do(f"icmp eq i64 {slot}, 0"), "0", b.do(f"sub i64 {slot}, 1"))
        self.last = b.carried(self.real, b.load(self.real, self.values, before))
        return [self.last]

    def behind(self) -> list[Carried]:
        """Return what a loop backwards hands on: whether the gate before has just got its gradient, and that."""
        if self.printer.lanes > 1:
            return []
        self.upstream = self.builder.carried("i1", "false"), self.builder.carried(self.real, "0.0")
        return list(self.upstream)

    def set_value(self, gate: str) -> None:
        """Compute the value of a gate, or of several from it on."""
        nodes = [rule.value for rule in self.rules]
        self._compute(gate, nodes)
        value = self._chosen(gate, nodes)
        if self.last:
            self.last.next = value
        self.builder.put(f"store {self.real} {value}, ptr {self._address(self.values, gate)}, align 8")

    def pull_back(self, gate: str) -> None:
        """Add to the gradients of the operands of a gate, or of several from it on."""
        columns = list(zip(*(rule.partials for rule in self.rules), strict=True))
        upstream = self.graph.input(self.arity + 1)
        self._compute(gate, [upstream, *(node for column in columns for node in column)])
        sums = []
        for k, column in enumerate(columns):
            added = self._contribution(gate, k, column, upstream)
            for lane in range(self.at_once):
                slot = self._operand(gate, k, lane)
                sums.append((slot, self._add(slot, self.builder.element(added, lane, self.at_once))))
        if self.upstream:
            self._hand_on(gate, sums)

    def _hand_on(self, gate: str, sums: Sequence[tuple[str, str]]) -> None:
        """Write what tells the gate before of its gradient, where this one has just added to it."""
        assert self.upstream is not None  # noqa: S101
        b = self.builder
        before = b.do(f"sub i64 {b.do(f'add i64 {self.first}, {gate}')}, 1")
        is_it, gradient = "false", "0.0"
        for slot, total in sums:
            is_same = b.do(f"icmp eq i64 {slot}, {before}")
            is_it = b.do(f"or i1 {is_it}, {is_same}")
            gradient = b.choose(is_same, total, gradient, self.real)
        self.upstream[0].next, self.upstream[1].next = is_it, gradient

    def _contribution(self, gate: str, k: int, partials: Sequence[int], upstream: int) -> str:
        """Return what is added to the gradient of an operand, given its partial derivative by each of the rules."""
        partial = partials[0]
        if len(partials) > 1:
            partial = self.graph.input(self.arity + 2 + k)
            self.printer.inputs[partial] = self._chosen(gate, partials)
            self._written.add(partial)
        added = contribution(self.graph, partial, upstream)
        self._compute(gate, [added])
        return self.printer.name(self.graph, added)

    def _add(self, slot: str, added: str) -> str:
        """Write what adds to the gradient of a slot, and return that gradient."""
        kind = "double" if self.at_once > 1 else self.real
        total = self.builder.do(f"fadd {kind} {self.builder.load(kind, self.grads, slot)}, {added}")
        self.builder.store(kind, total, self.grads, slot)
        return total

    def _address(self, array: str, gate: str) -> str:
        """Return where a gate's own number is."""
        slot = self.builder.do(f"add i64 {self.first}, {gate}")
        return self.builder.at("double" if self.at_once > 1 else self.real, array, slot)

    def _operand(self, gate: str, k: int, lane: int = 0) -> str:
        """Return the slot of a gate's operand."""
        at = self.builder.do(f"add i64 {gate}, {lane}") if lane else gate
        if k:
            at = self.builder.do(
                f"add i64 {at}, {self.gates if k == 1 else self.builder.do(f'mul i64 {self.gates}, {k}')}"
            )
        return self.builder.load_short("i32", self.operands, at)

    def _compute(self, gate: str, nodes: Iterable[int]) -> None:
        """Write the instructions that nodes need, inputs first."""
        needed = sorted(self.graph.upstream(nodes) - self._written)
        self._written.update(needed)
        for index in needed:
            node = self.graph.nodes[index]
            if node.operation == "input":
                self.printer.inputs[index] = self._input(gate, int(node.value))
        self.builder.put(*self.printer.instructions(self.graph, needed))

    def _input(self, gate: str, k: int) -> str:
        """Return an operand's value, the gate's own, or the upstream gradient."""
        b = self.builder
        if k >= self.arity:
            array = self.values if k == self.arity else self.grads
            load = f"load {self.real}, ptr {self._address(array, gate)}, align 8"
            if self.upstream and array == self.grads:
                is_here, gradient = (carried.name for carried in self.upstream)
                return b.unless(b.do(f"xor i1 {is_here}, true"), self.real, gradient, lambda: b.do(load))
            return b.do(load)
        if self.at_once == 1:
            slot = self._operand(gate, k)
            if self.last:
                own = b.do(f"add i64 {self.first}, {gate}")
                is_other = b.do(f"icmp ne i64 {b.do(f'add i64 {slot}, 1')}, {own}")
                return b.unless(is_other, self.real, self.last.name, lambda: b.load(self.real, self.values, slot))
            return b.load(self.real, self.values, slot)
        return b.gathered([b.load("double", self.values, self._operand(gate, k, lane)) for lane in range(self.at_once)])

    def _chosen(self, gate: str, nodes: Sequence[int]) -> str:
        """Return the result of the rule that the gate is of."""
        name = self.printer.name(self.graph, nodes[0])
        for kind, node in zip(self.kinds[1:], nodes[1:], strict=True):
            is_it = self.builder.do(f"icmp eq i8 {self.builder.load('i8', self.kind_of, gate)}, {kind}")
            name = self.builder.choose(is_it, self.printer.name(self.graph, node), name, self.real)
        return name

"""The rules of gates as machine code on a tape: forward and backward over a run of gates.

Operands are looked up by their slots, gate after gate. Where no gate of a run depends on another one, and the rule
calls functions that compute several doubles at once, several gates are computed at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.building import Builder, Carried
from circuitgrad.engines.native.functions import LANES, VECTORS
from circuitgrad.engines.native.graph import Graph
from circuitgrad.engines.native.printing import Printer
from circuitgrad.engines.native.tape.layout import fields
from circuitgrad.gates.table import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.gates.rule import Rule

MIXED = frozenset(map(find, ("add", "mul", "sub")))
"""Gates of these rows, one after another in a deep circuit, are one run: computing all three costs less than a jump."""
PARAMETERS = "(ptr %tape, i64 %from, i64 %to)"


class Kernels:
    """The kernels of some rows of the gate table.

    Args:
        rows: the rows.
        lanes: how many points each slot has a value for.

    Attributes:
        mixed: which of the rows are computed together in a deep circuit; their kernel comes after those of all rows.
    """

    def __init__(self, rows: Sequence[Rule], lanes: int) -> None:
        self.rows = rows
        self.mixed = [kind for kind, row in enumerate(rows) if row in MIXED]
        self._one, self._many = Printer(lanes), Printer(LANES)
        self._lanes = lanes
        self._texts: list[str] = []
        self._tables: dict[str, list[str]] = {}
        for way in ("forward", "backward"):
            plain = [self._plain(way, f"{way}{kind}", [kind]) for kind in range(len(rows))]
            wide = [self._wide(way, kind) or plain[kind] for kind in range(len(rows))] if lanes == 1 else plain
            mixed = [self._plain(way, f"{way}_mixed", self.mixed)] if len(self.mixed) > 1 else plain[:1]
            self._tables[way] = [*plain, *mixed]
            self._tables[f"{way}_wide"] = [*wide, *mixed]

    def text(self) -> str:
        """Return the kernels, and tables of them: `@forward`, `@backward`, and both for wide circuits."""
        printers = [self._one] if self._lanes == LANES else [self._one, self._many]
        heads = dict.fromkeys(line for printer in printers for line in printer.declarations())
        tables = [
            f"@{name} = internal constant [{len(table)} x ptr] [{', '.join(f'ptr @{one}' for one in table)}]\n"
            for name, table in self._tables.items()
        ]
        return "\n".join([*heads, *self._texts, *tables])

    def _plain(self, way: str, name: str, kinds: Sequence[int]) -> str:
        """Write the kernel that computes the gates of a run one by one, and return its name."""
        builder = Builder(f"{name}{PARAMETERS}", linkage="internal")
        run = _Run(builder, self._one, [(kind, self.rows[kind]) for kind in kinds])
        if way == "forward":
            with builder.loop("%from", "%to", 1, run.before()) as gate:
                run.set_value(gate)
        else:
            with builder.down("%from", "%to", run.behind()) as gate:
                run.pull_back(gate)
        self._texts.append(builder.text())
        return name

    def _wide(self, way: str, kind: int) -> str | None:
        """Write the kernel that computes gates that do not depend on one another, and return its name, if it pays."""
        rule = RuleNodes(Graph(), self.rows[kind])
        if not rule.calls([rule.value] if way == "forward" else rule.partials):
            return None
        name = f"{way}{kind}_wide"
        builder = Builder(f"{name}{PARAMETERS}", linkage="internal")
        run = _Run(builder, self._many, [(kind, self.rows[kind])], at_once=LANES)
        count = builder.do("sub i64 %to, %from")
        whole = builder.do(f"add i64 %from, {builder.do(f'and i64 {count}, {-LANES}')}")
        with builder.loop("%from", whole, LANES) as gate:
            if way == "forward":
                run.set_value(gate)
            else:
                run.pull_back(gate)
        builder.put(f"call void @{way}{kind}(ptr %tape, i64 {whole}, i64 %to)")
        self._texts.append(builder.text())
        return name


class RuleNodes:
    """What gates of a row compute. Inputs of the graph are the operands, and behind them the gate's value.

    Args:
        graph: the graph that it is added to.
        row: the row.

    Attributes:
        value: the node of the value.
        partials: the nodes of the partial derivatives.

    >>> from circuitgrad.gates.table import find
    >>> rule = RuleNodes(Graph(), find("add"))
    >>> [rule.graph.nodes[node].operation for node in (rule.value, *rule.partials)]
    ['fadd', 'number', 'number']
    """

    def __init__(self, graph: Graph, row: Rule) -> None:
        self.graph = graph
        operands = [graph.input(k) for k in range(row.arity)]
        self.value = graph.value(row, operands)
        inside = {**dict(zip(row.operands, operands, strict=True)), "out": graph.input(row.arity)}
        self.partials = [graph.steps(partial.steps, inside) for partial in row.partials.values()]

    def calls(self, nodes: Iterable[int]) -> bool:
        """Tell whether nodes are computed by functions that compute several doubles at once."""
        found = {self.graph.nodes[index].operation for index in self.graph.upstream(nodes)}
        return any(f"call {name}" in found for name in VECTORS)


class _Run:
    """Writes what is done for the gates of a run: one by one, or several at once."""

    def __init__(self, builder: Builder, printer: Printer, rows: Sequence[tuple[int, Rule]], at_once: int = 1) -> None:
        self.builder, self.printer, self.at_once = builder, printer, at_once
        self.kinds = [kind for kind, _ in rows]
        self.arity = rows[0][1].arity
        self.graph = Graph()
        self.rules = [RuleNodes(self.graph, row) for _, row in rows]
        names = ("gates", "first", "kinds", "operands", "values", "grads")
        self.gates, self.first, self.kind_of, self.operands, self.values, self.grads = fields(builder, *names)
        self.real = printer.real
        self.last: Carried | None = None
        self.upstream: tuple[Carried, Carried] | None = None

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
            added = self._contribution(self._chosen(gate, column), self.printer.name(self.graph, upstream))
            for lane in range(self.at_once):
                one = added
                if self.at_once > 1:
                    one = self.builder.do(f"extractelement {self.real} {added}, i32 {lane}")
                sums.append(self._add(self._operand(gate, k, lane), one))
        if self.upstream:
            self._hand_on(gate, sums)

    def _hand_on(self, gate: str, sums: Sequence[tuple[str, str]]) -> None:
        """Write what tells the gate before of its gradient, where this one has just added to it."""
        assert self.upstream is not None  # noqa: S101
        b = self.builder
        before = b.do(f"sub i64 {b.do(f'add i64 {self.first}, {gate}')}, 1")
        is_it, found = "false", "0.0"
        for slot, total in sums:
            same = b.do(f"icmp eq i64 {slot}, {before}")
            is_it = b.do(f"or i1 {is_it}, {same}")
            found = b.choose(same, total, found, self.real)
        self.upstream[0].next, self.upstream[1].next = is_it, found

    def _contribution(self, partial: str, upstream: str) -> str:
        """Return the product of a partial derivative and an upstream gradient, 0 where that is 0."""
        do, real, zero = self.builder.do, self.real, self.printer.number(0.0)
        product = do(f"fmul {real} {partial}, {upstream}")

        def guarded() -> str:
            is_still = do(f"fcmp oeq {real} {upstream}, {zero}")
            return do(f"select {self.printer.flag} {is_still}, {real} {zero}, {real} {product}")

        if self.printer.lanes > 1:
            return guarded()
        # It matters only where the partial is not finite; a test of that does not have to wait for the upstream.
        is_odd = do(f"fcmp uno {real} {do(f'fsub {real} {partial}, {partial}')}, {zero}")
        return self.builder.unless(is_odd, real, product, guarded)

    def _add(self, slot: str, added: str) -> tuple[str, str]:
        """Write what adds to the gradient of a slot, and return the slot and its gradient."""
        kind = "double" if self.at_once > 1 else self.real
        total = self.builder.do(f"fadd {kind} {self.builder.load(kind, self.grads, slot)}, {added}")
        self.builder.store(kind, total, self.grads, slot)
        return slot, total

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
        return self.builder.whole("i32", self.operands, at)

    def _compute(self, gate: str, nodes: Iterable[int]) -> None:
        """Write the instructions that nodes need, inputs first."""
        needed = sorted(self.graph.upstream(nodes))
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
                is_here, gradient = (one.name for one in self.upstream)
                return b.unless(b.do(f"xor i1 {is_here}, true"), self.real, gradient, lambda: b.do(load))
            return b.do(load)
        if self.at_once == 1:
            slot = self._operand(gate, k)
            if self.last:
                own = b.do(f"add i64 {self.first}, {gate}")
                is_other = b.do(f"icmp ne i64 {b.do(f'add i64 {slot}, 1')}, {own}")
                return b.unless(is_other, self.real, self.last.name, lambda: b.load(self.real, self.values, slot))
            return b.load(self.real, self.values, slot)
        found = "undef"
        for lane in range(self.at_once):
            one = b.load("double", self.values, self._operand(gate, k, lane))
            found = b.do(f"insertelement {self.real} {found}, double {one}, i32 {lane}")
        return found

    def _chosen(self, gate: str, nodes: Sequence[int]) -> str:
        """Return the node of the row that the gate is of."""
        name = self.printer.name(self.graph, nodes[0])
        for kind, node in zip(self.kinds[1:], nodes[1:], strict=True):
            is_it = self.builder.do(f"icmp eq i8 {self.builder.load('i8', self.kind_of, gate)}, {kind}")
            name = self.builder.choose(is_it, self.printer.name(self.graph, node), name, self.real)
        return name

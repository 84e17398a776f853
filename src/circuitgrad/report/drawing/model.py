"""The contents of a drawing: nodes, the segments of wires between them, and boxes around parts of a formula."""

from __future__ import annotations

from math import hypot, isfinite
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.report.drawing.collapsing import collapsed, family, prefixes, span
from circuitgrad.report.drawing.symbols import symbol
from circuitgrad.report.number_text import exact, rounded
from circuitgrad.report.wire_description import describe

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit

DIGITS = 4
"""How many significant digits a number in a drawing has."""
MOST_NESTED_BOXES = 3
INPUT, GATE, GROUP = "input", "gate", "group"


class Label(NamedTuple):
    """The texts along a wire.

    Attributes:
        value: the value, above it; empty where values are not wanted.
        gradient: the gradient, below it; empty where gradients are not wanted.
    """

    value: str
    gradient: str


class DrawingNode(NamedTuple):
    """An input, a gate, or several of these drawn as one.

    Attributes:
        key: the wire that it drives; for several, their common name.
        kind: `input`, `gate` or `group`.
        text: the text in it.
        caption: the text below it: the wire's name, unless that is generated.
        title: the text that a resting pointer shows.
        wires: the wires that leave it, or lie in it where none does.
        label: the texts along them.
        fixed: whether `optimize` leaves it alone.
        output: whether the output is among its wires.
        ordered: whether its operands cannot change places.
        boxes: the boxes that it stands in, outermost first.
    """

    key: str
    kind: str
    text: str
    caption: str
    title: str
    wires: tuple[str, ...]
    label: Label
    fixed: bool
    output: bool
    ordered: bool
    boxes: tuple[str, ...]


class Segment(NamedTuple):
    """A wire on its way from one node to another.

    Attributes:
        source: the node that it comes from, by its position.
        target: the node that it leads to.
        wire: the wire's name; for several, that of their node.
        to: the wire that the target drives.
        operand: which operand of the target it is, counted from 0.
        times: how many wires and operands it stands for.
        gradient: the target's contribution to the wire's gradient; of several, the root of the sum of squares.
        title: the text that a resting pointer shows.
    """

    source: int
    target: int
    wire: str
    to: str
    operand: int
    times: int
    gradient: float
    title: str


class Drawing(NamedTuple):
    """A circuit as it is drawn.

    Attributes:
        name: the circuit's name.
        about: its description.
        output: the wire that is differentiated.
        nodes: in topological order, inputs first.
        segments: the wires between them.
        boxes: the names of the boxes, outer ones first, each with the number of gates that stand in it.
        values: every wire's value.
        gradients: every wire's gradient.
        largest: the largest gradient, as a size; 0 where none is shown.
        note: a note on the collapsed wires, or nothing.
    """

    name: str
    about: str
    output: str
    nodes: Sequence[DrawingNode]
    segments: Sequence[Segment]
    boxes: Mapping[str, int]
    values: Mapping[str, float]
    gradients: Mapping[str, float]
    largest: float
    note: str

    def consumers(self) -> list[list[int]]:
        """Return, per node, the segments that leave it."""
        leaving: list[list[int]] = [[] for _ in self.nodes]
        for index, segment in enumerate(self.segments):
            leaving[segment.source].append(index)
        return leaving

    def operands(self) -> list[list[int]]:
        """Return, per node, the segments that enter it, in the order of the operands."""
        entering: list[list[int]] = [[] for _ in self.nodes]
        for index, segment in enumerate(self.segments):
            entering[segment.target].append(index)
        return [sorted(segments, key=lambda index: self.segments[index].operand) for segments in entering]

    def weight(self, gradient: float) -> float:
        """Return how thick a wire of that gradient is: from 0, without any, to 1, with the largest of the drawing.

        The square root brings gradients of several orders of magnitude under one roof.
        """
        if not isfinite(gradient):
            return 1.0
        return (abs(gradient) / self.largest) ** 0.5 if self.largest else 0.0


def drawing(
    circuit: Circuit,
    output: str | None = None,
    *,
    collapse: Collection[str] = ("auto",),
    digits: int = DIGITS,
    values: bool = True,
    gradients: bool = True,
) -> Drawing:
    """Return the drawing of a circuit, at its inputs' present values.

    Args:
        circuit: the circuit.
        output: the wire to differentiate; the circuit's output, or the first of them, when left out.
        collapse: the wires that are drawn as one node; see `collapsing.collapsed`.
        digits: how many significant digits the numbers have.
        values: whether values are shown.
        gradients: whether gradients are shown.

    Raises:
        CircuitError: there is no such wire.

    >>> from circuitgrad import from_expression
    >>> drawn = drawing(from_expression("sigmoid(2*a)", a=1))
    >>> [(node.text, node.label) for node in drawn.nodes]  # doctest: +NORMALIZE_WHITESPACE
    [('a', Label(value='1', gradient='0.21')), ('2 ×', Label(value='2', gradient='0.105')),
     ('σ', Label(value='0.8808', gradient='1'))]
    """
    collapse_keys, note = collapsed(circuit, collapse)
    target = circuit.outputs[0] if output is None else output
    slopes = circuit.backward(target)
    numbers = {name: circuit[name].value for name in circuit}
    return _Builder(circuit, target, collapse_keys, numbers, slopes, digits, values, gradients).drawing(note)


class _Builder:
    """Puts a drawing together."""

    def __init__(
        self,
        circuit: Circuit,
        output: str,
        keys: Sequence[str | None],
        numbers: Mapping[str, float],
        slopes: Mapping[str, float],
        digits: int,
        values: bool,
        gradients: bool,
    ) -> None:
        self.circuit, self.output, self.keys = circuit, output, keys
        self.numbers, self.slopes = numbers, slopes
        self.digits, self.values, self.gradients = digits, values, gradients
        self.slots: dict[str, list[int]] = {}
        for slot, key in enumerate(keys):
            if key is not None:
                self.slots.setdefault(key, []).append(slot)
        self.positions = {key: position for position, key in enumerate(self.slots)}
        self.names = [*circuit.input_names, *[""] * len(circuit.constants), *circuit.names]

    def drawing(self, note: str) -> Drawing:
        segments, leaving = self._segments()
        nodes = [self._node(key, slots, leaving[key]) for key, slots in self.slots.items()]
        boxes: dict[str, int] = {}
        for node in nodes:
            for box in node.boxes:
                boxes[box] = boxes.get(box, 0) + 1
        drawn = {box: count for box, count in boxes.items() if 1 < count < len(self.circuit.rules)}
        nodes = [node._replace(boxes=tuple(box for box in node.boxes if box in drawn)) for node in nodes]
        slopes = [*self.slopes.values(), *(segment.gradient for segment in segments)] if self.gradients else []
        circuit = self.circuit
        return Drawing(
            circuit.name,
            circuit.about,
            self.output,
            nodes,
            segments,
            dict(sorted(drawn.items(), key=lambda item: item[0].count("."))),
            self.numbers,
            self.slopes,
            max((abs(slope) for slope in slopes if isfinite(slope)), default=0.0),
            note,
        )

    def _segments(self) -> tuple[list[Segment], dict[str, list[int]]]:
        """Return the segments, and per node the slots whose wires leave it."""
        first, keys = self.circuit.first_gate, self.keys
        bundles: dict[tuple[str, str, int], list[tuple[int, int, int, float]]] = {}
        leaving: dict[str, dict[int, None]] = {key: {} for key in self.slots}
        for index, operands in enumerate(self.circuit.operands):
            target = keys[first + index] or ""
            gradients = self._contributions(index)
            for operand, slot in enumerate(operands):
                source = keys[slot]
                if source is None or source == target:
                    continue
                leaving[source][slot] = None
                # The operands of a lone gate keep apart.
                apart = operand if len(self.slots[target]) == 1 else -1
                bundles.setdefault((source, target, apart), []).append((slot, index, operand, gradients[operand]))
        segments = []
        for (source, target, _), wires in bundles.items():
            slot, index, operand, gradient = wires[0]
            same = len({source_slot for source_slot, *_ in wires}) == 1
            name = self.names[slot] if same else source
            to = self.circuit.names[index] if len(wires) == 1 else target
            total = gradient if len(wires) == 1 else hypot(*(contribution for *_, contribution in wires))
            lines = [f"{name} → {to}" + (f", {len(wires):,} times" if len(wires) > 1 else "")]
            lines += self._numbers(name) if same else []
            if self.gradients:
                subject = "gradient that comes" if len(wires) == 1 else "gradients that come, as one length,"
                lines.append(f"{subject} back here {exact(total)}")
            title = "\n".join(lines)
            segment = Segment(
                self.positions[source], self.positions[target], name, to, operand, len(wires), total, title
            )
            segments.append(segment)
        return segments, {key: list(slots) for key, slots in leaving.items()}

    def _contributions(self, index: int) -> Sequence[float]:
        """Return a gate's contributions to the gradients of its operands."""
        gate = self.circuit.gates[index]
        return gate.contributions(gate.out.grad, gate.out.value, [unit.value for unit in gate.operands])

    def _node(self, key: str, slots: Sequence[int], leaving: Sequence[int]) -> DrawingNode:
        output = any(self.names[slot] in self.circuit.outputs or self.names[slot] == self.output for slot in slots)
        outlets = leaving or [slot for slot in slots if self.names[slot] == self.output] or slots[-1:]
        alone = len(slots) == 1
        kind = INPUT if slots[-1] < len(self.circuit.inputs) else GATE if alone else GROUP
        text, caption = self._alone(slots[0]) if alone else self._several(key, slots, kind)
        inputs = self.circuit.inputs
        wires = tuple(self.names[slot] for slot in outlets)
        return DrawingNode(
            key if not alone else self.names[slots[0]],
            kind,
            text,
            caption,
            self._title(key, slots),
            wires,
            self._label(wires),
            kind == INPUT and all(inputs[self.names[slot]].fixed for slot in slots),
            output,
            kind == GATE and not self.circuit.rules[slots[0] - self.circuit.first_gate].folds,
            self._boxes(key, slots),
        )

    def _boxes(self, key: str, slots: Sequence[int]) -> tuple[str, ...]:
        if slots[-1] < len(self.circuit.inputs):
            return ()
        # The wire whose formula it is stands in the box, too.
        return (*prefixes(key), *[key] * (len(slots) == 1))[:MOST_NESTED_BOXES]

    def _alone(self, slot: int) -> tuple[str, str]:
        """Return the text in a node of a single wire, and the caption below it."""
        circuit, name = self.circuit, self.names[slot]
        if slot < len(circuit.inputs):
            return name, ""
        index = slot - circuit.first_gate
        numbers = [
            circuit.constants[operand - len(circuit.inputs)] if circuit.is_constant(operand) else None
            for operand in circuit.operands[index]
        ]
        # The box of a definition has the first part of a name in it, n.by; numbers are generated names.
        last = name.rpartition(".")[2]
        return symbol(circuit.rules[index], numbers, self.digits), "" if last.isdecimal() else last

    def _several(self, key: str, slots: Sequence[int], kind: str) -> tuple[str, str]:
        """Return the text in a node of several wires, and the caption below it."""
        names = [self.names[slot] for slot in slots]
        if kind == INPUT:
            return (span(names) if family(names[0]) == key else key), f"{len(slots):,} inputs"
        gates = [slot - self.circuit.first_gate for slot in slots if slot >= self.circuit.first_gate]
        if family(names[0]) != key:
            rule = self.circuit.rules[gates[-1]].name
            return key, f"{rule}, {len(gates):,} gates" if key in self.numbers else f"{len(gates):,} gates"
        members = [gate for gate in gates if "." not in self.circuit.names[gate]]
        rules = {self.circuit.rules[gate].name for gate in members}
        prefix = f"{rules.pop()} " if len(rules) == 1 else ""
        return span(names), f"{prefix}×{len(members)}" + (
            f", {len(gates):,} gates" if len(gates) > len(members) else ""
        )

    def _title(self, key: str, slots: Sequence[int]) -> str:
        """Return the title of a node: its wire in full, or how many wires it has."""
        if len(slots) > 1:
            return f"{key}: {len(slots):,} wires"
        name = self.names[slots[0]]
        lines = [f"{name}: {describe(self.circuit, slots[0], expanded=True)}"]
        about = self.circuit.inputs[name].about if name in self.circuit.inputs else ""
        if about:
            lines.append(about)
        return "\n".join([*lines, *self._numbers(name)])

    def _numbers(self, name: str) -> list[str]:
        """Return a wire's value and gradient in full, as far as they are wanted."""
        value = [f"value {exact(self.numbers[name])}"] if self.values else []
        return value + ([f"gradient {exact(self.slopes[name])}"] if self.gradients else [])

    def _label(self, wires: Sequence[str]) -> Label:
        def text(numbers: Mapping[str, float], *, wanted: bool) -> str:
            if not wanted:
                return ""
            shown = [numbers[name] for name in wires]
            low, high = rounded(min(shown), self.digits), rounded(max(shown), self.digits)
            if any(number != number for number in shown):
                return "nan"
            return low if low == high else f"{low} … {high}"

        return Label(text(self.numbers, wanted=self.values), text(self.slopes, wanted=self.gradients))

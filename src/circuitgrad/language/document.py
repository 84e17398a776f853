"""A circuit file's keys: what stands under each, read into wires."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.rows_options import FOUND
from circuitgrad.circuit.structure import Input
from circuitgrad.errors import CircuitError, quote, visible
from circuitgrad.files import STANDARD_INPUT
from circuitgrad.formulas.names import normalise
from circuitgrad.language.expansion import Expander
from circuitgrad.language.families import normal_numbers, uniform_numbers
from circuitgrad.language.fields import NumbersType, NumberType
from circuitgrad.language.format import FAMILY, FILE, INPUT
from circuitgrad.language.nodes import Mapping, NodeProblems, Scalar, Sequence, kind
from circuitgrad.language.scope import Scope
from circuitgrad.language.wires import MOST_WIRES, Wires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.circuit.rows_options import RowsOptions
    from circuitgrad.errors import Place, Source
    from circuitgrad.language.definition import Definition, Library
    from circuitgrad.language.families import Header
    from circuitgrad.language.nodes import Listener, Node

    Locate = Callable[[str], Place | None]


def read_document(
    root: Node,
    source: Source,
    name: str,
    *,
    folder: str = "",
    library: Library | None = None,
    locate: Locate | None = None,
    share: bool = True,
    limit: int = MOST_WIRES,
    listen: Listener | None = None,
) -> Circuit:
    """Return the circuit that a document describes.

    Args:
        root: the document.
        source: the text that it was read from, for places in messages.
        name: what to call the circuit if the document does not say.
        folder: the folder that the path of its data is relative to.
        library: returns the definitions of a file that `use` names; without it there is none.
        locate: returns the place of a wire, where the document does not know it.
        share: whether gates inside formulas that compute the same become one.
        limit: how many wires there may be.
        listen: is told how many there are.

    Raises:
        CircuitError: with everything that is wrong with the document.
    """
    document = _Document(NodeProblems(source), limit, listen)
    return document.read(root, name, folder, library, locate, share=share)


class _Document:
    def __init__(self, problems: NodeProblems, limit: int, listen: Listener | None) -> None:
        self.problems = problems
        self.wires = Wires(problems, limit, listen)
        self.scope = Scope(self.wires, problems)

    def read(
        self, root: Node, name: str, folder: str, library: Library | None, locate: Locate | None, *, share: bool
    ) -> Circuit:
        root = as_mapping(root, self.problems)
        keys = FILE.read(root, self.problems, "")
        definitions: dict[str, Definition] = {}
        expander = Expander(self.wires, definitions)
        if keys.get("define") or keys.get("use"):
            from circuitgrad.language.define_block import read_definitions
            from circuitgrad.language.settling import Settler

            definitions = read_definitions(keys, self.problems, library)
            settler = Settler(definitions, self.wires)
            settler.settle_all()
            expander = Expander(self.wires, definitions, settler.families, settle=settler.settle)
        self.inputs(keys.get("inputs", ()))
        if "gates" in keys:
            self.gates(root, keys["gates"], expander)
        outputs = self.outputs(keys.get("output"), root)
        expect = self.expect(keys.get("expect", ()))
        optimize = self.optimization(keys.get("optimize"))
        kept = expect if optimize is None or optimize.output is None else [*expect, optimize.output]
        data, rows_options = self.data(keys.get("data"))
        self.scope.refuse_cycles()
        self.problems.stop()
        del self.scope  # it may be as large as the circuit
        return self.wires.circuit(
            keys.get("name") or name,
            outputs,
            about=keys.get("about", ""),
            expect=expect,
            data=data if data in (None, STANDARD_INPUT) else os.path.join(folder, data),  # noqa: PTH118
            rows_options=rows_options,
            optimize=optimize,
            locate=locate,
            kept=kept,
            share=share,
        )

    def data(self, node: Node | None) -> tuple[str | None, RowsOptions]:
        """Return the path of the rows, and how they are read."""
        if node is None or type(node) is Scalar:
            return (node.text.encode("utf-8", "replace").decode() if node else "") or None, FOUND
        if not isinstance(node, Mapping):
            self.problems.add(node, f"'data' is a file or a mapping, not {kind(node)}")
            return None, FOUND
        from circuitgrad.language.data_block import read_data_block

        file, options = read_data_block(node, self.problems)
        return file or None, options

    def inputs(self, entries: Iterable[tuple[Scalar, Node]]) -> None:
        for key, node in entries:
            declared = self.scope.declare(key)
            if not declared:
                continue
            family = self.scope.families.get(declared[0].name.partition("[")[0])
            if family is None:
                self.wires.inputs.append(self.input(declared[0].name, node))
            else:
                self.wires.inputs.extend(self.family(family.headers[-1], node))

    def input(self, name: str, node: Node) -> Input:
        what = f"the value of {quote(name)}"
        if type(node) is not Mapping:
            return Input(name, NumberType().read(node, self.problems, what))
        problems_before = len(self.problems)
        fields = INPUT.read(node, self.problems, quote(name))
        if len(self.problems) == problems_before:
            self.bounds(name, fields, [fields["value"]], node)
        return Input(name, **{"value": 0.0, **fields})

    def family(self, header: Header, node: Node) -> list[Input]:
        """Return a family's inputs, with one value for all, a list of values, or random ones."""
        problems_before = len(self.problems)
        fields: dict[str, Any] = {}
        if type(node) is Mapping:
            fields = FAMILY.read(node, self.problems, quote(header.name))
            values = self.family_values(header, fields)
        else:
            values = self.flat_values(
                header, NumbersType().read(node, self.problems, f"the value of {quote(header.name)}")
            )
        common: dict[str, Any] = {key: fields[key] for key in ("fixed", "min", "max", "about") if key in fields}
        if len(self.problems) == problems_before:
            self.bounds(header.name, common, values, node)
        names = (name for name, _ in header.members())
        return [Input(name, value, **common) for name, value in zip(names, values, strict=True)]

    def family_values(self, header: Header, fields: dict[str, Any]) -> list[float]:
        seed = fields.get("seed", 0)
        if "normal" in fields:
            return list(islice(normal_numbers(header.name, seed, fields["normal"]), header.size))
        if "uniform" in fields:
            ends = fields["uniform"]
            if type(ends) is not Sequence or len(ends) != 2:
                self.problems.add(ends, "the two ends of the uniform distribution are wanted here", "[low, high]")
                return [0.0] * header.size
            what = f"an end of the values of {quote(header.name)}"
            low, high = (NumberType().read(end, self.problems, what) for end in ends)
            return list(islice(uniform_numbers(header.name, seed, low, high), header.size))
        return self.flat_values(header, fields.get("value", 0.0))

    def flat_values(self, header: Header, values: Any) -> list[float]:
        """Return the values of a nested list as a flat list, the last subscript fastest."""
        if not isinstance(values, tuple):
            return [values] * header.size
        flat: list[Any] = [values]
        for bounds in header.ranges:
            deeper: list[Any] = []
            for value in flat:
                node, items = value if isinstance(value, tuple) else (None, [])
                length = bounds.high - bounds.low
                if len(items) != length:
                    given = str(len(items)) if node is not None else "a number"
                    at = node if node is not None else values[0]
                    hint = None
                    if length == 1 and len(items) > 1 and len(header.ranges) == 1:
                        hint = f"{bounds} alone is one member; write {visible(header.name)}[0:{len(items)}]"
                    message = f"{bounds} of {quote(header.name)} takes a list of {length}, not {given}"
                    self.problems.add(at, message, hint)
                    return [0.0] * header.size
                deeper.extend(items)
            flat = deeper
        for value in flat:
            if isinstance(value, tuple):
                self.problems.add(value[0], f"{quote(header.name)} has no further subscript for this list")
                return [0.0] * header.size
        return flat

    def bounds(self, name: str, fields: dict[str, Any], values: list[float], node: Node) -> None:
        """Note bounds that contradict one another or the values."""
        low, high = fields.get("min", float("-inf")), fields.get("max", float("inf"))
        places = {key.text: value for key, value in node} if type(node) is Mapping else {}
        if low > high:
            self.problems.add(places["max"], f"the 'max' of {quote(name)} is less than its 'min'")
        elif any(not low <= value <= high and value == value for value in values):
            which = "the value" if len(values) == 1 else "a value"
            message = f"{which} of {quote(name)} is not between its 'min' and its 'max'"
            self.problems.add(places.get("value", node), message)

    def gates(self, root: Mapping, entries: list[tuple[Scalar, Node]], expander: Expander) -> None:
        if not entries and not self.problems.entries:
            node = next(node for key, node in root if key.text == "gates")
            self.problems.add(node, "a circuit needs at least one gate")
        expander.connect_all(self.scope, entries)

    def outputs(self, nodes: list[Scalar] | None, root: Node) -> list[str]:
        if nodes is not None:
            names = [self.wire(node) for node in nodes]
            seen: set[str] = set()
            for node, name in zip(nodes, names, strict=True):
                if name and name in seen:
                    self.problems.add(node, f"the output {quote(name)} is named twice")
                seen.add(name)
            return names
        sinks = self.scope.sinks()
        # Without any sink the gates form a cycle, which is reported as such.
        if len(sinks) > 1 and not self.problems.entries:
            listed = ", ".join(map(quote, sinks[:8])) + (", …" if len(sinks) > 8 else "")
            self.problems.add(root, f"several wires feed no other: {listed}", "choose one with 'output: NAME'")
        return sinks

    def expect(self, entries: Iterable[tuple[Scalar, Node]]) -> dict[str, float]:
        expected: dict[str, float] = {}
        for key, node in entries:
            name = self.wire(key)
            if name in expected:
                self.problems.add(key, f"a value of {quote(name)} is expected twice")
            expected[name] = NumberType().read(node, self.problems, f"the expected value of {quote(name)}")
        return expected

    def optimization(self, node: Node | None) -> Optimization | None:
        if node is None:
            return None
        from circuitgrad.language.optimize_block import read_optimization

        return read_optimization(node, self.problems, self.wire)

    def wire(self, node: Scalar) -> str:
        """Return the name of a wire that exists, or an empty text."""
        name, scope = normalise(node.text), self.scope
        if not name or name in scope.numbers or name in scope.refused or self.wires.find(name) is not None:
            return name
        if name in scope.families:
            self.problems.add(node, *scope.families[name].no_wire())
            return ""
        base = name.partition("[")[0]
        declared = f"declared: {scope.families[base].declaration()}" if base in scope.families else None
        self.problems.add(node, f"no wire is called {quote(name)}", declared or self.problems.near(name, scope.numbers))
        return ""


def as_mapping(root: Node, problems: NodeProblems) -> Mapping:
    """Return the document itself if it is a mapping, as circuit files are.

    Raises:
        CircuitError: it is not.
    """
    if type(root) is not Mapping:
        message = f"a circuit file is a mapping, not {kind(root)}"
        raise CircuitError.of(message, problems.place(root), "it begins with 'inputs:'")
    return root

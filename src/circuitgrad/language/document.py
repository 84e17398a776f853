"""A circuit file's keys: what stands under each, read into an assembly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from circuitgrad.circuit import Circuit, Input
from circuitgrad.errors import quote, visible
from circuitgrad.expression import normalise, read_number
from circuitgrad.language.assembly import Assembly
from circuitgrad.language.nodes import Mapping, Problems, Scalar, Sequence, kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from circuitgrad.errors import Source
    from circuitgrad.language.nodes import Node

KEYS = {
    "name": "what the circuit is called; the file's name when left out",
    "about": "what it computes, in words",
    "inputs": "the leaves and their values",
    "gates": "the wires and what computes them",
    "output": "the wire, or the list of wires, to differentiate",
    "expect": "values that check verifies, by wire",
}
"""The keys of a circuit file, with what stands under each."""

NO_SPACE = re.compile(r"[^\W\d]\w*:\S").match
THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?").fullmatch
MERGE = "merge keys are not part of the circuit format; write the entries out"

INPUT_KEYS = {
    "value": "the value to start from",
    "fixed": "true for an input that optimize leaves alone",
    "min": "the least value that optimize may give it",
    "max": "the largest",
    "about": "what it is, in words",
}
"""The keys of an input that is written as a mapping."""


def read_document(root: Node, source: Source, name: str) -> Circuit:
    """Return the circuit that a document describes.

    Args:
        root: the document.
        source: the text that it was read from, for places in messages.
        name: what to call the circuit if the document does not say.

    Raises:
        CircuitError: with everything that is wrong with the document.
    """
    return _Document(Problems(source)).read(root, name)


class _Document:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.assembly = Assembly(problems)

    def read(self, root: Node, name: str) -> Circuit:
        if type(root) is not Mapping:
            self.problems.add(root, f"a circuit file is a mapping, not {kind(root)}", "it begins with 'inputs:'")
            self.problems.stop()
            raise AssertionError
        keys = self.fields(root, KEYS, "a circuit file")
        self.inputs(keys.get("inputs"))
        if "gates" not in keys:
            self.problems.add(root, "a circuit needs 'gates:'", "circuitgrad gates lists them")
        else:
            self.gates(keys["gates"])
        outputs = self.outputs(keys.get("output"), root)
        expect = self.expect(keys.get("expect"))
        about = self.text(keys.get("about"))
        return self.assembly.circuit(self.text(keys.get("name")) or name, outputs, about, expect)

    # Sections

    def inputs(self, node: Node | None) -> None:
        for key, value in self.entries(node, "inputs"):
            name = self.assembly.declare(key)
            if name is not None:
                self.assembly.add_input(self.input(name, value))

    def input(self, name: str, node: Node) -> Input:
        if type(node) is not Mapping:
            return Input(name, self.number(node, f"the value of {quote(name)}"))
        fields = self.fields(node, INPUT_KEYS, "an input")
        if "value" not in fields:
            self.problems.add(node, f"the input {quote(name)} has no 'value'")
            return Input(name, 0.0)
        numbers = {
            key: self.number(fields[key], f"{quote(key)} of {quote(name)}")
            for key in ("value", "min", "max")
            if key in fields
        }
        leaf = Input(name, fixed=self.flag(fields.get("fixed")), about=self.text(fields.get("about")), **numbers)
        if leaf.min > leaf.max:
            self.problems.add(fields["max"], f"the 'max' of {quote(name)} is less than its 'min'")
        elif not leaf.min <= leaf.value <= leaf.max and leaf.value == leaf.value:
            message = f"the value of {quote(name)} is not between its 'min' and its 'max'"
            self.problems.add(fields["value"], message)
        return leaf

    def gates(self, node: Node) -> None:
        declared = [
            (name, value)
            for key, value in self.entries(node, "gates")
            if (name := self.assembly.declare(key)) is not None
        ]
        if (type(node) is Mapping and not node) or (type(node) is Scalar and not node.text):
            self.problems.add(node, "a circuit needs at least one gate")
        for name, value in declared:
            self.gate(name, value)

    def gate(self, name: str, node: Node) -> None:
        if type(node) is Scalar and node.text:
            self.assembly.connect_formula(name, node)
        elif type(node) is Mapping and len(node) == 1:
            gate, operands = node[0]
            self.assembly.connect(name, gate, operands if type(operands) is Sequence else [operands])
        elif type(node) is Mapping and len(node) > 1 and type(node[1][1]) is Scalar and not node[1][1].text:
            hint = f"write {{{visible(node[0][0].text)}: [a, b]}}"
            self.problems.add(node[1][0], f"the operands of {quote(name)} need a list around them", hint)
        elif type(node) is Mapping and len(node) > 1:
            self.problems.add(node[1][0], f"the gate of {quote(name)} is given twice", "a wire has one gate")
        else:
            hint = "write {gate: [operands]}, or a formula"
            self.problems.add(node, f"{quote(name)} needs a gate, not {kind(node)}", hint)

    def outputs(self, node: Node | None, root: Mapping) -> list[str]:
        if node is not None:
            nodes = node if type(node) is Sequence else [node]
            names = [self.wire(item) for item in nodes]
            if not nodes:
                self.problems.add(node, "an empty list of outputs")
            seen: set[str] = set()
            for item, name in zip(nodes, names, strict=True):
                if name and name in seen:
                    self.problems.add(item, f"the output {quote(name)} is named twice")
                seen.add(name)
            return names
        sinks = self.assembly.sinks()
        # Without any sink the gates form a cycle, which is reported as such.
        if len(sinks) > 1 and not self.problems.found:
            listed = ", ".join(map(quote, sinks[:8])) + (", …" if len(sinks) > 8 else "")
            self.problems.add(root, f"several wires feed no other: {listed}", "choose one with 'output: NAME'")
        return sinks

    def expect(self, node: Node | None) -> dict[str, float]:
        expected: dict[str, float] = {}
        for key, value in self.entries(node, "expect"):
            name = self.wire(key)
            if name in expected:
                self.problems.add(key, f"a value of {quote(name)} is expected twice")
            expected[name] = self.number(value, f"the expected value of {quote(name)}")
        return expected

    # Values

    def entries(self, node: Node | None, section: str) -> Iterable[tuple[Scalar, Node]]:
        """Return a section's pairs; a section that is left out or left empty has none."""
        if node is None or (type(node) is Scalar and not node.text):
            return []
        if type(node) is not Mapping:
            hint = "write 'name: value'"
            if type(node) is Sequence:
                hint = "write 'name: value', with no - before it"
            elif type(node) is Scalar and NO_SPACE(node.text):
                hint = "a colon needs a space behind it"
            self.problems.add(node, f"{quote(section)} is a mapping of names, not {kind(node)}", hint)
            return []
        return node

    def fields(self, node: Mapping, known: Iterable[str], what: str) -> dict[str, Node]:
        """Return the values of known keys; unknown and repeated ones are problems."""
        fields: dict[str, Node] = {}
        for key, value in node:
            if key.text not in known:
                hint = self.problems.near(key.text, known) or f"the keys are {', '.join(known)}"
                self.problems.add(key, f"{what} has no key {quote(key.text)}", MERGE if key.text == "<<" else hint)
            elif key.text in fields:
                self.problems.add(key, f"the key {quote(key.text)} stands here a second time")
            else:
                fields[key.text] = value
        return fields

    def wire(self, node: Node) -> str:
        """Return the name of a wire that exists, or an empty text."""
        if type(node) is not Scalar or not node.text:
            self.problems.add(node, f"the name of a wire is wanted, not {kind(node)}")
            return ""
        name = normalise(node.text)
        if not self.assembly.knows(name):
            self.problems.add(node, f"no wire is called {quote(name)}", self.problems.near(name, self.assembly.ids))
        return name

    def number(self, node: Node, what: str) -> float:
        """Return a number, or 0 after noting the problem."""
        if type(node) is not Scalar:
            self.problems.add(node, f"{what} is a number, not {kind(node)}")
            return 0.0
        try:
            value = read_number(node.text)
        except ValueError as error:
            self.problems.add(node, str(error))
            return 0.0
        if value is None:
            hint = None
            if THOUSANDS(node.text):
                hint = f"write {node.text.replace(',', '')}"
            elif "," in node.text:
                hint = "a decimal point is written '.'"
            elif any(sign in node.text for sign in "*/+("):
                hint = "a formula is a gate: it belongs under 'gates'"
            message = f"{what} is not a number: {quote(node.text)}" if node.text else f"{what} is missing"
            self.problems.add(node, message, hint)
        return 0.0 if value is None else value

    def flag(self, node: Node | None) -> bool:
        """Return true or false, or false after noting the problem."""
        if node is None:
            return False
        word = node.text.lower() if type(node) is Scalar else ""
        if word not in ("true", "false"):
            hint = {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}.get(word)
            self.problems.add(node, "true or false is wanted here", hint)
        return word == "true"

    def text(self, node: Node | None) -> str:
        """Return a text, or an empty one after noting the problem."""
        if node is None:
            return ""
        if type(node) is not Scalar:
            self.problems.add(node, f"a text is wanted here, not {kind(node)}")
            return ""
        return node.text.encode("utf-8", "replace").decode()  # JSON can spell half a character

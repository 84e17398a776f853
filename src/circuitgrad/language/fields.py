"""What may stand in a place of a circuit file.

A type reads what stands there as Python data, or notes what is wrong; `schema` returns the same in the words of JSON
Schema, draft 7.
"""

from __future__ import annotations

import re
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from circuitgrad.errors import quote, visible
from circuitgrad.formulas.numerals import DECIMAL, SPECIAL, read_number
from circuitgrad.language.names import NO_BREAK, NO_BREAK_HINT
from circuitgrad.language.nodes import Mapping, Scalar, Sequence, kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Values

    from circuitgrad.language.nodes import Node, NodeProblems

Json: TypeAlias = "dict[str, Any]"


MERGE = "merge keys are not part of the circuit format; write the entries out"


NAME = r"[^\s\d\[\](){}:,\"'#&*!|>%@`+/<=^~?;\\.$-][^\s\[\](){}:,\"'#&*!|>%@`+/<=^~?;\\.$-]*"
"""A name, as far as an editor can tell."""


MEMBERS = rf"^{NAME} *\[.*\] *$"


_NO_SPACE = re.compile(r"[^\W\d]\w*:\S").match


_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?").fullmatch


_TEXT: Json = {"type": ["string", "number", "boolean"]}


class TextType:
    """A text of any kind."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> str:
        """Return the text, or an empty one after noting the problem."""
        if type(node) is not Scalar:
            problems.add(node, f"{what} is a text, not {kind(node)}")
            return ""
        return node.text.encode("utf-8", "replace").decode()  # JSON can spell half a character

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return {"type": ["string", "number", "boolean", "null"]}


class NumberType:
    """A number as a person reads it: JSON's, or in a text what `read_number` takes."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> float:
        """Return the number, or 0 after noting the problem."""
        if type(node) is not Scalar:
            problems.add(node, f"{what} is a number, not {kind(node)}")
            return 0.0
        try:
            value = read_number(node.text)
        except ValueError as error:
            problems.add(node, str(error))
            return 0.0
        if value is None:
            message = f"{what} is not a number: {quote(node.text)}" if node.text else f"{what} is missing"
            problems.add(node, message, self._hint(node.text))
        return 0.0 if value is None else value

    @staticmethod
    def _hint(text: str) -> str | None:
        if _THOUSANDS(text):
            return f"write {text.replace(',', '')}"
        if text.startswith(("\u2212", "\u2013")):  # a minus sign, a dash
            return "a minus sign is the hyphen of the keyboard, -"
        if "," in text:
            return "a decimal point is written '.'"
        return "a formula is a gate: it belongs under 'gates'" if any(sign in text for sign in "*/+(") else None

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": rf"^\s*(?:{DECIMAL}|{SPECIAL})\s*$"}]}


class WholeType:
    """A whole number."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> int:
        """Return the number, or 0 after noting the problem."""
        problems_before = len(problems)
        value = NumberType().read(node, problems, what)
        if len(problems) == problems_before and value != value // 1:
            problems.add(node, f"{what} is a whole number, not {value!r}")
            return 0
        return int(value) if value == value // 1 else 0

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        pattern = r"^\s*[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.0*)?(?:[eE]\+?[0-9]{1,2})?\s*$"
        return {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": pattern}]}


class NumbersType:
    """A number for all members of a family, or a list of one for each, nested as the family's ranges are."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> Any:
        """Return a number, or a pair of a list's node and what its items are read as."""
        if type(node) is Sequence:
            return node, [self.read(item, problems, what) for item in node]
        return NumberType().read(node, problems, what)

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return {"anyOf": [{"$ref": "#/definitions/number"}, {"$ref": "#/definitions/numbers"}]}


class FlagType:
    """True or false."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> bool:
        """Return the flag, or false after noting the problem."""
        word = node.text.lower() if type(node) is Scalar else ""
        if word not in ("true", "false"):
            hint = {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}.get(word)
            problems.add(node, f"{what} is true or false", hint)
        return word == "true"

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        words = r"^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"
        return {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": words}]}


class FormulaType:
    """A formula, a wire's name or a number; what it means is found out later."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> Scalar:
        """Return the node, or one without a text after noting the problem."""
        if type(node) is not Scalar or not node.text:
            problems.add(node, f"{what} is a name or a formula, not {kind(node)}")
            return Scalar("")
        return node

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return {**_TEXT, "minLength": 1}


class OperandType(FormulaType):
    """The name of a definition's operand."""

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return {"type": "string", "pattern": rf"^{NAME} *(?:\[.*\] *)?$"}


class ListType(NamedTuple):
    """A list of things of one type; a single thing may stand without the list."""

    item: FormulaType
    single: bool = True

    def read(self, node: Node, problems: NodeProblems, what: str) -> list[Scalar]:
        """Return the items."""
        if type(node) is not Sequence:
            if not self.single:
                problems.add(node, f"{what} is a list, not {kind(node)}")
                return []
            return [self.item.read(node, problems, what)]
        if not node:
            problems.add(node, f"{what} is an empty list")
        return [self.item.read(item, problems, what) for item in node]

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        several = {"type": "array", "items": self.item.schema(), "minItems": 1}
        return {"anyOf": [self.item.schema(), several]} if self.single else several


class AnyType:
    """A node that is read later, by another type."""

    def __init__(self, schema: Json) -> None:
        self._schema = schema

    def read(self, node: Node, _problems: NodeProblems, _what: str) -> Node:
        """Return the node."""
        return node

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return self._schema


class SectionType:
    """A mapping of names to things of one type; members of families may have another type."""

    def __init__(self, entry: Json, members: Json | None = None, keys: str = rf"^ *{NAME} *(?:\[.*\] *)?$") -> None:
        self.entry = entry
        self.members = members
        self.keys = keys

    def read(self, node: Node, problems: NodeProblems, what: str) -> list[tuple[Scalar, Node]]:
        """Return the pairs; a section that is left empty has none."""
        if type(node) is Scalar and not node.text:
            return []
        if not isinstance(node, Mapping):
            hint = "write 'name: value'"
            if type(node) is Scalar and NO_BREAK in node.text:
                hint = NO_BREAK_HINT
            elif type(node) is Sequence:
                hint = "write 'name: value', with no - before it"
            elif type(node) is Scalar and _NO_SPACE(node.text):
                hint = "a colon needs a space behind it"
            problems.add(node, f"{what} is a mapping of names, not {kind(node)}", hint)
            return []
        return node

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        schema: Json = {
            "type": ["object", "null"],
            "propertyNames": {"pattern": self.keys},
            "additionalProperties": self.entry,
        }
        if self.members is not None:
            schema["patternProperties"] = {MEMBERS: self.members}
        return schema


class FieldType(Protocol):
    """What may stand in a place."""

    def read(self, node: Node, problems: NodeProblems, what: str, /) -> Any:
        """Return what stands there as Python data, or what may stand for it after noting what is wrong."""

    def schema(self) -> Json:
        """Return the type in JSON Schema."""


class Field(NamedTuple):
    """A key of a mapping: the type of its content, and a few words of help."""

    content: FieldType
    about: str
    required: bool = False


class MappingType(NamedTuple):
    """A mapping with known keys.

    Attributes:
        what: what a person calls it.
        fields: the keys.
        hints: per unknown key, what to say of it.
        exclusive: keys of which one alone may stand there.
        least: keys of which one has to stand there.
        beside: per key, those of which one has to stand beside it.
    """

    what: str
    fields: Values[str, Field]
    hints: Values[str, str] | None = None
    exclusive: Iterable[str] = ()
    least: Iterable[str] = ()
    beside: Values[str, Iterable[str]] = MappingProxyType({})

    def read(self, node: Node, problems: NodeProblems, what: str) -> dict[str, Any]:
        """Return what stands under each known key; unknown, repeated and missing ones are problems."""
        values: dict[str, Any] = {}
        keys: dict[str, Scalar] = {}
        empty = ""  # the section before this key that has no entries
        if not isinstance(node, Mapping):
            problems.add(node, f"{what or self.what} is a mapping, not {kind(node)}")
            return values
        for key, value in node:
            name = key.text
            if name not in self.fields:
                problems.add(key, f"{self.what} has no key {quote(name)}", self._hint(name, problems, empty))
            elif name in keys:
                problems.add(key, f"the key {quote(name)} stands here a second time")
            else:
                is_section = isinstance(self.fields[name].content, SectionType)
                empty = name if is_section and type(value) is Scalar and not value.text else ""
                keys[name] = key
                called = f"the {name} of {what}" if what else quote(name)
                values[name] = self.fields[name].content.read(value, problems, called)
        least = list(self.least)
        if all(key.text in self.fields for key, _ in node):  # a key that is missing may be there, misspelt
            for name, entry in self.fields.items():
                if entry.required and name not in values:
                    problems.add(node, f"{what or self.what} has no {quote(name)}", entry.about)
            if least and not any(name in keys for name in least):
                problems.add(node, f"{what or self.what} needs {_either(least)}")
        for name, partners in self.beside.items():
            if name in keys and not any(partner in keys for partner in partners):
                problems.add(keys[name], f"{quote(name)} without {_either(partners)}")
        rivals = [name for name in self.exclusive if name in keys]
        if len(rivals) > 1:
            problems.add(keys[rivals[1]], f"{quote(rivals[0])} and {quote(rivals[1])} exclude one another")
        return values

    def _hint(self, name: str, problems: NodeProblems, empty: str) -> str:
        if name == "<<":
            return MERGE
        if self.hints and name in self.hints:
            return self.hints[name]
        if NO_BREAK in name:
            return NO_BREAK_HINT
        near = problems.near(name, self.fields)
        if empty:
            return "; ".join(filter(None, [f"indent it, if it belongs to {quote(empty)}", near]))
        return near or f"the keys are {', '.join(map(visible, self.fields))}"

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        schema: Json = {
            "type": "object",
            "properties": {
                name: {**entry.content.schema(), "description": entry.about} for name, entry in self.fields.items()
            },
            "additionalProperties": False,
        }
        required = [name for name, entry in self.fields.items() if entry.required]
        if required:
            schema["required"] = required
        rivals = list(self.exclusive)
        pairs = [list(pair) for pair in combinations(rivals, 2)]
        if pairs:
            schema["not"] = {"anyOf": [{"required": pair} for pair in pairs]}
        if self.least:
            schema["anyOf"] = [{"required": [name]} for name in self.least]
        if self.beside:
            schema["dependencies"] = {
                name: {"anyOf": [{"required": [partner]} for partner in partners]}
                for name, partners in self.beside.items()
            }
        return schema


def _either(names: Iterable[str]) -> str:
    *most, last = map(quote, names)
    return f"{', '.join(most)} or {last}" if most else last

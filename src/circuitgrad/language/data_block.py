"""The `data` block of a circuit file: the file of the rows, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.circuit.rows_options import SETTINGS, RowsOptions
from circuitgrad.errors import quote
from circuitgrad.formulas.names import normalise
from circuitgrad.language.fields import Field, MappingType, TextType
from circuitgrad.language.nodes import Mapping, Scalar, Sequence, kind

if TYPE_CHECKING:
    from circuitgrad.circuit.rows_options import RowsSetting
    from circuitgrad.language.fields import FieldType, Json
    from circuitgrad.language.nodes import Node, NodeProblems


class OptionType(NamedTuple):
    """One option of the reading of rows."""

    setting: RowsSetting

    def read(self, node: Node, problems: NodeProblems, what: str) -> Any:
        """Return the value, or None after noting the problem."""
        if self.setting.several:
            items = list(node) if type(node) is Sequence else [node]
            return tuple(text for item in items if (text := self._read(item, problems, what)) is not None)
        return self._read(node, problems, what)

    def _read(self, node: Node, problems: NodeProblems, what: str) -> str | None:
        if type(node) is not Scalar:
            problems.add(node, f"{what} is a text, not {kind(node)}")
            return None
        try:
            return str(self.setting.read(node.text))
        except ValueError as error:
            message, _, hint = str(error).partition(": ")
            problems.add(node, f"{what} {message}", hint)
            return None

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        words = self.setting.words
        if words is not None:
            return {"enum": [*dict.fromkeys([*words, *words.values()])]}
        text: Json = {"type": ["string", "number"]}
        return {"anyOf": [text, {"type": "array", "items": text}]} if self.setting.several else text


class MapType:
    """Columns by the inputs that they bind."""

    def read(self, node: Node, problems: NodeProblems, what: str) -> tuple[tuple[str, str], ...]:
        """Return the inputs and the columns' names."""
        pairs: dict[str, str] = {}
        if not isinstance(node, Mapping):
            problems.add(node, f"{what} is a mapping of inputs to columns, not {kind(node)}", "{T: Temperature °C}")
            return ()
        for key, value in node:
            name = normalise(key.text.strip())
            if type(value) is not Scalar or not value.text.strip():
                problems.add(value, f"the column of {quote(name)} is a text, not {kind(value)}")
            elif name in pairs:
                problems.add(key, f"the key {quote(name)} stands here a second time")
            else:
                pairs[name] = value.text.strip()
        return tuple(pairs.items())

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        return {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"], "minLength": 1}}


_TYPES: dict[str, FieldType] = {
    name: MapType() if name == "map" else OptionType(setting) for name, setting in SETTINGS.items()
}

BLOCK = MappingType(
    "the data block",
    {
        "file": Field(TextType(), "a file of rows, relative to this one", required=True),
        **{name: Field(_TYPES[name], setting.about) for name, setting in SETTINGS.items()},
    },
)
"""The `data` block of a file."""


def read_data_block(node: Node, problems: NodeProblems) -> tuple[str, RowsOptions]:
    """Return the file of rows that a `data` block names, and how it is read."""
    settings = BLOCK.read(node, problems, "")
    file = settings.pop("file", "")
    return file, RowsOptions(**{name: value for name, value in settings.items() if value is not None})

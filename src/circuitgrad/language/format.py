"""The circuit file's format, described once: the reader validates with it, and the JSON Schema is made from it.

A type says what may stand in a place. `read` returns what stands there as Python data, or notes what is wrong;
`schema` returns the same in the words of JSON Schema, draft 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.language.fields import (
    NAME,
    AnyType,
    Field,
    FlagType,
    FormulaType,
    Json,
    ListType,
    MappingType,
    NumbersType,
    NumberType,
    OperandType,
    SectionType,
    TextType,
    WholeType,
)
from circuitgrad.language.optimize_block import BLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping as Values


_WIRE = ListType(FormulaType())
_NUMBER: Json = {"$ref": "#/definitions/number"}

_INPUT_FIELDS = {
    "fixed": Field(FlagType(), "true for an input that optimize leaves alone"),
    "min": Field(NumberType(), "the least value that optimize may give it"),
    "max": Field(NumberType(), "the largest"),
    "about": Field(TextType(), "what it is, in words"),
}
_FAMILY_ALONE = dict.fromkeys(("normal", "uniform", "seed"), "random values belong to a family, such as w[0:16]")

INPUT = MappingType(
    "an input",
    {"value": Field(NumberType(), "the value to start from", required=True), **_INPUT_FIELDS},
    hints=_FAMILY_ALONE,
)
"""An input that is written as a mapping."""

FAMILY = MappingType(
    "a family of inputs",
    {
        "value": Field(NumbersType(), "one number for all, or a list nested as the ranges are"),
        "normal": Field(NumberType(), "random values: the standard deviation of a normal distribution around 0"),
        "uniform": Field(
            AnyType({"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}),
            "random values: the ends of a uniform distribution, [low, high]",
        ),
        "seed": Field(WholeType(), "what random values start from; 0 when left out"),
        **_INPUT_FIELDS,
    },
    exclusive=("value", "normal", "uniform"),
    least=("value", "normal", "uniform"),
    beside={"seed": ("normal", "uniform")},
)
"""A family of inputs that is written as a mapping."""

_FORMULA = FormulaType().schema()
_OPERANDS: Json = {"anyOf": [_FORMULA, {"type": "array", "items": _FORMULA}]}
_GATE: Json = {"$ref": "#/definitions/gate"}
_GATES = SectionType(_GATE)

DEFINITION = MappingType(
    "a definition",
    {
        "operands": Field(
            ListType(OperandType(), single=False), "the names of its operands, unless they stand in its name"
        ),
        "about": Field(TextType(), "what it computes, in words"),
        "gates": Field(_GATES, "inner wires and what computes them"),
        "value": Field(FormulaType(), "the formula of its value, of operands and inner wires"),
        "output": Field(
            FormulaType(), "the inner wire that is its value; may be left out where one alone feeds no other"
        ),
        "partials": Field(
            SectionType(_FORMULA), "per operand the formula of its partial derivative; 'out' is the gate's own value"
        ),
    },
    exclusive=("value", "output"),
    least=("value", "output", "gates"),
)
"""A definition that is written as a mapping."""

FILE = MappingType(
    "a circuit file",
    {
        "name": Field(TextType(), "what the circuit is called; the file's name when left out"),
        "about": Field(TextType(), "what it computes, in words"),
        "use": Field(_WIRE, "files with definitions, relative to this one"),
        "define": Field(
            SectionType({"$ref": "#/definitions/definition"}, keys=rf"^ *{NAME} *(?:\(.*\) *)?$"),
            "the file's own gates",
        ),
        "inputs": Field(
            SectionType({"$ref": "#/definitions/input"}, {"$ref": "#/definitions/family"}),
            "the leaves and their values",
        ),
        "gates": Field(_GATES, "the wires and what computes them", required=True),
        "output": Field(_WIRE, "the wire, or the list of wires, to differentiate"),
        "expect": Field(SectionType(_NUMBER), "values that check verifies, by wire"),
        "data": Field(
            AnyType({"anyOf": [TextType().schema(), {"$ref": "#/definitions/data"}]}),
            "a file of rows that optimize takes, relative to this one, or a mapping that also says how it is read",
        ),
        "optimize": Field(AnyType({"$ref": "#/definitions/optimize"}), "what optimize does unless told otherwise"),
    },
    hints={"definitions": "did you mean 'define'?", "outputs": "did you mean 'output'?"},
)
"""A circuit file."""

LIBRARY = FILE._replace(fields={**FILE.fields, "gates": FILE.fields["gates"]._replace(required=False)})
"""A file that `use` names: it may have nothing but definitions."""


def schema(gates: Values[str, str]) -> Json:
    """Return the JSON Schema of circuit files.

    Args:
        gates: the names of all gates, each with a few words of help.

    >>> sorted(schema({"add": "sum"})["definitions"])
    ['data', 'definition', 'family', 'gate', 'input', 'number', 'numbers', 'optimize']
    """
    from circuitgrad.language.data_block import BLOCK as DATA_BLOCK

    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "circuitgrad circuit, version 1",
        "description": "A circuit of real-valued gates",
        **FILE.schema(),
        "definitions": {
            "number": NumberType().schema(),
            "numbers": {"type": "array", "items": NumbersType().schema()},
            "input": {"anyOf": [_NUMBER, INPUT.schema()]},
            "family": {"anyOf": [NumbersType().schema(), FAMILY.schema()]},
            "gate": {
                "anyOf": [
                    _FORMULA,
                    {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": 1,
                        "properties": {name: {**_OPERANDS, "description": about} for name, about in gates.items()},
                        "additionalProperties": _OPERANDS,
                    },
                ]
            },
            "definition": {"anyOf": [_FORMULA, DEFINITION.schema()]},
            "data": DATA_BLOCK.schema(),
            "optimize": {"anyOf": [BLOCK.schema(), {"type": "null"}]},
        },
    }

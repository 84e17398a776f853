"""Hypothesis strategies that write circuit files, and what the files mean.

A `Written` is one circuit in one of its many spellings: explicit gates or formulas, YAML in block or flow style or
JSON, gates in any order. Its meaning is kept beside it as data: per wire the gate and its operands, in an order in
which they can be computed, so that a test needs no second reader.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Operand = str | float

RULES: dict[str, Callable[..., float]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "neg": lambda x: -x,
    "abs": math.fabs,
    "max": max,
    "min": min,
    "tanh": math.tanh,
    "sin": math.sin,
    "choose": lambda test, x, y: x if test > 0 else y,
    "ramp": lambda x: sum(x * i for i in range(1, 4)),
    "twice": lambda x: x + x,
    "block": lambda x, y: x * y + math.sin(x * y),
}
DEFINITIONS = {
    "twice(x)": "x + x",
    "block": {"operands": ["x", "y"], "gates": {"p": {"mul": ["x", "y"]}}, "value": "p + sin(p)"},
}
SPELLED = {"choose": "{1} if {0} > 0 else {2}", "ramp": "sum({0}*i for i in range(1, 4))"}
"""What has no explicit form."""
ONE, THREE = frozenset({"neg", "abs", "tanh", "sin", "ramp", "twice"}), frozenset({"choose"})
FAMILY = "fam"
"""The family of inputs that a file may have; no other wire is called so."""
SIGNS = {"add": "+", "sub": "-", "mul": "*"}
FOLDED = frozenset({"add", "mul", "max", "min"})
WORDS = ["a", "b", "w1", "x_2", "lambda", "None", "é", "变", "q̂", "e", "sin", "Max", "_"]


@dataclass(frozen=True)
class Written:
    """A circuit file and its meaning.

    Attributes:
        text: the file.
        json: whether the text is JSON.
        inputs: the inputs' values.
        gates: per wire its gate and operands, after the wires among these.
        output: the wire to differentiate.
    """

    text: str
    json: bool
    inputs: Mapping[str, float]
    gates: Mapping[str, tuple[str, tuple[Operand, ...]]]
    output: str

    @property
    def values(self) -> dict[str, float]:
        """Every wire's value, computed with Python's own arithmetic; many operands from the left."""
        values = dict(self.inputs)
        for wire, (gate, operands) in self.gates.items():
            numbers = [values[operand] if isinstance(operand, str) else operand for operand in operands]
            rule = RULES[gate]
            if gate in FOLDED:
                value = numbers[0]
                for number in numbers[1:]:
                    value = rule(value, number)
            else:
                value = rule(*numbers)
            values[wire] = value
        return values


names = st.sampled_from(WORDS) | st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name.lower() not in ("if", "else", "for", "in", "and", "or", "not", "on", "off", "yes", "no", "true",
                                      "false", "null", "inf", "nan", "i", FAMILY)
)  # fmt: skip
"""Names of wires."""

numbers = st.floats(-3, 3, allow_subnormal=False).map(lambda value: round(value, 4))
"""Numbers that a few gates keep finite."""


@st.composite
def meanings(
    draw: st.DrawFn, most: int = 8
) -> tuple[dict[str, float], dict[str, tuple[str, tuple[Operand, ...]]], str]:
    """Draw a circuit without spelling it: the inputs, the gates and the output."""
    wires = draw(st.lists(names, min_size=2, max_size=most + 3, unique=True))
    first = draw(st.integers(1, min(3, len(wires) - 1)))
    members = [f"{FAMILY}[{i}]" for i in range(draw(st.integers(0, 3)))]
    wires, first = [*members, *wires], first + len(members)
    inputs = {name: draw(numbers) for name in wires[:first]}
    gates: dict[str, tuple[str, tuple[Operand, ...]]] = {}
    for position, wire in enumerate(wires[first:], first):
        operand = st.sampled_from(wires[:position])
        gate = draw(st.sampled_from(sorted(RULES)))
        if gate in ONE:
            gates[wire] = gate, (draw(operand),)
        elif gate in THREE:
            gates[wire] = gate, (draw(operand), draw(operand | numbers), draw(operand | numbers))
        else:
            count = draw(st.integers(2, 4)) if gate in FOLDED else 2
            gates[wire] = gate, (draw(operand), *(draw(operand | numbers) for _ in range(count - 1)))
    return inputs, gates, wires[-1]


def formula(gate: str, operands: tuple[Operand, ...]) -> str:
    """Write a gate as a formula: with signs where the language has them, otherwise as a call."""
    parts = [operand if isinstance(operand, str) else f"{operand!r}" for operand in operands]
    if gate in SPELLED:
        return SPELLED[gate].format(*parts)
    if gate in SIGNS:
        return f" {SIGNS[gate]} ".join(parts)
    return f"-{parts[0]}" if gate == "neg" else f"{gate}({', '.join(parts)})"


def explicit(gate: str, operands: tuple[Operand, ...], *, bare: bool) -> dict[str, Any]:
    """Write a gate in the explicit form, a single operand with a list around it or `bare`."""
    return {gate: operands[0] if bare and len(operands) == 1 else list(operands)}


def flow(value: Any) -> str:
    """Write data as YAML in flow style, every text in quotes."""
    return json.dumps(value, ensure_ascii=False)


@st.composite
def files(draw: st.DrawFn, most: int = 8) -> Written:
    """Draw a circuit file that is right, in any of its spellings."""
    inputs, gates, output = draw(meanings(most))
    leaves: dict[str, Any] = {
        name: draw(st.sampled_from([value, {"value": value}, {"value": value, "fixed": True, "about": "x: # y"}]))
        for name, value in inputs.items()
    }
    members = [value for name, value in inputs.items() if name.startswith(f"{FAMILY}[")]
    together: bool = draw(st.booleans())
    if members and together:
        header = draw(st.sampled_from(["fam[0:{}]", "fam [ 0 : {} ]"])).format(len(members))
        leaves = {header: members, **{name: leaf for name, leaf in leaves.items() if not name.startswith(f"{FAMILY}[")}}
    order = draw(st.permutations(list(gates)))
    spelled = {
        wire: explicit(*gates[wire], bare=draw(st.booleans()))
        if gates[wire][0] not in SPELLED and draw(st.booleans())
        else formula(*gates[wire])
        for wire in order
    }
    document = {
        "name": "drawn",
        "define": DEFINITIONS,
        "inputs": leaves,
        "gates": spelled,
        "output": draw(st.sampled_from([output, [output]])),
    }
    document = {key: document[key] for key in draw(st.permutations(list(document)))}
    style = draw(st.sampled_from(["json", "flow", "block"]))
    if style == "json":
        indent = draw(st.sampled_from([None, 0, 2, "\t"]))
        return Written(
            json.dumps(document, indent=indent, ensure_ascii=draw(st.booleans())), True, inputs, gates, output
        )
    if style == "flow":
        return Written(flow(document), False, inputs, gates, output)
    lines = ["# a file" + draw(st.sampled_from(["", "\n"]))]
    for key, value in document.items():
        if isinstance(value, dict):
            indent = " " * draw(st.integers(1, 4))
            lines += [f"{key}:", *(f"{indent}{flow(name)}: {flow(item)}  # {name}" for name, item in value.items())]
        else:
            lines.append(f"{key}: {flow(value)}")
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return Written(end.join(lines) + end * draw(st.integers(0, 2)), False, inputs, gates, output)

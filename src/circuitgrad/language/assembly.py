"""Gates and formulas into a circuit: names are resolved, formulas expanded into gates, wires put into order."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from circuitgrad.circuit import Circuit, Input
from circuitgrad.errors import quote
from circuitgrad.expression import (
    CONSTANTS,
    RESERVED,
    Call,
    Expression,
    ExpressionError,
    Name,
    is_name,
    normalise,
    read_number,
)
from circuitgrad.gates import NAMES, find
from circuitgrad.language.nodes import NOWHERE, Mapping, Scalar, kind
from circuitgrad.rules import value_rule

if TYPE_CHECKING:
    from collections.abc import Mapping as Values
    from collections.abc import Sequence

    from circuitgrad.errors import Place
    from circuitgrad.gates import Row
    from circuitgrad.language.nodes import Node, Problems

LONGEST_NAME = 200
LONGEST_LOOP = 10
MOST_CYCLES = 20
UNKNOWN = -1
YAML_WORDS = frozenset({"on", "off", "yes", "no", "true", "false", "null", "~"})
_SYNONYMS = {"ln": "log", "plus": "add", "minus": "sub", "times": "mul", "sum": "add", "prod": "mul", "sgn": "sign"}
_SYMBOLS = {"π": "written pi", "τ": "written tau"}
NUMBER_WORDS = frozenset({"inf", "infinity", "nan"})
_WORDS = YAML_WORDS | NUMBER_WORDS | RESERVED


class Assembly:
    """Collects inputs and gates, then makes the circuit.

    While it collects, a wire is known by its number: inputs and gates count from 0 in the order in which they are
    declared or generated, constants count down from -2, and `UNKNOWN` stands for what could not be resolved.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.inputs: list[Input] = []
        self.ids: dict[str, int] = {}
        self.declared: dict[str, Scalar] = {}
        self.refused: set[str] = set()
        self.names: list[str] = []
        self.rows: list[Row | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.at: list[int] = []
        self.constants: dict[str, int] = {}
        self.values: list[float] = []
        self._generated: dict[str, int] = {}

    # Declaring: every name before any formula, for a gate may come before its operands.

    def declare(self, key: Scalar) -> str | None:
        """Give the name in `key` a number, and return it in the form in which names are compared.

        A name that cannot be one, or is declared already, is a problem, and None is returned.
        """
        name = normalise(key.text)
        if not _is_ordinary(key.text) and (wrong := name_fault(key)) is not None:
            self.problems.add(key, *wrong)
            self.refused.add(name)
            return None
        if name in self.declared:
            place = self.problems.place(self.declared[name])
            written = "" if key.text == self.declared[name].text else ", in another Unicode spelling"
            first = f"the first one stands in line {place.line}{written}" if place else None
            self.problems.add(key, f"{quote(name)} is declared twice", first)
            return None
        self.declared[name] = key
        self.ids[name] = self._add(name, None, (), key.at)
        return name

    def add_input(self, leaf: Input) -> None:
        """Add an input; all inputs come before the first gate is declared."""
        self.inputs.append(leaf)

    def _add(self, name: str, row: Row | None, operands: tuple[int, ...], at: int) -> int:
        number = len(self.names)
        self.names.append(name)
        self.rows.append(row)
        self.operands.append(operands)
        self.at.append(at)
        return number

    def knows(self, name: str) -> bool:
        """Tell whether a wire of this name exists, also one inside an expanded formula once all are connected."""
        parent, _, count = name.rpartition(".")
        made = str(self._generated.get(parent, 0))
        inside = count.isdigit() and count[0] != "0" and (len(count), count) <= (len(made), made)
        return name in self.ids or name in self.refused or inside

    # Connecting

    def connect(self, name: str, gate: Scalar, operands: Sequence[Node]) -> None:
        """Make the declared wire `name` the output of `gate` applied to operands: names, numbers or formulas."""
        row = NAMES.get(gate.text)
        if row is None:
            self.problems.add(gate, f"no gate is called {quote(gate.text)}", self._near_gate(gate.text))
        ids = self.ids
        numbers = [
            found if type(node) is Scalar and (found := ids.get(node.text)) is not None else self._operand(name, node)
            for node in operands
        ]
        if row is not None and self._fits(row, len(numbers), gate):
            self._apply(name, row, numbers, gate.at, final=True)

    def connect_formula(self, name: str, text: Scalar) -> None:
        """Make the declared wire `name` the result of a formula."""
        expression = self._read(text)
        if expression is not None:
            self._expand(name, expression, text, final=True)

    def _operand(self, parent: str, node: Node) -> int:
        if type(node) is not Scalar:
            hint = "give the inner gate a wire of its own, or write a formula" if type(node) is Mapping else None
            self.problems.add(node, f"an operand is a name, a number or a formula, not {kind(node)}", hint)
            return UNKNOWN
        if not node.text:
            self.problems.add(node, "an operand is missing", "is there a comma too many?")
            return UNKNOWN
        try:
            value = read_number(node.text)
        except ValueError as error:
            self.problems.add(node, str(error))
            return UNKNOWN
        if value is not None:
            return self._constant(value)
        expression = self._read(node)
        return UNKNOWN if expression is None else self._expand(parent, expression, node, final=False)

    def _read(self, text: Scalar) -> Expression | None:
        try:
            return Expression(text.text)
        except ExpressionError as error:
            hint = error.hint
            end = self.problems.offset(text, len(text.text))
            if text.plain and error.at == len(text.text) and self.problems.source.text[end : end + 1] == ",":
                hint = "inside brackets a formula with a comma needs quotes"
            self.problems.add(text, error.message, hint, offset=error.at, width=error.width)
            return None

    def _expand(self, parent: str, expression: Expression, text: Scalar, *, final: bool) -> int:
        """Turn a formula into gates and return its result's number.

        Args:
            parent: the wire that the formula belongs to; the gates in between are named after it.
            expression: the formula.
            text: where it stands.
            final: whether its result is the wire `parent` itself.
        """
        stack: list[int] = []
        last = len(expression.steps) - 1
        for index, step in enumerate(expression.steps):
            if isinstance(step, Call):
                first = len(stack) - step.arity
                stack[first:] = [self._call(parent, step, stack[first:], text, final=final and index == last)]
            elif isinstance(step, Name):
                stack.append(self._resolve(step, text))
            else:
                stack.append(self._constant(step.value))
        if final and not isinstance(expression.steps[last], Call):
            return self._apply(parent, find("identity"), stack, text.at, final=True)
        return stack[0]

    def _call(self, parent: str, step: Call, operands: list[int], text: Scalar, *, final: bool) -> int:
        row = NAMES.get(step.gate)
        if row is None:
            hint = self._near_gate(step.gate)
            if step.gate in self.ids:
                hint = f"{quote(step.gate)} is a wire; a product is written with *"
            self.problems.add(text, f"no gate is called {quote(step.gate)}", hint, offset=step.at, width=len(step.gate))
            return UNKNOWN
        if not self._fits(row, len(operands), text, offset=step.at, width=len(step.gate)):
            return UNKNOWN
        return self._apply(parent, row, operands, self.problems.offset(text, step.at), final=final)

    def _fits(self, row: Row, count: int, node: Scalar, *, offset: int = 0, width: int = 0) -> bool:
        if count == row.arity or (row.folds and count > row.arity):
            return True
        wanted = "2 or more operands" if row.folds else f"{row.arity} operand{'s' * (row.arity != 1)}"
        self.problems.add(node, f"{row.name} takes {wanted}, not {count}", offset=offset, width=width)
        return False

    def _apply(self, parent: str, row: Row, operands: Sequence[int], at: int, *, final: bool) -> int:
        """Add the gates of one call, more than one where a list of operands is folded; return the result's number."""
        if len(operands) > row.arity:
            result = operands[0]
            for operand in operands[1:-1]:
                result = self._intermediate(parent, row, (result, operand), at)
            operands = (result, operands[-1])
        if not final:
            return self._intermediate(parent, row, tuple(operands), at)
        number = self.ids[parent]
        self.rows[number], self.operands[number], self.at[number] = row, tuple(operands), at
        return number

    def _intermediate(self, parent: str, row: Row, operands: tuple[int, ...], at: int) -> int:
        """Add a gate in the middle of a formula, or compute it at once when all its operands are constants."""
        if all(operand < UNKNOWN for operand in operands):
            value = value_rule(row)(*[self.values[-2 - operand] for operand in operands])
            if math.isfinite(value):
                return self._constant(value)
        count = self._generated[parent] = self._generated.get(parent, 0) + 1
        return self._add(f"{parent}.{count}", row, operands, at)

    def _resolve(self, step: Name, text: Scalar) -> int:
        number = self.ids.get(step.name)
        if number is not None:
            return number
        if step.name in CONSTANTS:
            return self._constant(CONSTANTS[step.name])
        if step.name in self.refused:
            return UNKNOWN
        if "." in step.name:
            inside, _, _ = step.name.partition(".")
            message = f"{quote(step.name)} cannot be an operand: it stands inside the formula of {quote(inside)}"
            self.problems.add(text, message, "give it a wire of its own", offset=step.at, width=len(step.name))
            return UNKNOWN
        hint = self.problems.near(step.name, self.declared) or _SYMBOLS.get(step.name)
        if hint is None and step.name in NAMES:
            hint = f"{quote(step.name)} is a gate: its operands belong in parentheses behind it"
        message = f"no wire is called {quote(step.name)}"
        self.problems.add(text, message, hint, offset=step.at, width=len(step.name))
        return UNKNOWN

    def _near_gate(self, name: str) -> str | None:
        return f"did you mean '{_SYNONYMS[name]}'?" if name in _SYNONYMS else self.problems.near(name, NAMES)

    def _constant(self, value: float) -> int:
        key = repr(value)
        number = self.constants.get(key)
        if number is None:
            number = self.constants[key] = -2 - len(self.values)
            self.values.append(value)
        return number

    # Finishing

    def sinks(self) -> list[str]:
        """Return the declared gates that feed no other gate, in the order of the text."""
        fed = {operand for operands in self.operands for operand in operands}
        return [name for name in self.declared if self.ids[name] >= len(self.inputs) and self.ids[name] not in fed]

    def circuit(self, name: str, outputs: Sequence[str], about: str, expect: Values[str, float]) -> Circuit:
        """Return the circuit: inputs, constants, then the gates in an order in which operands come first.

        Raises:
            CircuitError: something was wrong, or the gates form a cycle.
        """
        order = self._order()
        self.problems.stop()
        inputs, constants = len(self.inputs), len(self.values)
        operands: Sequence[tuple[int, ...]]
        if not constants and isinstance(order, range):
            operands = self.operands[inputs:]
        else:
            slots = [*range(inputs), *([0] * (len(self.names) - inputs))]
            for slot, number in enumerate(order, inputs + constants):
                slots[number] = slot
            # A constant's number, from -2 down, becomes its slot behind the inputs.
            operands = [
                tuple([slots[operand] if operand >= 0 else inputs - 2 - operand for operand in self.operands[number]])
                for number in order
            ]
        at = array("q", [*self.at[:inputs], *([NOWHERE] * constants), *(self.at[number] for number in order)])
        source = self.problems.source

        def locate(wire: str) -> Place | None:
            start = at[circuit.slot(wire)]
            return None if start == NOWHERE else source.place(start)

        circuit = Circuit(
            name,
            self.inputs,
            self.values,
            [self.names[number] for number in order],
            [row for number in order if (row := self.rows[number]) is not None],
            operands,
            outputs,
            about=about,
            expect=expect,
            locate=locate,
        )
        return circuit

    def _order(self) -> Sequence[int]:
        """Return the gates' numbers, operands first and otherwise in the order of the text; report cycles."""
        first, total = len(self.inputs), len(self.names)
        if not self._generated and all(
            max(operands, default=UNKNOWN) < number for number, operands in enumerate(self.operands)
        ):
            return range(first, total)  # the text is in order already, as generated ones are
        unseen, active, done = 0, 1, 2
        state = bytearray([done]) * first + bytearray(total - first)
        order: list[int] = []
        cycles = 0
        for root in range(first, total):
            if state[root] != unseen or ("." in self.names[root]):
                continue
            stack = [root]
            while stack:
                number = stack[-1]
                if state[number] == unseen:
                    state[number] = active
                    for operand in reversed(self.operands[number]):
                        if operand >= 0 and state[operand] == unseen:
                            stack.append(operand)
                        elif operand >= 0 and state[operand] == active and (cycles := cycles + 1) <= MOST_CYCLES:
                            self._report_cycle(operand, [n for n in stack if state[n] == active])
                else:
                    stack.pop()
                    if state[number] == active:
                        state[number] = done
                        order.append(number)
        return order

    def _report_cycle(self, start: int, path: list[int]) -> None:
        """Report the loop that leads from the gate `start` back to itself, in the direction of the signal."""
        # A gate that waited on the stack before it was reached stands there twice: the upper one is on the path.
        upper = list(dict.fromkeys(reversed(path)))
        loop = [self.names[number] for number in upper[: upper.index(start) + 1] if "." not in self.names[number]]
        loop.reverse()
        shown = [start_name := loop[0] if loop else self.names[start], *reversed(loop)]
        if len(shown) > LONGEST_LOOP:
            shown[LONGEST_LOOP // 2 : -LONGEST_LOOP // 2] = ["…"]
        arrows = " -> ".join(shown)
        self.problems.add(self.declared[start_name], f"the gates form a cycle: {arrows}", "a gate cannot feed itself")


def _is_ordinary(name: str) -> bool:
    """Tell whether a name is right at first sight; others need a second look."""
    return name.isascii() and name.isidentifier() and len(name) <= LONGEST_NAME and name.lower() not in _WORDS


def name_fault(key: Scalar) -> tuple[str, str | None] | None:
    """Return why the text of `key` cannot name a wire, with a hint; None when it can.

    >>> name_fault(Scalar("w1")), name_fault(Scalar("1w"))
    (None, ("'1w' is not a name", 'a name is made of letters, digits and _, and begins with no digit'))
    """
    name = normalise(key.text)
    if key.plain and name.lower() in YAML_WORDS:
        return f"{quote(name)} is not a name: YAML reads it as a boolean or null", "put it in quotes, or choose another"
    if name in RESERVED:
        return f"{quote(name)} is a word of the formula language", "choose another name"
    if name.lower() in NUMBER_WORDS:
        return f"{quote(name)} is not a name: it is read as a number", "choose another name"
    if name == "<<":
        return "merge keys are not part of the circuit format", "write the entries out"
    if len(name) > LONGEST_NAME:
        return f"a name of {len(name):,} characters", f"the longest allowed has {LONGEST_NAME}"
    if not is_name(key.text):
        hint = "a name is made of letters, digits and _, and begins with no digit"
        if ":" in name and " " not in name:
            hint = "a colon needs a space behind it"
        if any(not (character.isascii() or character.isprintable()) for character in name):
            hint = "there is an invisible character in it"
        if name.isdecimal():
            hint = "a number is written without commas"
        if is_name(name):
            hint = f"write {quote(name)}"  # x₁, whose last character is no digit
        return f"{quote(key.text)} is not a name", hint
    return None

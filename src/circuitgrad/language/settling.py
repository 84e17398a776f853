"""Definitions: a file's own gates, from formulas or blocks of gates, with or without hand-written partials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.circuit.structure import Input
from circuitgrad.errors import quote
from circuitgrad.formulas.formula import Formula
from circuitgrad.formulas.steps import Call
from circuitgrad.gates.rule import Rule
from circuitgrad.language.expansion import Context, Expander, finish
from circuitgrad.language.nodes import Scalar
from circuitgrad.language.wires import UNKNOWN_SLOT, Wires

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.language.definition import Definition
    from circuitgrad.language.scope import Scope


DEEPEST_CALLS = 100
"""How deep definitions may call one another."""
LONGEST_RULE = 10_000
"""How many gates the value or a partial of a definition with partials may have."""
OWN_VALUE = "out"


def settle_definitions(definitions: Mapping[str, Definition], wires: Wires) -> None:
    """Examine all definitions: note what is wrong with any, count what their calls make, and give rules to gates.

    Args:
        definitions: the definitions by name.
        wires: the wires of the file.

    Raises:
        CircuitError: a definition makes too many wires, or all take too many turns.
    """
    for definition in definitions.values():
        _examine(definition, definitions, wires)
    for definition in _by_calls(definitions):
        calls = [(definitions[name], count) for name, count in definition.calls.items()]
        definition.sound = definition.sound and all(called.sound for called, _ in calls)
        definition.weight += sum(count * called.weight for called, count in calls if called.rule is None)
        if definition.sound and definition.partials is not None:
            _make_rule(definition, definition.partials, definitions, wires)


def _examine(definition: Definition, definitions: Mapping[str, Definition], file: Wires) -> None:
    """Read a definition's formulas once, with calls of other definitions left as they are."""
    if not definition.operands or not (definition.value.text or definition.gates):
        return  # it has been refused already
    problems_before = len(definition.problems)
    wires = file.trial(definition.problems)
    expander = Expander(wires, definitions, shallow=True)
    scope = _scope(definition, wires, definition.operands)
    expander.connect_all(scope, definition.gates)
    if not definition.value.text:
        definition.value = _sink(definition, scope)
    _evaluate(definition, definition.value, scope, expander)
    definition.weight = len(wires.names) - definition.arity
    scope.refuse_cycles()
    for partial in (definition.partials or {}).values():
        wires = file.trial(definition.problems)
        expander.wires = wires
        _evaluate(definition, partial, _scope(definition, wires, (*definition.operands, OWN_VALUE)), expander)
    definition.calls = expander.calls
    definition.sound = definition.sound and expander.sound and len(definition.problems) == problems_before


def _sink(definition: Definition, scope: Scope) -> Scalar:
    """Return the name of the inner wire that feeds no other."""
    sinks = scope.sinks()
    if len(sinks) > 1 and not definition.problems.entries:
        listed = ", ".join(map(quote, sinks[:8]))
        message = f"several inner wires of {quote(definition.name)} feed no other: {listed}"
        definition.problems.add(definition.key, message, "choose one with 'output: NAME'")
    if not sinks:  # the gates form a cycle, which is reported as such
        return Scalar(definition.operands[0])
    key = scope.key(sinks[0])
    return Scalar(sinks[0], key.at, plain=key.plain)


def _scope(definition: Definition, wires: Wires, operands: Sequence[str]) -> Scope:
    """Return a scope in which the operands are inputs."""
    scope = definition.scope(wires, "", None)
    for name in operands:
        scope.numbers[name] = wires.add(name, definition.key.at)
        scope.declared[name] = definition.key
        wires.inputs.append(Input(name, 0.0))
    return scope


def _evaluate(definition: Definition, text: Scalar, scope: Scope, expander: Expander) -> int:
    """Expand a formula of a definition in a scope of its own; return its result's number."""
    steps = expander.read(scope, text)
    if steps is None:
        return UNKNOWN_SLOT
    if text is definition.value:
        definition.steps = steps
    return finish(expander.expand(Context(scope, "", text, None, {}, outer=False), steps))


def _by_calls(definitions: Mapping[str, Definition]) -> list[Definition]:
    """Return the definitions, each after those that it calls; note circles and too deep a nesting."""
    order: list[Definition] = []
    depths: dict[str, int] = {}
    for root in definitions:
        path = {root: list(definitions[root].calls)} if root not in depths else {}
        while path:
            name, waiting = next(reversed(path.items()))
            if waiting:
                called = waiting.pop()
                if called in path:
                    names = list(path)
                    _refuse_circle(definitions, names[names.index(called) :])
                elif called not in depths:
                    path[called] = list(definitions[called].calls)
                continue
            del path[name]
            definition = definitions[name]
            depths[name] = 1 + max((depths.get(called, 0) for called in definition.calls), default=0)
            if depths[name] == DEEPEST_CALLS + 1:
                definition.problems.add(definition.key, f"definitions call one another over {DEEPEST_CALLS} deep")
            if depths[name] > DEEPEST_CALLS:
                definition.sound = False
            order.append(definition)
    return order


def _refuse_circle(definitions: Mapping[str, Definition], names: Sequence[str]) -> None:
    first = definitions[names[0]]
    arrows = " -> ".join([*names[:10], *["…"] * (len(names) > 10), names[0]])
    first.problems.add(first.key, f"the definitions call one another in a circle: {arrows}", None)
    for name in names:
        definitions[name].sound = False


def _make_rule(
    definition: Definition, partials: Mapping[str, Scalar], definitions: Mapping[str, Definition], file: Wires
) -> None:
    """Give a definition with partials a rule like those of the gate table."""
    value = _flat(definition, definition.value, definition.operands, definitions, file)
    flat_partials = {
        operand: _flat(definition, partial, (*definition.operands, OWN_VALUE), definitions, file)
        for operand, partial in partials.items()
    }
    if definition.sound:
        sample = ((-5.0, 5.0),) * definition.arity
        about = definition.about or "defined in the circuit's file"

        def locate(operand: str) -> Place | None:
            return definition.problems.place(partials.get(operand, definition.key))

        definition.rule = Rule(definition.name, value, flat_partials, about, sample=sample, locate=locate)


def _flat(
    definition: Definition,
    text: Scalar,
    operands: Sequence[str],
    definitions: Mapping[str, Definition],
    file: Wires,
) -> Formula:
    """Return a formula of a definition without loops, inner wires and calls of other definitions."""
    wires = file.trial(definition.problems)
    expander = Expander(wires, definitions, values=True)
    scope = _scope(definition, wires, operands)
    if text is definition.value:
        expander.connect_all(scope, definition.gates)
    number = wires.add("", text.at)
    wires.settle(number, _evaluate(definition, text, scope, expander), number + 1, text.at)
    circuit = wires.circuit("", [""], share=False)
    steps = circuit.formula(circuit.slot(""), lambda _: True, LONGEST_RULE)
    if len(steps) > LONGEST_RULE:
        definition.sound = False
        message = f"the formula of a gate with partials has more than {LONGEST_RULE:,} gates"
        definition.problems.add(text, message, "leave the partials to reverse mode")
    # An identity is there where the formula is an operand, a number, or calls what is.
    return Formula.of_steps([step for step in steps if not (isinstance(step, Call) and step.gate == "identity")])

"""Definitions: a file's own gates, from formulas or blocks of gates, with or without hand-written partials."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

from circuitgrad.circuit.structure import Input
from circuitgrad.errors import CircuitError, quote
from circuitgrad.formulas.formula import Formula
from circuitgrad.formulas.steps import Call
from circuitgrad.gates.rule import Rule
from circuitgrad.language.expansion import Context, Expander, finish, taking_families
from circuitgrad.language.families import member
from circuitgrad.language.members import Members
from circuitgrad.language.nodes import NodeProblems, Scalar
from circuitgrad.language.wires import IDENTITY_RULE, UNKNOWN_SLOT, Wires

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.errors import Place, Problem
    from circuitgrad.language.definition import Definition, Partial
    from circuitgrad.language.scope import Scope


DEEPEST_CALLS = 100
"""How deep definitions may call one another."""
LONGEST_RULE = 10_000
"""How many gates the value or a partial of a definition with partials may have."""
LARGEST_RULE = 100_000
"""How many gates the partials of a definition that takes families may have together."""
OWN_VALUE = "out"
TRIED_SIZES = ((3, 0), (2, 1), (8, -2), (1, 0), (2, 0), (4, 0), (5, 0), (6, 0), (3, 4), (16, -5), (40, 0))
"""The sizes at which a definition is tried: the first of them, and how far the next one is from it."""


class Settler:
    """Examines definitions: notes what is wrong with any, counts what their calls make, and gives rules to gates.

    A definition whose operands leave sizes open is tried at a few sizes first. What is wrong at all of them is wrong;
    anything else is found when a call gives the sizes.

    Args:
        definitions: the definitions by name.
        wires: the wires of the file.
    """

    def __init__(self, definitions: Mapping[str, Definition], wires: Wires) -> None:
        self.definitions = definitions
        self.families = taking_families(definitions)
        self.wires = wires

    def settle_all(self) -> None:
        """Examine all definitions.

        Raises:
            CircuitError: a definition makes too many wires, or all take too many turns.
        """
        for definition in self.definitions.values():
            if definition.size_names:
                self._try_sizes(definition)
            else:
                self._examine(definition)
        for definition in self.definitions.values():
            self.settle(definition)

    def settle(self, root: Definition) -> None:
        """Examine a definition, and those that it calls, for the sizes that they have; note circles and deep nesting.

        Raises:
            CircuitError: a definition makes too many wires, or all take too many turns.
        """
        path = {root.name: (root, self._called(root))} if not root.depth else {}
        while path:
            name, (definition, waiting) = next(reversed(path.items()))
            if waiting:
                called = waiting.pop()
                if called.name in path:
                    definitions = [inner for inner, _ in path.values()]
                    _refuse_circle(definitions[[*path].index(called.name) :])
                elif not called.depth:
                    path[called.name] = called, self._called(called)
                continue
            del path[name]
            self._finish(definition)

    def _called(self, definition: Definition) -> list[Definition]:
        """Return the definitions that a definition calls."""
        if not definition.settled:
            self._examine(definition)
        if definition.origin is definition and definition.size_names:
            return list(dict.fromkeys(called.origin for called in definition.calls))
        return list(definition.calls)

    def _finish(self, definition: Definition) -> None:
        """Say what the calls in a definition come to, after all that it calls."""
        called = self._called(definition)
        definition.depth = 1 + max((inner.depth for inner in called), default=0)
        if definition.depth == DEEPEST_CALLS + 1:
            definition.problems.add(definition.key, f"definitions call one another over {DEEPEST_CALLS} deep")
        definition.sound = (
            definition.sound and definition.depth <= DEEPEST_CALLS and all(inner.sound for inner in called)
        )
        if definition.origin is definition and definition.size_names:
            return
        definition.weight += sum(
            count * inner.weight for inner, count in definition.calls.items() if inner.rule is None
        )
        if definition.sound and definition.partials is not None:
            expander = Expander(self.wires, self.definitions, self.families, values=True)
            _make_rule(definition, definition.partials, expander, self.wires)

    def _try_sizes(self, definition: Definition) -> None:
        """Note what is wrong with a definition whatever its sizes are."""
        definition.settled = True
        always: list[Problem] | None = None
        for first, step in TRIED_SIZES:
            sizes = {name: max(1, first + step * index) for index, name in enumerate(definition.size_names)}
            scratch = NodeProblems(definition.problems.source)
            trial = definition.copied(sizes, scratch)
            try:
                self._examine(trial)
            except CircuitError:
                if not scratch.entries and always is None:  # too many wires or turns
                    raise
            if not definition.calls or not scratch.entries:
                definition.calls = trial.calls
            if not scratch.entries:
                definition.sound = definition.sound and trial.sound
                return
            if always is None:
                always = scratch.entries
            found = {(problem.message, str(problem.place)) for problem in scratch.entries}
            always = [problem for problem in always if (problem.message, str(problem.place)) in found]
        for problem in always or ():
            definition.problems.note(*problem)
        definition.sound = definition.sound and not always

    def _examine(self, definition: Definition) -> None:
        """Read a definition's formulas once, with calls of other definitions left as they are."""
        definition.settled = True
        if not definition.origin.sound and definition.origin is not definition:
            definition.sound = False
            return
        if not definition.operands or not (definition.value.text or definition.gates):
            return  # it has been refused already
        problems_before = len(definition.problems)
        wires = self.wires.trial(definition.problems)
        expander = Expander(wires, self.definitions, self.families, shallow=True)
        scope = _scope(definition, wires)
        expander.connect_all(scope, definition.gates)
        if not definition.value.text:
            definition.value = _sink(definition, scope)
        _evaluate(definition, definition.value, scope, expander)
        definition.weight = len(wires.names) - len(wires.inputs)
        scope.refuse_cycles()
        for operand, partial in (definition.partials or {}).items():
            wires = expander.wires = self.wires.trial(definition.problems)
            scope = _scope(definition, wires, OWN_VALUE)
            for _ in _partial_numbers(definition, operand, partial, scope, expander):
                if len(definition.problems) > problems_before:
                    break
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
        return Scalar(next((name for name in definition.operands if name not in definition.families), "0"))
    key = scope.key(sinks[0])
    return Scalar(sinks[0], key.at, plain=key.plain)


def _scope(definition: Definition, wires: Wires, *more: str) -> Scope:
    """Return a scope in which the operands are inputs, and so are more names."""
    scope = definition.scope(wires, "", None)
    names: list[str] = []
    for operand in definition.operands:
        if operand in definition.families:
            shape = definition.shape(operand)
            numbers = range(len(names), len(names) + prod(shape))
            wires.reserve(len(numbers), definition.key.at)
            scope.operands[operand] = Members.row_major(operand, numbers, [0] * len(shape), shape)
            names += (member(operand, subscripts) for subscripts in product(*map(range, shape)))
        else:
            scope.numbers[operand] = len(names)
            names.append(operand)
    for name in more:
        scope.numbers[name] = len(names)
        names.append(name)
    for name in names:
        wires.add(name, definition.key.at)
        wires.inputs.append(Input(name, 0.0))
    scope.declared.update(dict.fromkeys([*definition.operands, *definition.sizes, *more], definition.key))
    return scope


def _evaluate(definition: Definition, text: Scalar, scope: Scope, expander: Expander) -> int:
    """Expand the formula of a definition's value in a scope of its own; return its result's number."""
    steps = expander.read(scope, text)
    if steps is None:
        return UNKNOWN_SLOT
    definition.steps = steps
    return finish(expander.expand(Context(scope, "", text, None, {**definition.sizes}, outer=False), steps))


def _partial_numbers(
    definition: Definition, operand: str, partial: Partial, scope: Scope, expander: Expander
) -> Iterator[int]:
    """Expand a partial, for each member of its operand if that is a family; yield the results' numbers."""
    text, steps = partial.formula, expander.read(scope, partial.formula)
    shape = definition.shape(operand)
    if steps is None:
        return
    before = len(expander.wires.names)
    for subscripts in product(*map(range, shape)):
        indices = {**definition.sizes, **dict(zip(partial.indices, subscripts, strict=True))}
        yield finish(expander.expand(Context(scope, "", text, None, indices, outer=False), steps))
        if shape and len(expander.wires.names) - before > LARGEST_RULE:
            _refuse_large(definition, text)
            return


def _refuse_large(definition: Definition, text: Scalar) -> None:
    """Note that the partials of a family are too many gates."""
    definition.sound = False
    message = f"the partials of a gate have more than {LARGEST_RULE:,} gates"
    definition.problems.add(text, message, _by_reverse_mode(definition))


def _by_reverse_mode(definition: Definition) -> str:
    """Return what to do about partials that are too large."""
    return "; ".join(filter(None, ["leave the partials to reverse mode", definition.at_sizes]))


def _refuse_circle(circle: Sequence[Definition]) -> None:
    first, names = circle[0], [definition.name for definition in circle]
    arrows = " -> ".join([*names[:10], *["…"] * (len(names) > 10), names[0]])
    first.problems.add(first.key, f"the definitions call one another in a circle: {arrows}", None)
    for definition in circle:
        definition.sound = definition.origin.sound = False


def _make_rule(definition: Definition, partials: Mapping[str, Partial], expander: Expander, file: Wires) -> None:
    """Give a definition with partials a rule like those of the gate table."""
    expander.wires = file.trial(definition.problems)
    scope = _scope(definition, expander.wires)
    operands = [given.name for given in expander.wires.inputs]
    expander.connect_all(scope, definition.gates)
    number = _evaluate(definition, definition.value, scope, expander)
    values = _formulas(definition, expander.wires, [(definition.value, number)])

    expander.wires = file.trial(definition.problems)
    scope = _scope(definition, expander.wires, OWN_VALUE)
    results = [
        (partial.formula, number)
        for operand, partial in partials.items()
        for number in _partial_numbers(definition, operand, partial, scope, expander)
    ]
    formulas = _formulas(definition, expander.wires, results)
    if definition.families and sum(len(formula.steps) for formula in formulas) > LARGEST_RULE:
        _refuse_large(definition, results[0][0])
    if definition.sound:
        sample = ((-5.0, 5.0),) * len(operands)
        about = definition.about or "defined in the circuit's file"
        flat_partials = dict(zip(operands, formulas, strict=True))

        def locate(operand: str) -> Place | None:
            partial = partials.get(operand.partition("[")[0])
            return definition.problems.place(definition.key if partial is None else partial.formula)

        definition.rule = Rule(definition.name, values[0], flat_partials, about, sample=sample, locate=locate)


def _formulas(definition: Definition, wires: Wires, results: Sequence[tuple[Scalar, int]]) -> list[Formula]:
    """Return formulas of a definition without loops, inner wires and calls of other definitions.

    Args:
        definition: the definition; it is not sound if one of the formulas is too long.
        wires: where they have been expanded.
        results: per formula, its text, and the number of its result.
    """
    names = [str(position) for position in range(len(results))]
    for name, (text, number) in zip(names, results, strict=True):
        wires.add(name, text.at, IDENTITY_RULE, (number,))
    circuit = wires.circuit("", names, share=False)
    formulas: list[Formula] = []
    for name, (text, _) in zip(names, results, strict=True):
        steps = circuit.formula(circuit.slot(name), lambda _: True, LONGEST_RULE + 1)[:-1]
        if len(steps) > LONGEST_RULE:
            definition.sound = False
            message = f"the formula of a gate with partials has more than {LONGEST_RULE:,} gates"
            definition.problems.add(text, message, _by_reverse_mode(definition))
            break
        # An identity is there where an inner wire is an operand or a number.
        formulas.append(
            Formula.of_steps([step for step in steps if not (isinstance(step, Call) and step.gate == "identity")])
        )
    return formulas

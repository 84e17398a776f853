"""Definitions as they stand in a file: the keys `define` and `use`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import quote, visible
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.steps import FOLDS
from circuitgrad.gates.table import NAMES
from circuitgrad.language.definition import Definition
from circuitgrad.language.fields import FormulaType
from circuitgrad.language.format import DEFINITION
from circuitgrad.language.names import name_fault, refuse_name
from circuitgrad.language.nodes import Mapping, NodeProblems, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence as Several

    from circuitgrad.language.definition import Library
    from circuitgrad.language.nodes import Node

_SIGNATURE = re.compile(r"([^()]*)\((.*)\)\s*", re.DOTALL)
_RESERVED = {*FOLDS, "range"}


def read_definitions(keys: dict[str, Any], problems: NodeProblems, library: Library | None) -> dict[str, Definition]:
    """Return the definitions of a file: those of the files that it uses, and its own."""
    definitions: dict[str, Definition] = {}
    for node in keys.get("use", ()):
        if node.text and library is not None:
            for name, definition in library(node.text, problems, node).items():
                if definitions.setdefault(name, definition) is not definition:
                    path = definitions[name].problems.source.name
                    problems.add(node, f"{quote(name)} is defined in two of the files used", f"also in {path}")
    for key, node in keys.get("define", ()):
        definition = _definition(key, node, problems)
        first = definitions.setdefault(definition.name, definition)
        if first is not definition:
            place = first.problems.place(first.key)
            problems.add(key, f"{quote(first.name)} is defined twice", f"the first one stands in {place}")
    return definitions


def _definition(key: Scalar, node: Node, problems: NodeProblems) -> Definition:
    """Return the definition under a key; after a problem it is not sound, but its name is known."""
    problems_before = len(problems)
    signature = _signature(key, problems)
    fields: dict[str, Any]
    if type(node) is Mapping:
        fields = DEFINITION.read(node, problems, "")
    else:
        fields = {"value": FormulaType().read(node, problems, "a formula")}
    name, operands = signature if signature is not None else (normalise(key.text.partition("(")[0].strip()), ())
    if operands is None:
        operands = _operands(fields["operands"], problems) if "operands" in fields else ()
        if "operands" not in fields:
            problems.add(key, f"{quote(name)} has no operands", f"write {visible(name)}(x, y), or 'operands: [x, y]'")
    elif "operands" in fields and signature is not None:
        problems.add(key, f"the operands of {quote(name)} are given twice", "in the name, or under 'operands'")
    definition = Definition(
        name,
        key,
        operands,
        problems,
        fields.get("value") or fields.get("output") or Scalar(""),
        gates=fields.get("gates", ()),
        partials=_partials(fields["partials"], operands, node, problems) if "partials" in fields and operands else None,
        about=fields.get("about", ""),
    )
    if not definition.value.text and not definition.gates and len(problems) == problems_before:
        problems.add(node, f"{quote(name)} has no value", "give it a 'value', or 'gates'")
    definition.sound = len(problems) == problems_before
    return definition


def _signature(key: Scalar, problems: NodeProblems) -> tuple[str, list[str] | None] | None:
    """Return the name and the operands that a key such as `neuron(x, y)` gives; None after noting a problem.

    A key without parentheses has None in the place of operands.
    """
    match = _SIGNATURE.fullmatch(key.text)
    if match is None:
        name, operands = normalise(key.text), None
        at = 0
    else:
        name, operands = normalise(match[1].strip()), []
        at, known = match.start(2), set[str]()
        for part in match[2].split(","):
            operand, start = normalise(part.strip()), at + len(part) - len(part.lstrip())
            wrong = name_fault(operand) if operand else ("the name of an operand is missing", None)
            wrong = wrong or _repeated(operand, known)
            if wrong is not None:
                problems.add(key, *wrong, offset=start, width=max(1, len(part.strip())))
                return None
            operands.append(operand)
            at += len(part) + 1
    wrong = name_fault(name)
    if wrong is None and (name in NAMES or name in _RESERVED):
        wrong = f"there is a gate called {quote(name)} already", "choose another name"
    if wrong is not None:
        problems.add(key, wrong[0], wrong[1], width=max(1, len(match[1].strip())) if match else 0)
        return None
    return name, operands


def _operands(nodes: list[Scalar], problems: NodeProblems) -> list[str]:
    """Return the names of a definition's operands that stand in a list of their own."""
    names: list[str] = []
    known: set[str] = set()
    for node in nodes:
        name = normalise(node.text)
        wrong = refuse_name(node) or _repeated(name, known)
        if wrong is not None:
            problems.add(node, *wrong)
        names.append(name)
    return names


def _repeated(operand: str, known: set[str]) -> tuple[str, str | None] | None:
    """Return what to say of an operand that is known already; None of one that is known from now on."""
    if operand in known:
        return f"the operand {quote(operand)} is named twice", None
    known.add(operand)
    return None


def _partials(
    entries: Iterable[tuple[Scalar, Node]], operands: Several[str], node: Node, problems: NodeProblems
) -> dict[str, Scalar]:
    """Return a definition's partials in the order of its operands: each operand needs one."""
    partials: dict[str, Scalar] = {}
    known = frozenset(operands)
    for key, formula in entries:
        name = normalise(key.text)
        if name not in known:
            hint = problems.near(name, operands) or f"the operands are {', '.join(operands)}"
            problems.add(key, f"a partial for {quote(name)}, which is no operand", hint)
        elif name in partials:
            problems.add(key, f"a second partial for {quote(name)}")
        else:
            partials[name] = FormulaType().read(formula, problems, f"the partial for {quote(name)}")
    place = next(key for key, _ in node if key.text == "partials") if type(node) is Mapping else node
    for name in operands:
        if name not in partials and len(partials) < len(operands):
            problems.add(place, f"there is no partial for {quote(name)}", "one for each operand")
    if "out" in known:
        problems.add(place, "'out' in a partial is the gate's own value", "give the operand another name")
    return {name: partials[name] for name in operands if name in partials}

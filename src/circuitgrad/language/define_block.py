"""Definitions as they stand in a file: the keys `define` and `use`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import quote, visible
from circuitgrad.formulas.names import normalise
from circuitgrad.formulas.steps import FOLDS
from circuitgrad.gates.table import NAMES
from circuitgrad.language.definition import Definition, Partial
from circuitgrad.language.families import MOST_SUBSCRIPTS
from circuitgrad.language.fields import FormulaType
from circuitgrad.language.format import DEFINITION
from circuitgrad.language.names import name_fault
from circuitgrad.language.nodes import Mapping, NodeProblems, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Values
    from collections.abc import Sequence as Several

    from circuitgrad.language.definition import Library
    from circuitgrad.language.members import Ends
    from circuitgrad.language.nodes import Node

_SIGNATURE = re.compile(r"([^()]*)\((.*)\)\s*", re.DOTALL)
_FAMILY = re.compile(r"([^\[\]]*)\[([^\[\]]*)\]\s*", re.DOTALL)
LONGEST_END = 9
"""How many digits the end of an operand's range may have."""
INDICES = "ijklmnopqr"
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
    name, operands = signature if signature is not None else (normalise(key.text.partition("(")[0].strip()), {})
    if operands is None:
        operands = _operands(fields["operands"], problems) if "operands" in fields else {}
        if "operands" not in fields:
            problems.add(key, f"{quote(name)} has no operands", f"write {visible(name)}(x, y), or 'operands: [x, y]'")
    elif "operands" in fields and signature is not None:
        problems.add(key, f"the operands of {quote(name)} are given twice", "in the name, or under 'operands'")
    definition = Definition(
        name,
        key,
        [*operands],
        problems,
        fields.get("value") or fields.get("output") or Scalar(""),
        families={operand: ends for operand, ends in operands.items() if ends},
        gates=fields.get("gates", ()),
        partials=_partials(fields["partials"], operands, node, problems) if "partials" in fields and operands else None,
        about=fields.get("about", ""),
    )
    if not definition.value.text and not definition.gates and len(problems) == problems_before:
        problems.add(node, f"{quote(name)} has no value", "give it a 'value', or 'gates'")
    definition.sound = len(problems) == problems_before
    return definition


class _OperandError(ValueError):
    """An operand that cannot be one; `at` is the offset of the fault in its text, `width` its length."""

    def __init__(self, message: str, hint: str | None, at: int, width: int) -> None:
        super().__init__(message)
        self.hint, self.at, self.width = hint, at, max(1, width)


def _signature(key: Scalar, problems: NodeProblems) -> tuple[str, dict[str, Ends] | None] | None:
    """Return the name and the operands that a key such as `neuron(x, y)` gives; None after noting a problem.

    A key without parentheses has None in the place of operands.
    """
    match = _SIGNATURE.fullmatch(key.text)
    operands: dict[str, Ends] | None = None
    if match is None:
        name = normalise(key.text)
    else:
        name, operands = normalise(match[1].strip()), {}
        at = match.start(2)
        for part in _between_commas(match[2]):
            start = at + len(part) - len(part.lstrip())
            error = _refused_operand(part.strip(), operands)
            if error is not None:
                problems.add(key, str(error), error.hint, offset=start + error.at, width=error.width)
                return None
            at += len(part) + 1
    wrong = name_fault(name)
    if wrong is None and (name in NAMES or name in _RESERVED):
        wrong = f"there is a gate called {quote(name)} already", "choose another name"
    if wrong is not None:
        problems.add(key, wrong[0], wrong[1], width=max(1, len(match[1].strip())) if match else 0)
        return None
    sizes = _sizes(operands or {})
    for operand in operands or ():
        if operand in sizes and match is not None:
            message, hint = _clash(operand)
            problems.add(key, message, hint, offset=match.start(2), width=max(1, len(match[2].rstrip())))
            return None
    return name, operands


def _between_commas(text: str) -> Iterator[str]:
    """Yield what stands between the commas outside brackets.

    >>> [*_between_commas("w[0:n, 0:m], b")]
    ['w[0:n, 0:m]', ' b']
    """
    start = depth = 0
    for at, character in enumerate(text):
        if character in "[]":
            depth += 1 if character == "[" else -1
        elif character == "," and depth <= 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _operands(nodes: list[Scalar], problems: NodeProblems) -> dict[str, Ends]:
    """Return a definition's operands that stand in a list of their own."""
    operands: dict[str, Ends] = {}
    for node in nodes:
        error = _refused_operand(node.text, operands, plain=node.plain)
        if error is not None:
            problems.add(node, str(error), error.hint, offset=error.at, width=error.width)
            operands.setdefault(normalise(node.text), ())
    sizes = _sizes(operands)
    for node in nodes:
        if normalise(node.text) in sizes:
            problems.add(node, *_clash(normalise(node.text)))
    return operands


def _sizes(operands: Values[str, Ends]) -> set[str]:
    """Return the names of sizes."""
    return {end for ends in operands.values() for end in ends if isinstance(end, str)}


def _clash(name: str) -> tuple[str, str]:
    return f"{quote(name)} is the name of an operand and of a size", "give the size another name"


def _refused_operand(text: str, operands: dict[str, Ends], *, plain: bool = False) -> _OperandError | None:
    """Add an operand to those before it, or return why it cannot be one."""
    try:
        _add_operand(text, operands, plain=plain)
    except _OperandError as error:
        return error
    return None


def _add_operand(text: str, operands: dict[str, Ends], *, plain: bool = False) -> None:
    """Add an operand, `x` or `w[0:n, 0:m]`, to those before it.

    Raises:
        _OperandError: it cannot be one.
    """
    match = _FAMILY.fullmatch(text)
    if match is None and "[" in text:
        hint = "an operand that is a family is written u[0:n]"
        raise _OperandError("these brackets are not those of a family", hint, text.index("["), 1)
    name = normalise(match[1].strip() if match else text)
    wrong = name_fault(match[1].strip() if match else text, plain=plain)
    if not name:
        wrong = "the name of an operand is missing", None
    if wrong is None and name in operands:
        wrong = f"the operand {quote(name)} is named twice", None
    if wrong is not None:
        raise _OperandError(*wrong, 0, len(match[1].strip()) if match else len(text))
    ends: list[int | str] = []
    if match is not None:
        at = match.start(2)
        for part in match[2].split(","):
            ends.append(_end(part.strip(), at + len(part) - len(part.lstrip()), name))
            at += len(part) + 1
        if len(ends) > MOST_SUBSCRIPTS:
            raise _OperandError(f"a family with more than {MOST_SUBSCRIPTS} subscripts", None, 0, len(text))
    operands[name] = tuple(ends)


def _end(text: str, at: int, name: str) -> int | str:
    """Return where a range of an operand ends: at a number, or at a size."""
    low, colon, high = map(str.strip, text.partition(":"))
    hint = f"write {visible(name)}[0:n], where n is any name, or {visible(name)}[0:3]"
    if low != "0" or not colon or not high:
        raise _OperandError("the range of an operand begins at 0 and ends at a number or a name", hint, at, len(text))
    at += len(text) - len(high)
    if high.isascii() and high.isdigit():
        if len(high) > LONGEST_END or int(high) == 0:
            raise _OperandError(f"an operand has from 1 to {10**LONGEST_END - 1:,} members", hint, at, len(high))
        return int(high)
    if (wrong := name_fault(high, plain=False)) is not None:
        raise _OperandError(wrong[0], hint, at, len(high))
    return normalise(high)


def _partials(
    entries: Iterable[tuple[Scalar, Node]], operands: Values[str, Ends], node: Node, problems: NodeProblems
) -> dict[str, Partial]:
    """Return a definition's partials in the order of its operands: each operand needs one."""
    partials: dict[str, Partial] = {}
    for key, formula in entries:
        match = _FAMILY.fullmatch(key.text)
        name = normalise(match[1].strip() if match else key.text)
        if name not in operands:
            hint = problems.near(name, operands) or f"the operands are {', '.join(operands)}"
            problems.add(key, f"a partial for {quote(name)}, which is no operand", hint)
        elif name in partials:
            problems.add(key, f"a second partial for {quote(name)}")
        else:
            text = FormulaType().read(formula, problems, f"the partial for {quote(name)}")
            indices = tuple(normalise(part.strip()) for part in match[2].split(",")) if match else ()
            if (wrong := _misplaced_indices(name, indices, operands)) is not None:
                problems.add(key, *wrong)
            partials[name] = Partial(text, indices)
    place = next(key for key, _ in node if key.text == "partials") if type(node) is Mapping else node
    for name in operands:
        if name not in partials and len(partials) < len(operands):
            problems.add(place, f"there is no partial for {quote(name)}", "one for each operand")
    if "out" in operands or "out" in _sizes(operands):
        what = "operand" if "out" in operands else "size"
        problems.add(place, "'out' in a partial is the gate's own value", f"give the {what} another name")
    return {name: partials[name] for name in operands if name in partials}


def _misplaced_indices(name: str, indices: Several[str], operands: Values[str, Ends]) -> tuple[str, str | None] | None:
    """Return what is wrong with the indices of a partial's key, with a hint; None if nothing is."""
    count = len(operands[name])
    if len(indices) != count:
        key = f"{visible(name)}[{', '.join(INDICES[:count])}]" if count else visible(name)
        operand = f"the family {quote(name)}" if count else f"{quote(name)}, one number,"
        return f"the partial for {operand} has other indices", f"write {key}"
    for position, index in enumerate(indices):
        if (wrong := name_fault(index, plain=False)) is not None:
            return wrong
        if index in indices[:position]:
            return f"the index {quote(index)} is used twice", None
        if index in operands or index in _sizes(operands) or index == "out":
            what = "an operand" if index in operands else "a size" if index != "out" else "the gate's own value"
            return f"{quote(index)} is {what}", "give the index another name"
    return None

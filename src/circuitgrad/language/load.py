"""Circuit files: from YAML or JSON text to a circuit."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from circuitgrad.circuit.structure import Input
from circuitgrad.errors import MOST_HINTS, CircuitError, Source, did_you_mean, quote, visible
from circuitgrad.files import STANDARD_INPUT, checked, decode, read_circuit
from circuitgrad.language.document import as_mapping, read_document
from circuitgrad.language.expansion import Expander
from circuitgrad.language.format import LIBRARY
from circuitgrad.language.nodes import NodeProblems, Scalar
from circuitgrad.language.scope import Scope
from circuitgrad.language.wires import MOST_WIRES, Wires
from circuitgrad.language.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Place
    from circuitgrad.language.definition import Definition, Library
    from circuitgrad.language.nodes import Listener, Node


DEEPEST_USE = 20
"""How deep files may use one another."""
_HAVE_DEFINITIONS = frozenset({"define", "use"})
"""The keys that make a file one of definitions."""


def load(
    path: str | os.PathLike[str],
    *,
    cse: bool = True,
    max_wires: int = MOST_WIRES,
    listen: Listener | None = None,
    data: bytes | None = None,
) -> Circuit:
    """Return the circuit in a file: JSON if its name ends in `.json`, YAML otherwise; `-` is standard input.

    Args:
        path: the file.
        cse: whether common subexpressions of formulas become one wire.
        max_wires: how many wires the circuit may have once formulas, families and definitions are expanded.
        listen: is told now and then how far the reading has come: what is counted, how many, and of how many.
        data: the file's content, where it has been read already.

    Raises:
        CircuitError: the file cannot be read, or is no circuit; with everything that is wrong with it.

    >>> load("circuits/neuron.yaml").forward()["s"]
    0.8807970779778823
    """
    source = decode(read_circuit(path) if data is None else data, path)
    if str(path) == STANDARD_INPUT:
        return _read(source, "stdin", "", share=cse, limit=max_wires, listen=listen)
    stem = os.path.splitext(os.path.basename(path))[0]  # noqa: PTH119, PTH122
    return _read(source, stem, path, share=cse, limit=max_wires, listen=listen)


def loads(text: str, name: str = "<string>", *, cse: bool = True, max_wires: int = MOST_WIRES) -> Circuit:
    """Return the circuit that a YAML (or JSON) text describes.

    Args:
        text: the text of a circuit file.
        name: what to call the text in messages, and the circuit unless it says its name.
        cse: whether common subexpressions of formulas become one wire.
        max_wires: how many wires the circuit may have.

    Raises:
        CircuitError: the text is no circuit; with everything that is wrong with it.

    >>> loads("{inputs: {x: 3}, gates: {y: x*x + 1}}").backward()["x"]
    6.0
    """
    source = checked(Source(name, text.removeprefix("\ufeff")))
    return _read(source, name.strip("<>"), "", share=cse, limit=max_wires)


def from_expression(text: str, /, **inputs: float) -> Circuit:
    """Return the circuit of a formula; its output is called `out`.

    Args:
        text: the formula, in the language of circuit files.
        inputs: the value of every input.

    Raises:
        CircuitError: the text is no formula, or an input has no value.
        ValueError: a value is no number.

    >>> from_expression("sigmoid(a*x + b*y + c)", a=1, b=2, c=-3, x=-1, y=3).backward()["a"]
    -0.10499358540350662
    """
    return formula_circuit(text, inputs, "out")


def formula_circuit(text: str, inputs: Mapping[str, float], output: str) -> Circuit:
    """Return the circuit of a formula as `from_expression` does, whatever its inputs and its output are called.

    Args:
        text: the formula.
        inputs: the value of every input.
        output: the name of what it computes, which no input has.

    Raises:
        CircuitError: the text is no formula, or an input has no value.

    >>> formula_circuit("2*out", {"out": 3}, "y").forward()["y"]
    6.0
    """
    problems = NodeProblems(Source("<expression>", text))
    wires = Wires(problems)
    scope = Scope(wires, problems)
    for name, value in inputs.items():
        wires.inputs.extend(Input(wire.name, float(value)) for wire in scope.declare(Scalar(name, plain=False)))
    declared = scope.declare(Scalar(output, plain=False))
    if declared:
        Expander(wires, {}).connect(scope, declared, Scalar(text or " ", 0))
        scope.refuse_cycles()
    problems.stop()
    return wires.circuit("expression", [output])


def _read(
    source: Source,
    name: str,
    path: str | os.PathLike[str],
    *,
    share: bool,
    limit: int,
    listen: Listener | None = None,
) -> Circuit:
    """Return the circuit in a text that was read from a path; an empty path stands for the current folder."""

    def read(root: Node, locate: Callable[[str], Place | None] | None = None) -> Circuit:
        chain = (os.path.realpath(path),) if path else ()
        folder = os.path.dirname(path)  # noqa: PTH120
        return read_document(
            root,
            source,
            name,
            folder=folder,
            library=_library(folder, chain, {}),
            locate=locate,
            share=share,
            limit=limit,
            listen=listen,
        )

    def locate_anew(wire: str) -> Place | None:
        return read(locate_json(source)).locate(wire)

    with _collector_paused():
        if not is_json(path):
            return read(read_yaml(source, listen))
        from circuitgrad.language.json_text import locate_json, read_json

        root = read_json(source)
        try:
            return read(root, locate_anew)
        except CircuitError:
            # These problems have no places: reading with places finds the same again.
            return read(locate_json(source))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector: it would look at a million small objects again and again, and find nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def is_json(path: str | os.PathLike[str]) -> bool:
    """Tell by a file's name whether it is read as JSON."""
    return str(path).lower().endswith(".json")


def _library(folder: str, chain: tuple[str, ...], loaded: dict[str, dict[str, Definition]]) -> Library:
    """Return the function that reads the definitions of a file that `use` names.

    Args:
        folder: what its path is relative to.
        chain: the files that are being read, each because the one before it uses it.
        loaded: the definitions of the files that have been read.
    """

    def library(name: str, problems: NodeProblems, node: Scalar) -> dict[str, Definition]:
        path = os.path.join(folder, name)  # noqa: PTH118
        if "\0" in path:
            problems.add(node, f"there is no file {quote(path)}")
            return {}
        real = os.path.realpath(path)
        if real in chain:
            names = [os.path.basename(file) for file in (*chain[chain.index(real) :], real)]  # noqa: PTH119
            problems.add(node, f"the files use one another in a circle: {' -> '.join(names)}")
            return {}
        if real in loaded:
            return loaded[real]
        if len(chain) >= DEEPEST_USE:
            problems.add(node, f"files use one another over {DEEPEST_USE} deep")
            return {}
        loaded[real] = {}  # what is wrong with it is said once
        try:
            source = decode(read_circuit(path, regular=True), path)
            root = _used_document(source, json=is_json(path))
        except CircuitError as error:
            for problem in error.problems:
                message = problem.message if problem.place is None else str(problem).partition("\n")[0]
                problems.add(node, message, problem.hint if problem.place else None)
            return {}
        inner = NodeProblems(source)
        problems.used.append(inner)
        keys = LIBRARY.read(root, inner, "")
        from circuitgrad.language.define_block import read_definitions

        below = _library(os.path.dirname(path), (*chain, real), loaded)  # noqa: PTH120
        loaded[real] = read_definitions(keys, inner, below)
        problems.used.extend(inner.used)
        return loaded[real]

    return library


def _used_document(source: Source, *, json: bool) -> Node:
    """Return the document of a file that `use` names.

    A circuit may name any file of the user's, and its errors may be read by others. Unless the document is of the kind
    that is wanted, they say nothing of what stands in it.

    Raises:
        CircuitError: it is no mapping with `define` or `use`.
    """
    try:
        root = _located_json(source) if json else read_yaml(source)
    except CircuitError as error:
        (problem,) = error.problems
        form = "JSON" if json else "YAML"
        message = f"not {form}" if problem.message.startswith(f"not {form}") else "this is no circuit file"
        raise CircuitError.of(message, problem.place, f"circuitgrad check {visible(source.name)} says more") from None
    mapping = as_mapping(root, NodeProblems(source))
    names = [key.text for key, _ in mapping]
    if not _HAVE_DEFINITIONS & {*names}:
        near = (did_you_mean(name, _HAVE_DEFINITIONS) for name in names[:MOST_HINTS])
        hint = next(filter(None, near), "definitions stand under 'define'")
        raise CircuitError.of("there are no definitions in this file", source.place(max(0, mapping.at)), hint)
    return mapping


def _located_json(source: Source) -> Node:
    from circuitgrad.language.json_text import locate_json, read_json

    read_json(source)
    return locate_json(source)

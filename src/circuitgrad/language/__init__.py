"""Circuit files: from YAML or JSON text to a circuit."""

from __future__ import annotations

import codecs
import gc
import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from circuitgrad.circuit import Circuit, Input
from circuitgrad.errors import CircuitError, Source, did_you_mean, quote
from circuitgrad.language.document import read_document
from circuitgrad.language.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from circuitgrad.errors import Place

__all__ = ["from_expression", "load", "loads"]

STANDARD_INPUT = "-"
SUFFIXES = (".yaml", ".yml", ".json")

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def load(path: str | os.PathLike[str]) -> Circuit:
    """Return the circuit in a file: JSON if its name ends in `.json`, YAML otherwise; `-` is standard input.

    Raises:
        CircuitError: the file cannot be read, or is no circuit; with everything that is wrong with it.

    >>> load("circuits/neuron.yaml").forward()["s"]
    0.8807970779778823
    """
    if str(path) == STANDARD_INPUT:
        return _read(_decode(sys.stdin.buffer.read(), "<stdin>"), "stdin", json=False)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - importing pathlib takes longer than reading a circuit
            data = file.read()
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError:  # a NUL in the path
        raise CircuitError.of(f"there is no file {quote(str(path))}") from None
    stem, suffix = os.path.splitext(os.path.basename(path))  # noqa: PTH119, PTH122
    return _read(_decode(data, str(path)), stem, json=suffix.lower() == ".json")


def loads(text: str, name: str = "<string>") -> Circuit:
    """Return the circuit that a YAML (or JSON) text describes.

    Args:
        text: the text of a circuit file.
        name: what to call the text in messages, and the circuit unless it says its name.

    Raises:
        CircuitError: the text is no circuit; with everything that is wrong with it.

    >>> loads("{inputs: {x: 3}, gates: {y: x*x + 1}}").backward()["x"]
    6.0
    """
    return _read(_checked(Source(name, text.removeprefix("\ufeff"))), name.strip("<>"), json=False)


def from_expression(text: str, /, **inputs: float) -> Circuit:
    """Return the circuit of a formula; its output is called `out`.

    Args:
        text: the formula, in the language of circuit files.
        inputs: the value of every input.

    Raises:
        CircuitError: the text is no formula, or an input has no value.

    >>> from_expression("sigmoid(a*x + b*y + c)", a=1, b=2, c=-3, x=-1, y=3).backward()["a"]
    -0.10499358540350662
    """
    from circuitgrad.language.assembly import Assembly
    from circuitgrad.language.nodes import Problems, Scalar

    formula = Scalar(text, 0)
    assembly = Assembly(Problems(Source("<expression>", text)))
    for name, value in inputs.items():
        key = Scalar(name, plain=False)
        if assembly.declare(key) is not None:
            assembly.add_input(Input(key.text, float(value)))
    output = assembly.declare(Scalar("out", plain=False))
    if output is not None:
        assembly.connect_formula(output, formula)
    return assembly.circuit("expression", ["out"], "", {})


def _read(source: Source, name: str, *, json: bool) -> Circuit:
    with _collector_paused():
        return _read_json(source, name) if json else read_document(read_yaml(source), source, name)


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


def _read_json(source: Source, name: str) -> Circuit:
    from circuitgrad.language.json_text import locate_json, read_json

    root = read_json(source)
    try:
        circuit = read_document(root, source, name)
    except CircuitError:
        # What was found has no place: reading with places finds the same again.
        return read_document(locate_json(source), source, name)

    def locate(wire: str) -> Place | None:
        return read_document(locate_json(source), source, name).locate(wire)

    circuit.locate = locate
    return circuit


def _decode(data: bytes, name: str) -> Source:
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        start = len(body[: error.start].decode("utf-8"))
        place = Source(name, body.decode("utf-8", errors="replace")).place(start)
        offset = error.start + len(data) - len(body)
        message = f"not UTF-8: byte 0x{data[offset]:02x} at offset {offset}"
        raise CircuitError.of(message, place, "save the file as UTF-8") from None
    return _checked(Source(name, text))


def _checked(source: Source) -> Source:
    """Return the source if every character of it may stand in a YAML file."""
    match = _UNREADABLE.search(source.text)
    if match:
        raise CircuitError.of(
            f"the character U+{ord(match[0]):04X} may not stand in a circuit file", source.place(match.start())
        )
    return source


def _unreadable(path: str | os.PathLike[str], error: OSError) -> CircuitError:
    if isinstance(error, FileNotFoundError):
        from pathlib import Path

        file = Path(path)
        try:
            beside = [entry.name for entry in file.parent.iterdir() if entry.suffix in SUFFIXES]
        except OSError:
            beside = []
        return CircuitError.of(f"there is no file {quote(str(path))}", hint=did_you_mean(file.name, beside))
    return CircuitError.of(f"{quote(str(path))} cannot be read: {error.strerror or error}")

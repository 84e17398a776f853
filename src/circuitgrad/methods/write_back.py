"""A circuit file's text with new values for its inputs, read again as a proof before anyone writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.errors import CircuitError, Problem, quote
from circuitgrad.language.editing import Editor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.errors import Source


class Rewritten(NamedTuple):
    """A file's new text, and how many inputs and expected values have changed in it."""

    text: str
    inputs: int
    expected: int


def rewrite(
    circuit: Circuit,
    source: Source,
    values: Mapping[str, float],
    read: Callable[[str], Circuit],
    *,
    json: bool = False,
    update_expect: bool = False,
) -> Rewritten:
    """Return a circuit file's text with new values for inputs; nothing but numbers changes in it.

    Args:
        circuit: the circuit that the text describes.
        source: the text.
        values: the new values; other inputs keep those of the text.
        read: reads a circuit from a text, in the same way.
        json: whether the text is JSON.
        update_expect: give the expected values that would no longer be met new ones, too.

    Raises:
        CircuitError: a value cannot be changed where it stands, or expected values would no longer be met.

    >>> from circuitgrad import loads
    >>> from circuitgrad.errors import Source
    >>> text = "{inputs: {a: 1}, gates: {y: 2*a}, expect: {y: 2}}  # twice"
    >>> rewrite(loads(text), Source("x.yaml", text), {"a": 3}, loads, update_expect=True)
    Rewritten(text='{inputs: {a: 3.0}, gates: {y: 2*a}, expect: {y: 6.0}}  # twice', inputs=1, expected=1)
    """
    before = {name: leaf.value for name, leaf in circuit.inputs.items()}
    after = {**before, **{name: float(value) for name, value in values.items()}}
    missed = _missed(circuit, after)
    editor = Editor(source, json=json)
    count = editor.set_inputs(before, after)
    if missed and not update_expect:
        hint = "--update-expect rewrites it"
        raise CircuitError(
            [
                Problem(f"{quote(name)} would be {value!r}, not what is expected", editor.place(name), hint)
                for name, value in missed.items()
            ]
        )
    editor.set_expected(missed)
    text = editor.text()
    _prove(text, circuit, after, {**circuit.expect, **missed}, read)
    return Rewritten(text, count, len(missed))


def _missed(circuit: Circuit, inputs: Mapping[str, float]) -> dict[str, float]:
    """Return the values, with these inputs, of the wires that would miss their expected values."""
    if not circuit.expect:
        return {}
    from circuitgrad.methods.check.check import compare_expected

    values = circuit.trace(inputs)
    reached = {name: values[circuit.slot(name)] for name in circuit.expect}
    return {name: value for name, value in reached.items() if compare_expected(value, circuit.expect[name]).failed}


def _prove(
    text: str,
    circuit: Circuit,
    inputs: Mapping[str, float],
    expect: Mapping[str, float],
    read: Callable[[str], Circuit],
) -> None:
    """Read the new text, which has to be the same circuit with the new values.

    Raises:
        CircuitError: it is not.
    """
    try:
        rewritten = read(text)
    except CircuitError as error:
        because = f": {error.problems[0].message}"
    else:
        leaves = {name: leaf._replace(value=inputs[name]) for name, leaf in circuit.inputs.items()}
        because = ""
        # Unlike the numbers, their texts differ for 0 and -0, and are equal for NaN.
        described = repr((rewritten.inputs, rewritten.expect, rewritten.outputs))
        same_operands = list(rewritten.operands) == list(circuit.operands)
        if same_operands and described == repr((leaves, dict(expect), circuit.outputs)):
            return
    message = f"the new values cannot be put into the file as it is written{because}"
    raise CircuitError.of(message, hint="write its inputs in a plainer way")

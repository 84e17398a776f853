"""Wires drawn as one node: those of a formula, of a definition, of a family, or of a range of depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.circuit.structure import near_wire
from circuitgrad.errors import CircuitError, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit

AUTO, NONE, ALL, FAMILIES = "auto", "none", "all", "families"
"""The words of `--collapse`; anything else is the name of a wire or a family."""
MOST_GATES, MOST_NODES, MOST_SEGMENTS = 300, 500, 1000
"""A larger drawing is collapsed by `auto`."""
MOST_INPUTS = 100
"""`auto` collapses families of more inputs, too."""
NOTES = (
    "",
    "formulas and definitions are drawn as one node each",
    "formulas, definitions and families of inputs are drawn as one node each",
    "formulas, definitions and families are drawn as one node each",
)
"""Per level, a note on the collapsed wires."""
DEPTH_RANGES = 24
"""The gates of a circuit without formulas and families are collapsed into as many ranges of depth."""


class Collapsed(NamedTuple):
    """Which wires are drawn as one node.

    Attributes:
        keys: per slot, the name of its node; None for a constant. That of a lone wire is the wire's own.
        note: a note on the collapsed wires, or nothing.
    """

    keys: Sequence[str | None]
    note: str = ""


def prefixes(name: str) -> list[str]:
    """Return the formulas and definitions that a wire stands in, outermost first.

    >>> prefixes("m.1.ax"), prefixes("h[0]")
    (['m', 'm.1'], [])
    """
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def family(name: str) -> str:
    """Return the family that a wire belongs to, or whose formula it stands in; nothing for other wires.

    >>> family("h[3].1"), family("h"), family("n.h[3]")
    ('h', '', '')
    """
    base, bracket, _ = name.partition(".")[0].partition("[")
    return base if bracket else ""


def span(names: Iterable[str]) -> str:
    """Return members of a family as one text: as their ranges, where they fill these, else with their number.

    >>> span(["w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"]), span(["x[0]", "x[5]"])
    ('w[0:2, 0:2]', 'x[…]')
    """
    members = [name for name in names if "." not in name]
    base = family(members[0])
    subscripts = {tuple(map(int, name[len(base) + 1 : -1].split(","))) for name in members}
    ranges, count = [], 1
    for column in zip(*subscripts, strict=True):
        ranges.append(f"{min(column)}:{max(column) + 1}")
        count *= max(column) + 1 - min(column)
    return f"{base}[{', '.join(ranges)}]" if count == len(subscripts) else f"{base}[…]"


def collapsed(circuit: Circuit, names: Collection[str]) -> Collapsed:
    """Return which wires are drawn as one node.

    Args:
        circuit: the circuit.
        names: names of wires with a formula or definition behind them, and of families; `all` formulas and
            definitions; `families`, and these; `none`; `auto`, as little as keeps the drawing legible.

    Raises:
        CircuitError: there is nothing to collapse of a name.
    """
    named = frozenset(names) - {AUTO, NONE, ALL, FAMILIES}
    known = {prefix for name in circuit for prefix in (*prefixes(name), family(name)) if prefix}
    for name in sorted(named - known):
        hint = "it is a single wire already" if name in circuit else near_wire(name, known)
        raise CircuitError.of(f"--collapse {quote(name)}: no formula, definition or family is called that", hint=hint)
    chosen = {FAMILIES: 3, ALL: 1, AUTO: None}
    level = next((chosen[word] for word in chosen if word in names), 0)
    if level is not None:
        return Collapsed(_keys(circuit, named, level))
    for level, note in enumerate(NOTES):
        keys = _keys(circuit, named, level)
        if _legible(circuit, keys, few_inputs=level == 1):
            return Collapsed(keys, note)
    return Collapsed(_depth_ranges(circuit, keys), "gates are drawn by their depth, many as one node")


def _keys(circuit: Circuit, named: frozenset[str], level: int) -> list[str | None]:
    """Return the keys that collapse named wires, and those of a level: see `NOTES`."""

    def key(name: str) -> str:
        base = family(name)
        if base and (level > 2 or (level > 1 and name in circuit.inputs) or base in named):
            return base
        within = prefixes(name)
        if level and within:
            return within[0]
        return next((prefix for prefix in (*within, name) if prefix in named), name)

    keys: list[str | None] = [key(name) for name in circuit.input_names]
    keys.extend([None] * len(circuit.constants))
    keys.extend(key(name) for name in circuit.names)
    return keys


def _legible(circuit: Circuit, keys: Sequence[str | None], *, few_inputs: bool) -> bool:
    first = circuit.first_gate
    gates, inputs = set(keys[first:]), set(keys[: len(circuit.inputs)])
    if len(gates) > MOST_GATES or len(gates | inputs) > MOST_NODES or (few_inputs and len(inputs) > MOST_INPUTS):
        return False
    pairs = {
        (keys[slot], keys[first + index])
        for index, operands in enumerate(circuit.operands)
        for slot in operands
        if keys[slot] is not None and keys[slot] != keys[first + index]
    }
    return len(pairs) <= MOST_SEGMENTS


def _depth_ranges(circuit: Circuit, keys: Sequence[str | None]) -> list[str | None]:
    """Return keys by depth: the number of gates on the longest path from an input. Inputs keep theirs, if few."""
    depths = [0] * circuit.first_gate
    for operands in circuit.operands:
        depths.append(1 + max(depths[slot] for slot in operands))
    size = -(-max(depths) // DEPTH_RANGES)
    few = len(set(keys[: len(circuit.inputs)])) <= 2 * DEPTH_RANGES
    count = f"{len(circuit.inputs):,} inputs"
    keys_by_depth = [key if few or key is None else count for key in keys[: circuit.first_gate]]
    for depth in depths[circuit.first_gate :]:
        start = (depth - 1) // size * size + 1
        keys_by_depth.append(f"depth {start} to {start + size - 1}" if size > 1 else f"depth {start}")
    return keys_by_depth

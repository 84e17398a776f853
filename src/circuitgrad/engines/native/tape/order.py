"""The order of the gates on a tape.

In a wide circuit, gates are sorted by their level and, within it, by their rule: into runs of one rule, in which no
gate depends on another one (Kahn, "Topological sorting of large networks", 1962, level by level; sorted by counting).
In a deep circuit, where these runs would be short, they keep their order, and are cut into runs of one function.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from itertools import accumulate, chain, repeat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SHORTEST_AVERAGE = 4
"""How many gates a run has at least, on average, in a circuit that counts as wide."""


class Order(NamedTuple):
    """Gates in the order of a tape.

    Attributes:
        slots: per slot of the circuit, its slot on the tape.
        kinds: per gate on the tape, the number of its rule.
        operands: on the tape, the slots of all gates' first operands, then of all second ones, and so on.
        run_kinds: per run, the number of the function that computes it.
        run_ends: per run, the place behind its last gate.
        is_wide: whether no gate of a run depends on another one of it.
    """

    slots: Sequence[int]
    kinds: array[int]
    operands: array[int]
    run_kinds: array[int]
    run_ends: array[int]
    is_wide: bool


def ordered(
    kinds: array[int], operands: Sequence[Sequence[int]], first: int, arities: Sequence[int], mixed: Collection[int]
) -> Order:
    """Return the order of gates.

    Args:
        kinds: per gate, the number of its rule.
        operands: per gate, the slots of its operands.
        first: the slot of the first gate.
        arities: per rule, its number of operands.
        mixed: the rules that one function computes together in a deep circuit: its number is that of the rules.

    >>> ordered(array("B", [0, 1, 0]), [(0,), (1,), (0,)], 1, [1, 1], ()).run_kinds  # three runs of three gates
    array('B', [0, 1, 0])
    >>> order = ordered(array("B", [0, 1] * 4), [(0,), (0, 0)] * 4, 1, [1, 2], ())
    >>> order.run_kinds, order.run_ends, list(order.slots)
    (array('B', [0, 1]), array('i', [4, 8]), [0, 1, 5, 2, 6, 3, 7, 4, 8])
    """
    count, arity = len(arities), max(arities, default=0)
    runs = _wide_runs(kinds, operands, first, count)
    if runs is None:
        columns = [array("i", [taken[k] if k < len(taken) else 0 for taken in operands]) for k in range(arity)]
        functions = kinds.tobytes().translate(bytes(count if kind in mixed else kind for kind in range(256)))
        ends = [end for end in range(1, len(kinds)) if functions[end] != functions[end - 1]] + [len(kinds)]
        run_kinds = [functions[end - 1] for end in ends]
        slots: Sequence[int] = range(first + len(kinds))
    else:
        slots = array("i", range(first + len(kinds)))
        for slot, gate in enumerate(chain.from_iterable(gates for _, gates in runs), start=first):
            slots[first + gate] = slot
        columns = [array("i") for _ in range(arity)]
        for kind, gates in runs:
            of_run = [operands[gate] for gate in gates]
            for k, column in enumerate(columns):
                column.extend([slots[taken[k]] for taken in of_run] if k < arities[kind] else repeat(0, len(gates)))
        ends = list(accumulate(len(gates) for _, gates in runs))
        run_kinds = [kind for kind, _ in runs]
        kinds = array("B", chain.from_iterable(repeat(kind, len(gates)) for kind, gates in runs))
    in_columns = array("i", chain.from_iterable(columns))
    return Order(slots, kinds, in_columns, array("B", run_kinds), array("i", ends), runs is not None)


def _wide_runs(
    kinds: Sequence[int], operands: Sequence[Sequence[int]], first: int, count: int
) -> list[tuple[int, list[int]]] | None:
    """Return the runs of a wide circuit, each with the number of its rule and its gates; for a deep one, None."""
    levels = [0] * first
    runs: dict[int, list[int]] = defaultdict(list)
    for gate, (kind, slots) in enumerate(zip(kinds, operands, strict=True)):
        level = 0
        for slot in slots:
            below = levels[slot]
            if below > level:  # noqa: PLR1730 - max() takes three times as long
                level = below
        levels.append(level + 1)
        runs[level * count + kind].append(gate)
        if (level + 1) * count > len(kinds):
            return None
    if len(runs) * SHORTEST_AVERAGE > len(kinds):
        return None
    return [(number % count, runs[number]) for number in sorted(runs)]

"""A circuit of many gates as a tape: their rows and operands in flat arrays, which machine code runs over.

The code is made of the rows alone: circuits of the same rows share it, and it is kept on disk.
"""

from __future__ import annotations

import ctypes
from array import array
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from circuitgrad.engines.native.columns import Kernel, blocks, points, zeros
from circuitgrad.engines.native.functions import LANES
from circuitgrad.engines.native.machine import Code, code
from circuitgrad.engines.native.tape import order
from circuitgrad.engines.native.tape.kernels import Kernels
from circuitgrad.engines.native.tape.layout import Layout
from circuitgrad.engines.native.tape.passes import FUNCTION, SUMS, text
from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Compute, Program, Wanted
    from circuitgrad.gates.rule import Rule

MOST_ROWS = 200
"""A tape tells its rows apart by a byte."""


class Tape:
    """A circuit's passes as arrays, and what runs them.

    All gates are computed in every pass, whichever inputs are given.

    Args:
        circuit: the circuit.
        names: the inputs whose values are given with every pass.
        wanted: what is computed.
        lanes: how many rows are computed at once: 1, or `LANES`.

    Raises:
        CircuitError: llvmlite is not installed, there is no such input or wire, or the circuit has gates of too many
            kinds.
    """

    def __init__(self, circuit: Circuit, names: Sequence[str], wanted: Wanted, lanes: int) -> None:
        rows = sorted(dict.fromkeys(circuit.rules), key=_order_of)
        if len(rows) > MOST_ROWS:
            raise CircuitError.of(f"the circuit has {len(rows)} kinds of gates, and a tape holds {MOST_ROWS}")
        gates, first = len(circuit.rules), circuit.first_gate
        self._layout = Layout(gates=gates, first=first, slots=first + gates)
        self._arrays: list[array[Any]] = []
        self._code, self._lanes = _code(tuple(rows), lanes), lanes
        places = self._ordered(circuit, rows)
        parts = {"bound": names, "wanted": wanted.values, "targets": wanted.outputs, "wrt": wanted.wrt}
        for part, some in parts.items():
            slots = map(circuit.slot, some)
            self._keep(part, array("i", [slot if slot < first else first + places[slot - first] for slot in slots]))
            setattr(self._layout, f"{part}_count", len(some))
        leaves = [*circuit.values().values(), *circuit.constants]
        values = array("d", chain.from_iterable([value] * lanes for value in leaves))
        self._keep("values", values + zeros(gates * lanes))
        self._keep("grads", zeros((first + gates) * lanes))

    def _keep(self, part: str, numbers: array[Any]) -> array[Any]:
        """Make an array a part of the tape."""
        self._arrays.append(numbers)
        setattr(self._layout, part, numbers.buffer_info()[0])
        return numbers

    def _ordered(self, circuit: Circuit, rows: Sequence[Rule]) -> array[int]:
        """Put the gates in order, and return where on the tape each of them stands."""
        gates, layout = len(circuit.rules), self._layout
        number = {row: kind for kind, row in enumerate(rows)}
        scratch = {
            "flat": array("i", chain.from_iterable(circuit.operands)),
            "rows": array("B", map(number.__getitem__, circuit.rules)),
            "levels": _empty("i", gates),
            "counts": _empty("i", gates + 1),
            "run_kinds": _empty("B", gates),
            "run_ends": _empty("i", gates),
            "places": _empty("i", gates),
        }
        for part, numbers in scratch.items():
            setattr(layout, part, numbers.buffer_info()[0])
        self._keep("kinds", _empty("B", gates))
        self._keep("operands", _empty("i", gates * max((row.arity for row in rows), default=0)))
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._code.address("order"))(self.address)
        for part in ("run_kinds", "run_ends"):
            self._keep(part, scratch[part][: layout.runs])
        return scratch["places"]

    @property
    def address(self) -> int:
        """Where the tape is."""
        return ctypes.addressof(self._layout)

    @property
    def kernel(self) -> Kernel:
        """What runs the tape."""
        return Kernel(self._code, FUNCTION, self)

    def sums(self, held: int, *, squares: bool) -> Kernel:
        """Return what runs the tape over rows and sums up.

        Args:
            held: so many of the given inputs have one value for all rows.
            squares: whether the squares of the wanted values are summed, and their derivatives.
        """
        self._layout.held, self._layout.squares = held, squares
        self._keep("totals", zeros((self._layout.wanted_count + self._layout.wrt_count) * self._lanes))
        return Kernel(self._code, SUMS, self)


def fits(circuit: Circuit) -> bool:
    """Tell whether a circuit's gates are of so few kinds that a tape can tell them apart."""
    return len(set(circuit.rules)) <= MOST_ROWS


@lru_cache(maxsize=16)
def _code(rows: Sequence[Rule], lanes: int) -> Code:
    """Return the machine code for circuits of some rows."""
    kernels = Kernels(rows, lanes)
    parts = [kernels.text(), order.text([row.arity for row in rows], kernels.mixed), text(lanes)]
    return code("\n".join(parts))


def _order_of(row: Rule) -> tuple[str, ...]:
    """Return what puts rows in the same order in every circuit."""
    return row.name, row.value.text, *(f"{name}: {partial}" for name, partial in row.partials.items())


def _empty(kind: str, count: int) -> array[Any]:
    return array(kind, bytes(array(kind).itemsize * count))


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted at a point, for one thread at a time; see `engines.program`."""
    return points(Tape(circuit, names, wanted, 1).kernel, len(names), len(wanted.titles))


def columns(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Compute:
    """Return what computes what is wanted of every row of a block; see `engines.over_columns`."""
    return blocks(Tape(circuit, names, wanted, LANES).kernel, len(names), len(wanted.titles))


def sums(circuit: Circuit, held: Sequence[str], bound: Sequence[str], wanted: Wanted, *, squares: bool) -> Kernel:
    """Return what sums up what is wanted over rows; see `sums.Sums`."""
    return Tape(circuit, [*held, *bound], wanted, LANES if bound else 1).sums(len(held), squares=squares)

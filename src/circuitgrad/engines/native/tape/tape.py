"""A circuit of many gates as a tape: their rules and operands in flat arrays, which machine code runs over.

The code is made of the rules alone: circuits of the same rules share it, and it is kept on disk.
"""

from __future__ import annotations

from array import array
from itertools import chain
from typing import TYPE_CHECKING, Any

from circuitgrad.engines.native.columns import zeros
from circuitgrad.engines.native.kernel import Kernel, over_rows
from circuitgrad.engines.native.llvm.code import machine_code
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.points import at_points
from circuitgrad.engines.native.tape.order import ordered
from circuitgrad.engines.native.tape.passes import PASSES, SUMS, kernels_text
from circuitgrad.engines.native.tape.rule_functions import RuleFunctions
from circuitgrad.engines.native.tape.structure import TapeStructure
from circuitgrad.errors import CircuitError
from circuitgrad.gates.table import is_built_in

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.native.llvm.code import Code
    from circuitgrad.engines.wanted import Compute, Program, Wanted
    from circuitgrad.gates.rule import Rule

MOST_RULES = 200
"""A tape tells its rules apart by a byte."""
MOST_CODES = 16
"""For how many sets of rules the code is remembered."""


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
        rules = sorted(dict.fromkeys(circuit.rules), key=_texts)
        if len(rules) > MOST_RULES:
            raise CircuitError.of(f"the circuit has {len(rules)} kinds of gates, and a tape holds {MOST_RULES}")
        gates, first = len(circuit.rules), circuit.first_gate
        self._structure = TapeStructure(gates=gates, first=first, slots=first + gates)
        self._arrays: list[array[Any]] = []
        (self._code, mixed), self._lanes = _code(rules, lanes), lanes
        slots = self._order(circuit, rules, mixed)
        parts = {"bound": names, "wanted": wanted.values, "targets": wanted.outputs, "wrt": wanted.wrt}
        for part, wires in parts.items():
            self._keep(part, array("i", [slots[circuit.slot(wire)] for wire in wires]))
            setattr(self._structure, f"{part}_count", len(wires))
        leaves = [*circuit.values().values(), *circuit.constants]
        values = array("d", chain.from_iterable([value] * lanes for value in leaves))
        self._keep("values", values + zeros(gates * lanes))
        self._keep("grads", zeros((first + gates) * lanes))

    def _keep(self, part: str, numbers: array[Any]) -> None:
        """Make an array a part of the tape."""
        self._arrays.append(numbers)
        setattr(self._structure, part, numbers.buffer_info()[0])

    def _order(self, circuit: Circuit, rules: Sequence[Rule], mixed: Collection[int]) -> Sequence[int]:
        """Put the gates in order, and return per slot of the circuit its slot on the tape."""
        number = {rule: kind for kind, rule in enumerate(rules)}
        kinds = array("B", map(number.__getitem__, circuit.rules))
        order = ordered(kinds, circuit.operands, circuit.first_gate, [rule.arity for rule in rules], mixed)
        for part in ("kinds", "operands", "run_kinds", "run_ends"):
            self._keep(part, getattr(order, part))
        self._structure.runs, self._structure.wide = len(order.run_ends), order.is_wide
        return order.slots

    @property
    def kernel(self) -> Kernel:
        """What runs the tape."""
        return Kernel(self._code, PASSES, self._structure, keep=self)

    def sums(self, held: int, *, squares: bool) -> Kernel:
        """Return what runs the tape over rows and sums up.

        Args:
            held: how many of the given inputs have one value for all rows.
            squares: whether the squares of the wanted values are summed, and their derivatives.
        """
        self._structure.held, self._structure.squares = held, squares
        self._keep("totals", zeros((self._structure.wanted_count + self._structure.wrt_count) * self._lanes))
        return Kernel(self._code, SUMS, self._structure, keep=self)


def fits(circuit: Circuit) -> bool:
    """Tell whether a circuit's gates are of so few kinds that a tape can tell them apart."""
    return len(set(circuit.rules)) <= MOST_RULES


def _texts(rule: Rule) -> tuple[str, ...]:
    """Return what puts rules in the same order in every circuit."""
    return rule.name, rule.value.text, *(f"{name}: {partial}" for name, partial in rule.partials.items())


_codes: dict[Hashable, tuple[Code, list[int]]] = {}


def _code(rules: Sequence[Rule], lanes: int) -> tuple[Code, list[int]]:
    """Return the machine code for circuits of some rules, and which of these are computed together in a deep circuit.

    It is remembered by the rules' texts: a memory of rules would keep a file's own gates for ever.
    """
    key = lanes, tuple((is_built_in(rule), *_texts(rule)) for rule in rules)
    if key not in _codes:
        if len(_codes) >= MOST_CODES:
            del _codes[next(iter(_codes))]
        functions = RuleFunctions(rules, lanes)
        _codes[key] = machine_code("\n".join([functions.text(), kernels_text(lanes)])), functions.mixed
    return _codes[key]


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted at a point, for one thread at a time; see `engines.programs.program`."""
    return at_points(Tape(circuit, names, wanted, 1).kernel, len(names), len(wanted.titles))


def over_columns(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Compute:
    """Return what computes what is wanted of every row of a chunk; see `engines.programs.over_columns`."""
    return over_rows(Tape(circuit, names, wanted, LANES).kernel, len(names), len(wanted.titles))


def sums(circuit: Circuit, held: Sequence[str], bound: Sequence[str], wanted: Wanted, *, squares: bool) -> Kernel:
    """Return what sums up what is wanted over rows; see `sums.RowSums`."""
    return Tape(circuit, [*held, *bound], wanted, LANES if bound else 1).sums(len(held), squares=squares)

"""A circuit's passes as the text of one Python function: the value of every gate, then backwards what it adds.

The text is made from the gate table, gate by gate, and computes the same as the gate objects to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.formulas.dialects import PYTHON
from circuitgrad.formulas.steps import Call, Name, Number
from circuitgrad.gates.compiled import calls_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Wanted
    from circuitgrad.formulas.steps import Step

FUNCTION = "passes"


class Source(NamedTuple):
    """The text of a function, and the gates that it calls.

    Attributes:
        text: the function, called `passes`.
        calls: the gates of the table, by name, and primitives that it calls.
    """

    text: str
    calls: frozenset[str]


def source_of(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Source:
    """Return the function of some inputs that computes what is wanted, as a tuple.

    Args:
        circuit: the circuit; the other inputs keep their present values, and what depends on them alone is a number.
        names: the inputs, in the order of the function's parameters.
        wanted: what is computed.

    Raises:
        CircuitError: there is no such input or wire.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.engines.wanted import Wanted
    >>> print(source_of(from_expression("a*x + 2", a=3, x=5), ["a"], Wanted(("out",), ("out",), ("a",))).text, end="")
    def passes(v0):
        v3 = v0 * 5.0
        v4 = v3 + 2.0
        d0 = d3 = 0.0
        d4 = 1.0
        d3 += d4
        if d3:
            d0 += 5.0 * d3
        return (v4, d0,)
    """
    return _Writer(circuit, names, wanted).source()


class _Writer:
    def __init__(self, circuit: Circuit, names: Sequence[str], wanted: Wanted) -> None:
        self.circuit, self.names, self.wanted = circuit, names, wanted
        self.calls: set[str] = set()
        self.moved = circuit.downstream(*names)
        self.variable = {circuit.slot(name) for name in names} | {circuit.first_gate + gate for gate in self.moved}
        self.values = circuit.trace({})

    def source(self) -> Source:
        circuit, wanted = self.circuit, self.wanted
        slots = [circuit.slot(name) for name in wanted.values]
        targets = [circuit.slot(name) for name in wanted.outputs]
        needed = circuit.upstream([*slots, *targets])
        lines = [f"def {FUNCTION}({', '.join(f'v{circuit.slot(name)}' for name in self.names)}):"]
        lines += [self._value(gate) for gate in self.moved if gate in needed]
        found = [self._operand(slot) for slot in slots]
        wrt = [circuit.slot(name) for name in wanted.wrt]
        for target in targets:
            lines += self._backward(target, wrt)
            found += [f"d{slot}" for slot in wrt]
            if wrt and target != targets[-1]:  # the next output's derivatives take the same names
                kept = [f"e{target}_{slot}" for slot in wrt]
                lines.append(f"    {', '.join(kept)}, = {', '.join(found[-len(wrt) :])},")
                found[-len(wrt) :] = kept
        lines.append(f"    return ({''.join(f'{one}, ' for one in found).rstrip(' ')})")
        return Source("\n".join([*lines, ""]), frozenset(self.calls))

    def _operand(self, slot: int) -> str:
        return f"v{slot}" if slot in self.variable else PYTHON.write([Number(self.values[slot], 0)])

    def _value(self, gate: int) -> str:
        row = self.circuit.rules[gate]
        return f"    v{self.circuit.first_gate + gate} = {self._written(gate, row.value.steps)}"

    def _written(self, gate: int, steps: Iterable[Step]) -> str:
        """Return a formula of a gate's row, with its operands' and its own variables in the place of their names."""
        circuit, row = self.circuit, self.circuit.rules[gate]
        places = dict(zip(row.operands, circuit.operands[gate], strict=True))
        places["out"] = circuit.first_gate + gate
        steps = list(self._placed(places, steps))
        self.calls |= calls_in(steps)
        return PYTHON.write(steps)

    def _placed(self, places: Mapping[str, int], steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            slot = places.get(step.name) if isinstance(step, Name) else None
            if slot is None:
                yield step
            elif slot in self.variable:
                yield Name(f"v{slot}", 0)
            else:
                yield Number(self.values[slot], 0)

    def _backward(self, target: int, wrt: Sequence[int]) -> list[str]:
        """Return the lines that compute the derivatives of a wire."""
        circuit = self.circuit
        above = circuit.upstream([target])
        gates = [gate for gate in circuit.reached(wrt) if gate in above]
        zero = [
            slot for slot in dict.fromkeys([*wrt, *(circuit.first_gate + gate for gate in gates)]) if slot != target
        ]
        lines = [f"    {' = '.join(f'd{slot}' for slot in zero)} = 0.0"] if zero else []
        lines.append(f"    d{target} = 1.0")
        known = {*wrt, *(circuit.first_gate + gate for gate in gates)}
        for gate in reversed(gates):
            slot = circuit.first_gate + gate
            row = circuit.rules[gate]
            inner = "    "
            if slot != target:
                lines.append(f"    if d{slot}:")
                inner = "        "
            for operand, partial in zip(circuit.operands[gate], row.partials.values(), strict=True):
                if operand in known:
                    # 1 times an upstream gradient is that gradient, to the bit.
                    factors = [] if _is_one(partial.steps) else partial.steps
                    times = [Call("mul", 2, 0)] if factors else []
                    product = self._written(gate, [*factors, Name(f"d{slot}", 0), *times])
                    lines.append(f"{inner}d{operand} += {product}")
        return lines


def _is_one(steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and isinstance(steps[0], Number) and steps[0].value == 1

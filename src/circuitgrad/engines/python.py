"""The passes as one Python function: the value of every gate, then backwards what it adds.

Its text is made from the gate table, gate by gate, and computes the same as the gate objects to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.errors import visible
from circuitgrad.formulas.dialects import PYTHON
from circuitgrad.formulas.steps import Call, Name, Number, substituted
from circuitgrad.gates.compiled import called, calls_in
from circuitgrad.gates.doubles import DOUBLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.engines.wanted import Program, Wanted
    from circuitgrad.formulas.steps import Step

FUNCTION_NAME = "passes"


class PythonFunction(NamedTuple):
    """The text of a function, and the gates that it calls.

    Attributes:
        text: the function, called `passes`.
        calls: the gates of the table, by name, and primitives that it calls.
    """

    text: str
    calls: frozenset[str]


def program(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> Program:
    """Return what computes what is wanted; see `engines.programs.program`."""
    function = function_of(circuit, names, wanted)
    space: dict[str, Any] = {"__builtins__": {}, **DOUBLES.constants, **called(function.calls, DOUBLES)}
    # What is run was printed from parsed steps: numbers, names and calls of gates, nothing else.
    exec(compile(function.text, f"<passes of {visible(circuit.name)}>", "exec"), space)  # noqa: S102
    compiled: Program = space[FUNCTION_NAME]
    return compiled


def function_of(circuit: Circuit, names: Sequence[str], wanted: Wanted) -> PythonFunction:
    """Return the function of some inputs that computes what is wanted, as a tuple.

    Args:
        circuit: the circuit; the other inputs keep their present values, and what depends on them alone is a number.
        names: the inputs, in the order of the function's parameters.
        wanted: what is computed.

    Raises:
        CircuitError: there is no such input or wire.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.engines.wanted import Wanted
    >>> print(function_of(from_expression("a*x + 2", a=3, x=5), ["a"], Wanted(("out",), ("out",), ("a",))).text, end="")
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
    return _FunctionWriter(circuit, names, wanted).function()


class _FunctionWriter:
    def __init__(self, circuit: Circuit, names: Sequence[str], wanted: Wanted) -> None:
        self.circuit, self.names, self.wanted = circuit, names, wanted
        self.calls: set[str] = set()
        self.moved = circuit.downstream(*names)
        self.variable = {circuit.slot(name) for name in names} | {circuit.first_gate + gate for gate in self.moved}
        self.values = circuit.trace({})

    def function(self) -> PythonFunction:
        circuit, wanted = self.circuit, self.wanted
        slots = [circuit.slot(name) for name in wanted.values]
        targets = [circuit.slot(name) for name in wanted.outputs]
        needed = circuit.upstream([*slots, *targets])
        lines = [f"def {FUNCTION_NAME}({', '.join(f'v{circuit.slot(name)}' for name in self.names)}):"]
        for gate in self.moved:
            if gate in needed:
                lines += self._value(gate)
        results = [self._operand(slot) for slot in slots]
        wrt = [circuit.slot(name) for name in wanted.wrt]
        for target in targets:
            lines += self._backward(target, wrt)
            results += [f"d{slot}" for slot in wrt]
            if wrt and target != targets[-1]:  # the next output's derivatives take the same names
                kept = [f"e{target}_{slot}" for slot in wrt]
                lines.append(f"    {', '.join(kept)}, = {', '.join(results[-len(wrt) :])},")
                results[-len(wrt) :] = kept
        lines.append(f"    return ({''.join(f'{result}, ' for result in results).rstrip(' ')})")
        return PythonFunction("\n".join([*lines, ""]), frozenset(self.calls))

    def _operand(self, slot: int) -> str:
        return PYTHON.write([self._step(slot)])

    def _step(self, slot: int) -> Step:
        """Return the variable of a wire that depends on the parameters, or the number of another one."""
        return Name(f"v{slot}", 0) if slot in self.variable else Number(self.values[slot], 0)

    def _value(self, gate: int) -> list[str]:
        steps = self._in_variables(gate, self.circuit.rules[gate].value.steps)
        return self._assignment(f"    v{self.circuit.first_gate + gate} = ", steps)

    def _in_variables(self, gate: int, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Return a formula of a gate's rule, with the variables and numbers of wires in the place of operands."""
        circuit, rule = self.circuit, self.circuit.rules[gate]
        slots = dict(zip(rule.operands, circuit.operands[gate], strict=True))
        slots["out"] = circuit.first_gate + gate
        return substituted(steps, {name: (self._step(slot),) for name, slot in slots.items()})

    def _assignment(self, target: str, steps: Sequence[Step]) -> list[str]:
        """Return the lines that compute a formula, of which the last begins with the target."""
        self.calls |= calls_in(steps)
        indent = target[: -len(target.lstrip())]
        lines: list[str] = []

        def assign(text: str) -> str:
            lines.append(f"{indent}t{len(lines)} = {text}")
            return f"t{len(lines) - 1}"

        expression = PYTHON.write(steps, assign)
        return [*lines, target + expression]

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
            rule = circuit.rules[gate]
            inner = "    "
            if slot != target:
                lines.append(f"    if d{slot}:")
                inner = "        "
            for operand, partial in zip(circuit.operands[gate], rule.partials.values(), strict=True):
                if operand in known:
                    # 1 times an upstream gradient is that gradient, to the bit.
                    factors = () if _is_one(partial.steps) else self._in_variables(gate, partial.steps)
                    times = [Call("mul", 2, 0)] if factors else []
                    lines += self._assignment(f"{inner}d{operand} += ", [*factors, Name(f"d{slot}", 0), *times])
        return lines


def _is_one(steps: Sequence[Step]) -> bool:
    return len(steps) == 1 and isinstance(steps[0], Number) and steps[0].value == 1

"""The guide's objects: units that carry a value and a gradient, and gates that compute both.

As in Karpathy, "Hacker's guide to Neural Networks", chapter 1: `forward` takes units and returns a unit, `backward`
adds what reaches the gate's output, times its partial derivatives, to its operands' gradients. There is a class for
every row of the gate table, made from it: `MultiplyGate`, `AddGate`, `SigmoidGate`, ...

>>> x, y = Unit(-2.0), Unit(3.0)
>>> from circuitgrad.gates.table import find
>>> multiply = class_of(find("mul"))()
>>> out = multiply.forward(x, y)
>>> out.grad = 1.0
>>> multiply.backward()
>>> out, x, y
(Unit(value=-6.0, grad=1.0), Unit(value=-2.0, grad=3.0), Unit(value=3.0, grad=-2.0))
"""

from __future__ import annotations

from itertools import repeat
from operator import mul
from typing import TYPE_CHECKING, Any, ClassVar

from circuitgrad.errors import CircuitError
from circuitgrad.gates.compiled import partials_function, value_function
from circuitgrad.gates.doubles import DOUBLES
from circuitgrad.gates.rule import Rule, once_a_rule
from circuitgrad.gates.table import GATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuitgrad.gates.arithmetic import Arithmetic


class Unit:
    """What a wire carries: its value, and the gradient of the output with respect to it.

    Args:
        value: the value, a float.
        grad: the gradient, 0 until a backward pass adds to it.
    """

    __slots__ = ("grad", "value")

    def __init__(self, value: float, grad: float = 0.0) -> None:
        self.value = value
        self.grad = grad

    def __repr__(self) -> str:
        return f"Unit(value={self.value!r}, grad={self.grad!r})"


class Gate:
    """A gate of a circuit. `class_of` makes a subclass for each rule; this class does the work of all of them."""

    __slots__ = ("operands", "out")

    rule: ClassVar[Rule]
    value_function: ClassVar[Callable[..., float]]
    partials_function: ClassVar[Callable[..., tuple[float, ...]]]

    operands: tuple[Unit, ...]
    out: Unit

    def forward(self, *operands: Unit) -> Unit:
        """Compute the gate's value from its operands' and return it in a new unit, whose gradient is 0.

        Raises:
            CircuitError: the number of operands is not the gate's.
        """
        if len(operands) != self.rule.arity:
            raise CircuitError.of(f"{self.rule.name} takes {self.rule.arity} operands, not {len(operands)}")
        self.operands = operands
        self.out = Unit(self.value_function(*[unit.value for unit in operands]))
        return self.out

    def backward(self) -> None:
        """Add upstream gradient times partial derivative to every operand's gradient; see `contributions`.

        Raises:
            CircuitError: there was no forward pass before.
        """
        try:
            operands, out = self.operands, self.out
        except AttributeError:
            raise CircuitError.of(f"{type(self).__name__}: backward before forward") from None
        contributions = self.contributions(out.grad, out.value, [unit.value for unit in operands])
        for unit, contribution in zip(operands, contributions):  # noqa: B905 - `strict` takes a twentieth of the pass
            unit.grad += contribution

    def contributions(self, upstream: Any, out: Any, operands: Sequence[Any]) -> Sequence[Any]:
        """Return upstream gradient times partial derivative for every operand: the chain rule, in its one place.

        An upstream gradient of 0 contributes 0, whatever the partial derivative; a partial derivative of 0 is never
        skipped, so that 0 times an infinite upstream gradient shows as NaN.

        Args:
            upstream: the gradient of the output with respect to the gate.
            out: the gate's value.
            operands: the values of its operands.

        >>> from circuitgrad.gates.table import find
        >>> class_of(find("div"))().contributions(2.0, 1.5, [3.0, 2.0])
        [1.0, -1.5]
        """
        if not upstream:
            return [upstream] * len(operands)
        return [*map(mul, self.partials_function(*operands, out), repeat(upstream))]

    def partials(self) -> tuple[float, ...]:
        """Return the partial derivatives at the last forward pass, one for each operand."""
        return self.partials_function(*[unit.value for unit in self.operands], self.out.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@once_a_rule
def class_of(rule: Rule, arithmetic: Arithmetic = DOUBLES) -> type[Gate]:
    """Return the class of a rule's gate objects, for doubles or other numbers.

    It is named after the rule, or after the alias that spells out a name of three letters or fewer.

    >>> from circuitgrad.gates.table import GATES
    >>> [class_of(GATES[name]).__name__ for name in ("sigmoid", "mul", "log")]
    ['SigmoidGate', 'MultiplyGate', 'LogGate']
    """
    spelled_out = next((alias for alias in rule.aliases if len(rule.name) <= 3 < len(alias)), rule.name)
    return type(
        class_name(spelled_out),
        (Gate,),
        {
            "__slots__": (),
            "__doc__": f"The {rule.name} gate, {rule.about}: {rule.value}.",
            "__module__": "circuitgrad",
            "rule": rule,
            "value_function": staticmethod(value_function(rule, arithmetic)),
            "partials_function": staticmethod(partials_function(rule, arithmetic)),
        },
    )


def class_name(name: str) -> str:
    """Return the name of a gate's class.

    >>> class_name("multiply"), class_name("leaky_relu")
    ('MultiplyGate', 'LeakyReluGate')
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Gate"


def gate_classes() -> dict[str, type[Gate]]:
    """Return every gate's class under each of its names: `MultiplyGate` and `MulGate` are the same."""
    return {class_name(name): class_of(rule) for rule in GATES.values() for name in (rule.name, *rule.aliases)}

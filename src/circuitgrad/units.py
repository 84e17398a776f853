"""The guide's objects: units that carry a value and a gradient, and gates that compute both.

As in Karpathy, "Hacker's guide to Neural Networks", chapter 1: `forward` takes units and returns a unit, `backward`
adds what reaches the gate's output, times its partial derivatives, to its operands' gradients. There is a class for
every row of the gate table, made from it: `MultiplyGate`, `AddGate`, `SigmoidGate`, ...

>>> x, y = Unit(-2.0), Unit(3.0)
>>> multiply = gate_class("mul")()
>>> out = multiply.forward(x, y)
>>> out.grad = 1.0
>>> multiply.backward()
>>> out, x, y
(Unit(value=-6.0, grad=1.0), Unit(value=-2.0, grad=3.0), Unit(value=3.0, grad=-2.0))
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

from circuitgrad.arithmetic import DOUBLES
from circuitgrad.errors import CircuitError
from circuitgrad.gates import GATES, find
from circuitgrad.rules import partials_rule, value_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.arithmetic import Arithmetic
    from circuitgrad.gates import Row


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
    """A gate of a circuit. `gate_class` makes a subclass for each row; this class does the work of all of them."""

    __slots__ = ("operands", "out")

    row: ClassVar[Row]
    value_rule: ClassVar[Callable[..., float]]
    partials_rule: ClassVar[Callable[..., tuple[float, ...]]]

    operands: tuple[Unit, ...]
    out: Unit

    def forward(self, *operands: Unit) -> Unit:
        """Compute the gate's value from its operands' and return it in a new unit, whose gradient is 0.

        Raises:
            CircuitError: the number of operands is not the gate's.
        """
        if len(operands) != self.row.arity:
            raise CircuitError.of(f"{self.row.name} takes {self.row.arity} operands, not {len(operands)}")
        self.operands = operands
        self.out = Unit(self.value_rule(*[unit.value for unit in operands]))
        return self.out

    def backward(self) -> None:
        """Add upstream gradient times partial derivative to every operand's gradient: the chain rule.

        An upstream gradient of 0 adds nothing, whatever the partial derivative; a partial derivative of 0 is never
        skipped, so that 0 times an infinite upstream gradient shows as NaN.

        Raises:
            CircuitError: there was no forward pass before.
        """
        if not hasattr(self, "out"):
            raise CircuitError.of(f"{type(self).__name__}: backward before forward")
        upstream = self.out.grad
        if not upstream:
            return
        for unit, partial in zip(self.operands, self.partials(), strict=True):
            unit.grad += partial * upstream

    def partials(self) -> tuple[float, ...]:
        """Return the partial derivatives at the last forward pass, one for each operand."""
        return self.partials_rule(*[unit.value for unit in self.operands], self.out.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@cache
def class_of(row: Row, arithmetic: Arithmetic = DOUBLES) -> type[Gate]:
    """Return the class of a row's gate objects, for doubles or other numbers.

    It is named after the row, or after the alias that spells out a name of three letters or fewer.

    >>> from circuitgrad.gates import GATES
    >>> [class_of(GATES[name]).__name__ for name in ("sigmoid", "mul", "log")]
    ['SigmoidGate', 'MultiplyGate', 'LogGate']
    """
    spelled_out = next((alias for alias in row.aliases if len(row.name) <= 3 < len(alias)), row.name)
    return type(
        class_name(spelled_out),
        (Gate,),
        {
            "__slots__": (),
            "__doc__": f"The {row.name} gate, {row.about}: {row.value}.",
            "__module__": "circuitgrad",
            "row": row,
            "value_rule": staticmethod(value_rule(row, arithmetic)),
            "partials_rule": staticmethod(partials_rule(row, arithmetic)),
        },
    )


def gate_class(name: str) -> type[Gate]:
    """Return the class of the gate called `name`.

    Raises:
        CircuitError: there is none.

    >>> gate_class("add")
    <class 'circuitgrad.AddGate'>
    """
    return class_of(find(name))


def class_name(name: str) -> str:
    """Return the name of a gate's class.

    >>> class_name("multiply"), class_name("leaky_relu")
    ('MultiplyGate', 'LeakyReluGate')
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Gate"


def gate_classes() -> dict[str, type[Gate]]:
    """Return every gate's class under each of its names: `MultiplyGate` and `MulGate` are the same."""
    return {class_name(name): class_of(row) for row in GATES.values() for name in (row.name, *row.aliases)}

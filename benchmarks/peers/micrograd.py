"""micrograd, a class of values; what it has no method for is added as it adds its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from peers import STEP_SIZE, Peer, repeated
from peers.formulas import composed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuits import Description

    from peers import Job

SLOPES: dict[str, tuple[Callable[[float], float], Callable[[float, float], float]]] = {
    "sin": (math.sin, lambda x, _: math.cos(x)),
    "cos": (math.cos, lambda x, _: -math.sin(x)),
    "tanh": (math.tanh, lambda _, out: 1 - out * out),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda _, out: out * (1 - out)),
}


def rules() -> dict[str, Callable[..., Any]]:
    """Return the kinds of gates."""
    from micrograd.engine import Value

    def function(kind: str) -> Callable[[Any], Any]:
        value, slope = SLOPES[kind]

        def call(x: Any) -> Any:
            out = Value(value(x.data), (x,), kind)

            def backward() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = backward  # noqa: SLF001 - as micrograd's own methods do
            return out

        return call

    return {
        "add": Value.__add__,
        "sub": Value.__sub__,
        "mul": Value.__mul__,
        **{kind: function(kind) for kind in SLOPES},
    }


def passes(description: Description) -> Callable[[Sequence[float]], list[float]]:
    """Return the function of the inputs that returns the value and the gradient."""
    from micrograd.engine import Value

    compute = composed(description, rules())

    def call(point: Sequence[float]) -> list[float]:
        leaves = [Value(x) for x in point]
        out = compute(leaves)
        out.backward()
        return [out.data, *(leaf.grad for leaf in leaves)]

    return call


def at_point(description: Description) -> Job:
    """Prepare one graph, which every pass builds anew."""
    call = passes(description)
    return repeated(lambda: call(description.point))


def in_steps(description: Description, steps: int) -> Job:
    """Prepare a loop in Python."""
    call = passes(description)

    def ascend() -> list[float]:
        point = description.point
        for _ in range(steps):
            _, *slopes = call(point)
            point = [x + STEP_SIZE * slope for x, slope in zip(point, slopes, strict=True)]
        return point

    return repeated(ascend)


PEERS = [
    Peer("micrograd", "`Value`s and `backward()`", needs=("micrograd.engine",), point=at_point, steps=in_steps),
]

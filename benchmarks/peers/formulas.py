"""The kinds of gates in the words of libraries that trace a function: in NumPy's, which all of them know."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuits import Description


def kinds(library: Any) -> dict[str, Callable[..., Any]]:
    """Return the kinds of gates by name, as functions of a library that has NumPy's names."""
    return {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "sin": library.sin,
        "cos": library.cos,
        "tanh": library.tanh,
        "sigmoid": lambda x: 1 / (1 + library.exp(-x)),
    }


def composed(description: Description, rules: dict[str, Callable[..., Any]]) -> Callable[[Sequence[Any]], Any]:
    """Return the function that the circuit computes of the list of its inputs."""

    def function(point: Sequence[Any]) -> Any:
        values = [point[place] for place in range(len(description.inputs))]
        for kind, operands in description.gates:
            values.append(rules[kind](*[values[slot] for slot in operands]))
        return values[-1]

    return function

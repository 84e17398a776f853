"""The starting file of a multi-layer perceptron."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_WEIGHTS = 1_000_000
MOST_LAYERS = 100
MOST_SHOWN_SIZES = 8
"""A title shows the sizes of at most this many layers."""


def mlp_text(file: str, sizes: Sequence[int]) -> str:
    """Return a multi-layer perceptron: tanh in the hidden layers, a linear output, half the mean squared error as loss.

    Args:
        file: the file's name, for the comments: in one line, as a shell takes it.
        sizes: the number of inputs, of neurons in each hidden layer, and of outputs.

    Raises:
        CircuitError: there are fewer than two sizes, a size is not positive, or there are too many layers or weights.

    >>> from circuitgrad import loads
    >>> loads(mlp_text("mlp.yaml", [2, 16, 1])).outputs
    ('loss',)
    """
    _refuse_sizes(sizes)
    inputs = [f"  x[0:{sizes[0]}]: {{value: 0.5, fixed: true}}"]
    gates, last = [], len(sizes) - 1
    below = "x"
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        weights = f"  w{layer}[0:{fan_out}, 0:{fan_in}]: {{normal: {fan_in**-0.5:.4g}, seed: 1}}"
        inputs += [f"{weights:<48}  # layer {layer}: {fan_in} to {fan_out}", f"  b{layer}[0:{fan_out}]: 0"]
        total = f"sum(w{layer}[j, i]*{below}[i] for i in range({fan_in})) + b{layer}[j]"
        name, formula = ("out", total) if layer == last else (f"h{layer}", f"tanh({total})")
        gates.append(f"  {name}[j=0:{fan_out}]: {formula}")
        below = name
    inputs.append(f"  target[0:{sizes[-1]}]: {{value: 1, fixed: true}}")
    gates.append(f"  loss: sum((out[k] - target[k])**2 for k in range({sizes[-1]}))/{2 * sizes[-1]}")
    title = f"A multi-layer perceptron, {_shape(sizes)}"
    learning_rate = min(0.1, 0.5 / max(sizes))  # the curvature of the loss grows with the width of a layer
    lines = [
        f"# {title}, with random starting weights. Try",
        "#",
        f"#   circuitgrad backward {file}",
        f"#   circuitgrad optimize {file} --minimize --steps 50 --step-size {learning_rate:.1g}",
        f"#   circuitgrad forward {file} --set 'x[0]=-0.5'",
        "",
        f"about: {title}",
        "inputs:",
        *inputs,
        "gates:",
        *gates,
        "output: loss",
        "",
    ]
    return "\n".join(lines)


def _refuse_sizes(sizes: Sequence[int]) -> None:
    """Refuse sizes that make no perceptron.

    Raises:
        CircuitError: there are too few or too many, or a size is not positive.
    """
    if len(sizes) < 2:
        raise CircuitError.of("an mlp has two sizes or more", hint="inputs, hidden layers, outputs: mlp 2 16 1")
    if min(sizes) < 1:
        raise CircuitError.of(f"{min(sizes)} is no size of a layer")
    layers = len(sizes) - 1
    if layers > MOST_LAYERS:
        raise CircuitError.of(f"an mlp with {layers:,} layers", hint=f"up to {MOST_LAYERS} are sensible here")
    weights = sum(fan_in * fan_out for fan_in, fan_out in pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise CircuitError.of(f"an mlp with {weights:,} weights", hint=f"up to {MOST_WEIGHTS:,} are sensible here")


def _shape(sizes: Sequence[int]) -> str:
    """Return the sizes of the layers in a title.

    >>> _shape([2, 16, 1]), _shape([1, 2, 3, 4, 5, 6, 7, 8, 9])
    ('2-16-1', '1-2-3-4-5-6-...-9')
    """
    shown = sizes if len(sizes) <= MOST_SHOWN_SIZES else [*sizes[: MOST_SHOWN_SIZES - 2], "...", sizes[-1]]
    return "-".join(map(str, shown))

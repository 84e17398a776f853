"""PyTorch without compilation: tensors of one number each, or of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits import columns, sampled

from peers import STEP_SIZE, Job, Peer, repeated
from peers.formulas import composed, kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from circuits import Description


def passes(description: Description) -> Callable[[Sequence[Any]], tuple[Any, Sequence[Any]]]:
    """Return the function of the inputs, tensors, that returns the value and the gradient of its sum."""
    import torch

    compute = composed(description, {**kinds(torch), "sigmoid": torch.sigmoid})

    def call(leaves: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        out = compute(leaves)
        return out.detach(), torch.autograd.grad(out.sum() if out.dim() else out, leaves)

    return call


def leaves_of(description: Description) -> list[Any]:
    """Return the inputs as tensors."""
    import torch

    return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in description.point]


def at_point(description: Description) -> Job:
    """Prepare a forward pass and `torch.autograd.grad`."""
    call, leaves = passes(description), leaves_of(description)

    def both() -> list[Any]:
        value, slopes = call(leaves)
        return [value, *slopes]

    return repeated(both)


def over_rows(description: Description, rows: int) -> Job:
    """Prepare the same of columns."""
    import torch

    call = passes(description)
    leaves = [torch.tensor(column, dtype=torch.float64, requires_grad=True) for column in columns(description, rows)]

    def answer() -> list[float]:
        value, slopes = call(leaves)
        return [float(x[place]) for place in sampled(rows) for x in (value, *slopes)]

    return Job(answer, lambda times: [call(leaves) for _ in range(times)][-1:])


def in_steps(description: Description, steps: int) -> Job:
    """Prepare a loop in Python."""
    import torch

    call = passes(description)

    def ascend() -> list[Any]:
        leaves = leaves_of(description)
        for _ in range(steps):
            _, slopes = call(leaves)
            with torch.no_grad():
                for leaf, slope in zip(leaves, slopes, strict=True):
                    leaf.add_(slope, alpha=STEP_SIZE)
        return [leaf.detach() for leaf in leaves]

    return repeated(ascend)


PEERS = [
    Peer(
        "torch eager",
        "`torch.autograd.grad`; rows as whole columns",
        needs=("torch",),
        point=at_point,
        rows=over_rows,
        steps=in_steps,
    ),
]

"""HIPS autograd: NumPy, traced at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits import columns, sampled

from peers import STEP_SIZE, Job, Peer, repeated
from peers.formulas import composed, kinds

if TYPE_CHECKING:
    from circuits import Description


def traced(description: Description) -> Any:
    """Return the function of the circuit's inputs, scalars or columns, as autograd sees it."""
    import autograd.numpy

    return composed(description, kinds(autograd.numpy))


def at_point(description: Description) -> Job:
    """Prepare `value_and_grad`."""
    import autograd

    call, point = autograd.value_and_grad(traced(description)), description.point

    def both() -> list[float]:
        value, slopes = call(point)
        return [value, *slopes]

    return repeated(both)


def over_rows(description: Description, rows: int) -> Job:
    """Prepare the gradient of the sum over the rows, of whole columns at once."""
    import autograd
    import numpy as np

    forward = autograd.make_vjp(traced(description))
    given = [np.frombuffer(column) for column in columns(description, rows)]
    ones = np.ones(rows)

    def both() -> list[Any]:
        pull, values = forward(given)
        return [values, *pull(ones)]

    def answer() -> list[float]:
        found = both()
        return [float(column[place]) for place in sampled(rows) for column in found]

    return Job(answer, lambda times: [both() for _ in range(times)][-1:])


def in_steps(description: Description, steps: int) -> Job:
    """Prepare a loop in Python."""
    import autograd

    call = autograd.grad(traced(description))

    def ascend() -> list[float]:
        point = description.point
        for _ in range(steps):
            point = [x + STEP_SIZE * slope for x, slope in zip(point, call(point), strict=True)]
        return point

    return repeated(ascend)


PEERS = [
    Peer(
        "autograd",
        "`value_and_grad`; rows as whole columns",
        needs=("autograd", "autograd.numpy"),
        point=at_point,
        rows=over_rows,
        steps=in_steps,
    ),
]

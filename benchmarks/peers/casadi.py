"""CasADi's virtual machine: scalar expressions (SX), a function of value and gradient, its map and its fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits import columns, sampled

from peers import STEP_SIZE, Job, Peer, repeated
from peers.formulas import composed, kinds

if TYPE_CHECKING:
    from circuits import Description


def passes(description: Description) -> Any:
    """Return the function of the vector of inputs that returns the value and the gradient."""
    import casadi

    point = casadi.SX.sym("point", len(description.inputs))
    value = composed(description, kinds(casadi))(casadi.vertsplit(point))
    return casadi.Function("passes", [point], [value, casadi.gradient(value, point)])


def at_point(description: Description) -> Job:
    """Prepare the ordinary call, of a list."""
    call, point = passes(description), description.point

    def both() -> list[Any]:
        value, slopes = call(point)
        return [value, *slopes.full().ravel()]

    return repeated(both)._replace(run=lambda times: [call(point) for _ in range(times)][-1:])


def by_buffer(description: Description) -> Job:
    """Prepare the call by a `FunctionBuffer`, which reads and writes NumPy arrays in place."""
    import numpy as np

    function = passes(description)
    buffer, call = function.buffer()
    point: Any
    value: Any
    slopes: Any
    point, value, slopes = np.array(description.point), np.zeros(1), np.zeros(len(description.inputs))
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(slopes))

    def both(_kept: Any = (function, buffer, point)) -> list[float]:
        call()  # of what is kept: it holds on to nothing itself
        return [*value, *slopes]

    return repeated(both)._replace(run=lambda times: [call() for _ in range(times)][-1:])


def over_rows(description: Description, rows: int) -> Job:
    """Prepare the map over all rows, a column of CasADi's matrix a row."""
    import casadi
    import numpy as np

    call = passes(description).map(rows)
    # CasADi's matrices lie column by column: it copies this one as it is.
    given = casadi.DM(np.array([np.frombuffer(column) for column in columns(description, rows)]))

    def answer() -> list[float]:
        values, slopes = (found.full() for found in call(given))
        return [float(x) for place in sampled(rows) for x in (values[0, place], *slopes[:, place])]

    return Job(answer, lambda times: [call(given) for _ in range(times)][-1:])


def in_steps(description: Description, steps: int) -> Job:
    """Prepare the fold of one step."""
    import casadi

    point = casadi.SX.sym("point", len(description.inputs))
    _, slopes = passes(description)(point)
    ascend = casadi.Function("step", [point], [point + STEP_SIZE * slopes]).fold(steps)
    start = description.point
    return repeated(lambda: ascend(start).full().ravel())


NEEDS = ("casadi", "numpy")

PEERS = [
    Peer(
        "CasADi",
        "the ordinary call `f(x)`; `map` for rows, `fold` for steps",
        needs=NEEDS,
        point=at_point,
        rows=over_rows,
        steps=in_steps,
    ),
    Peer("CasADi, buffer", "`FunctionBuffer`: no argument is converted, no result made", needs=NEEDS, point=by_buffer),
]

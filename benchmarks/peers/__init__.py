"""What circuitgrad is held against, and its own engines: a file a peer, which imports its library only when it works.

A peer is given the neutral description of a circuit and prepares a job: a value and a gradient at a point, of all rows
of columns, or a number of steps of gradient ascent. What a peer cannot do it leaves out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from circuits import Description

STEP_SIZE = 0.01
"""Of gradient ascent."""

BUILD = "CIRCUITGRAD_BENCHMARKS_BUILD"
"""The environment's variable that names a folder for what is compiled once a run."""

FILES = ("own", "c", "cppad", "casadi", "jax", "torch", "autograd", "micrograd")


class Job(NamedTuple):
    """A piece of work that is ready to run.

    Attributes:
        answer: does it once, and returns the numbers that all have to agree in.
        run: does it so many times.
    """

    answer: Callable[[], list[float]]
    run: Callable[[int], object]


def repeated(call: Callable[[], Iterable[float]]) -> Job:
    """Return the job of calling a function.

    >>> repeated(lambda: (1, 2)).answer()
    [1.0, 2.0]
    """

    def run(times: int) -> None:
        for _ in range(times):
            call()

    return Job(lambda: [float(number) for number in call()], run)


@dataclass(frozen=True)
class Peer:
    """A way to do the work.

    Attributes:
        name: what the tables call it.
        about: how it is called, in words.
        needs: the modules that it imports.
        build: compiles what is the same for all circuits, once a run.
        largest: the largest circuit that it is tried with.
        point: prepares the value and gradient at the description's point.
        rows: prepares the value and gradient of so many rows of `circuits.columns`; answers for those `sampled`.
        steps: prepares so many steps of gradient ascent from the description's point; answers with the last point.
    """

    name: str
    about: str
    needs: Sequence[str] = ()
    build: Callable[[], object] | None = None
    largest: float = math.inf
    point: Callable[[Description], Job] | None = None
    rows: Callable[[Description, int], Job] | None = None
    steps: Callable[[Description, int], Job] | None = None


@cache
def peers() -> dict[str, Peer]:
    """Return the peers by name, circuitgrad's own engines first.

    >>> [name for name in peers() if name.startswith("circuitgrad")]
    ['circuitgrad objects', 'circuitgrad python', 'circuitgrad native', 'circuitgrad native, steps alone']
    """
    found = [peer for file in FILES for peer in import_module(f"peers.{file}").PEERS]
    return {peer.name: peer for peer in found}

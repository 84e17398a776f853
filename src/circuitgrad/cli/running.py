"""What goes on while an optimisation runs: a bar, a trace, checkpoints, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, quote
from circuitgrad.files import refuse_unwritable, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.checkpoint import Checkpoint
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate
    from circuitgrad.report.trace import Trace

OFTEN = 0.1
"""The bar moves every so many seconds."""
SELDOM = 10.0
"""The trace is written every so many seconds."""


class Watching(NamedTuple):
    """What is kept of a run on its way.

    Attributes:
        trace: the file for its steps, or None.
        every: so many steps apart they are.
        checkpoint: the file for its state, or None.
        resume: whether it goes on from there.
        quiet: whether nothing is shown.
    """

    trace: str | None
    every: int
    checkpoint: str | None
    resume: bool
    quiet: bool

    def refuse(self, others: Mapping[str, str | None]) -> None:
        """Refuse what will not do, before anything is computed.

        Args:
            others: the other files of the run, by what they are.

        Raises:
            CircuitError: it will not.
        """
        if self.trace is not None:
            from circuitgrad.report.trace import suffix

            suffix(self.trace)
        seen = {os.path.realpath(path): what for what, path in others.items() if path not in (None, "-")}
        for what, path in (("--trace", self.trace), ("--checkpoint", self.checkpoint)):
            if path is None:
                continue
            refuse_unwritable(Path(path))
            if other := seen.get(os.path.realpath(path)):
                raise CircuitError.of(f"{what} {quote(path)} is {other} as well")
            seen[os.path.realpath(path)] = what
        if self.resume and self.checkpoint is None:
            raise CircuitError.of("--resume without --checkpoint FILE")
        if self.checkpoint is not None and not self.resume and Path(self.checkpoint).exists():
            hint = "--resume continues it; for a new run, delete it or name another"
            raise CircuitError.of(f"there is a checkpoint {quote(self.checkpoint)} already", hint=hint)

    def start(self) -> Checkpoint | None:
        """Return the checkpoint from which the run goes on, or None.

        Raises:
            CircuitError: there is none in the file.
        """
        if not self.resume or self.checkpoint is None:
            return None
        from circuitgrad.files import read_text
        from circuitgrad.methods.optimize.checkpoint import Checkpoint

        return Checkpoint.read(read_text(self.checkpoint))


def watched(
    circuit: Circuit, experiment: Optimization, rows: Rows | None, watching: Watching, engine: str | None
) -> Outcome:
    """Run an experiment, with all that is wanted beside.

    The first Ctrl-C ends it after the present step, the second one at once.

    Raises:
        CircuitError: see `methods.optimize.optimize`, or a file cannot be written.
    """
    from circuitgrad.methods.optimize.objective import free_inputs
    from circuitgrad.methods.optimize.optimize import optimize
    from circuitgrad.report.trace import Trace

    resume = watching.start()
    listeners: list[Callable[[Iterate], None]] = []
    trace: Trace | None = None
    with ExitStack() as stack:
        if not watching.quiet:
            listeners.append(_shown(stack.enter_context(closing(Meter())), experiment.steps))
        if watching.trace is not None:
            # A run that is told again what it was told goes through its first steps once more.
            before = None if resume is None or resume.tape else resume.number
            names = free_inputs(circuit, rows)
            trace = stack.enter_context(closing(Trace(watching.trace, names, watching.every, before)))
            listeners += [trace, _published(trace)]

        def save(checkpoint: Checkpoint) -> None:
            if trace is not None:
                trace.publish()
            if watching.checkpoint is not None:
                write(Path(watching.checkpoint), checkpoint.text(), replace=True)

        if trace is not None:
            stack.callback(trace.publish)  # also where a second Ctrl-C ends it all
        return optimize(
            circuit,
            experiment,
            rows,
            listen=lambda step: _tell(listeners, step),
            save=save if watching.checkpoint is not None else None,
            resume=resume,
            interrupted=stack.enter_context(_interruptible()),
            engine=engine,
            every=None if trace is None else watching.every,
        )


def _tell(listeners: Sequence[Callable[[Iterate], None]], step: Iterate) -> None:
    for listen in listeners:
        listen(step)


def _published(trace: Trace) -> Callable[[Iterate], None]:
    """Return what writes the file of a trace now and then, for those who follow the run."""
    last = monotonic()

    def publish(_step: Iterate) -> None:
        nonlocal last
        if monotonic() - last >= SELDOM:
            trace.publish()
            last = monotonic()

    return publish


def _shown(meter: Meter, steps: int | None) -> Callable[[Iterate], None]:
    """Return what shows a step on a bar, now and then."""
    last = monotonic()

    def show(step: Iterate) -> None:
        nonlocal last
        now = monotonic()
        if now - last < OFTEN:
            return
        last = now
        norm = "" if step.norm is None else f" gradient {step.norm:<9.3g}"
        meter(f"objective {step.objective:<12.6g}{norm} step", step.number, steps)

    return show


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a note, which is what is given: a function that tells whether there was one."""
    noted = False

    def note(_signal: int, _frame: object) -> None:
        nonlocal noted
        noted = True
        signal.signal(signal.SIGINT, before)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: noted
    finally:
        signal.signal(signal.SIGINT, before)

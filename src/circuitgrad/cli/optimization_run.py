"""Running an optimisation with a progress bar, a trace, checkpoints and Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from circuitgrad.cli.option_values import STANDARD_STREAM
from circuitgrad.cli.progress import Meter
from circuitgrad.errors import CircuitError, quote
from circuitgrad.files import refuse_unwritable, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.circuit.optimization import Optimization
    from circuitgrad.data.table import Rows
    from circuitgrad.methods.optimize.checkpoint import Checkpoint
    from circuitgrad.methods.optimize.run import Outcome
    from circuitgrad.methods.optimize.search import Iterate
    from circuitgrad.report.trace import Trace

SECONDS_BETWEEN_BAR_UPDATES = 0.1
SECONDS_BETWEEN_TRACE_WRITES = 10.0


class RunRecords(NamedTuple):
    """The files that record a run, and whether it shows its progress.

    Attributes:
        trace: the file of its steps, or None.
        every: the number of steps between two records of the trace.
        checkpoint: the file of its state, or None.
        resume: whether to continue from the checkpoint.
        quiet: whether to show no progress.
    """

    trace: str | None
    every: int
    checkpoint: str | None
    resume: bool
    quiet: bool

    def refuse_conflicts(self, files: Iterable[tuple[str, str | None]]) -> None:
        """Refuse options that contradict each other and files with two uses, before anything is computed.

        Args:
            files: the other files of the run, each with its use before it.

        Raises:
            CircuitError: there is a conflict.
        """
        if self.trace is not None:
            from circuitgrad.report.trace import suffix

            suffix(self.trace)
        uses = {os.path.realpath(path): use for use, path in files if path not in (None, STANDARD_STREAM)}
        for use, path in (("--trace", self.trace), ("--checkpoint", self.checkpoint)):
            if path is None:
                continue
            refuse_unwritable(Path(path))
            if first_use := uses.get(os.path.realpath(path)):
                raise CircuitError.of(f"{use} {quote(path)} is {first_use} as well")
            uses[os.path.realpath(path)] = use
        if self.resume and self.checkpoint is None:
            raise CircuitError.of("--resume without --checkpoint FILE")
        if self.checkpoint is not None and not self.resume and Path(self.checkpoint).exists():
            hint = "--resume continues it; for a new run, delete it or name another"
            raise CircuitError.of(f"there is a checkpoint {quote(self.checkpoint)} already", hint=hint)

    def start(self) -> Checkpoint | None:
        """Return the checkpoint from which the run continues, or None.

        Raises:
            CircuitError: the file holds no checkpoint.
        """
        if not self.resume or self.checkpoint is None:
            return None
        from circuitgrad.files import read_text
        from circuitgrad.methods.optimize.checkpoint import Checkpoint

        return Checkpoint.read(read_text(self.checkpoint))


def run_optimization(
    circuit: Circuit,
    optimization: Optimization,
    rows: Rows | None,
    records: RunRecords,
    engine: str | None,
    factors: Sequence[float] | None = None,
) -> Outcome:
    """Run an optimisation, and record it.

    The first Ctrl-C ends it after the present step, the second at once, as SIGTERM does.

    Raises:
        CircuitError: see `methods.optimize.optimize`, or a file cannot be written.
    """
    from circuitgrad.methods.optimize.objective import free_inputs
    from circuitgrad.methods.optimize.optimize import optimize
    from circuitgrad.report.trace import Trace

    resume = records.start()
    listeners: list[Callable[[Iterate], None]] = []
    trace: Trace | None = None
    with ExitStack() as stack:
        if not records.quiet:
            listeners.append(_bar_updates(stack.enter_context(closing(Meter())), optimization.steps))
        if records.trace is not None:
            # A run that replays its tape goes through its first steps again.
            before = None if resume is None or resume.tape else resume.number
            names = free_inputs(circuit, rows)
            trace = stack.enter_context(closing(Trace(records.trace, names, records.every, before)))
            listeners += [trace, _trace_writes(trace)]

        def save(checkpoint: Checkpoint) -> None:
            if trace is not None:
                trace.publish()
            if records.checkpoint is not None:
                write(Path(records.checkpoint), checkpoint.text(), replace=True, also_read=True)

        if trace is not None:
            stack.callback(trace.publish)  # also after a second Ctrl-C
        return optimize(
            circuit,
            optimization,
            rows,
            listen=lambda step: _call_all(listeners, step),
            save=save if records.checkpoint is not None else None,
            resume=resume,
            interrupted=stack.enter_context(_interruptible()),
            engine=engine,
            every=None if trace is None else records.every,
            factors=factors,
        )


def _call_all(listeners: Sequence[Callable[[Iterate], None]], step: Iterate) -> None:
    for listen in listeners:
        listen(step)


def _trace_writes(trace: Trace) -> Callable[[Iterate], None]:
    """Return the listener that writes the trace's file at intervals, for readers who follow the run."""
    last = monotonic()

    def publish(_step: Iterate) -> None:
        nonlocal last
        if monotonic() - last >= SECONDS_BETWEEN_TRACE_WRITES:
            trace.publish()
            last = monotonic()

    return publish


def _bar_updates(meter: Meter, steps: int | None) -> Callable[[Iterate], None]:
    """Return the listener that shows a step on the bar at intervals."""
    last = monotonic()

    def show(step: Iterate) -> None:
        nonlocal last
        now = monotonic()
        if now - last < SECONDS_BETWEEN_BAR_UPDATES:
            return
        last = now
        norm = "" if step.norm is None else f" gradient {step.norm:<9.3g}"
        meter(f"objective {step.objective:<12.6g}{norm} step", step.number, steps)

    return show


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Catch the first Ctrl-C; yield a function that tells whether there was a Ctrl-C."""
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

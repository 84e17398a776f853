"""The process of a run: standard streams that are closed, and signals that end it."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Any, NoReturn

_ENDING = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
"""The signals that end a run, and what it says."""


class Stopped(BaseException):
    """A signal has told the run to end.

    Attributes:
        message: what the run says.
        code: the run's exit code.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.message = _ENDING[signal.Signals(number)]
        self.code = 128 + number


class _Closed(io.RawIOBase):
    """Standard output where it is closed: the first text is refused, and those that are left at the end are dropped."""

    def __init__(self) -> None:
        self._is_refused = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """Refuse to write.

        Raises:
            CircuitError: it is the first time.
        """
        if not self._is_refused:
            self._is_refused = True
            from circuitgrad.errors import CircuitError

            raise CircuitError.of("standard output is closed")
        return len(data)


def prepare() -> None:
    """Make the process ready before anything slow is imported: a signal ends it at once, in one line."""
    _replace_closed_streams()
    _handle(_end_at_once)


def raise_on_signals() -> None:
    """Let signals raise `Stopped` from now on, so that the run tidies up. It changes nothing without `prepare`."""
    _handle(_raise, _end_at_once)


def stop_handling() -> None:
    """Let signals end the process in silence: Python would print a traceback while it shuts down."""
    _handle(signal.SIG_DFL, _raise, _end_at_once)


def _handle(handler: Any, *instead_of: Any) -> None:
    """Set a handler for signals that have another one, by default Python's own; a signal that is ignored stays so."""
    for number in _ENDING:
        if signal.getsignal(number) in (instead_of or (signal.default_int_handler, signal.SIG_DFL)):
            signal.signal(number, handler)


def _raise(number: int, _frame: object) -> NoReturn:
    raise Stopped(number)


def _end_at_once(number: int, _frame: object) -> NoReturn:
    stopped = Stopped(number)
    try:
        os.write(2, f"{stopped.message}\n".encode())
    finally:
        os._exit(stopped.code)


def _replace_closed_streams() -> None:
    """Put streams in place of those that are closed; standard input stays None, for only who reads it needs it."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    for number in range(3):
        # A file that is opened would take this number, and what is meant for the stream would get into it.
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed()), encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - it stays open


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

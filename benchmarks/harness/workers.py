"""A contestant's process: it prepares its job, and runs it whenever it is told, within a limit of time and memory."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from peers import Job

LIMIT = 60.0
"""Seconds that a contestant may take to prepare and answer, or for a round."""
MEMORY = 8 << 30
"""Bytes that a contestant may allocate."""


class ContestantError(Exception):
    """A contestant is out; the message says why."""


class LateError(ContestantError):
    """It took too long."""


class Contestant(NamedTuple):
    """What is timed. The functions are made in the parent and called in the child: they can be pickled.

    Attributes:
        label: what the tables call it.
        make: prepares the job.
        given: makes what `make` takes, which counts neither as time nor as memory.
        small: makes a small one of the same kind, which is done before to have all machinery loaded.
        needs: the modules that it imports.
    """

    label: str
    make: Callable[[Any], Job]
    given: Callable[[], Any]
    small: Callable[[], Any] | None = None
    needs: Sequence[str] = ()


class Ready(NamedTuple):
    """A job is prepared.

    Attributes:
        answer: its numbers.
        seconds: how long it took to prepare and answer.
        memory: the bytes that it holds.
    """

    answer: list[float]
    seconds: float
    memory: int


class Worker:
    """A contestant in its process.

    Args:
        contestant: the contestant.
        limit: the seconds that it may take each time.
        memory: the bytes that it may allocate.
    """

    def __init__(self, contestant: Contestant, limit: float = LIMIT, memory: int = MEMORY) -> None:
        context = multiprocessing.get_context("spawn")
        self._limit = limit
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(end, contestant, memory), daemon=True)
        self._process.start()
        end.close()

    def ready(self) -> Ready:
        """Return what the prepared contestant answers.

        Raises:
            ContestantError: it fails, or takes too long.
        """
        found: Ready = self._reply("to prepare and answer once")
        return found

    def run(self, times: int) -> float:
        """Return the seconds that so many runs take.

        Raises:
            ContestantError: it fails, or takes too long.
        """
        with contextlib.suppress(OSError):  # it is gone, as the reply tells
            self._pipe.send(times)
        found: float = self._reply(f"for {times:,} run{'s' if times > 1 else ''}")
        return found

    def _reply(self, what: str) -> Any:
        if not self._pipe.poll(self._limit):
            raise LateError(f"over {self._limit:g} s {what}")
        try:
            reply = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(self._limit)
            code = self._process.exitcode or 0
            why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise ContestantError(f"crashed ({why})") from None
        if isinstance(reply, str):
            raise ContestantError(reply)
        return reply

    def close(self) -> None:
        """End the process and those that it has started."""
        with contextlib.suppress(OSError, TypeError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


def _serve(pipe: Connection[Any, Any], contestant: Contestant, memory: int) -> None:
    """Prepare the job, then run it as often as the pipe says."""
    os.setsid()
    sys.stdout = sys.stderr
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    try:
        for module in contestant.needs:
            import_module(module)
        given = contestant.given()
        if contestant.small:
            contestant.make(contestant.small()).answer()
        before = _resident()
        start = time.perf_counter()
        job = contestant.make(given)
        answer = job.answer()
        seconds = time.perf_counter() - start
        pipe.send(Ready(answer, seconds, _resident() - before))
        while True:
            times = pipe.recv()
            start = time.perf_counter()
            job.run(times)
            pipe.send(time.perf_counter() - start)
    except (EOFError, BrokenPipeError):
        return
    except ModuleNotFoundError as error:
        pipe.send(f"not installed ({error.name})")
    except MemoryError:
        pipe.send(f"needs over {memory / 2**30:g} GiB")
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        pipe.send(f"{type(error).__name__}: {said[:100]}" if said else type(error).__name__)


def _resident() -> int:
    """Return the bytes of memory that the process holds, without what it no longer uses."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    resident: int = psutil.Process().memory_info().rss
    return resident

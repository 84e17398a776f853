"""Contestants of the benchmarks that do well, or badly, for tests of how they are run; their processes import this."""

from __future__ import annotations

import os
import signal
import time

from peers import Job, repeated


def right(_: object = None) -> Job:
    return repeated(lambda: [1.0, 2.0])


def wrong(_: object = None) -> Job:
    return repeated(lambda: [1.0, 2.0 + 1e-8])


def not_a_number(_: object = None) -> Job:
    return repeated(lambda: [1.0, float("nan")])


def late(_: object = None) -> Job:
    time.sleep(60)
    return right()


def late_later(_: object = None) -> Job:
    return Job(lambda: [1.0, 2.0], lambda _: time.sleep(60))


def failing(_: object = None) -> Job:
    raise ValueError("no such thing")


def crashing(_: object = None) -> Job:
    os.kill(os.getpid(), signal.SIGKILL)
    return right()


def greedy(_: object = None) -> Job:
    held = bytearray(1 << 40)
    return repeated(lambda: [len(held)])


def nothing() -> None:
    """Is given to every contestant."""

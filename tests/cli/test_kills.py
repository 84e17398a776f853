"""Runs that are killed while they write: the target is the old file or the new one, and the next run tidies up.

`CIRCUITGRAD_KILLS=200` kills each kind 200 times; `.ci/run` does.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from circuitgrad.errors import Source
from circuitgrad.methods.optimize.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

KILLS = int(os.environ.get("CIRCUITGRAD_KILLS", "4"))
ENOUGH_KILLS = 50
"""After so many, some runs must have been killed while they wrote, whatever else the machine did."""
COMMENT = "# a comment, as long as it takes\n" * 5000
CIRCUIT = "inputs: {x: 1.0, k: 2}\ngates: {y: x*k}\n" + COMMENT
BOWL = "inputs: {x: 1, y: 2}\ngates: {z: x*x + y*y}\noptimize: {minimize: z}\n"
NAMES = ["circuit.yaml", "rows.csv"]
"""What stands in the folder before a run."""

# Processes are forked from one that has imported everything already. It kills each itself, before it collects it, so
# that no number is another process's by then: after a time, counted from the start or from when the writing began.
FORKS = r"""
import importlib, json, os, re, signal, sys, time
from circuitgrad.cli import run
for name in ("cli.optimize", "cli.forward", "cli.saving", "methods.optimize.optimize", "engines.python", "report.rows"):
    importlib.import_module(f"circuitgrad.{name}")
import circuitgrad.methods.optimize.run as optimization
optimization.CHECKPOINT_SECONDS = 0.0
for line in sys.stdin:
    order = json.loads(line)
    before = os.listdir(order["folder"])
    process = os.fork()
    if not process:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        run(order["arguments"])
    start = time.monotonic()
    ended = 0
    def is_awaited():
        new = set(os.listdir(order["folder"])).difference(before)
        return order["is_watched"] and not any(re.fullmatch(r"\.circuitgrad-\w{8}\.tmp", name) for name in new)
    while order["delay"] is not None and not ended and (is_awaited() or time.monotonic() - start < order["delay"]):
        if is_awaited():
            start = time.monotonic()
        ended, status = os.waitpid(process, os.WNOHANG)
    if not ended:
        if order["delay"] is not None:
            os.kill(process, signal.SIGKILL)
        ended, status = os.waitpid(process, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - start]), flush=True)
"""


class Runs:
    """Runs of the program in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._forks = subprocess.Popen(
            [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        )

    def run(self, arguments: list[str], delay: float | None = None, *, is_watched: bool = False) -> tuple[int, float]:
        """Run the program, kill it after a delay, and return its exit code and its time."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        order = {"arguments": arguments, "delay": delay, "is_watched": is_watched, "folder": str(self.folder)}
        self._forks.stdin.write(json.dumps(order) + "\n")
        self._forks.stdin.flush()
        code, seconds = json.loads(self._forks.stdout.readline())
        return code, seconds

    def close(self) -> None:
        self._forks.communicate(timeout=60)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    (tmp_path / "rows.csv").write_text("x\n" + "".join(f"{i}.5\n" for i in range(20_000)))
    made = Runs(tmp_path)
    yield made
    made.close()


def kill_often(
    runs: Runs, arguments: Callable[[int], list[str]], target: Path, check: Callable[[int, bytes | None], Any]
) -> None:
    """Kill runs at seeded times, look at the target after each, and let one run to its end."""
    rng = random.Random(target.name)
    code, seconds = runs.run(arguments(0))
    assert code == 0
    check(0, target.read_bytes())
    killed = littered = 0
    litter: set[str] = set()
    for number in range(1, KILLS + 1):
        is_watched = number % 2 == 0
        delay = rng.uniform(0, 0.02 * seconds) if is_watched else rng.uniform(0, seconds)
        code, _ = runs.run(arguments(number), delay, is_watched=is_watched)
        assert code in (0, -9)
        killed += code == -9
        before, litter = litter, {entry.name for entry in runs.folder.iterdir()} - {*NAMES, target.name}
        assert len(litter) <= 1, "a run leaves its own file alone, and removes those of earlier ones"
        littered += len(litter - before)
        check(number, target.read_bytes() if target.exists() else None)
    if KILLS >= ENOUGH_KILLS:
        assert killed > KILLS // 4, "most runs ended before they were killed"
        assert littered, "no run was killed while it wrote"
    assert runs.run(arguments(KILLS + 1))[0] == 0
    check(KILLS + 1, target.read_bytes())
    assert sorted(entry.name for entry in runs.folder.iterdir()) == sorted({*NAMES, target.name})


@pytest.mark.parametrize("name", ["circuit.yaml", "copy.yaml"])
def test_killed_while_values_are_written(runs: Runs, name: str) -> None:
    (runs.folder / "circuit.yaml").write_text(CIRCUIT)
    allowed = {CIRCUIT.encode()}

    def arguments(number: int) -> list[str]:
        wanted = ["optimize", "circuit.yaml", "-q", "--set", f"x={number + 2}", "--steps", "0"]
        return [*wanted, "--write"] if name == "circuit.yaml" else [*wanted, "-o", name, "--force"]

    def check(number: int, content: bytes | None) -> None:
        allowed.add(CIRCUIT.replace("x: 1.0", f"x: {number + 2}.0").encode())
        assert content in allowed
        allowed.intersection_update({content})

    kill_often(runs, arguments, runs.folder / name, check)


def test_killed_while_rows_are_written(runs: Runs) -> None:
    target = runs.folder / "results.csv"
    (runs.folder / "circuit.yaml").write_text(BOWL)
    contents = {b"old\n"}

    def check(number: int, content: bytes | None) -> None:
        if number == 0 and content is not None:
            contents.add(content)
        assert content in contents
        target.write_bytes(b"old\n")

    command = ["forward", "circuit.yaml", "-q", "--engine", "python", "--data", "rows.csv", "-o", target.name]
    kill_often(runs, lambda _: command, target, check)


def test_killed_while_a_checkpoint_is_written(runs: Runs) -> None:
    target = runs.folder / "state.json"
    (runs.folder / "circuit.yaml").write_text(BOWL)
    command = ["optimize", "circuit.yaml", "-q", "--steps", "60", "--method", "adam", "--checkpoint", target.name]

    def arguments(_: int) -> list[str]:
        return [*command, "--resume"] if target.exists() else command

    def check(number: int, content: bytes | None) -> None:
        checkpoint = None if content is None else Checkpoint.read(Source(target.name, content.decode()))
        if checkpoint is not None and checkpoint.number >= 60 and number <= KILLS:
            target.unlink()

    kill_often(runs, arguments, target, check)

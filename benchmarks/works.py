"""What is done side by side, and by whom: the works, by name."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from array import array
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import reading
import startup
from circuits import columns, described, rows_at, sampled
from harness.rounds import Work
from harness.workers import Contestant
from peers import BUILD, Job, peers

from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "benchmarks" / "scripts"
CIRCUITGRAD = [str(Path(sys.executable).with_name("circuitgrad"))]

OBJECTS, PYTHON, NATIVE = (f"circuitgrad {engine}" for engine in ("objects", "python", "native"))
OURS = (NATIVE, PYTHON, OBJECTS)
"""Whose time the others' is divided by: machine code, where it does the work."""

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PENDULUMS = ("pendulum:1000", "pendulum:100000")
ROWS = (10_000, 100_000, 1_000_000)
STEPS = 10_000
READ = 200_000
HELD = 100_000
QUICK = 10_000
"""Works of more gates, or of more gates times rows, are left out by `--quick`."""


def peers_chosen(chosen: Sequence[str]) -> list[str]:
    """Return the peers of which a name begins with one that is chosen; all of them where none is.

    >>> peers_chosen(["CasADi", "circuitgrad python"])
    ['circuitgrad python', 'CasADi', 'CasADi, buffer']
    """
    return [name for name in peers() if not chosen or any(name.lower().startswith(one.lower()) for one in chosen)]


def works(chosen: Sequence[str] = ()) -> dict[str, Work]:
    """Return all works by name, in the order of the page.

    Args:
        chosen: the beginnings of the names of the peers that take part; all of them where there are none.

    >>> [name for name in works() if name.startswith("steps")]
    ['steps-neuron']
    """
    found = [*_processes(), *_readings(), _first_answer(chosen), *_points(chosen), *_rows(chosen), _steps(chosen)]
    found += [_table(), _memory()]
    return {work.name: work for work in found}


# One pass, rows, steps: what peers do.


def _points(chosen: Sequence[str]) -> Iterator[Work]:
    specs = ["neuron", *(f"{shape}:{size}" for size in SIZES for shape in ("deep", "wide")), *PENDULUMS]
    for spec in specs:
        size = 5 if spec == "neuron" else int(spec.partition(":")[2])
        title = "the neuron, 5 gates" if spec == "neuron" else f"{size:,} gates, {spec.partition(':')[0]}"
        yield Work(
            f"pass-{spec.replace(':', '-')}",
            title,
            "One pass",
            _contestants("point", spec, (), chosen),
            OURS,
            Contestant("reference", partial(_prepared, OBJECTS, "point", ()), partial(described, spec)),
            (size, "gate"),
            "" if spec == "neuron" else f"pass-{spec.partition(':')[0]}",
            size <= QUICK,
        )


def _rows(chosen: Sequence[str]) -> Iterator[Work]:
    for spec, size, title in (("neuron", 5, "the neuron"), ("wide:1000", 1000, "a circuit of 1,000 gates, wide")):
        for rows in ROWS:
            yield Work(
                f"rows-{spec.replace(':', '-')}-{rows}",
                f"{rows:,} rows of {title}",
                "Rows",
                _contestants("rows", spec, (rows,), chosen),
                OURS,
                Contestant("reference", partial(_rows_one_by_one, rows), partial(described, spec)),
                (rows * size, "gate and row"),
                f"rows-{spec}",
                rows * size <= 10 * QUICK,
            )


def _steps(chosen: Sequence[str]) -> Work:
    return Work(
        "steps-neuron",
        f"{STEPS:,} steps of gradient ascent, the neuron",
        "Steps",
        _contestants("steps", "neuron", (STEPS,), chosen),
        OURS,
        Contestant("reference", partial(_prepared, OBJECTS, "steps", (STEPS,)), partial(described, "neuron")),
        (STEPS, "step"),
        is_quick=True,
    )


def _contestants(kind: str, spec: str, arguments: tuple[int, ...], chosen: Sequence[str]) -> list[Contestant]:
    size = int(spec.partition(":")[2] or 5)
    found = [peers()[name] for name in peers_chosen(chosen)]
    return [
        Contestant(
            peer.name,
            partial(_prepared, peer.name, kind, arguments),
            partial(described, spec),
            partial(described, "neuron") if kind == "point" else None,
            peer.needs,
        )
        for peer in found
        if getattr(peer, kind) and size <= peer.largest
    ]


def _prepared(name: str, kind: str, arguments: tuple[int, ...], description: Any) -> Job:
    """Prepare a peer's job."""
    make: Callable[..., Job] = getattr(peers()[name], kind)
    return make(description, *arguments)


def _rows_one_by_one(rows: int, description: Any) -> Job:
    """Compute the sampled rows with the gate objects."""
    circuit = description.circuit()
    run = program(
        circuit, list(circuit.inputs), Wanted(circuit.outputs, circuit.outputs, tuple(circuit.inputs)), "objects"
    )
    given = columns(description, rows)
    return Job(lambda: [x for row in rows_at(given, sampled(rows)) for x in run(*row)], lambda _: None)


# Whole processes.


def _nothing() -> None:
    """Give a contestant nothing."""


def folder() -> Path:
    """Return the folder of what is made once a run: files of circuits and rows, compiled programs."""
    return Path(os.environ.get(BUILD) or tempfile.gettempdir())


def _command(command: Sequence[str], _: object = None, *, read: Callable[[bytes], list[float]] | None = None) -> Job:
    """Prepare to run a process, each time with an empty cache of machine code; its output may be an answer."""

    def once() -> bytes:
        with tempfile.TemporaryDirectory(dir=folder()) as cache:
            environment = {**os.environ, "CIRCUITGRAD_CACHE": cache}
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise RuntimeError(lines[-1] if lines else f"exit code {done.returncode}")
        return done.stdout

    def run(times: int) -> None:
        for _ in range(times):
            once()

    def answer() -> list[float]:
        text = once()
        return read(text) if read else []

    return Job(answer, run)


def _processes() -> Iterator[Work]:
    yield Work(
        "start-up",
        "the whole process",
        "Start-up",
        [Contestant(label, partial(_command, command), _nothing) for label, command in startup.COMMANDS.items()],
        [startup.IMPORTS],
        is_quick=True,
    )


def _first_answer(chosen: Sequence[str]) -> Work:
    spec = "wide:1000"
    found = [peers()[name] for name in peers_chosen(chosen)]
    contestants = [
        Contestant(
            peer.name,
            partial(_command, [sys.executable, str(SCRIPTS / "once.py"), peer.name, spec], read=json.loads),
            _nothing,
        )
        for peer in found
        if peer.point
    ]
    contestants.append(Contestant("`circuitgrad backward FILE`", _backward, partial(_circuit_file, spec)))
    return Work(
        "first-answer",
        "1,000 gates, wide, the whole process: Python, imports, compilation, one value and gradient",
        "First answer",
        contestants,
        OURS,
        Contestant("reference", partial(_prepared, OBJECTS, "point", ()), partial(described, spec)),
        (1000, "gate"),
        is_quick=True,
    )


def _backward(file: Path) -> Job:
    command = [*CIRCUITGRAD, "backward", str(file), "--format", "json"]

    def read(text: bytes) -> list[float]:
        found = json.loads(text)
        inputs = [name for name in found["values"] if name.startswith("x")]
        return [found["values"][found["output"]], *(found["grads"][name] for name in inputs)]

    return _command(command, read=read)


def _circuit_file(spec: str) -> Path:
    """Return the file of a circuit, written once a run."""
    file = folder() / f"{spec.replace(':', '-')}.yaml"
    if not file.exists():
        file.write_text(described(spec).yaml(), encoding="utf-8")
    return file


# Reading circuits.


def _readings() -> Iterator[Work]:
    for kind in ("gates", "formulas"):
        yield Work(
            f"load-{kind}",
            f"a YAML file of {READ:,} gates, written as {kind}",
            "Reading a circuit",
            [
                Contestant("circuitgrad.load", _load, partial(_text_file, kind)),
                Contestant(reading.EVENTS, _events, partial(_text_file, kind)),
            ],
            [reading.EVENTS],
            units=(READ, "gate"),
        )


def _text_file(kind: str) -> Path:
    file = folder() / f"{kind}.yaml"
    if not file.exists():
        file.write_text(reading.text(READ, kind), encoding="utf-8")
    return file


def _load(file: Path) -> Job:
    import circuitgrad

    def run(times: int) -> None:
        for _ in range(times):
            circuitgrad.load(file)

    return Job(lambda: [float(len(circuitgrad.load(file).rules))], run)


def _events(file: Path) -> Job:
    import yaml

    def run(times: int) -> None:
        for _ in range(times):
            for _event in yaml.parse(file.read_text(encoding="utf-8"), Loader=yaml.CLoader):
                pass

    return Job(list, run)


# Rows of a file.


def _table() -> Work:
    rows = ROWS[-1]
    return Work(
        "forward-data",
        f"`forward --data` on a CSV of {rows:,} rows of the neuron, whole process, beside polars with the same formula",
        "A file of rows",
        [
            Contestant("circuitgrad forward --data", _forward_data, partial(_rows_file, rows)),
            Contestant("polars", _polars, partial(_rows_file, rows), needs=("polars",)),
        ],
        ["polars"],
        Contestant("reference", _values_of_rows, partial(_rows_file, rows)),
        (rows, "row"),
    )


def _rows_file(rows: int) -> Path:
    """Return the file of rows, written once a run."""
    file = folder() / f"neuron-{rows}.csv"
    if not file.exists():
        description = described("neuron")
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(description.inputs)
            writer.writerows(zip(*columns(description, rows), strict=True))
    return file


def _values_of_rows(file: Path) -> Job:
    """Compute the sampled rows of a file with the gate objects."""
    circuit = described("neuron").circuit()
    run = program(circuit, list(circuit.inputs), Wanted(circuit.outputs), "objects")
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return Job(lambda: [run(*map(float, rows[place]))[0] for place in sampled(len(rows))], lambda _: None)


def _results(file: Path) -> list[float]:
    """Return the sampled rows of a CSV of one column."""
    numbers = array("d", map(float, file.read_text(encoding="utf-8").split()[1:]))
    return [numbers[place] for place in sampled(len(numbers))]


def _forward_data(file: Path) -> Job:
    out = folder() / "circuitgrad.csv"
    command = [*CIRCUITGRAD, "forward", "circuits/neuron.yaml", "--data", str(file), "--format", "csv"]
    return _command([*command, "--quiet", "-o", str(out)], read=lambda _: _results(out))


def _polars(file: Path) -> Job:
    out = folder() / "polars.csv"
    return _command(
        [sys.executable, str(SCRIPTS / "polars_rows.py"), str(file), str(out)], read=lambda _: _results(out)
    )


# Memory.


def _memory() -> Work:
    spec = f"wide:{HELD}"
    return Work(
        "memory",
        f"a circuit of {HELD:,} gates, wide, read from a file and made ready: the bytes held",
        "Memory",
        [
            Contestant(
                f"circuitgrad, loaded, {engine}",
                partial(_loaded, engine),
                partial(_circuit_file, spec),
                partial(_circuit_file, "wide:1000"),
            )
            for engine in ("objects", "native")
        ],
        ["circuitgrad, loaded, native", "circuitgrad, loaded, objects"],
        Contestant("reference", partial(_prepared, OBJECTS, "point", ()), partial(described, spec)),
        (HELD, "gate"),
    )


def _loaded(engine: str, file: Path) -> Job:
    import circuitgrad

    circuit = circuitgrad.load(file)
    inputs = tuple(circuit.inputs)
    run = program(circuit, inputs, Wanted(circuit.outputs, circuit.outputs, inputs), engine)
    point = list(circuit.values().values())

    def times_over(times: int) -> None:
        for _ in range(times):
            run(*point)

    return Job(lambda: list(run(*point)), times_over)

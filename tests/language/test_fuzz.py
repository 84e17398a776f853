"""Files that went wrong on their way: they are read, or refused in words, and nothing else happens."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget import examples
from circuitgrad import Circuit, CircuitError, load
from strategies import Written, files

CIRCUITS = Path(__file__).parents[2] / "circuits"
MIXED = """\
inputs:
  a: &one {value: 1, fixed: true, min: -5}
  é: *one
gates:
  q: |
    a*é
      + 2
  s: {add: [q, 'a if q > 2 else 3', "e\\u0078p(a)"]}
output: [s, q]
expect: {s: 1e-3}
"""
LARGE = b"""\
define:
  twice(x): x + x
  ring:
    operands: [x, y]
    gates: {q: hypot(x, y)}
    value: q*q - 1
  cube: {operands: [x], value: x*x*x, partials: {x: 3*x**2}}
inputs:
  w[0:3, 0:2]: {normal: 0.5, seed: 1}
  x[0:2]: [1.0, -2]
gates:
  h[j=0:3]: tanh(sum(w[j, i]*x[i] for i in range(2)) + j)
  y[0]: twice(x[0])
  y[t=1:4]: ring(y[t - 1], 0.5) if x[1] > 0 else cube(y[t - 1])
output: ['y[3]', 'h[2]']
"""
MORE = int(os.environ.get("CIRCUITGRAD_FUZZ", "1"))
"""So many times as many broken files as in a normal run."""
BASES = [
    (CIRCUITS / "neuron.yaml").read_bytes(),
    (CIRCUITS / "black_scholes.yaml").read_bytes(),
    MIXED.encode(),
    LARGE,
    b'{"name": "j", "inputs": {"a": 1.5, "b": {"value": 2}},\n "gates": {"c": {"mul": ["a", "b"]},\n  "d": "c**2"}}\n',
]
PIECES = [
    *(b": - [ ] { } ' \" &a *a !x <<: ? | > # , ** ( ) 1e999 017 on inf \\ \\u0000".split(b" ")),
    *(
        b" if ",
        b" for i in range(9)",
        b"[0:3]",
        b"w[9]",
        b"- ",
        b"\t",
        b"\r",
        b"\n",
        b"---\n",
        b"...\n",
        b"%YAML 1.2\n",
    ),
    *(b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\xf0\x9f\x98\x80"),
]
WORDS = [b"inputs", b"gates", b"output", b"define", b"value", b"mul", b"range", b"a", b"q", b"w", b"x", b"partials"]


def broken(base: bytes, chance: random.Random) -> bytes:
    """Return `base` with one to three faults of a kind that an editor, a merge or a bad disk makes."""
    data = base
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        lines = data.splitlines(keepends=True) or [b""]
        first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
        kind = chance.randrange(8)
        if kind == 0:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + chance.choice(PIECES) + data[at + chance.randrange(3) :]
        elif kind == 2:
            data = b"".join(lines[:first] + lines[first + 1 :])
        elif kind == 3:
            data = b"".join([*lines[:first], lines[second], *lines[first:]])
        elif kind == 4:
            lines[first], lines[second] = lines[second], lines[first]
            data = b"".join(lines)
        elif kind == 5:
            data = data.replace(chance.choice(WORDS), chance.choice(WORDS), 1)
        elif kind == 6:
            data = data[:at]
        else:
            lines[first] = b" " * chance.randrange(5) + lines[first].lstrip()
            data = b"".join(lines)
    return data


def outcome(data: bytes, file: Path) -> Circuit | CircuitError:
    """Read the file; anything but a circuit or an error of ours is a failure."""
    file.write_bytes(data)
    try:
        return load(file)
    except CircuitError as error:
        return error


def check(read: Circuit | CircuitError, file: Path) -> None:
    if isinstance(read, Circuit):
        assert set(read.backward(read.outputs[0])) == set(read)
        assert all((place := read.locate(name)) is None or place.line >= 1 for name in read)
        return
    assert read.problems
    places = [problem.place for problem in read.problems if problem.place]
    assert len(places) == len(read.problems)
    assert [(place.line, place.column) for place in places] == sorted((place.line, place.column) for place in places)
    assert all(1 <= place.column <= len(place.text) + 1 and place.source == str(file) for place in places)
    assert all(line.isprintable() for line in str(read).split("\n"))


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_broken_file_is_read_or_refused(seed: int, suffix: str, tmp_path: Path) -> None:
    chance = random.Random(seed)
    file = tmp_path / f"broken.{suffix}"
    for _ in range(32 * MORE):
        for base in BASES:
            check(outcome(broken(base, chance), file), file)


@settings(max_examples=examples(100))
@given(files(), st.randoms(use_true_random=False))
def test_a_drawn_file_may_break_too(
    tmp_path_factory: pytest.TempPathFactory, written: Written, chance: random.Random
) -> None:
    file = tmp_path_factory.getbasetemp() / ("drawn.json" if written.json else "drawn.yaml")
    check(outcome(broken(written.text.encode(), chance), file), file)


@given(st.binary(max_size=60))
def test_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes.yaml"
    read = outcome(data, file)
    assert isinstance(read, CircuitError)
    check(read, file)


def test_the_faults_leave_some_files_whole_and_break_others(tmp_path: Path) -> None:
    chance = random.Random(0)
    kinds = [type(outcome(broken(BASES[0], chance), tmp_path / "x.yaml")) for _ in range(100)]
    assert 10 < kinds.count(Circuit) < 90

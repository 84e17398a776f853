"""However large or hostile a file is, it gets an answer or an error, in a process that may not use much memory."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

resource = pytest.importorskip("resource", reason="only POSIX can cap a process's memory")

MEMORY = 1 << 30
PATIENCE = 60
"""Seconds after which a process is taken to hang; every case answers within two on an idle machine."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a cap on its memory; whatever happens, there is no traceback."""
    result = subprocess.run(
        [sys.executable, "-m", "circuitgrad", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert "Traceback" not in result.stderr
    assert result.returncode in (0, 2), result.stderr[-500:]
    return result


def nested(levels: int) -> str:
    lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}' if i else 'x'] * 10)}]" for i in range(levels)]
    return "\n".join([*lines, "gates: {y: 1}"])


X = "inputs: {x: 1}\n"
DOUBLING = "define:\n  d0(a): a + a\n" + "".join(f"  d{i}(a): d{i - 1}(a) + d{i - 1}(a)\n" for i in range(1, 41))
WIDENING = "define:\n  d0(a): a + a\n" + "".join(
    f"  d{i}(a): d{i - 1}(a + {i}) + d{i - 1}(a - {i})\n" for i in range(1, 41)
)
TWICE = "define:\n  d0(a): a\n" + "".join(f"  d{i}(a): d{i - 1}(d{i - 1}(a))\n" for i in range(1, 41))
BY_HAND = "define:\n  d0: {operands: [a], value: a, partials: {a: 1}}\n" + "".join(
    f"  d{i}: {{operands: [a], value: d{i - 1}(d{i - 1}(a)), partials: {{a: 1}}}}\n" for i in range(1, 41)
)
BLANKS, MARKS = " " * 1_000_000, "\u0301\u0323" * 500_000
REFUSED = {
    "aliases that explode": (nested(12), "the aliases add more than"),
    "100,000 levels of lists": ("[" * 100_000, "nested deeper than 64 levels"),
    "100,000 levels of mappings": ("{a: " * 100_000, "nested deeper than 64 levels"),
    "a definition that doubles 40 times": (f"{X}{DOUBLING}gates: {{y: d40(x)}}", "more than 10,000,000 wires"),
    "one that doubles with other operands": (f"{X}{WIDENING}gates: {{y: d40(x)}}", "more than 10,000,000 wires"),
    "one that doubles without a gate": (f"{X}{TWICE}gates: {{y: d22(x)}}", "turns"),
    "one that doubles with partials": (f"{X}{BY_HAND}gates: {{y: d40(x)}}", "turns"),
    "many definitions with loops of constants": (
        X + "define:\n" + "".join(f"  d{i}(a): a + sum(1 for i in range(99000))\n" for i in range(500))
        + "gates: {y: x}", "turns",
    ),
    "a range of 10**12": (X + "gates: {y: sum(x for i in range(10**12))}", "more than 10,000,000 wires"),
    "a range within a range": (
        X + "gates: {y: sum(sum(x for j in range(10**6)) for i in range(10**6))}", "more than 10,000,000 wires"
    ),
    "an endless loop of nothing": (
        X + "gates: {y: sum(x for i in range(10**12) for j in range(0))}", "more than 10,000,000 wires"
    ),
    "loops that make nothing": (
        X + "gates:\n  y: sum(1 for i in range(3000) for j in range(i*3000) for k in range(0*j)) + x", "turns"
    ),
    "a loop of constants": (X + "gates:\n  y: sum(sum(1 for j in range(i)) for i in range(10**5)) + x", "turns"),
    "a family of 10**12 inputs": ("inputs: {'w[0:1000000000000]': 1}\ngates: {y: 1}", "more than 10,000,000 wires"),
    "a family of 10**12 gates": (X + "gates: {'w[0:1000000, 0:1000000]': x}", "more than 10,000,000 wires"),
    "a family with 50,000 subscripts": (
        "inputs:\n  ? w[" + ", ".join(["0:1"] * 50_000) + "]\n  : 1\ngates: {y: 1}", "more than 10 subscripts"
    ),
    "a subscript of 200,000 terms in a loop": (
        "inputs: {'w[0:2]': 1}\ngates:\n  y: sum(w[" + "0+" * 200_000 + "0] for i in range(10000))",
        "more than 100 parts",
    ),
    "a bound of 200,000 terms in a loop": (
        X + "gates:\n  y: sum(sum(x for j in range(" + "0+" * 200_000 + "1)) for i in range(10000))",
        "more than 100 parts",
    ),
    "a range of 10**30": ("inputs: {'w[0:" + "9" * 30 + "]': 1}\ngates: {y: 1}", "whole numbers"),
    "a name of 1 MB": ("inputs:\n  ? " + "a" * 1_000_000 + "\n  : 1\ngates: {y: 1}", "a name of 1,000,000 characters"),
    "a name of 1 MB of blanks": (f"define:\n  ? 'f{BLANKS}'\n  : x\ngates: {{y: 1}}", "a name of 1,000,001 characters"),
    "a family behind 1 MB of blanks": (f"inputs:\n  ? 'w{BLANKS}]['\n  : 1\ngates: {{y: 1}}", "brackets"),
    "a range of 1 MB of blanks": (f"inputs:\n  ? 'w[1{BLANKS}x]'\n  : 1\ngates: {{y: 1}}", "whole numbers"),
    "a name of 1 MB of combining marks": (
        f"inputs:\n  ? 'a{MARKS}'\n  : 1\ngates: {{y: 1}}", "a name of 1,000,001 characters"
    ),
    "a formula of 1 MB of combining marks": (f"gates: {{y: 'a{MARKS[:999_000]}'}}", "no wire is called"),
    "an unknown name of 1 MB": (X + "gates: {y: x + " + "b" * 999_000 + "}", "no wire is called"),
    "a formula of 2 MB": (X + "gates: {y: x" + " + x" * 500_000 + "}", "over 1,000,000 characters"),
    "10,000 parentheses": (X + "gates: {y: " + "(" * 10_000 + "x" + ")" * 10_000 + "}", "nested deeper than 100"),
    "10,000 calls": (X + "gates: {y: " + "sin(" * 10_000 + "x" + ")" * 10_000 + "}", "nested deeper than 100"),
    "10,000 signs": (X + "gates: {y: " + "-" * 10_000 + "x}", "nested deeper than 100"),
    "10,000 powers": (X + "gates: {y: " + "x**" * 10_000 + "x}", "nested deeper than 100"),
    "10,000 loops": (
        X + "gates:\n  y: " + "sum(" * 10_000 + "x" + " for i in range(1))" * 10_000, "nested deeper than 100"
    ),
    "10,000 indices": (X + "gates:\n  y: sum(x" + " for i in range(1)" * 10_000 + ")", "more than 10 indices"),
    "a range of 9**9**9": (X + "gates:\n  y: sum(x for i in range(9**9**9))", "a whole number is wanted here"),
    "definitions 5,000 deep": (
        X + "define:\n  f0(a): a\n" + "".join(f"  f{i}(a): f{i - 1}(a)\n" for i in range(1, 5_000))
        + "gates: {y: f4999(x)}", "over 100 deep",
    ),
    "5,000 definitions in a circle": (
        X + "define:\n" + "".join(f"  f{i}(a): f{(i + 1) % 5_000}(a)\n" for i in range(5_000)) + "gates: {y: f1(x)}",
        "in a circle",
    ),
    "5,000 faulty gates": (X + "gates:\n" + "".join(f"  g{i}: y{i} + 1\n" for i in range(5_000)), "more errors"),
    "a circle of 100,000 gates": (
        "gates:\n" + "".join(f"  g{i}: {{neg: g{(i + 1) % 100_000}}}\n" for i in range(100_000)), "form a cycle"
    ),
}  # fmt: skip
ANSWERED = {
    "9**9**9": (X + "gates: {y: 9**9**9 + x}", "inf"),
    "a sum of 100,000 terms": (X + "gates: {y: x" + " + x" * 100_000 + "}", "100001"),
    "a chain of 50,000 gates": (
        X + "gates:\n  g0: x\n" + "".join(f"  g{i}: {{add: [g{i - 1}, x]}}\n" for i in range(1, 50_000)), "50000"
    ),
    "a recurrence of 50,000 members": (
        X + "gates:\n  y[0]: x\n  y[t=1:50000]: y[t - 1] + x\noutput: y[49999]", "50000"
    ),
    "a family with 100,000 values": (
        (f"inputs: {{'w[0:100, 0:1000]': {[[1] * 1000] * 100}}}\ngates:\n"
        "  y: sum(w[i, j] for i in range(100) for j in range(1000))"), "100000",
    ),
    "a definition with 100,000 operands": (
        X + "define:\n  ? f(" + ", ".join(f"x{i}" for i in range(100_000)) + ")\n  : x7\ngates: {y: x}", "1"
    ),
    "100 levels of everything": (X + "gates: {y: " + "(" * 99 + "x" + ")" * 99 + "}", "1"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_too_much_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(text, encoding="utf-8")
    result = run("forward", str(file))
    assert result.returncode == 2
    assert words in result.stderr
    assert len(result.stderr) < 20_000


@pytest.mark.slow
@pytest.mark.parametrize(("text", "value"), ANSWERED.values(), ids=ANSWERED)
def test_what_is_large_is_answered(tmp_path: Path, text: str, value: str) -> None:
    file = tmp_path / "large.yaml"
    file.write_text(text, encoding="utf-8")
    result = run("backward", str(file), "--format", "csv")
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].split(",")[-2] == str(float(value))


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_100_000_levels_of_json_are_refused(tmp_path: Path, opening: str) -> None:
    file = tmp_path / "deep.json"
    file.write_text(opening * 100_000, encoding="utf-8")
    assert "nested deeper than 64 levels" in run("forward", str(file)).stderr


@pytest.mark.parametrize(("limit", "code"), [("49", 2), ("50", 2), ("52", 0), ("10000", 0)])
def test_the_limit_on_wires_is_an_option(tmp_path: Path, limit: str, code: int) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(f"{X}gates: {{'y[i=0:50]': x + 1}}\noutput: y[0]", encoding="utf-8")
    result = run("forward", "--max-wires", limit, str(file))
    assert result.returncode == code
    assert code == 0 or f"more than {limit} wires" in result.stderr


def test_too_little_memory_is_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_text("inputs: {'w[0:1000000000000]': 1}\ngates: {y: 1}", encoding="utf-8")
    result = run("forward", "--max-wires", str(10**13), str(file))
    assert (result.returncode, result.stderr) == (2, "error: the circuit needs more memory than there is\n")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin", "pipe"])
def test_a_file_uses_no_device_and_no_pipe(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    file = tmp_path / "using.yaml"
    file.write_text(f"use: {path}\ngates: {{y: 1}}", encoding="utf-8")
    result = run("forward", str(file))
    assert result.returncode == 2
    assert "is not a file" in result.stderr


def test_a_long_faulty_file_is_read_once_however_often_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text("define:\n" + "  f(x): x\n" * 50_000 + "[", encoding="utf-8")
    file = tmp_path / "using.yaml"
    file.write_text(f"use: [{', '.join(['long.yaml'] * 5_000)}]\ngates: {{y: 1}}", encoding="utf-8")
    result = run("forward", str(file))
    assert result.returncode == 2
    assert result.stderr.count("not YAML") == 1

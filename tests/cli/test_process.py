"""The program as a real process: pipes, signals, terminals, encodings."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import circuitgrad

ROOT = Path(__file__).parents[2]
NEURON = "circuits/neuron.yaml"
PROGRAM = [sys.executable, "-m", "circuitgrad"]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and pseudo-terminals are POSIX's")


def environment(**changes: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR", "FORCE_COLOR"}}
    return {**plain, "PYTHONUTF8": "1", "TERM": "xterm-256color", **changes}


def run(*arguments: str, stdin: str | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(**changes),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def on_a_terminal(*arguments: str, columns: int = 80, **changes: str) -> str:
    """Return what the program writes to a terminal of so many columns."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([*PROGRAM, *arguments], cwd=ROOT, env=environment(**changes), stdout=theirs)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:  # Linux says so that the other side is closed.
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return written.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("command", "key"), [("forward", "values"), ("backward", "grads"), ("check", "inputs"), ("optimize", "after")]
)
def test_every_command_runs_and_says_nothing_on_standard_error(command: str, key: str) -> None:
    result = run(command, NEURON, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    assert "a" in found[key]


def test_the_same_bytes_twice() -> None:
    arguments = ("optimize", NEURON, "--method", "random", "--seed", "7", "--all")
    assert run(*arguments, PYTHONHASHSEED="1").stdout == run(*arguments, PYTHONHASHSEED="2").stdout


def test_exit_codes() -> None:
    assert run("check", NEURON).returncode == 0
    failed = run("check", "-", stdin="{inputs: {x: 2}, gates: {y: x*x}, expect: {y: 5}}")
    assert failed.returncode == 1
    wrong = run("forward", "-", stdin="{inputs: {x: 2}, gates: {y: x*z}}")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("<stdin>:1:")


def test_a_pipe_gets_neither_colours_nor_line_breaks() -> None:
    result = run("backward", "circuits/black_scholes.yaml")
    assert "\x1b" not in result.stdout
    assert "sub(S*normal_cdf(d1), K*exp(-r*T)*normal_cdf(d2))" in result.stdout
    assert all(line == line.rstrip() for line in result.stdout.splitlines())


@pytest.mark.parametrize("columns", [30, 40, 60, 80])
@pytest.mark.parametrize("command", ["forward", "backward", "check", "optimize", "gates"])
def test_nothing_is_wider_than_the_columns_asked_for(command: str, columns: int) -> None:
    file = [] if command == "gates" else ["circuits/black_scholes.yaml"]
    lines = run(command, *file, COLUMNS=str(columns)).stdout.splitlines()
    assert lines
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize("columns", [30, 40, 60, 80])
@pytest.mark.parametrize("name", ["pow", "where", "clip"])
def test_a_gate_fits_the_columns_asked_for(name: str, columns: int) -> None:
    lines = run("gates", name, COLUMNS=str(columns)).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    "command", [("backward", NEURON, "--data", "-"), ("sweep", NEURON, "--over", "a=-5.1:5:3", "--grad")]
)
def test_a_table_of_numbers_alone_that_is_too_wide_has_a_line_for_every_number(command: tuple[str, ...]) -> None:
    rows = "x,y\n0.123456,0.234567\n1,2\n"
    wide, narrow = (run(*command, "--quiet", stdin=rows, COLUMNS=columns).stdout for columns in ("200", "20"))
    assert max(map(len, narrow.splitlines())) <= 20
    lines = [line.split() for line in wide.splitlines()]
    ruled = next(i for i, words in enumerate(lines) if words and set(words[0]) == {"─"})
    titles, numbers = lines[ruled - 1], lines[ruled + 1 :]
    found = [line.split() for line in narrow.splitlines()]
    assert [pair for pair in found if pair and pair[0] in titles] == [
        [title, number] for row in numbers for title, number in zip(titles, row, strict=True)
    ]


@pytest.mark.parametrize("columns", ["20", "30", "40"])
def test_numbers_are_never_cut(columns: str) -> None:
    wide = run("backward", NEURON, "--quiet").stdout.split()
    narrow = run("backward", NEURON, "--quiet", COLUMNS=columns).stdout.split()
    numbers = [word for word in wide if word.lstrip("-")[:1].isdigit()]
    assert [word for word in narrow if word.lstrip("-")[:1].isdigit()] == numbers


@POSIX
def test_a_terminal_gets_colours_unless_they_are_unwanted() -> None:
    assert "\x1b[" in on_a_terminal("forward", NEURON)
    assert "\x1b" not in on_a_terminal("forward", NEURON, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("forward", NEURON, TERM="dumb")
    assert "\x1b[" in run("forward", NEURON, FORCE_COLOR="1").stdout
    assert "\x1b" not in run("forward", NEURON, FORCE_COLOR="1", NO_COLOR="1").stdout


@POSIX
def test_a_terminal_and_its_width() -> None:
    wide = on_a_terminal("backward", "circuits/black_scholes.yaml", columns=120, NO_COLOR="1")
    narrow = on_a_terminal("backward", "circuits/black_scholes.yaml", columns=60, NO_COLOR="1")
    assert "normal_cdf(d2))" in wide
    assert "…" in narrow
    assert max(map(len, narrow.splitlines())) <= 60
    assert run("backward", "circuits/black_scholes.yaml", COLUMNS="60").stdout == narrow


def into(stdout: int, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program with a file descriptor as its standard output."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


@POSIX
@pytest.mark.parametrize(
    "arguments", [["gates"], ["gates", "tanh"], ["gates", "--format", "json"], ["--help"], ["forward", NEURON]]
)
def test_a_closed_pipe_is_no_failure(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = into(writer, *arguments)
    os.close(writer)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        result = into(full.fileno(), "gates")
    assert result.returncode == 2
    assert result.stderr == b"error: standard output cannot be written: No space left on device\n"


@POSIX
@pytest.mark.parametrize(
    ("command", "code", "line"),
    [
        (f"forward {NEURON} >&-", 2, "error: standard output is closed"),
        (f"forward {NEURON} --format json >&-", 2, "error: standard output is closed"),
        (f"check {NEURON} -q >&- <&-", 2, "error: standard output is closed"),
        (f"optimize {NEURON} --update-expect -o - >&-", 2, "error: standard output is closed"),
        ("--help >&-", 2, "error: standard output is closed"),
        ("--version >&-", 2, "error: standard output is closed"),
        ("gates >&-", 2, "error: standard output is closed"),
        ("schema >&-", 2, "error: standard output is closed"),
        (f"forward {NEURON} >&- 2>&-", 2, ""),
        ("forward - <&-", 2, "error: standard input is closed (name a file in place of -)"),
        (f"forward {NEURON} --data - <&-", 2, "error: standard input is closed (name a file in place of -)"),
        (f"check {NEURON} --data - <&-", 2, "error: standard input is closed (name a file in place of -)"),
        (f"forward {NEURON} <&- | grep -q axpby", 0, ""),
        (f"forward {NEURON} --data rows.csv -o out.csv >&-", 0, ""),
        (f"forward {NEURON} --data rows.csv -o out.csv >&- <&- 2>&-", 0, ""),
        (f"forward {NEURON} 2>&- | grep -q axpby", 0, ""),
        ("forward nothing.yaml 2>&-", 2, ""),
        ("forward --nothing 2>&- >&- <&-", 2, ""),
    ],
)
def test_closed_streams_are_no_failure(tmp_path: Path, command: str, code: int, line: str) -> None:
    (tmp_path / "rows.csv").write_text("a,x\n1,2\n")
    (tmp_path / "circuits").symlink_to(ROOT / "circuits")
    program = f"set -o pipefail; {sys.executable} -m circuitgrad {command}"
    result = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert (result.returncode, result.stdout, result.stderr.splitlines()) == (code, "", [line] * bool(line))
    if "-o out.csv" in command:
        assert (tmp_path / "out.csv").read_text().startswith("s\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_error_that_nobody_can_read_has_its_exit_code() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([*PROGRAM, "forward", "nothing.yaml"], stderr=full, check=False)
    assert result.returncode == 2


def started(*command: str) -> subprocess.Popen[str]:
    """Start a command in the project's folder, with pipes for its streams."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


READY = "import sys; sys.argv[0] = 'circuitgrad'; from circuitgrad.cli import process, run; process.prepare(); print()"
SIGNALS = [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "terminated\n")]


@POSIX
@pytest.mark.parametrize("milliseconds", [0, 1, 3, 8, 15, 30, 60, 100, 200, 400])
@pytest.mark.parametrize(("number", "code", "line"), SIGNALS)
def test_a_signal_while_the_program_starts_is_a_line(number: int, code: int, line: str, milliseconds: int) -> None:
    process = started(sys.executable, "-c", f"{READY}; sys.stdout.flush(); run()", "backward", "-")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(milliseconds / 1000)
    process.send_signal(number)
    assert process.wait(60) == code
    stdout, stderr = process.communicate()
    assert (stdout, stderr) == ("", line)


@POSIX
@pytest.mark.parametrize(("number", "code", "line"), SIGNALS)
@pytest.mark.parametrize("command", ["forward", "backward"])
def test_a_signal_leaves_no_file_behind(tmp_path: Path, command: str, number: int, code: int, line: str) -> None:
    process = started(*PROGRAM, command, NEURON, "--data", "-", "-o", str(tmp_path / "out.csv"))
    assert process.stdin is not None
    process.stdin.write("a,x\n" + "1,2\n" * 2500)
    process.stdin.flush()
    until = time.monotonic() + 30
    while not list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(tmp_path.iterdir())
    process.send_signal(number)
    assert process.wait(60) == code
    assert process.stderr is not None
    assert process.stderr.read() == line
    assert list(tmp_path.iterdir()) == []
    process.communicate()


def test_a_fault_of_ours_says_all_that_a_report_needs() -> None:
    script = (
        "from circuitgrad.cli import passes, run; passes._report_pass = None; run(['forward', 'circuits/neuron.yaml'])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert found.returncode == 3
    assert found.stderr.startswith(f"circuitgrad {circuitgrad.__version__} has failed: TypeError: ")
    for part in (platform.python_implementation(), platform.python_version(), platform.platform(), "--debug"):
        assert part in found.stderr
    assert "Traceback" not in found.stderr


def interrupted(*arguments: str, text: str, seconds: float) -> tuple[int, str, str]:
    """Return what a run ends with that gets Ctrl-C so long after it has begun to read the circuit.

    A comment makes the text longer than what a pipe holds, so that it is not taken before it is read.
    """
    process = started(*PROGRAM, *arguments)
    assert process.stdin is not None
    process.stdin.write("#\n" * 500_000 + text)
    process.stdin.close()
    process.stdin = None
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@POSIX
def test_control_c_exits_with_130() -> None:
    gates = "\n".join(f"  w{i + 1}: {{sin: w{i}}}" for i in range(200))
    text = f"inputs: {{w0: 1}}\ngates:\n{gates}\n"
    goal = ("--over", "w0=0:1:1000000", "--format", "json")
    code, out, err = interrupted("sweep", "-", *goal, text=text, seconds=0.5)
    assert (code, out, err.split()) == (130, "", ["interrupted"])


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_no_encoding_is_a_failure(encoding: str, form: str) -> None:
    result = subprocess.run(
        [*PROGRAM, "forward", "-", "--format", form],
        cwd=ROOT,
        env=environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0"),
        input="{name: größe 水, inputs: {größe: 2, 水: 3}, gates: {y: größe*水}}".encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    shown = result.stdout.decode(encoding)
    assert ("größe" in shown) == (encoding == "utf-8" or (encoding == "cp1252" and form != "json"))
    if form == "json":
        assert json.loads(shown)["values"] == {"größe": 2, "水": 3, "y": 6}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_plot_is_drawn_with_the_characters_there_are(encoding: str) -> None:
    result = subprocess.run(
        [*PROGRAM, "gates", "tanh"],
        cwd=ROOT,
        env=environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0"),
        capture_output=True,
        timeout=60,
        check=True,
    )
    lines = result.stdout.decode(encoding).splitlines()
    assert "\\" not in "".join(lines)
    assert "\u2800" < max("".join(lines)) < "\u2900" or encoding != "utf-8"
    braille = run("gates", "tanh").stdout.splitlines()
    assert len(lines) == len(braille)
    assert lines[-1] == braille[-1]


@pytest.mark.parametrize("hostile", ["[red]x[/red]", "[/red]", "\\x1b[31mred", "a\\nb", "\\u202eevil", ":smile:"])
def test_names_and_notes_are_shown_inert(hostile: str) -> None:
    text = f'{{name: "{hostile}", about: "{hostile}", inputs: {{x: 2}}, gates: {{y: x*x}}}}'
    for command in ("forward", "backward", "check", "optimize"):
        result = run(command, "-", stdin=text)
        assert result.returncode == 0, result.stderr
        first = result.stdout.splitlines()[0]
        assert all(character.isprintable() for character in first)
        if "\\" not in hostile:
            assert first == f"{hostile}: {hostile}"


@pytest.mark.parametrize("extra", [[], ["--all"]])
def test_a_large_circuit_shows_its_ends_and_the_count_unless_asked(tmp_path: Path, extra: list[str]) -> None:
    count = 5000
    file = tmp_path / "chain.yaml"
    gates = "\n".join(f"  w{i + 1}: {{add: [w{i}, 1]}}" for i in range(count))
    file.write_text(f"inputs: {{w0: 1}}\ngates:\n{gates}\n")
    lines = run("backward", str(file), *extra).stdout.splitlines()
    assert lines[-1].split()[0] == f"w{count}"
    assert lines[-1].split()[-2:] == [str(count + 1), "1"]
    if extra:
        assert len(lines) == 4 + count + 1
    else:
        assert len(lines) < 60
        assert sum(f"{count + 1 - 40:,} more wires; --all shows them" in line for line in lines) == 1


SLOW = "{inputs: {a: 3, b: -2}, gates: {cost: (a - 1)**2 + 10*(b - a**2)**2}}"
LONG = ("optimize", "-", "--minimize", "--method", "adam", "--step-size", "1e-4", "--steps", "100000000")


@POSIX
def test_ctrl_c_ends_an_optimisation_after_its_step(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    goal = ("--checkpoint", str(state), "--format", "json", "-o", str(tmp_path / "copy.yaml"))
    code, stdout, stderr = interrupted(*LONG, *goal, text=SLOW, seconds=2)
    found = json.loads(stdout)
    assert (code, found["stopped"]) == (130, "interrupted")
    assert f"wrote {tmp_path / 'copy.yaml'}: 2 new values" in stderr
    assert found["steps"] > 0
    kept = json.loads(state.read_text())
    assert (kept["number"], kept["point"]) == (found["steps"], [found["after"]["a"], found["after"]["b"]])
    more = str(found["steps"] + 100)
    resumed = run(*LONG[:-1], more, "--checkpoint", str(state), "--resume", "--format", "json", stdin=SLOW)
    assert resumed.stdout == run(*LONG[:-1], more, "--format", "json", stdin=SLOW).stdout


@POSIX
def test_a_long_run_shows_a_bar_on_a_terminal(tmp_path: Path) -> None:
    import pty

    file = tmp_path / "slow.yaml"
    file.write_text(SLOW)
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "optimize", str(file), *LONG[2:], "--time-limit", "2", "--quiet"]
    for wanted in ([], ["--quiet"]):
        process = subprocess.Popen(
            [*command[:-1], *wanted], cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=theirs
        )
        assert process.wait(60) == 0
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass
    os.close(ours)
    assert b"objective " in shown
    assert b" gradient " in shown
    assert b" step " in shown

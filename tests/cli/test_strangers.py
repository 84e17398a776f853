"""Files that a circuit names, or that are no circuits: what a stranger's file can read, and what errors quote."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from circuitgrad import files
from program import document, invoke, write

if TYPE_CHECKING:
    from click.testing import Result

POSIX = pytest.mark.skipif(os.name != "posix", reason="devices and pipes are POSIX's")
SECRET = "abc123secret"
SECRETS = {
    "secrets.env": f"TOKEN={SECRET}\n",
    "secrets.yaml": f"token: {SECRET}\n",
    "named.yaml": f"{SECRET}: 1\n",
    "list.yaml": f"- {SECRET}\n- password: {SECRET}\n",
    "kubernetes.yaml": f"kind: Secret\ndata: {{password: {SECRET}}}\n",
    "inputs.yaml": f"name: workflow\ninputs: {{{SECRET}: {SECRET}}}\n",
    "tag.yaml": f"define: !{SECRET} x\n",
    "alias.yaml": f"token: *{SECRET}\n",
    "alias_first.yaml": f"*{SECRET}: 1\n",
    "open.yaml": f"token: [{SECRET}\n",
    "colons.yaml": f"token: {SECRET}: {SECRET}\n",
    "twice.yaml": f"token: 1\n---\n{SECRET}\n",
    "escape.yaml": f'token: "{SECRET}\\q"\n',
    "key.pem": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n",
    "secrets.json": f'{{"token": "{SECRET}"}}',
    "broken.json": f'{{"token": "{SECRET}" {SECRET}}}',
    "words.json": f'"{SECRET}"',
    "environ": f"A=1\0TOKEN={SECRET}\0",
    "latin-1.txt": f"TOKEN={SECRET}\udcff\n",
    "passwd": f"root:x:0:0:root:/root:/bin/{SECRET}\n",
    "table.csv": f"user,password\nroot,{SECRET}\n",
    f"{SECRET[::-1]}.csv": f'{SECRET},"{SECRET}\n',
    "prose.txt": f"what is x\n{SECRET} {SECRET} {SECRET}\n",
    "comment.txt": f"# {SECRET} x\n{SECRET} {SECRET}\n",
    "commented.txt": f"# {SECRET} x\n1 2\n{SECRET} {SECRET}\n",
    "quotes.csv": f'"{SECRET}" {SECRET},{SECRET}\n',
}


def _with(folder: Path, name: str, key: str) -> Result:
    (folder / name).write_bytes(SECRETS[name].encode("utf-8", "surrogateescape"))
    named = f"[{name}]" if key == "use" else name
    file = write(folder, f"{{{key}: {named}, inputs: {{x: 1}}, gates: {{z: 2*x}}}}")
    return invoke("forward" if key == "use" else "optimize", file)


def test_a_map_of_a_circuit_learns_no_column_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, f"{SECRET},b\n1,2\n", "table.csv")
    file = write(
        tmp_path, f"{{data: {{file: table.csv, map: {{x: {SECRET[:-1]}}}}}, inputs: {{x: 1}}, gates: {{z: 2*x}}}}"
    )
    result = invoke("optimize", file)
    assert result.exit_code == 2
    assert "map x: no column is called" in result.stderr
    assert SECRET not in result.stderr


@pytest.mark.parametrize("key", ["use", "data"])
@pytest.mark.parametrize("name", SECRETS)
def test_an_error_quotes_no_file_of_another_kind(tmp_path: Path, name: str, key: str) -> None:
    result = _with(tmp_path, name, key)
    assert (result.exit_code, result.stdout) == (2, "")
    assert name in result.stderr
    assert SECRET not in result.stderr


def test_an_error_says_where_a_used_file_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, "define:\n  f(x): x + 1\n  g(x): [x\n", "lib.yaml")
    file = write(tmp_path, "{use: [lib.yaml], inputs: {x: 1}, gates: {z: f(x)}}")
    stderr = invoke("forward", file).stderr
    assert "lib.yaml:3:9: error: not YAML" in stderr
    assert "circuitgrad check" in stderr
    write(tmp_path, "defin: {f(x): x}", "lib.yaml")
    assert "did you mean 'define'?" in invoke("forward", file).stderr


def test_an_error_quotes_files_of_the_wanted_kind(tmp_path: Path) -> None:
    write(tmp_path, "define:\n  f(x): x + unheard_of\n", "lib.yaml")
    file = write(tmp_path, "{use: [lib.yaml], inputs: {x: 1}, gates: {z: f(x)}}")
    assert "  2 |   f(x): x + unheard_of" in invoke("forward", file).stderr
    write(tmp_path, "x\n1\nmuch\n", "points.csv")
    file = write(tmp_path, "{data: points.csv, inputs: {a: 1, x: 1}, gates: {z: a*x}}")
    assert "  3 | much" in invoke("optimize", file).stderr


@POSIX
@pytest.mark.parametrize("key", ["use", "data"])
@pytest.mark.parametrize("kind", ["pipe", "link", "/dev/zero", "/dev/null", "/dev/tty", "/dev/stdin", ".", "socket"])
def test_a_circuit_names_regular_files_only(tmp_path: Path, kind: str, key: str) -> None:
    import socket

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    named = f"[{kind}]" if key == "use" else kind
    file = write(tmp_path, f"{{{key}: {named}, inputs: {{x: 1}}, gates: {{z: 2*x}}}}")
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket must be short
        try:
            server.bind("socket")
        finally:
            os.chdir(before)
        command = "forward" if key == "use" else "optimize"
        result = subprocess.run(
            [sys.executable, "-m", "circuitgrad", command, file],
            stdin=subprocess.PIPE,
            capture_output=True,
            encoding="utf-8",
            timeout=20,
            check=False,
        )
    assert result.returncode == 2
    assert "is not a file" in result.stderr or "there is no file" in result.stderr


@POSIX
def test_a_pipe_may_be_named_on_the_command_line(tmp_path: Path) -> None:
    circuit, rows = tmp_path / "circuit", tmp_path / "rows"
    contents = {circuit: "{inputs: {x: 1}, gates: {z: 2*x}}", rows: "x\n1\n2\n"}
    for pipe in contents:
        os.mkfifo(pipe)
    threads = [threading.Thread(target=pipe.write_text, args=(text,)) for pipe, text in contents.items()]
    for thread in threads:
        thread.start()
    assert document("forward", str(circuit), "--data", str(rows))["rows"] == {"z": [2.0, 4.0]}
    for thread in threads:
        thread.join()


@POSIX
@pytest.mark.parametrize("link", ["", "symbolic", "hard", "folder"])
@pytest.mark.parametrize(
    ("command", "target"),
    [
        (("forward", "c.yaml", "--data", "d.csv"), "d.csv"),
        (("forward", "c.yaml", "--data", "d.csv"), "c.yaml"),
        (("backward", "c.yaml", "--data", "d.csv", "--format", "json"), "lib.yaml"),
        (("draw", "c.yaml", "--format", "dot"), "c.yaml"),
        (("draw", "c.yaml", "--format", "mmd"), "lib.yaml"),
        (("optimize", "c.yaml", "--minimize", "--steps", "1", "--data", "d.csv", "--force"), "d.csv"),
    ],
)
def test_what_a_command_reads_it_never_replaces(
    tmp_path: Path, command: tuple[str, ...], target: str, link: str
) -> None:
    contents = {
        "c.yaml": "{use: [lib.yaml], inputs: {x: 1, y: 2}, gates: {z: f(x)*y}}",
        "lib.yaml": "define: {f(x): x*x}",
        "d.csv": "x\n1\n",
    }
    for name, text in contents.items():
        write(tmp_path, text, name)
    path = tmp_path / target
    if link == "folder":
        (tmp_path / "below").symlink_to(tmp_path)
        path = tmp_path / "below" / target
    elif link:
        path = tmp_path / f"linked.{target}"
        path.symlink_to(target) if link == "symbolic" else path.hardlink_to(tmp_path / target)
    arguments = [str(tmp_path / word) if word in contents else word for word in command]
    result = invoke(*arguments, "-o", str(path))
    assert result.exit_code == 2
    assert "is read by the same command" in result.stderr
    assert {name: (tmp_path / name).read_text() for name in contents} == contents
    assert invoke(*arguments, "-o", str(tmp_path / "other.yaml")).exit_code in (0, 2)


@POSIX
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_without_an_end_is_refused_at_once(device: str) -> None:
    result = invoke("forward", device)
    assert result.exit_code == 2
    assert len(result.stderr) < 1000


@POSIX
@pytest.mark.parametrize("source", ["file", "pipe", "-"])
def test_a_circuit_file_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    text = "{inputs: {x: 1}, gates: {z: 2*x}}"
    monkeypatch.setattr(files, "MOST_CIRCUIT_BYTES", 10_000)
    for length, code in ((10_000, 0), (10_001, 2)):
        content, path = text.ljust(length), tmp_path / f"{source}{code}"
        if source == "pipe":
            os.mkfifo(path)
            threading.Thread(target=path.write_text, args=(content,)).start()
        elif source == "file":
            path.write_text(content)
        result = invoke("forward", "-" if source == "-" else str(path), stdin=content if source == "-" else None)
        assert result.exit_code == code
        assert ("is too long" in result.stderr) == (code == 2)

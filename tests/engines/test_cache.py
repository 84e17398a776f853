"""Whose machine code is loaded: that of the effective user, from where nobody else can write."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from circuitgrad.engines.native.llvm import cache
from program import invoke

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and rights are POSIX's")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to another user"
)

NOBODY = 65534
NAME = "0" * 64 + ".o"


@pytest.fixture(autouse=True)
def _no_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_refusals", {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of a cache, with code in it."""
    file = tmp_path / "cache" / NAME
    cache.keep(file, b"code")
    assert (cache.read_kept(file), cache.refusals()) == (b"code", ())
    return file


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077, 0o277, 0o777])
def test_what_is_made_is_for_the_user_alone(tmp_path: Path, mask: int) -> None:
    file = tmp_path / "above" / "cache" / NAME
    before = os.umask(mask)
    try:
        cache.keep(file, b"code")
        assert cache.read_kept(file) == b"code"
    finally:
        os.umask(before)
    made = (file.parent.parent, file.parent, file)
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700, 0o700, 0o600]


OPEN_TO_OTHERS: dict[str, Callable[[Path], None]] = {
    "a folder for all": lambda file: file.parent.chmod(0o777),
    "a folder for all, sticky": lambda file: file.parent.chmod(0o1777),
    "a folder for the group": lambda file: file.parent.chmod(0o770),
    "a folder that others can only write to": lambda file: file.parent.chmod(0o702),
    "a file for all": lambda file: file.chmod(0o666),
    "a file for the group": lambda file: file.chmod(0o660),
    "a file that others can only write to": lambda file: file.chmod(0o602),
}


def _give(*paths: Path) -> None:
    for path in paths:
        os.chown(path, NOBODY, NOBODY)


def _give_for_all(path: Path) -> None:
    path.chmod(0o666)
    _give(path)


OF_ANOTHER_USER: dict[str, Callable[[Path], None]] = {
    "another's folder": lambda file: _give(file.parent),
    "another's file": _give,
    "another's folder and file": lambda file: _give(file.parent, file),
    "another's file for all": _give_for_all,
}


def _linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


LINKS: dict[str, Callable[[Path], None]] = {
    "a folder that is a link": lambda file: _linked(file.parent),
    "a file that is a link": _linked,
}


def _refused(file: Path, spoil: Callable[[Path], None]) -> None:
    spoil(file)
    assert cache.read_kept(file) is None
    (reason,) = cache.refusals()
    assert reason.startswith(f"machine code is made anew: '{str(file.parent)[:20]}")


@pytest.mark.parametrize("spoil", OPEN_TO_OTHERS.values(), ids=OPEN_TO_OTHERS)
def test_code_that_others_can_write_is_not_loaded(file: Path, spoil: Callable[[Path], None]) -> None:
    _refused(file, spoil)


@pytest.mark.parametrize("spoil", LINKS.values(), ids=LINKS)
def test_links_are_not_followed(file: Path, spoil: Callable[[Path], None]) -> None:
    _refused(file, spoil)


@AS_ROOT
@pytest.mark.parametrize("spoil", OF_ANOTHER_USER.values(), ids=OF_ANOTHER_USER)
def test_code_that_another_user_has_planted_is_not_loaded(file: Path, spoil: Callable[[Path], None]) -> None:
    _refused(file, spoil)


@pytest.mark.parametrize("rights", [0o777, 0o1777, 0o770])
def test_nothing_is_written_where_others_can_write(tmp_path: Path, rights: int) -> None:
    file = tmp_path / NAME
    tmp_path.chmod(rights)
    cache.keep(file, b"code")
    assert list(tmp_path.iterdir()) == []
    assert "other users can write to it" in cache.refusals()[0]
    tmp_path.chmod(0o700)


def test_a_file_that_is_refused_is_replaced_in_a_folder_of_ours(file: Path) -> None:
    file.chmod(0o666)
    assert cache.read_kept(file) is None
    cache.keep(file, b"anew")
    assert cache.read_kept(file) == b"anew"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG_CACHE_HOME is for other systems")
@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "CIRCUITGRAD_CACHE"])
@pytest.mark.parametrize("text", [".", "cache", "./cache", "../cache", "~/cache"])
def test_a_relative_folder_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    for name in ("XDG_CACHE_HOME", "CIRCUITGRAD_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, text)
    assert cache.cache_folder() == tmp_path / ".cache" / "circuitgrad"
    assert cache.refusals() == (f"{variable} is ignored: '{text}' is no absolute path",)
    monkeypatch.setenv("HOME", text)
    assert cache.cache_folder() is None


def test_verbose_says_why_code_was_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llvmlite")
    from circuitgrad.engines.native.llvm import code

    folder, circuit = tmp_path / "cache", tmp_path / "c.yaml"
    folder.mkdir()
    folder.chmod(0o777)
    circuit.write_text("{inputs: {x: 1}, gates: {z: sin(x)*x}}")
    monkeypatch.setenv("CIRCUITGRAD_CACHE", str(folder))
    reason = f"cache: machine code is made anew: {str(folder)[:40]!r}"[:-1]
    for command in (["sweep", "--over", "x=0:1:2000"], ["backward"]):
        code.machine_code.cache_clear()
        result = invoke(command[0], str(circuit), *command[1:], "--engine", "native", "--verbose")
        assert result.exit_code == 0
        assert reason in result.stderr
        assert "cache" not in invoke(command[0], str(circuit), *command[1:], "--engine", "native").stderr
    assert list(folder.iterdir()) == []

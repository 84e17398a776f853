from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from circuitgrad import CircuitError
from circuitgrad.files import write

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def test_a_text_arrives_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "é\nx\n")
    assert (tmp_path / "a.yaml").read_bytes() == "é\nx\n".encode()
    assert names(tmp_path) == ["a.yaml"]


def test_a_file_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    with pytest.raises(CircuitError, match="already"):
        write(file, "new")
    assert file.read_text() == "old"
    write(file, "new", replace=True)
    assert file.read_text() == "new"
    assert names(tmp_path) == ["a.yaml"]


def test_a_new_file_has_the_rights_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write(tmp_path / "a.yaml", "")
    assert (tmp_path / "a.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_nothing_is_left_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "a.yaml"
    file.write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CircuitError, match="No space left on device"):
        write(file, "new", replace=True)
    assert file.read_text() == "old"
    assert names(tmp_path) == ["a.yaml"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CircuitError, match="cannot be written"):
        write(tmp_path / "nowhere" / "a.yaml", "")


@pytest.mark.parametrize("replace", [False, True])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, replace: bool) -> None:
    pipe, link, folder = tmp_path / "pipe", tmp_path / "link", tmp_path / "folder"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    folder.mkdir()
    for path, what in [(pipe, "a device or a pipe"), (link, "a device or a pipe"), (folder, "a folder")]:
        with pytest.raises(CircuitError, match=what):
            write(path, "new", replace=replace)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(names(tmp_path)) == ["folder", "link", "pipe"]


def test_a_link_goes_on_leading_where_it_does(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    target, link = tmp_path / "inner" / "a.yaml", tmp_path / "link.yaml"
    target.write_text("old")
    link.symlink_to(target)
    write(link, "new", replace=True)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_file_that_is_replaced_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    file.chmod(0o640)
    write(file, "new", replace=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    write(tmp_path / "a.yaml", "new")
    with pytest.raises(CircuitError, match="already"):
        write(tmp_path / "a.yaml", "newer")
    assert (tmp_path / "a.yaml").read_text() == "new"
    monkeypatch.setattr(os, "replace", none)
    with pytest.raises(CircuitError, match="cannot be written"):
        write(tmp_path / "b.yaml", "new")
    assert names(tmp_path) == ["a.yaml"]

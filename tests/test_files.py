from __future__ import annotations

import os
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

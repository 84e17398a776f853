from __future__ import annotations

import errno
import os
import stat
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from circuitgrad import CircuitError, replacing
from circuitgrad.files import refuse_unwritable, take_unkept, write, writing

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


# Names, locks and litter


def litter_of(folder: Path, number: int = 0) -> Path:
    return folder / f".circuitgrad-{number:08x}.tmp"


@pytest.mark.parametrize("length", [1, 100, 250, 255])
@pytest.mark.parametrize("replace", [False, True])
def test_every_name_that_the_system_takes(tmp_path: Path, length: int, replace: bool) -> None:
    file = tmp_path / ("é" * (length // 2) + "x" * (length % 2))
    write(file, "new", replace=replace)
    write(file, "newer", replace=True)
    assert file.read_text() == "newer"
    assert names(tmp_path) == [file.name]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    for number in range(3):
        litter_of(tmp_path, number).write_text("half")
    litter_of(tmp_path, 1).chmod(0o400)
    others = [
        ".circuitgrad-1.tmp",
        ".circuitgrad-0000000g.tmp",
        "circuitgrad-00000000.tmp",
        ".circuitgrad-00000000.tmp2",
    ]
    for name in others:
        (tmp_path / name).touch()
    write(tmp_path / "a.yaml", "new")
    assert sorted(names(tmp_path)) == sorted([*others, "a.yaml"])


def test_what_is_no_litter_of_ours_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    litter_of(tmp_path, 1).symlink_to(precious)
    litter_of(tmp_path, 2).mkdir()
    os.mkfifo(litter_of(tmp_path, 3))
    before = set(names(tmp_path))
    write(tmp_path / "a.yaml", "new")
    assert set(names(tmp_path)) == {*before, "a.yaml"}
    litter_of(tmp_path, 4).touch()
    monkeypatch.setattr(os, "geteuid", lambda: litter_of(tmp_path, 4).stat().st_uid + 1)
    write(tmp_path / "a.yaml", "newer", replace=True)
    assert litter_of(tmp_path, 4).exists()
    assert precious.read_text() == "mine"


def test_what_another_run_is_writing_stays(tmp_path: Path) -> None:
    with writing(tmp_path / "a.yaml") as slow:
        slow.write(b"slow")
        for number in range(3):
            write(tmp_path / "b.yaml", f"{number}", replace=True)
            with writing(tmp_path / "a.yaml", replace=True) as fast:
                fast.write(b"fast")
            (tmp_path / "a.yaml").unlink()
    assert (tmp_path / "a.yaml").read_text() == "slow"
    assert sorted(names(tmp_path)) == ["a.yaml", "b.yaml"]


def test_a_file_that_is_removed_before_its_lock_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, tries = replacing.lock, []

    def late(handle: int) -> bool | None:
        tries.append(handle)
        if len(tries) < 4:
            replacing.remove_litter(tmp_path)
        return lock(handle) if len(tries) != 2 else False  # the other run still holds it

    monkeypatch.setattr(replacing, "lock", late)
    write(tmp_path / "a.yaml", "new")
    assert len(tries) > 4
    assert names(tmp_path) == ["a.yaml"]
    assert (tmp_path / "a.yaml").read_text() == "new"


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    litter_of(tmp_path).touch()
    write(tmp_path / "a.yaml", "new")
    write(tmp_path / "a.yaml", "newer", replace=True)
    assert sorted(names(tmp_path)) == [litter_of(tmp_path).name, "a.yaml"]  # it may be in use


WRITER = """
import sys
from pathlib import Path
from circuitgrad.files import write
for number in range(60):
    write(Path(sys.argv[1]) / f"{sys.argv[2]}-{number % 3}.yaml", "x" * 10_000, replace=True)
    write(Path(sys.argv[1]) / "shared.yaml", sys.argv[2] * 10_000, replace=True)
"""


def test_runs_that_write_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)], stderr=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert errors == [""] * 4
    assert sorted(names(tmp_path)) == sorted([*(f"{i}-{k}.yaml" for i in range(4) for k in range(3)), "shared.yaml"])
    assert len(set((tmp_path / "shared.yaml").read_text())) == 1


def test_content_is_on_the_disk_before_its_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    sync, rename = os.fsync, os.replace

    def noted_sync(handle: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"file of {os.fstat(handle).st_size}")
        sync(handle)

    def noted_rename(*paths: Any) -> None:
        calls.append("name")
        rename(*paths)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_rename)
    write(tmp_path / "a.yaml", "new", replace=True)
    assert calls == ["file of 3", "name", "folder"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EIO])
def test_a_disk_that_does_not_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def failing(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    if number == errno.EIO:
        with pytest.raises(CircuitError, match="cannot be written"):
            write(tmp_path / "a.yaml", "new")
        assert names(tmp_path) == []
    else:
        write(tmp_path / "a.yaml", "new")


# What a file keeps


@pytest.mark.parametrize("mode", [0o444, 0o400, 0o555, 0o4555])
def test_a_read_only_file_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    file.chmod(mode)
    (tmp_path / "link").symlink_to(file)
    for path in (file, tmp_path / "link"):
        with pytest.raises(CircuitError, match="is read-only, and is not replaced"):
            write(path, "new", replace=True)
        with pytest.raises(CircuitError, match="is read-only"):
            refuse_unwritable(path)
    assert file.read_text() == "old"
    assert sorted(names(tmp_path)) == ["a.yaml", "link"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755, 0o2660, 0o606])
def test_every_mode_is_kept(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    file.chmod(mode)
    write(file, "new", replace=True)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert take_unkept() == []


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch(0o600)
    with writing(file, replace=True) as written:
        written.write(b"secret")
        assert stat.S_IMODE(os.fstat(written.fileno()).st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    os.chown(file, 12, 34)
    file.chmod(0o6770)
    write(file, "new", replace=True)
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12, 34, 0o6770)
    assert take_unkept() == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    ("ids", "lost", "before", "after"),
    [
        ((12, -1), "its owner", 0o4764, 0o764),
        ((-1, 34), "its group", 0o2674, 0o644),
        ((-1, 34), "its group", 0o660, 0o600),
        ((12, 34), "its owner and its group", 0o666, 0o666),
    ],
)
def test_what_is_lost_is_said_and_gives_nobody_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ids: tuple[int, int], lost: str, before: int, after: int
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    file = tmp_path / "a.yaml"
    file.touch()
    os.chown(file, *ids)
    file.chmod(before)
    monkeypatch.setattr(os, "fchown", refused)
    write(file, "new", replace=True)
    write(file, "new", replace=True)
    assert stat.S_IMODE(file.stat().st_mode) == after
    (sentence,) = take_unkept()
    assert sentence.endswith(f"a.yaml could not keep {lost}")
    assert take_unkept() == []


def access_list(mask: int) -> bytes:
    """Return an access control list, as the system has it: the user 12 and the mask besides the three classes."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 6, 12), (4, 0, nobody), (16, mask, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def set_attribute(path: Path, name: str, value: bytes) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("no extended attributes here")
    try:
        os.setxattr(path, name, value)
    except OSError:
        pytest.skip("no such attributes on this file system")


def test_access_lists_and_attributes_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    set_attribute(file, "system.posix_acl_access", access_list(4))
    set_attribute(file, "user.note", b"mine")
    before, mode = attributes(file), file.stat().st_mode
    write(file, "new", replace=True)
    assert (attributes(file), file.stat().st_mode) == (before, mode)
    assert take_unkept() == []


def test_a_list_of_the_folder_is_not_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch(0o640)
    set_attribute(tmp_path, "system.posix_acl_default", access_list(6))
    write(file, "new", replace=True)
    assert attributes(file) == {}
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    (tmp_path / "other").touch()
    write(tmp_path / "new", "")
    assert attributes(tmp_path / "new") == attributes(tmp_path / "other") != {}
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_lost_list_gives_nobody_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    file = tmp_path / "a.yaml"
    file.touch()
    set_attribute(file, "user.note", b"mine")
    set_attribute(file, "system.posix_acl_access", access_list(6))
    assert stat.S_IMODE(file.stat().st_mode) == 0o660  # the mask stands where the group's rights do
    monkeypatch.setattr(os, "setxattr", refused)
    write(file, "new", replace=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (sentence,) = take_unkept()
    assert sentence.endswith("could not keep its access control list and its extended attributes")

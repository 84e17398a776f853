"""Files that take the place of others: a temporary file beside, locked and synced, with the rights of the old one."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TEMPORARY = re.compile(r"\.circuitgrad-[0-9a-f]{8}\.tmp")
"""The names of files that are being written, whatever the name that they get in the end."""
_ACCESS_LISTS = {"system.posix_acl_access", "system.nfs4_acl"}
"""The extended attributes that say who may do what."""
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES, errno.EPERM}
"""The errors of a file system that has no fsync, or none for folders."""
_unfinished: set[str] = set()
"""The temporary files of this process."""


# Temporary files. A lock tells those that are being written from those whose process has been killed: the system
# releases it however the process ends, and other than a process number it means the same in every container.


def temporary_beside(folder: Path, *, is_private: bool) -> tuple[str, int, bool]:
    """Return the name of a new file in a folder, the file, open and empty, and whether it is locked.

    Args:
        folder: the folder.
        is_private: whether nobody else may read it; otherwise it has the rights of any new file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        name = os.path.join(folder, f".circuitgrad-{os.urandom(4).hex()}.tmp")  # noqa: PTH118
        _unfinished.add(name)  # beforehand: a signal may end the run at any moment
        try:
            handle = os.open(name, flags, 0o600 if is_private else 0o666)
        except FileExistsError:
            _unfinished.discard(name)
            continue
        is_locked = lock(handle)
        if is_locked is None or (is_locked and os.fstat(handle).st_nlink):
            return name, handle, bool(is_locked)
        os.close(handle)  # between its creation and its lock another run removes it as litter


def remove(temporary: str) -> None:
    """Remove a temporary file, unless it has taken its place."""
    with contextlib.suppress(OSError):
        os.unlink(temporary)  # noqa: PTH108
    _unfinished.discard(temporary)


@atexit.register
def _remove_unfinished() -> None:
    for temporary in list(_unfinished):
        remove(temporary)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unfinished.clear)  # they are the parent's


def lock(handle: int) -> bool | None:
    """Lock an open file, and tell whether it is locked now; None where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def remove_litter(folder: Path) -> None:
    """Remove the temporary files of the effective user in a folder whose processes do not run any more."""
    if os.name != "posix":
        return
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError):
            _remove_if_left(name)


def _remove_if_left(name: str) -> None:
    status = os.lstat(name)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        return
    handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        is_same = os.path.samestat(status, os.fstat(handle))
        if is_same and lock(handle) and os.path.samestat(status, os.lstat(name)):
            os.unlink(name)  # noqa: PTH108
    finally:
        os.close(handle)


def sync(handle: int) -> None:
    """Put a file, or a folder's names, on the disk, where the file system can do that on demand."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk, where that can be done."""
    if os.name != "posix":
        return
    try:
        handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:  # a folder that may be written to, but not be listed
        return
    try:
        sync(handle)
    finally:
        os.close(handle)


# What a file keeps when it is replaced


def keep(handle: int, path: Path, status: os.stat_result) -> list[str]:
    """Give a new file what the file that it replaces has, as far as it may, and return what it could not get.

    Whoever had no rights gets none: where the group or the access control list is lost, the group gets the rights of
    all others.

    Args:
        handle: the new file.
        path: the old one.
        status: that of the old one.
    """
    if os.name != "posix":
        return []
    own, mode, lost = os.fstat(handle), stat.S_IMODE(status.st_mode), []
    if own.st_uid != status.st_uid and not _succeeds(os.fchown, handle, status.st_uid, -1):
        lost.append("its owner")
        mode &= ~stat.S_ISUID
    if own.st_gid != status.st_gid and not _succeeds(os.fchown, handle, -1, status.st_gid):
        lost.append("its group")
        mode = _without_group(mode) & ~stat.S_ISGID
    unkept = _unkept_attributes(handle, path)
    if unkept & _ACCESS_LISTS:
        lost.append("its access control list")
        mode = _without_group(mode)
    if unkept - _ACCESS_LISTS:
        lost.append("its extended attributes")
    if stat.S_IMODE(os.fstat(handle).st_mode) != mode:
        os.fchmod(handle, mode)
    return lost


def _succeeds(call: Callable[..., object], *arguments: object) -> bool:
    try:
        call(*arguments)
    except OSError:
        return False
    return True


def _without_group(mode: int) -> int:
    """Return a mode that gives the group no more than others."""
    return mode & ~0o070 | (mode & 0o070 & (mode & 0o007) << 3)


def _unkept_attributes(handle: int, path: Path) -> set[str]:
    """Give a new file the access control list and the extended attributes of another, and return those it cannot get.

    A list that it has from its folder goes where the other has none.
    """
    if not hasattr(os, "listxattr"):
        return set()
    try:
        wanted = {name: os.getxattr(path, name) for name in os.listxattr(path) if _is_kept(name)}
        present = {name: os.getxattr(handle, name) for name in os.listxattr(handle) if _is_kept(name)}
    except OSError:  # the file system has none
        return set()
    for name in (present.keys() - wanted.keys()) & _ACCESS_LISTS:
        _succeeds(os.removexattr, handle, name)
    return {
        name
        for name, value in wanted.items()
        if present.get(name) != value and not _succeeds(os.setxattr, handle, name, value)
    }


def _is_kept(attribute: str) -> bool:
    return attribute in _ACCESS_LISTS or attribute.startswith("user.") or attribute == "security.selinux"

"""Machine code on the disk: what was made once is read from there, whole, of this machine, and of this user.

Machine code runs with the rights of whoever loads it. It is loaded from a folder and a file that belong to the
effective user and that nobody else can write to. Both are examined once they are open, so that nobody can exchange them
meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from circuitgrad.errors import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = b"circuitgrad object 2\n"
"""What a file of machine code begins with; a digest of the rest follows."""
HEAD_SIZE = len(MARK) + hashlib.sha256().digest_size
CACHE_FILE = re.compile(r"\.?[0-9a-f]{64}\.")
"""How the name of a file of machine code begins, or that of a temporary file left behind."""
MOST_FILES, MOST_BYTES = 500, 200_000_000
"""How many files are kept, and how many bytes together: those that were used last."""
FOLDER_RIGHTS, FILE_RIGHTS = 0o700, 0o600
"""The rights of what is made, whatever the umask."""

_HAS_OWNERS = os.name == "posix"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe that nobody writes to would wait."""
_refusals: dict[str, None] = {}


def refusals() -> tuple[str, ...]:
    """Return why this process did not use the cache, or a file in it; empty where it did."""
    return tuple(_refusals)


def cache_folder() -> Path | None:
    """Return the folder in which machine code is kept: `CIRCUITGRAD_CACHE`, or the platform's place for caches.

    A relative path in `CIRCUITGRAD_CACHE` or `XDG_CACHE_HOME` is ignored: it would lead into any folder that the user
    works in, a downloaded one, too. There is none for a user without a home.
    """
    if folder := _absolute("CIRCUITGRAD_CACHE"):
        return folder
    try:
        if sys.platform == "win32":
            place = Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "circuitgrad" / "cache"
        elif sys.platform == "darwin":
            place = Path("~/Library/Caches/circuitgrad").expanduser()
        else:
            place = (_absolute("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "circuitgrad"
    except RuntimeError:
        return None
    return place if place.is_absolute() else None


def _absolute(variable: str) -> Path | None:
    """Return the absolute path that an environment variable holds, or None."""
    text = os.environ.get(variable)
    if not text:
        return None
    if not os.path.isabs(text):  # noqa: PTH117
        _refuse(f"{variable} is ignored: {quote(text)} is no absolute path")
        return None
    return Path(text)


def read_kept(file: Path) -> bytes | None:
    """Return the machine code that a file of the cache holds.

    The result is None where the file is not there, not whole, or not only the effective user's; see `refusals`.
    """
    try:
        with _opened(file.parent) as folder:
            content = _read(folder, file)
    except FileNotFoundError:
        return None
    except OSError as error:
        _refuse_for(error)
        return None
    mark, digest, code = content[: len(MARK)], content[len(MARK) : HEAD_SIZE], content[HEAD_SIZE:]
    return code if mark == MARK and _digest(file, code) == digest else None


def keep(file: Path, code: bytes) -> None:
    """Write a file of the cache, whole; a folder that takes none, or is not only the user's, is no reason to fail."""
    try:
        _make(file.parent)
        with _opened(file.parent) as folder:
            _write(folder, file, MARK + _digest(file, code) + code)
            _tidy(folder, file.parent)
    except OSError as error:
        _refuse_for(error)


def _digest(file: Path, code: bytes) -> bytes:
    """Return what tells machine code that was kept in a file under its name."""
    return hashlib.sha256(file.name.encode() + code).digest()


def _refuse(reason: str) -> None:
    _refusals[reason] = None


def _refuse_for(error: OSError) -> None:
    path = f"{quote(str(error.filename))}: " if error.filename else ""
    _refuse(f"machine code is made anew: {path}{error.strerror or error}")


# Folders and files. A folder is its descriptor, or None on Windows, where files are named by their whole paths.


def _make(path: Path) -> None:
    """Make a folder and those above it, as far as they are not there, for the user alone."""
    if path.exists() or path.is_symlink():
        return
    _make(path.parent)
    with contextlib.suppress(FileExistsError):  # of another process
        path.mkdir(FOLDER_RIGHTS)
        path.chmod(FOLDER_RIGHTS)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """Give a folder to read and write files in.

    Raises:
        OSError: it is not there, it is a link, or it is not only the effective user's.
    """
    if not _HAS_OWNERS:
        yield None
        return
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and path.is_symlink():
            raise OSError(errno.ELOOP, "it is a link", str(path)) from None
        raise
    try:
        _examine(os.fstat(folder), path)
        yield folder
    finally:
        os.close(folder)


def _examine(status: os.stat_result, path: Path) -> None:
    """Refuse a folder or a file that is not only the effective user's.

    Raises:
        OSError: another user owns it, or can write to it.
    """
    if not _HAS_OWNERS:
        return
    if status.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "another user owns it", str(path))
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(errno.EPERM, "other users can write to it", str(path))


def _at(folder: int | None, file: Path) -> str:
    """Return how a file is named to a function that takes the folder as `dir_fd`."""
    return str(file) if folder is None else file.name


def _read(folder: int | None, file: Path) -> bytes:
    """Return the content of a file.

    Raises:
        OSError: it is not there, no regular file, a link, or not only the effective user's.
    """
    try:
        handle = os.open(_at(folder, file), os.O_RDONLY | _NO_LINK | _NO_WAITING, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise OSError(error.errno, reason, str(file)) from None
    with os.fdopen(handle, "rb") as opened:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EPERM, "it is no regular file", str(file))
        _examine(status, file)
        with contextlib.suppress(OSError):
            os.utime(handle if os.utime in os.supports_fd else file)  # it counts among those that were used last
        return opened.read()


def _write(folder: int | None, file: Path, content: bytes) -> None:
    """Write a file for the user alone, whole or not at all, in place of any file of that name.

    Raises:
        OSError: it cannot be written.
    """
    temporary = file.with_name(f".{file.name}.{os.urandom(6).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK
    handle = os.open(_at(folder, temporary), flags, FILE_RIGHTS, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as opened:
            if _HAS_OWNERS:
                os.fchmod(handle, FILE_RIGHTS)
            opened.write(content)
        os.replace(_at(folder, temporary), _at(folder, file), src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(_at(folder, temporary), dir_fd=folder)
        raise


def _tidy(folder: int | None, path: Path) -> None:
    """Delete the files of the cache that were used longest ago, as far as they are too many; no others."""
    with os.scandir(path if folder is None else folder) as entries:
        ours = [entry for entry in entries if CACHE_FILE.match(entry.name) and entry.is_file(follow_symlinks=False)]
        found = [(entry.stat(follow_symlinks=False), entry.name) for entry in ours]
    newest_first = sorted(((status.st_mtime, status.st_size, name) for status, name in found), reverse=True)
    total = 0
    for count, (_, size, name) in enumerate(newest_first, start=1):
        total += size
        if count > MOST_FILES or total > MOST_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(_at(folder, path / name), dir_fd=folder)

"""Machine code on the disk: what was made once is read from there, whole and of this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from pathlib import Path

from circuitgrad.files import write_private

MARK = b"circuitgrad object 2\n"
"""What a file of machine code begins with; a digest of the rest follows."""
HEAD_SIZE = len(MARK) + hashlib.sha256().digest_size
CACHE_FILE = re.compile(r"\.?[0-9a-f]{64}\.")
"""How the name of a file of machine code begins, or that of a temporary file left behind."""
MOST_FILES, MOST_BYTES = 500, 200_000_000
"""How many files are kept, and how many bytes together: those that were used last."""


def cache_folder() -> Path | None:
    """Return the folder in which machine code is kept: `CIRCUITGRAD_CACHE`, or the platform's place for caches.

    There is none for a user without a home.
    """
    if folder := os.environ.get("CIRCUITGRAD_CACHE"):
        return Path(folder)
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "circuitgrad" / "cache"
        if sys.platform == "darwin":
            return Path("~/Library/Caches/circuitgrad").expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "circuitgrad"
    except RuntimeError:
        return None


def _digest(file: Path, code: bytes) -> bytes:
    """Return what tells machine code that was kept in a file under its name."""
    return hashlib.sha256(file.name.encode() + code).digest()


def read_kept(file: Path) -> bytes | None:
    """Return the machine code that a file of the cache holds, or None where it is not there, or not whole."""
    try:
        if not file.is_file():  # a pipe would be waited for
            return None
        content = file.read_bytes()
    except OSError:
        return None
    mark, digest, code = content[: len(MARK)], content[len(MARK) : HEAD_SIZE], content[HEAD_SIZE:]
    if mark != MARK or _digest(file, code) != digest:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)  # so that it counts among those that were used last
    return code


def keep(file: Path, code: bytes) -> None:
    """Write a file of the cache, whole; a folder that takes none is no reason to fail."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, MARK + _digest(file, code) + code)
        _tidy(file.parent)


def _tidy(folder: Path) -> None:
    """Delete the files of the cache that were used longest ago, as far as they are too many; no others."""
    with os.scandir(folder) as entries:
        ours = [entry for entry in entries if CACHE_FILE.match(entry.name) and entry.is_file(follow_symlinks=False)]
    newest_first = sorted(((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in ours), reverse=True)
    total = 0
    for count, (_, size, path) in enumerate(newest_first, start=1):
        total += size
        if count > MOST_FILES or total > MOST_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108

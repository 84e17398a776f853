"""Files: opening (standard input too), decoding, and writing so that a file is whole or absent."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import stat
import sys
from typing import IO, TYPE_CHECKING

from circuitgrad.errors import CircuitError, Source, did_you_mean, quote, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

STANDARD_INPUT = "-"
STDIN_NAME = "<stdin>"
"""The name of standard input in messages."""
CIRCUIT_SUFFIXES = (".yaml", ".yml", ".json")
"""The suffixes of circuit files."""
MOST_CIRCUIT_BYTES = 500_000_000
"""The longest circuit file that is read."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""The characters that may not stand in a text file."""
_PIECE_BYTES = 1 << 18
_read_files: set[tuple[int, int]] = set()
"""The device and the number of every file that was opened since `forget_read_files`."""
_unkept: dict[str, None] = {}
"""What replaced files could not keep, since `take_unkept`."""
_NO_HARD_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""The errors of a file system that has no hard links."""


# Opening and reading


def read_text(path: str | os.PathLike[str]) -> Source:
    """Return the text of a file, in UTF-8; `-` is standard input.

    Raises:
        CircuitError: it cannot be read, or is no text.
    """
    return decode(read_bytes(path), path)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a file; `-` is standard input.

    Raises:
        CircuitError: it cannot be read.
    """
    if str(path) == STANDARD_INPUT:
        return standard_input().read()
    with open_file(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise _unreadable(path, error) from None


def read_circuit(path: str | os.PathLike[str], *, regular: bool = False) -> bytes:
    """Return the content of a circuit file; `-` is standard input.

    A device may have no end. It is read up to the first NUL, which no text has, or up to `MOST_CIRCUIT_BYTES`.

    Args:
        path: the file.
        regular: whether only a regular file will do; see `open_file`.

    Raises:
        CircuitError: it cannot be read, or is too long.
    """
    if str(path) == STANDARD_INPUT and not regular:
        try:
            return _read_bounded(standard_input(), STDIN_NAME)
        except OSError as error:
            raise _unreadable(STDIN_NAME, error) from None
    with open_file(path, regular=regular) as file:
        try:
            return _read_bounded(file, str(path))
        except OSError as error:
            raise _unreadable(path, error) from None


def _read_bounded(file: IO[bytes], name: str) -> bytes:
    try:
        status = os.fstat(file.fileno())
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
    except OSError:  # it is no file of the system's
        size = 0
    content = file.read(size) if size <= MOST_CIRCUIT_BYTES else b""
    pieces, length = [content], max(size, len(content))
    while length <= MOST_CIRCUIT_BYTES and (piece := file.read(_PIECE_BYTES)):
        pieces.append(piece)
        length += len(piece)
        if b"\0" in piece:
            break
    if length > MOST_CIRCUIT_BYTES:
        limit = f"{MOST_CIRCUIT_BYTES // 1_000_000:,} MB"
        raise CircuitError.of(f"{quote(name)} is too long: a circuit file has at most {limit}")
    return b"".join(pieces) if len(pieces) > 1 else content


def standard_input() -> IO[bytes]:
    """Return the bytes of standard input.

    Raises:
        CircuitError: it is closed.
    """
    if sys.stdin is None:
        raise CircuitError.of("standard input is closed", hint="name a file in place of -")
    return sys.stdin.buffer


def open_file(path: str | os.PathLike[str], *, regular: bool = False) -> BufferedReader:
    """Return a file, open for reading its bytes.

    Args:
        path: the file.
        regular: whether only a regular file will do. A circuit may name no other file: opening a device may do
            something, reading it may have no end, and a pipe may have to be waited for.

    Raises:
        CircuitError: it cannot be read, or is not regular.
    """
    try:
        if regular and not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            raise _irregular(path)
        file = open(path, "rb", opener=_open_at_once if regular else None)  # noqa: SIM115 - pathlib is slow
        status = os.fstat(file.fileno())
        if regular and not stat.S_ISREG(status.st_mode):  # it has taken the name meanwhile
            file.close()
            raise _irregular(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError:  # a NUL in the path
        raise CircuitError.of(f"there is no file {quote(str(path))}") from None
    _read_files.add((status.st_dev, status.st_ino))
    return file


def is_regular(path: str) -> bool:
    """Tell whether a path names a regular file, which can be read several times."""
    return path != STANDARD_INPUT and os.path.isfile(path)  # noqa: PTH113


def forget_read_files() -> None:
    """Begin a command: files that earlier ones read may be replaced."""
    _read_files.clear()


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a writer, as of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _irregular(path: str | os.PathLike[str]) -> CircuitError:
    return CircuitError.of(f"{quote(str(path))} is not a file")


def _unreadable(path: str | os.PathLike[str], error: OSError) -> CircuitError:
    """Return the error for a file that cannot be read, with a hint where a file of nearly that name is beside it."""
    if not isinstance(error, FileNotFoundError):
        return CircuitError.of(f"{quote(str(path))} cannot be read: {error.strerror or error}")
    from pathlib import Path

    file = Path(path)
    try:
        beside = [entry.name for entry in file.parent.iterdir() if entry.suffix in (*CIRCUIT_SUFFIXES, file.suffix)]
    except OSError:
        beside = []
    return CircuitError.of(f"there is no file {quote(str(path))}", hint=did_you_mean(file.name, beside))


# Decoding


def decode(
    data: bytes, path: str | os.PathLike[str], line: int = 1, before: int = 0, hint: str = "save the file as UTF-8"
) -> Source:
    """Return the text in a file's content, without a byte order mark.

    Args:
        data: the content, or a part of it.
        path: the file.
        line: the number of the part's first line.
        before: the number of bytes before the part.
        hint: what to do about a text in another encoding.

    Raises:
        CircuitError: it is no text in UTF-8.

    >>> decode(codecs.BOM_UTF8 + b"gates: {y: 1}", "-").text
    'gates: {y: 1}'
    """
    name = STDIN_NAME if str(path) == STANDARD_INPUT else str(path)
    body = data if before else data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        start = len(body[: error.start].decode("utf-8"))
        place = Source(name, body.decode("utf-8", errors="replace"), line).place(start)
        offset = error.start + len(data) - len(body)
        message = f"not UTF-8: byte 0x{data[offset]:02x} at offset {before + offset}"
        raise CircuitError.of(message, place, hint) from None
    return checked(Source(name, text, line))


def checked(source: Source) -> Source:
    """Return the source if every character of it may stand in a text file.

    YAML forbids the others; a data file has no use for them.

    Raises:
        CircuitError: another character stands in it.
    """
    if forbidden := _FORBIDDEN.search(source.text):
        message = f"the character U+{ord(forbidden[0]):04X} may not stand in a text file"
        raise CircuitError.of(message, source.place(forbidden.start()))
    return source


# Writing


def write(path: Path, content: str | bytes, *, replace: bool = False, also_read: bool = False) -> None:
    """Write a file, whole or not at all.

    Args:
        path: the file; where it is a symbolic link, the file that it leads to.
        content: the content; a text is written as UTF-8.
        replace: whether a file of that name may be replaced. The new file keeps the old one's owner, group, mode,
            access control list and extended attributes as far as it may; `take_unkept` tells what it could not keep.
        also_read: whether it may be one that the same command has read.

    Raises:
        CircuitError: there is a file of that name already, it cannot be written, it is read-only, the command has read
            it, or it is a folder, a device or a pipe, which are never replaced.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a.yaml", "gates: {y: 1}")
    ...     sorted(os.listdir(folder))
    ['a.yaml']
    """
    with writing(path, replace=replace, also_read=also_read) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def writing(path: Path, *, replace: bool = False, also_read: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write to piece by piece: a temporary file beside it, which takes its name in the end.

    Where anything is raised before that, nothing is left behind. What a killed run left behind in the folder is
    removed. The arguments and errors are those of `write`.
    """
    # Most commands write nothing: they need not wait for these modules.
    from pathlib import Path

    from circuitgrad import replacing

    named = path
    try:
        if replace:
            path = Path(os.path.realpath(path))
        status = None
        with contextlib.suppress(FileNotFoundError):
            status = _regular_status(path)
        if status is not None:
            _refuse_replacing(named, status, replace=replace, also_read=also_read)
        replacing.remove_litter(path.parent)
        with _writing_beside(path, status, replace=replace) as file:
            yield file
    except FileExistsError:
        raise already_there(path) from None
    except OSError as error:
        raise _unwritable(named, error) from None


def take_unkept() -> list[str]:
    """Return what files that were replaced could not keep, a sentence for each, and forget it."""
    sentences = list(_unkept)
    _unkept.clear()
    return sentences


@contextlib.contextmanager
def _writing_beside(path: Path, status: os.stat_result | None, *, replace: bool) -> Iterator[IO[bytes]]:
    """Give a temporary file beside a path to write to, and move it there in the end, on the disk with its content.

    Args:
        path: the path.
        status: that of the file there, or None.
        replace: whether a file there may be replaced.
    """
    from circuitgrad import replacing

    temporary, handle, is_locked = replacing.temporary_beside(path.parent, is_private=status is not None)

    def give_name() -> None:
        if replace:
            os.replace(temporary, path)  # noqa: PTH105
        else:
            _give_free_name(temporary, path)

    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if status is not None and (lost := replacing.keep(file.fileno(), path, status)):
                _unkept[f"{visible(str(path))} could not keep {' and '.join(lost)}"] = None
            replacing.sync(file.fileno())
            if is_locked:
                give_name()
        if not is_locked:  # Windows renames no file that is open
            give_name()
    finally:
        replacing.remove(temporary)
    replacing.sync_folder(path.parent)


def refuse_unwritable(path: Path) -> None:
    """Refuse a file that could not be written, before its content is computed.

    Raises:
        CircuitError: its folder is not there or takes no files, or it is read-only, a folder, a device or a pipe.
    """
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    try:
        if not os.path.isdir(folder):  # noqa: PTH112
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with contextlib.suppress(FileNotFoundError):
            _refuse_read_only(path, _regular_status(path))
    except OSError as error:
        raise _unwritable(path, error) from None


def _refuse_read_only(path: Path, status: os.stat_result) -> None:
    """Refuse to replace a file that nobody, or not the effective user, may write to: to rename, a folder's rights do.

    Raises:
        CircuitError: it is read-only.
    """
    # The superuser may write to every file, but means a file without any such right to stay, too.
    effective = os.access in os.supports_effective_ids
    if not status.st_mode & 0o222 or not os.access(path, os.W_OK, effective_ids=effective):
        hint = "make it writable, or name another file"
        raise CircuitError.of(f"{quote(str(path))} is read-only, and is not replaced", hint=hint)


def _refuse_read(path: Path) -> None:
    """Refuse to replace a file that the command has read, by whatever name.

    Raises:
        CircuitError: it has.
    """
    status = path.stat()
    if (status.st_dev, status.st_ino) in _read_files:
        message = f"{quote(str(path))} is read by the same command, and is not replaced"
        raise CircuitError.of(message, hint="name another file")


def _refuse_replacing(path: Path, status: os.stat_result, *, replace: bool, also_read: bool) -> None:
    if not replace:
        raise already_there(path)
    _refuse_read_only(path, status)
    if not also_read:
        _refuse_read(path)


def already_there(path: Path) -> CircuitError:
    """Return the error for a file that exists, where nothing asks to replace it."""
    return CircuitError.of(f"there is a file {quote(str(path))} already", hint="--force replaces it")


def _unwritable(path: Path, error: OSError) -> CircuitError:
    return CircuitError.of(f"{quote(str(path))} cannot be written: {error.strerror or error}")


def _regular_status(path: Path) -> os.stat_result:
    """Return the status of a file.

    Raises:
        CircuitError: it is a folder, a device or a pipe.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        # Renaming onto a device would put a file in its place for the whole machine.
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or a pipe"
        raise CircuitError.of(f"{quote(str(path))} is {kind}, not a file")
    return status


def _give_free_name(temporary: str, path: Path) -> None:
    """Give a file a name that must be free, without overwriting a file that takes the name in the meantime."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # Without hard links, as on FAT, an empty file takes the name first.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            os.replace(temporary, path)  # noqa: PTH105
        except OSError:
            os.unlink(path)  # noqa: PTH108
            raise

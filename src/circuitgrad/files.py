"""Files: opening, decoding, and writing so that nothing is ever half-written."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import re
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from circuitgrad.errors import CircuitError, Source, did_you_mean, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def write(path: Path, content: str | bytes, *, replace: bool = False) -> None:
    """Write a file, whole or not at all.

    Args:
        path: the file; where it is a symbolic link, the file that it leads to.
        content: what to write; a text is written as UTF-8.
        replace: whether a file of that name may be replaced; it keeps its rights.

    Raises:
        CircuitError: there is such a file already, it cannot be written, or it is a folder, a device or a pipe, which
            are never replaced.

    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a.yaml", "gates: {y: 1}")
    ...     sorted(os.listdir(folder))
    ['a.yaml']
    """
    with writing(path, replace=replace) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def writing(path: Path, *, replace: bool = False) -> Iterator[IO[bytes]]:
    """Give a file to write to piece by piece: a temporary one beside it, which in the end takes its name.

    Where anything is raised before that, nothing is left behind. The arguments and errors are those of `write`.
    """
    named = path
    try:
        rights = 0o666 & ~_mask()  # what open() would give a new file
        if replace:
            path = Path(os.path.realpath(path))
        with contextlib.suppress(FileNotFoundError):
            rights = stat.S_IMODE(_regular(path))

        def give_name(temporary: str) -> None:
            os.chmod(temporary, rights)  # noqa: PTH101
            if replace:
                os.replace(temporary, path)  # noqa: PTH105
            else:
                _give_name(temporary, path)

        with _writing_beside(path, give_name) as file:
            yield file
    except FileExistsError:
        raise already_there(path) from None
    except OSError as error:
        raise _unwritable(named, error) from None


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all, in the place of whatever has its name.

    Raises:
        OSError: it cannot be written.

    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_private(Path(folder) / "a.o", b"code")
    ...     (Path(folder) / "a.o").read_bytes(), len(os.listdir(folder))
    (b'code', 1)
    """
    with _writing_beside(path, lambda temporary: os.replace(temporary, path)) as file:  # noqa: PTH105
        file.write(content)


@contextlib.contextmanager
def _writing_beside(path: Path, give_name: Callable[[str], None]) -> Iterator[IO[bytes]]:
    """Give a temporary file beside a path to write to; once it is closed, `give_name` moves it to its name.

    Where anything is raised before that, nothing is left behind.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        give_name(temporary)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108


def refuse_unwritable(path: Path) -> None:
    """Refuse a file that could not be written, before the work is done whose results it is for.

    Raises:
        CircuitError: its folder is not there or takes no files, or it is a folder, a device or a pipe.
    """
    folder = Path(os.path.realpath(path)).parent
    try:
        if not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with contextlib.suppress(FileNotFoundError):
            _regular(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _regular(path: Path) -> int:
    """Return the mode of a file.

    Raises:
        CircuitError: it is a folder, a device or a pipe.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        # Renaming onto a device would put a file in its place for the whole machine.
        what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise CircuitError.of(f"{quote(str(path))} is {what}, not a file")
    return mode


def _unwritable(path: Path, error: OSError) -> CircuitError:
    return CircuitError.of(f"{quote(str(path))} cannot be written: {error.strerror or error}")


def already_there(path: Path) -> CircuitError:
    """Return the error that there is such a file, which nobody has asked to replace."""
    return CircuitError.of(f"there is a file {quote(str(path))} already", hint="--force replaces it")


def _give_name(temporary: str, path: Path) -> None:
    """Give a file a name that must be free: unlike a test beforehand, this overwrites nothing that comes in between."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Some file systems, FAT for one, have no links: take the name with an empty file instead.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            os.replace(temporary, path)  # noqa: PTH105
        except OSError:
            os.unlink(path)  # noqa: PTH108
            raise


def _mask() -> int:
    """Return the process's mask for the rights of new files, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


STANDARD_INPUT = "-"


STDIN_NAME = "<stdin>"
"""What standard input is called in messages."""


SUFFIXES = (".yaml", ".yml", ".json")


_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def read_text(path: str | os.PathLike[str]) -> Source:
    """Return the text of a file, in UTF-8; `-` is standard input.

    Raises:
        CircuitError: it cannot be read, or is no text.
    """
    return decode(read_bytes(path), path)


def read_bytes(path: str | os.PathLike[str], *, regular: bool = False) -> bytes:
    """Return the content of a file; `-` is standard input.

    Args:
        path: the file.
        regular: whether it has to be a file in the narrow sense, as one that a file asks for: others may have no end.

    Raises:
        CircuitError: it cannot be read.
    """
    if str(path) == STANDARD_INPUT and not regular:
        return sys.stdin.buffer.read()
    if regular and os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
        raise CircuitError.of(f"{quote(str(path))} is not a file")
    with open_file(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise _unreadable(path, error) from None


def open_file(path: str | os.PathLike[str]) -> BufferedReader:
    """Return a file, open for reading its bytes.

    Raises:
        CircuitError: it cannot be read.
    """
    try:
        return open(path, "rb")  # noqa: PTH123 - importing pathlib takes longer than reading a circuit
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError:  # a NUL in the path
        raise CircuitError.of(f"there is no file {quote(str(path))}") from None


def decode(data: bytes, path: str | os.PathLike[str], line: int = 1, before: int = 0) -> Source:
    """Return the text in a file's content, without a byte order mark.

    Args:
        data: the content, or a part of it.
        path: the file.
        line: the number of the part's first line.
        before: how many bytes are before the part.

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
        raise CircuitError.of(message, place, "save the file as UTF-8") from None
    return checked(Source(name, text, line))


def checked(source: Source) -> Source:
    """Return the source if every character of it may stand in a YAML file; in a data file, no other is of use."""
    match = _UNREADABLE.search(source.text)
    if match:
        raise CircuitError.of(
            f"the character U+{ord(match[0]):04X} may not stand in a text file", source.place(match.start())
        )
    return source


def _unreadable(path: str | os.PathLike[str], error: OSError) -> CircuitError:
    if isinstance(error, FileNotFoundError):
        from pathlib import Path

        file = Path(path)
        try:
            beside = [entry.name for entry in file.parent.iterdir() if entry.suffix in (*SUFFIXES, file.suffix)]
        except OSError:
            beside = []
        return CircuitError.of(f"there is no file {quote(str(path))}", hint=did_you_mean(file.name, beside))
    return CircuitError.of(f"{quote(str(path))} cannot be read: {error.strerror or error}")

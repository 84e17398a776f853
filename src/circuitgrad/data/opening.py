"""Data files as they lie on a disk: unpacked, and their texts in UTF-8."""

from __future__ import annotations

import codecs
import io
import os
import stat
from typing import IO, TYPE_CHECKING, Any, cast

from circuitgrad.errors import CircuitError, Source, quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer

_READ_BYTES = 1 << 18
_LONGEST_MAGIC = 6
_UTF_16 = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
           codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip
"""Byte order marks, the longer ones first."""


def unpacked(file: io.BufferedReader[Any], name: str) -> io.BufferedReader[Any]:
    """Return the content of a file, which may be packed by gzip, bzip2, xz or Zstandard; its first bytes say so.

    Args:
        file: the file's bytes.
        name: the file's name.

    Raises:
        CircuitError: nothing installed unpacks it.
    """
    begin = file.peek(_LONGEST_MAGIC)
    for magic, opener in _OPENERS.items():
        if begin.startswith(magic):
            raw = _Unpacked(opener(file, name), name, file, at_once=not _is_regular(file))
            # A buffer around a buffer would wait until it is full.
            return io.BufferedReader(raw, _READ_BYTES)
    return file


def in_utf8(file: io.BufferedReader[Any], name: str, encoding: str | None) -> io.BufferedReader[Any]:
    """Return the bytes of a text in UTF-8.

    Args:
        file: the text's bytes.
        name: the file's name.
        encoding: the text's encoding; where it is None, UTF-16 or UTF-32 as a byte order mark says, or
            UTF-8.
    """
    if encoding is None:
        begin = file.peek(_LONGEST_MAGIC)
        encoding = next((found for mark, found in _UTF_16.items() if begin.startswith(mark)), None)
    if encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig"):
        return file
    return io.BufferedReader(_Transcoded(file, name, encoding), _READ_BYTES)


def _is_regular(file: IO[bytes]) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:
        return False


def _gzip(file: IO[bytes], _name: str) -> IO[bytes]:
    import gzip

    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))


def _bzip2(file: IO[bytes], _name: str) -> IO[bytes]:
    import bz2

    return bz2.BZ2File(file)


def _xz(file: IO[bytes], _name: str) -> IO[bytes]:
    import lzma

    return lzma.LZMAFile(file)


def _zstandard(file: IO[bytes], name: str) -> IO[bytes]:
    try:  # from Python 3.14 on
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]

        return cast("IO[bytes]", zstd.ZstdFile(file))
    except ImportError:
        pass
    try:
        import pyarrow as pa
    except ImportError:
        message = f"{quote(name)} is packed by Zstandard, which Python before 3.14 unpacks with pyarrow"
        raise CircuitError.lacks(message, "data") from None
    return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))


_OPENERS: dict[bytes, Callable[[IO[bytes], str], IO[bytes]]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": _bzip2,
    b"\xfd7zXZ\0": _xz,
    b"\x28\xb5\x2f\xfd": _zstandard,
}
"""What unpacks a file that begins with these bytes."""


class _Unpacked(io.RawIOBase):
    """What a packed file has in it.

    Args:
        file: the unpacked bytes.
        name: the file's name.
        packed: the packed bytes.
        at_once: whether to return what has come through a pipe, and not to wait for more.
    """

    def __init__(self, file: IO[bytes], name: str, packed: IO[bytes], *, at_once: bool) -> None:
        self._name, self._packed = name, packed
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read) if at_once else file.read

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return the number of the packed file, whose length is the least that there is to read."""
        return self._packed.fileno()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            more = self._read(len(view))
        except CircuitError:
            raise
        except (OSError, EOFError, ValueError) as error:
            raise self._damaged(error) from None
        except Exception as error:
            if type(error).__name__ not in ("error", "LZMAError", "ZstdError"):  # those of zlib, lzma, compression.zstd
                raise
            raise self._damaged(error) from None
        view[: len(more)] = more
        return len(more)

    def _damaged(self, error: Exception) -> CircuitError:
        return CircuitError.of(f"{quote(self._name)} cannot be unpacked: {' '.join(str(error).split())}")


class _Transcoded(io.RawIOBase):
    """The bytes in UTF-8 of a text in another encoding."""

    def __init__(self, file: io.BufferedReader[Any], name: str, encoding: str) -> None:
        self._file, self._name, self._encoding = file, name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._waiting = memoryview(b"")
        self._line, self._open_line = 1, ""
        self._offset = 0
        self._is_over = False

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while not self._waiting and not self._is_over:
            data = self._file.read1(_READ_BYTES)
            self._is_over = not data
            self._waiting = memoryview(self._decode(data).encode("utf-8", "surrogatepass"))
            self._offset += len(data)
        view = memoryview(buffer).cast("B")
        size = min(len(view), len(self._waiting))
        view[:size] = self._waiting[:size]
        self._waiting = self._waiting[size:]
        return size

    def _decode(self, data: bytes) -> str:
        """Return the text in the next bytes.

        Raises:
            CircuitError: they are no text.
        """
        before = self._decoder.getstate()
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            self._decoder.setstate(before)
            at = error.start - len(before[0])
            self._follow(self._decoder.decode(data[: max(0, at)]))
            place = Source(self._name, self._open_line + "\ufffd", self._line).place(len(self._open_line))
            message = f"not {self._encoding}: byte 0x{error.object[error.start]:02x} at offset {self._offset + at}"
            raise CircuitError.of(message, place, "--encoding says how the text is written") from None
        self._follow(text)
        return text

    def _follow(self, text: str) -> None:
        """Count the lines of a text, and keep the last."""
        count = text.count("\n")
        self._line += count
        self._open_line = text[text.rfind("\n") + 1 :] if count else (self._open_line + text)[-_READ_BYTES:]

"""Writing files so that nothing is ever half-written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, quote

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a text to a file, whole or not at all: into a temporary file beside it, which then takes its name.

    Args:
        path: the file.
        text: what to write, as UTF-8.
        replace: whether a file of that name may be replaced.

    Raises:
        CircuitError: there is such a file already, or it cannot be written.

    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a.yaml", "gates: {y: 1}")
    ...     sorted(os.listdir(folder))
    ['a.yaml']
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~_mask())  # noqa: PTH101 - what open() would give a new file
        if replace:
            os.replace(temporary, path)  # noqa: PTH105
        else:
            os.link(temporary, path)  # unlike a test beforehand, this cannot overwrite what comes in between
    except FileExistsError:
        raise CircuitError.of(f"there is a file {quote(str(path))} already", hint="--force replaces it") from None
    except OSError as error:
        raise CircuitError.of(f"{quote(str(path))} cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108


def _mask() -> int:
    """Return the process's mask for the rights of new files, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

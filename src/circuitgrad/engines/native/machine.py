"""From LLVM's language to functions that can be called, by llvmlite; machine code is kept on disk."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import sys
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from circuitgrad.engines.native.functions import LANES, module, used
from circuitgrad.errors import CircuitError
from circuitgrad.version import __version__

MARK = b"circuitgrad object 2\n"
"""What a file of machine code begins with; a digest of the rest follows."""
HEAD = len(MARK) + hashlib.sha256().digest_size
OURS = re.compile(r"[0-9a-f]{64}\.")
"""How its name begins."""
MOST_FILES, MOST_BYTES = 500, 200_000_000
"""So many files are kept, of so many bytes together; those that were used last."""


class Machine(NamedTuple):
    """What code is made for.

    Attributes:
        llvm: llvmlite's binding.
        name: llvmlite, the platform and the processor with its features, in words.
        cpu: the processor.
        features: what it can do.
    """

    llvm: Any
    name: str
    cpu: str
    features: str

    def target(self) -> Any:
        """Return a description of the machine; an engine that is made with it owns it."""
        return self.llvm.Target.from_default_triple().create_target_machine(
            cpu=self.cpu, features=self.features, opt=2, reloc="pic", codemodel="default"
        )


@cache
def machine() -> Machine:
    """Return the machine that this program runs on.

    Raises:
        CircuitError: llvmlite is not installed.
    """
    try:
        import llvmlite
        from llvmlite import binding as llvm
    except (ImportError, OSError):  # the latter where its library cannot be loaded
        raise CircuitError.lacks("the engine native needs llvmlite", "native") from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    name = f"{llvmlite.__version__} {llvm.get_default_triple()} {cpu} {features}"
    return Machine(llvm, name, cpu, features)


def is_installed() -> bool:
    """Tell whether there is an llvmlite that works."""
    try:
        machine()
    except CircuitError:
        return False
    return True


def cache_folder() -> Path | None:
    """Return the folder in which machine code is kept: `CIRCUITGRAD_CACHE`, or the platform's place for caches.

    There is none for a user without a home.
    """
    if told := os.environ.get("CIRCUITGRAD_CACHE"):
        return Path(told)
    try:
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / "circuitgrad" / "cache"
        if sys.platform == "darwin":
            return Path("~/Library/Caches/circuitgrad").expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "circuitgrad"
    except RuntimeError:
        return None


def object_code(text: str) -> bytes:
    """Return the machine code of a module, from the disk where it is kept, whole and of this machine."""
    made_for = machine()
    key = hashlib.sha256(f"{__version__}\n{made_for.name}\n{text}".encode()).hexdigest()
    folder = cache_folder()
    file = folder / f"{key}.o" if folder else None
    if file and (kept := _kept(file)):
        return kept
    parsed = made_for.llvm.parse_assembly(text)
    parsed.verify()
    code: bytes = made_for.target().emit_object(parsed)
    if file:
        _keep(file, MARK + _digest(file, code) + code)
    return code


def _digest(file: Path, code: bytes) -> bytes:
    """Return what tells machine code that was kept in a file under its name."""
    return hashlib.sha256(file.name.encode() + code).digest()


def _kept(file: Path) -> bytes | None:
    """Return the machine code that a file of the cache holds, or None where it is not there, or not whole."""
    try:
        if not file.is_file():  # a pipe would be waited for
            return None
        content = file.read_bytes()
    except OSError:
        return None
    mark, digest, code = content[: len(MARK)], content[len(MARK) : HEAD], content[HEAD:]
    if mark != MARK or _digest(file, code) != digest:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)  # so that it counts among those that were used last
    return code


def _keep(file: Path, content: bytes) -> None:
    """Write a file of the cache, whole; a folder that takes none is no reason to fail."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f"{file.stem}.")
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
            os.replace(temporary, file)  # noqa: PTH105
        except BaseException:
            os.unlink(temporary)  # noqa: PTH108
            raise
        _tidy(file.parent)


def _tidy(folder: Path) -> None:
    """Delete the files of the cache that were used longest ago, as far as they are too many; no others."""
    with os.scandir(folder) as entries:
        ours = [one for one in entries if OURS.match(one.name) and one.is_file(follow_symlinks=False)]
    found = sorted(((one.stat().st_mtime, one.stat().st_size, one.path) for one in ours), reverse=True)
    total = 0
    for count, (_, size, path) in enumerate(found, start=1):
        total += size
        if count > MOST_FILES or total > MOST_BYTES:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108


class Code:
    """Machine code that can be called.

    Args:
        text: its module, in LLVM's language.
    """

    def __init__(self, text: str) -> None:
        made_for = machine()
        llvm = made_for.llvm
        _find_functions(llvm)
        parts = [object_code(one) for one in _modules(text)]
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), made_for.target())
        # The engine reads the files once more when it is finalised, and does not keep them itself.
        self._files = [llvm.object_file.ObjectFileRef.from_data(part) for part in parts]
        for file in self._files:
            self._engine.add_object_file(file)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where a function is; it is there as long as this object is."""
        found: int = self._engine.get_function_address(name)
        return found


@lru_cache(maxsize=32)
def code(text: str, of_python: tuple[str, ...] = ()) -> Code:
    """Return the machine code of a module, which is made, or read from the disk, once a process.

    Args:
        text: the module, in LLVM's language.
        of_python: the functions of Python's interface to C that it calls.
    """
    for name in of_python:
        machine().llvm.add_symbol(name, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    return Code(text)


def _modules(text: str) -> list[str]:
    """Return a module, and those of the functions on vectors that it calls, or that they call."""
    found: dict[str, str] = {}
    waiting = used(text)
    while waiting:
        name = waiting.pop()
        found[name] = module(name, LANES)
        waiting |= used(found[name]) - found.keys()
    return [text, *(found[name] for name in sorted(found))]


@cache
def _find_functions(llvm: Any) -> None:
    """Tell LLVM where C's functions are, wherever the platform has put them."""
    from ctypes.util import find_library

    from circuitgrad.gates.doubles import PRIMITIVES

    names = {"fma", "fmod", *PRIMITIVES} - {"abs", "div", "mod"}  # C's are of whole numbers, or none
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    if sys.platform != "win32" and not all(hasattr(library, name) for name in names):
        library = ctypes.CDLL(find_library("m"))  # looking for it takes long
    for name in names:
        if (found := getattr(library, name, None)) is not None:
            llvm.add_symbol(name, ctypes.cast(found, ctypes.c_void_p).value)

"""From LLVM's language to functions that can be called, by llvmlite."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from functools import cache, lru_cache
from typing import Any

from circuitgrad.engines.native.libm.functions import module, used
from circuitgrad.engines.native.llvm.cache import cache_folder, keep, read_kept
from circuitgrad.engines.native.llvm.machine import host
from circuitgrad.engines.native.llvm.notation import LANES
from circuitgrad.engines.native.llvm.primitives import OF_C
from circuitgrad.version import __version__


def object_code(text: str) -> bytes:
    """Return the machine code of a module, from the disk where it is kept, whole and of this machine."""
    made_for = host()
    key = hashlib.sha256(f"{__version__}\n{made_for.name}\n{text}".encode()).hexdigest()
    folder = cache_folder()
    file = folder / f"{key}.o" if folder else None
    if file and (kept := read_kept(file)):
        return kept
    parsed = made_for.llvm.parse_assembly(text)
    parsed.verify()
    code: bytes = made_for.target().emit_object(parsed)
    if file:
        keep(file, code)
    return code


class Code:
    """Machine code that can be called.

    Args:
        text: its module, in LLVM's language.
    """

    def __init__(self, text: str) -> None:
        made_for = host()
        llvm = made_for.llvm
        _find_functions(llvm)
        parts = [object_code(module_text) for module_text in _modules(text)]
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), made_for.target())
        # The engine reads the files once more when it is finalised, and does not keep them itself.
        self._files = [llvm.object_file.ObjectFileRef.from_data(part) for part in parts]
        for file in self._files:
            self._engine.add_object_file(file)
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Return where a function is; it is there as long as this object is."""
        address: int = self._engine.get_function_address(name)
        return address


@lru_cache(maxsize=32)
def machine_code(text: str, of_python: tuple[str, ...] = ()) -> Code:
    """Return the machine code of a module, which is made, or read from the disk, once a process.

    Args:
        text: the module, in LLVM's language.
        of_python: the functions of Python's interface to C that it calls.
    """
    for name in of_python:
        host().llvm.add_symbol(name, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
    return Code(text)


def _modules(text: str) -> list[str]:
    """Return a module, and those of the functions on vectors that it calls, or that they call."""
    modules: dict[str, str] = {}
    waiting = used(text)
    while waiting:
        name = waiting.pop()
        modules[name] = module(name, LANES)
        waiting |= used(modules[name]) - modules.keys()
    return [text, *(modules[name] for name in sorted(modules))]


@cache
def _find_functions(llvm: Any) -> None:
    """Tell LLVM where C's functions are, wherever the platform has put them."""
    from ctypes.util import find_library

    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    if sys.platform != "win32" and not all(hasattr(library, name) for name in OF_C):
        library = ctypes.CDLL(find_library("m"))  # looking for it takes long
    for name in OF_C:
        if (function := getattr(library, name, None)) is not None:
            llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)

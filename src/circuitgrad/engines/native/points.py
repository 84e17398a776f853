"""Kernels at single points, as functions of Python: numbers in, a tuple out, without a detour through an interpreter.

A call takes a tenth of a microsecond, where one through ctypes takes four times as long. It is made of CPython's stable
interface to C (Python documentation, "Python/C API Reference Manual"); other Pythons have none of it.
"""

from __future__ import annotations

import ctypes
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from circuitgrad.engines.native.columns import addresses, pointers
from circuitgrad.engines.native.llvm.builder import Builder
from circuitgrad.engines.native.llvm.code import machine_code
from circuitgrad.engines.native.llvm.structures import loaded

if TYPE_CHECKING:
    from circuitgrad.engines.native.columns import Pointers
    from circuitgrad.engines.native.kernel import Kernel
    from circuitgrad.engines.wanted import Program

FASTCALL = 0x80
"""METH_FASTCALL: the function takes an array of its arguments, and their number."""
FUNCTIONS_OF_PYTHON = {
    "PyCapsule_GetPointer": "ptr (ptr, ptr)",
    "PyErr_Occurred": "ptr ()",
    "PyErr_SetString": "void (ptr, ptr)",
    "PyFloat_AsDouble": "double (ptr)",
    "PyFloat_FromDouble": "ptr (double)",
    "PyTuple_New": "ptr (i64)",
    "PyTuple_SetItem": "i32 (ptr, i64, ptr)",
    "Py_DecRef": "void (ptr)",
}
"""What is used of Python, and its types."""


class _CallState(ctypes.Structure):
    """What a call needs to know."""

    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("kernel", "tape", "sources", "targets", "given", "results", "error", "message")
        ),
        *((name, ctypes.c_int64) for name in ("given_count", "results_count")),
    )


class _Method(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


def can_call() -> bool:
    """Tell whether this Python has what is needed."""
    return sys.implementation.name == "cpython"


def at_points(kernel: Kernel, count: int, results: int) -> Program:
    """Return what runs a kernel at single points, for one thread at a time; see `engines.programs.program`.

    Args:
        kernel: the kernel, which computes one row at a time.
        count: how many inputs it takes.
        results: how many results it has.
    """
    given, computed = (ctypes.c_double * count)(), (ctypes.c_double * results)()
    sources, targets = pointers((), addresses(given)), pointers((), addresses(computed))
    if can_call():
        return _caller(kernel, sources, targets, given, computed)

    def run(*numbers: float) -> tuple[float, ...]:
        given[:] = numbers  # type: ignore[call-overload] # any sequence will do
        kernel(sources, targets, 1)
        return tuple(computed[:])

    return run


def _caller(
    kernel: Kernel,
    sources: Pointers,
    targets: Pointers,
    given: ctypes.Array[ctypes.c_double],
    results: ctypes.Array[ctypes.c_double],
) -> Program:
    """Return the function that runs a kernel on one row.

    Args:
        kernel: the kernel.
        sources: where it takes its inputs.
        targets: where it puts its results.
        given: the inputs.
        results: the results.
    """
    message = ctypes.c_char_p(f"{len(given)} numbers are wanted".encode())
    state = _CallState(
        kernel=kernel.address,
        tape=kernel.tape,
        sources=ctypes.addressof(sources),
        targets=ctypes.addressof(targets),
        given=ctypes.addressof(given),
        results=ctypes.addressof(results),
        error=id(TypeError),
        message=ctypes.cast(message, ctypes.c_void_p).value,
        given_count=len(given),
        results_count=len(results),
    )
    code = machine_code(_text(), tuple(FUNCTIONS_OF_PYTHON))
    method = _Method(b"passes", code.address("call"), FASTCALL, None)
    api: Any = ctypes.pythonapi
    new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        ("PyCapsule_New", api)
    )
    new_function = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
        ("PyCFunction_NewEx", api)
    )
    capsule = new_capsule(ctypes.addressof(state), None, None)
    run: Any = partial(new_function(ctypes.addressof(method), capsule, None))
    run.keep = code, method, state, message, kernel, sources, targets, given, results  # which live as long as it
    program: Program = run
    return program


def _text() -> str:
    b = Builder("call(ptr %self, ptr %arguments, i64 %n)", "ptr")
    at = loaded(b, _CallState, b.do("call ptr @PyCapsule_GetPointer(ptr %self, ptr null)"))
    wrong, result = b.variable("i1", "false"), b.variable("ptr", "null")
    is_other = b.do(f"icmp ne i64 %n, {at['given_count']}")
    with b.when(is_other):
        b.put(f"call void @PyErr_SetString(ptr {at['error']}, ptr {at['message']})")
    count = b.choose(is_other, "0", "%n")
    with b.loop("0", count) as i, b.when(b.do(f"xor i1 {b.get(wrong)}, true")):
        number = b.do(f"call double @PyFloat_AsDouble(ptr {b.load('ptr', '%arguments', i)})")
        b.store("double", number, at["given"], i)
        with b.when(b.do(f"fcmp oeq double {number}, -1.0")):
            b.set(wrong, b.do(f"icmp ne ptr {b.do('call ptr @PyErr_Occurred()')}, null"))
    with b.when(b.do(f"xor i1 {b.do(f'or i1 {is_other}, {b.get(wrong)}')}, true")):
        b.put(f"call void {at['kernel']}(ptr {at['tape']}, ptr {at['sources']}, ptr {at['targets']}, i64 1)")
        b.set(result, b.do(f"call ptr @PyTuple_New(i64 {at['results_count']})"))
        with b.when(b.do(f"icmp ne ptr {b.get(result)}, null")):
            _fill(b, at["results"], at["results_count"], result)
    declarations = []
    for name, kinds in FUNCTIONS_OF_PYTHON.items():
        returned, _, taken = kinds.partition(" ")
        declarations.append(f"declare {returned} @{name}{taken}")
    return "\n".join([*declarations, b.text(b.get(result))])


def _fill(b: Builder, results: str, count: str, result: str) -> None:
    """Write what puts the results into the tuple; without memory for a number there is no tuple."""
    lost = b.variable("i1", "false")
    with b.loop("0", count) as i:
        number = b.do(f"call ptr @PyFloat_FromDouble(double {b.load('double', results, i)})")
        b.set(lost, b.do(f"or i1 {b.get(lost)}, {b.do(f'icmp eq ptr {number}, null')}"))
        b.do(f"call i32 @PyTuple_SetItem(ptr {b.get(result)}, i64 {i}, ptr {number})")
    with b.when(b.get(lost)):
        b.put(f"call void @Py_DecRef(ptr {b.get(result)})")
        b.set(result, "null")

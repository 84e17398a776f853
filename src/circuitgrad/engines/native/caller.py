"""Kernels as functions of Python: numbers in, a tuple out, without a detour through an interpreter.

A call takes a tenth of a microsecond, where one through ctypes takes four times as long. It is made of CPython's stable
interface to C (Python documentation, "Python/C API Reference Manual"); other Pythons have none of it.
"""

from __future__ import annotations

import ctypes
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from circuitgrad.engines.native.building import Builder
from circuitgrad.engines.native.machine import code

if TYPE_CHECKING:
    from circuitgrad.engines.native.columns import Kernel, Pointers
    from circuitgrad.engines.wanted import Program

FASTCALL = 0x80
"""METH_FASTCALL: the function takes an array of its arguments, and their number."""
FUNCTIONS = {
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


class _Job(ctypes.Structure):
    """What a call needs to know."""

    _fields_ = (
        *(
            (name, ctypes.c_void_p)
            for name in ("kernel", "tape", "sources", "targets", "given", "found", "error", "text")
        ),
        *((name, ctypes.c_int64) for name in ("count", "results")),
    )


class _Method(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


def can_call() -> bool:
    """Tell whether this Python has what is needed."""
    return sys.implementation.name == "cpython"


def caller(
    kernel: Kernel,
    sources: Pointers,
    targets: Pointers,
    given: ctypes.Array[ctypes.c_double],
    found: ctypes.Array[ctypes.c_double],
) -> Program:
    """Return the function that runs a kernel on one row.

    Args:
        kernel: the kernel.
        sources: where it takes its inputs.
        targets: where it puts its results.
        given: the inputs.
        found: the results.
    """
    message = ctypes.c_char_p(f"{len(given)} numbers are wanted".encode())
    job = _Job(
        kernel.address,
        kernel.tape,
        ctypes.addressof(sources),
        ctypes.addressof(targets),
        ctypes.addressof(given),
        ctypes.addressof(found),
        id(TypeError),
        ctypes.cast(message, ctypes.c_void_p).value,
        len(given),
        len(found),
    )
    made = code(_text(), tuple(FUNCTIONS))
    method = _Method(b"passes", made.address("call"), FASTCALL, None)
    api: Any = ctypes.pythonapi
    new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        ("PyCapsule_New", api)
    )
    new_function = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
        ("PyCFunction_NewEx", api)
    )
    capsule = new_capsule(ctypes.addressof(job), None, None)
    run: Any = partial(new_function(ctypes.addressof(method), capsule, None))
    run.kept = made, method, job, message, kernel, sources, targets, given, found  # which live as long as it
    called: Program = run
    return called


def _text() -> str:
    b = Builder("call(ptr %self, ptr %arguments, i64 %n)", "ptr")
    job = b.do("call ptr @PyCapsule_GetPointer(ptr %self, ptr null)")
    at = {
        name: b.load("i64" if kind is ctypes.c_int64 else "ptr", job, str(k))
        for k, (name, kind, *_) in enumerate(_Job._fields_)
    }
    wrong, result = b.variable("i1", "false"), b.variable("ptr", "null")
    is_other = b.do(f"icmp ne i64 %n, {at['count']}")
    with b.when(is_other):
        b.put(f"call void @PyErr_SetString(ptr {at['error']}, ptr {at['text']})")
    count = b.choose(is_other, "0", "%n")
    with b.loop("0", count) as i, b.when(b.do(f"xor i1 {b.get(wrong)}, true")):
        number = b.do(f"call double @PyFloat_AsDouble(ptr {b.load('ptr', '%arguments', i)})")
        b.store("double", number, at["given"], i)
        with b.when(b.do(f"fcmp oeq double {number}, -1.0")):
            b.set(wrong, b.do(f"icmp ne ptr {b.do('call ptr @PyErr_Occurred()')}, null"))
    with b.when(b.do(f"xor i1 {b.do(f'or i1 {is_other}, {b.get(wrong)}')}, true")):
        b.put(f"call void {at['kernel']}(ptr {at['tape']}, ptr {at['sources']}, ptr {at['targets']}, i64 1)")
        b.set(result, b.do(f"call ptr @PyTuple_New(i64 {at['results']})"))
        with b.when(b.do(f"icmp ne ptr {b.get(result)}, null")):
            _fill(b, at["found"], at["results"], result)
    declared = []
    for name, kinds in FUNCTIONS.items():
        returned, _, taken = kinds.partition(" ")
        declared.append(f"declare {returned} @{name}{taken}")
    return "\n".join([*declared, b.text(b.get(result))])


def _fill(b: Builder, found: str, results: str, result: str) -> None:
    """Write what puts the results into the tuple; without memory for a number there is no tuple."""
    lost = b.variable("i1", "false")
    with b.loop("0", results) as i:
        number = b.do(f"call ptr @PyFloat_FromDouble(double {b.load('double', found, i)})")
        b.set(lost, b.do(f"or i1 {b.get(lost)}, {b.do(f'icmp eq ptr {number}, null')}"))
        b.do(f"call i32 @PyTuple_SetItem(ptr {b.get(result)}, i64 {i}, ptr {number})")
    with b.when(b.get(lost)):
        b.put(f"call void @Py_DecRef(ptr {b.get(result)})")
        b.set(result, "null")

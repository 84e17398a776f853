"""C compiled by gcc for this processor: straight-line code of value and gradient, the limit of what a circuit can take.

Rows and their vectors need -ffast-math, without which gcc calls no vector function; it forgets NaN and infinities.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from array import array
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuits import columns, sampled

from peers import STEP_SIZE, Job, Peer, repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuits import Description

COMPILER = ("gcc", "-O3", "-march=native", "-fno-math-errno", "-fPIC")

VECTORS = ("-ffast-math", "-mprefer-vector-width=512", "-fno-builtin-sin", "-fno-builtin-cos")
"""As builtins a sine and a cosine of the same number become one call, of which gcc knows no vector form."""

FORMS = {
    "add": ("{0} + {1}", ("1", "1")),
    "sub": ("{0} - {1}", ("1", "-1")),
    "mul": ("{0} * {1}", ("{1}", "{0}")),
    "sin": ("sin({0})", ("cos({0})",)),
    "cos": ("cos({0})", ("-sin({0})",)),
    "tanh": ("tanh({0})", ("(1 - {out} * {out})",)),
    "sigmoid": ("1 / (1 + exp(-{0}))", ("{out} * (1 - {out})",)),
}
"""A kind's value, and its partial derivatives by the operands and `out`."""

PASSES = """
#include <math.h>
void passes(const double *restrict x, double *restrict out) {{
    {body}
}}
void repeat(long times, const double *x, double *out) {{
    for (long i = 0; i < times; i++) {{
        passes(x, out);
        __asm__ volatile("" ::: "memory");
    }}
}}
void steps(long count, double size, double *x) {{
    double out[{results}];
    for (long i = 0; i < count; i++) {{
        passes(x, out);
        for (int j = 0; j + 1 < {results}; j++) x[j] += size * out[j + 1];
    }}
}}
"""
ROWS = """
#include <math.h>
void rows(long count, double *const *in, double *const *out) {{
    {pointers}
    #pragma GCC ivdep
    for (long i = 0; i < count; i++) {{
        {body}
    }}
}}
"""


def statements(description: Description) -> list[str]:
    """Return the declarations of the values, `v0, v1, ...` by slot, and of the output's derivatives, `d0, d1, ...`."""
    first = len(description.inputs)
    forward, terms = [], dict[int, list[str]]()
    for slot, (kind, operands) in enumerate(description.gates, first):
        named = [f"v{operand}" for operand in operands]
        forward.append(f"double v{slot} = {FORMS[kind][0].format(*named)};")
        for operand, partial_form in zip(operands, FORMS[kind][1], strict=True):
            form = partial_form.format(*named, out=f"v{slot}")
            terms.setdefault(operand, []).append(f"{form} * d{slot}")
    last = first + len(description.gates) - 1
    backward = [f"double d{slot} = {' + '.join(terms.get(slot, ['0']))};" for slot in reversed(range(last))]
    return [*forward, f"double d{last} = 1;", *backward]


def passes_text(description: Description) -> str:
    """Return the text of one pass, of a loop around it, and of the loop of gradient ascent."""
    inputs = range(len(description.inputs))
    lines = [
        *(f"double v{slot} = x[{slot}];" for slot in inputs),
        *statements(description),
        f"out[0] = v{len(inputs) + len(description.gates) - 1};",
        *(f"out[{slot + 1}] = d{slot};" for slot in inputs),
    ]
    return PASSES.format(body="\n    ".join(lines), results=len(inputs) + 1)


def rows_text(description: Description) -> str:
    """Return the text of a loop over columns, value and gradient in one body."""
    inputs = range(len(description.inputs))
    pointers = [
        *(f"const double *restrict in{slot} = in[{slot}];" for slot in inputs),
        *(f"double *restrict out{place} = out[{place}];" for place in range(len(inputs) + 1)),
    ]
    lines = [
        *(f"double v{slot} = in{slot}[i];" for slot in inputs),
        *statements(description),
        f"out0[i] = v{len(inputs) + len(description.gates) - 1};",
        *(f"out{slot + 1}[i] = d{slot};" for slot in inputs),
    ]
    return ROWS.format(pointers="\n    ".join(pointers), body="\n        ".join(lines))


def compiled(text: str, *options: str) -> ctypes.CDLL:
    """Return the library of a text in C."""
    with tempfile.TemporaryDirectory() as folder:
        file, code, library = (Path(folder) / f"circuit.{suffix}" for suffix in ("c", "o", "so"))
        file.write_text(text, encoding="utf-8")
        subprocess.run([*COMPILER, *options, "-c", "-o", code, file], check=True)
        # Linked with -ffast-math it would turn off subnormal numbers in the whole process.
        subprocess.run(["gcc", "-shared", "-o", library, code, "-lmvec", "-lm"], check=True)
        return ctypes.CDLL(str(library))


def memory(column: array[Any]) -> Any:
    """Return a column for C, which keeps it alive."""
    kind: Any = {"d": ctypes.c_double, "i": ctypes.c_int}[column.typecode]
    return (kind * len(column)).from_buffer(column)


def at_point(description: Description, *, inside: bool) -> Job:
    """Prepare the pass: called from a loop in C, or from one in Python."""
    library = compiled(passes_text(description))
    point = array("d", description.point)
    out = array("d", bytes(8 * (len(point) + 1)))
    there = (memory(point), memory(out))

    def answer() -> list[float]:
        library.passes(*there)
        return list(out)

    def run(times: int) -> None:
        if inside:
            library.repeat(ctypes.c_long(times), *there)
        else:
            for _ in range(times):
                library.passes(*there)

    return Job(answer, run)


def over_rows(description: Description, rows: int, *, options: Sequence[str]) -> Job:
    """Prepare the loop over rows."""
    library = compiled(rows_text(description), *options)
    given = columns(description, rows)
    found = [array("d", bytes(8 * rows)) for _ in range(len(given) + 1)]
    doubles = ctypes.POINTER(ctypes.c_double)
    inputs, results = (
        (doubles * len(some))(*(ctypes.cast(memory(column), doubles) for column in some)) for some in (given, found)
    )

    def call() -> object:
        return library.rows(ctypes.c_long(rows), inputs, results)

    def answer() -> list[float]:
        call()
        return [column[place] for place in sampled(rows) for column in found]

    return Job(answer, lambda times: [call() for _ in range(times)][-1:])


def in_steps(description: Description, steps: int) -> Job:
    """Prepare the loop of steps."""
    library = compiled(passes_text(description))
    point = array("d", description.point)

    def ascend() -> Sequence[float]:
        point[:] = array("d", description.point)
        library.steps(ctypes.c_long(steps), ctypes.c_double(STEP_SIZE), memory(point))
        return point

    return repeated(ascend)


PEERS = [
    Peer(
        "C",
        "gcc -O3 -march=native, straight-line code of value and gradient, in a loop in C",
        point=partial(at_point, inside=True),
        rows=partial(over_rows, options=()),
        steps=in_steps,
    ),
    Peer(
        "C, from Python",
        "the same, called by ctypes from a loop in Python; for small circuits, where the call counts",
        largest=1000,
        point=partial(at_point, inside=False),
    ),
    Peer(
        "C, vectorised",
        "gcc -O3 -march=native -ffast-math: rows by vector instructions and functions, NaN and infinities forgotten",
        rows=partial(over_rows, options=VECTORS),
    ),
]

"""CppAD: a tape recorded once in C++, then replayed forward and backward. Debian 12 has none; PyPI has its library."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sysconfig
import tempfile
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

from peers import BUILD, STEP_SIZE, Job, Peer, repeated
from peers.c import memory

if TYPE_CHECKING:
    from circuits import Description

PREFIX = Path(sysconfig.get_path("purelib")) / "cmeel.prefix"
KINDS = ("add", "sub", "mul", "sin", "cos", "tanh", "sigmoid")

SOURCE = r"""
#include <cppad/cppad.hpp>
#include <memory>
using Number = CppAD::AD<double>;
static std::unique_ptr<CppAD::ADFun<double>> tape;
static std::vector<double> point, weight{1.0};

extern "C" void record(long inputs, const double *x, long gates, const int *kind, const int *left, const int *right) {
    point.assign(x, x + inputs);
    std::vector<Number> leaves(x, x + inputs), out(1);
    CppAD::Independent(leaves);
    std::vector<Number> values(leaves.begin(), leaves.end());
    values.reserve(inputs + gates);
    for (long i = 0; i < gates; i++) {
        const Number a = values[left[i]], b = values[right[i]];
        switch (kind[i]) {
            case 0: values.push_back(a + b); break;
            case 1: values.push_back(a - b); break;
            case 2: values.push_back(a * b); break;
            case 3: values.push_back(sin(a)); break;
            case 4: values.push_back(cos(a)); break;
            case 5: values.push_back(tanh(a)); break;
            default: values.push_back(1.0 / (1.0 + exp(-a)));
        }
    }
    out[0] = values.back();
    tape = std::make_unique<CppAD::ADFun<double>>(leaves, out);
    tape->optimize();
}
static void pass(double *out) {
    out[0] = tape->Forward(0, point)[0];
    const std::vector<double> slopes = tape->Reverse(1, weight);
    std::copy(slopes.begin(), slopes.end(), out + 1);
}
extern "C" void repeat(long times, double *out) {
    for (long i = 0; i < times; i++) pass(out);
}
extern "C" void steps(long count, double size, double *x, double *out) {
    const std::vector<double> start = point;
    for (long i = 0; i < count; i++) {
        pass(out);
        for (size_t j = 0; j < point.size(); j++) point[j] += size * out[j + 1];
    }
    std::copy(point.begin(), point.end(), x);
    point = start;
}
"""


def built() -> Path:
    """Return the program, which is the same for every circuit, and therefore compiled once a run.

    Raises:
        FileNotFoundError: there is no CppAD, or no compiler.
    """
    if not (PREFIX / "include" / "cppad").exists():
        raise FileNotFoundError("CppAD: pip install cmeel-cppad")
    folder = Path(os.environ.get(BUILD) or tempfile.mkdtemp())
    made, fresh = folder / "cppad.so", folder / f"cppad{os.getpid()}.so"
    if not made.exists():
        file = fresh.with_suffix(".cpp")
        file.write_text(SOURCE, encoding="utf-8")
        link = (f"-L{PREFIX / 'lib'}", "-lcppad_lib", f"-Wl,-rpath,{PREFIX / 'lib'}")
        command = ("g++", "-O3", "-march=native", "-DNDEBUG", "-shared", "-fPIC", f"-I{PREFIX / 'include'}")
        subprocess.run([*command, "-o", fresh, file, *link], check=True)
        fresh.rename(made)
    return made


def recorded(description: Description) -> ctypes.CDLL:
    """Return the library that holds the circuit's tape."""
    library = ctypes.CDLL(str(built()))
    point = array("d", description.point)
    codes = [array("i", [KINDS.index(kind) for kind, _ in description.gates])]
    codes += [array("i", [operands[end] for _, operands in description.gates]) for end in (0, -1)]
    library.record(ctypes.c_long(len(point)), memory(point), ctypes.c_long(len(description.gates)), *map(memory, codes))
    return library


def at_point(description: Description) -> Job:
    """Prepare a forward and a reverse sweep, in a loop in C++."""
    library = recorded(description)
    out = array("d", bytes(8 * (len(description.inputs) + 1)))

    def answer() -> list[float]:
        library.repeat(ctypes.c_long(1), memory(out))
        return list(out)

    return Job(answer, lambda times: library.repeat(ctypes.c_long(times), memory(out)))


def in_steps(description: Description, steps: int) -> Job:
    """Prepare the loop of steps in C++."""
    library = recorded(description)
    point = array("d", description.point)
    out = array("d", bytes(8 * (len(point) + 1)))

    def ascend() -> array[float]:
        library.steps(ctypes.c_long(steps), ctypes.c_double(STEP_SIZE), memory(point), memory(out))
        return point

    return repeated(ascend)


PEERS = [
    Peer(
        "CppAD",
        "one recorded tape, optimised, `Forward(0)` and `Reverse(1)` in a loop in C++",
        build=built,
        point=at_point,
        steps=in_steps,
    ),
]

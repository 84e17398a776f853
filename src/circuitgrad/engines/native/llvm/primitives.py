"""How machine code computes each primitive of the gate table."""

from __future__ import annotations

PRIMITIVES = {
    "abs": "fabs",
    "acos": "call acos",
    "acosh": "call acosh",
    "asin": "call asin",
    "asinh": "call asinh",
    "atan": "call atan",
    "atan2": "call atan2",
    "atanh": "call atanh",
    "cbrt": "call corrected_cbrt",
    "cos": "call cos",
    "cosh": "call cosh",
    "div": "fdiv",
    "erf": "call erf",
    "erfc": "call erfc",
    "exp": "call exp",
    "expm1": "call expm1",
    "floor": "call floor",
    "hypot": "call hypot",
    "log": "call log",
    "log10": "call log10",
    "log1p": "call log1p",
    "log2": "call log2",
    "mod": "call mod",
    "pow": "call pow",
    "sin": "call sin",
    "sinh": "call sinh",
    "sqrt": "call sqrt",
    "tan": "call tan",
    "tanh": "call tanh",
}
"""The operation that each primitive is: an instruction, an intrinsic function of LLVM, or a call.

What is called is a function on vectors where there is one (`libm.functions`), an intrinsic function, one of `DEFINED`
below, or C's function of that name, on vectors lane by lane."""

OPERATIONS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "neg": "fneg", **PRIMITIVES}
"""The gates that are a single operation."""
INSTRUCTIONS = frozenset({"fadd", "fsub", "fmul", "fdiv", "fneg"})
"""The operations that are instructions on doubles."""
COMPARISONS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
"""The tests of `fcmp`, by gate. All are false for NaN, but `ne`: as in Python."""
INTRINSICS = ("fabs", "sqrt", "floor")
"""LLVM's intrinsic functions, which are mostly one instruction."""
CALLED = frozenset(name for name, operation in PRIMITIVES.items() if operation.startswith("call "))
"""The primitives that are calls."""
COSTLY = CALLED.difference(INTRINSICS)
"""Those of them that take much longer than an instruction."""
OF_C = CALLED - {"mod"} | {"fma", "fmod"}
"""The functions of C that machine code may call, also for an intrinsic that the processor has no instruction for."""

MOD = """\
declare double @fmod(double, double)
declare double @llvm.copysign.f64(double, double)
define internal double @mod(double %x, double %y) nounwind {
  %r = call double @fmod(double %x, double %y)
  %rest = fcmp une double %r, 0.0
  %below = fcmp olt double %r, 0.0
  %negative = fcmp olt double %y, 0.0
  %apart = xor i1 %below, %negative
  %add = and i1 %rest, %apart
  %sum = fadd double %r, %y
  %moved = select i1 %add, double %sum, double %r
  %zero = call double @llvm.copysign.f64(double 0.0, double %y)
  %none = fcmp oeq double %r, 0.0
  %found = select i1 %none, double %zero, double %moved
  ret double %found
}
"""
"""Python's remainder, which has the sign of y, also where it is 0; C's has that of x."""

CORRECTED_CBRT = """\
declare double @cbrt(double)
define internal double @corrected_cbrt(double %x) nounwind {
  %root = call double @cbrt(double %x)
  %once = fdiv double %x, %root
  %twice = fdiv double %once, %root
  %apart = fsub double %root, %twice
  %third = fdiv double %apart, 3.0
  %moved = fsub double %root, %third
  %none = fcmp uno double %moved, %moved
  %found = select i1 %none, double %root, double %moved
  ret double %found
}
"""
"""C's cube root after one step of Newton's method, as in `gates.doubles`: exact for cubes, which C's is not."""

DEFINED = {"mod": MOD, "corrected_cbrt": CORRECTED_CBRT}
"""The functions that are written here, by the name that is called."""

"""How machine code computes each primitive of the gate table."""

from __future__ import annotations

from typing import TypeAlias

Way: TypeAlias = str
INSTRUCTION, INTRINSIC, FUNCTION_OF_C, WRITTEN = "instruction", "intrinsic", "function of C", "written"

PRIMITIVES: dict[str, Way] = {
    "abs": INTRINSIC,
    "acos": FUNCTION_OF_C,
    "acosh": FUNCTION_OF_C,
    "asin": FUNCTION_OF_C,
    "asinh": FUNCTION_OF_C,
    "atan": FUNCTION_OF_C,
    "atan2": FUNCTION_OF_C,
    "atanh": FUNCTION_OF_C,
    "cbrt": FUNCTION_OF_C,
    "cos": FUNCTION_OF_C,
    "cosh": FUNCTION_OF_C,
    "div": INSTRUCTION,
    "erf": FUNCTION_OF_C,
    "erfc": FUNCTION_OF_C,
    "exp": FUNCTION_OF_C,
    "expm1": FUNCTION_OF_C,
    "floor": INTRINSIC,
    "hypot": FUNCTION_OF_C,
    "log": FUNCTION_OF_C,
    "log10": FUNCTION_OF_C,
    "log1p": FUNCTION_OF_C,
    "log2": FUNCTION_OF_C,
    "mod": WRITTEN,
    "pow": FUNCTION_OF_C,
    "sin": FUNCTION_OF_C,
    "sinh": FUNCTION_OF_C,
    "sqrt": INTRINSIC,
    "tan": FUNCTION_OF_C,
    "tanh": FUNCTION_OF_C,
}
"""What computes a double: an instruction, an intrinsic function of LLVM, C's function of that name, or what is written
below. Of vectors, `libm.functions` computes those that stand there; C's functions are called lane by lane."""

ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
"""The instructions, by gate."""
COMPARISONS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
"""The tests of `fcmp`, by gate. All are false for NaN, but `ne`: as in Python."""
INTRINSICS = {"abs": "fabs", "sqrt": "sqrt", "floor": "floor"}
"""What LLVM calls its intrinsic functions."""
CALLS = frozenset(PRIMITIVES) - {"div", "abs"}
"""The primitives that are calls; the rest are operations of their own."""
COSTLY = CALLS - INTRINSICS.keys()
"""Those of them that take much longer than an instruction."""
OF_C = CALLS - {"mod"} | {"fma", "fmod"}
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
